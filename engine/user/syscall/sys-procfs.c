/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Files of /proc whose host contents describe this program: the guest gets its own. */

#include "syscall.h"
#include "user-abi.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Bytes of guest memory, as cmdline, environ and auxv show them. What the guest has unmapped reads as
 * nothing. */
static GString *
guest_bytes (uint64_t start, uint64_t end)
{
  GString *text = g_string_sized_new (end - start);

  g_string_set_size (text, end - start);
  if (user_read (text->str, start, end - start) < 0)
    g_string_truncate (text, 0);
  return text;
}

static GString *
own_maps (void)
{
  char *maps = user_proc_maps ();
  GString *text = g_string_new (maps);

  g_free (maps);
  return text;
}

/* The n-th field of /proc/self/stat, as proc(5) counts them. */
typedef struct {
  unsigned field;
  uint64_t value;
} StatField;

/* Addresses are the guest's; everything else is the host's. */
static GString *
own_stat (void)
{
  const StatField own[] = {
    { 28, user_process.stack_start },
    { 29, 0 },
    { 30, 0 },
    { 47, user_process.brk_start },
    { 48, user_process.arg_start },
    { 49, user_process.arg_end },
    { 50, user_process.env_start },
    { 51, user_process.env_end },
  };
  char *host = NULL, *rest;
  GString *text = g_string_new (NULL);
  char **field;

  if (!g_file_get_contents ("/proc/self/stat", &host, NULL, NULL) || (rest = strrchr (host, ')')) == NULL) {
    g_free (host);
    return text;
  }
  g_string_append_len (text, host, rest + 1 - host);
  field = g_strsplit (g_strstrip (rest + 1), " ", -1);
  for (unsigned i = 0; field[i] != NULL; i++) {
    const StatField *mine = NULL;

    for (unsigned k = 0; k < G_N_ELEMENTS (own); k++)
      if (own[k].field == i + 3)
        mine = &own[k];
    if (mine != NULL)
      g_string_append_printf (text, " %" G_GUINT64_FORMAT, mine->value);
    else
      g_string_append_printf (text, " %s", field[i]);
  }
  g_string_append_c (text, '\n');
  g_strfreev (field);
  g_free (host);
  return text;
}

static GString *
cpuinfo (void)
{
  const UserSyscallAbi *abi = user_process.abi->syscalls;
  GString *text;
  char *info;

  if (abi->cpuinfo == NULL)
    return NULL;
  info = abi->cpuinfo (user_self->cpu, sysconf (_SC_NPROCESSORS_ONLN));
  text = g_string_new (info);
  g_free (info);
  return text;
}

/* The contents of the file, or NULL where the host's are right. */
static GString *
contents (const char *name)
{
  const UserProcess *p = &user_process;

  if (strcmp (name, "maps") == 0)
    return own_maps ();
  if (strcmp (name, "cmdline") == 0)
    return guest_bytes (p->arg_start, p->arg_end);
  if (strcmp (name, "environ") == 0)
    return guest_bytes (p->env_start, p->env_end);
  if (strcmp (name, "auxv") == 0)
    return guest_bytes (p->auxv_start, p->auxv_end);
  if (strcmp (name, "stat") == 0)
    return own_stat ();
  if (strcmp (name, "/proc/cpuinfo") == 0)
    return cpuinfo ();
  return NULL;
}

/* A read-only descriptor, at the lowest free number, of a file that holds `text`. */
static int
text_fd (const char *name, const GString *text, int flags)
{
  int fd = memfd_create (name, MFD_CLOEXEC), reader;
  char path[32];

  if (fd < 0)
    return -errno;
  g_snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  if (write (fd, text->str, text->len) != (ssize_t)text->len ||
      (reader = open (path, O_RDONLY | O_CLOEXEC)) < 0) {
    close (fd);
    return -ENOMEM;
  }
  dup3 (reader, fd, flags & O_CLOEXEC);
  close (reader);
  return fd;
}

int
user_proc_open (const char *name, int flags)
{
  GString *text = contents (name);
  int fd;

  if (text == NULL)
    return -ENOSYS;
  if ((flags & O_ACCMODE) != O_RDONLY)
    fd = -EACCES;
  else
    fd = text_fd (name, text, flags);
  g_string_free (text, TRUE);
  return fd;
}
