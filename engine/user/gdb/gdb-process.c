/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the process is as gdb's target: its memory, the objects that gdb reads of it, and what only programs
 * have. */

#include "gdb-process.h"

#include "syscall/syscall.h"
#include "user-path.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ---- memory ---- */

/* Memory that is mapped but that the guest itself may not touch: a debugger may, as through ptrace. */
static bool
forced_access (uint64_t addr, void *bytes, size_t size, bool write)
{
  if (addr >= guest_space_size || user_page_prot (addr) < 0)
    return false;
  int fd = open ("/proc/self/mem", (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (fd < 0)
    return false;
  off_t at = (off_t)(uintptr_t)g2h (addr);
  ssize_t done = write ? pwrite (fd, bytes, size, at) : pread (fd, bytes, size, at);
  close (fd);
  return done == (ssize_t)size;
}

static bool
access_memory (GdbServer *s, GdbThread *t, uint64_t addr, void *bytes, size_t size, bool write)
{
  int error = write ? user_write (addr, bytes, size) : user_read (bytes, addr, size);
  if (error != 0 && !forced_access (addr, bytes, size, write))
    return false;
  if (write)
    cpu_invalidate (addr, size);
  return true;
}

/* ---- objects ---- */

static GString *
read_auxv (GdbServer *s, const char *annex)
{
  uint64_t size = user_process.auxv_end - user_process.auxv_start;
  GString *text = g_string_new (NULL);
  g_string_set_size (text, size);
  if (user_read (text->str, user_process.auxv_start, size) == 0)
    return text;
  g_string_free (text, TRUE);
  return NULL;
}

static GString *
read_exec_file (GdbServer *s, const char *annex)
{
  return user_process.exe_path ? g_string_new (user_path_to_guest (user_process.exe_path)) : NULL;
}

/* Stops that no signal caused have the siginfo that ptrace would make up for them. */
static void
fill_siginfo (siginfo_t *ret_info, const GdbUserThread *t)
{
  *ret_info = (siginfo_t){ .si_signo = SIGTRAP, .si_code = TRAP_BRKPT };
  switch (t->stop.kind) {
    case USER_STOP_SIGNAL: *ret_info = t->stop.info; return;
    case USER_STOP_NONE: *ret_info = (siginfo_t){ .si_signo = SIGINT, .si_code = SI_KERNEL }; return;
    case USER_STOP_STEP: ret_info->si_code = TRAP_TRACE; break;
    case USER_STOP_WATCH: ret_info->si_code = TRAP_HWBKPT; break;
    default: break;
  }
  ret_info->si_addr =
      (void *)(uintptr_t)(t->stop.kind == USER_STOP_WATCH ? t->stop.watch_addr : t->gdb.cpu->state.pc);
}

static GString *
read_siginfo (GdbServer *s, const char *annex)
{
  const GdbThread *t = gdb_server_general (s);
  uint64_t packed[USER_KIND_MAX_SIZE / 8] = { 0 };
  siginfo_t info;
  if (t == NULL)
    return NULL;
  fill_siginfo (&info, (const GdbUserThread *)t);
  user_kind_to_guest (K_SIGINFO, packed, &info);
  return g_string_new_len ((const char *)packed, (gssize)user_kind_size (K_SIGINFO));
}

static const GdbObject objects[] = {
  { "auxv", read_auxv },
  { "exec-file", read_exec_file },
  { "siginfo", read_siginfo },
  { NULL, NULL },
};

/* ---- commands ---- */

static GdbNext
pass_signals (GdbServer *s, const char *args, size_t size)
{
  uint64_t pass = 0, number;
  while (*args != '\0') {
    if (!gdb_parse_hex (&args, &number) || (*args != '\0' && *args++ != ';'))
      return gdb_error (s, EINVAL);
    int sig = number < 256 ? gdb_signal_to_guest ((unsigned)number) : 0;
    if (sig != 0)
      pass |= UINT64_C (1) << (sig - 1);
  }
  ((GdbProcess *)s)->pass = pass;
  return gdb_ok (s);
}

static const GdbCommand commands[] = {
  { "QPassSignals:", pass_signals },
  { "vFile:", gdb_file },
  { NULL, NULL },
};

static char *
run_monitor_line (GdbServer *s, const char *line)
{
  g_autofree char *command = g_strstrip (g_strdup (line));
  const GdbThread *t = gdb_server_general (s);
  if (strcmp (command, "maps") == 0)
    return user_proc_maps ();
  if (strcmp (command, "registers") != 0 || t == NULL)
    return g_strdup ("monitor commands: help, maps, registers\n");
  GString *text = g_string_new (NULL);
  t->cpu->isa->dump (t->cpu, text);
  return g_string_free_and_steal (text);
}

/* ---- threads ---- */

/* The interrupted system call is not the one to go on with any more. */
static void
moved (GdbThread *t)
{
  ((GdbUserThread *)t)->user->restart = 0;
}

static GdbThread *
self (void)
{
  return gdb_self != NULL && !user_self->vm_process ? &gdb_self->gdb : NULL;
}

const GdbTarget gdb_process_target = {
  .osabi = "GNU/Linux",
  .features = ";QPassSignals+;no-resumed+",
  .outlives = false, /* it was started to be debugged */
  .commands = commands,
  .objects = objects,
  .send = gdb_stub_send,
  .thread_name = gdb_thread_name,
  .memory = access_memory,
  .moved = moved,
  .signal = gdb_thread_signal,
  .self = self,
  .monitor = run_monitor_line,
};

void
gdb_process_init (GdbProcess *p, const GdbTarget *target)
{
  gdb_server_init (&p->server, target, getpid ());
  p->files = g_hash_table_new_full (g_direct_hash, g_direct_equal, NULL, g_free);
  p->pass = 0;
  p->next_file = 0;
}

void
gdb_process_clear (GdbProcess *p)
{
  gdb_server_clear (&p->server);
  g_hash_table_unref (p->files);
}
