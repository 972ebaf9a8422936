/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "platform.h"
#include "plic.h"

#define BASE         0xc000000
#define PRIORITY(n)  (BASE + 4 * (n))
#define PENDING(w)   (BASE + 0x1000 + 4 * (w))
#define ENABLE(c, w) (BASE + 0x2000 + 0x80 * (c) + 4 * (w))
#define THRESHOLD(c) (BASE + 0x200000 + 0x1000 * (c))
#define CLAIM(c)     (THRESHOLD (c) + 4)
#define CONTEXTS     4

static Plic *plic;
static IrqProbe out[CONTEXTS];
static IrqLine in[PLIC_SOURCES];

static void
setup (void)
{
  platform_begin ();
  plic = (Plic *)device_new (&plic_class, "/plic");
  g_assert_true (device_set (&plic->dev, "num-contexts", "4", NULL));
  for (unsigned i = 0; i < CONTEXTS; i++) {
    out[i] = (IrqProbe){ 0 };
    plic->out[i] = irq_probe_line (&out[i]);
  }
  for (unsigned i = 1; i < PLIC_SOURCES; i++)
    in[i] = plic_input (plic, i);
  g_assert_true (device_realize (&plic->dev, NULL));
  device_reset (&plic->dev);
  memory_region_map (test_map, plic->region, BASE);
}

static void
teardown (void)
{
  device_free (&plic->dev);
  platform_end ();
}

static void
enable (unsigned context, unsigned n, unsigned priority)
{
  test_write (PRIORITY (n), 4, priority);
  uint64_t word = ENABLE (context, n / 32);
  test_write (word, 4, test_read (word, 4) | UINT32_C (1) << n % 32);
}

static void
test_claim (void)
{
  setup ();
  enable (1, 10, 1);
  g_assert_cmpuint (test_read (CLAIM (1), 4), ==, 0);
  irq_set (&in[10], true);
  g_assert_true (irq_level (&out[1]));
  g_assert_false (irq_level (&out[0]) || irq_level (&out[2]) || irq_level (&out[3]));
  g_assert_cmphex (test_read (PENDING (0), 4), ==, 1 << 10);
  g_assert_cmpuint (test_read (CLAIM (1), 4), ==, 10);
  g_assert_false (irq_level (&out[1]));
  g_assert_cmphex (test_read (PENDING (0), 4), ==, 0);
  /* Being served, it does not ask again, not even after an edge. */
  irq_set (&in[10], false);
  irq_set (&in[10], true);
  g_assert_cmpuint (test_read (CLAIM (1), 4), ==, 0);
  /* Completed with the level still up: at once again. */
  test_write (CLAIM (1), 4, 10);
  g_assert_true (irq_level (&out[1]));
  g_assert_cmpuint (test_read (CLAIM (1), 4), ==, 10);
  irq_set (&in[10], false);
  test_write (CLAIM (1), 4, 10);
  g_assert_false (irq_level (&out[1]));
  g_assert_cmpuint (test_read (CLAIM (1), 4), ==, 0);
  teardown ();
}

/* A request stays although the device has withdrawn. */
static void
test_withdrawn (void)
{
  setup ();
  enable (0, 95, 7);
  irq_set (&in[95], true);
  irq_set (&in[95], false);
  g_assert_true (irq_level (&out[0]));
  g_assert_cmphex (test_read (PENDING (2), 4), ==, UINT32_C (1) << 31);
  g_assert_cmpuint (test_read (CLAIM (0), 4), ==, 95);
  test_write (CLAIM (0), 4, 95);
  g_assert_false (irq_level (&out[0]));
  teardown ();
}

static void
test_priorities (void)
{
  setup ();
  static const struct {
    unsigned n, priority;
  } sources[] = { { 33, 3 }, { 5, 3 }, { 70, 6 }, { 2, 1 }, { 9, 0 } };
  for (unsigned i = 0; i < G_N_ELEMENTS (sources); i++) {
    enable (2, sources[i].n, sources[i].priority);
    irq_set (&in[sources[i].n], true);
  }
  /* The highest first, the lowest number among equals, priority 0 never. */
  static const unsigned order[] = { 70, 5, 33, 2, 0 };
  for (unsigned i = 0; i < G_N_ELEMENTS (order); i++)
    g_assert_cmpuint (test_read (CLAIM (2), 4), ==, order[i]);
  g_assert_false (irq_level (&out[2]));
  g_assert_cmphex (test_read (PENDING (0), 4), ==, 1 << 9);
  test_write (PRIORITY (9), 4, 4);
  g_assert_true (irq_level (&out[2]));
  /* The threshold masks the notification, the claim it does not. */
  test_write (THRESHOLD (2), 4, 4);
  g_assert_false (irq_level (&out[2]));
  test_write (THRESHOLD (2), 4, 3);
  g_assert_true (irq_level (&out[2]));
  test_write (THRESHOLD (2), 4, 7);
  g_assert_false (irq_level (&out[2]));
  g_assert_cmpuint (test_read (CLAIM (2), 4), ==, 9);
  teardown ();
}

/* One source, several contexts: who claims first has it. */
static void
test_contexts (void)
{
  setup ();
  enable (1, 8, 2);
  enable (3, 8, 2);
  irq_set (&in[8], true);
  g_assert_true (irq_level (&out[1]) && irq_level (&out[3]));
  g_assert_cmpuint (test_read (CLAIM (3), 4), ==, 8);
  g_assert_false (irq_level (&out[1]) || irq_level (&out[3]));
  g_assert_cmpuint (test_read (CLAIM (1), 4), ==, 0);
  /* Completion by a context for which it is not enabled is ignored, by another that has it enabled it counts.
   */
  test_write (CLAIM (0), 4, 8);
  g_assert_false (irq_level (&out[1]));
  test_write (CLAIM (1), 4, 8);
  g_assert_true (irq_level (&out[1]) && irq_level (&out[3]));
  /* Disabling takes the notification back. */
  test_write (ENABLE (1, 0), 4, 0);
  g_assert_false (irq_level (&out[1]));
  g_assert_true (irq_level (&out[3]));
  teardown ();
}

static void
test_hostile (void)
{
  setup ();
  enable (0, 4, 1);
  irq_set (&in[4], true);
  static const uint32_t bad[] = { 0, 5, 95, 96, 127, 1023, 1024, UINT32_MAX };
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    test_write (CLAIM (0), 4, bad[i]);
  g_assert_cmpuint (test_read (CLAIM (0), 4), ==, 4);
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    test_write (CLAIM (0), 4, bad[i]);
  g_assert_cmpuint (test_read (CLAIM (0), 4), ==, 0);
  /* Source 0 has neither priority nor enable bit, no word beyond the last source keeps anything. */
  test_write (PRIORITY (0), 4, 7);
  g_assert_cmpuint (test_read (PRIORITY (0), 4), ==, 0);
  test_write (ENABLE (0, 0), 4, 1);
  g_assert_cmphex (test_read (ENABLE (0, 0), 4), ==, 0);
  test_write (ENABLE (0, 3), 4, UINT32_MAX);
  g_assert_cmphex (test_read (ENABLE (0, 3), 4), ==, 0);
  test_write (PRIORITY (4), 4, UINT32_MAX);
  g_assert_cmpuint (test_read (PRIORITY (4), 4), ==, 7);
  test_write (PENDING (0), 4, UINT32_MAX);
  g_assert_cmphex (test_read (PENDING (0), 4), ==, 0);
  /* Contexts that do not exist. */
  test_write (ENABLE (CONTEXTS, 0), 4, UINT32_MAX);
  g_assert_cmphex (test_read (ENABLE (CONTEXTS, 0), 4), ==, 0);
  g_assert_cmpuint (test_read (CLAIM (CONTEXTS), 4), ==, 0);
  g_assert_cmpuint (test_read (CLAIM (PLIC_MAX_CONTEXTS - 1), 4), ==, 0);
  test_write (THRESHOLD (PLIC_MAX_CONTEXTS - 1), 4, 7);
  test_write (CLAIM (PLIC_MAX_CONTEXTS - 1), 4, 4);
  g_assert_cmphex (test_read (BASE + PLIC_SIZE - 4, 4), ==, 0);
  teardown ();
}

static void
test_save (void)
{
  setup ();
  enable (0, 3, 1);
  enable (1, 4, 2);
  enable (1, 40, 5);
  irq_set (&in[3], true);
  irq_set (&in[4], true);
  irq_set (&in[40], true);
  test_write (THRESHOLD (1), 4, 1);
  g_assert_cmpuint (test_read (CLAIM (1), 4), ==, 40);
  test_restore (&plic->dev, &plic->dev);
  g_assert_true (irq_level (&out[0]) && irq_level (&out[1]));
  g_assert_cmpuint (test_read (CLAIM (1), 4), ==, 4);
  test_write (CLAIM (1), 4, 40);
  g_assert_true (irq_level (&out[1]));
  g_assert_cmpuint (test_read (CLAIM (1), 4), ==, 40);
  /* Reset forgets all but the levels. */
  device_reset (&plic->dev);
  g_assert_false (irq_level (&out[0]) || irq_level (&out[1]));
  g_assert_cmphex (test_read (PENDING (0), 4), ==, 1 << 3 | 1 << 4);
  enable (0, 3, 1);
  g_assert_true (irq_level (&out[0]));
  teardown ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plic/claim", test_claim);
  g_test_add_func ("/plic/withdrawn", test_withdrawn);
  g_test_add_func ("/plic/priorities", test_priorities);
  g_test_add_func ("/plic/contexts", test_contexts);
  g_test_add_func ("/plic/hostile", test_hostile);
  g_test_add_func ("/plic/save", test_save);
  return g_test_run ();
}
