/* SPDX-License-Identifier: GPL-3.0-or-later */

/* siginfo_t of 32-bit guests. Which members of its union mean something follows from the signal and the code,
 * as in the kernel. */

#include "sys-layout.h"
#include <glib.h>
#include <signal.h>
#include <string.h>

#define N_POLL_CODES 6

typedef enum {
  LAYOUT_KILL,  /* pid, uid */
  LAYOUT_RT,    /* pid, uid, value */
  LAYOUT_TIMER, /* id, overrun, value: where LAYOUT_RT has its members */
  LAYOUT_CHILD,
  LAYOUT_FAULT,
  LAYOUT_POLL,
  LAYOUT_SYS,
} Layout;

static Layout
layout_of (int sig, int code)
{
  if (code == SI_TIMER)
    return LAYOUT_TIMER;
  if (code == SI_SIGIO)
    return LAYOUT_POLL;
  if (code < 0)
    return LAYOUT_RT;
  if (code == SI_USER || code >= SI_KERNEL)
    return LAYOUT_KILL;
  switch (sig) {
    case SIGILL:
    case SIGFPE:
    case SIGSEGV:
    case SIGBUS:
    case SIGTRAP: return LAYOUT_FAULT;
    case SIGCHLD: return LAYOUT_CHILD;
    case SIGSYS: return LAYOUT_SYS;
    default: return code <= N_POLL_CODES ? LAYOUT_POLL : LAYOUT_KILL;
  }
}

void
user_siginfo32_to_guest (void *guest, const void *host)
{
  const siginfo_t *h = host;
  GuestSiginfo32 *g = guest;

  memset (g, 0, sizeof *g);
  g->signo = h->si_signo;
  g->error = h->si_errno;
  g->code = h->si_code;
  switch (layout_of (h->si_signo, h->si_code)) {
    case LAYOUT_TIMER:
    case LAYOUT_RT: g->sent.value = (uint32_t)(uintptr_t)h->si_ptr; G_GNUC_FALLTHROUGH;
    case LAYOUT_KILL:
      g->sent.pid = h->si_pid;
      g->sent.uid = h->si_uid;
      break;
    case LAYOUT_CHILD:
      g->child.pid = h->si_pid;
      g->child.uid = h->si_uid;
      g->child.status = h->si_status;
      g->child.utime = (int32_t)h->si_utime;
      g->child.stime = (int32_t)h->si_stime;
      break;
    case LAYOUT_FAULT:
      g->fault.addr = (uint32_t)(uintptr_t)h->si_addr;
      g->fault.addr_lsb = h->si_addr_lsb;
      break;
    case LAYOUT_POLL:
      g->poll.band = (int32_t)h->si_band;
      g->poll.fd = h->si_fd;
      break;
    case LAYOUT_SYS:
      g->sys.call_addr = (uint32_t)(uintptr_t)h->si_call_addr;
      g->sys.syscall = h->si_syscall;
      g->sys.arch = h->si_arch;
      break;
  }
}

void
user_siginfo32_to_host (void *host, const void *guest)
{
  const GuestSiginfo32 *g = guest;
  siginfo_t *h = host;

  memset (h, 0, sizeof *h);
  h->si_signo = g->signo;
  h->si_errno = g->error;
  h->si_code = g->code;
  switch (layout_of (g->signo, g->code)) {
    case LAYOUT_TIMER:
    case LAYOUT_RT: h->si_ptr = (void *)(uintptr_t)g->sent.value; G_GNUC_FALLTHROUGH;
    case LAYOUT_KILL:
      h->si_pid = g->sent.pid;
      h->si_uid = g->sent.uid;
      break;
    case LAYOUT_CHILD:
      h->si_pid = g->child.pid;
      h->si_uid = g->child.uid;
      h->si_status = g->child.status;
      h->si_utime = g->child.utime;
      h->si_stime = g->child.stime;
      break;
    case LAYOUT_FAULT:
      h->si_addr = (void *)(uintptr_t)g->fault.addr;
      h->si_addr_lsb = g->fault.addr_lsb;
      break;
    case LAYOUT_POLL:
      h->si_band = g->poll.band;
      h->si_fd = g->poll.fd;
      break;
    case LAYOUT_SYS:
      h->si_call_addr = (void *)(uintptr_t)g->sys.call_addr;
      h->si_syscall = g->sys.syscall;
      h->si_arch = g->sys.arch;
      break;
  }
}
