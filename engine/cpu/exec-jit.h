/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The run loop over compiled code. */

#include "cpu.h"

/* Whether this vCPU runs compiled code; prepares the JIT for it the first time. */
bool exec_jit_ready (Cpu *cpu);
/* Runs compiled code until an exit that concerns cpu_run(): any IrExit but NONE. `resumed`: control came back
 * by ir_leave(), so the pc is exact but MXCSR is the guest's. */
IrExit exec_jit_run (Cpu *cpu);
void exec_jit_free (Cpu *cpu);
/* See cpu_flush_icache(); called on a thread that runs a vCPU. */
void exec_jit_flush_icache (Cpu *cpu, uint64_t start, uint64_t size);
