/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The interrupt files (IMSIC) and the wires' way to them or to the harts (APLIC). */

#include "aplic.h"
#include "device-test.h"
#include "platform.h"

#define IMSIC_M(hart) (UINT64_C (0x24000000) + 0x1000 * (hart))
#define IMSIC_S(hart) (UINT64_C (0x28000000) + 0x1000 * (hart))
#define APLIC_M       UINT64_C (0xc000000)
#define APLIC_S       UINT64_C (0xd000000)
#define HARTS         2

enum { EIDELIVERY = 0x70, EITHRESHOLD = 0x72, EIP = 0x80, EIE = 0xc0 };
enum {
  DOMAINCFG = 0,
  MMSIADDRCFG = 0x1bc0,
  MMSIADDRCFGH = 0x1bc4,
  SMSIADDRCFG = 0x1bc8,
  SMSIADDRCFGH = 0x1bcc,
  SETIP = 0x1c00,
  SETIPNUM = 0x1cdc,
  IN_CLRIP = 0x1d00,
  CLRIPNUM = 0x1ddc,
  SETIE = 0x1e00,
  SETIENUM = 0x1edc,
  CLRIE = 0x1f00,
  CLRIENUM = 0x1fdc,
  SETIPNUM_LE = 0x2000,
  SETIPNUM_BE = 0x2004,
  GENMSI = 0x3000,
  IDELIVERY = 0x4000,
  IFORCE = 0x4004,
  ITHRESHOLD = 0x4008,
  TOPI = 0x4018,
  CLAIMI = 0x401c,
};
#define SOURCECFG(n) (4 * (n))
#define TARGET(n)    (0x3000 + 4 * (n))
enum { DETACHED = 1, EDGE1 = 4, EDGE0 = 5, LEVEL1 = 6, LEVEL0 = 7, DELEGATE = 0x400 };

static Imsic *imsics[2 * HARTS]; /* M of all harts, then S */
static Aplic *aplic;
static IrqProbe out[2 * HARTS];

static Imsic *
imsic_make (const char *path, IrqProbe *probe)
{
  Imsic *imsic = (Imsic *)device_new (&imsic_class, path);
  *probe = (IrqProbe){ 0 };
  imsic->out = irq_probe_line (probe);
  g_assert_true (device_realize (&imsic->dev, NULL));
  device_reset (&imsic->dev);
  return imsic;
}

static Aplic *
aplic_make (bool msi)
{
  Aplic *dev = (Aplic *)device_new (&aplic_class, "/aplic");
  g_assert_true (device_set (&dev->dev, "num-harts", "2", NULL));
  for (unsigned i = 0; i < HARTS && !msi; i++) {
    out[i] = out[HARTS + i] = (IrqProbe){ 0 };
    dev->machine.out[i] = irq_probe_line (&out[i]);
    dev->supervisor.out[i] = irq_probe_line (&out[HARTS + i]);
  }
  if (msi) {
    dev->imsics = imsics;
    dev->n_imsics = G_N_ELEMENTS (imsics);
  }
  g_assert_true (device_realize (&dev->dev, NULL));
  device_reset (&dev->dev);
  return dev;
}

static void
setup (bool msi)
{
  platform_begin ();
  for (unsigned i = 0; i < HARTS; i++) {
    imsics[i] = imsic_make ("/imsic-m", &out[i]);
    imsics[HARTS + i] = imsic_make ("/imsic-s", &out[HARTS + i]);
    memory_region_map (test_map, imsics[i]->region, IMSIC_M (i));
    memory_region_map (test_map, imsics[HARTS + i]->region, IMSIC_S (i));
  }
  aplic = aplic_make (msi);
  memory_region_map (test_map, &aplic->machine.region, APLIC_M);
  memory_region_map (test_map, &aplic->supervisor.region, APLIC_S);
}

static void
teardown (void)
{
  device_free (&aplic->dev);
  for (unsigned i = 0; i < G_N_ELEMENTS (imsics); i++)
    device_free (&imsics[i]->dev);
  platform_end ();
}

static uint64_t
csr (Imsic *imsic, unsigned reg, unsigned bits)
{
  uint64_t value;
  g_assert_true (imsic_access (imsic, reg, bits, 0, 0, &value));
  return value;
}

static void
csr_set (Imsic *imsic, unsigned reg, unsigned bits, uint64_t value)
{
  uint64_t old;
  g_assert_true (imsic_access (imsic, reg, bits, UINT64_MAX, value, &old));
}

static void
test_imsic (void)
{
  setup (true);
  Imsic *imsic = imsics[HARTS];
  IrqProbe *line = &out[HARTS];
  test_write (IMSIC_S (0), 4, 7);
  g_assert_cmphex (csr (imsic, EIP, 64), ==, 1 << 7);
  g_assert_cmphex (imsic_topei (imsic, false), ==, 0);
  csr_set (imsic, EIE, 64, UINT64_MAX);
  g_assert_cmphex (csr (imsic, EIE, 64), ==, UINT64_MAX - 1);
  g_assert_cmphex (imsic_topei (imsic, false), ==, 7 << 16 | 7);
  g_assert_false (irq_level (line));
  csr_set (imsic, EIDELIVERY, 64, 1);
  g_assert_true (irq_level (line));
  test_write (IMSIC_S (0) + 4, 4, GUINT32_SWAP_LE_BE (5));
  g_assert_cmphex (imsic_topei (imsic, true), ==, 5 << 16 | 5);
  g_assert_cmphex (imsic_topei (imsic, true), ==, 7 << 16 | 7);
  g_assert_cmphex (imsic_topei (imsic, true), ==, 0);
  g_assert_false (irq_level (line));
  /* The threshold lets lower identities through. */
  csr_set (imsic, EITHRESHOLD, 64, 200);
  csr_set (imsic, EIE + 6, 64, UINT64_MAX);
  test_write (IMSIC_S (0), 4, 200);
  g_assert_false (irq_level (line));
  test_write (IMSIC_S (0), 4, 199);
  g_assert_true (irq_level (line));
  g_assert_cmphex (imsic_topei (imsic, true), ==, 199 << 16 | 199);
  g_assert_false (irq_level (line));
  csr_set (imsic, EITHRESHOLD, 32, 0xfff);
  g_assert_cmphex (csr (imsic, EITHRESHOLD, 32), ==, 0xff);
  g_assert_true (irq_level (line));
  /* Words of 32 bits; identities that do not exist. */
  g_assert_cmphex (csr (imsic, EIP + 6, 32), ==, 1 << 8);
  csr_set (imsic, EIP + 7, 32, UINT32_MAX);
  g_assert_cmphex (csr (imsic, EIP + 6, 64), ==, UINT64_C (0xffffffff00000100));
  csr_set (imsic, EIP + 8, 64, UINT64_MAX);
  g_assert_cmphex (csr (imsic, EIP + 8, 64), ==, 0);
  csr_set (imsic, EIE + 62, 64, UINT64_MAX);
  g_assert_cmphex (csr (imsic, EIE + 62, 64), ==, 0);
  static const unsigned missing[] = { 0, 0x6f, 0x71, 0x73, 0x7f, 0x100 };
  uint64_t old;
  for (unsigned i = 0; i < G_N_ELEMENTS (missing); i++)
    g_assert_false (imsic_access (imsic, missing[i], 64, 0, 0, &old));
  g_assert_false (imsic_access (imsic, EIP + 1, 64, 0, 0, &old));
  device_reset (&imsic->dev);
  csr_set (imsic, EIE, 64, UINT64_MAX);
  static const uint32_t bad[] = { 0, 256, 2047, UINT32_MAX };
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    test_write (IMSIC_S (0), 4, bad[i]);
  g_assert_cmphex (imsic_topei (imsic, false), ==, 0);
  g_assert_cmphex (test_read (IMSIC_S (0), 4), ==, 0);
  /* Other files are not concerned. */
  g_assert_cmphex (csr (imsics[0], EIP, 64), ==, 0);
  teardown ();
}

static uint32_t
aplic_get (uint64_t domain, unsigned reg)
{
  return (uint32_t)test_read (domain + reg, 4);
}

static void
aplic_put (uint64_t domain, unsigned reg, uint32_t value)
{
  test_write (domain + reg, 4, value);
}

/* Delegates a source, as OpenSBI does with all of them, and configures it. */
static void
configure (unsigned n, unsigned mode, uint32_t target)
{
  aplic_put (APLIC_M, SOURCECFG (n), DELEGATE);
  aplic_put (APLIC_S, SOURCECFG (n), mode);
  aplic_put (APLIC_S, TARGET (n), target);
  aplic_put (APLIC_S, SETIENUM, n);
}

static void
test_direct (void)
{
  setup (false);
  IrqLine in10 = aplic_input (aplic, 10), in96 = aplic_input (aplic, 96), in3 = aplic_input (aplic, 3);
  g_assert_cmphex (aplic_get (APLIC_S, DOMAINCFG), ==, 0x80000000);
  configure (10, LEVEL1, 1 << 18 | 3);
  configure (96, EDGE1, 1 << 18 | 2);
  configure (3, LEVEL0, 0);
  g_assert_cmphex (aplic_get (APLIC_S, TARGET (3)), ==, 1);
  aplic_put (APLIC_S, DOMAINCFG, 0xffffffff);
  g_assert_cmphex (aplic_get (APLIC_S, DOMAINCFG), ==, 0x80000100);
  aplic_put (APLIC_S, IDELIVERY, 1);
  aplic_put (APLIC_S, IDELIVERY + 0x20, 1);
  /* Level low is up while the wire is down. */
  g_assert_true (irq_level (&out[2]));
  g_assert_cmphex (aplic_get (APLIC_S, TOPI), ==, 3 << 16 | 1);
  g_assert_cmphex (aplic_get (APLIC_S, CLAIMI), ==, 3 << 16 | 1);
  g_assert_true (irq_level (&out[2]));
  irq_set (&in3, true);
  g_assert_false (irq_level (&out[2]));
  g_assert_cmphex (aplic_get (APLIC_S, CLAIMI), ==, 0);
  /* The other hart: priority decides. */
  irq_set (&in10, true);
  irq_set (&in96, true);
  irq_set (&in96, false);
  g_assert_true (irq_level (&out[3]));
  g_assert_false (irq_level (&out[2]));
  g_assert_cmphex (aplic_get (APLIC_S, SETIP), ==, 1 << 10);
  g_assert_cmphex (aplic_get (APLIC_S, SETIP + 12), ==, 1);
  g_assert_cmphex (aplic_get (APLIC_S, IN_CLRIP), ==, 1 << 10);
  g_assert_cmphex (aplic_get (APLIC_S, CLAIMI + 0x20), ==, 96 << 16 | 2);
  g_assert_cmphex (aplic_get (APLIC_S, CLAIMI + 0x20), ==, 10 << 16 | 3);
  g_assert_true (irq_level (&out[3]));
  aplic_put (APLIC_S, ITHRESHOLD + 0x20, 3);
  g_assert_false (irq_level (&out[3]));
  aplic_put (APLIC_S, ITHRESHOLD + 0x20, 4);
  g_assert_true (irq_level (&out[3]));
  aplic_put (APLIC_S, CLRIENUM, 10);
  g_assert_false (irq_level (&out[3]));
  /* A level source's pending bit is its wire's. */
  aplic_put (APLIC_S, CLRIPNUM, 10);
  g_assert_cmphex (aplic_get (APLIC_S, SETIP), ==, 1 << 10);
  irq_set (&in10, false);
  aplic_put (APLIC_S, SETIPNUM, 10);
  g_assert_cmphex (aplic_get (APLIC_S, SETIP), ==, 0);
  /* iforce is a spurious interrupt, taken back by the claim that finds nothing. */
  aplic_put (APLIC_S, IFORCE, 1);
  g_assert_true (irq_level (&out[2]));
  g_assert_cmphex (aplic_get (APLIC_S, CLAIMI), ==, 0);
  g_assert_false (irq_level (&out[2]));
  g_assert_cmphex (aplic_get (APLIC_S, IFORCE), ==, 0);
  /* Nothing of this reached machine level, and there are no messages. */
  g_assert_cmpint (out[0].rises + out[1].rises, ==, 0);
  aplic_put (APLIC_M, MMSIADDRCFG, 0x24000);
  g_assert_cmphex (aplic_get (APLIC_M, MMSIADDRCFG), ==, 0);
  aplic_put (APLIC_S, GENMSI, 5);
  teardown ();
}

static void
test_delegation (void)
{
  setup (false);
  IrqLine in = aplic_input (aplic, 20);
  /* Not delegated: the child sees nothing. */
  aplic_put (APLIC_S, SOURCECFG (20), LEVEL1);
  aplic_put (APLIC_S, TARGET (20), 7);
  aplic_put (APLIC_S, SETIENUM, 20);
  g_assert_cmphex (aplic_get (APLIC_S, SOURCECFG (20)), ==, 0);
  g_assert_cmphex (aplic_get (APLIC_S, TARGET (20)), ==, 0);
  g_assert_cmphex (aplic_get (APLIC_S, SETIE), ==, 0);
  aplic_put (APLIC_M, SOURCECFG (20), LEVEL1);
  aplic_put (APLIC_M, TARGET (20), 7);
  aplic_put (APLIC_M, SETIE, UINT32_MAX);
  g_assert_cmphex (aplic_get (APLIC_M, SETIE), ==, 1 << 20);
  aplic_put (APLIC_M, DOMAINCFG, 0x100);
  aplic_put (APLIC_M, IDELIVERY, 1);
  irq_set (&in, true);
  g_assert_true (irq_level (&out[0]));
  /* Delegated while pending: it leaves the root and enters the child when that makes it active. */
  aplic_put (APLIC_M, SOURCECFG (20), DELEGATE | 0x3ff);
  g_assert_cmphex (aplic_get (APLIC_M, SOURCECFG (20)), ==, DELEGATE);
  g_assert_false (irq_level (&out[0]));
  g_assert_cmphex (aplic_get (APLIC_M, SETIE) | aplic_get (APLIC_M, SETIP), ==, 0);
  aplic_put (APLIC_S, SOURCECFG (20), LEVEL1);
  g_assert_cmphex (aplic_get (APLIC_S, SETIP), ==, 1 << 20);
  /* A child has none to delegate to; reserved modes are inactive. */
  aplic_put (APLIC_S, SOURCECFG (20), DELEGATE);
  g_assert_cmphex (aplic_get (APLIC_S, SOURCECFG (20)), ==, 0);
  g_assert_cmphex (aplic_get (APLIC_S, SETIP), ==, 0);
  aplic_put (APLIC_S, SOURCECFG (20), 2);
  g_assert_cmphex (aplic_get (APLIC_S, SOURCECFG (20)), ==, 0);
  aplic_put (APLIC_S, SOURCECFG (20), DETACHED);
  aplic_put (APLIC_S, SETIPNUM, 20);
  g_assert_cmphex (aplic_get (APLIC_S, SETIP), ==, 1 << 20);
  /* Taken back. */
  aplic_put (APLIC_M, SOURCECFG (20), EDGE0);
  g_assert_cmphex (aplic_get (APLIC_S, SOURCECFG (20)) | aplic_get (APLIC_S, SETIP), ==, 0);
  irq_set (&in, false);
  g_assert_cmphex (aplic_get (APLIC_M, SETIP), ==, 1 << 20);
  aplic_put (APLIC_M, IN_CLRIP, 1 << 20);
  g_assert_cmphex (aplic_get (APLIC_M, SETIP), ==, 0);
  teardown ();
}

static void
configure_msi (void)
{
  aplic_put (APLIC_M, MMSIADDRCFG, IMSIC_M (0) >> 12);
  aplic_put (APLIC_M, MMSIADDRCFGH, 1 << 12); /* one bit of hart index */
  aplic_put (APLIC_M, SMSIADDRCFG, IMSIC_S (0) >> 12);
  aplic_put (APLIC_M, SMSIADDRCFGH, 0);
  for (unsigned i = 0; i < G_N_ELEMENTS (imsics); i++) {
    csr_set (imsics[i], EIDELIVERY, 64, 1);
    csr_set (imsics[i], EIE, 64, UINT64_MAX);
  }
}

static void
test_msi (void)
{
  setup (true);
  configure_msi ();
  IrqLine in10 = aplic_input (aplic, 10), in11 = aplic_input (aplic, 11);
  g_assert_cmphex (aplic_get (APLIC_S, DOMAINCFG), ==, 0x80000004);
  configure (10, LEVEL1, 1 << 18 | 42);
  configure (11, EDGE1, 43);
  irq_set (&in10, true);
  g_assert_cmphex (aplic_get (APLIC_S, SETIP), ==, 1 << 10);
  aplic_put (APLIC_S, DOMAINCFG, 0x100);
  /* Sent, and not pending any more, though the wire is still up. */
  g_assert_cmphex (imsic_topei (imsics[HARTS + 1], true), ==, 42 << 16 | 42);
  g_assert_cmphex (aplic_get (APLIC_S, SETIP), ==, 0);
  g_assert_cmphex (aplic_get (APLIC_S, IN_CLRIP), ==, 1 << 10);
  /* Linux's aplic_msi_irq_retrigger_level(): the end of an interrupt asks for the next while the wire is up.
   */
  aplic_put (APLIC_S, SETIPNUM_LE, 10);
  g_assert_cmphex (imsic_topei (imsics[HARTS + 1], true), ==, 42 << 16 | 42);
  irq_set (&in10, false);
  aplic_put (APLIC_S, SETIPNUM_BE, GUINT32_SWAP_LE_BE (10));
  g_assert_cmphex (imsic_topei (imsics[HARTS + 1], true), ==, 0);
  irq_set (&in11, true);
  irq_set (&in11, false);
  g_assert_true (irq_level (&out[HARTS]));
  g_assert_cmphex (imsic_topei (imsics[HARTS], true), ==, 43 << 16 | 43);
  /* Messages at once, from either level. */
  aplic_put (APLIC_S, GENMSI, 1 << 18 | 17);
  g_assert_cmphex (imsic_topei (imsics[HARTS + 1], true), ==, 17 << 16 | 17);
  aplic_put (APLIC_M, GENMSI, 1 << 18 | 18);
  g_assert_cmphex (imsic_topei (imsics[1], true), ==, 18 << 16 | 18);
  g_assert_cmphex (aplic_get (APLIC_M, GENMSI), ==, 0);
  /* There are no guests' files; identities that no file has are lost. */
  aplic_put (APLIC_S, TARGET (11), UINT32_MAX);
  g_assert_cmphex (aplic_get (APLIC_S, TARGET (11)), ==, 0xfffc07ff);
  aplic_put (APLIC_S, SETIPNUM, 11);
  for (unsigned i = 0; i < G_N_ELEMENTS (imsics); i++)
    g_assert_cmphex (imsic_topei (imsics[i], true), ==, 0);
  /* No direct delivery; the addresses are the root's, and can be locked. */
  aplic_put (APLIC_S, IDELIVERY, 1);
  g_assert_cmphex (aplic_get (APLIC_S, IDELIVERY), ==, 0);
  aplic_put (APLIC_S, SMSIADDRCFG, 1);
  g_assert_cmphex (aplic_get (APLIC_S, SMSIADDRCFG), ==, 0);
  aplic_put (APLIC_M, MMSIADDRCFGH, UINT32_MAX);
  g_assert_cmphex (aplic_get (APLIC_M, MMSIADDRCFGH), ==, 0x9f77ffff);
  aplic_put (APLIC_M, MMSIADDRCFGH, 0);
  aplic_put (APLIC_M, SMSIADDRCFG, 0);
  g_assert_cmphex (aplic_get (APLIC_M, MMSIADDRCFGH), ==, 0x9f77ffff);
  g_assert_cmphex (aplic_get (APLIC_M, SMSIADDRCFG), ==, IMSIC_S (0) >> 12);
  aplic_put (APLIC_M, GENMSI, UINT32_MAX);
  teardown ();
}

static void
test_save (void)
{
  setup (true);
  configure_msi ();
  IrqLine in = aplic_input (aplic, 10);
  configure (10, LEVEL1, 42);
  irq_set (&in, true);
  test_restore (&aplic->dev, &aplic->dev);
  aplic_put (APLIC_S, DOMAINCFG, 0x100);
  g_assert_cmphex (imsic_topei (imsics[HARTS], false), ==, 42 << 16 | 42);
  test_restore (&imsics[HARTS]->dev, &imsics[HARTS]->dev);
  g_assert_true (irq_level (&out[HARTS]));
  g_assert_cmphex (imsic_topei (imsics[HARTS], true), ==, 42 << 16 | 42);
  test_refuse (&aplic->dev, "s-domaincfg", g_variant_new_uint64 (0x101));
  test_refuse (&imsics[0]->dev, "eithreshold", g_variant_new_uint64 (256));
  teardown ();
  setup (false);
  in = aplic_input (aplic, 10);
  configure (10, LEVEL1, 1);
  aplic_put (APLIC_S, DOMAINCFG, 0x100);
  aplic_put (APLIC_S, IDELIVERY, 1);
  irq_set (&in, true);
  test_restore (&aplic->dev, &aplic->dev);
  g_assert_true (irq_level (&out[HARTS]));
  device_reset (&aplic->dev);
  g_assert_false (irq_level (&out[HARTS]));
  teardown ();
}

/* Anything written anywhere, with wires going up and down. */
static void
test_random (bool msi)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  setup (msi);
  for (unsigned i = 0; i < 100000; i++) {
    uint64_t domain = g_rand_boolean (rand) ? APLIC_M : APLIC_S;
    unsigned reg = g_rand_int (rand) % (APLIC_SIZE / 4) * 4;
    uint32_t value = g_rand_boolean (rand) ? g_rand_int (rand) % 128 : g_rand_int (rand);
    IrqLine in = aplic_input (aplic, g_rand_int (rand) % APLIC_SOURCES + 1);
    irq_set (&in, value & 1);
    if (g_rand_boolean (rand))
      aplic_put (domain, reg, value);
    else
      aplic_get (domain, reg);
    if (i % 10000 == 0)
      test_restore (&aplic->dev, &aplic->dev);
  }
  device_test_hostile_load (&aplic->dev);
  teardown ();
}

static void
test_random_direct (void)
{
  test_random (false);
}

static void
test_random_msi (void)
{
  test_random (true);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/aia/imsic", test_imsic);
  g_test_add_func ("/aia/direct", test_direct);
  g_test_add_func ("/aia/delegation", test_delegation);
  g_test_add_func ("/aia/msi", test_msi);
  g_test_add_func ("/aia/save", test_save);
  g_test_add_func ("/aia/random-direct", test_random_direct);
  g_test_add_func ("/aia/random-msi", test_random_msi);
  return g_test_run ();
}
