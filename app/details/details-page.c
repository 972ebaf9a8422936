/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "details-page.h"

#include "activity-page.h"
#include "log-page.h"
#include "network-page.h"
#include "settings-editor.h"
#include "storage-page.h"
#include "system-page.h"

#include <glib/gi18n.h>

struct _VtDetailsPage {
  AdwBreakpointBin parent_instance;
  GtkStack *stack;
  AdwStatusPage *broken_page;
  AdwBanner *banner;
  AdwViewStack *pages;
  VtActivityPage *activity_page;
  VtSystemPage *system_page;
  VtStoragePage *storage_page;
  VtNetworkPage *network_page;
  VtLogPage *log_page;
  VtSettingsEditor *editor;
};

enum { PROP_MACHINE = 1, N_PROPS };

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (VtDetailsPage, vt_details_page, ADW_TYPE_BREAKPOINT_BIN)

/* What is to be known before anything is changed; NULL: nothing. */
static const char *
banner_text (VtMachine *machine)
{
  g_auto (GStrv) pending = NULL;
  VtMachineState state = vt_machine_get_state (machine);
  g_object_get (machine, "pending", &pending, NULL);
  if (state == VT_MACHINE_SAVED || state == VT_MACHINE_SAVING)
    return _ (
        "It is saved, and goes on with the hardware it has. To change that, let it go on and shut it down.");
  return vt_machine_is_alive (machine) && pending && *pending
             ? _ ("Some changes take effect at the next start")
             : NULL;
}

static void
update (VtDetailsPage *self)
{
  VtMachine *machine = vt_settings_editor_get_machine (self->editor);
  if (!machine)
    return;
  gboolean broken = vt_machine_get_state (machine) == VT_MACHINE_BROKEN;
  const char *text = banner_text (machine);
  if (text)
    adw_banner_set_title (self->banner, text);
  adw_banner_set_revealed (self->banner, text != NULL);
  adw_status_page_set_description (self->broken_page, vt_machine_get_state_reason (machine));
  gtk_stack_set_visible_child_name (self->stack, broken ? "broken" : "details");
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_MACHINE)
    g_value_set_object (value, vt_settings_editor_get_machine (VT_DETAILS_PAGE (object)->editor));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_MACHINE)
    vt_settings_editor_set_machine (VT_DETAILS_PAGE (object)->editor, g_value_get_object (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

/* What still waits is not forgotten when the page goes away. */
static void
unmap (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (vt_details_page_parent_class)->unmap (widget);
  vt_settings_editor_flush (VT_DETAILS_PAGE (widget)->editor);
}

/* The pages' rows look at the editor until the last moment. */
static void
dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), VT_TYPE_DETAILS_PAGE);
  G_OBJECT_CLASS (vt_details_page_parent_class)->dispose (object);
}

static void
finalize (GObject *object)
{
  g_object_unref (VT_DETAILS_PAGE (object)->editor);
  G_OBJECT_CLASS (vt_details_page_parent_class)->finalize (object);
}

static void
vt_details_page_class_init (VtDetailsPageClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  object_class->get_property = get_property;
  object_class->set_property = set_property;
  object_class->dispose = dispose;
  object_class->finalize = finalize;
  widget_class->unmap = unmap;
  props[PROP_MACHINE] =
      g_param_spec_object ("machine", NULL, NULL, VT_TYPE_MACHINE,
                           G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, props);
  const GType types[] = { VT_TYPE_ACTIVITY_PAGE, VT_TYPE_SYSTEM_PAGE, VT_TYPE_STORAGE_PAGE,
                          VT_TYPE_NETWORK_PAGE, VT_TYPE_LOG_PAGE };
  for (size_t i = 0; i < G_N_ELEMENTS (types); i++)
    g_type_ensure (types[i]);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/details-page.ui");
  gtk_widget_class_bind_template_child (widget_class, VtDetailsPage, stack);
  gtk_widget_class_bind_template_child (widget_class, VtDetailsPage, broken_page);
  gtk_widget_class_bind_template_child (widget_class, VtDetailsPage, banner);
  gtk_widget_class_bind_template_child (widget_class, VtDetailsPage, pages);
  gtk_widget_class_bind_template_child (widget_class, VtDetailsPage, activity_page);
  gtk_widget_class_bind_template_child (widget_class, VtDetailsPage, system_page);
  gtk_widget_class_bind_template_child (widget_class, VtDetailsPage, storage_page);
  gtk_widget_class_bind_template_child (widget_class, VtDetailsPage, network_page);
  gtk_widget_class_bind_template_child (widget_class, VtDetailsPage, log_page);
}

static void
vt_details_page_init (VtDetailsPage *self)
{
  self->editor = vt_settings_editor_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  vt_activity_page_set_editor (self->activity_page, self->editor);
  vt_system_page_set_editor (self->system_page, self->editor);
  vt_storage_page_set_editor (self->storage_page, self->editor);
  vt_network_page_set_editor (self->network_page, self->editor);
  vt_log_page_set_editor (self->log_page, self->editor);
  g_signal_connect_object (self->editor, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
}
