/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The firmware configuration device ("qemu,fw-cfg-mmio"): items of bytes that the board hands to firmware and
 * kernel, as QEMU's docs/specs/fw_cfg.rst lays down.
 *
 *   0x00  data      8 bytes: the next bytes of the item selected, in memory order
 *   0x08  selector  2 bytes, big-endian: selects an item and goes to its first byte
 *   0x10  DMA       8 bytes, big-endian: guest physical address of a command; writing the low half runs it
 *
 * An item has a 14-bit key.  Files are items with keys from 0x20 on, in the order of their names, listed in
 * the directory (key 0x19).  The board adds all of them before the guest runs; what it changes later keeps
 * its key. Of the saved state are the interface's registers and the writable files; the rest the board makes
 * anew. */

#include "device.h"

#define FW_CFG_SIZE      0x18
#define FW_CFG_NAME_SIZE 56 /* of a file, with its terminating zero */
#define FW_CFG_MAX_FILES 256

enum {
  FW_CFG_SIGNATURE = 0x00,
  FW_CFG_ID = 0x01,
  FW_CFG_UUID = 0x02,
  FW_CFG_RAM_SIZE = 0x03,
  FW_CFG_NOGRAPHIC = 0x04,
  FW_CFG_NB_CPUS = 0x05,
  FW_CFG_MACHINE_ID = 0x06,
  FW_CFG_KERNEL_ADDR = 0x07,
  FW_CFG_KERNEL_SIZE = 0x08,
  FW_CFG_KERNEL_CMDLINE = 0x09,
  FW_CFG_INITRD_ADDR = 0x0a,
  FW_CFG_INITRD_SIZE = 0x0b,
  FW_CFG_BOOT_DEVICE = 0x0c,
  FW_CFG_NUMA = 0x0d,
  FW_CFG_BOOT_MENU = 0x0e,
  FW_CFG_MAX_CPUS = 0x0f,
  FW_CFG_KERNEL_ENTRY = 0x10,
  FW_CFG_KERNEL_DATA = 0x11,
  FW_CFG_INITRD_DATA = 0x12,
  FW_CFG_CMDLINE_ADDR = 0x13,
  FW_CFG_CMDLINE_SIZE = 0x14,
  FW_CFG_CMDLINE_DATA = 0x15,
  FW_CFG_SETUP_ADDR = 0x16,
  FW_CFG_SETUP_SIZE = 0x17,
  FW_CFG_SETUP_DATA = 0x18,
  FW_CFG_FILE_DIR = 0x19,
  FW_CFG_FILE_FIRST = 0x20,
  FW_CFG_ARCH_LOCAL = 0x8000,
};

typedef struct {
  Device dev;
  /* Edge, set by the board: what DMA goes to. NULL: no DMA interface. */
  MemoryMap *memory;
  /* State. */
  MemoryRegion region;
  uint32_t selector;
  uint32_t offset; /* in the item selected */
  uint64_t dma_address;
  GHashTable *items; /* by key: FwCfgItem, but for files */
  GPtrArray *files;  /* FwCfgItem, sorted by name */
} FwCfg;

extern const DeviceClass fw_cfg_class;

/* An item's content, replacing what the key held. Takes its own reference. */
void fw_cfg_add_bytes (FwCfg *fw, uint16_t key, GBytes *content);
/* The same of little-endian numbers and of text (with its zero). */
void fw_cfg_add_u16 (FwCfg *fw, uint16_t key, uint16_t value);
void fw_cfg_add_u32 (FwCfg *fw, uint16_t key, uint32_t value);
void fw_cfg_add_u64 (FwCfg *fw, uint16_t key, uint64_t value);
void fw_cfg_add_string (FwCfg *fw, uint16_t key, const char *text);

/* A file, replacing the content of one that has the name. FALSE and an error for a name that is empty, too
 * long, or taken by a writable file, and when there are too many files. */
bool fw_cfg_add_file (FwCfg *fw, const char *name, GBytes *content, GError **error);
/* A file whose content is asked for whenever the guest selects it (a new reference; the device's lock is
 * held). Its size in the directory is `content`'s until then. */
bool fw_cfg_add_callback (FwCfg *fw, const char *name, GBytes *content, GBytes *(*get) (void *opaque),
                          void *opaque, GError **error);
/* A file that the guest may write by DMA: `data` is the caller's and changes under the device's lock.
 * `on_write` is called with the lock held after each write of the guest's, and after a restore with all of
 * it; it may be NULL. */
bool fw_cfg_add_writable_file (FwCfg *fw, const char *name, void *data, size_t size,
                               void (*on_write) (void *opaque, size_t offset, size_t size), void *opaque,
                               GError **error);
/* The content of a file, or NULL; of a writable one a copy. Free the reference. */
GBytes *fw_cfg_find_file (FwCfg *fw, const char *name);
