/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* An ISO image that is dropped on a running machine may be meant for its CD drive. */

#include "machine.h"

#include <adwaita.h>

/* It runs, and has a drive. */
gboolean vt_can_take_disc (VtMachine *machine);
gboolean vt_is_iso (GFile *file);
/* Asks, and inserts it, or makes a machine of it by the action win.create. */
void vt_offer_disc (GtkWidget *window, VtMachine *machine, GFile *file);
