/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What only removable media have: trays, locks, tables of contents, features (MMC-5). */

#include "scsi.h"

#include <string.h>

#define LEAD_OUT 0xaa
/* A larger disc is a DVD: 80 minutes of 75 frames a second. */
#define CD_MAX_BLOCKS (80 * 60 * 75)

/* ---- The tray ---- */

void
scsi_prevent_allow (ScsiRequest *r)
{
  ScsiDevice *unit = r->unit;
  if (r->cdb[4] & 0x02) { /* persistent prevention */
    scsi_fail (r, SENSE_INVALID_FIELD);
    return;
  }
  unit->locked = r->cdb[4] & 0x01;
  drive_set_locked (unit->drive, unit->locked);
  scsi_good (r);
}

static void
move_tray (ScsiRequest *r, bool open)
{
  ScsiDevice *unit = r->unit;
  if (open && unit->locked) {
    scsi_fail (r, SENSE_REMOVAL_PREVENTED);
    return;
  }
  if (open != unit->tray_open && unit->block != NULL) {
    unit->media_event = open ? 3 : 2;
    if (!open)
      unit->unit_attention |= UA_MEDIUM_CHANGED;
  }
  unit->tray_open = open;
  scsi_good (r);
}

void
scsi_start_stop_unit (ScsiRequest *r)
{
  const uint8_t action = r->cdb[4];
  if (action & 0xf0) /* power conditions: there is nothing to save */
    scsi_good (r);
  else if (r->unit->is_cd && action & 0x02)
    move_tray (r, !(action & 0x01));
  else {
    r->unit->stopped = !r->unit->is_cd && !(action & 0x01);
    scsi_good (r);
  }
}

/* ---- READ TOC (§6.26): one session of one data track ---- */

static void
put_address (uint8_t *data, uint64_t lba, bool msf)
{
  if (!msf) {
    put32 (data, (uint32_t)lba);
    return;
  }
  lba += 150;
  data[0] = 0;
  data[1] = (uint8_t)(lba / 75 / 60);
  data[2] = (uint8_t)(lba / 75 % 60);
  data[3] = (uint8_t)(lba % 75);
}

static uint8_t *
put_track (uint8_t *data, uint8_t track, uint64_t lba, bool msf)
{
  const uint8_t entry[4] = { 0, 0x14, track, 0 }; /* a data track */
  memcpy (data, entry, 4);
  put_address (data + 4, lba, msf);
  return data + 8;
}

/* Format 2: what the lead-in has. */
static uint8_t *
put_raw_entry (uint8_t *data, uint8_t point, uint8_t minutes, uint8_t seconds, uint8_t frames)
{
  const uint8_t entry[11] = { 1, 0x14, 0, point, 0, 0, 0, 0, minutes, seconds, frames };
  memcpy (data, entry, sizeof entry);
  return data + sizeof entry;
}

static uint8_t *
put_raw_toc (uint8_t *data, uint64_t capacity)
{
  uint8_t end[4];
  put_address (end, capacity, true);
  data = put_raw_entry (data, 0xa0, 1, 0, 0);
  data = put_raw_entry (data, 0xa1, 1, 0, 0);
  data = put_raw_entry (data, 0xa2, end[1], end[2], end[3]);
  return put_raw_entry (data, 1, 0, 2, 0);
}

void
scsi_read_toc (ScsiRequest *r)
{
  uint8_t data[64] = { 0, 0, 1, 1 }, *end = data + 4;
  const bool msf = r->cdb[1] & 0x02;
  const uint8_t first = r->cdb[6];
  const uint64_t capacity = scsi_capacity (r->unit);
  /* Old drivers have the format in the control byte. */
  const uint8_t format = r->cdb[2] & 0x0f ? r->cdb[2] & 0x0f : r->cdb[9] >> 6;
  bool valid = format <= 2;
  if (format == 0) {
    valid = first <= 1 || first == LEAD_OUT;
    if (first <= 1)
      end = put_track (end, 1, 0, msf);
    end = put_track (end, LEAD_OUT, capacity, msf);
  } else if (format == 1) {
    end = put_track (end, 1, 0, msf);
  } else if (format == 2) {
    valid = first <= 1;
    end = put_raw_toc (end, capacity);
  }
  if (!valid) {
    scsi_fail (r, SENSE_INVALID_FIELD);
    return;
  }
  put16 (data, (uint32_t)(end - data - 2));
  scsi_reply (r, data, (size_t)(end - data), be16 (r->cdb + 7));
}

/* ---- GET CONFIGURATION (§6.6, §5) ---- */

enum { PROFILE_NONE = 0x00, PROFILE_CD_ROM = 0x08, PROFILE_DVD_ROM = 0x10 };

static unsigned
current_profile (const ScsiDevice *unit)
{
  if (scsi_medium_state (unit) != SENSE_NONE)
    return PROFILE_NONE;
  return scsi_capacity (unit) > CD_MAX_BLOCKS ? PROFILE_DVD_ROM : PROFILE_CD_ROM;
}

/* A feature's descriptor; returns its size. */
static unsigned
put_feature (unsigned feature, unsigned profile, uint8_t *data)
{
  static const uint8_t core[] = { 0x00, 0x01, 0x0b, 8, 0, 0, 0, 1, 1 /* DBE */, 0, 0, 0 };
  static const uint8_t removable[] = { 0x00, 0x03, 0x07, 4, 0x29 /* tray, eject, lock */, 0, 0, 0 };
  switch (feature) {
    case 0x0000: {
      const uint8_t profiles[] = { 0,
                                   0,
                                   3,
                                   8,
                                   0,
                                   PROFILE_DVD_ROM,
                                   profile == PROFILE_DVD_ROM,
                                   0,
                                   0,
                                   PROFILE_CD_ROM,
                                   profile == PROFILE_CD_ROM,
                                   0 };
      memcpy (data, profiles, sizeof profiles);
      return sizeof profiles;
    }
    case 0x0001: memcpy (data, core, sizeof core); return sizeof core;
    case 0x0003: memcpy (data, removable, sizeof removable); return sizeof removable;
    case 0x0010: { /* random access: blocks of 2048, one at a time */
      const uint8_t random[] = { 0, 0x10, profile != PROFILE_NONE, 8, 0, 0, 8, 0, 0, 1, 0, 0 };
      memcpy (data, random, sizeof random);
      return sizeof random;
    }
    case 0x001e: {
      const uint8_t cd_read[] = { 0, 0x1e, (uint8_t)(0x08 | (profile == PROFILE_CD_ROM)), 4, 0, 0, 0, 0 };
      memcpy (data, cd_read, sizeof cd_read);
      return sizeof cd_read;
    }
    default: {
      const uint8_t dvd_read[] = { 0, 0x1f, profile == PROFILE_DVD_ROM, 0 };
      memcpy (data, dvd_read, sizeof dvd_read);
      return sizeof dvd_read;
    }
  }
}

void
scsi_get_configuration (ScsiRequest *r)
{
  static const uint16_t features[] = { 0x0000, 0x0001, 0x0003, 0x0010, 0x001e, 0x001f };
  uint8_t data[128] = { 0 };
  unsigned size = 8;
  const unsigned profile = current_profile (r->unit), which = r->cdb[1] & 3, first = be16 (r->cdb + 2);
  if (which == 3) {
    scsi_fail (r, SENSE_INVALID_FIELD);
    return;
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (features); i++) {
    if (which == 2 ? features[i] != first : features[i] < first)
      continue;
    const unsigned n = put_feature (features[i], profile, data + size);
    const bool current = data[size + 2] & 1;
    if (which != 1 || current)
      size += n;
  }
  put32 (data, size - 4);
  put16 (data + 6, profile);
  scsi_reply (r, data, size, be16 (r->cdb + 7));
}

/* ---- GET EVENT STATUS NOTIFICATION (§6.7): of the media class ---- */

void
scsi_get_event_status (ScsiRequest *r)
{
  ScsiDevice *unit = r->unit;
  uint8_t data[8] = { 0, 0, 0x80 /* none of the classes asked for */, 0x10 };
  size_t size = 4;
  if (!(r->cdb[1] & 1)) { /* asynchronously: not here */
    scsi_fail (r, SENSE_INVALID_FIELD);
    return;
  }
  if (r->cdb[4] & 0x10) {
    data[2] = 4;
    data[4] = unit->media_event;
    data[5] = (uint8_t)(unit->tray_open | (!unit->tray_open && unit->block != NULL) << 1);
    size = 8;
    if (be16 (r->cdb + 7) > 4)
      unit->media_event = 0;
  }
  put16 (data, (uint32_t)size - 2);
  scsi_reply (r, data, size, be16 (r->cdb + 7));
}

/* ---- READ DISC INFORMATION (§6.22) ---- */

void
scsi_read_disc_information (ScsiRequest *r)
{
  uint8_t data[34] = { 0, 32, 0x0e /* complete, finalized */, 1, 1, 1, 1, 0x20 /* unrestricted use */, 0 };
  if (r->cdb[1] & 0x07) {
    scsi_fail (r, SENSE_INVALID_FIELD);
    return;
  }
  memset (data + 16, 0xff, 8); /* no further session can be there */
  scsi_reply (r, data, sizeof data, be16 (r->cdb + 7));
}
