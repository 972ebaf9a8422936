/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Letting threads go on: each by an action of its own, those without one stay. */

#include "gdb-server.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct {
  pid_t tid; /* -1: all */
  GdbAction action;
  int sig; /* a guest signal to go on with, or 0 */
  uint64_t start, end;
} Order;

/* ---- orders to threads ---- */

static void
give_signal (GdbThread *t, int sig)
{
  g_mutex_lock (&gdb_lock);
  bool in_signal = t->stop.kind == GDB_STOP_SIGNAL && t->reported && !t->decided;
  if (in_signal) {
    t->deliver = sig;
    t->decided = true;
  }
  g_mutex_unlock (&gdb_lock);
  if (in_signal || sig == 0)
    return;
  /* It stopped for another reason, so the signal has to come to it from outside. */
  __atomic_or_fetch (&t->inject, UINT64_C (1) << (sig - 1), __ATOMIC_SEQ_CST);
  syscall (SYS_tgkill, getpid (), t->tid, sig);
}

static void
obey (GdbThread *t, Order order)
{
  t->action = order.action;
  t->range_start = order.start;
  t->range_end = order.end;
  if (order.action != GDB_HOLD)
    give_signal (t, order.sig);
}

/* The first order that fits a thread is the one. */
static Order
order_for (const GdbThread *t, const Order *orders, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    if (orders[i].tid == -1 || orders[i].tid == t->tid)
      return orders[i];
  return (Order){ .action = GDB_HOLD };
}

static GdbNext
obey_all (GdbServer *s, const Order *orders, unsigned n)
{
  bool any = false;
  for (guint i = 0; i < s->threads->len; i++)
    any = any || order_for (s->threads->pdata[i], orders, n).action != GDB_HOLD;
  if (!any)
    return gdb_error (s, ESRCH);
  for (guint i = 0; i < s->threads->len; i++)
    obey (s->threads->pdata[i], order_for (s->threads->pdata[i], orders, n));
  return GDB_RESUME;
}

/* ---- commands ---- */

/* A signal in gdb's numbers; one we cannot name is none. */
static bool
parse_signal (const char **args, int *ret_sig)
{
  uint64_t number;
  if (!gdb_parse_hex (args, &number) || number > 255)
    return false;
  *ret_sig = gdb_signal_to_guest ((int)number);
  return true;
}

static bool
parse_action (const char **args, Order *order)
{
  char letter = *(*args)++;
  switch (letter) {
    case 'c': order->action = GDB_CONTINUE; return true;
    case 's': order->action = GDB_STEP; return true;
    case 't': order->action = GDB_HOLD; return true;
    case 'C': order->action = GDB_CONTINUE; return parse_signal (args, &order->sig);
    case 'S': order->action = GDB_STEP; return parse_signal (args, &order->sig);
    case 'r':
      order->action = GDB_STEP;
      return gdb_parse_hex_end (args, ',', &order->start) && gdb_parse_hex (args, &order->end);
    default: return false;
  }
}

GdbNext
gdb_vcont_query (GdbServer *s, const char *args, size_t size)
{
  g_string_append (s->reply, "vCont;c;C;s;S;t;r");
  return GDB_STAY;
}

GdbNext
gdb_vcont (GdbServer *s, const char *args, size_t size)
{
  g_autoptr (GArray) orders = g_array_new (FALSE, FALSE, sizeof (Order));
  while (*args == ';') {
    Order order = { .tid = -1 };
    args++;
    if (*args == '\0' || !parse_action (&args, &order))
      return gdb_error (s, EINVAL);
    if (*args == ':') {
      args++;
      if (!gdb_parse_id (&args, &order.tid))
        return gdb_error (s, EINVAL);
    }
    g_array_append_val (orders, order);
  }
  if (*args != '\0' || orders->len == 0)
    return gdb_error (s, EINVAL);
  return obey_all (s, (const Order *)(void *)orders->data, orders->len);
}

/* The commands of before vCont: the thread of Hc as it says, all others go on. */
static GdbNext
resume_old (GdbServer *s, const char *args, GdbAction action, int sig)
{
  GdbThread *t = s->resume > 0 ? gdb_thread_find (s, s->resume) : gdb_general_thread (s);
  uint64_t pc;
  if (t == NULL)
    return gdb_error (s, ESRCH);
  if (*args != '\0') {
    if (!gdb_parse_hex_end (&args, '\0', &pc))
      return gdb_error (s, EINVAL);
    t->user->cpu->state.pc = pc & ~(uint64_t)(t->user->cpu->isa->insn_align - 1);
    t->user->restart = 0;
  }
  const Order orders[] = { { .tid = t->tid, .action = action, .sig = sig },
                           { .tid = -1, .action = GDB_CONTINUE } };
  return obey_all (s, orders, G_N_ELEMENTS (orders));
}

GdbNext
gdb_continue (GdbServer *s, const char *args, size_t size)
{
  return resume_old (s, args, GDB_CONTINUE, 0);
}

GdbNext
gdb_step (GdbServer *s, const char *args, size_t size)
{
  return resume_old (s, args, GDB_STEP, 0);
}

static GdbNext
resume_with_signal (GdbServer *s, const char *args, GdbAction action)
{
  int sig;
  if (!parse_signal (&args, &sig) || (*args != '\0' && *args++ != ';'))
    return gdb_error (s, EINVAL);
  return resume_old (s, args, action, sig);
}

GdbNext
gdb_continue_signal (GdbServer *s, const char *args, size_t size)
{
  return resume_with_signal (s, args, GDB_CONTINUE);
}

GdbNext
gdb_step_signal (GdbServer *s, const char *args, size_t size)
{
  return resume_with_signal (s, args, GDB_STEP);
}

/* ---- carrying it out ---- */

/* Whether gdb must hear of a stop it does not know yet.  Otherwise it comes again by itself, or has become
 * meaningless. */
static bool
still_matters (const GdbThread *t)
{
  if (t->reported || t->released)
    return false;
  switch (t->stop.kind) {
    case GDB_STOP_SIGNAL:
    case GDB_STOP_EXIT: return true;
    case GDB_STOP_WATCH: return gdb_watch_exists (t->stop.watch_addr);
    case GDB_STOP_STEP: return t->action == GDB_STEP;
    default: return false;
  }
}

GdbThread *
gdb_resume_threads (GdbServer *s)
{
  GdbThread *waiting = NULL;
  g_mutex_lock (&gdb_lock);
  for (guint i = 0; i < s->threads->len && waiting == NULL; i++) {
    GdbThread *t = s->threads->pdata[i];
    if (t->action != GDB_HOLD && still_matters (t))
      waiting = t;
  }
  for (guint i = 0; i < s->threads->len && waiting == NULL; i++) {
    GdbThread *t = s->threads->pdata[i];
    if (t->action == GDB_HOLD)
      continue;
    gdb_set_single_step (t, t->action == GDB_STEP);
    t->released = true;
  }
  g_mutex_unlock (&gdb_lock);
  return waiting;
}

void
gdb_let_go (GdbServer *s)
{
  gdb_remove_all_points (s);
  g_mutex_lock (&gdb_lock);
  for (guint i = 0; i < s->threads->len; i++) {
    GdbThread *t = s->threads->pdata[i];
    t->action = GDB_CONTINUE;
    gdb_watch_cancel (t);
    t->user->cpu->single_step = false;
    /* A trap was the debugger's business, whoever caused it. */
    if (t->stop.kind == GDB_STOP_SIGNAL && t->reported && !t->decided && t->deliver == SIGTRAP)
      t->deliver = 0;
    t->released = true;
  }
  g_mutex_unlock (&gdb_lock);
}
