/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-item.h"

#include "error.h"

#include <json-glib/json-glib.h>
#include <string.h>
#include <unistd.h>

/* Images are handled by vitrine-img, in a process of its own: images that people bring are hostile. */

#define IMAGE_FD   3
#define IMAGE_PATH "/proc/self/fd/3"

/* `fd` (-1: none) becomes the process's descriptor 3. */
static GSubprocess *
run_img (int fd, const char *const *argv, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autofree char *program = vt_program_find ("vitrine-img");
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_strv_builder_add (builder, program);
  g_strv_builder_addv (builder, (const char **)argv);
  g_auto (GStrv) all = g_strv_builder_end (builder);
  vt_launcher_bind (launcher);
  if (fd >= 0)
    g_subprocess_launcher_take_fd (launcher, dup (fd), IMAGE_FD);
  return g_subprocess_launcher_spawnv (launcher, (const char *const *)all, error);
}

/* The message vitrine-img printed, without its own name, and without ours for the image. */
static void
set_img_error (const char *text, const char *name, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text ? text : "", "\n", 2);
  const char *line = lines[0] && *lines[0] ? lines[0] : "vitrine-img ended without a word";
  if (g_str_has_prefix (line, "vitrine-img: "))
    line += strlen ("vitrine-img: ");
  GString *message = g_string_new (line);
  g_string_replace (message, IMAGE_PATH, name, 0);
  int code = strstr (line, "No space left") ? G_IO_ERROR_NO_SPACE
             : strstr (line, "lock")        ? G_IO_ERROR_BUSY
                                            : G_IO_ERROR_INVALID_DATA;
  g_set_error_literal (error, G_IO_ERROR, code, message->str);
  g_string_free (message, TRUE);
}

bool
vt_disk_create (const char *path, const char *format, uint64_t size, GError **error)
{
  g_autofree char *bytes = g_strdup_printf ("%" G_GUINT64_FORMAT, size), *base = g_path_get_basename (path);
  const char *const argv[] = { "create", "-q", "-f", format, path, bytes, NULL };
  g_autoptr (GSubprocess) process = run_img (-1, argv, error);
  g_autofree char *errors = NULL;
  if (process != NULL && g_subprocess_communicate_utf8 (process, NULL, NULL, NULL, &errors, error) &&
      !g_subprocess_get_successful (process))
    set_img_error (errors, base, error);
  bool good =
      process != NULL && g_subprocess_get_if_exited (process) && g_subprocess_get_successful (process);
  if (!good)
    vt_error_adopt (error, "The disk could not be made");
  return good;
}

static char *
read_info (const char *text, bool in_place, uint64_t *ret_size, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  if (!json_parser_load_from_data (parser, text, -1, error))
    return NULL;
  JsonNode *root = json_parser_get_root (parser);
  JsonObject *info = root && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  const char *format = info ? json_object_get_string_member_with_default (info, "format", NULL) : NULL;
  if (format == NULL) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "its format is not known");
    return NULL;
  }
  if (!in_place && json_object_has_member (info, "backing-filename")) {
    vt_error_set (error, VT_ERROR_NOT_SUPPORTED, "The image is a layer on top of another one.",
                  "Make one image of both first: vitrine-img convert -O qcow2 IMAGE WHOLE.");
    return NULL;
  }
  *ret_size = (uint64_t)json_object_get_int_member_with_default (info, "virtual-size", 0);
  return g_strdup (format);
}

char *
vt_disk_probe (int fd, const char *name, bool in_place, uint64_t *ret_size, GCancellable *cancellable,
               GError **error)
{
  static const char *const argv[] = { "info", "-U", "--output=json", IMAGE_PATH, NULL };
  g_autoptr (GSubprocess) process = run_img (fd, argv, error);
  g_autofree char *output = NULL, *errors = NULL, *format = NULL;
  if (process != NULL &&
      g_subprocess_communicate_utf8 (process, NULL, cancellable, &output, &errors, error)) {
    if (g_subprocess_get_successful (process))
      format = read_info (output, in_place, ret_size, error);
    else
      set_img_error (errors, name, error);
  }
  if (process != NULL)
    g_subprocess_force_exit (process);
  vt_error_adopt (error, "The image cannot be used");
  return g_steal_pointer (&format);
}

/* "    (12.34/100%)" and a carriage return, again and again. */
static bool
follow (GSubprocess *process, void (*report) (void *, double), void *opaque, GCancellable *cancellable,
        GError **error)
{
  GInputStream *output = g_subprocess_get_stdout_pipe (process);
  char buffer[256];
  for (;;) {
    gssize n = g_input_stream_read (output, buffer, sizeof buffer - 1, cancellable, error);
    if (n <= 0)
      return n == 0;
    buffer[n] = '\0';
    const char *last = strrchr (buffer, '(');
    if (last != NULL && strchr (last, '/') != NULL)
      report (opaque, CLAMP (g_ascii_strtod (last + 1, NULL) / 100, 0, 1));
  }
}

bool
vt_disk_convert (int fd, const char *format, const char *to, const char *to_format,
                 void (*report) (void *, double), void *opaque, GCancellable *cancellable, GError **error)
{
  const char *const argv[] = { "convert", "-p", "-f", format, "-O", to_format, IMAGE_PATH, to, NULL };
  g_autoptr (GSubprocess) process = run_img (fd, argv, error);
  bool good = process != NULL && follow (process, report, opaque, cancellable, error);
  if (process != NULL && !good)
    g_subprocess_force_exit (process);
  if (process != NULL)
    g_subprocess_wait (process, NULL, NULL);
  if (good && !g_subprocess_get_successful (process)) {
    g_autoptr (GBytes) errors =
        g_input_stream_read_bytes (g_subprocess_get_stderr_pipe (process), 4096, NULL, NULL);
    gsize size = 0;
    const char *data = errors ? g_bytes_get_data (errors, &size) : NULL;
    g_autofree char *text = g_utf8_make_valid (data ? data : "", data ? (gssize)size : 0);
    set_img_error (text, "the image", error);
    good = false;
  }
  if (!good)
    vt_error_adopt (error, "The image could not be imported");
  return good;
}
