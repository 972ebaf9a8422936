/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The devices that "virt" boards have alike. */

#include "virt-common.h"
#include "cfi-flash.h"
#include "display.h"
#include "keyval.h"
#include "virtio.h"
#include <linux/input-event-codes.h>
#include <string.h>

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

int64_t (*virt_wall_clock (Machine *machine, int64_t *ret_offset)) (void)
{
  *ret_offset = rtc_offset (machine->config) * INT64_C (1000000000);
  if (!machine->config->rtc_vm)
    return NULL;
  vm_clock = machine->clock;
  *ret_offset += g_get_real_time () * 1000 - clock_now (machine->clock);
  return vm_wall_clock;
}

bool
virt_add_virtio_slots (Machine *machine, GError **error)
{
  const VirtCommon *virt = virt_common (machine);
  const VirtLayout *at = &virt->layout;

  /* The last one is found first by guests, so it is filled first. */
  for (unsigned i = at->n_virtio; i-- > 0;) {
    g_autofree char *path = g_strdup_printf ("/virtio-mmio%u", i);
    IrqLine irq = virt->irq_line (machine, at->virtio_irq + i);
    Device *mmio = virtio_mmio_new (path, machine->memory, &irq);
    if (!machine_realize (machine, mmio, error))
      return false;
    MemoryRegion *region = virtio_mmio_region (mmio);
    region->size = MIN (region->size, at->virtio_size);
    machine_map (machine, region, at->virtio + i * at->virtio_size);
    machine_add_mmio (machine, mmio);
  }
  return true;
}

bool
virt_add_pci (Machine *machine, PciBusConfig config, GError **error)
{
  VirtCommon *virt = virt_common (machine);

  config.map = machine->memory;
  config.pio_base = virt->layout.pio;
  for (unsigned i = 0; i < G_N_ELEMENTS (config.intx); i++)
    config.intx[i] = virt->irq_line (machine, virt->layout.pcie_irq + i);
  virt->pci = machine->pci = pci_bus_new ("pcie.0", &config);
  PciHost *host = (PciHost *)device_new (&pci_host_class, "/pcie");
  host->bus = virt->pci;
  if (!machine_realize (machine, &host->dev, error))
    return false;
  host->ecam.size = virt->layout.ecam_size;
  machine_map (machine, &host->ecam, virt->layout.ecam);
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

bool
virt_add_fw_cfg (Machine *machine, GError **error)
{
  VirtCommon *virt = virt_common (machine);
  const GPtrArray *texts = machine->config->fw_cfg;
  FwCfg *fw = (FwCfg *)device_new (&fw_cfg_class, "/fw-cfg");

  fw->memory = machine->memory;
  if (!machine_realize (machine, &fw->dev, error))
    return false;
  machine_map (machine, &fw->region, virt->layout.fw_cfg);
  virt->fw_cfg = machine->fw_cfg = fw;
  fw_cfg_add_u16 (fw, FW_CFG_NB_CPUS, (uint16_t)machine->priv->cpus);
  fw_cfg_add_u16 (fw, FW_CFG_MAX_CPUS, (uint16_t)machine->priv->cpus);
  fw_cfg_add_u64 (fw, FW_CFG_RAM_SIZE, machine->ram->size);
  if (machine->config->uuid)
    add_uuid (fw, machine->config->uuid);
  fw_cfg_add_u16 (fw, FW_CFG_BOOT_MENU, machine->config->boot_menu);
  for (unsigned i = 0; texts && i < texts->len; i++)
    if (!add_fw_cfg_option (fw, texts->pdata[i], error))
      return false;
  return true;
}

bool
virt_find_flash_drive (Machine *machine, unsigned n, Drive **ret, GError **error)
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
add_flash_bank (Machine *machine, unsigned n, GError **error)
{
  VirtCommon *virt = virt_common (machine);
  g_autofree char *path = g_strdup_printf ("/flash%u", n);
  Drive *drive;

  if (!virt_find_flash_drive (machine, n, &drive, error) || (drive && !drive_attach (drive, path, error)))
    return false;
  CfiFlash *flash = (CfiFlash *)device_new (&cfi_flash_class, path);
  flash->size = virt->layout.flash_size;
  flash->block = drive ? drive_block (drive) : NULL;
  if (!machine_realize (machine, &flash->dev, error))
    return false;
  machine_map (machine, &flash->region, virt->layout.flash + n * virt->layout.flash_size);
  virt->flash[n] = drive;
  return true;
}

bool
virt_add_flash (Machine *machine, GError **error)
{
  return add_flash_bank (machine, 0, error) && add_flash_bank (machine, 1, error);
}

void
virt_power_key (Machine *machine)
{
  input_send_keys (&(uint16_t){ KEY_POWER }, 1, 100);
}

void
virt_common_free (Machine *machine)
{
  VirtCommon *virt = virt_common (machine);

  g_clear_pointer (&virt->loader, loader_free);
  g_clear_pointer (&virt->fdt, g_bytes_unref);
  g_clear_pointer (&virt->starts, g_array_unref);
  g_clear_pointer (&virt->pci, pci_bus_free);
}
