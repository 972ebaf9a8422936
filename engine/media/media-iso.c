/* SPDX-License-Identifier: GPL-3.0-or-later */

/* ISO 9660 (ECMA-119) with Rock Ridge (IEEE P1282) or Joliet names. */

#include "media-private.h"

enum {
  DESCRIPTOR_FIRST = 16,
  DESCRIPTORS_MAX = 32,
  BOOT_RECORD = 0,
  PRIMARY = 1,
  SUPPLEMENTARY = 2,
  TERMINATOR = 255,
  RECORD_MIN = 34,
  DIRECTORY_MAX = 256 << 10,
  CONTINUATIONS_MAX = 4,
  FLAG_DIRECTORY = 2,
  FLAG_ASSOCIATED = 4,
};

/* ---- System use entries ---- */

typedef struct {
  char name[TREE_NAME_MAX + 1];
  size_t length;
  bool found;
  uint32_t block, offset, size; /* of the continuation area; size 0: none */
} SystemUse;

static void
take_alternate_name (SystemUse *use, const uint8_t *entry)
{
  uint8_t length = entry[2];
  if (length < 5 || entry[4] & 6) /* "." and ".." */
    return;
  size_t n = MIN ((size_t)length - 5, TREE_NAME_MAX - use->length);
  memcpy (use->name + use->length, entry + 5, n);
  use->length += n;
  use->found = true;
}

static void
take_system_use (SystemUse *use, const uint8_t *area, size_t size)
{
  for (size_t at = 0; at + 4 <= size; at += area[at + 2]) {
    const uint8_t *entry = area + at;
    if (entry[2] < 4 || entry[2] > size - at || (entry[0] == 'S' && entry[1] == 'T'))
      return;
    if (entry[0] == 'N' && entry[1] == 'M')
      take_alternate_name (use, entry);
    if (entry[0] == 'C' && entry[1] == 'E' && entry[2] >= 28) {
      use->block = le32 (entry + 4);
      use->offset = le32 (entry + 12);
      use->size = le32 (entry + 20);
    }
  }
}

/* The name of Rock Ridge, which may go on elsewhere. */
static bool
rock_ridge_name (const Iso *iso, const uint8_t *area, size_t size, TreeNode *node)
{
  SystemUse use = { .found = false };
  take_system_use (&use, area, size);
  for (unsigned i = 0; use.size && i < CONTINUATIONS_MAX; i++) {
    uint8_t more[ISO_SECTOR];
    uint64_t at = (uint64_t)use.block * iso->block_size + use.offset;
    size_t n = view_read (&iso->view, at, more, MIN (use.size, sizeof more));
    use.size = 0;
    take_system_use (&use, more, n);
  }
  if (!use.found || !g_utf8_validate (use.name, (gssize)use.length, NULL))
    return false;
  memcpy (node->name, use.name, use.length);
  node->name[use.length] = '\0';
  return true;
}

/* ---- Directories ---- */

static bool
joliet_name (const uint8_t *bytes, size_t length, TreeNode *node)
{
  uint16_t units[128];
  size_t n = MIN (length / 2, G_N_ELEMENTS (units));
  for (size_t i = 0; i < n; i++)
    units[i] = be16 (bytes + 2 * i);
  g_autofree char *text = g_utf16_to_utf8 (units, (glong)n, NULL, NULL, NULL);
  if (!text || strlen (text) > TREE_NAME_MAX)
    return false;
  strcpy (node->name, text);
  return true;
}

/* Without the version number, and without the dot that a name with no extension has. What is not ASCII is in
 * no encoding that is known, and must not be taken for UTF-8. */
static void
plain_name (TreeNode *node)
{
  for (char *c = node->name; *c; c++)
    *c = *c & 0x80 ? '_' : *c;
  char *version = strrchr (node->name, ';');
  if (version)
    *version = '\0';
  size_t length = strlen (node->name);
  if (length > 1 && node->name[length - 1] == '.')
    node->name[length - 1] = '\0';
}

static bool
iso_node (const Iso *iso, const uint8_t *record, TreeNode *node)
{
  size_t length = record[0], name = record[32], use = RECORD_MIN - 1 + name + !(name & 1);
  if (RECORD_MIN - 1 + name > length || !name || record[25] & FLAG_ASSOCIATED)
    return false;
  use = MIN (use + iso->susp_skip, length);
  memcpy (node->name, record + 33, name);
  node->name[name] = '\0';
  if (iso->joliet) {
    if (!joliet_name (record + 33, name, node))
      return false;
  } else if (!iso->rock_ridge || !rock_ridge_name (iso, record + use, length - use, node)) {
    plain_name (node);
  }
  for (char *c = node->name; *c; c++)
    *c = g_ascii_tolower (*c);
  node->directory = record[25] & FLAG_DIRECTORY;
  node->where = (uint64_t)(le32 (record + 2) + (uint64_t)record[1]) * iso->block_size;
  node->size = le32 (record + 10);
  return true;
}

/* "." and ".." are one byte, 0 and 1; a longer name that begins so is Joliet's. */
static bool
is_dot (const uint8_t *record)
{
  return record[32] == 1 && record[33] <= 1;
}

static bool
iso_list (Tree *tree, const TreeNode *directory, TreeVisit visit, void *opaque)
{
  const Iso *iso = (const Iso *)tree;
  const TreeNode *from = directory ? directory : &iso->root;
  uint64_t size = MIN (from->size, DIRECTORY_MAX);
  uint8_t sector[ISO_SECTOR];
  TreeNode node;
  for (uint64_t at = 0; at < size; at += ISO_SECTOR) {
    size_t n = view_read (&iso->view, from->where + at, sector, MIN (ISO_SECTOR, size - at));
    for (size_t i = 0; i + RECORD_MIN <= n && sector[i] >= RECORD_MIN && sector[i] <= n - i; i += sector[i]) {
      if (!is_dot (sector + i) && iso_node (iso, sector + i, &node) && !visit (opaque, &node))
        return false;
    }
    if (!n)
      break;
  }
  return true;
}

static size_t
iso_read (Tree *tree, const TreeNode *file, uint64_t offset, void *buffer, size_t size)
{
  const Iso *iso = (const Iso *)tree;
  if (offset >= file->size)
    return 0;
  return view_read (&iso->view, file->where + offset, buffer, MIN (size, file->size - offset));
}

/* ---- Volume descriptors ---- */

static char *
descriptor_text (const uint8_t *bytes, size_t size)
{
  while (size && (bytes[size - 1] == ' ' || bytes[size - 1] == '\0'))
    size--;
  size = strnlen ((const char *)bytes, size);
  if (!size)
    return NULL;
  if (g_utf8_validate ((const char *)bytes, (gssize)size, NULL))
    return probe_printable ((const char *)bytes, size);
  g_autofree char *text =
      g_convert ((const char *)bytes, (gssize)size, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
  return text ? probe_printable (text, strlen (text)) : NULL;
}

static TreeNode
root_node (const Iso *iso, const uint8_t *descriptor)
{
  const uint8_t *record = descriptor + 156;
  return (TreeNode){
    .directory = true,
    .where = (uint64_t)le32 (record + 2) * iso->block_size,
    .size = le32 (record + 10),
  };
}

static void
take_primary (Iso *iso, const uint8_t *descriptor, MediaInfo *info)
{
  uint16_t block_size = le16 (descriptor + 128);
  iso->block_size = block_size == 512 || block_size == 1024 ? block_size : ISO_SECTOR;
  iso->root = root_node (iso, descriptor);
  info->volume_size = (uint64_t)le32 (descriptor + 80) * iso->block_size;
  info->system = descriptor_text (descriptor + 8, 32);
  info->volume = descriptor_text (descriptor + 40, 32);
  info->publisher = descriptor_text (descriptor + 318, 128);
  info->application = descriptor_text (descriptor + 574, 128);
}

static bool
is_joliet (const uint8_t *descriptor)
{
  return descriptor[88] == '%' && descriptor[89] == '/' && descriptor[90] && strchr ("@CE", descriptor[90]);
}

/* Rock Ridge announces itself in the root's first record. */
static void
find_rock_ridge (Iso *iso)
{
  uint8_t record[256];
  size_t n = view_read (&iso->view, iso->root.where, record, sizeof record);
  if (n < RECORD_MIN + 7 || record[0] > n || record[0] < RECORD_MIN + 7 || record[32] != 1)
    return;
  static const uint8_t sharing[] = { 'S', 'P', 7, 1, 0xbe, 0xef };
  if (!memcmp (record + RECORD_MIN, sharing, sizeof sharing)) {
    iso->rock_ridge = true;
    iso->susp_skip = record[RECORD_MIN + 6];
  }
}

/* ECMA-167's volume recognition sequence follows ISO 9660's, in the same shape. */
static void
find_udf (Iso *iso, unsigned from)
{
  for (unsigned i = from; i < from + 8; i++) {
    uint8_t head[6];
    if (!view_read_all (&iso->view, (uint64_t)i * ISO_SECTOR, head, sizeof head))
      return;
    if (!memcmp (head + 1, "NSR0", 4))
      iso->udf = true;
  }
}

bool
iso_open (Iso *iso, const View *view, MediaInfo *info)
{
  *iso = (Iso){ .tree = { iso_list, iso_read }, .view = *view, .block_size = ISO_SECTOR };
  uint8_t descriptor[ISO_SECTOR];
  TreeNode joliet = { .size = 0 };
  bool primary = false;
  unsigned i;
  for (i = 0; i < DESCRIPTORS_MAX; i++) {
    if (!view_read_all (view, (DESCRIPTOR_FIRST + i) * ISO_SECTOR, descriptor, sizeof descriptor) ||
        memcmp (descriptor + 1, "CD001", 5) || descriptor[0] == TERMINATOR)
      break;
    if (descriptor[0] == PRIMARY && !primary) {
      take_primary (iso, descriptor, info);
      primary = true;
    } else if (descriptor[0] == SUPPLEMENTARY && is_joliet (descriptor)) {
      joliet = root_node (iso, descriptor);
    } else if (descriptor[0] == BOOT_RECORD && !memcmp (descriptor + 7, "EL TORITO SPECIFICATION", 23)) {
      iso->catalogue = le32 (descriptor + 71);
    }
  }
  find_udf (iso, DESCRIPTOR_FIRST + i);
  if (primary)
    find_rock_ridge (iso);
  if (!iso->rock_ridge && joliet.size) {
    iso->joliet = true;
    iso->root = joliet;
  }
  return primary;
}
