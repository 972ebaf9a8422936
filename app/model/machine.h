/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One machine as the app sees it: the engine's properties as GObject properties, its methods as asynchronous
 * calls. */

#include <gio/gio.h>

#define VT_TYPE_MACHINE (vt_machine_get_type ())
G_DECLARE_FINAL_TYPE (VtMachine, vt_machine, VT, MACHINE, GObject)

typedef enum {
  VT_MACHINE_OFF,
  VT_MACHINE_STARTING,
  VT_MACHINE_RUNNING,
  VT_MACHINE_PAUSED,
  VT_MACHINE_STOPPING,
  VT_MACHINE_SAVING,
  VT_MACHINE_SAVED,
  VT_MACHINE_CRASHED,
  VT_MACHINE_BROKEN,
} VtMachineState;
#define VT_TYPE_MACHINE_STATE (vt_machine_state_get_type ())
GType vt_machine_state_get_type (void);

/* Properties, all read-only and notified: "uuid", "name", "state" (VtMachineState), "state-text"
 * (translated), "state-reason", "architecture", "os-id", "os-name", "group", "autostart", "folder",
 * "settings" (GVariant a{sv}), "pending" (GStrv), "media" (GVariant a{ss}), "displays" (guint), "consoles"
 * (GStrv), "thumbnail" (GdkPaintable, or NULL), "alive" (a process runs for it), "gone" (it was deleted). */
const char *vt_machine_get_uuid (VtMachine *machine);
const char *vt_machine_get_name (VtMachine *machine);
VtMachineState vt_machine_get_state (VtMachine *machine);
const char *vt_machine_get_state_reason (VtMachine *machine);
gboolean vt_machine_is_alive (VtMachine *machine);
GVariant *vt_machine_get_settings (VtMachine *machine); /* a new reference */
const char *vt_machine_get_object_path (VtMachine *machine);

/* While held, "thumbnail" is brought up to date every few seconds (it is the list's, when the list is seen).
 */
void vt_machine_hold_thumbnail (VtMachine *machine);
void vt_machine_release_thumbnail (VtMachine *machine);

/* A method of org.vitrine.Machine1 without a result or with a job as its result: "Start", "Shutdown", "Save",
 * "Delete", … (floating arguments are taken, NULL: none). A job is waited for; cancelling cancels it. */
void vt_machine_call (VtMachine *machine, const char *method, GVariant *arguments, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer data);
/* The job's result or the method's; to be unreferenced. */
GVariant *vt_machine_call_finish (VtMachine *machine, GAsyncResult *result, GError **error);
/* A socket: OpenDisplay() for NULL, else OpenConsole(). -1 and an error. */
void vt_machine_open (VtMachine *machine, const char *console, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer data);
int vt_machine_open_finish (VtMachine *machine, GAsyncResult *result, GError **error);
void vt_machine_insert (VtMachine *machine, const char *drive, GFile *file, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data);
gboolean vt_machine_insert_finish (VtMachine *machine, GAsyncResult *result, GError **error);

/* What the engine can do, and what a file is (a{sv} as org.vitrine.Engine1.GetCapabilities and DetectMedia
 * have them), where only the machine is at hand. */
void vt_machine_ask_capabilities (VtMachine *machine, GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer data);
GVariant *vt_machine_ask_capabilities_finish (VtMachine *machine, GAsyncResult *result, GError **error);
void vt_machine_ask_media (VtMachine *machine, GFile *file, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data);
GVariant *vt_machine_ask_media_finish (VtMachine *machine, GAsyncResult *result, GError **error);

/* Samples once a second, from the first watcher to the last: signal "sample" (gint64 time, double cpu,
 * guint64 memory, disk_read, disk_write, net_receive, net_send). */
void vt_machine_watch (VtMachine *machine);
void vt_machine_unwatch (VtMachine *machine);
