/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "img.h"
#include "keyval.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void
img_error (const char *format, ...)
{
  va_list ap;
  va_start (ap, format);
  g_autofree char *text = g_strdup_vprintf (format, ap);
  va_end (ap);
  fflush (stdout);
  fprintf (stderr, "vitrine-img: %s\n", text);
}

void
img_report (GError *error)
{
  img_error ("%s", error->message);
  g_error_free (error);
}

void
img_report_open (const char *path, GError *error)
{
  g_autofree char *prefix = g_strdup_printf ("%s: ", path);
  const char *text = error->message;
  if (g_str_has_prefix (text, prefix))
    text += strlen (prefix);
  img_error ("Could not open '%s': %s", path, text);
  g_error_free (error);
}

bool
img_parse_cache (const char *name, BlockCache *ret_cache)
{
  static const struct {
    const char *name;
    BlockCache cache;
  } names[] = { { "writeback", BLOCK_CACHE_WRITEBACK },
                { "none", BLOCK_CACHE_NONE },
                { "off", BLOCK_CACHE_NONE },
                { "writethrough", BLOCK_CACHE_WRITETHROUGH },
                { "directsync", BLOCK_CACHE_DIRECTSYNC },
                { "unsafe", BLOCK_CACHE_UNSAFE } };
  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++) {
    if (strcmp (names[i].name, name) == 0) {
      *ret_cache = names[i].cache;
      return true;
    }
  }
  return false;
}

bool
img_parse_size (const char *what, const char *text, uint64_t *ret_size)
{
  g_autoptr (GError) error = NULL;
  if (keyval_parse_size (text, 1, ret_size, &error) && *ret_size <= INT64_MAX)
    return true;
  img_error ("Invalid %s specified: '%s' (a number of bytes, or one with k, M, G, T, P or E)", what, text);
  return false;
}

bool
img_parse_snapshot (const char *text, char **ret_snapshot)
{
  g_free (*ret_snapshot);
  *ret_snapshot = NULL;
  if (!g_str_has_prefix (text, "snapshot.")) {
    *ret_snapshot = g_strdup (text);
    return true;
  }
  GError *error = NULL;
  g_autoptr (Keyval) kv = keyval_parse (text, NULL, &error);
  if (!kv) {
    img_report (error);
    return false;
  }
  const char *id = keyval_get (kv, "snapshot.id"), *name = keyval_get (kv, "snapshot.name");
  if (!keyval_finish (kv, "a snapshot", &error)) {
    img_report (error);
    return false;
  }
  *ret_snapshot = g_strdup (id && *id ? id : name);
  if (*ret_snapshot)
    return true;
  img_error ("Invalid snapshot specified: '%s' (snapshot.id=ID or snapshot.name=NAME)", text);
  return false;
}

Block *
img_open_source (const char *path, const char *format, BlockCache cache, bool force_share,
                 const char *snapshot)
{
  GError *error = NULL;
  BlockOptions options = {
    .format = format, .read_only = true, .cache = cache, .force_share = force_share, .snapshot = snapshot
  };
  Block *block = block_open (path, &options, &error);
  if (!block)
    img_report_open (path, error);
  return block;
}

Block *
img_open (const char *path, const char *format, bool writable, BlockCache cache, bool force_share)
{
  GError *error = NULL;
  BlockOptions options = {
    .format = format, .read_only = !writable, .cache = cache, .force_share = force_share, .discard = writable
  };
  Block *block = block_open (path, &options, &error);
  if (!block)
    img_report_open (path, error);
  return block;
}

char *
img_size_text (uint64_t bytes)
{
  static const char *const units[] = { "", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei" };
  int exponent;
  /* The larger unit is taken from 1000 of the smaller on, so that three digits are always enough. */
  frexp ((double)bytes / (1000.0 / 1024.0), &exponent);
  int unit = bytes ? MAX (exponent - 1, 0) / 10 : 0;
  return g_strdup_printf ("%0.3g %sB", (double)bytes / (double)(UINT64_C (1) << (unit * 10)), units[unit]);
}

/* The last column is for machines that count instructions, which ours do not. */
static void
print_snapshot (const BlockSnapshot *snapshot)
{
  g_autofree char *size = img_size_text (snapshot->vm_state_size);
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_local ((int64_t)snapshot->date_sec);
  g_autofree char *date_text = date ? g_date_time_format (date, "%Y-%m-%d %H:%M:%S") : g_strdup ("?");
  uint64_t ms = snapshot->vm_clock_nsec / 1000000;
  g_autofree char *clock =
      g_strdup_printf ("%04" G_GUINT64_FORMAT ":%02u:%02u.%03u", ms / 3600000, (unsigned)(ms / 60000 % 60),
                       (unsigned)(ms / 1000 % 60), (unsigned)(ms % 1000));
  printf ("%-7s %-16s %8s %19s %15s %10s\n", snapshot->id, snapshot->name, size, date_text, clock, "--");
}

void
img_print_snapshots (const BlockInfo *info)
{
  if (info->snapshots->len == 0)
    return;
  printf ("Snapshot list:\n%-7s %-16s %8s %19s %15s %10s\n", "ID", "TAG", "VM_SIZE", "DATE", "VM_CLOCK",
          "ICOUNT");
  for (unsigned i = 0; i < info->snapshots->len; i++)
    print_snapshot (info->snapshots->pdata[i]);
}

/* ---- JSON ---- */

static void print_node (JsonNode *node, int depth);

static void
new_line (int depth)
{
  printf ("\n%*s", 4 * depth, "");
}

static void
print_array (JsonArray *array, int depth)
{
  putchar ('[');
  for (unsigned i = 0; i < json_array_get_length (array); i++) {
    if (i)
      putchar (',');
    new_line (depth + 1);
    print_node (json_array_get_element (array, i), depth + 1);
  }
  new_line (depth);
  putchar (']');
}

static void
print_object (JsonObject *object, int depth)
{
  JsonObjectIter iter;
  const char *name, *separator = "";
  JsonNode *value;
  putchar ('{');
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value)) {
    fputs (separator, stdout);
    separator = ",";
    new_line (depth + 1);
    printf ("\"%s\": ", name);
    print_node (value, depth + 1);
  }
  new_line (depth);
  putchar ('}');
}

static void
print_node (JsonNode *node, int depth)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    print_object (json_node_get_object (node), depth);
  else if (JSON_NODE_HOLDS_ARRAY (node))
    print_array (json_node_get_array (node), depth);
  else {
    g_autofree char *text = json_to_string (node, FALSE);
    fputs (text, stdout);
  }
}

void
img_print_json (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  print_node (root, 0);
  putchar ('\n');
  g_object_unref (builder);
}
