/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the driver asks for on the two queues (§5.7.6.7 to §5.7.6.10). Commands are done at once and in order,
 * so a fence is passed when its command is answered. */

#include "virtio-gpu-private.h"

/* Of one attachment: each costs a look-up, however little memory it is. */
#define MAX_ENTRIES (1u << 20)

typedef struct {
  VirtqElement *element;
  union {
    struct virtio_gpu_ctrl_hdr hdr;
    struct virtio_gpu_resource_create_2d create;
    struct virtio_gpu_resource_unref unref;
    struct virtio_gpu_set_scanout set_scanout;
    struct virtio_gpu_resource_flush flush;
    struct virtio_gpu_transfer_to_host_2d transfer;
    struct virtio_gpu_resource_attach_backing attach;
    struct virtio_gpu_resource_detach_backing detach;
    struct virtio_gpu_cmd_get_edid get_edid;
    struct virtio_gpu_update_cursor cursor;
  } in;
  union {
    struct virtio_gpu_ctrl_hdr hdr;
    struct virtio_gpu_resp_display_info display_info;
    struct virtio_gpu_resp_edid edid;
  } out;
  size_t out_size;
} GpuCommand;

/* VIRTIO_GPU_RESP_ERR_*, or 0; an answer with data is in `out`. */
typedef uint32_t (*GpuCommandHandler) (VirtioGpu *gpu, GpuCommand *command);

static struct virtio_gpu_rect
host_rect (const struct virtio_gpu_rect *r)
{
  return (struct virtio_gpu_rect){ .x = GUINT32_FROM_LE (r->x),
                                   .y = GUINT32_FROM_LE (r->y),
                                   .width = GUINT32_FROM_LE (r->width),
                                   .height = GUINT32_FROM_LE (r->height) };
}

static GpuResource *
find_resource (VirtioGpu *gpu, uint32_t id)
{
  return gpu_resource_find (gpu, GUINT32_FROM_LE (id));
}

static void
answer_with (GpuCommand *c, uint32_t type, size_t size)
{
  c->out.hdr.type = GUINT32_TO_LE (type);
  c->out_size = size;
}

static uint32_t
get_display_info (VirtioGpu *gpu, GpuCommand *c)
{
  answer_with (c, VIRTIO_GPU_RESP_OK_DISPLAY_INFO, sizeof c->out.display_info);
  gpu_fill_display_info (gpu, &c->out.display_info);
  return 0;
}

static uint32_t
get_edid (VirtioGpu *gpu, GpuCommand *c)
{
  const uint32_t scanout = GUINT32_FROM_LE (c->in.get_edid.scanout);
  if (!virtio_has (&gpu->vdev, VIRTIO_GPU_F_EDID))
    return VIRTIO_GPU_RESP_ERR_UNSPEC;
  if (scanout >= gpu->max_outputs)
    return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
  answer_with (c, VIRTIO_GPU_RESP_OK_EDID, sizeof c->out.edid);
  gpu_fill_edid (gpu, &gpu->scanouts[scanout], &c->out.edid);
  return 0;
}

static uint32_t
resource_create_2d (VirtioGpu *gpu, GpuCommand *c)
{
  return gpu_resource_create (gpu, GUINT32_FROM_LE (c->in.create.resource_id),
                              GUINT32_FROM_LE (c->in.create.format), GUINT32_FROM_LE (c->in.create.width),
                              GUINT32_FROM_LE (c->in.create.height));
}

static uint32_t
resource_unref (VirtioGpu *gpu, GpuCommand *c)
{
  GpuResource *resource = find_resource (gpu, c->in.unref.resource_id);
  if (resource == NULL)
    return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
  gpu_resource_destroy (gpu, resource);
  return 0;
}

static uint32_t
set_scanout (VirtioGpu *gpu, GpuCommand *c)
{
  const uint32_t scanout = GUINT32_FROM_LE (c->in.set_scanout.scanout_id);
  const struct virtio_gpu_rect r = host_rect (&c->in.set_scanout.r);
  if (scanout >= gpu->max_outputs)
    return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
  if (c->in.set_scanout.resource_id == 0) {
    gpu_scanout_off (&gpu->scanouts[scanout]);
    return 0;
  }
  const GpuResource *resource = find_resource (gpu, c->in.set_scanout.resource_id);
  if (resource == NULL)
    return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
  if (!gpu_resource_has (resource, &r))
    return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
  gpu_scanout_show (&gpu->scanouts[scanout], resource, &r);
  return 0;
}

static uint32_t
resource_flush (VirtioGpu *gpu, GpuCommand *c)
{
  const struct virtio_gpu_rect r = host_rect (&c->in.flush.r);
  const GpuResource *resource = find_resource (gpu, c->in.flush.resource_id);
  if (resource == NULL)
    return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
  if (!gpu_resource_has (resource, &r))
    return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
  gpu_scanouts_flush (gpu, resource, &r);
  return 0;
}

static uint32_t
transfer_to_host_2d (VirtioGpu *gpu, GpuCommand *c)
{
  const struct virtio_gpu_rect r = host_rect (&c->in.transfer.r);
  GpuResource *resource = find_resource (gpu, c->in.transfer.resource_id);
  if (resource == NULL)
    return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
  if (!resource->backed)
    return VIRTIO_GPU_RESP_ERR_UNSPEC;
  if (!gpu_resource_has (resource, &r))
    return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
  return gpu_resource_transfer (gpu, resource, &r, GUINT64_FROM_LE (c->in.transfer.offset));
}

static uint32_t
add_entries (VirtioGpu *gpu, GpuResource *resource, const VirtqElement *e, uint32_t n)
{
  struct virtio_gpu_mem_entry entries[64];
  uint64_t at = sizeof (struct virtio_gpu_resource_attach_backing);
  uint32_t error = 0;
  for (uint32_t done = 0; done < n && error == 0;) {
    const uint32_t part = MIN (n - done, G_N_ELEMENTS (entries));
    virtio_iov_to_buf (e->out, e->n_out, at, entries, part * sizeof *entries);
    for (uint32_t i = 0; i < part && error == 0; i++)
      error = gpu_resource_add_backing (gpu, resource, GUINT64_FROM_LE (entries[i].addr),
                                        GUINT32_FROM_LE (entries[i].length));
    done += part;
    at += part * sizeof *entries;
  }
  return error;
}

static uint32_t
resource_attach_backing (VirtioGpu *gpu, GpuCommand *c)
{
  const uint32_t n = GUINT32_FROM_LE (c->in.attach.nr_entries);
  const uint64_t bytes = (uint64_t)n * sizeof (struct virtio_gpu_mem_entry);
  GpuResource *resource = find_resource (gpu, c->in.attach.resource_id);
  if (resource == NULL)
    return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
  if (resource->backed)
    return VIRTIO_GPU_RESP_ERR_UNSPEC;
  if (n > MAX_ENTRIES || c->element->out_size - sizeof c->in.attach < bytes)
    return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
  const uint32_t error = add_entries (gpu, resource, c->element, n);
  if (error != 0)
    gpu_resource_detach (gpu, resource);
  else
    resource->backed = true;
  return error;
}

static uint32_t
resource_detach_backing (VirtioGpu *gpu, GpuCommand *c)
{
  GpuResource *resource = find_resource (gpu, c->in.detach.resource_id);
  if (resource == NULL)
    return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
  if (!resource->backed)
    return VIRTIO_GPU_RESP_ERR_UNSPEC;
  gpu_resource_detach (gpu, resource);
  return 0;
}

static uint32_t
move_cursor (VirtioGpu *gpu, GpuCommand *c)
{
  const struct virtio_gpu_cursor_pos *pos = &c->in.cursor.pos;
  const uint32_t scanout = GUINT32_FROM_LE (pos->scanout_id);
  if (scanout >= gpu->max_outputs)
    return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
  display_move_cursor (gpu->scanouts[scanout].display, (int32_t)GUINT32_FROM_LE (pos->x),
                       (int32_t)GUINT32_FROM_LE (pos->y));
  return 0;
}

static uint32_t
update_cursor (VirtioGpu *gpu, GpuCommand *c)
{
  const struct virtio_gpu_update_cursor *in = &c->in.cursor;
  const uint32_t scanout = GUINT32_FROM_LE (in->pos.scanout_id);
  if (scanout >= gpu->max_outputs)
    return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
  GpuScanout *s = &gpu->scanouts[scanout];
  if (in->resource_id == 0) {
    display_set_cursor (s->display, NULL, 0, 0);
  } else {
    const GpuResource *resource = find_resource (gpu, in->resource_id);
    if (resource == NULL)
      return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
    gpu_scanout_set_cursor (s, resource, GUINT32_FROM_LE (in->hot_x), GUINT32_FROM_LE (in->hot_y));
  }
  return move_cursor (gpu, c);
}

/* ---- Queues ---- */

typedef struct {
  uint32_t type;
  bool cursor; /* which queue it belongs to */
  size_t size;
  GpuCommandHandler run;
} GpuCommandKind;

static const GpuCommandKind kinds[] = {
  { VIRTIO_GPU_CMD_GET_DISPLAY_INFO, false, sizeof (struct virtio_gpu_ctrl_hdr), get_display_info },
  { VIRTIO_GPU_CMD_RESOURCE_CREATE_2D, false, sizeof (struct virtio_gpu_resource_create_2d),
    resource_create_2d },
  { VIRTIO_GPU_CMD_RESOURCE_UNREF, false, sizeof (struct virtio_gpu_resource_unref), resource_unref },
  { VIRTIO_GPU_CMD_SET_SCANOUT, false, sizeof (struct virtio_gpu_set_scanout), set_scanout },
  { VIRTIO_GPU_CMD_RESOURCE_FLUSH, false, sizeof (struct virtio_gpu_resource_flush), resource_flush },
  { VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D, false, sizeof (struct virtio_gpu_transfer_to_host_2d),
    transfer_to_host_2d },
  { VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING, false, sizeof (struct virtio_gpu_resource_attach_backing),
    resource_attach_backing },
  { VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING, false, sizeof (struct virtio_gpu_resource_detach_backing),
    resource_detach_backing },
  { VIRTIO_GPU_CMD_GET_EDID, false, sizeof (struct virtio_gpu_cmd_get_edid), get_edid },
  { VIRTIO_GPU_CMD_UPDATE_CURSOR, true, sizeof (struct virtio_gpu_update_cursor), update_cursor },
  { VIRTIO_GPU_CMD_MOVE_CURSOR, true, sizeof (struct virtio_gpu_update_cursor), move_cursor },
};

static const GpuCommandKind *
find_kind (uint32_t type, bool cursor)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].type == type && kinds[i].cursor == cursor)
      return &kinds[i];
  return NULL;
}

static uint32_t
run (VirtioGpu *gpu, GpuCommand *c, bool cursor)
{
  const size_t have = virtio_iov_to_buf (c->element->out, c->element->n_out, 0, &c->in, sizeof c->in);
  if (have < sizeof c->in.hdr)
    return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
  const GpuCommandKind *kind = find_kind (GUINT32_FROM_LE (c->in.hdr.type), cursor);
  if (kind == NULL)
    return VIRTIO_GPU_RESP_ERR_UNSPEC;
  return have < kind->size ? VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER : kind->run (gpu, c);
}

static void
handle (VirtioGpu *gpu, VirtqElement *element, bool cursor)
{
  GpuCommand c = { .element = element };
  answer_with (&c, VIRTIO_GPU_RESP_OK_NODATA, sizeof c.out.hdr);
  const uint32_t error = run (gpu, &c, cursor);
  if (error != 0) {
    device_guest_error (&gpu->vdev.dev, "command 0x%04x is refused: 0x%04x", GUINT32_FROM_LE (c.in.hdr.type),
                        error);
    answer_with (&c, error, sizeof c.out.hdr);
  }
  if (c.in.hdr.flags & GUINT32_TO_LE (VIRTIO_GPU_FLAG_FENCE)) {
    c.out.hdr.flags = GUINT32_TO_LE (VIRTIO_GPU_FLAG_FENCE);
    c.out.hdr.fence_id = c.in.hdr.fence_id;
    c.out.hdr.ctx_id = c.in.hdr.ctx_id;
  }
  device_trace (&gpu->vdev.dev, "command 0x%04x: 0x%04x", GUINT32_FROM_LE (c.in.hdr.type),
                GUINT32_FROM_LE (c.out.hdr.type));
  virtqueue_push (element->queue, element,
                  (uint32_t)virtio_iov_from_buf (element->in, element->n_in, 0, &c.out, c.out_size));
}

static void
handle_queue (VirtioGpu *gpu, VirtQueue *queue, bool cursor)
{
  do {
    VirtqElement *element;
    virtqueue_disable_kick (queue);
    while ((element = virtqueue_pop (queue, sizeof *element)) != NULL) {
      handle (gpu, element, cursor);
      virtqueue_element_free (element);
      /* A driver that waits for its fence should not wait for the commands after it. */
      virtqueue_notify (queue);
    }
  } while (virtqueue_enable_kick (queue));
}

void
gpu_handle_control (VirtioDevice *vdev, VirtQueue *queue)
{
  handle_queue ((VirtioGpu *)vdev, queue, false);
}

void
gpu_handle_cursor (VirtioDevice *vdev, VirtQueue *queue)
{
  handle_queue ((VirtioGpu *)vdev, queue, true);
}
