/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the adapter and its data path share. */

#include "scsi.h"
#include "virtio-scsi.h"

#include <linux/virtio_scsi.h>

#define VSCSI_CONTROL   0
#define VSCSI_EVENT     1
#define VSCSI_REQUESTS  2 /* the first request queue */
#define VSCSI_SENSE_MAX 256
#define VSCSI_CDB_MAX   256

typedef struct VirtioScsi VirtioScsi;
typedef struct VscsiRequest VscsiRequest;
typedef struct VscsiTask VscsiTask;

struct VscsiRequest {
  VirtqElement element; /* must be first */
  VirtioScsi *scsi;
  StorageQueue *queue;
  VscsiRequest *prev, *next; /* active or stopped */
  uint16_t target, lun;
  uint64_t tag;
  uint32_t sense_size; /* as the driver wants it at the time */
  bool aborted;
  ScsiRequest cmd;
};

typedef struct {
  VscsiRequest *first, *last;
} VscsiList;

/* What a task management function is about. */
typedef struct {
  uint16_t target, lun;
  uint64_t tag;
  bool any_lun, any_tag;
} VscsiScope;

/* A task management function that waits for the end of the requests it aborts. */
struct VscsiTask {
  VirtqElement element; /* must be first */
  VscsiTask *next;
  VscsiScope scope;
};

/* The adapter's thread owns all that is not constant while the queues run. */
struct VirtioScsi {
  VirtioDevice vdev;
  GPtrArray *units; /* ScsiDevice, by target and lun */
  StorageQueue control, *queues;
  VscsiList active, stopped;
  VscsiTask *tasks;
  bool retry;                    /* the stopped requests are to be tried again */
  uint32_t sense_size, cdb_size; /* atomic: the driver's */
  /* Properties. */
  uint32_t num_queues, queue_size, max_sectors, cmd_per_lun;
};

void vscsi_handle_requests (VirtioDevice *vdev, VirtQueue *vq);
void vscsi_handle_control (VirtioDevice *vdev, VirtQueue *vq);
/* Those that the machine was stopped for are carried out from their beginning. */
void vscsi_retry_stopped (VirtioScsi *scsi);
/* Forgets the stopped requests of a queue; NULL: of all. */
void vscsi_drop_stopped (VirtioScsi *scsi, const StorageQueue *queue);
void vscsi_list_add (VscsiList *list, VscsiRequest *r);
void vscsi_list_remove (VscsiList *list, VscsiRequest *r);
void vscsi_complete (VscsiRequest *r, uint8_t response);
/* A request that was aborted is over. */
void vscsi_request_ended (VirtioScsi *scsi);
ScsiDevice *vscsi_find_unit (const VirtioScsi *scsi, unsigned target, unsigned lun);
bool vscsi_has_target (const VirtioScsi *scsi, unsigned target);
/* §5.6.6.1: target and LUN of the eight bytes. False: they are of no form that this bus has. */
bool vscsi_address (const uint8_t lun[8], uint16_t *ret_target, uint16_t *ret_lun);
