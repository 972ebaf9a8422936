/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the "virt" boards of all processors have alike: firmware configuration, flash, virtio slots, the PCI
 * Express host, a clock, what is loaded at reset, the order to boot in.  They differ in addresses and
 * interrupts only. */

#include "fw-cfg.h"
#include "loader.h"
#include "machine-private.h"
#include "virt-layout.h"

#define VIRT_FDT_NAME "device tree" /* in the loader */

/* A CPU that starts elsewhere than the board says. */
typedef struct {
  unsigned cpu;
  uint64_t pc;
} VirtStart;

/* A board's data begin with it. */
typedef struct {
  VirtLayout layout; /* set by the board before any of the functions below */
  IrqLine (*irq_line) (Machine *machine, unsigned n);
  PciBus *pci;
  FwCfg *fw_cfg;
  Drive *flash[VIRT_FLASH_COUNT]; /* the banks' drives, or NULL */
  /* What is loaded at reset. */
  Loader *loader;
  GBytes *fdt;
  GArray *starts; /* VirtStart: what -device loader says */
  bool booted;    /* what -boot once= said has been done */
} VirtCommon;

static inline VirtCommon *
virt_common (Machine *machine)
{
  return machine->board_data;
}

/* Each adds its device or devices to the machine. */
bool virt_add_fw_cfg (Machine *machine, GError **error); /* with what -fw_cfg says in it */
bool virt_add_virtio_slots (Machine *machine, GError **error);
/* `config`: what is the board's own (MSI); the rest is filled in. */
bool virt_add_pci (Machine *machine, PciBusConfig config, GError **error);
/* The drive of flash bank `n`, or NULL: -drive if=pflash,unit=N or -machine pflashN=ID. */
bool virt_find_flash_drive (Machine *machine, unsigned n, Drive **ret, GError **error);
/* The two banks, with the content of -drive if=pflash or -machine pflashN=ID. */
bool virt_add_flash (Machine *machine, GError **error);

/* For the board's real-time clock: what nanoseconds since 1970 are to be counted from, NULL for the host's
 * clock, and what the guest's differs from it (-rtc). */
int64_t (*virt_wall_clock (Machine *machine, int64_t *ret_offset)) (void);

/* -initrd and -append without -kernel are a mistake. */
bool virt_check_kernel_options (const MachineConfig *config, GError **error);
/* Kernel, initial RAM disk and arguments for firmware that starts the kernel itself. */
bool virt_hand_to_firmware (Machine *machine, GError **error);
/* -initrd, behind the kernel that was loaded. */
bool virt_add_initrd (Machine *machine, const LoadedImage *kernel, LoadedImage *ret, GError **error);
/* -device loader (virt-loader-device.c): adds its files to the loader, when kernel and firmware are in it. */
bool virt_add_loader_devices (Machine *machine, GError **error);
/* Whether the first CPU starts with one, and to have them start, at each reset. */
bool virt_loader_starts_machine (Machine *machine);
void virt_set_loader_starts (Machine *machine);
/* When everything is in the loader: notes what memory is left. */
void virt_note_free_ram (Machine *machine);
/* A place for a device tree of that size near the end of the memory that everything reaches, out of the
 * kernel's way. */
uint64_t virt_high_fdt_address (Machine *machine, uint64_t size);
/* The tree of -dtb, or NULL. */
GBytes *virt_read_dtb (const char *path, GError **error);
/* Makes common->fdt of the board's tree, with the kernel's arguments and the place of `initrd` (each may be
 * NULL), and writes it where -machine dumpdtb= says. */
bool virt_finish_fdt (Machine *machine, GBytes *base, const char *append, const LoadedImage *initrd,
                      GError **error);
/* At each reset: the tree with new random numbers, and all that is loaded. */
void virt_load (Machine *machine);
/* Tells firmware which devices to boot from. */
void virt_set_bootorder (Machine *machine);
void virt_common_free (Machine *machine);

/* The board has no button that the guest hears of. Guests take the key of that name for it: systemd-logind,
 * desktops. */
void virt_power_key (Machine *machine);
