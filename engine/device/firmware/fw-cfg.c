/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "fw-cfg-private.h"
#include <gio/gio.h>
#include <inttypes.h>
#include <string.h>

#define SELECTOR_OFFSET 0x08
#define DMA_OFFSET      0x10
#define DMA_SIGNATURE   UINT64_C (0x51454d5520434647) /* "QEMU CFG" */

enum { VERSION_TRADITIONAL = 1, VERSION_DMA = 2 };
enum { DMA_ERROR = 0x01, DMA_READ = 0x02, DMA_SKIP = 0x04, DMA_SELECT = 0x08, DMA_WRITE = 0x10 };

typedef struct {
  uint32_t control, length;
  uint64_t address;
} DmaCommand;

/* Where the next access of the item selected begins: its bytes left, and how many; 0 at and beyond the end.
 */
static const uint8_t *
item_rest (FwCfg *fw, FwCfgItem **ret_item, size_t *ret_left)
{
  size_t size = 0;
  *ret_item = fw_cfg_item (fw, fw->selector);
  const uint8_t *data = *ret_item != NULL ? fw_cfg_item_data (*ret_item, &size) : NULL;
  *ret_left = fw->offset < size ? size - fw->offset : 0;
  return *ret_left > 0 ? data + fw->offset : NULL;
}

/* Beyond any item's end it makes no difference where. */
static void
advance (FwCfg *fw, uint32_t by)
{
  fw->offset = fw->offset + by < fw->offset ? UINT32_MAX : fw->offset + by;
}

static void
select_item (FwCfg *fw, uint32_t selector)
{
  fw->selector = selector;
  fw->offset = 0;
  FwCfgItem *item = fw_cfg_item (fw, selector);
  device_trace (fw, "select 0x%04x%s%s", selector, item == NULL ? ": no such item" : "",
                item != NULL && item->name != NULL ? item->name : "");
  if (item != NULL)
    fw_cfg_item_refresh (fw, item);
}

/* The item's bytes come in memory order whatever the access's size, and zeroes after them. */
static uint64_t
read_data (FwCfg *fw, unsigned size)
{
  FwCfgItem *item;
  size_t left;
  const uint8_t *data = item_rest (fw, &item, &left);
  uint64_t value = 0;
  for (unsigned i = 0; i < MIN (size, left); i++)
    value |= (uint64_t)data[i] << 8 * i;
  advance (fw, (uint32_t)MIN (size, left));
  return value;
}

static bool
write_zeroes (FwCfg *fw, uint64_t address, uint32_t size)
{
  static const uint8_t zeroes[4096];
  while (size > 0) {
    uint32_t n = MIN (size, sizeof zeroes);
    if (memory_dma_write (fw->memory, address, zeroes, n) != MEMORY_OK)
      return false;
    address += n;
    size -= n;
  }
  return true;
}

static bool
dma_read (FwCfg *fw, const DmaCommand *command)
{
  FwCfgItem *item;
  size_t left;
  const uint8_t *data = item_rest (fw, &item, &left);
  uint32_t n = (uint32_t)MIN (left, command->length);
  if (command->address + command->length < command->address)
    return false;
  if (n > 0 && memory_dma_write (fw->memory, command->address, data, n) != MEMORY_OK)
    return false;
  advance (fw, n);
  return write_zeroes (fw, command->address + n, command->length - n);
}

static bool
dma_write (FwCfg *fw, const DmaCommand *command)
{
  FwCfgItem *item;
  size_t left;
  item_rest (fw, &item, &left);
  if (item == NULL || item->data == NULL || command->length > left)
    return false;
  if (command->length == 0)
    return true;
  /* What a failed transfer brought must not show. */
  g_autofree uint8_t *buffer = g_malloc (command->length);
  if (memory_dma_read (fw->memory, command->address, buffer, command->length) != MEMORY_OK)
    return false;
  size_t offset = fw->offset;
  memcpy (item->data + offset, buffer, command->length);
  advance (fw, command->length);
  if (item->on_write != NULL)
    item->on_write (item->opaque, offset, command->length);
  return true;
}

static bool
run_command (FwCfg *fw, const DmaCommand *command)
{
  if (command->control & DMA_SELECT)
    select_item (fw, command->control >> 16);
  if (command->control & DMA_READ)
    return dma_read (fw, command);
  if (command->control & DMA_WRITE)
    return dma_write (fw, command);
  if (command->control & DMA_SKIP)
    advance (fw, command->length);
  return true;
}

static void
run_dma (FwCfg *fw)
{
  uint64_t at = fw->dma_address;
  fw->dma_address = 0;
  DmaCommand command;
  if (memory_dma_read (fw->memory, at, &command, sizeof command) != MEMORY_OK) {
    device_guest_error (&fw->dev, "the DMA command at 0x%" PRIx64 " is not in RAM", at);
    return;
  }
  command.control = GUINT32_FROM_BE (command.control);
  command.length = GUINT32_FROM_BE (command.length);
  command.address = GUINT64_FROM_BE (command.address);
  bool ok = run_command (fw, &command);
  device_trace (fw, "DMA control 0x%x, length %u, address 0x%" PRIx64 ": %s", command.control, command.length,
                command.address, ok ? "done" : "failed");
  if (!ok)
    device_guest_error (&fw->dev, "the DMA of %u bytes at 0x%" PRIx64 " (control 0x%x) failed",
                        command.length, command.address, command.control);
  /* The guest waits for the control word to become anything but what it wrote. */
  uint32_t result = GUINT32_TO_BE (ok ? 0 : DMA_ERROR);
  memory_dma_write (fw->memory, at, &result, sizeof result);
}

/* Bytes `from` to `from + size` of a big-endian register, as a little-endian bus shows them. */
static uint64_t
big_endian_part (uint64_t value, unsigned from, unsigned size)
{
  uint64_t bytes = GUINT64_SWAP_LE_BE (value) >> 8 * from;
  return size < 8 ? bytes & ((UINT64_C (1) << 8 * size) - 1) : bytes;
}

static uint64_t
fw_cfg_read (void *opaque, uint64_t offset, unsigned size)
{
  FwCfg *fw = opaque;
  uint64_t value = 0;
  g_rec_mutex_lock (&fw->dev.lock);
  if (offset < SELECTOR_OFFSET)
    value = read_data (fw, size);
  else if (offset >= DMA_OFFSET && fw->memory != NULL)
    value = big_endian_part (DMA_SIGNATURE, (unsigned)(offset - DMA_OFFSET), size);
  g_rec_mutex_unlock (&fw->dev.lock);
  return value;
}

static void
fw_cfg_write (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
  FwCfg *fw = opaque;
  g_rec_mutex_lock (&fw->dev.lock);
  if (offset == SELECTOR_OFFSET && size == 2) {
    select_item (fw, GUINT16_SWAP_LE_BE ((uint16_t)value));
  } else if (fw->memory != NULL && offset == DMA_OFFSET && size == 8) {
    fw->dma_address = GUINT64_SWAP_LE_BE (value);
    run_dma (fw);
  } else if (fw->memory != NULL && offset == DMA_OFFSET && size == 4) {
    fw->dma_address = (uint64_t)GUINT32_SWAP_LE_BE ((uint32_t)value) << 32;
  } else if (fw->memory != NULL && offset == DMA_OFFSET + 4 && size == 4) {
    fw->dma_address |= GUINT32_SWAP_LE_BE ((uint32_t)value);
    run_dma (fw);
  } else {
    device_guest_error (&fw->dev, "a write of %u bytes at 0x%" PRIx64 " has no meaning", size, offset);
  }
  g_rec_mutex_unlock (&fw->dev.lock);
}

static const MmioOps fw_cfg_ops = { .read = fw_cfg_read, .write = fw_cfg_write };

static void
fw_cfg_init (Device *dev)
{
  FwCfg *fw = (FwCfg *)dev;
  fw->region = (MemoryRegion){
    .name = "fw-cfg",
    .kind = MEMORY_MMIO,
    .size = FW_CFG_SIZE,
    .ops = &fw_cfg_ops,
    .opaque = fw,
  };
  fw_cfg_items_init (fw);
}

static bool
fw_cfg_realize (Device *dev, GError **error)
{
  FwCfg *fw = (FwCfg *)dev;
  fw_cfg_add_u32 (fw, FW_CFG_ID, VERSION_TRADITIONAL | (fw->memory != NULL ? VERSION_DMA : 0));
  return true;
}

static void
fw_cfg_unrealize (Device *dev)
{
  FwCfg *fw = (FwCfg *)dev;
  MemoryMap *map = fw->region.map;
  if (map != NULL) {
    memory_region_unmap (&fw->region);
    memory_quiesce (map);
  }
  fw_cfg_items_free (fw);
}

static void
fw_cfg_reset (Device *dev)
{
  FwCfg *fw = (FwCfg *)dev;
  fw->selector = 0;
  fw->offset = 0;
  fw->dma_address = 0;
}

static void
fw_cfg_save (Device *dev, GVariantBuilder *state)
{
  FwCfg *fw = (FwCfg *)dev;
  GVariantBuilder files;
  g_variant_builder_init (&files, G_VARIANT_TYPE ("a{say}"));
  for (unsigned i = 0; i < fw->files->len; i++) {
    FwCfgItem *file = fw->files->pdata[i];
    if (file->data != NULL)
      g_variant_builder_add (&files, "{s@ay}", file->name,
                             g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, file->data, file->size, 1));
  }
  g_variant_builder_add (state, "{sv}", "files", g_variant_builder_end (&files));
}

/* Every writable file must be there, in its size. */
static bool
fw_cfg_load (Device *dev, GVariant *state, GError **error)
{
  FwCfg *fw = (FwCfg *)dev;
  g_autoptr (GVariant) files = g_variant_lookup_value (state, "files", G_VARIANT_TYPE ("a{say}"));
  for (unsigned i = 0; i < fw->files->len; i++) {
    FwCfgItem *file = fw->files->pdata[i];
    if (file->data == NULL)
      continue;
    g_autoptr (GVariant) saved =
        files != NULL ? g_variant_lookup_value (files, file->name, G_VARIANT_TYPE_BYTESTRING) : NULL;
    gsize size = 0;
    const void *data = saved != NULL ? g_variant_get_fixed_array (saved, &size, 1) : NULL;
    if (saved == NULL || size != file->size) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "%s: the saved state has no fw_cfg file “%s” of %zu bytes: start the machine with the "
                   "options it was "
                   "saved with",
                   dev->path, file->name, file->size);
      return false;
    }
    memcpy (file->data, data, size);
  }
  return true;
}

static bool
fw_cfg_loaded (Device *dev, GError **error)
{
  FwCfg *fw = (FwCfg *)dev;
  for (unsigned i = 0; i < fw->files->len; i++) {
    FwCfgItem *file = fw->files->pdata[i];
    if (file->on_write != NULL)
      file->on_write (file->opaque, 0, file->size);
  }
  return true;
}

static const DeviceSave fw_cfg_saved[] = {
  { "selector", DEVICE_SAVE_U32, offsetof (FwCfg, selector), 1, 0xffff },
  { "offset", DEVICE_SAVE_U32, offsetof (FwCfg, offset) },
  { "dma-address", DEVICE_SAVE_U64, offsetof (FwCfg, dma_address) },
  { 0 },
};

const DeviceClass fw_cfg_class = {
  .name = "fw-cfg-mmio",
  .bus = "system",
  .category = "Firmware",
  .help = "firmware configuration device",
  .size = sizeof (FwCfg),
  .saved = fw_cfg_saved,
  .init = fw_cfg_init,
  .realize = fw_cfg_realize,
  .unrealize = fw_cfg_unrealize,
  .reset = fw_cfg_reset,
  .save = fw_cfg_save,
  .load = fw_cfg_load,
  .loaded = fw_cfg_loaded,
};
