/* SPDX-License-Identifier: GPL-3.0-or-later */

/* FAT12, FAT16 and FAT32 with long names, for reading. (Microsoft, FAT32 File System Specification 1.03) */

#include "media-private.h"

enum {
  ENTRY = 32,
  DIRECTORY_MAX = 128 << 10,
  ENTRIES_PER_READ = 128,
  ATTR_VOLUME = 0x08,
  ATTR_DIRECTORY = 0x10,
  ATTR_LONG_NAME = 0x0f,
  LONG_UNITS = 13,
  LONG_ENTRIES = 20,
};

/* A long name comes in pieces, last first, before the entry it belongs to. */
typedef struct {
  uint16_t units[LONG_UNITS * LONG_ENTRIES];
  unsigned next; /* the number that must follow; 0: complete */
  unsigned length;
  uint8_t checksum;
  bool valid;
} LongName;

/* 0: the chain ends here, or makes no sense. */
static uint32_t
next_cluster (const Fat *fat, uint32_t cluster)
{
  uint8_t bytes[4] = { 0 };
  uint64_t at = fat->fat + (uint64_t)cluster * fat->bits / 8;
  if (!view_read_all (&fat->view, at, bytes, fat->bits == 32 ? 4 : 2))
    return 0;
  uint32_t next = fat->bits == 32 ? le32 (bytes) & 0x0fffffff : le16 (bytes);
  if (fat->bits == 12)
    next = cluster & 1 ? next >> 4 : next & 0xfff;
  return next >= 2 && next - 2 < fat->clusters ? next : 0;
}

static size_t
read_chain (const Fat *fat, uint32_t cluster, uint64_t offset, uint8_t *buffer, size_t size)
{
  /* A chain that is longer than the volume goes round in circles. */
  uint32_t steps = 0;
  for (; offset >= fat->cluster_size && cluster && steps <= fat->clusters; steps++) {
    cluster = next_cluster (fat, cluster);
    offset -= fat->cluster_size;
  }
  size_t done = 0;
  while (done < size && cluster >= 2 && cluster - 2 < fat->clusters) {
    size_t n = MIN (fat->cluster_size - offset, size - done);
    uint64_t at = fat->data + (uint64_t)(cluster - 2) * fat->cluster_size + offset;
    size_t got = view_read (&fat->view, at, buffer + done, n);
    done += got;
    if (got < n)
      break;
    offset = 0;
    cluster = done < size ? next_cluster (fat, cluster) : 0;
  }
  return done;
}

/* The root of FAT12 and FAT16 is no chain, but a place of its own; "where" is 0 there. */
static size_t
read_directory (const Fat *fat, uint32_t cluster, uint64_t offset, uint8_t *buffer, size_t size)
{
  if (cluster)
    return read_chain (fat, cluster, offset, buffer, size);
  if (offset >= fat->root_size)
    return 0;
  return view_read (&fat->view, fat->root + offset, buffer, MIN (size, fat->root_size - offset));
}

static void
take_long_name (LongName *name, const uint8_t *entry)
{
  static const uint8_t places[LONG_UNITS] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };
  unsigned number = entry[0] & 0x3f;
  if (entry[0] & 0x40) {
    name->valid = number >= 1 && number <= LONG_ENTRIES;
    name->next = number;
    name->length = number * LONG_UNITS;
    name->checksum = entry[13];
  }
  if (!name->valid || number != name->next || number == 0 || entry[13] != name->checksum) {
    name->valid = false;
    return;
  }
  name->next--;
  for (unsigned i = 0; i < LONG_UNITS; i++)
    name->units[name->next * LONG_UNITS + i] = le16 (entry + places[i]);
}

static bool
long_name_fits (const LongName *name, const uint8_t *entry)
{
  uint8_t sum = 0;
  for (unsigned i = 0; i < 11; i++)
    sum = (uint8_t)((sum >> 1 | sum << 7) + entry[i]);
  return name->valid && name->next == 0 && sum == name->checksum;
}

static bool
set_long_name (TreeNode *node, const LongName *name)
{
  unsigned length = 0;
  while (length < name->length && name->units[length])
    length++;
  g_autofree char *text = g_utf16_to_utf8 (name->units, length, NULL, NULL, NULL);
  if (!text || strlen (text) > TREE_NAME_MAX)
    return false;
  strcpy (node->name, text);
  return true;
}

/* Bytes above ASCII depend on a code page nobody tells; no name that is looked for has any. */
static void
set_short_name (TreeNode *node, const uint8_t *entry)
{
  unsigned n = 0;
  for (unsigned i = 0; i < 11; i++) {
    if (i == 8 && entry[8] != ' ')
      node->name[n++] = '.';
    if (entry[i] != ' ')
      node->name[n++] = entry[i] < 0x80 ? (char)entry[i] : '_';
  }
  node->name[n] = '\0';
}

static bool
fat_node (const Fat *fat, const LongName *long_name, const uint8_t *entry, TreeNode *node)
{
  if (entry[0] == 0xe5 || entry[0] == '.' || entry[11] & ATTR_VOLUME)
    return false;
  if (!long_name_fits (long_name, entry) || !set_long_name (node, long_name))
    set_short_name (node, entry);
  for (char *c = node->name; *c; c++)
    *c = g_ascii_tolower (*c);
  node->directory = entry[11] & ATTR_DIRECTORY;
  node->where = le16 (entry + 26) | (fat->bits == 32 ? (uint64_t)le16 (entry + 20) << 16 : 0);
  node->size = node->directory ? DIRECTORY_MAX : le32 (entry + 28);
  return node->where >= 2 || !node->directory;
}

static bool
fat_list (Tree *tree, const TreeNode *directory, TreeVisit visit, void *opaque)
{
  const Fat *fat = (const Fat *)tree;
  uint32_t cluster = directory ? (uint32_t)directory->where : fat->root_cluster;
  uint8_t entries[ENTRIES_PER_READ * ENTRY];
  LongName long_name = { .valid = false };
  TreeNode node;
  for (uint64_t at = 0; at < DIRECTORY_MAX; at += sizeof entries) {
    size_t n = read_directory (fat, cluster, at, entries, sizeof entries);
    for (size_t i = 0; i + ENTRY <= n; i += ENTRY) {
      const uint8_t *entry = entries + i;
      if (!entry[0])
        return true;
      if ((entry[11] & 0x3f) == ATTR_LONG_NAME) {
        take_long_name (&long_name, entry);
        continue;
      }
      bool good = fat_node (fat, &long_name, entry, &node);
      long_name.valid = false;
      if (good && !visit (opaque, &node))
        return false;
    }
    if (n < sizeof entries)
      break;
  }
  return true;
}

static size_t
fat_read (Tree *tree, const TreeNode *file, uint64_t offset, void *buffer, size_t size)
{
  const Fat *fat = (const Fat *)tree;
  if (offset >= file->size || file->where < 2)
    return 0;
  return read_chain (fat, (uint32_t)file->where, offset, buffer, MIN (size, file->size - offset));
}

static bool
is_power_of_two (uint32_t value, uint32_t least, uint32_t most)
{
  return value >= least && value <= most && !(value & (value - 1));
}

bool
fat_open (Fat *fat, const View *view)
{
  uint8_t boot[512];
  if (!view_read_all (view, 0, boot, sizeof boot) || boot[510] != 0x55 || boot[511] != 0xaa)
    return false;
  uint32_t sector = le16 (boot + 11), per_cluster = boot[13], reserved = le16 (boot + 14), fats = boot[16];
  uint32_t root_entries = le16 (boot + 17);
  uint32_t total = le16 (boot + 19) ? le16 (boot + 19) : le32 (boot + 32);
  uint32_t fat_size = le16 (boot + 22) ? le16 (boot + 22) : le32 (boot + 36);
  if ((boot[0] != 0xeb && boot[0] != 0xe9) || !is_power_of_two (sector, 512, 4096) ||
      !is_power_of_two (per_cluster, 1, 128) || !reserved || !fats || fats > 4 || !fat_size || !total)
    return false;
  uint64_t root = reserved + (uint64_t)fats * fat_size;
  uint64_t data = root + ((uint64_t)root_entries * ENTRY + sector - 1) / sector;
  if (data >= total)
    return false;
  *fat = (Fat){
    .tree = { fat_list, fat_read },
    .view = *view,
    .clusters = (uint32_t)((total - data) / per_cluster),
    .cluster_size = sector * per_cluster,
    .fat = (uint64_t)reserved * sector,
    .root = root * sector,
    .root_size = root_entries * ENTRY,
    .data = data * sector,
  };
  fat->bits = fat->clusters < 4085 ? 12 : fat->clusters < 65525 ? 16 : 32;
  /* mformat makes FAT32 of volumes that are too small for it; the field that only FAT32 lacks tells. */
  if (!le16 (boot + 22))
    fat->bits = 32;
  fat->root_cluster = fat->bits == 32 ? le32 (boot + 44) : 0;
  return fat->bits != 32 || fat->root_cluster >= 2;
}
