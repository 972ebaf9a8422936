/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The folders of machines: $XDG_DATA_HOME/vitrine/machines/NAME/, each with machine.conf and what belongs to
 * it. A folder becomes a machine, and stops being one, in a single step: a rename. */

#include "machine-conf.h"

typedef struct VtLibrary VtLibrary;

/* Makes the folder if it is not there. Watches it: machines that come, go or change by other hands are told
 * of, on the main context; nothing is polled. */
typedef struct {
  void (*added) (void *opaque, const char *folder);   /* machine.conf is there */
  void (*changed) (void *opaque, const char *folder); /* machine.conf was written by somebody else */
  void (*removed) (void *opaque, const char *folder);
} VtLibraryListener;
VtLibrary *vt_library_new (const char *path, const VtLibraryListener *listener, void *opaque, GError **error);
void vt_library_free (VtLibrary *library);
const char *vt_library_path (VtLibrary *library);
GStrv vt_library_folders (VtLibrary *library); /* absolute paths, all with a machine.conf */
/* An empty folder that is no machine yet: it is removed at the next start unless it is added. */
char *vt_library_new_folder (VtLibrary *library, GError **error);
/* Gives such a folder, with its machine.conf, the name of a machine (characters that a file name cannot have
 * are replaced, and it gets a number if it is taken): from then on it is there. Returns the new path. */
char *vt_library_add (VtLibrary *library, const char *folder, const char *name, GError **error);
/* Renames it for a machine of that name. Returns the new path. */
char *vt_library_rename (VtLibrary *library, const char *folder, const char *name, GError **error);
/* To the trash, or removed. Any thread. */
bool vt_library_trash (VtLibrary *library, const char *folder, GCancellable *cancellable, GError **error);
bool vt_library_remove (VtLibrary *library, const char *folder, GCancellable *cancellable, GError **error);
