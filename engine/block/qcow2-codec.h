/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside the block room: the bytes of one compressed cluster. Any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What follows the compressed data in `in` is not looked at. False: it does not make up `size` bytes. */
bool codec_expand (bool zstd, const uint8_t *in, size_t in_size, uint8_t *out, size_t size);
/* Bytes written to `out`, which has room for `size`; 0 if they would not be fewer, or hardly. */
size_t codec_shrink (bool zstd, const uint8_t *in, size_t size, uint8_t *out);
