/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The order in which a file is taken for one thing or another: what is surest first. */

#include "media-private.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

void
probe_remark (Probe *probe, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  for (guint i = 0; i < probe->remarks->len; i++) {
    if (!strcmp (text, probe->remarks->pdata[i]))
      return;
  }
  g_ptr_array_add (probe->remarks, g_steal_pointer (&text));
}

char *
probe_printable (const char *text, size_t size)
{
  g_autofree char *valid = g_utf8_make_valid (text, (gssize)size);
  GString *out = g_string_new (NULL);
  for (const char *c = valid; *c; c = g_utf8_next_char (c)) {
    gunichar character = g_utf8_get_char (c);
    g_string_append_unichar (out, g_unichar_iscntrl (character) ? ' ' : character);
  }
  return g_string_free (out, FALSE);
}

char *
probe_size (uint64_t size)
{
  return g_format_size_full (size, G_FORMAT_SIZE_LONG_FORMAT | G_FORMAT_SIZE_IEC_UNITS);
}

/* ---- Kinds ---- */

static bool
is_iso (const View *view)
{
  uint8_t head[6];
  /* Of UDF alone, the recognition sequence begins with BEA01. */
  return view_read_all (view, 16 * ISO_SECTOR, head, sizeof head) &&
         (!memcmp (head + 1, "CD001", 5) || !memcmp (head + 1, "BEA01", 5));
}

static bool
probe_kernel (Probe *probe, const View *view)
{
  MediaInfo *info = probe->info;
  g_autofree uint8_t *head = g_malloc (KERNEL_HEAD);
  KernelKind kind;
  if (!kernel_recognise (head, view_read (view, 0, head, KERNEL_HEAD), &kind) ||
      (!kind.kernel && kind.packed))
    return false;
  info->format = kind.packed ? g_strconcat (kind.format, ".gz", NULL) : g_strdup (kind.format);
  if (!kind.kernel) {
    probe_remark (probe, "This is a program%s%s, neither a disk image nor a kernel. Choose another file.",
                  kind.arch ? " for " : "", kind.arch ? arch_name (kind.arch) : "");
    return true;
  }
  info->kind = MEDIA_KERNEL;
  info->boot = MEDIA_BOOT_KERNEL;
  if (kind.arch)
    probe_evidence (probe, kind.arch, EVIDENCE_KERNEL);
  return true;
}

static void
probe_disk (Probe *probe, const View *view)
{
  if (filesystem_probe (probe, view, true))
    return;
  if (disk_probe (probe, view)) {
    probe->info->kind = MEDIA_DISK;
    probe->info->disk_size = view->size;
    if (!probe->info->format)
      probe->info->format = g_strdup ("raw");
    return;
  }
  filesystem_probe (probe, view, false);
}

/* The formats of other rooms' images are theirs to read: a damaged image is refused there. */
static bool
probe_qcow2 (Probe *probe, const View *file)
{
  uint8_t head[32];
  if (!view_read_all (file, 0, head, sizeof head) || memcmp (head, "QFI\xfb", 4) || be32 (head + 4) < 2)
    return false;
  MediaInfo *info = probe->info;
  info->kind = MEDIA_DISK;
  info->format = g_strdup ("qcow2");
  info->disk_size = be64 (head + 24);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", probe->input.fd);
  const BlockOptions options = {
    .format = "qcow2", .read_only = true, .force_share = true, .no_backing = true
  };
  Block *block = block_open (path, &options, &error);
  if (!block) {
    probe_remark (probe, "It cannot be looked into: %s", error->message);
    return true;
  }
  info->disk_size = block_size (block);
  View disk = { .input = &probe->input, .block = block, .size = block_size (block) };
  disk_probe (probe, &disk);
  block_close (block);
  if (be64 (head + 8))
    probe_remark (probe, "It needs another image, its backing file, which has to stay in its place.");
  return true;
}

static bool
is_blank (const View *view)
{
  uint8_t bytes[4096];
  for (uint64_t at = 0; at < 65536; at += sizeof bytes) {
    size_t n = view_read (view, at, bytes, sizeof bytes);
    for (size_t i = 0; i < n; i++) {
      if (bytes[i])
        return false;
    }
  }
  return true;
}

static void
probe_all (Probe *probe, const View *view)
{
  MediaInfo *info = probe->info;
  if (!view->size) {
    probe_remark (probe, "The file is empty. If it was downloaded, download it again.");
  } else if (is_iso (view)) {
    iso_probe (probe, view);
  } else if (!probe_qcow2 (probe, view) && !probe_kernel (probe, view) && !formats_probe (probe, view) &&
             !firmware_probe (probe, view)) {
    probe_disk (probe, view);
    if (info->kind == MEDIA_UNKNOWN && is_blank (view))
      probe_remark (
          probe,
          "It begins with nothing but zeroes: an empty disk image, or a download that did not finish.");
    else if (info->kind == MEDIA_UNKNOWN && !text_probe (probe, view))
      probe_remark (
          probe,
          "Nothing in it tells what it is: no boot record, no file system and no format that is known.");
  }
}

/* ---- The file ---- */

static bool
file_size (int fd, uint64_t *ret_size, GError **error)
{
  struct stat stat;
  if (fstat (fd, &stat) < 0) {
    int code = errno;
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "The file cannot be read: %s.",
                 g_strerror (code));
    return false;
  }
  if (S_ISDIR (stat.st_mode)) {
    g_set_error_literal (
        error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY,
        "This is a folder, not a file. Choose an ISO image, a disk image or a kernel in it.");
    return false;
  }
  if (S_ISBLK (stat.st_mode) && ioctl (fd, BLKGETSIZE64, ret_size) == 0)
    return true;
  if (!S_ISREG (stat.st_mode)) {
    g_set_error_literal (
        error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
        "This is neither a regular file nor a disk. Choose an ISO image, a disk image or a kernel.");
    return false;
  }
  *ret_size = (uint64_t)stat.st_size;
  return true;
}

/* A failure at the very beginning is the file's; one further on leaves something to tell. */
static bool
check_input (Probe *probe, GError **error)
{
  Input *input = &probe->input;
  if (input->cancelled) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Looking at the file was cancelled.");
    return false;
  }
  if (input->error && !input->error_at) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (input->error),
                 "The file cannot be read: %s. Check its permissions and the disk that it is on.",
                 g_strerror (input->error));
    return false;
  }
  if (input->error)
    probe_remark (probe, "The file cannot be read at byte %" PRIu64 ": %s.", input->error_at,
                  g_strerror (input->error));
  if (input->damaged)
    probe_remark (probe, "The image is damaged. See what is wrong with it: vitrine-img check FILE");
  if (input->exhausted)
    probe_remark (probe, "Its structure is so unusual that it was not looked at to the end.");
  return true;
}

MediaInfo *
media_probe (int fd, GCancellable *cancellable, GError **error)
{
  g_autoptr (MediaInfo) info = g_new0 (MediaInfo, 1);
  if (!file_size (fd, &info->size, error))
    return NULL;
  g_autofree Probe *probe = g_new0 (Probe, 1);
  probe->info = info;
  probe->remarks = g_ptr_array_new_with_free_func (g_free);
  probe->input.fd = fd;
  probe->input.left = MEDIA_BYTES_MAX;
  probe->input.cancellable = cancellable;
  View view = { .input = &probe->input, .size = info->size };
  probe_all (probe, &view);
  probe_conclude (probe);
  bool ok = check_input (probe, error);
  g_ptr_array_add (probe->remarks, NULL);
  info->remarks = (char **)g_ptr_array_free (probe->remarks, FALSE);
  return ok ? g_steal_pointer (&info) : NULL;
}
