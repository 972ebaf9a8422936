/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The human monitor's table of commands, and those that QMP has not. */

#include "monitor-private.h"

#include "display.h"
#include "log.h"
#include <errno.h>
#include <string.h>

static bool
one_word (char **words, const char *what, GError **error)
{
  return (words[0] && !words[1]) || monitor_fail (error, MONITOR_ERROR_GENERIC, "write one word: %s", what);
}

static bool
help (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  if (words[0] && !strcmp (words[0], "info")) {
    hmp_help_for (hmp_info_commands, "info ", words[1], out);
    return true;
  }
  const size_t before = out->len;
  hmp_help_for (hmp_commands, "", words[0], out);
  hmp_help_for (hmp_memory_commands, "", words[0], out);
  return out->len > before || hmp_unknown (words[0], error);
}

static bool
device_add (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  return one_word (words, "driver,id=…,prop=value,…", error) &&
         machine_add_device (ctx->machine, words[0], error);
}

static bool
netdev_add (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  return one_word (words, "type,id=…,key=value,…", error) && monitor_add_netdev (words[0], error);
}

/* "[netdev] rule": without a name, of the only user network. */
static bool
hostfwd (MonitorContext *ctx, char **words, bool add, GError **error)
{
  if (!words[0] || (words[1] && words[2]))
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "write [netdev] [tcp|udp]:[hostaddr]:hostport%s",
                         add ? "-[guestaddr]:guestport" : "");
  NetBackend *net = NULL;
  if (words[1]) {
    net = monitor_find_net (ctx->machine, words[0], error);
  } else {
    g_autoptr (GPtrArray) list = net_backend_list ();
    if (list->len == 1)
      net = list->pdata[0];
    else
      monitor_fail (error, MONITOR_ERROR_GENERIC, "there are %u networks; name one of them first", list->len);
  }
  return net && net_backend_hostfwd (net, words[1] ? words[1] : words[0], add, error);
}

static bool
hostfwd_add (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  return hostfwd (ctx, words, true, error);
}

static bool
hostfwd_remove (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  return hostfwd (ctx, words, false, error);
}

static bool
balloon (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  uint64_t mib;
  if (!one_word (words, "the size in MiB", error) || !hmp_eval (ctx, words[0], &mib, error))
    return false;
  g_autoptr (JsonObject) args = json_object_new ();
  json_object_set_int_member (args, "value", mib > INT64_MAX >> 20 ? 0 : (gint64)(mib << 20));
  g_autoptr (JsonNode) result = qmp_run (ctx, qmp_find ("balloon", NULL), args, error);
  return result != NULL;
}

static bool
choose_cpu (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  uint64_t number;
  if (!one_word (words, "the number of a CPU", error) || !hmp_eval (ctx, words[0], &number, error))
    return false;
  if (number >= ctx->machine->vcpus->len)
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "there is no CPU %s; the machine has %u", words[0],
                         ctx->machine->vcpus->len);
  ctx->cpu = (unsigned)number;
  return true;
}

static bool
log_items (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  if (!words[0] || !strcmp (words[0], "help")) {
    g_autofree char *known = vlog_help (MONITOR_LOG_ITEMS);
    g_string_append_printf (out, "%s%s  none           nothing any more\n", known, device_log_help);
    return true;
  }
  return one_word (words, "item,item,…", error) && monitor_set_log (words[0], error);
}

static bool
log_file (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  if (!one_word (words, "a file", error))
    return false;
  return vlog_open (words[0]) ||
         monitor_fail (error, MONITOR_ERROR_GENERIC, "cannot log to '%s': %s", words[0], g_strerror (errno));
}

static bool
gdbserver (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  const char *where = words[0] ? words[0] : "tcp::1234";
  if (!monitor_hooks.gdbserver)
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "there is no debugger's server in this program");
  if (!monitor_hooks.gdbserver (monitor_hooks.opaque, where, error))
    return false;
  if (!strcmp (where, "none"))
    g_string_append (out, "Disabled gdbserver\n");
  else
    g_string_append_printf (out, "Waiting for gdb connection on device '%s'\n", where);
  return true;
}

static bool
migrate (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  const bool later = words[0] && !strcmp (words[0], "-d");
  if (!one_word (words + later, "file:PATH", error))
    return false;
  return (later ? monitor_migrate_later : monitor_migrate) (ctx->machine, words[later], error);
}

static bool
ringbuf_read (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  uint64_t size;
  Chardev *chr = words[0] ? chardev_find (words[0]) : NULL;
  if (!words[0] || !words[1] || words[2])
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "write the ring buffer's id and how many bytes");
  if (!chr || !chardev_is_ringbuf (chr))
    return monitor_fail (error, MONITOR_ERROR_DEVICE_NOT_FOUND, "there is no ring buffer '%s'", words[0]);
  if (!hmp_eval (ctx, words[1], &size, error))
    return false;
  g_autoptr (GBytes) bytes = chardev_ringbuf_read (chr, size);
  gsize n;
  const char *data = g_bytes_get_data (bytes, &n);
  for (gsize i = 0; i < n; i++) {
    if (g_ascii_isprint (data[i]) || data[i] == '\n' || data[i] == '\t')
      g_string_append_c (out, data[i]);
    else if (data[i] != '\r')
      g_string_append_printf (out, "\\x%02x", (unsigned char)data[i]);
  }
  g_string_append_c (out, '\n');
  return true;
}

const HmpCommand hmp_commands[] = {
  { "help|?", "[command]", "show the commands, or one of them", .run = help },
  { "info|i", "[subject]", "show what is known of the machine; alone: the subjects", .run = hmp_info },
  { "stop|s", "", "stop the machine", "stop" },
  { "cont|c", "", "let the machine run on", "cont" },
  { "system_reset", "", "reset the machine", "system_reset" },
  { "system_powerdown", "", "press the power button", "system_powerdown" },
  { "quit|q", "", "end the machine", "quit" },
  { "screendump", "filename [device] [head]", "save the screen as PPM or PNG (.png)", "screendump",
    "filename device head" },
  { "sendkey", "keys [hold_ms]", "press keys: ctrl-alt-f1, ret, 0x1c", "sendkey", "keys hold-time",
    .complete = input_key_names },
  { "mouse_move", "dx dy [dz]", "move the mouse", "mouse_move", "dx dy dz" },
  { "mouse_button", "state", "mouse buttons: 1 left, 2 right, 4 middle", "mouse_button", "state" },
  { "cpu", "index", "choose the CPU that info registers, x and print mean", .run = choose_cpu },
  { "device_add", "driver,prop=value,…", "add a device", .run = device_add },
  { "device_del", "id", "remove a device", "device_del", "id" },
  { "netdev_add", "type,id=…,key=value,…", "add a network", .run = netdev_add },
  { "netdev_del", "id", "remove a network", "netdev_del", "id" },
  { "hostfwd_add", "[netdev] [tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport",
    "forward a port of the host to the guest", .run = hostfwd_add },
  { "hostfwd_remove", "[netdev] [tcp|udp]:[hostaddr]:hostport", "forward it no longer",
    .run = hostfwd_remove },
  { "set_link", "name on|off", "plug in or pull out a network cable", "set_link", "name up" },
  { "eject", "[-f] device", "take the medium out (-f: although the guest has locked it)", "eject",
    "-f=force device" },
  { "change", "device filename [format]", "put another medium in", "blockdev-change-medium",
    "device filename format" },
  { "set_password", "protocol password [connected]", "let SPICE clients in that know it", "set_password",
    "protocol password connected" },
  { "expire_password", "protocol time", "let it expire: now, never, +SECONDS, or seconds since 1970",
    "expire_password", "protocol time" },
  { "balloon", "target", "ask the guest to have this much memory, in MiB", .run = balloon },
  { "memsave", "addr size file", "save virtual memory", "memsave", "val size filename" },
  { "pmemsave", "addr size file", "save physical memory", "pmemsave", "val size filename" },
  { "ringbuf_read", "id size", "show what a ring buffer holds", .run = ringbuf_read },
  { "log", "item,item,…", "choose what is logged; none: nothing", .run = log_items },
  { "logfile", "filename", "log to a file", .run = log_file },
  { "gdbserver", "[device|none]", "start or end the debugger's server", .run = gdbserver },
  { "migrate", "[-d] file:PATH", "save the machine's state to a file (-d: do not wait)", .run = migrate },
  { "migrate_incoming", "file:PATH", "go on with a saved machine (after -incoming defer)", "migrate-incoming",
    "uri" },
  { NULL },
};
