/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Single values in org.vitrine.Machine1:Settings, by paths: "memory", "display/kind", "disks/disk0/cache".
 * What is to be changed is a patch: a dictionary as Change() takes it, in which parts of lists are all named
 * and say what changes. */

#include <glib.h>

/* NULL if there is no such value; to be unreferenced. */
GVariant *vt_settings_get (GVariant *settings, const char *path);
/* "" and 0 if there is none. The string is to be freed. */
char *vt_settings_dup_string (GVariant *settings, const char *path);
guint64 vt_settings_get_number (GVariant *settings, const char *path);
gboolean vt_settings_get_boolean (GVariant *settings, const char *path);
/* The first segment of a path: the key that PendingSettings names. To be freed. */
char *vt_settings_key (const char *path);
/* Ids of the parts in a list ("disks", "drives", "nics"), in its order. */
GStrv vt_settings_ids (GVariant *settings, const char *list);

/* Patches; all are to be unreferenced. `value` may be floating. */
GVariant *vt_settings_patch (GVariant *settings, const char *path, GVariant *value);
/* A new part under a free id that begins with `prefix`. */
GVariant *vt_settings_add_part (GVariant *settings, const char *list, const char *prefix, GVariantDict *part);
/* Without the part, also in the boot order. */
GVariant *vt_settings_remove_part (GVariant *settings, const char *list, const char *id);
/* The settings as they are after the change. */
GVariant *vt_settings_apply (GVariant *settings, GVariant *patch);

/* What it starts from, first to last: what the settings name, then the other disks and drives, as the engine
 * does. Adapters that nothing names are not started from; they come last. */
GStrv vt_settings_boot_order (GVariant *settings);
/* Whether the part is started from. */
gboolean vt_settings_is_booted (GVariant *settings, const char *id);
/* A patch for the part at the index `from` to be at the index `to`; NULL if there is no such index. An
 * adapter that is moved to the end is no longer started from. */
GVariant *vt_settings_move_boot (GVariant *settings, guint from, guint to);
