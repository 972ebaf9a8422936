/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "keyval.h"
#include "suggest.h"

#include <errno.h>
#include <math.h>
#include <string.h>

typedef struct {
  KeyvalPair pair; /* must be first: handed out */
  bool bare;       /* written without '=' */
  bool known;
} Entry;

struct Keyval {
  GPtrArray *entries; /* Entry */
  GPtrArray *asked;   /* char *: every key that was looked up, once */
  GHashTable *kinds;  /* char * -> char *: what may stand behind a key, where it is not any text */
};

static void
entry_free (void *data)
{
  Entry *entry = data;
  g_free (entry->pair.key);
  g_free (entry->pair.value);
  g_free (entry);
}

void
keyval_free (Keyval *kv)
{
  if (!kv)
    return;
  g_ptr_array_unref (kv->entries);
  g_ptr_array_unref (kv->asked);
  g_hash_table_unref (kv->kinds);
  g_free (kv);
}

static void
add (Keyval *kv, const char *key, size_t key_length, char *value, bool bare)
{
  Entry *entry = g_new0 (Entry, 1);
  entry->pair.key = g_strndup (key, key_length);
  entry->pair.value = value;
  entry->bare = bare;
  g_ptr_array_add (kv->entries, entry);
}

/* The value at *at up to a single comma, which *at is moved past. */
static char *
take_value (const char **at)
{
  GString *value = g_string_new (NULL);
  const char *p = *at;
  for (; *p && !(p[0] == ',' && p[1] != ','); p++) {
    g_string_append_c (value, *p);
    p += *p == ',';
  }
  *at = *p ? p + 1 : p;
  return g_string_free (value, FALSE);
}

Keyval *
keyval_parse (const char *text, const char *first_key, GError **error)
{
  g_autoptr (Keyval) kv = g_new0 (Keyval, 1);
  kv->entries = g_ptr_array_new_with_free_func (entry_free);
  kv->asked = g_ptr_array_new_with_free_func (g_free);
  kv->kinds = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (const char *p = text; *p;) {
    const size_t length = strcspn (p, "=,");
    if (p[length] == '=' && length) {
      const char *key = p;
      p += length + 1;
      add (kv, key, length, take_value (&p), false);
    } else if (first_key && p == text && p[length] != '=') {
      add (kv, first_key, strlen (first_key), take_value (&p), false);
    } else if (length) {
      add (kv, p, length, g_strdup ("on"), true);
      p += length + (p[length] == ',');
    } else {
      g_set_error (
          error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
          "a name is missing before '%s' in '%s'; write NAME=VALUE, and a comma inside a value twice", p,
          text);
      return NULL;
    }
  }
  return g_steal_pointer (&kv);
}

static void
note_asked (Keyval *kv, const char *key)
{
  if (!g_ptr_array_find_with_equal_func (kv->asked, key, g_str_equal, NULL))
    g_ptr_array_add (kv->asked, g_strdup (key));
}

static void
note_kind (Keyval *kv, const char *key, char *kind)
{
  g_hash_table_replace (kv->kinds, g_strdup (key), kind);
}

/* The last entry that says something about the key, all of which are known from now on. */
static Entry *
find (Keyval *kv, const char *key, bool or_no)
{
  Entry *found = NULL;
  note_asked (kv, key);
  for (unsigned i = 0; i < kv->entries->len; i++) {
    Entry *entry = kv->entries->pdata[i];
    const char *name = entry->pair.key;
    if (!strcmp (name, key) ||
        (or_no && entry->bare && g_str_has_prefix (name, "no") && !strcmp (name + 2, key))) {
      entry->known = true;
      found = entry;
    }
  }
  return found;
}

const char *
keyval_get (Keyval *kv, const char *key)
{
  const Entry *entry = find (kv, key, false);
  return entry ? entry->pair.value : NULL;
}

GPtrArray *
keyval_get_all (Keyval *kv, const char *key)
{
  GPtrArray *values = g_ptr_array_new ();
  find (kv, key, false);
  for (unsigned i = 0; i < kv->entries->len; i++) {
    const Entry *entry = kv->entries->pdata[i];
    if (!strcmp (entry->pair.key, key))
      g_ptr_array_add (values, entry->pair.value);
  }
  return values;
}

GPtrArray *
keyval_prefix (Keyval *kv, const char *prefix)
{
  GPtrArray *pairs = g_ptr_array_new ();
  for (unsigned i = 0; i < kv->entries->len; i++) {
    Entry *entry = kv->entries->pdata[i];
    if (!g_str_has_prefix (entry->pair.key, prefix) || (!*prefix && entry->known))
      continue;
    entry->known = true;
    g_ptr_array_add (pairs, &entry->pair);
  }
  return pairs;
}

static bool bad (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static bool
bad (GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
  return false;
}

bool
keyval_parse_bool (const char *text, bool *ret, GError **error)
{
  static const char *const names[] = { "off", "on", "no", "yes", "false", "true", "n", "y" };
  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++) {
    if (!strcmp (text, names[i])) {
      *ret = i & 1;
      return true;
    }
  }
  return bad (error, "'%s' is neither on nor off", text);
}

bool
keyval_parse_uint (const char *text, uint64_t *ret, GError **error)
{
  char *end = NULL;
  errno = 0;
  const bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  const char *digits = hex ? text + 2 : text;
  const uint64_t value = g_ascii_strtoull (digits, &end, hex ? 16 : 10);
  if (!g_ascii_isxdigit (*digits) || *end || errno == EINVAL)
    return bad (error, "'%s' is not a whole number", text);
  if (errno == ERANGE)
    return bad (error, "'%s' is too large", text);
  *ret = value;
  return true;
}

/* Bytes of a suffix: "", "k", "KiB", "M", … 0: none of these. */
static uint64_t
suffix_unit (const char *suffix, uint64_t unit)
{
  static const char letters[] = "BKMGTPE";
  if (!*suffix)
    return unit;
  const char *at = strchr (letters, g_ascii_toupper (*suffix));
  if (!at || (suffix[1] && g_ascii_strcasecmp (suffix + 1, "iB") && g_ascii_strcasecmp (suffix + 1, "B")))
    return 0;
  return UINT64_C (1) << 10 * (at - letters);
}

bool
keyval_parse_size (const char *text, uint64_t unit, uint64_t *ret, GError **error)
{
  char *end = NULL;
  uint64_t whole, bytes;
  double fraction = 0;
  errno = 0;
  if (g_str_has_prefix (text, "0x") || g_str_has_prefix (text, "0X")) {
    whole = g_ascii_strtoull (text, &end, 16);
  } else {
    whole = g_ascii_strtoull (text, &end, 10);
    if (errno == 0 && *end == '.' && g_ascii_isdigit (end[1])) {
      fraction = g_ascii_strtod (end, &end);
      errno = 0;
    }
  }
  const int problem = errno;
  const uint64_t scale = end ? suffix_unit (end, unit) : 0;
  if (!g_ascii_isdigit (*text) || scale == 0)
    return bad (error, "'%s' is not a size; write a number with K, M, G, T, P or E after it", text);
  if (problem == ERANGE || __builtin_mul_overflow (whole, scale, &bytes) ||
      __builtin_add_overflow (bytes, (uint64_t)llround (fraction * (double)scale), ret))
    return bad (error, "'%s' is too large", text);
  return true;
}

static bool
blame (bool ok, const char *key, GError **error)
{
  if (!ok)
    g_prefix_error (error, "%s: ", key);
  return ok;
}

bool
keyval_get_bool (Keyval *kv, const char *key, bool initial, bool *ret, GError **error)
{
  const Entry *entry = find (kv, key, true);
  note_kind (kv, key, g_strdup ("on|off"));
  *ret = initial;
  if (!entry)
    return true;
  if (strcmp (entry->pair.key, key)) {
    *ret = false;
    return true;
  }
  return blame (keyval_parse_bool (entry->pair.value, ret, error), key, error);
}

bool
keyval_get_uint (Keyval *kv, const char *key, uint64_t initial, uint64_t *ret, GError **error)
{
  const char *value = keyval_get (kv, key);
  note_kind (kv, key, g_strdup ("<num>"));
  *ret = initial;
  return !value || blame (keyval_parse_uint (value, ret, error), key, error);
}

bool
keyval_get_size (Keyval *kv, const char *key, uint64_t initial, uint64_t *ret, GError **error)
{
  const char *value = keyval_get (kv, key);
  note_kind (kv, key, g_strdup ("<size>"));
  *ret = initial;
  return !value || blame (keyval_parse_size (value, 1, ret, error), key, error);
}

bool
keyval_get_choice (Keyval *kv, const char *key, const char *const *names, unsigned initial, unsigned *ret,
                   GError **error)
{
  const char *value = keyval_get (kv, key);
  note_kind (kv, key, g_strjoinv ("|", (char **)names));
  *ret = initial;
  if (!value)
    return true;
  for (unsigned i = 0; names[i]; i++) {
    if (!strcmp (value, names[i])) {
      *ret = i;
      return true;
    }
  }
  g_autofree char *all = g_strjoinv (", ", (char **)names), *hint = suggest_hint (value, names);
  return bad (error, "%s: there is no '%s'%s Known: %s", key, value, hint, all);
}

bool
keyval_finish (Keyval *kv, const char *what, GError **error)
{
  for (unsigned i = 0; i < kv->entries->len; i++) {
    const Entry *entry = kv->entries->pdata[i];
    if (entry->known)
      continue;
    if (kv->asked->len == 0)
      return bad (error, "%s has no settings, but '%s' is given", what, entry->pair.key);
    g_autoptr (GPtrArray) words = g_ptr_array_copy (kv->asked, (GCopyFunc)(void *)g_strdup, NULL);
    g_ptr_array_set_free_func (words, g_free);
    g_ptr_array_add (words, NULL);
    g_autofree char *hint = suggest_hint (entry->pair.key, (const char *const *)words->pdata);
    g_autofree char *all = g_strjoinv (", ", (char **)words->pdata);
    return bad (error, "%s has no setting '%s'%s Known: %s", what, entry->pair.key, hint, all);
  }
  return true;
}

static int
compare_keys (const void *a, const void *b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

void
keyval_describe (Keyval *kv, GString *out)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_copy (kv->asked, NULL, NULL);
  g_ptr_array_set_free_func (keys, NULL); /* They are the list's they were copied from. */
  g_ptr_array_sort (keys, compare_keys);
  for (unsigned i = 0; i < keys->len; i++) {
    const char *kind = g_hash_table_lookup (kv->kinds, keys->pdata[i]);
    g_string_append_printf (out, "  %s=%s\n", (const char *)keys->pdata[i], kind ? kind : "<str>");
  }
}
