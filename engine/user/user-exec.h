/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* execve: guest programs re-enter this program, scripts go to their interpreter, host programs run natively.
 */

/* Linux's execveat(): `path` is a guest path, relative to dirfd (AT_FDCWD for execve), flags AT_EMPTY_PATH
 * and AT_SYMLINK_NOFOLLOW. argv and envp are host copies of the guest's. Returns only on failure: a negative
 * errno, with the process unchanged. */
int user_execve (int dirfd, const char *path, char **argv, char **envp, int flags);

/* The options a re-entered program is started with, NULL-terminated; set once by main. Its environment is the
 * guest's alone: "-reentry" is among them, and makes it ignore ours. */
extern char **user_exec_options;
