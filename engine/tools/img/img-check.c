/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "img.h"

#include <stdio.h>
#include <string.h>

/* Exit statuses. */
enum { CLEAN = 0, FAILED = 1, CORRUPT = 2, LEAKS = 3, UNSUPPORTED = 63 };

typedef struct {
  const char *path, *output_format;
  BlockOptions options;
  unsigned repair;
  bool json, quiet, progress;
} Check;

static bool
report_progress (void *opaque, uint64_t done, uint64_t total)
{
  img_progress_set (total ? (double)done / (double)total : 0);
  return !img_cancelled ();
}

/* What is found goes where errors go, lest it get into JSON. */
static void
message (void *opaque, const char *text)
{
  fprintf (stderr, "%s\n", text);
}

static bool
check_once (Check *c, unsigned repair, BlockCheck *ret, GError **error)
{
  const BlockProgress progress = { report_progress, NULL };
  img_progress_begin (c->progress);
  bool ok = block_check (c->path, &c->options, repair, &progress, message, NULL, ret, error);
  img_progress_end (ok);
  return ok;
}

static void
print_human (const BlockCheck *r)
{
  if (!r->corruptions && !r->leaks && !r->check_errors)
    puts ("No errors were found on the image.");
  if (r->corruptions)
    printf ("\n%" G_GUINT64_FORMAT " errors were found on the image.\n"
            "Data may be corrupted, or further writes to the image may corrupt it.\n",
            r->corruptions);
  if (r->leaks)
    printf ("\n%" G_GUINT64_FORMAT " leaked clusters were found on the image.\n"
            "This means waste of disk space, but no harm to data.\n",
            r->leaks);
  if (r->check_errors)
    printf ("\n%" G_GUINT64_FORMAT " internal errors have occurred during the check.\n", r->check_errors);
  if (r->total_clusters && r->allocated_clusters)
    printf ("%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT
            " = %0.2f%% allocated, %0.2f%% fragmented, %0.2f%% compressed "
            "clusters\n",
            r->allocated_clusters, r->total_clusters,
            (double)r->allocated_clusters * 100 / (double)r->total_clusters,
            (double)r->fragmented_clusters * 100 / (double)r->allocated_clusters,
            (double)r->compressed_clusters * 100 / (double)r->allocated_clusters);
  if (r->image_end_offset)
    printf ("Image end offset: %" G_GUINT64_FORMAT "\n", r->image_end_offset);
}

static void
add_if_any (JsonBuilder *b, const char *name, uint64_t value)
{
  if (!value)
    return;
  json_builder_set_member_name (b, name);
  json_builder_add_int_value (b, (int64_t)value);
}

static void
print_json (const Check *c, const BlockCheck *r)
{
  JsonBuilder *b = json_builder_new ();
  json_builder_begin_object (b);
  add_if_any (b, "image-end-offset", r->image_end_offset);
  add_if_any (b, "compressed-clusters", r->compressed_clusters);
  add_if_any (b, "total-clusters", r->total_clusters);
  add_if_any (b, "corruptions", r->corruptions);
  add_if_any (b, "corruptions-fixed", r->corruptions_fixed);
  json_builder_set_member_name (b, "check-errors");
  json_builder_add_int_value (b, (int64_t)r->check_errors);
  add_if_any (b, "leaks", r->leaks);
  add_if_any (b, "leaks-fixed", r->leaks_fixed);
  add_if_any (b, "allocated-clusters", r->allocated_clusters);
  json_builder_set_member_name (b, "filename");
  json_builder_add_string_value (b, c->path);
  json_builder_set_member_name (b, "format");
  json_builder_add_string_value (b, c->output_format);
  add_if_any (b, "fragmented-clusters", r->fragmented_clusters);
  json_builder_end_object (b);
  img_print_json (b);
}

/* What is left after a repair is found by looking again. */
static bool
check_again (Check *c, BlockCheck *r, GError **error)
{
  uint64_t leaks_fixed = r->leaks_fixed, corruptions_fixed = r->corruptions_fixed;
  if (!c->json && !c->quiet)
    printf ("The following inconsistencies were found and repaired:\n\n    %" G_GUINT64_FORMAT
            " leaked clusters\n    "
            "%" G_GUINT64_FORMAT " corruptions\n\nDouble checking the fixed image now...\n",
            leaks_fixed, corruptions_fixed);
  if (!check_once (c, 0, r, error))
    return false;
  r->leaks_fixed = leaks_fixed;
  r->corruptions_fixed = corruptions_fixed;
  return true;
}

/* By content, as the check itself will do it: for the message. */
static int
find_format (Check *c)
{
  c->output_format = c->options.format;
  if (c->options.format)
    return 0;
  GError *error = NULL;
  BlockOptions options = { .read_only = true, .force_share = true, .no_backing = true };
  Block *block = block_open (c->path, &options, &error);
  /* An image too damaged to be opened is one to check all the more. */
  if (!block && (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
                 g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))) {
    img_report_open (c->path, error);
    return FAILED;
  }
  g_clear_error (&error);
  c->output_format = block && strcmp (block_format (block), "raw") == 0 ? "raw" : "qcow2";
  block_close (block);
  return 0;
}

static int
check (Check *c)
{
  BlockCheck r = { 0 };
  GError *error = NULL;
  int status = find_format (c);
  if (status)
    return status;
  bool ok = check_once (c, c->repair, &r, &error);
  if (ok && (r.leaks_fixed || r.corruptions_fixed))
    ok = check_again (c, &r, &error);
  img_die_if_cancelled ();
  if (!ok) {
    bool unsupported = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED) &&
                       strcmp (c->output_format, "raw") == 0;
    if (unsupported && !c->quiet)
      img_error ("This image format does not support checks");
    else if (!unsupported)
      img_error ("%s", error->message);
    g_error_free (error);
    return unsupported ? UNSUPPORTED : FAILED;
  }
  if (c->json)
    print_json (c, &r);
  else if (!c->quiet)
    print_human (&r);
  if (r.check_errors)
    return FAILED;
  return r.corruptions ? CORRUPT : r.leaks ? LEAKS : CLEAN;
}

static int
run (ImgArgs *args)
{
  Check c = { 0 };
  const char *value;
  int id, n;
  while ((id = img_next_option (args, &value)) >= 0) {
    switch (id) {
      case 'f': c.options.format = value; break;
      case 'U': c.options.force_share = true; break;
      case 'T':
        if (img_parse_cache (value, &c.options.cache))
          break;
        img_error ("Invalid source cache option: %s", value);
        return 1;
      case 'q': c.quiet = true; break;
      case 'p': c.progress = true; break;
      case 'r':
        c.repair = strcmp (value, "all") == 0     ? BLOCK_REPAIR_ALL
                   : strcmp (value, "leaks") == 0 ? BLOCK_REPAIR_LEAKS
                                                  : 0;
        if (!c.repair)
          return img_usage_error (args, "--repair (-r) expects 'leaks' or 'all' not '%s'", value);
        break;
      case IMG_OUTPUT:
        if (!img_parse_output (args, value, &c.json))
          return 1;
        break;
    }
  }
  if (id != IMG_END)
    return img_option_status (id);
  char **operands = img_operands (args, &n);
  if (n != 1)
    return img_usage_error (args, "Expecting one image file name");
  if (c.repair && c.options.force_share) {
    img_error ("--force-share cannot be combined with --repair: nobody else may use an image meanwhile");
    return 1;
  }
  c.path = operands[0];
  c.progress = c.progress && !c.json && !c.quiet;
  return check (&c);
}

static const ImgOption options[] = {
  { 'f', "format", "FORMAT", "format of the image (default: by its content)" },
  { 'r', "repair", "leaks|all", "repair clusters that are lost, or all that can be" },
  { 'T', "cache", "MODE", "how the image is read: writeback (default), none, ..." },
  { 'U', "force-share", NULL, "even if the image is in use" },
  { IMG_OUTPUT, "output", "human|json", "for people (default) or for programs" },
  { 'p', "progress", NULL, "show how far it is" },
  { 'q', "quiet", NULL, "print nothing but errors" },
  { 0 },
};

const ImgCommand img_check = {
  "check", "Check an image's integrity (exit status: 0 clean, 1 not checked, 2 damaged, 3 leaks, 63 raw)",
  "[OPTION]... FILE", options, run
};
