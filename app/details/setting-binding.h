/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Rows that show a setting and change it: entry, spin, switch and choice rows, and text views. What a person
 * does is sent at once (numbers and texts without an Apply button when they rest); what the engine refuses is
 * taken back, with its reason below the row; what waits for the next start says so. Changes that come from
 * elsewhere appear, but not over what is being typed. A setting that the engine does not know hides its row.
 */

#include "remark-row.h"
#include "settings-editor.h"

/* The row stands in a list already. `path` as in settings-path.h. */
void vt_setting_bind (VtSettingsEditor *editor, const char *path, GtkWidget *row);
/* A spin row that counts in units of `unit` of the setting's. */
void vt_setting_bind_unit (VtSettingsEditor *editor, const char *path, GtkWidget *row, guint64 unit);
/* What is to be known of the value, besides; NULL: nothing. */
void vt_setting_advise (GtkWidget *row, VtRemarkLevel level, const char *text);
/* Between these a choice row's items can be replaced: what that chooses is not sent. */
void vt_setting_freeze (GtkWidget *row);
void vt_setting_thaw (GtkWidget *row);
/* A remark that shows when something of `key` waits for the next start. */
void vt_setting_note_pending (VtSettingsEditor *editor, const char *key, VtRemarkRow *remark);
