/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

uint32_t vlog_mask;
static int log_fd = STDERR_FILENO;

static const struct {
  const char *name;
  uint32_t item;
  const char *help;
} log_items[] = {
  { "in_asm", VLOG_IN_ASM, "guest code as it is translated" },
  { "ir", VLOG_IR, "the intermediate representation of each region" },
  { "op", VLOG_IR, "the same, by QEMU's name" },
  { "out_asm", VLOG_OUT_ASM, "host code made from each region" },
  { "exec", VLOG_EXEC, "address of each block before it runs" },
  { "int", VLOG_INT, "exceptions, interrupts and signals" },
  { "cpu", VLOG_CPU, "registers before each block" },
  { "unimp", VLOG_UNIMP, "things the guest asked for that are not there" },
  { "strace", VLOG_STRACE, "system calls" },
  { "page", VLOG_PAGE, "changes of the guest's memory map" },
  { "stats", VLOG_COUNT, "counters of the translator at exit" },
};

static uint32_t
item_by_name (const char *name, uint32_t known)
{
  if (!strcmp (name, "all"))
    return known;
  for (unsigned i = 0; i < G_N_ELEMENTS (log_items); i++)
    if (!strcmp (name, log_items[i].name))
      return log_items[i].item & known;
  return 0;
}

bool
vlog_parse (const char *list, uint32_t known, char **ret_unknown)
{
  g_auto (GStrv) names = g_strsplit (list, ",", -1);
  uint32_t mask = 0;
  for (char **name = names; *name; name++) {
    uint32_t item = item_by_name (*name, known);
    if (!item) {
      *ret_unknown = g_strdup (*name);
      return false;
    }
    mask |= item;
  }
  vlog_mask |= mask;
  *ret_unknown = NULL;
  return true;
}

char *
vlog_help (uint32_t known)
{
  GString *text = g_string_new ("Items of -d, separated by commas:\n");
  for (unsigned i = 0; i < G_N_ELEMENTS (log_items); i++)
    if (log_items[i].item & known)
      g_string_append_printf (text, "  %-14s %s\n", log_items[i].name, log_items[i].help);
  g_string_append (text, "  all            all of them\n");
  return g_string_free (text, FALSE);
}

/* The guest shares the descriptor table, and expects the lowest free number from each open(): ours go to the
 * top. */
static int
move_fd_high (int fd)
{
  struct rlimit limit;
  int floor = 256;
  if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 64)
    floor = (int)MIN (limit.rlim_cur, 1 << 20) - 16;
  int high = fcntl (fd, F_DUPFD_CLOEXEC, floor);
  if (high < 0)
    return fd;
  close (fd);
  return high;
}

bool
vlog_open (const char *file)
{
  g_autofree char *name = NULL;
  const char *pid = strstr (file, "%d");
  if (pid)
    name = g_strdup_printf ("%.*s%d%s", (int)(pid - file), file, (int)getpid (), pid + 2);
  int fd = open (name ? name : file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0)
    return false;
  log_fd = move_fd_high (fd);
  return true;
}

int
vlog_fd (void)
{
  return log_fd;
}

static void
write_all (const char *text, size_t size)
{
  int saved_errno = errno;
  while (size) {
    ssize_t n = write (log_fd, text, size);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      break;
    text += n;
    size -= (size_t)n;
  }
  errno = saved_errno;
}

static void
log_va (const char *format, va_list args)
{
  char text[1024];
  va_list again;
  va_copy (again, args);
  int n = vsnprintf (text, sizeof text, format, args);
  if (n >= (int)sizeof text) {
    g_autofree char *long_text = g_strdup_vprintf (format, again);
    write_all (long_text, strlen (long_text));
  } else if (n > 0) {
    write_all (text, (size_t)n);
  }
  va_end (again);
}

void
vlog (uint32_t items, const char *format, ...)
{
  if (!vlog_enabled (items))
    return;
  va_list args;
  va_start (args, format);
  log_va (format, args);
  va_end (args);
}

void
vlog_always (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  log_va (format, args);
  va_end (args);
}
