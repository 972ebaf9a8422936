/* SPDX-License-Identifier: GPL-3.0-or-later */

/* vitrine-system: runs a whole machine in the foreground. Its architecture is the last part of the name it is
 * called by: vitrine-system-riscv64. */

#include "system-options.h"

#include "log.h"
#include "monitor.h"
#include "riscv-cpu.h"
#include <errno.h>
#include <glib-unix.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  SystemCommand command;
  Machine *machine;
  GPtrArray *monitors, *chardevs, *nets, *drives;
} System;

static const GuestIsa *
isa_from_name (const char *argv0)
{
  const char *slash = strrchr (argv0, '/'), *name = slash ? slash + 1 : argv0;
  const GuestIsa *isa = g_str_has_suffix (name, "riscv64") ? riscv_system_isa (64) : NULL;
  if (isa == NULL)
    fprintf (stderr, "%s: call it by the name of a guest: vitrine-system-riscv64\n", name);
  return isa;
}

/* Back ends come before the machine, whose devices name them. */
static bool
make_backends (System *s, GError **error)
{
  const SystemCommand *c = &s->command;
  for (unsigned i = 0; i < c->objects->len; i++)
    if (!system_object_new (c->objects->pdata[i], error))
      return false;
  for (unsigned i = 0; i < c->chardevs->len; i++) {
    Chardev *chr = chardev_new (c->chardevs->pdata[i], error);
    if (chr == NULL)
      return false;
    g_ptr_array_add (s->chardevs, chr);
  }
  for (unsigned i = 0; i < c->blockdevs->len; i++) {
    Drive *drive = drive_new_blockdev (c->blockdevs->pdata[i], error);
    if (drive == NULL)
      return false;
    g_ptr_array_add (s->drives, drive);
  }
  for (unsigned i = 0; i < c->drives->len; i++) {
    Drive *drive = drive_new (c->drives->pdata[i], c->config.snapshot, error);
    if (drive == NULL)
      return false;
    g_ptr_array_add (s->drives, drive);
  }
  for (unsigned i = 0; i < c->netdevs->len; i++) {
    NetBackend *net = net_backend_new (c->netdevs->pdata[i], error);
    if (net == NULL)
      return false;
    g_ptr_array_add (s->nets, net);
  }
  return true;
}

static void
quit (void *opaque)
{
  machine_request_quit (((System *)opaque)->machine, 0);
}

static gboolean
on_signal (gpointer opaque)
{
  quit (opaque);
  return G_SOURCE_CONTINUE;
}

static bool
add_monitor (System *s, Chardev *chr, bool control, GError **error)
{
  Monitor *monitor =
      control ? monitor_qmp_new (s->machine, chr, error) : monitor_hmp_new (s->machine, chr, error);
  if (monitor != NULL)
    g_ptr_array_add (s->monitors, monitor);
  return monitor != NULL;
}

static bool
add_listed_monitors (System *s, const GPtrArray *texts, bool control, GError **error)
{
  for (unsigned i = 0; i < texts->len; i++) {
    Chardev *chr = chardev_new_legacy (texts->pdata[i], error);
    if (chr == NULL) {
      g_prefix_error (error, "-%s %s: ", control ? "qmp" : "monitor", (const char *)texts->pdata[i]);
      return false;
    }
    g_ptr_array_add (s->chardevs, chr);
    if (!add_monitor (s, chr, control, error))
      return false;
  }
  return true;
}

/* A console shared with a serial port ("mon:…") has a monitor behind Ctrl-A C. */
static bool
add_monitors (System *s, GError **error)
{
  g_autoptr (GPtrArray) all = chardev_list ();
  for (unsigned i = 0; i < all->len; i++)
    if (chardev_is_mux (all->pdata[i])) {
      chardev_mux_set_quit (all->pdata[i], quit, s);
      if (s->command.monitors->len == 0 && !s->command.no_monitor &&
          !add_monitor (s, all->pdata[i], false, error))
        return false;
    }
  return add_listed_monitors (s, s->command.monitors, false, error) &&
         add_listed_monitors (s, s->command.qmps, true, error);
}

static bool
write_pidfile (const char *path, GError **error)
{
  g_autofree char *text = g_strdup_printf ("%d\n", (int)getpid ());
  return path == NULL || g_file_set_contents (path, text, -1, error);
}

static void
print_counters (void)
{
  CpuCounters c;
  if (!vlog_enabled (VLOG_COUNT))
    return;
  cpu_counters (&c);
  vlog_always ("translated_insns %" PRIu64 "\ntranslate_ns %" PRIu64 "\nblocks %" PRIu64
               "\nhot_regions %" PRIu64 "\nhot_insns %" PRIu64 "\nhost_bytes %" PRIu64 "\nflushes %" PRIu64
               "\nexecuted_insns %" PRIu64 "\nexecuted_host_insns %" PRIu64 "\nlink_exits %" PRIu64
               "\nlookup_exits %" PRIu64 "\ninterpret_exits %" PRIu64 "\n",
               c.translated_insns, c.translate_ns, c.blocks, c.hot_regions, c.hot_insns, c.host_bytes,
               c.flushes, c.executed_insns, c.executed_host_insns, c.link_exits, c.lookup_exits,
               c.interpret_exits);
}

/* Everything up to the machine that stands ready. */
static bool
prepare (System *s, GError **error)
{
  const SystemCommand *c = &s->command;
  if (c->log_file && !vlog_open (c->log_file)) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "-D %s: %s", c->log_file,
                 g_strerror (errno));
    return false;
  }
  if (!make_backends (s, error))
    return false;
  s->machine = machine_new (&c->config, error);
  if (s->machine == NULL)
    return false;
  if (c->config.dumpdtb)
    return true;
  MonitorHooks hooks = { .opaque = s->machine };
  system_balloon_hooks (&hooks);
  system_gdb_hooks (&hooks);
  monitor_set_hooks (&hooks);
  if (c->gdb && !hooks.gdbserver (hooks.opaque, c->gdb, error)) {
    g_prefix_error (error, "-gdb %s: ", c->gdb);
    return false;
  }
  return add_monitors (s, error) && write_pidfile (c->pidfile, error);
}

static int
run (System *s, GError **error)
{
  const MachineConfig *config = &s->command.config;
  g_unix_signal_add (SIGINT, on_signal, s);
  g_unix_signal_add (SIGTERM, on_signal, s);
  g_unix_signal_add (SIGHUP, on_signal, s);
  if (config->incoming && !machine_restore (s->machine, config->incoming, error))
    return 1;
  if (!config->start_paused)
    machine_start (s->machine);
  return machine_run (s->machine);
}

static void
clear (System *s)
{
  g_ptr_array_unref (s->monitors);
  system_gdb_end ();
  machine_free (s->machine);
  g_ptr_array_unref (s->nets);
  g_ptr_array_unref (s->drives);
  g_ptr_array_unref (s->chardevs);
  if (s->command.pidfile)
    unlink (s->command.pidfile);
}

int
main (int argc, char **argv)
{
  System s = { 0 };
  const GuestIsa *isa = isa_from_name (argc ? argv[0] : "vitrine-system");
  if (isa == NULL)
    return 1;
  system_register_devices ();
  int status = system_command_parse (&s.command, isa, argc, argv);
  if (status >= 0)
    return status;
  s.monitors = g_ptr_array_new_with_free_func ((GDestroyNotify)monitor_free);
  s.chardevs = g_ptr_array_new_with_free_func ((GDestroyNotify)chardev_free);
  s.nets = g_ptr_array_new_with_free_func ((GDestroyNotify)net_backend_free);
  s.drives = g_ptr_array_new_with_free_func ((GDestroyNotify)drive_free);
  g_autoptr (GError) error = NULL;
  status = prepare (&s, &error) ? s.command.config.dumpdtb ? 0 : run (&s, &error) : 1;
  if (error != NULL)
    fprintf (stderr, "%s: %s\n", s.command.program, error->message);
  clear (&s);
  chardev_restore_terminal ();
  print_counters ();
  system_command_clear (&s.command);
  return status;
}
