/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A widget for each of a machine's disks, drives or adapters, by their ids: those that stay the same stay
 * where they are, with what is unfolded and focused in them. */

#include "settings-editor.h"

#include <adwaita.h>

typedef GtkWidget *(*VtPartNew) (VtSettingsEditor *editor, const char *id);

/* `parent` is an AdwPreferencesGroup, or an AdwPreferencesPage, which gets groups. It lives as long as
 * `parent`. `empty` (may be NULL) shows if there are none; `last` (may be NULL) is a row or a group of the
 * parent that stands after them. */
void vt_part_list_attach (GtkWidget *parent, VtSettingsEditor *editor, const char *list, VtPartNew part_new,
                          GtkWidget *empty, GtkWidget *last);
/* What a part is called: “Disk”, or “Disk 2” if there are several; to be freed. */
char *vt_part_title (GVariant *settings, const char *list, const char *id);
