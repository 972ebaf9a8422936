/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "choice-row.h"

/* ---- Its items ---- */

#define VT_TYPE_CHOICE (vt_choice_get_type ())
G_DECLARE_FINAL_TYPE (VtChoice, vt_choice, VT, CHOICE, GObject)

struct _VtChoice {
  GObject parent_instance;
  char *name, *label, *reason;
};

enum { CHOICE_TEXT = 1 };

G_DEFINE_FINAL_TYPE (VtChoice, vt_choice, G_TYPE_OBJECT)

static void
choice_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VtChoice *self = VT_CHOICE (object);
  if (id != CHOICE_TEXT)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  else if (self->reason)
    g_value_take_string (value, g_strdup_printf ("%s — %s", self->label, self->reason));
  else
    g_value_set_string (value, self->label);
}

static void
choice_finalize (GObject *object)
{
  VtChoice *self = VT_CHOICE (object);
  g_free (self->name);
  g_free (self->label);
  g_free (self->reason);
  G_OBJECT_CLASS (vt_choice_parent_class)->finalize (object);
}

static void
vt_choice_class_init (VtChoiceClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  object_class->get_property = choice_get_property;
  object_class->finalize = choice_finalize;
  g_object_class_install_property (
      object_class, CHOICE_TEXT,
      g_param_spec_string ("text", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
vt_choice_init (VtChoice *self)
{
}

/* ---- The row ---- */

struct _VtChoiceRow {
  AdwComboRow parent_instance;
  GListStore *choices;
};

enum { PROP_CHOICE = 1, N_PROPS };

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (VtChoiceRow, vt_choice_row, ADW_TYPE_COMBO_ROW)

static VtChoice *
selected (VtChoiceRow *self)
{
  return adw_combo_row_get_selected_item (ADW_COMBO_ROW (self));
}

const char *
vt_choice_row_get (VtChoiceRow *self)
{
  VtChoice *choice = selected (self);
  return choice ? choice->name : NULL;
}

const char *
vt_choice_row_get_reason (VtChoiceRow *self)
{
  VtChoice *choice = selected (self);
  return choice ? choice->reason : NULL;
}

static guint
find (VtChoiceRow *self, const char *name)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->choices));
  for (guint i = 0; i < n; i++) {
    g_autoptr (VtChoice) choice = g_list_model_get_item (G_LIST_MODEL (self->choices), i);
    if (g_str_equal (choice->name, name))
      return i;
  }
  return GTK_INVALID_LIST_POSITION;
}

void
vt_choice_row_clear (VtChoiceRow *self)
{
  g_list_store_remove_all (self->choices);
}

void
vt_choice_row_add (VtChoiceRow *self, const char *name, const char *label, const char *reason)
{
  if (find (self, name) != GTK_INVALID_LIST_POSITION)
    return;
  g_autoptr (VtChoice) choice = g_object_new (VT_TYPE_CHOICE, NULL);
  choice->name = g_strdup (name);
  choice->label = g_strdup (label);
  choice->reason = g_strdup (reason);
  g_list_store_append (self->choices, choice);
}

void
vt_choice_row_set (VtChoiceRow *self, const char *name)
{
  if (find (self, name) == GTK_INVALID_LIST_POSITION)
    vt_choice_row_add (self, name, name, NULL);
  adw_combo_row_set_selected (ADW_COMBO_ROW (self), find (self, name));
}

static void
on_selected (VtChoiceRow *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CHOICE]);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_CHOICE)
    g_value_set_string (value, vt_choice_row_get (VT_CHOICE_ROW (object)));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
finalize (GObject *object)
{
  g_object_unref (VT_CHOICE_ROW (object)->choices);
  G_OBJECT_CLASS (vt_choice_row_parent_class)->finalize (object);
}

static void
vt_choice_row_class_init (VtChoiceRowClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  props[PROP_CHOICE] = g_param_spec_string (
      "choice", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vt_choice_row_init (VtChoiceRow *self)
{
  self->choices = g_list_store_new (VT_TYPE_CHOICE);
  g_autoptr (GtkExpression) text = gtk_property_expression_new (VT_TYPE_CHOICE, NULL, "text");
  adw_combo_row_set_expression (ADW_COMBO_ROW (self), text);
  adw_combo_row_set_model (ADW_COMBO_ROW (self), G_LIST_MODEL (self->choices));
  g_signal_connect (self, "notify::selected-item", G_CALLBACK (on_selected), NULL);
}

GtkWidget *
vt_choice_row_new (const char *title)
{
  return g_object_new (VT_TYPE_CHOICE_ROW, "title", title, NULL);
}
