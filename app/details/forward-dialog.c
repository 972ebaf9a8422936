/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forward-dialog.h"

#include "choice-row.h"
#include "engine.h"
#include "remark-row.h"

#include <glib/gi18n.h>

struct _VtForwardDialog {
  AdwDialog parent_instance;
  GtkWidget *apply_button, *group, *guest_port_row, *host_port_row, *address_row;
  VtChoiceRow *protocol_row;
  VtRemarkRow *guest_port_remark, *host_port_remark, *address_remark;
  VtSettingsEditor *editor;
  char *nic;
  VtForward *replaced; /* NULL: a new one */
  guint epoch, first_free;
  gboolean suggesting, host_port_typed, busy;
};

G_DEFINE_FINAL_TYPE (VtForwardDialog, vt_forward_dialog, ADW_TYPE_DIALOG)

static const char *
text_of (GtkWidget *row)
{
  return gtk_editable_get_text (GTK_EDITABLE (row));
}

static VtForward *
collect (VtForwardDialog *self)
{
  const char *protocol = vt_choice_row_get (self->protocol_row);
  g_autofree char *address = g_strstrip (g_strdup (text_of (self->address_row)));
  g_autofree char *host = g_strstrip (g_strdup (text_of (self->host_port_row)));
  g_autofree char *guest = g_strstrip (g_strdup (text_of (self->guest_port_row)));
  return vt_forward_new (protocol ? protocol : "tcp", vt_port_from_text (host), address,
                         vt_port_from_text (guest));
}

static void
show_problem (VtForwardDialog *self, VtForwardField field, const char *problem)
{
  VtRemarkRow *const remarks[] = { [VT_FORWARD_HOST_PORT] = self->host_port_remark,
                                   [VT_FORWARD_GUEST_PORT] = self->guest_port_remark,
                                   [VT_FORWARD_GUEST_ADDRESS] = self->address_remark };
  for (size_t i = 0; i < G_N_ELEMENTS (remarks); i++)
    vt_remark_row_set (remarks[i], VT_REMARK_ERROR, i == field ? problem : NULL);
}

/* Fields that are still empty are no mistake yet. */
static gboolean
is_waiting (VtForwardDialog *self)
{
  return !*text_of (self->guest_port_row) || !*text_of (self->host_port_row);
}

/* TRUE: it can be applied. */
static gboolean
check (VtForwardDialog *self)
{
  g_autoptr (VtForward) forward = collect (self);
  VtForwardField field = VT_FORWARD_HOST_PORT;
  g_autofree char *problem = vt_forward_check (
      forward, self->replaced, vt_settings_editor_get_settings (self->editor), self->first_free, &field);
  gboolean waiting = is_waiting (self);
  show_problem (self, field, waiting ? NULL : problem);
  gtk_widget_set_sensitive (self->apply_button, !problem && !self->busy);
  return !problem && !self->busy;
}

static void
on_changed (VtForwardDialog *self)
{
  if (!self->editor)
    return;
  if (!self->suggesting && *text_of (self->host_port_row))
    self->host_port_typed = TRUE;
  check (self);
}

/* Until a port of this computer is typed, one is suggested. */
static void
on_guest_port_changed (VtForwardDialog *self)
{
  if (!self->editor)
    return;
  g_autoptr (VtForward) forward = collect (self);
  if (!self->host_port_typed && !self->replaced) {
    g_autofree char *port =
        g_strdup_printf ("%u", vt_forward_suggest (vt_settings_editor_get_settings (self->editor),
                                                   forward->protocol, forward->guest_port));
    self->suggesting = TRUE;
    gtk_editable_set_text (GTK_EDITABLE (self->host_port_row), forward->guest_port ? port : "");
    self->suggesting = FALSE;
  }
  check (self);
}

/* ---- Applying ---- */

/* The most common error by far is told in words for people; what others are the engine knows. */
static char *
describe (const GError *error)
{
  if (vt_error_is (error, "PortInUse"))
    return g_strdup (
        _ ("Another program on this computer uses this port. Choose another port, or end that program."));
  g_autofree char *cause = vt_error_cause (error), *remedy = vt_error_remedy (error);
  return *remedy ? g_strdup_printf ("%s\n%s", cause, remedy) : g_strdup (cause);
}

static void
on_applied (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtForwardDialog) self = data;
  g_autoptr (GError) error = NULL;
  gboolean good = vt_settings_editor_change_finish (VT_SETTINGS_EDITOR (source), result, &error);
  if (!self->group)
    return;
  self->busy = FALSE;
  if (good) {
    adw_dialog_close (ADW_DIALOG (self));
    return;
  }
  g_autofree char *text = describe (error);
  show_problem (self, VT_FORWARD_HOST_PORT, text);
  gtk_widget_set_sensitive (self->apply_button, TRUE);
  gtk_widget_grab_focus (self->host_port_row);
}

static void
on_apply (VtForwardDialog *self)
{
  if (!check (self) || self->epoch != vt_settings_editor_get_epoch (self->editor))
    return;
  VtForward *forward = collect (self);
  GVariant *settings = vt_settings_editor_get_settings (self->editor);
  g_autoptr (GPtrArray) forwards = vt_forwards_get (settings, self->nic);
  g_autofree char *path = g_strdup_printf ("nics/%s/forward", self->nic);
  gboolean placed = FALSE;
  for (guint i = 0; i < forwards->len && self->replaced && !placed; i++)
    if (vt_forward_equal (forwards->pdata[i], self->replaced)) {
      vt_forward_free (forwards->pdata[i]);
      forwards->pdata[i] = forward;
      placed = TRUE;
    }
  if (!placed)
    g_ptr_array_add (forwards, forward);
  g_autoptr (GVariant) patch = vt_settings_patch (settings, path, vt_forwards_to_variant (forwards));
  gtk_widget_set_sensitive (self->apply_button, FALSE);
  self->busy = TRUE;
  vt_settings_editor_change (self->editor, patch, on_applied, g_object_ref (self));
}

/* ---- The widget ---- */

static void
dispose (GObject *object)
{
  VtForwardDialog *self = VT_FORWARD_DIALOG (object);
  g_clear_object (&self->editor);
  gtk_widget_dispose_template (GTK_WIDGET (object), VT_TYPE_FORWARD_DIALOG);
  g_clear_pointer (&self->nic, g_free);
  g_clear_pointer (&self->replaced, vt_forward_free);
  G_OBJECT_CLASS (vt_forward_dialog_parent_class)->dispose (object);
}

#define CHILD(name) { #name, G_STRUCT_OFFSET (VtForwardDialog, name) }
static const struct {
  const char *name;
  gssize offset;
} children[] = {
  CHILD (apply_button),   CHILD (group),        CHILD (guest_port_row),    CHILD (host_port_row),
  CHILD (address_row),    CHILD (protocol_row), CHILD (guest_port_remark), CHILD (host_port_remark),
  CHILD (address_remark),
};
#undef CHILD

static void
vt_forward_dialog_class_init (VtForwardDialogClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  g_type_ensure (VT_TYPE_CHOICE_ROW);
  g_type_ensure (VT_TYPE_REMARK_ROW);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/forward-dialog.ui");
  for (size_t i = 0; i < G_N_ELEMENTS (children); i++)
    gtk_widget_class_bind_template_child_full (widget_class, children[i].name, FALSE, children[i].offset);
  gtk_widget_class_bind_template_callback (widget_class, on_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_guest_port_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_apply);
}

static void
vt_forward_dialog_init (VtForwardDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->first_free = vt_first_free_port ();
  vt_choice_row_add (self->protocol_row, "tcp", "TCP", NULL);
  vt_choice_row_add (self->protocol_row, "udp", "UDP", NULL);
}

static void
fill (VtForwardDialog *self, const VtForward *forward)
{
  g_autofree char *host = g_strdup_printf ("%u", forward->host_port),
                  *guest = g_strdup_printf ("%u", forward->guest_port);
  self->replaced =
      vt_forward_new (forward->protocol, forward->host_port, forward->guest_address, forward->guest_port);
  vt_choice_row_set (self->protocol_row, forward->protocol);
  gtk_editable_set_text (GTK_EDITABLE (self->host_port_row), host);
  gtk_editable_set_text (GTK_EDITABLE (self->guest_port_row), guest);
  gtk_editable_set_text (GTK_EDITABLE (self->address_row), forward->guest_address);
}

void
vt_forward_dialog_present (VtSettingsEditor *editor, const char *nic, const VtForward *forward,
                           GtkWidget *parent)
{
  VtForwardDialog *self = g_object_new (VT_TYPE_FORWARD_DIALOG, NULL);
  self->nic = g_strdup (nic);
  self->epoch = vt_settings_editor_get_epoch (editor);
  if (forward)
    fill (self, forward);
  self->editor = g_object_ref (editor);
  adw_dialog_set_title (ADW_DIALOG (self), forward ? _ ("Edit Forwarding") : _ ("Forward a Port"));
  gtk_button_set_label (GTK_BUTTON (self->apply_button), forward ? _ ("_Apply") : _ ("_Add"));
  check (self);
  adw_dialog_present (ADW_DIALOG (self), parent);
}
