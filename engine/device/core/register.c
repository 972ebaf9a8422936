/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "device-private.h"

#include <string.h>

/* What an access does to one element of one register. */
typedef struct {
  const Register *reg;
  unsigned index;    /* of the element */
  unsigned first, n; /* its bytes that are accessed */
} Piece;

uint64_t
register_load (const void *member, unsigned size)
{
  switch (size) {
    case 1: return *(const uint8_t *)member;
    case 2: return *(const uint16_t *)member;
    case 4: return *(const uint32_t *)member;
    default: return *(const uint64_t *)member;
  }
}

void
register_store (void *member, unsigned size, uint64_t value)
{
  switch (size) {
    case 1: *(uint8_t *)member = (uint8_t)value; break;
    case 2: *(uint16_t *)member = (uint16_t)value; break;
    case 4: *(uint32_t *)member = (uint32_t)value; break;
    default: *(uint64_t *)member = value; break;
  }
}

static void *
element (Device *dev, const Register *reg, unsigned index)
{
  return (uint8_t *)dev + reg->member + (size_t)index * reg->size;
}

static unsigned
stride (const Register *reg)
{
  return reg->stride == 0 ? reg->size : reg->stride;
}

/* Whether the byte at `at` belongs to the register; the rest of *ret_piece but n follows. */
static bool
holds (const Register *reg, uint64_t at, Piece *ret_piece)
{
  if (at < reg->offset)
    return false;
  uint64_t index = (at - reg->offset) / stride (reg), first = (at - reg->offset) % stride (reg);
  if (index >= register_count (reg) || first >= reg->size)
    return false;
  *ret_piece = (Piece){ .reg = reg, .index = (unsigned)index, .first = (unsigned)first };
  return true;
}

static bool
find_indexed (const DeviceBank *bank, uint64_t at, Piece *ret_piece)
{
  const Register *regs = bank->bank.regs;
  unsigned low = 0, high = bank->n; /* registers below `low` begin at or before the place */
  while (low < high) {
    unsigned middle = (low + high) / 2;
    if (regs[middle].offset <= at)
      low = middle + 1;
    else
      high = middle;
  }
  while (low-- > 0 && bank->reach[low] > at)
    if (holds (&regs[low], at, ret_piece))
      return true;
  return false;
}

static bool
find_plain (const RegisterBank *bank, uint64_t at, Piece *ret_piece)
{
  for (const Register *reg = bank->regs; reg->name != NULL && reg->offset <= at; reg++)
    if (holds (reg, at, ret_piece))
      return true;
  return false;
}

/* The bank with its index, if it was added to the device. */
static const DeviceBank *
added_bank (Device *dev, const RegisterBank *bank)
{
  for (guint i = 0; i < dev->banks->len; i++) {
    const DeviceBank *added = dev->banks->pdata[i];
    if (&added->bank == bank || added->bank.regs == bank->regs)
      return added;
  }
  return NULL;
}

static unsigned
max_access (const RegisterBank *bank)
{
  return bank->max_access == 0 ? 8 : bank->max_access;
}

static bool
is_wide_half (const RegisterBank *bank, const Piece *piece)
{
  return bank->wide_halves && piece->reg->size == 8 && piece->n == 4 && piece->first % 4 == 0;
}

static bool
part_is_allowed (const RegisterBank *bank, const Piece *piece)
{
  return piece->n == piece->reg->size || bank->narrow_parts || is_wide_half (bank, piece);
}

static char *
piece_name (const Piece *piece)
{
  if (piece->reg->count == 0)
    return g_strdup (piece->reg->name);
  return g_strdup_printf ("%s[%u]", piece->reg->name, piece->index);
}

static void
trace_piece (Device *dev, const Piece *piece, bool write, uint64_t value)
{
  g_autofree char *name = piece_name (piece);
  device_trace_print (dev, "%s %s %s 0x%" G_GINT64_MODIFIER "x", write ? "write" : "read", name,
                      write ? "<-" : "->", value);
}

static uint64_t
read_piece (Device *dev, const Piece *piece)
{
  const Register *reg = piece->reg;
  uint64_t part = register_size_mask (piece->n) << 8 * piece->first;
  uint64_t value = reg->stored ? register_load (element (dev, reg, piece->index), reg->size) : 0;
  if (reg->read != NULL)
    value = reg->read (dev, piece->index, value);
  if (reg->stored && (reg->read_clear & part)) {
    /* The hook may have changed it. */
    uint64_t stored = register_load (element (dev, reg, piece->index), reg->size);
    register_store (element (dev, reg, piece->index), reg->size, stored & ~(reg->read_clear & part));
  }
  value = (value & part) >> 8 * piece->first;
  if (G_UNLIKELY (device_traced (dev)))
    trace_piece (dev, piece, false, value);
  return value;
}

/* What the other bytes of a register hold that is not stored. */
static uint64_t
old_value (Device *dev, const RegisterBank *bank, const Piece *piece)
{
  const Register *reg = piece->reg;
  if (reg->stored)
    return register_load (element (dev, reg, piece->index), reg->size);
  if (is_wide_half (bank, piece) && reg->read != NULL)
    return reg->read (dev, piece->index, 0) & register_size_mask (reg->size);
  return 0;
}

static void
write_piece (Device *dev, const RegisterBank *bank, const Piece *piece, uint64_t value)
{
  const Register *reg = piece->reg;
  uint64_t part = register_size_mask (piece->n) << 8 * piece->first;
  uint64_t old = old_value (dev, bank, piece);
  value = value << 8 * piece->first & part;
  if (G_UNLIKELY (device_traced (dev)))
    trace_piece (dev, piece, true, value >> 8 * piece->first);
  if (reg->stored) {
    uint64_t stored = (old & ~(reg->writable & part)) | (value & reg->writable);
    register_store (element (dev, reg, piece->index), reg->size, stored & ~(value & reg->w1c));
  }
  if (reg->write != NULL)
    reg->write (dev, piece->index, value | (old & ~part & ~reg->w1c), old);
}

/* Does all registers that the access covers. False when it must not be or there is none. */
static bool
access_registers (Device *dev, const RegisterBank *bank, uint64_t offset, unsigned size, bool write,
                  uint64_t *value)
{
  const DeviceBank *added = added_bank (dev, bank);
  uint64_t result = 0;
  bool found = false;
  for (unsigned done = 0; done < size;) {
    Piece piece;
    if (added != NULL ? !find_indexed (added, offset + done, &piece)
                      : !find_plain (bank, offset + done, &piece)) {
      done++;
      continue;
    }
    piece.n = MIN (size - done, piece.reg->size - piece.first);
    if (!part_is_allowed (bank, &piece))
      return false;
    if (write)
      write_piece (dev, bank, &piece, *value >> 8 * done);
    else
      result |= read_piece (dev, &piece) << 8 * done;
    found = true;
    done += piece.n;
  }
  if (!write)
    *value = result;
  return found;
}

static bool
access_is_valid (const RegisterBank *bank, uint64_t offset, unsigned size)
{
  return (size == 1 || size == 2 || size == 4 || size == 8) && size >= bank->min_access &&
         size <= max_access (bank) && (offset & (size - 1)) == 0 && offset < bank->size &&
         size <= bank->size - offset;
}

uint64_t
register_bank_read (Device *dev, const RegisterBank *bank, uint64_t offset, unsigned size)
{
  uint64_t value = 0;
  g_rec_mutex_lock (&dev->lock);
  if (!access_is_valid (bank, offset, size) || !access_registers (dev, bank, offset, size, false, &value)) {
    value = 0;
    device_guest_error (dev, "%s: no register is read with %u bytes at 0x%" G_GINT64_MODIFIER "x", bank->name,
                        size, offset);
  }
  g_rec_mutex_unlock (&dev->lock);
  return value;
}

void
register_bank_write (Device *dev, const RegisterBank *bank, uint64_t offset, unsigned size, uint64_t value)
{
  g_rec_mutex_lock (&dev->lock);
  if (!access_is_valid (bank, offset, size) || !access_registers (dev, bank, offset, size, true, &value))
    device_guest_error (dev,
                        "%s: no register is written with %u bytes at 0x%" G_GINT64_MODIFIER
                        "x (value 0x%" G_GINT64_MODIFIER "x)",
                        bank->name, size, offset, value);
  g_rec_mutex_unlock (&dev->lock);
}

static void
reset_register (Device *dev, const Register *reg)
{
  for (unsigned i = 0; i < register_count (reg); i++)
    register_store (element (dev, reg, i), reg->size, reg->reset);
}

void
register_bank_reset (Device *dev, const RegisterBank *bank)
{
  for (const Register *reg = bank->regs; reg->name != NULL; reg++)
    if (reg->stored && !reg->no_reset)
      reset_register (dev, reg);
}

static uint64_t
bank_mmio_read (void *opaque, uint64_t offset, unsigned size)
{
  DeviceBank *bank = opaque;
  return register_bank_read (bank->dev, &bank->bank, offset, size);
}

static void
bank_mmio_write (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
  DeviceBank *bank = opaque;
  register_bank_write (bank->dev, &bank->bank, offset, size, value);
}

/* Tables are part of the program: a wrong one is a mistake in it. */
static void
check_register (const RegisterBank *bank, const Register *reg)
{
  uint64_t mask = register_size_mask (reg->size);
  g_assert (reg->size == 1 || reg->size == 2 || reg->size == 4 || reg->size == 8);
  g_assert (register_count (reg) == 1 || stride (reg) >= reg->size);
  g_assert (((reg->reset | reg->writable | reg->w1c | reg->read_clear) & ~mask) == 0);
  g_assert ((reg->writable & reg->w1c) == 0);
  g_assert (reg->offset + (uint64_t)(register_count (reg) - 1) * stride (reg) + reg->size <= bank->size);
  g_assert (reg == bank->regs || reg[-1].offset <= reg->offset);
}

MemoryRegion *
device_add_bank (Device *dev, const RegisterBank *bank)
{
  g_assert (device_bank_region (dev, bank->name) == NULL);
  DeviceBank *added = g_new0 (DeviceBank, 1);
  added->bank = *bank;
  added->dev = dev;
  for (const Register *reg = bank->regs; reg->name != NULL; reg++)
    added->n++;
  added->reach = g_new0 (uint64_t, added->n + 1);
  for (unsigned i = 0; i < added->n; i++) {
    const Register *reg = &bank->regs[i];
    check_register (bank, reg);
    uint64_t end = reg->offset + (uint64_t)(register_count (reg) - 1) * stride (reg) + reg->size;
    added->reach[i] = i == 0 ? end : MAX (end, added->reach[i - 1]);
    if (reg->stored && (!reg->no_reset || reg->reset != 0))
      reset_register (dev, reg);
  }
  added->ops = (MmioOps){
    .read = bank_mmio_read,
    .write = bank_mmio_write,
    .min_size = bank->min_access,
    .max_size = bank->max_access,
  };
  added->region = (MemoryRegion){
    .name = bank->name,
    .kind = MEMORY_MMIO,
    .size = bank->size,
    .ops = &added->ops,
    .opaque = added,
  };
  g_ptr_array_add (dev->banks, added);
  return &added->region;
}

MemoryRegion *
device_bank_region (Device *dev, const char *name)
{
  for (guint i = 0; i < dev->banks->len; i++) {
    DeviceBank *bank = dev->banks->pdata[i];
    if (!strcmp (bank->bank.name, name))
      return &bank->region;
  }
  return NULL;
}

void
device_bank_free (gpointer bank)
{
  g_free (((DeviceBank *)bank)->reach);
  g_free (bank);
}
