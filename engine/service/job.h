/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Long work as an object on the bus: org.vitrine.Job1. */

#include "vitrine-dbus.h"

#define VT_TYPE_JOB (vt_job_get_type ())
G_DECLARE_FINAL_TYPE (VtJob, vt_job, VT, JOB, VtJob1Skeleton)

/* Exported at once under /org/vitrine/Engine/jobs/. The work runs elsewhere (GTask, a process) and ends with
 * one of vt_job_done() and vt_job_fail(). It goes from the bus a minute after its end. */
VtJob *vt_job_new (GDBusObjectManagerServer *manager, const char *kind, const char *machine);
const char *vt_job_path (VtJob *job);
/* Triggered by Cancel(). */
GCancellable *vt_job_cancellable (VtJob *job);
/* Any thread; signals at most ten times a second. `description` NULL: stays. */
void vt_job_progress (VtJob *job, double fraction, const char *description);
/* Main thread. `result` floating is taken; NULL: empty string. */
void vt_job_done (VtJob *job, GVariant *result);
/* Takes over the error; VT_ERROR_CANCELLED and G_IO_ERROR_CANCELLED end it as "cancelled". */
void vt_job_fail (VtJob *job, GError *error);
