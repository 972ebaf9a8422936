/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "img.h"

#include <string.h>

typedef struct {
  void (*work) (void *opaque);
  void *opaque;
} Work;

static void *
run (void *data)
{
  Work *work = data;
  work->work (work->opaque);
  return NULL;
}

void
img_parallel (unsigned n, void (*work) (void *opaque), void *opaque)
{
  Work what = { work, opaque };
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  for (unsigned i = 1; i < n; i++) {
    /* Fewer threads do the same work. */
    GThread *thread = g_thread_try_new ("img", run, &what, NULL);
    if (thread)
      g_ptr_array_add (threads, thread);
  }
  work (opaque);
  for (unsigned i = 0; i < threads->len; i++)
    g_thread_join (threads->pdata[i]);
}

void *
img_buffer_new (size_t size)
{
  return g_aligned_alloc (1, size, 4096);
}

/* Most data shows in its first bytes that it is not zero; the rest is compared with itself, shifted by a few
 * bytes, for which the C library has vector code. */
bool
img_is_zero (const void *buffer, size_t size)
{
  const uint8_t *p = buffer;
  enum { HEAD = 64 };
  for (size_t i = 0; i < MIN (size, HEAD); i++) {
    if (p[i])
      return false;
  }
  return size <= HEAD || (!p[size - 1] && !p[size / 2] && memcmp (p, p + HEAD, size - HEAD) == 0);
}
