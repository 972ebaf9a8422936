/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "smbios.h"

/* What -smbios says. */
typedef struct {
  GHashTable *values;     /* "1.serial" -> text */
  GPtrArray *oem_strings; /* type=11,value= */
  unsigned types;         /* bit n: type n was named */
} SmbiosOptions;

void smbios_options_init (SmbiosOptions *o);
void smbios_options_clear (SmbiosOptions *o);
bool smbios_options_read (SmbiosOptions *o, const GPtrArray *options, GError **error);
const char *smbios_option (const SmbiosOptions *o, unsigned type, const char *key, const char *initial);
/* A number that was checked when it was read. */
uint64_t smbios_option_number (const SmbiosOptions *o, unsigned type, const char *key, uint64_t initial);
/* "4.11"; FALSE for anything else. */
bool smbios_release (const char *text, uint64_t release[2]);
/* 16 bytes in SMBIOS's order, of a text that was checked; zeroes of NULL. */
void smbios_uuid (const char *text, uint8_t bytes[16]);
