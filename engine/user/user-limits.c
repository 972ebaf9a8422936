/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "user-limits.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
  int resource;
  bool known;   /* `limit` is filled in */
  bool changed; /* by the guest: it is not the host's any more */
  struct rlimit64 limit;
} OwnLimit;

static OwnLimit own_limits[] = {
  { .resource = RLIMIT_AS },
  { .resource = RLIMIT_DATA },
  { .resource = RLIMIT_STACK },
};
/* protects own_limits */
static GMutex limits_lock;

/* Of one of these resources; limits_lock is held. */
static OwnLimit *
own_limit (unsigned resource)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (own_limits); i++) {
    OwnLimit *own = &own_limits[i];
    if (own->resource != (int)resource)
      continue;
    if (!own->known) {
      own->known = true;
      own->limit = (struct rlimit64){ RLIM64_INFINITY, RLIM64_INFINITY };
      prlimit64 (0, own->resource, NULL, &own->limit);
    }
    return own;
  }
  return NULL;
}

bool
user_limit_is_own (unsigned resource)
{
  return resource == RLIMIT_AS || resource == RLIMIT_DATA || resource == RLIMIT_STACK;
}

uint64_t
user_limit_soft (unsigned resource)
{
  g_mutex_lock (&limits_lock);
  uint64_t soft = own_limit (resource)->limit.rlim_cur;
  g_mutex_unlock (&limits_lock);
  return soft;
}

/* The kernel's rules for a new limit: only a privileged process raises the hard one. Raising it on the host
 * is the test of that privilege. */
static int64_t
check_new (int resource, const struct rlimit64 *old, const struct rlimit64 *wanted)
{
  struct rlimit64 host, raised;
  if (wanted->rlim_cur > wanted->rlim_max)
    return -EINVAL;
  if (wanted->rlim_max <= old->rlim_max)
    return 0;
  if (prlimit64 (0, resource, NULL, &host) < 0)
    return -EPERM;
  raised = host;
  raised.rlim_max = MAX (host.rlim_max, wanted->rlim_max);
  if (raised.rlim_max == host.rlim_max)
    return geteuid () == 0 ? 0 : -EPERM;
  return prlimit64 (0, resource, &raised, NULL) < 0 ? -errno : 0;
}

/* The host's kernel lets the guest's stack grow, up to its own idea of the limit. A smaller one than it had
 * would bind our stack too. */
static void
raise_host_stack (uint64_t soft)
{
  struct rlimit64 host;
  if (prlimit64 (0, RLIMIT_STACK, NULL, &host) < 0 || soft <= host.rlim_cur)
    return;
  host.rlim_cur = MIN (soft, host.rlim_max);
  prlimit64 (0, RLIMIT_STACK, &host, NULL);
}

static void
set (OwnLimit *own, const struct rlimit64 *limit)
{
  own->limit = *limit;
  own->changed = true;
  if (own->resource == RLIMIT_STACK)
    raise_host_stack (limit->rlim_cur);
}

int64_t
user_limit_change (unsigned resource, const struct rlimit64 *wanted, struct rlimit64 *ret_old)
{
  g_mutex_lock (&limits_lock);
  OwnLimit *own = own_limit (resource);
  *ret_old = own->limit;
  int64_t error = wanted ? check_new (own->resource, &own->limit, wanted) : 0;
  if (!error && wanted)
    set (own, wanted);
  g_mutex_unlock (&limits_lock);
  return error;
}

/* "RESOURCE:SOFT:HARD", separated by commas. */
char *
user_limits_save (void)
{
  GString *text = g_string_new (NULL);
  g_mutex_lock (&limits_lock);
  for (unsigned i = 0; i < G_N_ELEMENTS (own_limits); i++) {
    const OwnLimit *own = &own_limits[i];
    if (own->changed)
      g_string_append_printf (text, "%s%d:%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, text->len ? "," : "",
                              own->resource, (guint64)own->limit.rlim_cur, (guint64)own->limit.rlim_max);
  }
  g_mutex_unlock (&limits_lock);
  return g_string_free (text, text->len == 0);
}

bool
user_limits_restore (const char *text)
{
  g_auto (GStrv) items = g_strsplit (text, ",", -1);
  for (char **item = items; *item; item++) {
    g_auto (GStrv) part = g_strsplit (*item, ":", -1);
    guint64 number[3];
    if (g_strv_length (part) != 3)
      return false;
    for (unsigned i = 0; i < 3; i++)
      if (!g_ascii_string_to_unsigned (part[i], 10, 0, G_MAXUINT64, &number[i], NULL))
        return false;
    if (number[0] > RLIM_NLIMITS || !user_limit_is_own ((unsigned)number[0]))
      return false;
    g_mutex_lock (&limits_lock);
    set (own_limit ((unsigned)number[0]), &(struct rlimit64){ number[1], number[2] });
    g_mutex_unlock (&limits_lock);
  }
  return true;
}
