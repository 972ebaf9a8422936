/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of VtMachine, and VtEngine, know of it. */

#include "machine.h"
#include "vitrine-dbus.h"

#include <gdk/gdk.h>

typedef struct VtThumbnail VtThumbnail;

struct _VtMachine {
  GObject parent_instance;
  char *path;
  VtMachine1 *proxy;         /* NULL while the engine is away */
  VtStatistics1 *statistics; /* the same */
  /* The engine's properties as they were last: they outlive an engine that goes away. By D-Bus name. */
  GHashTable *values;
  VtMachineState state;
  gboolean gone;
  VtThumbnail *thumbnail;
  unsigned watchers;
};

VtMachine *vt_machine_new (const char *path);
/* The engine has it (again). The objects may be NULL. */
void vt_machine_attach (VtMachine *machine, VtMachine1 *proxy, VtStatistics1 *statistics);
void vt_machine_detach (VtMachine *machine);
void vt_machine_set_gone (VtMachine *machine);

VtMachineState vt_machine_state_from_name (const char *name);
const char *vt_machine_state_text (VtMachineState state);

/* The picture of a machine, brought up to date while it is held. */
VtThumbnail *vt_thumbnail_new (VtMachine *machine);
void vt_thumbnail_free (VtThumbnail *thumbnail);
GdkPaintable *vt_thumbnail_get (VtThumbnail *thumbnail);
void vt_thumbnail_hold (VtThumbnail *thumbnail);
void vt_thumbnail_release (VtThumbnail *thumbnail);
/* The machine's state or its connection to the engine has changed. */
void vt_thumbnail_changed (VtThumbnail *thumbnail);

/* An error for calls while the engine is away. */
GError *vt_machine_away_error (void);
