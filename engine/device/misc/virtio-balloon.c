/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "virtio-balloon.h"
#include "virtio.h"

#include <fcntl.h>
#include <linux/virtio_balloon.h>
#include <string.h>
#include <unistd.h>

#define PAGE_BITS 12 /* VIRTIO_BALLOON_PFN_SHIFT */
#define PAGE_SIZE (UINT64_C (1) << PAGE_BITS)
/* More pages in one buffer than any driver names, few enough to be through with soon. */
#define PFNS_MAX 65536u

/* Queues. Drivers differ in what they call the reporting queue when there is no queue for hints: the
 * specification keeps that one's number, Linux does not. */
enum { INFLATE, DEFLATE, STATS, REPORTING_COMPACT, REPORTING, QUEUES };

typedef struct {
  VirtioDevice vdev;
  VirtQueue *queues[QUEUES];
  /* Under the device's lock. */
  uint32_t num_pages, actual, poison;
  VirtioBalloonStats stats;
  /* The queues' thread. */
  VirtqElement *stats_buffer; /* kept until statistics are wanted */
  GSource *timer;
  unsigned poll; /* atomic: seconds */
  /* Properties. */
  bool deflate_on_oom, free_page_reporting, page_poison;
  uint32_t poll_initial;
} VirtioBalloon;

/* ---- Pages ---- */

/* Memory about to go: contiguous in a block. */
typedef struct {
  RamBlock *block;
  uint64_t start, end; /* offsets */
} Run;

static void
discard (Run *run)
{
  const uint64_t mask = (uint64_t)sysconf (_SC_PAGESIZE) - 1;
  const uint64_t start = (run->start + mask) & ~mask, end = run->end & ~mask;
  if (run->block != NULL && start < end &&
      fallocate (run->block->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start,
                 (off_t)(end - start)) == 0)
    ram_written (run->block, start, end - start);
  run->block = NULL;
}

/* RAM alone: what else is at the address is none of the guest's to give back. */
static void
add_range (VirtioBalloon *balloon, Run *run, uint64_t addr, uint64_t size)
{
  MemorySection section;
  while (size != 0 && memory_find (balloon->vdev.map, addr, &section)) {
    const uint64_t skip = addr - section.start;
    const uint64_t n = MIN (size, section.size - skip);
    if (section.kind == MEMORY_RAM) {
      const uint64_t offset = section.ram_offset + skip;
      if (run->block == section.ram && offset == run->end) {
        run->end += n;
      } else if (run->block == section.ram && offset + n == run->start) {
        run->start = offset;
      } else {
        discard (run);
        *run = (Run){ section.ram, offset, offset + n };
      }
    }
    addr += n;
    size -= n;
  }
}

static void
inflate (VirtioBalloon *balloon, const VirtqElement *e)
{
  Run run = { 0 };
  uint32_t pfn;
  const uint64_t n = e->out_size / sizeof pfn;
  if (n > PFNS_MAX)
    device_guest_error (&balloon->vdev.dev, "%" G_GUINT64_FORMAT " pages at once; %u are taken", n, PFNS_MAX);
  size_t in_part = 0;
  unsigned part = 0;
  for (unsigned i = 0; i < MIN (n, PFNS_MAX); i++) {
    while (part < e->n_out && in_part >= e->out[part].iov_len) {
      in_part -= e->out[part].iov_len;
      part++;
    }
    if (virtio_iov_to_buf (e->out + part, e->n_out - part, in_part, &pfn, sizeof pfn) != sizeof pfn)
      break;
    in_part += sizeof pfn;
    add_range (balloon, &run, (uint64_t)GUINT32_FROM_LE (pfn) << PAGE_BITS, PAGE_SIZE);
  }
  discard (&run);
}

/* §5.5.6.7: pages that hold the poison value must go on holding it. */
static void
report (VirtioBalloon *balloon, const VirtqElement *e)
{
  Run run = { 0 };
  g_rec_mutex_lock (&balloon->vdev.dev.lock);
  const bool poisoned = virtio_has (&balloon->vdev, VIRTIO_BALLOON_F_PAGE_POISON) && balloon->poison != 0;
  g_rec_mutex_unlock (&balloon->vdev.dev.lock);
  for (unsigned i = 0; !poisoned && i < e->n_in; i++)
    add_range (balloon, &run, e->in_addr[i], e->in[i].iov_len);
  discard (&run);
}

/* Pages taken out are there as soon as they are touched: there is nothing to do for them. */
static void
nothing (VirtioBalloon *balloon, const VirtqElement *e)
{
}

static void
take_all (VirtioBalloon *balloon, VirtQueue *queue, void (*take) (VirtioBalloon *, const VirtqElement *))
{
  VirtqElement *e = virtqueue_pop (queue, sizeof *e);
  if (e == NULL)
    return;
  take (balloon, e);
  virtqueue_push (queue, e, 0);
  virtqueue_element_free (e);
  virtqueue_notify (queue);
  /* One at a time, since each may be a lot. */
  virtqueue_schedule (queue);
}

static void
handle_inflate (VirtioDevice *vdev, VirtQueue *queue)
{
  take_all ((VirtioBalloon *)vdev, queue, inflate);
}

static void
handle_deflate (VirtioDevice *vdev, VirtQueue *queue)
{
  take_all ((VirtioBalloon *)vdev, queue, nothing);
}

static void
handle_report (VirtioDevice *vdev, VirtQueue *queue)
{
  take_all ((VirtioBalloon *)vdev, queue, virtio_has (vdev, VIRTIO_BALLOON_F_REPORTING) ? report : nothing);
}

/* ---- Statistics (§5.5.6.3) ---- */

static void
parse_stats (VirtioBalloon *balloon, const VirtqElement *e)
{
  struct virtio_balloon_stat stat;
  VirtioBalloonStats stats = { .updated = g_get_real_time () };
  for (unsigned i = 0; i < 4 * VIRTIO_BALLOON_STATS; i++) {
    if (virtio_iov_to_buf (e->out, e->n_out, i * sizeof stat, &stat, sizeof stat) != sizeof stat)
      break;
    const uint16_t tag = GUINT16_FROM_LE (stat.tag);
    if (tag >= VIRTIO_BALLOON_STATS)
      continue;
    stats.value[tag] = GUINT64_FROM_LE (stat.val);
    stats.known |= 1u << tag;
  }
  g_rec_mutex_lock (&balloon->vdev.dev.lock);
  balloon->stats = stats;
  g_rec_mutex_unlock (&balloon->vdev.dev.lock);
}

/* Giving the buffer back is the question. */
static void
ask (VirtioBalloon *balloon)
{
  VirtqElement *e = g_steal_pointer (&balloon->stats_buffer);
  if (e == NULL)
    return;
  virtqueue_push (balloon->queues[STATS], e, 0);
  virtqueue_element_free (e);
  virtqueue_notify (balloon->queues[STATS]);
}

static void
handle_stats (VirtioDevice *vdev, VirtQueue *queue)
{
  VirtioBalloon *balloon = (VirtioBalloon *)vdev;
  if (!virtio_has (vdev, VIRTIO_BALLOON_F_STATS_VQ)) {
    handle_report (vdev, queue);
    return;
  }
  VirtqElement *e = virtqueue_pop (queue, sizeof *e);
  if (e == NULL)
    return;
  ask (balloon); /* a driver has one buffer there; of more, the latest stays */
  parse_stats (balloon, e);
  balloon->stats_buffer = e;
  virtqueue_schedule (queue);
}

static gboolean
poll_now (gpointer data)
{
  ask (data);
  return G_SOURCE_CONTINUE;
}

static void
set_timer (void *opaque)
{
  VirtioBalloon *balloon = opaque;
  const unsigned seconds = __atomic_load_n (&balloon->poll, __ATOMIC_RELAXED);
  if (balloon->timer != NULL) {
    g_source_destroy (balloon->timer);
    g_clear_pointer (&balloon->timer, g_source_unref);
  }
  if (seconds == 0 || !balloon->vdev.queues_running)
    return;
  balloon->timer = g_timeout_source_new_seconds (seconds);
  g_source_set_callback (balloon->timer, poll_now, balloon, NULL);
  g_source_attach (balloon->timer, iothread_context (virtqueue_iothread (balloon->queues[STATS])));
}

/* The buffer goes back to where it was: it is taken again when the machine goes on. */
static void
put_back (void *opaque)
{
  VirtioBalloon *balloon = opaque;
  VirtqElement *e = g_steal_pointer (&balloon->stats_buffer);
  if (e == NULL)
    return;
  virtqueue_unpop (balloon->queues[STATS], e);
  virtqueue_element_free (e);
}

static void
stop_stats (void *opaque)
{
  put_back (opaque);
  set_timer (opaque);
}

static void
balloon_running (VirtioDevice *vdev, bool running)
{
  VirtioBalloon *balloon = (VirtioBalloon *)vdev;
  iothread_run_sync (virtqueue_iothread (balloon->queues[STATS]), running ? set_timer : stop_stats, balloon);
}

static void
balloon_queue_reset (VirtioDevice *vdev, unsigned queue)
{
  VirtioBalloon *balloon = (VirtioBalloon *)vdev;
  if (queue == STATS)
    iothread_run_sync (virtqueue_iothread (balloon->queues[STATS]), put_back, balloon);
}

/* ---- Configuration (§5.5.4) ---- */

static uint64_t
balloon_features (VirtioDevice *vdev)
{
  const VirtioBalloon *balloon = (VirtioBalloon *)vdev;
  return UINT64_C (1) << VIRTIO_BALLOON_F_STATS_VQ |
         (uint64_t)balloon->deflate_on_oom << VIRTIO_BALLOON_F_DEFLATE_ON_OOM |
         (uint64_t)balloon->free_page_reporting << VIRTIO_BALLOON_F_REPORTING |
         (uint64_t)balloon->page_poison << VIRTIO_BALLOON_F_PAGE_POISON;
}

static void
balloon_config_read (VirtioDevice *vdev)
{
  const VirtioBalloon *balloon = (VirtioBalloon *)vdev;
  const struct virtio_balloon_config config = {
    .num_pages = GUINT32_TO_LE (balloon->num_pages),
    .actual = GUINT32_TO_LE (balloon->actual),
    .poison_val = GUINT32_TO_LE (balloon->poison),
  };
  memcpy (vdev->config, &config, sizeof config);
}

static void
balloon_config_written (VirtioDevice *vdev, unsigned offset, unsigned size)
{
  VirtioBalloon *balloon = (VirtioBalloon *)vdev;
  struct virtio_balloon_config config;
  uint8_t written[8];
  memcpy (written, vdev->config + offset, MIN (size, sizeof written));
  balloon_config_read (vdev);
  memcpy (&config, vdev->config, sizeof config);
  memcpy ((uint8_t *)&config + offset, written, MIN (size, sizeof written));
  balloon->actual = GUINT32_FROM_LE (config.actual);
  if (virtio_has (vdev, VIRTIO_BALLOON_F_PAGE_POISON))
    balloon->poison = GUINT32_FROM_LE (config.poison_val);
}

static const VirtioClass balloon_virtio = {
  .id = 5,
  .name = "virtio-balloon",
  .pci_class = 0x00ff,
  .config_size = sizeof (struct virtio_balloon_config),
  .features = balloon_features,
  .config_read = balloon_config_read,
  .config_written = balloon_config_written,
  .running = balloon_running,
  .queue_reset = balloon_queue_reset,
};

/* ---- Life ---- */

static void
balloon_init (Device *dev)
{
  virtio_init ((VirtioDevice *)dev, &balloon_virtio);
}

static bool
balloon_realize (Device *dev, GError **error)
{
  static const VirtQueueHandler handlers[QUEUES] = { handle_inflate, handle_deflate, handle_stats,
                                                     handle_report, handle_report };
  VirtioBalloon *balloon = (VirtioBalloon *)dev;
  for (unsigned i = 0; i < QUEUES; i++)
    balloon->queues[i] = virtio_add_queue (&balloon->vdev, 128, handlers[i]);
  balloon->poll = balloon->poll_initial;
  return true;
}

static void
balloon_reset (Device *dev)
{
  VirtioBalloon *balloon = (VirtioBalloon *)dev;
  balloon->actual = 0;
  balloon->poison = 0;
  balloon->stats = (VirtioBalloonStats){ 0 };
}

#define AT(member) offsetof (VirtioBalloon, member)
static const DeviceProp balloon_props[] = {
  { "deflate-on-oom", DEVICE_PROP_BOOL, AT (deflate_on_oom),
    .help = "the guest may take pages back when it has no others" },
  { "free-page-reporting", DEVICE_PROP_BOOL, AT (free_page_reporting), .initial = true,
    .help = "the guest tells of free pages, which go back to the host" },
  { "page-poison", DEVICE_PROP_BOOL, AT (page_poison), .initial = true,
    .help = "the guest tells what it fills free pages with" },
  { "guest-stats-polling-interval", DEVICE_PROP_UINT32, AT (poll_initial), .max = 86400,
    .help = "seconds between questions for statistics (0: none)" },
  { NULL },
};

static const DeviceSave balloon_saved[] = {
  { "num_pages", DEVICE_SAVE_U32, AT (num_pages) },
  { "actual", DEVICE_SAVE_U32, AT (actual) },
  { "poison", DEVICE_SAVE_U32, AT (poison) },
  { NULL },
};

static const DeviceClass balloon_class = {
  .name = "virtio-balloon-device",
  .bus = "virtio-bus",
  .category = "Misc devices",
  .help = "virtio memory balloon",
  .size = sizeof (VirtioBalloon),
  .base = &virtio_device_class,
  .props = balloon_props,
  .saved = balloon_saved,
  .init = balloon_init,
  .realize = balloon_realize,
  .reset = balloon_reset,
  .user_creatable = true,
};

void
virtio_balloon_register (void)
{
  virtio_register (&balloon_class, &balloon_virtio);
}

/* ---- For the monitor ---- */

static VirtioBalloon *
balloon_of (Device *dev)
{
  VirtioDevice *vdev = virtio_device_of (dev);
  return vdev != NULL && vdev->vclass == &balloon_virtio ? (VirtioBalloon *)vdev : NULL;
}

bool
virtio_balloon_is (Device *dev)
{
  return balloon_of (dev) != NULL;
}

void
virtio_balloon_set_target (Device *dev, uint64_t ram_size, uint64_t bytes)
{
  VirtioBalloon *balloon = balloon_of (dev);
  g_return_if_fail (balloon != NULL);
  const uint64_t pages = (ram_size - MIN (bytes, ram_size)) >> PAGE_BITS;
  g_rec_mutex_lock (&balloon->vdev.dev.lock);
  balloon->num_pages = (uint32_t)MIN (pages, UINT32_MAX);
  g_rec_mutex_unlock (&balloon->vdev.dev.lock);
  virtio_config_changed (&balloon->vdev);
}

uint64_t
virtio_balloon_actual (Device *dev, uint64_t ram_size)
{
  VirtioBalloon *balloon = balloon_of (dev);
  g_return_val_if_fail (balloon != NULL, ram_size);
  g_rec_mutex_lock (&balloon->vdev.dev.lock);
  const uint64_t inside = (uint64_t)balloon->actual << PAGE_BITS;
  g_rec_mutex_unlock (&balloon->vdev.dev.lock);
  return ram_size - MIN (inside, ram_size);
}

void
virtio_balloon_stats (Device *dev, VirtioBalloonStats *ret_stats)
{
  VirtioBalloon *balloon = balloon_of (dev);
  g_return_if_fail (balloon != NULL);
  g_rec_mutex_lock (&balloon->vdev.dev.lock);
  *ret_stats = balloon->stats;
  g_rec_mutex_unlock (&balloon->vdev.dev.lock);
}

void
virtio_balloon_poll_stats (Device *dev, unsigned seconds)
{
  VirtioBalloon *balloon = balloon_of (dev);
  g_return_if_fail (balloon != NULL);
  __atomic_store_n (&balloon->poll, seconds, __ATOMIC_RELAXED);
  iothread_run_sync (virtqueue_iothread (balloon->queues[STATS]), set_timer, balloon);
}
