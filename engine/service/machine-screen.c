/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-item.h"

#include "error.h"
#include "machine-start.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Pictures of the screen, and the log. */

#define KEPT_WIDTH  512
#define PICTURE_MAX ((off_t)256 << 20)
#define LOG_MAX     ((gsize)1 << 20)

typedef struct {
  VtMachineItem *item;
  GDBusMethodInvocation *invocation; /* NULL: only to be kept */
  int fd;                            /* the process writes a PPM there */
  unsigned width;
  GBytes *small;
} Shot;

static void
shot_free (Shot *shot)
{
  vt_machine_item_unref (shot->item);
  g_clear_pointer (&shot->small, g_bytes_unref);
  close (shot->fd);
  g_free (shot);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Shot, shot_free)

static void
convert_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Shot *shot = data;
  GError *error = NULL;
  struct stat st;
  /* Sealed, so that it cannot become shorter while it is read. */
  bool sealed = fcntl (shot->fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0;
  void *map = sealed && fstat (shot->fd, &st) == 0 && st.st_size > 0 && st.st_size <= PICTURE_MAX
                  ? mmap (NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, shot->fd, 0)
                  : MAP_FAILED;
  if (map == MAP_FAILED) {
    vt_error_set (&error, VT_ERROR_FAILED, "The machine gave no picture of its screen.", "Try again.");
    g_task_return_error (task, error);
    return;
  }
  GBytes *png = vt_picture_from_ppm (map, (size_t)st.st_size, shot->width, &error);
  shot->small = png && shot->width == KEPT_WIDTH
                    ? g_bytes_ref (png)
                    : vt_picture_from_ppm (map, (size_t)st.st_size, KEPT_WIDTH, NULL);
  munmap (map, (size_t)st.st_size);
  if (png != NULL)
    g_task_return_pointer (task, png, (GDestroyNotify)g_bytes_unref);
  else
    g_task_return_error (task, error);
}

static void
answer (GDBusMethodInvocation *invocation, GBytes *png)
{
  GVariant *bytes = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, png, TRUE);
  g_dbus_method_invocation_return_value (invocation, g_variant_new_tuple (&bytes, 1));
}

static void
on_converted (GObject *source, GAsyncResult *result, gpointer opaque)
{
  g_autoptr (Shot) shot = g_task_get_task_data (G_TASK (result));
  VtMachineItem *item = shot->item;
  GError *error = NULL;
  g_autoptr (GBytes) png = g_task_propagate_pointer (G_TASK (result), &error);
  if (shot->small != NULL && item->process != NULL) {
    g_clear_pointer (&item->screenshot, g_bytes_unref);
    item->screenshot = g_steal_pointer (&shot->small);
  }
  if (shot->invocation == NULL)
    g_clear_error (&error);
  else if (png != NULL)
    answer (shot->invocation, png);
  else
    g_dbus_method_invocation_take_error (shot->invocation, error);
}

static void
on_dumped (GObject *source, GAsyncResult *result, gpointer data)
{
  Shot *shot = data;
  GError *error = NULL;
  g_autoptr (GVariant) reply = vt_process_command_finish (VT_PROCESS (source), result, &error);
  if (error != NULL) {
    vt_error_adopt (&error, "There is no picture of the screen");
    if (shot->invocation != NULL)
      g_dbus_method_invocation_take_error (shot->invocation, error);
    else
      g_error_free (error);
    shot_free (shot);
    return;
  }
  g_autoptr (GTask) task = g_task_new (NULL, NULL, on_converted, NULL);
  /* The thread may be the last to hold the task: the callback frees it. */
  g_task_set_task_data (task, shot, NULL);
  g_task_run_in_thread (task, convert_thread);
}

static void
take_shot (VtMachineItem *item, unsigned width, GDBusMethodInvocation *invocation)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  Shot *shot = g_new0 (Shot, 1);
  *shot = (Shot){ vt_machine_item_ref (item), invocation,
                  memfd_create ("screen", MFD_CLOEXEC | MFD_ALLOW_SEALING), width };
  g_variant_dict_insert (&dict, "filename", "s", VT_COMMAND_FD);
  g_variant_dict_insert (&dict, "format", "s", "ppm");
  if (width != 0)
    g_variant_dict_insert (&dict, "max-width", "u", MAX (width, KEPT_WIDTH));
  vt_process_command (item->process, "screendump", g_variant_dict_end (&dict),
                      fcntl (shot->fd, F_DUPFD_CLOEXEC, 3), NULL, on_dumped, shot);
}

void
vt_machine_item_keep_screen (VtMachineItem *item)
{
  if (item->process != NULL && vt_machine1_get_displays (item->api) > 0)
    take_shot (item, KEPT_WIDTH, NULL);
}

/* What was kept is small already. */
static void
answer_kept (VtMachineItem *item, GDBusMethodInvocation *invocation)
{
  g_autofree char *path = vt_machine_item_file (item, VT_SCREENSHOT_FILE);
  char *data;
  gsize size;
  if (!g_file_get_contents (path, &data, &size, NULL)) {
    GError *error = NULL;
    vt_error_set (&error, VT_ERROR_NOT_FOUND, "There is no picture of the machine's screen.",
                  "Start the machine.");
    g_dbus_method_invocation_take_error (invocation, error);
    return;
  }
  g_autoptr (GBytes) png = g_bytes_new_take (data, size);
  answer (invocation, png);
}

static gboolean
on_screenshot (VtMachine1 *api, GDBusMethodInvocation *invocation, guint max_width, VtMachineItem *item)
{
  if (item->process == NULL) {
    answer_kept (item, invocation);
    return TRUE;
  }
  GError *error = NULL;
  if (vt_machine1_get_displays (api) == 0) {
    vt_error_set (&error, VT_ERROR_NOT_FOUND, "The machine has no display.",
                  "Give it one, and start it again.");
    g_dbus_method_invocation_take_error (invocation, error);
    return TRUE;
  }
  take_shot (item, max_width, invocation);
  return TRUE;
}

/* The end of it, if it is long. */
static gboolean
on_get_log (VtMachine1 *api, GDBusMethodInvocation *invocation, VtMachineItem *item)
{
  g_autofree char *text = vt_machine_log_end (item->folder, LOG_MAX);
  vt_machine1_complete_get_log (api, invocation, text);
  return TRUE;
}

void
vt_machine_screen_connect (VtMachineItem *item)
{
  g_signal_connect (item->api, "handle-screenshot", G_CALLBACK (on_screenshot), item);
  g_signal_connect (item->api, "handle-get-log", G_CALLBACK (on_get_log), item);
}
