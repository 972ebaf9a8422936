/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside the block room: drives. */

#include "drive.h"

struct Drive {
  char *id, *interface, *serial;
  int index;
  bool cdrom, snapshot, locked;
  DriveErrorPolicy write_policy, read_policy;
  BlockOptions options; /* format excepted */
  char *path, *format;  /* of the medium; NULL: none, found by content */
  Block *block;
  char *device; /* that it is attached to */
  char *user;   /* the node that has it as its file */
  void (*changed) (void *opaque);
  void *changed_opaque;
  gint last_error; /* atomic */
};

Drive *drive_alloc (void);
/* Gives it its place in the list. */
bool drive_add (Drive *drive, GError **error);
/* Opens its medium, unless it has none or it is open. */
bool drive_open (Drive *drive, GError **error);
