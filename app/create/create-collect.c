/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "create-form-private.h"

/* What is on the page, as the engine wants to have it. */

#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define GIB (G_GUINT64_CONSTANT (1) << 30)

const char *
vt_create_form_get_role (VtCreateForm *self)
{
  const char *kind = "";
  if (!self->facts || !self->facts->media)
    return NULL;
  g_variant_lookup (self->facts->media, "kind", "&s", &kind);
  return g_str_equal (kind, "disk") ? vt_choice_row_get (self->import_row) : "cdrom";
}

/* What it will need where machines are kept: an image that stays where it is needs nothing. The disk itself
 * gets the image's size whatever is said here. */
static guint64
disk_size (VtCreateForm *self)
{
  const char *role = vt_create_form_get_role (self);
  guint64 size = 0;
  if (!role || g_str_equal (role, "cdrom"))
    return (guint64)adw_spin_row_get_value (ADW_SPIN_ROW (self->disk_row)) * GIB;
  if (g_str_equal (role, "import"))
    g_variant_lookup (self->facts->media, "disk-size", "t", &size);
  return MAX (size, MIB);
}

static GVariant *
collect_disks (VtCreateForm *self)
{
  GVariantBuilder list = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  GVariantBuilder disk = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&disk, "{sv}", "id", g_variant_new_string ("disk0"));
  g_variant_builder_add (&disk, "{sv}", "size", g_variant_new_uint64 (disk_size (self)));
  g_variant_builder_add_value (&list, g_variant_builder_end (&disk));
  return g_variant_builder_end (&list);
}

/* A machine without a network keeps its adapter, so that it can be connected later. */
static GVariant *
collect_nics (VtCreateForm *self)
{
  const char *mode = adw_switch_row_get_active (ADW_SWITCH_ROW (self->network_row)) ? "user" : "none",
             *id = "net0";
  GVariantBuilder list = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  GVariantBuilder nic = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) usual =
      g_variant_lookup_value (self->facts->defaults, "nics", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) first =
      usual && g_variant_n_children (usual) ? g_variant_get_child_value (usual, 0) : NULL;
  if (first)
    g_variant_lookup (first, "id", "&s", &id);
  g_variant_builder_add (&nic, "{sv}", "id", g_variant_new_string (id));
  g_variant_builder_add (&nic, "{sv}", "mode", g_variant_new_string (mode));
  g_variant_builder_add_value (&list, g_variant_builder_end (&nic));
  return g_variant_builder_end (&list);
}

static GVariant *
collect_display (VtCreateForm *self)
{
  GVariantDict display;
  g_autoptr (GVariant) usual =
      g_variant_lookup_value (self->facts->defaults, "display", G_VARIANT_TYPE_VARDICT);
  g_variant_dict_init (&display, usual);
  g_variant_dict_insert (&display, "kind", "s", vt_choice_row_get (self->display_row));
  return g_variant_dict_end (&display);
}

static void
insert_choice (GVariantDict *dict, const char *key, VtChoiceRow *row)
{
  const char *name = vt_choice_row_get (row);
  if (name)
    g_variant_dict_insert (dict, key, "s", name);
}

/* What the file is stays with the machine. */
static void
insert_system (VtCreateForm *self, GVariantDict *dict)
{
  static const char *const keys[] = { "os-id", "os-name" };
  g_autoptr (GVariant) suggested = NULL;
  if (self->facts->media)
    suggested = g_variant_lookup_value (self->facts->media, "settings", G_VARIANT_TYPE_VARDICT);
  for (size_t i = 0; suggested && i < G_N_ELEMENTS (keys); i++) {
    const char *text;
    if (g_variant_lookup (suggested, keys[i], "&s", &text))
      g_variant_dict_insert (dict, keys[i], "s", text);
  }
}

GVariant *
vt_create_form_collect (VtCreateForm *self)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *name = g_strstrip (g_strdup (vt_create_form_get_name (self)));
  GtkWidget *const spins[] = { self->memory_row, self->cpus_row, self->disk_row };
  /* Numbers that are still being typed count. */
  for (size_t i = 0; i < G_N_ELEMENTS (spins); i++)
    adw_spin_row_update (ADW_SPIN_ROW (spins[i]));
  insert_system (self, &dict);
  g_variant_dict_insert (&dict, "name", "s", name);
  insert_choice (&dict, "architecture", self->architecture_row);
  insert_choice (&dict, "firmware", self->firmware_row);
  insert_choice (&dict, "board", self->board_row);
  insert_choice (&dict, "cpu", self->cpu_row);
  insert_choice (&dict, "input", self->input_row);
  g_variant_dict_insert (&dict, "memory", "t",
                         (guint64)adw_spin_row_get_value (ADW_SPIN_ROW (self->memory_row)) * MIB);
  g_variant_dict_insert (&dict, "cpus", "u", (guint32)adw_spin_row_get_value (ADW_SPIN_ROW (self->cpus_row)));
  g_variant_dict_insert (&dict, "agent", "b", adw_switch_row_get_active (ADW_SWITCH_ROW (self->agent_row)));
  g_variant_dict_insert (&dict, "serials", "u",
                         (guint32)adw_switch_row_get_active (ADW_SWITCH_ROW (self->serial_row)));
  g_variant_dict_insert (&dict, "start", "b", adw_switch_row_get_active (ADW_SWITCH_ROW (self->start_row)));
  g_variant_dict_insert_value (&dict, "disks", collect_disks (self));
  g_variant_dict_insert_value (&dict, "nics", collect_nics (self));
  if (vt_choice_row_get (self->display_row))
    g_variant_dict_insert_value (&dict, "display", collect_display (self));
  return g_variant_dict_end (&dict);
}
