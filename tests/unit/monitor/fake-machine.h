/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A machine of real memory and one real, paused hart; what commands do to the rest is written down. */

#include "monitor.h"

#define FAKE_RAM_BASE UINT64_C (0x80000000)

extern GString *fake_calls;      /* "start;reset;" since it was last emptied */
extern const char *fake_failure; /* what may fail, fails with this */

Machine *fake_machine_new (void);
void fake_machine_free (Machine *machine);
/* Tells the machine's listeners. */
void fake_state (Machine *machine, MachineState state);
void fake_reset (Machine *machine);
void fake_shutdown (Machine *machine, bool guest);
void fake_device_event (Machine *machine, const char *event, const char *id);
/* "disk0", of the device "dev0". */
Drive *fake_drive (void);
