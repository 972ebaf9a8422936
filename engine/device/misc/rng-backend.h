/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Where random bytes come from: what -object rng-builtin and rng-random declare, for virtio-rng's rng=. */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct RngBackend RngBackend;

/* `filename`: a character device or a FIFO, or NULL for the kernel's own generator. The id must be free (see
 * rng_backend_find()). */
RngBackend *rng_backend_new (const char *id, const char *filename, GError **error);
void rng_backend_free (RngBackend *rng);
RngBackend *rng_backend_find (const char *id);
/* The kernel's own; not to be freed. */
RngBackend *rng_backend_builtin (void);
/* Never blocks: how many bytes it has given, 0 when there are none now. Any thread. */
size_t rng_backend_read (RngBackend *rng, uint8_t *bytes, size_t size);
