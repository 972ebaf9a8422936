/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Options about the process and the run state, those for finding out what goes on, and what there is besides.
 */

#include "system-option-table.h"

#include "hostfile.h"
#include "keyval.h"
#include "log.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define SWITCH(name, member)                                                                                 \
  static bool set_##name (SystemParse *p, const char *value, GError **error)                                 \
  {                                                                                                          \
    p->member = true;                                                                                        \
    return true;                                                                                             \
  }
SWITCH (paused, config->start_paused)
SWITCH (no_reboot, config->no_reboot)
SWITCH (no_shutdown, config->no_shutdown)
SWITCH (daemonize, command->daemonize)

#define TEXT(name)                                                                                           \
  static bool set_##name (SystemParse *p, const char *value, GError **error)                                 \
  {                                                                                                          \
    return system_set_once (&p->command->name, value, error);                                                \
  }
TEXT (log_file)
TEXT (gdb)
TEXT (pidfile)

static bool
set_gdb_default (SystemParse *p, const char *value, GError **error)
{
  return set_gdb (p, "tcp::1234", error);
}

static bool
ignore (SystemParse *p, const char *value, GError **error)
{
  return true;
}

/* A descriptor that was handed over to us. */
static bool
get_fd (Keyval *kv, int *ret, GError **error)
{
  uint64_t fd;
  if (!keyval_get_uint (kv, "fd", INT_MAX, &fd, error))
    return false;
  if (fd > INT_MAX || fcntl ((int)fd, F_GETFD) < 0)
    return system_bad (error,
                       "fd=N is the number of a descriptor that whoever starts the program has opened");
  *ret = (int)fd;
  return fcntl (*ret, F_SETFD, FD_CLOEXEC) == 0;
}

static bool
add_file (SystemParse *p, const char *value, GError **error)
{
  int fd;
  g_autoptr (Keyval) kv = keyval_parse (value, "path", error);
  if (kv == NULL || !get_fd (kv, &fd, error))
    return false;
  const char *path = keyval_get (kv, "path");
  if (path == NULL)
    return system_bad (error, "path=PATH is the name under which other options have the file");
  if (!keyval_finish (kv, "-add-file", error))
    return false;
  host_file_provide (path, fd);
  return true;
}

static bool
set_control (SystemParse *p, const char *value, GError **error)
{
  g_autoptr (Keyval) kv = keyval_parse (value, "fd", error);
  uint64_t end;
  if (kv == NULL || !get_fd (kv, &p->command->control_fd, error) ||
      !keyval_get_uint (kv, "end", INT_MAX, &end, error) || !keyval_finish (kv, "-control", error))
    return false;
  p->command->end_fd = end >= INT_MAX ? -1 : (int)end;
  if (p->command->end_fd >= 0 && fcntl (p->command->end_fd, F_SETFD, FD_CLOEXEC) < 0)
    return system_bad (error,
                       "end=N is the number of a descriptor that whoever starts the program has opened");
  /* From now on peers see our process behind it, not the one that made it. */
  return listen (p->command->control_fd, 8) == 0 || system_bad (error, "it is not a stream socket");
}

const SystemOption system_run_options[] = {
  { "S", NULL, "do not start: wait for 'cont'", set_paused },
  { "no-reboot", NULL, "exit instead of rebooting", set_no_reboot },
  { "no-shutdown", NULL, "stop instead of exiting when the guest powers off", set_no_shutdown },
  { "daemonize", NULL, "go on in the background once the machine stands ready", set_daemonize },
  { "semihosting", NULL, "programs without an operating system may use the host's files and console",
    system_set_semihosting },
  { "semihosting-config",
    "[enable=on|off][,target=native|auto][,chardev=ID][,userspace=on|off][,arg=TEXT]...",
    "the same, with another console, for unprivileged code too, and the program's command line",
    system_set_semihosting },
  { "pidfile", "FILE", "write the process id to FILE", set_pidfile },
  { "add-file", "path=PATH,fd=N", "PATH is the file that the descriptor N has open", add_file },
  { "control", "fd=N[,end=N]", "QMP on the listening socket N; who comes later takes over", set_control },
  { "no-user-config", NULL, "accepted: there are no configuration files", ignore },
  { NULL },
};

static bool
set_log (SystemParse *p, const char *value, GError **error)
{
  if (system_is_help (value)) {
    g_autofree char *text = vlog_help (VLOG_SYSTEM);
    fputs (text, stdout);
    fputs (device_log_help, stdout);
    p->done = true;
    return true;
  }
  g_auto (GStrv) items = g_strsplit (value, ",", -1);
  for (char **item = items; *item; item++) {
    g_autofree char *unknown = NULL;
    if (strcmp (*item, "trace:") == 0)
      return system_bad (error, "trace: needs a pattern, as in trace:virtio*");
    if (!device_log_item (*item) && !vlog_parse (*item, VLOG_SYSTEM, &unknown))
      return system_bad (error, "'%s' is not a log item; -d help lists them", unknown);
  }
  cpu_settings.count |= vlog_enabled (VLOG_COUNT);
  return true;
}

static bool
set_one_insn (SystemParse *p, const char *value, GError **error)
{
  cpu_settings.one_insn_per_block = true;
  return true;
}

static bool
set_perf_map (SystemParse *p, const char *value, GError **error)
{
  cpu_settings.perf_map = true;
  return true;
}

/* Forced modes of the translator, as vitrine-user's. */
static bool
set_test (SystemParse *p, const char *value, GError **error)
{
  uint64_t hot = 0, flush = 0, interrupt = 0, size = 0;
  g_autoptr (Keyval) kv = keyval_parse (value, NULL, error);
  if (kv == NULL || !keyval_get_bool (kv, "interpret", false, &cpu_settings.interpret, error) ||
      !keyval_get_bool (kv, "check-copies", false, &cpu_settings.check_copies, error) ||
      !keyval_get_uint (kv, "hot", 0, &hot, error) ||
      !keyval_get_uint (kv, "flush-every", 0, &flush, error) ||
      !keyval_get_uint (kv, "interrupt-every", 0, &interrupt, error) ||
      !keyval_get_size (kv, "cache-size", 0, &size, error))
    return false;
  cpu_settings.hot_threshold = (unsigned)hot;
  cpu_settings.flush_every = (unsigned)flush;
  cpu_settings.interrupt_every = (unsigned)interrupt;
  if (size)
    cpu_settings.code_cache_size = size;
  return keyval_finish (kv, "-test", error);
}

const SystemOption system_debug_options[] = {
  { "gdb", "tcp::PORT|unix:PATH", "wait for gdb there", set_gdb },
  { "s", NULL, "-gdb tcp::1234", set_gdb_default },
  { "d", "ITEM,…", "log what is listed ('-d help'); trace:PATTERN for devices", set_log },
  { "D", "FILE", "log to FILE", set_log_file },
  { "one-insn-per-tb", NULL, "translate each instruction by itself", set_one_insn },
  { "perfmap", NULL, "write /tmp/perf-PID.map for perf", set_perf_map },
  { "test", "MODE,…",
    "force interpret, hot=N, flush-every=N, interrupt-every=N, cache-size=N, check-copies=on", set_test },
  { NULL },
};

static bool
show_version (SystemParse *p, const char *value, GError **error)
{
  printf ("%s (Vitrine) version %s\n", p->command->program, VITRINE_VERSION);
  p->done = true;
  return true;
}

static bool
show_help (SystemParse *p, const char *value, GError **error)
{
  system_print_help (p->command);
  p->done = true;
  return true;
}

const SystemOption system_general_options[] = {
  { "h", NULL, "print this help", show_help },
  { "help", NULL, NULL, show_help },
  { "version", NULL, "print the version", show_version },
  { NULL },
};
