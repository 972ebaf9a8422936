/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Drives: their two syntaxes, media changes, errors. */

#include "block-test.h"

#include "drive.h"

#include <errno.h>
#include <string.h>

static char *disk, *iso;

static Drive *make (const char *format, ...) G_GNUC_PRINTF (1, 2);

static Drive *
make (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *options = g_strdup_vprintf (format, args);
  va_end (args);
  g_autoptr (GError) error = NULL;
  Drive *drive = drive_new (options, false, &error);
  g_assert_no_error (error);
  return drive;
}

static void
refuse (const char *options, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (drive_new (options, false, &error));
  g_assert_nonnull (error);
  if (!strstr (error->message, text))
    g_error ("'%s' is not in: %s", text, error->message);
}

static unsigned
count_drives (void)
{
  g_autoptr (GPtrArray) all = drive_list ();
  return all->len;
}

static void
test_drive (void)
{
  Drive *drive = make ("file=%s,format=qcow2,if=virtio,cache=unsafe,discard=unmap,serial=abc,index=3,werror="
                       "stop,rerror=ignore",
                       disk);
  g_assert_cmpstr (drive_id (drive), ==, "virtio0");
  g_assert_cmpstr (drive_interface (drive), ==, "virtio");
  g_assert_cmpstr (drive_serial (drive), ==, "abc");
  g_assert_cmpint (drive_index (drive), ==, 3);
  g_assert_false (drive_is_cdrom (drive));
  g_assert_true (block_can_discard (drive_block (drive)));
  g_assert_true (drive_find ("virtio0") == drive);
  g_assert_cmpuint (count_drives (), ==, 1);
  g_autoptr (GError) error = NULL;
  g_assert_true (drive_attach (drive, "/machine/disk", &error));
  g_assert_false (drive_attach (drive, "/machine/other", &error));
  g_assert_nonnull (strstr (error->message, "/machine/disk"));
  g_autoptr (GString) text = g_string_new (NULL);
  drive_describe (drive, text);
  g_assert_nonnull (strstr (text->str, "Attached to:      /machine/disk"));
  g_assert_nonnull (strstr (text->str, disk));
  g_clear_error (&error);
  g_assert_false (drive_eject (drive, true, &error));
  drive_detach (drive);
  drive_free (drive);
  g_assert_cmpuint (count_drives (), ==, 0);
  g_assert_null (drive_find ("virtio0"));
}

static void
test_refusals (void)
{
  g_autofree char *twice = g_strdup_printf ("file=%s,id=a", disk);
  Drive *drive = make ("file=%s,if=none,id=a,readonly=on", iso);
  refuse (twice, "two drives 'a'");
  drive_free (drive);
  refuse ("if=virtio", "no image is named");
  refuse ("file=/nowhere/at.all", "/nowhere/at.all");
  g_autofree char *unknown = g_strdup_printf ("file=%s,cahe=none", disk);
  refuse (unknown, "cache");
  g_autofree char *value = g_strdup_printf ("file=%s,cache=writebak", disk);
  refuse (value, "writeback");
  g_autofree char *interface = g_strdup_printf ("file=%s,if=virtoi", disk);
  refuse (interface, "virtio");
  g_autofree char *format = g_strdup_printf ("file=%s,format=qcow", disk);
  refuse (format, "qcow2");
  g_autofree char *cd = g_strdup_printf ("file=%s,media=cdrom,readonly=off", iso);
  refuse (cd, "CD");
  g_autofree char *detect = g_strdup_printf ("file=%s,detect-zeroes=unmap", disk);
  refuse (detect, "discard=unmap");
  g_autofree char *index = g_strdup_printf ("file=%s,index=999", disk);
  refuse (index, "index");
}

static void
test_names (void)
{
  Drive *a = make ("file=%s,readonly=on", iso), *b = make ("file=%s,if=pflash,read-only=on,snapshot=on", iso);
  Drive *c = make ("file=%s,if=pflash,readonly=on", iso);
  g_assert_cmpstr (drive_id (a), ==, "drive0");
  g_assert_cmpstr (drive_interface (a), ==, "");
  g_assert_cmpstr (drive_id (b), ==, "pflash0");
  g_assert_cmpstr (drive_id (c), ==, "pflash1");
  g_assert_true (block_read_only (drive_block (c)));
  drive_free (b);
  drive_free (a);
  drive_free (c);
}

static void
test_snapshot_all (void)
{
  g_autofree char *options = g_strdup_printf ("file=%s", disk);
  g_autoptr (GError) error = NULL;
  Drive *drive = drive_new (options, true, &error);
  g_assert_no_error (error);
  g_assert_cmpint (block_pwrite (drive_block (drive), 0, "changed", 7), ==, 7);
  drive_free (drive);
  drive = make ("file=%s", disk);
  char data[7];
  g_assert_cmpint (block_pread (drive_block (drive), 0, data, 7), ==, 7);
  g_assert_cmpint (data[0], ==, 0);
  drive_free (drive);
}

/* ---- CDs ---- */

static unsigned changes;
static Drive *changing;
static bool had_medium;

static void
note_change (void *opaque)
{
  changes++;
  had_medium = drive_block (changing) != NULL;
}

static void
test_cdrom (void)
{
  Drive *drive = changing = make ("media=cdrom,if=none,id=cd");
  g_autoptr (GError) error = NULL;
  g_assert_null (drive_block (drive));
  g_assert_true (drive_is_cdrom (drive));
  g_assert_true (drive_attach (drive, "/machine/cd", &error));
  drive_set_change_hook (drive, note_change, NULL);
  g_assert_true (drive_change (drive, iso, NULL, &error));
  g_assert_cmpuint (changes, ==, 1);
  g_assert_true (had_medium);
  g_assert_true (block_read_only (drive_block (drive)));
  drive_set_locked (drive, true);
  g_assert_false (drive_eject (drive, false, &error));
  g_assert_nonnull (strstr (error->message, "locked"));
  g_clear_error (&error);
  g_assert_false (drive_change (drive, iso, NULL, &error));
  g_clear_error (&error);
  drive_set_locked (drive, false);
  g_assert_true (drive_change (drive, iso, "raw", &error));
  g_assert_cmpuint (changes, ==, 3);
  /* A medium that cannot be had leaves the old one in. */
  g_assert_false (drive_change (drive, "/nowhere", NULL, &error));
  g_clear_error (&error);
  g_assert_nonnull (drive_block (drive));
  drive_set_locked (drive, true);
  g_assert_true (drive_eject (drive, true, &error));
  g_assert_null (drive_block (drive));
  g_assert_false (had_medium);
  g_autoptr (GString) text = g_string_new (NULL);
  drive_describe (drive, text);
  g_assert_nonnull (strstr (text->str, "not inserted"));
  drive_free (drive);
}

/* ---- Errors ---- */

static unsigned stops;

static void
note_stop (Drive *drive, bool write, int error)
{
  stops++;
  g_assert_cmpint (error, >, 0);
}

static void
test_errors (void)
{
  drive_stop_machine = note_stop;
  Drive *drive = make ("file=%s", disk);
  g_assert_cmpint (drive_error (drive, true, -ENOSPC), ==, DRIVE_ACT_STOP);
  g_assert_cmpint (drive_error (drive, true, -EIO), ==, DRIVE_ACT_REPORT);
  g_assert_cmpint (drive_error (drive, false, -EIO), ==, DRIVE_ACT_REPORT);
  g_assert_cmpuint (stops, ==, 1);
  drive_free (drive);
  drive = make ("file=%s,werror=ignore,rerror=stop", disk);
  g_assert_cmpint (drive_error (drive, true, -ENOSPC), ==, DRIVE_ACT_IGNORE);
  g_assert_cmpint (drive_error (drive, false, -EIO), ==, DRIVE_ACT_STOP);
  g_assert_cmpuint (stops, ==, 2);
  drive_free (drive);
  drive_stop_machine = NULL;
}

/* ---- -blockdev ---- */

static Drive *blockdev (const char *format, ...) G_GNUC_PRINTF (1, 2);

static Drive *
blockdev (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *options = g_strdup_vprintf (format, args);
  va_end (args);
  g_autoptr (GError) error = NULL;
  Drive *drive = drive_new_blockdev (options, &error);
  g_assert_no_error (error);
  return drive;
}

static void
refuse_blockdev (const char *options, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (drive_new_blockdev (options, &error));
  if (!strstr (error->message, text))
    g_error ("'%s' is not in: %s", text, error->message);
}

static void
test_blockdev (void)
{
  g_autoptr (GError) error = NULL;
  Drive *drive = blockdev (
      "driver=qcow2,node-name=n0,file.driver=file,file.filename=%s,cache.direct=on,discard=unmap", disk);
  g_assert_true (drive_find ("n0") == drive);
  g_assert_cmpstr (block_format (drive_block (drive)), ==, "qcow2");
  g_assert_cmpstr (drive_interface (drive), ==, "none");
  drive_free (drive);
  Drive *file = blockdev ("driver=file,node-name=f0,filename=%s", disk);
  g_assert_null (drive_block (file));
  drive = blockdev ("qcow2,node-name=d0,file=f0,read-only=on");
  g_assert_true (block_read_only (drive_block (drive)));
  g_assert_false (drive_attach (file, "/machine/x", &error));
  g_assert_nonnull (strstr (error->message, "d0"));
  drive_free (drive);
  drive_free (file);
  /* A file by itself is a raw disk. */
  file = blockdev (
      "{ \"driver\": \"file\", \"node-name\": \"f1\", \"filename\": \"%s\", \"read-only\": true }", iso);
  g_clear_error (&error);
  g_assert_true (drive_attach (file, "/machine/x", &error));
  g_assert_cmpstr (block_format (drive_block (file)), ==, "raw");
  g_assert_true (block_read_only (drive_block (file)));
  drive_free (file);
  drive = blockdev (
      "{\"driver\":\"qcow2\",\"node-name\":\"j\",\"file\":{\"driver\":\"file\",\"filename\":\"%s\"}}", disk);
  g_assert_nonnull (drive_block (drive));
  drive_free (drive);
  refuse_blockdev ("driver=qcow2,file.filename=x", "node-name");
  refuse_blockdev ("driver=qcow2,node-name=x", "file.filename");
  refuse_blockdev ("driver=qcow3,node-name=x,file.filename=x", "qcow2");
  refuse_blockdev ("driver=qcow2,node-name=x,file=nothere", "no such node");
  refuse_blockdev ("{\"driver\":[1]}", "JSON");
  refuse_blockdev ("{\"driver\":", "");
  g_autofree char *unknown = g_strdup_printf ("driver=file,node-name=x,filename=%s,discrad=unmap", disk);
  refuse_blockdev (unknown, "discard");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  disk = test_path ("disk.qcow2");
  iso = test_path ("disc.iso");
  test_create (disk, "qcow2", 1 << 20, "");
  test_create (iso, "raw", 1 << 20, "");
  g_test_add_func ("/drive/drive", test_drive);
  g_test_add_func ("/drive/refusals", test_refusals);
  g_test_add_func ("/drive/names", test_names);
  g_test_add_func ("/drive/snapshot-all", test_snapshot_all);
  g_test_add_func ("/drive/cdrom", test_cdrom);
  g_test_add_func ("/drive/errors", test_errors);
  g_test_add_func ("/drive/blockdev", test_blockdev);
  int result = g_test_run ();
  g_free (disk);
  g_free (iso);
  return result;
}
