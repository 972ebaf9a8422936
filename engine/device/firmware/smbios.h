/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* SMBIOS 3 (DMTF's DSP0134) for firmware that finds the structures in fw_cfg, as QEMU's:
 * "etc/smbios/smbios-tables", and their entry point "etc/smbios/smbios-anchor". */

#include "fw-cfg.h"

typedef struct {
  const char *product; /* "Vitrine Virtual Machine" */
  const char *version; /* of it: the board's name */
  const char *uuid;    /* of the machine, or NULL */
  unsigned sockets, cores /* of a socket */, threads /* of a core */;
  uint16_t processor_family; /* SMBIOS_FAMILY_… */
  uint64_t processor_id;     /* as the family has it */
  uint64_t ram_base, ram_size;
} SmbiosConfig;
enum { SMBIOS_FAMILY_ARMV8 = 0x101, SMBIOS_FAMILY_RV64 = 0x201 };

/* `options`: char *, what -smbios says: "type=1,serial=…"; NULL or none: nothing. What is said later counts.
 */
bool smbios_add (FwCfg *fw, const SmbiosConfig *config, const GPtrArray *options, GError **error);
