/* SPDX-License-Identifier: GPL-3.0-or-later */

/* vFile: gdb reads the program and its libraries as the guest sees them, below -L.  A file is opened anew for
 * each request, so that no descriptor of ours takes a number from the guest. */

#include "gdb-process.h"

#include "user-path.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILES 256

/* gdb's numbers of errors are Linux's for the common ones; the others are all one. */
static int
gdb_errno (int error)
{
  static const int known[] = { EPERM,   ENOENT, EINTR,  EBADF,  EACCES, EFAULT, EBUSY,  EEXIST, ENODEV,
                               ENOTDIR, EISDIR, EINVAL, ENFILE, EMFILE, EFBIG,  ENOSPC, ESPIPE, EROFS };
  for (unsigned i = 0; i < G_N_ELEMENTS (known); i++)
    if (known[i] == error)
      return error;
  return error == ENAMETOOLONG ? 91 : 9999;
}

static GdbNext
fail (GdbServer *s, int error)
{
  g_string_printf (s->reply, "F-1,%x", gdb_errno (error));
  return GDB_STAY;
}

static GdbNext
result (GdbServer *s, uint64_t value)
{
  g_string_printf (s->reply, "F%" G_GINT64_MODIFIER "x", value);
  return GDB_STAY;
}

/* Only regular files: others could block, or act on being opened. */
static int
open_regular (const char *path)
{
  struct stat st;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return -errno;
  if (fstat (fd, &st) < 0 || !S_ISREG (st.st_mode)) {
    close (fd);
    return S_ISDIR (st.st_mode) ? -EISDIR : -EACCES;
  }
  return fd;
}

static GdbNext
set_file_system (GdbServer *s, const char *args, size_t size)
{
  return result (s, 0);
}

/* NAME,FLAGS,MODE */
static GdbNext
open_file (GdbServer *s, const char *args, size_t size)
{
  GdbProcess *p = (GdbProcess *)s;
  g_autofree char *name = gdb_parse_string (&args, ',');
  uint64_t flags, mode;
  if (name == NULL || !gdb_parse_hex_end (&args, ',', &flags) || !gdb_parse_hex_end (&args, '\0', &mode))
    return fail (s, EINVAL);
  if (flags != 0) /* anything but reading */
    return fail (s, EROFS);
  if (g_hash_table_size (p->files) >= MAX_FILES)
    return fail (s, EMFILE);
  g_autofree char *path = user_path (name);
  int fd = open_regular (path);
  if (fd < 0)
    return fail (s, -fd);
  close (fd);
  g_hash_table_insert (p->files, GUINT_TO_POINTER (++p->next_file), g_steal_pointer (&path));
  return result (s, p->next_file);
}

static const char *
file_of (GdbServer *s, const char **args, char end)
{
  uint64_t number;
  if (!gdb_parse_hex_end (args, end, &number) || number > G_MAXUINT)
    return NULL;
  return g_hash_table_lookup (((GdbProcess *)s)->files, GUINT_TO_POINTER ((guint)number));
}

static GdbNext
close_file (GdbServer *s, const char *args, size_t size)
{
  const char *number = args;
  uint64_t n;
  if (file_of (s, &args, '\0') == NULL || !gdb_parse_hex (&number, &n))
    return fail (s, EBADF);
  g_hash_table_remove (((GdbProcess *)s)->files, GUINT_TO_POINTER ((guint)n));
  return result (s, 0);
}

/* FILE,COUNT,OFFSET */
static GdbNext
read_file (GdbServer *s, const char *args, size_t size)
{
  char bytes[GDB_PACKET_MAX / 2];
  const char *path = file_of (s, &args, ',');
  uint64_t count, offset;
  if (path == NULL)
    return fail (s, EBADF);
  if (!gdb_parse_hex_end (&args, ',', &count) || !gdb_parse_hex_end (&args, '\0', &offset) ||
      offset > INT64_MAX)
    return fail (s, EINVAL);
  int fd = open_regular (path);
  if (fd < 0)
    return fail (s, -fd);
  ssize_t n = pread (fd, bytes, MIN (count, sizeof bytes), (off_t)offset);
  int error = errno;
  close (fd);
  if (n < 0)
    return fail (s, error);
  result (s, (uint64_t)n);
  g_string_append_c (s->reply, ';');
  g_string_append_len (s->reply, bytes, n);
  return GDB_STAY;
}

static void
append_big_endian (GString *out, uint64_t value, unsigned size)
{
  uint64_t big = GUINT64_TO_BE (value);
  g_string_append_len (out, (const char *)&big + 8 - size, size);
}

static void
append_stat (GString *out, const struct stat *st)
{
  append_big_endian (out, st->st_dev, 4);
  append_big_endian (out, st->st_ino, 4);
  append_big_endian (out, st->st_mode, 4);
  append_big_endian (out, st->st_nlink, 4);
  append_big_endian (out, st->st_uid, 4);
  append_big_endian (out, st->st_gid, 4);
  append_big_endian (out, st->st_rdev, 4);
  append_big_endian (out, (uint64_t)st->st_size, 8);
  append_big_endian (out, (uint64_t)st->st_blksize, 8);
  append_big_endian (out, (uint64_t)st->st_blocks, 8);
  append_big_endian (out, (uint64_t)st->st_atime, 4);
  append_big_endian (out, (uint64_t)st->st_mtime, 4);
  append_big_endian (out, (uint64_t)st->st_ctime, 4);
}

static GdbNext
stat_file (GdbServer *s, const char *args, size_t size)
{
  const char *path = file_of (s, &args, '\0');
  struct stat st;
  if (path == NULL)
    return fail (s, EBADF);
  if (stat (path, &st) < 0)
    return fail (s, errno);
  g_autoptr (GString) packed = g_string_new (NULL);
  append_stat (packed, &st);
  result (s, packed->len);
  g_string_append_c (s->reply, ';');
  g_string_append_len (s->reply, packed->str, (gssize)packed->len);
  return GDB_STAY;
}

static GdbNext
read_link (GdbServer *s, const char *args, size_t size)
{
  g_autofree char *name = gdb_parse_string (&args, '\0');
  char target[GDB_PACKET_MAX / 4], buffer[PATH_MAX];
  if (name == NULL)
    return fail (s, EINVAL);
  ssize_t n = readlink (user_path_at_nofollow (AT_FDCWD, name, buffer), target, sizeof target);
  if (n < 0)
    return fail (s, errno);
  result (s, (uint64_t)n);
  g_string_append_c (s->reply, ';');
  g_string_append_len (s->reply, target, n);
  return GDB_STAY;
}

GdbNext
gdb_file (GdbServer *s, const char *args, size_t size)
{
  static const GdbCommand operations[] = {
    { "setfs:", set_file_system },
    { "open:", open_file },
    { "close:", close_file },
    { "pread:", read_file },
    { "fstat:", stat_file },
    { "readlink:", read_link },
    { NULL, NULL },
  };
  return gdb_dispatch (s, operations, args, size);
}
