/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the flash's command interface (cfi-flash-command.c) and its content (cfi-flash.c) know of each other.
 * With the device's lock held. */

#include "cfi-flash.h"

enum {
  CFI_SR_READY = 0x80,
  CFI_SR_ERASE = 0x20,
  CFI_SR_PROGRAM = 0x10,
  CFI_SR_LOCKED = 0x02,
  CFI_SR_SEQUENCE = CFI_SR_ERASE | CFI_SR_PROGRAM, /* both: no such command sequence */
};
enum { CFI_LOCK_LOCKED = 1, CFI_LOCK_DOWN = 2 };

typedef enum {
  CFI_READ_ARRAY,
  CFI_READ_STATUS,
  CFI_READ_ID,
  CFI_READ_QUERY,
  CFI_PROGRAM,        /* the next write is the data */
  CFI_ERASE,          /* the next write confirms */
  CFI_LOCK,           /* the next write says what to do */
  CFI_BUFFER_COUNT,   /* the next write is the number of words less one */
  CFI_BUFFER_DATA,    /* the next buffer_left bytes written are data */
  CFI_BUFFER_CONFIRM, /* the next write confirms */
  CFI_N_MODES,
} CfiMode;

extern const MmioOps cfi_flash_ops;

/* Enters a mode; the region follows (cfi-flash.c). */
void cfi_flash_set_mode (CfiFlash *flash, CfiMode mode);
/* Programs or erases and writes through; the outcome is in the status. */
void cfi_flash_program (CfiFlash *flash, uint64_t offset, const uint8_t *data, unsigned size);
void cfi_flash_erase (CfiFlash *flash, uint64_t offset);
