/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#ifdef __has_feature /* clang's way to say what GCC's macro does */
#if __has_feature(address_sanitizer) && !defined __SANITIZE_ADDRESS__
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

/* Takes from the process what looking at a file does not need: memory and time without end, writing, starting
 * programs, the network, other processes. A kernel that lacks a means is no error: each is one of several. */
void media_confine (void);
