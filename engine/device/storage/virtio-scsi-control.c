/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The control queue (virtio 1.3, §5.6.6.2): task management. On the adapter's thread.
 *
 * I/O that has begun cannot be called back: an aborted request ends when its I/O does, with ABORTED, and the
 * function that aborted it is answered after that. */

#include "virtio-scsi-private.h"

#include <string.h>

static void
answer (VirtioScsi *scsi, VirtqElement *e, const void *response, size_t size)
{
  const size_t written = virtio_iov_from_buf (e->in, e->n_in, 0, response, size);
  storage_queue_fill (&scsi->control, e, (uint32_t)written, 0);
  storage_queue_end (&scsi->control);
}

static void
answer_task (VirtioScsi *scsi, VscsiTask *task, uint8_t response)
{
  answer (scsi, &task->element, &response, 1);
}

static bool
in_scope (const VscsiScope *scope, const VscsiRequest *r)
{
  return r->target == scope->target && (scope->any_lun || r->lun == scope->lun) &&
         (scope->any_tag || r->tag == scope->tag);
}

static bool
any_in_scope (const VirtioScsi *scsi, const VscsiScope *scope)
{
  for (const VscsiRequest *r = scsi->active.first; r != NULL; r = r->next)
    if (in_scope (scope, r))
      return true;
  for (const VscsiRequest *r = scsi->stopped.first; r != NULL; r = r->next)
    if (in_scope (scope, r))
      return true;
  return false;
}

static void
abort_all (VirtioScsi *scsi, const VscsiScope *scope)
{
  for (VscsiRequest *r = scsi->stopped.first, *next; r != NULL; r = next) {
    next = r->next;
    if (!in_scope (scope, r))
      continue;
    vscsi_list_remove (&scsi->stopped, r);
    vscsi_list_add (&scsi->active, r);
    r->queue->in_flight++;
    r->cmd.transferred = 0;
    vscsi_complete (r, VIRTIO_SCSI_S_ABORTED);
  }
  for (VscsiRequest *r = scsi->active.first; r != NULL; r = r->next)
    r->aborted = r->aborted || in_scope (scope, r);
}

static bool
is_waiting (const VirtioScsi *scsi, const VscsiTask *task)
{
  for (const VscsiRequest *r = scsi->active.first; r != NULL; r = r->next)
    if (r->aborted && in_scope (&task->scope, r))
      return true;
  return false;
}

void
vscsi_request_ended (VirtioScsi *scsi)
{
  for (VscsiTask **at = &scsi->tasks; *at != NULL;) {
    VscsiTask *task = *at;
    if (is_waiting (scsi, task)) {
      at = &task->next;
      continue;
    }
    *at = task->next;
    answer_task (scsi, task, VIRTIO_SCSI_S_OK);
  }
}

static void
abort_and_wait (VirtioScsi *scsi, VscsiTask *task, const VscsiScope *scope)
{
  abort_all (scsi, scope);
  task->scope = *scope;
  task->next = scsi->tasks;
  scsi->tasks = task;
  vscsi_request_ended (scsi);
}

static void
reset_units (VirtioScsi *scsi, const VscsiScope *scope, uint8_t ua)
{
  for (guint i = 0; i < scsi->units->len; i++) {
    ScsiDevice *unit = scsi->units->pdata[i];
    if (unit->target == scope->target && (scope->any_lun || unit->lun == scope->lun))
      scsi_unit_reset (unit, ua);
  }
}

static void
manage_task (VirtioScsi *scsi, VscsiTask *task)
{
  struct virtio_scsi_ctrl_tmf_req req;
  VirtqElement *e = &task->element;
  virtio_iov_to_buf (e->out, e->n_out, 0, &req, sizeof req);
  const uint32_t function = GUINT32_FROM_LE (req.subtype);
  VscsiScope scope = { .tag = req.tag };
  const bool known =
      vscsi_address (req.lun, &scope.target, &scope.lun) && vscsi_has_target (scsi, scope.target);
  if (!known) {
    answer_task (scsi, task, VIRTIO_SCSI_S_BAD_TARGET);
    return;
  }
  if (function != VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET &&
      vscsi_find_unit (scsi, scope.target, scope.lun) == NULL) {
    answer_task (scsi, task, VIRTIO_SCSI_S_INCORRECT_LUN);
    return;
  }
  scope.any_tag = function != VIRTIO_SCSI_T_TMF_ABORT_TASK && function != VIRTIO_SCSI_T_TMF_QUERY_TASK;
  scope.any_lun = function == VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET;
  switch (function) {
    case VIRTIO_SCSI_T_TMF_QUERY_TASK:
    case VIRTIO_SCSI_T_TMF_QUERY_TASK_SET:
      answer_task (scsi, task,
                   any_in_scope (scsi, &scope) ? VIRTIO_SCSI_S_FUNCTION_SUCCEEDED : VIRTIO_SCSI_S_OK);
      return;
    case VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET: reset_units (scsi, &scope, UA_DEVICE_RESET); break;
    case VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET: reset_units (scsi, &scope, UA_NEXUS_LOST); break;
    case VIRTIO_SCSI_T_TMF_ABORT_TASK:
    case VIRTIO_SCSI_T_TMF_ABORT_TASK_SET:
    case VIRTIO_SCSI_T_TMF_CLEAR_TASK_SET: break;
    default: answer_task (scsi, task, VIRTIO_SCSI_S_FUNCTION_REJECTED); return;
  }
  abort_and_wait (scsi, task, &scope);
}

/* There are no asynchronous notifications: none of those asked for. */
static void
answer_notification (VirtioScsi *scsi, VscsiTask *task)
{
  struct virtio_scsi_ctrl_an_req req;
  VirtqElement *e = &task->element;
  uint16_t target, lun;
  virtio_iov_to_buf (e->out, e->n_out, 0, &req, sizeof req);
  struct virtio_scsi_ctrl_an_resp resp = { 0, VIRTIO_SCSI_S_OK };
  if (!vscsi_address (req.lun, &target, &lun) || !vscsi_has_target (scsi, target))
    resp.response = VIRTIO_SCSI_S_BAD_TARGET;
  answer (scsi, e, &resp, sizeof resp);
}

static void
start (VirtioScsi *scsi, VscsiTask *task)
{
  VirtqElement *e = &task->element;
  uint32_t type = UINT32_MAX;
  virtio_iov_to_buf (e->out, e->n_out, 0, &type, sizeof type);
  type = GUINT32_FROM_LE (type);
  scsi->control.in_flight++;
  if (type == VIRTIO_SCSI_T_TMF && e->out_size >= sizeof (struct virtio_scsi_ctrl_tmf_req) &&
      e->in_size >= 1) {
    manage_task (scsi, task);
  } else if ((type == VIRTIO_SCSI_T_AN_QUERY || type == VIRTIO_SCSI_T_AN_SUBSCRIBE) &&
             e->out_size >= sizeof (struct virtio_scsi_ctrl_an_req) &&
             e->in_size >= sizeof (struct virtio_scsi_ctrl_an_resp)) {
    answer_notification (scsi, task);
  } else {
    virtio_break (&scsi->vdev,
                  "control request %u of %" G_GUINT64_FORMAT " bytes, with room for %" G_GUINT64_FORMAT, type,
                  e->out_size, e->in_size);
    virtqueue_element_free (e);
    storage_queue_end (&scsi->control);
  }
}

void
vscsi_handle_control (VirtioDevice *vdev, VirtQueue *vq)
{
  VirtioScsi *scsi = (VirtioScsi *)vdev;
  VscsiTask *task;
  scsi->control.handling = true;
  if (scsi->retry)
    vscsi_retry_stopped (scsi);
  do {
    virtqueue_disable_kick (vq);
    while ((task = virtqueue_pop (vq, sizeof *task)) != NULL)
      start (scsi, task);
    storage_queue_flush (&scsi->control);
  } while (virtqueue_enable_kick (vq));
  scsi->control.handling = false;
}
