/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "create-form-private.h"

#include <glib/gi18n.h>

#define MIB (UINT64_C (1) << 20)
#define GIB (UINT64_C (1) << 30)

enum { UNFOLD_MS = 300 };

static guint changed_signal;

G_DEFINE_FINAL_TYPE (VtCreateForm, vt_create_form, ADW_TYPE_PREFERENCES_PAGE)

/* ---- Filling in ---- */

static char *
size_of (GVariant *dict, const char *key)
{
  guint64 size = 0;
  g_variant_lookup (dict, key, "t", &size);
  return g_format_size_full (size, G_FORMAT_SIZE_IEC_UNITS);
}

/* What this computer has to give. */
static void
show_bounds (VtCreateForm *self)
{
  GVariant *capabilities = self->facts->capabilities;
  guint32 cpus = 0;
  g_autofree char *memory = size_of (capabilities, "host-memory"),
                  *free_memory = size_of (capabilities, "free-memory"),
                  *disk = size_of (capabilities, "free-disk");
  g_variant_lookup (capabilities, "cpus", "u", &cpus);
  /* Translators: both are sizes, such as 16 GiB. */
  g_autofree char *memory_text = g_strdup_printf (_ ("%s of %s are free"), free_memory, memory);
  g_autofree char *cpus_text =
      g_strdup_printf (ngettext ("This computer has %u", "This computer has %u", cpus), cpus);
  /* Translators: a size; the disk takes no more space than what is written to it. */
  g_autofree char *disk_text = g_strdup_printf (_ ("%s are free; it grows as it fills"), disk);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->memory_row), memory_text);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->cpus_row), cpus_text);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->disk_row), disk_text);
}

/* The first of a list of parts, such as the disks; NULL: there is none. */
static GVariant *
first_of (GVariant *settings, const char *list)
{
  g_autoptr (GVariant) parts = g_variant_lookup_value (settings, list, G_VARIANT_TYPE ("aa{sv}"));
  return parts && g_variant_n_children (parts) ? g_variant_get_child_value (parts, 0) : NULL;
}

static void
fill_number (VtCreateForm *self, VtTyped which, GtkWidget *row, guint64 value)
{
  if (!(self->typed & which))
    adw_spin_row_set_value (ADW_SPIN_ROW (row), (double)value);
}

static void
fill_numbers (VtCreateForm *self)
{
  guint64 memory = 0, size = 0;
  guint32 cpus = 1;
  g_autoptr (GVariant) disk = first_of (self->facts->defaults, "disks");
  g_variant_lookup (self->facts->defaults, "memory", "t", &memory);
  g_variant_lookup (self->facts->defaults, "cpus", "u", &cpus);
  if (disk)
    g_variant_lookup (disk, "size", "t", &size);
  fill_number (self, VT_TYPED_MEMORY, self->memory_row, memory / MIB);
  fill_number (self, VT_TYPED_CPUS, self->cpus_row, cpus);
  fill_number (self, VT_TYPED_DISK, self->disk_row, (size + GIB - 1) / GIB);
}

static void
fill_switches (VtCreateForm *self)
{
  const char *mode = "none";
  guint32 serials = 0;
  gboolean agent = FALSE;
  g_autoptr (GVariant) nic = first_of (self->facts->defaults, "nics");
  if (nic)
    g_variant_lookup (nic, "mode", "&s", &mode);
  g_variant_lookup (self->facts->defaults, "serials", "u", &serials);
  g_variant_lookup (self->facts->defaults, "agent", "b", &agent);
  adw_switch_row_set_active (ADW_SWITCH_ROW (self->network_row), !g_str_equal (mode, "none"));
  adw_switch_row_set_active (ADW_SWITCH_ROW (self->agent_row), agent);
  adw_switch_row_set_active (ADW_SWITCH_ROW (self->serial_row), serials > 0);
}

void
vt_create_form_fill (VtCreateForm *self, const char *title, VtCreateFacts *facts)
{
  const char *name = "";
  gboolean first = self->facts == NULL;
  self->filling = TRUE;
  self->looking = FALSE;
  g_clear_pointer (&self->facts, vt_create_facts_free);
  self->facts = facts;
  g_set_str (&self->title, title);
  vt_create_form_fill_choices (self);
  show_bounds (self);
  fill_numbers (self);
  if (first)
    fill_switches (self);
  if (!(self->typed & VT_TYPED_NAME) && g_variant_lookup (facts->defaults, "name", "&s", &name))
    gtk_editable_set_text (GTK_EDITABLE (self->name_row), name);
  vt_create_form_show_source (self);
  vt_create_form_show_source_remark (self);
  gtk_widget_set_visible (self->machine_group, TRUE);
  gtk_widget_set_visible (self->more_group, TRUE);
  self->filling = FALSE;
  g_autoptr (GVariant) none = g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("(sss)"), NULL, 0));
  vt_create_form_show_remarks (self, none);
}

const char *
vt_create_form_get_name (VtCreateForm *self)
{
  return gtk_editable_get_text (GTK_EDITABLE (self->name_row));
}

void
vt_create_form_focus (VtCreateForm *self)
{
  if (!self->facts) {
    gtk_widget_grab_focus (self->change_button);
    return;
  }
  gtk_widget_grab_focus (self->name_row);
  gtk_editable_select_region (GTK_EDITABLE (self->name_row), 0, -1);
}

/* ---- Changes ---- */

static void
on_changed (VtCreateForm *self)
{
  if (!self->filling)
    g_signal_emit (self, changed_signal, 0);
}

static void
on_typed (VtCreateForm *self, VtTyped what)
{
  if (!self->filling)
    self->typed |= what;
  on_changed (self);
}

static void
on_name_changed (VtCreateForm *self)
{
  on_typed (self, VT_TYPED_NAME);
}

static void
on_memory_changed (VtCreateForm *self)
{
  on_typed (self, VT_TYPED_MEMORY);
}

static void
on_cpus_changed (VtCreateForm *self)
{
  on_typed (self, VT_TYPED_CPUS);
}

static void
on_disk_changed (VtCreateForm *self)
{
  on_typed (self, VT_TYPED_DISK);
}

static void
on_architecture_changed (VtCreateForm *self)
{
  if (self->filling || !self->facts)
    return;
  self->filling = TRUE;
  vt_create_form_fill_by_architecture (self);
  vt_create_form_show_source_remark (self);
  self->filling = FALSE;
  on_changed (self);
}

/* As soon as they have unfolded. */
static void
scroll_to_more (gpointer data)
{
  g_autoptr (VtCreateForm) self = data;
  GtkWidget *viewport = gtk_widget_get_ancestor (self->more_group, GTK_TYPE_VIEWPORT);
  if (viewport)
    gtk_viewport_scroll_to (GTK_VIEWPORT (viewport), self->more_group, NULL);
}

static void
on_expanded (VtCreateForm *self)
{
  if (adw_expander_row_get_expanded (ADW_EXPANDER_ROW (self->more_row)))
    g_timeout_add_once (UNFOLD_MS, scroll_to_more, g_object_ref (self));
}

/* Return in a number goes on as it does in the name: what was typed is taken on the way. Rows of numbers have
 * no property for that, and their own Return only takes the number. */
static void
activate_default (GtkWidget *widget)
{
  if (GTK_IS_SPIN_BUTTON (widget))
    g_signal_connect_swapped (gtk_editable_get_delegate (GTK_EDITABLE (widget)), "activate",
                              G_CALLBACK (gtk_widget_activate_default), widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child;
       child = gtk_widget_get_next_sibling (child))
    activate_default (child);
}

/* ---- The widget ---- */

static void
dispose (GObject *object)
{
  VtCreateForm *self = VT_CREATE_FORM (object);
  self->filling = TRUE;
  gtk_widget_dispose_template (GTK_WIDGET (self), VT_TYPE_CREATE_FORM);
  g_clear_pointer (&self->facts, vt_create_facts_free);
  g_clear_pointer (&self->title, g_free);
  G_OBJECT_CLASS (vt_create_form_parent_class)->dispose (object);
}

#define CHILD(name) { #name, G_STRUCT_OFFSET (VtCreateForm, name) }
static const struct {
  const char *name;
  gssize offset;
} children[] = {
  CHILD (source_row),      CHILD (source_icon),
  CHILD (source_spinner),  CHILD (change_button),
  CHILD (machine_group),   CHILD (more_group),
  CHILD (more_row),        CHILD (name_row),
  CHILD (memory_row),      CHILD (cpus_row),
  CHILD (disk_row),        CHILD (network_row),
  CHILD (start_row),       CHILD (agent_row),
  CHILD (serial_row),      CHILD (firmware_row),
  CHILD (import_row),      CHILD (architecture_row),
  CHILD (board_row),       CHILD (cpu_row),
  CHILD (display_row),     CHILD (input_row),
  CHILD (source_remark),   CHILD (name_remark),
  CHILD (memory_remark),   CHILD (architecture_remark),
  CHILD (firmware_remark), CHILD (cpus_remark),
  CHILD (disk_remark),     CHILD (network_remark),
  CHILD (board_remark),    CHILD (cpu_remark),
  CHILD (display_remark),  CHILD (input_remark),
  CHILD (agent_remark),    CHILD (serial_remark),
  CHILD (cpus_adjustment),
};
#undef CHILD

static void
vt_create_form_class_init (VtCreateFormClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  g_type_ensure (VT_TYPE_CHOICE_ROW);
  g_type_ensure (VT_TYPE_REMARK_ROW);
  changed_signal =
      g_signal_new ("changed", VT_TYPE_CREATE_FORM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/create-form.ui");
  for (size_t i = 0; i < G_N_ELEMENTS (children); i++)
    gtk_widget_class_bind_template_child_full (widget_class, children[i].name, FALSE, children[i].offset);
  gtk_widget_class_bind_template_callback (widget_class, on_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_name_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_memory_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_cpus_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_disk_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_architecture_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_expanded);
}

static void
vt_create_form_init (VtCreateForm *self)
{
  /* The template's own values are nobody's. */
  self->filling = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  vt_choice_row_fill (self->display_row, "display");
  vt_choice_row_fill (self->input_row, "input");
  activate_default (GTK_WIDGET (self));
  self->filling = FALSE;
}
