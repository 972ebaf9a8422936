/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What is shown and typed at, for tests/bench/app: a program without an operating system that has a screen of
 * 1920×1080 pixels (virtio-gpu) and a keyboard (virtio-input), sleeps, and does what keys say:
 *
 *   f   ten seconds of 60 pictures a second, all of whose pixels change: in two corners, red counts them,
 *       green is what is left to 255, blue is 85; then it sleeps
 *   g   the same, gently: five seconds of 10 pictures a second
 *   b   a cursor blinks twice a second (as from the start), or stops doing so
 *   any other: a square in the middle changes to the next of two colours, at once
 */

#include "bare.h"

enum { WIDTH = 1920, HEIGHT = 1080, PIXELS = WIDTH * HEIGHT, SQUARE = 128, CORNER = 32 };
enum { TICKS = 10000000, BLINK = TICKS / 4 }; /* of the clock: a second, half a blink */
enum { COLOUR_BACK = 0x204060, COLOUR_CURSOR = 0xc0c0c0, COLOUR_ONE = 0x00ff00, COLOUR_TWO = 0xff0000 };
enum { KEY_B = 48, KEY_F = 33, KEY_G = 34, KEYS = 256, EVENT_KEY = 1 };

/* ---- virtio by PCI ---- */

enum { RING = 64 };
typedef struct {
  uint64_t addr;
  uint32_t len;
  uint16_t flags, next;
} Descriptor;
typedef struct {
  Descriptor descriptors[RING];
  uint16_t available_flags, available_index, available[RING], no_event;
  uint16_t used_flags __attribute__ ((aligned (4096))), used_index;
  struct {
    uint32_t id, len;
  } used[RING];
} __attribute__ ((aligned (4096))) Ring;
typedef struct {
  uint64_t common, isr, notify;
  uint16_t seen;
  volatile Ring *ring;
} Device;

static uint64_t next_bar = PCI_MEM;

static void
assign_bars (uint64_t config, uint64_t bars[6])
{
  for (unsigned i = 0; i < 6; i++) {
    const uint64_t at = config + 16 + 4 * i;
    store32 (at, ~0u);
    const uint32_t mask = (uint32_t)load32 (at);
    bars[i] = 0;
    if (mask == 0 || mask & 1)
      continue;
    const uint64_t size = ~(mask & ~15u) + UINT64_C (1);
    next_bar = (next_bar + (size & 0xffffffff) - 1) & ~((size & 0xffffffff) - 1);
    bars[i] = next_bar;
    next_bar += size & 0xffffffff;
    store32 (at, bars[i]);
    if ((mask & 6) == 4) {
      store32 (at + 4, 0);
      bars[++i] = 0;
    }
  }
  store16 (config + 4, 6); /* memory, bus master */
}

static void
open_device (Device *device, uint64_t config, volatile Ring *ring)
{
  uint64_t bars[6];
  assign_bars (config, bars);
  for (uint64_t cap = load8 (config + 0x34); cap; cap = load8 (config + cap + 1)) {
    const uint64_t at = bars[load8 (config + cap + 4) % 6] + load32 (config + cap + 8);
    if (load8 (config + cap) != 9)
      continue;
    switch (load8 (config + cap + 3)) {
      case 1: device->common = at; break;
      case 2: device->notify = at; break;
      case 3: device->isr = at; break;
      default: break;
    }
  }
  CHECK (device->common && device->notify && device->isr);
  const uint64_t c = device->common;
  store8 (c + 20, 0);
  store8 (c + 20, 3);
  store32 (c + 8, 1);
  store32 (c + 12, 1); /* VIRTIO_F_VERSION_1 */
  store32 (c + 8, 0);
  store32 (c + 12, 0);
  store8 (c + 20, 11);
  store16 (c + 22, 0);
  store16 (c + 24, RING);
  device->ring = ring;
  store64 (c + 32, (uint64_t)ring->descriptors);
  store64 (c + 40, (uint64_t)&ring->available_flags);
  store64 (c + 48, (uint64_t)&ring->used_flags);
  store16 (c + 28, 1);
  store8 (c + 20, 15);
}

static void
offer (Device *device, uint16_t id)
{
  volatile Ring *r = device->ring;
  r->available[r->available_index % RING] = id;
  __asm__ volatile ("fence" ::: "memory");
  r->available_index++;
  __asm__ volatile ("fence" ::: "memory");
}

/* ---- The screen ---- */

static volatile Ring gpu_ring;
static Device gpu = { .ring = NULL };
static uint32_t pixels[PIXELS] __attribute__ ((aligned (4096)));

enum {
  GPU_CREATE = 0x101,
  GPU_SCANOUT = 0x103,
  GPU_FLUSH = 0x104,
  GPU_TRANSFER = 0x105,
  GPU_ATTACH = 0x106,
  GPU_OK = 0x1100,
  GPU_BGRX = 2,
};
/* All of the commands used have this form: 24 bytes of header, then numbers. */
typedef struct {
  uint32_t type, flags;
  uint64_t fence;
  uint32_t context, ring, body[10];
} GpuCommand;

static void
gpu_do (const GpuCommand *command, uint32_t size)
{
  static volatile GpuCommand request, answer;
  request = *command;
  answer.type = 0;
  volatile Ring *r = gpu.ring;
  r->descriptors[0] = (Descriptor){ (uint64_t)&request, size, 1, 1 };
  r->descriptors[1] = (Descriptor){ (uint64_t)&answer, 24, 2, 0 };
  r->available_flags = 1; /* no interrupt: it is waited for here */
  offer (&gpu, 0);
  store16 (gpu.notify, 0);
  while (r->used_index == gpu.seen)
    ;
  gpu.seen++;
  __asm__ volatile ("fence" ::: "memory");
  CHECK_EQUAL (answer.type, GPU_OK);
}

static void
show (uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
  const uint32_t offset = 4 * (y * WIDTH + x);
  gpu_do (&(GpuCommand){ .type = GPU_TRANSFER, .body = { x, y, width, height, offset, 0, 1, 0 } }, 56);
  gpu_do (&(GpuCommand){ .type = GPU_FLUSH, .body = { x, y, width, height, 1, 0 } }, 48);
}

static void
fill (uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint32_t colour)
{
  const uint64_t two = (uint64_t)colour << 32 | colour;
  for (uint32_t row = y; row < y + height; row++) {
    uint64_t *at = (uint64_t *)(void *)&pixels[row * WIDTH + x], *end = at + width / 2;
    for (; at < end; at += 8) {
      at[0] = two, at[1] = two, at[2] = two, at[3] = two;
      at[4] = two, at[5] = two, at[6] = two, at[7] = two;
    }
  }
  show (x, y, width, height);
}

static void
open_screen (void)
{
  const uint64_t at = (uint64_t)pixels;
  gpu_do (&(GpuCommand){ .type = GPU_CREATE, .body = { 1, GPU_BGRX, WIDTH, HEIGHT } }, 40);
  gpu_do (&(GpuCommand){ .type = GPU_ATTACH,
                         .body = { 1, 1, (uint32_t)at, (uint32_t)(at >> 32), 4 * PIXELS, 0 } },
          48);
  gpu_do (&(GpuCommand){ .type = GPU_SCANOUT, .body = { 0, 0, WIDTH, HEIGHT, 0, 1 } }, 48);
  fill (0, 0, WIDTH, HEIGHT, COLOUR_BACK);
}

/* All of the screen: pixels that no two neighbours or pictures have in common, and the colour in its corners.
 */
static void
paint (uint32_t colour)
{
  static uint64_t value;
  uint64_t *at = (uint64_t *)(void *)pixels, *end = at + PIXELS / 2;
  for (; at < end; at += 4) {
    value += 0x9e3779b97f4a7c15;
    at[0] = value, at[1] = value << 7, at[2] = value >> 5, at[3] = ~value;
  }
  const uint64_t two = (uint64_t)colour << 32 | colour;
  for (unsigned y = 0; y < CORNER; y++) {
    uint64_t *first = (uint64_t *)(void *)&pixels[y * WIDTH];
    uint64_t *last = (uint64_t *)(void *)&pixels[(HEIGHT - y) * WIDTH];
    for (unsigned x = 0; x < CORNER / 2; x++)
      first[x] = *--last = two;
  }
  show (0, 0, WIDTH, HEIGHT);
}

/* ---- The keyboard ---- */

typedef struct {
  uint16_t type, code;
  uint32_t value;
} Event;
static volatile Ring input_rings[2];
static Device inputs[2];
static unsigned n_inputs;
static volatile Event events[2][RING];

static void
open_input (uint64_t config)
{
  Device *device = &inputs[n_inputs];
  open_device (device, config, &input_rings[n_inputs]);
  for (uint16_t i = 0; i < RING; i++) {
    device->ring->descriptors[i] = (Descriptor){ (uint64_t)&events[n_inputs][i], sizeof (Event), 2, 0 };
    offer (device, i);
  }
  store16 (device->notify, 0);
  n_inputs++;
}

/* A key that has been pressed since the last call, or 0. */
static unsigned
next_key (void)
{
  for (unsigned i = 0; i < n_inputs; i++) {
    Device *device = &inputs[i];
    while (device->ring->used_index != device->seen) {
      __asm__ volatile ("fence" ::: "memory");
      const uint16_t id = (uint16_t)device->ring->used[device->seen++ % RING].id;
      const Event event = events[i][id % RING];
      offer (device, id % RING);
      store16 (device->notify, 0);
      if (event.type == EVENT_KEY && event.value == 1 && event.code < KEYS)
        return event.code;
    }
  }
  return 0;
}

/* ---- Time and sleep ---- */

static uint64_t
now (void)
{
  return load64 (CLINT + 0xbff8);
}

/* Until then, or until a device has news; its interrupt wakes without being taken. (The screen's says that
 * its viewer would like another size.) */
static void
sleep_until (uint64_t then)
{
  store64 (CLINT + 0x4000, then);
  __asm__ volatile ("wfi");
  load8 (gpu.isr);
  for (unsigned i = 0; i < n_inputs; i++)
    load8 (inputs[i].isr);
  const uint32_t source = (uint32_t)load32 (PLIC + 0x200004);
  if (source)
    store32 (PLIC + 0x200004, source);
}

static void
open_interrupts (void)
{
  for (unsigned source = 32; source < 36; source++)
    store32 (PLIC + 4 * source, 1);
  store32 (PLIC + 0x2000 + 4, 15);
  store32 (PLIC + 0x200000, 0);
  csr_set (mie, 1 << 7 | 1 << 11); /* timer, external */
}

/* ---- What it does ---- */

static void
run_frames (uint32_t frames, uint32_t rate)
{
  const uint64_t begun = now ();
  for (uint32_t n = 1; n <= frames; n++) {
    const uint32_t red = n & 255;
    paint (red << 16 | (255 - red) << 8 | 85);
    const uint64_t due = begun + (uint64_t)n * TICKS / rate;
    while (now () < due)
      sleep_until (due);
  }
  fill (0, 0, WIDTH, HEIGHT, COLOUR_BACK);
}

static void
open_devices (void)
{
  for (uint64_t slot = 0; slot < 32; slot++) {
    const uint64_t config = ECAM + slot * 0x8000;
    const uint32_t id = (uint32_t)load32 (config);
    if (id == 0x10501af4 && !gpu.ring)
      open_device (&gpu, config, &gpu_ring);
    else if (id == 0x10521af4 && n_inputs < 2)
      open_input (config);
  }
  CHECK (gpu.ring != NULL);
  CHECK (n_inputs > 0);
}

void
test_main (void)
{
  bool blinks = true, cursor = false, echo = false;
  open_devices ();
  open_interrupts ();
  open_screen ();
  put_string ("ready\n");
  for (uint64_t due = now ();;) {
    const unsigned key = next_key ();
    if (key == KEY_F) {
      run_frames (600, 60);
    } else if (key == KEY_G) {
      run_frames (50, 10);
    } else if (key == KEY_B) {
      blinks = !blinks;
    } else if (key) {
      echo = !echo;
      fill (WIDTH / 2 - SQUARE / 2, HEIGHT / 2 - SQUARE / 2, SQUARE, SQUARE, echo ? COLOUR_ONE : COLOUR_TWO);
    } else if (blinks && now () >= due) {
      cursor = !cursor;
      fill (64, 64, 16, 32, cursor ? COLOUR_CURSOR : COLOUR_BACK);
      due = now () + BLINK;
    } else {
      sleep_until (blinks ? due : ~UINT64_C (0));
    }
  }
}
