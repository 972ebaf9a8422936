/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "img.h"
#include "keyval.h"

#include <stdio.h>
#include <string.h>

/* -o of create and convert. The block room knows what is valid; here it is parsed, shown and explained. */

GHashTable *
img_create_options_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

bool
img_is_options_help (const char *text)
{
  static const char *const words[] = { "help", "?", "list", NULL };
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  for (char **part = parts; *part; part++) {
    if (g_strv_contains (words, *part))
      return true;
  }
  return false;
}

bool
img_add_create_options (GHashTable *options, const char *text)
{
  GError *error = NULL;
  g_autoptr (Keyval) kv = keyval_parse (text, NULL, &error);
  if (!kv) {
    g_prefix_error (&error, "-o %s: ", text);
    img_report (error);
    return false;
  }
  g_autoptr (GPtrArray) pairs = keyval_prefix (kv, "");
  for (unsigned i = 0; i < pairs->len; i++) {
    KeyvalPair *pair = pairs->pdata[i];
    g_hash_table_replace (options, g_strdup (pair->key), g_strdup (pair->value));
  }
  return true;
}

bool
img_print_create_options (const char *format)
{
  static const char raw[] =
      "  preallocation=<str>    - Preallocation mode (allowed values: off, falloc, full)\n"
      "  size=<size>            - Virtual disk size\n";
  static const char qcow2[] =
      "  backing_file=<str>     - File name of a base image\n"
      "  backing_fmt=<str>      - Image format of the base image\n"
      "  cluster_size=<size>    - qcow2 cluster size\n"
      "  compat=<str>           - Compatibility level (v2 [0.10] or v3 [1.1])\n"
      "  compression_type=<str> - Compression method used for image cluster compression (zlib, zstd)\n"
      "  extended_l2=<bool (on/off)> - Extended L2 tables\n"
      "  lazy_refcounts=<bool (on/off)> - Postpone refcount updates\n"
      "  preallocation=<str>    - Preallocation mode (allowed values: off, metadata, falloc, full)\n"
      "  refcount_bits=<num>    - Width of a reference count entry in bits\n"
      "  size=<size>            - Virtual disk size\n";
  bool is_raw = strcmp (format, "raw") == 0;
  if (!is_raw && strcmp (format, "qcow2") != 0) {
    img_error ("Unknown file format '%s'; there are raw and qcow2", format);
    return false;
  }
  printf ("Supported %s options:\n%s", format, is_raw ? raw : qcow2);
  return true;
}

static const char *
get (const BlockCreate *create, const char *name, const char *initial)
{
  const char *value = create->options ? g_hash_table_lookup (create->options, name) : NULL;
  return value ? value : initial;
}

static const char *
on_off (const BlockCreate *create, const char *name)
{
  bool on;
  return keyval_parse_bool (get (create, name, "off"), &on, NULL) && on ? "on" : "off";
}

static void
print_given (const BlockCreate *create, const char *name)
{
  const char *value = get (create, name, NULL);
  if (value)
    printf (" %s=%s", name, value);
}

void
img_print_formatting (const char *path, const BlockCreate *create, uint64_t size)
{
  uint64_t cluster = 65536;
  printf ("Formatting '%s', fmt=%s", path, create->format);
  if (strcmp (create->format, "raw") == 0) {
    printf (" size=%" G_GUINT64_FORMAT, size);
    print_given (create, "preallocation");
    putchar ('\n');
    return;
  }
  keyval_parse_size (get (create, "cluster_size", "65536"), 1, &cluster, NULL);
  printf (" cluster_size=%" G_GUINT64_FORMAT " extended_l2=%s", cluster, on_off (create, "extended_l2"));
  print_given (create, "preallocation");
  printf (" compression_type=%s size=%" G_GUINT64_FORMAT, get (create, "compression_type", "zlib"), size);
  print_given (create, "compat");
  if (create->backing_file)
    printf (" backing_file=%s backing_fmt=%s", create->backing_file, create->backing_format);
  printf (" lazy_refcounts=%s refcount_bits=%s\n", on_off (create, "lazy_refcounts"),
          get (create, "refcount_bits", "16"));
}
