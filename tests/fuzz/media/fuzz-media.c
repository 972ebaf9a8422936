/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The input is a file with its zeroes left out: pieces, each of a place (in units of 256 bytes), a length and
 * its bytes. What is in an ISO image would otherwise lie too far from its beginning for short inputs. */

#include "media.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { UNIT = 256, HEAD = 4 };

static void
write_pieces (int fd, const uint8_t *data, size_t size)
{
  while (size > HEAD) {
    off_t place = (off_t)(data[0] | data[1] << 8) * UNIT;
    size_t length = MIN (data[2] | data[3] << 8, size - HEAD);
    if (pwrite (fd, data + HEAD, length, place) != (ssize_t)length)
      abort ();
    data += HEAD + length;
    size -= HEAD + length;
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static int fd = -1;
  if (fd < 0)
    fd = memfd_create ("media", MFD_CLOEXEC);
  if (fd < 0 || ftruncate (fd, 0) < 0)
    abort ();
  write_pieces (fd, data, size);
  g_autoptr (MediaInfo) info = media_probe (fd, NULL, NULL);
  if (!info)
    abort ();
  g_autoptr (GVariant) variant = g_variant_ref_sink (media_info_to_variant (info));
  g_autoptr (MediaInfo) back = media_info_from_variant (variant);
  if (back->kind != info->kind || back->boot != info->boot)
    abort ();
  return 0;
}
