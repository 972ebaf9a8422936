/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "conf-field.h"

#include "error.h"
#include "suggest.h"

#include <string.h>

#define FIELD(type, base, field)       (*(type *)((char *)(base) + (field)->offset))
#define CONST_FIELD(type, base, field) (*(type const *)((const char *)(base) + (field)->offset))

/* ---- Forwarded ports ---- */

static void
forward_free (void *data)
{
  VtConfForward *forward = data;
  g_free (forward->protocol);
  g_free (forward->guest_address);
  g_free (forward);
}

static GPtrArray *
forwards_new (void)
{
  return g_ptr_array_new_with_free_func (forward_free);
}

static bool
forward_add (GPtrArray *forwards, const char *protocol, uint64_t host_port, const char *address,
             uint64_t guest_port)
{
  if ((strcmp (protocol, "tcp") != 0 && strcmp (protocol, "udp") != 0) || host_port == 0 ||
      host_port > 65535 || guest_port == 0 || guest_port > 65535 ||
      (*address != '\0' && !g_hostname_is_ip_address (address)))
    return false;
  VtConfForward *forward = g_new (VtConfForward, 1);
  *forward =
      (VtConfForward){ g_strdup (protocol), (uint16_t)host_port, (uint16_t)guest_port, g_strdup (address) };
  g_ptr_array_add (forwards, forward);
  return true;
}

/* "tcp:2222::22;udp:53:10.0.2.15:53" */
static GPtrArray *
forwards_from_text (const char *text)
{
  g_autoptr (GPtrArray) forwards = forwards_new ();
  g_auto (GStrv) rules = g_strsplit (text, ";", -1);
  for (char **rule = rules; *rule != NULL; rule++) {
    if (**rule == '\0')
      continue;
    g_auto (GStrv) parts = g_strsplit (*rule, ":", 4);
    uint64_t host_port, guest_port;
    if (g_strv_length (parts) != 4 ||
        !g_ascii_string_to_unsigned (parts[1], 10, 1, 65535, &host_port, NULL) ||
        !g_ascii_string_to_unsigned (parts[3], 10, 1, 65535, &guest_port, NULL) ||
        !forward_add (forwards, parts[0], host_port, parts[2], guest_port))
      return NULL;
  }
  return g_steal_pointer (&forwards);
}

static char *
forwards_to_text (const GPtrArray *forwards)
{
  GString *text = g_string_new (NULL);
  for (unsigned i = 0; forwards != NULL && i < forwards->len; i++) {
    const VtConfForward *f = forwards->pdata[i];
    g_string_append_printf (text, "%s%s:%u:%s:%u", i ? ";" : "", f->protocol, f->host_port, f->guest_address,
                            f->guest_port);
  }
  return g_string_free (text, FALSE);
}

static GPtrArray *
forwards_from_variant (GVariant *value)
{
  g_autoptr (GPtrArray) forwards = forwards_new ();
  const char *protocol, *address;
  uint16_t host_port, guest_port;
  GVariantIter iter;
  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "(&sq&sq)", &protocol, &host_port, &address, &guest_port))
    if (!forward_add (forwards, protocol, host_port, address, guest_port))
      return NULL;
  return g_steal_pointer (&forwards);
}

static GVariant *
forwards_to_variant (const GPtrArray *forwards)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(sqsq)"));
  for (unsigned i = 0; forwards != NULL && i < forwards->len; i++) {
    const VtConfForward *f = forwards->pdata[i];
    g_variant_builder_add (&builder, "(sqsq)", f->protocol, f->host_port, f->guest_address, f->guest_port);
  }
  return g_variant_builder_end (&builder);
}

/* ---- Values ---- */

static bool
refuse (const ConfField *field, const char *what, const char *is, GError **error)
{
  g_autofree char *choices = field->choices ? g_strjoinv (", ", (char **)field->choices) : NULL;
  g_autofree char *hint = field->choices ? suggest_hint (is, field->choices) : NULL;
  g_autofree char *cause = g_strdup_printf ("%s cannot be “%s”%s", what, is, hint ? hint : ".");
  g_autofree char *bytes =
      field->type == CONF_BYTES ? g_format_size_full (field->max, G_FORMAT_SIZE_IEC_UNITS) : NULL;
  g_autofree char *least =
      field->type == CONF_BYTES ? g_format_size_full (field->min, G_FORMAT_SIZE_IEC_UNITS) : NULL;
  g_autofree char *remedy =
      choices ? g_strdup_printf ("Choose one of: %s.", choices)
      : bytes ? g_strdup_printf ("Give a size from %s to %s.", least, bytes)
      : field->type == CONF_UINT
          ? g_strdup_printf ("Give a number from %u to %u.", (unsigned)field->min, (unsigned)field->max)
      : field->type == CONF_FORWARDS
          ? g_strdup ("Give each port as PROTOCOL:HOST-PORT:GUEST-ADDRESS:GUEST-PORT, such as "
                      "tcp:2222::22.")
      : field->type == CONF_BOOL
          ? g_strdup ("Give true or false.")
          : g_strdup_printf ("Give a text of %s%" G_GUINT64_FORMAT " characters at most.",
                             field->required ? "1 to " : "", field->max);
  vt_error_set (error, VT_ERROR_INVALID_ARGUMENT, cause, remedy);
  return false;
}

static bool
string_is_valid (const ConfField *field, const char *text)
{
  if (!g_utf8_validate (text, -1, NULL) || (field->required && *text == '\0'))
    return false;
  if (field->choices != NULL)
    return g_strv_contains (field->choices, text);
  return field->max == 0 || (uint64_t)g_utf8_strlen (text, -1) <= field->max;
}

static bool
set_string (const ConfField *field, void *base, const char *text, const char *what, GError **error)
{
  if (!string_is_valid (field, text))
    return refuse (field, what, text, error);
  g_free (FIELD (char *, base, field));
  FIELD (char *, base, field) = g_strdup (text);
  return true;
}

static bool
set_number (const ConfField *field, void *base, uint64_t value, const char *text, const char *what,
            GError **error)
{
  if (value < field->min || value > field->max)
    return refuse (field, what, text, error);
  if (field->type == CONF_UINT)
    FIELD (unsigned, base, field) = (unsigned)value;
  else
    FIELD (uint64_t, base, field) = value;
  return true;
}

static void
set_strings (const ConfField *field, void *base, char **strings)
{
  g_strfreev (FIELD (char **, base, field));
  FIELD (char **, base, field) = strings;
}

static bool
set_forwards (const ConfField *field, void *base, GPtrArray *forwards, const char *text, const char *what,
              GError **error)
{
  if (forwards == NULL || forwards->len > field->max) {
    g_clear_pointer (&forwards, g_ptr_array_unref);
    return refuse (field, what, text, error);
  }
  g_clear_pointer (&FIELD (GPtrArray *, base, field), g_ptr_array_unref);
  FIELD (GPtrArray *, base, field) = forwards;
  return true;
}

/* "2048 MiB", "2 GiB", "123": bytes. */
static bool
parse_bytes (const char *text, uint64_t *ret_value)
{
  static const struct {
    const char *unit;
    unsigned shift;
  } units[] = { { "", 0 }, { "B", 0 }, { "KiB", 10 }, { "MiB", 20 }, { "GiB", 30 }, { "TiB", 40 } };
  char *end;
  if (!g_ascii_isdigit (*text))
    return false;
  uint64_t number = g_ascii_strtoull (text, &end, 10);
  while (*end == ' ')
    end++;
  for (unsigned i = 0; i < G_N_ELEMENTS (units); i++)
    if (strcmp (end, units[i].unit) == 0 && number <= UINT64_MAX >> units[i].shift) {
      *ret_value = number << units[i].shift;
      return true;
    }
  return false;
}

static char *
format_bytes (uint64_t value)
{
  static const char *const units[] = { "", " KiB", " MiB" };
  unsigned unit = 0;
  while (unit + 1 < G_N_ELEMENTS (units) && value != 0 && value % 1024 == 0) {
    value /= 1024;
    unit++;
  }
  return g_strdup_printf ("%" G_GUINT64_FORMAT "%s", value, units[unit]);
}

bool
conf_field_from_text (const ConfField *field, void *base, const char *text, const char *what, GError **error)
{
  uint64_t number;
  int64_t time;
  switch (field->type) {
    case CONF_STRING:
    case CONF_CHOICE: return set_string (field, base, text, what, error);
    case CONF_UINT:
      if (!g_ascii_string_to_unsigned (text, 10, field->min, field->max, &number, NULL))
        return refuse (field, what, text, error);
      return set_number (field, base, number, text, what, error);
    case CONF_BYTES:
      if (!parse_bytes (text, &number))
        return refuse (field, what, text, error);
      return set_number (field, base, number, text, what, error);
    case CONF_TIME:
      if (!g_ascii_string_to_signed (text, 10, 0, INT64_MAX, &time, NULL))
        return refuse (field, what, text, error);
      FIELD (int64_t, base, field) = time;
      return true;
    case CONF_BOOL:
      if (strcmp (text, "true") != 0 && strcmp (text, "false") != 0)
        return refuse (field, what, text, error);
      FIELD (bool, base, field) = text[0] == 't';
      return true;
    case CONF_STRINGS:
      set_strings (field, base, *text ? g_strsplit (text, ";", -1) : g_new0 (char *, 1));
      return true;
    case CONF_FORWARDS: return set_forwards (field, base, forwards_from_text (text), text, what, error);
  }
  g_assert_not_reached ();
}

char *
conf_field_to_text (const ConfField *field, const void *base)
{
  const char *string;
  char **strings;
  switch (field->type) {
    case CONF_STRING:
    case CONF_CHOICE: string = CONST_FIELD (char *, base, field); return g_strdup (string ? string : "");
    case CONF_UINT: return g_strdup_printf ("%u", CONST_FIELD (unsigned, base, field));
    case CONF_BYTES: return format_bytes (CONST_FIELD (uint64_t, base, field));
    case CONF_TIME: return g_strdup_printf ("%" G_GINT64_FORMAT, CONST_FIELD (int64_t, base, field));
    case CONF_BOOL: return g_strdup (CONST_FIELD (bool, base, field) ? "true" : "false");
    case CONF_STRINGS:
      strings = CONST_FIELD (char **, base, field);
      return strings ? g_strjoinv (";", strings) : g_strdup ("");
    case CONF_FORWARDS: return forwards_to_text (CONST_FIELD (GPtrArray *, base, field));
  }
  g_assert_not_reached ();
}

/* ---- On the bus ---- */

static const GVariantType *
type_of (const ConfField *field)
{
  static const char *const types[] = {
    [CONF_STRING] = "s", [CONF_CHOICE] = "s", [CONF_UINT] = "u",     [CONF_BYTES] = "t",
    [CONF_TIME] = "x",   [CONF_BOOL] = "b",   [CONF_STRINGS] = "as", [CONF_FORWARDS] = "a(sqsq)",
  };
  return G_VARIANT_TYPE (types[field->type]);
}

bool
conf_field_from_variant (const ConfField *field, void *base, GVariant *value, const char *what,
                         GError **error)
{
  g_autofree char *text = NULL;
  if (!g_variant_is_of_type (value, type_of (field))) {
    g_autofree char *cause =
        g_strdup_printf ("%s is of type “%s” instead of “%.*s”.", what, g_variant_get_type_string (value),
                         (int)g_variant_type_get_string_length (type_of (field)),
                         g_variant_type_peek_string (type_of (field)));
    vt_error_set (error, VT_ERROR_INVALID_ARGUMENT, cause, "Give a value of that type.");
    return false;
  }
  switch (field->type) {
    case CONF_STRING:
    case CONF_CHOICE: return set_string (field, base, g_variant_get_string (value, NULL), what, error);
    case CONF_UINT:
    case CONF_BYTES:
      text = g_variant_print (value, FALSE);
      return set_number (
          field, base, field->type == CONF_UINT ? g_variant_get_uint32 (value) : g_variant_get_uint64 (value),
          text, what, error);
    case CONF_TIME: FIELD (int64_t, base, field) = MAX (0, g_variant_get_int64 (value)); return true;
    case CONF_BOOL: FIELD (bool, base, field) = g_variant_get_boolean (value); return true;
    case CONF_STRINGS:
      if (field->max != 0 && g_variant_n_children (value) > field->max)
        return refuse (field, what, "so many", error);
      set_strings (field, base, g_variant_dup_strv (value, NULL));
      return true;
    case CONF_FORWARDS:
      text = g_variant_print (value, FALSE);
      return set_forwards (field, base, forwards_from_variant (value), text, what, error);
  }
  g_assert_not_reached ();
}

GVariant *
conf_field_to_variant (const ConfField *field, const void *base)
{
  static const char *const none[] = { NULL };
  const char *string;
  char **strings;
  switch (field->type) {
    case CONF_STRING:
    case CONF_CHOICE:
      string = CONST_FIELD (char *, base, field);
      return g_variant_new_string (string ? string : "");
    case CONF_UINT: return g_variant_new_uint32 (CONST_FIELD (unsigned, base, field));
    case CONF_BYTES: return g_variant_new_uint64 (CONST_FIELD (uint64_t, base, field));
    case CONF_TIME: return g_variant_new_int64 (CONST_FIELD (int64_t, base, field));
    case CONF_BOOL: return g_variant_new_boolean (CONST_FIELD (bool, base, field));
    case CONF_STRINGS:
      strings = CONST_FIELD (char **, base, field);
      return g_variant_new_strv (strings ? (const char *const *)strings : none, -1);
    case CONF_FORWARDS: return forwards_to_variant (CONST_FIELD (GPtrArray *, base, field));
  }
  g_assert_not_reached ();
}

/* ---- Life ---- */

void
conf_field_clear (const ConfField *field, void *base)
{
  switch (field->type) {
    case CONF_STRING:
    case CONF_CHOICE: g_clear_pointer (&FIELD (char *, base, field), g_free); break;
    case CONF_STRINGS: g_clear_pointer (&FIELD (char **, base, field), g_strfreev); break;
    case CONF_FORWARDS: g_clear_pointer (&FIELD (GPtrArray *, base, field), g_ptr_array_unref); break;
    default: break;
  }
}

void
conf_field_set_default (const ConfField *field, void *base)
{
  ConfField lenient = *field;
  lenient.required = false;
  lenient.min = 0;
  const char *fallback = field->fallback ? field->fallback
                         : field->type == CONF_UINT || field->type == CONF_BYTES || field->type == CONF_TIME
                             ? "0"
                         : field->type == CONF_BOOL ? "false"
                                                    : "";
  conf_field_from_text (&lenient, base, fallback, field->key, NULL);
}

bool
conf_field_equal (const ConfField *field, const void *a, const void *b)
{
  g_autofree char *x = conf_field_to_text (field, a), *y = conf_field_to_text (field, b);
  return strcmp (x, y) == 0;
}
