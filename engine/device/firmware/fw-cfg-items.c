/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The items of the firmware configuration device: what the board puts there. */

#include "fw-cfg-private.h"
#include <gio/gio.h>
#include <string.h>

/* Bit 14 of a selector once asked for writing; it is no part of the key. */
#define KEY_MASK (0x3fff | FW_CFG_ARCH_LOCAL)

typedef struct {
  uint32_t size;
  uint16_t select;
  uint16_t reserved;
  char name[FW_CFG_NAME_SIZE];
} DirectoryEntry;

G_STATIC_ASSERT (sizeof (DirectoryEntry) == 64);

static void
item_free (void *data)
{
  FwCfgItem *item = data;
  g_clear_pointer (&item->content, g_bytes_unref);
  g_free (item->name);
  g_free (item);
}

const uint8_t *
fw_cfg_item_data (FwCfgItem *item, size_t *ret_size)
{
  if (item->content != NULL)
    return g_bytes_get_data (item->content, ret_size);
  *ret_size = item->size;
  return item->data;
}

FwCfgItem *
fw_cfg_item (FwCfg *fw, uint32_t selector)
{
  uint32_t key = selector & KEY_MASK;
  if (key >= FW_CFG_FILE_FIRST && key - FW_CFG_FILE_FIRST < fw->files->len)
    return fw->files->pdata[key - FW_CFG_FILE_FIRST];
  return g_hash_table_lookup (fw->items, GUINT_TO_POINTER (key));
}

void
fw_cfg_add_bytes (FwCfg *fw, uint16_t key, GBytes *content)
{
  FwCfgItem *item = g_new0 (FwCfgItem, 1);
  item->content = g_bytes_ref (content);
  g_rec_mutex_lock (&fw->dev.lock);
  g_hash_table_replace (fw->items, GUINT_TO_POINTER (key & KEY_MASK), item);
  g_rec_mutex_unlock (&fw->dev.lock);
}

static void
add_copy (FwCfg *fw, uint16_t key, const void *data, size_t size)
{
  g_autoptr (GBytes) content = g_bytes_new (data, size);
  fw_cfg_add_bytes (fw, key, content);
}

void
fw_cfg_add_u16 (FwCfg *fw, uint16_t key, uint16_t value)
{
  value = GUINT16_TO_LE (value);
  add_copy (fw, key, &value, sizeof value);
}

void
fw_cfg_add_u32 (FwCfg *fw, uint16_t key, uint32_t value)
{
  value = GUINT32_TO_LE (value);
  add_copy (fw, key, &value, sizeof value);
}

void
fw_cfg_add_u64 (FwCfg *fw, uint16_t key, uint64_t value)
{
  value = GUINT64_TO_LE (value);
  add_copy (fw, key, &value, sizeof value);
}

void
fw_cfg_add_string (FwCfg *fw, uint16_t key, const char *text)
{
  add_copy (fw, key, text, strlen (text) + 1);
}

/* The directory is an item as any other, made anew when files change. */
static void
update_directory (FwCfg *fw)
{
  size_t size = sizeof (uint32_t) + fw->files->len * sizeof (DirectoryEntry);
  g_autofree uint8_t *directory = g_malloc0 (size);
  uint32_t count = GUINT32_TO_BE (fw->files->len);
  memcpy (directory, &count, sizeof count);
  for (unsigned i = 0; i < fw->files->len; i++) {
    FwCfgItem *file = fw->files->pdata[i];
    size_t file_size;
    fw_cfg_item_data (file, &file_size);
    DirectoryEntry entry = {
      .size = GUINT32_TO_BE ((uint32_t)MIN (file_size, UINT32_MAX)),
      .select = GUINT16_TO_BE ((uint16_t)(FW_CFG_FILE_FIRST + i)),
    };
    g_strlcpy (entry.name, file->name, sizeof entry.name);
    memcpy (directory + sizeof count + i * sizeof entry, &entry, sizeof entry);
  }
  add_copy (fw, FW_CFG_FILE_DIR, directory, size);
}

void
fw_cfg_item_refresh (FwCfg *fw, FwCfgItem *item)
{
  if (item->get == NULL)
    return;
  GBytes *content = item->get (item->opaque);
  bool resized = g_bytes_get_size (content) != g_bytes_get_size (item->content);
  g_bytes_unref (item->content);
  item->content = content;
  if (resized)
    update_directory (fw);
}

static FwCfgItem *
find_file (FwCfg *fw, const char *name)
{
  for (unsigned i = 0; i < fw->files->len; i++) {
    FwCfgItem *file = fw->files->pdata[i];
    if (strcmp (file->name, name) == 0)
      return file;
  }
  return NULL;
}

static bool
check_name (FwCfg *fw, const char *name, GError **error)
{
  if (name[0] == '\0' || strlen (name) >= FW_CFG_NAME_SIZE) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "The fw_cfg file name “%s” has %zu characters: give it 1 to %d", name, strlen (name),
                 FW_CFG_NAME_SIZE - 1);
    return false;
  }
  if (fw->files->len >= FW_CFG_MAX_FILES) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 "There is no room for fw_cfg file “%s” beside the %d others: leave some out", name,
                 FW_CFG_MAX_FILES);
    return false;
  }
  return true;
}

/* The file of that name, new at its place or the one there is. NULL and an error when it cannot be. */
static FwCfgItem *
file_for (FwCfg *fw, const char *name, bool writable, GError **error)
{
  FwCfgItem *file = find_file (fw, name);
  if (file != NULL && (writable || file->data != NULL)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                 "There is an fw_cfg file “%s” already: choose another name", name);
    return NULL;
  }
  if (file != NULL)
    return file;
  if (!check_name (fw, name, error))
    return NULL;
  file = g_new0 (FwCfgItem, 1);
  file->name = g_strdup (name);
  unsigned at = 0;
  while (at < fw->files->len && strcmp (((FwCfgItem *)fw->files->pdata[at])->name, name) < 0)
    at++;
  g_ptr_array_insert (fw->files, (int)at, file);
  return file;
}

bool
fw_cfg_add_callback (FwCfg *fw, const char *name, GBytes *content, GBytes *(*get) (void *opaque),
                     void *opaque, GError **error)
{
  g_rec_mutex_lock (&fw->dev.lock);
  FwCfgItem *file = file_for (fw, name, false, error);
  if (file != NULL) {
    g_clear_pointer (&file->content, g_bytes_unref);
    file->content = g_bytes_ref (content);
    file->get = get;
    file->opaque = opaque;
    update_directory (fw);
  }
  g_rec_mutex_unlock (&fw->dev.lock);
  return file != NULL;
}

bool
fw_cfg_add_file (FwCfg *fw, const char *name, GBytes *content, GError **error)
{
  return fw_cfg_add_callback (fw, name, content, NULL, NULL, error);
}

bool
fw_cfg_add_writable_file (FwCfg *fw, const char *name, void *data, size_t size,
                          void (*on_write) (void *opaque, size_t offset, size_t size), void *opaque,
                          GError **error)
{
  g_rec_mutex_lock (&fw->dev.lock);
  FwCfgItem *file = file_for (fw, name, true, error);
  if (file != NULL) {
    file->data = data;
    file->size = size;
    file->on_write = on_write;
    file->opaque = opaque;
    update_directory (fw);
  }
  g_rec_mutex_unlock (&fw->dev.lock);
  return file != NULL;
}

GBytes *
fw_cfg_find_file (FwCfg *fw, const char *name)
{
  g_rec_mutex_lock (&fw->dev.lock);
  FwCfgItem *file = find_file (fw, name);
  GBytes *content = NULL;
  if (file != NULL)
    content = file->content != NULL ? g_bytes_ref (file->content) : g_bytes_new (file->data, file->size);
  g_rec_mutex_unlock (&fw->dev.lock);
  return content;
}

void
fw_cfg_items_init (FwCfg *fw)
{
  fw->items = g_hash_table_new_full (NULL, NULL, NULL, item_free);
  fw->files = g_ptr_array_new_with_free_func (item_free);
  add_copy (fw, FW_CFG_SIGNATURE, "QEMU", 4);
  update_directory (fw);
}

void
fw_cfg_items_free (FwCfg *fw)
{
  g_hash_table_unref (fw->items);
  g_ptr_array_unref (fw->files);
}
