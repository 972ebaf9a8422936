/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Any bytes from a debugger.  An input that starts with a newline is commands, one a line, which come in good
 * packets; any other is what the socket delivers.  The guest is a stopped process of two threads. */

#include "gdb-server.h"

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
  user_mmap_init (isa);
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

/* Every answer must come through the frame as it was. */
static void
check_answer (GdbServer *s, const char *data, size_t size)
{
  static GdbReader reader;
  g_autoptr (GString) packet = g_string_new (NULL);
  gdb_frame (packet, data, size);
  reader.state = GDB_BETWEEN;
  GdbIn in = GDB_IN_NOTHING;
  for (gsize i = 0; i < packet->len; i++) {
    require (in == GDB_IN_NOTHING);
    in = gdb_reader_byte (&reader, (uint8_t)packet->str[i]);
  }
  require (in == GDB_IN_PACKET && reader.size == size && memcmp (reader.data, data, size) == 0);
}

static void
stop_again (GdbServer *s)
{
  GdbThread *waiting = gdb_resume_threads (s);
  GdbThread *t = waiting ? waiting : s->threads->pdata[s->threads->len - 1];
  t->stop = (GdbStop){ .kind = GDB_STOP_SIGNAL, .info = { .si_signo = SIGUSR1 } };
  t->released = t->decided = false;
  t->reported = true;
  gdb_thread_select (s, t, &t->stop);
}

/* False when the session is over. */
static bool
command (GdbServer *s, const char *data, size_t size)
{
  switch (gdb_command (s, data, size)) {
    case GDB_STAY: return true;
    case GDB_RESUME: stop_again (s); return true;
    default: return false;
  }
}

static bool
feed (GdbServer *s, GdbReader *reader, const void *data, size_t size)
{
  for (size_t i = 0; i < size; i++)
    if (gdb_reader_byte (reader, ((const uint8_t *)data)[i]) == GDB_IN_PACKET)
      if (!command (s, reader->data, reader->size))
        return false;
  return true;
}

static void
feed_lines (GdbServer *s, GdbReader *reader, const char *data, size_t size)
{
  for (bool more = true; more && size > 0;) {
    const char *end = memchr (data, '\n', size);
    size_t n = end != NULL ? (size_t)(end - data) : size;
    g_autoptr (GString) packet = g_string_new (NULL);
    gdb_frame (packet, data, n);
    more = feed (s, reader, packet->str, packet->len);
    n = MIN (n + 1, size);
    data += n;
    size -= n;
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static gsize started;
  static GdbReader reader;
  GdbServer server = { .send = check_answer };
  if (g_once_init_enter (&started)) {
    start ();
    g_once_init_leave (&started, 1);
  }
  gdb_server_init (&server);
  for (unsigned i = 0; i < N_THREADS; i++)
    gdb_thread_add (&server, threads[i]);
  reader.state = GDB_BETWEEN;
  if (size > 0 && data[0] == '\n')
    feed_lines (&server, &reader, (const char *)data + 1, size - 1);
  else
    feed (&server, &reader, data, size);
  gdb_let_go (&server);
  while (server.threads->len > 0)
    gdb_thread_remove (&server, server.threads->pdata[0]);
  gdb_server_clear (&server);
  return 0;
}
