/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "user-path.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* As many as Linux follows. */
#define MAX_LINKS 40

static char *prefix; /* absolute, without a final slash; NULL: none */
static size_t prefix_size;

void
user_path_init (const char *sysroot)
{
  g_clear_pointer (&prefix, g_free);
  if (sysroot && *sysroot) {
    prefix = g_canonicalize_filename (sysroot, NULL);
    if (!strcmp (prefix, "/"))
      g_clear_pointer (&prefix, g_free);
  }
  prefix_size = prefix ? strlen (prefix) : 0;
}

/* These are the host's in any case: what the sysroot might hold there cannot be what the program looks for.
 */
static bool
is_kernel_tree (const char *path)
{
  static const char *const trees[] = { "/proc", "/sys", "/dev" };
  for (unsigned i = 0; i < G_N_ELEMENTS (trees); i++) {
    size_t n = strlen (trees[i]);
    if (!strncmp (path, trees[i], n) && (path[n] == '/' || !path[n]))
      return true;
  }
  return false;
}

/* Writes the name below DIR to `buf`; false if the path does not belong there. */
static bool
add_prefix (const char *guest_path, char buf[PATH_MAX])
{
  if (!prefix || guest_path[0] != '/' || !guest_path[1] || is_kernel_tree (guest_path))
    return false;
  /* A path already below the sysroot names itself. */
  if (!strncmp (guest_path, prefix, prefix_size) &&
      (guest_path[prefix_size] == '/' || !guest_path[prefix_size]))
    return false;
  size_t size = strlen (guest_path) + 1;
  if (prefix_size + size > PATH_MAX)
    return false;
  memcpy (buf, prefix, prefix_size);
  memcpy (buf + prefix_size, guest_path, size);
  return true;
}

/* Puts a link's relative target in place of its last component. */
static bool
replace_last (char buf[PATH_MAX], const char *target)
{
  char *slash = strrchr (buf, '/');
  size_t dir_size = (size_t)(slash - buf) + 1, size = strlen (target) + 1;
  if (!slash[1] || dir_size + size > PATH_MAX)
    return false;
  memcpy (slash + 1, target, size);
  return true;
}

const char *
user_path_at_nofollow (int dirfd, const char *guest_path, char buf[PATH_MAX])
{
  if (!add_prefix (guest_path, buf))
    return guest_path;
  return faccessat (AT_FDCWD, buf, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? buf : guest_path;
}

const char *
user_path_at (int dirfd, const char *guest_path, char buf[PATH_MAX])
{
  char target[PATH_MAX];
  if (!add_prefix (guest_path, buf))
    return guest_path;
  for (unsigned links = 0; links < MAX_LINKS; links++) {
    /* One call tells a link, something else (EINVAL) and nothing apart. */
    ssize_t n = readlink (buf, target, sizeof target - 1);
    if (n < 0)
      return errno == EINVAL || links ? buf : guest_path;
    target[n] = 0;
    if (target[0] != '/') {
      if (!replace_last (buf, target))
        return buf;
      continue;
    }
    if (!add_prefix (target, buf)) {
      /* To the kernel's own files, or already with the sysroot's name. */
      memcpy (buf, target, (size_t)n + 1);
      return buf;
    }
    if (faccessat (AT_FDCWD, buf, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
      memcpy (buf, target, (size_t)n + 1);
      return buf;
    }
  }
  return buf;
}

char *
user_path (const char *guest_path)
{
  char buf[PATH_MAX];
  return g_strdup (user_path_at (AT_FDCWD, guest_path, buf));
}

const char *
user_path_to_guest (const char *host_path)
{
  if (prefix && !strncmp (host_path, prefix, prefix_size) && host_path[prefix_size] == '/')
    return host_path + prefix_size;
  return host_path;
}
