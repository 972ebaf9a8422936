/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* ACPI Machine Language (ACPI 6.5, chapter 20), written in order.
 *
 * What has a length is begun and ended; operators come before their operands, as AML has them:
 *
 *   aml_begin_method (w, "_EVT", 1, true);
 *   aml_op (w, AML_STORE), aml_int (w, 8), aml_local (w, 0);       // Local0 = 8
 *   aml_begin_if (w), aml_op (w, AML_EQUAL), aml_arg (w, 0), aml_local (w, 0);
 *   aml_op (w, AML_NOTIFY), aml_path (w, "\\_SB.PWRB"), aml_int (w, 0x80);
 *   aml_end (w);
 *   aml_end (w);
 *
 * Names are ASL's: up to four characters, with dots, '\' and '^' where a path may stand. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define AML_DEPTH 16

typedef struct {
  GByteArray *out;
  struct {
    guint start; /* of what the length counts */
    uint8_t kind;
  } open[AML_DEPTH];
  unsigned depth;
} AmlWriter;

/* Appends to `out`, which stays the caller's. */
void aml_init (AmlWriter *w, GByteArray *out);
void aml_end (AmlWriter *w);

void aml_begin_scope (AmlWriter *w, const char *path);
void aml_begin_device (AmlWriter *w, const char *name);
void aml_begin_method (AmlWriter *w, const char *name, unsigned args, bool serialized);
/* Of `count` elements. */
void aml_begin_package (AmlWriter *w, unsigned count);
/* The condition comes first. */
void aml_begin_if (AmlWriter *w);
void aml_begin_else (AmlWriter *w); /* right after the If was ended */
/* Its bytes go to `out`. */
void aml_begin_buffer (AmlWriter *w);
/* A ResourceTemplate: acpi-resource.h writes what is in it. */
void aml_begin_resources (AmlWriter *w);
/* Fields of `region`, accessed in units of 32 bits that are written as they are. */
void aml_begin_field (AmlWriter *w, const char *region);
void aml_field (AmlWriter *w, const char *name, unsigned bits);
void aml_field_gap (AmlWriter *w, unsigned bits);

/* Name (NAME, …): the object follows; or it is a number, a text, the id of a device ("PNP0A08"). */
void aml_name (AmlWriter *w, const char *name);
void aml_name_int (AmlWriter *w, const char *name, uint64_t value);
void aml_name_string (AmlWriter *w, const char *name, const char *text);
void aml_name_eisaid (AmlWriter *w, const char *name, const char *id);
/* Of system memory. */
void aml_memory_region (AmlWriter *w, const char *name, uint64_t base, uint64_t size);
/* CreateDWordField of the buffer in Arg<n>. */
void aml_dword_field_of_arg (AmlWriter *w, unsigned n, unsigned offset, const char *name);

/* Objects and operands. */
void aml_int (AmlWriter *w, uint64_t value);
void aml_string (AmlWriter *w, const char *text);
void aml_eisaid (AmlWriter *w, const char *id);
void aml_uuid (AmlWriter *w, const char *uuid); /* ToUUID */
void aml_path (AmlWriter *w, const char *path);
void aml_arg (AmlWriter *w, unsigned n);
void aml_local (AmlWriter *w, unsigned n);

/* Operators, and how many operands follow. */
typedef enum {
  AML_STORE = 0x70, /* value, target */
  AML_AND = 0x7b,   /* two values, target */
  AML_OR = 0x7d,    /* two values, target */
  AML_NOTIFY = 0x86,
  AML_NOT = 0x92,
  AML_EQUAL = 0x93,
  AML_RETURN = 0xa4,
} AmlOp;
void aml_op (AmlWriter *w, AmlOp op);
