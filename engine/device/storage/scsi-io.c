/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Commands that reach the medium (SBC-3 §5). */

#include "scsi.h"

#include <errno.h>
#include <string.h>

/* A pattern is written from a buffer of this size, over and over. */
#define PATTERN_SIZE  (64u << 10)
#define PATTERN_PARTS 256u

/* ---- Completion ---- */

static ScsiSense
sense_of_error (const ScsiRequest *r, int error)
{
  switch (error) {
    case EIO: return r->io.op == BLOCK_READ ? SENSE_READ_ERROR : SENSE_WRITE_ERROR;
    case ENOSPC:
    case EDQUOT: return SENSE_NO_SPACE;
    case EROFS: return SENSE_WRITE_PROTECTED;
    case ENOMEDIUM: return SENSE_NO_MEDIUM;
    default: return SENSE_TARGET_FAILURE;
  }
}

/* True: the command is over or waits; false: it goes on as if nothing had happened. */
static bool
failed (ScsiRequest *r, int result)
{
  switch (drive_error (r->unit->drive, r->io.op != BLOCK_READ, -result)) {
    case DRIVE_ACT_IGNORE: return false;
    case DRIVE_ACT_STOP: scsi_stop (r); return true;
    case DRIVE_ACT_REPORT: break;
  }
  scsi_fail (r, sense_of_error (r, -result));
  return true;
}

static void
io_done (BlockRequest *io, int result)
{
  ScsiRequest *r = io->opaque;
  if (result < 0 && failed (r, result))
    return;
  r->transferred = io->op == BLOCK_READ || io->op == BLOCK_WRITE ? io->size : 0;
  scsi_good (r);
}

static void
submit (ScsiRequest *r, BlockOp op, unsigned flags, uint64_t offset, uint64_t size,
        void (*done) (BlockRequest *, int))
{
  /* The medium may have gone between the steps of a command. */
  if (r->unit->block == NULL || r->unit->io == NULL) {
    scsi_fail (r, SENSE_NO_MEDIUM);
    return;
  }
  r->io.op = op;
  r->io.flags = flags;
  r->io.offset = offset;
  r->io.size = size;
  r->io.opaque = r;
  r->io.done = done;
  block_submit (r->unit->io, &r->io);
}

/* ---- Where and how much ---- */

/* LBA and length as the operation code's group has them. */
static void
read_range (ScsiRequest *r)
{
  const uint8_t *cdb = r->cdb;
  switch (cdb[0] >> 5) {
    case 0:
      r->lba = (uint32_t)(cdb[1] & 0x1f) << 16 | be16 (cdb + 2);
      r->blocks = cdb[4] != 0 ? cdb[4] : 256;
      break;
    case 4:
      r->lba = be64 (cdb + 2);
      r->blocks = be32 (cdb + 10);
      break;
    case 5:
      r->lba = be32 (cdb + 2);
      r->blocks = be32 (cdb + 6);
      break;
    default: r->lba = be32 (cdb + 2); r->blocks = be16 (cdb + 7);
  }
}

static bool
range_valid (const ScsiDevice *unit, uint64_t lba, uint64_t blocks)
{
  const uint64_t capacity = scsi_capacity (unit);
  return lba <= capacity && blocks <= capacity - lba;
}

static bool
check_range (ScsiRequest *r)
{
  if (range_valid (r->unit, r->lba, r->blocks))
    return true;
  scsi_fail (r, SENSE_LBA_OUT_OF_RANGE);
  return false;
}

/* ---- READ, WRITE, WRITE AND VERIFY ---- */

static bool
is_write (uint8_t opcode)
{
  const uint8_t low = opcode & 0x1f;
  return low == 0x0a || low == 0x0e;
}

static unsigned
write_flags (const ScsiRequest *r, bool fua)
{
  return fua || !r->unit->write_cache_on ? BLOCK_REQ_FUA : 0;
}

void
scsi_read_write (ScsiRequest *r)
{
  const ScsiDevice *unit = r->unit;
  const bool write = is_write (r->cdb[0]), six = r->cdb[0] < 0x20;
  const bool verify = (r->cdb[0] & 0x1f) == 0x0e;
  read_range (r);
  const uint64_t size = r->blocks * unit->block_size;
  /* There is no protection information, and nothing to compare with. */
  if (!six && (r->cdb[1] & 0xe0 || (verify && r->cdb[1] & 0x06))) {
    scsi_fail (r, SENSE_INVALID_FIELD);
    return;
  }
  if (!check_range (r))
    return;
  if (size == 0) {
    scsi_good (r);
    return;
  }
  if (size > STORAGE_MAX_TRANSFER) {
    scsi_fail (r, SENSE_INVALID_FIELD);
    return;
  }
  if (size > (write ? r->out_size : r->in_size)) {
    r->overrun = true;
    scsi_good (r);
    return;
  }
  r->io.iov = write ? storage_payload (r->out, r->n_out, r->out_skip, size, &r->io.n_iov, &r->iov)
                    : storage_payload (r->in, r->n_in, r->in_skip, size, &r->io.n_iov, &r->iov);
  const bool fua = verify || (!six && r->cdb[1] & 0x08);
  submit (r, write ? BLOCK_WRITE : BLOCK_READ, write ? write_flags (r, fua) : 0, r->lba * unit->block_size,
          size, io_done);
}

/* ---- SYNCHRONIZE CACHE, VERIFY ---- */

void
scsi_flush (ScsiRequest *r)
{
  submit (r, BLOCK_FLUSH, 0, 0, 0, io_done);
}

void
scsi_synchronize_cache (ScsiRequest *r)
{
  read_range (r);
  if (check_range (r))
    scsi_flush (r);
}

/* The medium is as good as the host's: what there is to verify is that the blocks are there. */
void
scsi_verify (ScsiRequest *r)
{
  read_range (r);
  if (r->cdb[1] & 0xe6) /* protection information, BYTCHK */
    scsi_fail (r, SENSE_INVALID_FIELD);
  else if (check_range (r))
    scsi_good (r);
}

/* ---- UNMAP: its descriptors one after the other ---- */

static void unmap_next (ScsiRequest *r);

static void
unmap_done (BlockRequest *io, int result)
{
  ScsiRequest *r = io->opaque;
  if (result < 0 && failed (r, result))
    return;
  r->step++;
  unmap_next (r);
}

static void
unmap_next (ScsiRequest *r)
{
  const uint32_t size = r->unit->block_size;
  if (r->step == r->n_steps) {
    scsi_good (r);
    return;
  }
  const uint8_t *descriptor = r->buffer + 8 + 16 * r->step;
  submit (r, BLOCK_DISCARD, 0, be64 (descriptor) * size, (uint64_t)be32 (descriptor + 8) * size, unmap_done);
}

static ScsiSense
check_unmap (const ScsiRequest *r)
{
  uint64_t total = 0;
  for (unsigned i = 0; i < r->n_steps; i++) {
    const uint8_t *descriptor = r->buffer + 8 + 16 * i;
    if (!range_valid (r->unit, be64 (descriptor), be32 (descriptor + 8)))
      return SENSE_LBA_OUT_OF_RANGE;
    total += be32 (descriptor + 8);
  }
  return total > SCSI_MAX_BYTES_AT_ONCE / r->unit->block_size ? SENSE_INVALID_PARAMETER : SENSE_NONE;
}

void
scsi_unmap (ScsiRequest *r)
{
  const size_t size = be16 (r->cdb + 7);
  if (r->cdb[1] & 0x01 || !block_can_discard (r->unit->block)) { /* ANCHOR */
    scsi_fail (r, r->cdb[1] & 0x01 ? SENSE_INVALID_FIELD : SENSE_INVALID_OPCODE);
    return;
  }
  if (size < 8) {
    if (size == 0)
      scsi_good (r);
    else
      scsi_fail (r, SENSE_PARAMETER_LIST_LENGTH);
    return;
  }
  r->buffer = g_malloc (size);
  if (!scsi_fetch (r, r->buffer, size))
    return;
  r->step = 0;
  r->n_steps = be16 (r->buffer + 2) / 16;
  ScsiSense sense = r->n_steps > SCSI_MAX_UNMAP_DESCRIPTORS ? SENSE_INVALID_PARAMETER : SENSE_NONE;
  if (8 + 16 * (size_t)r->n_steps > size)
    sense = SENSE_PARAMETER_LIST_LENGTH;
  if (sense == SENSE_NONE)
    sense = check_unmap (r);
  if (sense != SENSE_NONE)
    scsi_fail (r, sense);
  else
    unmap_next (r);
}

/* ---- WRITE SAME ---- */

static void pattern_next (ScsiRequest *r);

static void
pattern_done (BlockRequest *io, int result)
{
  ScsiRequest *r = io->opaque;
  if (result < 0 && failed (r, result))
    return;
  r->lba += io->size / r->unit->block_size;
  r->blocks -= io->size / r->unit->block_size;
  pattern_next (r);
}

static void
pattern_next (ScsiRequest *r)
{
  const uint64_t left = r->blocks * r->unit->block_size;
  uint64_t size = 0;
  if (left == 0) {
    r->transferred = r->unit->block_size;
    scsi_good (r);
    return;
  }
  unsigned n = 0;
  for (; n < PATTERN_PARTS && size < left; n++) {
    const uint64_t part = MIN (left - size, MAX (PATTERN_SIZE, r->unit->block_size));
    r->iov[n] = (struct iovec){ r->buffer, part };
    size += part;
  }
  r->io.iov = r->iov;
  r->io.n_iov = (int)n;
  submit (r, BLOCK_WRITE, write_flags (r, false), r->lba * r->unit->block_size, size, pattern_done);
}

static bool
is_zero (const uint8_t *data, size_t size)
{
  return data[0] == 0 && memcmp (data, data + 1, size - 1) == 0;
}

static void
write_zeroes (ScsiRequest *r)
{
  const uint32_t size = r->unit->block_size;
  const unsigned unmap = r->cdb[1] & 0x08 ? BLOCK_REQ_MAY_UNMAP : 0;
  submit (r, BLOCK_WRITE_ZEROES, write_flags (r, false) | unmap, r->lba * size, r->blocks * size, io_done);
}

void
scsi_write_same (ScsiRequest *r)
{
  const uint32_t size = r->unit->block_size;
  const bool no_data = r->cdb[0] == 0x93 && r->cdb[1] & 0x01;
  read_range (r);
  /* No protection information, no anchors, no obsolete forms, no length of 0 (WSNZ). */
  if (r->cdb[1] & 0xf6 || r->blocks == 0 || r->blocks > SCSI_MAX_BYTES_AT_ONCE / size ||
      (r->cdb[1] & 0x01 && !no_data)) {
    scsi_fail (r, SENSE_INVALID_FIELD);
    return;
  }
  if (!check_range (r))
    return;
  if (no_data) {
    write_zeroes (r);
    return;
  }
  r->buffer = g_malloc (MAX (PATTERN_SIZE, size));
  if (!scsi_fetch (r, r->buffer, size))
    return;
  if (is_zero (r->buffer, size)) {
    write_zeroes (r);
    return;
  }
  for (size_t at = size; at < PATTERN_SIZE; at += size)
    memcpy (r->buffer + at, r->buffer, size);
  r->iov = g_new (struct iovec, PATTERN_PARTS);
  pattern_next (r);
}
