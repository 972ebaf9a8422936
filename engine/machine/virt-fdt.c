/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "virt-fdt.h"
#include "virt-map.h"
#include <gio/gio.h>
#include <libfdt.h>
#include <string.h>
#include <sys/random.h>

/* A tree being written in order; its first error sticks. */
typedef struct {
  void *buffer;
  int error;
  /* Of the controller that devices' interrupts go to, its cells of an interrupt, and of what takes messages
   * (or 0). */
  uint32_t intc, intc_cells, msi;
} Writer;

/* A 64-bit number as two cells. */
#define CELLS2(x) (uint32_t)((uint64_t)(x) >> 32), (uint32_t)(x)

#define INTC_PHANDLE(hart) (2 + 2 * (hart))
#define CPU_PHANDLE(hart)  (1 + 2 * (hart))

enum { M_EXTERNAL = 11, S_EXTERNAL = 9, M_SOFTWARE = 3, M_TIMER = 7 }; /* causes of a hart's interrupts */
#define IRQ_LEVEL_HIGH 4 /* the second cell of an APLIC's interrupt */

#define SEED_SIZE 32
/* Room for what is added to a tree: two addresses and names beside the boot arguments. */
#define BOOT_ROOM   1024
#define LARGEST_FDT (16 << 20)

static void
note (Writer *w, int error)
{
  if (w->error == 0 && error < 0)
    w->error = error;
}

static void
begin (Writer *w, const char *name)
{
  note (w, fdt_begin_node (w->buffer, name));
}

static void
begin_at (Writer *w, const char *name, uint64_t address)
{
  g_autofree char *full = g_strdup_printf ("%s@%" G_GINT64_MODIFIER "x", name, address);
  begin (w, full);
}

static void
end (Writer *w)
{
  note (w, fdt_end_node (w->buffer));
}

static void
prop_bytes (Writer *w, const char *name, const void *data, size_t size)
{
  note (w, fdt_property (w->buffer, name, data, (int)size));
}

static void
prop_flag (Writer *w, const char *name)
{
  prop_bytes (w, name, NULL, 0);
}

static void
prop_string (Writer *w, const char *name, const char *value)
{
  prop_bytes (w, name, value, strlen (value) + 1);
}

static void
prop_cells (Writer *w, const char *name, const uint32_t *cells, size_t n)
{
  g_autofree uint32_t *be = g_new (uint32_t, n);

  for (size_t i = 0; i < n; i++)
    be[i] = GUINT32_TO_BE (cells[i]);
  prop_bytes (w, name, be, n * sizeof *be);
}
#define prop_list(w, name, ...)                                                                              \
  prop_cells (w, name, (const uint32_t[]){ __VA_ARGS__ }, sizeof ((const uint32_t[]){ __VA_ARGS__ }) / 4)

static void
prop_cell (Writer *w, const char *name, uint32_t value)
{
  prop_cells (w, name, &value, 1);
}

static void
prop_strings (Writer *w, const char *name, char *const *strings)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();

  for (; *strings; strings++)
    g_byte_array_append (all, (const uint8_t *)*strings, (guint)strlen (*strings) + 1);
  prop_bytes (w, name, all->data, all->len);
}

static void
prop_reg (Writer *w, uint64_t base, uint64_t size)
{
  prop_list (w, "reg", CELLS2 (base), CELLS2 (size));
}

/* For each hart, its interrupt controller and each of the causes. */
static void
prop_hart_interrupts (Writer *w, unsigned harts, const uint32_t *causes, unsigned n_causes)
{
  g_autofree uint32_t *cells = g_new (uint32_t, (gsize)harts *n_causes * 2);
  size_t n = 0;

  for (unsigned hart = 0; hart < harts; hart++)
    for (unsigned i = 0; i < n_causes; i++) {
      cells[n++] = INTC_PHANDLE (hart);
      cells[n++] = causes[i];
    }
  prop_cells (w, "interrupts-extended", cells, n);
}

static void
prop_irq (Writer *w, uint32_t irq)
{
  prop_cells (w, "interrupts", (const uint32_t[]){ irq, IRQ_LEVEL_HIGH }, w->intc_cells);
  prop_cell (w, "interrupt-parent", w->intc);
}

static void
write_cpu (Writer *w, const VirtFdtConfig *c, unsigned hart)
{
  begin_at (w, "cpu", hart);
  prop_cell (w, "phandle", CPU_PHANDLE (hart));
  prop_string (w, "device_type", "cpu");
  prop_cell (w, "reg", hart);
  prop_string (w, "status", "okay");
  prop_string (w, "compatible", "riscv");
  if (c->cbop_size)
    prop_cell (w, "riscv,cbop-block-size", c->cbop_size);
  if (c->cboz_size)
    prop_cell (w, "riscv,cboz-block-size", c->cboz_size);
  if (c->cbom_size)
    prop_cell (w, "riscv,cbom-block-size", c->cbom_size);
  prop_strings (w, "riscv,isa-extensions", c->extensions);
  prop_string (w, "riscv,isa-base", c->isa_base);
  prop_string (w, "riscv,isa", c->isa);
  if (c->mmu_type)
    prop_string (w, "mmu-type", c->mmu_type);
  begin (w, "interrupt-controller");
  prop_cell (w, "#interrupt-cells", 1);
  prop_flag (w, "interrupt-controller");
  prop_string (w, "compatible", "riscv,cpu-intc");
  prop_cell (w, "phandle", INTC_PHANDLE (hart));
  end (w);
  end (w);
}

static void
write_cpus (Writer *w, const VirtFdtConfig *c)
{
  begin (w, "cpus");
  prop_cell (w, "#address-cells", 1);
  prop_cell (w, "#size-cells", 0);
  prop_cell (w, "timebase-frequency", c->timebase_frequency);
  for (unsigned hart = 0; hart < c->harts; hart++)
    write_cpu (w, c, hart);
  begin (w, "cpu-map");
  begin (w, "cluster0");
  for (unsigned hart = 0; hart < c->harts; hart++) {
    g_autofree char *name = g_strdup_printf ("core%u", hart);
    begin (w, name);
    prop_cell (w, "cpu", CPU_PHANDLE (hart));
    end (w);
  }
  end (w);
  end (w);
  end (w);
}

static void
write_syscon (Writer *w, const char *name, const char *compatible, uint32_t regmap, uint32_t value)
{
  begin (w, name);
  prop_cell (w, "value", value);
  prop_cell (w, "offset", 0);
  prop_cell (w, "regmap", regmap);
  prop_string (w, "compatible", compatible);
  end (w);
}

static void
write_chosen (Writer *w)
{
  static const uint8_t seed[SEED_SIZE]; /* set at each reset */
  g_autofree char *uart = g_strdup_printf ("/soc/serial@%" G_GINT64_MODIFIER "x", VIRT_UART_BASE);

  begin (w, "aliases");
  prop_string (w, "serial0", uart);
  end (w);
  begin (w, "chosen");
  prop_string (w, "stdout-path", uart);
  prop_bytes (w, "rng-seed", seed, sizeof seed);
  end (w);
}

static void
write_plic (Writer *w, const VirtFdtConfig *c)
{
  begin_at (w, "plic", VIRT_PLIC_BASE);
  prop_cell (w, "phandle", w->intc);
  prop_cell (w, "riscv,ndev", VIRT_PLIC_SOURCES - 1);
  prop_reg (w, VIRT_PLIC_BASE, VIRT_PLIC_SIZE);
  prop_hart_interrupts (w, c->harts, (const uint32_t[]){ M_EXTERNAL, S_EXTERNAL }, 2);
  prop_flag (w, "interrupt-controller");
  prop_bytes (w, "compatible", "sifive,plic-1.0.0\0riscv,plic0", sizeof "sifive,plic-1.0.0\0riscv,plic0");
  prop_cell (w, "#address-cells", 0);
  prop_cell (w, "#interrupt-cells", 1);
  end (w);
}

/* One domain: the supervisor's gets all sources from the machine's, its parent. `msi`: where its messages go,
 * or 0. */
static void
write_aplic (Writer *w, const VirtFdtConfig *c, uint64_t base, uint32_t phandle, uint32_t child, uint32_t msi)
{
  begin_at (w, "interrupt-controller", base);
  prop_cell (w, "phandle", phandle);
  if (child) {
    /* Both names are in use for it. */
    prop_list (w, "riscv,delegate", child, 1, VIRT_APLIC_SOURCES);
    prop_list (w, "riscv,delegation", child, 1, VIRT_APLIC_SOURCES);
    prop_cell (w, "riscv,children", child);
  }
  prop_cell (w, "riscv,num-sources", VIRT_APLIC_SOURCES);
  prop_reg (w, base, VIRT_APLIC_SIZE);
  if (msi)
    prop_cell (w, "msi-parent", msi);
  else
    prop_hart_interrupts (w, c->harts, (const uint32_t[]){ child ? M_EXTERNAL : S_EXTERNAL }, 1);
  prop_flag (w, "interrupt-controller");
  prop_cell (w, "#interrupt-cells", 2);
  prop_cell (w, "#address-cells", 0);
  prop_bytes (w, "compatible", "qemu,aplic\0riscv,aplic", sizeof "qemu,aplic\0riscv,aplic");
  end (w);
}

static void
write_imsic (Writer *w, const VirtFdtConfig *c, uint64_t base, uint32_t phandle, uint32_t cause)
{
  begin_at (w, "interrupt-controller", base);
  prop_cell (w, "phandle", phandle);
  prop_cell (w, "riscv,num-ids", VIRT_IMSIC_IDENTITIES);
  prop_reg (w, base, c->harts * VIRT_IMSIC_SIZE);
  prop_hart_interrupts (w, c->harts, &cause, 1);
  prop_flag (w, "msi-controller");
  prop_flag (w, "interrupt-controller");
  prop_cell (w, "#interrupt-cells", 0);
  prop_bytes (w, "compatible", "qemu,imsics\0riscv,imsics", sizeof "qemu,imsics\0riscv,imsics");
  end (w);
}

/* The phandles of the machine level's parts follow those of the supervisor's. */
static void
write_aia (Writer *w, const VirtFdtConfig *c)
{
  write_aplic (w, c, VIRT_APLIC_S_BASE, w->intc, 0, w->msi);
  write_aplic (w, c, VIRT_APLIC_M_BASE, w->intc + 1, w->intc, w->msi ? w->msi + 1 : 0);
  if (w->msi) {
    write_imsic (w, c, VIRT_IMSIC_S_BASE, w->msi, S_EXTERNAL);
    write_imsic (w, c, VIRT_IMSIC_M_BASE, w->msi + 1, M_EXTERNAL);
  }
}

static void
write_clint (Writer *w, const VirtFdtConfig *c)
{
  begin_at (w, "clint", VIRT_CLINT_BASE);
  prop_hart_interrupts (w, c->harts, (const uint32_t[]){ M_SOFTWARE, M_TIMER }, 2);
  prop_reg (w, VIRT_CLINT_BASE, VIRT_CLINT_SIZE);
  prop_bytes (w, "compatible", "sifive,clint0\0riscv,clint0", sizeof "sifive,clint0\0riscv,clint0");
  end (w);
}

/* Slots share four lines: the line of pin P (1 to 4) of slot S is (S + P - 1) mod 4. */
static void
prop_interrupt_map (Writer *w)
{
  enum { PINS = 4, CELLS = 7 };
  uint32_t map[PINS * PINS * CELLS], *cell = map;

  for (uint32_t slot = 0; slot < PINS; slot++)
    for (uint32_t pin = 1; pin <= PINS; pin++) {
      *cell++ = slot << 11; /* phys.hi: the device number */
      *cell++ = 0;
      *cell++ = 0;
      *cell++ = pin;
      *cell++ = w->intc;
      *cell++ = VIRT_IRQ_PCIE + (slot + pin - 1) % PINS;
      if (w->intc_cells == 2)
        *cell++ = IRQ_LEVEL_HIGH;
    }
  prop_cells (w, "interrupt-map", map, (size_t)(cell - map));
  prop_list (w, "interrupt-map-mask", (PINS - 1) << 11, 0, 0, 7);
}

static void
write_pci (Writer *w, const VirtFdtConfig *c)
{
  enum { IO = 0x1000000, MEMORY_32 = 0x2000000, MEMORY_64 = 0x3000000 }; /* phys.hi */
  uint64_t high = virt_high_pcie_base (c->ram_size);

  begin_at (w, "pci", VIRT_PCIE_ECAM_BASE);
  prop_interrupt_map (w);
  prop_list (w, "ranges", IO, CELLS2 (0), CELLS2 (VIRT_PCIE_PIO_BASE), CELLS2 (VIRT_PCIE_PIO_SIZE), MEMORY_32,
             CELLS2 (VIRT_PCIE_MMIO_BASE), CELLS2 (VIRT_PCIE_MMIO_BASE), CELLS2 (VIRT_PCIE_MMIO_SIZE),
             MEMORY_64, CELLS2 (high), CELLS2 (high), CELLS2 (VIRT_HIGH_PCIE_SIZE));
  prop_reg (w, VIRT_PCIE_ECAM_BASE, VIRT_PCIE_ECAM_SIZE);
  prop_flag (w, "dma-coherent");
  if (w->msi)
    prop_cell (w, "msi-parent", w->msi);
  prop_list (w, "bus-range", 0, 255);
  prop_cell (w, "linux,pci-domain", 0);
  prop_string (w, "device_type", "pci");
  prop_string (w, "compatible", "pci-host-ecam-generic");
  prop_cell (w, "#size-cells", 2);
  prop_cell (w, "#interrupt-cells", 1);
  prop_cell (w, "#address-cells", 3);
  end (w);
}

static void
write_soc_devices (Writer *w, uint32_t test)
{
  begin_at (w, "rtc", VIRT_RTC_BASE);
  prop_irq (w, VIRT_IRQ_RTC);
  prop_reg (w, VIRT_RTC_BASE, VIRT_RTC_SIZE);
  prop_string (w, "compatible", "google,goldfish-rtc");
  end (w);
  begin_at (w, "serial", VIRT_UART_BASE);
  prop_irq (w, VIRT_IRQ_UART);
  prop_cell (w, "clock-frequency", 3686400);
  prop_reg (w, VIRT_UART_BASE, VIRT_UART_SIZE);
  prop_string (w, "compatible", "ns16550a");
  end (w);
  begin_at (w, "test", VIRT_TEST_BASE);
  prop_cell (w, "phandle", test);
  prop_reg (w, VIRT_TEST_BASE, VIRT_TEST_SIZE);
  prop_bytes (w, "compatible", "sifive,test1\0sifive,test0\0syscon",
              sizeof "sifive,test1\0sifive,test0\0syscon");
  end (w);
  /* The last slot comes first: guests number what they find in this order, and -device fills it so. */
  for (unsigned i = VIRT_VIRTIO_COUNT; i-- > 0;) {
    uint64_t base = VIRT_VIRTIO_BASE + i * VIRT_VIRTIO_SIZE;
    begin_at (w, "virtio_mmio", base);
    prop_irq (w, VIRT_IRQ_VIRTIO + i);
    prop_reg (w, base, VIRT_VIRTIO_SIZE);
    prop_string (w, "compatible", "virtio,mmio");
    end (w);
  }
}

static void
write_firmware_devices (Writer *w)
{
  begin_at (w, "fw-cfg", VIRT_FW_CFG_BASE);
  prop_flag (w, "dma-coherent");
  prop_reg (w, VIRT_FW_CFG_BASE, VIRT_FW_CFG_SIZE);
  prop_string (w, "compatible", "qemu,fw-cfg-mmio");
  end (w);
  begin_at (w, "flash", VIRT_FLASH_BASE);
  prop_cell (w, "bank-width", 4);
  prop_list (w, "reg", CELLS2 (VIRT_FLASH_BASE), CELLS2 (VIRT_FLASH_SIZE),
             CELLS2 (VIRT_FLASH_BASE + VIRT_FLASH_SIZE), CELLS2 (VIRT_FLASH_SIZE));
  prop_string (w, "compatible", "cfi-flash");
  end (w);
}

static void
write_tree (Writer *w, const VirtFdtConfig *c)
{
  uint32_t test = CPU_PHANDLE (c->harts);

  w->intc = test + 1;
  w->intc_cells = c->aia == VIRT_AIA_NONE ? 1 : 2;
  w->msi = c->aia == VIRT_AIA_APLIC_IMSIC ? w->intc + 2 : 0;

  begin (w, "");
  prop_cell (w, "#address-cells", 2);
  prop_cell (w, "#size-cells", 2);
  prop_string (w, "compatible", "riscv-virtio");
  prop_string (w, "model", "riscv-virtio,qemu");
  write_syscon (w, "poweroff", "syscon-poweroff", test, 0x5555);
  write_syscon (w, "reboot", "syscon-reboot", test, 0x7777);
  begin_at (w, "memory", VIRT_DRAM_BASE);
  prop_string (w, "device_type", "memory");
  prop_reg (w, VIRT_DRAM_BASE, c->ram_size);
  end (w);
  write_cpus (w, c);
  write_firmware_devices (w);
  write_chosen (w);
  begin (w, "soc");
  prop_cell (w, "#address-cells", 2);
  prop_cell (w, "#size-cells", 2);
  prop_string (w, "compatible", "simple-bus");
  prop_flag (w, "ranges");
  write_soc_devices (w, test);
  if (c->aia == VIRT_AIA_NONE)
    write_plic (w, c);
  else
    write_aia (w, c);
  write_clint (w, c);
  write_pci (w, c);
  end (w);
  end (w);
}

GBytes *
virt_fdt_new (const VirtFdtConfig *config)
{
  for (int size = 1 << 15;; size *= 2) {
    Writer w = { .buffer = g_malloc0 ((gsize)size) };
    note (&w, fdt_create (w.buffer, size));
    note (&w, fdt_finish_reservemap (w.buffer));
    write_tree (&w, config);
    note (&w, fdt_finish (w.buffer));
    if (w.error == 0)
      return g_bytes_new_take (w.buffer, fdt_totalsize (w.buffer));
    g_assert (w.error == -FDT_ERR_NOSPACE); /* all else is a defect of this file */
    g_free (w.buffer);
  }
}

uint64_t
virt_high_pcie_base (uint64_t ram_size)
{
  return (VIRT_DRAM_BASE + ram_size + VIRT_HIGH_PCIE_SIZE - 1) & ~(VIRT_HIGH_PCIE_SIZE - 1);
}

bool
virt_fdt_check (GBytes *fdt, const char *path, GError **error)
{
  size_t size;
  const void *data = g_bytes_get_data (fdt, &size);

  if (size <= LARGEST_FDT && size >= sizeof (struct fdt_header) && fdt_check_full (data, size) == 0)
    return true;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "'%s' is not a device tree, or is damaged; make one with dtc, or leave -dtb out", path);
  return false;
}

static int
set_chosen (void *tree, const char *bootargs, uint64_t initrd_start, uint64_t initrd_end)
{
  uint8_t seed[SEED_SIZE];
  int chosen = fdt_path_offset (tree, "/chosen"), status = 0;

  if (chosen < 0)
    chosen = fdt_add_subnode (tree, 0, "chosen");
  if (chosen < 0)
    return chosen;
  if (bootargs)
    status = fdt_setprop_string (tree, chosen, "bootargs", bootargs);
  if (status == 0 && initrd_end) {
    status = fdt_setprop_u64 (tree, chosen, "linux,initrd-start", initrd_start);
    if (status == 0)
      status = fdt_setprop_u64 (tree, chosen, "linux,initrd-end", initrd_end);
  }
  if (status == 0 && getrandom (seed, sizeof seed, 0) == sizeof seed)
    status = fdt_setprop (tree, chosen, "rng-seed", seed, sizeof seed);
  return status;
}

GBytes *
virt_fdt_with_boot (GBytes *fdt, const char *bootargs, uint64_t initrd_start, uint64_t initrd_end,
                    GError **error)
{
  size_t size;
  const void *data = g_bytes_get_data (fdt, &size);
  size_t room = size + BOOT_ROOM + (bootargs ? strlen (bootargs) : 0);
  void *tree = g_malloc (room);
  int status = fdt_open_into (data, tree, (int)room);

  if (status == 0)
    status = set_chosen (tree, bootargs, initrd_start, initrd_end);
  if (status == 0)
    status = fdt_pack (tree);
  if (status < 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "the device tree cannot be given the kernel's arguments: %s", fdt_strerror (status));
    g_free (tree);
    return NULL;
  }
  return g_bytes_new_take (tree, fdt_totalsize (tree));
}

GBytes *
virt_fdt_with_new_seed (GBytes *fdt)
{
  size_t size;
  const void *data = g_bytes_get_data (fdt, &size);
  void *tree = g_memdup2 (data, size);
  int length = 0;
  uint8_t *seed = fdt_getprop_w (tree, fdt_path_offset (tree, "/chosen"), "rng-seed", &length);

  /* Without random numbers the old seed stays: the guest credits it no more than that. */
  if (seed && length > 0 && length <= 256 && getrandom (seed, (size_t)length, 0) != length)
    g_info ("no random numbers for rng-seed");
  return g_bytes_new_take (tree, size);
}
