/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-item.h"

#include "architecture.h"
#include "error.h"
#include "firmware.h"
#include "machine-start.h"
#include "replace-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* EFI firmware keeps its variables with the machine, in a flash bank. Nearly all of it is empty, and takes no
 * space. */

enum { BLOCK = 4096 };

static bool
write_block (int fd, const char *data, size_t size, off_t at)
{
  if (data[0] == 0 && memcmp (data, data + 1, size - 1) == 0)
    return true;
  while (size > 0) {
    const ssize_t n = pwrite (fd, data, size, at);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    data += n;
    size -= (size_t)n;
    at += n;
  }
  return true;
}

/* As large as the bank: a template may be smaller. */
static bool
write_bank (const char *path, const char *data, size_t size, uint64_t bank)
{
  const int fd = g_open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool good = fd >= 0 && ftruncate (fd, (off_t)MAX (bank, size)) == 0;
  for (size_t at = 0; good && at < size; at += BLOCK)
    good = write_block (fd, data + at, MIN (BLOCK, size - at), (off_t)at);
  good = good && fsync (fd) == 0;
  const int saved = errno;
  if (fd >= 0)
    close (fd);
  errno = saved;
  return good;
}

/* The file appears whole, or not at all. */
static bool
make_bank (const char *path, const char *template, uint64_t bank, GError **error)
{
  g_autofree char *fresh = vt_replacement_of (path);
  g_autoptr (GMappedFile) file = g_mapped_file_new (template, FALSE, error);
  if (file == NULL)
    return false;
  g_unlink (fresh);
  const bool good =
      write_bank (fresh, g_mapped_file_get_contents (file), g_mapped_file_get_length (file), bank) &&
      g_rename (fresh, path) == 0;
  if (!good) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
    g_unlink (fresh);
  }
  return good;
}

bool
vt_efi_variables_make (const VtConf *conf, const char *folder, GError **error)
{
  const VtArchitecture *architecture = vt_architecture_find (conf->architecture);
  g_autofree char *path = g_build_filename (folder, VT_EFI_FILE, NULL);
  g_autoptr (GError) problem = NULL;
  if (strcmp (conf->firmware, "efi") != 0 || g_file_test (path, G_FILE_TEST_EXISTS))
    return true;
  g_autofree char *template = firmware_find_installed (architecture->efi_variables, &problem);
  if (template == NULL) {
    g_autofree char *remedy = g_strdelimit (g_strdup (problem->message), "\n", ' ');
    vt_error_set (error, VT_ERROR_NOT_FOUND, "EFI firmware for this machine is not installed.", remedy);
    return false;
  }
  const bool good = make_bank (path, template, architecture->flash_size, error);
  vt_error_adopt (error, "The firmware's settings could not be made");
  return good;
}
