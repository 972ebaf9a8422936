/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The rings and registers of a virtio device, by a driver made of the input's bytes: each byte is a command,
 * which takes its operands from the bytes after it. */

#include "guest.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define AREA GUEST_RAM /* the rings, where the input writes */
#define RING 0x1000    /* bytes for each */

typedef struct {
  const uint8_t *at, *end;
} Input;

static uint64_t
take (Input *input, unsigned bytes)
{
  uint64_t value = 0;
  for (unsigned i = 0; i < bytes && input->at < input->end; i++)
    value |= (uint64_t)*input->at++ << 8 * i;
  return value;
}

static void
nothing (void *opaque)
{
}

/* Waits for the handlers, so that an input does the same each time. */
static void
settle (Guest *guest)
{
  iothread_run_sync (virtqueue_iothread (guest->echo->echo), nothing, NULL);
}

static void
access_space (Guest *guest, Input *input, uint64_t base, bool write)
{
  const uint64_t offset = take (input, 2);
  const unsigned size = 1u << (offset >> 14);
  uint64_t value;
  if (write)
    memory_write (guest->map, base + (offset & 0x3fff & -(uint64_t)size), size, take (input, size));
  else
    memory_read (guest->map, base + (offset & 0x3fff & -(uint64_t)size), size, &value);
}

static void
write_ram (Guest *guest, Input *input)
{
  const uint64_t offset = take (input, 2) & 0x3fff;
  const size_t wanted = take (input, 1);
  const size_t n = MIN (wanted, (size_t)(input->end - input->at));
  memcpy (guest_host (guest, AREA + offset), input->at, n);
  input->at += n;
}

static void
save_and_restore (Guest *guest)
{
  device_quiesce (guest->dev);
  g_autoptr (GVariant) state = device_save (guest->dev);
  device_reset (guest->dev);
  g_autoptr (GError) error = NULL;
  device_load (guest->dev, state, &error);
  device_resume (guest->dev);
}

static void
set_queue (Guest *guest, Input *input)
{
  const unsigned queue = (unsigned)take (input, 1) % 4;
  const uint64_t base = AREA + queue * RING;
  guest_set_queue (guest, queue, (unsigned)take (input, 2), base, base + 0x800, base + 0xc00);
}

static void
run_command (Guest *guest, Input *input)
{
  const uint64_t function = guest_function (guest);
  switch (take (input, 1) % 13) {
    case 0: access_space (guest, input, guest_registers (guest), true); break;
    case 1: access_space (guest, input, guest_registers (guest), false); break;
    case 2: write_ram (guest, input); break;
    case 3: guest_notify (guest, (unsigned)take (input, 1) % 4); break;
    case 4: echo_release (guest->echo); break;
    case 5: echo_feed (guest->echo, "0123456789abcdef", (uint32_t)take (input, 1) % 17); break;
    case 6: set_queue (guest, input); break;
    case 7: guest_begin (guest, guest_form ((unsigned)take (input, 1))); break;
    case 8: guest_driver_ok (guest); break;
    case 9: access_space (guest, input, function != 0 ? function : guest_registers (guest), true); break;
    case 10: save_and_restore (guest); break;
    case 11: guest_reset_queue (guest, (unsigned)take (input, 1) % 4); break;
    default: settle (guest); break;
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static Guest guests[TRANSPORT_COUNT];
  Input input = { data, data + size };
  const Transport transport = (Transport)(take (&input, 1) % TRANSPORT_COUNT);
  Guest *guest = &guests[transport];
  if (guest->map == NULL)
    guest_open (guest, transport, "packed=on");
  guest_restart (guest);
  memset (guest_host (guest, AREA), 0, 4 * RING);
  while (input.at < input.end) {
    run_command (guest, &input);
    /* The command may have taken the BARs away, which the driver's functions go through. */
    uint64_t value;
    if (memory_read (guest->map, guest_registers (guest), 4, &value) != MEMORY_OK)
      guest_restart (guest);
  }
  settle (guest);
  guest_restart (guest);
  return 0;
}
