/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A guest without a CPU: memory, a transport with the echo device on it, and a driver that goes through
 * registers and rings as a real one does. */

#include "echo.h"
#include "pci.h"

#define GUEST_RAM  UINT64_C (0x80000000)
#define GUEST_SIZE (UINT64_C (32) << 20)

typedef enum { TRANSPORT_MMIO, TRANSPORT_PCI, TRANSPORT_PCI_INTX, TRANSPORT_COUNT } Transport;

typedef struct {
  Transport transport;
  MemoryMap *map;
  RamBlock *ram;
  MemoryRegion ram_region, doorbell;
  PciBus *bus;
  PciHost *host;
  Device *dev; /* the wrapper or the slot */
  Echo *echo;
  uint64_t next_free;                   /* guest memory */
  uint64_t common, isr, config, notify; /* addresses of the structures (PCI) */
  unsigned msix_cap, cfg_cap;
  /* Interrupts. */
  GMutex lock;
  GCond cond;
  bool level;
  unsigned interrupts; /* of queues, seen and acknowledged */
  unsigned config_interrupts;
} Guest;

typedef struct {
  bool packed, event_idx, indirect;
} RingForm;

#define FORM_COUNT 8
RingForm guest_form (unsigned n);

/* With the device realized and reset; props as in -device, or NULL. */
void guest_open (Guest *guest, Transport transport, const char *props);
/* As after a reset of the machine, with the function's BARs and vectors set up anew. */
void guest_restart (Guest *guest);
void guest_close (Guest *guest);

uint64_t guest_alloc (Guest *guest, uint64_t size, uint64_t align);
uint8_t *guest_host (Guest *guest, uint64_t addr);
uint64_t guest_read (Guest *guest, uint64_t addr, unsigned size);
void guest_write (Guest *guest, uint64_t addr, unsigned size, uint64_t value);

/* Where the transport's registers begin, and the function's configuration space (0: none). */
uint64_t guest_registers (Guest *guest);
uint64_t guest_function (Guest *guest);

/* The transport's registers. */
uint8_t guest_status (Guest *guest);
void guest_set_status (Guest *guest, uint8_t status);
uint64_t guest_features (Guest *guest);
void guest_set_features (Guest *guest, uint64_t features);
uint32_t guest_config (Guest *guest, unsigned offset, unsigned size);
void guest_set_config (Guest *guest, unsigned offset, unsigned size, uint32_t value);
unsigned guest_queue_max (Guest *guest, unsigned queue);
void guest_set_queue (Guest *guest, unsigned queue, unsigned size, uint64_t desc, uint64_t driver,
                      uint64_t device);
bool guest_queue_enabled (Guest *guest, unsigned queue);
void guest_reset_queue (Guest *guest, unsigned queue);
void guest_notify (Guest *guest, unsigned queue);
/* Reset, acknowledge, features; not yet DRIVER_OK. True if the device took them. */
bool guest_begin (Guest *guest, RingForm form);
void guest_driver_ok (Guest *guest);
/* Waits until more than `seen` queue interrupts came; the number, or fails the test after some seconds. */
unsigned guest_wait (Guest *guest, unsigned seen);
unsigned guest_interrupts (Guest *guest);

/* A driver's ring. */
typedef struct {
  Guest *guest;
  unsigned queue, size;
  RingForm form;
  uint64_t desc, driver, device;
  uint64_t indirect_tables; /* one of RING_INDIRECT descriptors per id */
  unsigned n_free;
  uint16_t free_head; /* split: descriptors; packed: ids */
  uint16_t *next_free;
  uint16_t *n_descs;          /* by id */
  void **cookies;             /* by id */
  uint16_t avail, told, used; /* split: counters; packed: places */
  bool avail_wrap, used_wrap;
  unsigned added; /* since the last kick */
} Ring;
#define RING_INDIRECT 32

typedef struct {
  uint64_t addr;
  uint32_t size;
} Segment;

void ring_open (Ring *ring, Guest *guest, unsigned queue, unsigned size, RingForm form);
void ring_close (Ring *ring);
/* False: no room. */
bool ring_add (Ring *ring, const Segment *segments, unsigned n_out, unsigned n_in, void *cookie);
/* Notifies the device if it wants to know. */
void ring_kick (Ring *ring);
/* The next one the device gave back, or NULL. */
void *ring_get (Ring *ring, uint32_t *ret_written);
/* Asks for an interrupt for the next buffer; true if there is one already. */
bool ring_arm (Ring *ring);
/* The same, waiting for it. */
void *ring_await (Ring *ring, uint32_t *ret_written);
