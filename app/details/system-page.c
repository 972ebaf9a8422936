/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system-page.h"

#include "boot-order.h"
#include "choices.h"
#include "setting-binding.h"

#include <glib/gi18n.h>

#define MIB (1 << 20)

struct _VtSystemPage {
  AdwPreferencesPage parent_instance;
  GtkWidget *name_row, *group_row, *autostart_row, *notes_list_row, *notes_view;
  GtkWidget *cpus_row, *cpu_row, *memory_row, *architecture_row, *board_row, *firmware_row;
  GtkWidget *display_row, *width_row, *height_row, *heads_row, *input_row;
  GtkWidget *serial_row, *agent_row, *rng_row, *balloon_row;
  GtkAdjustment *cpus_adjustment;
  VtRemarkRow *display_note;
  VtBootOrder *boot_order;
  VtSettingsEditor *editor;
  GVariant *filled; /* the capabilities that the choices are from */
};

G_DEFINE_FINAL_TYPE (VtSystemPage, vt_system_page, ADW_TYPE_PREFERENCES_PAGE)

/* ---- What there is to choose from ---- */

static GVariant *
find_architecture (VtSystemPage *self)
{
  GVariant *capabilities = vt_settings_editor_get_capabilities (self->editor);
  g_autofree char *name =
      vt_settings_dup_string (vt_settings_editor_get_settings (self->editor), "architecture");
  g_autoptr (GVariant) all = NULL;
  if (capabilities)
    all = g_variant_lookup_value (capabilities, "architectures", G_VARIANT_TYPE_VARDICT);
  return all ? g_variant_lookup_value (all, name, G_VARIANT_TYPE_VARDICT) : NULL;
}

static void
fill_choice (GtkWidget *row, GVariant *architecture, const char *list, const char *key)
{
  g_auto (GStrv) names = NULL;
  if (!g_variant_lookup (architecture, list, "^as", &names))
    return;
  vt_setting_freeze (row);
  vt_choice_row_clear (VT_CHOICE_ROW (row));
  for (char **name = names; *name; name++)
    vt_choice_row_add (VT_CHOICE_ROW (row), *name, vt_choice_label (key, *name), NULL);
  vt_setting_thaw (row);
}

static void
fill_choices (VtSystemPage *self)
{
  g_autoptr (GVariant) architecture = find_architecture (self);
  g_autofree char *id =
      vt_settings_dup_string (vt_settings_editor_get_settings (self->editor), "architecture");
  const char *name = vt_choice_label ("architecture", id);
  guint32 most = 0;
  if (architecture && name == id)
    g_variant_lookup (architecture, "name", "&s", &name);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->architecture_row), name);
  if (!architecture || (self->filled && g_variant_equal (self->filled, architecture)))
    return;
  g_clear_pointer (&self->filled, g_variant_unref);
  self->filled = g_variant_ref (architecture);
  fill_choice (self->board_row, architecture, "boards", "board");
  fill_choice (self->firmware_row, architecture, "firmware", "firmware");
  fill_choice (self->cpu_row, architecture, "cpus", "cpu");
  if (g_variant_lookup (architecture, "max-cpus", "u", &most) && most > 0)
    gtk_adjustment_set_upper (self->cpus_adjustment, most);
}

/* ---- What is to be known ---- */

static void
advise_memory (VtSystemPage *self, guint64 memory)
{
  GVariant *capabilities = vt_settings_editor_get_capabilities (self->editor);
  guint64 all = 0;
  g_autofree char *text = NULL;
  if (capabilities)
    g_variant_lookup (capabilities, "host-memory", "t", &all);
  if (all && memory > all) {
    g_autofree char *size = g_format_size_full (all, G_FORMAT_SIZE_IEC_UNITS);
    text = g_strdup_printf (
        _ ("This computer has only %s of memory: the machine will not start. Choose less."), size);
  }
  vt_setting_advise (self->memory_row, VT_REMARK_WARNING, text);
}

static void
advise_cpus (VtSystemPage *self, guint64 cpus)
{
  GVariant *capabilities = vt_settings_editor_get_capabilities (self->editor);
  guint32 all = 0;
  g_autofree char *text = NULL;
  if (capabilities)
    g_variant_lookup (capabilities, "cpus", "u", &all);
  if (all && cpus > all)
    text = g_strdup_printf (ngettext ("This computer has %u processor: with more the machine will be slow.",
                                      "This computer has %u processors: with more the machine will be slow.",
                                      all),
                            all);
  vt_setting_advise (self->cpus_row, VT_REMARK_WARNING, text);
}

/* Without a display there is nothing to be wide and high. */
static void
update_display (VtSystemPage *self, GVariant *settings)
{
  g_autofree char *kind = vt_settings_dup_string (settings, "display/kind");
  gboolean shown = *kind && !g_str_equal (kind, "none");
  gtk_widget_set_visible (self->width_row, shown);
  gtk_widget_set_visible (self->height_row, shown);
  gtk_widget_set_visible (self->heads_row, shown && g_str_equal (kind, "virtio"));
}

static void
update (VtSystemPage *self)
{
  GVariant *settings = vt_settings_editor_get_settings (self->editor);
  fill_choices (self);
  advise_memory (self, vt_settings_get_number (settings, "memory"));
  advise_cpus (self, vt_settings_get_number (settings, "cpus"));
  update_display (self, settings);
}

void
vt_system_page_set_editor (VtSystemPage *self, VtSettingsEditor *editor)
{
  const struct {
    const char *path;
    GtkWidget *row;
  } rows[] = {
    { "name", self->name_row },
    { "group", self->group_row },
    { "autostart", self->autostart_row },
    { "notes", self->notes_view },
    { "cpus", self->cpus_row },
    { "cpu", self->cpu_row },
    { "board", self->board_row },
    { "firmware", self->firmware_row },
    { "display/kind", self->display_row },
    { "display/width", self->width_row },
    { "display/height", self->height_row },
    { "display/heads", self->heads_row },
    { "input", self->input_row },
    { "serials", self->serial_row },
    { "agent", self->agent_row },
    { "rng", self->rng_row },
    { "balloon", self->balloon_row },
  };
  self->editor = editor;
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    vt_setting_bind (editor, rows[i].path, rows[i].row);
  vt_setting_bind_unit (editor, "memory", self->memory_row, MIB);
  vt_setting_note_pending (editor, "display", self->display_note);
  vt_boot_order_set_editor (self->boot_order, editor);
  g_signal_connect_object (editor, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), VT_TYPE_SYSTEM_PAGE);
  g_clear_pointer (&VT_SYSTEM_PAGE (object)->filled, g_variant_unref);
  G_OBJECT_CLASS (vt_system_page_parent_class)->dispose (object);
}

#define CHILD(name) { #name, G_STRUCT_OFFSET (VtSystemPage, name) }
static const struct {
  const char *name;
  gssize offset;
} children[] = {
  CHILD (name_row),         CHILD (group_row),  CHILD (autostart_row),   CHILD (notes_list_row),
  CHILD (notes_view),       CHILD (cpus_row),   CHILD (cpu_row),         CHILD (memory_row),
  CHILD (architecture_row), CHILD (board_row),  CHILD (firmware_row),    CHILD (width_row),
  CHILD (display_row),      CHILD (height_row), CHILD (heads_row),       CHILD (input_row),
  CHILD (serial_row),       CHILD (agent_row),  CHILD (rng_row),         CHILD (balloon_row),
  CHILD (display_note),     CHILD (boot_order), CHILD (cpus_adjustment),
};
#undef CHILD

static void
vt_system_page_class_init (VtSystemPageClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  g_type_ensure (VT_TYPE_CHOICE_ROW);
  g_type_ensure (VT_TYPE_REMARK_ROW);
  g_type_ensure (VT_TYPE_BOOT_ORDER);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/system-page.ui");
  for (size_t i = 0; i < G_N_ELEMENTS (children); i++)
    gtk_widget_class_bind_template_child_full (widget_class, children[i].name, FALSE, children[i].offset);
}

static void
vt_system_page_init (VtSystemPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  vt_choice_row_fill (VT_CHOICE_ROW (self->display_row), "display");
  vt_choice_row_fill (VT_CHOICE_ROW (self->input_row), "input");
}
