/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "device.h"

#include <string.h>

static GMutex classes_lock;
static GHashTable *classes; /* name -> class */

void
device_class_register (const DeviceClass *class)
{
  g_mutex_lock (&classes_lock);
  if (classes == NULL)
    classes = g_hash_table_new (g_str_hash, g_str_equal);
  const DeviceClass *known = g_hash_table_lookup (classes, class->name);
  if (known == NULL)
    g_hash_table_insert (classes, (gpointer) class->name, (gpointer) class);
  g_mutex_unlock (&classes_lock);
  if (known != NULL && known != class)
    g_critical ("two device classes are called ‘%s’", class->name);
}

const DeviceClass *
device_class_find (const char *name)
{
  g_mutex_lock (&classes_lock);
  const DeviceClass *class = classes == NULL ? NULL : g_hash_table_lookup (classes, name);
  g_mutex_unlock (&classes_lock);
  return class;
}

static int
compare_classes (const void *a, const void *b)
{
  const DeviceClass *x = *(const DeviceClass *const *)a, *y = *(const DeviceClass *const *)b;
  int by_category = g_strcmp0 (x->category, y->category);
  return by_category != 0 ? by_category : strcmp (x->name, y->name);
}

GPtrArray *
device_classes (void)
{
  GPtrArray *sorted = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer class;
  g_mutex_lock (&classes_lock);
  if (classes != NULL) {
    g_hash_table_iter_init (&iter, classes);
    while (g_hash_table_iter_next (&iter, NULL, &class))
      g_ptr_array_add (sorted, class);
  }
  g_mutex_unlock (&classes_lock);
  if (sorted->len > 1)
    qsort (sorted->pdata, sorted->len, sizeof (gpointer), compare_classes);
  return sorted;
}
