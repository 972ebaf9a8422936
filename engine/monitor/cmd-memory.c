/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Commands that read the guest's memory, for files and for the eye, and QMP's way to the human monitor. */

#include "monitor-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

Vcpu *
monitor_hold (Machine *machine, unsigned index, bool *ret_was_running, GError **error)
{
  if (index >= machine->vcpus->len) {
    monitor_fail (error, MONITOR_ERROR_GENERIC, "There is no CPU %u; the machine has %u", index,
                  machine->vcpus->len);
    return NULL;
  }
  Vcpu *vcpu = machine->vcpus->pdata[index];
  *ret_was_running = !vcpu_is_paused (vcpu);
  if (*ret_was_running) {
    vcpu_pause (vcpu);
    vcpu_wait_paused (vcpu);
  }
  return vcpu;
}

void
monitor_release (Vcpu *vcpu, bool was_running)
{
  if (was_running)
    vcpu_resume (vcpu);
}

/* `vcpu` NULL: physical. */
static bool
save_range (MonitorContext *ctx, Vcpu *vcpu, uint64_t addr, uint64_t size, const char *path, GError **error)
{
  g_autofree uint8_t *buffer = g_malloc (1 << 16);
  FILE *file = fopen (path, "wbe");
  if (!file)
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "Could not open '%s': %s", path, g_strerror (errno));
  bool readable = true, written = true;
  while (size && readable && written) {
    const size_t n = MIN (size, 4096 - (addr & 4095));
    readable = vcpu ? cpu_debug_read (vcpu_cpu (vcpu), addr, buffer, n)
                    : memory_dma_read (ctx->machine->memory, addr, buffer, n) == MEMORY_OK;
    written = !readable || fwrite (buffer, 1, n, file) == n;
    addr += readable ? n : 0;
    size -= n;
  }
  const int problem = errno;
  if (fclose (file) && written && readable)
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "Could not write '%s': %s", path, g_strerror (errno));
  if (!written)
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "Could not write '%s': %s", path,
                         g_strerror (problem));
  return readable || monitor_fail (error, MONITOR_ERROR_GENERIC,
                                   "Invalid addr 0x%016" G_GINT64_MODIFIER "x: there is no memory", addr);
}

static bool
check_size (JsonObject *args, GError **error)
{
  return arg_int (args, "size", 0) > 0 ||
         monitor_fail (error, MONITOR_ERROR_GENERIC,
                       "Parameter 'size' expects a number of bytes, at least 1");
}

static JsonNode *
run_memsave (MonitorContext *ctx, JsonObject *args, GError **error)
{
  bool was_running;
  const int64_t index = arg_int (args, "cpu-index", ctx->cpu), size = arg_int (args, "size", 0);
  Vcpu *vcpu = check_size (args, error)
                   ? monitor_hold (ctx->machine, (unsigned)CLAMP (index, 0, INT_MAX), &was_running, error)
                   : NULL;
  if (!vcpu)
    return NULL;
  save_range (ctx, vcpu, (uint64_t)arg_int (args, "val", 0), (uint64_t)size, arg_string (args, "filename"),
              error);
  monitor_release (vcpu, was_running);
  return NULL;
}

static JsonNode *
run_pmemsave (MonitorContext *ctx, JsonObject *args, GError **error)
{
  if (check_size (args, error))
    save_range (ctx, NULL, (uint64_t)arg_int (args, "val", 0), (uint64_t)arg_int (args, "size", 0),
                arg_string (args, "filename"), error);
  return NULL;
}

static JsonNode *
run_human (MonitorContext *ctx, JsonObject *args, GError **error)
{
  MonitorContext own = { ctx->machine, (unsigned)CLAMP (arg_int (args, "cpu-index", 0), 0, INT_MAX) };
  g_autoptr (GString) out = g_string_new (NULL);
  hmp_run (&own, arg_string (args, "command-line"), out);
  g_string_replace (out, "\n", "\r\n", 0);
  g_autofree char *valid = g_utf8_make_valid (out->str, (gssize)out->len);
  JsonNode *node = json_node_new (JSON_NODE_VALUE);
  json_node_set_string (node, valid);
  return node;
}

const QmpCommand qmp_memory_commands[] = {
  { "memsave",
    run_memsave,
    { { "val", ARG_INT },
      { "size", ARG_INT },
      { "filename", ARG_STRING },
      { "cpu-index", ARG_INT | ARG_OPTIONAL } } },
  { "pmemsave", run_pmemsave, { { "val", ARG_INT }, { "size", ARG_INT }, { "filename", ARG_STRING } } },
  { "human-monitor-command",
    run_human,
    { { "command-line", ARG_STRING }, { "cpu-index", ARG_INT | ARG_OPTIONAL } } },
  { NULL },
};
