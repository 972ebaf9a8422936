/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "virt-fdt-private.h"

static void
write_cpu (DtWriter *w, const VirtFdtConfig *c, unsigned hart)
{
  dt_begin_at (w, "cpu", hart);
  dt_cell (w, "phandle", VIRT_CPU_PHANDLE (hart));
  dt_string (w, "device_type", "cpu");
  dt_cell (w, "reg", hart);
  dt_string (w, "status", "okay");
  dt_string (w, "compatible", "riscv");
  if (c->cbop_size)
    dt_cell (w, "riscv,cbop-block-size", c->cbop_size);
  if (c->cboz_size)
    dt_cell (w, "riscv,cboz-block-size", c->cboz_size);
  if (c->cbom_size)
    dt_cell (w, "riscv,cbom-block-size", c->cbom_size);
  dt_strings (w, "riscv,isa-extensions", c->extensions);
  dt_string (w, "riscv,isa-base", c->isa_base);
  dt_string (w, "riscv,isa", c->isa);
  if (c->mmu_type)
    dt_string (w, "mmu-type", c->mmu_type);
  dt_begin (w, "interrupt-controller");
  dt_cell (w, "#interrupt-cells", 1);
  dt_flag (w, "interrupt-controller");
  dt_string (w, "compatible", "riscv,cpu-intc");
  dt_cell (w, "phandle", VIRT_INTC_PHANDLE (hart));
  dt_end (w);
  dt_end (w);
}

static void
write_cpus (DtWriter *w, const VirtFdtConfig *c)
{
  dt_begin (w, "cpus");
  dt_cell (w, "#address-cells", 1);
  dt_cell (w, "#size-cells", 0);
  dt_cell (w, "timebase-frequency", c->timebase_frequency);
  for (unsigned hart = 0; hart < c->harts; hart++)
    write_cpu (w, c, hart);
  dt_begin (w, "cpu-map");
  dt_begin (w, "cluster0");
  for (unsigned hart = 0; hart < c->harts; hart++) {
    g_autofree char *name = g_strdup_printf ("core%u", hart);
    dt_begin (w, name);
    dt_cell (w, "cpu", VIRT_CPU_PHANDLE (hart));
    dt_end (w);
  }
  dt_end (w);
  dt_end (w);
  dt_end (w);
}

static void
write_syscon (DtWriter *w, const char *name, const char *compatible, uint32_t regmap, uint32_t value)
{
  dt_begin (w, name);
  dt_cell (w, "value", value);
  dt_cell (w, "offset", 0);
  dt_cell (w, "regmap", regmap);
  dt_string (w, "compatible", compatible);
  dt_end (w);
}

static void
write_chosen (DtWriter *w)
{
  static const uint8_t seed[VIRT_SEED_SIZE]; /* set at each reset */
  g_autofree char *uart = g_strdup_printf ("/soc/serial@%" G_GINT64_MODIFIER "x", VIRT_UART_BASE);

  dt_begin (w, "aliases");
  dt_string (w, "serial0", uart);
  dt_end (w);
  dt_begin (w, "chosen");
  dt_string (w, "stdout-path", uart);
  dt_bytes (w, "rng-seed", seed, sizeof seed);
  dt_end (w);
}

static void
write_soc_devices (DtWriter *w, uint32_t test)
{
  dt_begin_at (w, "rtc", VIRT_RTC_BASE);
  dt_irq (w, VIRT_IRQ_RTC);
  dt_reg (w, VIRT_RTC_BASE, VIRT_RTC_SIZE);
  dt_string (w, "compatible", "google,goldfish-rtc");
  dt_end (w);
  dt_begin_at (w, "serial", VIRT_UART_BASE);
  dt_irq (w, VIRT_IRQ_UART);
  dt_cell (w, "clock-frequency", 3686400);
  dt_reg (w, VIRT_UART_BASE, VIRT_UART_SIZE);
  dt_string (w, "compatible", "ns16550a");
  dt_end (w);
  dt_begin_at (w, "test", VIRT_TEST_BASE);
  dt_cell (w, "phandle", test);
  dt_reg (w, VIRT_TEST_BASE, VIRT_TEST_SIZE);
  dt_bytes (w, "compatible", "sifive,test1\0sifive,test0\0syscon",
            sizeof "sifive,test1\0sifive,test0\0syscon");
  dt_end (w);
}

static void
write_tree (DtWriter *w, const VirtFdtConfig *c)
{
  const VirtLayout layout = virt_layout (c->ram_size);
  uint32_t test = VIRT_CPU_PHANDLE (c->harts);

  w->intc = test + 1;
  w->intc_cells = c->aia == VIRT_AIA_NONE ? 1 : 2;
  w->msi = c->aia == VIRT_AIA_APLIC_IMSIC ? w->intc + 2 : 0;

  dt_begin (w, "");
  dt_cell (w, "#address-cells", 2);
  dt_cell (w, "#size-cells", 2);
  dt_string (w, "compatible", "riscv-virtio");
  dt_string (w, "model", "riscv-virtio,qemu");
  write_syscon (w, "poweroff", "syscon-poweroff", test, 0x5555);
  write_syscon (w, "reboot", "syscon-reboot", test, 0x7777);
  virt_fdt_write_memory (w, &layout, c->ram_size);
  write_cpus (w, c);
  virt_fdt_write_firmware (w, &layout);
  write_chosen (w);
  dt_begin (w, "soc");
  dt_cell (w, "#address-cells", 2);
  dt_cell (w, "#size-cells", 2);
  dt_string (w, "compatible", "simple-bus");
  dt_flag (w, "ranges");
  write_soc_devices (w, test);
  virt_fdt_write_virtio (w, &layout);
  virt_fdt_write_interrupts (w, c);
  virt_fdt_write_pci (w, &layout);
  dt_end (w);
  dt_end (w);
}

GBytes *
virt_fdt_new (const VirtFdtConfig *config)
{
  GBytes *tree = NULL;

  for (int size = 1 << 15; tree == NULL; size *= 2) {
    DtWriter w;
    dt_create (&w, size);
    write_tree (&w, config);
    tree = dt_finish (&w);
  }
  return tree;
}
