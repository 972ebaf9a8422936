/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The class that wraps a device's: its properties are the device's, at their offsets in a copy. */

#include "virtio-pci-private.h"

#include <gio/gio.h>
#include <string.h>

const VirtioPciClass *
virtio_pci_wrapper_class (const Device *dev)
{
  return (const VirtioPciClass *)dev->class;
}

static size_t
prop_size (DevicePropKind kind)
{
  switch (kind) {
    case DEVICE_PROP_BOOL: return sizeof (bool);
    case DEVICE_PROP_UINT32: return 4;
    case DEVICE_PROP_MAC: return 6;
    default: return 8;
  }
}

void
virtio_pci_copy_props (VirtioPci *vpci, const DeviceClass *class)
{
  uint8_t *from = (uint8_t *)vpci + PROPS_OFFSET, *to = (uint8_t *)vpci->vdev;
  for (; class != NULL; class = class->base)
    for (const DeviceProp *prop = class->props; prop != NULL && prop->name != NULL; prop++) {
      if (prop->kind == DEVICE_PROP_STRING || prop->kind == DEVICE_PROP_BACKEND) {
        char **text = (char **)(to + prop->offset);
        g_free (*text);
        *text = g_strdup (*(char **)(from + prop->offset));
      } else {
        memcpy (to + prop->offset, from + prop->offset, prop_size (prop->kind));
      }
    }
}

bool
virtio_pci_check_props (VirtioPci *vpci, GError **error)
{
  const char *legacy = vpci->disable_legacy, *modern = vpci->disable_modern;
  if ((legacy != NULL && g_str_equal (legacy, "off")) || (modern != NULL && !g_str_equal (modern, "off"))) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 "%s: only the interface of virtio 1.0 and later is there; leave disable-legacy and "
                 "disable-modern out",
                 vpci->pci.dev.path);
    return false;
  }
  if (vpci->romfile != NULL && vpci->romfile[0] != '\0') {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 "%s: option ROMs such as %s cannot be used; leave romfile out", vpci->pci.dev.path,
                 vpci->romfile);
    return false;
  }
  return true;
}

/* All properties of a class and its bases, moved by `offset`. */
static DeviceProp *
moved_props (const DeviceClass *class, size_t offset)
{
  GArray *props = g_array_new (TRUE, TRUE, sizeof (DeviceProp));
  for (; class != NULL; class = class->base)
    for (const DeviceProp *prop = class->props; prop != NULL && prop->name != NULL; prop++) {
      DeviceProp moved = *prop;
      moved.offset += offset;
      g_array_append_val (props, moved);
    }
  return (DeviceProp *)g_array_free (props, FALSE);
}

DeviceClass *
virtio_pci_class_new (const DeviceClass *device_class, const VirtioClass *vclass)
{
  VirtioPciClass *class = g_new0 (VirtioPciClass, 1);
  g_autofree char *stem = g_strdup (device_class->name);
  if (g_str_has_suffix (stem, "-device"))
    stem[strlen (stem) - strlen ("-device")] = '\0';
  class->device_class = device_class;
  class->vclass = vclass;
  class->class = (DeviceClass){
    .name = g_strconcat (stem, "-pci", NULL),
    .bus = "PCI",
    .category = device_class->category,
    .help = device_class->help,
    .size = PROPS_OFFSET + device_class->size,
    .base = &virtio_pci_class,
    .props = moved_props (device_class, PROPS_OFFSET),
    .user_creatable = device_class->user_creatable,
  };
  return &class->class;
}

VirtioDevice *
virtio_pci_device (Device *dev)
{
  for (const DeviceClass *class = dev->class; class != NULL; class = class->base)
    if (class == &virtio_pci_class)
      return ((VirtioPci *)dev)->vdev;
  return NULL;
}
