/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The PCI Express host bridge in ACPI's namespace (PCI Firmware Specification 3.3, chapter 4). */

#include "acpi-devices.h"
#include "acpi-resource.h"

enum { PINS = 4, SLOTS = 32 };

/* Interrupt links have the one interrupt they are wired to, and nothing to set. */
static void
write_link (AmlWriter *w, unsigned n, uint32_t gsi)
{
  static const char *const methods[] = { "_PRS", "_CRS" };
  g_autofree char *name = g_strdup_printf ("LNK%c", 'A' + n);

  aml_begin_device (w, name);
  aml_name_eisaid (w, "_HID", "PNP0C0F");
  aml_name_int (w, "_UID", n);
  for (unsigned i = 0; i < G_N_ELEMENTS (methods); i++) {
    aml_name (w, methods[i]);
    aml_begin_resources (w);
    acpi_interrupt (w, gsi, ACPI_IRQ_LEVEL_HIGH);
    aml_end (w);
  }
  aml_begin_method (w, "_SRS", 1, false);
  aml_end (w);
  aml_end (w);
}

static void
write_routing (AmlWriter *w)
{
  aml_name (w, "_PRT");
  aml_begin_package (w, SLOTS * PINS);
  for (unsigned slot = 0; slot < SLOTS; slot++)
    for (unsigned pin = 0; pin < PINS; pin++) {
      g_autofree char *link = g_strdup_printf ("LNK%c", 'A' + (slot + pin) % PINS);
      aml_begin_package (w, 4);
      aml_int (w, slot << 16 | 0xffff); /* all functions */
      aml_int (w, pin);
      aml_path (w, link);
      aml_int (w, 0);
      aml_end (w);
    }
  aml_end (w);
}

static void
write_ranges (AmlWriter *w, const AcpiPciHost *host)
{
  aml_name (w, "_CRS");
  aml_begin_resources (w);
  acpi_range (w, ACPI_RANGE_BUS, 0, host->ecam_size >> 20, 0);
  acpi_range (w, ACPI_RANGE_MEMORY, host->mmio, host->mmio_size, 0);
  acpi_range (w, ACPI_RANGE_IO, host->pio, host->pio_size, host->pio);
  if (host->high_mmio_size)
    acpi_range (w, ACPI_RANGE_MEMORY, host->high_mmio, host->high_mmio_size, 0);
  aml_end (w);
}

/* The operating system asks for PCI Express's native features, and gets all of them. SHPC, which is not
 * there, is left out. */
static void
write_osc (AmlWriter *w)
{
  enum { NATIVE = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 }; /* hot plug, PME, AER, capability structure */
  enum { UNKNOWN_UUID = 1 << 2, UNKNOWN_REVISION = 1 << 3, MASKED = 1 << 4 };

  aml_begin_method (w, "_OSC", 4, true);
  aml_dword_field_of_arg (w, 3, 0, "CDW1");
  aml_begin_if (w);
  aml_op (w, AML_EQUAL), aml_arg (w, 0), aml_uuid (w, "33DB4D5B-1FF7-401C-9657-7441C03DD766");
  aml_dword_field_of_arg (w, 3, 8, "CDW3");
  aml_op (w, AML_AND), aml_path (w, "CDW3"), aml_int (w, NATIVE), aml_local (w, 0);
  aml_begin_if (w);
  aml_op (w, AML_NOT), aml_op (w, AML_EQUAL), aml_arg (w, 1), aml_int (w, 1);
  aml_op (w, AML_OR), aml_path (w, "CDW1"), aml_int (w, UNKNOWN_REVISION), aml_path (w, "CDW1");
  aml_end (w);
  aml_begin_if (w);
  aml_op (w, AML_NOT), aml_op (w, AML_EQUAL), aml_path (w, "CDW3"), aml_local (w, 0);
  aml_op (w, AML_OR), aml_path (w, "CDW1"), aml_int (w, MASKED), aml_path (w, "CDW1");
  aml_end (w);
  aml_op (w, AML_STORE), aml_local (w, 0), aml_path (w, "CDW3");
  aml_end (w);
  aml_begin_else (w);
  aml_op (w, AML_OR), aml_path (w, "CDW1"), aml_int (w, UNKNOWN_UUID), aml_path (w, "CDW1");
  aml_end (w);
  aml_op (w, AML_RETURN), aml_arg (w, 3);
  aml_end (w);
}

/* Configuration space is nobody else's memory. */
static void
write_reserved (AmlWriter *w, const AcpiPciHost *host)
{
  aml_begin_device (w, "RES0");
  aml_name_eisaid (w, "_HID", "PNP0C02");
  aml_name_int (w, "_UID", 0);
  aml_name (w, "_CRS");
  aml_begin_resources (w);
  acpi_memory_fixed (w, host->ecam, host->ecam_size);
  aml_end (w);
  aml_end (w);
}

void
acpi_write_pci_host (AmlWriter *w, const AcpiPciHost *host)
{
  aml_begin_device (w, "PCI0");
  aml_name_eisaid (w, "_HID", "PNP0A08");
  aml_name_eisaid (w, "_CID", "PNP0A03");
  aml_name_int (w, "_SEG", 0);
  aml_name_int (w, "_BBN", 0);
  aml_name_int (w, "_UID", 0);
  aml_name_int (w, "_CCA", 1);
  for (unsigned i = 0; i < PINS; i++)
    write_link (w, i, host->gsi + i);
  write_routing (w);
  aml_name_int (w, "_CBA", host->ecam);
  write_ranges (w, host);
  write_osc (w);
  write_reserved (w, host);
  aml_end (w);
}
