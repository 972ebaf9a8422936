/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Arm's "virt" board: what is where. */

#include "virt-arm-private.h"
#include "pl011.h"
#include "pl031.h"
#include "pl061.h"

static void
power_off (void *opaque)
{
  machine_request_shutdown (opaque, 0);
}

static void
restart (void *opaque)
{
  machine_request_reset (opaque);
}

static ArmMachineConfig
cpu_config (Machine *machine, unsigned index)
{
  const VirtArm *virt = virt_arm_of (machine);

  return (ArmMachineConfig){
    .el2 = virt->virtualization,
    .el3 = virt->secure,
    .mpidr = virt_arm_mpidr (virt, index),
    .rvbar = ARM_VIRT_FLASH_BASE,
    .powered_off = index > 0 && virt->conduit != ARM_PSCI_NONE,
    .conduit = virt->conduit,
    .clock = machine->clock,
    .gic = virt->gic_version,
  };
}

/* Bits of physical addresses, by ID_AA64MMFR0_EL1.PARange. */
static unsigned
pa_bits (const Cpu *cpu)
{
  static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48, 52 };
  unsigned range = arm_cpu_id_register ((const ArmCpu *)cpu, ARM_ID_MMFR0) & 15;

  return bits[MIN (range, G_N_ELEMENTS (bits) - 1)];
}

static bool
add_cpus (Machine *machine, GError **error)
{
  const MachineConfig *config = machine->config;
  const char *model = config->cpu_model ? config->cpu_model : machine->board->default_cpu;
  VirtArm *virt = virt_arm_of (machine);

  virt->psci = (ArmPsciHooks){ power_off, restart, machine };
  for (unsigned i = 0; i < machine->priv->cpus; i++) {
    Cpu *cpu = cpu_new (config->isa, model, error);
    if (cpu == NULL)
      return false;
    const ArmMachineConfig c = cpu_config (machine, i);
    arm_cpu_configure (cpu, &c);
    if (!machine_add_cpu (machine, cpu, error))
      return false;
    arm_cpu_set_psci (cpu, &virt->psci);
  }
  virt->pa_bits = pa_bits (machine_cpu (machine, 0));
  return true;
}

static bool
add_memory (Machine *machine, GError **error)
{
  uint64_t size = machine->config->ram_size ? machine->config->ram_size : machine->board->default_ram;

  if (!virt_arm_set_layout (machine, size, error))
    return false;
  machine->ram = machine_add_ram (machine, "mach-virt.ram", MEMORY_RAM, ARM_VIRT_RAM_BASE, size, error);
  if (machine->ram == NULL)
    g_prefix_error (error, "-m: ");
  return machine->ram != NULL;
}

static bool
add_uart (Machine *machine, unsigned index, uint64_t base, unsigned irq, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/uart%u", index);
  Chardev *chr;

  if (!machine_serial (machine, index, &chr, error))
    return false;
  Pl011 *uart = (Pl011 *)device_new (&pl011_class, path);
  uart->irq = virt_arm_irq_line (machine, irq);
  uart->clock = machine->clock;
  uart->chr = chr;
  if (!machine_realize (machine, &uart->dev, error))
    return false;
  machine_map (machine, uart->region, base);
  return true;
}

static bool
add_rtc (Machine *machine, GError **error)
{
  Pl031 *rtc = (Pl031 *)device_new (&pl031_class, "/rtc");

  rtc->irq = virt_arm_irq_line (machine, ARM_VIRT_IRQ_RTC);
  rtc->clock = machine->clock;
  rtc->wall_clock = virt_wall_clock (machine, &rtc->offset);
  if (!machine_realize (machine, &rtc->dev, error))
    return false;
  machine_map (machine, rtc->region, ARM_VIRT_RTC_BASE);
  return true;
}

static bool
add_power_button (Machine *machine, GError **error)
{
  VirtArm *virt = virt_arm_of (machine);
  GpioKey *key = (GpioKey *)device_new (&gpio_key_class, "/power-button");
  Pl061 *gpio = (Pl061 *)device_new (&pl061_class, "/gpio");

  key->clock = machine->clock;
  key->out = pl061_input (gpio, ARM_VIRT_POWER_PIN);
  gpio->irq = virt_arm_irq_line (machine, ARM_VIRT_IRQ_GPIO);
  /* Before the controller, which is thus reset with the key released. */
  if (!machine_realize (machine, &key->dev, error)) {
    device_free (&gpio->dev);
    return false;
  }
  if (!machine_realize (machine, &gpio->dev, error))
    return false;
  machine_map (machine, gpio->region, ARM_VIRT_GPIO_BASE);
  virt->power_key = key;
  return true;
}

/* Outputs of the secure GPIO controller. */
static void
set_secure_pin (void *opaque, unsigned pin, bool level)
{
  if (level && pin == ARM_VIRT_SECURE_PIN_POWEROFF)
    power_off (opaque);
  else if (level)
    restart (opaque);
}

/* There is one physical address space: what is meant for secure software is not hidden from the rest. */
static bool
add_secure_devices (Machine *machine, GError **error)
{
  if (!virt_arm_of (machine)->secure)
    return true;
  Pl061 *gpio = (Pl061 *)device_new (&pl061_class, "/secure-gpio");
  gpio->irq = virt_arm_irq_line (machine, ARM_VIRT_IRQ_SECURE_GPIO);
  gpio->out[ARM_VIRT_SECURE_PIN_POWEROFF] =
      (IrqLine){ set_secure_pin, machine, ARM_VIRT_SECURE_PIN_POWEROFF };
  gpio->out[ARM_VIRT_SECURE_PIN_RESET] = (IrqLine){ set_secure_pin, machine, ARM_VIRT_SECURE_PIN_RESET };
  if (!machine_realize (machine, &gpio->dev, error))
    return false;
  machine_map (machine, gpio->region, ARM_VIRT_SECURE_GPIO_BASE);
  return machine_add_ram (machine, "virt.secure-ram", MEMORY_RAM, ARM_VIRT_SECURE_RAM_BASE,
                          ARM_VIRT_SECURE_RAM_SIZE, error) &&
         add_uart (machine, 1, ARM_VIRT_SECURE_UART_BASE, ARM_VIRT_IRQ_SECURE_UART, error);
}

static void
press_power_button (Machine *machine)
{
  gpio_key_press (virt_arm_of (machine)->power_key);
}

static bool
virt_arm_build (Machine *machine, GError **error)
{
  VirtArm *virt = virt_arm_of (machine);

  virt->common.irq_line = virt_arm_irq_line;
  return virt_arm_read_options (machine, error) && virt_arm_find_firmware (machine, error) &&
         add_cpus (machine, error) && add_memory (machine, error) &&
         virt_arm_add_interrupt_controllers (machine, error) &&
         add_uart (machine, 0, ARM_VIRT_UART_BASE, ARM_VIRT_IRQ_UART, error) && add_rtc (machine, error) &&
         add_power_button (machine, error) && add_secure_devices (machine, error) &&
         virt_add_virtio_slots (machine, error) && virt_arm_add_pci (machine, error) &&
         virt_add_fw_cfg (machine, error) && virt_add_flash (machine, error) &&
         virt_arm_add_tables (machine, error) && virt_arm_boot_prepare (machine, error);
}

static void
virt_arm_free (Machine *machine)
{
  VirtArm *virt = virt_arm_of (machine);

  for (unsigned i = 0; i < machine->vcpus->len; i++)
    arm_cpu_detach (machine_cpu (machine, i));
  g_clear_pointer (&virt->firmware, g_bytes_unref);
  g_clear_pointer (&virt->variables, g_bytes_unref);
  virt_common_free (machine);
}

static const BoardOption options[] = {
  { "acpi", "on|off", "ACPI tables for firmware to hand on (default: on)" },
  { "gic-version", "2|3|max", "interrupt controller; 2 serves up to 8 CPUs (default: 2)" },
  { "highmem", "on|off", "anything above 4 GiB: memory, PCI, redistributors (default: on)" },
  { "highmem-ecam", "on|off", "PCI configuration space of 256 buses, above 4 GiB (default: on)" },
  { "highmem-mmio", "on|off", "PCI memory of 512 GiB, above 4 GiB (default: on)" },
  { "highmem-redists", "on|off", "redistributors of more than 123 CPUs (default: on)" },
  { "its", "on|off", "message interrupts by an ITS, with gic-version=3 (default: on)" },
  { "pflash0", "ID", "drive with the content of the first flash bank: firmware" },
  { "pflash1", "ID", "drive with the content of the second: its variables" },
  { "secure", "on|off", "EL3, and secure devices (default: off)" },
  { "virtualization", "on|off", "EL2, for guests that are hosts (default: off)" },
  { 0 },
};

const Board virt_board_aarch64 = {
  .name = "virt",
  .help = "Arm VirtIO board, which starts EDK2 (AAVMF) unless -bios, -kernel or a flash drive says otherwise",
  .isa = "aarch64",
  .default_cpu = "cortex-a57",
  .default_ram = UINT64_C (128) << 20,
  .max_cpus = 512,
  .power_button = press_power_button,
  .options = options,
  .block_interface = "virtio",
  .default_nic = "virtio-net-pci",
  .size = sizeof (VirtArm),
  .build = virt_arm_build,
  .reset = virt_arm_reset,
  .free = virt_arm_free,
};
