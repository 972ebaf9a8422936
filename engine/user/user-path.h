/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* File names under -L DIR: an absolute guest path names the copy below DIR if there is one, else the host's
 * file. */

#include <limits.h>

/* Sets DIR (NULL: none), once, before the guest runs. */
void user_path_init (const char *sysroot);

/* The host path for `guest_path`: `guest_path` itself, or the name below DIR written to `buf`. A symbolic
 * link below DIR to an absolute path leads to the file below DIR again. */
const char *user_path_at (int dirfd, const char *guest_path, char buf[PATH_MAX]);
/* The same for calls that do not follow a link in the last component. */
const char *user_path_at_nofollow (int dirfd, const char *guest_path, char buf[PATH_MAX]);
/* user_path_at(), newly allocated. */
char *user_path (const char *guest_path);
/* The guest's name of a host path: without DIR in front if it lies below it. Points into `host_path`. */
const char *user_path_to_guest (const char *host_path);
