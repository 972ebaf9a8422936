/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Any bytes from a debugger.  An input that starts with a newline is commands, one a line, which come in good
 * packets; any other is what the socket delivers.  The guest is a stopped process of two threads. */

#include "gdb-process.h"

#include "mem-direct.h"
#include "user-mmap.h"
#include "user-thread.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { N_THREADS = 2, FIRST_TID = 0x7ffffff0 };

static void
require (bool fact)
{
  if (!fact)
    abort ();
}

static void
on_fault (int sig, siginfo_t *info, void *context)
{
  if (!user_mem_fault (context))
    signal (sig, SIG_DFL);
}

static UserThread *threads[N_THREADS];

static void
start (void)
{
  const struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
  const int prot = PROT_READ | PROT_WRITE | PROT_EXEC;
  const GuestIsa *isa = guest_isa_find ("riscv64");
  sigaction (SIGSEGV, &action, NULL);
  sigaction (SIGBUS, &action, NULL);
  user_process.isa = isa;
  user_mmap_init (38);
  require (user_mmap (0x10000, 0x4000, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == 0x10000);
  for (unsigned i = 0; i < N_THREADS; i++) {
    Cpu *cpu = cpu_new (isa, NULL, NULL);
    require (cpu != NULL);
    cpu->fetch = user_fetch;
    cpu->state.mem = &mem_direct;
    threads[i] = user_thread_new (cpu);
    /* No host thread's, so that no signal gets anywhere. */
    threads[i]->tid = FIRST_TID + (pid_t)i;
  }
}

/* Whatever is answered must be packets that a reader takes. */
static void
check_answer (GdbServer *s, const char *data, size_t size)
{
  static GdbReader reader;
  for (size_t i = 0; i < size; i++) {
    GdbIn in = gdb_reader_byte (&reader, (uint8_t)data[i]);
    require (in == GDB_IN_NOTHING || in == GDB_IN_REPEAT || (in == GDB_IN_PACKET && i + 1 == size));
  }
  require (reader.state == GDB_BETWEEN);
}

static void
stop_again (GdbProcess *p)
{
  const GdbStop stop = { .kind = GDB_STOP_SIGNAL, .value = gdb_signal_from_guest (SIGUSR1) };
  GdbUserThread *waiting = gdb_resume_threads (p);
  GdbUserThread *t = waiting ? waiting : p->server.threads->pdata[p->server.threads->len - 1];
  gdb_sync_breakpoints (&p->server);
  t->stop = (UserStop){ .kind = USER_STOP_SIGNAL, .info = { .si_signo = SIGUSR1 } };
  t->released = t->decided = false;
  t->reported = true;
  gdb_server_tell (&p->server, &t->gdb, &stop);
}

/* False when the session is over. */
static bool
feed (GdbProcess *p, const char *data, size_t size)
{
  for (size_t i = 0; i < size; i++)
    switch (gdb_server_byte (&p->server, (uint8_t)data[i])) {
      case GDB_STAY: break;
      case GDB_RESUME: stop_again (p); break;
      default: return false;
    }
  return true;
}

static void
feed_lines (GdbProcess *p, const char *data, size_t size)
{
  for (bool more = true; more && size > 0;) {
    const char *end = memchr (data, '\n', size);
    size_t n = end != NULL ? (size_t)(end - data) : size;
    g_autoptr (GString) packet = g_string_new (NULL);
    gdb_frame (packet, data, n);
    more = feed (p, packet->str, packet->len);
    n = MIN (n + 1, size);
    data += n;
    size -= n;
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static gsize started;
  static GdbTarget target;
  GdbProcess process = { 0 };
  if (g_once_init_enter (&started)) {
    start ();
    target = gdb_process_target;
    target.send = check_answer;
    g_once_init_leave (&started, 1);
  }
  gdb_process_init (&process, &target);
  for (unsigned i = 0; i < N_THREADS; i++)
    gdb_thread_add (&process, threads[i]);
  if (size > 0 && data[0] == '\n')
    feed_lines (&process, (const char *)data + 1, size - 1);
  else
    feed (&process, (const char *)data, size);
  gdb_let_go (&process);
  while (process.server.threads->len > 0)
    gdb_thread_remove (&process, process.server.threads->pdata[0]);
  gdb_process_clear (&process);
  return 0;
}
