/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Well-behaved drivers: everything they give comes back, and they are told, whatever the ring's form. */

#include "guest.h"

#include <string.h>

typedef struct {
  Segment segments[24];
  unsigned n_out, n_in;
  uint32_t expected;
} Request;

static uint64_t
fill_segment (Guest *guest, uint64_t arena, Segment *segment, uint32_t size)
{
  *segment = (Segment){ arena, size };
  for (uint32_t i = 0; i < size; i++)
    guest_host (guest, arena)[i] = (uint8_t)g_test_rand_int ();
  return arena + size;
}

static void
make_request (Guest *guest, Request *request, uint64_t arena)
{
  uint32_t out = 0, in = 0;
  request->n_out = (unsigned)g_test_rand_int_range (0, 8);
  request->n_in = (unsigned)g_test_rand_int_range (request->n_out == 0, 8);
  for (unsigned i = 0; i < request->n_out + request->n_in; i++) {
    const uint32_t size = (uint32_t)g_test_rand_int_range (1, i & 1 ? 16 : 200);
    arena = fill_segment (guest, arena, &request->segments[i], size);
    *(i < request->n_out ? &out : &in) += size;
  }
  request->expected = MIN (out, in);
}

/* The bytes of the request's readable or writable segments. */
static void
gather (Guest *guest, const Request *request, bool in, uint8_t *bytes)
{
  const unsigned first = in ? request->n_out : 0, n = in ? request->n_in : request->n_out;
  for (unsigned i = first; i < first + n; i++) {
    memcpy (bytes, guest_host (guest, request->segments[i].addr), request->segments[i].size);
    bytes += request->segments[i].size;
  }
}

static void
check_request (Guest *guest, const Request *request, uint32_t written)
{
  uint8_t out[8 * 200], in[8 * 200];
  g_assert_cmpuint (written, ==, request->expected);
  gather (guest, request, false, out);
  gather (guest, request, true, in);
  g_assert_cmpmem (out, written, in, written);
}

typedef struct {
  Transport transport;
  RingForm form;
} Case;

static void
test_random (gconstpointer data)
{
  const Case *what = data;
  Guest guest;
  Ring ring;
  guest_open (&guest, what->transport, "packed=on");
  g_assert_true (guest_begin (&guest, what->form));
  /* Packed rings may have any size. */
  ring_open (&ring, &guest, 0, what->form.packed ? 51 : 64, what->form);
  guest_driver_ok (&guest);
  g_autofree Request *requests = g_new (Request, ring.size);
  g_autoptr (GPtrArray) idle = g_ptr_array_new ();
  const uint64_t arenas = guest_alloc (&guest, 4096 * ring.size, 16);
  for (unsigned i = 0; i < ring.size; i++)
    g_ptr_array_add (idle, &requests[i]);
  unsigned added = 0, done = 0;
  while (done < 3000) {
    Request *request = idle->len != 0 ? idle->pdata[idle->len - 1] : NULL;
    if (request != NULL && added < 3000 && g_test_rand_int_range (0, 8) != 0) {
      make_request (&guest, request, arenas + 4096 * (uint64_t)(request - requests));
      if (ring_add (&ring, request->segments, request->n_out, request->n_in, request)) {
        g_ptr_array_set_size (idle, (int)idle->len - 1);
        added++;
        continue;
      }
    }
    if (added == done)
      continue;
    ring_kick (&ring);
    uint32_t written;
    request = ring_await (&ring, &written);
    do {
      check_request (&guest, request, written);
      g_ptr_array_add (idle, request);
      done++;
    } while ((request = ring_get (&ring, &written)) != NULL);
  }
  g_assert_cmphex (guest_status (&guest), ==, 15);
  g_assert_cmpuint (guest.config_interrupts, ==, 0);
  ring_close (&ring);
  guest_close (&guest);
}

/* Fed by the host: has_room, elements over several buffers, and a kick when there was too little room. */
static void
test_feed (gconstpointer data)
{
  const Case *what = data;
  Guest guest;
  Ring ring;
  guest_open (&guest, what->transport, "packed=on");
  guest_begin (&guest, what->form);
  ring_open (&ring, &guest, 2, 16, what->form);
  const uint64_t arena = guest_alloc (&guest, 16 * 100, 16);
  uint8_t bytes[350];
  for (unsigned i = 0; i < sizeof bytes; i++)
    bytes[i] = (uint8_t)i;
  g_assert_false (echo_feed (guest.echo, bytes, 1)); /* not running */
  guest_driver_ok (&guest);
  for (unsigned round = 0; round < 20; round++) {
    static char cookie;
    const Segment two[2] = { { arena, 30 }, { arena + 1000, 70 } };
    for (unsigned i = 0; i < 3; i++)
      g_assert_true (ring_add (&ring, two, 0, 2, &cookie));
    g_assert_true (virtqueue_has_room (guest.echo->feed, 300));
    g_assert_false (virtqueue_has_room (guest.echo->feed, 301));
    g_assert_false (echo_feed (guest.echo, bytes, 350));
    g_assert_true (ring_add (&ring, two, 0, 2, &cookie));
    VirtqElement *e = virtqueue_pop (guest.echo->feed, sizeof *e);
    g_assert_nonnull (e);
    virtqueue_unpop (guest.echo->feed, e);
    virtqueue_element_free (e);
    g_assert_true (echo_feed (guest.echo, bytes, 350));
    for (unsigned i = 0; i < 4; i++) {
      uint32_t written;
      g_assert_true (ring_await (&ring, &written) == &cookie);
      g_assert_cmpuint (written, ==, i < 3 ? 100 : 50);
    }
    g_assert_null (virtqueue_pop (guest.echo->feed, sizeof *e));
  }
  ring_close (&ring);
  guest_close (&guest);
}

/* Buffers over the seam of two RAM blocks and an indirect table over it, too. */
static void
test_split_memory (void)
{
  Guest guest;
  Ring ring;
  g_autoptr (GError) error = NULL;
  guest_open (&guest, TRANSPORT_MMIO, NULL);
  RamBlock *more = ram_block_new ("more", 1 << 20, &error);
  MemoryRegion region = { .name = "more", .kind = MEMORY_RAM, .size = 1 << 20, .ram = more };
  const uint64_t seam = GUEST_RAM + GUEST_SIZE;
  memory_region_map (guest.map, &region, seam);
  guest_begin (&guest, guest_form (4));
  ring_open (&ring, &guest, 0, 8, guest_form (4));
  guest_driver_ok (&guest);
  ring.indirect_tables = seam - 24; /* the second descriptor straddles */
  const Segment segments[] = { { seam - 100, 200 }, { seam + 500, 200 } };
  uint8_t bytes[200];
  for (unsigned i = 0; i < 200; i++)
    bytes[i] = (uint8_t)(i * 7);
  const struct {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
  } table[2] = { { seam - 300, 200, 1, 1 }, { seam + 500, 200, 2, 0 } };
  g_assert_cmpint (memory_dma_write (guest.map, seam - 300, bytes, 200), ==, MEMORY_OK);
  /* A request whose table the test writes itself, since the driver's memory ends at the seam. */
  ring.form.indirect = false;
  g_assert_cmpint (memory_dma_write (guest.map, ring.indirect_tables, table, sizeof table), ==, MEMORY_OK);
  ring_add (&ring, segments, 1, 0, &ring);
  struct {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
  } *desc = (void *)guest_host (&guest, ring.desc);
  desc->addr = ring.indirect_tables;
  desc->len = 32;
  desc->flags = 4;
  ring_kick (&ring);
  uint32_t written;
  g_assert_true (ring_await (&ring, &written) == &ring);
  g_assert_cmpuint (written, ==, 200);
  g_assert_cmpmem (more->host + 500, 200, bytes, 200);
  ring_close (&ring);
  memory_region_unmap (&region);
  guest_close (&guest);
  ram_block_free (more);
}

/* What the device writes is known to dirty logs: data and rings, and no more than that. */
static void
test_dirty (gconstpointer data)
{
  const Case *what = data;
  Guest guest;
  Ring ring;
  guest_open (&guest, what->transport, "packed=on");
  guest_begin (&guest, what->form);
  ring_open (&ring, &guest, 0, 16, what->form);
  guest_driver_ok (&guest);
  const uint64_t out = guest_alloc (&guest, 4096, 4096), in = guest_alloc (&guest, 3 * 4096, 4096);
  const Segment segments[] = { { out, 4096 }, { in, 4096 + 4096 + 4096 } };
  ram_log_start (guest.ram);
  ram_clean (guest.ram, 0, guest.ram->size, NULL);
  ring_add (&ring, segments, 1, 1, &ring);
  ring_kick (&ring);
  uint32_t written;
  g_assert_true (ring_await (&ring, &written) == &ring);
  g_assert_cmpuint (written, ==, 4096);
  g_assert_cmpuint (ram_clean (guest.ram, out - GUEST_RAM, 4096, NULL), ==, 0);
  g_assert_cmpuint (ram_clean (guest.ram, in - GUEST_RAM, 4096, NULL), ==, 1);
  g_assert_cmpuint (ram_clean (guest.ram, in + 4096 - GUEST_RAM, 8192, NULL), ==, 0);
  g_assert_cmpuint (ram_clean (guest.ram, (what->form.packed ? ring.desc : ring.device) - GUEST_RAM, 1, NULL),
                    ==, 1);
  ram_log_stop (guest.ram);
  ring_close (&ring);
  guest_close (&guest);
}

/* How fast rings are: printed, not judged. */
static void
test_speed (gconstpointer data)
{
  const Case *what = data;
  Guest guest;
  Ring ring;
  guest_open (&guest, what->transport, "packed=on");
  guest_begin (&guest, what->form);
  ring_open (&ring, &guest, 2, 64, what->form);
  guest_driver_ok (&guest);
  const uint64_t arena = guest_alloc (&guest, 4096, 16);
  const Segment segments[] = { { arena, 64 }, { arena + 64, 1500 } };
  gint64 device_time = 0;
  const unsigned rounds = 2000, batch = 16;
  for (unsigned round = 0; round < rounds; round++) {
    for (unsigned i = 0; i < batch; i++)
      g_assert_true (ring_add (&ring, segments, 1, 1, &ring));
    const gint64 start = g_get_monotonic_time ();
    for (unsigned i = 0; i < batch; i++) {
      VirtqElement *e = virtqueue_pop (guest.echo->feed, sizeof *e);
      virtqueue_push (guest.echo->feed, e, 1500);
      virtqueue_element_free (e);
    }
    device_time += g_get_monotonic_time () - start;
    uint32_t written;
    for (unsigned i = 0; i < batch; i++)
      g_assert_nonnull (ring_get (&ring, &written));
  }
  g_test_message ("pop, push and free of two segments: %.0f ns",
                  (double)device_time * 1000 / (rounds * batch));
  ring_close (&ring);
  guest_close (&guest);
}

/* One request at a time through the I/O thread. */
static void
test_latency (gconstpointer data)
{
  const Case *what = data;
  Guest guest;
  Ring ring;
  guest_open (&guest, what->transport, "packed=on");
  guest_begin (&guest, what->form);
  ring_open (&ring, &guest, 0, 64, what->form);
  guest_driver_ok (&guest);
  const Segment segments[] = { { GUEST_RAM + 0x100000, 64 }, { GUEST_RAM + 0x101000, 64 } };
  const gint64 start = g_get_monotonic_time ();
  const unsigned rounds = 500;
  for (unsigned i = 0; i < rounds; i++) {
    uint32_t written;
    g_assert_true (ring_add (&ring, segments, 1, 1, &ring));
    ring_kick (&ring);
    g_assert_true (ring_await (&ring, &written) == &ring);
  }
  g_test_message ("kick, handler and interrupt: %.1f us", (double)(g_get_monotonic_time () - start) / rounds);
  ring_close (&ring);
  guest_close (&guest);
}

static void
add_cases (const char *name, GTestDataFunc test, unsigned transports)
{
  static const char *const transport_names[] = { "mmio", "pci", "pci-intx" };
  for (unsigned t = 0; t < transports; t++)
    for (unsigned n = 0; n < FORM_COUNT; n++) {
      Case *what = g_new (Case, 1);
      *what = (Case){ t, guest_form (n) };
      g_autofree char *path = g_strdup_printf (
          "/virtio/ring/%s/%s/%s%s%s", name, transport_names[t], what->form.packed ? "packed" : "split",
          what->form.event_idx ? "-event" : "", what->form.indirect ? "-indirect" : "");
      g_test_add_data_func_full (path, what, test, g_free);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_cases ("random", test_random, TRANSPORT_COUNT);
  add_cases ("feed", test_feed, 1);
  add_cases ("dirty", test_dirty, 1);
  add_cases ("speed", test_speed, 1);
  add_cases ("latency", test_latency, 2);
  g_test_add_func ("/virtio/ring/split-memory", test_split_memory);
  return g_test_run ();
}
