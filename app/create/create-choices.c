/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "create-form-private.h"

#include <glib/gi18n.h>

/* The capabilities of an architecture; NULL if the engine has it not. */
static GVariant *
find_architecture (VtCreateForm *self, const char *name)
{
  g_autoptr (GVariant) all =
      g_variant_lookup_value (self->facts->capabilities, "architectures", G_VARIANT_TYPE_VARDICT);
  return all && name ? g_variant_lookup_value (all, name, G_VARIANT_TYPE_VARDICT) : NULL;
}

static char **
architectures_of_media (VtCreateForm *self)
{
  char **names = NULL;
  if (self->facts->media)
    g_variant_lookup (self->facts->media, "architectures", "^as", &names);
  return names ? names : g_new0 (char *, 1);
}

static void
fill_architectures (VtCreateForm *self)
{
  g_autoptr (GVariant) all =
      g_variant_lookup_value (self->facts->capabilities, "architectures", G_VARIANT_TYPE_VARDICT);
  g_auto (GStrv) of_media = architectures_of_media (self);
  GVariantIter iter;
  const char *name;
  GVariant *value;
  vt_choice_row_clear (self->architecture_row);
  if (all)
    g_variant_iter_init (&iter, all);
  while (all && g_variant_iter_next (&iter, "{&sv}", &name, &value)) {
    const char *label = vt_choice_label ("architecture", name);
    /* The engine may have some that are not known here. */
    if (label == name && g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
      g_variant_lookup (value, "name", "&s", &label);
    vt_choice_row_add (self->architecture_row, name, label, NULL);
    g_variant_unref (value);
  }
  for (char **other = of_media; *other; other++)
    vt_choice_row_add (self->architecture_row, *other, vt_choice_label ("architecture", *other),
                       _ ("missing"));
}

/* The image's own, even if there are no such machines: better to say so than to start what cannot start. */
static void
choose_architecture (VtCreateForm *self)
{
  g_auto (GStrv) of_media = architectures_of_media (self);
  const char *chosen = "";
  g_variant_lookup (self->facts->defaults, "architecture", "&s", &chosen);
  gboolean runs = !*of_media;
  for (char **name = of_media; *name; name++) {
    g_autoptr (GVariant) architecture = find_architecture (self, *name);
    runs = runs || architecture;
  }
  vt_choice_row_set (self->architecture_row, runs ? chosen : of_media[0]);
}

static void
fill_choice (VtCreateForm *self, VtChoiceRow *row, GVariant *architecture, const char *list, const char *key)
{
  g_auto (GStrv) names = NULL;
  const char *chosen = NULL;
  vt_choice_row_clear (row);
  g_variant_lookup (architecture, list, "^as", &names);
  g_variant_lookup (self->facts->defaults, key, "&s", &chosen);
  for (char **name = names; name && *name; name++)
    vt_choice_row_add (row, *name, vt_choice_label (key, *name), NULL);
  if (chosen && names && g_strv_contains ((const char *const *)names, chosen))
    vt_choice_row_set (row, chosen);
}

void
vt_create_form_fill_by_architecture (VtCreateForm *self)
{
  g_autoptr (GVariant) architecture = find_architecture (self, vt_choice_row_get (self->architecture_row));
  guint32 most = 0;
  if (!architecture)
    return;
  fill_choice (self, self->firmware_row, architecture, "firmware", "firmware");
  fill_choice (self, self->board_row, architecture, "boards", "board");
  fill_choice (self, self->cpu_row, architecture, "cpus", "cpu");
  if (g_variant_lookup (architecture, "max-cpus", "u", &most) && most > 0)
    gtk_adjustment_set_upper (self->cpus_adjustment, most);
}

static void
fill_import (VtCreateForm *self)
{
  const char *kind = "";
  if (self->facts->media)
    g_variant_lookup (self->facts->media, "kind", "&s", &kind);
  gboolean import = g_str_equal (kind, "disk");
  g_autofree char *before = g_strdup (vt_choice_row_get (self->import_row));
  vt_choice_row_clear (self->import_row);
  vt_choice_row_add (self->import_row, "import", _ ("Copy"), NULL);
  vt_choice_row_add (self->import_row, "import-in-place", _ ("Use where it is"), NULL);
  vt_choice_row_set (self->import_row, before ? before : "import");
  gtk_widget_set_visible (GTK_WIDGET (self->import_row), import);
  gtk_widget_set_visible (self->disk_row, !import);
}

void
vt_create_form_fill_choices (VtCreateForm *self)
{
  const char *input = NULL, *kind = NULL;
  g_autoptr (GVariant) display =
      g_variant_lookup_value (self->facts->defaults, "display", G_VARIANT_TYPE_VARDICT);
  fill_architectures (self);
  choose_architecture (self);
  vt_create_form_fill_by_architecture (self);
  fill_import (self);
  if (g_variant_lookup (self->facts->defaults, "input", "&s", &input))
    vt_choice_row_set (self->input_row, input);
  if (display && g_variant_lookup (display, "kind", "&s", &kind))
    vt_choice_row_set (self->display_row, kind);
}
