/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A number that changes whenever translations may have become stale, and the debugger's breakpoints. */

#include <stdbool.h>
#include <stdint.h>

unsigned code_generation (void);
void code_generation_advance (void);
