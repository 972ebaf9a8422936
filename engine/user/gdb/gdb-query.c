/* SPDX-License-Identifier: GPL-3.0-or-later */

/* q and Q: what gdb asks about the program and the stub, and sets. */

#include "gdb-server.h"

#include "syscall/syscall.h"
#include "user-path.h"
#include <errno.h>
#include <string.h>

/* ---- qXfer: objects in pieces ---- */

static GString *
read_features (GdbServer *s, const char *annex)
{
  if (strcmp (annex, "target.xml") != 0 || user_process.isa == NULL)
    return NULL;
  g_autofree char *xml = gdb_target_xml (user_process.isa, "GNU/Linux");
  return g_string_new (xml);
}

static GString *
read_auxv (GdbServer *s, const char *annex)
{
  uint64_t size = user_process.auxv_end - user_process.auxv_start;
  GString *text = g_string_new (NULL);
  g_string_set_size (text, size);
  if (user_read (text->str, user_process.auxv_start, size) == 0)
    return text;
  g_string_free (text, TRUE);
  return NULL;
}

static GString *
read_exec_file (GdbServer *s, const char *annex)
{
  return user_process.exe_path ? g_string_new (user_path_to_guest (user_process.exe_path)) : NULL;
}

/* Stops that no signal caused have the siginfo that ptrace would make up for them. */
static void
fill_siginfo (siginfo_t *ret_info, const GdbThread *t)
{
  *ret_info = (siginfo_t){ .si_signo = SIGTRAP, .si_code = TRAP_BRKPT };
  switch (t->stop.kind) {
    case GDB_STOP_SIGNAL: *ret_info = t->stop.info; return;
    case GDB_STOP_NONE: *ret_info = (siginfo_t){ .si_signo = SIGINT, .si_code = SI_KERNEL }; return;
    case GDB_STOP_STEP: ret_info->si_code = TRAP_TRACE; break;
    case GDB_STOP_WATCH: ret_info->si_code = TRAP_HWBKPT; break;
    default: break;
  }
  ret_info->si_addr =
      (void *)(uintptr_t)(t->stop.kind == GDB_STOP_WATCH ? t->stop.watch_addr : t->user->cpu->state.pc);
}

static GString *
read_siginfo (GdbServer *s, const char *annex)
{
  const GdbThread *t = gdb_general_thread (s);
  uint64_t packed[USER_KIND_MAX_SIZE / 8] = { 0 };
  siginfo_t info;
  if (t == NULL)
    return NULL;
  fill_siginfo (&info, t);
  user_kind_to_guest (K_SIGINFO, packed, &info);
  return g_string_new_len ((const char *)packed, (gssize)user_kind_size (K_SIGINFO));
}

static GString *
read_threads (GdbServer *s, const char *annex)
{
  GString *xml = g_string_new ("<?xml version=\"1.0\"?>\n<threads>\n");
  for (guint i = 0; i < s->threads->len; i++) {
    const GdbThread *t = s->threads->pdata[i];
    g_autofree char *name = gdb_thread_name (t->tid);
    g_autofree char *safe = g_utf8_make_valid (name, -1);
    g_autofree char *escaped = g_markup_escape_text (safe, -1);
    g_string_append (xml, "<thread id=\"");
    gdb_append_id (s, xml, t->tid);
    g_string_append_printf (xml, "\" name=\"%s\"/>\n", escaped);
  }
  return g_string_append (xml, "</threads>\n");
}

static const struct {
  const char *name;
  GString *(*read) (GdbServer *s, const char *annex); /* NULL: cannot be had */
} objects[] = {
  { "features", read_features }, { "auxv", read_auxv },       { "exec-file", read_exec_file },
  { "siginfo", read_siginfo },   { "threads", read_threads },
};

static GdbNext
answer_object (GdbServer *s, GString *object, uint64_t offset, uint64_t length)
{
  if (object == NULL)
    return gdb_error (s, EFAULT);
  g_string_append_c (s->reply, 'm');
  if (!gdb_append_part (s->reply, object->str, object->len, offset, length))
    s->reply->str[0] = 'l';
  g_string_free (object, TRUE);
  return GDB_STAY;
}

/* OBJECT:read:ANNEX:OFFSET,LENGTH */
static GdbNext
transfer (GdbServer *s, const char *args, size_t size)
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
supported (GdbServer *s, const char *args, size_t size)
{
  g_auto (GStrv) theirs = g_strsplit (*args == ':' ? args + 1 : args, ";", -1);
  s->multiprocess = g_strv_contains ((const char *const *)theirs, "multiprocess+");
  s->no_resumed = g_strv_contains ((const char *const *)theirs, "no-resumed+");
  g_string_append_printf (
      s->reply, "PacketSize=%x;QStartNoAckMode+;vContSupported+;QPassSignals+;no-resumed+", GDB_PACKET_MAX);
  if (s->multiprocess)
    g_string_append (s->reply, ";multiprocess+");
  for (unsigned i = 0; i < G_N_ELEMENTS (objects); i++)
    g_string_append_printf (s->reply, ";qXfer:%s:read+", objects[i].name);
  return GDB_STAY;
}

static GdbNext
attached (GdbServer *s, const char *args, size_t size)
{
  /* The process was started to be debugged: it ends with the session. */
  g_string_append_c (s->reply, '0');
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
    s->send (s, packet->str, packet->len);
    text += n;
    left -= n;
  }
}

/* `monitor` commands. */
static GdbNext
monitor (GdbServer *s, const char *args, size_t size)
{
  g_autofree char *line = gdb_parse_string (&args, '\0');
  if (line == NULL)
    return gdb_error (s, EINVAL);
  g_strstrip (line);
  const GdbThread *t = gdb_general_thread (s);
  if (strcmp (line, "maps") == 0) {
    g_autofree char *maps = user_proc_maps ();
    print (s, maps);
  } else if (strcmp (line, "registers") == 0 && t != NULL) {
    g_autoptr (GString) text = g_string_new (NULL);
    t->user->cpu->isa->dump (t->user->cpu, text);
    print (s, text->str);
  } else
    print (s, "monitor commands: help, maps, registers\n");
  return gdb_ok (s);
}

GdbNext
gdb_query (GdbServer *s, const char *args, size_t size)
{
  static const GdbCommand queries[] = {
    { "Attached", attached },
    { "C", gdb_current_thread },
    { "Rcmd,", monitor },
    { "Supported", supported },
    { "ThreadExtraInfo,", gdb_thread_extra },
    { "Xfer:", transfer },
    { "fThreadInfo", gdb_first_threads },
    { "sThreadInfo", gdb_next_threads },
    { NULL, NULL },
  };
  /* "C" is a whole word, not the start of qCRC. */
  if (size > 1 && args[0] == 'C')
    return GDB_STAY;
  return gdb_dispatch (s, queries, args, size);
}

static GdbNext
no_acknowledgements (GdbServer *s, const char *args, size_t size)
{
  s->no_ack = true;
  return gdb_ok (s);
}

static GdbNext
pass_signals (GdbServer *s, const char *args, size_t size)
{
  uint64_t pass = 0, number;
  while (*args != '\0') {
    if (!gdb_parse_hex (&args, &number) || (*args != '\0' && *args++ != ';'))
      return gdb_error (s, EINVAL);
    int sig = number < 256 ? gdb_signal_to_guest ((int)number) : 0;
    if (sig != 0)
      pass |= UINT64_C (1) << (sig - 1);
  }
  s->pass = pass;
  return gdb_ok (s);
}

GdbNext
gdb_set (GdbServer *s, const char *args, size_t size)
{
  static const GdbCommand settings[] = {
    { "PassSignals:", pass_signals },
    { "StartNoAckMode", no_acknowledgements },
    { NULL, NULL },
  };
  return gdb_dispatch (s, settings, args, size);
}
