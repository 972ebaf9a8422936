/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Letting threads go on: each by an action of its own, those without one stay. */

#include "gdb-command.h"

#include <errno.h>

typedef struct {
  int id; /* of a thread; any and all are the same here */
  GdbAction action;
  unsigned signal; /* gdb's number, or 0 */
  uint64_t start, end;
} Order;

bool
gdb_thread_steps (const GdbThread *t)
{
  return t->action == GDB_STEP || t->watch == GDB_WATCH_PASSING;
}

bool
gdb_step_done (const GdbServer *s, const GdbThread *t)
{
  uint64_t pc = t->cpu->state.pc;
  return pc < t->range_start || pc >= t->range_end || gdb_has_breakpoint (s, pc);
}

/* ---- orders to threads ---- */

static void
obey (GdbServer *s, GdbThread *t, Order order)
{
  t->action = order.action;
  t->range_start = order.start;
  t->range_end = order.end;
  if (order.action != GDB_HOLD && s->target->signal != NULL)
    s->target->signal (t, order.signal);
}

/* The first order that fits a thread is the one. */
static Order
order_for (const GdbThread *t, const Order *orders, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    if (orders[i].id <= 0 || orders[i].id == t->id)
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
    obey (s, s->threads->pdata[i], order_for (s->threads->pdata[i], orders, n));
  return GDB_RESUME;
}

/* ---- commands ---- */

static bool
parse_signal (const char **args, unsigned *ret_number)
{
  uint64_t number;
  if (!gdb_parse_hex (args, &number) || number > 255)
    return false;
  *ret_number = (unsigned)number;
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
    case 'C': order->action = GDB_CONTINUE; return parse_signal (args, &order->signal);
    case 'S': order->action = GDB_STEP; return parse_signal (args, &order->signal);
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
    Order order = { .id = -1 };
    args++;
    if (*args == '\0' || !parse_action (&args, &order))
      return gdb_error (s, EINVAL);
    if (*args == ':') {
      args++;
      if (!gdb_parse_id (s, &args, &order.id))
        return gdb_error (s, EINVAL);
    }
    g_array_append_val (orders, order);
  }
  if (*args != '\0' || orders->len == 0)
    return gdb_error (s, EINVAL);
  return obey_all (s, (const Order *)(void *)orders->data, orders->len);
}

static void
set_pc (GdbServer *s, GdbThread *t, uint64_t pc)
{
  t->cpu->state.pc = pc & ~(uint64_t)(t->cpu->isa->insn_align - 1);
  if (s->target->moved != NULL)
    s->target->moved (t);
}

/* The commands of before vCont: the thread of Hc as it says, all others go on. */
static GdbNext
resume_old (GdbServer *s, const char *args, GdbAction action, unsigned signal)
{
  GdbThread *t = s->resume > 0 ? gdb_server_find (s, s->resume) : gdb_server_general (s);
  uint64_t pc;
  if (t == NULL)
    return gdb_error (s, ESRCH);
  if (*args != '\0') {
    if (!gdb_parse_hex_end (&args, '\0', &pc))
      return gdb_error (s, EINVAL);
    set_pc (s, t, pc);
  }
  const Order orders[] = { { .id = t->id, .action = action, .signal = signal },
                           { .id = -1, .action = GDB_CONTINUE } };
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
  unsigned signal;
  if (!parse_signal (&args, &signal) || (*args != '\0' && *args++ != ';'))
    return gdb_error (s, EINVAL);
  return resume_old (s, args, action, signal);
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
