/* SPDX-License-Identifier: GPL-3.0-or-later */

/* -device loader: files that are put into memory beside the kernel, or instead of it, and where CPUs start.
 * It is no device that a guest could see. */

#include "virt-common.h"
#include "keyval.h"
#include <gio/gio.h>
#include <string.h>

#define DRIVER "loader"

typedef struct {
  const char *file; /* NULL: only a CPU's start */
  uint64_t addr, cpu;
  bool raw, has_addr, has_cpu;
} Request;

/* What has this syntax: NULL with an error, or (another device) without one. */
static Keyval *
parse (const char *text, GError **error)
{
  g_autoptr (Keyval) kv = machine_is_loader (text) ? keyval_parse (text, "driver", error) : NULL;

  if (kv)
    keyval_get (kv, "driver");
  return g_steal_pointer (&kv);
}

bool
machine_is_loader (const char *text)
{
  return g_str_has_prefix (text, DRIVER) && (text[strlen (DRIVER)] == '\0' || text[strlen (DRIVER)] == ',');
}

static bool
bad (GError **error, const char *why)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s", why);
  return false;
}

static bool
read_request (Machine *machine, Keyval *kv, Request *ret, GError **error)
{
  *ret = (Request){ .file = keyval_get (kv, "file") };
  ret->has_addr = keyval_get (kv, "addr") != NULL;
  ret->has_cpu = keyval_get (kv, "cpu-num") != NULL;
  keyval_get (kv, "id");
  if (!keyval_get_uint (kv, "addr", 0, &ret->addr, error) ||
      !keyval_get_uint (kv, "cpu-num", 0, &ret->cpu, error) ||
      !keyval_get_bool (kv, "force-raw", false, &ret->raw, error) || !keyval_finish (kv, "loader", error))
    return false;
  if (ret->file == NULL && !(ret->has_addr && ret->has_cpu))
    return bad (error, "say what to load with file=FILE, or where a CPU starts with addr=ADDRESS,cpu-num=N");
  if (ret->raw && !ret->has_addr)
    return bad (error, "force-raw=on needs the address that the file goes to: addr=ADDRESS");
  if (ret->cpu < machine->priv->cpus)
    return true;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "cpu-num=%" G_GUINT64_FORMAT ": the machine has %u CPUs, the first of which is 0", ret->cpu,
               machine->priv->cpus);
  return false;
}

static bool
add (Machine *machine, unsigned index, const Request *request, GError **error)
{
  VirtCommon *virt = virt_common (machine);
  g_autofree char *what = g_strdup_printf ("file of -device loader number %u", index);
  LoadedImage image = { .entry = request->addr };

  if (request->file && !(request->raw ? loader_add_raw : loader_add_program) (
                           virt->loader, what, request->file, request->addr, &image, error))
    return false;
  const VirtStart start = { (unsigned)request->cpu, image.entry };
  if (request->has_cpu)
    g_array_append_val (virt->starts, start);
  return true;
}

bool
virt_add_loader_devices (Machine *machine, GError **error)
{
  const GPtrArray *devices = machine->config->devices;

  virt_common (machine)->starts = g_array_new (FALSE, FALSE, sizeof (VirtStart));
  for (unsigned i = 0, n = 0; devices && i < devices->len; i++) {
    const char *text = devices->pdata[i];
    Request request;
    if (!machine_is_loader (text))
      continue;
    g_autoptr (Keyval) kv = parse (text, error);
    if (kv && read_request (machine, kv, &request, error) && add (machine, ++n, &request, error))
      continue;
    g_prefix_error (error, "-device %s: ", text);
    return false;
  }
  return true;
}

bool
virt_loader_starts_machine (Machine *machine)
{
  const GPtrArray *devices = machine->config->devices;
  bool starts = false;

  for (unsigned i = 0; devices && i < devices->len; i++) {
    g_autoptr (Keyval) kv = parse (devices->pdata[i], NULL);
    const char *cpu = kv ? keyval_get (kv, "cpu-num") : NULL;
    uint64_t n;
    starts |= cpu && keyval_parse_uint (cpu, &n, NULL) && n == 0;
  }
  return starts;
}

void
virt_set_loader_starts (Machine *machine)
{
  const GArray *starts = virt_common (machine)->starts;

  for (unsigned i = 0; i < starts->len; i++) {
    const VirtStart *start = &g_array_index (starts, VirtStart, i);
    machine_cpu (machine, start->cpu)->state.pc = start->pc;
  }
}
