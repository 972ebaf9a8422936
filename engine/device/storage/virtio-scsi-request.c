/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The request queues (virtio 1.3, §5.6.6.1). On the adapter's thread. */

#include "virtio-scsi-private.h"

#include <string.h>

/* ---- Lists ---- */

void
vscsi_list_add (VscsiList *list, VscsiRequest *r)
{
  r->prev = list->last;
  r->next = NULL;
  *(list->last != NULL ? &list->last->next : &list->first) = r;
  list->last = r;
}

void
vscsi_list_remove (VscsiList *list, VscsiRequest *r)
{
  *(r->prev != NULL ? &r->prev->next : &list->first) = r->next;
  *(r->next != NULL ? &r->next->prev : &list->last) = r->prev;
}

/* ---- Addresses ---- */

bool
vscsi_address (const uint8_t lun[8], uint16_t *ret_target, uint16_t *ret_lun)
{
  const unsigned word = be16 (lun + 2);
  *ret_target = lun[1];
  *ret_lun = (uint16_t)(word & 0x3fff);
  if (lun[0] == 0xc1 || word == 0xc101) { /* well-known: REPORT LUNS */
    *ret_target = lun[0] == 0xc1 ? 0 : lun[1];
    *ret_lun = 0xc101;
    return true;
  }
  /* Peripheral device addressing, or flat space. */
  return lun[0] == 1 && (word < 256 || word >> 14 == 1);
}

ScsiDevice *
vscsi_find_unit (const VirtioScsi *scsi, unsigned target, unsigned lun)
{
  for (guint i = 0; i < scsi->units->len; i++) {
    ScsiDevice *unit = scsi->units->pdata[i];
    if (unit->target == target && unit->lun == lun)
      return unit;
  }
  return NULL;
}

bool
vscsi_has_target (const VirtioScsi *scsi, unsigned target)
{
  for (guint i = 0; i < scsi->units->len; i++)
    if (((ScsiDevice *)scsi->units->pdata[i])->target == target)
      return true;
  return false;
}

static uint16_t *
target_luns (const VirtioScsi *scsi, unsigned target, unsigned *ret_n)
{
  uint16_t *luns = g_new (uint16_t, MAX (scsi->units->len, 1));
  unsigned n = 0;
  for (guint i = 0; i < scsi->units->len; i++) {
    const ScsiDevice *unit = scsi->units->pdata[i];
    if (unit->target == target)
      luns[n++] = (uint16_t)unit->lun;
  }
  *ret_n = n;
  return luns;
}

/* ---- Ends ---- */

static uint64_t
residual (const ScsiRequest *cmd)
{
  const uint64_t size = cmd->in_size != 0 ? cmd->in_size : cmd->out_size;
  return size - MIN (cmd->transferred, size);
}

void
vscsi_complete (VscsiRequest *r, uint8_t response)
{
  VirtqElement *e = &r->element;
  VirtioScsi *scsi = r->scsi;
  StorageQueue *queue = r->queue;
  const ScsiRequest *cmd = &r->cmd;
  uint8_t header[offsetof (struct virtio_scsi_cmd_resp, sense) + VSCSI_SENSE_MAX] = { 0 };
  struct virtio_scsi_cmd_resp *resp = (void *)header;
  const uint32_t sense_size = MIN (cmd->sense_size, r->sense_size);
  const uint32_t size = (uint32_t)offsetof (struct virtio_scsi_cmd_resp, sense) + r->sense_size;
  resp->response = response;
  if (response == VIRTIO_SCSI_S_OK) {
    resp->sense_len = GUINT32_TO_LE (sense_size);
    resp->status = cmd->status;
    memcpy (resp->sense, cmd->sense, sense_size);
  }
  resp->resid = GUINT32_TO_LE ((uint32_t)MIN (residual (cmd), UINT32_MAX));
  virtio_iov_from_buf (e->in, e->n_in, 0, header, size);
  const uint64_t data = cmd->in_size != 0 ? cmd->transferred : 0;
  const bool aborted = r->aborted;
  vscsi_list_remove (&scsi->active, r);
  storage_queue_fill (queue, e, size + (uint32_t)data, cmd->transferred);
  storage_queue_end (queue);
  if (aborted)
    vscsi_request_ended (scsi);
}

static void
command_done (ScsiRequest *cmd)
{
  VscsiRequest *r = (VscsiRequest *)((uint8_t *)cmd - offsetof (VscsiRequest, cmd));
  vscsi_complete (r, r->aborted     ? VIRTIO_SCSI_S_ABORTED
                     : cmd->overrun ? VIRTIO_SCSI_S_OVERRUN
                                    : VIRTIO_SCSI_S_OK);
}

static void
command_stopped (ScsiRequest *cmd)
{
  VscsiRequest *r = (VscsiRequest *)((uint8_t *)cmd - offsetof (VscsiRequest, cmd));
  VirtioScsi *scsi = r->scsi;
  if (r->aborted) {
    vscsi_complete (r, VIRTIO_SCSI_S_ABORTED);
    return;
  }
  vscsi_list_remove (&scsi->active, r);
  vscsi_list_add (&scsi->stopped, r);
  storage_queue_end (r->queue);
}

/* ---- Starts ---- */

/* Sorts the buffer into header and data. False: that is not possible. */
static bool
read_request (VscsiRequest *r, uint8_t ret_lun[8])
{
  VirtqElement *e = &r->element;
  ScsiRequest *cmd = &r->cmd;
  struct virtio_scsi_cmd_req header;
  const size_t fixed = offsetof (struct virtio_scsi_cmd_req, cdb);
  const uint32_t cdb_size = __atomic_load_n (&r->scsi->cdb_size, __ATOMIC_RELAXED);
  r->sense_size = __atomic_load_n (&r->scsi->sense_size, __ATOMIC_RELAXED);
  cmd->out_skip = fixed + cdb_size;
  cmd->in_skip = offsetof (struct virtio_scsi_cmd_resp, sense) + r->sense_size;
  if (e->out_size < cmd->out_skip || e->in_size < cmd->in_skip)
    return false;
  virtio_iov_to_buf (e->out, e->n_out, 0, &header, fixed);
  virtio_iov_to_buf (e->out, e->n_out, fixed, cmd->cdb, MIN (cdb_size, sizeof cmd->cdb));
  memcpy (ret_lun, header.lun, 8);
  r->tag = header.tag;
  cmd->out = e->out;
  cmd->in = e->in;
  cmd->n_out = e->n_out;
  cmd->n_in = e->n_in;
  cmd->out_size = e->out_size - cmd->out_skip;
  cmd->in_size = e->in_size - cmd->in_skip;
  cmd->done = command_done;
  cmd->stop = command_stopped;
  return true;
}

static void
execute (VscsiRequest *r)
{
  const VirtioScsi *scsi = r->scsi;
  ScsiRequest *cmd = &r->cmd;
  cmd->unit = vscsi_find_unit (scsi, r->target, r->lun);
  if (cmd->unit != NULL && cmd->cdb[0] != 0xa0) {
    scsi_execute (cmd);
    return;
  }
  unsigned n;
  g_autofree uint16_t *luns = target_luns (scsi, r->target, &n);
  if (cmd->unit != NULL)
    scsi_report_luns (cmd, luns, n);
  else
    scsi_execute_absent (cmd, luns, n);
}

static void
start (VirtioScsi *scsi, StorageQueue *queue, VscsiRequest *r)
{
  uint8_t lun[8];
  r->scsi = scsi;
  r->queue = queue;
  memset (&r->cmd, 0, sizeof r->cmd);
  if (!read_request (r, lun)) {
    virtio_break (&scsi->vdev, "queue %u: a request without room for its header and response",
                  virtqueue_index (queue->vq));
    virtqueue_element_free (&r->element);
    return;
  }
  queue->in_flight++;
  vscsi_list_add (&scsi->active, r);
  if (!vscsi_address (lun, &r->target, &r->lun) || !vscsi_has_target (scsi, r->target))
    vscsi_complete (r, VIRTIO_SCSI_S_BAD_TARGET);
  else if (r->cmd.in_size != 0 && r->cmd.out_size != 0)
    vscsi_complete (r, VIRTIO_SCSI_S_FAILURE); /* both directions: INOUT was not offered */
  else
    execute (r);
}

void
vscsi_retry_stopped (VirtioScsi *scsi)
{
  VscsiRequest *r = scsi->stopped.first;
  scsi->retry = false;
  scsi->stopped = (VscsiList){ NULL, NULL };
  while (r != NULL) {
    VscsiRequest *next = r->next;
    start (scsi, r->queue, r);
    r = next;
  }
}

void
vscsi_drop_stopped (VirtioScsi *scsi, const StorageQueue *queue)
{
  for (VscsiRequest *r = scsi->stopped.first, *next; r != NULL; r = next) {
    next = r->next;
    if (queue != NULL && r->queue != queue)
      continue;
    vscsi_list_remove (&scsi->stopped, r);
    virtqueue_element_free (&r->element);
  }
}

static void
kick_units (const VirtioScsi *scsi)
{
  for (guint i = 0; i < scsi->units->len; i++) {
    const ScsiDevice *unit = scsi->units->pdata[i];
    if (unit->io != NULL && unit->block != NULL)
      block_kick (unit->io);
  }
}

void
vscsi_handle_requests (VirtioDevice *vdev, VirtQueue *vq)
{
  VirtioScsi *scsi = (VirtioScsi *)vdev;
  StorageQueue *queue = &scsi->queues[virtqueue_index (vq) - VSCSI_REQUESTS];
  unsigned n = 0;
  bool more;
  queue->handling = true;
  if (scsi->retry)
    vscsi_retry_stopped (scsi);
  do {
    VscsiRequest *r;
    virtqueue_disable_kick (vq);
    while (n < STORAGE_HANDLER_REQUESTS && (r = virtqueue_pop (vq, sizeof *r)) != NULL) {
      n++;
      start (scsi, queue, r);
      if (queue->filled >= STORAGE_BATCH_REQUESTS || queue->filled_bytes >= STORAGE_BATCH_BYTES)
        storage_queue_flush (queue);
    }
    kick_units (scsi);
    storage_queue_flush (queue);
    more = virtqueue_enable_kick (vq);
  } while (more && n < STORAGE_HANDLER_REQUESTS);
  if (more)
    virtqueue_schedule (vq);
  queue->handling = false;
}
