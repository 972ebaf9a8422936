/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Frames, acknowledgements, and bytes that are neither. */

#include "fake-target.h"

#include <string.h>

static void
expect_bytes (Fake *f, const char *in, const char *out)
{
  g_string_truncate (f->out, 0);
  fake_bytes (f, in, strlen (in));
  g_assert_cmpstr (f->out->str, ==, out);
}

static void
test_acknowledgements (void)
{
  Fake *f = fake_new (1);
  expect_bytes (f, "-", ""); /* nothing was sent yet */
  expect_bytes (f, "$qAttached#8f", "+$1#31");
  expect_bytes (f, "+", "");
  expect_bytes (f, "-", "$1#31");
  expect_bytes (f, "$qAttached#00", "-");
  expect_bytes (f, "$qAttached#zz", "-");
  expect_bytes (f, "noise\x7f%$half$qAttached#8F", "+$1#31");
  expect_bytes (f, "$QStartNoAckMode#b0", "+$OK#9a");
  expect_bytes (f, "$qAttached#8f", "$1#31");
  expect_bytes (f, "$qAttached#00", "");
  expect_bytes (f, "-", "");
  /* The next gdb has agreed on nothing. */
  gdb_server_restart (&f->server);
  expect_bytes (f, "$qAttached#8f", "+$1#31");
  fake_free (f);
}

static void
test_byte_by_byte (void)
{
  const char *text = "$qAttached#8f";
  Fake *f = fake_new (1);
  for (size_t i = 0; i + 1 < strlen (text); i++)
    fake_bytes (f, text + i, 1);
  g_assert_cmpuint (f->out->len, ==, 0);
  fake_bytes (f, "f", 1);
  g_assert_cmpstr (f->out->str, ==, "+$1#31");
  fake_free (f);
}

/* As long as a packet may be, and longer. */
static void
test_length (void)
{
  Fake *f = fake_new (1);
  g_autofree char *text = g_strnfill (10 * GDB_PACKET_MAX, 'y');
  for (size_t size = GDB_PACKET_MAX - 1; size < GDB_PACKET_MAX + 2; size++) {
    g_string_truncate (f->out, 0);
    fake_packet (f, text, size);
    g_assert_cmpstr (f->out->str, ==, size > GDB_PACKET_MAX ? "+$E22#a9" : "+$#00");
  }
  g_string_truncate (f->out, 0);
  fake_packet (f, text, 10 * GDB_PACKET_MAX);
  g_assert_cmpstr (f->out->str, ==, "+$E22#a9");
  expect_bytes (f, "$qAttached#8f", "+$1#31");
  fake_free (f);
}

/* What is escaped on the way out and in is the same again. */
static void
test_escapes (void)
{
  static GdbReader reader;
  uint8_t bytes[256];
  g_autoptr (GString) packet = g_string_new (NULL);
  GdbIn in = GDB_IN_NOTHING;
  for (unsigned i = 0; i < sizeof bytes; i++)
    bytes[i] = (uint8_t)i;
  gdb_frame (packet, bytes, sizeof bytes);
  for (gsize i = 0; i < packet->len; i++) {
    g_assert_cmpint (in, ==, GDB_IN_NOTHING);
    in = gdb_reader_byte (&reader, (uint8_t)packet->str[i]);
  }
  g_assert_cmpint (in, ==, GDB_IN_PACKET);
  g_assert_cmpmem (reader.data, reader.size, bytes, sizeof bytes);
}

static void
test_interrupt (void)
{
  const GdbStop stop = { .kind = GDB_STOP_SIGNAL, .value = GDB_SIGNAL_INT };
  Fake *f = fake_new (1);
  /* Of a guest that stands: gdb is not told twice. */
  g_assert_cmpint (fake_bytes (f, "\x03", 1), ==, GDB_STAY);
  g_assert_cmpint (fake_packet (f, "c", 1), ==, GDB_RESUME);
  g_assert_cmpstr (f->out->str, ==, "+");
  /* While it runs commands get no answer, nor does a packet that is too long. */
  g_string_truncate (f->out, 0);
  g_assert_cmpint (fake_packet (f, "g", 1), ==, GDB_STAY);
  g_assert_cmpint (fake_packet (f, "c", 1), ==, GDB_STAY);
  g_autofree char *text = g_strnfill (GDB_PACKET_MAX + 1, 'y');
  g_assert_cmpint (fake_packet (f, text, GDB_PACKET_MAX + 1), ==, GDB_STAY);
  g_assert_cmpstr (f->out->str, ==, "+++");
  /* Inside a packet it is a byte like any other. */
  g_assert_cmpint (fake_packet (f, "\x03", 1), ==, GDB_STAY);
  g_assert_cmpint (fake_bytes (f, "\x03", 1), ==, GDB_INTERRUPT);
  gdb_server_tell (&f->server, &f->threads[0]->gdb, &stop);
  fake_expect (f, "qAttached", "1");
  fake_free (f);
}

/* Any bytes, in frames and without: the server answers in whole packets, and still does what it should. */
static void
test_random (void)
{
  static const char letters[] = "?CDGHMPQSTXZcgkmpqsvz0123456789abcdef,:;=-.$#}+\x03qXfer:Cont;rp1.";
  static const GdbStop stop = { .kind = GDB_STOP_IDLE };
  Fake *f = fake_new (3);
  GRand *random = g_rand_new_with_seed (7);
  for (unsigned i = 0; i < 50000; i++) {
    char data[40];
    size_t size = g_rand_int_range (random, 0, sizeof data);
    for (size_t k = 0; k < size; k++)
      data[k] = g_rand_boolean (random) ? letters[g_rand_int_range (random, 0, sizeof letters)]
                                        : (char)g_rand_int_range (random, 0, 256);
    if (g_rand_int_range (random, 0, 4) == 0)
      fake_bytes (f, data, size);
    else
      fake_packet (f, data, size);
    if (f->server.running)
      gdb_server_tell (&f->server, &f->threads[i % 3]->gdb, &stop);
    g_string_truncate (f->out, 0);
  }
  g_rand_free (random);
  /* The last may have begun a packet. */
  gdb_server_restart (&f->server);
  fake_expect (f, "qAttached", "1");
  fake_expect (f, "qfThreadInfo", "m1,2,3");
  fake_free (f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gdb/packet/acknowledgements", test_acknowledgements);
  g_test_add_func ("/gdb/packet/byte-by-byte", test_byte_by_byte);
  g_test_add_func ("/gdb/packet/length", test_length);
  g_test_add_func ("/gdb/packet/escapes", test_escapes);
  g_test_add_func ("/gdb/packet/interrupt", test_interrupt);
  g_test_add_func ("/gdb/packet/random", test_random);
  return g_test_run ();
}
