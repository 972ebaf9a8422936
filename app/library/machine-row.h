/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A machine in the list: its picture, name and state; its menu. */

#include "machine.h"

#include <adwaita.h>

#define VT_TYPE_MACHINE_ROW (vt_machine_row_get_type ())
G_DECLARE_FINAL_TYPE (VtMachineRow, vt_machine_row, VT, MACHINE_ROW, GtkBox)

/* Signal "chosen": clicked on. */
GtkWidget *vt_machine_row_new (GListModel *machines);
void vt_machine_row_set_machine (VtMachineRow *row, VtMachine *machine);
VtMachine *vt_machine_row_get_machine (VtMachineRow *row);
void vt_machine_row_popup_menu (VtMachineRow *row);
