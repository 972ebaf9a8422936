/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The file of a saved machine: chunks, each with its length and checksum.
 *
 *   16 bytes   "VitrineMachine\r\n", so that a text-mode transfer shows
 *   uint32_t   version, uint32_t 0
 *   chunks     description, state, any number of RAM, end; each a SaveChunk and `size` bytes
 *
 * All numbers are little-endian.  The description and state are GVariants (a{sv}).  A RAM chunk has the pages
 * of one SAVE_RAM_CHUNK of a block that are not zero: a bit map of them, then one zstd frame with their
 * contents.  What no chunk says is zero.  The end chunk has the number of chunks before it (uint64_t).
 *
 * Files come from anywhere: nothing in them is believed before it is checked. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SAVE_VERSION     1
#define SAVE_PAGE_SIZE   4096
#define SAVE_RAM_CHUNK   (UINT64_C (1) << 20)
#define SAVE_BITMAP_SIZE (SAVE_RAM_CHUNK / SAVE_PAGE_SIZE / 8)

typedef enum { SAVE_DESCRIPTION = 1, SAVE_STATE, SAVE_RAM, SAVE_END } SaveChunkType;

typedef struct {
  uint32_t type;
  uint32_t crc;    /* CRC-32 of the header with 0 here, and of the content */
  uint64_t size;   /* of the content */
  uint64_t offset; /* RAM: in the block, a multiple of SAVE_RAM_CHUNK */
  uint32_t block;  /* RAM: its number in the description */
  uint32_t reserved;
} SaveChunk;

/* Writing: to a temporary file beside `path`, which gets that name when all is written. */
typedef struct SaveWriter SaveWriter;
SaveWriter *save_writer_new (const char *path, GError **error);
bool save_writer_chunk (SaveWriter *writer, SaveChunkType type, uint32_t block, uint64_t offset,
                        const void *data, uint64_t size, GError **error);
bool save_writer_variant (SaveWriter *writer, SaveChunkType type, GVariant *value, GError **error);
/* The same into a descriptor, which it takes over; `name` is for errors. */
SaveWriter *save_writer_new_fd (int fd, const char *name, GError **error);
/* Ends the file, makes it durable and gives it its name. Frees the writer, whatever becomes of it. */
bool save_writer_finish (SaveWriter *writer, GError **error);
/* Removes what was written. */
void save_writer_cancel (SaveWriter *writer);

/* Reading. Errors name the path and what is wrong. */
typedef struct SaveReader SaveReader;
SaveReader *save_reader_new (const char *path, GError **error);
/* The same from a descriptor, which it takes over; `name` is for errors. */
SaveReader *save_reader_new_fd (int fd, const char *name, GError **error);
void save_reader_free (SaveReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SaveReader, save_reader_free)
/* The next chunk, whole and with the right checksum; *ret_data is valid until the next call. After the end
 * chunk, which is checked here, there is none. */
bool save_reader_next (SaveReader *reader, SaveChunk *ret_chunk, const uint8_t **ret_data, GError **error);
/* The next chunk if it is of this type: a dictionary (a{sv}). */
GVariant *save_reader_variant (SaveReader *reader, SaveChunkType type, GError **error);
/* Sets an error about the file: "'PATH' WHAT; REMEDY". */
void save_reader_fail (SaveReader *reader, const char *what, GError **error);

/* A RAM chunk's content: packs the pages of `ram` (`size` bytes, at most SAVE_RAM_CHUNK, whole pages). NULL
 * when all of them are zero. Any thread. */
GByteArray *save_ram_pack (const uint8_t *ram, uint64_t size);
/* Unpacks into `ram`, whose other pages stay. False when the content is not what it should be. */
bool save_ram_unpack (const uint8_t *data, uint64_t data_size, uint8_t *ram, uint64_t size);
