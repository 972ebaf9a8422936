/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A job of the engine's: what it does, how far it is, and a button to cancel it. */

#include "task.h"

#include <adwaita.h>

#define VT_TYPE_TASK_ROW (vt_task_row_get_type ())
G_DECLARE_FINAL_TYPE (VtTaskRow, vt_task_row, VT, TASK_ROW, GtkListBoxRow)

GtkWidget *vt_task_row_new (VtTask *task);
