/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A guest's driver for virtio-net without a guest: memory, split rings, and the device without a bus around
 * it. The back end is a stream whose other end the test has. */

#include "net.h"
#include "virtio-net-private.h"

#define DRIVER_RAM  UINT64_C (0x80000000)
#define DRIVER_SIZE (UINT64_C (16) << 20)

typedef struct {
  unsigned index, size;
  uint64_t desc, avail, used;
  uint16_t added, seen, kicked;
  bool event_idx;
  unsigned kicks;
} DriverRing;

typedef struct {
  MemoryMap *map;
  RamBlock *ram;
  MemoryRegion region;
  uint64_t next_free;
  NetBackend *net;
  int peer;
  VirtioNet *n;
  gint queue_interrupts, config_interrupts;
  DriverRing rings[2 * VIRTIO_NET_PAIRS_MAX + 1];
} Driver;

extern const VirtioTransport driver_transport;
/* The device with its properties ("mq=off queues=2", or ""), on a network; `options` NULL: a stream to
 * `peer`. */
Driver *driver_new (const char *props, const char *options);
void driver_free (Driver *driver);
/* Initialises the device with these features (of those offered) and opens `n_queues` rings. False if it
 * refuses. */
bool driver_start (Driver *driver, uint64_t features, unsigned n_queues, unsigned ring_size);
void driver_reset (Driver *driver);
uint64_t driver_offered (Driver *driver);

uint64_t driver_alloc (Driver *driver, size_t size);
uint8_t *driver_host (Driver *driver, uint64_t addr);
/* Makes a chain available: readable parts, then writable ones, each of `size` bytes at `addr`. Kicks if that
 * is wanted. */
typedef struct {
  uint64_t addr;
  uint32_t size;
} DriverPart;
void driver_add (Driver *driver, unsigned queue, const DriverPart *parts, unsigned n_out, unsigned n_in);
/* Waits for the next used chain: its first part's address; false after `ms`. */
bool driver_get (Driver *driver, unsigned queue, unsigned ms, uint64_t *ret_addr, uint32_t *ret_written);
/* A command with its answer; -1 when none came. */
int driver_command (Driver *driver, unsigned queue, uint8_t class, uint8_t command, const void *data,
                    size_t size);
/* Sends header and frame in one chain of parts, and waits until they are used. */
void driver_send (Driver *driver, const void *hdr, const void *frame, size_t size);
/* Adds `n` receive buffers of `size` bytes. */
void driver_add_rx (Driver *driver, unsigned queue, unsigned n, uint32_t size);
/* Receives a frame of perhaps several buffers; its size with the header, or 0 after `ms`. */
size_t driver_receive (Driver *driver, unsigned queue, uint8_t *frame, unsigned ms);

/* The other end of the stream. */
void peer_send (Driver *driver, const void *frame, size_t size);
/* 0 after `ms`. */
size_t peer_receive (Driver *driver, uint8_t *frame, unsigned ms);
