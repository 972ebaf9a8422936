/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What gdb is told of an ISA, and its registers as the protocol has them: by their number in the ISA's table.
 */

#include "cpu.h"
#include "gdb-packet.h"

/* The description for qXfer:features; `osabi` may be NULL. */
char *gdb_target_xml (const GuestIsa *isa, const char *osabi);
void gdb_append_register (GString *out, const Cpu *cpu, unsigned number);
/* False if the text is no value of that register. */
bool gdb_parse_register (const char **text, Cpu *cpu, unsigned number);
/* Appends the part of `data` that a qXfer or vFile request for offset and length gets. True if there is more.
 */
bool gdb_append_part (GString *out, const char *data, size_t size, uint64_t offset, uint64_t length);
