/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A job of the engine's, as shown to people while it runs. */

#include "vitrine-dbus.h"

#define VT_TYPE_TASK (vt_task_get_type ())
G_DECLARE_FINAL_TYPE (VtTask, vt_task, VT, TASK, GObject)

/* Properties: "kind", "machine" (object path, or "/"), "description", "fraction" (negative: not known),
 * "running". */
VtTask *vt_task_new (VtJob1 *proxy);
gboolean vt_task_is_running (VtTask *task);
const char *vt_task_get_path (VtTask *task);
void vt_task_cancel (VtTask *task);
