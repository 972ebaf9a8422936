/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Arm's PrimeCells: UART, real-time clock, GPIO with a button. */

#include "fake-chardev.h"
#include "gpio-key.h"
#include "pl011.h"
#include "pl031.h"
#include "pl061.h"
#include "platform.h"

#define BASE 0x9000000

static IrqProbe irq;

static uint32_t
in (unsigned offset)
{
  return (uint32_t)test_read (BASE + offset, 4);
}

static void
out (unsigned offset, uint32_t value)
{
  test_write (BASE + offset, 4, value);
}

static void
begin (Device *dev, MemoryRegion *region)
{
  g_assert_true (device_realize (dev, NULL));
  device_reset (dev);
  memory_region_map (test_map, region, BASE);
}

/* ---- UART ---- */

enum {
  DR = 0x00,
  RSR = 0x04,
  FR = 0x18,
  IBRD = 0x24,
  FBRD = 0x28,
  LCR_H = 0x2c,
  CR = 0x30,
  IFLS = 0x34,
  IMSC = 0x38,
  RIS = 0x3c,
  MIS = 0x40,
  ICR = 0x44
};
enum { INT_RX = 0x10, INT_TX = 0x20, INT_RT = 0x40, INT_BE = 0x200, INT_OE = 0x400 };

static Pl011 *uart;
static Chardev *chr;

static void
uart_setup (bool connected)
{
  platform_begin ();
  chr = connected ? fake_chardev_new () : NULL;
  irq = (IrqProbe){ 0 };
  uart = (Pl011 *)device_new (&pl011_class, "/uart0");
  uart->irq = irq_probe_line (&irq);
  uart->clock = test_clock;
  uart->chr = chr;
  begin (&uart->dev, uart->region);
}

static void
uart_teardown (void)
{
  device_free (&uart->dev);
  if (chr)
    fake_chardev_free (chr);
  platform_end ();
}

static void
test_uart_identity (void)
{
  static const uint8_t ids[] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

  uart_setup (false);
  for (unsigned i = 0; i < 8; i++)
    g_assert_cmphex (in (0xfe0 + 4 * i), ==, ids[i]);
  g_assert_cmphex (in (CR), ==, 0x300);
  g_assert_cmphex (in (IFLS), ==, 0x12);
  g_assert_cmphex (in (FR), ==, 0x97); /* empty FIFOs, a connected line */
  g_assert_cmphex (in (RIS), ==, 0);
  /* Narrow accesses, as earlycon's. */
  g_assert_cmphex (test_read (BASE + FR, 2), ==, 0x97);
  test_write (BASE + DR, 1, 'x');
  g_assert_cmphex (in (DR), ==, 0);
  uart_teardown ();
}

/* The transmit interrupt tells of a level that is passed: none before the first character. */
static void
test_uart_transmit (void)
{
  uart_setup (true);
  out (LCR_H, 0x70);
  out (CR, 0x301);
  out (IMSC, INT_TX);
  g_assert_false (irq_level (&irq));
  out (DR, 'a');
  g_assert_true (irq_level (&irq));
  out (ICR, INT_TX);
  g_assert_false (irq_level (&irq));
  chr->blocked = true;
  for (unsigned i = 0; i < 16; i++)
    out (DR, 'b' + i);
  g_assert_cmphex (in (FR), ==, 0x3f); /* full and busy */
  g_assert_cmphex (in (MIS), ==, 0);
  out (DR, '!'); /* lost */
  fake_chardev_unblock (chr);
  g_assert_cmpstr (chr->out->str, ==, "abcdefghijklmnopq");
  g_assert_cmphex (in (FR), ==, 0x97);
  g_assert_true (irq_level (&irq));
  /* Disabling the FIFOs empties them; then there is room for one. */
  chr->blocked = true;
  out (DR, 'x');
  out (LCR_H, 0x60);
  g_assert_cmphex (in (FR), ==, 0x97);
  out (DR, 'y');
  out (DR, 'z');
  fake_chardev_unblock (chr);
  g_assert_cmpstr (chr->out->str, ==, "abcdefghijklmnopqy");
  uart_teardown ();
}

static void
test_uart_receive (void)
{
  uart_setup (true);
  out (LCR_H, 0x70);
  out (CR, 0x301);
  out (IFLS, 0x12); /* half full: 8 */
  out (IMSC, INT_RX);
  fake_chardev_type (chr, "1234567", 7);
  g_assert_false (irq_level (&irq));
  fake_chardev_type (chr, "8", 1);
  g_assert_true (irq_level (&irq));
  g_assert_cmphex (in (DR), ==, '1');
  g_assert_false (irq_level (&irq));
  for (unsigned i = 2; i <= 8; i++)
    g_assert_cmphex (in (DR), ==, '0' + i);
  g_assert_cmphex (in (FR), ==, 0x97);
  /* More than fits waits in the back end. */
  fake_chardev_type (chr, "abcdefghijklmnopqrstu", 21);
  g_assert_cmpuint (chr->in->len, ==, 5);
  g_assert_cmphex (in (FR), ==, 0xc7);
  for (unsigned i = 0; i < 21; i++)
    g_assert_cmphex (in (DR), ==, 'a' + i);
  g_assert_cmphex (in (FR), ==, 0x97);
  /* Without FIFOs every character is told. */
  out (LCR_H, 0x60);
  fake_chardev_type (chr, "xy", 2);
  g_assert_true (irq_level (&irq));
  g_assert_cmphex (in (DR), ==, 'x');
  g_assert_true (irq_level (&irq));
  g_assert_cmphex (in (DR), ==, 'y');
  g_assert_false (irq_level (&irq));
  uart_teardown ();
}

/* Fewer characters than the trigger are told after 32 bits' time, until all are read. */
static void
test_uart_timeout (void)
{
  uart_setup (true);
  clock_start (test_clock);
  out (IBRD, 13); /* 115200 baud of 24 MHz */
  out (FBRD, 1);
  out (LCR_H, 0x70);
  out (CR, 0x301);
  out (IMSC, INT_RX | INT_RT);
  fake_chardev_type (chr, "hi", 2);
  g_assert_true (irq_wait (&irq, true));
  g_assert_cmphex (in (MIS), ==, INT_RT);
  g_assert_cmpint (clock_now (test_clock), >=, 32 * 8680);
  g_assert_cmphex (in (DR), ==, 'h');
  g_assert_true (irq_level (&irq));
  g_assert_cmphex (in (DR), ==, 'i');
  g_assert_false (irq_level (&irq));
  g_assert_cmpint (clock_timer_when (uart->rx_timer), ==, -1);
  clock_stop (test_clock);
  uart_teardown ();
}

static void
test_uart_loopback (void)
{
  uart_setup (true);
  out (LCR_H, 0x70);
  out (CR, 0x381);
  g_assert_cmphex (in (FR) & 0x107, ==, 0);
  g_assert_cmphex (in (RIS) & 0xf, ==, 0xe);
  out (ICR, 0x7ff);
  out (CR, 0x381 | 0xc00);
  g_assert_cmphex (in (FR) & 0x107, ==, 3);
  out (DR, 'q');
  g_assert_cmpuint (chr->out->len, ==, 0);
  g_assert_cmphex (in (DR), ==, 'q');
  /* The line is cut off meanwhile; nothing of it is lost. */
  fake_chardev_type (chr, "later", 5);
  g_assert_cmphex (in (FR) & 0x10, ==, 0x10);
  /* The sender does not wait. */
  out (IMSC, INT_OE | INT_BE);
  for (unsigned i = 0; i < 17; i++)
    out (DR, i);
  g_assert_true (irq_level (&irq));
  for (unsigned i = 0; i < 16; i++)
    g_assert_cmphex (in (DR), ==, i);
  g_assert_cmphex (in (RSR), ==, 8);
  out (RSR, 0xff);
  g_assert_cmphex (in (RSR), ==, 0);
  out (ICR, INT_OE);
  g_assert_false (irq_level (&irq));
  out (LCR_H, 0x71);
  g_assert_true (irq_level (&irq));
  g_assert_cmphex (in (DR), ==, 0x400);
  g_assert_cmphex (in (RSR), ==, 4);
  out (CR, 0x301);
  g_assert_cmphex (in (DR), ==, 'l');
  uart_teardown ();
}

static void
test_uart_save (void)
{
  uart_setup (true);
  out (LCR_H, 0x70);
  out (CR, 0x301);
  out (IMSC, INT_RX);
  fake_chardev_type (chr, "0123456789", 10);
  chr->frontend->line_break (chr->opaque);
  chr->blocked = true;
  out (DR, 'o');
  test_restore (&uart->dev, &uart->dev);
  g_assert_true (irq_level (&irq));
  for (unsigned i = 0; i < 10; i++)
    g_assert_cmphex (in (DR), ==, '0' + i);
  g_assert_cmphex (in (DR), ==, 0x400);
  fake_chardev_unblock (chr);
  g_assert_cmpstr (chr->out->str, ==, "o");
  test_refuse (&uart->dev, "n-rx", g_variant_new_uint64 (17));
  test_refuse (&uart->dev, "n-tx", g_variant_new_uint64 (1000));
  uart_teardown ();
}

/* ---- Clock ---- */

enum {
  RTC_DR = 0x00,
  RTC_MR = 0x04,
  RTC_LR = 0x08,
  RTC_CR = 0x0c,
  RTC_IMSC = 0x10,
  RTC_RIS = 0x14,
  RTC_MIS = 0x18,
  RTC_ICR = 0x1c
};
#define START INT64_C (1700000000)

static int64_t wall;

static int64_t
wall_clock (void)
{
  return wall + clock_now (test_clock);
}

static Pl031 *
rtc_setup (void)
{
  platform_begin ();
  irq = (IrqProbe){ 0 };
  wall = START * 1000000000 + 990000000;
  Pl031 *rtc = (Pl031 *)device_new (&pl031_class, "/rtc");
  rtc->irq = irq_probe_line (&irq);
  rtc->clock = test_clock;
  rtc->wall_clock = wall_clock;
  begin (&rtc->dev, rtc->region);
  return rtc;
}

static void
test_rtc_alarm (void)
{
  Pl031 *rtc = rtc_setup ();

  g_assert_cmpuint (in (RTC_DR), ==, START);
  g_assert_cmphex (in (RTC_CR), ==, 1);
  g_assert_cmphex (in (0xfe0), ==, 0x31);
  /* In the next second, which is near. */
  clock_start (test_clock);
  out (RTC_IMSC, 1);
  out (RTC_MR, (uint32_t)START + 1);
  g_assert_true (irq_wait (&irq, true));
  g_assert_cmpuint (in (RTC_DR), ==, START + 1);
  g_assert_cmphex (in (RTC_MIS), ==, 1);
  out (RTC_ICR, 1);
  g_assert_false (irq_level (&irq));
  g_assert_cmphex (in (RTC_RIS), ==, 0);
  /* What matches already is told at once, what has passed when the counter comes round. */
  out (RTC_MR, in (RTC_DR));
  g_assert_true (irq_level (&irq));
  out (RTC_IMSC, 0);
  g_assert_false (irq_level (&irq));
  g_assert_cmphex (in (RTC_RIS), ==, 1);
  out (RTC_ICR, 1);
  out (RTC_MR, 5);
  g_assert_cmphex (in (RTC_RIS), ==, 0);
  clock_stop (test_clock);
  device_free (&rtc->dev);
  platform_end ();
}

static void
test_rtc_set (void)
{
  Pl031 *rtc = rtc_setup ();

  out (RTC_LR, 100);
  g_assert_cmpuint (in (RTC_DR), ==, 100);
  wall += INT64_C (3000000000);
  g_assert_cmpuint (in (RTC_DR), ==, 103);
  /* The match moves with the counter. */
  out (RTC_MR, 200);
  out (RTC_LR, 200);
  g_assert_cmphex (in (RTC_RIS), ==, 1);
  out (RTC_ICR, 1);
  out (RTC_MR, 300);
  test_restore (&rtc->dev, &rtc->dev);
  g_assert_cmpuint (in (RTC_DR), ==, 200);
  wall += INT64_C (100000000000);
  device_quiesce (&rtc->dev);
  device_resume (&rtc->dev);
  g_assert_cmphex (in (RTC_RIS), ==, 1);
  /* The time of day survives a reset. */
  device_reset (&rtc->dev);
  g_assert_cmpuint (in (RTC_DR), ==, 300);
  g_assert_cmphex (in (RTC_RIS), ==, 0);
  device_free (&rtc->dev);
  platform_end ();
}

/* ---- GPIO ---- */

enum {
  DATA = 0x000,
  GPIO_DIR = 0x400,
  IS = 0x404,
  IBE = 0x408,
  IEV = 0x40c,
  IE = 0x410,
  GPIO_RIS = 0x414,
  GPIO_MIS = 0x418,
  IC = 0x41c
};
#define PINS(mask) (DATA + ((mask) << 2))

static IrqProbe pins[8];

static Pl061 *
gpio_setup (void)
{
  platform_begin ();
  irq = (IrqProbe){ 0 };
  Pl061 *gpio = (Pl061 *)device_new (&pl061_class, "/gpio");
  gpio->irq = irq_probe_line (&irq);
  for (unsigned i = 0; i < 8; i++) {
    pins[i] = (IrqProbe){ 0 };
    gpio->out[i] = irq_probe_line (&pins[i]);
  }
  begin (&gpio->dev, gpio->region);
  return gpio;
}

static void
drive (Pl061 *gpio, unsigned pin, bool level)
{
  IrqLine line = pl061_input (gpio, pin);
  irq_set (&line, level);
}

static void
test_gpio_data (void)
{
  Pl061 *gpio = gpio_setup ();

  g_assert_cmphex (in (0xfe0), ==, 0x61);
  drive (gpio, 0, true);
  drive (gpio, 7, true);
  g_assert_cmphex (in (PINS (0xff)), ==, 0x81);
  g_assert_cmphex (in (PINS (0x0f)), ==, 0x01);
  g_assert_cmphex (in (PINS (0x00)), ==, 0);
  /* Only outputs are written, and of them only what the address says. */
  out (GPIO_DIR, 0x0f);
  out (PINS (0xf5), 0xff);
  g_assert_cmphex (in (PINS (0xff)), ==, 0x85);
  g_assert_true (irq_level (&pins[0]) && irq_level (&pins[2]));
  g_assert_false (irq_level (&pins[1]) || irq_level (&pins[7]));
  out (PINS (0x04), 0);
  g_assert_false (irq_level (&pins[2]));
  test_restore (&gpio->dev, &gpio->dev);
  g_assert_cmphex (in (PINS (0xff)), ==, 0x81);
  device_reset (&gpio->dev);
  g_assert_false (irq_level (&pins[0]));
  g_assert_cmphex (in (PINS (0xff)), ==, 0x81);
  device_free (&gpio->dev);
  platform_end ();
}

static void
test_gpio_interrupts (void)
{
  Pl061 *gpio = gpio_setup ();

  /* Rising on 3, falling on 4, both on 5, high level on 6, low level on 7. */
  out (IS, 0xc0);
  out (IBE, 0x20);
  out (IEV, 0x48);
  out (IE, 0xf8);
  drive (gpio, 7, true);
  g_assert_cmphex (in (GPIO_RIS), ==, 0);
  drive (gpio, 3, true);
  g_assert_cmphex (in (GPIO_MIS), ==, 0x08);
  g_assert_true (irq_level (&irq));
  drive (gpio, 3, false);
  g_assert_cmphex (in (GPIO_MIS), ==, 0x08);
  out (IC, 0x08);
  g_assert_false (irq_level (&irq));
  drive (gpio, 4, true);
  g_assert_false (irq_level (&irq));
  drive (gpio, 4, false);
  drive (gpio, 5, true);
  g_assert_cmphex (in (GPIO_MIS), ==, 0x30);
  out (IC, 0x30);
  drive (gpio, 5, false);
  g_assert_cmphex (in (GPIO_MIS), ==, 0x20);
  out (IC, 0xff);
  drive (gpio, 6, true);
  out (IC, 0xff);
  g_assert_cmphex (in (GPIO_MIS), ==, 0x40);
  drive (gpio, 6, false);
  drive (gpio, 7, false);
  g_assert_cmphex (in (GPIO_MIS), ==, 0x80);
  out (IE, 0);
  g_assert_cmphex (in (GPIO_RIS), ==, 0x80);
  g_assert_false (irq_level (&irq));
  device_free (&gpio->dev);
  platform_end ();
}

static void
test_button (void)
{
  platform_begin ();
  IrqProbe probe = { 0 };
  GpioKey *key = (GpioKey *)device_new (&gpio_key_class, "/power-button");
  key->out = irq_probe_line (&probe);
  key->clock = test_clock;
  g_assert_true (device_realize (&key->dev, NULL));
  device_reset (&key->dev);
  gpio_key_press (key);
  g_assert_true (irq_level (&probe));
  test_restore (&key->dev, &key->dev);
  g_assert_cmpint (clock_timer_when (key->timer), ==, 100000000);
  clock_start (test_clock);
  g_assert_true (irq_wait (&probe, false));
  clock_stop (test_clock);
  g_assert_cmpint (clock_now (test_clock), >=, 100000000);
  device_free (&key->dev);
  platform_end ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/primecell/uart/identity", test_uart_identity);
  g_test_add_func ("/primecell/uart/transmit", test_uart_transmit);
  g_test_add_func ("/primecell/uart/receive", test_uart_receive);
  g_test_add_func ("/primecell/uart/timeout", test_uart_timeout);
  g_test_add_func ("/primecell/uart/loopback", test_uart_loopback);
  g_test_add_func ("/primecell/uart/save", test_uart_save);
  g_test_add_func ("/primecell/rtc/alarm", test_rtc_alarm);
  g_test_add_func ("/primecell/rtc/set", test_rtc_set);
  g_test_add_func ("/primecell/gpio/data", test_gpio_data);
  g_test_add_func ("/primecell/gpio/interrupts", test_gpio_interrupts);
  g_test_add_func ("/primecell/gpio/button", test_button);
  return g_test_run ();
}
