/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The engine as the app sees it: a list of machines, and jobs. Everything is asynchronous; nothing here
 * blocks. */

#include "machine.h"

#define VT_TYPE_ENGINE (vt_engine_get_type ())
G_DECLARE_FINAL_TYPE (VtEngine, vt_engine, VT, ENGINE, GObject)

/* Properties: "machines" (GListModel of VtMachine, in no order), "connected" (gboolean), "error" (what is
 * wrong, for people; NULL: nothing). It starts the service, and finds it again when it was away: machines
 * stay the same objects. */
VtEngine *vt_engine_new (void);
GListModel *vt_engine_get_machines (VtEngine *engine);
gboolean vt_engine_get_connected (VtEngine *engine);
VtMachine *vt_engine_find (VtEngine *engine, const char *uuid_or_path);

/* What a file is (a{sv} as org.vitrine.Engine1.DetectMedia has it). The file is opened here, so that what a
 * person chose needs no other permission. */
void vt_engine_detect (VtEngine *engine, GFile *file, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer data);
GVariant *vt_engine_detect_finish (VtEngine *engine, GAsyncResult *result, GError **error);
void vt_engine_get_defaults (VtEngine *engine, GVariant *settings, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data);
GVariant *vt_engine_get_defaults_finish (VtEngine *engine, GAsyncResult *result, GError **error);
/* Array of (key, "error" or "warning", sentence). */
void vt_engine_check (VtEngine *engine, GVariant *settings, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer data);
GVariant *vt_engine_check_finish (VtEngine *engine, GAsyncResult *result, GError **error);
void vt_engine_get_capabilities (VtEngine *engine, GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer data);
GVariant *vt_engine_get_capabilities_finish (VtEngine *engine, GAsyncResult *result, GError **error);
/* `role` as CreateMachine() names it, or NULL without a file. Ends when the machine is there; cancelling
 * cancels the job. `progress` (may be NULL) is called with 0 to 1, or less than 0. */
typedef void (*VtProgress) (double fraction, const char *what, gpointer data);
void vt_engine_create (VtEngine *engine, GVariant *settings, const char *role, GFile *file,
                       VtProgress progress, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer data);
VtMachine *vt_engine_create_finish (VtEngine *engine, GAsyncResult *result, GError **error);

/* An error's two lines: cause and remedy (may be empty), without D-Bus's prefix. To be freed. */
char *vt_error_cause (const GError *error);
char *vt_error_remedy (const GError *error);
/* Whether it is the engine's error of that name: org.vitrine.Error.NAME. */
gboolean vt_error_is (const GError *error, const char *name);

/* While the engine does not come back by itself ("error" is set): tries again. */
void vt_engine_retry (VtEngine *engine);
/* What the engine is doing now: a list of VtTask. */
GListModel *vt_engine_get_tasks (VtEngine *engine);
