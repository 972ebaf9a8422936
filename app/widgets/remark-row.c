/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "remark-row.h"

struct _VtRemarkRow {
  AdwPreferencesRow parent_instance;
  GtkWidget *about; /* weak */
  GtkWidget *icon, *label;
  VtRemarkLevel level;
};

enum { PROP_ABOUT = 1, N_PROPS };

static GParamSpec *props[N_PROPS];
static const char *const classes[] = { "dimmed", "warning", "error" };

G_DEFINE_FINAL_TYPE (VtRemarkRow, vt_remark_row, ADW_TYPE_PREFERENCES_ROW)

gboolean
vt_remark_row_is_error (VtRemarkRow *self)
{
  return gtk_widget_get_visible (GTK_WIDGET (self)) && self->level == VT_REMARK_ERROR;
}

/* The row it is about is told apart by color, and by what screen readers say of it. */
static void
mark_about (VtRemarkRow *self, gboolean wrong)
{
  if (!self->about)
    return;
  if (wrong)
    gtk_widget_add_css_class (self->about, "error");
  else
    gtk_widget_remove_css_class (self->about, "error");
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->about), GTK_ACCESSIBLE_STATE_INVALID,
                               wrong ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE, -1);
}

void
vt_remark_row_set (VtRemarkRow *self, VtRemarkLevel level, const char *text)
{
  gboolean shown = text && *text, was_shown = gtk_widget_get_visible (GTK_WIDGET (self));
  if (shown == was_shown &&
      (!shown || (level == self->level && g_str_equal (gtk_label_get_text (GTK_LABEL (self->label)), text))))
    return;
  for (size_t i = 0; i < G_N_ELEMENTS (classes); i++) {
    gtk_widget_remove_css_class (self->icon, classes[i]);
    gtk_widget_remove_css_class (self->label, classes[i]);
  }
  self->level = level;
  gtk_widget_set_visible (GTK_WIDGET (self), shown);
  gtk_label_set_text (GTK_LABEL (self->label), shown ? text : "");
  gtk_widget_add_css_class (self->icon, classes[level]);
  gtk_widget_add_css_class (self->label, classes[level]);
  gtk_image_set_from_icon_name (GTK_IMAGE (self->icon), level == VT_REMARK_NOTE ? "view-refresh-symbolic"
                                                        : level == VT_REMARK_ERROR
                                                            ? "dialog-error-symbolic"
                                                            : "dialog-warning-symbolic");
  mark_about (self, shown && level == VT_REMARK_ERROR);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, shown ? text : "",
                                  -1);
  if (shown && level != VT_REMARK_NOTE && gtk_widget_get_root (GTK_WIDGET (self)))
    gtk_accessible_announce (GTK_ACCESSIBLE (self), text, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  VtRemarkRow *self = VT_REMARK_ROW (object);
  if (id != PROP_ABOUT) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  g_set_weak_pointer (&self->about, g_value_get_object (value));
  if (self->about)
    gtk_accessible_update_relation (GTK_ACCESSIBLE (self->about), GTK_ACCESSIBLE_RELATION_DESCRIBED_BY,
                                    self->label, NULL, -1);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_ABOUT)
    g_value_set_object (value, VT_REMARK_ROW (object)->about);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
dispose (GObject *object)
{
  g_clear_weak_pointer (&VT_REMARK_ROW (object)->about);
  G_OBJECT_CLASS (vt_remark_row_parent_class)->dispose (object);
}

static void
vt_remark_row_class_init (VtRemarkRowClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->dispose = dispose;
  props[PROP_ABOUT] =
      g_param_spec_object ("about", NULL, NULL, GTK_TYPE_WIDGET,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vt_remark_row_init (VtRemarkRow *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  self->icon = gtk_image_new ();
  self->label = gtk_label_new (NULL);
  gtk_label_set_wrap (GTK_LABEL (self->label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (self->label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (self->label), 0);
  gtk_widget_set_hexpand (self->label, TRUE);
  gtk_widget_add_css_class (self->label, "caption");
  gtk_widget_set_valign (self->icon, GTK_ALIGN_START);
  gtk_box_append (GTK_BOX (box), self->icon);
  gtk_box_append (GTK_BOX (box), self->label);
  gtk_widget_set_margin_start (box, 12);
  gtk_widget_set_margin_end (box, 12);
  gtk_widget_set_margin_top (box, 8);
  gtk_widget_set_margin_bottom (box, 8);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (self), box);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (self), FALSE);
  gtk_list_box_row_set_selectable (GTK_LIST_BOX_ROW (self), FALSE);
  gtk_widget_set_focusable (GTK_WIDGET (self), FALSE);
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}

GtkWidget *
vt_remark_row_new (GtkWidget *about)
{
  return g_object_new (VT_TYPE_REMARK_ROW, "about", about, NULL);
}
