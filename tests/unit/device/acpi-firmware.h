/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What firmware does with ACPI's files in fw_cfg, for tests: it runs the loader's commands on memory of its
 * own, whose addresses begin at ACPI_FIRMWARE_BASE and 4 KiB before. */

#include "fw-cfg.h"

#define ACPI_FIRMWARE_BASE UINT64_C (0x123450000)

typedef struct {
  GByteArray *rsdp, *tables;
} AcpiFirmware;

/* Every command and every checksum is looked at. */
AcpiFirmware *acpi_firmware_run (FwCfg *fw);
void acpi_firmware_free (AcpiFirmware *f);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AcpiFirmware, acpi_firmware_free)

/* A table as an operating system finds it, from the RSDP on (the DSDT through the FADT), or NULL. */
const uint8_t *acpi_firmware_find (const AcpiFirmware *f, const char *signature, uint32_t *ret_length);
/* Signatures the XSDT lists, in its order, each with a blank behind it. */
char *acpi_firmware_list (const AcpiFirmware *f);

uint64_t acpi_number (const uint8_t *at, unsigned size);

/* Every table goes through ACPICA's disassembler, and what that wrote through its compiler: no error, no
 * warning, and the same bytes. FALSE when the program is not there. */
bool acpi_firmware_check (const AcpiFirmware *f);
