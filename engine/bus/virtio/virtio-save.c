/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The saved state of a device. */

#include "virtio-internal.h"

#include <gio/gio.h>
#include <string.h>

void
virtio_save (Device *dev, GVariantBuilder *state)
{
  VirtioDevice *vdev = (VirtioDevice *)dev;
  GVariantBuilder queues;
  g_variant_builder_init (&queues, G_VARIANT_TYPE ("a" VIRTQ_STATE_TYPE));
  for (unsigned i = 0; i < vdev->n_queues; i++)
    virtq_save (vdev->queues[i], &queues);
  g_variant_builder_add (state, "{sv}", "virtio",
                         g_variant_new ("(yttub)", virtio_status (vdev), vdev->features,
                                        vdev->driver_features, vdev->config_generation, vdev->broken));
  g_variant_builder_add (
      state, "{sv}", "virtio-config",
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, vdev->config, vdev->vclass->config_size, 1));
  g_variant_builder_add (state, "{sv}", "virtio-queues", g_variant_builder_end (&queues));
}

static bool
load_queues (VirtioDevice *vdev, GVariant *state, GError **error)
{
  g_autoptr (GVariant) queues =
      g_variant_lookup_value (state, "virtio-queues", G_VARIANT_TYPE ("a" VIRTQ_STATE_TYPE));
  const gsize n = queues != NULL ? g_variant_n_children (queues) : 0;
  if (queues == NULL || n != vdev->n_queues) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "%s: the saved device has %zu queues, this one %u; start with the options it was saved with",
                 vdev->dev.path, n, vdev->n_queues);
    return false;
  }
  for (unsigned i = 0; i < n; i++) {
    g_autoptr (GVariant) queue = g_variant_get_child_value (queues, i);
    if (!virtq_load (vdev->queues[i], queue, error))
      return false;
  }
  return true;
}

bool
virtio_load (Device *dev, GVariant *state, GError **error)
{
  VirtioDevice *vdev = (VirtioDevice *)dev;
  g_autoptr (GVariant) config = g_variant_lookup_value (state, "virtio-config", G_VARIANT_TYPE_BYTESTRING);
  uint8_t status;
  gboolean broken;
  gsize size = 0;
  const uint8_t *bytes = config != NULL ? g_variant_get_fixed_array (config, &size, 1) : NULL;
  uint64_t features, driver_features;
  if (config == NULL || size != vdev->vclass->config_size ||
      !g_variant_lookup (state, "virtio", "(yttub)", &status, &features, &driver_features,
                         &vdev->config_generation, &broken)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: the saved state is not that of a %s",
                 dev->path, vdev->vclass->name);
    return false;
  }
  if (features & ~virtio_offered_features (vdev)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "%s: the guest uses features 0x%" PRIx64
                 " that the device does not have now; start with the options the "
                 "machine was saved with",
                 dev->path, features & ~virtio_offered_features (vdev));
    return false;
  }
  /* Nothing moves before the machine goes on. */
  virtio_stop (vdev);
  vdev->features = features;
  vdev->driver_features = driver_features;
  if (size != 0)
    memcpy (vdev->config, bytes, size);
  __atomic_store_n (&vdev->status, status, __ATOMIC_RELEASE);
  __atomic_store_n (&vdev->broken, broken, __ATOMIC_RELEASE);
  if (!load_queues (vdev, state, error))
    return false;
  if (!(status & VIRTIO_STATUS_FEATURES_OK) || vdev->vclass->set_features == NULL ||
      vdev->vclass->set_features (vdev, features))
    return true;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "%s: the saved features 0x%" PRIx64 " do not go together", dev->path, features);
  return false;
}
