/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "acpi-devices.h"
#include "acpi-resource.h"

void
acpi_write_cpus (AmlWriter *w, unsigned cpus)
{
  for (unsigned cpu = 0; cpu < cpus; cpu++) {
    g_autofree char *name = g_strdup_printf ("C%03X", cpu);
    aml_begin_device (w, name);
    aml_name_string (w, "_HID", "ACPI0007");
    aml_name_int (w, "_UID", cpu);
    aml_end (w);
  }
}

static void
write_resources (AmlWriter *w, uint64_t base, uint64_t size)
{
  aml_name (w, "_CRS");
  aml_begin_resources (w);
  acpi_memory32_fixed (w, (uint32_t)base, (uint32_t)size);
  aml_end (w);
}

void
acpi_write_fw_cfg (AmlWriter *w, uint64_t base, uint64_t size)
{
  enum { PRESENT = 1 << 0, ENABLED = 1 << 1, FUNCTIONAL = 1 << 3 };

  aml_begin_device (w, "FWCF");
  aml_name_string (w, "_HID", "QEMU0002");
  aml_name_int (w, "_STA", PRESENT | ENABLED | FUNCTIONAL);
  aml_name_int (w, "_CCA", 1);
  write_resources (w, base, size);
  aml_end (w);
}

void
acpi_write_flash (AmlWriter *w, unsigned n, uint64_t base, uint64_t size)
{
  g_autofree char *name = g_strdup_printf ("FLS%u", n);

  aml_begin_device (w, name);
  aml_name_string (w, "_HID", "LNRO0015");
  aml_name_int (w, "_UID", n);
  write_resources (w, base, size);
  aml_end (w);
}

void
acpi_write_virtio (AmlWriter *w, uint64_t base, uint64_t size, unsigned n, uint32_t gsi)
{
  for (unsigned i = 0; i < n; i++) {
    g_autofree char *name = g_strdup_printf ("VR%02X", i);
    aml_begin_device (w, name);
    aml_name_string (w, "_HID", "LNRO0005");
    aml_name_int (w, "_UID", i);
    aml_name_int (w, "_CCA", 1);
    aml_name (w, "_CRS");
    aml_begin_resources (w);
    acpi_memory32_fixed (w, (uint32_t)(base + i * size), (uint32_t)size);
    acpi_interrupt (w, gsi + i, ACPI_IRQ_LEVEL_HIGH);
    aml_end (w);
    aml_end (w);
  }
}
