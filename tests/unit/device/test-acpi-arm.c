/* SPDX-License-Identifier: GPL-3.0-or-later */

/* ACPI tables of Arm's virt board, as firmware and an operating system find them. */

#include "acpi-firmware.h"
#include "virt-arm-acpi.h"

static uint64_t
mpidr (const void *opaque, unsigned cpu)
{
  return (uint64_t)(cpu / 16) << 8 | cpu % 16;
}

static VirtArmAcpiConfig
config (unsigned cpus, unsigned gic_version)
{
  return (VirtArmAcpiConfig){
    .layout = {
      .ram = 0x40000000,
      .fw_cfg = 0x9020000,
      .virtio = 0xa000000,
      .virtio_size = 0x200,
      .n_virtio = 32,
      .virtio_irq = 16,
      .flash_size = 0x4000000,
      .pio = 0x3eff0000,
      .pio_size = 0x10000,
      .mmio = 0x10000000,
      .mmio_size = 0x2eff0000,
      .high_mmio = UINT64_C (0x8000000000),
      .high_mmio_size = UINT64_C (0x8000000000),
      .ecam = UINT64_C (0x4010000000),
      .ecam_size = 0x10000000,
      .pcie_irq = 3,
    },
    .cpus = cpus,
    .cores = cpus,
    .threads = 1,
    .mpidr = mpidr,
    .psci = true,
    .psci_hvc = true,
    .gic_version = gic_version,
    .redist2 = UINT64_C (0x4000000000),
    .its = gic_version == 3,
  };
}

static AcpiFirmware *
tables (const VirtArmAcpiConfig *c)
{
  FwCfg *fw = (FwCfg *)device_new (&fw_cfg_class, "/fw-cfg");
  g_autoptr (GError) error = NULL;

  g_assert_true (device_realize (&fw->dev, NULL));
  g_assert_true (virt_arm_acpi_add (fw, c, &error));
  g_assert_no_error (error);
  AcpiFirmware *f = acpi_firmware_run (fw);
  device_free (&fw->dev);
  return f;
}

/* The n-th entry of that type, or NULL. */
static const uint8_t *
madt_entry (const AcpiFirmware *f, uint8_t type, unsigned n)
{
  uint32_t length;
  const uint8_t *table = acpi_firmware_find (f, "APIC", &length), *end = table + length;

  for (const uint8_t *e = table + 44; e < end; e += e[1]) {
    g_assert_cmpuint (e[1], >=, 8);
    g_assert_true (e + e[1] <= end);
    if (e[0] == type && n-- == 0)
      return e;
  }
  return NULL;
}
enum { GICC = 11, GICD, MSI_FRAME, GICR, ITS };

static void
test_gicv2 (void)
{
  VirtArmAcpiConfig c = config (2, 2);
  g_autoptr (AcpiFirmware) f = tables (&c);
  g_autofree char *list = acpi_firmware_list (f);

  g_assert_cmpstr (list, ==, "FACP APIC PPTT GTDT MCFG SPCR DBG2 ");
  const uint8_t *cpu = madt_entry (f, GICC, 1), *frame = madt_entry (f, MSI_FRAME, 0);
  g_assert_cmpuint (cpu[1], ==, 80);
  g_assert_cmpuint (acpi_number (cpu + 8, 4), ==, 1);
  g_assert_cmpuint (acpi_number (cpu + 12, 4), ==, 1);
  g_assert_cmpuint (acpi_number (cpu + 20, 4), ==, 23);
  g_assert_cmphex (acpi_number (cpu + 32, 8), ==, 0x8010000);
  g_assert_cmphex (acpi_number (cpu + 40, 8), ==, 0);
  g_assert_cmphex (acpi_number (cpu + 68, 8), ==, 1);
  g_assert_null (madt_entry (f, GICC, 2));
  g_assert_cmpuint (madt_entry (f, GICD, 0)[20], ==, 2);
  g_assert_cmphex (acpi_number (frame + 8, 8), ==, 0x8020000);
  g_assert_cmpuint (acpi_number (frame + 20, 2), ==, 64);
  g_assert_cmpuint (acpi_number (frame + 22, 2), ==, 80);
  g_assert_null (madt_entry (f, GICR, 0));
  g_assert_null (madt_entry (f, ITS, 0));
}

static void
test_gicv2_virtualization (void)
{
  VirtArmAcpiConfig c = config (1, 2);

  c.virtualization = true;
  c.psci_hvc = false;
  g_autoptr (AcpiFirmware) f = tables (&c);
  const uint8_t *cpu = madt_entry (f, GICC, 0), *timers = acpi_firmware_find (f, "GTDT", NULL);
  g_assert_cmphex (acpi_number (cpu + 40, 8), ==, 0x8040000); /* GICV */
  g_assert_cmphex (acpi_number (cpu + 48, 8), ==, 0x8030000); /* GICH */
  g_assert_cmpuint (acpi_number (cpu + 56, 4), ==, 25);
  g_assert_cmpuint (acpi_number (timers + 72, 4), ==, 26);
  g_assert_cmpuint (acpi_number (timers + 96, 4), ==, 28);
  g_assert_cmphex (acpi_number (acpi_firmware_find (f, "FACP", NULL) + 129, 2), ==, 1);
}

static void
test_gicv3 (void)
{
  VirtArmAcpiConfig c = config (130, 3);
  g_autoptr (AcpiFirmware) f = tables (&c);
  const uint8_t *iort = acpi_firmware_find (f, "IORT", NULL);

  g_assert_nonnull (iort);
  g_assert_cmphex (acpi_number (madt_entry (f, GICC, 129) + 68, 8), ==, 0x801);
  g_assert_cmphex (acpi_number (madt_entry (f, GICC, 129) + 32, 8), ==, 0);
  g_assert_cmpuint (madt_entry (f, GICD, 0)[20], ==, 3);
  g_assert_cmphex (acpi_number (madt_entry (f, GICR, 0) + 4, 8), ==, 0x80a0000);
  g_assert_cmphex (acpi_number (madt_entry (f, GICR, 0) + 12, 4), ==, 123 * 0x20000);
  g_assert_cmphex (acpi_number (madt_entry (f, GICR, 1) + 4, 8), ==, UINT64_C (0x4000000000));
  g_assert_cmphex (acpi_number (madt_entry (f, GICR, 1) + 12, 4), ==, 7 * 0x20000);
  g_assert_cmphex (acpi_number (madt_entry (f, ITS, 0) + 8, 8), ==, 0x8080000);
  g_assert_null (madt_entry (f, MSI_FRAME, 0));
  /* The root complex's mapping refers to the group that has the ITS's id. */
  const uint8_t *root = iort + 48 + 24, *mapping = root + 36;
  g_assert_cmpuint (iort[48], ==, 0);
  g_assert_cmpuint (root[0], ==, 2);
  g_assert_cmpuint (acpi_number (mapping + 4, 4), ==, 0xffff);
  g_assert_cmpuint (acpi_number (mapping + 12, 4), ==, 48);
}

static void
test_without (void)
{
  VirtArmAcpiConfig c = config (1, 3);

  c.its = c.psci = false;
  g_autoptr (AcpiFirmware) f = tables (&c);
  g_assert_null (acpi_firmware_find (f, "IORT", NULL));
  g_assert_null (madt_entry (f, ITS, 0));
  g_assert_cmphex (acpi_number (acpi_firmware_find (f, "FACP", NULL) + 129, 2), ==, 0);
  const uint8_t *timers = acpi_firmware_find (f, "GTDT", NULL);
  g_assert_cmpuint (acpi_number (timers + 4, 4), ==, 104);
  g_assert_cmpuint (acpi_number (timers + 48, 4), ==, 29);
  g_assert_cmpuint (acpi_number (timers + 56, 4), ==, 30);
  g_assert_cmpuint (acpi_number (timers + 64, 4), ==, 27);
  g_assert_cmpuint (acpi_number (timers + 72, 4), ==, 26);
  g_assert_cmpuint (acpi_number (timers + 96, 4), ==, 0);
}

/* Some of all there is; the largest namespace. */
static void
test_acpica (void)
{
  static const unsigned cpus[] = { 1, 8, 512 };

  for (unsigned i = 0; i < 2 * G_N_ELEMENTS (cpus); i++) {
    VirtArmAcpiConfig c = config (cpus[i / 2], 2 + i % 2);
    c.virtualization = i & 1;
    c.cores = c.cpus > 1 ? c.cpus / 2 : 1;
    c.threads = i == 3 ? 2 : 1;
    if (i == 2)
      c.layout.high_mmio_size = 0;
    g_autoptr (AcpiFirmware) f = tables (&c);
    if (!acpi_firmware_check (f)) {
      g_test_skip ("iasl is not there");
      return;
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/acpi-arm/gicv2", test_gicv2);
  g_test_add_func ("/acpi-arm/gicv2-virtualization", test_gicv2_virtualization);
  g_test_add_func ("/acpi-arm/gicv3", test_gicv3);
  g_test_add_func ("/acpi-arm/without", test_without);
  g_test_add_func ("/acpi-arm/acpica", test_acpica);
  return g_test_run ();
}
