/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The namespace of Arm's "virt" board. */

#include "acpi-aml.h"
#include "acpi-devices.h"
#include "acpi-resource.h"
#include "virt-arm-acpi-private.h"

static void
write_uart (AmlWriter *w)
{
  aml_begin_device (w, VIRT_ARM_UART);
  aml_name_string (w, "_HID", "ARMH0011");
  aml_name_int (w, "_UID", 0);
  aml_name (w, "_CRS");
  aml_begin_resources (w);
  acpi_memory32_fixed (w, ARM_VIRT_UART_BASE, ARM_VIRT_UART_SIZE);
  acpi_interrupt (w, VIRT_ARM_SPI (ARM_VIRT_IRQ_UART), ACPI_IRQ_LEVEL_HIGH);
  aml_end (w);
  aml_end (w);
}

/* Registers of the GPIO controller (PL061). */
static void
write_gpio_fields (AmlWriter *w)
{
  enum { GPIOIS = 0x404, GPIOIBE = 0x408, GPIOIEV = 0x40c, GPIOIE = 0x410, GPIOMIS = 0x418, GPIOIC = 0x41c };

  aml_memory_region (w, "GPIO", ARM_VIRT_GPIO_BASE, ARM_VIRT_GPIO_SIZE);
  aml_begin_field (w, "GPIO");
  aml_field_gap (w, GPIOIS * 8);
  aml_field (w, "IS", 32);
  aml_field (w, "IBE", 32);
  aml_field (w, "IEV", 32);
  aml_field (w, "IE", 32);
  aml_field_gap (w, (GPIOMIS - GPIOIE - 4) * 8);
  aml_field (w, "MIS", 32);
  aml_field (w, "IC", 32);
  aml_end (w);
}

static void
write_store (AmlWriter *w, uint64_t value, const char *target)
{
  aml_op (w, AML_STORE);
  aml_int (w, value);
  aml_path (w, target);
}

/* The power button is a key on a pin. A driver for the GPIO controller that knew of events would be one that
 * few guests have: the generic event device looks at the pin instead, which takes no driver but ACPI's. */
static void
write_power_button (AmlWriter *w)
{
  enum { PIN = 1 << ARM_VIRT_POWER_PIN, BUTTON_PRESSED = 0x80 };

  aml_begin_device (w, "PWRB");
  aml_name_eisaid (w, "_HID", "PNP0C0C");
  aml_name_int (w, "_UID", 0);
  aml_end (w);

  aml_begin_device (w, "GED0");
  aml_name_string (w, "_HID", "ACPI0013");
  aml_name_int (w, "_UID", 0);
  aml_name (w, "_CRS");
  aml_begin_resources (w);
  acpi_interrupt (w, VIRT_ARM_SPI (ARM_VIRT_IRQ_GPIO), ACPI_IRQ_LEVEL_HIGH);
  aml_end (w);
  write_gpio_fields (w);
  /* An interrupt when the key is pressed: a rising edge. */
  aml_begin_method (w, "_INI", 0, true);
  write_store (w, 0, "IS");
  write_store (w, 0, "IBE");
  write_store (w, PIN, "IEV");
  write_store (w, PIN, "IC");
  write_store (w, PIN, "IE");
  aml_end (w);
  aml_begin_method (w, "_EVT", 1, true);
  aml_op (w, AML_STORE), aml_path (w, "MIS"), aml_local (w, 0);
  aml_op (w, AML_STORE), aml_local (w, 0), aml_path (w, "IC");
  aml_begin_if (w);
  aml_op (w, AML_EQUAL), aml_local (w, 0), aml_int (w, PIN);
  aml_op (w, AML_NOTIFY), aml_path (w, "PWRB"), aml_int (w, BUTTON_PRESSED);
  aml_end (w);
  aml_end (w);
  aml_end (w);
}

static void
write_pci (AmlWriter *w, const VirtLayout *at)
{
  acpi_write_pci_host (w, &(AcpiPciHost){
                              .ecam = at->ecam,
                              .ecam_size = at->ecam_size,
                              .mmio = at->mmio,
                              .mmio_size = at->mmio_size,
                              .high_mmio = at->high_mmio,
                              .high_mmio_size = at->high_mmio_size,
                              .pio = at->pio,
                              .pio_size = at->pio_size,
                              .gsi = VIRT_ARM_SPI (at->pcie_irq),
                          });
}

uint32_t
virt_arm_acpi_add_dsdt (AcpiTables *t, const VirtArmAcpiConfig *c)
{
  const VirtLayout *at = &c->layout;
  AmlWriter w;

  aml_init (&w, acpi_begin_table (t, "DSDT", 2));
  aml_begin_scope (&w, "\\_SB");
  acpi_write_cpus (&w, c->cpus);
  write_uart (&w);
  acpi_write_flash (&w, 0, at->flash, at->flash_size);
  acpi_write_flash (&w, 1, at->flash + at->flash_size, at->flash_size);
  acpi_write_fw_cfg (&w, at->fw_cfg, FW_CFG_SIZE);
  acpi_write_virtio (&w, at->virtio, at->virtio_size, at->n_virtio, VIRT_ARM_SPI (at->virtio_irq));
  write_pci (&w, at);
  write_power_button (&w);
  aml_end (&w);
  return acpi_end_table (t);
}
