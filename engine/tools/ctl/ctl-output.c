/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ctl.h"

#include "suggest.h"

#include <json-glib/json-glib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void
ctl_print_json (GVariant *value)
{
  g_autoptr (JsonNode) node = json_gvariant_serialize (value);
  g_autofree char *text = json_to_string (node, TRUE);
  puts (text);
}

void
ctl_print_json_line (GVariant *value)
{
  g_autofree char *text = json_gvariant_serialize_data (value, NULL);
  puts (text);
  fflush (stdout);
}

static bool
is_size (const char *key)
{
  return strcmp (key, "memory") == 0 || strcmp (key, "size") == 0;
}

char *
ctl_text_of (const char *key, GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return g_variant_dup_string (value, NULL);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_strdup (g_variant_get_boolean (value) ? "yes" : "no");
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64) && is_size (key))
    return g_format_size_full (g_variant_get_uint64 (value), G_FORMAT_SIZE_IEC_UNITS);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64)) {
    gint64 seconds = g_variant_get_int64 (value);
    g_autoptr (GDateTime) time = seconds ? g_date_time_new_from_unix_local (seconds) : NULL;
    return time ? g_date_time_format (time, "%Y-%m-%d %H:%M") : g_strdup ("never");
  }
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY)) {
    g_autofree const char **words = g_variant_get_strv (value, NULL);
    return g_strjoinv (", ", (char **)words);
  }
  return g_variant_print (value, FALSE);
}

/* "2G", "512 MiB", "1.5g": bytes in powers of 1024. */
static bool
parse_size (const char *text, guint64 *ret)
{
  static const char units[] = "KMGT";
  char *end;
  double number = g_ascii_strtod (text, &end);
  unsigned shift = 0;
  while (*end == ' ')
    end++;
  const char *unit = *end ? strchr (units, g_ascii_toupper (*end)) : NULL;
  if (unit != NULL) {
    shift = 10 * (unsigned)(unit - units + 1);
    end += g_ascii_strncasecmp (end + 1, "iB", 2) == 0 ? 3 : 1;
  }
  double bytes = number * (double)(UINT64_C (1) << shift);
  if (end == text || *end != '\0' || !(bytes >= 0) || bytes > 1e18)
    return false;
  *ret = (guint64)bytes;
  return true;
}

static GVariant *
parse_bool (const char *text)
{
  static const char *const yes[] = { "yes", "true", "on", "1", NULL }, *const no[] = { "no", "false", "off",
                                                                                       "0", NULL };
  return g_strv_contains (yes, text)  ? g_variant_new_boolean (TRUE)
         : g_strv_contains (no, text) ? g_variant_new_boolean (FALSE)
                                      : NULL;
}

/* Floating; NULL: it cannot be one. */
static GVariant *
parse_value (const char *key, const char *text, const GVariantType *type)
{
  guint64 bytes;
  if (g_variant_type_equal (type, G_VARIANT_TYPE_STRING))
    return g_variant_new_string (text);
  if (g_variant_type_equal (type, G_VARIANT_TYPE_BOOLEAN))
    return parse_bool (text);
  if (g_variant_type_equal (type, G_VARIANT_TYPE_UINT64))
    return parse_size (text, &bytes) ? g_variant_new_uint64 (bytes) : NULL;
  if (g_variant_type_equal (type, G_VARIANT_TYPE_STRING_ARRAY)) {
    g_auto (GStrv) words = *text ? g_strsplit (text, ",", -1) : g_new0 (char *, 1);
    return g_variant_new_strv ((const char *const *)words, -1);
  }
  return g_variant_parse (type, text, NULL, NULL, NULL);
}

static int
unknown_key (const char *key, GVariant *known)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  GVariantIter iter;
  const char *name;
  g_variant_iter_init (&iter, known);
  while (g_variant_iter_next (&iter, "{&sv}", &name, NULL))
    g_ptr_array_add (keys, (char *)name);
  g_ptr_array_add (keys, NULL);
  g_autofree char *hint = suggest_hint (key, (const char *const *)keys->pdata);
  return ctl_complain ("there is no setting '%s'%s\n`vitrinectl info MACHINE` shows them.", key, hint);
}

bool
ctl_parse_settings (char **words, GVariant *known, GVariantDict *dict)
{
  for (char **word = words; *word != NULL; word++) {
    const char *equals = strchr (*word, '=');
    if (equals == NULL) {
      ctl_complain ("'%s' is no setting.\nWrite KEY=VALUE, as in memory=4G.", *word);
      return false;
    }
    g_autofree char *key = g_strndup (*word, (gsize)(equals - *word));
    g_autoptr (GVariant) now = g_variant_lookup_value (known, key, NULL);
    if (now == NULL) {
      unknown_key (key, known);
      return false;
    }
    GVariant *value = parse_value (key, equals + 1, g_variant_get_type (now));
    if (value == NULL) {
      g_autofree char *text = g_variant_print (now, FALSE);
      ctl_complain ("%s cannot be '%s'.\nWrite it as it is now: %s", key, equals + 1, text);
      return false;
    }
    g_variant_dict_insert_value (dict, key, value);
  }
  return true;
}
