/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "fdt-writer.h"

#include <libfdt.h>
#include <string.h>

static void
dt_note (DtWriter *w, int error)
{
  if (w->error == 0 && error < 0)
    w->error = error;
}

void
dt_begin (DtWriter *w, const char *name)
{
  dt_note (w, fdt_begin_node (w->buffer, name));
}

void
dt_begin_at (DtWriter *w, const char *name, uint64_t address)
{
  g_autofree char *full = g_strdup_printf ("%s@%" G_GINT64_MODIFIER "x", name, address);
  dt_begin (w, full);
}

void
dt_end (DtWriter *w)
{
  dt_note (w, fdt_end_node (w->buffer));
}

void
dt_bytes (DtWriter *w, const char *name, const void *data, size_t size)
{
  dt_note (w, fdt_property (w->buffer, name, data, (int)size));
}

void
dt_flag (DtWriter *w, const char *name)
{
  dt_bytes (w, name, NULL, 0);
}

void
dt_string (DtWriter *w, const char *name, const char *value)
{
  dt_bytes (w, name, value, strlen (value) + 1);
}

void
dt_cells (DtWriter *w, const char *name, const uint32_t *cells, size_t n)
{
  g_autofree uint32_t *be = g_new (uint32_t, n);

  for (size_t i = 0; i < n; i++)
    be[i] = GUINT32_TO_BE (cells[i]);
  dt_bytes (w, name, be, n * sizeof *be);
}

void
dt_cell (DtWriter *w, const char *name, uint32_t value)
{
  dt_cells (w, name, &value, 1);
}

void
dt_strings (DtWriter *w, const char *name, char *const *strings)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();

  for (; *strings; strings++)
    g_byte_array_append (all, (const uint8_t *)*strings, (guint)strlen (*strings) + 1);
  dt_bytes (w, name, all->data, all->len);
}

void
dt_reg (DtWriter *w, uint64_t base, uint64_t size)
{
  dt_list (w, "reg", DT_CELLS2 (base), DT_CELLS2 (size));
}

unsigned
dt_irq_cells (const DtWriter *w, uint32_t irq, uint32_t *cells)
{
  uint32_t *cell = cells;

  if (w->intc_cells == 3)
    *cell++ = DT_IRQ_SHARED;
  *cell++ = irq;
  if (w->intc_cells > 1)
    *cell++ = DT_IRQ_LEVEL_HIGH;
  return (unsigned)(cell - cells);
}

void
dt_irq (DtWriter *w, uint32_t irq)
{
  uint32_t cells[3];

  dt_cells (w, "interrupts", cells, dt_irq_cells (w, irq, cells));
  dt_cell (w, "interrupt-parent", w->intc);
}

void
dt_create (DtWriter *w, int size)
{
  *w = (DtWriter){ .buffer = g_malloc0 ((gsize)size) };
  dt_note (w, fdt_create (w->buffer, size));
  dt_note (w, fdt_finish_reservemap (w->buffer));
}

GBytes *
dt_finish (DtWriter *w)
{
  dt_note (w, fdt_finish (w->buffer));
  if (w->error == 0)
    return g_bytes_new_take (w->buffer, fdt_totalsize (w->buffer));
  g_assert (w->error == -FDT_ERR_NOSPACE); /* all else is a defect of who writes */
  g_free (w->buffer);
  return NULL;
}
