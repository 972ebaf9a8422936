/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A drive: what -drive and -blockdev declare and a storage device is connected to by id.  It has a medium (a
 * Block) or none, and knows what to do about errors. */

#include "block.h"

typedef enum {
  DRIVE_ERROR_REPORT,
  DRIVE_ERROR_IGNORE,
  DRIVE_ERROR_ENOSPC,
  DRIVE_ERROR_STOP
} DriveErrorPolicy;
typedef struct Drive Drive;

/* -drive's syntax:
 * "file=…,format=…,if=virtio,id=…,media=cdrom,cache=…,aio=…,discard=…,readonly=on,snapshot=on,serial=…,
 * werror=…,rerror=…,index=…". Unknown keys are refused with the nearest. */
Drive *drive_new (const char *options, bool snapshot_all, GError **error);
/* -blockdev's: "driver=qcow2,node-name=…,file.driver=file,file.filename=…". */
Drive *drive_new_blockdev (const char *options, GError **error);
void drive_free (Drive *drive);
/* What the two know, a line for each setting. */
void drive_help (GString *out);
void drive_help_blockdev (GString *out);
Drive *drive_find (const char *id); /* drive id or node name */
GPtrArray *drive_list (void);       /* of all; free the array only */
const char *drive_id (const Drive *drive);
const char *drive_interface (
    const Drive *drive); /* if=: "virtio", "pflash", "scsi", "none", … ("" = the board's choice) */
int drive_index (const Drive *drive);          /* index= or unit=, -1 if not given */
const char *drive_serial (const Drive *drive); /* or NULL */
bool drive_is_cdrom (const Drive *drive);
const char *drive_user (const Drive *drive);  /* the device or node that has it, or NULL */
bool drive_is_locked (const Drive *drive);    /* by the guest */
bool drive_is_removable (const Drive *drive); /* its device knows of media that change */
Block *drive_block (const Drive *drive);      /* NULL: no medium */

/* A device takes the drive for itself; false and an error when another has it. */
bool drive_attach (Drive *drive, const char *device_path, GError **error);
void drive_detach (Drive *drive);
/* Medium change: the hook runs on the main thread after the medium is gone or there (removable devices only).
 */
void drive_set_change_hook (Drive *drive, void (*changed) (void *opaque), void *opaque);
/* The domain of the error, which has no codes, that the guest has locked the tray. */
#define DRIVE_LOCKED (drive_locked_quark ())
GQuark drive_locked_quark (void);
bool drive_change (Drive *drive, const char *path, const char *format, GError **error);
bool drive_eject (Drive *drive, bool force, GError **error);
void drive_set_locked (Drive *drive, bool locked); /* the guest has locked the tray */

/* A request has failed with -errno: what to do. For STOP the machine is asked to pause with an I/O error, and
 * the device keeps the request and submits it again when it runs on. */
typedef enum { DRIVE_ACT_REPORT, DRIVE_ACT_IGNORE, DRIVE_ACT_STOP } DriveAction;
DriveAction drive_error (Drive *drive, bool write, int error);
/* Set by the machine: pauses it. Any thread. */
extern void (*drive_stop_machine) (Drive *drive, bool write, int error);
/* Text for info block. */
void drive_describe (Drive *drive, GString *out);
