/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a unit is: INQUIRY with its pages (SPC-4 §6.4 and §7.8, SBC-3 §6.6), READ CAPACITY (SBC-3 §5.16,
 * §5.17). */

#include "scsi.h"

#include <string.h>

#define TYPE_DISK 0x00
#define TYPE_CD   0x05

static uint8_t
type_of (const ScsiDevice *unit)
{
  return unit->is_cd ? TYPE_CD : TYPE_DISK;
}

static void
pad_text (uint8_t *to, const char *text, size_t size)
{
  memset (to, ' ', size);
  memcpy (to, text, strnlen (text, size));
}

static bool
can_unmap (const ScsiDevice *unit)
{
  return !scsi_read_only (unit) && block_can_discard (unit->block);
}

static void
standard_inquiry (ScsiRequest *r)
{
  const ScsiDevice *unit = r->unit;
  uint8_t data[36] = { type_of (unit),
                       unit->is_cd ? 0x80 : 0,
                       5 /* SPC-3 */,
                       0x12 /* HISUP, format 2 */,
                       31,
                       0,
                       0,
                       0x02 /* CMDQUE */ };
  pad_text (data + 8, unit->vendor, 8);
  pad_text (data + 16, unit->product, 16);
  pad_text (data + 32, unit->version, 4);
  scsi_reply (r, data, sizeof data, be16 (r->cdb + 3));
}

/* Pages: the bytes after the header of four; returns how many. */

static unsigned
page_serial (const ScsiDevice *unit, uint8_t *data)
{
  const size_t size = strlen (unit->serial);
  memcpy (data, unit->serial, size);
  return (unsigned)size;
}

/* One designator, the vendor's: what -drive calls it, or the serial number. */
static unsigned
page_identification (const ScsiDevice *unit, uint8_t *data)
{
  const char *name = unit->serial[0] != '\0' ? unit->serial : drive_id (unit->drive);
  const size_t size = strnlen (name, 200);
  data[0] = 2; /* ASCII */
  data[1] = 0; /* vendor specific, of the logical unit */
  data[3] = (uint8_t)size;
  memcpy (data + 4, name, size);
  return (unsigned)(4 + size);
}

static unsigned
page_block_limits (const ScsiDevice *unit, uint8_t *data)
{
  uint8_t *page = data - 4; /* offsets as in the standard */
  const uint32_t max = (uint32_t)(SCSI_MAX_BYTES_AT_ONCE / unit->block_size);
  page[4] = 1; /* WSNZ */
  put16 (page + 6, MIN (unit->min_io_size / unit->block_size, UINT16_MAX));
  put32 (page + 8, (uint32_t)(STORAGE_MAX_TRANSFER / unit->block_size));
  put32 (page + 12, unit->opt_io_size / unit->block_size);
  if (can_unmap (unit)) {
    put32 (page + 20, max);
    put32 (page + 24, SCSI_MAX_UNMAP_DESCRIPTORS);
    put32 (page + 28, unit->physical_block_size / unit->block_size);
  }
  put64 (page + 36, max);
  return 0x3c;
}

static unsigned
page_characteristics (const ScsiDevice *unit, uint8_t *data)
{
  data[1] = 1; /* it does not turn */
  return 0x3c;
}

static unsigned
page_provisioning (const ScsiDevice *unit, uint8_t *data)
{
  if (can_unmap (unit)) {
    data[1] = 0xe0; /* LBPU, LBPWS, LBPWS10 */
    data[2] = 2;    /* thin */
  }
  return 4;
}

static const struct {
  uint8_t code;
  bool disks_only;
  unsigned (*fill) (const ScsiDevice *unit, uint8_t *data);
} pages[] = {
  { 0x00, false, NULL },
  { 0x80, false, page_serial },
  { 0x83, false, page_identification },
  { 0xb0, true, page_block_limits },
  { 0xb1, true, page_characteristics },
  { 0xb2, true, page_provisioning },
};

static bool
has_page (const ScsiDevice *unit, unsigned i)
{
  if (pages[i].code == 0x80 && unit->serial[0] == '\0')
    return false;
  return !pages[i].disks_only || !unit->is_cd;
}

static unsigned
page_list (const ScsiDevice *unit, uint8_t *data)
{
  unsigned n = 0;
  for (unsigned i = 0; i < G_N_ELEMENTS (pages); i++)
    if (has_page (unit, i))
      data[n++] = pages[i].code;
  return n;
}

static void
product_page (ScsiRequest *r)
{
  const ScsiDevice *unit = r->unit;
  uint8_t data[256] = { type_of (unit), r->cdb[2] };
  for (unsigned i = 0; i < G_N_ELEMENTS (pages); i++) {
    if (pages[i].code != r->cdb[2] || !has_page (unit, i))
      continue;
    const unsigned size = pages[i].fill != NULL ? pages[i].fill (unit, data + 4) : page_list (unit, data + 4);
    put16 (data + 2, size);
    scsi_reply (r, data, 4 + size, be16 (r->cdb + 3));
    return;
  }
  scsi_fail (r, SENSE_INVALID_FIELD);
}

void
scsi_inquiry (ScsiRequest *r)
{
  if (r->cdb[1] & 0x02) /* CMDDT, which is no more */
    scsi_fail (r, SENSE_INVALID_FIELD);
  else if (r->cdb[1] & 0x01)
    product_page (r);
  else if (r->cdb[2] != 0)
    scsi_fail (r, SENSE_INVALID_FIELD);
  else
    standard_inquiry (r);
}

/* ---- Capacity ---- */

void
scsi_read_capacity_10 (ScsiRequest *r)
{
  uint8_t data[8];
  const uint64_t n = scsi_capacity (r->unit);
  if (n == 0) {
    scsi_fail (r, SENSE_NO_MEDIUM);
    return;
  }
  if (!(r->cdb[8] & 1) && be32 (r->cdb + 2) != 0) {
    scsi_fail (r, SENSE_INVALID_FIELD);
    return;
  }
  put32 (data, (uint32_t)MIN (n - 1, UINT32_MAX));
  put32 (data + 4, r->unit->block_size);
  scsi_reply (r, data, sizeof data, sizeof data);
}

void
scsi_service_action_in_16 (ScsiRequest *r)
{
  const ScsiDevice *unit = r->unit;
  uint8_t data[32] = { 0 };
  const uint64_t n = scsi_capacity (unit);
  if ((r->cdb[1] & 0x1f) != 0x10) {
    scsi_fail (r, SENSE_INVALID_FIELD);
    return;
  }
  if (n == 0) {
    scsi_fail (r, SENSE_NO_MEDIUM);
    return;
  }
  put64 (data, n - 1);
  put32 (data + 8, unit->block_size);
  data[13] = (uint8_t)__builtin_ctz (unit->physical_block_size / unit->block_size);
  if (can_unmap (unit))
    data[14] = 0x80; /* LBPME */
  scsi_reply (r, data, sizeof data, be32 (r->cdb + 10));
}
