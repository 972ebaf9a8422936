/* SPDX-License-Identifier: GPL-3.0-or-later */

/* execve. All that Linux would refuse is found before the host's execve, which keeps the process id,
 * descriptors, and what else survives. A guest program becomes "vitrine-ISA OPTIONS -exec-fd FD -0 ARGV0 PATH
 * ARGUMENTS" with the environment exactly as the guest gave it. */

#include "user-exec.h"

#include "elf-parse.h"
#include "syscall/syscall.h"
#include "user-limits.h"
#include "user-mmap.h"
#include "user-path.h"
#include "user-signal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux looks at this much of a file's start, and follows this many scripts. */
#define HEAD_SIZE   256
#define MAX_SCRIPTS 5

char **user_exec_options;

typedef enum { KIND_GUEST, KIND_SCRIPT, KIND_HOST } ExecKind;

typedef struct {
  int fd;          /* of the program; -1 where it cannot be read */
  bool from_fd;    /* named by a descriptor alone */
  char *name;      /* guest path: the last one, after scripts */
  char *host;      /* the file's host path */
  GPtrArray *argv; /* borrowed and owned strings: see `owned` */
  GPtrArray *owned;
  unsigned script_arg; /* index in argv of a script's name, or 0 */
  char *script_host;   /* its host path */
  unsigned char head[HEAD_SIZE + 1];
  size_t head_size;
} Exec;

static char *
own (Exec *e, char *text)
{
  g_ptr_array_add (e->owned, text);
  return text;
}

/* What Linux checks of each file it executes. */
static int
check_file (int fd)
{
  struct stat st;
  struct statvfs fs;
  if (fstat (fd, &st) < 0)
    return -errno;
  if (!S_ISREG (st.st_mode) || (fstatvfs (fd, &fs) == 0 && fs.f_flag & ST_NOEXEC))
    return -EACCES;
  return 0;
}

static int
open_file (Exec *e, int dirfd, int flags)
{
  int follow = flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0;
  /* First only its place, so that the checks come before an open() that could block or be refused. */
  int place = openat (dirfd, e->host, O_PATH | O_CLOEXEC | follow);
  if (place < 0)
    return -errno;
  struct stat st;
  int error = 0;
  if (follow && fstat (place, &st) == 0 && S_ISLNK (st.st_mode))
    error = -ELOOP;
  if (!error)
    error = check_file (place);
  if (!error && faccessat (dirfd, e->host, X_OK, AT_EACCESS | (flags & AT_SYMLINK_NOFOLLOW)) < 0)
    error = -errno;
  close (place);
  if (error)
    return error;
  e->fd = openat (dirfd, e->host, O_RDONLY | O_CLOEXEC | O_NOCTTY | follow);
  return e->fd < 0 && errno != EACCES ? -errno : 0;
}

/* The file behind a descriptor, which may be O_PATH. */
static int
open_descriptor (Exec *e, int fd)
{
  char path[64];
  int error = fcntl (fd, F_GETFD) < 0 ? -errno : check_file (fd);
  if (error)
    return error;
  g_snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  if (access (path, X_OK) < 0)
    return -errno;
  e->fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  return e->fd < 0 && errno != EACCES ? -errno : 0;
}

static int
read_head (Exec *e)
{
  ssize_t n = e->fd >= 0 ? pread (e->fd, e->head, HEAD_SIZE, 0) : 0;
  if (n < 0)
    return -errno;
  e->head_size = (size_t)n;
  memset (e->head + n, 0, sizeof e->head - (size_t)n);
  return 0;
}

static ExecKind
kind_of (const Exec *e)
{
  const GuestIsa *isa = user_process.isa;
  if (e->head[0] == '#' && e->head[1] == '!')
    return KIND_SCRIPT;
  bool mine = e->head_size >= 20 && !memcmp (e->head, ELFMAG, SELFMAG) &&
              e->head[EI_CLASS] == (isa->bits == 64 ? ELFCLASS64 : ELFCLASS32) &&
              e->head[EI_DATA] == ELFDATA2LSB && (e->head[18] | e->head[19] << 8) == isa->elf_machine;
  return mine ? KIND_GUEST : KIND_HOST;
}

static bool
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

/* Splits a script's first line as Linux does: an interpreter and at most one argument, which may hold blanks.
 */
static int
parse_script (const Exec *e, char **ret_interp, char **ret_arg)
{
  char line[HEAD_SIZE + 1];
  memcpy (line, e->head, sizeof line);
  char *text = line + 2, *end = memchr (text, '\n', HEAD_SIZE - 2);
  if (!end) {
    /* A name cut off at the end of what is read would be another name. */
    end = line + e->head_size;
    char *name = text + strspn (text, " \t");
    if (e->head_size == HEAD_SIZE && !strpbrk (name, " \t") && strlen (name) == (size_t)(end - name))
      return -ENOEXEC;
  }
  *end = 0;
  while (end > text && is_blank (end[-1]))
    *--end = 0;
  text += strspn (text, " \t");
  if (!*text)
    return -ENOEXEC;
  size_t size = strcspn (text, " \t");
  char *arg = text + size + strspn (text + size, " \t");
  *ret_arg = *arg ? g_strdup (arg) : NULL;
  *ret_interp = g_strndup (text, size);
  return 0;
}

/* Replaces the file by its script's interpreter, which gets the script's name in place of argv[0]. */
static int
enter_script (Exec *e)
{
  char *interp, *arg;
  int error = parse_script (e, &interp, &arg);
  if (error)
    return error;
  /* The interpreter could not open it by name. */
  if (e->from_fd && fcntl (atoi (e->name + strlen ("/dev/fd/")), F_GETFD) & FD_CLOEXEC)
    error = -ENOENT;
  g_ptr_array_remove_index (e->argv, 0);
  g_ptr_array_insert (e->argv, 0, e->name);
  e->script_arg = 1;
  e->script_host = e->host;
  if (arg)
    g_ptr_array_insert (e->argv, 0, own (e, arg)), e->script_arg = 2;
  g_ptr_array_insert (e->argv, 0, own (e, interp));
  e->name = interp;
  e->from_fd = false;
  close (e->fd);
  e->fd = -1;
  if (error)
    return error;
  e->host = own (e, user_path (interp));
  return open_file (e, AT_FDCWD, 0);
}

/* Finds what is wrong with a guest program while the caller can still be told. */
static int
check_guest (const Exec *e)
{
  const GuestIsa *isa = user_process.isa;
  ElfImage image, interp;
  g_autofree char *why = NULL, *interp_why = NULL;
  int error = elf_check_fd (e->fd, isa->bits, isa->elf_machine, user_task_size (), &image, &why);
  if (error || !image.interp)
    return error;
  g_autofree char *path = user_path (image.interp);
  elf_image_clear (&image);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  error = elf_check_fd (fd, isa->bits, isa->elf_machine, user_task_size (), &interp, &interp_why);
  elf_image_clear (&interp);
  close (fd);
  return error == -ENOEXEC ? -ELIBBAD : error;
}

/* A number the guest's own descriptors rarely have, so that the program finds the low ones as they were. */
static int
inheritable_high_fd (int fd)
{
  struct rlimit limit;
  int floor = 200;
  if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 64)
    floor = (int)MIN (limit.rlim_cur, 4096) - 32;
  int high = fcntl (fd, F_DUPFD, floor);
  if (high < 0) /* beyond the limit, or all taken */
    high = fcntl (fd, F_DUPFD, 0);
  return high < 0 ? -errno : high;
}

/* The host's execve, with the signal state the new program inherits. */
static int
host_exec (int dirfd, const char *path, const GPtrArray *argv, char **envp, int flags)
{
  if (!user_signal_before_exec (user_self))
    return -USER_ERESTARTSYS;
  long error = user_safe_syscall6 (SYS_execveat, dirfd, (long)path, (long)argv->pdata, (long)envp, flags, 0);
  user_signal_after_exec_failed (user_self);
  return (int)error;
}

static int
run_guest (Exec *e, char **envp)
{
  int error = check_guest (e);
  if (error)
    return error;
  int fd = inheritable_high_fd (e->fd);
  if (fd < 0)
    return fd;
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_ptr_array_add (argv, own (e, g_strconcat ("vitrine-", user_process.isa->name, NULL)));
  for (char **option = user_exec_options; option && *option; option++)
    g_ptr_array_add (argv, *option);
  char *limits = user_limits_save ();
  if (limits) {
    g_ptr_array_add (argv, (char *)"-limits");
    g_ptr_array_add (argv, own (e, limits));
  }
  g_ptr_array_add (argv, (char *)"-exec-fd");
  g_ptr_array_add (argv, own (e, g_strdup_printf ("%d", fd)));
  g_ptr_array_add (argv, (char *)"-0");
  g_ptr_array_add (argv, e->argv->pdata[0]);
  g_ptr_array_add (argv, e->name);
  /* With the NULL at the end. */
  for (guint i = 1; i < e->argv->len; i++)
    g_ptr_array_add (argv, e->argv->pdata[i]);

  error = host_exec (AT_FDCWD, "/proc/self/exe", argv, envp, 0);
  close (fd);
  return error;
}

static int
run_host (Exec *e, int dirfd, char **envp)
{
  if (e->script_arg)
    e->argv->pdata[e->script_arg] = e->script_host;
  if (e->from_fd)
    return host_exec (dirfd, "", e->argv, envp, AT_EMPTY_PATH);
  return host_exec (e->script_arg ? AT_FDCWD : dirfd, e->host, e->argv, envp, 0);
}

static int
open_first (Exec *e, int dirfd, const char *path, int flags)
{
  if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
    return -EINVAL;
  if (!*path) {
    if (!(flags & AT_EMPTY_PATH))
      return -ENOENT;
    e->from_fd = true;
    e->name = own (e, g_strdup_printf ("/dev/fd/%d", dirfd));
    e->host = e->name;
    return open_descriptor (e, dirfd);
  }
  char buf[PATH_MAX];
  const char *own_file = user_proc_self (path), *host = user_path_at (dirfd, path, buf);
  if (own_file && !strcmp (own_file, "exe"))
    host = user_process.exe_path;
  e->host = own (e, g_strdup (host));
  /* As the kernel names it for the program and its interpreter. */
  bool relative = dirfd != AT_FDCWD && path[0] != '/';
  e->name = own (e, relative ? g_strdup_printf ("/dev/fd/%d/%s", dirfd, path) : g_strdup (path));
  return open_file (e, dirfd, flags);
}

static int
run (Exec *e, int dirfd, char **envp)
{
  for (unsigned scripts = 0;; scripts++) {
    int error = read_head (e);
    if (error)
      return error;
    ExecKind kind = kind_of (e);
    if (kind == KIND_GUEST)
      return run_guest (e, envp);
    if (kind == KIND_HOST)
      return run_host (e, dirfd, envp);
    if (scripts == MAX_SCRIPTS)
      return -ELOOP;
    error = enter_script (e);
    if (error)
      return error;
  }
}

int
user_execve (int dirfd, const char *path, char **argv, char **envp, int flags)
{
  Exec e = { .fd = -1, .argv = g_ptr_array_new (), .owned = g_ptr_array_new_with_free_func (g_free) };
  for (char **arg = argv; arg && *arg; arg++)
    g_ptr_array_add (e.argv, *arg);
  /* Since 5.18 Linux gives a program without arguments an empty name. */
  if (!e.argv->len)
    g_ptr_array_add (e.argv, (char *)"");
  g_ptr_array_add (e.argv, NULL);
  int error = open_first (&e, dirfd, path, flags);
  if (!error)
    error = run (&e, dirfd, envp);
  if (e.fd >= 0)
    close (e.fd);
  g_ptr_array_unref (e.argv);
  g_ptr_array_unref (e.owned);
  return error;
}
