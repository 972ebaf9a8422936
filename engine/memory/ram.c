/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ram-private.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

/* RAM addresses begin far above what guests have as physical memory, so that a mix-up of the two shows at
 * once. A gap behind each block makes running over its end land nowhere. */
#define RAM_SPACE_START (UINT64_C (1) << 40)
#define RAM_SPACE_GAP   (UINT64_C (1) << 30)
#define RAM_SIZE_MAX    (UINT64_C (1) << 46)

#define RAM_BLOCKS_MAX 256

RamHooks ram_hooks;

/* Readers take no lock: a slot's extent is read before and after the pointer, and starts are never used
 * twice. The block itself may be gone while others are looked for, hence the copies of its extent. */
static struct {
  _Atomic uint64_t start, size;
  _Atomic (RamBlock *) block;
} slots[RAM_BLOCKS_MAX];
static atomic_uint n_slots; /* slots from here on have never been used */
static GMutex slots_lock;
static uint64_t next_start = RAM_SPACE_START;

RamBlock *
ram_block_find (uint64_t ram_addr)
{
  unsigned n = atomic_load_explicit (&n_slots, memory_order_acquire);
  for (unsigned i = 0; i < n; i++) {
    uint64_t start = atomic_load_explicit (&slots[i].start, memory_order_acquire);
    uint64_t size = atomic_load_explicit (&slots[i].size, memory_order_acquire);
    if (ram_addr - start >= size)
      continue;
    RamBlock *block = atomic_load_explicit (&slots[i].block, memory_order_acquire);
    if (atomic_load_explicit (&slots[i].start, memory_order_acquire) == start &&
        atomic_load_explicit (&slots[i].size, memory_order_acquire) == size)
      return block;
  }
  return NULL;
}

/* Gives the block its place. False when there are too many. */
static bool
slot_take (RamBlockFull *full)
{
  RamBlock *block = &full->block;
  g_mutex_lock (&slots_lock);
  unsigned i = 0;
  while (i < RAM_BLOCKS_MAX && atomic_load (&slots[i].block) != NULL)
    i++;
  if (i < RAM_BLOCKS_MAX) {
    block->start = next_start;
    next_start += (block->size + RAM_SPACE_GAP - 1) / RAM_SPACE_GAP * RAM_SPACE_GAP + RAM_SPACE_GAP;
    full->slot = i;
    atomic_store (&slots[i].block, block);
    atomic_store (&slots[i].start, block->start);
    atomic_store (&slots[i].size, block->size);
    if (i >= atomic_load (&n_slots))
      atomic_store (&n_slots, i + 1);
  }
  g_mutex_unlock (&slots_lock);
  return i < RAM_BLOCKS_MAX;
}

static void
slot_give (RamBlockFull *full)
{
  g_mutex_lock (&slots_lock);
  atomic_store (&slots[full->slot].size, 0);
  atomic_store (&slots[full->slot].block, NULL);
  g_mutex_unlock (&slots_lock);
}

/* What the kernel refuses for private memory ("obvious overcommits"), which it lets pass for a memfd: better
 * said now than by the out-of-memory killer. */
static uint64_t
host_memory_limit (void)
{
  g_autofree char *policy = NULL;
  struct sysinfo info;
  if (g_file_get_contents ("/proc/sys/vm/overcommit_memory", &policy, NULL, NULL) && policy[0] == '1')
    return UINT64_MAX;
  if (sysinfo (&info) != 0)
    return UINT64_MAX;
  return ((uint64_t)info.totalram + info.totalswap) * info.mem_unit;
}

static bool
size_possible (const char *name, uint64_t size, GError **error)
{
  struct rlimit file_limit;
  uint64_t most = host_memory_limit ();
  g_autofree char *text = g_format_size_full (size, G_FORMAT_SIZE_IEC_UNITS);
  if (size == 0 || size > RAM_SIZE_MAX) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "Memory ‘%s’ cannot have a size of %" G_GUINT64_FORMAT " bytes; it must be 1 byte to 64 TiB",
                 name, size);
    return false;
  }
  if (size > most) {
    g_autofree char *limit = g_format_size_full (most, G_FORMAT_SIZE_IEC_UNITS);
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 "Memory ‘%s’ of %s is more than this host's memory and swap (%s): choose a smaller size, "
                 "add swap, or "
                 "set vm.overcommit_memory to 1",
                 name, text, limit);
    return false;
  }
  /* Beyond this limit ftruncate() would be answered with a deadly signal. */
  if (getrlimit (RLIMIT_FSIZE, &file_limit) == 0 && file_limit.rlim_cur != RLIM_INFINITY &&
      size > file_limit.rlim_cur) {
    g_autofree char *limit = g_format_size_full (file_limit.rlim_cur, G_FORMAT_SIZE_IEC_UNITS);
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 "Memory ‘%s’ of %s is beyond the limit on file sizes (%s): raise it with ulimit -f", name,
                 text, limit);
    return false;
  }
  return true;
}

static bool
set_memory_error (const char *name, uint64_t size, const char *step, int errnum, GError **error)
{
  g_autofree char *text = g_format_size_full (size, G_FORMAT_SIZE_IEC_UNITS);
  struct rlimit as;
  const char *remedy = "choose a smaller size or free memory of this host";
  g_autofree char *as_remedy = NULL;
  if (errnum == ENOMEM && getrlimit (RLIMIT_AS, &as) == 0 && as.rlim_cur != RLIM_INFINITY) {
    g_autofree char *limit = g_format_size_full (as.rlim_cur, G_FORMAT_SIZE_IEC_UNITS);
    remedy = as_remedy = g_strdup_printf ("the limit on address space is %s: raise it with ulimit -v", limit);
  } else if (errnum == EMFILE || errnum == ENFILE) {
    remedy = "too many files are open: raise the limit with ulimit -n";
  }
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errnum), "Memory ‘%s’ of %s cannot be %s: %s; %s",
               name, text, step, g_strerror (errnum), remedy);
  return false;
}

static bool
map_memory (RamBlock *block, GError **error)
{
  block->fd = memfd_create (block->name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (block->fd < 0 && errno == EINVAL) /* a name beyond what the kernel takes */
    block->fd = memfd_create ("ram", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (block->fd < 0)
    return set_memory_error (block->name, block->size, "created", errno, error);
  if (ftruncate (block->fd, (off_t)block->size) != 0)
    return set_memory_error (block->name, block->size, "sized", errno, error);
  /* Who is handed the descriptor must not be able to pull the memory from under us. */
  fcntl (block->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  void *host = mmap (NULL, block->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, block->fd, 0);
  if (host == MAP_FAILED)
    return set_memory_error (block->name, block->size, "mapped", errno, error);
  block->host = host;
  madvise (host, block->size, MADV_HUGEPAGE); /* only a wish: hosts may have it disabled */
  void *pages = mmap (NULL, ram_pages (block) * sizeof (RamPage), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED)
    return set_memory_error (block->name, block->size, "described", errno, error);
  block->pages = pages;
  return true;
}

static void
unmap_memory (RamBlockFull *full)
{
  RamBlock *block = &full->block;
  if (full->dirty_memory != NULL)
    munmap (full->dirty_memory, ram_dirty_words (block) * sizeof (uint64_t));
  if (block->pages != NULL)
    munmap (block->pages, ram_pages (block) * sizeof (RamPage));
  if (block->host != NULL)
    munmap (block->host, block->size);
  if (block->fd >= 0)
    close (block->fd);
  g_mutex_clear (&full->log_lock);
  g_free (block->name);
  g_free (full);
}

RamBlock *
ram_block_new (const char *name, uint64_t size, GError **error)
{
  if (!size_possible (name, size, error))
    return NULL;
  RamBlockFull *full = g_new0 (RamBlockFull, 1);
  g_mutex_init (&full->log_lock);
  full->block.name = g_strdup (name);
  full->block.size = (size + RAM_PAGE_SIZE - 1) & ~(RAM_PAGE_SIZE - 1);
  full->block.fd = -1;
  if (!map_memory (&full->block, error)) {
    unmap_memory (full);
    return NULL;
  }
  if (!slot_take (full)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 "Memory ‘%s’ cannot be added: a machine has at most %d blocks of memory; remove a device",
                 name, RAM_BLOCKS_MAX);
    unmap_memory (full);
    return NULL;
  }
  return &full->block;
}

void
ram_block_free (RamBlock *block)
{
  if (block == NULL)
    return;
  RamBlockFull *full = (RamBlockFull *)block;
  slot_give (full);
  unmap_memory (full);
}
