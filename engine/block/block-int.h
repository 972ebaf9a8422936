/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside the block room: a Block is a BlockFile seen through a BlockFormat.
 *
 * A format has two ways into it.  map() never blocks: it says where in which file a range lies, if that is
 * known from memory, and the queue does the I/O itself.  Everything else is a plain function that may block;
 * it runs on a worker thread, or on the thread of a caller that waits.  `tracked` keeps the two from getting
 * into each other's way: a request holds its range while it relies on the mapping, shared or, where it
 * changes the mapping, alone. */

#include "block.h"

#define SECTOR_SIZE        512u
#define BLOCK_MAX_SEGMENTS 16
/* No image is larger than what an off_t can say, less room for rounding up. */
#define BLOCK_MAX_SIZE (INT64_MAX & ~(uint64_t)0x1fffff)

typedef struct BlockFormat BlockFormat;

/* ---- The host's file ---- */

typedef struct {
  int fd;
  char *path;
  bool writable;
  bool direct;    /* O_DIRECT: memory, offsets and sizes are multiples of `alignment` */
  bool in_memory; /* tmpfs: reading and writing never wait for a device */
  bool no_sync;   /* cache=unsafe */
  bool is_device;
  gint no_nowait;        /* the file system has no RWF_NOWAIT */
  uint32_t alignment;    /* 1 unless direct */
  gint sync_error;       /* what the page cache lost is not found by asking again */
  GMutex unaligned_lock; /* reading, changing and writing back part of an aligned unit */
} BlockFile;

BlockFile *file_open (const char *path, bool writable, BlockCache cache, GError **error);
void file_close (BlockFile *file);
int64_t file_length (BlockFile *file);
/* Bytes it takes on the host. */
uint64_t file_disk_size (BlockFile *file);
/* All of the bytes, or a negative errno. What lies beyond the file's end reads as zeroes. */
int file_preadv (BlockFile *file, uint64_t offset, const struct iovec *iov, int n_iov);
int file_pwritev (BlockFile *file, uint64_t offset, const struct iovec *iov, int n_iov);
int file_pread (BlockFile *file, uint64_t offset, void *buffer, size_t size);
int file_pwrite (BlockFile *file, uint64_t offset, const void *buffer, size_t size);
int file_sync (BlockFile *file);
int file_write_zeroes (BlockFile *file, uint64_t offset, uint64_t size, bool may_unmap);
/* Takes space that was never written and still reads as zeroes, and makes the file that long. */
int file_reserve (BlockFile *file, uint64_t offset, uint64_t size);
/* Gives the space back; failing to is no error. */
void file_punch (BlockFile *file, uint64_t offset, uint64_t size);
int file_truncate (BlockFile *file, uint64_t size);
/* Whether the I/O meets the file's alignment, so that it needs no copy. */
bool file_aligned (const BlockFile *file, uint64_t offset, const struct iovec *iov, int n_iov);
/* What the range holds from `offset` on, as SEEK_DATA tells: the length of the run, *ret_data false for a
 * hole. */
uint64_t file_extent (BlockFile *file, uint64_t offset, uint64_t size, bool *ret_data);

/* ---- Locks ---- */

/* The same byte ranges as QEMU's, so that each program refuses an image the other uses. */
bool file_lock (BlockFile *file, bool write, GError **error);

/* ---- I/O vectors ---- */

uint64_t iov_size (const struct iovec *iov, int n_iov);
/* The part [skip, skip + size) of a vector, written to `to`, which has room for n_iov entries. Returns their
 * number. */
int iov_slice (struct iovec *to, const struct iovec *iov, int n_iov, uint64_t skip, uint64_t size);
void iov_zero (const struct iovec *iov, int n_iov, uint64_t skip, uint64_t size);
void iov_from_buffer (const struct iovec *iov, int n_iov, uint64_t skip, const void *buffer, uint64_t size);
void iov_to_buffer (const struct iovec *iov, int n_iov, uint64_t skip, void *buffer, uint64_t size);
bool iov_is_zero (const struct iovec *iov, int n_iov);

/* ---- Ranges in use ---- */

typedef struct BlockTracked BlockTracked;
struct BlockTracked {
  BlockTracked *next, *prev;
  uint64_t start, end;
  bool exclusive;
};
/* Enters the range unless an earlier one is in its way. Holds block->map_lock. */
bool tracked_try (Block *block, BlockTracked *tracked, uint64_t start, uint64_t size, bool exclusive);
/* Enters it, and waits until nothing earlier is in its way. Holds no lock. */
void tracked_wait (Block *block, BlockTracked *tracked, uint64_t start, uint64_t size, bool exclusive);
void tracked_end (Block *block, BlockTracked *tracked);

/* ---- Formats ---- */

typedef struct {
  BlockFile *file; /* NULL: zeroes */
  uint64_t offset, size;
} BlockSegment;

/* New clusters for a write. */
typedef struct {
  uint64_t first, n;    /* clusters of the disk */
  uint64_t host;        /* where they begin in the file */
  uint64_t begin, stop; /* what of the disk they hold once the data is there */
} BlockRoom;

struct BlockFormat {
  const char *name;
  /* The file is open and locked. */
  bool (*open) (Block *block, GError **error);
  /* Writes what is pending; -errno of the first failure. */
  int (*close) (Block *block);
  /* For READ, or WRITE in place: up to `max` segments that make up the range, without waiting for anything;
   * 0: it cannot be said so fast. Holds block->map_lock. */
  unsigned (*map) (Block *block, bool write, uint64_t offset, uint64_t size, BlockSegment *segments,
                   unsigned max);
  /* For WRITE where there is nothing to write in place, if it needs no waiting: where the data goes.  The
   * caller holds the clusters alone, and has settle() called in the end.  May be NULL. */
  bool (*make_room) (Block *block, uint64_t offset, uint64_t size, BlockSegment *ret_segment,
                     BlockRoom *ret_room);
  /* The data is in the room, or `result` says why not. Returns that, or what went wrong now; -EAGAIN where it
   * would have to wait, and may not. */
  int (*settle) (Block *block, const BlockRoom *room, int result, bool may_wait);
  /* These hold what they need of the range themselves. */
  int (*preadv) (Block *block, uint64_t offset, uint64_t size, const struct iovec *iov, int n_iov);
  int (*pwritev) (Block *block, uint64_t offset, uint64_t size, const struct iovec *iov, int n_iov);
  int (*write_zeroes) (Block *block, uint64_t offset, uint64_t size, bool may_unmap);
  int (*discard) (Block *block, uint64_t offset, uint64_t size);
  int (*flush) (Block *block);
  /* Nothing but the file itself needs flushing. Any thread. */
  bool (*is_clean) (Block *block);
  int (*extent) (Block *block, uint64_t offset, uint64_t size, BlockExtent *ret_extent);
  bool (*resize) (Block *block, uint64_t size, bool shrink, GError **error);
  int (*pwrite_compressed) (Block *block, uint64_t offset, const void *buffer, uint64_t size);
  bool (*info) (Block *block, BlockInfo *info, GError **error);
  bool (*create) (const char *path, const BlockCreate *create, GError **error);
  /* Of an image that is not open but for its file; NULL: there is nothing to check. */
  bool (*check) (Block *block, unsigned repair, const BlockProgress *progress,
                 void (*message) (void *opaque, const char *text), void *opaque, BlockCheck *ret_check,
                 GError **error);
};

extern const BlockFormat block_format_raw, block_format_qcow2;
/* NULL and an error for an unknown name. */
const BlockFormat *block_format_find (const char *name, GError **error);
/* By content: NULL where nothing but raw fits. *ret_foreign is the name of a format we know but cannot read,
 * or NULL. */
const BlockFormat *block_format_probe (const uint8_t *head, size_t size, const char **ret_foreign);

struct Block {
  char *path;
  const BlockFormat *format;
  BlockOptions options; /* format string excepted */
  BlockFile *file;
  Block *backing;
  char *backing_name; /* the header's; NULL: none */
  char *backing_format;
  void *priv;    /* the format's */
  uint64_t size; /* atomic: changes when resized */
  bool read_only;
  bool probed;       /* raw by content only */
  bool has_tracking; /* the mapping may change under requests */
  bool writethrough;
  uint64_t unit; /* what an exclusive range is rounded to: the cluster size */

  GMutex map_lock; /* short: what map() reads, tracked ranges */
  GCond tracked_changed;
  BlockTracked tracked_head;
  unsigned tracked_waiting;

  GMutex queues_lock; /* the list, and a change of the number in flight to 0 */
  GPtrArray *queues;
  GCond idle;
  GThreadPool *pool, *settler; /* made when first needed */

  uint64_t stats[6]; /* atomic, in the order of BlockStats */
};

/* The same as the public functions but for the checks, the statistics and the choice between fast and slow:
 * done by workers. */
int block_do (Block *block, BlockOp op, unsigned flags, uint64_t offset, uint64_t size,
              const struct iovec *iov, int n_iov);
/* Reads what the guest would read there, zeroes beyond the end; for the backing file of another. */
int block_read_chain (Block *block, uint64_t offset, uint64_t size, const struct iovec *iov, int n_iov);
/* 0, or why the request is refused. */
int block_request_error (Block *block, BlockOp op, uint64_t offset, uint64_t size);
/* Where the backing file named in the header is; NULL: none, or an error. */
char *block_backing_path (const Block *block, GError **error);
void block_count (Block *block, BlockOp op, uint64_t size);
/* Lets what has completed in queues of this thread come to its end, lest the thread wait for itself. */
void block_poll_own_queues (Block *block);

void set_error_errno (GError **error, int saved_errno, const char *format, ...) G_GNUC_PRINTF (3, 4);

static inline uint64_t
block_bytes (Block *block)
{
  return __atomic_load_n (&block->size, __ATOMIC_RELAXED);
}
