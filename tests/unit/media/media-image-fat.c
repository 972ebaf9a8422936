/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media-image.h"

#include <string.h>

enum { SECTOR = 512, ENTRY = 32 };

typedef struct {
  GByteArray *image;
  unsigned bits;
  size_t fat, root, data;
  uint32_t next; /* cluster */
} FatImage;

static void
set_fat (FatImage *fat, uint32_t cluster, uint32_t value)
{
  size_t at = fat->fat + cluster * fat->bits / 8;
  if (fat->bits != 12) {
    image_le (fat->image, at, fat->bits / 8, value);
    return;
  }
  uint32_t old = fat->image->data[at] | fat->image->data[at + 1] << 8;
  value = cluster & 1 ? (old & 0xf) | (value & 0xfff) << 4 : (old & 0xf000) | (value & 0xfff);
  image_le (fat->image, at, 2, value);
}

/* Every other cluster: nothing lies in one piece. Returns the first. */
static uint32_t
put_chain (FatImage *fat, const GByteArray *data)
{
  uint32_t first = fat->next;
  for (size_t done = 0; done < data->len || !done; done += SECTOR) {
    uint32_t cluster = fat->next;
    fat->next += 2;
    image_put (fat->image, fat->data + (cluster - 2) * SECTOR, data->data + done,
               MIN (SECTOR, data->len - done));
    set_fat (fat, cluster, done + SECTOR < data->len ? fat->next : 0x0fffffff);
  }
  return first;
}

static void
add_long_name (GByteArray *directory, const char *name, uint8_t sum)
{
  static const uint8_t places[13] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };
  unsigned length = (unsigned)strlen (name), pieces = length / 13 + 1;
  for (unsigned piece = pieces; piece > 0; piece--) {
    size_t at = directory->len;
    image_put (directory, at, NULL, ENTRY);
    image_le (directory, at, 1, piece | (piece == pieces ? 0x40 : 0));
    image_le (directory, at + 11, 1, 0x0f);
    image_le (directory, at + 13, 1, sum);
    for (unsigned i = 0; i < 13; i++) {
      unsigned n = (piece - 1) * 13 + i;
      image_le (directory, at + places[i], 2, n < length ? (uint8_t)name[n] : n == length ? 0 : 0xffff);
    }
  }
}

static void
add_entry (GByteArray *directory, const char *name, bool is_directory, uint32_t cluster, uint32_t size)
{
  char short_name[12] = "           ";
  const char *dot = strrchr (name, '.');
  size_t stem = dot ? (size_t)(dot - name) : strlen (name);
  bool fits = stem <= 8;
  memcpy (short_name, name, MIN (stem, 8));
  if (!fits)
    memcpy (short_name + 6, "~1", 2);
  if (dot)
    memcpy (short_name + 8, dot + 1, MIN (strlen (dot + 1), 3));
  uint8_t sum = 0;
  for (unsigned i = 0; i < 11; i++)
    sum = (uint8_t)((sum >> 1 | sum << 7) + (uint8_t)short_name[i]);
  if (!fits)
    add_long_name (directory, name, sum);
  size_t at = directory->len;
  image_put (directory, at, NULL, ENTRY);
  image_put (directory, at, short_name, 11);
  image_le (directory, at + 11, 1, is_directory ? 0x10 : 0);
  image_le (directory, at + 20, 2, cluster >> 16);
  image_le (directory, at + 26, 2, cluster & 0xffff);
  image_le (directory, at + 28, 4, size);
}

/* The files below a prefix, as a directory. Directories are named by the first file in each. */
static GByteArray *
make_directory (FatImage *fat, const ImageFile *files, const char *prefix)
{
  GByteArray *directory = g_byte_array_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  /* Something in the way, so that directories take several clusters. */
  for (unsigned i = 0; i < 20; i++)
    add_entry (directory, "OTHER.TXT", false, 0, 0);
  for (const ImageFile *file = files; file->path; file++) {
    if (!g_str_has_prefix (file->path, prefix))
      continue;
    const char *rest = file->path + strlen (prefix), *slash = strchr (rest, '/');
    if (!slash) {
      add_entry (directory, rest, false, put_chain (fat, file->data), file->data->len);
      continue;
    }
    g_autofree char *name = g_strndup (rest, (gsize)(slash - rest));
    g_autofree char *below = g_strndup (file->path, (gsize)(slash + 1 - file->path));
    if (!g_hash_table_add (seen, g_strdup (name)))
      continue;
    g_autoptr (GByteArray) children = make_directory (fat, files, below);
    add_entry (directory, name, true, put_chain (fat, children), 0);
  }
  return directory;
}

GByteArray *
image_fat (unsigned bits, const ImageFile *files)
{
  uint32_t total = bits == 16 ? 9000 : 2000, fat_size = bits == 12 ? 6 : bits == 16 ? 36 : 16;
  uint32_t root_entries = bits == 32 ? 0 : 64;
  FatImage fat = {
    .image = g_byte_array_new (),
    .bits = bits,
    .fat = SECTOR,
    .root = (1 + fat_size) * SECTOR,
    .data = (1 + fat_size) * SECTOR + root_entries * ENTRY,
    .next = 3,
  };
  image_put (fat.image, 0, NULL, total * SECTOR);
  image_put (fat.image, 0, "\xeb\x3c\x90", 3);
  image_le (fat.image, 11, 2, SECTOR);
  image_le (fat.image, 13, 1, 1);
  image_le (fat.image, 14, 2, 1);
  image_le (fat.image, 16, 1, 1);
  image_le (fat.image, 17, 2, root_entries);
  image_le (fat.image, 19, 2, total);
  image_le (fat.image, bits == 32 ? 36 : 22, bits == 32 ? 4 : 2, fat_size);
  image_le (fat.image, 510, 2, 0xaa55);
  g_autoptr (GByteArray) root = make_directory (&fat, files, "");
  if (bits == 32)
    image_le (fat.image, 44, 4, put_chain (&fat, root));
  else
    image_put (fat.image, fat.root, root->data, root->len);
  return fat.image;
}
