/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The "virt" board: what is where. */

#include "virt-private.h"
#include "cfi-flash.h"
#include "display.h"
#include "goldfish-rtc.h"
#include "keyval.h"
#include "register.h"
#include "sifive-test.h"
#include "suggest.h"
#include "uart.h"
#include "virt-map.h"
#include "virtio.h"
#include <linux/input-event-codes.h>
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

static Clock *vm_clock; /* of the one machine there is */

static int64_t
vm_wall_clock (void)
{
  return clock_now (vm_clock);
}

/* Seconds from the host's UTC to what the guest's clock is to show. */
static int64_t
rtc_offset (const MachineConfig *config)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  int64_t offset = config->rtc_offset;

  if (config->rtc_localtime && now)
    offset += g_date_time_get_utc_offset (now) / G_TIME_SPAN_SECOND;
  return offset;
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
  rtc->offset = rtc_offset (machine->config) * INT64_C (1000000000);
  if (machine->config->rtc_vm) {
    vm_clock = machine->clock;
    rtc->wall_clock = vm_wall_clock;
    rtc->offset += g_get_real_time () * 1000 - clock_now (machine->clock);
  }
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
add_virtio_slots (Machine *machine, GError **error)
{
  /* The last one is found first by guests, so it is filled first. */
  for (unsigned i = VIRT_VIRTIO_COUNT; i-- > 0;) {
    g_autofree char *path = g_strdup_printf ("/virtio-mmio%u", i);
    IrqLine irq = virt_irq_line (machine, VIRT_IRQ_VIRTIO + i);
    Device *mmio = virtio_mmio_new (path, machine->memory, &irq);
    if (!machine_realize (machine, mmio, error))
      return false;
    machine_map (machine, virtio_mmio_region (mmio), VIRT_VIRTIO_BASE + i * VIRT_VIRTIO_SIZE);
    machine_add_mmio (machine, mmio);
  }
  return true;
}

static bool
add_pci (Machine *machine, GError **error)
{
  Virt *virt = virt_of (machine);
  PciBusConfig config = { .map = machine->memory,
                          .pio_base = VIRT_PCIE_PIO_BASE,
                          .msi = virt->imsics != NULL };

  for (unsigned i = 0; i < G_N_ELEMENTS (config.intx); i++)
    config.intx[i] = virt_irq_line (machine, VIRT_IRQ_PCIE + i);
  virt->pci = machine->pci = pci_bus_new ("pcie.0", &config);
  PciHost *host = (PciHost *)device_new (&pci_host_class, "/pcie");
  host->bus = virt->pci;
  if (!machine_realize (machine, &host->dev, error))
    return false;
  machine_map (machine, &host->ecam, VIRT_PCIE_ECAM_BASE);
  return true;
}

/* "550e8400-e29b-41d4-a716-446655440000" as 16 bytes in the order of its digits. */
static void
add_uuid (FwCfg *fw, const char *uuid)
{
  uint8_t bytes[16];
  unsigned n = 0;

  for (const char *p = uuid; n < sizeof bytes && p[0] && p[1]; p += 2) {
    p += *p == '-';
    bytes[n++] = (uint8_t)(g_ascii_xdigit_value (p[0]) << 4 | g_ascii_xdigit_value (p[1]));
  }
  g_autoptr (GBytes) content = g_bytes_new (bytes, n);
  fw_cfg_add_bytes (fw, FW_CFG_UUID, content);
}

static bool
add_fw_cfg (Machine *machine, GError **error)
{
  Virt *virt = virt_of (machine);
  FwCfg *fw = (FwCfg *)device_new (&fw_cfg_class, "/fw-cfg");

  fw->memory = machine->memory;
  if (!machine_realize (machine, &fw->dev, error))
    return false;
  machine_map (machine, &fw->region, VIRT_FW_CFG_BASE);
  virt->fw_cfg = machine->fw_cfg = fw;
  fw_cfg_add_u16 (fw, FW_CFG_NB_CPUS, (uint16_t)machine->priv->cpus);
  fw_cfg_add_u16 (fw, FW_CFG_MAX_CPUS, (uint16_t)machine->priv->cpus);
  fw_cfg_add_u64 (fw, FW_CFG_RAM_SIZE, machine->ram->size);
  if (machine->config->uuid)
    add_uuid (fw, machine->config->uuid);
  fw_cfg_add_u16 (fw, FW_CFG_BOOT_MENU, machine->config->boot_menu);
  return true;
}

/* One of -fw_cfg: "name=opt/…,file=PATH" or "string=TEXT". */
static bool
add_fw_cfg_option (FwCfg *fw, const char *text, GError **error)
{
  g_autoptr (Keyval) kv = keyval_parse (text, "name", error);
  g_autoptr (GBytes) content = NULL;

  if (kv == NULL)
    return false;
  const char *name = keyval_get (kv, "name"), *file = keyval_get (kv, "file"),
             *string = keyval_get (kv, "string");
  if (!keyval_finish (kv, "-fw_cfg", error))
    return false;
  if (name == NULL || (file == NULL) == (string == NULL)) {
    g_set_error (
        error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "-fw_cfg %s: give a name and either a file or a string, as in name=opt/org.example/x,string=value",
        text);
    return false;
  }
  if (file) {
    char *data;
    gsize size;
    if (!g_file_get_contents (file, &data, &size, error)) {
      g_prefix_error (error, "-fw_cfg %s: ", name);
      return false;
    }
    content = g_bytes_new_take (data, size);
  } else
    content = g_bytes_new (string, strlen (string));
  return fw_cfg_add_file (fw, name, content, error);
}

static bool
add_fw_cfg_options (Machine *machine, GError **error)
{
  const GPtrArray *texts = machine->config->fw_cfg;

  for (unsigned i = 0; texts && i < texts->len; i++)
    if (!add_fw_cfg_option (virt_of (machine)->fw_cfg, texts->pdata[i], error))
      return false;
  return true;
}

/* The drive of flash bank `n`: -drive if=pflash,unit=N or -machine pflashN=ID. */
static bool
find_flash_drive (Machine *machine, unsigned n, Drive **ret, GError **error)
{
  g_autoptr (GPtrArray) drives = drive_list ();
  g_autofree char *option = g_strdup_printf ("pflash%u", n);
  const char *id = machine_option (machine, option);
  int next = 0; /* the number of a drive that says none */

  *ret = id ? drive_find (id) : NULL;
  if (id && *ret == NULL) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "-machine %s=%s: there is no such drive; declare it with -blockdev …,node-name=%s", option,
                 id, id);
    return false;
  }
  for (unsigned i = 0; i < drives->len; i++) {
    if (g_strcmp0 (drive_interface (drives->pdata[i]), "pflash") != 0)
      continue;
    int index = drive_index (drives->pdata[i]) >= 0 ? drive_index (drives->pdata[i]) : next;
    next = index + 1;
    if (index < VIRT_FLASH_COUNT && (index != (int)n || *ret == NULL)) {
      *ret = index == (int)n ? drives->pdata[i] : *ret;
      continue;
    }
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 index < VIRT_FLASH_COUNT ? "-drive if=pflash: unit %d is given twice"
                                          : "-drive if=pflash: there is no unit %d; use 0 or 1",
                 index);
    return false;
  }
  return true;
}

static bool
add_flash (Machine *machine, unsigned n, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/flash%u", n);
  Drive *drive;

  if (!find_flash_drive (machine, n, &drive, error) || (drive && !drive_attach (drive, path, error)))
    return false;
  CfiFlash *flash = (CfiFlash *)device_new (&cfi_flash_class, path);
  flash->size = VIRT_FLASH_SIZE;
  flash->block = drive ? drive_block (drive) : NULL;
  if (!machine_realize (machine, &flash->dev, error))
    return false;
  machine_map (machine, &flash->region, VIRT_FLASH_BASE + n * VIRT_FLASH_SIZE);
  if (n == 0)
    virt_of (machine)->firmware_flash = flash->block != NULL;
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
  return read_options (machine, error) && add_memory (machine, error) && add_harts (machine, error) &&
         virt_add_interrupt_controllers (machine, error) && add_misc (machine, error) &&
         add_uart (machine, error) && add_virtio_slots (machine, error) && add_pci (machine, error) &&
         add_fw_cfg (machine, error) && add_fw_cfg_options (machine, error) &&
         add_flash (machine, 0, error) && add_flash (machine, 1, error) && virt_boot_prepare (machine, error);
}

/* The board has none. Guests take the key of that name for it: systemd-logind, desktops. */
static void
virt_power_button (Machine *machine)
{
  input_send_keys (&(uint16_t){ KEY_POWER }, 1, 100);
}

static void
virt_free (Machine *machine)
{
  Virt *virt = virt_of (machine);

  for (unsigned i = 0; i < machine->vcpus->len; i++)
    riscv_cpu_set_clock (machine_cpu (machine, i), NULL);
  virt_boot_free (machine);
  g_clear_pointer (&virt->imsics, g_free);
  g_clear_pointer (&virt->pci, pci_bus_free);
}

const Board virt_board_riscv64 = {
  .name = "virt",
  .help = "RISC-V VirtIO board",
  .isa = "riscv64",
  .default_cpu = "rv64",
  .default_ram = UINT64_C (128) << 20,
  .max_cpus = VIRT_MAX_CPUS,
  .power_button = virt_power_button,
  .options = (const char *const[]){ "aclint", "acpi", "aia", "pflash0", "pflash1", NULL },
  .block_interface = "virtio",
  .default_nic = "virtio-net-pci",
  .size = sizeof (Virt),
  .build = virt_build,
  .reset = virt_boot_reset,
  .free = virt_free,
};
