/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Images below an image. An image's header names the one below it, but the guest's machine may write the
 * header: what it may name is in the machine's settings. */

#include "machine-start.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A qcow2 image's header and all that belongs to it lie in its first cluster. */
#define CLUSTER_MAX ((uint64_t)2 << 20)

enum { VERSION_2_HEADER = 72, VERSION_3_HEADER = 104, FORMAT_EXTENSION = 0xe2792aca, CHAIN_MAX = 64 };

/* Whether an extension of the header says that what is below has the format "raw". */
static bool
below_is_raw (int fd, uint64_t at, uint64_t end)
{
  g_autofree uint8_t *bytes = g_malloc0 (end + 16);
  const ssize_t n = pread (fd, bytes, end, 0);
  bool raw = false;
  while (n > 0 && at + 8 <= (uint64_t)n) {
    uint32_t type, length;
    memcpy (&type, bytes + at, 4);
    memcpy (&length, bytes + at + 4, 4);
    length = GUINT32_FROM_BE (length);
    if (type == 0 || length > (uint64_t)n - at - 8)
      break;
    raw |= GUINT32_FROM_BE (type) == FORMAT_EXTENSION && length == 3 && !memcmp (bytes + at + 8, "raw", 3);
    at += 8 + ((uint64_t)length + 7) / 8 * 8;
  }
  return raw;
}

/* What the header of a qcow2 image names as the image below it; NULL: none. The header is data of others:
 * only its length and place are believed. `ret_raw`: what is below is a disk's bytes, whatever they look
 * like. */
static char *
backing_of (int fd, bool *ret_raw)
{
  uint8_t head[VERSION_3_HEADER];
  char name[1024];
  uint64_t offset;
  uint32_t size, version, header;
  *ret_raw = false;
  if (pread (fd, head, sizeof head, 0) != sizeof head || memcmp (head, "QFI\xfb", 4) != 0)
    return NULL;
  memcpy (&offset, head + 8, 8);
  memcpy (&size, head + 16, 4);
  memcpy (&version, head + 4, 4);
  memcpy (&header, head + 100, 4);
  header =
      GUINT32_FROM_BE (version) == 2 ? VERSION_2_HEADER : MAX (GUINT32_FROM_BE (header), VERSION_3_HEADER);
  offset = GUINT64_FROM_BE (offset);
  size = GUINT32_FROM_BE (size);
  if (offset == 0 || offset > CLUSTER_MAX || size == 0 || size >= sizeof name ||
      pread (fd, name, size, (off_t)offset) != (ssize_t)size)
    return NULL;
  name[size] = '\0';
  *ret_raw = below_is_raw (fd, header, offset);
  return g_strdup (g_str_has_prefix (name, "file:") ? name + 5 : name);
}

/* Where that is, named so by the image at `path`. */
static char *
below_of (const char *path, const char *name)
{
  g_autofree char *folder = g_path_get_dirname (path);
  return g_path_is_absolute (name) ? g_strdup (name) : g_build_filename (folder, name, NULL);
}

static char **
read_chain (const char *first)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autofree char *path = g_strdup (first);
  bool raw = false;
  for (unsigned depth = 0; path != NULL && !raw && depth < CHAIN_MAX; depth++) {
    const int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    g_autofree char *name = fd >= 0 ? backing_of (fd, &raw) : NULL;
    char *below = name ? below_of (path, name) : NULL;
    if (fd >= 0)
      close (fd);
    if (name)
      g_strv_builder_add (names, name);
    g_free (path);
    path = below;
  }
  return g_strv_builder_end (names);
}

static const VtConfDisk *
find_disk (const VtConf *conf, const VtConfDisk *wanted)
{
  for (unsigned i = 0; conf != NULL && i < conf->disks->len; i++) {
    const VtConfDisk *disk = conf->disks->pdata[i];
    if (strcmp (disk->id, wanted->id) == 0 && strcmp (disk->file, wanted->file) == 0)
      return disk;
  }
  return NULL;
}

void
vt_conf_note_chains (VtConf *conf, const VtConf *before, const char *folder)
{
  for (unsigned i = 0; i < conf->disks->len; i++) {
    VtConfDisk *disk = conf->disks->pdata[i];
    if (*disk->file == '\0' || strcmp (disk->format, "qcow2") != 0 || find_disk (before, disk) ||
        (disk->backing && disk->backing[0]))
      continue;
    g_autofree char *path =
        g_path_is_absolute (disk->file) ? g_strdup (disk->file) : g_build_filename (folder, disk->file, NULL);
    g_strfreev (disk->backing);
    disk->backing = read_chain (path);
  }
}

/* Whether the settings have this name at this depth; an error says how they would. */
static bool
check_backing (const VtConfDisk *disk, unsigned depth, const char *path, const char *name, GError **error)
{
  if (disk->backing && depth < g_strv_length (disk->backing) && strcmp (disk->backing[depth], name) == 0)
    return true;
  g_auto (GStrv) all = g_new0 (char *, depth + 2);
  for (unsigned i = 0; i < depth; i++)
    all[i] = g_strdup (disk->backing[i]);
  all[depth] = g_strdup (name);
  g_autofree char *list = g_strjoinv (";", all);
  g_autofree char *cause = g_strdup_printf ("“%s” needs the image “%s”, which the machine's settings do not "
                                            "know of: the guest may have written that.",
                                            path, name);
  g_autofree char *remedy = g_strdup_printf (
      "If it was you, write backing=%s below [disk %s] in the machine's " VT_CONF_FILE ".", list, disk->id);
  vt_error_set (error, VT_ERROR_BAD_MEDIA, cause, remedy);
  return false;
}

static int
open_image (const char *path, int flags, GError **error)
{
  struct stat st;
  const int fd = open (path, flags | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
    vt_error_adopt (error, "A file of the machine could not be opened");
  } else if (fstat (fd, &st) < 0 || !(S_ISREG (st.st_mode) || S_ISBLK (st.st_mode))) {
    close (fd);
    g_autofree char *cause = g_strdup_printf ("“%s” is neither a file nor a disk.", path);
    vt_error_set (error, VT_ERROR_BAD_MEDIA, cause, "Choose another file.");
    return -1;
  }
  return fd;
}

bool
vt_disk_open_chain (const VtConfDisk *disk, const char *first, int flags,
                    void (*take) (void *opaque, const char *path, int fd), void *opaque, GError **error)
{
  g_autofree char *path = g_strdup (first);
  for (unsigned depth = 0; path != NULL && depth < CHAIN_MAX; depth++) {
    bool raw = false;
    const int fd = open_image (path, depth ? O_RDONLY : flags, error);
    g_autofree char *name = fd >= 0 && disk ? backing_of (fd, &raw) : NULL;
    if (fd < 0)
      return false;
    if (name && !check_backing (disk, depth, path, name, error)) {
      close (fd);
      return false;
    }
    char *next = name ? below_of (path, name) : NULL;
    take (opaque, path, fd);
    if (raw)
      disk = NULL;
    g_free (path);
    path = next;
  }
  return true;
}
