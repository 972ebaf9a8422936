/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The nearest of several valid words to one that is not, for error messages. */

/* One of `candidates` (NULL-terminated), or NULL where none is so near that it may be meant. A beginning of a
 * candidate is nearer than any slip of the finger, and a shortened one ("regs") as near as two; the first of
 * equals wins. */
const char *suggest_nearest (const char *word, const char *const *candidates);
/* The end of a message's sentence: "; did you mean 'NEAREST'?", or "." where none is near. Newly allocated.
 */
char *suggest_hint (const char *word, const char *const *candidates);
