/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What can be typed on a US keyboard. */

#include "console-private.h"

enum { MAX_NAMED = 10 };

static gboolean
is_typable (gunichar c)
{
  return (c >= ' ' && c <= '~') || c == '\n' || c == '\t';
}

char *
vt_typable (const char *text)
{
  GString *result = g_string_new (NULL);
  for (const char *p = text; *p; p = g_utf8_next_char (p)) {
    const gunichar c = g_utf8_get_char (p);
    if (is_typable (c))
      g_string_append_unichar (result, c);
    else if (c == '\r' && p[1] != '\n')
      g_string_append_c (result, '\n');
  }
  return g_string_free (result, FALSE);
}

char *
vt_untypable (const char *text)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  GString *result = g_string_new (NULL);
  for (const char *p = text; *p; p = g_utf8_next_char (p)) {
    const gunichar c = g_utf8_get_char (p);
    if (is_typable (c) || c == '\r' || !g_hash_table_add (seen, GUINT_TO_POINTER (c)))
      continue;
    if (g_hash_table_size (seen) > MAX_NAMED) {
      g_string_append (result, " …");
      break;
    }
    if (result->len)
      g_string_append_c (result, ' ');
    if (g_unichar_isprint (c))
      g_string_append_unichar (result, c);
    else
      g_string_append_printf (result, "U+%04X", c);
  }
  return g_string_free (result, result->len == 0);
}
