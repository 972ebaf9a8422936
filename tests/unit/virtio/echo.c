/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "echo.h"

#include <string.h>

/* Another member than the element, to see that it is zeroed and kept. */
typedef struct {
  VirtqElement element;
  uint64_t zero[3];
} EchoRequest;

static uint32_t
copy_back (VirtqElement *e)
{
  size_t done = 0;
  for (unsigned i = 0; i < e->n_out; i++)
    done += virtio_iov_from_buf (e->in, e->n_in, done, e->out[i].iov_base, e->out[i].iov_len);
  return (uint32_t)done;
}

static void
handle_echo (VirtioDevice *vdev, VirtQueue *queue)
{
  Echo *echo = (Echo *)vdev;
  do {
    virtqueue_disable_kick (queue);
    EchoRequest *request;
    while ((request = virtqueue_pop (queue, sizeof *request)) != NULL) {
      g_assert_true (request->zero[0] == 0 && request->zero[2] == 0);
      request->zero[0] = request->zero[2] = 1;
      if (echo->busy)
        g_usleep (2000);
      __atomic_fetch_add (&echo->handled, 1, __ATOMIC_RELAXED);
      virtqueue_push (queue, &request->element, copy_back (&request->element));
      virtqueue_element_free (&request->element);
    }
    virtqueue_notify (queue);
    /* As devices do whose state the driver can reach, too. */
    g_rec_mutex_lock (&vdev->dev.lock);
    echo->answer += 0;
    g_rec_mutex_unlock (&vdev->dev.lock);
  } while (virtqueue_enable_kick (queue));
}

static void
handle_keep (VirtioDevice *vdev, VirtQueue *queue)
{
  Echo *echo = (Echo *)vdev;
  VirtqElement *e;
  g_rec_mutex_lock (&vdev->dev.lock);
  while ((e = virtqueue_pop (queue, sizeof *e)) != NULL)
    g_ptr_array_add (echo->kept, e);
  g_rec_mutex_unlock (&vdev->dev.lock);
}

void
echo_release (Echo *echo)
{
  g_rec_mutex_lock (&echo->vdev.dev.lock);
  for (guint i = 0; i < echo->kept->len; i++) {
    VirtqElement *e = echo->kept->pdata[i];
    const uint8_t byte = 0x77;
    virtqueue_fill (echo->keep, e, (uint32_t)virtio_iov_from_buf (e->in, e->n_in, 0, &byte, 1));
    virtqueue_element_free (e);
  }
  g_ptr_array_set_size (echo->kept, 0);
  virtqueue_flush (echo->keep);
  g_rec_mutex_unlock (&echo->vdev.dev.lock);
  virtqueue_notify (echo->keep);
}

bool
echo_feed (Echo *echo, const void *data, uint32_t size)
{
  if (!virtqueue_has_room (echo->feed, size))
    return false;
  for (uint32_t done = 0; done < size;) {
    VirtqElement *e = virtqueue_pop (echo->feed, sizeof *e);
    if (e == NULL)
      return false;
    const uint32_t n =
        (uint32_t)virtio_iov_from_buf (e->in, e->n_in, 0, (const uint8_t *)data + done, size - done);
    virtqueue_fill (echo->feed, e, n);
    virtqueue_element_free (e);
    done += n;
  }
  virtqueue_flush (echo->feed);
  virtqueue_notify (echo->feed);
  return true;
}

static void
drop_kept (Echo *echo)
{
  for (guint i = 0; i < echo->kept->len; i++)
    virtqueue_element_free (echo->kept->pdata[i]);
  g_ptr_array_set_size (echo->kept, 0);
}

static void
echo_running (VirtioDevice *vdev, bool running)
{
  Echo *echo = (Echo *)vdev;
  echo->run_state = running;
  ++*(running ? &echo->starts : &echo->stops);
}

static void
echo_queue_reset (VirtioDevice *vdev, unsigned queue)
{
  Echo *echo = (Echo *)vdev;
  echo->queue_resets++;
  if (queue == 1)
    drop_kept (echo);
}

static uint64_t
echo_features (VirtioDevice *vdev)
{
  return 5;
}

static bool
echo_set_features (VirtioDevice *vdev, uint64_t features)
{
  return !((Echo *)vdev)->refuse;
}

static void
echo_config_read (VirtioDevice *vdev)
{
  Echo *echo = (Echo *)vdev;
  memcpy (vdev->config, &echo->answer, 4);
  memcpy (vdev->config + 4, &echo->scratch, 4);
}

static void
echo_config_written (VirtioDevice *vdev, unsigned offset, unsigned size)
{
  if (offset >= 4)
    memcpy (&((Echo *)vdev)->scratch, vdev->config + 4, 4);
}

const VirtioClass echo_virtio = {
  .id = 63,
  .name = "virtio-echo",
  .pci_class = 0xff00,
  .config_size = 10,
  .features = echo_features,
  .set_features = echo_set_features,
  .config_read = echo_config_read,
  .config_written = echo_config_written,
  .running = echo_running,
  .queue_reset = echo_queue_reset,
};

static void
echo_init (Device *dev)
{
  virtio_init ((VirtioDevice *)dev, &echo_virtio);
}

static bool
echo_realize (Device *dev, GError **error)
{
  Echo *echo = (Echo *)dev;
  echo->kept = g_ptr_array_new ();
  echo->echo = virtio_add_queue (&echo->vdev, 256, handle_echo);
  echo->keep = virtio_add_queue (&echo->vdev, VIRTIO_QUEUE_MAX, handle_keep);
  echo->feed = virtio_add_queue (&echo->vdev, 64, NULL);
  return true;
}

static void
echo_unrealize (Device *dev)
{
  Echo *echo = (Echo *)dev;
  virtio_stop (&echo->vdev);
  drop_kept (echo);
  g_ptr_array_unref (echo->kept);
}

static void
echo_reset (Device *dev)
{
  Echo *echo = (Echo *)dev;
  echo->resets++;
  drop_kept (echo);
  echo->scratch = 0;
}

static void
echo_save (Device *dev, GVariantBuilder *state)
{
  Echo *echo = (Echo *)dev;
  GVariantBuilder kept;
  g_variant_builder_init (&kept, G_VARIANT_TYPE ("a" VIRTQ_ELEMENT_TYPE));
  for (guint i = 0; i < echo->kept->len; i++)
    g_variant_builder_add_value (&kept, virtqueue_element_save (echo->kept->pdata[i]));
  g_variant_builder_add (state, "{sv}", "kept", g_variant_builder_end (&kept));
}

static bool
echo_load (Device *dev, GVariant *state, GError **error)
{
  Echo *echo = (Echo *)dev;
  g_autoptr (GVariant) kept = g_variant_lookup_value (state, "kept", G_VARIANT_TYPE ("a" VIRTQ_ELEMENT_TYPE));
  for (gsize i = 0; kept != NULL && i < g_variant_n_children (kept); i++) {
    g_autoptr (GVariant) one = g_variant_get_child_value (kept, i);
    VirtqElement *e = virtqueue_element_load (echo->keep, one, sizeof *e);
    if (e == NULL) {
      g_set_error (error, 1, 1, "bad element");
      return false;
    }
    g_ptr_array_add (echo->kept, e);
  }
  return true;
}

static const DeviceProp echo_props[] = {
  { "answer", DEVICE_PROP_UINT32, offsetof (Echo, answer), .initial = 42, .max = 1000 },
  { NULL },
};

static const DeviceSave echo_saved[] = {
  { "scratch", DEVICE_SAVE_U32, offsetof (Echo, scratch) },
  { NULL },
};

const DeviceClass echo_class = {
  .name = "virtio-echo-device",
  .bus = "virtio-bus",
  .category = "Misc devices",
  .size = sizeof (Echo),
  .base = &virtio_device_class,
  .props = echo_props,
  .saved = echo_saved,
  .init = echo_init,
  .realize = echo_realize,
  .unrealize = echo_unrealize,
  .reset = echo_reset,
  .save = echo_save,
  .load = echo_load,
  .user_creatable = true,
};
