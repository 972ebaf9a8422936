/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The virt board's device tree says what QEMU's says. */

#include "fdt-check.h"
#include "virt-fdt.h"
#include "virt-map.h"
#include <glib/gstdio.h>
#include <libfdt.h>
#include <string.h>

static char *extensions[] = { (char *)"i", (char *)"m", (char *)"zicsr", NULL };

static VirtFdtConfig
config (unsigned harts, uint64_t ram)
{
  return (VirtFdtConfig){
    .harts = harts,
    .isa = "rv64im_zicsr",
    .extensions = extensions,
    .isa_base = "rv64i",
    .mmu_type = "riscv,sv57",
    .cbom_size = 64,
    .cboz_size = 64,
    .timebase_frequency = 10000000,
    .ram_size = ram,
  };
}

static void
test_nodes (void)
{
  VirtFdtConfig c = config (2, UINT64_C (2) << 30);
  g_autoptr (GBytes) fdt = virt_fdt_new (&c);
  const void *t = tree_of (fdt);
  uint32_t plic = cell (t, "/soc/plic@c000000", "phandle"), test = cell (t, "/soc/test@100000", "phandle");

  assert_text (t, "/", "compatible", "riscv-virtio");
  assert_text (t, "/", "model", "riscv-virtio,qemu");
  assert_list (t, "/memory@80000000", "reg", 0, 0x80000000, 0, 0x80000000);
  assert_list (t, "/poweroff", "regmap", test);
  assert_list (t, "/poweroff", "value", 0x5555);
  assert_list (t, "/reboot", "value", 0x7777);
  assert_text (t, "/reboot", "compatible", "syscon-reboot");
  assert_text (t, "/soc/test@100000", "compatible", "sifive,test1\0sifive,test0\0syscon");
  assert_text (t, "/soc/plic@c000000", "compatible", "sifive,plic-1.0.0\0riscv,plic0");
  assert_list (t, "/soc/plic@c000000", "reg", 0, 0xc000000, 0, 0x600000);
  assert_list (t, "/soc/plic@c000000", "riscv,ndev", 0x5f);
  assert_text (t, "/soc/clint@2000000", "compatible", "sifive,clint0\0riscv,clint0");
  assert_list (t, "/soc/clint@2000000", "reg", 0, 0x2000000, 0, 0x10000);
  assert_list (t, "/soc/serial@10000000", "interrupts", 10);
  assert_list (t, "/soc/serial@10000000", "interrupt-parent", plic);
  assert_list (t, "/soc/serial@10000000", "clock-frequency", 0x384000);
  assert_list (t, "/soc/rtc@101000", "interrupts", 11);
  assert_list (t, "/soc/virtio_mmio@10001000", "interrupts", 1);
  assert_list (t, "/soc/virtio_mmio@10008000", "interrupts", 8);
  assert_list (t, "/flash@20000000", "reg", 0, 0x20000000, 0, 0x2000000, 0, 0x22000000, 0, 0x2000000);
  assert_list (t, "/fw-cfg@10100000", "reg", 0, 0x10100000, 0, 0x18);
  assert_text (t, "/chosen", "stdout-path", "/soc/serial@10000000");
  assert_text (t, "/aliases", "serial0", "/soc/serial@10000000");
}

static void
test_pci (void)
{
  VirtFdtConfig c = config (1, UINT64_C (2) << 30);
  g_autoptr (GBytes) fdt = virt_fdt_new (&c);
  const void *t = tree_of (fdt);
  uint32_t plic = cell (t, "/soc/plic@c000000", "phandle");
  int size;

  assert_list (t, "/soc/pci@30000000", "ranges", 0x1000000, 0, 0, 0, 0x3000000, 0, 0x10000, 0x2000000, 0,
               0x40000000, 0, 0x40000000, 0, 0x40000000, 0x3000000, 4, 0, 4, 0, 4, 0);
  assert_list (t, "/soc/pci@30000000", "interrupt-map-mask", 0x1800, 0, 0, 7);
  const fdt32_t *map = prop (t, "/soc/pci@30000000", "interrupt-map", &size);
  g_assert_cmpint (size, ==, 16 * 6 * 4);
  for (unsigned slot = 0; slot < 4; slot++)
    for (unsigned pin = 0; pin < 4; pin++, map += 6) {
      g_assert_cmphex (fdt32_to_cpu (map[0]), ==, slot << 11);
      g_assert_cmpuint (fdt32_to_cpu (map[3]), ==, pin + 1);
      g_assert_cmpuint (fdt32_to_cpu (map[4]), ==, plic);
      g_assert_cmpuint (fdt32_to_cpu (map[5]), ==, 32 + (slot + pin) % 4);
    }
  g_assert_cmphex (virt_high_pcie_base (UINT64_C (128) << 20), ==, 0x400000000);
  g_assert_cmphex (virt_high_pcie_base (UINT64_C (14) << 30), ==, 0x400000000);
  g_assert_cmphex (virt_high_pcie_base ((UINT64_C (14) << 30) + 1), ==, 0x800000000);
}

static void
test_harts (void)
{
  VirtFdtConfig c = config (3, UINT64_C (128) << 20);
  g_autoptr (GBytes) fdt = virt_fdt_new (&c);
  const void *t = tree_of (fdt);
  int size;

  assert_list (t, "/cpus", "timebase-frequency", 10000000);
  const fdt32_t *irqs = prop (t, "/soc/plic@c000000", "interrupts-extended", &size);
  g_assert_cmpint (size, ==, 3 * 2 * 2 * 4);
  for (unsigned i = 0; i < 3; i++) {
    g_autofree char *cpu = g_strdup_printf ("/cpus/cpu@%x", i);
    g_autofree char *intc = g_strdup_printf ("%s/interrupt-controller", cpu);
    g_autofree char *core = g_strdup_printf ("/cpus/cpu-map/cluster0/core%u", i);
    uint32_t phandle = cell (t, intc, "phandle");
    assert_list (t, cpu, "reg", i);
    assert_text (t, cpu, "riscv,isa", "rv64im_zicsr");
    assert_text (t, cpu, "riscv,isa-base", "rv64i");
    assert_text (t, cpu, "riscv,isa-extensions", "i\0m\0zicsr");
    assert_text (t, cpu, "mmu-type", "riscv,sv57");
    assert_list (t, cpu, "riscv,cboz-block-size", 64);
    g_assert_null (fdt_getprop (t, fdt_path_offset (t, cpu), "riscv,cbop-block-size", NULL));
    g_assert_cmpuint (cell (t, core, "cpu"), ==, cell (t, cpu, "phandle"));
    g_assert_cmpuint (fdt32_to_cpu (irqs[4 * i]), ==, phandle);
    g_assert_cmpuint (fdt32_to_cpu (irqs[4 * i + 1]), ==, 11);
    g_assert_cmpuint (fdt32_to_cpu (irqs[4 * i + 2]), ==, phandle);
    g_assert_cmpuint (fdt32_to_cpu (irqs[4 * i + 3]), ==, 9);
  }
}

static void
test_aia (void)
{
  VirtFdtConfig c = config (2, UINT64_C (128) << 20);
  c.aia = VIRT_AIA_APLIC;
  g_autoptr (GBytes) aplic_fdt = virt_fdt_new (&c);
  const void *a = tree_of (aplic_fdt);
  uint32_t s = cell (a, "/soc/interrupt-controller@d000000", "phandle");
  uint32_t hart0 = cell (a, "/cpus/cpu@0/interrupt-controller", "phandle");
  uint32_t hart1 = cell (a, "/cpus/cpu@1/interrupt-controller", "phandle");
  int size;

  assert_list (a, "/soc/serial@10000000", "interrupts", 10, 4);
  assert_list (a, "/soc/serial@10000000", "interrupt-parent", s);
  assert_list (a, "/soc/interrupt-controller@c000000", "riscv,delegation", s, 1, 0x60);
  assert_list (a, "/soc/interrupt-controller@c000000", "riscv,delegate", s, 1, 0x60);
  assert_list (a, "/soc/interrupt-controller@c000000", "riscv,children", s);
  assert_list (a, "/soc/interrupt-controller@c000000", "reg", 0, 0xc000000, 0, 0x8000);
  assert_list (a, "/soc/interrupt-controller@c000000", "interrupts-extended", hart0, 11, hart1, 11);
  assert_list (a, "/soc/interrupt-controller@d000000", "interrupts-extended", hart0, 9, hart1, 9);
  assert_text (a, "/soc/interrupt-controller@d000000", "compatible", "qemu,aplic\0riscv,aplic");
  prop (a, "/soc/pci@30000000", "interrupt-map", &size);
  g_assert_cmpint (size, ==, 16 * 7 * 4);
  g_assert_null (fdt_getprop (a, fdt_path_offset (a, "/soc/pci@30000000"), "msi-parent", NULL));
  g_assert_cmpint (fdt_path_offset (a, "/soc/plic@c000000"), <, 0);

  c.aia = VIRT_AIA_APLIC_IMSIC;
  g_autoptr (GBytes) imsic_fdt = virt_fdt_new (&c);
  const void *i = tree_of (imsic_fdt);
  uint32_t imsic_s = cell (i, "/soc/interrupt-controller@28000000", "phandle");
  uint32_t imsic_m = cell (i, "/soc/interrupt-controller@24000000", "phandle");
  assert_list (i, "/soc/pci@30000000", "msi-parent", imsic_s);
  assert_list (i, "/soc/interrupt-controller@d000000", "msi-parent", imsic_s);
  assert_list (i, "/soc/interrupt-controller@c000000", "msi-parent", imsic_m);
  assert_list (i, "/soc/interrupt-controller@28000000", "riscv,num-ids", 255);
  assert_list (i, "/soc/interrupt-controller@28000000", "reg", 0, 0x28000000, 0, 0x2000);
  assert_text (i, "/soc/interrupt-controller@28000000", "compatible", "qemu,imsics\0riscv,imsics");
}

/* Every phandle is there once, in the largest machine too. */
static void
test_largest (void)
{
  VirtFdtConfig c = config (512, UINT64_C (1) << 40);
  g_autoptr (GBytes) fdt = virt_fdt_new (&c);
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  const void *t = tree_of (fdt);

  for (int node = 0; node >= 0; node = fdt_next_node (t, node, NULL)) {
    uint32_t phandle = fdt_get_phandle (t, node);
    if (phandle)
      g_assert_true (g_hash_table_add (seen, GUINT_TO_POINTER (phandle)));
  }
  g_assert_cmpuint (g_hash_table_size (seen), ==, 2 * 512 + 2);
}

static void
test_boot (void)
{
  VirtFdtConfig c = config (1, UINT64_C (128) << 20);
  g_autoptr (GBytes) fdt = virt_fdt_new (&c);
  g_autoptr (GBytes) boot = virt_fdt_with_boot (fdt, "console=ttyS0", 0x184200000, 0x184202800, NULL);
  g_autoptr (GBytes) plain = virt_fdt_with_boot (fdt, NULL, 0, 0, NULL);
  g_autoptr (GBytes) reseeded = virt_fdt_with_new_seed (boot);
  const void *t = tree_of (boot), *p = tree_of (plain), *r = tree_of (reseeded);
  int size;

  assert_text (t, "/chosen", "bootargs", "console=ttyS0");
  assert_list (t, "/chosen", "linux,initrd-start", 1, 0x84200000);
  assert_list (t, "/chosen", "linux,initrd-end", 1, 0x84202800);
  g_assert_null (fdt_getprop (p, fdt_path_offset (p, "/chosen"), "bootargs", NULL));
  g_assert_null (fdt_getprop (p, fdt_path_offset (p, "/chosen"), "linux,initrd-start", NULL));
  const void *a = prop (t, "/chosen", "rng-seed", &size), *b = prop (r, "/chosen", "rng-seed", &size);
  g_assert_cmpint (size, ==, 32);
  g_assert_cmpint (memcmp (a, b, 32), !=, 0);
  g_assert_cmpuint (g_bytes_get_size (reseeded), ==, g_bytes_get_size (boot));
}

/* A user's own tree may be anything. */
static void
test_foreign (void)
{
  VirtFdtConfig c = config (1, UINT64_C (128) << 20);
  g_autoptr (GBytes) fdt = virt_fdt_new (&c);
  gsize size;
  const uint8_t *data = g_bytes_get_data (fdt, &size);

  g_assert_true (virt_fdt_check (fdt, "x", NULL));
  for (gsize cut = 0; cut < size; cut += 13) {
    g_autoptr (GBytes) part = g_bytes_new (data, cut);
    g_autoptr (GError) error = NULL;
    g_assert_false (virt_fdt_check (part, "x.dtb", &error));
    g_assert_nonnull (strstr (error->message, "x.dtb"));
  }
  GRand *rand = g_rand_new_with_seed (1);
  for (unsigned i = 0; i < 2000; i++) {
    g_autofree uint8_t *copy = g_memdup2 (data, size);
    for (unsigned j = 0; j < 4; j++)
      copy[g_rand_int_range (rand, 0, j == 0 ? 64 : (int)size)] = (uint8_t)g_rand_int (rand);
    g_autoptr (GBytes) bad = g_bytes_new (copy, size);
    if (!virt_fdt_check (bad, "x", NULL))
      continue;
    g_autoptr (GBytes) boot = virt_fdt_with_boot (bad, "a", 1, 2, NULL);
    g_autoptr (GBytes) seeded = virt_fdt_with_new_seed (bad);
    g_assert_nonnull (seeded);
  }
  g_rand_free (rand);
}

/* A tree without /chosen gets one. */
static void
test_no_chosen (void)
{
  uint8_t buffer[512];
  g_assert_cmpint (fdt_create_empty_tree (buffer, sizeof buffer), ==, 0);
  g_assert_cmpint (fdt_pack (buffer), ==, 0);
  g_autoptr (GBytes) empty = g_bytes_new (buffer, fdt_totalsize (buffer));
  g_autoptr (GBytes) boot = virt_fdt_with_boot (empty, "a=b", 1, 2, NULL);
  g_autoptr (GBytes) seeded = virt_fdt_with_new_seed (empty);

  assert_text (tree_of (boot), "/chosen", "bootargs", "a=b");
  g_assert_true (g_bytes_equal (seeded, empty));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/machine/fdt/nodes", test_nodes);
  g_test_add_func ("/machine/fdt/pci", test_pci);
  g_test_add_func ("/machine/fdt/harts", test_harts);
  g_test_add_func ("/machine/fdt/aia", test_aia);
  g_test_add_func ("/machine/fdt/largest", test_largest);
  g_test_add_func ("/machine/fdt/boot", test_boot);
  g_test_add_func ("/machine/fdt/foreign", test_foreign);
  g_test_add_func ("/machine/fdt/no-chosen", test_no_chosen);
  return g_test_run ();
}
