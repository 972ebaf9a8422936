/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* SCSI logical units (SPC-4, SBC-3, MMC-5): "scsi-hd" and "scsi-cd", which plug into a SCSI bus.
 *
 * Commands run on one thread, the bus's I/O thread, which owns the unit's state while the machine runs. */

#include "storage.h"

#define SCSI_CDB_MAX     32
#define SCSI_SENSE_SIZE  18
#define SCSI_MAX_TARGETS 256
#define SCSI_MAX_LUNS    16384

typedef struct ScsiDevice ScsiDevice;
typedef struct ScsiRequest ScsiRequest;

/* The status byte (SAM-5). */
enum { SCSI_GOOD = 0x00, SCSI_CHECK_CONDITION = 0x02, SCSI_BUSY = 0x08, SCSI_TASK_ABORTED = 0x40 };

/* Sense key, additional sense code and qualifier as one number, 0xKKAAQQ. */
typedef uint32_t ScsiSense;
enum {
  SENSE_NONE = 0x000000,
  SENSE_NOT_READY_STOPPED = 0x020402, /* INITIALIZING COMMAND REQUIRED */
  SENSE_NO_MEDIUM = 0x023a00,
  SENSE_NO_MEDIUM_CLOSED = 0x023a01,
  SENSE_NO_MEDIUM_OPEN = 0x023a02,
  SENSE_WRITE_ERROR = 0x030c00,
  SENSE_READ_ERROR = 0x031100,
  SENSE_TARGET_FAILURE = 0x044400,
  SENSE_PARAMETER_LIST_LENGTH = 0x051a00,
  SENSE_INVALID_OPCODE = 0x052000,
  SENSE_LBA_OUT_OF_RANGE = 0x052100,
  SENSE_INVALID_FIELD = 0x052400,
  SENSE_LUN_NOT_SUPPORTED = 0x052500,
  SENSE_INVALID_PARAMETER = 0x052600,
  SENSE_SAVING_NOT_SUPPORTED = 0x053900,
  SENSE_REMOVAL_PREVENTED = 0x055302,
  SENSE_MEDIUM_CHANGED = 0x062800,
  SENSE_POWER_ON = 0x062900,
  SENSE_DEVICE_RESET = 0x062903,
  SENSE_NEXUS_LOST = 0x062907,
  SENSE_WRITE_PROTECTED = 0x072700,
  SENSE_NO_SPACE = 0x072707,
};

/* Conditions a unit has to report, by precedence. */
enum { UA_POWER_ON = 1, UA_DEVICE_RESET = 2, UA_NEXUS_LOST = 4, UA_MEDIUM_CHANGED = 8 };

struct ScsiDevice {
  Device dev; /* must be first */
  bool is_cd;
  Drive *drive;
  Block *block; /* the bus's thread; NULL: no medium, or it is going away */
  BlockQueue *io;
  unsigned in_flight; /* commands begun; the bus's thread */
  /* Set by the bus before realize; `gone` before the unit is unrealized: no command comes after it. */
  IoThread *thread;
  void *bus;
  void (*gone) (ScsiDevice *unit);
  uint32_t block_size, physical_block_size, min_io_size, opt_io_size;
  char serial[37], product[17], vendor[9], version[5];
  /* State. */
  uint8_t unit_attention; /* UA_* */
  uint8_t media_event;    /* GET EVENT STATUS NOTIFICATION: new media 2, removal 3 */
  bool tray_open, locked, stopped, write_cache_on;
  /* Properties. */
  char *drive_name, *serial_text, *product_text, *vendor_text, *version_text;
  uint32_t channel, target, lun, bootindex;
  uint64_t logical_block, physical_block, min_io, opt_io;
  bool write_cache;
};

/* The least value that scsi-id= has when it was not said. */
#define SCSI_ID_AUTO UINT32_MAX

/* One command. The bus fills in the first part, and zeroes the rest. */
struct ScsiRequest {
  ScsiDevice *unit;
  uint8_t cdb[SCSI_CDB_MAX];
  const struct iovec *out, *in; /* buffers, and where data starts in them */
  unsigned n_out, n_in;
  size_t out_skip, in_skip;
  uint64_t out_size, in_size;    /* of data */
  void (*done) (ScsiRequest *r); /* once; on the bus's thread, perhaps before scsi_execute() returns */
  void (*stop) (ScsiRequest *r); /* in place of done: to be executed again when the machine goes on */
  /* The result. */
  uint8_t status;
  bool overrun; /* the command's data is more than the buffers hold; nothing was done */
  uint64_t transferred;
  uint8_t sense[SCSI_SENSE_SIZE];
  unsigned sense_size;
  /* The core's own. */
  bool counted; /* in the unit's in_flight */
  BlockRequest io;
  struct iovec *iov;
  uint8_t *buffer;
  uint64_t lba, blocks;
  unsigned step, n_steps;
};

void scsi_register (void);
/* The unit that the device is; NULL: it is none. */
ScsiDevice *scsi_device_of (Device *dev);

/* On the bus's thread. */
void scsi_execute (ScsiRequest *r);
/* For commands to a logical unit that a target does not have. `luns`: those it has. */
void scsi_execute_absent (ScsiRequest *r, const uint16_t *luns, unsigned n_luns);
void scsi_report_luns (ScsiRequest *r, const uint16_t *luns, unsigned n_luns);
/* State after a reset of the unit; `ua` says which. */
void scsi_unit_reset (ScsiDevice *unit, uint8_t ua);

/* ---- Between the core's files ---- */

typedef void (*ScsiCommand) (ScsiRequest *r);

static inline uint16_t
be16 (const uint8_t *p)
{
  return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t
be32 (const uint8_t *p)
{
  return (uint32_t)be16 (p) << 16 | be16 (p + 2);
}
static inline uint64_t
be64 (const uint8_t *p)
{
  return (uint64_t)be32 (p) << 32 | be32 (p + 4);
}
static inline void
put16 (uint8_t *p, uint32_t v)
{
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}
static inline void
put32 (uint8_t *p, uint32_t v)
{
  put16 (p, v >> 16);
  put16 (p + 2, v);
}
static inline void
put64 (uint8_t *p, uint64_t v)
{
  put32 (p, (uint32_t)(v >> 32));
  put32 (p + 4, (uint32_t)v);
}

void scsi_good (ScsiRequest *r);
void scsi_stop (ScsiRequest *r);
void scsi_fail (ScsiRequest *r, ScsiSense sense);
/* GOOD with data: what of it the allocation length lets through. */
void scsi_reply (ScsiRequest *r, const uint8_t *data, size_t size, size_t allocation);
/* Copies data from the initiator. False, and the command is completed: there is less than that. */
bool scsi_fetch (ScsiRequest *r, uint8_t *data, size_t size);
/* The unit's blocks; 0 without a medium. */
uint64_t scsi_capacity (const ScsiDevice *unit);
bool scsi_read_only (const ScsiDevice *unit);
/* What keeps the medium from being used. */
ScsiSense scsi_medium_state (const ScsiDevice *unit);

/* Makes what was written durable; completes the command. */
void scsi_flush (ScsiRequest *r);

void scsi_inquiry (ScsiRequest *r);
void scsi_mode_sense_6 (ScsiRequest *r);
void scsi_mode_sense_10 (ScsiRequest *r);
void scsi_mode_select_6 (ScsiRequest *r);
void scsi_mode_select_10 (ScsiRequest *r);
void scsi_read_capacity_10 (ScsiRequest *r);
void scsi_service_action_in_16 (ScsiRequest *r);
void scsi_read_write (ScsiRequest *r);
void scsi_synchronize_cache (ScsiRequest *r);
void scsi_verify (ScsiRequest *r);
void scsi_unmap (ScsiRequest *r);
void scsi_write_same (ScsiRequest *r);
void scsi_start_stop_unit (ScsiRequest *r);
void scsi_prevent_allow (ScsiRequest *r);
void scsi_read_toc (ScsiRequest *r);
void scsi_get_configuration (ScsiRequest *r);
void scsi_get_event_status (ScsiRequest *r);
void scsi_read_disc_information (ScsiRequest *r);

/* Limits that VPD page B0h tells. */
#define SCSI_MAX_UNMAP_DESCRIPTORS 255
#define SCSI_MAX_BYTES_AT_ONCE     (UINT64_C (1) << 30) /* of UNMAP's ranges together, and of WRITE SAME */
