/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "create-form-private.h"

#include <glib/gi18n.h>

static char *
size_of (GVariant *media, const char *key)
{
  guint64 size = 0;
  g_variant_lookup (media, key, "t", &size);
  return g_format_size_full (size, G_FORMAT_SIZE_IEC_UNITS);
}

/* What the file is, in a line. */
static char *
describe (GVariant *media)
{
  const char *os = NULL, *kind = "";
  g_autofree char *size = size_of (media, "size"), *disk = size_of (media, "disk-size");
  g_variant_lookup (media, "os-name", "&s", &os);
  g_variant_lookup (media, "kind", "&s", &kind);
  if (g_str_equal (kind, "disk")) {
    /* Translators: what a disk image holds, such as Debian 13, and two sizes. */
    const char *format = os && *os ? _ ("%s, a disk of %s in a file of %s") : NULL;
    if (format)
      return g_strdup_printf (format, os, disk, size);
    return g_strdup_printf (_ ("A disk of %s in a file of %s"), disk, size);
  }
  /* Translators: what a file is, such as Debian 13, and its size. */
  return g_strdup_printf (_ ("%s, %s"), os && *os ? os : _ ("ISO image"), size);
}

static const char *
icon_of (GVariant *media)
{
  const char *kind = "";
  if (!media)
    return "computer-symbolic";
  g_variant_lookup (media, "kind", "&s", &kind);
  return g_str_equal (kind, "disk") ? "drive-harddisk-symbolic" : "media-optical-symbolic";
}

static void
show (VtCreateForm *self, const char *title, const char *subtitle, const char *icon)
{
  gtk_widget_set_visible (self->source_spinner, self->looking);
  gtk_spinner_set_spinning (GTK_SPINNER (self->source_spinner), self->looking);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->source_row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->source_row), subtitle);
  gtk_image_set_from_icon_name (GTK_IMAGE (self->source_icon), icon);
}

void
vt_create_form_show_source (VtCreateForm *self)
{
  g_autofree char *subtitle = self->facts->media ? describe (self->facts->media) : NULL;
  show (self, self->title, subtitle ? subtitle : _ ("With an empty disk, and nothing in its CD drive yet"),
        icon_of (self->facts->media));
}

void
vt_create_form_look (VtCreateForm *self, const char *title)
{
  self->looking = TRUE;
  show (self, title, _ ("Looking at it…"), "media-optical-symbolic");
  vt_create_form_show_source_remark (self);
}

gboolean
vt_create_form_go_back (VtCreateForm *self)
{
  self->looking = FALSE;
  if (!self->facts)
    return FALSE;
  vt_create_form_show_source (self);
  vt_create_form_show_source_remark (self);
  return TRUE;
}
