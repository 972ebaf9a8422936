/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The operations. */

#include "semihosting-private.h"

#include "log.h"
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* SPEC: "Semihosting for AArch32 and AArch64", 6: numbers of the operations. */
enum {
  SYS_OPEN = 0x01,
  SYS_CLOSE = 0x02,
  SYS_WRITEC = 0x03,
  SYS_WRITE0 = 0x04,
  SYS_WRITE = 0x05,
  SYS_READ = 0x06,
  SYS_READC = 0x07,
  SYS_ISERROR = 0x08,
  SYS_ISTTY = 0x09,
  SYS_SEEK = 0x0a,
  SYS_FLEN = 0x0c,
  SYS_TMPNAM = 0x0d,
  SYS_REMOVE = 0x0e,
  SYS_RENAME = 0x0f,
  SYS_CLOCK = 0x10,
  SYS_TIME = 0x11,
  SYS_SYSTEM = 0x12,
  SYS_ERRNO = 0x13,
  SYS_GET_CMDLINE = 0x15,
  SYS_HEAPINFO = 0x16,
  SYS_EXIT = 0x18,
  SYS_SYNCCACHE = 0x19,
  SYS_EXIT_EXTENDED = 0x20,
  SYS_ELAPSED = 0x30,
  SYS_TICKFREQ = 0x31,
};

#define STOPPED_APPLICATION_EXIT 0x20026 /* ADP_Stopped_ApplicationExit */
#define NS_PER_SECOND            INT64_C (1000000000)

/* Of the vCPU whose thread this is: the error of its latest operation that failed. */
static _Thread_local int last_errno;

bool
semihosting_done (SemihostingCall *call, uint64_t result)
{
  call->result = result;
  return true;
}

void
semihosting_note_errno (int error)
{
  last_errno = error;
}

bool
semihosting_fail (SemihostingCall *call, int error)
{
  semihosting_note_errno (error);
  return semihosting_done (call, UINT64_MAX);
}

/* Of functions that return a negative number and set errno. */
static bool
done_or_errno (SemihostingCall *call, int64_t result)
{
  return result < 0 ? semihosting_fail (call, errno) : semihosting_done (call, (uint64_t)result);
}

/* A name that the guest has in memory with its length. */
static char *
read_name (SemihostingCall *call, uint64_t address, uint64_t length)
{
  if (length >= PATH_MAX) {
    errno = ENAMETOOLONG;
    return NULL;
  }
  g_autofree char *name = g_malloc0 (length + 1);
  if (!cpu_guest_read (call->cpu, address, name, length)) {
    errno = EFAULT;
    return NULL;
  }
  if (strlen (name) == length)
    return g_steal_pointer (&name);
  errno = EINVAL;
  return NULL;
}

static bool
store_words (SemihostingCall *call, uint64_t address, const uint64_t *words, unsigned n)
{
  uint64_t little[4];
  for (unsigned i = 0; i < n; i++)
    little[i] = GUINT64_TO_LE (words[i]);
  return cpu_guest_write (call->cpu, address, little, n * sizeof *words);
}

uint64_t
semihosting_handle_of (const SemihostingCall *call)
{
  return call->field[0] < SEMIHOSTING_HANDLES ? call->field[0] : 0;
}

/* ---- Files. ---- */

static bool
op_open (SemihostingCall *call)
{
  g_autofree char *name = read_name (call, call->field[0], call->field[2]);
  return done_or_errno (call, name ? semihosting_open (call->s, name, call->field[1]) : -1);
}

static bool
op_close (SemihostingCall *call)
{
  return done_or_errno (call, semihosting_close (call->s, semihosting_handle_of (call)));
}

static bool
op_istty (SemihostingCall *call)
{
  return done_or_errno (call, semihosting_is_tty (call->s, semihosting_handle_of (call)));
}

static bool
op_seek (SemihostingCall *call)
{
  return done_or_errno (call, semihosting_seek (call->s, semihosting_handle_of (call), call->field[1]));
}

static bool
op_flen (SemihostingCall *call)
{
  return done_or_errno (call, semihosting_length (call->s, semihosting_handle_of (call)));
}

static bool
op_tmpnam (SemihostingCall *call)
{
  if (call->field[1] > 255)
    return semihosting_fail (call, EINVAL);
  g_autofree char *name =
      g_strdup_printf ("%s/vitrine-%d-%02x", g_get_tmp_dir (), (int)getpid (), (unsigned)call->field[1]);
  size_t size = strlen (name) + 1;
  if (call->field[2] < size)
    return semihosting_fail (call, ENAMETOOLONG);
  return cpu_guest_write (call->cpu, call->field[0], name, size) ? semihosting_done (call, 0)
                                                                 : semihosting_fail (call, EFAULT);
}

static bool
op_remove (SemihostingCall *call)
{
  g_autofree char *name = read_name (call, call->field[0], call->field[1]);
  return done_or_errno (call, name ? remove (name) : -1);
}

static bool
op_rename (SemihostingCall *call)
{
  g_autofree char *from = read_name (call, call->field[0], call->field[1]);
  g_autofree char *to = from ? read_name (call, call->field[2], call->field[3]) : NULL;
  return done_or_errno (call, to ? rename (from, to) : -1);
}

/* ---- The rest. ---- */

static bool
op_iserror (SemihostingCall *call)
{
  return semihosting_done (call, call->field[0] >> 63);
}

static bool
op_clock (SemihostingCall *call)
{
  return semihosting_done (call, (uint64_t)(clock_now (call->s->config.clock) / (NS_PER_SECOND / 100)));
}

static bool
op_time (SemihostingCall *call)
{
  return semihosting_done (call, (uint64_t)time (NULL));
}

/* Files are what the user has asked for; running programs of the host is not. */
static bool
op_system (SemihostingCall *call)
{
  g_autofree char *text = read_name (call, call->field[0], call->field[1]);
  bool told = __atomic_exchange_n (&call->s->told_of_system, true, __ATOMIC_RELAXED);
  if (text && !told) {
    g_autofree char *shown = g_strescape (text, NULL);
    g_printerr ("The guest wants the host to run '%.200s', which semihosting does not do here.\n", shown);
  }
  return semihosting_fail (call, EPERM);
}

static bool
op_errno (SemihostingCall *call)
{
  return semihosting_done (call, (uint64_t)last_errno);
}

static bool
op_get_cmdline (SemihostingCall *call)
{
  const char *text = call->s->config.command_line;
  const uint64_t length = strlen (text);
  if (call->field[1] <= length)
    return semihosting_fail (call, ENAMETOOLONG);
  if (!cpu_guest_write (call->cpu, call->field[0], text, length + 1) ||
      !store_words (call, call->arg + 8, &length, 1))
    return semihosting_fail (call, EFAULT);
  return semihosting_done (call, 0);
}

/* SPEC: SYS_HEAPINFO: the heap's base and limit, the stack's base and limit; the two grow towards each other.
 */
static bool
op_heapinfo (SemihostingCall *call)
{
  uint64_t start, end;
  call->s->config.free_ram (call->s->config.opaque, &start, &end);
  const uint64_t words[] = { start, end, end, start };
  return store_words (call, call->field[0], words, 4) ? semihosting_done (call, 0)
                                                      : semihosting_fail (call, EFAULT);
}

/* The vCPU stands still before it would look at the instruction once more. */
static bool
op_exit (SemihostingCall *call)
{
  int status = call->field[0] == STOPPED_APPLICATION_EXIT ? (int)call->field[1] : 1;
  call->s->config.exit (call->s->config.opaque, status);
  return false;
}

/* SPEC: SYS_SYNCCACHE: code that was written may be executed. That needs no work here but what writing and
 * the guest's own instructions do. */
static bool
op_synccache (SemihostingCall *call)
{
  return semihosting_done (call, 0);
}

static bool
op_elapsed (SemihostingCall *call)
{
  const uint64_t now = (uint64_t)clock_now (call->s->config.clock);
  return store_words (call, call->arg, &now, 1) ? semihosting_done (call, 0)
                                                : semihosting_fail (call, EFAULT);
}

static bool
op_tickfreq (SemihostingCall *call)
{
  return semihosting_done (call, NS_PER_SECOND);
}

/* With the number of words in their block. */
static const struct {
  bool (*run) (SemihostingCall *call);
  unsigned fields;
} ops[] = {
  [SYS_OPEN] = { op_open, 3 },
  [SYS_CLOSE] = { op_close, 1 },
  [SYS_WRITEC] = { semihosting_op_writec, 0 },
  [SYS_WRITE0] = { semihosting_op_write0, 0 },
  [SYS_WRITE] = { semihosting_op_write, 3 },
  [SYS_READ] = { semihosting_op_read, 3 },
  [SYS_READC] = { semihosting_op_readc, 0 },
  [SYS_ISERROR] = { op_iserror, 1 },
  [SYS_ISTTY] = { op_istty, 1 },
  [SYS_SEEK] = { op_seek, 2 },
  [SYS_FLEN] = { op_flen, 1 },
  [SYS_TMPNAM] = { op_tmpnam, 3 },
  [SYS_REMOVE] = { op_remove, 2 },
  [SYS_RENAME] = { op_rename, 4 },
  [SYS_CLOCK] = { op_clock, 0 },
  [SYS_TIME] = { op_time, 0 },
  [SYS_SYSTEM] = { op_system, 2 },
  [SYS_ERRNO] = { op_errno, 0 },
  [SYS_GET_CMDLINE] = { op_get_cmdline, 2 },
  [SYS_HEAPINFO] = { op_heapinfo, 1 },
  [SYS_EXIT] = { op_exit, 2 },
  [SYS_SYNCCACHE] = { op_synccache, 0 },
  [SYS_EXIT_EXTENDED] = { op_exit, 2 },
  [SYS_ELAPSED] = { op_elapsed, 0 },
  [SYS_TICKFREQ] = { op_tickfreq, 0 },
};

static bool
answer (void *opaque, Cpu *cpu, uint32_t op, uint64_t arg, uint64_t *ret_result)
{
  SemihostingCall call = { .s = opaque, .cpu = cpu, .op = op, .arg = arg };
  bool is_done;

  if (op >= G_N_ELEMENTS (ops) || ops[op].run == NULL) {
    vlog (VLOG_UNIMP, "semihosting: there is no operation %#" PRIx32 "\n", op);
    is_done = semihosting_fail (&call, ENOSYS);
  } else if (!cpu_guest_read (cpu, arg, call.field, ops[op].fields * sizeof *call.field))
    is_done = semihosting_fail (&call, EFAULT);
  else {
    for (unsigned i = 0; i < G_N_ELEMENTS (call.field); i++)
      call.field[i] = GUINT64_FROM_LE (call.field[i]);
    is_done = ops[op].run (&call);
  }
  *ret_result = call.result;
  return is_done;
}

Semihosting *
semihosting_new (const SemihostingConfig *config, GError **error)
{
  Semihosting *s = g_new0 (Semihosting, 1);
  s->config = *config;
  s->config.command_line = g_strdup (config->command_line);
  s->hooks = (CpuSemihosting){ answer, config->user, s };
  s->waiting = g_ptr_array_new ();
  g_mutex_init (&s->lock);
  g_mutex_init (&s->console_lock);
  if (config->console && !semihosting_attach_console (s, error)) {
    s->config.console = NULL;
    semihosting_free (s);
    return NULL;
  }
  semihosting_init_handles (s);
  return s;
}

void
semihosting_free (Semihosting *s)
{
  if (s == NULL)
    return;
  if (s->config.console)
    semihosting_detach_console (s);
  semihosting_close_all (s);
  g_ptr_array_unref (s->waiting);
  g_mutex_clear (&s->lock);
  g_mutex_clear (&s->console_lock);
  g_free ((char *)s->config.command_line);
  g_free (s);
}

void
semihosting_reset (Semihosting *s)
{
  s->generation++;
  semihosting_close_all (s);
}

const CpuSemihosting *
semihosting_hooks (const Semihosting *s)
{
  return &s->hooks;
}
