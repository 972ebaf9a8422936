/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "virt-arm-fdt-private.h"
#include "virt-fdt-boot.h"
#include "virt-fdt-devices.h"
#include <linux/input-event-codes.h>
#include <string.h>

#define CPU_PHANDLE(cpu) (1 + (cpu))

static void
write_cpu (DtWriter *w, const VirtArmFdtConfig *c, unsigned cpu)
{
  uint32_t mpidr = (uint32_t)c->mpidr (c->opaque, cpu);
  bool generic = strcmp (c->cpu_model, "max") == 0;
  g_autofree char *compatible = g_strconcat ("arm,", generic ? "armv8" : c->cpu_model, NULL);

  dt_begin_at (w, "cpu", mpidr);
  dt_cell (w, "phandle", CPU_PHANDLE (cpu));
  dt_cell (w, "reg", mpidr);
  if (c->psci)
    dt_string (w, "enable-method", "psci");
  dt_string (w, "compatible", compatible);
  dt_string (w, "device_type", "cpu");
  dt_end (w);
}

static void
write_cpus (DtWriter *w, const VirtArmFdtConfig *c)
{
  dt_begin (w, "cpus");
  dt_cell (w, "#size-cells", 0);
  dt_cell (w, "#address-cells", 1);
  dt_begin (w, "cpu-map");
  dt_begin (w, "cluster0");
  for (unsigned cpu = 0; cpu < c->cpus; cpu++) {
    g_autofree char *name = g_strdup_printf ("core%u", cpu);
    dt_begin (w, name);
    dt_cell (w, "cpu", CPU_PHANDLE (cpu));
    dt_end (w);
  }
  dt_end (w);
  dt_end (w);
  for (unsigned cpu = 0; cpu < c->cpus; cpu++)
    write_cpu (w, c, cpu);
  dt_end (w);
}

static void
write_psci (DtWriter *w, const VirtArmFdtConfig *c)
{
  static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2\0arm,psci";

  dt_begin (w, "psci");
  /* Of version 0.1, which had no numbers of its own. */
  dt_cell (w, "migrate", 0xc4000005);
  dt_cell (w, "cpu_on", 0xc4000003);
  dt_cell (w, "cpu_off", 0x84000002);
  dt_cell (w, "cpu_suspend", 0xc4000001);
  dt_string (w, "method", c->psci);
  dt_bytes (w, "compatible", compatible, sizeof compatible);
  dt_end (w);
}

static void
write_clock (DtWriter *w, const VirtArmPhandles *at)
{
  dt_begin (w, "apb-pclk");
  dt_cell (w, "phandle", at->clock);
  dt_string (w, "clock-output-names", "clk24mhz");
  dt_cell (w, "clock-frequency", 24000000);
  dt_cell (w, "#clock-cells", 0);
  dt_string (w, "compatible", "fixed-clock");
  dt_end (w);
}

/* The part of a PrimeCell's node that all have: `name` is that of the cell, "pl011". */
static void
begin_primecell (DtWriter *w, const char *name, uint64_t base, unsigned irq)
{
  g_autofree char *arm = g_strconcat ("arm,", name, NULL);
  char *const compatible[] = { arm, (char *)"arm,primecell", NULL };

  dt_begin_at (w, name, base);
  dt_irq (w, irq);
  dt_reg (w, base, 0x1000);
  dt_strings (w, "compatible", compatible);
}

static void
write_uart (DtWriter *w, const VirtArmPhandles *at, uint64_t base, unsigned irq, bool secure)
{
  begin_primecell (w, "pl011", base, irq);
  dt_list (w, "clocks", at->clock, at->clock);
  dt_bytes (w, "clock-names", "uartclk\0apb_pclk", sizeof "uartclk\0apb_pclk");
  if (secure) {
    dt_string (w, "status", "disabled");
    dt_string (w, "secure-status", "okay");
  }
  dt_end (w);
}

static void
write_rtc (DtWriter *w, const VirtArmPhandles *at)
{
  begin_primecell (w, "pl031", ARM_VIRT_RTC_BASE, ARM_VIRT_IRQ_RTC);
  dt_cell (w, "clocks", at->clock);
  dt_string (w, "clock-names", "apb_pclk");
  dt_end (w);
}

static void
begin_gpio (DtWriter *w, const VirtArmPhandles *at, uint64_t base, unsigned irq, uint32_t phandle)
{
  begin_primecell (w, "pl061", base, irq);
  dt_cell (w, "phandle", phandle);
  dt_cell (w, "clocks", at->clock);
  dt_string (w, "clock-names", "apb_pclk");
  dt_flag (w, "gpio-controller");
  dt_cell (w, "#gpio-cells", 2);
  dt_flag (w, "interrupt-controller");
  dt_cell (w, "#interrupt-cells", 2);
}

static void
write_power_button (DtWriter *w, const VirtArmPhandles *at)
{
  begin_gpio (w, at, ARM_VIRT_GPIO_BASE, ARM_VIRT_IRQ_GPIO, at->gpio);
  dt_end (w);
  dt_begin (w, "gpio-keys");
  dt_string (w, "compatible", "gpio-keys");
  dt_begin (w, "poweroff");
  dt_list (w, "gpios", at->gpio, ARM_VIRT_POWER_PIN, 0);
  dt_cell (w, "linux,code", KEY_POWER);
  dt_string (w, "label", "GPIO Key Poweroff");
  dt_end (w);
  dt_end (w);
}

/* What only secure software has: Trusted Firmware-A finds it here. */
static void
write_secure (DtWriter *w, const VirtArmPhandles *at)
{
  dt_begin_at (w, "secram", ARM_VIRT_SECURE_RAM_BASE);
  dt_string (w, "device_type", "memory");
  dt_reg (w, ARM_VIRT_SECURE_RAM_BASE, ARM_VIRT_SECURE_RAM_SIZE);
  dt_string (w, "status", "disabled");
  dt_string (w, "secure-status", "okay");
  dt_end (w);
  write_uart (w, at, ARM_VIRT_SECURE_UART_BASE, ARM_VIRT_IRQ_SECURE_UART, true);
  begin_gpio (w, at, ARM_VIRT_SECURE_GPIO_BASE, ARM_VIRT_IRQ_SECURE_GPIO, at->secure_gpio);
  dt_string (w, "status", "disabled");
  dt_string (w, "secure-status", "okay");
  dt_end (w);
  dt_begin (w, "gpio-poweroff");
  dt_list (w, "gpios", at->secure_gpio, ARM_VIRT_SECURE_PIN_POWEROFF, 0);
  dt_string (w, "status", "disabled");
  dt_string (w, "secure-status", "okay");
  dt_string (w, "compatible", "gpio-poweroff");
  dt_end (w);
  dt_begin (w, "gpio-restart");
  dt_list (w, "gpios", at->secure_gpio, ARM_VIRT_SECURE_PIN_RESET, 0);
  dt_string (w, "status", "disabled");
  dt_string (w, "secure-status", "okay");
  dt_string (w, "compatible", "gpio-restart");
  dt_end (w);
}

static void
write_chosen (DtWriter *w)
{
  static const uint8_t seed[VIRT_SEED_SIZE], kaslr_seed[8]; /* set at each reset */
  g_autofree char *uart = g_strdup_printf ("/pl011@%" G_GINT64_MODIFIER "x", ARM_VIRT_UART_BASE);

  dt_begin (w, "aliases");
  dt_string (w, "serial0", uart);
  dt_end (w);
  dt_begin (w, "chosen");
  dt_string (w, "stdout-path", uart);
  dt_bytes (w, "rng-seed", seed, sizeof seed);
  dt_bytes (w, "kaslr-seed", kaslr_seed, sizeof kaslr_seed);
  dt_end (w);
}

static void
write_tree (DtWriter *w, const VirtArmFdtConfig *c)
{
  const uint32_t next = CPU_PHANDLE (c->cpus);
  const VirtArmPhandles at = { .clock = next + 2, .gpio = next + 3, .secure_gpio = next + 4 };

  w->intc = next;
  w->intc_cells = 3;
  w->intc_address_cells = 2;
  w->msi = c->gic_version == 2 || c->its ? next + 1 : 0;
  w->msi_requesters = 0x10000;

  dt_begin (w, "");
  dt_cell (w, "interrupt-parent", w->intc);
  dt_flag (w, "dma-coherent");
  dt_cell (w, "#size-cells", 2);
  dt_cell (w, "#address-cells", 2);
  dt_string (w, "model", "linux,dummy-virt");
  dt_string (w, "compatible", "linux,dummy-virt");
  if (c->psci)
    write_psci (w, c);
  virt_fdt_write_memory (w, &c->layout, c->ram_size);
  write_cpus (w, c);
  virt_arm_fdt_write_interrupts (w, c);
  write_clock (w, &at);
  write_uart (w, &at, ARM_VIRT_UART_BASE, ARM_VIRT_IRQ_UART, false);
  write_rtc (w, &at);
  write_power_button (w, &at);
  if (c->secure)
    write_secure (w, &at);
  virt_fdt_write_firmware (w, &c->layout);
  virt_fdt_write_virtio (w, &c->layout);
  virt_fdt_write_pci (w, &c->layout);
  write_chosen (w);
  dt_end (w);
}

GBytes *
virt_arm_fdt_new (const VirtArmFdtConfig *config)
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
