/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "device-private.h"

#include <gio/gio.h>
#include <string.h>

/* Saved state: numbers as numbers, so that it means the same on every host.
 *
 *   one value          t, b for a bool
 *   array of bytes     ay (bools too)
 *   array of others    at
 *   timer              x: when it runs out, or -1; several: ax
 *   child              a{sv} under its path
 *
 * What is loaded may have been made by an attacker: every member is looked up by name, and its type, count
 * and range are checked before it is stored. */

/* A member, whether it comes from a register table or from DeviceClass.saved. */
typedef struct {
  const char *bank; /* NULL: not a register */
  const char *name;
  uint8_t *data;
  unsigned size, count;
  uint64_t max;
  bool is_bool, is_timer;
} Member;

static Member
member_of_register (Device *dev, const RegisterBank *bank, const Register *reg)
{
  return (Member){
    .bank = bank->name,
    .name = reg->name,
    .data = (uint8_t *)dev + reg->member,
    .size = reg->size,
    .count = register_count (reg),
    .max = register_size_mask (reg->size),
  };
}

static Member
member_of_save (Device *dev, const DeviceSave *save)
{
  static const uint8_t sizes[] = {
    [DEVICE_SAVE_BOOL] = sizeof (bool),
    [DEVICE_SAVE_U8] = 1,
    [DEVICE_SAVE_U16] = 2,
    [DEVICE_SAVE_U32] = 4,
    [DEVICE_SAVE_U64] = 8,
    [DEVICE_SAVE_TIMER] = sizeof (ClockTimer *),
  };
  Member member = {
    .name = save->name,
    .data = (uint8_t *)dev + save->offset,
    .size = sizes[save->kind],
    .count = MAX (save->count, 1),
    .is_bool = save->kind == DEVICE_SAVE_BOOL,
    .is_timer = save->kind == DEVICE_SAVE_TIMER,
  };
  member.max = member.is_bool ? 1 : register_size_mask (member.size);
  if (save->max != 0)
    member.max = MIN (member.max, save->max);
  return member;
}

static char *
member_key (const Member *member)
{
  return member->bank == NULL ? g_strdup (member->name)
                              : g_strdup_printf ("%s.%s", member->bank, member->name);
}

static const char *
member_type (const Member *member)
{
  if (member->count > 1)
    return member->is_timer ? "ax" : member->size == 1 ? "ay" : "at";
  return member->is_timer ? "x" : member->is_bool ? "b" : "t";
}

static ClockTimer *
member_timer (const Member *member, unsigned i)
{
  return ((ClockTimer **)member->data)[i];
}

static GVariant *
member_to_variant (const Member *member)
{
  if (member->count > 1 && member->size == 1)
    return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, member->data, member->count, 1);
  g_autofree uint64_t *values = g_new (uint64_t, member->count);
  for (unsigned i = 0; i < member->count; i++) {
    ClockTimer *timer = member->is_timer ? member_timer (member, i) : NULL;
    if (member->is_timer)
      values[i] = timer == NULL ? UINT64_MAX : (uint64_t)clock_timer_when (timer);
    else
      values[i] = register_load (member->data + (size_t)i * member->size, member->size);
  }
  if (member->count > 1)
    return g_variant_new_fixed_array (member->is_timer ? G_VARIANT_TYPE_INT64 : G_VARIANT_TYPE_UINT64, values,
                                      member->count, sizeof *values);
  if (member->is_timer)
    return g_variant_new_int64 ((int64_t)values[0]);
  return member->is_bool ? g_variant_new_boolean (values[0] != 0) : g_variant_new_uint64 (values[0]);
}

static bool
load_error (Device *dev, const char *key, GError **error, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "The saved state of device %s (%s) does not fit: ‘%s’ %s. It is damaged, or was saved by a "
               "machine with "
               "another configuration",
               dev->path, dev->class->name, key, what);
  return false;
}

/* The values as numbers, count of them; NULL when there are not as many. */
static uint64_t *
values_of_variant (const Member *member, GVariant *variant)
{
  uint64_t *values = g_new (uint64_t, member->count);
  gsize n = 1;
  if (member->count == 1) {
    values[0] = member->is_timer  ? (uint64_t)g_variant_get_int64 (variant)
                : member->is_bool ? g_variant_get_boolean (variant)
                                  : g_variant_get_uint64 (variant);
    return values;
  }
  size_t size = member->size == 1 ? 1 : sizeof (uint64_t);
  const void *data = g_variant_get_fixed_array (variant, &n, size);
  if (n != member->count) {
    g_free (values);
    return NULL;
  }
  for (unsigned i = 0; i < member->count; i++)
    values[i] = size == 1 ? ((const uint8_t *)data)[i] : ((const uint64_t *)data)[i];
  return values;
}

static bool
load_timer (Device *dev, const char *key, ClockTimer *timer, int64_t when, GError **error)
{
  if (when < -1)
    return load_error (dev, key, error, "is a time before the machine's first");
  if (timer == NULL)
    return when == -1 || load_error (dev, key, error, "is a timer that this device does not have");
  if (when == -1)
    clock_timer_cancel (timer);
  else
    clock_timer_set (timer, when);
  return true;
}

static bool
load_member (Device *dev, const Member *member, GVariant *state, GError **error)
{
  g_autofree char *key = member_key (member);
  g_autoptr (GVariant) variant = g_variant_lookup_value (state, key, NULL);
  if (variant == NULL)
    return load_error (dev, key, error, "is missing");
  if (!g_variant_is_of_type (variant, G_VARIANT_TYPE (member_type (member))))
    return load_error (dev, key, error, "is of another type");
  g_autofree uint64_t *values = values_of_variant (member, variant);
  if (values == NULL)
    return load_error (dev, key, error, "has another number of elements");
  for (unsigned i = 0; !member->is_timer && i < member->count; i++)
    if (values[i] > member->max)
      return load_error (dev, key, error, "is too large");
  for (unsigned i = 0; i < member->count; i++) {
    if (!member->is_timer)
      register_store (member->data + (size_t)i * member->size, member->size, values[i]);
    else if (!load_timer (dev, key, member_timer (member, i), (int64_t)values[i], error))
      return false;
  }
  return true;
}

/* Calls fn for all members of the tables, those of general classes first, while it returns true. */
typedef bool (*MemberFn) (Device *dev, const Member *member, void *opaque, GError **error);

static bool
each_saved (Device *dev, const DeviceClass *class, MemberFn fn, void *opaque, GError **error)
{
  if (class->base != NULL && !each_saved (dev, class->base, fn, opaque, error))
    return false;
  for (const DeviceSave *save = class->saved; save != NULL && save->name != NULL; save++) {
    Member member = member_of_save (dev, save);
    if (!fn (dev, &member, opaque, error))
      return false;
  }
  return true;
}

static bool
each_member (Device *dev, MemberFn fn, void *opaque, GError **error)
{
  for (guint i = 0; i < dev->banks->len; i++) {
    const RegisterBank *bank = dev->banks->pdata[i];
    for (const Register *reg = bank->regs; reg->name != NULL; reg++) {
      if (!reg->stored)
        continue;
      Member member = member_of_register (dev, bank, reg);
      if (!fn (dev, &member, opaque, error))
        return false;
    }
  }
  return each_saved (dev, dev->class, fn, opaque, error);
}

static bool
save_one (Device *dev, const Member *member, void *opaque, GError **error)
{
  g_autofree char *key = member_key (member);
  g_variant_builder_add (opaque, "{sv}", key, member_to_variant (member));
  return true;
}

static bool
load_one (Device *dev, const Member *member, void *opaque, GError **error)
{
  return load_member (dev, member, opaque, error);
}

static void
class_save (Device *dev, const DeviceClass *class, GVariantBuilder *builder)
{
  if (class->base != NULL)
    class_save (dev, class->base, builder);
  if (class->save != NULL)
    class->save (dev, builder);
}

GVariant *
device_save (Device *dev)
{
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_rec_mutex_lock (&dev->lock);
  each_member (dev, save_one, &builder, NULL);
  class_save (dev, dev->class, &builder);
  g_rec_mutex_unlock (&dev->lock);
  for (guint i = 0; i < dev->children->len; i++) {
    Device *child = dev->children->pdata[i];
    g_autoptr (GVariant) state = device_save (child);
    g_variant_builder_add (&builder, "{sv}", child->path, state);
  }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static bool
class_load (Device *dev, const DeviceClass *class, GVariant *state, GError **error)
{
  if (class->base != NULL && !class_load (dev, class->base, state, error))
    return false;
  return class->load == NULL || class->load (dev, state, error);
}

static bool
class_loaded (Device *dev, const DeviceClass *class, GError **error)
{
  if (class->base != NULL && !class_loaded (dev, class->base, error))
    return false;
  return class->loaded == NULL || class->loaded (dev, error);
}

static bool
load_children (Device *dev, GVariant *state, GError **error)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;
  gsize n = 0;
  for (guint i = 0; i < dev->children->len; i++) {
    Device *child = dev->children->pdata[i];
    g_autoptr (GVariant) child_state = g_variant_lookup_value (state, child->path, G_VARIANT_TYPE_VARDICT);
    if (child_state == NULL)
      return load_error (dev, child->path, error, "is missing");
    if (!device_load (child, child_state, error))
      return false;
  }
  /* A device the machine no longer has is a loss of state, too. */
  g_variant_iter_init (&iter, state);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    n += key[0] == '/';
  return n <= dev->children->len || load_error (dev, "children", error, "are more than this machine has");
}

bool
device_load (Device *dev, GVariant *state, GError **error)
{
  if (!g_variant_is_of_type (state, G_VARIANT_TYPE_VARDICT))
    return load_error (dev, "state", error, "is not a dictionary");
  g_rec_mutex_lock (&dev->lock);
  bool ok = each_member (dev, load_one, state, error) && class_load (dev, dev->class, state, error);
  g_rec_mutex_unlock (&dev->lock);
  if (!ok || !load_children (dev, state, error))
    return false;
  g_rec_mutex_lock (&dev->lock);
  ok = class_loaded (dev, dev->class, error);
  g_rec_mutex_unlock (&dev->lock);
  return ok;
}
