/* SPDX-License-Identifier: GPL-3.0-or-later */

/* vitrine-system runs a whole machine in the foreground, vitrine-machine one for the engine. The architecture
 * is the last part of the name it is called by: vitrine-system-riscv64. */

#include "system-options.h"

#include "arm-machine.h"
#include "hostfile.h"
#include "log.h"
#include "monitor.h"
#include "riscv-cpu.h"
#include "spice.h"
#include <errno.h>
#include <glib-unix.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

typedef struct {
  SystemCommand command;
  Machine *machine;
  SpiceService *spice;
  GPtrArray *monitors, *chardevs, *nets, *drives;
} System;

static const GuestIsa *
isa_from_name (const char *argv0, const char *program)
{
  const char *slash = strrchr (argv0, '/'), *name = slash ? slash + 1 : argv0;
  if (g_str_has_suffix (name, "riscv64"))
    return riscv_system_isa (64);
  if (g_str_has_suffix (name, "aarch64"))
    return arm_system_isa ();
  fprintf (stderr, "%s: call it by the name of a guest: %s-riscv64 or %s-aarch64\n", name, program, program);
  return NULL;
}

/* What was said and cannot be done: the message names the option, where it does not yet. */
static bool
blame (const char *option, const char *text, GError **error)
{
  if (error && *error && (*error)->message[0] != '-')
    g_prefix_error (error, "-%s %s: ", option, text);
  return false;
}

static bool
make_drives (System *s, GError **error)
{
  const SystemCommand *c = &s->command;
  for (unsigned i = 0; i < c->blockdevs->len + c->drives->len; i++) {
    bool is_node = i < c->blockdevs->len;
    const char *text = is_node ? c->blockdevs->pdata[i] : c->drives->pdata[i - c->blockdevs->len];
    Drive *drive = is_node ? drive_new_blockdev (text, error) : drive_new (text, c->config.snapshot, error);
    if (drive == NULL)
      return blame (is_node ? "blockdev" : "drive", text, error);
    g_ptr_array_add (s->drives, drive);
  }
  return true;
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
      return blame ("chardev", c->chardevs->pdata[i], error);
    g_ptr_array_add (s->chardevs, chr);
  }
  for (unsigned i = 0; i < c->netdevs->len; i++) {
    NetBackend *net = net_backend_new (c->netdevs->pdata[i], error);
    if (net == NULL)
      return blame ("netdev", c->netdevs->pdata[i], error);
    g_ptr_array_add (s->nets, net);
  }
  return make_drives (s, error);
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
add_monitor (System *s, Chardev *chr, bool control, bool pretty, GError **error)
{
  Monitor *monitor =
      control ? monitor_qmp_new (s->machine, chr, pretty, error) : monitor_hmp_new (s->machine, chr, error);
  if (monitor != NULL)
    g_ptr_array_add (s->monitors, monitor);
  return monitor != NULL;
}

static bool
add_listed_monitors (System *s, GError **error)
{
  for (unsigned i = 0; i < s->command.monitors->len; i++) {
    const SystemMonitor *m = &g_array_index (s->command.monitors, SystemMonitor, i);
    Chardev *chr = chardev_new_legacy (m->text, error);
    if (chr)
      g_ptr_array_add (s->chardevs, chr);
    if (chr && chardev_id (chr) == NULL) {
      g_autofree char *id = g_strdup_printf ("compat_monitor%u", i);
      chardev_set_id (chr, id);
    }
    if (chr == NULL || !add_monitor (s, chr, m->control, m->pretty, error)) {
      g_prefix_error (error, "-%s %s: ", m->control ? "qmp" : "monitor", m->text);
      return false;
    }
  }
  return true;
}

/* Somebody who was not there will ask why. */
static void
note_end (void *opaque, int exit_code, bool guest)
{
  const char *text = guest ? "the guest has powered off\n" : "somebody has ended it\n";
  if (write (((System *)opaque)->command.end_fd, text, strlen (text)) < 0)
    fprintf (stderr, "why it ends cannot be noted: %s\n", g_strerror (errno));
}

/* The engine's connection. */
static bool
add_control (System *s, GError **error)
{
  if (s->command.control_fd < 0)
    return true;
  g_autofree char *text =
      g_strdup_printf ("socket,id=control,fd=%d,server=on,wait=off,takeover=on", s->command.control_fd);
  Chardev *chr = chardev_new (text, error);
  if (chr == NULL)
    return blame ("control", text, error);
  g_ptr_array_add (s->chardevs, chr);
  if (s->command.end_fd >= 0)
    machine_add_listener (s->machine, &(MachineListener){ .shutdown = note_end, .opaque = s });
  return add_monitor (s, chr, true, false, error);
}

static bool
has_monitor_for_people (const SystemCommand *command)
{
  bool has = command->no_monitor;
  for (unsigned i = 0; i < command->monitors->len; i++)
    has |= !g_array_index (command->monitors, SystemMonitor, i).control;
  return has;
}

/* A console shared with a serial port ("mon:…") has a monitor behind Ctrl-A C. */
static bool
add_monitors (System *s, GError **error)
{
  g_autoptr (GPtrArray) all = chardev_list ();
  for (unsigned i = 0; i < all->len; i++)
    if (chardev_is_mux (all->pdata[i])) {
      chardev_mux_set_quit (all->pdata[i], quit, s);
      if (!has_monitor_for_people (&s->command) && !add_monitor (s, all->pdata[i], false, false, error))
        return false;
    }
  return add_control (s, error) && add_listed_monitors (s, error);
}

static bool
write_pidfile (const char *path, GError **error)
{
  g_autofree char *text = g_strdup_printf ("%d\n", (int)getpid ());
  return path == NULL || g_file_set_contents (path, text, -1, error) || blame ("pidfile", path, error);
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

/* What was declared and nothing uses is a slip that would show only in the guest; but -blockdev and -netdev
 * may be for devices that are added later. */
static bool
check_used (const System *s, GError **error)
{
  const char *program = s->command.program;
  for (unsigned i = 0; i < s->drives->len; i++) {
    const char *id = drive_id (s->drives->pdata[i]);
    if (drive_user (s->drives->pdata[i]))
      continue;
    if (i >= s->command.blockdevs->len) {
      g_set_error (
          error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
          "no device has the drive '%s'; add -device virtio-blk-pci,drive=%s, or leave the drive out", id,
          id);
      return false;
    }
    fprintf (stderr, "%s: warning: no device has -blockdev '%s'\n", program, id);
  }
  for (unsigned i = 0; i < s->nets->len; i++)
    if (!net_backend_attached (s->nets->pdata[i]))
      fprintf (stderr, "%s: warning: no device has -netdev '%s'\n", program,
               net_backend_id (s->nets->pdata[i]));
  return true;
}

/* Everything up to the machine that stands ready. */
static bool
prepare (System *s, GError **error)
{
  const SystemCommand *c = &s->command;
  if (c->process_name)
    prctl (PR_SET_NAME, c->process_name);
  if (c->daemonize && !system_daemon_fork (error))
    return false;
  if (c->log_file && !vlog_open (c->log_file)) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "-D %s: %s", c->log_file,
                 g_strerror (errno));
    return false;
  }
  cpu_settings.count = vlog_enabled (VLOG_COUNT);
  if (!make_backends (s, error))
    return false;
  s->machine = machine_new (&c->config, error);
  if (s->machine == NULL)
    return false;
  if (c->config.dumpdtb)
    return true;
  if (!check_used (s, error))
    return false;
  MonitorHooks hooks = { .opaque = s->machine };
  system_balloon_hooks (&hooks);
  system_gdb_hooks (&hooks);
  monitor_set_hooks (&hooks);
  if (c->gdb && !hooks.gdbserver (hooks.opaque, c->gdb, error)) {
    g_prefix_error (error, "-gdb %s: ", c->gdb);
    return false;
  }
  if (c->spice && !(s->spice = spice_service_new (s->machine, c->spice, error))) {
    g_prefix_error (error, "-spice %s: ", c->spice);
    return false;
  }
  return add_monitors (s, error) && write_pidfile (c->pidfile, error) &&
         (!c->daemonize || system_daemon_ready (error));
}

static int
run (System *s, GError **error)
{
  const MachineConfig *config = &s->command.config;
  g_unix_signal_add (SIGINT, on_signal, s);
  g_unix_signal_add (SIGTERM, on_signal, s);
  g_unix_signal_add (SIGHUP, on_signal, s);
  const bool later = config->incoming && strcmp (config->incoming, "defer") == 0;
  if (config->incoming && !later && !machine_restore (s->machine, config->incoming, error))
    return 1;
  if (later)
    machine_await_restore (s->machine);
  else if (!config->start_paused)
    machine_start (s->machine);
  return machine_run (s->machine);
}

static void
clear (System *s)
{
  g_ptr_array_unref (s->monitors);
  spice_service_free (s->spice);
  system_gdb_end ();
  machine_free (s->machine);
  g_ptr_array_unref (s->nets);
  g_ptr_array_unref (s->drives);
  g_ptr_array_unref (s->chardevs);
  if (s->command.pidfile)
    unlink (s->command.pidfile);
}

int
system_program (const char *name, bool confined, int argc, char **argv)
{
  /* Translating takes megabytes for a moment.  An arena for each thread would keep them once for each vCPU.
   */
  mallopt (M_ARENA_MAX, 1);
  System s = { 0 };
  const GuestIsa *isa = isa_from_name (argc ? argv[0] : name, name);
  if (isa == NULL)
    return 1;
  if (confined) {
    host_file_forbid_others ();
    system_log_bound ();
    system_confine_files ();
  }
  system_register_devices ();
  int status = system_command_parse (&s.command, name, isa, argc, argv);
  if (status >= 0) {
    system_command_clear (&s.command);
    return status;
  }
  s.monitors = g_ptr_array_new_with_free_func ((GDestroyNotify)monitor_free);
  s.chardevs = g_ptr_array_new_with_free_func ((GDestroyNotify)chardev_free);
  s.nets = g_ptr_array_new_with_free_func ((GDestroyNotify)net_backend_free);
  s.drives = g_ptr_array_new_with_free_func ((GDestroyNotify)drive_free);
  g_autoptr (GError) error = NULL;
  bool ready = prepare (&s, &error);
  if (ready && confined)
    system_confine_calls ();
  status = ready ? s.command.config.dumpdtb ? 0 : run (&s, &error) : 1;
  if (error != NULL)
    fprintf (stderr, "%s: %s\n", s.command.program, error->message);
  clear (&s);
  chardev_restore_terminal ();
  print_counters ();
  system_command_clear (&s.command);
  return status;
}
