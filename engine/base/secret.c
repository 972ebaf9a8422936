/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "secret.h"

#include <string.h>

static GHashTable *all; /* char * -> GBytes */

static GBytes *
read_secret (Keyval *kv, GError **error)
{
  static const char *const formats[] = { "raw", "base64", NULL };
  const char *data = keyval_get (kv, "data"), *file = keyval_get (kv, "file");
  unsigned format;
  g_autofree char *content = NULL;
  gsize size = 0;
  if (!keyval_get_choice (kv, "format", formats, 0, &format, error) || !keyval_finish (kv, "secret", error))
    return NULL;
  if ((data != NULL) == (file != NULL)) {
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                         "a secret is either data=TEXT or in file=PATH");
    return NULL;
  }
  if (file && !g_file_get_contents (file, &content, &size, error))
    return NULL;
  if (data) {
    content = g_strdup (data);
    size = strlen (data);
  }
  if (format == 0)
    return g_bytes_new_take (g_steal_pointer (&content), size);
  /* GLib skips what is no base64. */
  if (strspn (content, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n") != size) {
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "the secret is not in base64");
    return NULL;
  }
  guchar *decoded = g_base64_decode (content, &size);
  return g_bytes_new_take (decoded, size);
}

bool
secret_new (const char *id, Keyval *kv, GError **error)
{
  if (secret_exists (id)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "there is a secret '%s' already; choose another id", id);
    return false;
  }
  GBytes *bytes = read_secret (kv, error);
  if (!bytes)
    return false;
  if (!all)
    all = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
  g_hash_table_insert (all, g_strdup (id), bytes);
  return true;
}

bool
secret_exists (const char *id)
{
  return all && g_hash_table_contains (all, id);
}

bool
secret_get (const char *id, char **ret, GError **error)
{
  GBytes *bytes = all ? g_hash_table_lookup (all, id) : NULL;
  gsize size = 0;
  const char *data = bytes ? g_bytes_get_data (bytes, &size) : NULL;
  if (!bytes)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "there is no secret '%s'; declare it with -object secret,id=%s,file=PATH", id, id);
  else if (!g_utf8_validate (data ? data : "", (gssize)size, NULL))
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "the secret '%s' is not text in UTF-8", id);
  else {
    *ret = g_strndup (data ? data : "", size);
    return true;
  }
  return false;
}
