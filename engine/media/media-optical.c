/* SPDX-License-Identifier: GPL-3.0-or-later */

/* An ISO image: its boot records, its files, its second face as a disk, and whether it is whole. */

#include "media-private.h"

static void
check_size (Probe *probe, const View *view)
{
  uint64_t volume = probe->info->volume_size;
  if (volume <= view->size)
    return;
  g_autofree char *whole = probe_size (volume), *size = probe_size (view->size);
  probe_remark (probe,
                "The file is cut short: the image says it has %s, and the file has %s. "
                "Download it again.",
                whole, size);
}

/* Firmware that reads UDF, as EDK2 does, finds a loader in the tree without El Torito. */
static void
take_loaders_in_tree (Probe *probe, Iso *iso)
{
  if (efi_probe_tree (probe, &iso->tree) && iso->udf)
    probe->info->boot |= MEDIA_BOOT_EFI;
}

void
iso_probe (Probe *probe, const View *view)
{
  MediaInfo *info = probe->info;
  Iso iso;
  info->kind = MEDIA_OPTICAL;
  if (!iso_open (&iso, view, info)) {
    info->format = g_strdup ("udf");
  } else {
    info->format = g_strdup (iso.udf ? "udf-bridge" : "iso9660");
    check_size (probe, view);
    installer_probe (probe, &iso.tree);
    take_loaders_in_tree (probe, &iso);
  }
  if (iso.catalogue)
    eltorito_probe (probe, view, iso.catalogue);
  info->hybrid = disk_probe (probe, view);
  if (info->volume)
    probe_words (probe, info->volume, EVIDENCE_NAMED);
  if (!info->boot)
    probe_remark (probe, "It has no boot record: a machine can read it, but will not start from it.");
}
