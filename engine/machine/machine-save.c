/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A machine to a file and back. */

#include "machine-private.h"
#include "save-file.h"
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#define PACK_THREADS_MAX 8

const char *
machine_uri_path (const char *uri, GError **error)
{
  const char *colon = strchr (uri, ':'), *slash = strchr (uri, '/');

  if (g_str_has_prefix (uri, "file:") && uri[5] != '\0')
    return uri + 5;
  if (*uri == '\0' || (colon && (slash == NULL || colon < slash))) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 "'%s' is no place a machine can be saved to or restored from; give file:PATH", uri);
    return NULL;
  }
  return uri;
}

static void
list_devices (const Device *dev, GVariantBuilder *out)
{
  g_variant_builder_add (out, "(ss)", dev->path, dev->class->name);
  for (unsigned i = 0; i < dev->children->len; i++)
    list_devices (dev->children->pdata[i], out);
}

/* What two machines must have in common for the state of one to fit the other. */
GVariant *
machine_describe (Machine *machine)
{
  GVariantBuilder out, ram, devices;

  g_variant_builder_init (&ram, G_VARIANT_TYPE ("a(st)"));
  for (unsigned i = 0; i < machine->priv->ram->len; i++) {
    const MachineRam *r = &g_array_index (machine->priv->ram, MachineRam, i);
    g_variant_builder_add (&ram, "(st)", r->name, r->block->size);
  }
  g_variant_builder_init (&devices, G_VARIANT_TYPE ("a(ss)"));
  list_devices (machine->root, &devices);
  g_variant_builder_init (&out, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&out, "{sv}", "isa", g_variant_new_string (machine->config->isa->name));
  g_variant_builder_add (&out, "{sv}", "board", g_variant_new_string (machine->board->name));
  g_variant_builder_add (&out, "{sv}", "cpu",
                         g_variant_new_string (machine->config->cpu_model ? machine->config->cpu_model
                                                                          : machine->board->default_cpu));
  g_variant_builder_add (&out, "{sv}", "cpus", g_variant_new_uint32 (machine->vcpus->len));
  g_variant_builder_add (&out, "{sv}", "ram", g_variant_builder_end (&ram));
  g_variant_builder_add (&out, "{sv}", "devices", g_variant_builder_end (&devices));
  return g_variant_ref_sink (g_variant_builder_end (&out));
}

static GVariant *
save_nets (void)
{
  g_autoptr (GPtrArray) nets = net_backend_list ();
  GVariantBuilder out;

  g_variant_builder_init (&out, G_VARIANT_TYPE_VARDICT);
  for (unsigned i = 0; i < nets->len; i++) {
    const char *id = net_backend_id (nets->pdata[i]);
    GVariant *state = id ? net_backend_save (nets->pdata[i]) : NULL;
    if (state) {
      g_variant_builder_add (&out, "{sv}", id, state);
      if (!g_variant_is_floating (state))
        g_variant_unref (state);
    }
  }
  return g_variant_builder_end (&out);
}

static GVariant *
save_state (Machine *machine)
{
  GVariantBuilder out, vcpus;
  g_autoptr (GVariant) devices = device_save (machine->root);

  g_variant_builder_init (&vcpus, G_VARIANT_TYPE ("aa{sv}"));
  for (unsigned i = 0; i < machine->vcpus->len; i++) {
    Cpu *cpu = machine_cpu (machine, i);
    g_autoptr (GVariant) state = g_variant_take_ref (cpu->isa->system->save (cpu));
    g_variant_builder_add_value (&vcpus, state);
  }
  g_variant_builder_init (&out, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&out, "{sv}", "clock", g_variant_new_int64 (clock_now (machine->clock)));
  g_variant_builder_add (&out, "{sv}", "devices", devices);
  g_variant_builder_add (&out, "{sv}", "vcpus", g_variant_builder_end (&vcpus));
  g_variant_builder_add (&out, "{sv}", "nets", save_nets ());
  return g_variant_ref_sink (g_variant_builder_end (&out));
}

/* RAM is packed by several threads and written by one, in the order it gets ready. */
typedef struct {
  SaveWriter *writer;
  GThreadPool *pool;
  GAsyncQueue *ready; /* PackJob */
  unsigned outstanding, limit;
  uint64_t done, total;
  const BlockProgress *progress;
} Packing;

typedef struct {
  const uint8_t *ram;
  uint64_t offset, size;
  uint32_t block;
  GByteArray *packed;
} PackJob;

static void
pack_job (void *data, void *opaque)
{
  PackJob *job = data;
  Packing *p = opaque;

  job->packed = save_ram_pack (job->ram, job->size);
  g_async_queue_push (p->ready, job);
}

/* Writes one chunk that is ready, waiting for it. */
static bool
write_ready (Packing *p, bool discard, GError **error)
{
  PackJob *job = g_async_queue_pop (p->ready);
  bool ok = true;

  p->outstanding--;
  if (job->packed && !discard)
    ok = save_writer_chunk (p->writer, SAVE_RAM, job->block, job->offset, job->packed->data, job->packed->len,
                            error);
  if (job->packed)
    g_byte_array_unref (job->packed);
  g_free (job);
  return ok;
}

static bool
report_progress (const Packing *p, GError **error)
{
  if (p->progress == NULL || p->progress->report (p->progress->opaque, p->done, p->total))
    return true;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "saving was cancelled");
  return false;
}

/* The first offset from `offset` on that the host has memory for; the block's size if there is none. */
static uint64_t
next_data (const RamBlock *block, uint64_t offset)
{
  off_t data = lseek (block->fd, (off_t)offset, SEEK_DATA);

  if (data < 0)
    return errno == ENXIO ? block->size : offset;
  return MIN ((uint64_t)data, block->size);
}

static bool
pack_block (Packing *p, uint32_t index, const RamBlock *block, GError **error)
{
  uint64_t before = p->done;

  for (uint64_t offset = 0; (offset = next_data (block, offset)) < block->size; offset += SAVE_RAM_CHUNK) {
    offset &= ~(SAVE_RAM_CHUNK - 1);
    while (p->outstanding >= p->limit)
      if (!write_ready (p, false, error))
        return false;
    PackJob *job = g_new0 (PackJob, 1);
    job->ram = block->host + offset;
    job->offset = offset;
    job->size = MIN (SAVE_RAM_CHUNK, block->size - offset);
    job->block = index;
    p->outstanding++;
    g_thread_pool_push (p->pool, job, NULL);
    p->done = before + offset;
    if (!report_progress (p, error))
      return false;
  }
  p->done = before + block->size;
  return report_progress (p, error);
}

static bool
write_ram (Machine *machine, SaveWriter *writer, const BlockProgress *progress, GError **error)
{
  unsigned threads = CLAMP (g_get_num_processors (), 1, PACK_THREADS_MAX);
  Packing p = { .writer = writer, .limit = 2 * threads, .progress = progress };
  bool ok = true;

  p.ready = g_async_queue_new ();
  p.pool = g_thread_pool_new (pack_job, &p, (int)threads, FALSE, NULL);
  for (unsigned i = 0; i < machine->priv->ram->len; i++)
    p.total += g_array_index (machine->priv->ram, MachineRam, i).block->size;
  for (unsigned i = 0; ok && i < machine->priv->ram->len; i++)
    ok = pack_block (&p, i, g_array_index (machine->priv->ram, MachineRam, i).block, error);
  while (p.outstanding > 0)
    ok = write_ready (&p, !ok, ok ? error : NULL) && ok;
  g_thread_pool_free (p.pool, FALSE, TRUE);
  g_async_queue_unref (p.ready);
  return ok;
}

static bool
write_machine (Machine *machine, SaveWriter *writer, const BlockProgress *progress, GError **error)
{
  g_autoptr (GVariant) description = machine_describe (machine);
  g_autoptr (GVariant) state = save_state (machine);

  return save_writer_variant (writer, SAVE_DESCRIPTION, description, error) &&
         save_writer_variant (writer, SAVE_STATE, state, error) &&
         write_ram (machine, writer, progress, error);
}

/* To the file at `path`, or into `fd`, which is taken over. */
static bool
save_to (Machine *machine, const char *path, int fd, const BlockProgress *progress, GError **error)
{
  bool moving = !machine->priv->halted;

  if (!machine->priv->reset_done) {
    if (fd >= 0)
      close (fd);
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 "the machine has no state to save yet; start it first");
    return false;
  }
  machine_halt (machine);
  SaveWriter *writer =
      fd >= 0 ? save_writer_new_fd (fd, "the saved machine", error) : save_writer_new (path, error);
  bool ok = writer != NULL;
  if (ok && !write_machine (machine, writer, progress, error)) {
    save_writer_cancel (writer);
    ok = false;
  } else if (ok)
    ok = save_writer_finish (writer, error);
  if (ok)
    machine_set_state (machine, MACHINE_SAVED);
  else if (moving)
    machine_unhalt (machine);
  return ok;
}

bool
machine_save (Machine *machine, const char *uri, const BlockProgress *progress, GError **error)
{
  const char *path = machine_uri_path (uri, error);

  return path != NULL && save_to (machine, path, -1, progress, error);
}

bool
machine_save_fd (Machine *machine, int fd, const BlockProgress *progress, GError **error)
{
  return save_to (machine, NULL, fd, progress, error);
}
