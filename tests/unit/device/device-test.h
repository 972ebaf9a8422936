/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What every device's test has in common: its tables say what to expect. The devices are realized; a clock
 * they use should stand still, so that states can be compared. Failures end the test program and name the
 * member. */

#include "register.h"

/* Each register of each bank: reset value, writable bits, w1c, read-clear. Of registers with a write hook
 * only that they survive being written; those that are not stored are exercised with random accesses like
 * everything else. */
void device_test_registers (Device *dev);
/* Random accesses of all sizes, most of them where registers are; children's banks too. */
void device_test_scramble (Device *dev, GRand *rand, unsigned accesses);
/* Brings `dev` into random states, and `fresh` (of the same class, properties and path) by saved state into
 * the same. */
void device_test_round_trip (Device *dev, Device *fresh);
/* Loads saved states with random damage: refused with an error or taken, and the device lives on. Resets it.
 */
void device_test_hostile_load (Device *dev);
/* All of the above. */
void device_test_all (Device *dev, Device *fresh);
/* The state as it comes out of a file. Not floating. */
GVariant *device_test_through_file (GVariant *state);
