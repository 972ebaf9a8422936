/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Files of the host by name: opened, or found among the descriptors that were handed over.
 *
 * A confined machine may open nothing. Whoever starts it opens its files and says which descriptor is which
 * path
 * (-add-file path=…,fd=N); everything else in the program goes on naming paths, so that command lines, images
 * that name their backing files and messages stay readable. */

#include <glib.h>
#include <stdbool.h>

/* From now on `path` is the file behind `fd`, which is taken over. Paths are compared as they are given. */
void host_file_provide (const char *path, int fd);
/* No longer: closes what was provided as `path`. What was opened by it stays open. */
void host_file_forget (const char *path);
/* open(2) with O_CLOEXEC added: of a path that was provided, a new descriptor for that file, if it is open
 * for what `flags` ask (else EACCES); its status flags such as O_DIRECT are set. Otherwise the file itself.
 * Returns -1 and sets errno. */
int host_file_open (const char *path, int flags, int mode);
/* Whether anything but the provided files can be opened still: false once the process is confined. */
bool host_file_others_allowed (void);
void host_file_forbid_others (void);
