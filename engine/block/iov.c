/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "block-int.h"

#include <string.h>

uint64_t
iov_size (const struct iovec *iov, int n_iov)
{
  uint64_t size = 0;
  for (int i = 0; i < n_iov; i++)
    size += iov[i].iov_len;
  return size;
}

int
iov_slice (struct iovec *to, const struct iovec *iov, int n_iov, uint64_t skip, uint64_t size)
{
  int n = 0;
  for (int i = 0; i < n_iov && size > 0; i++) {
    if (skip >= iov[i].iov_len) {
      skip -= iov[i].iov_len;
      continue;
    }
    uint64_t part = MIN (iov[i].iov_len - skip, size);
    to[n++] = (struct iovec){ (char *)iov[i].iov_base + skip, part };
    size -= part;
    skip = 0;
  }
  return n;
}

/* What the three walks below do with each piece. */
typedef enum { WALK_ZERO, WALK_FROM_BUFFER, WALK_TO_BUFFER } Walk;

static void
walk (const struct iovec *iov, int n_iov, uint64_t skip, uint8_t *buffer, uint64_t size, Walk what)
{
  for (int i = 0; i < n_iov && size > 0; i++) {
    if (skip >= iov[i].iov_len) {
      skip -= iov[i].iov_len;
      continue;
    }
    uint64_t part = MIN (iov[i].iov_len - skip, size);
    uint8_t *p = (uint8_t *)iov[i].iov_base + skip;
    switch (what) {
      case WALK_ZERO: memset (p, 0, part); break;
      case WALK_FROM_BUFFER: memcpy (p, buffer, part); break;
      case WALK_TO_BUFFER: memcpy (buffer, p, part); break;
    }
    if (buffer)
      buffer += part;
    size -= part;
    skip = 0;
  }
}

void
iov_zero (const struct iovec *iov, int n_iov, uint64_t skip, uint64_t size)
{
  walk (iov, n_iov, skip, NULL, size, WALK_ZERO);
}

void
iov_from_buffer (const struct iovec *iov, int n_iov, uint64_t skip, const void *buffer, uint64_t size)
{
  walk (iov, n_iov, skip, (uint8_t *)buffer, size, WALK_FROM_BUFFER);
}

void
iov_to_buffer (const struct iovec *iov, int n_iov, uint64_t skip, void *buffer, uint64_t size)
{
  walk (iov, n_iov, skip, buffer, size, WALK_TO_BUFFER);
}

/* Looks at a few bytes first: data that is not zero mostly shows it at once.  The rest is compared with
 * itself, shifted. */
static bool
buffer_is_zero (const void *buffer, size_t size)
{
  const uint8_t *p = buffer;
  size_t head = MIN (size, 16);
  for (size_t i = 0; i < head; i++) {
    if (p[i] != 0)
      return false;
  }
  return size <= 16 || (p[size - 1] == 0 && p[size / 2] == 0 && memcmp (p, p + 16, size - 16) == 0);
}

bool
iov_is_zero (const struct iovec *iov, int n_iov)
{
  for (int i = 0; i < n_iov; i++) {
    if (!buffer_is_zero (iov[i].iov_base, iov[i].iov_len))
      return false;
  }
  return true;
}
