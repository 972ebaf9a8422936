/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "create-probe.h"

#include <glib/gi18n.h>

typedef struct {
  GFile *file;
  VtCreateFacts *facts;
} Probe;

void
vt_create_facts_free (VtCreateFacts *facts)
{
  g_clear_pointer (&facts->capabilities, g_variant_unref);
  g_clear_pointer (&facts->defaults, g_variant_unref);
  g_clear_pointer (&facts->media, g_variant_unref);
  g_free (facts);
}

static void
probe_free (gpointer data)
{
  Probe *probe = data;
  g_clear_object (&probe->file);
  g_clear_pointer (&probe->facts, vt_create_facts_free);
  g_free (probe);
}

static void
fail (GTask *task, GError *error)
{
  g_task_return_error (task, error);
  g_object_unref (task);
}

static gboolean
expect_dictionary (GVariant *value, GError **error)
{
  if (!value || g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    return value != NULL;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       _ ("Vitrine’s engine is of another version\nInstall both from the same place."));
  return FALSE;
}

/* ---- What suits it ---- */

static void
on_defaults (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Probe *probe = g_task_get_task_data (task);
  GError *error = NULL;
  probe->facts->defaults = vt_engine_get_defaults_finish (VT_ENGINE (source), result, &error);
  if (!expect_dictionary (probe->facts->defaults, &error)) {
    fail (task, error);
    return;
  }
  g_task_return_pointer (task, g_steal_pointer (&probe->facts), (GDestroyNotify)vt_create_facts_free);
  g_object_unref (task);
}

/* "New Machine", or "New Machine 2", …: what no machine is called yet. */
static char *
free_name (VtEngine *engine)
{
  GListModel *machines = vt_engine_get_machines (engine);
  for (guint number = 1;; number++) {
    g_autofree char *name =
        number == 1 ? g_strdup (_ ("New Machine")) : g_strdup_printf ("%s %u", _ ("New Machine"), number);
    gboolean taken = FALSE;
    for (guint i = 0; i < g_list_model_get_n_items (machines); i++) {
      g_autoptr (VtMachine) machine = g_list_model_get_item (machines, i);
      taken = taken || g_str_equal (vt_machine_get_name (machine), name);
    }
    if (!taken)
      return g_steal_pointer (&name);
  }
}

static void
get_defaults (GTask *task)
{
  VtEngine *engine = g_task_get_source_object (task);
  Probe *probe = g_task_get_task_data (task);
  g_autoptr (GVariant) suggested = NULL;
  GVariantDict settings;
  if (probe->facts->media)
    suggested = g_variant_lookup_value (probe->facts->media, "settings", G_VARIANT_TYPE_VARDICT);
  g_variant_dict_init (&settings, suggested);
  if (!g_variant_dict_contains (&settings, "name")) {
    g_autofree char *name = free_name (engine);
    g_variant_dict_insert (&settings, "name", "s", name);
  }
  vt_engine_get_defaults (engine, g_variant_dict_end (&settings), g_task_get_cancellable (task), on_defaults,
                          task);
}

/* ---- What it is ---- */

/* What a machine can have: as a CD, or as a disk that the engine can read. */
static gboolean
is_usable (GVariant *media)
{
  const char *kind = "", *format = "";
  g_variant_lookup (media, "kind", "&s", &kind);
  g_variant_lookup (media, "format", "&s", &format);
  return g_str_equal (kind, "optical") ||
         (g_str_equal (kind, "disk") && (g_str_equal (format, "raw") || g_str_equal (format, "qcow2")));
}

static GError *
unusable_error (const char *name, GVariant *media)
{
  g_auto (GStrv) remarks = NULL;
  g_variant_lookup (media, "remarks", "^as", &remarks);
  g_autofree char *why = remarks && *remarks ? g_strjoinv (" ", remarks) : NULL;
  return g_error_new (G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("No machine can be made from “%s”\n%s"), name,
                      why ? why
                          : _ ("A machine starts from ISO images and disk images. Choose one of these."));
}

static void
on_detected (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Probe *probe = g_task_get_task_data (task);
  GError *error = NULL;
  GVariant *media = probe->facts->media = vt_engine_detect_finish (VT_ENGINE (source), result, &error);
  if (expect_dictionary (media, &error) && !is_usable (media)) {
    g_autofree char *name = g_file_get_basename (probe->file);
    g_autofree char *shown = g_filename_display_name (name);
    error = unusable_error (shown, media);
  }
  if (error)
    fail (task, error);
  else
    get_defaults (task);
}

static void
on_capabilities (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Probe *probe = g_task_get_task_data (task);
  VtEngine *engine = VT_ENGINE (source);
  GError *error = NULL;
  probe->facts->capabilities = vt_engine_get_capabilities_finish (engine, result, &error);
  if (!expect_dictionary (probe->facts->capabilities, &error))
    fail (task, error);
  else if (probe->file)
    vt_engine_detect (engine, probe->file, g_task_get_cancellable (task), on_detected, task);
  else
    get_defaults (task);
}

void
vt_create_probe (VtEngine *engine, GFile *file, GCancellable *cancellable, GAsyncReadyCallback callback,
                 gpointer data)
{
  GTask *task = g_task_new (engine, cancellable, callback, data);
  Probe *probe = g_new0 (Probe, 1);
  probe->file = file ? g_object_ref (file) : NULL;
  probe->facts = g_new0 (VtCreateFacts, 1);
  g_task_set_task_data (task, probe, probe_free);
  vt_engine_get_capabilities (engine, cancellable, on_capabilities, task);
}

VtCreateFacts *
vt_create_probe_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
