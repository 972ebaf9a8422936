/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* ACPI's tables (ACPI 6.5, 5.2) for firmware that finds them in fw_cfg, as QEMU's: the tables in
 * "etc/acpi/tables", what points to them in "etc/acpi/rsdp", and in "etc/table-loader" the commands by which
 * firmware allocates both, makes offsets in them addresses, and sums them up. */

#include "fw-cfg.h"

typedef struct {
  GByteArray *tables;
  GByteArray *commands;
  GArray *listed; /* guint32: where the tables are that the XSDT lists */
  guint start;    /* of the table that is begun */
} AcpiTables;

AcpiTables *acpi_tables_new (void);
void acpi_tables_free (AcpiTables *t);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AcpiTables, acpi_tables_free)

/* The table's header; what is in the table goes to the array that is returned. */
GByteArray *acpi_begin_table (AcpiTables *t, const char *signature, uint8_t revision);
/* The XSDT lists it, unless it is a DSDT. Where it is. */
guint32 acpi_end_table (AcpiTables *t);
/* In the table that is begun: eight bytes, the address of the table at `offset`. */
void acpi_put_table_address (AcpiTables *t, guint32 offset);
/* XSDT and RSDP, and the files. */
bool acpi_tables_finish (AcpiTables *t, FwCfg *fw, GError **error);

/* A Generic Address Structure: registers of `bits` bits in memory. */
void acpi_put_memory_address (GByteArray *out, unsigned bits, uint64_t address);
