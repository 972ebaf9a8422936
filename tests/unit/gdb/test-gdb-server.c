/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Commands about registers, memory and objects, good and bad. */

#include "fake-target.h"

#include <string.h>

static void
test_supported (void)
{
  Fake *f = fake_new (2);
  fake_expect (f, "qSupported:swbreak+",
               "PacketSize=4000;QStartNoAckMode+;vContSupported+;qOwn+"
               ";qXfer:features:read+;qXfer:threads:read+;qXfer:object:read+");
  g_assert_false (f->server.multiprocess);
  fake_expect (f, "qfThreadInfo", "m1,2");
  fake_expect (f, "qSupported:multiprocess+;no-resumed+",
               "PacketSize=4000;QStartNoAckMode+;vContSupported+;qOwn+;multiprocess+"
               ";qXfer:features:read+;qXfer:threads:read+;qXfer:object:read+");
  fake_expect (f, "qfThreadInfo", "mp99.1,p99.2");
  fake_expect (f, "qC", "QCp99.1");
  fake_free (f);
}

/* The target's commands come before the server's, and what neither knows has an empty answer. */
static void
test_dispatch (void)
{
  Fake *f = fake_new (1);
  fake_expect (f, "qOwn:ab", "own 2 ab");
  fake_expect (f, "qCurrent", "own 0 ");
  fake_expect (f, "qC", "QC1");
  fake_expect (f, "qCRC:0,0", "");
  static const char *const unknown[] = { "",    "!",   "vMustReplyEmpty", "vKil", "vCon", "qXfer", "Q",
                                         "R00", "\x80" };
  for (unsigned i = 0; i < G_N_ELEMENTS (unknown); i++)
    fake_expect (f, unknown[i], "");
  g_assert_cmpint (fake_packet (f, "D", 1), ==, GDB_DETACH);
  g_assert_cmpint (fake_packet (f, "vKill;1", 7), ==, GDB_KILL);
  g_string_truncate (f->out, 0);
  g_assert_cmpint (fake_packet (f, "k", 1), ==, GDB_KILL);
  g_assert_cmpstr (f->out->str, ==, "+"); /* it has no answer */
  fake_free (f);
}

static void
test_registers (void)
{
  Fake *f = fake_new (2);
  FakeThread *t = f->threads[0];
  t->registers[FAKE_R0] = 0x0123456789abcdef;
  t->registers[FAKE_SMALL] = 0xaabbccdd;
  t->registers[FAKE_CONTROL] = 5;
  t->cpu.state.pc = 0x1000;
  /* Without those that gdb asks for one by one. */
  fake_expect (f, "g",
               "efcdab8967452301"
               "0000000000000000"
               "0010000000000000"
               "ddccbbaa");
  fake_expect (f, "p4", "0500000000000000");
  fake_expect (f, "P4=0700000000000000", "OK");
  g_assert_cmpuint (t->registers[FAKE_CONTROL], ==, 7);
  g_assert_cmpuint (t->moved, ==, 0);
  fake_expect (f, "P2=0020000000000000", "OK");
  fake_expect (f, "P2=0020000000000000", "OK");
  g_assert_cmpuint (t->cpu.state.pc, ==, 0x2000);
  g_assert_cmpuint (t->moved, ==, 1); /* not when it stays */
  fake_expect (f, "G0100000000000000", "OK");
  g_assert_cmpuint (t->registers[FAKE_R0], ==, 1);
  g_assert_cmpuint (t->cpu.state.pc, ==, 0x2000);
  /* Of the thread that Hg names. */
  fake_expect (f, "Hg2", "OK");
  fake_expect (f, "P0=0900000000000000", "OK");
  g_assert_cmpuint (f->threads[1]->registers[FAKE_R0], ==, 9);
  g_assert_cmpuint (t->registers[FAKE_R0], ==, 1);
  fake_free (f);
}

static void
test_memory (void)
{
  Fake *f = fake_new (1);
  fake_expect (f, "M10ffe,4:01020304", "OK");
  g_assert_cmpuint (f->pieces, ==, 2); /* a page each */
  fake_expect (f, "m10ffe,4", "01020304");
  fake_expect (f, "m10ffe,0", "");
  /* As much as there is. */
  fake_expect (f, "m11ffe,8", "0000");
  fake_expect (f, "m12000,1", "E14");
  fake_expect (f, "mffffffffffffffff,2", "E14");
  g_assert_cmpint (fake_packet (f, "X10000,3:\x01\x00\x02", 12), ==, GDB_STAY);
  fake_expect (f, "m10000,3", "010002");
  fake_expect (f, "M11800,1:00", "E14");
  fake_expect (f, "X10000,0:", "OK");
  /* No more than a packet holds. */
  f->pieces = 0;
  fake_packet (f, "m10000,ffffffffffffffff", 23);
  g_assert_cmpuint (f->pieces, <=, 3);
  g_assert_cmpuint (f->out->len, <, GDB_PACKET_MAX + 100);
  fake_free (f);
}

/* In pieces of `length`; an object's bytes are its own, zeros included. */
static GString *
read_object (Fake *f, const char *name, unsigned length)
{
  GString *all = g_string_new (NULL);
  for (;;) {
    g_autofree char *command = g_strdup_printf ("qXfer:%s:%" G_GSIZE_MODIFIER "x,%x", name, all->len, length);
    g_string_truncate (f->out, 0);
    fake_packet (f, command, strlen (command));
    GString *part = fake_take (f);
    char first = part->str[0];
    g_assert_cmpuint (part->len, <=, length + 1);
    g_string_append_len (all, part->str + 1, (gssize)part->len - 1);
    g_string_free (part, TRUE);
    if (first == 'l')
      return all;
    g_assert_cmpint (first, ==, 'm');
  }
}

static void
test_objects (void)
{
  Fake *f = fake_new (2);
  for (unsigned length = 1; length < 6; length++) {
    g_autoptr (GString) own = read_object (f, "object:read:annex", length);
    g_assert_cmpmem (own->str, own->len, "}#\0$", 4);
  }
  g_autoptr (GString) features = read_object (f, "features:read:target.xml", 33);
  g_assert_nonnull (strstr (features->str, "<architecture>fake:arch</architecture>\n<osabi>fake</osabi>"));
  g_assert_nonnull (strstr (features->str,
                            "<feature name=\"fake.float\">\n<reg name=\"small\" bitsize=\"32\" "
                            "type=\"int\" group=\"float\" regnum=\"3\"/>\n</feature>"));
  g_assert_true (g_str_has_suffix (features->str, "</feature>\n</target>\n"));
  g_autoptr (GString) threads = read_object (f, "threads:read:", 0x1000);
  g_assert_nonnull (strstr (threads->str, "<thread id=\"2\" name=\"&lt;thread &amp; 2&gt;\"/>"));
  fake_expect (f, "qXfer:object:read:other:0,10", "E02");
  fake_expect (f, "qXfer:features:read:other.xml:0,10", "E02");
  fake_expect (f, "qXfer:object:read:annex:ffffffffffffffff,ffffffffffffffff", "l");
  fake_expect (f, "qXfer:object:write:annex:0:00", "");
  fake_expect (f, "qXfer:other:read::0,10", "");
  fake_free (f);
}

static void
test_monitor (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  Fake *f = fake_new (1);
  unsigned packets = 0;
  fake_packet (f, "qRcmd,68656c70", 14);
  g_assert_cmpstr (f->line->str, ==, "help");
  for (GString *part = fake_take (f); part != NULL; part = fake_take (f)) {
    g_string_append (text, part->str);
    g_string_free (part, TRUE);
    packets++;
  }
  /* More than one packet of it, then OK. */
  g_assert_cmpuint (packets, >, 2);
  g_assert_cmpuint (text->len, ==, 20000 + (packets - 1) + 2);
  g_assert_true (g_str_has_suffix (text->str, "7878OK"));
  fake_expect (f, "qRcmd,6", "E22");
  fake_expect (f, "qRcmd,zz", "E22");
  fake_free (f);
}

static void
test_malformed (void)
{
  static const char *const commands[] = {
    "m",
    "m,",
    "mzz,1",
    "m0",
    "m0,1x",
    "m11111111111111111,1",
    "M0,1:00",
    "M10000,4:0011",
    "M10000,1:0",
    "M10000,1:000",
    "M10000,1:",
    "M10000,ffffffffffffffff:00",
    "X10000,5:ab",
    "X10000,1",
    "X10000,ffffffffffffffff:",
    "p",
    "p5",
    "pffffffffffffffff",
    "p-1",
    "P",
    "P2",
    "P2=12",
    "P5=00",
    "P2=zz00000000000000",
    "G1",
    "Gxy",
    "H",
    "Hg",
    "Hgp",
    "Hgp99.",
    "Hgp98.1",
    "Hg3",
    "Hx0",
    "T",
    "T0",
    "T-1",
    "T1x",
    "Tffffffffffffffffff",
    "Z",
    "Z0",
    "Z0,",
    "Z0,0",
    "Zx,0,0",
    "Z2,0,0",
    "z4,10,4",
    "vCont",
    "vCont;",
    "vCont;q",
    "vCont;c:",
    "vCont;c:p98.1",
    "vCont;c:7",
    "vCont;C",
    "vCont;C100",
    "vCont;r1",
    "vCont;rzz,1:1",
    "vCont;t",
    "vCont;c:1x",
    "Cxyz",
    "C5;zz",
    "C100",
    "czz",
    "s5x",
    "C",
    "qThreadExtraInfo,",
    "qThreadExtraInfo,zz",
    "qThreadExtraInfo,0",
    "qXfer:object:read:annex:",
    "qXfer:object:read:annex:z,1",
    "qXfer:object:read:annex:0,1,1",
  };
  Fake *f = fake_new (2);
  for (unsigned i = 0; i < G_N_ELEMENTS (commands); i++) {
    g_string_truncate (f->out, 0);
    g_test_message ("%s", commands[i]);
    g_assert_cmpint (fake_packet (f, commands[i], strlen (commands[i])), ==, GDB_STAY);
    GString *reply = fake_take (f);
    g_assert_true (reply->len == 3 && reply->str[0] == 'E');
    g_string_free (reply, TRUE);
  }
  g_assert_false (f->server.running);
  fake_free (f);
}

/* A process whose threads are all gone still answers. */
static void
test_no_threads (void)
{
  Fake *f = fake_new (1);
  gdb_server_remove (&f->server, &f->threads[0]->gdb);
  static const char *const about_threads[] = { "g", "G00", "p0",      "P0=00", "qC",
                                               "c", "s",   "vCont;c", "T1",    "Hg1" };
  for (unsigned i = 0; i < G_N_ELEMENTS (about_threads); i++)
    fake_expect (f, about_threads[i], "E03");
  fake_expect (f, "qXfer:features:read:target.xml:0,10", "E02");
  fake_expect (f, "qfThreadInfo", "l");
  fake_expect (f, "m10000,2", "0000");
  fake_expect (f, "?", "T05");
  fake_free (f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gdb/server/supported", test_supported);
  g_test_add_func ("/gdb/server/dispatch", test_dispatch);
  g_test_add_func ("/gdb/server/registers", test_registers);
  g_test_add_func ("/gdb/server/memory", test_memory);
  g_test_add_func ("/gdb/server/objects", test_objects);
  g_test_add_func ("/gdb/server/monitor", test_monitor);
  g_test_add_func ("/gdb/server/malformed", test_malformed);
  g_test_add_func ("/gdb/server/no-threads", test_no_threads);
  return g_test_run ();
}
