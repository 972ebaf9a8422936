/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The nearest of several valid words to one that is not, for error messages. */

/* One of `candidates` (NULL-terminated); NULL only where there are none. A beginning of a candidate is nearer
 * than any slip of the finger, and a shortened one ("regs") as near as two; the first of equals wins. */
const char *suggest_nearest (const char *word, const char *const *candidates);
