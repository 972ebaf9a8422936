/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "device-private.h"

/* A device's life. Hooks of a general class run before those of the classes made from it, and after them when
 * things are undone. */

static void
class_init (Device *dev, const DeviceClass *class)
{
  if (class->base != NULL)
    class_init (dev, class->base);
  if (class->init != NULL)
    class->init (dev);
}

Device *
device_new (const DeviceClass *class, const char *path)
{
  g_assert (class->size >= sizeof (Device));
  Device *dev = g_malloc0 (class->size);
  dev->class = class;
  dev->path = g_strdup (path);
  g_rec_mutex_init (&dev->lock);
  dev->banks = g_ptr_array_new_with_free_func (device_bank_free);
  dev->children = g_ptr_array_new ();
  device_props_init (dev);
  class_init (dev, class);
  return dev;
}

void
device_add_child (Device *parent, Device *child)
{
  g_return_if_fail (child->parent == NULL);
  child->parent = parent;
  g_ptr_array_add (parent->children, child);
}

/* Undoes what class_realize() did for the class and the more general ones. */
static void
class_unrealize (Device *dev, const DeviceClass *class)
{
  for (; class != NULL; class = class->base)
    if (class->unrealize != NULL)
      class->unrealize (dev);
}

static bool
class_realize (Device *dev, const DeviceClass *class, GError **error)
{
  if (class->base != NULL && !class_realize (dev, class->base, error))
    return false;
  if (class->realize == NULL || class->realize (dev, error))
    return true;
  class_unrealize (dev, class->base);
  return false;
}

/* No vCPU is inside the device's registers after this. */
static void
unmap_banks (Device *dev)
{
  for (guint i = 0; i < dev->banks->len; i++) {
    MemoryRegion *region = &((DeviceBank *)dev->banks->pdata[i])->region;
    MemoryMap *map = region->map;
    if (map == NULL)
      continue;
    memory_region_unmap (region);
    memory_quiesce (map);
  }
}

static void
unrealize_tree (Device *dev)
{
  for (guint i = dev->children->len; i-- > 0;)
    unrealize_tree (dev->children->pdata[i]);
  unmap_banks (dev);
  if (!dev->realized)
    return;
  dev->realized = false;
  class_unrealize (dev, dev->class);
}

bool
device_realize (Device *dev, GError **error)
{
  if (dev->realized)
    return true;
  if (!class_realize (dev, dev->class, error)) {
    for (guint i = dev->children->len; i-- > 0;)
      unrealize_tree (dev->children->pdata[i]);
    return false;
  }
  dev->realized = true;
  for (guint i = 0; i < dev->children->len; i++)
    if (!device_realize (dev->children->pdata[i], error)) {
      unrealize_tree (dev);
      return false;
    }
  return true;
}

static void
class_reset (Device *dev, const DeviceClass *class)
{
  if (class->base != NULL)
    class_reset (dev, class->base);
  if (class->reset != NULL)
    class->reset (dev);
}

void
device_reset (Device *dev)
{
  device_trace (dev, "reset");
  g_rec_mutex_lock (&dev->lock);
  for (guint i = 0; i < dev->banks->len; i++)
    register_bank_reset (dev, dev->banks->pdata[i]);
  class_reset (dev, dev->class);
  g_rec_mutex_unlock (&dev->lock);
  for (guint i = 0; i < dev->children->len; i++)
    device_reset (dev->children->pdata[i]);
}

static void
class_quiesce (Device *dev, const DeviceClass *class)
{
  for (; class != NULL; class = class->base)
    if (class->quiesce != NULL)
      class->quiesce (dev);
}

void
device_quiesce (Device *dev)
{
  for (guint i = dev->children->len; i-- > 0;)
    device_quiesce (dev->children->pdata[i]);
  class_quiesce (dev, dev->class);
}

static void
class_resume (Device *dev, const DeviceClass *class)
{
  if (class->base != NULL)
    class_resume (dev, class->base);
  if (class->resume != NULL)
    class->resume (dev);
}

void
device_resume (Device *dev)
{
  class_resume (dev, dev->class);
  for (guint i = 0; i < dev->children->len; i++)
    device_resume (dev->children->pdata[i]);
}

/* Children go after everything was unrealized, since parents may look at them when they unrealize. */
static void
free_tree (Device *dev)
{
  for (guint i = dev->children->len; i-- > 0;)
    free_tree (dev->children->pdata[i]);
  device_props_free (dev);
  g_ptr_array_unref (dev->children);
  g_ptr_array_unref (dev->banks);
  g_rec_mutex_clear (&dev->lock);
  g_free (dev->id);
  g_free (dev->path);
  g_free (dev);
}

void
device_free (Device *dev)
{
  if (dev == NULL)
    return;
  unrealize_tree (dev);
  if (dev->parent != NULL)
    g_ptr_array_remove (dev->parent->children, dev);
  free_tree (dev);
}
