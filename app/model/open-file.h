/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Opening what a person has chosen, without blocking. */

#include <gio/gio.h>

/* The file's name as text that D-Bus can carry: a file may be called anything. */
char *vt_file_name (GFile *file);

void vt_open_file (GFile *file, gboolean writable, GCancellable *cancellable, GAsyncReadyCallback callback,
                   gpointer data);
/* A descriptor, or -1 and an error with cause and remedy. */
int vt_open_file_finish (GAsyncResult *result, GError **error);
