/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-item.h"

/* GIO's own threads are few, and GIO needs one to tell what a child process printed: work that fills them all
 * and then waits for a child would wait for ever. */
#define THREADS_MAX 16

typedef struct {
  GTask *task;
  GTaskThreadFunc function;
} Work;

static void
do_work (gpointer data, gpointer opaque)
{
  g_autofree Work *work = data;
  g_autoptr (GTask) task = work->task;
  work->function (task, g_task_get_source_object (task), g_task_get_task_data (task),
                  g_task_get_cancellable (task));
}

void
vt_work_run (GTask *task, GTaskThreadFunc function)
{
  static GThreadPool *pool;
  if (pool == NULL)
    pool = g_thread_pool_new (do_work, NULL, THREADS_MAX, FALSE, NULL);
  Work *work = g_new (Work, 1);
  *work = (Work){ g_object_ref (task), function };
  g_thread_pool_push (pool, work, NULL);
}
