/* SPDX-License-Identifier: GPL-3.0-or-later */

/* vitrine-user: runs one Linux program of another architecture. The architecture is the last part of the name
 * it is called by: vitrine-riscv64, vitrine-riscv32, vitrine-aarch64. */

#include "gdb-stub.h"
#include "log.h"
#include "mem-direct.h"
#include "user-abi.h"
#include "user-exec.h"
#include "user-limits.h"
#include "user-mmap.h"
#include "user-options.h"
#include "user-path.h"
#include "user-thread.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

/* binfmt_misc's P flag, as the kernel reports it. */
#define AT_FLAGS_PRESERVE_ARGV0 1
/* What our own part of the main thread's stack may need. */
#define OUR_STACK (1024 * 1024)

extern char **environ;
static const char *program_name; /* ours, in messages */

static const GuestIsa *
isa_from_name (const char *argv0)
{
  const char *slash = strrchr (argv0, '/'), *name = slash ? slash + 1 : argv0;
  const char *dash = strrchr (name, '-');
  const GuestIsa *isa = guest_isa_find (dash ? dash + 1 : name);
  if (isa)
    return isa;
  fprintf (stderr, "%s: call it by the name of a guest:", name);
  for (const GuestIsa *const *each = guest_isas; *each; each++)
    fprintf (stderr, " vitrine-%s", (*each)->name);
  fputc ('\n', stderr);
  return NULL;
}

static void
print_error (const GError *error)
{
  fprintf (stderr, "%s: %s\n", program_name, error->message);
}

/* Started by the kernel for a registered program (data/binfmt): its full path and its own argv[0] come before
 * its arguments. There are no options then, only environment variables. */
static bool
is_binfmt_start (int argc)
{
  return argc >= 3 && getauxval (AT_FLAGS) & AT_FLAGS_PRESERVE_ARGV0;
}

static int
parse_command (UserCommand *command, const GuestIsa *isa, int argc, char **argv)
{
  if (!is_binfmt_start (argc))
    return user_command_parse (command, isa, argc, argv);
  char *no_options[] = { argv[0], (char *)"--", argv[1], NULL };
  int status = user_command_parse (command, isa, 3, no_options);
  if (status < 0) {
    g_strfreev (command->argv);
    command->argv = g_strdupv (argv + 2);
  }
  return status;
}

/* A descriptor of the program that we were given, or -1. */
static int
given_program (const UserCommand *command)
{
  if (command->exec_fd >= 0)
    return command->exec_fd;
  errno = 0;
  unsigned long fd = getauxval (AT_EXECFD);
  return errno ? -1 : (int)fd;
}

/* A program named without a directory is looked up below the sysroot's PATH, if it is not here. */
static char *
find_program (const char *name, const char *sysroot)
{
  if (strchr (name, '/') || !sysroot || access (name, F_OK) == 0)
    return g_strdup (name);
  const char *path = getenv ("PATH");
  g_auto (GStrv) dirs = g_strsplit (path ? path : "/usr/local/bin:/usr/bin:/bin", ":", -1);
  for (char **dir = dirs; *dir; dir++) {
    g_autofree char *guest = g_build_filename (**dir ? *dir : ".", name, NULL);
    g_autofree char *host = user_path (guest);
    if (strcmp (host, guest) && access (host, X_OK) == 0)
      return g_steal_pointer (&guest);
  }
  return g_strdup (name);
}

static char **
make_environment (const GPtrArray *changes)
{
  char **env = g_strdupv (environ);
  for (guint i = 0; i < changes->len; i++) {
    const char *change = changes->pdata[i], *equals = strchr (change, '=');
    g_autofree char *name = equals ? g_strndup (change, (gsize)(equals - change)) : g_strdup (change);
    env = equals ? g_environ_setenv (env, name, equals + 1, TRUE) : g_environ_unsetenv (env, name);
  }
  return env;
}

/* Makes the host's kernel let our stack grow to its full size now. */
static __attribute__ ((noinline)) void
take_stack (void)
{
  volatile char room[OUR_STACK] G_GNUC_UNUSED;
  room[0] = 0;
}

/* The guest's stack grows under the limit the host's kernel knows; -s is that limit. What we need of our own
 * stack is taken before, so a small limit is no danger to us. */
static bool
set_stack_limit (uint64_t size)
{
  struct rlimit limit;
  if (getrlimit (RLIMIT_STACK, &limit) < 0)
    return false;
  if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > 2 * OUR_STACK)
    take_stack ();
  if (!size)
    return true;
  limit.rlim_cur = size;
  if (setrlimit (RLIMIT_STACK, &limit) == 0)
    return true;
  fprintf (stderr, "%s: -s: more than the hard limit of this shell; see 'ulimit -H -s'\n", program_name);
  return false;
}

static void
print_counters (void)
{
  CpuCounters c;
  if (!vlog_enabled (VLOG_COUNT))
    return;
  cpu_counters (&c);
  const struct {
    const char *name;
    uint64_t value;
  } rows[] = {
    { "translated_insns", c.translated_insns },
    { "translate_ns", c.translate_ns },
    { "blocks", c.blocks },
    { "hot_regions", c.hot_regions },
    { "hot_insns", c.hot_insns },
    { "host_bytes", c.host_bytes },
    { "flushes", c.flushes },
    { "executed_insns", c.executed_insns },
    { "executed_host_insns", c.executed_host_insns },
    { "link_exits", c.link_exits },
    { "lookup_exits", c.lookup_exits },
    { "interpret_exits", c.interpret_exits },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    vlog_always ("%s %" PRIu64 "\n", rows[i].name, rows[i].value);
}

static bool
prepare_host (const UserCommand *command)
{
  if (sysconf (_SC_PAGESIZE) != 4096) {
    fprintf (stderr, "%s: this machine has pages of %ld bytes; programs need 4096\n", program_name,
             sysconf (_SC_PAGESIZE));
    return false;
  }
  if (command->log_file && !vlog_open (command->log_file)) {
    fprintf (stderr, "%s: -D: %s: %s\n", program_name, command->log_file, g_strerror (errno));
    return false;
  }
  if (!set_stack_limit (command->options.stack_size))
    return false;
  if (!command->limits || user_limits_restore (command->limits))
    return true;
  fprintf (stderr, "%s: -limits: '%s' is not a list of limits\n", program_name, command->limits);
  return false;
}

static void
fill_process (UserCommand *command, const GuestIsa *isa)
{
  UserProcess *p = &user_process;
  p->isa = isa;
  p->abi = user_abi_find (isa);
  p->options = command->options;
  p->guest_env = make_environment (command->changes);
  p->exec_fd = given_program (command);
  user_exec_options = (char **)command->passed_on->pdata;
}

int
main (int argc, char **argv)
{
  const GuestIsa *isa = isa_from_name (argc ? argv[0] : "vitrine-user");
  if (!isa)
    return 1;
  g_autofree char *name = g_strconcat ("vitrine-", isa->name, NULL);
  program_name = name;
  UserCommand command;
  int status = parse_command (&command, isa, argc, argv);
  if (status >= 0)
    return status;
  if (!prepare_host (&command))
    return 1;

  fill_process (&command, isa);
  user_path_init (command.options.sysroot);
  user_mmap_init (user_process.abi->space_bits);
  g_autoptr (GError) error = NULL;
  Cpu *cpu = cpu_new (isa, command.options.cpu_model, &error);
  if (!cpu) {
    print_error (error);
    return 1;
  }
  cpu->fetch = user_fetch;
  cpu->state.mem = &mem_direct;
  g_autofree char *program = find_program (command.program, command.options.sysroot);
  if (!user_load_program (program, command.argv, user_process.guest_env, cpu, &error)) {
    print_error (error);
    return error->code;
  }

  if (command.options.gdb && !gdb_listen (command.options.gdb, &error)) {
    print_error (error);
    return 1;
  }
  user_exit_hook = print_counters;
  user_signal_init ();
  UserThread *thread = user_thread_new (cpu);
  user_thread_enter (thread);
  user_signal_thread_init (thread);
  if (command.options.gdb)
    gdb_attach (thread);
  user_loop (thread);
}
