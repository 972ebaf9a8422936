/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A flattened device tree written in order: nodes are begun and ended, their properties come before their
 * children. The first error sticks. */

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  void *buffer;
  int error;
  /* Of the controller that devices' interrupts go to, its cells of an interrupt and of an address in it, and
   * of what takes messages (or 0). */
  uint32_t intc, intc_cells, intc_address_cells, msi;
  uint32_t msi_requesters; /* how many it tells apart by their ids, or 0 */
} DtWriter;

/* A tree of `size` bytes at most. */
void dt_create (DtWriter *w, int size);
/* The tree, or NULL when it has grown larger than that. */
GBytes *dt_finish (DtWriter *w);

void dt_begin (DtWriter *w, const char *name);
void dt_begin_at (DtWriter *w, const char *name, uint64_t address); /* name@address */
void dt_end (DtWriter *w);

void dt_bytes (DtWriter *w, const char *name, const void *data, size_t size);
void dt_flag (DtWriter *w, const char *name);
void dt_string (DtWriter *w, const char *name, const char *value);
void dt_strings (DtWriter *w, const char *name, char *const *strings);
void dt_cells (DtWriter *w, const char *name, const uint32_t *cells, size_t n);
void dt_cell (DtWriter *w, const char *name, uint32_t value);
#define dt_list(w, name, ...)                                                                                \
  dt_cells (w, name, (const uint32_t[]){ __VA_ARGS__ }, sizeof ((const uint32_t[]){ __VA_ARGS__ }) / 4)
/* A 64-bit number as two cells of a list. */
#define DT_CELLS2(x) (uint32_t)((uint64_t)(x) >> 32), (uint32_t)(x)
/* "reg" with two cells each of address and size. */
void dt_reg (DtWriter *w, uint64_t base, uint64_t size);
/* "interrupts" and "interrupt-parent". Cells beyond the number say how: active high, and with three of them
 * that it is a shared peripheral interrupt (of an Arm GIC). */
enum { DT_IRQ_SHARED = 0, DT_IRQ_PRIVATE = 1, DT_IRQ_EDGE_RISING = 1, DT_IRQ_LEVEL_HIGH = 4 };
void dt_irq (DtWriter *w, uint32_t irq);
/* The cells of it alone, into `cells`: how many. */
unsigned dt_irq_cells (const DtWriter *w, uint32_t irq, uint32_t *cells);
