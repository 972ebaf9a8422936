/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The file of a saved machine as its reader takes it: chunks, dictionaries, packed memory. */

#include "save-file.h"
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* The checksums would keep all but whole files out: they are put right first. */
static void
fix_checksums (uint8_t *data, size_t size)
{
  SaveChunk chunk;

  for (size_t at = 24; at <= size && size - at >= sizeof chunk;) {
    memcpy (&chunk, data + at, sizeof chunk);
    uint64_t length = GUINT64_FROM_LE (chunk.size);
    if (length > size - at - sizeof chunk)
      return;
    memset (data + at + 4, 0, 4);
    uint32_t crc = GUINT32_TO_LE ((uint32_t)crc32_z (0, data + at, sizeof chunk + length));
    memcpy (data + at + 4, &crc, 4);
    at += sizeof chunk + length;
  }
}

static void
read_all (SaveReader *reader)
{
  g_autofree uint8_t *ram = g_malloc (SAVE_RAM_CHUNK);
  SaveChunk chunk;
  const uint8_t *data;

  g_autoptr (GVariant) description = save_reader_variant (reader, SAVE_DESCRIPTION, NULL);
  g_autoptr (GVariant) state = description ? save_reader_variant (reader, SAVE_STATE, NULL) : NULL;
  if (state)
    g_free (g_variant_print (state, TRUE));
  while (state && save_reader_next (reader, &chunk, &data, NULL) && chunk.type != SAVE_END)
    if (chunk.type == SAVE_RAM)
      save_ram_unpack (data, chunk.size, ram, chunk.offset % SAVE_RAM_CHUNK & -SAVE_PAGE_SIZE);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree uint8_t *copy = g_memdup2 (data, size);
  int fd = memfd_create ("fuzz-savefile", MFD_CLOEXEC);

  if (size > 0)
    fix_checksums (copy, size);
  if (fd < 0 || write (fd, copy, size) != (ssize_t)size || lseek (fd, 0, SEEK_SET) != 0) {
    close (fd);
    return 0;
  }
  g_autoptr (SaveReader) reader = save_reader_new_fd (fd, "fuzz", NULL);
  if (reader)
    read_all (reader);
  return 0;
}
