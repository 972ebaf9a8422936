/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Threads, how they go on, what they stop for, breakpoints and watchpoints. */

#include "fake-target.h"

#include "translate.h"
#include <setjmp.h>
#include <string.h>

static void
resume (Fake *f, const char *command)
{
  g_string_truncate (f->out, 0);
  g_assert_cmpint (fake_packet (f, command, strlen (command)), ==, GDB_RESUME);
  g_assert_cmpstr (f->out->str, ==, "+");
  g_assert_true (f->server.running);
}

/* Tells of a stop, which lets gdb give commands again. */
static void
tell (Fake *f, unsigned index, GdbStop stop, const char *expected)
{
  g_string_truncate (f->out, 0);
  gdb_server_tell (&f->server, &f->threads[index]->gdb, &stop);
  GString *told = fake_take (f);
  g_assert_cmpstr (told->str, ==, expected);
  g_string_free (told, TRUE);
}

static void
tell_trap (Fake *f, unsigned index)
{
  g_autofree char *expected = g_strdup_printf ("T05thread:%x;", index + 1);
  tell (f, index, (GdbStop){ .kind = GDB_STOP_SIGNAL, .value = GDB_SIGNAL_TRAP }, expected);
}

/* ---- threads ---- */

static void
test_threads (void)
{
  Fake *f = fake_new (600);
  unsigned n = 0, packets = 0;
  for (const char *command = "qfThreadInfo";; command = "qsThreadInfo") {
    g_string_truncate (f->out, 0);
    fake_packet (f, command, strlen (command));
    g_autoptr (GString) part = fake_take (f);
    if (strcmp (part->str, "l") == 0)
      break;
    g_auto (GStrv) ids = g_strsplit (part->str + 1, ",", -1);
    for (unsigned i = 0; ids[i] != NULL; i++)
      g_assert_cmpuint (g_ascii_strtoull (ids[i], NULL, 16), ==, ++n);
    packets++;
  }
  g_assert_cmpuint (n, ==, 600);
  g_assert_cmpuint (packets, ==, 3);
  fake_expect (f, "T258", "OK");
  fake_expect (f, "T259", "E03");
  fake_expect (f, "Hgp99.20", "OK");
  fake_expect (f, "qC", "QC20");
  fake_expect (f, "Hgp99.-1", "OK");
  fake_expect (f, "qC", "QC1");
  fake_expect (f, "qThreadExtraInfo,1", "3c746872656164202620313e");
  fake_free (f);
}

/* The one that was told of last goes. */
static void
test_removed (void)
{
  Fake *f = fake_new (3);
  tell_trap (f, 1);
  fake_expect (f, "qC", "QC2");
  gdb_server_remove (&f->server, &f->threads[1]->gdb);
  fake_expect (f, "?", "T05");
  fake_expect (f, "qC", "E03"); /* the stop has set Hg to it */
  fake_expect (f, "Hg0", "OK");
  fake_expect (f, "qC", "QC1");
  fake_free (f);
}

/* ---- going on ---- */

static void
check_actions (Fake *f, GdbAction a, GdbAction b, GdbAction c)
{
  const GdbAction expected[] = { a, b, c };
  for (unsigned i = 0; i < 3; i++)
    g_assert_cmpint (f->threads[i]->gdb.action, ==, expected[i]);
}

static void
test_actions (void)
{
  static const struct {
    const char *command;
    GdbAction actions[3];
    unsigned signals[3];
  } cases[] = {
    { "vCont;c", { GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE }, { 0 } },
    { "vCont;s:2", { GDB_HOLD, GDB_STEP, GDB_HOLD }, { 0 } },
    { "vCont;s:2;c", { GDB_CONTINUE, GDB_STEP, GDB_CONTINUE }, { 0 } },
    { "vCont;c;s:2", { GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE }, { 0 } }, /* the first that fits */
    { "vCont;t:1;C1e:p99.3;S5", { GDB_HOLD, GDB_STEP, GDB_CONTINUE }, { 0, 5, 0x1e } },
    { "vCont;s:p99.-1", { GDB_STEP, GDB_STEP, GDB_STEP }, { 0 } },
    { "vCont;s:p99", { GDB_STEP, GDB_STEP, GDB_STEP }, { 0 } },
    { "vCont;r100,200:1", { GDB_STEP, GDB_HOLD, GDB_HOLD }, { 0 } },
    { "c", { GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE }, { 0 } },
    { "s", { GDB_STEP, GDB_CONTINUE, GDB_CONTINUE }, { 0 } },
    { "C0f", { GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE }, { 0x0f } },
    { "S0f;400", { GDB_STEP, GDB_CONTINUE, GDB_CONTINUE }, { 0x0f } },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    Fake *f = fake_new (3);
    resume (f, cases[i].command);
    check_actions (f, cases[i].actions[0], cases[i].actions[1], cases[i].actions[2]);
    for (unsigned k = 0; k < 3; k++)
      g_assert_cmpuint (f->threads[k]->signal, ==, cases[i].signals[k]);
    fake_free (f);
  }
}

static void
test_going_on (void)
{
  Fake *f = fake_new (3);
  fake_expect (f, "Hc3", "OK");
  resume (f, "s");
  check_actions (f, GDB_CONTINUE, GDB_CONTINUE, GDB_STEP);
  tell_trap (f, 1);
  resume (f, "s"); /* the stop has chosen the thread anew */
  check_actions (f, GDB_CONTINUE, GDB_STEP, GDB_CONTINUE);
  tell_trap (f, 1);
  /* From another place, at an instruction's start. */
  resume (f, "c1235");
  g_assert_cmpuint (f->threads[1]->cpu.state.pc, ==, 0x1234);
  g_assert_cmpuint (f->threads[1]->moved, ==, 1);
  tell_trap (f, 1);
  /* An order that is wrong in the end has no effect at all. */
  fake_expect (f, "vCont;s:1;C7:2;q", "E22");
  check_actions (f, GDB_CONTINUE, GDB_CONTINUE, GDB_CONTINUE);
  g_assert_cmpuint (f->threads[1]->signal, ==, 0);
  fake_free (f);
}

static void
test_steps (void)
{
  Fake *f = fake_new (1);
  GdbThread *t = &f->threads[0]->gdb;
  resume (f, "vCont;r100,110:1");
  g_assert_true (gdb_thread_steps (t));
  static const struct {
    uint64_t pc;
    bool done;
  } cases[] = { { 0x100, false }, { 0x10f, false }, { 0x110, true }, { 0xff, true }, { 0x108, true } };
  tell_trap (f, 0);
  fake_expect (f, "Z0,108,2", "OK");
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    t->cpu->state.pc = cases[i].pc;
    g_assert_cmpint (gdb_step_done (&f->server, t), ==, cases[i].done);
  }
  resume (f, "vCont;s:1");
  t->cpu->state.pc = 0x100;
  g_assert_true (gdb_step_done (&f->server, t));
  fake_free (f);
}

static void
test_stops (void)
{
  Fake *f = fake_new (2);
  const GdbStop idle = { .kind = GDB_STOP_IDLE }, exited = { .kind = GDB_STOP_EXITED, .value = 0x12a },
                killed = { .kind = GDB_STOP_KILLED, .value = 9 };
  tell (f, 1, (GdbStop){ .kind = GDB_STOP_SIGNAL, .value = 11 }, "T0bthread:2;");
  tell (f, 0, (GdbStop){ .kind = GDB_STOP_WATCH, .watch = GDB_WATCH_READ, .addr = 0x1234 },
        "T05rwatch:1234;thread:1;");
  fake_expect (f, "?", "T05rwatch:1234;thread:1;");
  tell (f, 0, idle, "T00thread:1;");
  tell (f, 0, exited, "W2a");
  tell (f, 0, killed, "X09");
  fake_packet (f, "qSupported:multiprocess+;no-resumed+", 36);
  tell (f, 1, (GdbStop){ .kind = GDB_STOP_WATCH, .watch = GDB_WATCH_ACCESS, .addr = G_MAXUINT64 },
        "T05awatch:ffffffffffffffff;thread:p99.2;");
  tell (f, 0, idle, "N");
  resume (f, "c");
  tell (f, 0, exited, "W2a;process:99");
  g_assert_true (f->server.running); /* after its end nobody can be asked */
  fake_free (f);
}

/* ---- breakpoints ---- */

static void
test_breakpoints (void)
{
  Fake *f = fake_new (1);
  fake_expect (f, "Z0,100,2", "OK");
  fake_expect (f, "Z1,100,4", "OK"); /* twice is like once */
  g_assert_true (gdb_has_breakpoint (&f->server, 0x100));
  g_assert_false (translate_is_breakpoint (0x100)); /* until something is to run */
  gdb_sync_breakpoints (&f->server);
  g_assert_true (translate_is_breakpoint (0x100));
  fake_expect (f, "z0,100,2", "OK");
  fake_expect (f, "z0,100,2", "OK");
  fake_expect (f, "Z0,ffffffffffffffff,2;X1,0", "OK");
  g_assert_false (gdb_has_breakpoint (&f->server, 0x100));
  gdb_sync_breakpoints (&f->server);
  gdb_sync_breakpoints (&f->server);
  g_assert_false (translate_is_breakpoint (0x100));
  g_assert_true (translate_is_breakpoint (G_MAXUINT64));
  gdb_remove_points (&f->server);
  g_assert_false (translate_is_breakpoint (G_MAXUINT64));
  fake_expect (f, "Z5,100,2", "");
  fake_free (f);
}

static void
test_too_many_breakpoints (void)
{
  Fake *f = fake_new (1);
  for (unsigned i = 0; i < 65536; i++) {
    g_autofree char *command = g_strdup_printf ("Z0,%x,2", 2 * i);
    fake_packet (f, command, strlen (command));
  }
  fake_expect (f, "Z0,100000,2", "E28");
  fake_expect (f, "Z0,100,2", "OK"); /* there already */
  fake_expect (f, "z0,100,2", "OK");
  fake_expect (f, "Z0,100000,2", "OK");
  fake_free (f);
}

/* ---- watchpoints ---- */

static void
test_watch_limits (void)
{
  Fake *f = fake_new (2);
  const IrMemOps *before = f->threads[1]->cpu.state.mem;
  for (unsigned i = 0; i < 64; i++) {
    g_autofree char *command = g_strdup_printf ("Z%u,%x,8", 2 + i % 3, 0x1000 + 8 * i);
    fake_expect (f, command, "OK");
    fake_expect (f, command, "OK");
  }
  fake_expect (f, "Z2,9000,8", "E28");
  fake_expect (f, "z2,1000,4", "E02"); /* another size: another watchpoint */
  fake_expect (f, "z3,1000,8", "E02");
  fake_expect (f, "z2,1000,8", "OK");
  fake_expect (f, "Z2,9000,8", "OK");
  g_assert_true (gdb_watch_exists (0x9000));
  g_assert_true (f->threads[1]->cpu.interpret);
  gdb_remove_points (&f->server);
  g_assert_false (gdb_watch_exists (0x9000));
  g_assert_false (f->threads[1]->cpu.interpret);
  g_assert_true (f->threads[1]->cpu.state.mem == before);
  fake_free (f);
}

/* True if the access leaves guest code. */
static bool
leaves (FakeThread *t, char access, uint64_t addr, unsigned size)
{
  IrState *s = &t->cpu.state;
  uint64_t wide[2] = { 0 };
  sigjmp_buf leave;
  s->leave = &leave;
  int reason = sigsetjmp (leave, 0);
  if (reason != 0) {
    g_assert_cmpint (reason, ==, IR_EXIT_DEBUG);
    return true;
  }
  switch (access) {
    case 'r': g_assert_cmpuint (s->mem->load (s, addr, size), ==, addr + size); break;
    case 'w': s->mem->store (s, addr, size, 0); break;
    case 'm': s->mem->rmw (s, addr, size, 0, 0); break;
    case 'c': s->mem->cas (s, addr, size, 0, 0); break;
    default: s->mem->cas16 (s, addr, wide, wide, wide); break;
  }
  return false;
}

static void
test_watched_accesses (void)
{
  static const struct {
    char access;
    uint64_t addr;
    unsigned size;
    GdbWatchKind hit;
  } cases[] = {
    { 'r', 0x1000, 4, GDB_WATCH_READ },
    { 'w', 0x1000, 4, 0 },
    { 'w', 0x2000, 4, GDB_WATCH_WRITE },
    { 'r', 0x2000, 4, 0 },
    { 'r', 0x3000, 4, GDB_WATCH_ACCESS },
    { 'w', 0x3000, 4, GDB_WATCH_ACCESS },
    { 'm', 0x1000, 4, GDB_WATCH_READ },
    { 'm', 0x2000, 4, GDB_WATCH_WRITE },
    { 'c', 0x2000, 4, GDB_WATCH_WRITE },
    { '1', 0x1ff8, 16, GDB_WATCH_WRITE },
    /* Their bounds. */
    { 'r', 0xffc, 4, 0 },
    { 'r', 0xffd, 4, GDB_WATCH_READ },
    { 'r', 0x1007, 1, GDB_WATCH_READ },
    { 'r', 0x1008, 8, 0 },
    { 'r', G_MAXUINT64, 1, GDB_WATCH_READ },
    { 'r', 0, 8, 0 },
  };
  Fake *f = fake_new (1);
  FakeThread *t = f->threads[0];
  fake_expect (f, "Z3,1000,8", "OK");
  fake_expect (f, "Z2,2000,8", "OK");
  fake_expect (f, "Z4,3000,8", "OK");
  fake_expect (f, "Z3,ffffffffffffffff,1", "OK");
  f->self = &t->gdb;
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    gdb_watch_cancel (&t->gdb);
    g_assert_cmpint (leaves (t, cases[i].access, cases[i].addr, cases[i].size), ==, cases[i].hit != 0);
    g_assert_cmpint (gdb_watch_stopped (&t->gdb), ==, cases[i].hit != 0);
    if (cases[i].hit == 0)
      continue;
    /* Once more, now that it may pass. */
    g_assert_false (leaves (t, cases[i].access, cases[i].addr, cases[i].size));
    g_assert_cmpint (t->gdb.hit, ==, cases[i].hit);
  }
  /* A thread that is not debugged. */
  f->self = NULL;
  g_assert_false (leaves (t, 'r', 0x1000, 4));
  fake_free (f);
}

/* Before the access, through it, and after it. */
static void
test_passing (void)
{
  Fake *f = fake_new (1);
  FakeThread *t = f->threads[0];
  f->self = &t->gdb;
  fake_expect (f, "Z2,1000,8", "OK");
  resume (f, "c");
  g_assert_false (gdb_watch_stopped (&t->gdb)); /* of a breakpoint */
  g_assert_true (leaves (t, 'w', 0x1004, 4));
  g_assert_true (gdb_watch_stopped (&t->gdb));
  g_assert_cmpint (t->gdb.watch, ==, GDB_WATCH_PASSING);
  g_assert_cmpint (t->gdb.hit, ==, 0);
  g_assert_true (gdb_thread_steps (&t->gdb));
  g_assert_false (leaves (t, 'w', 0x1004, 4));
  g_assert_true (gdb_watch_stopped (&t->gdb));
  g_assert_cmpint (t->gdb.hit, ==, GDB_WATCH_WRITE);
  g_assert_cmpuint (t->gdb.hit_addr, ==, 0x1000);
  g_assert_false (gdb_thread_steps (&t->gdb));
  /* The instruction faults instead: nothing is to report. */
  gdb_watch_cancel (&t->gdb);
  g_assert_true (leaves (t, 'w', 0x1004, 4));
  g_assert_true (gdb_watch_stopped (&t->gdb));
  g_assert_false (gdb_watch_stopped (&t->gdb));
  g_assert_cmpint (t->gdb.hit, ==, 0);
  fake_free (f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gdb/run/threads", test_threads);
  g_test_add_func ("/gdb/run/removed", test_removed);
  g_test_add_func ("/gdb/run/actions", test_actions);
  g_test_add_func ("/gdb/run/going-on", test_going_on);
  g_test_add_func ("/gdb/run/steps", test_steps);
  g_test_add_func ("/gdb/run/stops", test_stops);
  g_test_add_func ("/gdb/run/breakpoints", test_breakpoints);
  g_test_add_func ("/gdb/run/too-many-breakpoints", test_too_many_breakpoints);
  g_test_add_func ("/gdb/run/watch-limits", test_watch_limits);
  g_test_add_func ("/gdb/run/watched-accesses", test_watched_accesses);
  g_test_add_func ("/gdb/run/passing", test_passing);
  return g_test_run ();
}
