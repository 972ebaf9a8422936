/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The sequences are those of Linux's 8250 driver where it says so. */

#include "fake-chardev.h"
#include "platform.h"
#include "uart.h"

#define BASE 0x10000000
enum { RBR = BASE, THR = BASE, DLL = BASE, IER, DLM = IER, IIR, FCR = IIR, LCR, MCR, LSR, MSR, SCR };

static Uart *uart;
static Chardev *chr;
static IrqProbe irq;

static unsigned
in (uint64_t reg)
{
  return (unsigned)test_read (reg, 1);
}

static void
out (uint64_t reg, unsigned value)
{
  test_write (reg, 1, value);
}

static void
setup (void)
{
  platform_begin ();
  chr = fake_chardev_new ();
  irq = (IrqProbe){ 0 };
  uart = (Uart *)device_new (&uart_class, "/uart0");
  uart->irq = irq_probe_line (&irq);
  uart->clock = test_clock;
  uart->chr = chr;
  g_assert_true (device_realize (&uart->dev, NULL));
  device_reset (&uart->dev);
  memory_region_map (test_map, uart->region, BASE);
}

static void
teardown (void)
{
  device_free (&uart->dev);
  fake_chardev_free (chr);
  platform_end ();
}

/* serial8250's autoconfig(): how a 16550A is told from its relatives. */
static void
test_autoconfig (void)
{
  setup ();
  out (IER, 0);
  g_assert_cmphex (in (IER), ==, 0);
  out (IER, 0x0f);
  g_assert_cmphex (in (IER), ==, 0x0f);
  out (IER, 0xff);
  g_assert_cmphex (in (IER), ==, 0x0f);
  out (IER, 0);
  out (MCR, 0x1a);
  g_assert_cmphex (in (MSR) & 0xf0, ==, 0x90);
  out (MCR, 0);
  out (FCR, 1);
  g_assert_cmphex (in (IIR) & 0xf0, ==, 0xc0);
  /* Not a 16650: the register behind LCR 0xbf is IIR. Not a 16750: no FIFO of 64. */
  out (LCR, 0xbf);
  g_assert_cmphex (in (IIR), !=, 0);
  out (LCR, 0);
  out (FCR, 0x21);
  g_assert_cmphex (in (IIR) >> 5, ==, 6);
  out (FCR, 0);
  g_assert_cmphex (in (IIR), ==, 0x01);
  out (SCR, 0xa5);
  g_assert_cmphex (in (SCR), ==, 0xa5);
  out (LCR, 0x83);
  out (DLL, 2);
  out (DLM, 1);
  g_assert_cmphex (in (DLL), ==, 2);
  g_assert_cmphex (in (DLM), ==, 1);
  out (LCR, 0x03);
  g_assert_cmphex (in (IER), ==, 0);
  g_assert_cmphex (in (LSR), ==, 0x60);
  g_assert_cmphex (in (MSR), ==, 0xb2); /* DSR came back when the loop ended */
  g_assert_cmphex (in (MSR), ==, 0xb0);
  teardown ();
}

/* serial8250_do_startup()'s test whether THRI is raised whenever it is enabled. */
static void
test_thre (void)
{
  setup ();
  out (FCR, 0x81);
  out (IER, 0x02);
  g_assert_true (irq_level (&irq));
  g_assert_cmphex (in (IIR), ==, 0xc2);
  g_assert_false (irq_level (&irq));
  g_assert_cmphex (in (IIR), ==, 0xc1);
  out (IER, 0x00);
  out (IER, 0x02);
  g_assert_cmphex (in (IIR), ==, 0xc2);
  /* Sending: down while THR is full, which takes no time, and up again. */
  out (THR, 'a');
  g_assert_true (irq_level (&irq));
  g_assert_cmphex (in (LSR), ==, 0x60);
  g_assert_cmphex (in (IIR), ==, 0xc2);
  out (IER, 0);
  out (THR, 'b');
  g_assert_false (irq_level (&irq));
  g_assert_cmpstr (chr->out->str, ==, "ab");
  teardown ();
}

static void
test_blocked (void)
{
  setup ();
  out (FCR, 0x01);
  out (IER, 0x02);
  in (IIR);
  chr->blocked = true;
  for (unsigned i = 0; i < 16; i++)
    out (THR, 'a' + i);
  g_assert_cmphex (in (LSR), ==, 0x00);
  g_assert_false (irq_level (&irq));
  out (THR, '!'); /* full: lost */
  fake_chardev_unblock (chr);
  g_assert_cmpstr (chr->out->str, ==, "abcdefghijklmnop");
  g_assert_cmphex (in (LSR), ==, 0x60);
  g_assert_true (irq_level (&irq));
  /* Without FIFOs there is room for one. */
  out (FCR, 0);
  chr->blocked = true;
  out (THR, 'x');
  out (THR, 'y');
  fake_chardev_unblock (chr);
  g_assert_cmpstr (chr->out->str, ==, "abcdefghijklmnopx");
  /* FCR throws away what waits. */
  out (FCR, 1);
  chr->blocked = true;
  out (THR, 'z');
  out (FCR, 0x05);
  g_assert_cmphex (in (LSR), ==, 0x60);
  fake_chardev_unblock (chr);
  g_assert_cmpstr (chr->out->str, ==, "abcdefghijklmnopx");
  teardown ();
}

static void
test_receive (void)
{
  setup ();
  out (FCR, 0x81); /* trigger at 8 */
  out (IER, 0x01);
  fake_chardev_type (chr, "1234567", 7);
  g_assert_cmphex (in (LSR), ==, 0x61);
  g_assert_false (irq_level (&irq));
  fake_chardev_type (chr, "89", 2);
  g_assert_true (irq_level (&irq));
  g_assert_cmphex (in (IIR), ==, 0xc4);
  g_assert_cmpuint (in (RBR), ==, '1');
  g_assert_true (irq_level (&irq));
  g_assert_cmpuint (in (RBR), ==, '2');
  g_assert_false (irq_level (&irq));
  for (unsigned i = 3; i <= 9; i++)
    g_assert_cmpuint (in (RBR), ==, '0' + i);
  g_assert_cmphex (in (LSR), ==, 0x60);
  g_assert_cmphex (in (RBR), ==, 0);
  /* More than fits waits in the back end. */
  fake_chardev_type (chr, "abcdefghijklmnopqrstu", 21);
  g_assert_cmpuint (chr->in->len, ==, 5);
  for (unsigned i = 0; i < 21; i++)
    g_assert_cmpuint (in (RBR), ==, 'a' + i);
  g_assert_cmpuint (chr->in->len, ==, 0);
  g_assert_cmphex (in (LSR), ==, 0x60);
  /* Without FIFOs every character is told. */
  out (FCR, 0);
  fake_chardev_type (chr, "xy", 2);
  g_assert_cmphex (in (IIR), ==, 0x04);
  g_assert_cmpuint (in (RBR), ==, 'x');
  g_assert_cmphex (in (IIR), ==, 0x04);
  g_assert_cmpuint (in (RBR), ==, 'y');
  g_assert_cmphex (in (IIR), ==, 0x01);
  teardown ();
}

/* Fewer characters than the trigger are told after four character times. */
static void
test_timeout (void)
{
  setup ();
  clock_start (test_clock);
  out (LCR, 0x83);
  out (DLL, 2); /* 115200 baud */
  out (DLM, 0);
  out (LCR, 0x03);
  out (FCR, 0xc1);
  out (IER, 0x01);
  fake_chardev_type (chr, "hi", 2);
  g_assert_true (irq_wait (&irq, true));
  g_assert_cmphex (in (IIR), ==, 0xcc);
  g_assert_cmpint (clock_now (test_clock), >=, 4 * 10 * 8680);
  g_assert_cmpuint (in (RBR), ==, 'h');
  g_assert_true (irq_wait (&irq, true));
  g_assert_cmphex (in (IIR), ==, 0xcc);
  g_assert_cmpuint (in (RBR), ==, 'i');
  g_assert_false (irq_level (&irq));
  g_assert_cmpint (clock_timer_when (uart->rx_timer), ==, -1);
  clock_stop (test_clock);
  teardown ();
}

static void
test_loopback (void)
{
  setup ();
  out (FCR, 0x01);
  out (MCR, 0x10);
  in (MSR);
  out (THR, 'q');
  g_assert_cmpuint (chr->out->len, ==, 0);
  g_assert_cmphex (in (LSR), ==, 0x61);
  g_assert_cmpuint (in (RBR), ==, 'q');
  /* Outputs appear as inputs, with their changes. */
  out (IER, 0x08);
  out (MCR, 0x1f);
  g_assert_true (irq_level (&irq));
  g_assert_cmphex (in (IIR), ==, 0xc0);
  g_assert_cmphex (in (MSR), ==, 0xfb);
  g_assert_false (irq_level (&irq));
  out (MCR, 0x1b);
  g_assert_cmphex (in (MSR), ==, 0xb4);
  /* The line is cut off meanwhile; nothing of it is lost. */
  fake_chardev_type (chr, "later", 5);
  g_assert_cmphex (in (LSR), ==, 0x60);
  /* Overrun: the sender does not wait. */
  out (IER, 0x04);
  for (unsigned i = 0; i < 17; i++)
    out (THR, i);
  g_assert_cmphex (in (IIR), ==, 0xc6);
  g_assert_cmphex (in (LSR), ==, 0x63);
  g_assert_cmphex (in (LSR), ==, 0x61);
  g_assert_false (irq_level (&irq));
  for (unsigned i = 0; i < 16; i++)
    g_assert_cmpuint (in (RBR), ==, i);
  /* Without FIFOs the latest character stays. */
  out (FCR, 0);
  out (THR, 1);
  out (THR, 2);
  g_assert_cmphex (in (LSR), ==, 0x63);
  g_assert_cmpuint (in (RBR), ==, 2);
  out (LCR, 0x43);
  g_assert_cmphex (in (LSR), ==, 0x71);
  g_assert_cmpuint (in (RBR), ==, 0);
  out (FCR, 1);
  out (MCR, 0x00);
  g_assert_cmpuint (in (RBR), ==, 'l');
  teardown ();
}

/* A break is one character of zeroes, its mark seen when it has its turn. */
static void
test_break (void)
{
  setup ();
  out (FCR, 0x01);
  out (IER, 0x05);
  fake_chardev_type (chr, "a", 1);
  chr->frontend->line_break (chr->opaque);
  g_assert_cmphex (in (LSR), ==, 0xe1);
  g_assert_cmphex (in (IIR), ==, 0xc4);
  g_assert_cmpuint (in (RBR), ==, 'a');
  g_assert_cmphex (in (IIR), ==, 0xc6);
  g_assert_cmphex (in (LSR), ==, 0xf1);
  g_assert_cmphex (in (LSR), ==, 0x61);
  g_assert_cmphex (in (IIR), ==, 0xc4);
  g_assert_cmpuint (in (RBR), ==, 0);
  g_assert_false (irq_level (&irq));
  teardown ();
}

static void
test_save (void)
{
  setup ();
  out (LCR, 0x83);
  out (DLL, 9);
  out (LCR, 0x03);
  out (FCR, 0x81);
  out (IER, 0x03);
  in (IIR);
  fake_chardev_type (chr, "0123456789", 10);
  chr->blocked = true;
  out (THR, 'o');
  test_restore (&uart->dev, &uart->dev);
  g_assert_true (irq_level (&irq));
  g_assert_cmphex (in (IIR), ==, 0xc4);
  g_assert_cmphex (in (LSR), ==, 0x01);
  for (unsigned i = 0; i < 10; i++)
    g_assert_cmpuint (in (RBR), ==, '0' + i);
  fake_chardev_unblock (chr);
  g_assert_cmpstr (chr->out->str, ==, "o");
  test_refuse (&uart->dev, "n-rx", g_variant_new_uint64 (17));
  test_refuse (&uart->dev, "n-tx", g_variant_new_uint64 (1000));
  test_refuse (&uart->dev, "ier", g_variant_new_uint64 (0x10));
  /* What came while the machine stood still is there; reset forgets it and takes more. */
  fake_chardev_type (chr, "abcdefghijklmnopq", 17);
  g_assert_cmpuint (chr->in->len, ==, 1);
  device_reset (&uart->dev);
  g_assert_cmpuint (chr->in->len, ==, 0);
  out (FCR, 0);
  g_assert_false (irq_level (&irq));
  teardown ();
}

#define ECHOES 20000

/* A guest that sends back what it gets. */
static void *
echo (void *opaque)
{
  for (unsigned n = 0; n < ECHOES;) {
    if (!(in (LSR) & 1))
      continue;
    out (THR, in (RBR));
    n++;
  }
  return NULL;
}

/* Characters come while the guest is at the registers and the clock runs: none is lost, doubled or out of
 * turn. */
static void
test_threads (void)
{
  setup ();
  chr->threaded = true;
  clock_start (test_clock);
  out (LCR, 0x83);
  out (DLL, 1);
  out (LCR, 0x03);
  out (FCR, 0xc1);
  out (IER, 0x03);
  GThread *guest = g_thread_new ("guest", echo, NULL);
  for (unsigned n = 0; n < ECHOES; n++) {
    char c = (char)('a' + n % 26);
    fake_chardev_type (chr, &c, 1);
  }
  while (chr->in->len > 0)
    fake_chardev_type (chr, "", 0);
  g_thread_join (guest);
  g_assert_cmpuint (chr->out->len, ==, ECHOES);
  for (unsigned n = 0; n < ECHOES; n++)
    g_assert_cmpint (chr->out->str[n], ==, 'a' + n % 26);
  clock_stop (test_clock);
  teardown ();
}

static void
test_alone (void)
{
  platform_begin ();
  uart = (Uart *)device_new (&uart_class, "/uart0");
  uart->clock = test_clock;
  g_assert_true (device_realize (&uart->dev, NULL));
  device_reset (&uart->dev);
  memory_region_map (test_map, uart->region, BASE);
  out (THR, 'a');
  g_assert_cmphex (in (LSR), ==, 0x60);
  g_assert_cmphex (in (RBR), ==, 0);
  out (MCR, 0x10);
  out (THR, 'a');
  out (MCR, 0);
  g_assert_cmpuint (in (RBR), ==, 'a');
  uint64_t value;
  g_assert_cmpint (memory_read (test_map, BASE, 4, &value), ==, MEMORY_REFUSED);
  device_free (&uart->dev);
  platform_end ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/uart/autoconfig", test_autoconfig);
  g_test_add_func ("/uart/thre", test_thre);
  g_test_add_func ("/uart/blocked", test_blocked);
  g_test_add_func ("/uart/receive", test_receive);
  g_test_add_func ("/uart/timeout", test_timeout);
  g_test_add_func ("/uart/loopback", test_loopback);
  g_test_add_func ("/uart/break", test_break);
  g_test_add_func ("/uart/save", test_save);
  g_test_add_func ("/uart/threads", test_threads);
  g_test_add_func ("/uart/alone", test_alone);
  return g_test_run ();
}
