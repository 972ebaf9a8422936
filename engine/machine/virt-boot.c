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
#define KERNEL_ALIGN     (2 * MIB) /* of 64-bit kernels */

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
  VirtCommon *virt = virt_common (machine);
  const char *bios = machine->config->bios;
  LoadedImage image;

  plan->start = plan->firmware_end = VIRT_DRAM_BASE;
  if (bios && strcmp (bios, "none") == 0) {
    if (virt->flash[0])
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
  if (virt->flash[0])
    plan->next = VIRT_FLASH_BASE;
  return true;
}

static bool
plan_kernel (Machine *machine, Plan *plan, GError **error)
{
  const MachineConfig *config = machine->config;
  uint64_t start = (plan->firmware_end + KERNEL_ALIGN - 1) & ~(KERNEL_ALIGN - 1);

  if (!virt_check_kernel_options (config, error))
    return false;
  if (config->kernel == NULL)
    return true;
  if (plan->next)
    return virt_hand_to_firmware (machine, error);
  if (!loader_add_image (virt_common (machine)->loader, "kernel", config->kernel, start, &plan->kernel,
                         error))
    return false;
  plan->has_kernel = true;
  plan->next = plan->kernel.entry;
  if (plan->firmware_end == VIRT_DRAM_BASE && plan->start == VIRT_DRAM_BASE)
    plan->start = plan->kernel.entry; /* -bios none */
  plan->has_initrd = config->initrd && virt_add_initrd (machine, &plan->kernel, &plan->initrd, error);
  return config->initrd == NULL || plan->has_initrd;
}

static GBytes *
base_fdt (Machine *machine, GError **error)
{
  const MachineConfig *config = machine->config;
  const RiscvCpu *rv = (const RiscvCpu *)machine_cpu (machine, 0);

  if (config->dtb)
    return virt_read_dtb (config->dtb, error);
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

static bool
plan_fdt (Machine *machine, const Plan *plan, uint64_t *ret_address, GError **error)
{
  VirtCommon *virt = virt_common (machine);
  g_autoptr (GBytes) base = base_fdt (machine, error);

  if (base == NULL)
    return false;
  if (!virt_finish_fdt (machine, base, plan->has_kernel ? machine->config->append : NULL,
                        plan->has_initrd ? &plan->initrd : NULL, error))
    return false;
  *ret_address = virt_high_fdt_address (machine, g_bytes_get_size (virt->fdt));
  if (!loader_add_bytes (virt->loader, VIRT_FDT_NAME, virt->fdt, *ret_address, error))
    return false;
  virt_note_free_ram (machine);
  return true;
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
  return loader_add_bytes (virt_common (machine)->loader, "reset code", bytes, VIRT_MROM_BASE, error);
}

bool
virt_boot_prepare (Machine *machine, GError **error)
{
  VirtCommon *virt = virt_common (machine);
  Plan plan = { 0 };
  uint64_t fdt;

  virt->loader = loader_new (EM_RISCV, VIRT_DRAM_BASE, machine->ram->size);
  return plan_firmware (machine, &plan, error) && plan_kernel (machine, &plan, error) &&
         virt_add_loader_devices (machine, error) && plan_fdt (machine, &plan, &fdt, error) &&
         add_reset_code (machine, &plan, fdt, error);
}
