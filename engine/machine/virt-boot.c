/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How the "virt" board starts: firmware, kernel, initial RAM disk, device tree, and the code at the reset
 * vector that hands them over. */

#include "virt-private.h"
#include "firmware.h"
#include "virt-map.h"
#include <elf.h>
#include <string.h>

#define MIB              (UINT64_C (1) << 20)
#define DEFAULT_FIRMWARE "opensbi-riscv64-generic-fw_dynamic.bin"
#define FDT_NAME         "device tree"
#define KERNEL_ALIGN     (2 * MIB) /* of 64-bit kernels */
/* 32-bit devices and code of early boot stages reach no further. */
#define FDT_END (UINT64_C (3) << 30)
/* Firmware adds to the tree where it lies. */
#define FDT_ROOM (64 * UINT64_C (1024))

typedef struct {
  uint64_t start;        /* where the harts go from the reset vector */
  uint64_t firmware_end; /* first byte that firmware does not use */
  uint64_t next;         /* what firmware is to start; 0: it finds that itself */
  LoadedImage kernel, initrd;
  bool has_kernel, has_initrd;
} Plan;

static bool
plan_firmware (Machine *machine, Plan *plan, GError **error)
{
  Virt *virt = virt_of (machine);
  const char *bios = machine->config->bios;
  LoadedImage image;

  plan->start = plan->firmware_end = VIRT_DRAM_BASE;
  if (bios && strcmp (bios, "none") == 0) {
    if (virt->firmware_flash)
      plan->start = VIRT_FLASH_BASE;
    return true;
  }
  g_autofree char *path =
      firmware_find (bios && strcmp (bios, "default") != 0 ? bios : DEFAULT_FIRMWARE, error);
  if (path == NULL || !loader_add_image (virt->loader, "firmware", path, VIRT_DRAM_BASE, &image, error))
    return false;
  plan->start = image.entry;
  plan->firmware_end = image.high;
  /* What is in flash is then the payload of supervisor mode: EDK2. */
  if (virt->firmware_flash)
    plan->next = VIRT_FLASH_BASE;
  return true;
}

/* For firmware that starts the kernel itself. */
static bool
hand_to_firmware (Machine *machine, GError **error)
{
  static const struct {
    uint16_t size_key, data_key;
  } keys[] = { { FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA }, { FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA } };
  const MachineConfig *config = machine->config;
  const char *const paths[] = { config->kernel, config->initrd };
  FwCfg *fw = virt_of (machine)->fw_cfg;

  for (unsigned i = 0; i < G_N_ELEMENTS (keys); i++) {
    if (paths[i] == NULL)
      continue;
    g_autoptr (GMappedFile) file = g_mapped_file_new (paths[i], FALSE, error);
    if (file && g_mapped_file_get_length (file) > UINT32_MAX)
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "'%s' is larger than firmware can be given: 4 GiB",
                   paths[i]);
    if (file == NULL || g_mapped_file_get_length (file) > UINT32_MAX)
      return false;
    g_autoptr (GBytes) content = g_mapped_file_get_bytes (file);
    fw_cfg_add_u32 (fw, keys[i].size_key, (uint32_t)g_bytes_get_size (content));
    fw_cfg_add_bytes (fw, keys[i].data_key, content);
  }
  if (config->append) {
    fw_cfg_add_u32 (fw, FW_CFG_CMDLINE_SIZE, (uint32_t)strlen (config->append) + 1);
    fw_cfg_add_string (fw, FW_CFG_CMDLINE_DATA, config->append);
  }
  return true;
}

static bool
plan_initrd (Machine *machine, Plan *plan, GError **error)
{
  /* Far enough from the kernel for it to unpack itself, near enough for machines with little memory. */
  uint64_t start = plan->kernel.low + MIN (machine->ram->size / 2, 512 * MIB);

  start = MAX (start, (plan->kernel.high + KERNEL_ALIGN - 1) & ~(KERNEL_ALIGN - 1));
  plan->has_initrd = loader_add_raw (virt_of (machine)->loader, "initial RAM disk", machine->config->initrd,
                                     start, &plan->initrd, error);
  return plan->has_initrd;
}

static bool
plan_kernel (Machine *machine, Plan *plan, GError **error)
{
  const MachineConfig *config = machine->config;
  uint64_t start = (plan->firmware_end + KERNEL_ALIGN - 1) & ~(KERNEL_ALIGN - 1);

  if (config->kernel == NULL && (config->initrd || config->append)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s needs a kernel: give one with -kernel",
                 config->initrd ? "-initrd" : "-append");
    return false;
  }
  if (config->kernel == NULL)
    return true;
  if (plan->next)
    return hand_to_firmware (machine, error);
  if (!loader_add_image (virt_of (machine)->loader, "kernel", config->kernel, start, &plan->kernel, error))
    return false;
  plan->has_kernel = true;
  plan->next = plan->kernel.entry;
  if (plan->firmware_end == VIRT_DRAM_BASE && plan->start == VIRT_DRAM_BASE)
    plan->start = plan->kernel.entry; /* -bios none */
  return config->initrd == NULL || plan_initrd (machine, plan, error);
}

static GBytes *
base_fdt (Machine *machine, GError **error)
{
  const MachineConfig *config = machine->config;
  const RiscvCpu *rv = (const RiscvCpu *)machine_cpu (machine, 0);

  if (config->dtb) {
    char *data;
    gsize size;
    if (!g_file_get_contents (config->dtb, &data, &size, error)) {
      g_prefix_error (error, "-dtb: ");
      return NULL;
    }
    g_autoptr (GBytes) fdt = g_bytes_new_take (data, size);
    return virt_fdt_check (fdt, config->dtb, error) ? g_steal_pointer (&fdt) : NULL;
  }
  g_autofree char *isa = riscv_cpu_isa_string (rv);
  g_auto (GStrv) extensions = riscv_cpu_isa_extensions (rv);
  const VirtFdtConfig c = {
    .harts = machine->priv->cpus,
    .aia = virt_of (machine)->aia,
    .isa = isa,
    .extensions = extensions,
    .isa_base = rv->rv32 ? "rv32i" : "rv64i",
    .mmu_type = riscv_cpu_mmu_type (rv),
    .cbom_size = rv->exts >> RV_EXT_ZICBOM & 1 ? RV_CBO_SIZE : 0,
    .cboz_size = rv->exts >> RV_EXT_ZICBOZ & 1 ? RV_CBO_SIZE : 0,
    .cbop_size = rv->exts >> RV_EXT_ZICBOP & 1 ? RV_CBO_SIZE : 0,
    .timebase_frequency = RV_TIME_FREQUENCY,
    .ram_size = machine->ram->size,
  };
  return virt_fdt_new (&c);
}

/* Near the end of the memory that everything reaches, out of the kernel's way. */
static uint64_t
fdt_address (const Machine *machine, uint64_t size)
{
  uint64_t top = MIN (VIRT_DRAM_BASE + machine->ram->size, FDT_END);

  if (top - VIRT_DRAM_BASE < size + FDT_ROOM)
    return VIRT_DRAM_BASE;
  return MAX ((top - size - FDT_ROOM) & ~(KERNEL_ALIGN - 1), VIRT_DRAM_BASE);
}

static bool
plan_fdt (Machine *machine, const Plan *plan, uint64_t *ret_address, GError **error)
{
  const MachineConfig *config = machine->config;
  Virt *virt = virt_of (machine);
  g_autoptr (GBytes) base = base_fdt (machine, error);

  if (base == NULL)
    return false;
  virt->fdt = virt_fdt_with_boot (base, plan->has_kernel ? config->append : NULL, plan->initrd.low,
                                  plan->has_initrd ? plan->initrd.high : 0, error);
  if (virt->fdt == NULL)
    return false;
  gsize size;
  const char *data = g_bytes_get_data (virt->fdt, &size);
  if (config->dumpdtb && !g_file_set_contents (config->dumpdtb, data, (gssize)size, error)) {
    g_prefix_error (error, "-machine dumpdtb: ");
    return false;
  }
  *ret_address = fdt_address (machine, size);
  return loader_add_bytes (virt->loader, FDT_NAME, virt->fdt, *ret_address, error);
}

/* What OpenSBI's fw_dynamic expects at a2: struct fw_dynamic_info. */
typedef struct {
  uint64_t magic, version, next_addr, next_mode, options, boot_hart;
} FwDynamicInfo;

typedef struct {
  uint32_t code[6];
  uint64_t start, fdt;
  FwDynamicInfo info;
} __attribute__ ((packed)) ResetCode;

static bool
add_reset_code (Machine *machine, const Plan *plan, uint64_t fdt, GError **error)
{
  enum { MAGIC = 0x4942534f, VERSION = 2, MODE_S = 1 };
  ResetCode rom = {
    .code = {
      0x00000297, /* auipc t0, 0 */
      0x02828613, /* addi  a2, t0, 40: info */
      0xf1402573, /* csrr  a0, mhartid */
      0x0202b583, /* ld    a1, 32(t0): fdt */
      0x0182b283, /* ld    t0, 24(t0): start */
      0x00028067, /* jr    t0 */
    },
    .start = GUINT64_TO_LE (plan->start),
    .fdt = GUINT64_TO_LE (fdt),
    .info = {
      .magic = GUINT64_TO_LE (MAGIC),
      .version = GUINT64_TO_LE (VERSION),
      .next_addr = GUINT64_TO_LE (plan->next),
      .next_mode = GUINT64_TO_LE (MODE_S),
    },
  };
  G_STATIC_ASSERT (offsetof (ResetCode, start) == 24);
  G_STATIC_ASSERT (offsetof (ResetCode, fdt) == 32);
  G_STATIC_ASSERT (offsetof (ResetCode, info) == 40);
  for (unsigned i = 0; i < G_N_ELEMENTS (rom.code); i++)
    rom.code[i] = GUINT32_TO_LE (rom.code[i]);
  g_autoptr (GBytes) bytes = g_bytes_new (&rom, sizeof rom);
  return loader_add_bytes (virt_of (machine)->loader, "reset code", bytes, VIRT_MROM_BASE, error);
}

bool
virt_boot_prepare (Machine *machine, GError **error)
{
  Virt *virt = virt_of (machine);
  Plan plan = { 0 };
  uint64_t fdt;

  virt->loader = loader_new (EM_RISCV, VIRT_DRAM_BASE, machine->ram->size);
  return plan_firmware (machine, &plan, error) && plan_kernel (machine, &plan, error) &&
         plan_fdt (machine, &plan, &fdt, error) && add_reset_code (machine, &plan, fdt, error);
}

void
virt_boot_reset (Machine *machine)
{
  Virt *virt = virt_of (machine);
  g_autoptr (GBytes) fdt = virt_fdt_with_new_seed (virt->fdt);
  g_autoptr (GError) error = NULL;

  virt_set_bootorder (machine);
  loader_replace_bytes (virt->loader, FDT_NAME, fdt);
  if (!loader_load (virt->loader, machine->memory, &error)) {
    g_printerr ("The machine cannot be started: %s\n", error->message);
    machine_request_stop (machine, MACHINE_IO_ERROR);
  }
}

void
virt_boot_free (Machine *machine)
{
  Virt *virt = virt_of (machine);

  g_clear_pointer (&virt->loader, loader_free);
  g_clear_pointer (&virt->fdt, g_bytes_unref);
}
