/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Letting vCPUs go on, each by an action of its own, and what they stop for. */

#include "gdb-machine-private.h"

#include <errno.h>

typedef struct {
  int id; /* -1: all */
  GdbAction action;
  uint64_t start, end;
} Order;

/* ---- commands ---- */

/* The first order that fits a vCPU is the one; others stay. */
static Order
order_for (unsigned index, const Order *orders, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    if (orders[i].id <= 0 || (unsigned)orders[i].id == index + 1)
      return orders[i];
  return (Order){ .action = GDB_HOLD };
}

static GdbNext
obey_all (GdbMachine *s, const Order *orders, unsigned n)
{
  bool any = false;
  for (unsigned i = 0; i < s->n_vcpus; i++)
    any = any || order_for (i, orders, n).action != GDB_HOLD;
  if (!any)
    return gdb_error (s, ESRCH);
  for (unsigned i = 0; i < s->n_vcpus; i++) {
    Order order = order_for (i, orders, n);
    s->vcpus[i].action = order.action;
    s->vcpus[i].range_start = order.start;
    s->vcpus[i].range_end = order.end;
  }
  return GDB_RESUME;
}

/* Signals mean nothing to a machine. */
static bool
skip_signal (const char **args)
{
  uint64_t number;
  return gdb_parse_hex (args, &number);
}

static bool
parse_action (const char **args, Order *order)
{
  char letter = *(*args)++;
  order->action = letter == 's' || letter == 'S' || letter == 'r' ? GDB_STEP : GDB_CONTINUE;
  switch (letter) {
    case 'c':
    case 's': return true;
    case 'C':
    case 'S': return skip_signal (args);
    case 'r': return gdb_parse_hex_end (args, ',', &order->start) && gdb_parse_hex (args, &order->end);
    default: return false;
  }
}

GdbNext
gdb_vcont_query (GdbMachine *s, const char *args, size_t size)
{
  g_string_append (s->reply, "vCont;c;C;s;S;r");
  return GDB_STAY;
}

GdbNext
gdb_vcont (GdbMachine *s, const char *args, size_t size)
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

/* The commands of before vCont: the vCPU of Hc as it says, all others go on. */
static GdbNext
resume_old (GdbMachine *s, const char *args, GdbAction action)
{
  unsigned index = s->resume > 0 ? (unsigned)s->resume - 1 : (unsigned)(gdb_general (s) - s->vcpus);
  uint64_t pc;
  if (*args != '\0') {
    Cpu *cpu = s->vcpus[index].cpu;
    if (!gdb_parse_hex_end (&args, '\0', &pc))
      return gdb_error (s, EINVAL);
    cpu->state.pc = pc & ~(uint64_t)(cpu->isa->insn_align - 1);
  }
  const Order orders[] = { { .id = (int)index + 1, .action = action }, { .id = -1, .action = GDB_CONTINUE } };
  return obey_all (s, orders, G_N_ELEMENTS (orders));
}

GdbNext
gdb_continue (GdbMachine *s, const char *args, size_t size)
{
  return resume_old (s, args, GDB_CONTINUE);
}

GdbNext
gdb_step (GdbMachine *s, const char *args, size_t size)
{
  return resume_old (s, args, GDB_STEP);
}

static GdbNext
resume_with_signal (GdbMachine *s, const char *args, GdbAction action)
{
  if (!skip_signal (&args) || (*args != '\0' && *args++ != ';'))
    return gdb_error (s, EINVAL);
  return resume_old (s, args, action);
}

GdbNext
gdb_continue_signal (GdbMachine *s, const char *args, size_t size)
{
  return resume_with_signal (s, args, GDB_CONTINUE);
}

GdbNext
gdb_step_signal (GdbMachine *s, const char *args, size_t size)
{
  return resume_with_signal (s, args, GDB_STEP);
}

/* ---- running ---- */

static void
set_running (GdbMachine *s)
{
  bool full_speed = false;
  for (unsigned i = 0; i < s->n_vcpus; i++) {
    GdbVcpu *v = &s->vcpus[i];
    bool step = v->action == GDB_STEP || v->watch == GDB_WATCH_PASSING;
    vcpu_hold (v->vcpu, v->action == GDB_HOLD);
    /* A step begins where a breakpoint may stand. */
    v->cpu->single_step = v->cpu->ignore_breakpoints = step;
    full_speed = full_speed || (v->action == GDB_CONTINUE && !step);
  }
  if (full_speed)
    gdb_sync_points (s);
  s->running = true;
  s->stopping = true;
  machine_start (s->machine);
  s->stopping = false;
}

/* After a stop no vCPU is special: others than gdb may let the machine go on. */
static void
set_standing (GdbMachine *s)
{
  s->running = false;
  for (unsigned i = 0; i < s->n_vcpus; i++) {
    vcpu_hold (s->vcpus[i].vcpu, false);
    s->vcpus[i].cpu->single_step = s->vcpus[i].cpu->ignore_breakpoints = false;
  }
}

static void
tell (GdbMachine *s)
{
  g_string_truncate (s->reply, 0);
  gdb_append_stop (s, s->reply);
  gdb_send (s, s->reply->str, s->reply->len);
}

void
gdb_report (GdbMachine *s, unsigned index, unsigned signal)
{
  GdbVcpu *v = &s->vcpus[index];
  set_standing (s);
  s->current = index;
  s->general = s->resume = (int)index + 1;
  s->signal = signal;
  s->watch = v->hit_kind != 0 && signal == GDB_SIGNAL_TRAP ? gdb_watch_name (v->hit_kind) : NULL;
  s->watch_addr = v->hit_addr;
  if (s->watch != NULL)
    gdb_watch_cancel (v);
  tell (s);
}

/* One whose access gdb has not heard of, as another vCPU's stop was told; or NULL. */
static GdbVcpu *
find_unreported (GdbMachine *s)
{
  for (unsigned i = 0; i < s->n_vcpus; i++)
    if (s->vcpus[i].watch != GDB_WATCH_ARMED && s->vcpus[i].hit_kind != 0 && s->vcpus[i].action != GDB_HOLD)
      return &s->vcpus[i];
  return NULL;
}

void
gdb_run (GdbMachine *s)
{
  GdbVcpu *unreported = find_unreported (s);
  if (unreported != NULL) {
    gdb_report (s, (unsigned)(unreported - s->vcpus), GDB_SIGNAL_TRAP);
    return;
  }
  set_running (s);
  /* A guest that has powered off stays as it is. */
  if (s->machine->state != MACHINE_RUNNING && s->running)
    gdb_report (s, s->current, GDB_SIGNAL_0);
}

void
gdb_interrupt (GdbMachine *s)
{
  s->stopping = true;
  machine_stop (s->machine, MACHINE_DEBUG);
  s->stopping = false;
  /* The one that was told last, unless it was held. */
  unsigned index = s->current;
  for (unsigned i = 0; i < s->n_vcpus && s->vcpus[index].action == GDB_HOLD; i++)
    index = i;
  gdb_report (s, index, GDB_SIGNAL_INT);
}

/* Whether gdb hears of it. */
static bool
is_stop (GdbMachine *s, GdbVcpu *v)
{
  uint64_t pc = v->cpu->state.pc;
  bool stepped = v->cpu->single_step;
  if (gdb_watch_stopped (v)) {
    if (v->watch == GDB_WATCH_PASSING)
      return false;
    return v->hit_kind != 0 || v->action == GDB_STEP;
  }
  if (gdb_has_breakpoint (s, pc))
    return true;
  if (!stepped || v->action != GDB_STEP)
    return false;
  return pc < v->range_start || pc >= v->range_end;
}

void
gdb_on_debug (void *opaque, Vcpu *vcpu)
{
  GdbMachine *s = opaque;
  GdbVcpu *v = &s->vcpus[vcpu_index (vcpu)];
  /* gdb has heard of another stop meanwhile: the breakpoint is come to again, the access done again. */
  if (!s->running)
    return;
  if (is_stop (s, v))
    gdb_report (s, vcpu_index (vcpu), GDB_SIGNAL_TRAP);
  else
    set_running (s);
}

void
gdb_let_go (GdbMachine *s)
{
  s->stopping = true;
  bool was_running = s->running;
  if (was_running)
    machine_stop (s->machine, MACHINE_DEBUG);
  set_standing (s);
  for (unsigned i = 0; i < s->n_vcpus; i++)
    gdb_watch_cancel (&s->vcpus[i]);
  gdb_remove_all_points (s);
  if (s->machine->state == MACHINE_DEBUG)
    machine_start (s->machine);
  s->stopping = false;
}
