/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of the ITS share. All functions want its lock held. */

#include "gic-its.h"

#define ITS_EVENT_BITS  16
#define ITS_DEVICE_BITS 16
#define ITS_ENTRY_SIZE  8 /* of all tables */

#define ITS_VALID     (UINT64_C (1) << 63)
#define ITS_ADDRESS   UINT64_C (0x000fffffffffff00) /* of a device's table */
#define ITS_FIRST_LPI 8192
#define ITS_LPI_END   65536

enum { ITS_DEVICES, ITS_COLLECTIONS, ITS_N_TABLES };

enum { ITS_CTLR_ENABLED = 1 << 0 };
#define ITS_BASER_INDIRECT (UINT64_C (1) << 62)

/* Entries of the tables, in a form of our own. False: there is no place for it, or no memory there.
 *
 *   device      63 valid, 51:8 its table's address, 4:0 bits of EventID minus one
 *   collection  63 valid, 15:0 the PE's number
 *   event       63 valid, 47:32 the collection, 31:0 the LPI */
bool its_read_entry (GicIts *its, unsigned table, uint32_t id, uint64_t *ret_entry);
bool its_write_entry (GicIts *its, unsigned table, uint32_t id, uint64_t entry);
/* The entry of an event, in the table of its device; *ret_address is where it is. */
bool its_read_event (GicIts *its, uint32_t device, uint32_t event, uint64_t *ret_address,
                     uint64_t *ret_entry);
bool its_write_event (GicIts *its, uint64_t address, uint64_t entry);
/* The LPI of an event and the PE it goes to; false: it is not mapped. */
bool its_translate (GicIts *its, uint32_t device, uint32_t event, uint32_t *ret_lpi, uint32_t *ret_cpu);
bool its_collection_cpu (GicIts *its, uint32_t collection, uint32_t *ret_cpu);
void its_forget (GicIts *its);

/* Executes what is in the queue. */
void its_run_commands (GicIts *its);
