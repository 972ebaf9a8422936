/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What people can do with a machine, as actions: start, pause, shutdown, power-off, reset, save,
 * start-afresh, rename, duplicate, group, delete, show-folder. They are enabled when they can work. */

#include "machine.h"

#include <adwaita.h>

/* To be inserted as "machine" in a widget. Dialogs appear over `parent`. `machines` (may be NULL) are those
 * whose memory counts for the limit. */
GSimpleActionGroup *vt_machine_actions_new (VtMachine *machine, GListModel *machines, GtkWidget *parent);
/* The menu for them. */
GMenuModel *vt_machine_menu_new (void);
/* A state's icon. */
const char *vt_machine_state_icon (VtMachineState state);
