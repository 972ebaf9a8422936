/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "device-test.h"

#include <string.h>

static unsigned
count_of (const Register *reg)
{
  return MAX (reg->count, 1);
}

static uint64_t
offset_of (const Register *reg, unsigned index)
{
  return reg->offset + (uint64_t)index * (reg->stride == 0 ? reg->size : reg->stride);
}

static uint64_t
mask_of (unsigned size)
{
  return size >= 8 ? ~UINT64_C (0) : (UINT64_C (1) << 8 * size) - 1;
}

static void *
element_of (Device *dev, const Register *reg, unsigned index)
{
  return (uint8_t *)dev + reg->member + (size_t)index * reg->size;
}

static uint64_t
peek (Device *dev, const Register *reg, unsigned index)
{
  const void *p = element_of (dev, reg, index);
  switch (reg->size) {
    case 1: return *(const uint8_t *)p;
    case 2: return *(const uint16_t *)p;
    case 4: return *(const uint32_t *)p;
    default: return *(const uint64_t *)p;
  }
}

static void
poke (Device *dev, const Register *reg, unsigned index, uint64_t value)
{
  void *p = element_of (dev, reg, index);
  switch (reg->size) {
    case 1: *(uint8_t *)p = (uint8_t)value; break;
    case 2: *(uint16_t *)p = (uint16_t)value; break;
    case 4: *(uint32_t *)p = (uint32_t)value; break;
    default: *(uint64_t *)p = value; break;
  }
}

static void
expect (Device *dev, const RegisterBank *bank, const Register *reg, unsigned index, const char *what,
        uint64_t got, uint64_t expected)
{
  if (got != expected)
    g_error ("%s: %s.%s[%u]: %s is 0x%" G_GINT64_MODIFIER "x, not 0x%" G_GINT64_MODIFIER "x", dev->path,
             bank->name, reg->name, index, what, got, expected);
}

/* The size with which the bus takes the register, whole or in halves; 0: neither. */
static unsigned
access_size (const RegisterBank *bank, const Register *reg)
{
  unsigned max = bank->max_access == 0 ? 8 : bank->max_access;
  if (reg->size <= max)
    return reg->size >= bank->min_access ? reg->size : 0;
  return bank->wide_halves && reg->size == 8 && max == 4 ? 4 : 0;
}

static uint64_t
bank_read (Device *dev, const RegisterBank *bank, const Register *reg, unsigned index, unsigned step)
{
  uint64_t value = 0;
  for (unsigned i = 0; i < reg->size; i += step)
    value |= register_bank_read (dev, bank, offset_of (reg, index) + i, step) << 8 * i;
  return value;
}

static void
bank_write (Device *dev, const RegisterBank *bank, const Register *reg, unsigned index, unsigned step,
            uint64_t value)
{
  for (unsigned i = 0; i < reg->size; i += step)
    register_bank_write (dev, bank, offset_of (reg, index) + i, step, value >> 8 * i & mask_of (step));
}

static void
test_write (Device *dev, const RegisterBank *bank, const Register *reg, unsigned index, unsigned step)
{
  static const uint64_t patterns[] = { 0, ~UINT64_C (0), UINT64_C (0x5555555555555555),
                                       UINT64_C (0xaaaaaaaaaaaaaaaa) };
  for (unsigned i = 0; i < 2 * G_N_ELEMENTS (patterns); i++) {
    uint64_t value = patterns[i / 2] & mask_of (reg->size);
    if (reg->write != NULL) {
      bank_write (dev, bank, reg, index, step, value);
      continue;
    }
    /* Only bits that the guest or the device changes are brought into both states. */
    uint64_t changing = reg->writable | reg->w1c | reg->read_clear;
    uint64_t old = (peek (dev, reg, index) & ~changing) | (i & 1 ? changing : 0);
    poke (dev, reg, index, old);
    bank_write (dev, bank, reg, index, step, value);
    uint64_t expected = ((old & ~reg->writable) | (value & reg->writable)) & ~(value & reg->w1c);
    expect (dev, bank, reg, index, "what a write left", peek (dev, reg, index), expected);
  }
}

static void
test_read (Device *dev, const RegisterBank *bank, const Register *reg, unsigned index, unsigned step)
{
  if (reg->read != NULL || reg->write != NULL) {
    bank_read (dev, bank, reg, index, step);
    return;
  }
  uint64_t old = peek (dev, reg, index) | reg->read_clear;
  poke (dev, reg, index, old);
  expect (dev, bank, reg, index, "what was read", bank_read (dev, bank, reg, index, step), old);
  expect (dev, bank, reg, index, "what reading left", peek (dev, reg, index), old & ~reg->read_clear);
}

static void
test_bank (Device *dev, const RegisterBank *bank)
{
  for (const Register *reg = bank->regs; reg->name != NULL; reg++) {
    unsigned step = access_size (bank, reg);
    for (unsigned i = 0; i < count_of (reg) && reg->stored && step != 0; i++) {
      if (i == 16 && count_of (reg) > 32)
        i = count_of (reg) - 16; /* the first and the last of many */
      g_rec_mutex_lock (&dev->lock);
      test_write (dev, bank, reg, i, step);
      test_read (dev, bank, reg, i, step);
      g_rec_mutex_unlock (&dev->lock);
    }
  }
}

static void
test_reset (Device *dev, const RegisterBank *bank)
{
  for (const Register *reg = bank->regs; reg->name != NULL; reg++)
    for (unsigned i = 0; i < count_of (reg) && reg->stored && !reg->no_reset; i++)
      expect (dev, bank, reg, i, "the reset value", peek (dev, reg, i), reg->reset);
}

void
device_test_registers (Device *dev)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  device_reset (dev);
  for (guint i = 0; i < dev->banks->len; i++)
    test_reset (dev, dev->banks->pdata[i]);
  for (guint i = 0; i < dev->banks->len; i++)
    test_bank (dev, dev->banks->pdata[i]);
  device_test_scramble (dev, rand, 2000);
  device_reset (dev);
  for (guint i = 0; i < dev->banks->len; i++)
    test_reset (dev, dev->banks->pdata[i]);
  for (guint i = 0; i < dev->children->len; i++)
    device_test_registers (dev->children->pdata[i]);
}

static uint64_t
random_value (GRand *rand)
{
  uint64_t value = (uint64_t)g_rand_int (rand) << 32 | g_rand_int (rand);
  switch (g_rand_int_range (rand, 0, 6)) {
    case 0: return 0;
    case 1: return ~UINT64_C (0);
    case 2: return value & 0xf;
    case 3: return UINT64_C (1) << (value & 63);
    default: return value;
  }
}

static uint64_t
random_offset (const RegisterBank *bank, GRand *rand)
{
  unsigned n = 0;
  while (bank->regs[n].name != NULL)
    n++;
  if (n == 0 || g_rand_int_range (rand, 0, 8) == 0)
    return random_value (rand) % (bank->size + 16);
  const Register *reg = &bank->regs[g_rand_int_range (rand, 0, (gint32)n)];
  uint64_t offset = offset_of (reg, g_rand_int (rand) % count_of (reg));
  return g_rand_int_range (rand, 0, 8) == 0 ? offset + g_rand_int (rand) % reg->size : offset;
}

/* Also beyond the end of the region, where it is alone in its map. */
static void
random_access (MemoryRegion *region, const RegisterBank *bank, bool alone, GRand *rand)
{
  unsigned size = 1u << g_rand_int_range (rand, 0, 4);
  uint64_t offset = random_offset (bank, rand), value;
  if (!alone && (offset >= region->size || size > region->size - offset))
    return;
  if (g_rand_boolean (rand))
    memory_write (region->map, region->base + offset, size, random_value (rand));
  else
    memory_read (region->map, region->base + offset, size, &value);
}

static void
scramble_own (Device *dev, GRand *rand, unsigned accesses)
{
  if (dev->banks->len == 0)
    return;
  MemoryMap *map = memory_map_new (64);
  for (unsigned i = 0; i < accesses; i++) {
    const RegisterBank *bank = dev->banks->pdata[g_rand_int (rand) % dev->banks->len];
    MemoryRegion *region = device_bank_region (dev, bank->name);
    bool alone = region->map == NULL;
    if (alone)
      memory_region_map (map, region, UINT64_C (1) << 40);
    random_access (region, bank, alone, rand);
    if (alone)
      memory_region_unmap (region);
  }
  memory_map_free (map);
}

void
device_test_scramble (Device *dev, GRand *rand, unsigned accesses)
{
  scramble_own (dev, rand, accesses);
  for (guint i = 0; i < dev->children->len; i++)
    device_test_scramble (dev->children->pdata[i], rand, accesses);
}

GVariant *
device_test_through_file (GVariant *state)
{
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (state);
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);
  g_autoptr (GBytes) copy = g_bytes_new (data, size);
  return g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, copy, FALSE));
}

static void
expect_same_state (const char *path, GVariant *a, GVariant *b)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;
  g_variant_iter_init (&iter, a);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value)) {
    g_autoptr (GVariant) other = g_variant_lookup_value (b, key, NULL);
    if (other == NULL)
      g_error ("%s: ‘%s’ is not saved again", path, key);
    if (!g_variant_equal (value, other)) {
      if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT) &&
          g_variant_is_of_type (other, G_VARIANT_TYPE_VARDICT))
        expect_same_state (key, value, other);
      g_autofree char *first = g_variant_print (value, TRUE), *second = g_variant_print (other, TRUE);
      g_error ("%s: ‘%s’ was saved as %s and comes back as %s", path, key, first, second);
    }
    g_variant_unref (value);
  }
  g_assert_cmpuint (g_variant_n_children (a), ==, g_variant_n_children (b));
}

void
device_test_round_trip (Device *dev, Device *fresh)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  g_assert_cmpstr (dev->path, ==, fresh->path);
  for (unsigned round = 0; round < 24; round++) {
    g_autoptr (GError) error = NULL;
    if (round % 6 == 0)
      device_reset (dev);
    device_test_scramble (dev, rand, round * 20);
    device_quiesce (dev);
    g_autoptr (GVariant) saved = device_save (dev);
    g_autoptr (GVariant) state = device_test_through_file (saved);
    device_quiesce (fresh);
    bool ok = device_load (fresh, state, &error);
    g_assert_no_error (error);
    g_assert_true (ok);
    g_autoptr (GVariant) again = device_save (fresh);
    expect_same_state (dev->path, saved, again);
    device_resume (fresh);
    device_resume (dev);
  }
  device_reset (dev);
  device_reset (fresh);
}

/* A value to put in place of another one. */
static GVariant *
damaged_value (GVariant *value, GRand *rand)
{
  gsize size = g_variant_get_size (value);
  g_autofree uint8_t *ones = g_malloc (size + 1);
  memset (ones, 0xff, size + 1);
  switch (g_rand_int_range (rand, 0, 10)) {
    case 0: return g_variant_new_string ("");
    case 1: return g_variant_new_uint64 (random_value (rand));
    case 2: return g_variant_new_int64 ((int64_t)random_value (rand));
    case 3: return g_variant_new_boolean (g_rand_boolean (rand));
    case 4: return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, ones, size + g_rand_int (rand) % 2, 1);
    case 5: return g_variant_new_fixed_array (G_VARIANT_TYPE_UINT64, ones, size / 8, 8);
    case 6: return g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
    default: break;
  }
  /* The right type, other contents. */
  g_autofree uint8_t *data = g_malloc (size + 8);
  g_variant_store (value, data);
  for (int i = g_rand_int_range (rand, 1, 5); size != 0 && i > 0; i--)
    data[g_rand_int (rand) % size] = (uint8_t)random_value (rand);
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  return g_variant_new_from_bytes (g_variant_get_type (value), bytes, FALSE);
}

/* The dictionary with one member missing, replaced, or damaged further down. Floating. */
static GVariant *
damaged_state (GVariant *state, GRand *rand)
{
  GVariantBuilder builder;
  gsize n = g_variant_n_children (state), victim = n == 0 ? 0 : g_rand_int (rand) % n;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; i < n; i++) {
    const char *key;
    g_autoptr (GVariant) value = NULL;
    g_variant_get_child (state, i, "{&sv}", &key, &value);
    if (i != victim)
      g_variant_builder_add (&builder, "{sv}", key, value);
    else if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT) && g_rand_int_range (rand, 0, 8) != 0)
      g_variant_builder_add (&builder, "{sv}", key, damaged_state (value, rand));
    else if (g_rand_int_range (rand, 0, 8) != 0)
      g_variant_builder_add (&builder, "{sv}", key, damaged_value (value, rand));
  }
  return g_variant_builder_end (&builder);
}

static GVariant *
damaged_bytes (GVariant *state, GRand *rand)
{
  gsize size = g_variant_get_size (state);
  g_autofree uint8_t *data = g_malloc (size + 8);
  g_variant_store (state, data);
  for (int i = g_rand_int_range (rand, 0, 8); size != 0 && i > 0; i--)
    data[g_rand_int (rand) % size] ^= (uint8_t)(1u << g_rand_int_range (rand, 0, 8));
  if (size != 0 && g_rand_int_range (rand, 0, 4) == 0)
    size = g_rand_int (rand) % size;
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  return g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, bytes, FALSE);
}

void
device_test_hostile_load (Device *dev)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  int64_t until = g_get_monotonic_time () + G_USEC_PER_SEC;
  for (unsigned round = 0; round < 4000 && g_get_monotonic_time () < until; round++) {
    g_autoptr (GError) error = NULL;
    device_test_scramble (dev, rand, 8);
    device_quiesce (dev);
    g_autoptr (GVariant) state = device_save (dev);
    g_autoptr (GVariant) damaged =
        g_variant_ref_sink (round % 2 ? damaged_state (state, rand) : damaged_bytes (state, rand));
    bool ok = device_load (dev, damaged, &error);
    g_assert_true (ok == (error == NULL));
    device_resume (dev);
    if (ok)
      device_test_scramble (dev, rand, 16);
    device_reset (dev);
  }
}

void
device_test_all (Device *dev, Device *fresh)
{
  device_test_registers (dev);
  device_test_round_trip (dev, fresh);
  device_test_hostile_load (dev);
}
