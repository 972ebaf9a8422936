/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The "virt" board: what is where. */

#include "virt-private.h"
#include "goldfish-rtc.h"
#include "register.h"
#include "sifive-test.h"
#include "suggest.h"
#include "uart.h"
#include "virt-map.h"
#include <string.h>

static bool
read_options (Machine *machine, GError **error)
{
  static const char *const aia_names[] = { "none", "aplic", "aplic-imsic", NULL };
  const char *aia = machine_option (machine, "aia");
  g_autofree char *hint = suggest_hint (aia ? aia : "", aia_names);
  bool acpi, aclint;
  unsigned i = 0;

  if (!machine_option_bool (machine, "acpi", false, &acpi, error) ||
      !machine_option_bool (machine, "aclint", false, &aclint, error))
    return false;
  while (aia && aia_names[i] && strcmp (aia, aia_names[i]) != 0)
    i++;
  virt_of (machine)->aia = (VirtAia)i;
  if (machine->config->smbios && machine->config->smbios->len > 0)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "-smbios: there are no SMBIOS tables for this machine; leave it out");
  else if (acpi)
    g_set_error (
        error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "-machine virt: there are no ACPI tables for this machine; guests use the device tree (acpi=off)");
  else if (aclint)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "-machine virt: this machine has a CLINT instead of the parts of an ACLINT; use aclint=off");
  else if (aia_names[i] == NULL)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "-machine virt: aia=%s is none of none, aplic, aplic-imsic%s", aia, hint);
  else
    return true;
  return false;
}

static bool
add_harts (Machine *machine, GError **error)
{
  const MachineConfig *config = machine->config;
  const char *model = config->cpu_model ? config->cpu_model : machine->board->default_cpu;

  for (unsigned i = 0; i < machine->priv->cpus; i++) {
    Cpu *cpu = cpu_new (config->isa, model, error);
    if (cpu == NULL)
      return false;
    RiscvCpu *rv = (RiscvCpu *)cpu;
    rv->mhartid = i;
    rv->resetvec = VIRT_MROM_BASE;
    if (virt_of (machine)->aia == VIRT_AIA_APLIC_IMSIC)
      rv->exts |= UINT64_C (1) << RV_EXT_SMAIA | UINT64_C (1) << RV_EXT_SSAIA;
    if (!machine_add_cpu (machine, cpu, error))
      return false;
    riscv_cpu_set_clock (cpu, machine->clock);
  }
  return true;
}

static void
power_off (void *opaque, int exit_code)
{
  machine_request_shutdown (opaque, exit_code);
}

static void
restart (void *opaque)
{
  machine_request_reset (opaque);
}

static bool
add_misc (Machine *machine, GError **error)
{
  SifiveTest *test = (SifiveTest *)device_new (&sifive_test_class, "/test");
  GoldfishRtc *rtc = (GoldfishRtc *)device_new (&goldfish_rtc_class, "/rtc");

  test->power_off = power_off;
  test->restart = restart;
  test->opaque = machine;
  rtc->irq = virt_irq_line (machine, VIRT_IRQ_RTC);
  rtc->clock = machine->clock;
  rtc->wall_clock = virt_wall_clock (machine, &rtc->offset);
  if (!machine_realize (machine, &test->dev, error)) {
    device_free (&rtc->dev);
    return false;
  }
  machine_map (machine, test->region, VIRT_TEST_BASE);
  if (!machine_realize (machine, &rtc->dev, error))
    return false;
  machine_map (machine, rtc->region, VIRT_RTC_BASE);
  return true;
}

static bool
add_uart (Machine *machine, GError **error)
{
  Chardev *chr;

  if (!machine_serial (machine, 0, &chr, error))
    return false;
  Uart *uart = (Uart *)device_new (&uart_class, "/uart0");
  uart->irq = virt_irq_line (machine, VIRT_IRQ_UART);
  uart->clock = machine->clock;
  uart->chr = chr;
  if (!machine_realize (machine, &uart->dev, error))
    return false;
  machine_map (machine, uart->region, VIRT_UART_BASE);
  return true;
}

static bool
add_memory (Machine *machine, GError **error)
{
  uint64_t size = machine->config->ram_size ? machine->config->ram_size : machine->board->default_ram;

  machine->ram = machine_add_ram (machine, "riscv_virt_board.ram", MEMORY_RAM, VIRT_DRAM_BASE, size, error);
  if (machine->ram == NULL)
    g_prefix_error (error, "-m: ");
  return machine->ram && machine_add_ram (machine, "riscv_virt_board.mrom", MEMORY_ROM, VIRT_MROM_BASE,
                                          VIRT_MROM_SIZE, error);
}

static bool
virt_build (Machine *machine, GError **error)
{
  Virt *virt = virt_of (machine);

  virt->common.irq_line = virt_irq_line;
  if (!read_options (machine, error) || !add_memory (machine, error))
    return false;
  virt->common.layout = virt_layout (machine->ram->size);
  return add_harts (machine, error) && virt_add_interrupt_controllers (machine, error) &&
         add_misc (machine, error) && add_uart (machine, error) && virt_add_virtio_slots (machine, error) &&
         virt_add_pci (machine, (PciBusConfig){ .msi = virt->imsics != NULL }, error) &&
         virt_add_fw_cfg (machine, error) && virt_add_flash (machine, error) &&
         virt_boot_prepare (machine, error);
}

static void
virt_free (Machine *machine)
{
  Virt *virt = virt_of (machine);

  for (unsigned i = 0; i < machine->vcpus->len; i++)
    riscv_cpu_set_clock (machine_cpu (machine, i), NULL);
  virt_common_free (machine);
  g_clear_pointer (&virt->imsics, g_free);
}

static const BoardOption options[] = {
  { "aclint", "off", "this machine has a CLINT" },
  { "acpi", "off", "this machine has a device tree" },
  { "aia", "none|aplic|aplic-imsic", "interrupt controllers: a PLIC (none), or those of the AIA" },
  { "pflash0", "ID", "drive with the content of the first flash bank" },
  { "pflash1", "ID", "drive with the content of the second" },
  { 0 },
};

const Board virt_board_riscv64 = {
  .name = "virt",
  .help = "RISC-V VirtIO board",
  .isa = "riscv64",
  .default_cpu = "rv64",
  .default_ram = UINT64_C (128) << 20,
  .max_cpus = VIRT_MAX_CPUS,
  .power_button = virt_power_key,
  .options = options,
  .block_interface = "virtio",
  .default_nic = "virtio-net-pci",
  .size = sizeof (Virt),
  .build = virt_build,
  .reset = virt_load,
  .free = virt_free,
};
