/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "acpi-common.h"
#include "acpi-bytes.h"

void
acpi_add_fadt (AcpiTables *t, const AcpiFadt *fadt)
{
  enum {
    PWR_BUTTON = 1 << 4, /* neither of them is fixed hardware */
    SLP_BUTTON = 1 << 5,
    HW_REDUCED_ACPI = 1 << 20,
  };
  enum { TO_FLAGS = 112 - 36, TO_ARM_BOOT_ARCH = 129 - 116, TO_HYPERVISOR = 268 - 148 };
  GByteArray *out = acpi_begin_table (t, "FACP", 6);

  put_zeroes (out, TO_FLAGS); /* registers of the fixed hardware, 32-bit addresses */
  put_u32 (out, PWR_BUTTON | SLP_BUTTON | HW_REDUCED_ACPI);
  put_zeroes (out, TO_ARM_BOOT_ARCH); /* RESET_REG, RESET_VALUE */
  put_u16 (out, fadt->arm_boot_arch);
  put_u8 (out, fadt->minor);
  put_u64 (out, 0); /* no FACS */
  acpi_put_table_address (t, fadt->dsdt);
  put_zeroes (out, TO_HYPERVISOR); /* the same registers by 64-bit addresses */
  put_text (out, "Vitrine", 8, 0);
  acpi_end_table (t);
}

void
acpi_add_mcfg (AcpiTables *t, uint64_t ecam, uint64_t ecam_size)
{
  GByteArray *out = acpi_begin_table (t, "MCFG", 1);

  put_u64 (out, 0);
  put_u64 (out, ecam);
  put_u16 (out, 0); /* segment */
  put_u8 (out, 0);
  put_u8 (out, (uint8_t)((ecam_size >> 20) - 1));
  put_u32 (out, 0);
  acpi_end_table (t);
}

void
acpi_add_spcr (AcpiTables *t, const AcpiConsole *console)
{
  enum { BAUD_115200 = 7, NO_PCI_ID = 0xffff, PATH_AT = 88 };
  GByteArray *out = acpi_begin_table (t, "SPCR", 4);
  const uint16_t path_size = (uint16_t)(strlen (console->path) + 1);

  put_u8 (out, console->type);
  put_zeroes (out, 3);
  acpi_put_memory_address (out, 32, console->base);
  put_u8 (out, console->interrupt_type);
  put_u8 (out, 0); /* of a PC's controllers */
  put_u32 (out, console->gsi);
  put_u8 (out, BAUD_115200);
  put_u8 (out, 0); /* no parity */
  put_u8 (out, 1); /* stop bit */
  put_u8 (out, 0); /* no flow control */
  put_u8 (out, 0); /* VT100 */
  put_u8 (out, 0);
  put_u16 (out, NO_PCI_ID);
  put_u16 (out, NO_PCI_ID);
  put_zeroes (out, 8); /* where on PCI, and what flags */
  put_u32 (out, 0);    /* a clock that nobody says */
  put_u32 (out, 0);    /* and no baud rate but the one above */
  put_u16 (out, path_size);
  put_u16 (out, PATH_AT);
  put_text (out, console->path, path_size, 0);
  acpi_end_table (t);
}

void
acpi_add_dbg2 (AcpiTables *t, const AcpiConsole *console)
{
  enum { DEVICES_AT = 44, ADDRESS_AT = 22, SIZE_AT = 34, PATH_AT = 38, SERIAL = 0x8000 };
  GByteArray *out = acpi_begin_table (t, "DBG2", 0);
  const uint16_t path_size = (uint16_t)(strlen (console->path) + 1);

  put_u32 (out, DEVICES_AT);
  put_u32 (out, 1);
  /* The device. */
  put_u8 (out, 0);
  put_u16 (out, (uint16_t)(PATH_AT + path_size));
  put_u8 (out, 1); /* register space */
  put_u16 (out, path_size);
  put_u16 (out, PATH_AT);
  put_u32 (out, 0); /* no data of the OEM */
  put_u16 (out, SERIAL);
  put_u16 (out, console->type);
  put_u16 (out, 0);
  put_u16 (out, ADDRESS_AT);
  put_u16 (out, SIZE_AT);
  acpi_put_memory_address (out, 32, console->base);
  put_u32 (out, console->size);
  put_text (out, console->path, path_size, 0);
  acpi_end_table (t);
}

enum {
  PPTT_PACKAGE = 1 << 0,
  PPTT_ID_VALID = 1 << 1,
  PPTT_THREAD = 1 << 2,
  PPTT_LEAF = 1 << 3,
};

/* A node, whose place in the table others name as their parent. */
static uint32_t
put_node (AcpiTables *t, uint32_t flags, uint32_t parent, uint32_t id)
{
  enum { PROCESSOR_HIERARCHY = 0, SIZE = 20 };
  const uint32_t at = t->tables->len - t->start;

  put_u8 (t->tables, PROCESSOR_HIERARCHY);
  put_u8 (t->tables, SIZE);
  put_u16 (t->tables, 0);
  put_u32 (t->tables, flags);
  put_u32 (t->tables, parent);
  put_u32 (t->tables, id);
  put_u32 (t->tables, 0); /* no caches are said */
  return at;
}

void
acpi_add_pptt (AcpiTables *t, unsigned cpus, unsigned cores, unsigned threads)
{
  uint32_t package = 0, core = 0;

  acpi_begin_table (t, "PPTT", 2);
  for (unsigned cpu = 0; cpu < cpus; cpu++) {
    if (cpu % (cores * threads) == 0)
      package = put_node (t, PPTT_PACKAGE, 0, cpu / (cores * threads));
    if (threads == 1)
      put_node (t, PPTT_ID_VALID | PPTT_LEAF, package, cpu);
    else {
      if (cpu % threads == 0)
        core = put_node (t, 0, package, cpu / threads);
      put_node (t, PPTT_ID_VALID | PPTT_THREAD | PPTT_LEAF, core, cpu);
    }
  }
  acpi_end_table (t);
}
