/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Commands that look at the screen, and type and point for a person. */

#include "monitor-private.h"

#include "display.h"
#include <linux/input-event-codes.h>
#include <string.h>

enum { HOLD_MS = 100, MAX_KEYS = 16 };

static Display *
find_screen (const char *device, int64_t head, GError **error)
{
  g_autoptr (GPtrArray) list = display_list ();
  g_autofree char *name =
      device && head > 0 ? g_strdup_printf ("%s.%d", device, (int)head) : g_strdup (device);
  for (unsigned i = 0; i < list->len; i++)
    if (device ? !strcmp (display_name (list->pdata[i]), name) : i == head)
      return list->pdata[i];
  monitor_fail (error, MONITOR_ERROR_GENERIC,
                list->len ? "There is no screen '%s'" : "There is no console to take a screendump from",
                name ? name : "of that number");
  return NULL;
}

static JsonNode *
run_screendump (MonitorContext *ctx, JsonObject *args, GError **error)
{
  const char *path = arg_string (args, "filename"), *format = arg_string (args, "format");
  if (format && strcmp (format, "ppm") && strcmp (format, "png")) {
    monitor_fail (error, MONITOR_ERROR_GENERIC,
                  "Parameter 'format' does not accept value '%s'; write ppm or png", format);
    return NULL;
  }
  Display *display = find_screen (arg_string (args, "device"), arg_int (args, "head", 0), error);
  const bool named = g_str_has_prefix (path, "fd:");
  const int fd = display && named ? monitor_take_fd (path + 3, error) : -1;
  const int64_t width = arg_int (args, "max-width", 0);
  if (named && fd >= 0)
    display_screendump_fd (display, fd, !format || !strcmp (format, "png"),
                           (uint32_t)CLAMP (width, 0, 1 << 15), error);
  else if (display && !named)
    display_screendump_as (display, path, format ? !strcmp (format, "png") : g_str_has_suffix (path, ".png"),
                           error);
  return NULL;
}

/* {"type": "qcode", "data": "ret"} or {"type": "number", "data": 28}. */
static bool
key_of (JsonNode *node, uint16_t *ret, GError **error)
{
  JsonObject *key = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  JsonNode *data = key ? json_object_get_member (key, "data") : NULL;
  const GType type = data && JSON_NODE_HOLDS_VALUE (data) ? json_node_get_value_type (data) : G_TYPE_INVALID;
  if (type == G_TYPE_STRING)
    return input_key_find (json_node_get_string (data), ret, error);
  if (type == G_TYPE_INT64) {
    g_autofree char *number = g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", json_node_get_int (data));
    return input_key_find (number, ret, error);
  }
  return monitor_fail (error, MONITOR_ERROR_GENERIC, "A key is {\"type\": \"qcode\", \"data\": NAME}");
}

static bool
need_keyboard (GError **error)
{
  return input_has (INPUT_KEYBOARD) ||
         monitor_fail (error, MONITOR_ERROR_GENERIC,
                       "The machine has no keyboard; add one with device_add virtio-keyboard-pci");
}

static JsonNode *
run_send_key (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonNode *node = json_object_get_member (args, "keys");
  JsonArray *keys = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  const int64_t hold = arg_int (args, "hold-time", HOLD_MS);
  uint16_t codes[MAX_KEYS];
  unsigned n = 0;
  if (!keys || json_array_get_length (keys) > MAX_KEYS) {
    monitor_fail (error, MONITOR_ERROR_GENERIC, "Parameter 'keys' expects a list of at most %d keys",
                  MAX_KEYS);
    return NULL;
  }
  for (; n < json_array_get_length (keys); n++)
    if (!key_of (json_array_get_element (keys, n), &codes[n], error))
      return NULL;
  if (hold < 0 || hold > 60000)
    monitor_fail (error, MONITOR_ERROR_GENERIC, "Parameter 'hold-time' expects at most 60000 ms");
  else if (need_keyboard (error))
    input_send_keys (codes, n, (unsigned)hold);
  return NULL;
}

static JsonNode *
run_sendkey (MonitorContext *ctx, JsonObject *args, GError **error)
{
  uint16_t codes[MAX_KEYS];
  unsigned n;
  if (input_parse_keys (arg_string (args, "keys"), codes, MAX_KEYS, &n, error) && need_keyboard (error))
    input_send_keys (codes, n, (unsigned)CLAMP (arg_int (args, "hold-time", HOLD_MS), 0, 60000));
  return NULL;
}

typedef struct {
  InputKind kind;
  uint16_t type, code;
  int32_t value;
} Event;

static bool
button_of (const char *name, bool down, Event *ret)
{
  static const struct {
    const char *name;
    uint16_t type, code;
    int32_t value;
  } buttons[] = { { "left", EV_KEY, BTN_LEFT, 1 },         { "middle", EV_KEY, BTN_MIDDLE, 1 },
                  { "right", EV_KEY, BTN_RIGHT, 1 },       { "side", EV_KEY, BTN_SIDE, 1 },
                  { "extra", EV_KEY, BTN_EXTRA, 1 },       { "wheel-up", EV_REL, REL_WHEEL, 1 },
                  { "wheel-down", EV_REL, REL_WHEEL, -1 }, { "wheel-left", EV_REL, REL_HWHEEL, -1 },
                  { "wheel-right", EV_REL, REL_HWHEEL, 1 } };
  for (unsigned i = 0; i < G_N_ELEMENTS (buttons); i++) {
    if (!strcmp (buttons[i].name, name)) {
      *ret = (Event){ INPUT_POINTER_ABS | INPUT_POINTER_REL, buttons[i].type, buttons[i].code,
                      down ? buttons[i].value : 0 };
      return true;
    }
  }
  return false;
}

/* A string, number or truth value of that name, or a sign that there is none. */
static bool
has (JsonObject *o, const char *name, GType type)
{
  JsonNode *node = json_object_get_member (o, name);
  return node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type;
}

static bool
event_of (JsonNode *node, Event *ret, GError **error)
{
  JsonObject *o = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  JsonNode *data_node = o ? json_object_get_member (o, "data") : NULL;
  JsonObject *data =
      data_node && JSON_NODE_HOLDS_OBJECT (data_node) ? json_node_get_object (data_node) : NULL;
  if (!data || !has (o, "type", G_TYPE_STRING))
    return monitor_fail (error, MONITOR_ERROR_GENERIC,
                         "An event is {\"type\": key|btn|rel|abs, \"data\": {…}}");
  const char *type = arg_string (o, "type");
  const bool down = has (data, "down", G_TYPE_BOOLEAN) && arg_bool (data, "down", false);
  if (!strcmp (type, "key") && json_object_has_member (data, "key")) {
    *ret = (Event){ INPUT_KEYBOARD, EV_KEY, 0, down };
    return key_of (json_object_get_member (data, "key"), &ret->code, error);
  }
  if (!strcmp (type, "btn") && has (data, "button", G_TYPE_STRING))
    return button_of (arg_string (data, "button"), down, ret) ||
           monitor_fail (error, MONITOR_ERROR_GENERIC, "There is no button '%s'",
                         arg_string (data, "button"));
  const bool absolute = !strcmp (type, "abs");
  if ((absolute || !strcmp (type, "rel")) && has (data, "axis", G_TYPE_STRING) &&
      has (data, "value", G_TYPE_INT64)) {
    const bool y = !strcmp (arg_string (data, "axis"), "y");
    const int64_t value = arg_int (data, "value", 0);
    if (absolute)
      *ret = (Event){ INPUT_POINTER_ABS, EV_ABS, y ? ABS_Y : ABS_X, (int32_t)CLAMP (value, 0, 0x7fff) };
    else
      *ret = (Event){ INPUT_POINTER_REL, EV_REL, y ? REL_Y : REL_X, (int32_t)CLAMP (value, -0x7fff, 0x7fff) };
    return true;
  }
  return monitor_fail (error, MONITOR_ERROR_GENERIC, "The event '%s' is not known, or lacks a member", type);
}

static JsonNode *
run_input_events (MonitorContext *ctx, JsonObject *args, GError **error)
{
  JsonNode *node = json_object_get_member (args, "events");
  JsonArray *list = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  const unsigned n = list ? json_array_get_length (list) : 0;
  g_autofree Event *events = g_new (Event, n + 1);
  if (!list)
    monitor_fail (error, MONITOR_ERROR_GENERIC, "Parameter 'events' expects a list");
  /* All or none. */
  for (unsigned i = 0; i < n; i++)
    if (!event_of (json_array_get_element (list, i), &events[i], error))
      return NULL;
  unsigned kinds = 0;
  for (unsigned i = 0; i < n; i++) {
    const InputKind kind = events[i].kind & INPUT_POINTER_ABS && input_has (INPUT_POINTER_ABS)
                               ? INPUT_POINTER_ABS
                               : events[i].kind & ~INPUT_POINTER_ABS;
    if (input_send (kind, events[i].type, events[i].code, events[i].value))
      kinds |= kind;
  }
  for (unsigned kind = INPUT_KEYBOARD; kind <= INPUT_POINTER_ABS; kind <<= 1)
    if (kinds & kind)
      input_send (kind, EV_SYN, SYN_REPORT, 0);
  return NULL;
}

/* People's forms of the above. */

static JsonNode *
run_mouse_move (MonitorContext *ctx, JsonObject *args, GError **error)
{
  static const struct {
    const char *name;
    uint16_t code;
  } axes[] = { { "dx", REL_X }, { "dy", REL_Y }, { "dz", REL_WHEEL } };
  if (!input_has (INPUT_POINTER_REL)) {
    monitor_fail (error, MONITOR_ERROR_GENERIC,
                  "The machine has no mouse; add one with device_add virtio-mouse-pci");
    return NULL;
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (axes); i++) {
    const int64_t value = CLAMP (arg_int (args, axes[i].name, 0), -0x7fff, 0x7fff);
    if (value)
      input_send (INPUT_POINTER_REL, EV_REL, axes[i].code, (int32_t)value);
  }
  input_send (INPUT_POINTER_REL, EV_SYN, SYN_REPORT, 0);
  return NULL;
}

static JsonNode *
run_mouse_button (MonitorContext *ctx, JsonObject *args, GError **error)
{
  static const uint16_t codes[] = { BTN_LEFT, BTN_RIGHT, BTN_MIDDLE };
  static int64_t old;
  const int64_t state = arg_int (args, "state", 0);
  const InputKind kind = input_has (INPUT_POINTER_ABS) ? INPUT_POINTER_ABS : INPUT_POINTER_REL;
  for (unsigned i = 0; i < G_N_ELEMENTS (codes); i++)
    if ((state ^ old) >> i & 1)
      input_send (kind, EV_KEY, codes[i], state >> i & 1);
  old = state;
  if (!input_send (kind, EV_SYN, SYN_REPORT, 0))
    monitor_fail (error, MONITOR_ERROR_GENERIC,
                  "The machine has no mouse; add one with device_add virtio-mouse-pci");
  return NULL;
}

const QmpCommand qmp_input_commands[] = {
  { "screendump",
    run_screendump,
    { { "filename", ARG_STRING },
      { "device", ARG_STRING | ARG_OPTIONAL },
      { "head", ARG_INT | ARG_OPTIONAL },
      { "format", ARG_STRING | ARG_OPTIONAL },
      { "max-width", ARG_INT | ARG_OPTIONAL } } },
  { "send-key", run_send_key, { { "keys", ARG_ANY }, { "hold-time", ARG_INT | ARG_OPTIONAL } } },
  { "input-send-event",
    run_input_events,
    { { "events", ARG_ANY }, { "device", ARG_STRING | ARG_OPTIONAL }, { "head", ARG_INT | ARG_OPTIONAL } } },
  { NULL },
};

const QmpCommand hmp_input_commands[] = {
  { "sendkey", run_sendkey, { { "keys", ARG_STRING }, { "hold-time", ARG_INT | ARG_OPTIONAL } } },
  { "mouse_move",
    run_mouse_move,
    { { "dx", ARG_INT }, { "dy", ARG_INT }, { "dz", ARG_INT | ARG_OPTIONAL } } },
  { "mouse_button", run_mouse_button, { { "state", ARG_INT } } },
  { NULL },
};
