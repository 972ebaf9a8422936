/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Files that are whole or as they were, whatever happens while they are written. Any thread. */

#include <gio/gio.h>
#include <stdbool.h>

/* Through a file ".NAME.new" beside it, which an engine that is killed may leave there; the next one
 * removes it.
 * `durable`: also when the computer loses power. */
bool vt_replace_file (const char *path, const void *data, size_t size, bool durable, GError **error);
/* The name of that file; to be freed. */
char *vt_replacement_of (const char *path);
/* Makes what was renamed or removed there last. */
void vt_folder_sync (const char *folder);
