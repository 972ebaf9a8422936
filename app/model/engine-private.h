/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "engine.h"
#include "vitrine-dbus.h"

#define VT_ENGINE_BUS_NAME "org.vitrine.Vitrine.Engine"
#define VT_ENGINE_PATH     "/org/vitrine/Engine"

struct _VtEngine {
  GObject parent_instance;
  GCancellable *cancellable;
  GDBusObjectManager *manager; /* NULL until the bus has answered */
  VtEngine1 *proxy;            /* NULL while the engine is away */
  GListStore *machines, *tasks;
  char *error;
  unsigned failures; /* starts in a row that failed */
  gint64 since;      /* when it came, monotonic; 0: it is away */
  guint retry_timer;
};
