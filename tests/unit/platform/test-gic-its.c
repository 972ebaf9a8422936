/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The ITS and LPIs. */

#include "device-test.h"
#include "gic-its.h"
#include "gicv3-bench.h"

#define NONE       1023
#define ITS_BASE   UINT64_C (0x8080000)
#define CONFIG     (BENCH_RAM + 0x10000)
#define PENDING    (BENCH_RAM + 0x20000) /* 64 KiB a PE */
#define QUEUE      (BENCH_RAM + 0x80000)
#define DEVICES    (BENCH_RAM + 0x90000)
#define COLLECTION (BENCH_RAM + 0xa0000)
#define SECOND     (BENCH_RAM + 0xb0000)
#define EVENTS     (BENCH_RAM + 0xc0000)
#define VALID      (UINT64_C (1) << 63)
#define INDIRECT   (UINT64_C (1) << 62)

enum { GITS_CTLR = 0, TYPER = 8, CBASER = 0x80, CWRITER = 0x88, CREADR = 0x90, BASER = 0x100 };

static GicIts *its;
static unsigned queued;

static void
its_set (unsigned reg, uint64_t value)
{
  test_write (ITS_BASE + reg, 8, value);
}

static uint64_t
its_get (unsigned reg)
{
  return test_read (ITS_BASE + reg, 8);
}

static void
command (unsigned code, uint64_t device, uint64_t word1, uint64_t word2, uint64_t word3)
{
  const uint64_t words[] = { device << 32 | code, word1, word2, word3 };
  for (unsigned i = 0; i < 4; i++)
    test_write (QUEUE + queued + 8 * i, 8, words[i]);
  queued = (queued + 32) % 0x1000;
  its_set (CWRITER, queued);
  g_assert_cmphex (its_get (CREADR), ==, queued);
}

static void
mapd (unsigned device, uint64_t address, unsigned bits)
{
  command (0x08, device, bits - 1, VALID | address, 0);
}

static void
mapc (unsigned collection, unsigned cpu)
{
  command (0x09, 0, 0, VALID | (uint64_t)cpu << 16 | collection, 0);
}

static void
mapti (unsigned device, unsigned event, unsigned lpi, unsigned collection)
{
  command (0x0a, device, (uint64_t)lpi << 32 | event, collection, 0);
}

static void
event_command (unsigned code, unsigned device, unsigned event)
{
  command (code, device, event, 0, 0);
}
#define INT(device, event)     event_command (0x03, device, event)
#define CLEAR(device, event)   event_command (0x04, device, event)
#define INV(device, event)     event_command (0x0c, device, event)
#define DISCARD(device, event) event_command (0x0f, device, event)

static void
set_config (unsigned lpi, unsigned value)
{
  test_write (CONFIG + lpi - 8192, 1, value);
}

static GicIts *
its_new (Gicv3 *gic)
{
  GicIts *dev = (GicIts *)device_new (&gic_its_class, "/its");
  dev->gic = gic;
  dev->map = test_map;
  g_assert_true (device_realize (&dev->dev, NULL));
  device_reset (&dev->dev);
  return dev;
}

/* As Linux does it; of device 0x18 events 0 to 3 are LPIs 8192 to 8195 of PE 1, enabled. */
static void
start (bool two_levels)
{
  bench_begin (BENCH_LPIS);
  bench_start ();
  its = its_new (bench_gic);
  memory_region_map (test_map, its->region, ITS_BASE);
  for (unsigned i = 0; i < BENCH_CPUS; i++) {
    uint64_t redist = BENCH_REDIST + i * GICV3_REDIST_SIZE;
    test_write (redist + 0x70, 8, CONFIG | 15);
    test_write (redist + 0x78, 8, PENDING + i * 0x10000);
    redist_set (i, 0, 1);
    g_assert_cmphex (redist_get (i, 0), ==, 3);
  }
  queued = 0;
  if (two_levels)
    test_write (DEVICES, 8, VALID | SECOND);
  its_set (BASER, VALID | DEVICES | (two_levels ? INDIRECT : 0));
  its_set (BASER + 8, VALID | COLLECTION);
  its_set (CBASER, VALID | QUEUE);
  test_write (ITS_BASE + GITS_CTLR, 4, 1);
  for (unsigned i = 0; i < BENCH_CPUS; i++)
    mapc (i, i);
  mapd (0x18, EVENTS, 5);
  for (unsigned event = 0; event < 4; event++) {
    set_config (8192 + event, 0xa0 | 1);
    mapti (0x18, event, 8192 + event, 1);
  }
  command (0x05, 0, 0, 1 << 16, 0);
}

static void
end (void)
{
  g_clear_pointer ((Device **)&its, device_free);
  bench_end ();
}

static void
test_message (bool two_levels)
{
  start (two_levels);
  IrqProbe *irq = &bench_pe[1].irq;
  for (unsigned i = 0; i < 3; i++) {
    gic_its_msi (its, 0x18, 2);
    g_assert_true (irq_level (irq));
    g_assert_cmpuint (reg_get (1, IAR1), ==, 8194);
    g_assert_false (irq_level (irq));
    reg_set (1, EOIR1, 8194);
    g_assert_cmphex (reg_get (1, RPR), ==, 0xff);
  }
  /* The lowest first; the same twice is once. */
  gic_its_msi (its, 0x18, 3);
  gic_its_msi (its, 0x18, 0);
  gic_its_msi (its, 0x18, 0);
  g_assert_cmpuint (reg_get (1, IAR1), ==, 8192);
  reg_set (1, EOIR1, 8192);
  g_assert_cmpuint (reg_get (1, IAR1), ==, 8195);
  reg_set (1, EOIR1, 8195);
  g_assert_cmpuint (reg_get (1, IAR1), ==, NONE);
  /* What is not mapped, and a write that comes from nobody. */
  gic_its_msi (its, 0x18, 4);
  gic_its_msi (its, 0x18, 31);
  gic_its_msi (its, 0x18, 32);
  gic_its_msi (its, 0x19, 0);
  gic_its_msi (its, UINT32_MAX, UINT32_MAX);
  test_write (ITS_BASE + GIC_ITS_TRANSLATER, 4, 0);
  for (unsigned i = 0; i < BENCH_CPUS; i++)
    g_assert_cmpuint (reg_get (i, HPPIR1), ==, NONE);
  end ();
}

static void
test_flat (void)
{
  test_message (false);
}

static void
test_two_levels (void)
{
  test_message (true);
}

static void
test_identity (void)
{
  start (false);
  g_assert_cmphex (its_get (TYPER), ==, 1 | 7 << 4 | 15 << 8 | 15 << 13);
  g_assert_cmphex (test_read (ITS_BASE + 0xffe8, 4), ==, 0x3b);
  g_assert_cmphex (its_get (BASER) >> 48, ==, 0x8107);
  g_assert_cmphex (its_get (BASER + 8) >> 48, ==, 0x8407);
  g_assert_cmphex (its_get (BASER + 16), ==, 0);
  its_set (BASER + 16, UINT64_MAX);
  g_assert_cmphex (its_get (BASER + 16), ==, 0);
  /* In halves, and only while it is off. */
  test_write (ITS_BASE + CBASER, 4, 0);
  g_assert_cmphex (its_get (CBASER), ==, VALID | QUEUE);
  test_write (ITS_BASE + GITS_CTLR, 4, 0);
  g_assert_cmphex (test_read (ITS_BASE + GITS_CTLR, 4), ==, 0x80000000);
  test_write (ITS_BASE + CBASER + 4, 4, 0x80000000);
  test_write (ITS_BASE + CBASER, 4, 0x40000001);
  g_assert_cmphex (its_get (CBASER), ==, VALID | 0x40000001);
  g_assert_cmphex (its_get (CREADR), ==, 0);
  gic_its_msi (its, 0x18, 0);
  g_assert_false (irq_level (&bench_pe[1].irq));
  end ();
}

static void
test_configuration (void)
{
  start (false);
  /* A change in memory is one with INV. */
  set_config (8193, 0x40);
  INV (0x18, 1);
  gic_its_msi (its, 0x18, 1);
  g_assert_false (irq_level (&bench_pe[1].irq));
  set_config (8193, 0x40 | 1);
  INV (0x18, 1);
  g_assert_true (irq_level (&bench_pe[1].irq));
  gic_its_msi (its, 0x18, 0);
  g_assert_cmpuint (reg_get (1, HPPIR1), ==, 8193);
  set_config (8193, 0xc0 | 1);
  command (0x0d, 0, 0, 1, 0); /* INVALL */
  g_assert_cmpuint (reg_get (1, HPPIR1), ==, 8192);
  /* INT and CLEAR. */
  INT (0x18, 3);
  CLEAR (0x18, 0);
  CLEAR (0x18, 1);
  g_assert_cmpuint (reg_get (1, IAR1), ==, 8195);
  reg_set (1, EOIR1, 8195);
  g_assert_false (irq_level (&bench_pe[1].irq));
  /* SPIs and LPIs by priority. */
  bench_enable (1, 33, 0x80);
  IrqLine in = gicv3_spi_input (bench_gic, 1);
  INT (0x18, 0);
  irq_set (&in, true);
  g_assert_cmpuint (reg_get (1, IAR1), ==, 33);
  end ();
}

static void
test_moves (void)
{
  start (false);
  gic_its_msi (its, 0x18, 0);
  command (0x01, 0x18, 0, 3, 0); /* MOVI, while it is pending */
  g_assert_false (irq_level (&bench_pe[1].irq));
  g_assert_cmpuint (reg_get (3, IAR1), ==, 8192);
  gic_its_msi (its, 0x18, 0);
  gic_its_msi (its, 0x18, 1);
  g_assert_true (irq_level (&bench_pe[1].irq));
  command (0x0e, 0, 0, 1 << 16, 2 << 16); /* MOVALL */
  g_assert_false (irq_level (&bench_pe[1].irq));
  g_assert_cmpuint (reg_get (2, IAR1), ==, 8193);
  /* A collection's PE. */
  mapc (1, 0);
  gic_its_msi (its, 0x18, 2);
  g_assert_cmpuint (reg_get (0, IAR1), ==, 8194);
  gic_its_msi (its, 0x18, 3);
  DISCARD (0x18, 3);
  g_assert_cmpuint (reg_get (0, HPPIR1), ==, NONE);
  gic_its_msi (its, 0x18, 3);
  g_assert_cmpuint (reg_get (0, HPPIR1), ==, NONE);
  command (0x08, 0x18, 0, 0, 0); /* MAPD without V */
  gic_its_msi (its, 0x18, 1);
  g_assert_cmpuint (reg_get (0, HPPIR1), ==, NONE);
  /* MAPI: the event is the LPI. */
  mapd (5, EVENTS, 16);
  set_config (9000, 1);
  command (0x0b, 5, 9000, 2, 0);
  gic_its_msi (its, 5, 9000);
  reg_set (2, EOIR1, 8193);
  g_assert_cmpuint (reg_get (2, IAR1), ==, 9000);
  end ();
}

static void
test_tables_in_memory (void)
{
  start (false);
  gic_its_msi (its, 0x18, 0);
  gic_its_msi (its, 0x18, 3);
  /* Switched off, what is pending is in memory, and comes from there. */
  redist_set (1, 0, 0);
  g_assert_false (irq_level (&bench_pe[1].irq));
  g_assert_cmphex (test_read (PENDING + 0x10000 + 0x400, 8), ==, 9);
  gic_its_msi (its, 0x18, 1);
  test_write (PENDING + 0x10000 + 0x400, 8, 4);
  redist_set (1, 0, 1);
  g_assert_cmpuint (reg_get (1, IAR1), ==, 8194);
  reg_set (1, EOIR1, 8194);
  g_assert_cmpuint (reg_get (1, HPPIR1), ==, NONE);
  /* Registers of tables that are in use do not change. */
  test_write (BENCH_REDIST + GICV3_REDIST_SIZE + 0x70, 8, 0);
  g_assert_cmphex (test_read (BENCH_REDIST + GICV3_REDIST_SIZE + 0x70, 8), ==, CONFIG | 15);
  redist_set (1, 0, 0);
  /* With PTZ the table is known to be empty. */
  test_write (PENDING + 0x10000 + 0x400, 8, 0xff);
  test_write (BENCH_REDIST + GICV3_REDIST_SIZE + 0x78, 8, INDIRECT | (PENDING + 0x10000));
  g_assert_cmphex (test_read (BENCH_REDIST + GICV3_REDIST_SIZE + 0x78, 8), ==, PENDING + 0x10000);
  redist_set (1, 0, 1);
  g_assert_cmpuint (reg_get (1, HPPIR1), ==, NONE);
  /* No memory anywhere, and no LPIs at all with few bits. */
  redist_set (1, 0, 0);
  test_write (BENCH_REDIST + GICV3_REDIST_SIZE + 0x70, 8, UINT64_C (0xffffffff0000) | 15);
  test_write (BENCH_REDIST + GICV3_REDIST_SIZE + 0x78, 8, UINT64_C (0xffffffff0000));
  redist_set (1, 0, 1);
  gic_its_msi (its, 0x18, 0);
  g_assert_cmpuint (reg_get (1, HPPIR1), ==, NONE);
  redist_set (1, 0, 0);
  test_write (BENCH_REDIST + GICV3_REDIST_SIZE + 0x70, 8, CONFIG | 5);
  redist_set (1, 0, 1);
  gic_its_msi (its, 0x18, 0);
  g_assert_cmpuint (reg_get (1, HPPIR1), ==, NONE);
  redist_set (1, 0, 0);
  end ();
}

static void
test_save (void)
{
  start (false);
  gic_its_msi (its, 0x18, 1);
  test_restore (&bench_gic->dev, &bench_gic->dev);
  test_restore (&its->dev, &its->dev);
  g_assert_cmpuint (reg_get (1, IAR1), ==, 8193);
  gic_its_msi (its, 0x18, 2);
  reg_set (1, EOIR1, 8193);
  g_assert_cmpuint (reg_get (1, IAR1), ==, 8194);
  GicIts *fresh = its_new (bench_gic);
  device_test_all (&its->dev, &fresh->dev);
  device_free (&fresh->dev);
  end ();
}

static void
test_hostile (void)
{
  start (true);
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  test_write (ITS_BASE + GITS_CTLR, 4, 0);
  its_set (CBASER, VALID | QUEUE | 15);
  test_write (ITS_BASE + GITS_CTLR, 4, 1);
  for (unsigned round = 0; round < 40; round++) {
    for (unsigned i = 0; i < 0x10000; i += 8) {
      uint64_t word = (uint64_t)g_rand_int (rand) << 32 | g_rand_int (rand);
      if (i % 32 == 0)
        word = (word & 0x1800000000) | (word & 15);
      else if (g_rand_boolean (rand))
        word &= i % 32 == 8 ? UINT64_C (0x2fff0000001f) : UINT64_C (0x800000004003ffff);
      test_write (QUEUE + i, 8, word);
    }
    its_set (CWRITER, round % 2 == 0 ? 0xffe0 : 0);
    g_assert_cmphex (its_get (CREADR), ==, its_get (CWRITER));
    for (unsigned cpu = 0; cpu < BENCH_CPUS; cpu++)
      for (uint64_t id; (id = reg_get (cpu, IAR1)) != NONE;)
        reg_set (cpu, EOIR1, id);
  }
  /* Beyond the queue's end, and where there is no memory. */
  its_set (CWRITER, 0xffffff);
  test_write (ITS_BASE + GITS_CTLR, 4, 0);
  its_set (CBASER, VALID | 0xff);
  its_set (BASER, VALID | INDIRECT | UINT64_C (0xfffffffff000));
  its_set (BASER + 8, VALID | UINT64_C (0xffffffff0200));
  test_write (ITS_BASE + GITS_CTLR, 4, 1);
  its_set (CWRITER, 0x40);
  its_set (CWRITER, 0x20);
  g_assert_cmphex (its_get (CREADR), ==, 0x20);
  gic_its_msi (its, 0x18, 0);
  end ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gic-its/flat", test_flat);
  g_test_add_func ("/gic-its/two-levels", test_two_levels);
  g_test_add_func ("/gic-its/identity", test_identity);
  g_test_add_func ("/gic-its/configuration", test_configuration);
  g_test_add_func ("/gic-its/moves", test_moves);
  g_test_add_func ("/gic-its/tables", test_tables_in_memory);
  g_test_add_func ("/gic-its/save", test_save);
  g_test_add_func ("/gic-its/hostile", test_hostile);
  return g_test_run ();
}
