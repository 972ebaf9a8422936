/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "acpi-resource.h"
#include "acpi-bytes.h"

void
acpi_memory32_fixed (AmlWriter *w, uint32_t base, uint32_t size)
{
  enum { MEMORY32_FIXED = 0x86, READ_WRITE = 1 };

  put_u8 (w->out, MEMORY32_FIXED);
  put_u16 (w->out, 9);
  put_u8 (w->out, READ_WRITE);
  put_u32 (w->out, base);
  put_u32 (w->out, size);
}

void
acpi_interrupt (AmlWriter *w, uint32_t gsi, AcpiIrqFlags flags)
{
  enum { EXTENDED_INTERRUPT = 0x89, CONSUMER = 1 };

  put_u8 (w->out, EXTENDED_INTERRUPT);
  put_u16 (w->out, 6);
  put_u8 (w->out, (uint8_t)(CONSUMER | flags));
  put_u8 (w->out, 1);
  put_u32 (w->out, gsi);
}

enum { CONSUMER = 1 << 0, MIN_FIXED = 1 << 2, MAX_FIXED = 1 << 3 };

/* A Word, DWord or QWord Address Space Descriptor, after the addresses. */
static void
put_address_space (AmlWriter *w, AcpiRangeKind kind, uint8_t flags, uint64_t base, uint64_t size,
                   uint64_t offset)
{
  enum { WORD = 0x88, DWORD = 0x87, QWORD = 0x8a };
  /* Memory is read and written, not cached; all ports are passed on. */
  static const uint8_t specific[] = { [ACPI_RANGE_MEMORY] = 1, [ACPI_RANGE_IO] = 3, [ACPI_RANGE_BUS] = 0 };
  const uint64_t first = base - offset, last = first + size - 1;
  unsigned bytes = (last | offset) <= UINT16_MAX && size <= UINT16_MAX   ? 2
                   : (last | offset) <= UINT32_MAX && size <= UINT32_MAX ? 4
                                                                         : 8;

  if (kind == ACPI_RANGE_MEMORY)
    bytes = MAX (bytes, 4); /* of memory there is no Word form in use */
  put_u8 (w->out, bytes == 2 ? WORD : bytes == 4 ? DWORD : QWORD);
  put_u16 (w->out, (uint16_t)(3 + 5 * bytes));
  put_u8 (w->out, (uint8_t)kind);
  put_u8 (w->out, flags);
  put_u8 (w->out, specific[kind]);
  put_le (w->out, 0, bytes);
  put_le (w->out, first, bytes);
  put_le (w->out, last, bytes);
  put_le (w->out, offset, bytes);
  put_le (w->out, size, bytes);
}

void
acpi_range (AmlWriter *w, AcpiRangeKind kind, uint64_t base, uint64_t size, uint64_t offset)
{
  put_address_space (w, kind, MIN_FIXED | MAX_FIXED, base, size, offset);
}

void
acpi_memory_fixed (AmlWriter *w, uint64_t base, uint64_t size)
{
  put_address_space (w, ACPI_RANGE_MEMORY, CONSUMER | MIN_FIXED | MAX_FIXED, base, size, 0);
}
