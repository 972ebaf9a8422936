/* SPDX-License-Identifier: GPL-3.0-or-later */

/* -strace: a line per system call, printed from its row. Arguments are put into words before the call, those
 * that the call fills after it; the line appears when the call is over. */

#include "syscall.h"
#include "log.h"
#include "sys-ioctl.h"
#include "user-signal.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#define BYTES_SHOWN 32

struct UserTrace {
  const UserSyscall *row;
  uint64_t a[6];
  GString *arg[6];
};

/* ---- pieces ---- */

static void
user_trace_bytes (GString *out, uint64_t addr, uint64_t size, bool more)
{
  uint8_t bytes[BYTES_SHOWN];
  unsigned n = MIN (size, sizeof bytes);

  if (addr == 0 && size == 0) {
    g_string_append (out, "NULL");
    return;
  }
  if (user_read (bytes, addr, n) < 0) {
    g_string_append_printf (out, "0x%" PRIx64, addr);
    return;
  }
  g_string_append_c (out, '"');
  for (unsigned i = 0; i < n; i++) {
    static const char escaped[] = "\"\\\n\r\t", letters[] = "\"\\nrt";
    const char *special = bytes[i] != 0 ? strchr (escaped, bytes[i]) : NULL;

    if (special != NULL)
      g_string_append_printf (out, "\\%c", letters[special - escaped]);
    else if (g_ascii_isprint (bytes[i]))
      g_string_append_c (out, bytes[i]);
    else
      g_string_append_printf (out, i + 1 < n && g_ascii_isdigit (bytes[i + 1]) ? "\\%03o" : "\\%o", bytes[i]);
  }
  g_string_append_c (out, '"');
  if (more || size > n)
    g_string_append (out, "...");
}

static void
append_string (GString *out, uint64_t addr)
{
  int error;
  char *text = addr != 0 ? user_read_string (addr, 4096, &error) : NULL;
  char *escaped;

  if (text == NULL) {
    if (addr == 0)
      g_string_append (out, "NULL");
    else
      g_string_append_printf (out, "0x%" PRIx64, addr);
    return;
  }
  escaped = g_strescape (text, NULL);
  g_string_append_printf (out, "\"%s\"", escaped);
  g_free (escaped);
  g_free (text);
}

void
user_trace_names (GString *out, const UserName *names, uint64_t value, bool flags)
{
  bool first = true;

  for (; names->name != NULL; names++) {
    bool match = flags ? names->value != 0 && (value & names->value) == names->value : value == names->value;

    if (!match)
      continue;
    g_string_append_printf (out, "%s%s", first ? "" : "|", names->name);
    first = false;
    if (!flags)
      return;
    value &= ~names->value;
  }
  if (first || value != 0)
    g_string_append_printf (out, value < 10 ? "%s%" PRIu64 : "%s0x%" PRIx64, first ? "" : "|", value);
}

/* Open flags always say how the file is to be used. */
static void
append_flags (GString *out, const UserArg *arg, uint64_t value)
{
  value = (uint32_t)value;
  if (strcmp (arg->names[0].name, "O_WRONLY") == 0 && (value & O_ACCMODE) == O_RDONLY) {
    g_string_append (out, value != 0 ? "O_RDONLY|" : "O_RDONLY");
    if (value == 0)
      return;
  }
  user_trace_names (out, arg->names, value, true);
}

static void
append_sigset (GString *out, uint64_t addr)
{
  user_trace_struct (out, K_SIGSET, addr, 8);
}

static void
append_strings (GString *out, uint64_t addr)
{
  unsigned word = user_is_32 () ? 4 : 8;

  g_string_append_c (out, '[');
  for (unsigned i = 0; addr != 0; i++) {
    uint64_t item = 0;

    if (user_read (&item, addr + (uint64_t)i * word, word) < 0 || item == 0)
      break;
    g_string_append (out, i == 0 ? "" : ", ");
    if (i == BYTES_SHOWN) {
      g_string_append (out, "...");
      break;
    }
    append_string (out, item);
  }
  g_string_append_c (out, ']');
}

static void
append_vector (GString *out, uint64_t addr, uint64_t n, bool contents)
{
  unsigned word = user_is_32 () ? 4 : 8;

  g_string_append_c (out, '[');
  for (uint64_t i = 0; i < n; i++) {
    uint64_t base = 0, len = 0;

    if (i == BYTES_SHOWN || user_read (&base, addr + i * 2 * word, word) < 0 ||
        user_read (&len, addr + i * 2 * word + word, word) < 0) {
      g_string_append (out, i == 0 ? "..." : ", ...");
      break;
    }
    g_string_append (out, i == 0 ? "{iov_base=" : ", {iov_base=");
    if (contents)
      user_trace_bytes (out, base, len, false);
    else
      g_string_append_printf (out, "0x%" PRIx64, base);
    g_string_append_printf (out, ", iov_len=%" PRIu64 "}", len);
  }
  g_string_append_c (out, ']');
}

static void
append_array (GString *out, UserKind kind, uint64_t addr, uint64_t n)
{
  g_string_append_c (out, '[');
  for (uint64_t i = 0; i < n && i < 16; i++) {
    g_string_append (out, i == 0 ? "" : ", ");
    user_trace_struct (out, kind, addr + i * user_kind_size (kind), 0);
  }
  g_string_append (out, n > 16 ? ", ...]" : "]");
}

/* ---- arguments ---- */

static void
append_number (GString *out, const UserArg *arg, uint64_t value)
{
  const char *name;

  switch (arg->type) {
    case ARG_DIRFD:
      if ((int)value == AT_FDCWD) {
        g_string_append (out, "AT_FDCWD");
        return;
      }
      G_GNUC_FALLTHROUGH;
    case ARG_INT:
    case ARG_FD:
    case ARG_PID:
    case ARG_ID: g_string_append_printf (out, "%d", (int)value); break;
    case ARG_UINT: g_string_append_printf (out, "%u", (unsigned)value); break;
    case ARG_LONG:
    case ARG_OFF: g_string_append_printf (out, "%" PRId64, (int64_t)value); break;
    case ARG_SIZE: g_string_append_printf (out, "%" PRIu64, value); break;
    case ARG_MODE: g_string_append_printf (out, "%#o", (unsigned)value); break;
    case ARG_SIG: g_string_append (out, value != 0 ? user_signal_name ((int)value) : "0"); break;
    case ARG_FLAGS:
    case ARG_OPEN: append_flags (out, arg, value); break;
    case ARG_ENUM: user_trace_names (out, arg->names, (uint32_t)value, false); break;
    case ARG_CMD:
      name = user_ioctl_name ((uint32_t)value);
      if (name != NULL) {
        g_string_append (out, name);
        return;
      }
      G_GNUC_FALLTHROUGH;
    default:
      g_string_append_printf (out, value == 0 && arg->type == ARG_ADDR ? "NULL" : "%#" PRIx64, value);
      break;
  }
}

static void
append_pointer (GString *out, const UserArg *arg, const uint64_t *a, unsigned i, int64_t result)
{
  uint64_t addr = a[i], count = a[arg->len];

  if (addr == 0) {
    g_string_append (out, "NULL");
    return;
  }
  switch (arg->type) {
    case ARG_PATH:
    case ARG_LPATH:
    case ARG_STR: append_string (out, addr); break;
    case ARG_IN: user_trace_bytes (out, addr, count, false); break;
    case ARG_OUT:
      if (result >= 0)
        user_trace_bytes (out, addr, MIN ((uint64_t)result, count), false);
      else
        g_string_append_printf (out, "0x%" PRIx64, addr);
      break;
    case ARG_SOUT:
      if (result < 0) {
        g_string_append_printf (out, "0x%" PRIx64, addr);
        break;
      }
      G_GNUC_FALLTHROUGH;
    case ARG_SIN:
    case ARG_SINOUT: user_trace_struct (out, arg->kind, addr, i < 5 ? a[i + 1] : 0); break;
    case ARG_SIGSET: append_sigset (out, addr); break;
    case ARG_ARRAY: append_array (out, arg->kind, addr, MAX ((int)count, 0)); break;
    case ARG_IOV:
    case ARG_IOVOUT: append_vector (out, addr, count, arg->type == ARG_IOV || result >= 0); break;
    case ARG_ARGV: append_strings (out, addr); break;
    default: g_string_append_printf (out, "0x%" PRIx64, addr); break;
  }
}

/* Whether an argument makes sense only when the call has been made. */
static bool
is_output (const UserArg *arg)
{
  return arg->type == ARG_OUT || arg->type == ARG_SOUT || arg->type == ARG_IOVOUT ||
         (arg->type == ARG_ARRAY && arg->kind != K_NONE);
}

static void
describe (UserTrace *trace, unsigned i, int64_t result)
{
  const UserArg *arg = &trace->row->arg[i];

  trace->arg[i] = g_string_new (NULL);
  if (arg->type < ARG_FIRST_POINTER)
    append_number (trace->arg[i], arg, trace->a[i]);
  else
    append_pointer (trace->arg[i], arg, trace->a, i, result);
}

/* ---- lines ---- */

static void
append_result (GString *out, const UserSyscall *row, int64_t result)
{
  const char *name;

  if (result == -USER_ERESTARTSYS)
    g_string_append (out, "? ERESTARTSYS");
  else if (result == -USER_ERESTARTNOHAND)
    g_string_append (out, "? ERESTARTNOHAND");
  else if (result < 0 && result > -4096) {
    name = strerrorname_np (-result);
    g_string_append_printf (out, "-1 %s (%s)", name != NULL ? name : "E?", g_strerror (-result));
  } else if (row->ret == RET_HEX)
    g_string_append_printf (out, "%#" PRIx64, (uint64_t)result);
  else if (row->ret == RET_OCT)
    g_string_append_printf (out, "%#" PRIo64, (uint64_t)result);
  else
    g_string_append_printf (out, "%" PRId64, result);
}

static GString *
start_line (const char *name)
{
  GString *line = g_string_sized_new (128);

  g_string_append_printf (line, "%d %s(", (int)user_self->tid, name);
  return line;
}

static void
print_line (const UserTrace *trace, const char *result)
{
  GString *line = start_line (trace->row->name);

  for (unsigned i = 0; i < trace->row->n_args; i++)
    g_string_append_printf (line, "%s%s", i == 0 ? "" : ", ",
                            trace->arg[i] != NULL ? trace->arg[i]->str : "?");
  vlog_always ("%s) = %s\n", line->str, result);
  g_string_free (line, TRUE);
}

UserTrace *
user_trace_enter (const UserSyscall *row, const uint64_t *a)
{
  UserTrace *trace = g_new0 (UserTrace, 1);

  trace->row = row;
  memcpy (trace->a, a, sizeof trace->a);
  for (unsigned i = 0; i < row->n_args; i++)
    if (!is_output (&row->arg[i]))
      describe (trace, i, 0);
  if (row->flags & (SYS_NORETURN | SYS_KEEP))
    print_line (trace, "?");
  return trace;
}

void
user_trace_leave (UserTrace *trace, int64_t result)
{
  GString *text = g_string_new (NULL);

  for (unsigned i = 0; i < trace->row->n_args; i++)
    if (trace->arg[i] == NULL)
      describe (trace, i, result);
  append_result (text, trace->row, result);
  if (!(trace->row->flags & SYS_KEEP))
    print_line (trace, text->str);
  for (unsigned i = 0; i < trace->row->n_args; i++)
    g_string_free (trace->arg[i], TRUE);
  g_string_free (text, TRUE);
  g_free (trace);
}

void
user_trace_unknown (uint64_t number, const uint64_t *a)
{
  vlog_always ("%d syscall_%" PRIu64 "(0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64
               ", 0x%" PRIx64 ") = -1 ENOSYS (%s)\n",
               (int)user_self->tid, number, a[0], a[1], a[2], a[3], a[4], a[5], g_strerror (ENOSYS));
}

/* ---- what we lack ---- */

void
user_unimp (const char *format, ...)
{
  static GMutex lock;
  static GHashTable *said;
  va_list args;
  char *text;

  if (!vlog_enabled (VLOG_UNIMP))
    return;
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_mutex_lock (&lock);
  if (said == NULL)
    said = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!g_hash_table_contains (said, text)) {
    vlog (VLOG_UNIMP, "unsupported: %s\n", text);
    g_hash_table_add (said, g_steal_pointer (&text));
  }
  g_mutex_unlock (&lock);
  g_free (text);
}
