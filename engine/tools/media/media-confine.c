/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media-confine.h"

#include "confine.h"

#include <glib.h>
#include <sys/resource.h>

/* libosinfo's data base takes 200 MB of addresses and half a second on a slow machine. */
enum { SECONDS_MAX = 20 };
#define ADDRESSES_MAX ((rlim_t)1 << 30)
#define OUTPUT_MAX    ((rlim_t)1 << 20)

static void
limit (int resource, rlim_t most)
{
  struct rlimit limits;
  if (getrlimit (resource, &limits) < 0)
    return;
  limits.rlim_cur = limits.rlim_max = MIN (limits.rlim_max, most);
  setrlimit (resource, &limits);
}

void
media_confine (void)
{
  limit (RLIMIT_CORE, 0);
  limit (RLIMIT_FSIZE, OUTPUT_MAX);
  limit (RLIMIT_CPU, SECONDS_MAX);
#ifndef __SANITIZE_ADDRESS__ /* whose shadow memory takes terabytes of addresses */
  limit (RLIMIT_AS, ADDRESSES_MAX);
#endif
  /* Reading stays allowed: the data base and GIO's modules lie in several places. GLib and libxml2 take a
   * refusal as any other failure. */
  const ConfineRules rules = { 0 };
  g_free (confine_files (&rules));
  g_free (confine_calls (&rules));
}
