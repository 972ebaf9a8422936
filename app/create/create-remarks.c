/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "create-form-private.h"

#include <glib/gi18n.h>

/* Where what the engine says of a setting is shown. */
static const struct {
  const char *key;
  size_t remark;
  gboolean more; /* under “Advanced Options” */
} places[] = {
  { "name", G_STRUCT_OFFSET (VtCreateForm, name_remark), FALSE },
  { "architecture", G_STRUCT_OFFSET (VtCreateForm, architecture_remark), FALSE },
  { "memory", G_STRUCT_OFFSET (VtCreateForm, memory_remark), FALSE },
  { "cpus", G_STRUCT_OFFSET (VtCreateForm, cpus_remark), FALSE },
  { "disks", G_STRUCT_OFFSET (VtCreateForm, disk_remark), FALSE },
  { "nics", G_STRUCT_OFFSET (VtCreateForm, network_remark), FALSE },
  { "firmware", G_STRUCT_OFFSET (VtCreateForm, firmware_remark), TRUE },
  { "board", G_STRUCT_OFFSET (VtCreateForm, board_remark), TRUE },
  { "cpu", G_STRUCT_OFFSET (VtCreateForm, cpu_remark), TRUE },
  { "display", G_STRUCT_OFFSET (VtCreateForm, display_remark), TRUE },
  { "input", G_STRUCT_OFFSET (VtCreateForm, input_remark), TRUE },
  { "agent", G_STRUCT_OFFSET (VtCreateForm, agent_remark), TRUE },
  { "serials", G_STRUCT_OFFSET (VtCreateForm, serial_remark), TRUE },
};

static VtRemarkRow *
remark_of (VtCreateForm *self, size_t place)
{
  return G_STRUCT_MEMBER (VtRemarkRow *, self, places[place].remark);
}

gboolean
vt_create_form_is_good (VtCreateForm *self)
{
  gboolean good = self->facts && !self->looking && !vt_remark_row_is_error (self->source_remark);
  for (size_t i = 0; i < G_N_ELEMENTS (places); i++)
    good = good && !vt_remark_row_is_error (remark_of (self, i));
  return good;
}

/* An image for processors that are not here is an error, until a person says otherwise. */
void
vt_create_form_show_source_remark (VtCreateForm *self)
{
  g_auto (GStrv) remarks = NULL;
  if (self->facts && self->facts->media && !self->looking)
    g_variant_lookup (self->facts->media, "remarks", "^as", &remarks);
  gboolean foreign = self->facts && !self->looking && vt_choice_row_get_reason (self->architecture_row);
  g_autofree char *text = remarks ? g_strjoinv ("\n", remarks) : g_strdup ("");
  if (foreign && !*text)
    text = g_strdup (_ ("It starts on another architecture: choose another image."));
  vt_remark_row_set (self->source_remark, foreign ? VT_REMARK_ERROR : VT_REMARK_WARNING, text);
}

typedef struct {
  VtRemarkLevel level;
  GString *text;
} Said;

static void
say (Said *said, VtRemarkLevel level, const char *text)
{
  said->level = MAX (said->level, level);
  g_string_append_printf (said->text, "%s%s", said->text->len ? "\n" : "", text);
}

void
vt_create_form_show_remarks (VtCreateForm *self, GVariant *remarks)
{
  GVariantIter iter;
  const char *key, *level, *text;
  Said said[G_N_ELEMENTS (places)];
  for (size_t i = 0; i < G_N_ELEMENTS (places); i++)
    said[i] = (Said){ VT_REMARK_NOTE, g_string_new (NULL) };
  if (vt_choice_row_get_reason (self->architecture_row))
    say (&said[1], VT_REMARK_ERROR, _ ("Choose another one if you know that the image starts on it."));
  g_variant_iter_init (&iter, remarks);
  while (g_variant_iter_next (&iter, "(&s&s&s)", &key, &level, &text)) {
    /* What has no row of its own must still be seen; what has one already is not said twice. */
    Said *place = &said[0];
    for (size_t i = 0; i < G_N_ELEMENTS (places); i++)
      if (g_str_equal (places[i].key, key))
        place = &said[i];
    if (place != &said[1] || !place->text->len)
      say (place, g_str_equal (level, "error") ? VT_REMARK_ERROR : VT_REMARK_WARNING, text);
  }
  for (size_t i = 0; i < G_N_ELEMENTS (places); i++) {
    vt_remark_row_set (remark_of (self, i), said[i].level, said[i].text->str);
    if (places[i].more && vt_remark_row_is_error (remark_of (self, i)))
      adw_expander_row_set_expanded (ADW_EXPANDER_ROW (self->more_row), TRUE);
    g_string_free (said[i].text, TRUE);
  }
}
