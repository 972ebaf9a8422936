/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Disk images: formats behind one interface, and their I/O.
 *
 * A Block is an opened image with its backing chain.  Requests are made from any one thread at a time per
 * BlockQueue (an I/O thread's own ring); they complete on that thread, from its GMainContext. */

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

typedef struct Block Block;
typedef struct BlockQueue BlockQueue;

/* cache=: writeback (default), none (O_DIRECT), writethrough, directsync, unsafe. */
typedef enum {
  BLOCK_CACHE_WRITEBACK,
  BLOCK_CACHE_NONE,
  BLOCK_CACHE_WRITETHROUGH,
  BLOCK_CACHE_DIRECTSYNC,
  BLOCK_CACHE_UNSAFE
} BlockCache;

typedef struct {
  const char *format; /* "raw", "qcow2"; NULL: found by content (a raw image may then not be written to sector
                         0 as another format: a guest could turn it into one) */
  BlockCache cache;
  bool read_only;
  bool auto_read_only; /* fall back to read-only where the file cannot be written */
  bool discard;        /* discard=unmap */
  bool detect_zeroes;
  bool force_share;     /* no locks, for info of an image in use */
  bool no_backing;      /* do not open the chain */
  unsigned aio_threads; /* of the fallback pool; 0: default */
  enum { BLOCK_AIO_IO_URING, BLOCK_AIO_THREADS } aio;
  uint64_t l2_cache_size; /* 0: default */
  const char *snapshot;   /* an internal snapshot, by id or name, in place of what the disk holds now; needs
                             read_only */
} BlockOptions;

/* Opens an image. Errors name the file, the cause and the remedy: absent, no permission, in use by another
 * process (with its pid where it can be known), damaged (what, and vitrine-img check), a backing file that is
 * missing (the chain). A damaged image is refused for writing. */
Block *block_open (const char *path, const BlockOptions *options, GError **error);
/* As -snapshot: writes go to a temporary overlay that is gone at close. */
Block *block_open_snapshot (const char *path, const BlockOptions *options, GError **error);
/* Waits for what is in flight, flushes, releases the locks. */
void block_close (Block *block);

uint64_t block_size (Block *block); /* bytes, a multiple of 512 */
bool block_read_only (Block *block);
const char *block_path (Block *block);
const char *block_format (Block *block);
bool block_can_discard (Block *block);

typedef enum { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH, BLOCK_DISCARD, BLOCK_WRITE_ZEROES } BlockOp;
enum { BLOCK_REQ_FUA = 1, BLOCK_REQ_MAY_UNMAP = 2 };

typedef struct BlockRequest BlockRequest;
struct BlockRequest {
  BlockOp op;
  unsigned flags; /* BLOCK_REQ_* */
  uint64_t offset,
      size; /* bytes; size 0 for FLUSH; multiples of 512 unless the image is raw with 1-byte alignment */
  const struct iovec *iov; /* READ, WRITE: `size` bytes in all; must stay valid */
  int n_iov;
  /* Called once, on the queue's thread; 0 or a negative errno (-ENOSPC, -EIO, -EROFS). The request may be
   * reused. */
  void (*done) (BlockRequest *request, int result);
  void *opaque;
  void *priv[4]; /* the block layer's */
};

/* A queue whose completions run in `context`. Several queues of one Block may be used at once by their
 * threads. */
BlockQueue *block_queue_new (Block *block, GMainContext *context, GError **error);
void block_queue_free (BlockQueue *queue); /* nothing may be in flight */
/* Starts a request: it may complete before this returns (done is then called from within). */
void block_submit (BlockQueue *queue, BlockRequest *request);
/* Requests handed over since the last kick reach the kernel in one system call. */
void block_kick (BlockQueue *queue);
unsigned block_in_flight (BlockQueue *queue);

/* The same, waiting: for tools, firmware loaders, tests. Bytes or a negative errno. */
int block_pread (Block *block, uint64_t offset, void *buffer, uint64_t size);
int block_pwrite (Block *block, uint64_t offset, const void *buffer, uint64_t size);
int block_pwrite_zeroes (Block *block, uint64_t offset, uint64_t size, unsigned flags);
int block_discard (Block *block, uint64_t offset, uint64_t size);
int block_flush (Block *block);
/* Waits until nothing is in flight on any queue (machine stop, save). */
void block_drain (Block *block);
int block_resize (Block *block, uint64_t size, bool shrink, GError **error);

/* What a range holds: for map, convert, compare. */
enum { BLOCK_DATA = 1, BLOCK_ZERO = 2, BLOCK_OFFSET_VALID = 4, BLOCK_COMPRESSED = 8, BLOCK_ALLOCATED = 16 };
typedef struct {
  uint64_t start, size;
  unsigned flags;
  uint64_t file_offset; /* with BLOCK_OFFSET_VALID */
  unsigned depth;       /* in the backing chain */
  const char *path;     /* of the file it is in */
} BlockExtent;
int block_extent (Block *block, uint64_t offset, uint64_t size, BlockExtent *ret_extent);

typedef struct {
  uint64_t read_ops, write_ops, flush_ops, discard_ops, read_bytes, write_bytes;
} BlockStats;
void block_stats (Block *block, BlockStats *ret_stats);

/* qcow2 and raw creation: options as in qemu-img create -o. */
typedef struct {
  const char *format;
  uint64_t size; /* 0 with a backing file: its size */
  const char *backing_file, *backing_format;
  GHashTable
      *options; /* name -> value, of strings; NULL: defaults. Unknown names are refused with the nearest. */
  bool unchecked_backing; /* take the backing file's name as it is; the size must be given */
} BlockCreate;
bool block_create (const char *path, const BlockCreate *create, GError **error);

/* check and repair. */
typedef struct {
  uint64_t corruptions, leaks, check_errors, corruptions_fixed, leaks_fixed;
  uint64_t total_clusters, allocated_clusters, fragmented_clusters, compressed_clusters, image_end_offset;
} BlockCheck;
enum { BLOCK_REPAIR_LEAKS = 1, BLOCK_REPAIR_ALL = 3 };
typedef struct { /* progress of long work; false: stop (GError G_IO_ERROR_CANCELLED) */
  bool (*report) (void *opaque, uint64_t done, uint64_t total);
  void *opaque;
} BlockProgress;
/* Of the options, what says how the file is opened counts. */
bool block_check (const char *path, const BlockOptions *options, unsigned repair,
                  const BlockProgress *progress, void (*message) (void *opaque, const char *text),
                  void *opaque, BlockCheck *ret_check, GError **error);

/* Writes one cluster compressed: `offset` is a multiple of the cluster size and `size` is one cluster, or
 * less at the image's end.  Data that does not shrink is written plainly.  Several threads may do so at once:
 * compressing needs no lock.  What the cluster held is replaced.  -ENOTSUP where the format has no
 * compression. */
int block_pwrite_compressed (Block *block, uint64_t offset, const void *buffer, uint64_t size);

/* The image that holds what this one does not; NULL: none, or not opened. */
Block *block_backing (Block *block);

typedef struct {
  char *id, *name;
  uint64_t date_sec, vm_clock_nsec, vm_state_size, disk_size;
  uint32_t date_nsec;
} BlockSnapshot;
typedef struct {
  char *name;
  uint64_t granularity;
  bool in_use, automatic;
} BlockBitmap;
/* What there is to know about an image file. The fields after disk_size are qcow2's and 0 in other formats.
 */
typedef struct {
  const char *format;
  uint64_t virtual_size, disk_size, file_size; /* disk_size: what it takes on the host */
  uint32_t cluster_size;                       /* 0: the format has none */
  bool encrypted, dirty, corrupt, lazy_refcounts, extended_l2;
  const char *compat;           /* "0.10" or "1.1"; NULL: not qcow2 */
  const char *compression_type; /* "zlib" or "zstd"; NULL: not qcow2 */
  unsigned refcount_bits;
  char *backing_file;   /* as the header has it; NULL: none */
  char *backing_path;   /* the same, relative to the working directory or absolute */
  char *backing_format; /* NULL: not said */
  GPtrArray *snapshots; /* BlockSnapshot * */
  GPtrArray *bitmaps;   /* BlockBitmap * */
} BlockInfo;
/* Free with block_info_free(). NULL and an error where a table of the image cannot be read. */
BlockInfo *block_info (Block *block, GError **error);
void block_info_free (BlockInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlockInfo, block_info_free)
