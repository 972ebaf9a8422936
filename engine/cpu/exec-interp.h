/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The interpreter as an executor of whole vCPUs: used alone (forced mode, hosts without a JIT back end) and
 * by the JIT's run loop for single instructions. */

#include "cpu.h"

typedef struct CpuInterp CpuInterp;

void interp_free (CpuInterp *interp);
/* Runs the basic block at state.pc (one instruction if `single`) and returns why it stopped, IR_EXIT_NONE if
 * it just reached its end. */
IrExit interp_step (Cpu *cpu, bool single);
