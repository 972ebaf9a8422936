/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The interrupt controllers of the "virt" board in its device tree. */

#include "virt-fdt-private.h"

enum { M_EXTERNAL = 11, S_EXTERNAL = 9, M_SOFTWARE = 3, M_TIMER = 7 }; /* causes of a hart's interrupts */

/* For each hart, its interrupt controller and each of the causes. */
static void
write_hart_interrupts (DtWriter *w, unsigned harts, const uint32_t *causes, unsigned n_causes)
{
  g_autofree uint32_t *cells = g_new (uint32_t, (gsize)harts *n_causes * 2);
  size_t n = 0;

  for (unsigned hart = 0; hart < harts; hart++)
    for (unsigned i = 0; i < n_causes; i++) {
      cells[n++] = VIRT_INTC_PHANDLE (hart);
      cells[n++] = causes[i];
    }
  dt_cells (w, "interrupts-extended", cells, n);
}

static void
write_plic (DtWriter *w, const VirtFdtConfig *c)
{
  dt_begin_at (w, "plic", VIRT_PLIC_BASE);
  dt_cell (w, "phandle", w->intc);
  dt_cell (w, "riscv,ndev", VIRT_PLIC_SOURCES - 1);
  dt_reg (w, VIRT_PLIC_BASE, VIRT_PLIC_SIZE);
  write_hart_interrupts (w, c->harts, (const uint32_t[]){ M_EXTERNAL, S_EXTERNAL }, 2);
  dt_flag (w, "interrupt-controller");
  dt_bytes (w, "compatible", "sifive,plic-1.0.0\0riscv,plic0", sizeof "sifive,plic-1.0.0\0riscv,plic0");
  dt_cell (w, "#address-cells", 0);
  dt_cell (w, "#interrupt-cells", 1);
  dt_end (w);
}

/* One domain: the supervisor's gets all sources from the machine's, its parent. `msi`: where its messages go,
 * or 0. */
static void
write_aplic (DtWriter *w, const VirtFdtConfig *c, uint64_t base, uint32_t phandle, uint32_t child,
             uint32_t msi)
{
  dt_begin_at (w, "interrupt-controller", base);
  dt_cell (w, "phandle", phandle);
  if (child) {
    /* Both names are in use for it. */
    dt_list (w, "riscv,delegate", child, 1, VIRT_APLIC_SOURCES);
    dt_list (w, "riscv,delegation", child, 1, VIRT_APLIC_SOURCES);
    dt_cell (w, "riscv,children", child);
  }
  dt_cell (w, "riscv,num-sources", VIRT_APLIC_SOURCES);
  dt_reg (w, base, VIRT_APLIC_SIZE);
  if (msi)
    dt_cell (w, "msi-parent", msi);
  else
    write_hart_interrupts (w, c->harts, (const uint32_t[]){ child ? M_EXTERNAL : S_EXTERNAL }, 1);
  dt_flag (w, "interrupt-controller");
  dt_cell (w, "#interrupt-cells", 2);
  dt_cell (w, "#address-cells", 0);
  dt_bytes (w, "compatible", "qemu,aplic\0riscv,aplic", sizeof "qemu,aplic\0riscv,aplic");
  dt_end (w);
}

static void
write_imsic (DtWriter *w, const VirtFdtConfig *c, uint64_t base, uint32_t phandle, uint32_t cause)
{
  dt_begin_at (w, "interrupt-controller", base);
  dt_cell (w, "phandle", phandle);
  dt_cell (w, "riscv,num-ids", VIRT_IMSIC_IDENTITIES);
  dt_reg (w, base, c->harts * VIRT_IMSIC_SIZE);
  write_hart_interrupts (w, c->harts, &cause, 1);
  dt_flag (w, "msi-controller");
  dt_flag (w, "interrupt-controller");
  dt_cell (w, "#interrupt-cells", 0);
  dt_bytes (w, "compatible", "qemu,imsics\0riscv,imsics", sizeof "qemu,imsics\0riscv,imsics");
  dt_end (w);
}

/* The phandles of the machine level's parts follow those of the supervisor's. */
static void
write_aia (DtWriter *w, const VirtFdtConfig *c)
{
  write_aplic (w, c, VIRT_APLIC_S_BASE, w->intc, 0, w->msi);
  write_aplic (w, c, VIRT_APLIC_M_BASE, w->intc + 1, w->intc, w->msi ? w->msi + 1 : 0);
  if (w->msi) {
    write_imsic (w, c, VIRT_IMSIC_S_BASE, w->msi, S_EXTERNAL);
    write_imsic (w, c, VIRT_IMSIC_M_BASE, w->msi + 1, M_EXTERNAL);
  }
}

static void
write_clint (DtWriter *w, const VirtFdtConfig *c)
{
  dt_begin_at (w, "clint", VIRT_CLINT_BASE);
  write_hart_interrupts (w, c->harts, (const uint32_t[]){ M_SOFTWARE, M_TIMER }, 2);
  dt_reg (w, VIRT_CLINT_BASE, VIRT_CLINT_SIZE);
  dt_bytes (w, "compatible", "sifive,clint0\0riscv,clint0", sizeof "sifive,clint0\0riscv,clint0");
  dt_end (w);
}

void
virt_fdt_write_interrupts (DtWriter *w, const VirtFdtConfig *config)
{
  if (config->aia == VIRT_AIA_NONE)
    write_plic (w, config);
  else
    write_aia (w, config);
  write_clint (w, config);
}
