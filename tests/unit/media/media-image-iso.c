/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media-image.h"

#include <string.h>

enum { SECTOR = 2048, PRIMARY = 16, BOOT_RECORD = 17, SUPPLEMENTARY = 18, LAST = 19 };

typedef struct {
  GByteArray *image;
  IsoNames names;
  uint32_t next; /* free sector */
} IsoImage;

static void
both (GByteArray *image, size_t at, unsigned bytes, uint64_t value)
{
  image_le (image, at, bytes, value);
  image_be (image, at + bytes, bytes, value);
}

static uint32_t
put_sectors (IsoImage *iso, const GByteArray *data)
{
  uint32_t at = iso->next;
  iso->next += (data->len + SECTOR - 1) / SECTOR;
  image_put (iso->image, (size_t)iso->next * SECTOR - 1, NULL, 1);
  image_put (iso->image, (size_t)at * SECTOR, data->data, data->len);
  return at;
}

static void
add_name_entry (GByteArray *use, const char *name)
{
  size_t length = strlen (name), at = use->len;
  image_put (use, at, "NM", 2);
  image_le (use, at + 2, 1, 5 + length);
  image_le (use, at + 3, 2, 1);
  image_put (use, at + 5, name, length);
}

/* Half the name here, the other half in a sector of its own. */
static GByteArray *
far_name (IsoImage *iso, const char *name)
{
  g_autofree char *half = g_strndup (name, strlen (name) / 2);
  g_autoptr (GByteArray) rest = g_byte_array_new ();
  GByteArray *use = g_byte_array_new ();
  add_name_entry (use, half);
  add_name_entry (rest, name + strlen (half));
  uint32_t sector = put_sectors (iso, rest);
  size_t at = use->len;
  image_put (use, at, "CE\x1c\1", 4);
  both (use, at + 4, 4, sector);
  both (use, at + 12, 4, 0);
  both (use, at + 20, 4, rest->len);
  return use;
}

static GByteArray *
plain_name (const IsoImage *iso, const char *name, bool directory)
{
  GByteArray *bytes = g_byte_array_new ();
  if (iso->names == ISO_JOLIET) {
    for (size_t i = 0; name[i]; i++)
      image_be (bytes, 2 * i, 2, (uint8_t)name[i]);
    return bytes;
  }
  g_autofree char *upper = g_ascii_strup (name, -1);
  g_autofree char *full = g_strconcat (upper, directory ? "" : strchr (name, '.') ? ";1" : ".;1", NULL);
  image_put (bytes, 0, full, strlen (full));
  return bytes;
}

/* A record does not cross a sector's end. */
static void
add_record (GByteArray *directory, const GByteArray *name, const GByteArray *use, bool is_directory,
            uint32_t sector, uint32_t size)
{
  unsigned length = 33 + name->len + !(name->len & 1), all = length + (use ? use->len : 0);
  all += all & 1;
  size_t at = directory->len;
  if (at / SECTOR != (at + all) / SECTOR)
    at = (at / SECTOR + 1) * SECTOR;
  image_put (directory, at, NULL, all);
  image_le (directory, at, 1, all);
  both (directory, at + 2, 4, sector);
  both (directory, at + 10, 4, size);
  image_le (directory, at + 25, 1, is_directory ? 2 : 0);
  both (directory, at + 28, 2, 1);
  image_le (directory, at + 32, 1, name->len);
  image_put (directory, at + 33, name->data, name->len);
  if (use)
    image_put (directory, at + length, use->data, use->len);
}

static void
add_named (IsoImage *iso, GByteArray *directory, const char *name, bool is_directory, uint32_t sector,
           uint32_t size)
{
  g_autoptr (GByteArray) bytes = NULL;
  g_autoptr (GByteArray) use = NULL;
  if (iso->names == ISO_ROCK_RIDGE || iso->names == ISO_ROCK_RIDGE_FAR) {
    bytes = image_text (is_directory ? "SHORT" : "SHORT.;1");
    use = iso->names == ISO_ROCK_RIDGE_FAR ? far_name (iso, name) : g_byte_array_new ();
    if (iso->names == ISO_ROCK_RIDGE)
      add_name_entry (use, name);
  } else {
    bytes = plain_name (iso, name, is_directory);
  }
  add_record (directory, bytes, use, is_directory, sector, size);
}

/* "." and "..", of which readers need the first to find out about Rock Ridge. */
static void
add_dots (IsoImage *iso, GByteArray *directory)
{
  static const uint8_t sharing[] = { 'S', 'P', 7, 1, 0xbe, 0xef, 0 };
  bool rock_ridge = iso->names == ISO_ROCK_RIDGE || iso->names == ISO_ROCK_RIDGE_FAR;
  g_autoptr (GByteArray) use = g_byte_array_new ();
  image_put (use, 0, sharing, sizeof sharing);
  for (uint8_t dot = 0; dot < 2; dot++) {
    g_autoptr (GByteArray) name = g_byte_array_new ();
    image_put (name, 0, &dot, 1);
    add_record (directory, name, rock_ridge ? use : NULL, true, 0, SECTOR);
  }
}

static GByteArray *
make_directory (IsoImage *iso, const ImageFile *files, const char *prefix)
{
  GByteArray *directory = g_byte_array_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  add_dots (iso, directory);
  for (const ImageFile *file = files; file && file->path; file++) {
    if (!g_str_has_prefix (file->path, prefix))
      continue;
    const char *rest = file->path + strlen (prefix), *slash = strchr (rest, '/');
    if (!slash) {
      add_named (iso, directory, rest, false, put_sectors (iso, file->data), file->data->len);
      continue;
    }
    g_autofree char *name = g_strndup (rest, (gsize)(slash - rest));
    g_autofree char *below = g_strndup (file->path, (gsize)(slash + 1 - file->path));
    if (!g_hash_table_add (seen, g_strdup (name)))
      continue;
    g_autoptr (GByteArray) children = make_directory (iso, files, below);
    add_named (iso, directory, name, true, put_sectors (iso, children), children->len);
  }
  return directory;
}

static void
put_text (GByteArray *image, size_t at, size_t size, const char *text)
{
  g_autofree char *padded = g_strdup_printf ("%-*s", (int)size, text);
  image_put (image, at, padded, size);
}

static void
put_volume (IsoImage *iso, uint32_t sector, const char *volume, const GByteArray *root)
{
  size_t at = (size_t)sector * SECTOR;
  image_le (iso->image, at, 1, sector == PRIMARY ? 1 : 2);
  image_put (iso->image, at + 1, "CD001\1", 6);
  put_text (iso->image, at + 8, 32, "SYSTEM");
  put_text (iso->image, at + 40, 32, volume);
  both (iso->image, at + 120, 2, 1);
  both (iso->image, at + 128, 2, SECTOR);
  image_put (iso->image, at + 156, "\x22", 1);
  both (iso->image, at + 158, 4, put_sectors (iso, root));
  both (iso->image, at + 166, 4, root->len);
  image_le (iso->image, at + 181, 1, 2);
  image_le (iso->image, at + 188, 1, 1);
  put_text (iso->image, at + 318, 128, "PUBLISHER");
  put_text (iso->image, at + 574, 128, "APPLICATION");
  if (sector == SUPPLEMENTARY)
    image_put (iso->image, at + 88, "%/E", 3);
}

static void
put_catalogue (IsoImage *iso, const IsoBoot *boot)
{
  size_t at = ISO_CATALOGUE * SECTOR, record = BOOT_RECORD * SECTOR;
  image_put (iso->image, record, "\0CD001\1EL TORITO SPECIFICATION", 30);
  image_le (iso->image, record + 71, 4, ISO_CATALOGUE);
  image_le (iso->image, at, 1, 1);
  image_le (iso->image, at + 1, 1, boot->platform);
  image_le (iso->image, at + 30, 2, 0xaa55);
  image_le (iso->image, at + 28, 2, 0x10000 - 0xaa55 - (boot->platform << 8 | 1));
  for (unsigned i = 0; boot[i].image; i++) {
    at += 32;
    if (i) {
      image_le (iso->image, at, 1, boot[i + 1].image ? 0x90 : 0x91);
      image_le (iso->image, at + 1, 1, boot[i].platform);
      image_le (iso->image, at + 2, 2, 1);
      at += 32;
    }
    image_le (iso->image, at, 1, 0x88);
    image_le (iso->image, at + 6, 2, 4);
    image_le (iso->image, at + 8, 4, put_sectors (iso, boot[i].image));
  }
}

GByteArray *
image_iso (const IsoSpec *spec)
{
  IsoImage iso = { g_byte_array_new (), spec->names, FIRST_DATA };
  image_put (iso.image, 0, NULL, FIRST_DATA * SECTOR);
  if (spec->boot)
    put_catalogue (&iso, spec->boot);
  else
    image_put (iso.image, BOOT_RECORD * SECTOR, "\3CD001\1", 7);
  image_put (iso.image, SUPPLEMENTARY * SECTOR, "\3CD001\1", 7);
  image_put (iso.image, LAST * SECTOR, "\377CD001\1", 7);
  g_autoptr (GByteArray) root = make_directory (&iso, spec->files, "");
  if (spec->names == ISO_JOLIET) {
    g_autoptr (GByteArray) empty = make_directory (&iso, NULL, "");
    put_volume (&iso, SUPPLEMENTARY, spec->volume, root);
    put_volume (&iso, PRIMARY, spec->volume, empty);
  } else {
    put_volume (&iso, PRIMARY, spec->volume, root);
  }
  both (iso.image, PRIMARY * SECTOR + 80, 4, iso.image->len / SECTOR);
  return iso.image;
}
