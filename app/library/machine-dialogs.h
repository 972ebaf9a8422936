/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The questions that stand before some actions. The callback is not called if the person thinks better of it.
 */

#include "machine.h"

#include <adwaita.h>

typedef void (*VtAnswer) (const char *answer, gpointer data);

/* Asks whether to go on, unless confirmations are switched off in the preferences; the answer is "yes". */
void vt_confirm (GtkWidget *parent, const char *heading, const char *body, const char *yes, VtAnswer answered,
                 gpointer data, GDestroyNotify destroy);
/* The same, whatever the preferences say. */
void vt_confirm_always (GtkWidget *parent, const char *heading, const char *body, const char *yes,
                        VtAnswer answered, gpointer data, GDestroyNotify destroy);
/* Asks for one line of text; `may_be_empty` allows "". */
void vt_ask_text (GtkWidget *parent, const char *heading, const char *body, const char *label,
                  const char *text, const char *yes, gboolean may_be_empty, VtAnswer answered, gpointer data,
                  GDestroyNotify destroy);
/* The answer is "trash" or "forever". */
void vt_ask_delete (GtkWidget *parent, VtMachine *machine, VtAnswer answered, gpointer data,
                    GDestroyNotify destroy);
