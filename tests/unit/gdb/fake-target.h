/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A target that does nothing but note what the server wants of it. */

#include "gdb-server.h"

#define FAKE_MEMORY    0x10000u /* where its memory begins */
#define FAKE_SIZE      0x2000u  /* two pages; everything else cannot be had */
#define FAKE_READ_ONLY 0x1800u  /* from this offset on */

/* Its registers by number. */
enum { FAKE_R0, FAKE_R1, FAKE_PC, FAKE_SMALL, FAKE_CONTROL, FAKE_N_REGISTERS };

typedef struct {
  GdbThread gdb;
  Cpu cpu;
  uint64_t registers[FAKE_N_REGISTERS];
  unsigned moved;  /* how often */
  unsigned signal; /* what it went on with last */
} FakeThread;

typedef struct {
  GdbServer server;
  FakeThread **threads;
  unsigned n_threads;
  GString *out;    /* all bytes to gdb that have not been taken */
  unsigned pieces; /* accesses of memory */
  GString *line;   /* the last of `monitor` */
  GdbThread *self; /* whose memory functions are called */
  uint8_t memory[FAKE_SIZE];
} Fake;

/* With ids 1 to n. */
Fake *fake_new (unsigned n_threads);
void fake_free (Fake *f);
/* Bytes from gdb; what the last of them asks for. */
GdbNext fake_bytes (Fake *f, const void *data, size_t size);
/* A packet from gdb, acknowledged. */
GdbNext fake_packet (Fake *f, const void *data, size_t size);
/* Takes a packet that went to gdb: its data, or NULL if there is none. */
GString *fake_take (Fake *f);
/* Checks the answer to a command. */
void fake_expect (Fake *f, const char *command, const char *answer);
