/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "device.h"

#include "log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

typedef struct Pattern {
  GPatternSpec *spec;
  atomic_bool on;
  struct Pattern *next;
} Pattern;

/* Patterns are added and switched off but never removed, so that readers need no lock. */
static _Atomic (Pattern *) patterns;
static atomic_bool guest_errors;

void
device_trace_enable (const char *pattern)
{
  Pattern *added = g_new (Pattern, 1);
  added->spec = g_pattern_spec_new (pattern);
  atomic_init (&added->on, true);
  added->next = atomic_load (&patterns);
  while (!atomic_compare_exchange_weak (&patterns, &added->next, added))
    ;
}

bool
device_traced (const Device *dev)
{
  for (Pattern *p = atomic_load_explicit (&patterns, memory_order_acquire); p != NULL; p = p->next)
    if (atomic_load_explicit (&p->on, memory_order_relaxed) &&
        (g_pattern_spec_match_string (p->spec, dev->class->name) ||
         g_pattern_spec_match_string (p->spec, dev->path)))
      return true;
  return false;
}

static void G_GNUC_PRINTF (3, 0)
    print_event (const Device *dev, const char *what, const char *format, va_list args)
{
  g_autofree char *text = g_strdup_vprintf (format, args);
  vlog_always ("%s%s: %s\n", what, dev->path, text);
}

void
device_trace_print (const Device *dev, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  print_event (dev, "", format, args);
  va_end (args);
}

void
device_log_guest_errors (bool on)
{
  atomic_store (&guest_errors, on);
}

void
device_guest_error (const Device *dev, const char *format, ...)
{
  if (!atomic_load_explicit (&guest_errors, memory_order_relaxed))
    return;
  va_list args;
  va_start (args, format);
  print_event (dev, "guest error: ", format, args);
  va_end (args);
}

const char device_log_help[] = "  guest_errors   what the guest did against a device's specification\n"
                               "  trace:PATTERN  events of the devices whose class name or path matches\n";

bool
device_log_item (const char *item)
{
  if (g_str_has_prefix (item, "trace:"))
    device_trace_enable (item + strlen ("trace:"));
  else if (strcmp (item, "guest_errors") == 0)
    device_log_guest_errors (true);
  else
    return false;
  return true;
}

void
device_log_none (void)
{
  device_log_guest_errors (false);
  for (Pattern *p = atomic_load (&patterns); p != NULL; p = p->next)
    atomic_store (&p->on, false);
}
