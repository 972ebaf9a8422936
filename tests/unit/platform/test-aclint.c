/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "aclint.h"
#include "platform.h"

#define BASE        0x2000000
#define MSIP(n)     (BASE + ACLINT_MSIP_BASE + 4 * (n))
#define MTIMECMP(n) (BASE + ACLINT_MTIMECMP_BASE + 8 * (n))
#define MTIME       (BASE + ACLINT_MTIME_BASE)
#define HARTS       3

static Aclint *aclint;
static IrqProbe msip[HARTS], mtip[HARTS];

static Aclint *
aclint_make (void)
{
  Aclint *dev = (Aclint *)device_new (&aclint_class, "/clint");
  g_assert_true (device_set (&dev->dev, "num-harts", "3", NULL));
  dev->clock = test_clock;
  for (unsigned i = 0; i < HARTS; i++) {
    msip[i] = mtip[i] = (IrqProbe){ 0 };
    dev->msip_out[i] = irq_probe_line (&msip[i]);
    dev->mtip_out[i] = irq_probe_line (&mtip[i]);
  }
  g_assert_true (device_realize (&dev->dev, NULL));
  device_reset (&dev->dev);
  memory_region_map (test_map, dev->region, BASE);
  return dev;
}

static void
setup (void)
{
  platform_begin ();
  aclint = aclint_make ();
}

static void
teardown (void)
{
  device_free (&aclint->dev);
  platform_end ();
}

static void
test_software (void)
{
  setup ();
  test_write (MSIP (1), 4, 0xffffffff);
  g_assert_cmphex (test_read (MSIP (1), 4), ==, 1);
  g_assert_true (irq_level (&msip[1]));
  g_assert_false (irq_level (&msip[0]) || irq_level (&msip[2]));
  test_write (MSIP (1), 4, 0xfffffffe);
  g_assert_false (irq_level (&msip[1]));
  /* Harts that do not exist: nothing happens. */
  test_write (MSIP (HARTS), 4, 1);
  test_write (MSIP (ACLINT_MAX_HARTS), 4, 1);
  g_assert_cmphex (test_read (MSIP (ACLINT_MAX_HARTS), 4), ==, 0);
  teardown ();
}

/* On a stopped clock, every edge of the comparison. */
static void
test_compare (void)
{
  setup ();
  for (unsigned i = 0; i < HARTS; i++)
    g_assert_false (irq_level (&mtip[i]));
  clock_set (test_clock, 1000 * ACLINT_TICK_NS);
  g_assert_cmpuint (test_read (MTIME, 8), ==, 1000);
  test_write (MTIMECMP (0), 8, 1001);
  test_write (MTIMECMP (1), 8, 1000);
  test_write (MTIMECMP (2), 8, 999);
  g_assert_false (irq_level (&mtip[0]));
  g_assert_true (irq_level (&mtip[1]));
  g_assert_true (irq_level (&mtip[2]));
  g_assert_cmpint (clock_timer_when (aclint->timers[0].timer), ==, 1001 * ACLINT_TICK_NS);
  g_assert_cmpint (clock_timer_when (aclint->timers[1].timer), ==, -1);
  test_write (MTIMECMP (1), 8, UINT64_MAX);
  g_assert_false (irq_level (&mtip[1]));
  g_assert_cmpint (clock_timer_when (aclint->timers[1].timer), ==, -1);
  /* mtime moves forwards and backwards under the comparators. */
  test_write (MTIME, 8, 5000);
  g_assert_cmpuint (test_read (MTIME, 8), ==, 5000);
  g_assert_true (irq_level (&mtip[0]));
  test_write (MTIME, 8, 10);
  g_assert_false (irq_level (&mtip[0]));
  g_assert_false (irq_level (&mtip[2]));
  g_assert_cmpint (clock_timer_when (aclint->timers[2].timer), ==, (1000 + 989) * ACLINT_TICK_NS);
  /* The largest time that the clock can count, and one more. */
  test_write (MTIME, 8, 1000);
  test_write (MTIMECMP (0), 8, INT64_MAX / ACLINT_TICK_NS);
  g_assert_cmpint (clock_timer_when (aclint->timers[0].timer), >, 0);
  test_write (MTIMECMP (0), 8, INT64_MAX / ACLINT_TICK_NS + 1);
  g_assert_cmpint (clock_timer_when (aclint->timers[0].timer), ==, -1);
  g_assert_false (irq_level (&mtip[0]));
  teardown ();
}

/* 32-bit harts write halves. */
static void
test_halves (void)
{
  setup ();
  test_write (MTIMECMP (0) + 4, 4, 0x12345678);
  test_write (MTIMECMP (0), 4, 0x9abcdef0);
  g_assert_cmphex (test_read (MTIMECMP (0), 8), ==, UINT64_C (0x123456789abcdef0));
  g_assert_cmphex (test_read (MTIMECMP (0) + 4, 4), ==, 0x12345678);
  clock_set (test_clock, 77 * ACLINT_TICK_NS);
  test_write (MTIME + 4, 4, 2);
  g_assert_cmphex (test_read (MTIME, 8), ==, UINT64_C (0x20000004d));
  test_write (MTIME, 4, 5);
  g_assert_cmphex (test_read (MTIME, 8), ==, UINT64_C (0x200000005));
  g_assert_cmphex (test_read (MTIME + 4, 4), ==, 2);
  uint64_t value;
  g_assert_cmpint (memory_read (test_map, MTIME, 2, &value), ==, MEMORY_REFUSED);
  g_assert_cmpint (memory_write (test_map, MTIME, 1, 0), ==, MEMORY_REFUSED);
  teardown ();
}

static void
test_timer (void)
{
  setup ();
  clock_start (test_clock);
  uint64_t now = test_read (MTIME, 8);
  test_write (MTIMECMP (1), 8, now + ACLINT_FREQUENCY / 200);
  g_assert_true (irq_wait (&mtip[1], true));
  g_assert_cmpuint (test_read (MTIME, 8), >=, now + ACLINT_FREQUENCY / 200);
  g_assert_cmpint (mtip[1].rises, ==, 1);
  test_write (MTIMECMP (1), 8, UINT64_MAX);
  g_assert_false (irq_level (&mtip[1]));
  /* An earlier deadline replaces a later one. */
  test_write (MTIMECMP (1), 8, now + UINT64_C (1000) * ACLINT_FREQUENCY);
  test_write (MTIMECMP (1), 8, test_read (MTIME, 8) + 10);
  g_assert_true (irq_wait (&mtip[1], true));
  clock_stop (test_clock);
  teardown ();
}

static void
test_save (void)
{
  setup ();
  clock_set (test_clock, 1000 * ACLINT_TICK_NS);
  test_write (MSIP (2), 4, 1);
  test_write (MTIME, 8, 500);
  test_write (MTIMECMP (0), 8, 499);
  test_write (MTIMECMP (1), 8, 600);
  test_restore (&aclint->dev, &aclint->dev);
  g_assert_true (irq_level (&msip[2]));
  g_assert_true (irq_level (&mtip[0]));
  g_assert_false (irq_level (&mtip[1]));
  g_assert_cmpuint (test_read (MTIME, 8), ==, 500);
  g_assert_cmpint (clock_timer_when (aclint->timers[1].timer), ==, 1100 * ACLINT_TICK_NS);
  device_reset (&aclint->dev);
  g_assert_false (irq_level (&msip[2]) || irq_level (&mtip[0]));
  g_assert_cmpint (clock_timer_when (aclint->timers[1].timer), ==, -1);
  g_assert_cmphex (test_read (MTIMECMP (0), 8), ==, UINT64_MAX);
  g_assert_false (device_set (&aclint->dev, "num-harts", "513", NULL));
  teardown ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/aclint/software", test_software);
  g_test_add_func ("/aclint/compare", test_compare);
  g_test_add_func ("/aclint/halves", test_halves);
  g_test_add_func ("/aclint/timer", test_timer);
  g_test_add_func ("/aclint/save", test_save);
  return g_test_run ();
}
