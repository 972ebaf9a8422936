/* SPDX-License-Identifier: GPL-3.0-or-later */

/* vCPUs as threads of process 1. */

#include "gdb-machine-private.h"

#include <errno.h>
#include <string.h>

/* Ids in one list reply; a packet holds them comfortably. */
#define IDS_PER_REPLY 256

GdbVcpu *
gdb_general (GdbMachine *s)
{
  return &s->vcpus[s->general > 0 ? (unsigned)s->general - 1 : s->current];
}

void
gdb_append_id (const GdbMachine *s, GString *out, unsigned index)
{
  if (s->multiprocess)
    g_string_append (out, "p1.");
  g_string_append_printf (out, "%x", index + 1);
}

/* A number or -1. */
static bool
parse_part (const char **text, int *ret)
{
  uint64_t value;
  if (g_str_has_prefix (*text, "-1")) {
    *text += 2;
    *ret = -1;
    return true;
  }
  if (!gdb_parse_hex (text, &value) || value > INT32_MAX)
    return false;
  *ret = (int)value;
  return true;
}

bool
gdb_parse_id (const GdbMachine *s, const char **text, int *ret_id)
{
  int process;
  if (**text == 'p') {
    ++*text;
    if (!parse_part (text, &process) || process > 1)
      return false;
    *ret_id = -1; /* a process stands for all its threads */
    if (**text != '.')
      return true;
    ++*text;
  }
  return parse_part (text, ret_id) && *ret_id <= (int)s->n_vcpus;
}

void
gdb_append_stop (GdbMachine *s, GString *out)
{
  g_string_append_printf (out, "T%02x", s->signal);
  if (s->watch != NULL)
    g_string_append_printf (out, "%s:%" G_GINT64_MODIFIER "x;", s->watch, s->watch_addr);
  g_string_append (out, "thread:");
  gdb_append_id (s, out, s->current);
  g_string_append_c (out, ';');
}

GdbNext
gdb_stop_reason (GdbMachine *s, const char *args, size_t size)
{
  gdb_append_stop (s, s->reply);
  return GDB_STAY;
}

GdbNext
gdb_set_thread (GdbMachine *s, const char *args, size_t size)
{
  char which = *args;
  int id;
  if (which != 'g' && which != 'c')
    return gdb_error (s, EINVAL);
  args++;
  if (!gdb_parse_id (s, &args, &id) || *args != '\0')
    return gdb_error (s, ESRCH);
  if (which == 'g')
    s->general = id;
  else
    s->resume = id;
  return gdb_ok (s);
}

GdbNext
gdb_thread_alive (GdbMachine *s, const char *args, size_t size)
{
  int id;
  if (!gdb_parse_id (s, &args, &id) || *args != '\0')
    return gdb_error (s, ESRCH);
  return gdb_ok (s);
}

GdbNext
gdb_next_threads (GdbMachine *s, const char *args, size_t size)
{
  if (s->listed >= s->n_vcpus) {
    g_string_append_c (s->reply, 'l');
    return GDB_STAY;
  }
  for (unsigned n = 0; n < IDS_PER_REPLY && s->listed < s->n_vcpus; n++) {
    g_string_append_c (s->reply, n == 0 ? 'm' : ',');
    gdb_append_id (s, s->reply, s->listed++);
  }
  return GDB_STAY;
}

GdbNext
gdb_first_threads (GdbMachine *s, const char *args, size_t size)
{
  s->listed = 0;
  return gdb_next_threads (s, args, size);
}

GdbNext
gdb_thread_extra (GdbMachine *s, const char *args, size_t size)
{
  int id;
  if (!gdb_parse_id (s, &args, &id) || id < 1)
    return gdb_error (s, ESRCH);
  g_autofree char *name = g_strdup_printf ("CPU#%d", id - 1);
  gdb_append_hex (s->reply, name, strlen (name));
  return GDB_STAY;
}

GdbNext
gdb_current_thread (GdbMachine *s, const char *args, size_t size)
{
  g_string_append (s->reply, "QC");
  gdb_append_id (s, s->reply, (unsigned)(gdb_general (s) - s->vcpus));
  return GDB_STAY;
}
