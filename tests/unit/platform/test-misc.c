/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The SiFive test device and the Goldfish real-time clock. */

#include "goldfish-rtc.h"
#include "platform.h"
#include "sifive-test.h"

static int last_code, n_resets;

static void
power_off (void *opaque, int exit_code)
{
  last_code = exit_code;
}

static void
restart (void *opaque)
{
  n_resets++;
}

#define FINISHER 0x100000

static void
test_finisher (void)
{
  platform_begin ();
  SifiveTest *test = (SifiveTest *)device_new (&sifive_test_class, "/test");
  test->power_off = power_off;
  test->restart = restart;
  g_assert_true (device_realize (&test->dev, NULL));
  device_reset (&test->dev);
  memory_region_map (test_map, test->region, FINISHER);
  last_code = -1;
  test_write (FINISHER, 4, 0x12345555);
  g_assert_cmpint (last_code, ==, 0);
  test_write (FINISHER, 4, 0x00073333);
  g_assert_cmpint (last_code, ==, 7);
  last_code = -1;
  test_write (FINISHER, 2, 0x5555);
  g_assert_cmpint (last_code, ==, 0);
  g_assert_cmpint (n_resets, ==, 0);
  test_write (FINISHER, 4, 0x7777);
  g_assert_cmpint (n_resets, ==, 1);
  last_code = -1;
  static const uint32_t nothing[] = { 0, 1, 0x55550000, 0xffffffff, 0x5554 };
  for (unsigned i = 0; i < G_N_ELEMENTS (nothing); i++)
    test_write (FINISHER, 4, nothing[i]);
  test_write (FINISHER + 4, 4, 0x5555);
  test_write (FINISHER + 2, 2, 0x5555);
  g_assert_cmpint (last_code, ==, -1);
  g_assert_cmpint (n_resets, ==, 1);
  g_assert_cmphex (test_read (FINISHER, 4), ==, 0);
  device_free (&test->dev);
  platform_end ();
}

#define RTC 0x101000
enum {
  TIME_LOW = RTC,
  TIME_HIGH = RTC + 4,
  ALARM_LOW = RTC + 8,
  ALARM_HIGH = RTC + 0xc,
  IRQ_ENABLED = RTC + 0x10,
  CLEAR_ALARM = RTC + 0x14,
  ALARM_STATUS = RTC + 0x18,
  CLEAR_INTERRUPT = RTC + 0x1c,
};

static GoldfishRtc *rtc;
static IrqProbe irq;
static int64_t wall; /* atomic while the clock runs */

static int64_t
wall_clock (void)
{
  return __atomic_load_n (&wall, __ATOMIC_RELAXED);
}

static void
rtc_setup (void)
{
  platform_begin ();
  irq = (IrqProbe){ 0 };
  rtc = (GoldfishRtc *)device_new (&goldfish_rtc_class, "/rtc");
  rtc->irq = irq_probe_line (&irq);
  rtc->clock = test_clock;
  rtc->wall_clock = wall_clock;
  g_assert_true (device_realize (&rtc->dev, NULL));
  device_reset (&rtc->dev);
  memory_region_map (test_map, rtc->region, RTC);
}

static void
rtc_teardown (void)
{
  device_free (&rtc->dev);
  platform_end ();
}

static uint64_t
rtc_time (void)
{
  uint64_t low = test_read (TIME_LOW, 4);
  return test_read (TIME_HIGH, 4) << 32 | low;
}

static void
set_alarm (uint64_t when)
{
  test_write (ALARM_HIGH, 4, when >> 32);
  test_write (ALARM_LOW, 4, when & 0xffffffff);
}

static void
test_time (void)
{
  wall = INT64_C (0x1234567890abcdef);
  rtc_setup ();
  g_assert_cmphex (rtc_time (), ==, wall);
  /* The high half is the low half's. */
  wall = INT64_C (0x12345678ffffffff);
  g_assert_cmphex (test_read (TIME_LOW, 4), ==, 0xffffffff);
  wall++;
  g_assert_cmphex (test_read (TIME_HIGH, 4), ==, 0x12345678);
  g_assert_cmphex (rtc_time (), ==, UINT64_C (0x1234567900000000));
  rtc->offset = -5;
  g_assert_cmphex (rtc_time (), ==, UINT64_C (0x12345678fffffffb));
  /* The guest sets it; the wall clock goes on from there, reset or not. */
  test_write (TIME_HIGH, 4, 0x11);
  test_write (TIME_LOW, 4, 0x22);
  g_assert_cmphex (rtc_time (), ==, UINT64_C (0x1100000022));
  wall += 0x100;
  device_reset (&rtc->dev);
  g_assert_cmphex (rtc_time (), ==, UINT64_C (0x1100000122));
  rtc_teardown ();
}

static void
test_alarm (void)
{
  wall = 1000;
  rtc_setup ();
  set_alarm (5000);
  g_assert_cmphex (test_read (ALARM_STATUS, 4), ==, 1);
  g_assert_cmpint (clock_timer_when (rtc->timer), ==, 4000);
  test_write (CLEAR_ALARM, 4, 0);
  g_assert_cmphex (test_read (ALARM_STATUS, 4), ==, 0);
  g_assert_cmpint (clock_timer_when (rtc->timer), ==, -1);
  /* A past alarm rings at once, but is heard only when enabled. */
  set_alarm (1000);
  g_assert_cmphex (test_read (ALARM_STATUS, 4), ==, 0);
  g_assert_false (irq_level (&irq));
  test_write (IRQ_ENABLED, 4, 0xffffffff);
  g_assert_cmphex (test_read (IRQ_ENABLED, 4), ==, 1);
  g_assert_true (irq_level (&irq));
  test_write (CLEAR_INTERRUPT, 4, 1);
  g_assert_false (irq_level (&irq));
  /* Over the timer. */
  clock_start (test_clock);
  set_alarm (2 * 1000 * 1000);
  __atomic_store_n (&wall, 2 * 1000 * 1000, __ATOMIC_RELAXED);
  g_assert_true (irq_wait (&irq, true));
  test_write (CLEAR_INTERRUPT, 4, 1);
  clock_stop (test_clock);
  /* Far away, and never further than the sleep is long. */
  set_alarm (UINT64_MAX);
  g_assert_cmpint (clock_timer_when (rtc->timer), <=, clock_now (test_clock) + INT64_C (60000000000));
  /* Setting the time past the alarm rings it. */
  set_alarm (wall + 100);
  test_write (TIME_HIGH, 4, 1);
  test_write (TIME_LOW, 4, 0);
  g_assert_true (irq_level (&irq));
  rtc_teardown ();
}

static void
test_rtc_save (void)
{
  wall = 1000;
  rtc_setup ();
  test_write (TIME_HIGH, 4, 7);
  test_write (TIME_LOW, 4, 0);
  test_write (IRQ_ENABLED, 4, 1);
  set_alarm (UINT64_C (0x700001000));
  g_autoptr (GVariant) state = device_save (&rtc->dev);
  test_restore (&rtc->dev, &rtc->dev);
  g_assert_cmphex (rtc_time (), ==, UINT64_C (0x700000000));
  g_assert_cmphex (test_read (ALARM_STATUS, 4), ==, 1);
  g_assert_false (irq_level (&irq));
  /* Restored after the alarm's time. */
  wall += 0x1000;
  g_assert_true (device_load (&rtc->dev, state, NULL));
  g_assert_true (irq_level (&irq));
  device_reset (&rtc->dev);
  g_assert_false (irq_level (&irq));
  /* The machine stands still while the alarm's time passes. */
  test_write (IRQ_ENABLED, 4, 1);
  set_alarm (UINT64_C (0x700002000));
  wall += 0x1000;
  g_assert_false (irq_level (&irq));
  device_resume (&rtc->dev);
  g_assert_true (irq_level (&irq));
  rtc_teardown ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/misc/finisher", test_finisher);
  g_test_add_func ("/misc/rtc/time", test_time);
  g_test_add_func ("/misc/rtc/alarm", test_alarm);
  g_test_add_func ("/misc/rtc/save", test_rtc_save);
  return g_test_run ();
}
