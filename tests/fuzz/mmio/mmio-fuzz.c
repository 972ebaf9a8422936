/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mmio-fuzz.h"

/* Each step is a byte that says what to do, then for an access a byte for the region, three for the offset,
 * and for a write up to eight for the value. Missing bytes are 0. */

#define SAVES_MAX 16 /* of one input: they cost far more time than accesses */

typedef struct {
  const uint8_t *data;
  size_t size;
} Input;

/* A region, and the bank it belongs to, if any. */
typedef struct {
  MemoryRegion *region;
  const RegisterBank *bank;
} Target;

static uint64_t
take (Input *input, unsigned bytes)
{
  uint64_t value = 0;
  for (unsigned i = 0; i < bytes && input->size != 0; i++, input->data++, input->size--)
    value |= (uint64_t)*input->data << 8 * i;
  return value;
}

static void
collect_targets (Device *dev, GArray *targets)
{
  for (guint i = 0; i < dev->banks->len; i++) {
    const RegisterBank *bank = dev->banks->pdata[i];
    Target target = { device_bank_region (dev, bank->name), bank };
    g_array_append_val (targets, target);
  }
  for (guint i = 0; i < dev->children->len; i++)
    collect_targets (dev->children->pdata[i], targets);
}

/* The raw number reaches all of a small region; in a large one with few registers it chooses one of these. */
static uint64_t
choose_offset (const Target *target, uint64_t raw)
{
  unsigned n = 0;
  if (target->bank == NULL || !(raw & 0x800000))
    return raw % (target->region->size + 8);
  while (target->bank->regs[n].name != NULL)
    n++;
  if (n == 0)
    return raw % target->region->size;
  const Register *reg = &target->bank->regs[(raw & 0xff) % n];
  uint64_t index = (raw >> 8 & 0x7fff) % MAX (reg->count, 1);
  return reg->offset + index * (reg->stride == 0 ? reg->size : reg->stride);
}

static void
step_access (const GArray *targets, Input *input, bool write, unsigned size)
{
  if (targets->len == 0)
    return;
  const Target *target = &g_array_index (targets, Target, take (input, 1) % targets->len);
  uint64_t addr = target->region->base + choose_offset (target, take (input, 3)), value;
  if (write)
    memory_write (target->region->map, addr, size, take (input, size));
  else
    memory_read (target->region->map, addr, size, &value);
}

static void
step_save (Device *dev, GVariant **state, bool load)
{
  device_quiesce (dev);
  if (load && *state != NULL) {
    g_autoptr (GError) error = NULL;
    if (!device_load (dev, *state, &error))
      g_error ("a state that was just saved is refused: %s", error->message);
  } else {
    g_clear_pointer (state, g_variant_unref);
    *state = device_save (dev);
  }
  device_resume (dev);
}

static void
run_steps (Device *dev, const GArray *targets, Input input)
{
  g_autoptr (GVariant) state = NULL;
  unsigned saves = 0;
  while (input.size != 0) {
    unsigned step = (unsigned)take (&input, 1);
    unsigned size = 1u << (step >> 4 & 3);
    switch (step & 15) {
      case 13: device_reset (dev); break;
      case 14:
      case 15:
        if (saves++ < SAVES_MAX)
          step_save (dev, &state, step & 1);
        break;
      default: step_access (targets, &input, step & 1, size);
    }
  }
}

void
mmio_fuzz_run (Device *dev, MemoryRegion *const *extra, unsigned n_extra, const uint8_t *data, size_t size)
{
  g_autoptr (GArray) targets = g_array_new (FALSE, FALSE, sizeof (Target));
  g_autoptr (GPtrArray) mapped = g_ptr_array_new ();
  collect_targets (dev, targets);
  for (unsigned i = 0; i < n_extra; i++) {
    Target target = { extra[i], NULL };
    g_array_append_val (targets, target);
  }
  MemoryMap *map = memory_map_new (64);
  for (guint i = 0; i < targets->len; i++) {
    MemoryRegion *region = g_array_index (targets, Target, i).region;
    if (region->map != NULL)
      continue;
    memory_region_map (map, region, (uint64_t)(i + 1) << 48);
    g_ptr_array_add (mapped, region);
  }
  run_steps (dev, targets, (Input){ data, size });
  for (guint i = 0; i < mapped->len; i++)
    memory_region_unmap (mapped->pdata[i]);
  memory_map_free (map);
}
