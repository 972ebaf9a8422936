/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drive-int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "keyval.h"

/* Drives by name, their media, and what happens on errors. All but drive_error() is for the main thread. */

G_DEFINE_QUARK (drive - locked, drive_locked)

void (*drive_stop_machine) (Drive *drive, bool write, int error);

static GPtrArray *
drives (void)
{
  static GPtrArray *all;
  if (!all)
    all = g_ptr_array_new ();
  return all;
}

GPtrArray *
drive_list (void)
{
  return g_ptr_array_copy (drives (), NULL, NULL);
}

Drive *
drive_find (const char *id)
{
  for (unsigned i = 0; i < drives ()->len; i++) {
    Drive *drive = drives ()->pdata[i];
    if (strcmp (drive->id, id) == 0)
      return drive;
  }
  return NULL;
}

/* ---- Media ---- */

/* The medium for a drive's settings. */
static Block *
open_medium (Drive *drive, const char *path, const char *format, GError **error)
{
  BlockOptions options = drive->options;
  options.format = format;
  return drive->snapshot ? block_open_snapshot (path, &options, error) : block_open (path, &options, error);
}

bool
drive_open (Drive *drive, GError **error)
{
  if (!drive->path || drive->block)
    return true;
  drive->block = open_medium (drive, drive->path, drive->format, error);
  return drive->block != NULL;
}

bool
drive_add (Drive *drive, GError **error)
{
  if (drive_find (drive->id)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                 "There are two drives '%s': give one of them another id", drive->id);
    return false;
  }
  g_ptr_array_add (drives (), drive);
  return true;
}

Drive *
drive_alloc (void)
{
  Drive *drive = g_new0 (Drive, 1);
  drive->interface = g_strdup ("");
  drive->index = -1;
  drive->write_policy = DRIVE_ERROR_ENOSPC;
  drive->read_policy = DRIVE_ERROR_REPORT;
  return drive;
}

void
drive_free (Drive *drive)
{
  if (!drive)
    return;
  g_ptr_array_remove (drives (), drive);
  if (drive->block)
    block_close (drive->block);
  g_free (drive->id);
  g_free (drive->interface);
  g_free (drive->serial);
  g_free (drive->path);
  g_free (drive->format);
  g_free (drive->device);
  g_free (drive->user);
  g_free (drive);
}

const char *
drive_id (const Drive *drive)
{
  return drive->id;
}

const char *
drive_interface (const Drive *drive)
{
  return drive->interface;
}

int
drive_index (const Drive *drive)
{
  return drive->index;
}

const char *
drive_serial (const Drive *drive)
{
  return drive->serial;
}

bool
drive_is_cdrom (const Drive *drive)
{
  return drive->cdrom;
}

const char *
drive_user (const Drive *drive)
{
  return drive->device ? drive->device : drive->user;
}

bool
drive_is_locked (const Drive *drive)
{
  return drive->locked;
}

bool
drive_is_removable (const Drive *drive)
{
  return drive->changed != NULL;
}

Block *
drive_block (const Drive *drive)
{
  return drive->block;
}

bool
drive_attach (Drive *drive, const char *device_path, GError **error)
{
  const char *user = drive_user (drive);
  if (user) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                 "Drive '%s' is in use already, by %s; each device needs its own", drive->id, user);
    return false;
  }
  /* A file node is opened only now: it may have been meant for another node. */
  if (!drive_open (drive, error))
    return false;
  drive->device = g_strdup (device_path);
  return true;
}

void
drive_detach (Drive *drive)
{
  g_clear_pointer (&drive->device, g_free);
  drive->changed = NULL;
  drive->locked = false;
}

void
drive_set_change_hook (Drive *drive, void (*changed) (void *opaque), void *opaque)
{
  drive->changed = changed;
  drive->changed_opaque = opaque;
}

void
drive_set_locked (Drive *drive, bool locked)
{
  drive->locked = locked;
}

static void
tell_device (Drive *drive)
{
  if (drive->changed)
    drive->changed (drive->changed_opaque);
}

/* The device learns that the medium is gone before it is closed: it has queues on it. */
static void
remove_medium (Drive *drive)
{
  Block *block = g_steal_pointer (&drive->block);
  g_clear_pointer (&drive->path, g_free);
  if (!block)
    return;
  tell_device (drive);
  block_close (block);
}

static bool
check_removable (Drive *drive, bool force, GError **error)
{
  if (drive->device && !drive->changed) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "Drive '%s' is a disk that cannot be removed",
                 drive->id);
    return false;
  }
  if (drive->locked && !force) {
    g_set_error (error, DRIVE_LOCKED, 0,
                 "Drive '%s' is locked by the guest: unmount it there, or force it (eject -f)", drive->id);
    return false;
  }
  return true;
}

bool
drive_change (Drive *drive, const char *path, const char *format, GError **error)
{
  if (!check_removable (drive, false, error))
    return false;
  Block *block = open_medium (drive, path, format, error);
  if (!block)
    return false;
  remove_medium (drive);
  drive->block = block;
  drive->path = g_strdup (path);
  g_atomic_int_set (&drive->last_error, 0);
  tell_device (drive);
  return true;
}

bool
drive_eject (Drive *drive, bool force, GError **error)
{
  if (!check_removable (drive, force, error))
    return false;
  drive->locked = false;
  remove_medium (drive);
  return true;
}

/* ---- Errors ---- */

DriveAction
drive_error (Drive *drive, bool write, int error)
{
  bool no_space = abs (error) == ENOSPC || abs (error) == EDQUOT;
  g_atomic_int_set (&drive->last_error, abs (error));
  switch (write ? drive->write_policy : drive->read_policy) {
    case DRIVE_ERROR_IGNORE: return DRIVE_ACT_IGNORE;
    case DRIVE_ERROR_REPORT: return DRIVE_ACT_REPORT;
    case DRIVE_ERROR_ENOSPC:
      if (!no_space)
        return DRIVE_ACT_REPORT;
      break;
    case DRIVE_ERROR_STOP: break;
  }
  if (!drive_stop_machine)
    return DRIVE_ACT_REPORT;
  drive_stop_machine (drive, write, abs (error));
  return DRIVE_ACT_STOP;
}

/* ---- Telling people ---- */

static void
describe_cache (const Drive *drive, GString *out)
{
  static const char *const caches[] = { "writeback", "writeback, direct", "writethrough",
                                        "writethrough, direct", "writeback, ignore flushes" };
  Block *block = drive->block;
  g_string_append_printf (out, "    Cache mode:       %s\n", caches[drive->options.cache]);
  unsigned depth = 0;
  for (Block *backing = block_backing (block); backing; backing = block_backing (backing))
    depth++;
  if (depth)
    g_string_append_printf (out, "    Backing file:     %s (chain depth: %u)\n",
                            block_path (block_backing (block)), depth);
}

void
drive_describe (Drive *drive, GString *out)
{
  int error = g_atomic_int_get (&drive->last_error);
  Block *block = drive->block;
  g_string_append (out, drive->id);
  if (block)
    g_string_append_printf (out, ": %s (%s%s%s)\n", block_path (block), block_format (block),
                            block_read_only (block) ? ", read-only" : "",
                            drive->snapshot ? ", snapshot" : "");
  else
    g_string_append (out, drive->path ? ": not opened yet\n" : ": [not inserted]\n");
  if (drive->device)
    g_string_append_printf (out, "    Attached to:      %s\n", drive->device);
  if (error)
    g_string_append_printf (out, "    I/O status:       %s\n",
                            error == ENOSPC ? "nospace" : g_strerror (error));
  if (drive->changed)
    g_string_append_printf (out, "    Removable device: %slocked, tray %s\n", drive->locked ? "" : "not ",
                            block ? "closed" : "open");
  if (block)
    describe_cache (drive, out);
}
