/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Accesses of host memory on a guest's behalf: little-endian, any alignment for loads and stores. */

#include "ir.h"

uint64_t host_load (const void *p, unsigned size);
void host_store (void *p, unsigned size, uint64_t value);
/* Naturally aligned; return the old value, zero-extended. */
uint64_t host_rmw (void *p, unsigned size, IrRmw op, uint64_t value);
uint64_t host_cas (void *p, unsigned size, uint64_t expected, uint64_t desired);
void host_cas16 (void *p, const uint64_t *expected, const uint64_t *desired, uint64_t *ret_old);
