/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* gdb's remote protocol as bytes: frames, checksums, escapes, hexadecimal.  Knows nothing of guests. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Longest packet taken, as qSupported tells gdb. */
#define GDB_PACKET_MAX 16384u

/* What a byte from gdb completes. */
typedef enum {
  GDB_IN_NOTHING,
  GDB_IN_PACKET,    /* data[0..size) of the reader, followed by a NUL */
  GDB_IN_INTERRUPT, /* Ctrl-C, outside of packets */
  GDB_IN_DAMAGED,   /* a packet with a wrong checksum */
  GDB_IN_TOO_LONG,  /* a packet beyond GDB_PACKET_MAX, which is lost */
  GDB_IN_REPEAT,    /* gdb could not read our last packet */
} GdbIn;

typedef struct {
  enum { GDB_BETWEEN, GDB_DATA, GDB_ESCAPED, GDB_SUM_HIGH, GDB_SUM_LOW } state;
  uint8_t sum;
  int claimed; /* first digit of the packet's checksum; -1 if it was none */
  bool too_long;
  size_t size;
  char data[GDB_PACKET_MAX + 1];
} GdbReader;

GdbIn gdb_reader_byte (GdbReader *r, uint8_t byte);

/* Appends `data` as a packet: escaped, framed, with its checksum. */
void gdb_frame (GString *out, const void *data, size_t size);

/* Reads a hexadecimal number at *text and moves behind it.  False if there is none or it needs more than 64
 * bits. */
bool gdb_parse_hex (const char **text, uint64_t *ret);
/* The same, then the character `end`. */
bool gdb_parse_hex_end (const char **text, char end, uint64_t *ret);
/* Reads exactly 2 * size digits into bytes; more may follow. */
bool gdb_parse_bytes (const char **text, void *out, size_t size);
/* Reads digits up to `end` (or the end of text) as a string: newly allocated, or NULL. */
char *gdb_parse_string (const char **text, char end);
void gdb_append_hex (GString *out, const void *bytes, size_t size);
