/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Waiting for the engine's jobs. */

#include "engine.h"

/* Ends when the job does; cancelling cancels the job, and waits for it to have undone what it did. */
void vt_job_wait (GDBusConnection *connection, const char *path, VtProgress progress, gpointer progress_data,
                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
/* The job's result; to be unreferenced. */
GVariant *vt_job_wait_finish (GAsyncResult *result, GError **error);
