/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "virt-arm-acpi.h"
#include "acpi-bytes.h"
#include "acpi-common.h"
#include "virt-arm-acpi-private.h"

static void
put_gicc (GByteArray *out, const VirtArmAcpiConfig *c, unsigned cpu)
{
  enum { GICC = 0x0b, SIZE = 80, ENABLED = 1 };
  const bool v2 = c->gic_version == 2, v2_virtual = v2 && c->virtualization;

  put_u8 (out, GICC);
  put_u8 (out, SIZE);
  put_u16 (out, 0);
  put_u32 (out, cpu); /* interface */
  put_u32 (out, cpu); /* processor UID */
  put_u32 (out, ENABLED);
  put_u32 (out, 0);
  put_u32 (out, VIRT_ARM_PPI (ARM_VIRT_PPI_PMU));
  put_u64 (out, 0); /* not parked */
  put_u64 (out, v2 ? ARM_VIRT_GIC_CPU_BASE : 0);
  put_u64 (out, v2_virtual ? ARM_VIRT_GIC_VCPU_BASE : 0);
  put_u64 (out, v2_virtual ? ARM_VIRT_GIC_HYP_BASE : 0);
  put_u32 (out, c->virtualization ? VIRT_ARM_PPI (ARM_VIRT_PPI_MAINTENANCE) : 0);
  put_u64 (out, 0); /* redistributors have an entry of their own */
  put_u64 (out, c->mpidr (c->opaque, cpu));
  put_u32 (out, 0); /* one class of efficiency, no statistical profiling */
}

static void
put_gicd (GByteArray *out, const VirtArmAcpiConfig *c)
{
  enum { GICD = 0x0c, SIZE = 24 };

  put_u8 (out, GICD);
  put_u8 (out, SIZE);
  put_u16 (out, 0);
  put_u32 (out, 0);
  put_u64 (out, ARM_VIRT_GIC_DIST_BASE);
  put_u32 (out, 0);
  put_u8 (out, (uint8_t)c->gic_version);
  put_zeroes (out, 3);
}

static void
put_msi_frame (GByteArray *out)
{
  enum { MSI_FRAME = 0x0d, SIZE = 24, NUMBERS_ARE_HERE = 1 };

  put_u8 (out, MSI_FRAME);
  put_u8 (out, SIZE);
  put_u16 (out, 0);
  put_u32 (out, 0);
  put_u64 (out, ARM_VIRT_GIC_V2M_BASE);
  put_u32 (out, NUMBERS_ARE_HERE);
  put_u16 (out, ARM_VIRT_N_V2M);
  put_u16 (out, VIRT_ARM_SPI (ARM_VIRT_IRQ_V2M));
}

static void
put_redistributors (GByteArray *out, uint64_t base, unsigned cpus)
{
  enum { GICR = 0x0e, SIZE = 16 };

  put_u8 (out, GICR);
  put_u8 (out, SIZE);
  put_u16 (out, 0);
  put_u64 (out, base);
  put_u32 (out, (uint32_t)(cpus * ARM_VIRT_GIC_REDIST_SIZE));
}

static void
put_its (GByteArray *out)
{
  enum { ITS = 0x0f, SIZE = 20 };

  put_u8 (out, ITS);
  put_u8 (out, SIZE);
  put_u16 (out, 0);
  put_u32 (out, VIRT_ARM_ITS_ID);
  put_u64 (out, ARM_VIRT_GIC_ITS_BASE);
  put_u32 (out, 0);
}

static void
add_madt (AcpiTables *t, const VirtArmAcpiConfig *c)
{
  /* Of ACPI 6.3: that of 6.5 has two bytes more in each GICC, and Linux before 5.3 knows but one length. */
  GByteArray *out = acpi_begin_table (t, "APIC", 5);
  unsigned first = MIN (c->cpus, ARM_VIRT_GIC_REDIST_CPUS);

  put_u64 (out, 0); /* no local APIC, no flags */
  put_gicd (out, c);
  for (unsigned cpu = 0; cpu < c->cpus; cpu++)
    put_gicc (out, c, cpu);
  if (c->gic_version == 2)
    put_msi_frame (out);
  else {
    put_redistributors (out, ARM_VIRT_GIC_REDIST_BASE, first);
    if (c->cpus > first)
      put_redistributors (out, c->redist2, c->cpus - first);
    if (c->its)
      put_its (out);
  }
  acpi_end_table (t);
}

static void
put_timer (GByteArray *out, unsigned ppi)
{
  enum { LEVEL_HIGH = 0, ALWAYS_ON = 1 << 2 };

  put_u32 (out, ppi ? VIRT_ARM_PPI (ppi) : 0);
  put_u32 (out, ppi ? LEVEL_HIGH | ALWAYS_ON : 0);
}

static void
add_gtdt (AcpiTables *t, const VirtArmAcpiConfig *c)
{
  GByteArray *out = acpi_begin_table (t, "GTDT", 3);

  put_u64 (out, UINT64_MAX); /* counters are read from system registers */
  put_u32 (out, 0);
  put_timer (out, ARM_VIRT_PPI_SEC_TIMER);
  put_timer (out, ARM_VIRT_PPI_PHYS_TIMER);
  put_timer (out, ARM_VIRT_PPI_VIRT_TIMER);
  put_timer (out, ARM_VIRT_PPI_HYP_TIMER); /* Linux asks for it in any case, and takes 0 for a mistake. */
  put_u64 (out, UINT64_MAX);
  put_u64 (out, 0); /* no timers of the platform */
  put_timer (out, c->virtualization ? ARM_VIRT_PPI_HYPVIRT_TIMER : 0);
  acpi_end_table (t);
}

static void
put_iort_node (GByteArray *out, uint8_t type, uint16_t size, uint8_t revision, uint32_t id, uint32_t mappings,
               uint32_t mappings_at)
{
  put_u8 (out, type);
  put_u16 (out, size);
  put_u8 (out, revision);
  put_u32 (out, id);
  put_u32 (out, mappings);
  put_u32 (out, mappings_at);
}

/* Arm's DEN 0049: requesters of PCI are the ITS's devices by the same numbers. */
static void
add_iort (AcpiTables *t)
{
  enum {
    NODES_AT = 48,
    ITS_GROUP = 0,
    ITS_GROUP_SIZE = 24,
    ROOT_COMPLEX = 2,
    ROOT_COMPLEX_SIZE = 36,
    MAPPING_SIZE = 20
  };
  enum { COHERENT_PATH = 1 << 0, CACHED = 1 << 1 };
  GByteArray *out = acpi_begin_table (t, "IORT", 3);

  put_u32 (out, 2);
  put_u32 (out, NODES_AT);
  put_u32 (out, 0);
  put_iort_node (out, ITS_GROUP, ITS_GROUP_SIZE, 1, 0, 0, 0);
  put_u32 (out, 1);
  put_u32 (out, VIRT_ARM_ITS_ID);

  put_iort_node (out, ROOT_COMPLEX, ROOT_COMPLEX_SIZE + MAPPING_SIZE, 3, 1, 1, ROOT_COMPLEX_SIZE);
  put_u32 (out, 1); /* coherent */
  put_zeroes (out, 3);
  put_u8 (out, COHERENT_PATH | CACHED);
  put_u32 (out, 0); /* no address translation service */
  put_u32 (out, 0); /* segment */
  put_u8 (out, 64); /* bits of addresses */
  put_zeroes (out, 3);
  put_u32 (out, 0);      /* from requester 0 */
  put_u32 (out, 0xffff); /* on: one less than there are */
  put_u32 (out, 0);
  put_u32 (out, NODES_AT);
  put_u32 (out, 0);
  acpi_end_table (t);
}

bool
virt_arm_acpi_add (FwCfg *fw, const VirtArmAcpiConfig *c, GError **error)
{
  const AcpiConsole console = {
    .type = ACPI_UART_PL011,
    .base = ARM_VIRT_UART_BASE,
    .size = ARM_VIRT_UART_SIZE,
    .gsi = VIRT_ARM_SPI (ARM_VIRT_IRQ_UART),
    .interrupt_type = ACPI_SPCR_GIC,
    .path = "\\_SB." VIRT_ARM_UART,
  };
  g_autoptr (AcpiTables) t = acpi_tables_new ();
  AcpiFadt fadt = { .minor = 3, .dsdt = virt_arm_acpi_add_dsdt (t, c) };

  if (c->psci)
    fadt.arm_boot_arch = c->psci_hvc ? ACPI_ARM_PSCI | ACPI_ARM_PSCI_HVC : ACPI_ARM_PSCI;
  acpi_add_fadt (t, &fadt);
  add_madt (t, c);
  acpi_add_pptt (t, c->cpus, c->cores, c->threads);
  add_gtdt (t, c);
  acpi_add_mcfg (t, c->layout.ecam, c->layout.ecam_size);
  acpi_add_spcr (t, &console);
  acpi_add_dbg2 (t, &console);
  if (c->its)
    add_iort (t);
  return acpi_tables_finish (t, fw, error);
}
