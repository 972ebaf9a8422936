/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* How the app tells people of things that happened. */

#include <adwaita.h>

/* A dialog with the error's cause as its heading and its remedy as its text, and a report that can be copied.
 * `what` is what was tried, for the report ("Start Debian"). A cancelled operation is no error: nothing is
 * shown. */
void vt_show_error (GtkWidget *parent, const char *what, const GError *error);
/* A toast in the window that `widget` is in. */
void vt_show_toast (GtkWidget *widget, const char *text);
