/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The device tree of Arm's virt board says what Linux's bindings want, and what QEMU's says. */

#include "fdt-check.h"
#include "virt-arm-fdt.h"

static uint64_t
mpidr (const void *opaque, unsigned cpu)
{
  return (uint64_t)(cpu / 16) << 8 | cpu % 16;
}

static VirtArmFdtConfig
config (unsigned cpus, unsigned gic_version)
{
  return (VirtArmFdtConfig){
    .layout = {
      .ram = 0x40000000,
      .fw_cfg = 0x9020000,
      .virtio = 0xa000000,
      .virtio_size = 0x200,
      .n_virtio = 32,
      .virtio_irq = 16,
      .flash_size = 0x4000000,
      .pio = 0x3eff0000,
      .pio_size = 0x10000,
      .mmio = 0x10000000,
      .mmio_size = 0x2eff0000,
      .high_mmio = UINT64_C (0x8000000000),
      .high_mmio_size = UINT64_C (0x8000000000),
      .ecam = UINT64_C (0x4010000000),
      .ecam_size = 0x10000000,
      .pcie_irq = 3,
    },
    .ram_size = UINT64_C (5) << 30,
    .cpus = cpus,
    .mpidr = mpidr,
    .cpu_model = "cortex-a72",
    .psci = "hvc",
    .gic_version = gic_version,
    .redist2 = UINT64_C (0x4000000000),
    .its = gic_version == 3,
  };
}

static bool
has (const void *tree, const char *path)
{
  return fdt_path_offset (tree, path) >= 0;
}

static void
test_nodes (void)
{
  VirtArmFdtConfig c = config (2, 2);
  g_autoptr (GBytes) fdt = virt_arm_fdt_new (&c);
  const void *t = tree_of (fdt);
  uint32_t gic = cell (t, "/intc@8000000", "phandle"), clock = cell (t, "/apb-pclk", "phandle"),
           gpio = cell (t, "/pl061@9030000", "phandle");

  assert_text (t, "/", "compatible", "linux,dummy-virt");
  assert_list (t, "/", "interrupt-parent", gic);
  assert_list (t, "/memory@40000000", "reg", 0, 0x40000000, 1, 0x40000000);
  assert_text (t, "/psci", "method", "hvc");
  assert_text (t, "/psci", "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
  assert_text (t, "/cpus/cpu@0", "compatible", "arm,cortex-a72");
  assert_text (t, "/cpus/cpu@1", "enable-method", "psci");
  assert_list (t, "/cpus/cpu@1", "reg", 1);
  assert_list (t, "/cpus/cpu-map/cluster0/core1", "cpu", cell (t, "/cpus/cpu@1", "phandle"));
  assert_text (t, "/timer", "compatible", "arm,armv8-timer\0arm,armv7-timer");
  assert_list (t, "/timer", "interrupts", 1, 13, 0x304, 1, 14, 0x304, 1, 11, 0x304, 1, 10, 0x304);
  assert_list (t, "/pmu", "interrupts", 1, 7, 0x304);
  assert_text (t, "/pl011@9000000", "compatible", "arm,pl011\0arm,primecell");
  assert_list (t, "/pl011@9000000", "interrupts", 0, 1, 4);
  assert_list (t, "/pl011@9000000", "clocks", clock, clock);
  assert_text (t, "/pl011@9000000", "clock-names", "uartclk\0apb_pclk");
  assert_list (t, "/pl031@9010000", "interrupts", 0, 2, 4);
  assert_list (t, "/gpio-keys/poweroff", "gpios", gpio, 3, 0);
  assert_list (t, "/gpio-keys/poweroff", "linux,code", 116);
  assert_list (t, "/virtio_mmio@a000000", "interrupts", 0, 16, 4);
  assert_list (t, "/virtio_mmio@a003e00", "interrupts", 0, 47, 4);
  assert_list (t, "/flash@0", "reg", 0, 0, 0, 0x4000000, 0, 0x4000000, 0, 0x4000000);
  assert_list (t, "/fw-cfg@9020000", "reg", 0, 0x9020000, 0, 0x18);
  assert_text (t, "/chosen", "stdout-path", "/pl011@9000000");
  assert_text (t, "/aliases", "serial0", "/pl011@9000000");
  g_assert_false (has (t, "/pl011@9040000"));
}

static void
test_gicv2 (void)
{
  VirtArmFdtConfig c = config (8, 2);
  g_autoptr (GBytes) fdt = virt_arm_fdt_new (&c);
  c.virtualization = true;
  c.psci = "smc";
  g_autoptr (GBytes) hyp_fdt = virt_arm_fdt_new (&c);
  const void *t = tree_of (fdt), *hyp = tree_of (hyp_fdt);

  assert_text (t, "/intc@8000000", "compatible", "arm,cortex-a15-gic");
  assert_list (t, "/intc@8000000", "#interrupt-cells", 3);
  assert_list (t, "/intc@8000000", "reg", 0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x10000);
  assert_text (t, "/intc@8000000/v2m@8020000", "compatible", "arm,gic-v2m-frame");
  assert_list (t, "/intc@8000000/v2m@8020000", "reg", 0, 0x8020000, 0, 0x1000);
  assert_list (t, "/pci@4010000000", "msi-map", 0, cell (t, "/intc@8000000/v2m@8020000", "phandle"), 0,
               0x10000);
  assert_list (hyp, "/intc@8000000", "reg", 0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x10000, 0, 0x8030000,
               0, 0x10000, 0, 0x8040000, 0, 0x10000);
  assert_list (hyp, "/intc@8000000", "interrupts", 1, 9, 0xff04);
  assert_list (hyp, "/timer", "interrupts", 1, 13, 0xff04, 1, 14, 0xff04, 1, 11, 0xff04, 1, 10, 0xff04, 1, 12,
               0xff04);
  assert_text (hyp, "/psci", "method", "smc");
}

static void
test_gicv3 (void)
{
  VirtArmFdtConfig c = config (20, 3);
  g_autoptr (GBytes) fdt = virt_arm_fdt_new (&c);
  c.cpus = 200;
  c.its = false;
  g_autoptr (GBytes) large_fdt = virt_arm_fdt_new (&c);
  const void *t = tree_of (fdt), *large = tree_of (large_fdt);

  assert_text (t, "/intc@8000000", "compatible", "arm,gic-v3");
  assert_list (t, "/intc@8000000", "reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 20 * 0x20000);
  assert_list (t, "/intc@8000000", "#redistributor-regions", 1);
  assert_text (t, "/intc@8000000/its@8080000", "compatible", "arm,gic-v3-its");
  assert_list (t, "/intc@8000000/its@8080000", "#msi-cells", 1);
  assert_list (t, "/pci@4010000000", "msi-map", 0, cell (t, "/intc@8000000/its@8080000", "phandle"), 0,
               0x10000);
  assert_list (t, "/timer", "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
  assert_list (t, "/cpus/cpu@100", "reg", 0x100);
  assert_list (large, "/intc@8000000", "reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 123 * 0x20000, 0x40,
               0, 0, 77 * 0x20000);
  assert_list (large, "/intc@8000000", "#redistributor-regions", 2);
  g_assert_false (has (large, "/intc@8000000/its@8080000"));
  g_assert_null (fdt_getprop (large, fdt_path_offset (large, "/pci@4010000000"), "msi-map", NULL));
}

static void
test_pci (void)
{
  VirtArmFdtConfig c = config (1, 3);
  g_autoptr (GBytes) fdt = virt_arm_fdt_new (&c);
  c.layout.high_mmio_size = 0;
  c.layout.ecam = 0x3f000000;
  c.layout.ecam_size = 0x1000000;
  g_autoptr (GBytes) low_fdt = virt_arm_fdt_new (&c);
  const void *t = tree_of (fdt), *low = tree_of (low_fdt);
  uint32_t gic = cell (t, "/intc@8000000", "phandle");
  int size;

  assert_list (t, "/pci@4010000000", "ranges", 0x1000000, 0, 0, 0, 0x3eff0000, 0, 0x10000, 0x2000000, 0,
               0x10000000, 0, 0x10000000, 0, 0x2eff0000, 0x3000000, 0x80, 0, 0x80, 0, 0x80, 0);
  assert_list (t, "/pci@4010000000", "reg", 0x40, 0x10000000, 0, 0x10000000);
  assert_list (t, "/pci@4010000000", "bus-range", 0, 255);
  assert_list (low, "/pci@3f000000", "bus-range", 0, 15);
  assert_list (low, "/pci@3f000000", "ranges", 0x1000000, 0, 0, 0, 0x3eff0000, 0, 0x10000, 0x2000000, 0,
               0x10000000, 0, 0x10000000, 0, 0x2eff0000);
  const fdt32_t *map = prop (t, "/pci@4010000000", "interrupt-map", &size);
  g_assert_cmpint (size, ==, 16 * 10 * 4);
  for (unsigned slot = 0; slot < 4; slot++)
    for (unsigned pin = 0; pin < 4; pin++, map += 10) {
      /* Device and pin; the GIC, a unit address that it does not look at; SPI, number, level. */
      const uint32_t expected[] = { slot << 11, 0, 0, pin + 1, gic, 0, 0, 0, 3 + (slot + pin) % 4, 4 };
      for (unsigned i = 0; i < 10; i++)
        g_assert_cmphex (fdt32_to_cpu (map[i]), ==, expected[i]);
    }
}

/* With firmware at EL3, which answers PSCI's calls and adds its node itself. */
static void
test_secure (void)
{
  VirtArmFdtConfig c = config (1, 3);
  c.secure = true;
  c.psci = NULL;
  c.cpu_model = "max";
  g_autoptr (GBytes) fdt = virt_arm_fdt_new (&c);
  const void *t = tree_of (fdt);

  g_assert_false (has (t, "/psci"));
  assert_text (t, "/cpus/cpu@0", "compatible", "arm,armv8");
  assert_text (t, "/pl011@9040000", "status", "disabled");
  assert_text (t, "/pl011@9040000", "secure-status", "okay");
  assert_list (t, "/secram@e000000", "reg", 0, 0xe000000, 0, 0x1000000);
  assert_text (t, "/gpio-poweroff", "compatible", "gpio-poweroff");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/machine/fdt-arm/nodes", test_nodes);
  g_test_add_func ("/machine/fdt-arm/gicv2", test_gicv2);
  g_test_add_func ("/machine/fdt-arm/gicv3", test_gicv3);
  g_test_add_func ("/machine/fdt-arm/pci", test_pci);
  g_test_add_func ("/machine/fdt-arm/secure", test_secure);
  return g_test_run ();
}
