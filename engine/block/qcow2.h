/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside the block room: qcow2, versions 2 and 3.
 *
 * Locks.  `lock` is held by whoever changes or loads metadata, across I/O on metadata (never on data).  What
 * map() reads, which is the L1 table, the L2 cache and file_end, is changed with block->map_lock held as
 * well; so holding either is enough to read it.
 *
 * Order on the disk.  An image is consistent at every instant because things are written in this order, with
 * a barrier between them: data and refcounts that grow; refcount table; L2 tables; L1 table; refcounts that
 * shrink.  The first four are qcow2_write_metadata().  What was freed waits in `freed` until no table on the
 * disk refers to it, and only then may it be used again. */

#include "block-int.h"

#include <string.h>

enum {
  QCOW2_INCOMPAT_DIRTY = 1 << 0,
  QCOW2_INCOMPAT_CORRUPT = 1 << 1,
  QCOW2_INCOMPAT_DATA_FILE = 1 << 2,
  QCOW2_INCOMPAT_COMPRESSION = 1 << 3,
  QCOW2_INCOMPAT_EXTENDED_L2 = 1 << 4,
  QCOW2_INCOMPAT_KNOWN = 0x1b,
  QCOW2_COMPAT_LAZY = 1 << 0,
  QCOW2_AUTOCLEAR_BITMAPS = 1 << 0,
};

#define QCOW2_COPIED            (UINT64_C (1) << 63)
#define QCOW2_COMPRESSED        (UINT64_C (1) << 62)
#define QCOW2_ZERO              UINT64_C (1)
#define QCOW2_OFFSET_MASK       UINT64_C (0x00fffffffffffe00)
#define QCOW2_L1_RESERVED       UINT64_C (0x7f000000000001ff)
#define QCOW2_L2_RESERVED       UINT64_C (0x3f000000000001fe)
#define QCOW2_REFTABLE_RESERVED UINT64_C (0x1ff)
#define QCOW2_MAX_HOST          (UINT64_C (1) << 56)
#define QCOW2_MAX_L1            (32u << 20)
#define QCOW2_MAX_REFTABLE      (8u << 20)
#define QCOW2_MAX_SNAPSHOTS     65536u
#define QCOW2_MAX_BITMAPS       65535u
#define QCOW2_MAX_TABLE         (64u << 20) /* of snapshots, of bitmaps */

/* A part of an L2 table or refcount block in memory, as it is on the disk. */
typedef struct {
  uint64_t offset; /* in the file; 0: holds nothing */
  uint8_t *data;
  int next; /* in its hash bucket; -1: last */
  bool dirty;
  bool recent;     /* used since the hand of the clock came by */
  bool suspicious; /* L2: an entry points to metadata; each one is looked at before use */
} Qcow2Slice;

typedef struct {
  Qcow2Slice *slices;
  int n_slices, n_used;
  int *buckets;
  unsigned bucket_mask;
  unsigned n_dirty;
  int hand;
} Qcow2Cache;

typedef struct {
  uint64_t cluster, count;
} Qcow2Range;

/* Clusters that hold metadata: an open-addressed set of cluster numbers plus one. */
typedef struct {
  uint64_t *slots;
  uint64_t mask, count;
} Qcow2Set;

typedef struct {
  uint32_t count;
  uint64_t directory_offset, directory_size;
} Qcow2BitmapsHeader;

typedef struct {
  Block *block;
  BlockFile *file;
  unsigned version, cluster_bits, refcount_order, header_length;
  uint64_t cluster_size, size;
  uint64_t incompatible, compatible, autoclear;
  bool extended_l2, zstd, encrypted;
  unsigned l2_entry_size, l2_entries, subclusters;
  uint64_t subcluster_size;
  uint64_t slice_size;
  unsigned slice_entries; /* L2 entries in a slice */
  uint64_t refcounts_per_block;
  uint64_t backing_offset;
  uint32_t backing_length;
  uint32_t n_snapshots;
  uint64_t snapshots_offset;
  Qcow2BitmapsHeader bitmaps;
  uint64_t encryption_offset,
      encryption_size; /* its keys are there; of interest only to who counts clusters */

  GMutex lock;
  uint64_t *l1;
  uint64_t l1_offset;
  uint32_t l1_size;
  uint8_t *l1_dirty; /* one byte for each 64 entries */
  bool any_l1_dirty;
  uint64_t *reftable;
  uint64_t reftable_offset, reftable_size; /* entries */
  uint8_t *reftable_dirty;
  bool any_reftable_dirty;
  Qcow2Cache l2_cache, refcount_cache;
  Qcow2Set metadata;
  uint64_t file_end;      /* what entries may point to ends here */
  uint64_t virgin;        /* from here on the file has never been written, and reads as zeroes */
  uint64_t reserved;      /* the file's length, where it was made longer ahead of its use */
  uint64_t free_hint;     /* no free cluster lies before this one */
  uint64_t compressed_at; /* where the next compressed cluster goes; 0: nowhere yet */
  GArray *freed;          /* Qcow2Range */
  gint unflushed;         /* atomic: a flush has more to do than to flush the file */
  bool modifiable;        /* autoclear features are cleared */
  bool dirty_set;         /* the dirty bit is, for lazy refcounts */
  gint corrupt;           /* atomic: something was found wrong while in use */
} Qcow2;

static inline uint64_t
be64_load (const void *p)
{
  uint64_t x;
  memcpy (&x, p, sizeof x);
  return GUINT64_FROM_BE (x);
}

static inline void
be64_store (void *p, uint64_t x)
{
  x = GUINT64_TO_BE (x);
  memcpy (p, &x, sizeof x);
}

static inline uint32_t
be32_load (const void *p)
{
  uint32_t x;
  memcpy (&x, p, sizeof x);
  return GUINT32_FROM_BE (x);
}

static inline void
be32_store (void *p, uint32_t x)
{
  x = GUINT32_TO_BE (x);
  memcpy (p, &x, sizeof x);
}

static inline uint16_t
be16_load (const void *p)
{
  uint16_t x;
  memcpy (&x, p, sizeof x);
  return GUINT16_FROM_BE (x);
}

static inline void
be16_store (void *p, uint16_t x)
{
  x = GUINT16_TO_BE (x);
  memcpy (p, &x, sizeof x);
}

static inline uint64_t
round_up (uint64_t x, uint64_t unit)
{
  return (x + unit - 1) / unit * unit;
}

/* ---- Header: qcow2-header.c ---- */

/* Reads and checks the header; the tables are not touched. */
bool qcow2_read_header (Qcow2 *s, GError **error);

/* Whether the L1 table is as large as the disk's size asks for. */
bool qcow2_check_l1_size (const Qcow2 *s, GError **error);

/* ---- Tables: qcow2-tables.c ---- */

/* What is wrong with the image, as an error; returns false. */
bool qcow2_damaged (const Qcow2 *s, GError **error, const char *format, ...) G_GNUC_PRINTF (3, 4);
bool qcow2_unsupported (const Qcow2 *s, GError **error, const char *what);
/* A table must begin at a cluster and lie in the file, of which the last cluster may be cut short. */
bool qcow2_check_table (const Qcow2 *s, const char *what, uint64_t offset, uint64_t bytes, GError **error);
/* Puts a snapshot in the place of the active state, before the tables are loaded. */
bool qcow2_choose_snapshot (Qcow2 *s, const char *id_or_name, GError **error);
/* All metadata the active state of the image refers to, each in a place of its own. What snapshots have is
 * not looked at, but for where it is. */
bool qcow2_claim_metadata (Qcow2 *s, GError **error);
/* Reads the L1 and refcount tables, and checks their entries. With `lenient` a bad entry is left to the
 * caller. */
bool qcow2_load_tables (Qcow2 *s, bool lenient, GError **error);

/* ---- Open images: qcow2-open.c ---- */

Qcow2 *qcow2_new (Block *block);
void qcow2_free (Qcow2 *s);
/* Sets or clears bits of incompatible_features on the disk. */
int qcow2_set_incompatible (Qcow2 *s, uint64_t set, uint64_t clear);
/* To be called before the first change to the image: what we do not keep up is marked so. */
int qcow2_make_modifiable (Qcow2 *s);
/* Notes that the image contradicts itself: from now on nothing is written to it. Returns -EIO. */
int qcow2_corrupt (Qcow2 *s, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* ---- Tables in memory: qcow2-cache.c ---- */

void cache_init (Qcow2Cache *cache, uint64_t bytes, uint64_t slice_size);
void cache_clear (Qcow2Cache *cache);
/* The slice if it is there. Holds s->lock or map_lock. */
Qcow2Slice *cache_peek (Qcow2Cache *cache, uint64_t offset);
/* Loads it if it is not. It stays valid until the next call for the same cache. Holds s->lock. */
int cache_get (Qcow2 *s, Qcow2Cache *cache, uint64_t offset, Qcow2Slice **ret_slice);
/* Forgets a cluster that is not a table any more, or is made one. */
void cache_drop (Qcow2 *s, Qcow2Cache *cache, uint64_t offset);
void cache_dirty (Qcow2 *s, Qcow2Cache *cache, Qcow2Slice *slice);
int cache_write (Qcow2 *s, Qcow2Cache *cache);
bool set_add (Qcow2Set *set, uint64_t cluster);
void set_remove (Qcow2Set *set, uint64_t cluster);
bool set_has (const Qcow2Set *set, uint64_t cluster);
void set_clear (Qcow2Set *set);
/* Writes all tables but what only frees clusters. Then what was freed is free. Holds s->lock. */
int qcow2_write_metadata (Qcow2 *s);
/* The same, and the rest. */
int qcow2_write_all (Qcow2 *s);
void qcow2_l1_set (Qcow2 *s, uint32_t index, uint64_t entry);

/* ---- Refcounts: qcow2-refcount.c; all hold s->lock ---- */

uint64_t refcount_load (const uint8_t *block, uint64_t index, unsigned order);
void refcount_store (uint8_t *block, uint64_t index, unsigned order, uint64_t value);
uint64_t refcount_max (const Qcow2 *s);
int refcount_get (Qcow2 *s, uint64_t cluster, uint64_t *ret_count);
int refcount_add (Qcow2 *s, uint64_t cluster, int delta);
/* Up to `want` clusters in a row, whose refcount is then 1. *ret_virgin: they read as zeroes. */
int qcow2_alloc (Qcow2 *s, uint64_t want, uint64_t *ret_offset, uint64_t *ret_n, bool *ret_virgin);
/* Whether that would find its place at once, from what is in memory. */
bool qcow2_alloc_is_fast (Qcow2 *s);
/* Exactly `n` in a row. */
int qcow2_alloc_exactly (Qcow2 *s, uint64_t n, uint64_t *ret_offset);
/* Frees what nothing on the disk has ever referred to. */
void qcow2_unalloc (Qcow2 *s, uint64_t offset, uint64_t n);
/* Frees what the tables on the disk may still refer to. */
void qcow2_free_later (Qcow2 *s, uint64_t offset, uint64_t n);
/* The freed clusters become free: the tables on the disk are up to date and flushed. */
int qcow2_release_freed (Qcow2 *s);
/* Makes new refcount structures at the end of the file from counts[0 .. n), and frees the old ones' clusters
 * in them. */
int qcow2_rebuild_refcounts (Qcow2 *s, uint32_t **counts, uint64_t *n);

/* ---- Mapping: qcow2-map.c ---- */

typedef enum { MAP_UNALLOCATED, MAP_ZERO, MAP_DATA, MAP_COMPRESSED, MAP_BAD } Qcow2MapType;
typedef struct {
  Qcow2MapType type;
  uint64_t size; /* of the run, from the offset asked for */
  uint64_t host; /* of that offset; 0: nothing allocated. Compressed: of the data */
  uint64_t compressed_size;
  bool copied; /* it may be written in place */
  uint64_t entry, bitmap;
} Qcow2Map;

/* What an entry says about the cluster, from byte `within` on. */
void qcow2_decode (const Qcow2 *s, uint64_t entry, uint64_t bitmap, uint64_t within, Qcow2Map *ret_map);
/* Reads the entry for the offset out of its slice. */
void qcow2_entry_load (const Qcow2 *s, const Qcow2Slice *slice, uint64_t offset, uint64_t *ret_entry,
                       uint64_t *ret_bitmap);
void qcow2_entry_store (Qcow2 *s, Qcow2Slice *slice, uint64_t offset, uint64_t entry, uint64_t bitmap);
/* The slice with the offset's entry, if it may be changed and no waiting is needed; else NULL. Holds s->lock.
 */
Qcow2Slice *qcow2_slice_at_hand (Qcow2 *s, uint64_t offset);
/* The same, and it may be changed: the table is made, or made our own. */
int qcow2_slice_for_writing (Qcow2 *s, uint64_t offset, Qcow2Slice **ret_slice);
/* The run that starts at the offset. Loads what it needs. Holds s->lock. */
int qcow2_map (Qcow2 *s, uint64_t offset, uint64_t size, Qcow2Map *ret_map);
unsigned qcow2_map_fast (Block *block, bool write, uint64_t offset, uint64_t size, BlockSegment *segments,
                         unsigned max);
/* Whether a run that is unallocated here reads as zeroes: *size is cut to where that is so or not so. */
bool qcow2_backing_is_zero (Qcow2 *s, uint64_t offset, uint64_t *size);
int qcow2_extent (Block *block, uint64_t offset, uint64_t size, BlockExtent *ret_extent);
/* The host's clusters that compressed data lies in. */
void qcow2_compressed_clusters (const Qcow2 *s, uint64_t entry, uint64_t *ret_first, uint64_t *ret_n);
/* Frees what an entry refers to. */
void qcow2_free_entry (Qcow2 *s, uint64_t entry);

/* ---- Data: qcow2-io.c, qcow2-room.c, qcow2-zero.c, qcow2-compress.c ---- */

int qcow2_preadv (Block *block, uint64_t offset, uint64_t size, const struct iovec *iov, int n_iov);
int qcow2_pwritev (Block *block, uint64_t offset, uint64_t size, const struct iovec *iov, int n_iov);
/* The data is in the room: now the tables say so. With `fresh` what was there before is freed. Holds s->lock.
 */
int qcow2_link (Qcow2 *s, const BlockRoom *room, bool fresh);
/* Direct writes up to `end` are to find a file that is long enough. Holds s->lock. */
void qcow2_lengthen (Qcow2 *s, uint64_t end);
bool qcow2_make_room (Block *block, uint64_t offset, uint64_t size, BlockSegment *ret_segment,
                      BlockRoom *ret_room);
int qcow2_settle (Block *block, const BlockRoom *room, int result, bool may_wait);
int qcow2_write_zeroes (Block *block, uint64_t offset, uint64_t size, bool may_unmap);
int qcow2_discard (Block *block, uint64_t offset, uint64_t size);
/* Makes whole clusters unallocated, whatever shows through then. */
int qcow2_forget_clusters (Qcow2 *s, uint64_t first, uint64_t n);
int qcow2_read_compressed (Qcow2 *s, const Qcow2Map *map, uint8_t *cluster);
int qcow2_pwrite_compressed (Block *block, uint64_t offset, const void *buffer, uint64_t size);

/* ---- Whole images: qcow2-create.c, qcow2-check.c, qcow2-resize.c, qcow2-info.c ---- */

bool qcow2_create (const char *path, const BlockCreate *create, GError **error);
bool qcow2_resize (Block *block, uint64_t size, bool shrink, GError **error);
bool qcow2_info (Block *block, BlockInfo *info, GError **error);
/* Recomputes all refcounts of an image whose header is read and whose tables are loaded. */
bool qcow2_check (Qcow2 *s, unsigned repair, const BlockProgress *progress,
                  void (*message) (void *opaque, const char *text), void *opaque, BlockCheck *ret_check,
                  GError **error);

bool qcow2_check_image (Block *block, unsigned repair, const BlockProgress *progress,
                        void (*message) (void *opaque, const char *text), void *opaque, BlockCheck *ret_check,
                        GError **error);

/* Walks the snapshot table. Free each with qcow2_snapshot_clear(). */
typedef struct {
  BlockSnapshot info;
  uint64_t l1_offset;
  uint32_t l1_size;
} Qcow2Snapshot;
/* An array of Qcow2Snapshot; *ret_size: bytes of the table. */
GArray *qcow2_load_snapshots (Qcow2 *s, uint64_t *ret_size, GError **error);
typedef struct {
  BlockBitmap info;
  uint64_t table_offset;
  uint32_t table_size;
  uint64_t entry_offset; /* of its directory entry, in the file */
  uint32_t flags;
} Qcow2Bitmap;
GArray *qcow2_load_bitmaps (Qcow2 *s, GError **error);
/* Marks all bitmaps as not kept up. Holds s->lock. */
int qcow2_outdate_bitmaps (Qcow2 *s);
