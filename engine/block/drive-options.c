/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drive-int.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "keyval.h"

/* What -drive and -blockdev say. */

static bool
parse_int (Keyval *kv, const char *key, int *ret, GError **error)
{
  uint64_t value;
  if (!keyval_get_uint (kv, key, 0, &value, error))
    return false;
  if (!keyval_get (kv, key))
    return true;
  if (value > 255) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s=%" G_GUINT64_FORMAT ": must be below 256", key, value);
    return false;
  }
  *ret = (int)value;
  return true;
}

/* discard= and detect-zeroes=, which are the same in both syntaxes. */
static bool
parse_discard (Keyval *kv, BlockOptions *options, GError **error)
{
  static const char *const discards[] = { "ignore", "off", "unmap", "on", NULL };
  static const char *const detects[] = { "off", "on", "unmap", NULL };
  unsigned discard, detect;
  if (!keyval_get_choice (kv, "discard", discards, 0, &discard, error) ||
      !keyval_get_choice (kv, "detect-zeroes", detects, 0, &detect, error))
    return false;
  options->discard = discard >= 2;
  options->detect_zeroes = detect > 0;
  if (detect == 2 && !options->discard) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "detect-zeroes=unmap needs discard=unmap");
    return false;
  }
  return true;
}

static bool
parse_aio (Keyval *kv, const char *key, BlockOptions *options, GError **error)
{
  static const char *const names[] = { "io_uring", "native", "threads", NULL };
  unsigned aio;
  if (!keyval_get_choice (kv, key, names, 0, &aio, error))
    return false;
  options->aio = aio == 2 ? BLOCK_AIO_THREADS : BLOCK_AIO_IO_URING;
  return true;
}

static bool
parse_policy (Keyval *kv, const char *key, bool write, DriveErrorPolicy *policy, GError **error)
{
  static const char *const write_names[] = { "report", "ignore", "enospc", "stop", NULL };
  static const char *const read_names[] = { "report", "ignore", "stop", NULL };
  unsigned choice;
  if (!keyval_get_choice (kv, key, write ? write_names : read_names, 0, &choice, error))
    return false;
  if (!keyval_get (kv, key))
    return true;
  *policy = !write && choice == 2 ? DRIVE_ERROR_STOP : (DriveErrorPolicy)choice;
  return true;
}

static void
set_string (char **place, const char *value)
{
  if (value) {
    g_free (*place);
    *place = g_strdup (value);
  }
}

/* ---- -drive ---- */

/* Names for drives that have none: "virtio0", "pflash1", "drive0". */
static char *
make_id (const char *interface)
{
  const char *prefix = interface[0] ? interface : "drive";
  for (unsigned i = 0;; i++) {
    g_autofree char *id = g_strdup_printf ("%s%u", prefix, i);
    if (!drive_find (id))
      return g_steal_pointer (&id);
  }
}

static bool
parse_read_only (Keyval *kv, Drive *drive, GError **error)
{
  bool longer;
  if (!keyval_get_bool (kv, "read-only", drive->cdrom, &longer, error) ||
      !keyval_get_bool (kv, "readonly", longer, &drive->options.read_only, error) ||
      !keyval_get_bool (kv, "auto-read-only", false, &drive->options.auto_read_only, error))
    return false;
  if (drive->cdrom && !drive->options.read_only) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "media=cdrom,readonly=off: a CD cannot be written to (use media=disk)");
    return false;
  }
  return true;
}

static bool
parse_drive (Keyval *kv, Drive *drive, bool snapshot_all, GError **error)
{
  static const char *const caches[] = { "writeback", "none", "writethrough", "directsync", "unsafe", NULL };
  static const char *const media[] = { "disk", "cdrom", NULL };
  static const char *const interfaces[] = { "virtio", "pflash", "scsi",   "none", "sd",
                                            "mtd",    "ide",    "floppy", NULL };
  static const char *const lockings[] = { "auto", "on", "off", NULL };
  unsigned choice;
  if (!keyval_get_choice (kv, "media", media, 0, &choice, error))
    return false;
  drive->cdrom = choice == 1;
  if (!keyval_get_choice (kv, "if", interfaces, 0, &choice, error))
    return false;
  if (keyval_get (kv, "if"))
    set_string (&drive->interface, interfaces[choice]);
  if (!keyval_get_choice (kv, "cache", caches, BLOCK_CACHE_WRITEBACK, &choice, error))
    return false;
  drive->options.cache = (BlockCache)choice;
  if (!keyval_get_choice (kv, "file.locking", lockings, 0, &choice, error))
    return false;
  drive->options.force_share = choice == 2;
  set_string (&drive->path, keyval_get (kv, "file"));
  set_string (&drive->path, keyval_get (kv, "file.filename"));
  set_string (&drive->format, keyval_get (kv, "format"));
  set_string (&drive->format, keyval_get (kv, "driver"));
  set_string (&drive->serial, keyval_get (kv, "serial"));
  set_string (&drive->id, keyval_get (kv, "id"));
  bool snapshot = snapshot_all && !drive->cdrom;
  return parse_read_only (kv, drive, error) && parse_int (kv, "unit", &drive->index, error) &&
         parse_int (kv, "index", &drive->index, error) && parse_aio (kv, "aio", &drive->options, error) &&
         parse_discard (kv, &drive->options, error) &&
         keyval_get_bool (kv, "snapshot", snapshot && !drive->options.read_only, &drive->snapshot, error) &&
         keyval_get_size (kv, "l2-cache-size", 0, &drive->options.l2_cache_size, error) &&
         parse_policy (kv, "werror", true, &drive->write_policy, error) &&
         parse_policy (kv, "rerror", false, &drive->read_policy, error) &&
         keyval_finish (kv, "-drive", error);
}

Drive *
drive_new (const char *options, bool snapshot_all, GError **error)
{
  g_autoptr (Keyval) kv = keyval_parse (options, NULL, error);
  if (!kv)
    return NULL;
  Drive *drive = drive_alloc ();
  bool ok = parse_drive (kv, drive, snapshot_all, error);
  if (ok && !drive->id)
    drive->id = make_id (drive->interface);
  /* An empty file= is an empty tray. */
  if (ok && drive->path && !drive->path[0])
    g_clear_pointer (&drive->path, g_free);
  if (ok && !drive->path && !drive->cdrom) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "-drive %s: no image is named (file=PATH; only media=cdrom can be empty)", options);
    ok = false;
  }
  ok = ok && drive_open (drive, error) && drive_add (drive, error);
  if (!ok) {
    drive_free (drive);
    return NULL;
  }
  return drive;
}

void
drive_help (GString *out)
{
  g_autoptr (Keyval) nothing = keyval_parse ("", NULL, NULL);
  Drive *drive = drive_alloc ();
  parse_drive (nothing, drive, false, NULL);
  keyval_describe (nothing, out);
  drive_free (drive);
}

/* ---- -blockdev ---- */

/* The other syntax of -blockdev, a JSON object: as "a.b=c" pairs. False for what such pairs cannot say. */
static bool
flatten (JsonObject *object, const char *prefix, GString *out)
{
  g_autoptr (GList) names = json_object_get_members (object);
  for (GList *i = names; i; i = i->next) {
    JsonNode *node = json_object_get_member (object, i->data);
    g_autofree char *key = g_strconcat (prefix, i->data, NULL);
    if (JSON_NODE_HOLDS_OBJECT (node)) {
      g_autofree char *inner = g_strconcat (key, ".", NULL);
      if (!flatten (json_node_get_object (node), inner, out))
        return false;
      continue;
    }
    if (!JSON_NODE_HOLDS_VALUE (node))
      return false;
    g_autofree char *value = NULL;
    GType type = json_node_get_value_type (node);
    if (type == G_TYPE_BOOLEAN)
      value = g_strdup (json_node_get_boolean (node) ? "on" : "off");
    else if (type == G_TYPE_INT64)
      value = g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));
    else
      value = g_strdup (json_node_get_string (node));
    /* A comma in a value is written twice. */
    g_auto (GStrv) parts = g_strsplit (value ? value : "", ",", -1);
    g_autofree char *escaped = g_strjoinv (",,", parts);
    g_string_append_printf (out, "%s%s=%s", out->len ? "," : "", key, escaped);
  }
  return true;
}

static char *
from_json (const char *text, GError **error)
{
  g_autoptr (JsonNode) root = json_from_string (text, error);
  g_autoptr (GString) out = g_string_new (NULL);
  if (!root) {
    if (error && !*error)
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "-blockdev %s: empty", text);
    return NULL;
  }
  if (!JSON_NODE_HOLDS_OBJECT (root) || !flatten (json_node_get_object (root), "", out)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "-blockdev %s: must be a JSON object of strings, numbers, truth values and such objects",
                 text);
    return NULL;
  }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* A file by its settings: "filename", or "file.filename" with "file." as prefix. */
static bool
parse_file (Keyval *kv, const char *prefix, Drive *drive, GError **error)
{
  static const char *const lockings[] = { "auto", "on", "off", NULL };
  g_autofree char *name = g_strconcat (prefix, "filename", NULL), *aio = g_strconcat (prefix, "aio", NULL);
  g_autofree char *locking = g_strconcat (prefix, "locking", NULL);
  unsigned choice;
  set_string (&drive->path, keyval_get (kv, name));
  if (!drive->path) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "-blockdev: no file is named (%s=PATH)",
                 name);
    return false;
  }
  if (!keyval_get_choice (kv, locking, lockings, 0, &choice, error))
    return false;
  drive->options.force_share = choice == 2;
  return parse_aio (kv, aio, &drive->options, error);
}

/* "file=NODE": the file of a node made earlier. */
static bool
take_file_node (Drive *drive, const char *name, Drive **ret_node, GError **error)
{
  Drive *node = drive_find (name);
  if (!node || node->block || !node->path || node->user) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "-blockdev file=%s: %s (make one before with -blockdev "
                 "driver=file,node-name=%s,filename=PATH, or say "
                 "file.filename=PATH)",
                 name, !node ? "there is no such node" : "that node is not a free file", name);
    return false;
  }
  set_string (&drive->path, node->path);
  drive->options.aio = node->options.aio;
  drive->options.cache = node->options.cache;
  drive->options.force_share = node->options.force_share;
  *ret_node = node;
  return true;
}

static bool
parse_cache_flags (Keyval *kv, const char *prefix, BlockOptions *options, GError **error)
{
  g_autofree char *direct_key = g_strconcat (prefix, "cache.direct", NULL);
  g_autofree char *no_flush_key = g_strconcat (prefix, "cache.no-flush", NULL);
  bool direct, no_flush;
  if (!keyval_get_bool (kv, direct_key, options->cache == BLOCK_CACHE_NONE, &direct, error) ||
      !keyval_get_bool (kv, no_flush_key, options->cache == BLOCK_CACHE_UNSAFE, &no_flush, error))
    return false;
  options->cache = no_flush ? BLOCK_CACHE_UNSAFE : direct ? BLOCK_CACHE_NONE : BLOCK_CACHE_WRITEBACK;
  return true;
}

static bool
parse_blockdev (Keyval *kv, Drive *drive, Drive **ret_node, GError **error)
{
  static const char *const drivers[] = { "qcow2", "raw", "file", "host_device", NULL };
  static const char *const files[] = { "file", "host_device", NULL };
  unsigned driver, file_driver;
  if (!keyval_get (kv, "driver") || !keyval_get (kv, "node-name")) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "-blockdev needs driver= and node-name=, as in driver=qcow2,node-name=disk0,file.filename=PATH");
    return false;
  }
  if (!keyval_get_choice (kv, "driver", drivers, 0, &driver, error) ||
      !keyval_get_choice (kv, "file.driver", files, 0, &file_driver, error))
    return false;
  set_string (&drive->id, keyval_get (kv, "node-name"));
  set_string (&drive->interface, "none");
  bool is_file = driver >= 2;
  set_string (&drive->format, is_file ? "raw" : drivers[driver]);
  const char *node = is_file ? NULL : keyval_get (kv, "file");
  bool ok = node ? take_file_node (drive, node, ret_node, error)
                 : parse_file (kv, is_file ? "" : "file.", drive, error);
  return ok && (is_file || parse_cache_flags (kv, "file.", &drive->options, error)) &&
         parse_cache_flags (kv, "", &drive->options, error) && parse_discard (kv, &drive->options, error) &&
         keyval_get_bool (kv, "read-only", false, &drive->options.read_only, error) &&
         keyval_get_bool (kv, "auto-read-only", false, &drive->options.auto_read_only, error) &&
         (is_file || keyval_get_size (kv, "l2-cache-size", 0, &drive->options.l2_cache_size, error)) &&
         keyval_finish (kv, "-blockdev", error);
}

void
drive_help_blockdev (GString *out)
{
  g_autoptr (Keyval) least =
      keyval_parse ("driver=qcow2,node-name=x,file.driver=file,file.filename=x", NULL, NULL);
  Drive *drive = drive_alloc (), *node = NULL;
  parse_blockdev (least, drive, &node, NULL);
  keyval_describe (least, out);
  drive_free (drive);
}

Drive *
drive_new_blockdev (const char *options, GError **error)
{
  g_autofree char *flat = options[0] == '{' ? from_json (options, error) : g_strdup (options);
  g_autoptr (Keyval) kv = flat ? keyval_parse (flat, "driver", error) : NULL;
  if (!kv)
    return NULL;
  Drive *drive = drive_alloc (), *node = NULL;
  bool ok = parse_blockdev (kv, drive, &node, error);
  /* A node of its own is opened at once; a file waits for who it is meant for. */
  bool is_file = ok && (g_str_has_prefix (keyval_get (kv, "driver"), "file") ||
                        g_str_has_prefix (keyval_get (kv, "driver"), "host_"));
  ok = ok && (is_file || drive_open (drive, error)) && drive_add (drive, error);
  if (!ok) {
    drive_free (drive);
    return NULL;
  }
  if (node)
    node->user = g_strdup_printf ("node '%s'", drive->id);
  return drive;
}
