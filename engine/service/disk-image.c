/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-item.h"

#include "error.h"
#include "machine-start.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <unistd.h>

/* Images are handled by vitrine-img, in a process of its own: images that people bring are hostile. It gets
 * its files as descriptors and opens nothing itself, whatever an image names, now or a moment later. */

/* What an image is called whose name is nobody's business: its process's first descriptor. */
#define FIRST_FD 3
#define IMAGE    "/proc/self/fd/3"

enum { OUTPUT_MAX = 1 << 20, ERRORS_MAX = 4096 };

/* ---- The process ---- */

typedef struct {
  GSubprocessLauncher *launcher;
  GPtrArray *argv;
  int next; /* the number of its next descriptor */
} Img;

static Img
img_new (void)
{
  const GSubprocessFlags flags = G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE;
  Img img = { g_subprocess_launcher_new (flags), g_ptr_array_new_with_free_func (g_free), FIRST_FD };
  vt_launcher_bind (img.launcher);
  g_ptr_array_add (img.argv, vt_program_find ("vitrine-img"));
  return img;
}

/* Takes `fd`, which is the file that the process knows as `path`. */
static void
give (void *opaque, const char *path, int fd)
{
  Img *img = opaque;
  g_autofree char *escaped = vt_escape_commas (path);
  g_ptr_array_add (img->argv, g_strdup ("--add-file"));
  g_ptr_array_add (img->argv, g_strdup_printf ("path=%s,fd=%d", escaped, img->next));
  g_subprocess_launcher_take_fd (img->launcher, fd, img->next++);
}

/* Opened anew, so that locks are not shared with whoever has given it to us. */
static bool
give_image (Img *img, int fd, GError **error)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  const int copy = g_open (link, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
  if (copy < 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s", g_strerror (errno));
    return false;
  }
  give (img, IMAGE, copy);
  return true;
}

/* A file that is not there yet. */
static bool
give_target (Img *img, const char *path, GError **error)
{
  const int fd = g_open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
    return false;
  }
  give (img, path, fd);
  return true;
}

/* Frees `img`; NULL when the words are. */
static GSubprocess *
run (Img *img, const char *const *words, GError **error)
{
  for (unsigned i = 0; words != NULL && words[i] != NULL; i++)
    g_ptr_array_add (img->argv, g_strdup (words[i]));
  g_ptr_array_add (img->argv, NULL);
  const char *const *argv = (const char *const *)img->argv->pdata;
  GSubprocess *process = words ? g_subprocess_launcher_spawnv (img->launcher, argv, error) : NULL;
  g_subprocess_launcher_close (img->launcher);
  g_clear_object (&img->launcher);
  g_clear_pointer (&img->argv, g_ptr_array_unref);
  return process;
}

/* The message vitrine-img printed, without its own name, and with the image's for ours. */
static void
set_img_error (const char *text, const char *name, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", 2);
  const char *line = lines[0] && *lines[0] ? lines[0] : "vitrine-img ended without a word";
  if (g_str_has_prefix (line, "vitrine-img: "))
    line += strlen ("vitrine-img: ");
  GString *message = g_string_new (line);
  g_string_replace (message, IMAGE, name, 0);
  int code = strstr (line, "No space left") ? G_IO_ERROR_NO_SPACE
             : strstr (line, "lock")        ? G_IO_ERROR_BUSY
                                            : G_IO_ERROR_INVALID_DATA;
  g_set_error_literal (error, G_IO_ERROR, code, message->str);
  g_string_free (message, TRUE);
}

/* Takes `process`, whose output was read well if `good`. One that an image has taken over may not end by
 * itself, and may write without end. */
static bool
finish (GSubprocess *process, bool good, const char *name, GCancellable *cancellable, GError **error)
{
  char text[ERRORS_MAX];
  gsize size = 0;
  good = good && g_input_stream_read_all (g_subprocess_get_stderr_pipe (process), text, sizeof text, &size,
                                          cancellable, error);
  good = good && size < sizeof text && g_subprocess_wait (process, cancellable, error) &&
         g_subprocess_get_successful (process);
  if (!good && (error == NULL || *error == NULL)) {
    g_autofree char *valid = g_utf8_make_valid (text, (gssize)size);
    set_img_error (valid, name, error);
  }
  g_subprocess_force_exit (process);
  g_object_unref (process);
  return good;
}

/* ---- What it is asked to do ---- */

bool
vt_disk_create (const char *path, const char *format, uint64_t size, GError **error)
{
  g_autofree char *bytes = g_strdup_printf ("%" G_GUINT64_FORMAT, size), *base = g_path_get_basename (path);
  const char *const words[] = { "create", "-q", "-f", format, path, bytes, NULL };
  Img img = img_new ();
  const bool given = give_target (&img, path, error);
  GSubprocess *process = run (&img, given ? words : NULL, error);
  const bool good = process != NULL && finish (process, true, base, NULL, error);
  if (given && !good)
    g_unlink (path);
  vt_error_adopt (error, "The disk could not be made");
  return good;
}

static const char *
text_member (JsonObject *object, const char *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;
  return node && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;
}

static char *
read_info (const char *text, bool in_place, GError **error)
{
  g_autoptr (JsonNode) root = json_from_string (text, error);
  JsonObject *info = root && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  const char *format = text_member (info, "format");
  if (format == NULL) {
    g_clear_error (error);
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "its format is not known");
    return NULL;
  }
  if (!in_place && json_object_has_member (info, "backing-filename")) {
    vt_error_set (error, VT_ERROR_NOT_SUPPORTED, "The image is a layer on top of another one.",
                  "Make one image of both first: vitrine-img convert -O qcow2 IMAGE WHOLE.");
    return NULL;
  }
  return g_strdup (format);
}

char *
vt_disk_probe (int fd, const char *name, bool in_place, GCancellable *cancellable, GError **error)
{
  static const char *const words[] = { "info", "-U", "--output=json", IMAGE, NULL };
  g_autofree char *output = g_malloc0 (OUTPUT_MAX + 1), *format = NULL;
  gsize size;
  Img img = img_new ();
  const bool given = give_image (&img, fd, error);
  GSubprocess *process = run (&img, given ? words : NULL, error);
  const bool good =
      process != NULL && g_input_stream_read_all (g_subprocess_get_stdout_pipe (process), output, OUTPUT_MAX,
                                                  &size, cancellable, error);
  if (process != NULL && finish (process, good, name, cancellable, error))
    format = read_info (output, in_place, error);
  vt_error_adopt (error, "The image cannot be used");
  return g_steal_pointer (&format);
}

/* "    (12.34/100%)" and a carriage return, again and again. */
static bool
follow (GSubprocess *process, const VtDiskProgress *progress, GError **error)
{
  GInputStream *output = g_subprocess_get_stdout_pipe (process);
  char buffer[256];
  for (;;) {
    gssize n = g_input_stream_read (output, buffer, sizeof buffer - 1, progress->cancellable, error);
    if (n <= 0)
      return n == 0;
    buffer[n] = '\0';
    const char *last = strrchr (buffer, '(');
    if (last != NULL && strchr (last, '/') != NULL)
      progress->report (progress->opaque, CLAMP (g_ascii_strtod (last + 1, NULL) / 100, 0, 1));
  }
}

/* Frees `img`, which has the image and what is below it, if `given`. */
static bool
convert (Img *img, bool given, const char *image, const char *format, const char *to, const char *to_format,
         const VtDiskProgress *progress, GError **error)
{
  const char *const words[] = { "convert", "-p", "-f", format, "-O", to_format, image, to, NULL };
  const bool made = given && give_target (img, to, error);
  GSubprocess *process = run (img, made ? words : NULL, error);
  const bool good = process != NULL && finish (process, follow (process, progress, error), "the image",
                                               progress->cancellable, error);
  if (made && !good)
    g_unlink (to);
  return good;
}

bool
vt_disk_convert (int fd, const char *format, const char *to, const char *to_format,
                 const VtDiskProgress *progress, GError **error)
{
  Img img = img_new ();
  const bool given = give_image (&img, fd, error);
  const bool good = convert (&img, given, IMAGE, format, to, to_format, progress, error);
  if (!good)
    vt_error_adopt (error, "The image could not be imported");
  return good;
}

bool
vt_disk_flatten (const VtConfDisk *disk, const char *to, const VtDiskProgress *progress, GError **error)
{
  Img img = img_new ();
  const bool given = vt_disk_open_chain (disk, disk->file, O_RDONLY, give, &img, error);
  const bool good = convert (&img, given, disk->file, disk->format, to, disk->format, progress, error);
  if (!good)
    vt_error_adopt (error, "A layered image could not be copied");
  return good;
}
