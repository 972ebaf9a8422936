/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Mode pages: MODE SENSE and MODE SELECT (SPC-4 §6.9 to §6.12, §7.5; SBC-3 §6.5; MMC-5 appendix E for page
 * 2Ah). */

#include "scsi.h"

#include <string.h>

#define PAGES_MAX 256

/* Which values are asked for (PC). */
enum { CURRENT, CHANGEABLE, DEFAULT, SAVED };

/* A page without its header of two bytes, all zeroes at first. */

static void
page_recovery (const ScsiDevice *unit, unsigned pc, uint8_t *page)
{
  /* AWRE: writes that fail are put elsewhere, by the host. */
  if (pc != CHANGEABLE && !unit->is_cd)
    page[0] = 0x80;
}

static void
page_caching (const ScsiDevice *unit, unsigned pc, uint8_t *page)
{
  const bool on = pc == CHANGEABLE ? !unit->is_cd : pc == DEFAULT ? unit->write_cache : unit->write_cache_on;
  page[0] = on ? 0x04 : 0; /* WCE */
}

static void
page_control (const ScsiDevice *unit, unsigned pc, uint8_t *page)
{
  if (pc != CHANGEABLE)
    page[1] = 0x10; /* commands may be reordered */
}

static void
page_capabilities (const ScsiDevice *unit, unsigned pc, uint8_t *page)
{
  if (pc == CHANGEABLE)
    return;
  page[0] = 0x3b;                       /* reads CD-R, CD-RW, DVD-ROM, DVD-R and DVD-RAM */
  page[2] = 0x70;                       /* mode 2 forms 1 and 2, multisession */
  page[4] = unit->locked ? 0x2b : 0x29; /* tray, eject, lock; locked */
  put16 (page + 6, 50 * 176);           /* most speed, kB/s */
  put16 (page + 8, 2);                  /* volume levels */
  put16 (page + 10, 2048);              /* buffer, KiB */
  put16 (page + 12, 16 * 176);          /* speed */
}

static const struct {
  uint8_t code, size; /* size: of what follows the header */
  uint8_t for_cd, for_hd;
  void (*fill) (const ScsiDevice *unit, unsigned pc, uint8_t *page);
} pages[] = {
  { 0x01, 10, true, true, page_recovery },
  { 0x08, 18, true, true, page_caching },
  { 0x0a, 10, true, true, page_control },
  { 0x2a, 20, true, false, page_capabilities },
};

static bool
has_page (const ScsiDevice *unit, unsigned i)
{
  return unit->is_cd ? pages[i].for_cd : pages[i].for_hd;
}

static unsigned
put_page (const ScsiDevice *unit, unsigned i, unsigned pc, uint8_t *data)
{
  memset (data, 0, pages[i].size + 2u);
  data[0] = pages[i].code;
  data[1] = pages[i].size;
  pages[i].fill (unit, pc, data + 2);
  return pages[i].size + 2u;
}

/* The pages asked for; 0: there is no such page. */
static unsigned
put_pages (const ScsiRequest *r, uint8_t *data)
{
  const uint8_t wanted = r->cdb[2] & 0x3f, subpage = r->cdb[3];
  const unsigned pc = r->cdb[2] >> 6;
  unsigned size = 0;
  /* There are no subpages: all of them are the pages. */
  if (subpage != 0 && !(wanted == 0x3f && subpage == 0xff))
    return 0;
  for (unsigned i = 0; i < G_N_ELEMENTS (pages); i++)
    if (has_page (r->unit, i) && (wanted == pages[i].code || wanted == 0x3f))
      size += put_page (r->unit, i, pc, data + size);
  return size;
}

static unsigned
put_block_descriptor (const ScsiRequest *r, uint8_t *data)
{
  const ScsiDevice *unit = r->unit;
  if (unit->is_cd || r->cdb[1] & 0x08 || unit->block == NULL)
    return 0;
  const uint64_t n = scsi_capacity (unit);
  put32 (data, n > 0xffffff ? 0 : (uint32_t)n);
  put32 (data + 4, unit->block_size);
  data[4] = 0;
  return 8;
}

static void
mode_sense (ScsiRequest *r, unsigned header, size_t allocation)
{
  const ScsiDevice *unit = r->unit;
  uint8_t data[8 + 8 + PAGES_MAX] = { 0 };
  if (r->cdb[2] >> 6 == SAVED) {
    scsi_fail (r, SENSE_SAVING_NOT_SUPPORTED);
    return;
  }
  const unsigned descriptor = put_block_descriptor (r, data + header);
  const unsigned size = put_pages (r, data + header + descriptor);
  if (size == 0) {
    scsi_fail (r, SENSE_INVALID_FIELD);
    return;
  }
  const unsigned total = header + descriptor + size;
  /* WP; DPOFUA. */
  const uint8_t parameter = unit->is_cd ? 0 : (uint8_t)((scsi_read_only (unit) ? 0x80 : 0) | 0x10);
  if (header == 4) {
    data[0] = (uint8_t)(total - 1);
    data[2] = parameter;
    data[3] = (uint8_t)descriptor;
  } else {
    put16 (data, total - 2);
    data[3] = parameter;
    put16 (data + 6, descriptor);
  }
  scsi_reply (r, data, total, allocation);
}

void
scsi_mode_sense_6 (ScsiRequest *r)
{
  mode_sense (r, 4, r->cdb[4]);
}

void
scsi_mode_sense_10 (ScsiRequest *r)
{
  mode_sense (r, 8, be16 (r->cdb + 7));
}

/* ---- MODE SELECT ---- */

/* A page differs from the current one in nothing but what is changeable. */
static bool
page_acceptable (const ScsiDevice *unit, unsigned i, const uint8_t *page)
{
  uint8_t current[PAGES_MAX], changeable[PAGES_MAX];
  put_page (unit, i, CURRENT, current);
  put_page (unit, i, CHANGEABLE, changeable);
  for (unsigned at = 2; at < pages[i].size + 2u; at++)
    if ((page[at] ^ current[at]) & ~changeable[at])
      return false;
  return true;
}

/* Looks at the page at `data`, and does what it says if told to. Returns its size. 0: *ret_sense says why
 * not. */
static size_t
select_page (ScsiDevice *unit, const uint8_t *data, size_t size, bool apply, ScsiSense *ret_sense)
{
  *ret_sense = SENSE_PARAMETER_LIST_LENGTH;
  if (size < 2 || size < data[1] + 2u)
    return 0;
  *ret_sense = SENSE_INVALID_PARAMETER;
  for (unsigned i = 0; i < G_N_ELEMENTS (pages); i++) {
    if (!has_page (unit, i) || data[0] != pages[i].code)
      continue;
    if (data[1] != pages[i].size || !page_acceptable (unit, i, data))
      return 0;
    if (apply && pages[i].code == 0x08)
      unit->write_cache_on = data[2] & 0x04;
    return pages[i].size + 2u;
  }
  return 0;
}

static ScsiSense
select_pages (ScsiDevice *unit, const uint8_t *data, size_t size, bool apply)
{
  while (size != 0) {
    ScsiSense sense;
    const size_t n = select_page (unit, data, size, apply, &sense);
    if (n == 0)
      return sense;
    data += n;
    size -= n;
  }
  return SENSE_NONE;
}

static void
mode_select (ScsiRequest *r, unsigned header, size_t size)
{
  uint8_t data[1024];
  if ((r->cdb[1] & 0x11) != 0x10) { /* PF, and not SP */
    scsi_fail (r, SENSE_INVALID_FIELD);
    return;
  }
  if (size == 0) {
    scsi_good (r);
    return;
  }
  if (size < header || size > sizeof data) {
    scsi_fail (r, SENSE_PARAMETER_LIST_LENGTH);
    return;
  }
  if (!scsi_fetch (r, data, size))
    return;
  const size_t descriptor = header == 4 ? data[3] : be16 (data + 6);
  if (descriptor != 0 && (descriptor != 8 || size < header + 8)) {
    scsi_fail (r, descriptor == 8 ? SENSE_PARAMETER_LIST_LENGTH : SENSE_INVALID_PARAMETER);
    return;
  }
  const uint8_t *first = data + header + descriptor;
  const size_t rest = size - header - descriptor;
  /* The block size stays as it is. */
  if (descriptor != 0 && (be32 (data + header + 4) & 0xffffff) != r->unit->block_size) {
    scsi_fail (r, SENSE_INVALID_PARAMETER);
    return;
  }
  const ScsiSense sense = select_pages (r->unit, first, rest, false);
  if (sense != SENSE_NONE) {
    scsi_fail (r, sense);
    return;
  }
  const bool cached = r->unit->write_cache_on;
  select_pages (r->unit, first, rest, true);
  /* Nothing may be left in a cache that is switched off. */
  if (cached && !r->unit->write_cache_on && r->unit->io != NULL)
    scsi_flush (r);
  else
    scsi_good (r);
}

void
scsi_mode_select_6 (ScsiRequest *r)
{
  mode_select (r, 4, r->cdb[4]);
}

void
scsi_mode_select_10 (ScsiRequest *r)
{
  mode_select (r, 8, be16 (r->cdb + 7));
}
