/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Starting a machine, and the ways in which it stops. */

#include "machine-actions-private.h"
#include "machine-dialogs.h"

#include <glib/gi18n.h>

static GVariant *
options (const char *key)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  if (key)
    g_variant_dict_insert (&dict, key, "b", TRUE);
  return g_variant_new ("(@a{sv})", g_variant_dict_end (&dict));
}

static guint64
memory_of (VtMachine *machine)
{
  g_autoptr (GVariant) settings = vt_machine_get_settings (machine);
  guint64 memory = 0;
  g_variant_lookup (settings, "memory", "t", &memory);
  return memory;
}

/* How much this machine would bring running machines over the limit of the preferences; 0: not at all. */
static guint64
over_limit (VtMachineActions *self)
{
  g_autoptr (GSettings) settings = g_settings_new ("org.vitrine.Vitrine");
  guint64 limit = (guint64)g_settings_get_uint (settings, "memory-limit") << 20;
  guint64 sum = memory_of (self->machine);
  for (guint i = 0; self->machines && i < g_list_model_get_n_items (self->machines); i++) {
    g_autoptr (VtMachine) machine = g_list_model_get_item (self->machines, i);
    if (machine != self->machine && vt_machine_is_alive (machine))
      sum += memory_of (machine);
  }
  return limit && sum > limit ? sum - limit : 0;
}

static void
start_anyway (const char *answer, gpointer data)
{
  vt_machine_run (data, "Start", options (NULL), NULL);
}

void
vt_act_start (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VtMachineActions *self = data;
  if (vt_machine_get_state (self->machine) == VT_MACHINE_PAUSED) {
    vt_machine_run (self, "Resume", NULL, NULL);
    return;
  }
  guint64 over = over_limit (self);
  if (!over) {
    start_anyway (NULL, self);
    return;
  }
  g_autofree char *size = g_format_size_full (over, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *body =
      g_strdup_printf (_ ("The running machines would have %s more memory than the limit in the preferences. "
                          "Pause or shut down another machine first, or raise the limit."),
                       size);
  vt_confirm_always (self->parent, _ ("Over the Memory Limit"), body, _ ("_Start Anyway"), start_anyway,
                     vt_machine_actions_held (self), vt_machine_actions_unref);
}

static void
discard_answered (const char *answer, gpointer data)
{
  vt_machine_run (data, "Start", options ("discard-saved"), NULL);
}

void
vt_act_start_afresh (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VtMachineActions *self = data;
  g_autofree char *heading = g_strdup_printf (_ ("Start “%s” Afresh?"), vt_machine_get_name (self->machine));
  vt_confirm_always (self->parent, heading,
                     _ ("What was in its memory when it was saved is lost, as if its power had failed then."),
                     _ ("_Start Afresh"), discard_answered, vt_machine_actions_held (self),
                     vt_machine_actions_unref);
}

void
vt_act_pause (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  vt_machine_run (data, "Pause", NULL, NULL);
}

void
vt_act_shutdown (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  vt_machine_run (data, "Shutdown", NULL, _ ("The guest was asked to shut down"));
}

void
vt_act_save (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  vt_machine_run (data, "Save", NULL, NULL);
}

static void
power_off_answered (const char *answer, gpointer data)
{
  vt_machine_run (data, "PowerOff", NULL, NULL);
}

void
vt_act_power_off (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VtMachineActions *self = data;
  g_autofree char *heading = g_strdup_printf (_ ("Power Off “%s”?"), vt_machine_get_name (self->machine));
  vt_confirm (self->parent, heading,
              _ ("As by pulling the plug: what the guest has not written to its disks is lost."),
              _ ("_Power Off"), power_off_answered, vt_machine_actions_held (self), vt_machine_actions_unref);
}

static void
reset_answered (const char *answer, gpointer data)
{
  vt_machine_run (data, "Reset", NULL, NULL);
}

void
vt_act_reset (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VtMachineActions *self = data;
  g_autofree char *heading = g_strdup_printf (_ ("Reset “%s”?"), vt_machine_get_name (self->machine));
  vt_confirm (self->parent, heading,
              _ ("It starts again at once: what the guest has not written to its disks is lost."),
              _ ("_Reset"), reset_answered, vt_machine_actions_held (self), vt_machine_actions_unref);
}
