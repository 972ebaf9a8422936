/* SPDX-License-Identifier: GPL-3.0-or-later */

/* q and Q: what gdb asks about the machine and the server, and sets. */

#include "gdb-machine-private.h"

#include "monitor.h"
#include <errno.h>
#include <string.h>

/* ---- qXfer: objects in pieces ---- */

static GString *
read_features (GdbMachine *s, const char *annex)
{
  if (strcmp (annex, "target.xml") != 0)
    return NULL;
  /* Not what gdb was built for: it would step by breakpoints of its own, past the handlers of traps. */
  g_autofree char *xml = gdb_target_xml (s->vcpus[0].cpu->isa, "none");
  return g_string_new (xml);
}

static GString *
read_threads (GdbMachine *s, const char *annex)
{
  GString *xml = g_string_new ("<?xml version=\"1.0\"?>\n<threads>\n");
  for (unsigned i = 0; i < s->n_vcpus; i++) {
    g_string_append (xml, "<thread id=\"");
    gdb_append_id (s, xml, i);
    g_string_append_printf (xml, "\" name=\"CPU#%u\"/>\n", i);
  }
  return g_string_append (xml, "</threads>\n");
}

static const struct {
  const char *name;
  GString *(*read) (GdbMachine *s, const char *annex); /* NULL: there is none of that name */
} objects[] = { { "features", read_features }, { "threads", read_threads } };

static GdbNext
answer_object (GdbMachine *s, GString *object, uint64_t offset, uint64_t length)
{
  if (object == NULL)
    return gdb_error (s, ENOENT);
  g_string_append_c (s->reply, 'm');
  if (!gdb_append_part (s->reply, object->str, object->len, offset, length))
    s->reply->str[0] = 'l';
  g_string_free (object, TRUE);
  return GDB_STAY;
}

/* OBJECT:read:ANNEX:OFFSET,LENGTH */
static GdbNext
transfer (GdbMachine *s, const char *args, size_t size)
{
  g_auto (GStrv) parts = g_strsplit (args, ":", 4);
  uint64_t offset, length;
  if (g_strv_length (parts) != 4 || strcmp (parts[1], "read") != 0)
    return GDB_STAY;
  const char *range = parts[3];
  if (!gdb_parse_hex_end (&range, ',', &offset) || !gdb_parse_hex_end (&range, '\0', &length))
    return gdb_error (s, EINVAL);
  for (unsigned i = 0; i < G_N_ELEMENTS (objects); i++)
    if (strcmp (parts[0], objects[i].name) == 0)
      return answer_object (s, objects[i].read (s, parts[2]), offset, length);
  return GDB_STAY;
}

/* ---- the rest ---- */

static GdbNext
supported (GdbMachine *s, const char *args, size_t size)
{
  g_auto (GStrv) theirs = g_strsplit (*args == ':' ? args + 1 : args, ";", -1);
  s->multiprocess = g_strv_contains ((const char *const *)theirs, "multiprocess+");
  g_string_append_printf (s->reply, "PacketSize=%x;QStartNoAckMode+;vContSupported+;qqemu.PhyMemMode+",
                          GDB_PACKET_MAX);
  if (s->multiprocess)
    g_string_append (s->reply, ";multiprocess+");
  for (unsigned i = 0; i < G_N_ELEMENTS (objects); i++)
    g_string_append_printf (s->reply, ";qXfer:%s:read+", objects[i].name);
  return GDB_STAY;
}

static GdbNext
attached (GdbMachine *s, const char *args, size_t size)
{
  /* The machine was there before gdb: it outlives the session. */
  g_string_append_c (s->reply, '1');
  return GDB_STAY;
}

/* Longer text than a packet goes ahead in several. */
static void
print (GdbMachine *s, const char *text)
{
  const size_t piece = GDB_PACKET_MAX / 4;
  for (size_t left = strlen (text); left > 0;) {
    size_t n = MIN (left, piece);
    g_autoptr (GString) packet = g_string_new ("O");
    gdb_append_hex (packet, text, n);
    gdb_send (s, packet->str, packet->len);
    text += n;
    left -= n;
  }
}

/* `monitor` commands. */
static GdbNext
monitor (GdbMachine *s, const char *args, size_t size)
{
  g_autofree char *line = gdb_parse_string (&args, '\0');
  if (line == NULL)
    return gdb_error (s, EINVAL);
  g_autofree char *text = monitor_run_line (s->machine, line);
  if (gdb_machine != s) /* gdbserver none */
    return GDB_STAY;
  g_auto (GStrv) parts = g_strsplit (text, "\r", -1);
  g_autofree char *lines = g_strjoinv ("", parts);
  print (s, lines);
  return gdb_ok (s);
}

static GdbNext
memory_mode (GdbMachine *s, const char *args, size_t size)
{
  g_string_append_c (s->reply, s->physical ? '1' : '0');
  return GDB_STAY;
}

GdbNext
gdb_query (GdbMachine *s, const char *args, size_t size)
{
  static const GdbCommand queries[] = {
    { "Attached", attached },
    { "C", gdb_current_thread },
    { "Rcmd,", monitor },
    { "Supported", supported },
    { "ThreadExtraInfo,", gdb_thread_extra },
    { "Xfer:", transfer },
    { "fThreadInfo", gdb_first_threads },
    { "qemu.PhyMemMode", memory_mode },
    { "sThreadInfo", gdb_next_threads },
    { NULL, NULL },
  };
  /* "C" is a whole word, not the start of qCRC. */
  if (size > 1 && args[0] == 'C')
    return GDB_STAY;
  return gdb_dispatch (s, queries, args, size);
}

static GdbNext
no_acknowledgements (GdbMachine *s, const char *args, size_t size)
{
  s->no_ack = true;
  return gdb_ok (s);
}

static GdbNext
set_memory_mode (GdbMachine *s, const char *args, size_t size)
{
  if (strcmp (args, "0") != 0 && strcmp (args, "1") != 0)
    return gdb_error (s, EINVAL);
  s->physical = *args == '1';
  return gdb_ok (s);
}

GdbNext
gdb_set (GdbMachine *s, const char *args, size_t size)
{
  static const GdbCommand settings[] = {
    { "StartNoAckMode", no_acknowledgements },
    { "qemu.PhyMemMode:", set_memory_mode },
    { NULL, NULL },
  };
  return gdb_dispatch (s, settings, args, size);
}
