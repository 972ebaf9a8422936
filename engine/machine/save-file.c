/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "save-file.h"

#include "hostfile.h"
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define MAGIC      "VitrineMachine\r\n"
#define MAGIC_SIZE 16
G_STATIC_ASSERT (sizeof MAGIC - 1 == MAGIC_SIZE);

/* Fast, and what makes a page small at all is found at this level. */
#define ZSTD_LEVEL 1
/* More than any machine's devices have to say. */
#define LARGEST_VARIANT (UINT64_C (512) << 20)
#define LARGEST_CHUNK   (2 * SAVE_RAM_CHUNK)

struct SaveWriter {
  char *path, *temporary;
  FILE *file;
  uint64_t chunks;
};

struct SaveReader {
  char *name;
  FILE *file;
  uint64_t position, size; /* of the file */
  uint64_t chunks;
  bool ended;
  uint8_t *data;
  uint64_t data_room;
};

static uint32_t
chunk_crc (const SaveChunk *chunk, const void *data)
{
  SaveChunk copy = *chunk;

  copy.crc = 0;
  uLong crc = crc32_z (0, (const Bytef *)&copy, sizeof copy);
  return (uint32_t)crc32_z (crc, data, chunk->size);
}

static SaveChunk
chunk_swapped (const SaveChunk *c)
{
  return (SaveChunk){ GUINT32_TO_LE (c->type),   GUINT32_TO_LE (c->crc),   GUINT64_TO_LE (c->size),
                      GUINT64_TO_LE (c->offset), GUINT32_TO_LE (c->block), GUINT32_TO_LE (c->reserved) };
}

static bool
write_failed (const SaveWriter *writer, GError **error)
{
  int saved = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), "saving to '%s': %s%s", writer->path,
               g_strerror (saved),
               saved == ENOSPC   ? "; make room there or choose another place"
               : saved == EACCES ? "; choose a directory you may write to"
                                 : "");
  return false;
}

static SaveWriter *
begin (SaveWriter *writer, int fd, GError **error)
{
  const uint32_t version[2] = { GUINT32_TO_LE (SAVE_VERSION), 0 };
  writer->file = fdopen (fd, "w");
  if (writer->file == NULL)
    close (fd);
  if (writer->file == NULL || fwrite (MAGIC, MAGIC_SIZE, 1, writer->file) != 1 ||
      fwrite (version, sizeof version, 1, writer->file) != 1) {
    write_failed (writer, error);
    save_writer_cancel (writer);
    return NULL;
  }
  return writer;
}

SaveWriter *
save_writer_new_fd (int fd, const char *name, GError **error)
{
  SaveWriter *writer = g_new0 (SaveWriter, 1);
  writer->path = g_strdup (name);
  return begin (writer, fd, error);
}

SaveWriter *
save_writer_new (const char *path, GError **error)
{
  SaveWriter *writer = g_new0 (SaveWriter, 1);

  writer->path = g_strdup (path);
  writer->temporary = g_strconcat (path, ".XXXXXX", NULL);
  int fd = g_mkstemp_full (writer->temporary, O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) {
    write_failed (writer, error);
    g_clear_pointer (&writer->temporary, g_free);
    save_writer_cancel (writer);
    return NULL;
  }
  return begin (writer, fd, error);
}

bool
save_writer_chunk (SaveWriter *writer, SaveChunkType type, uint32_t block, uint64_t offset, const void *data,
                   uint64_t size, GError **error)
{
  SaveChunk chunk = { .type = type, .size = size, .block = block, .offset = offset };

  chunk.crc = chunk_crc (&chunk, data);
  chunk = chunk_swapped (&chunk);
  writer->chunks++;
  if (fwrite (&chunk, sizeof chunk, 1, writer->file) != 1 ||
      (size > 0 && fwrite (data, size, 1, writer->file) != 1))
    return write_failed (writer, error);
  return true;
}

bool
save_writer_variant (SaveWriter *writer, SaveChunkType type, GVariant *value, GError **error)
{
  g_autoptr (GVariant) swapped =
      G_BYTE_ORDER == G_BIG_ENDIAN ? g_variant_byteswap (value) : g_variant_ref (value);
  g_autoptr (GVariant) normal = g_variant_get_normal_form (swapped);

  return save_writer_chunk (writer, type, 0, 0, g_variant_get_data (normal), g_variant_get_size (normal),
                            error);
}

bool
save_writer_finish (SaveWriter *writer, GError **error)
{
  const uint64_t chunks = GUINT64_TO_LE (writer->chunks);
  bool ok = save_writer_chunk (writer, SAVE_END, 0, 0, &chunks, sizeof chunks, error);

  if (ok && (fflush (writer->file) != 0 || fsync (fileno (writer->file)) < 0 ||
             (writer->temporary && rename (writer->temporary, writer->path) < 0)))
    ok = write_failed (writer, error);
  if (ok)
    g_clear_pointer (&writer->temporary, g_free);
  save_writer_cancel (writer);
  return ok;
}

void
save_writer_cancel (SaveWriter *writer)
{
  if (writer->file)
    fclose (writer->file);
  if (writer->temporary)
    unlink (writer->temporary);
  g_free (writer->temporary);
  g_free (writer->path);
  g_free (writer);
}

void
save_reader_fail (SaveReader *reader, const char *what, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "'%s' %s", reader->name, what);
}

static bool
check_head (SaveReader *reader, GError **error)
{
  char magic[MAGIC_SIZE];
  uint32_t version[2];

  if (fread (magic, MAGIC_SIZE, 1, reader->file) != 1 || memcmp (magic, MAGIC, MAGIC_SIZE) != 0) {
    save_reader_fail (reader, "is not a saved machine; give a file made by saving one", error);
    return false;
  }
  if (fread (version, sizeof version, 1, reader->file) != 1) {
    save_reader_fail (reader, "is cut short; copy it again", error);
    return false;
  }
  if (GUINT32_FROM_LE (version[0]) != SAVE_VERSION) {
    save_reader_fail (reader, "was saved by another version of Vitrine; restore it with that one", error);
    return false;
  }
  reader->position = MAGIC_SIZE + sizeof version;
  return true;
}

SaveReader *
save_reader_new_fd (int fd, const char *name, GError **error)
{
  SaveReader *reader = g_new0 (SaveReader, 1);
  struct stat st;

  reader->name = g_strdup (name);
  reader->file = fdopen (fd, "r");
  if (fstat (fd, &st) < 0 || !S_ISREG (st.st_mode)) {
    save_reader_fail (reader, "is not a regular file", error);
    save_reader_free (reader);
    return NULL;
  }
  reader->size = (uint64_t)st.st_size;
  if (!check_head (reader, error)) {
    save_reader_free (reader);
    return NULL;
  }
  return reader;
}

SaveReader *
save_reader_new (const char *path, GError **error)
{
  int fd = host_file_open (path, O_RDONLY | O_NONBLOCK, 0);

  if (fd < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "cannot open the saved machine '%s': %s",
                 path, g_strerror (errno));
    return NULL;
  }
  return save_reader_new_fd (fd, path, error);
}

void
save_reader_free (SaveReader *reader)
{
  fclose (reader->file);
  g_free (reader->name);
  g_free (reader->data);
  g_free (reader);
}

static uint64_t
largest_size (uint32_t type)
{
  switch (type) {
    case SAVE_DESCRIPTION:
    case SAVE_STATE: return LARGEST_VARIANT;
    case SAVE_RAM: return LARGEST_CHUNK;
    case SAVE_END: return sizeof (uint64_t);
    default: return 0;
  }
}

static bool
check_end (SaveReader *reader, const SaveChunk *chunk, GError **error)
{
  uint64_t chunks = 0;

  if (chunk->size == sizeof chunks)
    memcpy (&chunks, reader->data, sizeof chunks);
  reader->ended = true;
  if (chunk->size == sizeof chunks && GUINT64_FROM_LE (chunks) == reader->chunks)
    return true;
  save_reader_fail (reader, "is damaged: parts of it are missing; copy it again", error);
  return false;
}

bool
save_reader_next (SaveReader *reader, SaveChunk *ret_chunk, const uint8_t **ret_data, GError **error)
{
  SaveChunk chunk;

  if (reader->ended || fread (&chunk, sizeof chunk, 1, reader->file) != 1) {
    save_reader_fail (reader, "is cut short; copy it again", error);
    return false;
  }
  chunk = chunk_swapped (&chunk);
  reader->position += sizeof chunk;
  if (reader->position > reader->size || chunk.size > reader->size - reader->position) {
    save_reader_fail (reader, "is cut short or damaged; copy it again", error);
    return false;
  }
  if (chunk.size > largest_size (chunk.type)) {
    save_reader_fail (reader, "is damaged: a part has an impossible size; copy it again", error);
    return false;
  }
  if (chunk.size > reader->data_room) {
    g_free (reader->data);
    reader->data = g_malloc (chunk.size);
    reader->data_room = chunk.size;
  }
  if (chunk.size > 0 && fread (reader->data, chunk.size, 1, reader->file) != 1) {
    save_reader_fail (reader, "cannot be read to its end", error);
    return false;
  }
  reader->position += chunk.size;
  if (chunk_crc (&chunk, reader->data) != chunk.crc) {
    save_reader_fail (reader, "is damaged: a checksum is wrong; copy it again", error);
    return false;
  }
  if (chunk.type == SAVE_END && !check_end (reader, &chunk, error))
    return false;
  reader->chunks++;
  *ret_chunk = chunk;
  *ret_data = reader->data;
  return true;
}

GVariant *
save_reader_variant (SaveReader *reader, SaveChunkType type, GError **error)
{
  SaveChunk chunk;
  const uint8_t *data;

  if (!save_reader_next (reader, &chunk, &data, error))
    return NULL;
  if (chunk.type == (uint32_t)type) {
    g_autoptr (GBytes) bytes = g_bytes_new (data, chunk.size);
    g_autoptr (GVariant) value =
        g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, bytes, FALSE));
    /* What is not in normal form was not written by us, and may be far larger than its bytes. */
    if (g_variant_is_normal_form (value))
      return G_BYTE_ORDER == G_BIG_ENDIAN ? g_variant_byteswap (value) : g_steal_pointer (&value);
  }
  save_reader_fail (reader, "is damaged: its parts are not what they should be", error);
  return NULL;
}

static bool
page_is_zero (const uint8_t *page)
{
  const uint64_t *words = (const uint64_t *)page;

  for (unsigned i = 0; i < SAVE_PAGE_SIZE / 8; i += 8) {
    uint64_t any = 0;
    for (unsigned j = 0; j < 8; j++)
      any |= words[i + j];
    if (any)
      return false;
  }
  return true;
}

GByteArray *
save_ram_pack (const uint8_t *ram, uint64_t size)
{
  uint8_t bitmap[SAVE_BITMAP_SIZE] = { 0 };
  g_autofree uint8_t *pages = NULL;
  size_t used = 0;

  for (uint64_t page = 0; page < size / SAVE_PAGE_SIZE; page++) {
    const uint8_t *p = ram + page * SAVE_PAGE_SIZE;
    if (page_is_zero (p))
      continue;
    if (pages == NULL)
      pages = g_malloc (size);
    bitmap[page / 8] |= (uint8_t)(1u << page % 8);
    memcpy (pages + used, p, SAVE_PAGE_SIZE);
    used += SAVE_PAGE_SIZE;
  }
  if (pages == NULL)
    return NULL;
  GByteArray *out = g_byte_array_new ();
  g_byte_array_append (out, bitmap, sizeof bitmap);
  g_byte_array_set_size (out, (guint)(sizeof bitmap + ZSTD_compressBound (used)));
  size_t packed =
      ZSTD_compress (out->data + sizeof bitmap, ZSTD_compressBound (used), pages, used, ZSTD_LEVEL);
  /* It cannot fail with that much room but for memory. */
  g_assert (!ZSTD_isError (packed));
  g_byte_array_set_size (out, (guint)(sizeof bitmap + packed));
  return out;
}

bool
save_ram_unpack (const uint8_t *data, uint64_t data_size, uint8_t *ram, uint64_t size)
{
  uint64_t n_pages = size / SAVE_PAGE_SIZE, used = 0, next = 0;

  if (data_size < SAVE_BITMAP_SIZE)
    return false;
  for (uint64_t page = 0; page < SAVE_BITMAP_SIZE * 8; page++)
    if (data[page / 8] >> page % 8 & 1) {
      if (page >= n_pages)
        return false;
      used++;
    }
  g_autofree uint8_t *pages = g_malloc (used * SAVE_PAGE_SIZE + 1);
  size_t unpacked =
      ZSTD_decompress (pages, used * SAVE_PAGE_SIZE, data + SAVE_BITMAP_SIZE, data_size - SAVE_BITMAP_SIZE);
  if (ZSTD_isError (unpacked) || unpacked != used * SAVE_PAGE_SIZE)
    return false;
  for (uint64_t page = 0; page < n_pages; page++)
    if (data[page / 8] >> page % 8 & 1)
      memcpy (ram + page * SAVE_PAGE_SIZE, pages + next++ * SAVE_PAGE_SIZE, SAVE_PAGE_SIZE);
  return true;
}
