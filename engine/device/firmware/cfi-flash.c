/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "cfi-flash-private.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define READ_CHUNK (1024 * 1024)
#define SECTOR     512

void
cfi_flash_set_mode (CfiFlash *flash, CfiMode mode)
{
  MemoryKind kind = mode == CFI_READ_ARRAY ? MEMORY_ROMD : MEMORY_MMIO;
  flash->mode = mode;
  if (flash->region.kind == kind)
    return;
  if (flash->region.map != NULL)
    memory_region_set_kind (&flash->region, kind);
  else
    flash->region.kind = kind;
}

/* Writes the sectors through that hold the range. */
static bool
write_through (CfiFlash *flash, uint64_t offset, uint64_t size)
{
  ram_written (flash->ram, offset, size);
  if (flash->block == NULL)
    return true;
  uint64_t start = offset & ~(uint64_t)(SECTOR - 1);
  uint64_t end = (offset + size + SECTOR - 1) & ~(uint64_t)(SECTOR - 1);
  int result = block_pwrite (flash->block, start, flash->ram->host + start, end - start);
  if (result < 0)
    g_warning ("%s: %s could not be written at %" PRIu64 " (%s): the guest is told that its flash has failed",
               flash->dev.path, block_path (flash->block), start, g_strerror (-result));
  return result >= 0;
}

static bool
is_locked (const CfiFlash *flash, uint64_t offset)
{
  return flash->locked_for_good || flash->locks[offset / CFI_FLASH_BLOCK_SIZE] != 0;
}

void
cfi_flash_program (CfiFlash *flash, uint64_t offset, const uint8_t *data, unsigned size)
{
  if (is_locked (flash, offset)) {
    flash->status |= CFI_SR_PROGRAM | CFI_SR_LOCKED;
    return;
  }
  for (unsigned i = 0; i < size; i++)
    flash->ram->host[offset + i] &= data[i];
  if (size > 0 && !write_through (flash, offset, size))
    flash->status |= CFI_SR_PROGRAM;
}

void
cfi_flash_erase (CfiFlash *flash, uint64_t offset)
{
  offset -= offset % CFI_FLASH_BLOCK_SIZE;
  if (is_locked (flash, offset)) {
    flash->status |= CFI_SR_ERASE | CFI_SR_LOCKED;
    return;
  }
  memset (flash->ram->host + offset, 0xff, CFI_FLASH_BLOCK_SIZE);
  if (!write_through (flash, offset, CFI_FLASH_BLOCK_SIZE))
    flash->status |= CFI_SR_ERASE;
}

static bool
is_zero (const uint8_t *data, size_t size)
{
  return data[0] == 0 && memcmp (data, data + 1, size - 1) == 0;
}

/* Makes the whole bank zeroes that take no memory. */
static void
clear_content (CfiFlash *flash)
{
  if (madvise (flash->ram->host, flash->size, MADV_REMOVE) != 0)
    memset (flash->ram->host, 0, flash->size);
}

/* Whether nothing was ever stored there: looking at the bytes themselves would give them memory. */
static bool
is_hole (const CfiFlash *flash, uint64_t offset, uint64_t size)
{
  off_t data = lseek (flash->ram->fd, (off_t)offset, SEEK_DATA);
  return data < 0 ? errno == ENXIO : (uint64_t)data >= offset + size;
}

/* Fills the bank, which is zeroes, from the image. Its pages of zeroes are left alone. */
static bool
read_content (CfiFlash *flash, GError **error)
{
  uint64_t size = MIN (block_size (flash->block), flash->size);
  g_autofree uint8_t *chunk = g_malloc (READ_CHUNK);
  for (uint64_t offset = 0; offset < size; offset += READ_CHUNK) {
    uint64_t n = MIN (READ_CHUNK, size - offset);
    int result = block_pread (flash->block, offset, chunk, n);
    if (result < 0) {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (-result),
                   "%s: “%s” cannot be read at %" PRIu64 " (%s): check the file and the disk it is on",
                   flash->dev.path, block_path (flash->block), offset, g_strerror (-result));
      return false;
    }
    for (uint64_t page = 0; page < n; page += RAM_PAGE_SIZE) {
      uint64_t length = MIN (RAM_PAGE_SIZE, n - page);
      if (!is_zero (chunk + page, length))
        memcpy (flash->ram->host + offset + page, chunk + page, length);
    }
  }
  return true;
}

static bool
check_sizes (CfiFlash *flash, GError **error)
{
  if ((flash->size & (flash->size - 1)) != 0 || flash->size < CFI_FLASH_BLOCK_SIZE ||
      flash->size > (uint64_t)CFI_FLASH_BLOCK_SIZE * CFI_FLASH_MAX_BLOCKS) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s: a flash bank of %" PRIu64
                 " bytes is not possible: choose a power of two from 256k to 64M",
                 flash->dev.path, flash->size);
    return false;
  }
  uint64_t image = flash->block != NULL ? block_size (flash->block) : flash->size;
  if (image > flash->size || (image < flash->size && !block_read_only (flash->block))) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s: “%s” has %" PRIu64 " bytes, but the flash bank has %" PRIu64
                 ": make the file that large (truncate -s %" PRIu64 ")%s",
                 flash->dev.path, block_path (flash->block), image, flash->size, flash->size,
                 image < flash->size ? ", or use it with readonly=on" : "");
    return false;
  }
  return true;
}

static bool
cfi_flash_realize (Device *dev, GError **error)
{
  CfiFlash *flash = (CfiFlash *)dev;
  if (!check_sizes (flash, error))
    return false;
  flash->ram = ram_block_new (dev->path, flash->size, error);
  if (flash->ram == NULL)
    return false;
  flash->locked_for_good = flash->block != NULL && block_read_only (flash->block);
  if (flash->block != NULL && !read_content (flash, error)) {
    g_clear_pointer (&flash->ram, ram_block_free);
    return false;
  }
  flash->region = (MemoryRegion){
    .name = dev->path,
    .kind = MEMORY_ROMD,
    .size = flash->size,
    .ram = flash->ram,
    .ops = &cfi_flash_ops,
    .opaque = flash,
  };
  return true;
}

static void
cfi_flash_unrealize (Device *dev)
{
  CfiFlash *flash = (CfiFlash *)dev;
  MemoryMap *map = flash->region.map;
  if (map != NULL) {
    memory_region_unmap (&flash->region);
    memory_quiesce (map);
  }
  g_clear_pointer (&flash->ram, ram_block_free);
}

static void
cfi_flash_reset (Device *dev)
{
  CfiFlash *flash = (CfiFlash *)dev;
  flash->status = CFI_SR_READY;
  memset (flash->locks, 0, sizeof flash->locks);
  flash->buffer_left = 0;
  cfi_flash_set_mode (flash, CFI_READ_ARRAY);
}

/* An image holds the content by itself; without one, the blocks that are not zero are the state. */
static void
cfi_flash_save (Device *dev, GVariantBuilder *state)
{
  CfiFlash *flash = (CfiFlash *)dev;
  if (flash->block != NULL)
    return;
  GVariantBuilder blocks;
  g_variant_builder_init (&blocks, G_VARIANT_TYPE ("a(uay)"));
  for (uint64_t offset = 0; offset < flash->size; offset += CFI_FLASH_BLOCK_SIZE) {
    const uint8_t *data = flash->ram->host + offset;
    if (!is_hole (flash, offset, CFI_FLASH_BLOCK_SIZE) && !is_zero (data, CFI_FLASH_BLOCK_SIZE))
      g_variant_builder_add (&blocks, "(u@ay)", (uint32_t)(offset / CFI_FLASH_BLOCK_SIZE),
                             g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, CFI_FLASH_BLOCK_SIZE, 1));
  }
  g_variant_builder_add (state, "{sv}", "blocks", g_variant_builder_end (&blocks));
}

static bool
load_blocks (CfiFlash *flash, GVariant *blocks, GError **error)
{
  GVariantIter iter;
  g_variant_iter_init (&iter, blocks);
  uint32_t index;
  GVariant *content;
  while (g_variant_iter_next (&iter, "(u@ay)", &index, &content)) {
    gsize size;
    const void *data = g_variant_get_fixed_array (content, &size, 1);
    bool ok = index < flash->size / CFI_FLASH_BLOCK_SIZE && size == CFI_FLASH_BLOCK_SIZE;
    if (ok)
      memcpy (flash->ram->host + (uint64_t)index * CFI_FLASH_BLOCK_SIZE, data, size);
    g_variant_unref (content);
    if (!ok) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "%s: the saved state has block %u of %zu bytes, which this flash bank has not",
                   flash->dev.path, index, size);
      return false;
    }
  }
  return true;
}

static bool
cfi_flash_load (Device *dev, GVariant *state, GError **error)
{
  CfiFlash *flash = (CfiFlash *)dev;
  g_autoptr (GVariant) blocks = g_variant_lookup_value (state, "blocks", G_VARIANT_TYPE ("a(uay)"));
  bool ok = false;
  clear_content (flash);
  if (flash->block != NULL)
    ok = read_content (flash, error);
  else if (blocks != NULL)
    ok = load_blocks (flash, blocks, error);
  else
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "%s: the saved state has no flash content: give the machine the pflash drive it was saved with",
        dev->path);
  ram_written (flash->ram, 0, flash->size);
  return ok;
}

static bool
cfi_flash_loaded (Device *dev, GError **error)
{
  CfiFlash *flash = (CfiFlash *)dev;
  if (flash->buffer_base > flash->size - CFI_FLASH_BUFFER_SIZE ||
      flash->buffer_base % CFI_FLASH_BUFFER_SIZE != 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "%s: buffer-base is %u, which is no place in this flash bank", dev->path,
                 flash->buffer_base);
    return false;
  }
  cfi_flash_set_mode (flash, flash->mode);
  return true;
}

static const DeviceProp cfi_flash_props[] = {
  { "size", DEVICE_PROP_SIZE, offsetof (CfiFlash, size), 32 * 1024 * 1024, 0, "bytes of the bank" },
  { 0 },
};

static const DeviceSave cfi_flash_saved[] = {
  { "mode", DEVICE_SAVE_U8, offsetof (CfiFlash, mode), 1, CFI_N_MODES - 1 },
  { "status", DEVICE_SAVE_U8, offsetof (CfiFlash, status) },
  { "locks", DEVICE_SAVE_U8, offsetof (CfiFlash, locks), CFI_FLASH_MAX_BLOCKS,
    CFI_LOCK_LOCKED | CFI_LOCK_DOWN },
  { "buffer", DEVICE_SAVE_U8, offsetof (CfiFlash, buffer), CFI_FLASH_BUFFER_SIZE },
  { "buffer-base", DEVICE_SAVE_U32, offsetof (CfiFlash, buffer_base) },
  { "buffer-left", DEVICE_SAVE_U32, offsetof (CfiFlash, buffer_left), 1, CFI_FLASH_BUFFER_SIZE },
  { "buffer-begun", DEVICE_SAVE_BOOL, offsetof (CfiFlash, buffer_begun) },
  { "buffer-bad", DEVICE_SAVE_BOOL, offsetof (CfiFlash, buffer_bad) },
  { 0 },
};

const DeviceClass cfi_flash_class = {
  .name = "cfi-flash",
  .bus = "system",
  .category = "Firmware",
  .help = "NOR flash with Intel's command set",
  .size = sizeof (CfiFlash),
  .props = cfi_flash_props,
  .saved = cfi_flash_saved,
  .realize = cfi_flash_realize,
  .unrealize = cfi_flash_unrealize,
  .reset = cfi_flash_reset,
  .save = cfi_flash_save,
  .load = cfi_flash_load,
  .loaded = cfi_flash_loaded,
};
