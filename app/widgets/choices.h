/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The engine's names of values, in words for people. */

#include "choice-row.h"

/* `key` as in org.vitrine.Machine1:Settings ("architecture", "board", "cpu", "firmware", "input", "display",
 * "bus", "cache", "mode"); the name itself if there are no words for it. */
const char *vt_choice_label (const char *key, const char *name);
/* Puts all the values of a key that the app knows into the row. */
void vt_choice_row_fill (VtChoiceRow *row, const char *key);
