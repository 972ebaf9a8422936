/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What gdb asks about the server, and objects in pieces. */

#include "gdb-command.h"

#include <errno.h>
#include <string.h>

/* ---- qXfer ---- */

static GString *
read_features (GdbServer *s, const char *annex)
{
  const GdbThread *t = gdb_server_general (s);
  if (strcmp (annex, "target.xml") != 0 || t == NULL)
    return NULL;
  return gdb_describe (t->cpu->isa, s->target->osabi);
}

static GString *
read_threads (GdbServer *s, const char *annex)
{
  GString *xml = g_string_new ("<?xml version=\"1.0\"?>\n<threads>\n");
  for (guint i = 0; i < s->threads->len; i++) {
    const GdbThread *t = s->threads->pdata[i];
    g_autofree char *name = s->target->thread_name (t);
    g_autofree char *safe = g_utf8_make_valid (name, -1);
    g_autofree char *escaped = g_markup_escape_text (safe, -1);
    g_string_append (xml, "<thread id=\"");
    gdb_append_id (s, xml, t->id);
    g_string_append_printf (xml, "\" name=\"%s\"/>\n", escaped);
  }
  return g_string_append (xml, "</threads>\n");
}

static const GdbObject objects[] = { { "features", read_features },
                                     { "threads", read_threads },
                                     { NULL, NULL } };

static const GdbObject *
find_object (const GdbObject *table, const char *name)
{
  for (const GdbObject *o = table; o != NULL && o->name != NULL; o++)
    if (strcmp (o->name, name) == 0)
      return o;
  return NULL;
}

static GdbNext
answer_part (GdbServer *s, const GString *object, uint64_t offset, uint64_t length)
{
  size_t start = MIN (offset, object->len), n = MIN (length, object->len - start);
  n = MIN (n, GDB_PACKET_MAX / 2); /* each byte may need an escape */
  g_string_append_c (s->reply, start + n < object->len ? 'm' : 'l');
  g_string_append_len (s->reply, object->str + start, (gssize)n);
  return GDB_STAY;
}

/* OBJECT:read:ANNEX:OFFSET,LENGTH */
GdbNext
gdb_transfer (GdbServer *s, const char *args, size_t size)
{
  g_auto (GStrv) parts = g_strsplit (args, ":", 4);
  uint64_t offset, length;
  if (g_strv_length (parts) != 4 || strcmp (parts[1], "read") != 0)
    return GDB_STAY;
  const char *range = parts[3];
  if (!gdb_parse_hex_end (&range, ',', &offset) || !gdb_parse_hex_end (&range, '\0', &length))
    return gdb_error (s, EINVAL);
  const GdbObject *o = find_object (objects, parts[0]);
  if (o == NULL)
    o = find_object (s->target->objects, parts[0]);
  if (o == NULL)
    return GDB_STAY;
  GString *object = o->read (s, parts[2]);
  if (object == NULL)
    return gdb_error (s, ENOENT);
  answer_part (s, object, offset, length);
  g_string_free (object, TRUE);
  return GDB_STAY;
}

/* ---- the rest ---- */

static void
append_objects (GString *out, const GdbObject *table)
{
  for (const GdbObject *o = table; o != NULL && o->name != NULL; o++)
    g_string_append_printf (out, ";qXfer:%s:read+", o->name);
}

GdbNext
gdb_supported (GdbServer *s, const char *args, size_t size)
{
  g_auto (GStrv) theirs = g_strsplit (*args == ':' ? args + 1 : args, ";", -1);
  s->multiprocess = g_strv_contains ((const char *const *)theirs, "multiprocess+");
  s->no_resumed = g_strv_contains ((const char *const *)theirs, "no-resumed+");
  g_string_append_printf (s->reply, "PacketSize=%x;QStartNoAckMode+;vContSupported+%s", GDB_PACKET_MAX,
                          s->target->features);
  if (s->multiprocess)
    g_string_append (s->reply, ";multiprocess+");
  append_objects (s->reply, objects);
  append_objects (s->reply, s->target->objects);
  return GDB_STAY;
}

GdbNext
gdb_attached (GdbServer *s, const char *args, size_t size)
{
  g_string_append_c (s->reply, s->target->outlives ? '1' : '0');
  return GDB_STAY;
}

/* Longer text than a packet goes ahead in several. */
static void
print (GdbServer *s, const char *text)
{
  const size_t piece = GDB_PACKET_MAX / 4;
  for (size_t left = strlen (text); left > 0;) {
    size_t n = MIN (left, piece);
    g_autoptr (GString) packet = g_string_new ("O");
    gdb_append_hex (packet, text, n);
    gdb_server_send (s, packet->str, packet->len);
    text += n;
    left -= n;
  }
}

GdbNext
gdb_monitor (GdbServer *s, const char *args, size_t size)
{
  g_autofree char *line = gdb_parse_string (&args, '\0');
  if (line == NULL)
    return gdb_error (s, EINVAL);
  g_autofree char *text = s->target->monitor (s, line);
  print (s, text);
  return gdb_ok (s);
}
