/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Buffers: from descriptors to host memory, and the memory they are described in. */

#include "virtio-internal.h"

#include <string.h>

/* Elements of up to this many segments are kept for the next ones. */
#define KEPT_SEGMENTS 32
#define KEPT_BLOCKS   256

/* What stands before the caller's struct; segments and addresses come after it. */
struct VirtqBlock {
  VirtqBlock *next;
  uint32_t size;     /* of the caller's struct, rounded up */
  uint32_t capacity; /* segments */
  uint32_t epoch;
};
#define BLOCK_HEADER ((sizeof (VirtqBlock) + 15) & ~(size_t)15)

static VirtqBlock *
block_of (const VirtqElement *element)
{
  return (VirtqBlock *)((uint8_t *)element - BLOCK_HEADER);
}

unsigned
virtq_element_epoch (const VirtqElement *element)
{
  return block_of (element)->epoch;
}

/* ---- Guest memory ---- */

static bool
find_window (VirtQueue *queue, uint64_t addr)
{
  MemorySection section;
  if (!memory_find (queue->vdev->map, addr, &section) || section.kind != MEMORY_RAM)
    return false;
  queue->window = (VirtqWindow){ .start = section.start,
                                 .size = section.size,
                                 .host = section.ram->host + section.ram_offset,
                                 .block = section.ram,
                                 .offset = section.ram_offset };
  return true;
}

static bool
in_window (VirtQueue *queue, uint64_t addr)
{
  return G_LIKELY (addr - queue->window.start < queue->window.size) || find_window (queue, addr);
}

void *
virtq_map (VirtQueue *queue, uint64_t addr, uint64_t size, bool write, uint64_t *ret_size)
{
  if (in_window (queue, addr)) {
    const uint64_t offset = addr - queue->window.start;
    *ret_size = MIN (size, queue->window.size - offset);
    return queue->window.host + offset;
  }
  /* Not RAM: a device may read ROM, too. */
  return write ? NULL : memory_dma_map (queue->vdev->map, addr, size, false, ret_size);
}

void
virtq_written (VirtQueue *queue, uint64_t addr, uint64_t size)
{
  const VirtqWindow *window = &queue->window;
  const uint64_t offset = addr - window->start;
  if (G_LIKELY (offset < window->size && size <= window->size - offset))
    ram_written (window->block, window->offset + offset, size);
  else
    memory_dma_done (queue->vdev->map, addr, size);
}

void
virtq_begin (VirtQueue *queue)
{
  queue->n_out = queue->n_in = 0;
  queue->out_size = queue->in_size = 0;
}

bool
virtq_add (VirtQueue *queue, uint64_t addr, uint32_t size, bool write)
{
  if (!write && queue->n_in != 0)
    return virtq_no_element (queue, "a device-readable descriptor follows a device-writable one");
  if (size > UINT64_MAX - addr)
    return virtq_no_element (queue, "a buffer reaches beyond the last address");
  *(write ? &queue->in_size : &queue->out_size) += size;
  while (size != 0) {
    uint64_t n;
    void *host = virtq_map (queue, addr, size, write, &n);
    const unsigned at = queue->n_out + queue->n_in;
    if (host == NULL)
      return virtq_no_element (queue, "a buffer is not in RAM");
    if (at == VIRTQ_MAX_SEGMENTS)
      return virtq_no_element (queue, "a buffer has too many parts");
    queue->segments[at] = (struct iovec){ host, n };
    queue->addresses[at] = addr;
    ++*(write ? &queue->n_in : &queue->n_out);
    addr += n;
    size -= (uint32_t)n;
  }
  return true;
}

/* ---- Elements ---- */

static VirtqBlock *
take_block (VirtQueue *queue, size_t size, unsigned segments)
{
  VirtqBlock *block = queue->free_blocks;
  size = (size + 15) & ~(size_t)15;
  if (block != NULL && block->size == size && segments <= block->capacity) {
    queue->free_blocks = block->next;
    queue->n_free_blocks--;
    return block;
  }
  const unsigned capacity = MAX (segments, KEPT_SEGMENTS);
  block = g_malloc (BLOCK_HEADER + size + capacity * (sizeof (struct iovec) + sizeof (uint64_t)));
  block->size = (uint32_t)size;
  block->capacity = capacity;
  return block;
}

VirtqElement *
virtq_finish (VirtQueue *queue, size_t size, uint32_t head, uint32_t n_descs)
{
  const unsigned n = queue->n_out + queue->n_in;
  VirtqBlock *block = take_block (queue, size, n);
  VirtqElement *element = (VirtqElement *)((uint8_t *)block + BLOCK_HEADER);
  struct iovec *segments = (struct iovec *)((uint8_t *)element + block->size);
  uint64_t *addresses = (uint64_t *)(segments + block->capacity);
  block->epoch = queue->epoch;
  memset (element, 0, block->size);
  memcpy (segments, queue->segments, n * sizeof *segments);
  memcpy (addresses, queue->addresses, n * sizeof *addresses);
  *element = (VirtqElement){
    .queue = queue,
    .head = head,
    .n_descs = n_descs,
    .n_out = queue->n_out,
    .n_in = queue->n_in,
    .out = segments,
    .in = segments + queue->n_out,
    .in_addr = addresses + queue->n_out,
    .out_size = queue->out_size,
    .in_size = queue->in_size,
  };
  return element;
}

void
virtqueue_element_free (VirtqElement *element)
{
  if (element == NULL)
    return;
  VirtQueue *queue = element->queue;
  VirtqBlock *block = block_of (element);
  bool kept = false;
  g_mutex_lock (&queue->lock);
  /* Callers that use several sizes do without: a block of another size on top would be in the way. */
  if (block->capacity == KEPT_SEGMENTS && queue->n_free_blocks < KEPT_BLOCKS &&
      (queue->free_blocks == NULL || queue->free_blocks->size == block->size)) {
    block->next = queue->free_blocks;
    queue->free_blocks = block;
    queue->n_free_blocks++;
    kept = true;
  }
  g_mutex_unlock (&queue->lock);
  if (!kept)
    g_free (block);
}

void
virtq_free_blocks (VirtQueue *queue)
{
  while (queue->free_blocks != NULL) {
    VirtqBlock *block = queue->free_blocks;
    queue->free_blocks = block->next;
    g_free (block);
  }
  queue->n_free_blocks = 0;
}

GVariant *
virtqueue_element_save (const VirtqElement *element)
{
  GVariantBuilder segments;
  const uint64_t *addresses = element->in_addr - element->n_out;
  g_variant_builder_init (&segments, G_VARIANT_TYPE ("a(tub)"));
  for (unsigned i = 0; i < element->n_out + element->n_in; i++)
    g_variant_builder_add (&segments, "(tub)", addresses[i], (uint32_t)element->out[i].iov_len,
                           i >= element->n_out);
  return g_variant_new ("(uu@a(tub))", element->head, element->n_descs, g_variant_builder_end (&segments));
}

/* Reads the segments as if they came from descriptors. False: no guest can have made that available. */
static bool
load_segments (VirtQueue *queue, GVariantIter *segments)
{
  uint64_t addr;
  uint32_t size;
  gboolean write;
  virtq_begin (queue);
  while (g_variant_iter_loop (segments, "(tub)", &addr, &size, &write))
    if (!virtq_add (queue, addr, size, write))
      return false;
  return true;
}

void *
virtqueue_element_load (VirtQueue *queue, GVariant *state, size_t size)
{
  if (!g_variant_is_of_type (state, G_VARIANT_TYPE (VIRTQ_ELEMENT_TYPE)))
    return NULL;
  g_autoptr (GVariantIter) segments = NULL;
  uint32_t head, n_descs;
  VirtqElement *element = NULL;
  g_variant_get (state, "(uua(tub))", &head, &n_descs, &segments);
  g_mutex_lock (&queue->lock);
  const bool packed = virtio_has (queue->vdev, VIRTIO_F_RING_PACKED);
  /* A packed ring's head is an identifier of the driver's choice. */
  const bool possible = queue->enabled && n_descs >= 1 && n_descs <= queue->size - queue->in_use &&
                        (packed ? head <= UINT16_MAX : head < queue->size && n_descs == 1);
  if (possible && load_segments (queue, segments)) {
    queue->in_use += n_descs;
    element = virtq_finish (queue, size, head, n_descs);
  }
  g_mutex_unlock (&queue->lock);
  return element;
}

/* ---- Vectors ---- */

size_t
virtio_iov_size (const struct iovec *iov, unsigned n)
{
  size_t size = 0;
  for (unsigned i = 0; i < n; i++)
    size += iov[i].iov_len;
  return size;
}

static size_t
copy_iov (const struct iovec *iov, unsigned n, size_t offset, uint8_t *buf, size_t size, bool from)
{
  size_t done = 0;
  for (unsigned i = 0; i < n && done < size; i++) {
    if (offset >= iov[i].iov_len) {
      offset -= iov[i].iov_len;
      continue;
    }
    const size_t part = MIN (iov[i].iov_len - offset, size - done);
    uint8_t *host = (uint8_t *)iov[i].iov_base + offset;
    /* The other side may be guest memory, too, and a driver may let its buffers overlap. */
    memmove (from ? host : buf + done, from ? buf + done : host, part);
    done += part;
    offset = 0;
  }
  return done;
}

size_t
virtio_iov_to_buf (const struct iovec *iov, unsigned n, size_t offset, void *buf, size_t size)
{
  return copy_iov (iov, n, offset, buf, size, false);
}

size_t
virtio_iov_from_buf (const struct iovec *iov, unsigned n, size_t offset, const void *buf, size_t size)
{
  return copy_iov (iov, n, offset, (uint8_t *)buf, size, true);
}
