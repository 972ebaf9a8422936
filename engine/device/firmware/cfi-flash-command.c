/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The flash's command interface: what is written to the bank, and read from it in other modes than the
 * array's. */

#include "cfi-flash-private.h"
#include <inttypes.h>
#include <string.h>

#define BUS_WIDTH    4
#define CHIPS        2
#define MANUFACTURER 0x89 /* Intel */
#define DEVICE_ID    0x18
#define BUFFER_BITS  11 /* log2 of a chip's program buffer */

G_STATIC_ASSERT (CHIPS << BUFFER_BITS == CFI_FLASH_BUFFER_SIZE);

/* The query table of one chip, byte by byte as JESD68 numbers them. */
static uint8_t
query_byte (const CfiFlash *flash, uint64_t index)
{
  static const uint8_t table[] = {
    [0x10] = 'Q',
    'R',
    'Y',
    [0x13] = 0x01,
    0x00, /* primary command set: Intel/Sharp extended */
    [0x15] = 0x31,
    0x00, /* where its table is */
    [0x1b] = 0x45,
    0x55, /* Vcc 4.5 to 5.5 V, no Vpp */
    [0x1f] = 0x07,
    0x07,
    0x0a, /* typical times: 2^7 µs a word and a buffer, 2^10 ms a block */
    [0x23] = 0x04,
    0x04,
    0x04, /* the longest are 2^4 times that */
    [0x28] = 0x02,
    0x00, /* for buses of 8 and 16 bits */
    [0x2a] = BUFFER_BITS,
    0x00,
    [0x2c] = 1, /* one region of blocks of one size */
    [0x31] = 'P',
    'R',
    'I',
    '1',
    '0',
    [0x3b] = 0x01,
    0x00, /* block status: the lock bit */
    [0x3d] = 0x50,
    0x00,          /* best Vcc 5.0 V */
    [0x3f] = 0x01, /* one protection register field */
  };
  uint64_t blocks = flash->size / CFI_FLASH_BLOCK_SIZE - 1;
  switch (index) {
    case 0x27: return (uint8_t)__builtin_ctzll (flash->size / CHIPS);
    case 0x2d: return (uint8_t)blocks;
    case 0x2e: return (uint8_t)(blocks >> 8);
    case 0x2f: return (uint8_t)(CFI_FLASH_BLOCK_SIZE / CHIPS / 256);
    case 0x30: return (uint8_t)(CFI_FLASH_BLOCK_SIZE / CHIPS / 256 >> 8);
    default: return index < sizeof table ? table[index] : 0;
  }
}

static uint8_t
id_byte (const CfiFlash *flash, uint64_t offset)
{
  switch (offset % CFI_FLASH_BLOCK_SIZE / BUS_WIDTH) {
    case 0: return MANUFACTURER;
    case 1: return DEVICE_ID;
    case 2: return flash->locked_for_good ? CFI_LOCK_LOCKED : flash->locks[offset / CFI_FLASH_BLOCK_SIZE];
    default: return 0;
  }
}

/* What the byte at `offset` shows: each chip answers in the low byte of its 16 bits. */
static uint8_t
answer_byte (const CfiFlash *flash, uint64_t offset)
{
  if (flash->mode == CFI_READ_ARRAY)
    return flash->ram->host[offset];
  if (offset % (BUS_WIDTH / CHIPS) != 0)
    return 0;
  switch (flash->mode) {
    case CFI_READ_ID: return id_byte (flash, offset);
    case CFI_READ_QUERY: return query_byte (flash, offset / BUS_WIDTH);
    default: return flash->status;
  }
}

static uint64_t
flash_read (void *opaque, uint64_t offset, unsigned size)
{
  CfiFlash *flash = opaque;
  uint64_t value = 0;
  g_rec_mutex_lock (&flash->dev.lock);
  for (unsigned i = 0; i < size; i++)
    value |= (uint64_t)answer_byte (flash, offset + i) << 8 * i;
  g_rec_mutex_unlock (&flash->dev.lock);
  return value;
}

static void
sequence_error (CfiFlash *flash, uint64_t value)
{
  device_guest_error (&flash->dev, "0x%" PRIx64 " is not what the command before it asks for", value);
  flash->status |= CFI_SR_SEQUENCE;
  cfi_flash_set_mode (flash, CFI_READ_STATUS);
}

static void
begin_command (CfiFlash *flash, uint8_t command)
{
  switch (command) {
    case 0xff: cfi_flash_set_mode (flash, CFI_READ_ARRAY); break;
    case 0x10:
    case 0x40: cfi_flash_set_mode (flash, CFI_PROGRAM); break;
    case 0x20: cfi_flash_set_mode (flash, CFI_ERASE); break;
    case 0x50:
      flash->status = CFI_SR_READY;
      cfi_flash_set_mode (flash, CFI_READ_ARRAY);
      break;
    case 0x60: cfi_flash_set_mode (flash, CFI_LOCK); break;
    case 0x70:
    case 0xb0: /* suspend and resume: nothing is ever under way */
    case 0xd0: cfi_flash_set_mode (flash, CFI_READ_STATUS); break;
    case 0x90: cfi_flash_set_mode (flash, CFI_READ_ID); break;
    case 0x98: cfi_flash_set_mode (flash, CFI_READ_QUERY); break;
    case 0xe8: cfi_flash_set_mode (flash, CFI_BUFFER_COUNT); break;
    default:
      /* 0xf0 is reset in AMD's command set, which probing drivers try. */
      if (command != 0x00 && command != 0xf0)
        device_guest_error (&flash->dev, "there is no command 0x%02x", command);
      cfi_flash_set_mode (flash, CFI_READ_ARRAY);
  }
}

static void
lock_command (CfiFlash *flash, uint64_t offset, uint8_t command)
{
  uint8_t *lock = &flash->locks[offset / CFI_FLASH_BLOCK_SIZE];
  switch (command) {
    case 0x01: *lock |= CFI_LOCK_LOCKED; break;
    case 0x2f: *lock = CFI_LOCK_LOCKED | CFI_LOCK_DOWN; break;
    case 0xd0:
      /* Locked down is until reset. */
      if (!(*lock & CFI_LOCK_DOWN))
        *lock = 0;
      break;
    case 0x03: break; /* read configuration: bus timing */
    default: sequence_error (flash, command); return;
  }
  cfi_flash_set_mode (flash, CFI_READ_STATUS);
}

static void
buffer_count (CfiFlash *flash, uint32_t count)
{
  if ((count + 1) * BUS_WIDTH > CFI_FLASH_BUFFER_SIZE) {
    sequence_error (flash, count);
    return;
  }
  memset (flash->buffer, 0xff, sizeof flash->buffer);
  flash->buffer_left = (count + 1) * BUS_WIDTH;
  flash->buffer_begun = flash->buffer_bad = false;
  cfi_flash_set_mode (flash, CFI_BUFFER_DATA);
}

/* The first write says where the buffer's bytes belong; those that stray from there spoil it. */
static void
buffer_data (CfiFlash *flash, uint64_t offset, const uint8_t *data, unsigned size)
{
  if (!flash->buffer_begun) {
    flash->buffer_begun = true;
    flash->buffer_base = (uint32_t)(offset & ~(uint64_t)(CFI_FLASH_BUFFER_SIZE - 1));
  }
  uint64_t at = offset - flash->buffer_base;
  if (offset < flash->buffer_base || at + size > CFI_FLASH_BUFFER_SIZE)
    flash->buffer_bad = true;
  else
    memcpy (flash->buffer + at, data, size);
  flash->buffer_left -= MIN (size, flash->buffer_left);
  if (flash->buffer_left == 0)
    cfi_flash_set_mode (flash, CFI_BUFFER_CONFIRM);
}

static void
buffer_confirm (CfiFlash *flash, uint8_t command)
{
  if (command != 0xd0 || flash->buffer_bad) {
    sequence_error (flash, command);
    return;
  }
  unsigned first = 0, end = CFI_FLASH_BUFFER_SIZE;
  while (first < end && flash->buffer[first] == 0xff)
    first++;
  while (end > first && flash->buffer[end - 1] == 0xff)
    end--;
  cfi_flash_set_mode (flash, CFI_READ_STATUS);
  cfi_flash_program (flash, flash->buffer_base + first, flash->buffer + first, end - first);
}

static void
write_cycle (CfiFlash *flash, uint64_t offset, unsigned size, uint64_t value)
{
  uint8_t data[8];
  uint64_t bytes = GUINT64_TO_LE (value);
  memcpy (data, &bytes, sizeof data);
  uint8_t command = (uint8_t)value;
  switch ((CfiMode)flash->mode) {
    case CFI_PROGRAM:
      cfi_flash_set_mode (flash, CFI_READ_STATUS);
      cfi_flash_program (flash, offset, data, size);
      break;
    case CFI_ERASE:
      if (command != 0xd0) {
        sequence_error (flash, value);
        break;
      }
      cfi_flash_set_mode (flash, CFI_READ_STATUS);
      cfi_flash_erase (flash, offset);
      break;
    case CFI_LOCK: lock_command (flash, offset, command); break;
    case CFI_BUFFER_COUNT: buffer_count (flash, (uint32_t)(size == 1 ? value & 0xff : value & 0xffff)); break;
    case CFI_BUFFER_DATA: buffer_data (flash, offset, data, size); break;
    case CFI_BUFFER_CONFIRM: buffer_confirm (flash, command); break;
    default: begin_command (flash, command);
  }
}

static void
flash_write (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
  CfiFlash *flash = opaque;
  g_rec_mutex_lock (&flash->dev.lock);
  device_trace (flash, "mode %u: write 0x%" PRIx64 " = 0x%" PRIx64 " (%u)", flash->mode, offset, value, size);
  write_cycle (flash, offset, size, value);
  g_rec_mutex_unlock (&flash->dev.lock);
}

const MmioOps cfi_flash_ops = { .read = flash_read, .write = flash_write };
