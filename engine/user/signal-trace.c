/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Signals in -strace, in strace's form. */

#include "user-signal.h"

#include "log.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  int sig, code; /* sig 0: of any signal */
  const char *name;
} CodeName;

static const CodeName code_names[] = {
  { 0, SI_USER, "SI_USER" },
  { 0, SI_KERNEL, "SI_KERNEL" },
  { 0, SI_QUEUE, "SI_QUEUE" },
  { 0, SI_TIMER, "SI_TIMER" },
  { 0, SI_MESGQ, "SI_MESGQ" },
  { 0, SI_ASYNCIO, "SI_ASYNCIO" },
  { 0, SI_SIGIO, "SI_SIGIO" },
  { 0, SI_TKILL, "SI_TKILL" },
  { SIGILL, ILL_ILLOPC, "ILL_ILLOPC" },
  { SIGILL, ILL_ILLTRP, "ILL_ILLTRP" },
  { SIGFPE, FPE_INTDIV, "FPE_INTDIV" },
  { SIGSEGV, SEGV_MAPERR, "SEGV_MAPERR" },
  { SIGSEGV, SEGV_ACCERR, "SEGV_ACCERR" },
  { SIGBUS, BUS_ADRALN, "BUS_ADRALN" },
  { SIGBUS, BUS_ADRERR, "BUS_ADRERR" },
  { SIGBUS, BUS_OBJERR, "BUS_OBJERR" },
  { SIGTRAP, TRAP_BRKPT, "TRAP_BRKPT" },
  { SIGTRAP, TRAP_TRACE, "TRAP_TRACE" },
  { SIGCHLD, CLD_EXITED, "CLD_EXITED" },
  { SIGCHLD, CLD_KILLED, "CLD_KILLED" },
  { SIGCHLD, CLD_DUMPED, "CLD_DUMPED" },
  { SIGCHLD, CLD_TRAPPED, "CLD_TRAPPED" },
  { SIGCHLD, CLD_STOPPED, "CLD_STOPPED" },
  { SIGCHLD, CLD_CONTINUED, "CLD_CONTINUED" },
  { SIGIO, POLL_IN, "POLL_IN" },
  { SIGIO, POLL_OUT, "POLL_OUT" },
  { SIGIO, POLL_MSG, "POLL_MSG" },
  { SIGIO, POLL_ERR, "POLL_ERR" },
  { SIGIO, POLL_PRI, "POLL_PRI" },
  { SIGIO, POLL_HUP, "POLL_HUP" },
};

const char *
user_signal_name (int sig)
{
  static _Thread_local char text[16];
  const char *abbrev = sig > 0 && sig < 32 ? sigabbrev_np (sig) : NULL;
  if (abbrev)
    snprintf (text, sizeof text, "SIG%s", abbrev);
  else if (sig >= 32 && sig <= USER_NSIG)
    snprintf (text, sizeof text, "SIGRT_%d", sig - 32);
  else
    snprintf (text, sizeof text, "%d", sig);
  return text;
}

static void
append_code (GString *out, const siginfo_t *info)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (code_names); i++) {
    const CodeName *n = &code_names[i];
    if (n->code == info->si_code && (n->sig == 0 || n->sig == info->si_signo)) {
      g_string_append (out, n->name);
      return;
    }
  }
  g_string_append_printf (out, "%d", info->si_code);
}

static void
append_details (GString *out, const siginfo_t *info)
{
  if (info->si_code > 0 && (USER_SYNC_SIGNALS & USER_SIGBIT (info->si_signo))) {
    if (info->si_addr)
      g_string_append_printf (out, ", si_addr=%p", info->si_addr);
    else
      g_string_append (out, ", si_addr=NULL");
  } else if (info->si_signo == SIGCHLD && info->si_code > 0) {
    g_string_append_printf (out, ", si_pid=%d, si_uid=%u, si_status=", info->si_pid, info->si_uid);
    if (info->si_code == CLD_EXITED)
      g_string_append_printf (out, "%d", info->si_status);
    else
      g_string_append (out, user_signal_name (info->si_status));
    g_string_append_printf (out, ", si_utime=%ld, si_stime=%ld", info->si_utime, info->si_stime);
  } else if (info->si_code == SI_TIMER)
    g_string_append_printf (out, ", si_timerid=%d, si_overrun=%d, si_int=%d, si_ptr=%p", info->si_timerid,
                            info->si_overrun, info->si_int, info->si_ptr);
  else if (info->si_code == SI_USER || info->si_code == SI_TKILL || info->si_code < 0) {
    g_string_append_printf (out, ", si_pid=%d, si_uid=%u", info->si_pid, info->si_uid);
    if (info->si_code == SI_QUEUE)
      g_string_append_printf (out, ", si_int=%d, si_ptr=%p", info->si_int, info->si_ptr);
  }
}

/* The text strace prints between --- and ---. */
static char *
user_signal_text (const siginfo_t *info)
{
  GString *out = g_string_new (user_signal_name (info->si_signo));
  g_string_append_printf (out, " {si_signo=%s, si_code=", user_signal_name (info->si_signo));
  append_code (out, info);
  append_details (out, info);
  g_string_append_c (out, '}');
  return g_string_free (out, FALSE);
}

void
user_signal_trace (const siginfo_t *info)
{
  g_autofree char *text = user_signal_text (info);
  vlog (VLOG_STRACE | VLOG_INT, "--- %s ---\n", text);
}
