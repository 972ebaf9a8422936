/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample-device.h"

#include <gio/gio.h>

static uint64_t
counter_read (Device *dev, unsigned index, uint64_t stored)
{
  return ((Sample *)dev)->counter;
}

static void
counter_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  ((Sample *)dev)->counter = written;
}

static void
note_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Sample *sample = (Sample *)dev;
  sample->n_writes++;
  sample->written = written;
  sample->old = old;
}

static uint64_t
level_read (Device *dev, unsigned index, uint64_t stored)
{
  Sample *sample = (Sample *)dev;
  return sample->level == 0 ? 0 : sample->fifo[--sample->level];
}

static void
level_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Sample *sample = (Sample *)dev;
  if (sample->level < sizeof sample->fifo)
    sample->fifo[sample->level++] = (uint8_t)written;
}

static const Register sample_registers[] = {
  { .name = "control",
    .offset = 0,
    .size = 4,
    REGISTER_AT (Sample, control),
    .reset = 0x10,
    .writable = 0x71,
    .write = note_write },
  { .name = "status",
    .offset = 4,
    .size = 4,
    REGISTER_AT (Sample, status),
    .reset = 3,
    .writable = 0xff00,
    .w1c = 0xff },
  { .name = "event", .offset = 8, .size = 4, REGISTER_AT (Sample, event), .read_clear = 0xffff },
  { .name = "ident", .offset = 12, .size = 4, REGISTER_AT (Sample, ident), .reset = 0x12345678 },
  { .name = "bytes",
    .offset = 16,
    .size = 1,
    .count = 4,
    .stride = 1,
    REGISTER_AT (Sample, bytes),
    .reset = 7,
    .writable = 0xff },
  { .name = "half", .offset = 20, .size = 2, REGISTER_AT (Sample, half), .writable = 0x7fff },
  { .name = "wide",
    .offset = 24,
    .size = 8,
    REGISTER_AT (Sample, wide),
    .reset = UINT64_MAX,
    .writable = UINT64_C (0xffffffff0000ffff) },
  { .name = "counter", .offset = 32, .size = 8, .read = counter_read, .write = counter_write },
  { .name = "fifo", .offset = 40, .size = 4, .read = level_read, .write = level_write },
  { .name = "channel_a",
    .offset = 64,
    .size = 4,
    .count = 4,
    .stride = 16,
    REGISTER_AT (Sample, channel_a),
    .writable = 0xffff },
  { .name = "channel_b",
    .offset = 68,
    .size = 4,
    .count = 4,
    .stride = 16,
    REGISTER_AT (Sample, channel_b),
    .reset = 1,
    .writable = 0xff0,
    .w1c = 1 },
  { 0 },
};

const RegisterBank sample_bank = {
  .name = "main",
  .size = 0x100,
  .min_access = 1,
  .max_access = 8,
  .narrow_parts = true,
  .wide_halves = true,
  .regs = sample_registers,
};

static const Register other_registers[] = {
  { .name = "kept",
    .offset = 0,
    .size = 4,
    REGISTER_AT (Sample, kept),
    .reset = 99,
    .writable = UINT32_MAX,
    .no_reset = true },
  { .name = "counter", .offset = 8, .size = 8, .read = counter_read, .write = counter_write },
  { 0 },
};

const RegisterBank sample_other_bank = {
  .name = "other",
  .size = 0x20,
  .min_access = 4,
  .max_access = 4,
  .wide_halves = true,
  .regs = other_registers,
};

static const DeviceProp base_props[] = {
  { "on", DEVICE_PROP_BOOL, offsetof (Sample, on), .initial = 1 },
  { "ports", DEVICE_PROP_UINT32, offsetof (Sample, ports), .initial = 2, .max = 31 },
  { NULL },
};

static const DeviceSave base_saved[] = {
  { "flag", DEVICE_SAVE_BOOL, offsetof (Sample, flag) },
  { NULL },
};

const DeviceClass sample_base_class = {
  .name = "sample-base",
  .category = "Misc devices",
  .size = sizeof (Sample),
  .props = base_props,
  .saved = base_saved,
};

static const DeviceProp sample_props[] = {
  { "frequency", DEVICE_PROP_UINT64, offsetof (Sample, frequency), .initial = 1000 },
  { "memory", DEVICE_PROP_SIZE, offsetof (Sample, memory), .initial = 4096, .max = UINT64_C (1) << 40 },
  { "label", DEVICE_PROP_STRING, offsetof (Sample, label) },
  { "drive", DEVICE_PROP_BACKEND, offsetof (Sample, backend) },
  { "mac", DEVICE_PROP_MAC, offsetof (Sample, mac) },
  { NULL },
};

static const DeviceSave sample_saved[] = {
  { "flags", DEVICE_SAVE_BOOL, offsetof (Sample, flags), 3 },
  { "level", DEVICE_SAVE_U8, offsetof (Sample, level), .max = 16 },
  { "fifo", DEVICE_SAVE_U8, offsetof (Sample, fifo), 16 },
  { "word", DEVICE_SAVE_U16, offsetof (Sample, word) },
  { "index", DEVICE_SAVE_U32, offsetof (Sample, index), .max = 4 },
  { "table", DEVICE_SAVE_U32, offsetof (Sample, table), 5, .max = 1000 },
  { "big", DEVICE_SAVE_U64, offsetof (Sample, big) },
  { "timer", DEVICE_SAVE_TIMER, offsetof (Sample, timer) },
  { "timers", DEVICE_SAVE_TIMER, offsetof (Sample, timers), 2 },
  { NULL },
};

static void
expired (void *opaque)
{
  Sample *sample = opaque;
  g_rec_mutex_lock (&sample->dev.lock);
  sample->flag = true;
  g_rec_mutex_unlock (&sample->dev.lock);
}

static void
sample_init (Device *dev)
{
  device_add_bank (dev, &sample_bank);
  device_add_bank (dev, &sample_other_bank);
}

static bool
sample_realize (Device *dev, GError **error)
{
  Sample *sample = (Sample *)dev;
  if (sample->fail_realize) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "told to fail");
    return false;
  }
  if (sample->clock == NULL)
    return true;
  sample->timer = clock_timer_new (sample->clock, expired, sample);
  for (unsigned i = 0; i < 2; i++)
    sample->timers[i] = clock_timer_new (sample->clock, expired, sample);
  return true;
}

static void
sample_unrealize (Device *dev)
{
  Sample *sample = (Sample *)dev;
  sample->n_unrealized++;
  clock_timer_free (sample->timer);
  for (unsigned i = 0; i < 2; i++)
    clock_timer_free (sample->timers[i]);
  sample->timer = sample->timers[0] = sample->timers[1] = NULL;
}

static void
sample_reset (Device *dev)
{
  Sample *sample = (Sample *)dev;
  sample->n_reset++;
  sample->level = 0;
  sample->index = 0;
  sample->counter = 0;
}

static void
sample_save (Device *dev, GVariantBuilder *state)
{
  g_variant_builder_add (state, "{sv}", "counter", g_variant_new_uint64 (((Sample *)dev)->counter));
}

static bool
sample_load (Device *dev, GVariant *state, GError **error)
{
  if (g_variant_lookup (state, "counter", "t", &((Sample *)dev)->counter))
    return true;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "no counter");
  return false;
}

static bool
sample_loaded (Device *dev, GError **error)
{
  ((Sample *)dev)->n_loaded++;
  return true;
}

const DeviceClass sample_class = {
  .name = "sample",
  .category = "Misc devices",
  .size = sizeof (Sample),
  .props = sample_props,
  .saved = sample_saved,
  .base = &sample_base_class,
  .init = sample_init,
  .realize = sample_realize,
  .unrealize = sample_unrealize,
  .reset = sample_reset,
  .save = sample_save,
  .load = sample_load,
  .loaded = sample_loaded,
};

Sample *
sample_new (const char *path, Clock *clock)
{
  Sample *sample = (Sample *)device_new (&sample_class, path);
  sample->clock = clock;
  if (!device_realize (&sample->dev, NULL))
    g_assert_not_reached ();
  return sample;
}
