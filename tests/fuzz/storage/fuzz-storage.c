/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Requests of a hostile driver to virtio-blk or virtio-scsi (FUZZ_SCSI): any header, any layout.
 *
 * The input: a byte for the ring's form, then requests.  A request: one byte (bits 0-1: readable descriptors,
 * 2-3: writable ones, 4: to the control queue, 5: the machine stops and goes on after it, 6: the driver
 * resets the device), one for the size of what comes next, bytes for the beginning of the request's memory,
 * and for each descriptor its place there in 16-byte units and its size as two bytes.  The first descriptor
 * is at the beginning of the memory in any case. */

#include "storage-guest.h"
#include "virtio-blk.h"
#include "virtio-scsi.h"

#include <glib/gstdio.h>
#include <linux/virtio_blk.h>
#include <stdlib.h>
#include <string.h>

#ifndef FUZZ_SCSI
#define FUZZ_SCSI 0
#endif
#define DISK      (UINT64_C (64) << 10)
#define AREA_SIZE (128u << 10)

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct {
  const uint8_t *at, *end;
} Input;

static Guest guest;
static Drive *drives[2];

static unsigned
take (Input *input)
{
  return input->at < input->end ? *input->at++ : 0;
}

/* Once for all inputs. */
static void
forget_drives (void)
{
  storage_close (&guest);
  for (unsigned i = 0; i < 2; i++)
    if (drives[i] != NULL)
      storage_drive_free (drives[i]);
}

static void
plug (const char *class_name, const char *props)
{
  g_autoptr (GError) error = NULL;
  Device *dev = device_new (device_class_find (class_name), props);
  storage_set_props (dev, props, &error);
  virtio_scsi_attach (guest.dev, dev, &error);
  g_assert_no_error (error);
}

static void
open_once (void)
{
  static bool done;
  if (done)
    return;
  done = true;
  drives[0] = storage_drive ("d0", DISK, ",discard=unmap");
  if (FUZZ_SCSI) {
    drives[1] = storage_drive ("d1", DISK, ",media=cdrom");
    virtio_scsi_register ();
    storage_open (&guest, "virtio-scsi-device", "");
    plug ("scsi-hd", "drive=d0,serial=1");
    plug ("scsi-cd", "drive=d1");
  } else {
    virtio_blk_register ();
    storage_open (&guest, "virtio-blk-device", "drive=d0");
  }
  atexit (forget_drives);
}

static void
add_request (Input *input, unsigned what, Ring *ring, uint64_t area)
{
  Segment segments[6];
  const unsigned n_out = what & 3, n_in = what >> 2 & 3;
  const unsigned n = take (input);
  for (unsigned i = 0; i < n; i++)
    guest_host (&guest, area)[i] = (uint8_t)take (input);
  for (unsigned i = 0; i < n_out + n_in; i++) {
    const unsigned place = i == 0 ? 0 : take (input);
    const unsigned low = take (input);
    segments[i] = (Segment){ area + 16 * place, low | take (input) << 8 };
  }
  if (n_out + n_in != 0 && ring_add (ring, segments, n_out, n_in, &guest))
    ring_kick (ring);
}

static void
begin (Ring rings[2], RingForm form, uint64_t *ret_area)
{
  guest.next_free = GUEST_RAM;
  const uint64_t features =
      FUZZ_SCSI ? 0 : 1 << VIRTIO_BLK_F_FLUSH | 1 << VIRTIO_BLK_F_DISCARD | 1 << VIRTIO_BLK_F_WRITE_ZEROES;
  g_assert_true (storage_begin (&guest, form, features));
  ring_open (&rings[0], &guest, FUZZ_SCSI ? 2 : 0, 16, form);
  if (FUZZ_SCSI)
    ring_open (&rings[1], &guest, 0, 16, form);
  *ret_area = guest_alloc (&guest, AREA_SIZE, 4096);
  guest_driver_ok (&guest);
}

static void
end (Ring rings[2])
{
  guest_set_status (&guest, 0);
  ring_close (&rings[0]);
  if (FUZZ_SCSI)
    ring_close (&rings[1]);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Input input = { data, data + size };
  Ring rings[2];
  uint64_t area;
  open_once ();
  const RingForm form = guest_form (take (&input) % FORM_COUNT);
  begin (rings, form, &area);
  while (input.at < input.end) {
    const unsigned what = take (&input);
    add_request (&input, what, &rings[FUZZ_SCSI && what & 16], area);
    if (what & 32) {
      device_quiesce (guest.dev);
      device_resume (guest.dev);
    }
    if (what & 64) {
      end (rings);
      begin (rings, form, &area);
    }
  }
  /* What was taken is carried out before the reset returns. */
  device_quiesce (guest.dev);
  device_resume (guest.dev);
  end (rings);
  return 0;
}
