/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Performs a guest's system call: arguments from registers by the row's types, the handler or the host's
 * call, and the result back. */

#include "syscall.h"
#include "bits.h"
#include "log.h"
#include "user-abi.h"
#include "user-signal.h"
#include <errno.h>
#include <inttypes.h>
#include <sys/syscall.h>
#include <unistd.h>

int64_t
user_host_call (long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
#if defined(__x86_64__)
  long ret;
  register uint64_t r10 __asm__ ("r10") = d;
  register uint64_t r8 __asm__ ("r8") = e;
  register uint64_t r9 __asm__ ("r9") = f;

  __asm__ volatile ("syscall"
                    : "=a"(ret)
                    : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                    : "rcx", "r11", "memory");
  return ret;
#else
  long ret = syscall (nr, a, b, c, d, e, f);
  return ret == -1 ? -errno : ret;
#endif
}

/* Gives the guest its result, or leaves the call standing for user_signal_deliver() to decide about. */
static void
finish (UserThread *thread, int64_t ret)
{
  if (G_UNLIKELY (ret == -USER_ERESTARTSYS || ret == -USER_ERESTARTNOHAND))
    thread->restart = -ret;
  else
    user_process.abi->finish_syscall (thread->cpu, ret);
}

/* Joins the register pairs of 64-bit arguments, in place. */
static void
join_pairs (const UserSyscall *row, uint64_t *a)
{
  uint64_t reg[6];
  unsigned next = 0;
  bool align = user_process.abi->syscalls->align_pairs;

  memcpy (reg, a, sizeof reg);
  for (unsigned i = 0; i < row->n_args; i++) {
    if (row->arg[i].type != ARG_OFF) {
      a[i] = next < 6 ? reg[next] : 0;
      next++;
      continue;
    }
    if (align)
      next += next & 1;
    a[i] = next < 5 ? (uint32_t)reg[next] | reg[next + 1] << 32 : 0;
    next += 2;
  }
}

uint64_t
user_open_flags_to_host (uint64_t flags)
{
  const UserOpenFlag *each = user_process.abi->syscalls->open_flags;
  uint64_t ret = flags;

  for (unsigned i = 0; each != NULL && each[i].guest != 0; i++)
    ret &= ~(uint64_t)each[i].guest;
  for (unsigned i = 0; each != NULL && each[i].guest != 0; i++)
    ret |= flags & each[i].guest ? each[i].host : 0;
  return ret;
}

uint64_t
user_open_flags_to_guest (uint64_t flags)
{
  const UserOpenFlag *each = user_process.abi->syscalls->open_flags;
  uint64_t ret = flags;

  for (unsigned i = 0; each != NULL && each[i].guest != 0; i++)
    ret &= ~(uint64_t)each[i].host;
  for (unsigned i = 0; each != NULL && each[i].guest != 0; i++)
    ret |= flags & each[i].host ? each[i].guest : 0;
  return ret;
}

/* Brings each argument into the form handlers expect. Returns -EBADF for a descriptor that is not the
 * guest's. */
static int
normalise (const UserSyscall *row, uint64_t *a)
{
  for (unsigned i = 0; i < row->n_args; i++)
    switch (row->arg[i].type) {
      case ARG_FD:
      case ARG_DIRFD:
        if ((int)a[i] >= user_fd_floor && user_fd_hidden (a[i]))
          return -EBADF;
        G_GNUC_FALLTHROUGH;
      case ARG_INT:
      case ARG_PID:
      case ARG_SIG: a[i] = (int64_t)(int32_t)a[i]; break;
      case ARG_UINT:
      case ARG_ID:
      case ARG_MODE: a[i] = (uint32_t)a[i]; break;
      case ARG_OPEN: a[i] = user_open_flags_to_host (a[i]); break;
      case ARG_LONG:
        if (user_is_32 ())
          a[i] = (int64_t)(int32_t)a[i];
        break;
      /* Calls that take ranges of memory ignore tags too; those that choose a place for one do not. */
      case ARG_ADDR:
        if (!(row->flags & SYS_PLACE))
          a[i] = user_untag (a[i]);
        break;
      default:
        if (row->arg[i].type >= ARG_FIRST_POINTER)
          a[i] = user_untag (a[i]);
        break;
    }
  return 0;
}

typedef struct {
  uint64_t arg[6];
  char *path[2];
  unsigned n_paths, n_bounce;
  uint64_t bounce[3][USER_KIND_MAX_SIZE / 8];
} HostArgs;

/* A structure of another layout: the kernel gets a copy. */
static int
bounce_in (HostArgs *h, const UserArg *arg, unsigned i, uint64_t addr)
{
  uint64_t *copy = h->bounce[h->n_bounce++];

  if (arg->type != ARG_SOUT && user_get (arg->kind, copy, addr) < 0)
    return -EFAULT;
  if (arg->type == ARG_SOUT && user_ptr (addr, user_kind_size (arg->kind)) != g2h (addr))
    return -EFAULT;
  h->arg[i] = (uintptr_t)copy;
  return 0;
}

static int
convert_pointer (HostArgs *h, const UserArg *arg, unsigned i, const uint64_t *a)
{
  uint64_t size = arg->size;

  switch (arg->type) {
    case ARG_PATH:
    case ARG_LPATH:
      h->path[h->n_paths] = NULL;
      h->arg[i] = (uintptr_t)user_path_arg (a[i], arg->type == ARG_PATH, &h->path[h->n_paths]);
      h->n_paths++;
      return 0;
    case ARG_STR: size = 1; break;
    case ARG_IN:
    case ARG_OUT: size = a[arg->len]; break;
    case ARG_SIGSET: size = 8; break;
    case ARG_ARRAY:
      /* A negative count is for the kernel to refuse; any address serves. */
      size = (int64_t)a[arg->len] < 0 ? 1 : MIN (a[arg->len], UINT32_MAX) * user_kind_size (arg->kind);
      break;
    case ARG_SIN:
    case ARG_SOUT:
    case ARG_SINOUT:
      if (a[i] != 0 && !user_kind_same (arg->kind, arg->type == ARG_SOUT))
        return bounce_in (h, arg, i, a[i]);
      size = user_kind_size (arg->kind);
      break;
    default: break;
  }
  h->arg[i] = (uintptr_t)user_ptr (a[i], size);
  return 0;
}

static int64_t
bounce_out (HostArgs *h, const UserSyscall *row, const uint64_t *a, int64_t ret)
{
  unsigned n = 0;

  for (unsigned i = 0; i < row->n_args; i++) {
    const UserArg *arg = &row->arg[i];

    if (arg->type < ARG_SIN || arg->type > ARG_SINOUT || a[i] == 0 ||
        user_kind_same (arg->kind, arg->type == ARG_SOUT))
      continue;
    if (arg->type != ARG_SIN && ret >= 0 && user_put (arg->kind, a[i], h->bounce[n]) < 0)
      ret = -EFAULT;
    n++;
  }
  return ret;
}

/* Calls that need nothing but converted arguments. */
static int64_t
pass (const UserSyscall *row, const uint64_t *a)
{
  HostArgs h;
  int64_t ret = 0;

  h.n_paths = h.n_bounce = 0;
  for (unsigned i = 0; i < 6; i++)
    h.arg[i] = a[i];
  for (unsigned i = 0; i < row->n_args && ret == 0; i++)
    if (row->arg[i].type >= ARG_FIRST_POINTER)
      ret = convert_pointer (&h, &row->arg[i], i, a);
  if (ret == 0) {
    if (row->flags & (SYS_RESTART | SYS_NOHAND))
      ret = user_safe_syscall6 (row->host, h.arg[0], h.arg[1], h.arg[2], h.arg[3], h.arg[4], h.arg[5]);
    else
      ret = user_host_call (row->host, h.arg[0], h.arg[1], h.arg[2], h.arg[3], h.arg[4], h.arg[5]);
    if (h.n_bounce > 0)
      ret = bounce_out (&h, row, a, ret);
  }
  for (unsigned i = 0; i < h.n_paths; i++)
    g_free (h.path[i]);
  return ret;
}

static int64_t
call (UserThread *thread, const UserSyscall *row, const uint64_t *a)
{
  int64_t ret;

  if (row->fn != NULL)
    ret = row->fn (thread, a);
  else if (!row->absent)
    ret = pass (row, a);
  else {
    user_unimp ("system call %s", row->name);
    ret = row->host;
  }
  if (G_UNLIKELY (ret == -EINTR) && (row->flags & SYS_NOHAND))
    ret = user_interrupted (thread, ret);
  return ret;
}

static int64_t
traced_call (UserThread *thread, const UserSyscall *row, const uint64_t *a)
{
  UserTrace *trace = user_trace_enter (row, a);
  int64_t ret = call (thread, row, a);

  user_trace_leave (trace, ret);
  return ret;
}

void
user_syscall (UserThread *thread)
{
  const UserSyscallAbi *abi = user_process.abi->syscalls;
  const uint64_t *var = thread->cpu->state.var;
  bool is_32 = user_is_32 ();
  uint64_t a[6], number = abi->int_number ? (uint32_t)var[abi->number_var] : var[abi->number_var];
  const UserSyscall *row = user_syscall_row (abi->table, number);
  int64_t ret;

  for (unsigned i = 0; i < 6; i++)
    a[i] = var[abi->arg_var[i]];
  if (G_UNLIKELY (row == NULL)) {
    user_unimp ("system call number %" PRIu64, number);
    if (vlog_enabled (VLOG_STRACE))
      user_trace_unknown (number, a);
    finish (thread, -ENOSYS);
    return;
  }
  if (is_32)
    join_pairs (row, a);
  ret = normalise (row, a);
  if (G_UNLIKELY (vlog_enabled (VLOG_STRACE)))
    ret = ret < 0 ? ret : traced_call (thread, row, a);
  else if (ret == 0)
    ret = call (thread, row, a);
  if (!(row->flags & SYS_KEEP))
    finish (thread, ret);
}
