/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "device-private.h"

#include "keyval.h"
#include "suggest.h"

#include <gio/gio.h>
#include <string.h>

static void *
prop_member (Device *dev, const DeviceProp *prop)
{
  return (uint8_t *)dev + prop->offset;
}

const DeviceProp *
device_prop_find (const DeviceClass *class, const char *name)
{
  for (; class != NULL; class = class->base)
    for (const DeviceProp *prop = class->props; prop != NULL && prop->name != NULL; prop++)
      if (!strcmp (prop->name, name))
        return prop;
  return NULL;
}

static bool
prop_is_text (const DeviceProp *prop)
{
  return prop->kind == DEVICE_PROP_STRING || prop->kind == DEVICE_PROP_BACKEND;
}

static void
set_number (Device *dev, const DeviceProp *prop, uint64_t value)
{
  if (prop->kind == DEVICE_PROP_BOOL)
    *(bool *)prop_member (dev, prop) = value != 0;
  else if (prop->kind == DEVICE_PROP_UINT32)
    *(uint32_t *)prop_member (dev, prop) = (uint32_t)value;
  else
    *(uint64_t *)prop_member (dev, prop) = value;
}

static void
init_props_of (Device *dev, const DeviceClass *class)
{
  if (class->base != NULL)
    init_props_of (dev, class->base);
  for (const DeviceProp *prop = class->props; prop != NULL && prop->name != NULL; prop++)
    if (!prop_is_text (prop) && prop->kind != DEVICE_PROP_MAC)
      set_number (dev, prop, prop->initial);
}

void
device_props_init (Device *dev)
{
  init_props_of (dev, dev->class);
}

void
device_props_free (Device *dev)
{
  for (const DeviceClass *class = dev->class; class != NULL; class = class->base)
    for (const DeviceProp *prop = class->props; prop != NULL && prop->name != NULL; prop++)
      if (prop_is_text (prop))
        g_clear_pointer ((char **)prop_member (dev, prop), g_free);
}

static bool
parse_mac (const char *text, uint8_t mac[6])
{
  if (strlen (text) != 17)
    return false;
  for (unsigned i = 0; i < 6; i++) {
    int high = g_ascii_xdigit_value (text[3 * i]), low = g_ascii_xdigit_value (text[3 * i + 1]);
    char separator = text[3 * i + 2];
    if (high < 0 || low < 0 || (i < 5 && separator != ':' && separator != '-'))
      return false;
    mac[i] = (uint8_t)(high << 4 | low);
  }
  return true;
}

/* What is expected, for an error's remedy. */
static const char *
prop_syntax (const DeviceProp *prop)
{
  switch (prop->kind) {
    case DEVICE_PROP_BOOL: return "on or off";
    case DEVICE_PROP_UINT32:
    case DEVICE_PROP_UINT64: return "a number";
    case DEVICE_PROP_SIZE: return "a size such as 4096, 64k, 2M or 1G";
    case DEVICE_PROP_MAC: return "an address such as 52:54:00:12:34:56";
    case DEVICE_PROP_STRING:
    case DEVICE_PROP_BACKEND: break;
  }
  return "a text";
}

static uint64_t
prop_max (const DeviceProp *prop)
{
  uint64_t type_max = prop->kind == DEVICE_PROP_UINT32 ? UINT32_MAX : UINT64_MAX;
  return prop->max == 0 ? type_max : MIN (prop->max, type_max);
}

/* False: the text is not of the property's syntax. Range is checked by the caller. */
static bool
parse_prop_number (const DeviceProp *prop, const char *text, uint64_t *ret_value)
{
  bool on;
  switch (prop->kind) {
    case DEVICE_PROP_BOOL:
      if (!keyval_parse_bool (text, &on, NULL))
        return false;
      *ret_value = on;
      return true;
    case DEVICE_PROP_SIZE: return keyval_parse_size (text, 1, ret_value, NULL);
    default: return keyval_parse_uint (text, ret_value, NULL);
  }
}

static bool
set_unknown_error (Device *dev, const char *name, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (const DeviceClass *class = dev->class; class != NULL; class = class->base)
    for (const DeviceProp *prop = class->props; prop != NULL && prop->name != NULL; prop++)
      g_ptr_array_add (names, (gpointer)prop->name);
  g_ptr_array_add (names, NULL);
  if (names->len == 1) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "Device ‘%s’ has no property ‘%s’, nor any other: leave it out", dev->class->name, name);
    return false;
  }
  g_autofree char *all = g_strjoinv (", ", (char **)names->pdata);
  g_autofree char *hint = suggest_hint (name, (const char *const *)names->pdata);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "Device ‘%s’ has no property ‘%s’%s It has: %s",
               dev->class->name, name, hint, all);
  return false;
}

static bool
set_syntax_error (Device *dev, const DeviceProp *prop, const char *value, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Property ‘%s’ of device ‘%s’ cannot be ‘%s’: give %s", prop->name, dev->class->name, value,
               prop_syntax (prop));
  return false;
}

bool
device_set (Device *dev, const char *name, const char *value, GError **error)
{
  const DeviceProp *prop = device_prop_find (dev->class, name);
  uint64_t number;
  if (prop == NULL)
    return set_unknown_error (dev, name, error);
  if (dev->realized) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_BUSY,
        "Property ‘%s’ of device ‘%s’ cannot change while the device is in use: set it when it is created",
        name, dev->class->name);
    return false;
  }
  if (prop_is_text (prop)) {
    char **member = prop_member (dev, prop);
    g_free (*member);
    *member = g_strdup (value);
    return true;
  }
  if (prop->kind == DEVICE_PROP_MAC) {
    uint8_t mac[6];
    if (!parse_mac (value, mac))
      return set_syntax_error (dev, prop, value, error);
    memcpy (prop_member (dev, prop), mac, sizeof mac);
    return true;
  }
  if (!parse_prop_number (prop, value, &number))
    return set_syntax_error (dev, prop, value, error);
  if (number > prop_max (prop)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "Property ‘%s’ of device ‘%s’ cannot be %s: the largest value is %" G_GUINT64_FORMAT, name,
                 dev->class->name, value, prop_max (prop));
    return false;
  }
  set_number (dev, prop, number);
  return true;
}

char *
device_get (Device *dev, const char *name)
{
  const DeviceProp *prop = device_prop_find (dev->class, name);
  if (prop == NULL)
    return NULL;
  const void *member = prop_member (dev, prop);
  const uint8_t *mac = member;
  switch (prop->kind) {
    case DEVICE_PROP_BOOL: return g_strdup (*(const bool *)member ? "on" : "off");
    case DEVICE_PROP_UINT32: return g_strdup_printf ("%" G_GUINT32_FORMAT, *(const uint32_t *)member);
    case DEVICE_PROP_UINT64:
    case DEVICE_PROP_SIZE: return g_strdup_printf ("%" G_GUINT64_FORMAT, *(const uint64_t *)member);
    case DEVICE_PROP_MAC:
      return g_strdup_printf ("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
                              mac[5]);
    case DEVICE_PROP_STRING:
    case DEVICE_PROP_BACKEND: break;
  }
  const char *text = *(char *const *)member;
  return g_strdup (text == NULL ? "" : text);
}
