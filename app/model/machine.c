/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-private.h"

enum {
  PROP_UUID = 1,
  PROP_NAME,
  PROP_STATE_REASON,
  PROP_ARCHITECTURE,
  PROP_OS_ID,
  PROP_OS_NAME,
  PROP_GROUP,
  PROP_FOLDER,
  PROP_AUTOSTART,
  PROP_SETTINGS,
  PROP_PENDING,
  PROP_MEDIA,
  PROP_DISPLAYS,
  PROP_CONSOLES,
  PROP_CREATED,
  PROP_LAST_STARTED,
  N_MIRRORED, /* those above are the engine's, as they are */
  PROP_STATE = N_MIRRORED,
  PROP_STATE_TEXT,
  PROP_ALIVE,
  PROP_GONE,
  PROP_THUMBNAIL,
  N_PROPS
};

static GParamSpec *props[N_PROPS];
static guint sample_signal;

/* What a value is until the engine has told it, in GVariant's text, and its type. */
static const struct {
  const char *name, *dbus_name, *type, *fallback;
} mirrored[N_MIRRORED] = {
  [PROP_UUID] = { "uuid", "Uuid", "s", "''" },
  [PROP_NAME] = { "name", "Name", "s", "''" },
  [PROP_STATE_REASON] = { "state-reason", "StateReason", "s", "''" },
  [PROP_ARCHITECTURE] = { "architecture", "Architecture", "s", "''" },
  [PROP_OS_ID] = { "os-id", "OsId", "s", "''" },
  [PROP_OS_NAME] = { "os-name", "OsName", "s", "''" },
  [PROP_GROUP] = { "group", "Group", "s", "''" },
  [PROP_FOLDER] = { "folder", "Folder", "s", "''" },
  [PROP_AUTOSTART] = { "autostart", "Autostart", "b", "false" },
  [PROP_SETTINGS] = { "settings", "Settings", "a{sv}", "{}" },
  [PROP_PENDING] = { "pending", "PendingSettings", "as", "[]" },
  [PROP_MEDIA] = { "media", "Media", "a{ss}", "{}" },
  [PROP_DISPLAYS] = { "displays", "Displays", "u", "0" },
  [PROP_CONSOLES] = { "consoles", "Consoles", "as", "[]" },
  [PROP_CREATED] = { "created", "Created", "x", "0" },
  [PROP_LAST_STARTED] = { "last-started", "LastStarted", "x", "0" },
};

G_DEFINE_FINAL_TYPE (VtMachine, vt_machine, G_TYPE_OBJECT)

static GVariant *
mirror_value (VtMachine *self, unsigned id)
{
  GVariant *value = g_hash_table_lookup (self->values, mirrored[id].dbus_name);
  if (value)
    return g_variant_ref (value);
  return g_variant_parse (G_VARIANT_TYPE (mirrored[id].type), mirrored[id].fallback, NULL, NULL, NULL);
}

/* The string lives as long as the value does in the table: until the property changes. */
static const char *
mirror_string (VtMachine *self, unsigned id)
{
  GVariant *value = g_hash_table_lookup (self->values, mirrored[id].dbus_name);
  return value ? g_variant_get_string (value, NULL) : "";
}

static void
get_mirrored (VtMachine *self, unsigned id, GValue *value)
{
  g_autoptr (GVariant) variant = mirror_value (self, id);
  switch (*mirrored[id].type) {
    case 's': g_value_set_string (value, g_variant_get_string (variant, NULL)); break;
    case 'b': g_value_set_boolean (value, g_variant_get_boolean (variant)); break;
    case 'u': g_value_set_uint (value, g_variant_get_uint32 (variant)); break;
    case 'x': g_value_set_int64 (value, g_variant_get_int64 (variant)); break;
    default:
      if (G_VALUE_HOLDS (value, G_TYPE_STRV))
        g_value_take_boxed (value, g_variant_dup_strv (variant, NULL));
      else
        g_value_set_variant (value, variant);
  }
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VtMachine *self = VT_MACHINE (object);
  switch (id) {
    case PROP_STATE: g_value_set_enum (value, self->state); break;
    case PROP_STATE_TEXT: g_value_set_string (value, vt_machine_state_text (self->state)); break;
    case PROP_ALIVE: g_value_set_boolean (value, vt_machine_is_alive (self)); break;
    case PROP_GONE: g_value_set_boolean (value, self->gone); break;
    case PROP_THUMBNAIL: g_value_set_object (value, vt_thumbnail_get (self->thumbnail)); break;
    default: get_mirrored (self, id, value);
  }
}

/* Takes over a property of the proxy. True if it has changed. */
static gboolean
refresh (VtMachine *self, const char *dbus_name, const char *type)
{
  g_autoptr (GVariant) value = g_dbus_proxy_get_cached_property (G_DBUS_PROXY (self->proxy), dbus_name);
  if (!value || !g_variant_is_of_type (value, G_VARIANT_TYPE (type)))
    return FALSE;
  GVariant *old = g_hash_table_lookup (self->values, dbus_name);
  if (old && g_variant_equal (old, value))
    return FALSE;
  g_hash_table_insert (self->values, g_strdup (dbus_name), g_steal_pointer (&value));
  return TRUE;
}

static void
refresh_state (VtMachine *self)
{
  if (!refresh (self, "State", "s"))
    return;
  gboolean was_alive = vt_machine_is_alive (self);
  self->state =
      vt_machine_state_from_name (g_variant_get_string (g_hash_table_lookup (self->values, "State"), NULL));
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE_TEXT]);
  if (was_alive != vt_machine_is_alive (self))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ALIVE]);
}

static void
refresh_all (VtMachine *self)
{
  g_object_freeze_notify (G_OBJECT (self));
  for (unsigned id = 1; id < N_MIRRORED; id++)
    if (refresh (self, mirrored[id].dbus_name, mirrored[id].type))
      g_object_notify_by_pspec (G_OBJECT (self), props[id]);
  refresh_state (self);
  g_object_thaw_notify (G_OBJECT (self));
  vt_thumbnail_changed (self->thumbnail);
}

static void
on_sample (VtMachine *self, gint64 time, double cpu, guint64 memory, guint64 disk_read, guint64 disk_write,
           guint64 net_receive, guint64 net_send)
{
  g_signal_emit (self, sample_signal, 0, time, cpu, memory, disk_read, disk_write, net_receive, net_send);
}

void
vt_machine_attach (VtMachine *self, VtMachine1 *proxy, VtStatistics1 *statistics)
{
  vt_machine_detach (self);
  self->proxy = proxy ? g_object_ref (proxy) : NULL;
  self->statistics = statistics ? g_object_ref (statistics) : NULL;
  if (self->proxy) {
    g_signal_connect_swapped (self->proxy, "g-properties-changed", G_CALLBACK (refresh_all), self);
    refresh_all (self);
  }
  if (self->statistics) {
    g_signal_connect_swapped (self->statistics, "sample", G_CALLBACK (on_sample), self);
    if (self->watchers)
      vt_statistics1_call_watch (self->statistics, NULL, NULL, NULL);
  }
}

void
vt_machine_detach (VtMachine *self)
{
  if (self->proxy)
    g_signal_handlers_disconnect_by_data (self->proxy, self);
  if (self->statistics)
    g_signal_handlers_disconnect_by_data (self->statistics, self);
  g_clear_object (&self->proxy);
  g_clear_object (&self->statistics);
  vt_thumbnail_changed (self->thumbnail);
}

void
vt_machine_set_gone (VtMachine *self)
{
  vt_machine_detach (self);
  self->gone = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_GONE]);
}

static void
dispose (GObject *object)
{
  VtMachine *self = VT_MACHINE (object);
  if (self->thumbnail)
    vt_machine_detach (self);
  g_clear_pointer (&self->thumbnail, vt_thumbnail_free);
  G_OBJECT_CLASS (vt_machine_parent_class)->dispose (object);
}

static void
finalize (GObject *object)
{
  VtMachine *self = VT_MACHINE (object);
  g_hash_table_unref (self->values);
  g_free (self->path);
  G_OBJECT_CLASS (vt_machine_parent_class)->finalize (object);
}

static GParamSpec *
mirrored_spec (unsigned id)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const char *name = mirrored[id].name, *type = mirrored[id].type;
  switch (*type) {
    case 's': return g_param_spec_string (name, NULL, NULL, "", flags);
    case 'b': return g_param_spec_boolean (name, NULL, NULL, FALSE, flags);
    case 'u': return g_param_spec_uint (name, NULL, NULL, 0, G_MAXUINT, 0, flags);
    case 'x': return g_param_spec_int64 (name, NULL, NULL, G_MININT64, G_MAXINT64, 0, flags);
    default:
      if (g_str_equal (type, "as"))
        return g_param_spec_boxed (name, NULL, NULL, G_TYPE_STRV, flags);
      return g_param_spec_variant (name, NULL, NULL, G_VARIANT_TYPE (type), NULL, flags);
  }
}

static void
vt_machine_class_init (VtMachineClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  object_class->get_property = get_property;
  object_class->dispose = dispose;
  object_class->finalize = finalize;

  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  for (unsigned id = 1; id < N_MIRRORED; id++)
    props[id] = mirrored_spec (id);
  props[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, VT_TYPE_MACHINE_STATE, VT_MACHINE_OFF, flags);
  props[PROP_STATE_TEXT] = g_param_spec_string ("state-text", NULL, NULL, "", flags);
  props[PROP_ALIVE] = g_param_spec_boolean ("alive", NULL, NULL, FALSE, flags);
  props[PROP_GONE] = g_param_spec_boolean ("gone", NULL, NULL, FALSE, flags);
  props[PROP_THUMBNAIL] = g_param_spec_object ("thumbnail", NULL, NULL, GDK_TYPE_PAINTABLE, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);

  sample_signal = g_signal_new ("sample", VT_TYPE_MACHINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 7, G_TYPE_INT64, G_TYPE_DOUBLE, G_TYPE_UINT64, G_TYPE_UINT64,
                                G_TYPE_UINT64, G_TYPE_UINT64, G_TYPE_UINT64);
}

static void
vt_machine_init (VtMachine *self)
{
  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_variant_unref);
  self->thumbnail = vt_thumbnail_new (self);
}

VtMachine *
vt_machine_new (const char *path)
{
  VtMachine *self = g_object_new (VT_TYPE_MACHINE, NULL);
  self->path = g_strdup (path);
  return self;
}

const char *
vt_machine_get_uuid (VtMachine *self)
{
  return mirror_string (self, PROP_UUID);
}

const char *
vt_machine_get_name (VtMachine *self)
{
  return mirror_string (self, PROP_NAME);
}

VtMachineState
vt_machine_get_state (VtMachine *self)
{
  return self->state;
}

const char *
vt_machine_get_state_reason (VtMachine *self)
{
  return mirror_string (self, PROP_STATE_REASON);
}

gboolean
vt_machine_is_alive (VtMachine *self)
{
  return self->state >= VT_MACHINE_STARTING && self->state <= VT_MACHINE_SAVING;
}

GVariant *
vt_machine_get_settings (VtMachine *self)
{
  return mirror_value (self, PROP_SETTINGS);
}

const char *
vt_machine_get_object_path (VtMachine *self)
{
  return self->path;
}

void
vt_machine_hold_thumbnail (VtMachine *self)
{
  vt_thumbnail_hold (self->thumbnail);
}

void
vt_machine_release_thumbnail (VtMachine *self)
{
  vt_thumbnail_release (self->thumbnail);
}

void
vt_machine_watch (VtMachine *self)
{
  if (self->watchers++ == 0 && self->statistics)
    vt_statistics1_call_watch (self->statistics, NULL, NULL, NULL);
}

void
vt_machine_unwatch (VtMachine *self)
{
  g_return_if_fail (self->watchers > 0);
  if (--self->watchers == 0 && self->statistics)
    vt_statistics1_call_unwatch (self->statistics, NULL, NULL, NULL);
}
