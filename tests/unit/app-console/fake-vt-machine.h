/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A VtMachine without an engine: the test sets its state; its screen is guest.h's, its text console the
 * test's. */

#include "machine.h"

VtMachine *fake_vt_machine_new (const char *name);
void fake_vt_machine_set_state (VtMachine *machine, VtMachineState state, const char *reason);
/* The last call, in text: "SendKeys (['ctrl', 'alt', 'delete'],)"; to be freed. */
char *fake_vt_machine_take_call (VtMachine *machine);
/* The other end of "serial0"'s socket, -1: nobody has opened it. */
int fake_vt_machine_serial (VtMachine *machine);
/* The next calls of vt_machine_open() fail. */
void fake_vt_machine_refuse (VtMachine *machine, gboolean refuse);
