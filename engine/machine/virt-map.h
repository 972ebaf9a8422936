/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Addresses and interrupts of the "virt" board, as QEMU's documentation and device tree have them. */

#include "virt-layout.h"

#define VIRT_MAX_CPUS 512

#define VIRT_MROM_BASE      UINT64_C (0x1000)
#define VIRT_MROM_SIZE      UINT64_C (0xf000)
#define VIRT_TEST_BASE      UINT64_C (0x100000)
#define VIRT_TEST_SIZE      UINT64_C (0x1000)
#define VIRT_RTC_BASE       UINT64_C (0x101000)
#define VIRT_RTC_SIZE       UINT64_C (0x1000)
#define VIRT_CLINT_BASE     UINT64_C (0x2000000)
#define VIRT_CLINT_SIZE     UINT64_C (0x10000)
#define VIRT_PCIE_PIO_BASE  UINT64_C (0x3000000)
#define VIRT_PCIE_PIO_SIZE  UINT64_C (0x10000)
#define VIRT_PLIC_BASE      UINT64_C (0xc000000)
#define VIRT_PLIC_SIZE      UINT64_C (0x600000)
#define VIRT_APLIC_M_BASE   UINT64_C (0xc000000) /* instead of the PLIC */
#define VIRT_APLIC_S_BASE   UINT64_C (0xd000000)
#define VIRT_APLIC_SIZE     UINT64_C (0x8000)
#define VIRT_UART_BASE      UINT64_C (0x10000000)
#define VIRT_UART_SIZE      UINT64_C (0x100)
#define VIRT_VIRTIO_BASE    UINT64_C (0x10001000)
#define VIRT_VIRTIO_SIZE    UINT64_C (0x1000)
#define VIRT_VIRTIO_COUNT   8
#define VIRT_FW_CFG_BASE    UINT64_C (0x10100000)
#define VIRT_FW_CFG_SIZE    UINT64_C (0x18)
#define VIRT_FLASH_BASE     UINT64_C (0x20000000)
#define VIRT_FLASH_SIZE     UINT64_C (0x2000000) /* of each bank */
#define VIRT_IMSIC_M_BASE   UINT64_C (0x24000000)
#define VIRT_IMSIC_S_BASE   UINT64_C (0x28000000)
#define VIRT_IMSIC_SIZE     UINT64_C (0x1000) /* of each hart */
#define VIRT_PCIE_ECAM_BASE UINT64_C (0x30000000)
#define VIRT_PCIE_ECAM_SIZE UINT64_C (0x10000000)
#define VIRT_PCIE_MMIO_BASE UINT64_C (0x40000000)
#define VIRT_PCIE_MMIO_SIZE UINT64_C (0x40000000)
#define VIRT_DRAM_BASE      UINT64_C (0x80000000)
#define VIRT_HIGH_PCIE_SIZE UINT64_C (0x400000000) /* above RAM, aligned to its size */

#define VIRT_PLIC_SOURCES     96 /* the first of them does not exist */
#define VIRT_APLIC_SOURCES    96
#define VIRT_IMSIC_IDENTITIES 255

enum {
  VIRT_IRQ_VIRTIO = 1, /* to 8 */
  VIRT_IRQ_UART = 10,
  VIRT_IRQ_RTC = 11,
  VIRT_IRQ_PCIE = 32, /* INTA to INTD */
};

/* Where high PCIe memory starts. */
uint64_t virt_high_pcie_base (uint64_t ram_size);
VirtLayout virt_layout (uint64_t ram_size);
