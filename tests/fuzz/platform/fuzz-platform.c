/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Accesses, resets, saves and restores of one platform device, which the build chooses: FUZZ_DEVICE is a
 * function below that is given the input. Interrupt lines go nowhere. */

#include "aclint.h"
#include "aplic.h"
#include "cfi-flash.h"
#include "fake-chardev.h"
#include "fw-cfg.h"
#include "goldfish-rtc.h"
#include "mmio-fuzz.h"
#include "pl011.h"
#include "pl031.h"
#include "pl061.h"
#include "plic.h"
#include "sifive-test.h"
#include "uart.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static Clock *
stopped_clock (void)
{
  static Clock *clock;
  if (clock == NULL)
    clock = clock_new ();
  return clock;
}

static void
realize (Device *dev)
{
  if (!device_realize (dev, NULL))
    g_error ("%s cannot be realized", dev->path);
  device_reset (dev);
}

G_GNUC_UNUSED static void
fuzz_aclint (const uint8_t *data, size_t size)
{
  Aclint *aclint = (Aclint *)device_new (&aclint_class, "/clint");
  aclint->clock = stopped_clock ();
  device_set (&aclint->dev, "num-harts", "2", NULL);
  realize (&aclint->dev);
  mmio_fuzz_run (&aclint->dev, NULL, 0, data, size);
  device_free (&aclint->dev);
}

/* The first bytes are levels of wires. */
G_GNUC_UNUSED static void
fuzz_plic (const uint8_t *data, size_t size)
{
  Plic *plic = (Plic *)device_new (&plic_class, "/plic");
  device_set (&plic->dev, "num-contexts", "4", NULL);
  realize (&plic->dev);
  for (unsigned n = 1; n < PLIC_SOURCES && n < size; n++) {
    IrqLine line = plic_input (plic, n);
    irq_set (&line, data[n] & 1);
  }
  mmio_fuzz_run (&plic->dev, NULL, 0, data, size);
  device_free (&plic->dev);
}

static void
run_aplic (Imsic *const *imsics, unsigned n_imsics, const uint8_t *data, size_t size)
{
  Aplic *aplic = (Aplic *)device_new (&aplic_class, "/aplic");
  MemoryRegion *regions[] = { &aplic->machine.region, &aplic->supervisor.region };
  device_set (&aplic->dev, "num-harts", "2", NULL);
  aplic->imsics = imsics;
  aplic->n_imsics = n_imsics;
  realize (&aplic->dev);
  for (unsigned n = 1; n <= APLIC_SOURCES && n < size; n++) {
    IrqLine line = aplic_input (aplic, n);
    irq_set (&line, data[n] & 1);
  }
  mmio_fuzz_run (&aplic->dev, regions, G_N_ELEMENTS (regions), data, size);
  device_free (&aplic->dev);
}

G_GNUC_UNUSED static void
fuzz_aplic (const uint8_t *data, size_t size)
{
  run_aplic (NULL, 0, data, size);
}

G_GNUC_UNUSED static void
fuzz_aplic_msi (const uint8_t *data, size_t size)
{
  MemoryMap *map = memory_map_new (56);
  Imsic *imsic = (Imsic *)device_new (&imsic_class, "/imsic");
  realize (&imsic->dev);
  memory_region_map (map, imsic->region, 0);
  run_aplic (&imsic, 1, data, size);
  device_free (&imsic->dev);
  memory_map_free (map);
}

G_GNUC_UNUSED static void
fuzz_imsic (const uint8_t *data, size_t size)
{
  Imsic *imsic = (Imsic *)device_new (&imsic_class, "/imsic");
  realize (&imsic->dev);
  mmio_fuzz_run (&imsic->dev, NULL, 0, data, size);
  for (size_t i = 0; i + 1 < size; i += 2) {
    uint64_t old;
    imsic_access (imsic, data[i], data[i] & 1 ? 32 : 64, data[i + 1], (uint64_t)data[i + 1] << 25, &old);
    if (imsic_topei (imsic, true) >> 16 > IMSIC_IDENTITIES)
      g_error ("an identity that does not exist is pending");
  }
  device_free (&imsic->dev);
}

G_GNUC_UNUSED static void
fuzz_uart (const uint8_t *data, size_t size)
{
  Chardev *chr = fake_chardev_new ();
  Uart *uart = (Uart *)device_new (&uart_class, "/uart");
  uart->clock = stopped_clock ();
  uart->chr = chr;
  realize (&uart->dev);
  chr->blocked = size > 0 && data[0] & 0x80;
  fake_chardev_type (chr, (const char *)data, MIN (size, 40));
  mmio_fuzz_run (&uart->dev, NULL, 0, data, size);
  fake_chardev_unblock (chr);
  mmio_fuzz_run (&uart->dev, NULL, 0, data, size);
  device_free (&uart->dev);
  fake_chardev_free (chr);
}

G_GNUC_UNUSED static void
fuzz_goldfish_rtc (const uint8_t *data, size_t size)
{
  GoldfishRtc *rtc = (GoldfishRtc *)device_new (&goldfish_rtc_class, "/rtc");
  rtc->clock = stopped_clock ();
  realize (&rtc->dev);
  mmio_fuzz_run (&rtc->dev, NULL, 0, data, size);
  device_free (&rtc->dev);
}

G_GNUC_UNUSED static void
fuzz_pl011 (const uint8_t *data, size_t size)
{
  Chardev *chr = fake_chardev_new ();
  Pl011 *uart = (Pl011 *)device_new (&pl011_class, "/uart");
  uart->clock = stopped_clock ();
  uart->chr = chr;
  realize (&uart->dev);
  chr->blocked = size > 0 && data[0] & 0x80;
  fake_chardev_type (chr, (const char *)data, MIN (size, 40));
  mmio_fuzz_run (&uart->dev, NULL, 0, data, size);
  fake_chardev_unblock (chr);
  mmio_fuzz_run (&uart->dev, NULL, 0, data, size);
  device_free (&uart->dev);
  fake_chardev_free (chr);
}

G_GNUC_UNUSED static void
fuzz_pl031 (const uint8_t *data, size_t size)
{
  Pl031 *rtc = (Pl031 *)device_new (&pl031_class, "/rtc");
  rtc->clock = stopped_clock ();
  realize (&rtc->dev);
  mmio_fuzz_run (&rtc->dev, NULL, 0, data, size);
  device_free (&rtc->dev);
}

/* The first bytes are levels of the pins. */
G_GNUC_UNUSED static void
fuzz_pl061 (const uint8_t *data, size_t size)
{
  Pl061 *gpio = (Pl061 *)device_new (&pl061_class, "/gpio");
  realize (&gpio->dev);
  mmio_fuzz_run (&gpio->dev, NULL, 0, data, size);
  for (unsigned i = 0; i < 64 && i < size; i++) {
    IrqLine line = pl061_input (gpio, i % PL061_PINS);
    irq_set (&line, data[i] & 1);
  }
  mmio_fuzz_run (&gpio->dev, NULL, 0, data, size);
  device_free (&gpio->dev);
}

static void
power_off (void *opaque, int exit_code)
{
}

static void
restart (void *opaque)
{
}

G_GNUC_UNUSED static void
fuzz_sifive_test (const uint8_t *data, size_t size)
{
  SifiveTest *test = (SifiveTest *)device_new (&sifive_test_class, "/test");
  test->power_off = power_off;
  test->restart = restart;
  realize (&test->dev);
  mmio_fuzz_run (&test->dev, NULL, 0, data, size);
  device_free (&test->dev);
}

G_GNUC_UNUSED static void
fuzz_cfi_flash (const uint8_t *data, size_t size)
{
  CfiFlash *flash = (CfiFlash *)device_new (&cfi_flash_class, "/flash");
  MemoryRegion *region = &flash->region;
  device_set (&flash->dev, "size", "512k", NULL);
  realize (&flash->dev);
  mmio_fuzz_run (&flash->dev, &region, 1, data, size);
  device_free (&flash->dev);
}

/* DMA finds the input itself in RAM from 0 on. */
G_GNUC_UNUSED static void
fuzz_fw_cfg (const uint8_t *data, size_t size)
{
  static uint8_t writable[32];
  FwCfg *fw = (FwCfg *)device_new (&fw_cfg_class, "/fw-cfg");
  RamBlock *ram = ram_block_new ("ram", RAM_PAGE_SIZE, NULL);
  MemoryMap *map = memory_map_new (56);
  MemoryRegion ram_region = { .name = "ram", .kind = MEMORY_RAM, .size = ram->size, .ram = ram },
               *region = &fw->region;
  memory_region_map (map, &ram_region, 0);
  memory_dma_write (map, 0, data, MIN (size, ram->size));
  fw->memory = map;
  fw_cfg_add_string (fw, FW_CFG_CMDLINE_DATA, "console=ttyS0");
  if (!fw_cfg_add_writable_file (fw, "etc/writable", writable, sizeof writable, NULL, NULL, NULL))
    g_error ("a file cannot be added");
  realize (&fw->dev);
  mmio_fuzz_run (&fw->dev, &region, 1, data, size);
  device_free (&fw->dev);
  memory_region_unmap (&ram_region);
  memory_map_free (map);
  ram_block_free (ram);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FUZZ_DEVICE (data, size);
  return 0;
}
