/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The file of a saved machine: written, read, cut and damaged. */

#include "save-file.h"
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  char *dir, *path;
} Fixture;

static void
set_up (Fixture *f, const void *data)
{
  f->dir = g_dir_make_tmp ("vitrine-save-XXXXXX", NULL);
  f->path = g_build_filename (f->dir, "saved", NULL);
}

static void
tear_down (Fixture *f, const void *data)
{
  g_unlink (f->path);
  g_assert_cmpint (g_rmdir (f->dir), ==, 0); /* nothing else was left there */
  g_free (f->path);
  g_free (f->dir);
}

static GVariant *
dictionary (void)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "name", "s", "value");
  g_variant_dict_insert (&dict, "number", "t", G_MAXUINT64);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
write_saved (Fixture *f)
{
  GError *error = NULL;
  SaveWriter *writer = save_writer_new (f->path, &error);
  g_autoptr (GVariant) dict = dictionary ();

  g_assert_no_error (error);
  g_assert_true (save_writer_variant (writer, SAVE_DESCRIPTION, dict, NULL));
  g_assert_true (save_writer_variant (writer, SAVE_STATE, dict, NULL));
  g_assert_true (save_writer_chunk (writer, SAVE_RAM, 3, 5 * SAVE_RAM_CHUNK, "abc", 3, NULL));
  /* Until it is whole there is nothing. */
  g_assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
  g_assert_true (save_writer_finish (writer, &error));
  g_assert_no_error (error);
}

/* Reads all of it; false and an error where it is not what was written. */
static bool
read_saved (const char *path, GError **error)
{
  g_autoptr (SaveReader) reader = save_reader_new (path, error);
  SaveChunk chunk;
  const uint8_t *data;

  if (reader == NULL)
    return false;
  g_autoptr (GVariant) description = save_reader_variant (reader, SAVE_DESCRIPTION, error);
  g_autoptr (GVariant) state = description ? save_reader_variant (reader, SAVE_STATE, error) : NULL;
  if (state == NULL)
    return false;
  g_autoptr (GVariant) dict = dictionary ();
  if (!g_variant_equal (description, dict) || !g_variant_equal (state, dict)) {
    save_reader_fail (reader, "has another state", error);
    return false;
  }
  do
    if (!save_reader_next (reader, &chunk, &data, error))
      return false;
  while (chunk.type != SAVE_END);
  return true;
}

static void
test_round_trip (Fixture *f, const void *data)
{
  GError *error = NULL;
  SaveChunk chunk;
  const uint8_t *content;

  write_saved (f);
  read_saved (f->path, &error);
  g_assert_no_error (error);
  g_autoptr (SaveReader) reader = save_reader_new (f->path, NULL);
  g_assert_true (save_reader_next (reader, &chunk, &content, NULL));
  g_assert_true (save_reader_next (reader, &chunk, &content, NULL));
  g_assert_true (save_reader_next (reader, &chunk, &content, NULL));
  g_assert_cmpuint (chunk.type, ==, SAVE_RAM);
  g_assert_cmpuint (chunk.block, ==, 3);
  g_assert_cmpuint (chunk.offset, ==, 5 * SAVE_RAM_CHUNK);
  g_assert_cmpmem (content, chunk.size, "abc", 3);
}

static void
test_cancel (Fixture *f, const void *data)
{
  SaveWriter *writer = save_writer_new (f->path, NULL);

  g_assert_true (save_writer_chunk (writer, SAVE_RAM, 0, 0, "abc", 3, NULL));
  save_writer_cancel (writer);
  g_assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
}

static void
test_no_place (Fixture *f, const void *data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (save_writer_new ("/nowhere/at/all", &error));
  g_assert_nonnull (strstr (error->message, "/nowhere/at/all"));
  g_clear_error (&error);
  g_assert_null (save_reader_new ("/nowhere/at/all", &error));
  g_assert_nonnull (strstr (error->message, "/nowhere/at/all"));
  g_clear_error (&error);
  g_assert_null (save_reader_new (f->dir, &error));
  g_assert_nonnull (error);
}

static void
test_cut (Fixture *f, const void *data)
{
  g_autofree char *content = NULL;
  gsize size;

  write_saved (f);
  g_assert_true (g_file_get_contents (f->path, &content, &size, NULL));
  for (gsize cut = 0; cut < size; cut++) {
    g_autoptr (GError) error = NULL;
    g_assert_true (g_file_set_contents (f->path, content, (gssize)cut, NULL));
    g_assert_false (read_saved (f->path, &error));
    g_assert_nonnull (strstr (error->message, f->path));
  }
}

/* Any bit that is wrong is noticed. */
static void
test_damaged (Fixture *f, const void *data)
{
  g_autofree char *content = NULL;
  gsize size;

  write_saved (f);
  g_assert_true (g_file_get_contents (f->path, &content, &size, NULL));
  for (gsize at = 0; at < size; at++) {
    if (at >= 20 && at < 24) /* the head's spare word */
      continue;
    g_autoptr (GError) error = NULL;
    content[at] ^= 1 << at % 8;
    g_assert_true (g_file_set_contents (f->path, content, (gssize)size, NULL));
    g_assert_false (read_saved (f->path, &error));
    g_assert_nonnull (error);
    content[at] ^= 1 << at % 8;
  }
}

static void
test_missing_part (Fixture *f, const void *data)
{
  g_autofree char *content = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  write_saved (f);
  g_assert_true (g_file_get_contents (f->path, &content, &size, NULL));
  /* The RAM chunk (32 + 3 bytes) before the end chunk (32 + 8). */
  memmove (content + size - 40 - 35, content + size - 40, 40);
  g_assert_true (g_file_set_contents (f->path, content, (gssize)size - 35, NULL));
  g_assert_false (read_saved (f->path, &error));
  g_assert_nonnull (strstr (error->message, "missing"));
}

static void
test_pack (void)
{
  g_autofree uint8_t *ram = g_malloc0 (SAVE_RAM_CHUNK), *back = g_malloc (SAVE_RAM_CHUNK);

  g_assert_null (save_ram_pack (ram, SAVE_RAM_CHUNK));
  ram[0] = 1;
  ram[SAVE_RAM_CHUNK - 1] = 2;
  ram[17 * SAVE_PAGE_SIZE + 4095] = 3;
  g_autoptr (GByteArray) packed = save_ram_pack (ram, SAVE_RAM_CHUNK);
  g_assert_cmpuint (packed->len, <, 1000);
  memset (back, 0, SAVE_RAM_CHUNK);
  g_assert_true (save_ram_unpack (packed->data, packed->len, back, SAVE_RAM_CHUNK));
  g_assert_cmpmem (back, SAVE_RAM_CHUNK, ram, SAVE_RAM_CHUNK);
  /* A page beyond the end of the block. */
  g_assert_false (save_ram_unpack (packed->data, packed->len, back, SAVE_RAM_CHUNK - SAVE_PAGE_SIZE));
  for (guint cut = 0; cut < packed->len; cut++)
    g_assert_false (save_ram_unpack (packed->data, cut, back, SAVE_RAM_CHUNK));
  /* More or fewer pages than there is content for. */
  packed->data[1] ^= 1;
  g_assert_false (save_ram_unpack (packed->data, packed->len, back, SAVE_RAM_CHUNK));
}

static void
test_pack_random (void)
{
  GRand *rand = g_rand_new_with_seed (7);

  for (unsigned round = 0; round < 20; round++) {
    uint64_t size = SAVE_PAGE_SIZE * (uint64_t)g_rand_int_range (rand, 1, 257);
    g_autofree uint8_t *ram = g_malloc0 (size), *back = g_malloc0 (size);
    for (uint64_t page = 0; page < size / SAVE_PAGE_SIZE; page++)
      for (unsigned i = 0; g_rand_boolean (rand) && i < 200; i++)
        ram[page * SAVE_PAGE_SIZE + (uint64_t)g_rand_int_range (rand, 0, SAVE_PAGE_SIZE)] =
            (uint8_t)g_rand_int (rand);
    g_autoptr (GByteArray) packed = save_ram_pack (ram, size);
    if (packed)
      g_assert_true (save_ram_unpack (packed->data, packed->len, back, size));
    g_assert_cmpmem (back, size, ram, size);
  }
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/machine/save-file/" name, Fixture, NULL, set_up, fn, tear_down)
  ADD ("round-trip", test_round_trip);
  ADD ("cancel", test_cancel);
  ADD ("no-place", test_no_place);
  ADD ("cut", test_cut);
  ADD ("damaged", test_damaged);
  ADD ("missing-part", test_missing_part);
  g_test_add_func ("/machine/save-file/pack", test_pack);
  g_test_add_func ("/machine/save-file/pack-random", test_pack_random);
  return g_test_run ();
}
