/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Commands: what is checked before any of them, and how they end. */

#include "scsi.h"

#include <string.h>

/* ---- Ends ---- */

static void
end (ScsiRequest *r)
{
  g_clear_pointer (&r->iov, g_free);
  g_clear_pointer (&r->buffer, g_free);
  if (r->counted)
    r->unit->in_flight--;
  r->counted = false;
}

static void
complete (ScsiRequest *r, uint8_t status)
{
  r->status = status;
  end (r);
  r->done (r);
}

void
scsi_stop (ScsiRequest *r)
{
  end (r);
  r->stop (r);
}

void
scsi_good (ScsiRequest *r)
{
  complete (r, SCSI_GOOD);
}

/* Fixed format (SPC-4, §4.5.3). */
static void
put_fixed_sense (uint8_t *data, ScsiSense sense)
{
  memset (data, 0, SCSI_SENSE_SIZE);
  data[0] = 0x70;
  data[2] = (uint8_t)(sense >> 16);
  data[7] = SCSI_SENSE_SIZE - 8;
  data[12] = (uint8_t)(sense >> 8);
  data[13] = (uint8_t)sense;
}

void
scsi_fail (ScsiRequest *r, ScsiSense sense)
{
  put_fixed_sense (r->sense, sense);
  r->sense_size = SCSI_SENSE_SIZE;
  r->transferred = 0;
  complete (r, SCSI_CHECK_CONDITION);
}

static void
overrun (ScsiRequest *r)
{
  r->overrun = true;
  complete (r, SCSI_GOOD);
}

void
scsi_reply (ScsiRequest *r, const uint8_t *data, size_t size, size_t allocation)
{
  size = MIN (size, allocation);
  if (size > r->in_size) {
    overrun (r);
    return;
  }
  r->transferred = virtio_iov_from_buf (r->in, r->n_in, r->in_skip, data, size);
  scsi_good (r);
}

bool
scsi_fetch (ScsiRequest *r, uint8_t *data, size_t size)
{
  if (size > r->out_size) {
    overrun (r);
    return false;
  }
  r->transferred = virtio_iov_to_buf (r->out, r->n_out, r->out_skip, data, size);
  return true;
}

/* ---- The unit ---- */

uint64_t
scsi_capacity (const ScsiDevice *unit)
{
  return unit->block != NULL ? block_size (unit->block) / unit->block_size : 0;
}

bool
scsi_read_only (const ScsiDevice *unit)
{
  return unit->is_cd || unit->block == NULL || block_read_only (unit->block);
}

ScsiSense
scsi_medium_state (const ScsiDevice *unit)
{
  if (unit->tray_open)
    return SENSE_NO_MEDIUM_OPEN;
  if (unit->block == NULL || unit->io == NULL)
    return unit->is_cd ? SENSE_NO_MEDIUM_CLOSED : SENSE_NO_MEDIUM;
  return unit->stopped ? SENSE_NOT_READY_STOPPED : SENSE_NONE;
}

void
scsi_unit_reset (ScsiDevice *unit, uint8_t ua)
{
  unit->unit_attention |= ua;
  unit->stopped = false;
  unit->write_cache_on = unit->write_cache;
  if (unit->locked) {
    unit->locked = false;
    drive_set_locked (unit->drive, false);
  }
}

static ScsiSense
take_unit_attention (ScsiDevice *unit)
{
  static const ScsiSense senses[] = { SENSE_POWER_ON, SENSE_DEVICE_RESET, SENSE_NEXUS_LOST,
                                      SENSE_MEDIUM_CHANGED };
  if (unit->unit_attention == 0)
    return SENSE_NONE;
  const unsigned n = (unsigned)__builtin_ctz (unit->unit_attention);
  unit->unit_attention &= (uint8_t)~(1u << n);
  return n < G_N_ELEMENTS (senses) ? senses[n] : SENSE_NONE;
}

static void
reply_sense (ScsiRequest *r, ScsiSense sense)
{
  uint8_t data[SCSI_SENSE_SIZE];
  if (r->cdb[1] & 1) {
    const uint8_t descriptor[8] = { 0x72, (uint8_t)(sense >> 16), (uint8_t)(sense >> 8), (uint8_t)sense };
    scsi_reply (r, descriptor, sizeof descriptor, r->cdb[4]);
    return;
  }
  put_fixed_sense (data, sense);
  scsi_reply (r, data, sizeof data, r->cdb[4]);
}

/* Sense goes with its command, so what is left to ask for are unit attentions and why the medium cannot be
 * used. */
static void
scsi_request_sense (ScsiRequest *r)
{
  ScsiSense sense = take_unit_attention (r->unit);
  reply_sense (r, sense != SENSE_NONE ? sense : scsi_medium_state (r->unit));
}

static void
test_unit_ready (ScsiRequest *r)
{
  scsi_good (r);
}

/* ---- Commands by operation code ---- */

enum {
  HD = 1,
  CD = 2,
  BOTH = HD | CD,
  MEDIUM = 4,  /* there must be a usable one */
  QUIET = 8,   /* unit attentions wait */
  WRITES = 16, /* refused where that is forbidden */
};

static const struct {
  ScsiCommand run;
  uint8_t flags;
} commands[256] = {
  [0x00] = { test_unit_ready, BOTH | MEDIUM },
  [0x03] = { scsi_request_sense, BOTH | QUIET },
  [0x08] = { scsi_read_write, BOTH | MEDIUM },
  [0x0a] = { scsi_read_write, HD | MEDIUM | WRITES },
  [0x12] = { scsi_inquiry, BOTH | QUIET },
  [0x15] = { scsi_mode_select_6, BOTH },
  [0x1a] = { scsi_mode_sense_6, BOTH },
  [0x1b] = { scsi_start_stop_unit, BOTH },
  [0x1e] = { scsi_prevent_allow, CD },
  [0x25] = { scsi_read_capacity_10, BOTH | MEDIUM },
  [0x28] = { scsi_read_write, BOTH | MEDIUM },
  [0x2a] = { scsi_read_write, HD | MEDIUM | WRITES },
  [0x2e] = { scsi_read_write, HD | MEDIUM | WRITES },
  [0x2f] = { scsi_verify, BOTH | MEDIUM },
  [0x35] = { scsi_synchronize_cache, BOTH | MEDIUM },
  [0x41] = { scsi_write_same, HD | MEDIUM | WRITES },
  [0x42] = { scsi_unmap, HD | MEDIUM | WRITES },
  [0x43] = { scsi_read_toc, CD | MEDIUM },
  [0x46] = { scsi_get_configuration, CD | QUIET },
  [0x4a] = { scsi_get_event_status, CD | QUIET },
  [0x51] = { scsi_read_disc_information, CD | MEDIUM },
  [0x55] = { scsi_mode_select_10, BOTH },
  [0x5a] = { scsi_mode_sense_10, BOTH },
  [0x88] = { scsi_read_write, BOTH | MEDIUM },
  [0x8a] = { scsi_read_write, HD | MEDIUM | WRITES },
  [0x8e] = { scsi_read_write, HD | MEDIUM | WRITES },
  [0x8f] = { scsi_verify, BOTH | MEDIUM },
  [0x91] = { scsi_synchronize_cache, BOTH | MEDIUM },
  [0x93] = { scsi_write_same, HD | MEDIUM | WRITES },
  [0x9e] = { scsi_service_action_in_16, BOTH | MEDIUM },
  [0xa8] = { scsi_read_write, BOTH | MEDIUM },
  [0xaa] = { scsi_read_write, HD | MEDIUM | WRITES },
  [0xae] = { scsi_read_write, HD | MEDIUM | WRITES },
  [0xaf] = { scsi_verify, BOTH | MEDIUM },
};

void
scsi_execute (ScsiRequest *r)
{
  ScsiDevice *unit = r->unit;
  const ScsiCommand run = commands[r->cdb[0]].run;
  const uint8_t flags = commands[r->cdb[0]].flags;
  device_trace (&unit->dev, "command 0x%02x %02x%02x%02x%02x%02x%02x%02x%02x%02x", r->cdb[0], r->cdb[1],
                r->cdb[2], r->cdb[3], r->cdb[4], r->cdb[5], r->cdb[6], r->cdb[7], r->cdb[8], r->cdb[9]);
  unit->in_flight++;
  r->counted = true;
  ScsiSense sense = flags & QUIET ? SENSE_NONE : take_unit_attention (unit);
  if (sense == SENSE_NONE && (run == NULL || !(flags & (unit->is_cd ? CD : HD))))
    sense = SENSE_INVALID_OPCODE;
  if (sense == SENSE_NONE && flags & MEDIUM)
    sense = scsi_medium_state (unit);
  if (sense == SENSE_NONE && flags & WRITES && scsi_read_only (unit))
    sense = SENSE_WRITE_PROTECTED;
  if (sense != SENSE_NONE)
    scsi_fail (r, sense);
  else
    run (r);
}

/* ---- What targets answer for units they do not have (SPC-4, §5.11) ---- */

void
scsi_report_luns (ScsiRequest *r, const uint16_t *luns, unsigned n_luns)
{
  const uint32_t allocation = be32 (r->cdb + 6);
  const uint8_t select = r->cdb[2];
  if (select > 2 || allocation < 16) {
    scsi_fail (r, SENSE_INVALID_FIELD);
    return;
  }
  /* Only well-known units are asked for: there are none to list. */
  if (select == 1)
    n_luns = 0;
  g_autofree uint8_t *data = g_malloc0 (8 + 8 * n_luns);
  put32 (data, 8 * n_luns);
  for (unsigned i = 0; i < n_luns; i++)
    put16 (data + 8 + 8 * i, luns[i] < 256 ? luns[i] : 0x4000u | luns[i]);
  scsi_reply (r, data, 8 + 8 * n_luns, allocation);
}

void
scsi_execute_absent (ScsiRequest *r, const uint16_t *luns, unsigned n_luns)
{
  static const uint8_t no_unit[36] = { 0x7f, 0, 5, 2, 31 };
  switch (r->cdb[0]) {
    case 0xa0: scsi_report_luns (r, luns, n_luns); break;
    case 0x03: reply_sense (r, SENSE_LUN_NOT_SUPPORTED); break;
    case 0x12:
      if (r->cdb[1] == 0 && r->cdb[2] == 0)
        scsi_reply (r, no_unit, sizeof no_unit, be16 (r->cdb + 3));
      else
        scsi_fail (r, SENSE_INVALID_FIELD);
      break;
    default: scsi_fail (r, SENSE_LUN_NOT_SUPPORTED);
  }
}
