/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "img.h"

#include <stdio.h>

static int
list (const char *path, const char *format, bool force_share)
{
  GError *error = NULL;
  BlockOptions options = {
    .format = format, .read_only = true, .force_share = force_share, .no_backing = true
  };
  Block *block = block_open (path, &options, &error);
  g_autoptr (BlockInfo) info = block ? block_info (block, &error) : NULL;
  if (info)
    img_print_snapshots (info);
  else if (block)
    img_report (error);
  else
    img_report_open (path, error);
  block_close (block);
  return info ? 0 : 1;
}

static int
run (ImgArgs *args)
{
  const char *format = NULL, *value;
  bool force_share = false;
  int id, n;
  while ((id = img_next_option (args, &value)) >= 0) {
    switch (id) {
      case 'f': format = value; break;
      case 'U': force_share = true; break;
      case 'l': break;
      case 'q': break;
    }
  }
  if (id != IMG_END)
    return img_option_status (id);
  char **operands = img_operands (args, &n);
  if (n != 1)
    return img_usage_error (args, "Expecting one image file name");
  return list (operands[0], format, force_share);
}

static const ImgOption options[] = {
  { 'l', "list", NULL, "list the snapshots (the default)" },
  { 'f', "format", "FORMAT", "format of the image (default: by its content)" },
  { 'U', "force-share", NULL, "even if the image is in use" },
  { 'q', "quiet", NULL, "print nothing but errors and the list" },
  { 'c', "create", "SNAPSHOT", NULL, "make an overlay of the image instead (vitrine-img create -b)" },
  { 'a', "apply", "SNAPSHOT", NULL, "make an image of the snapshot instead (vitrine-img convert -l)" },
  { 'd', "delete", "SNAPSHOT", NULL, "an image made by vitrine-img convert has no snapshots" },
  { 0 },
};

const ImgCommand img_snapshot = { "snapshot", "List an image's internal snapshots", "[-l] [OPTION]... FILE",
                                  options, run };
