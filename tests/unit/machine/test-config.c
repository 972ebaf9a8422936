/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the command line says of a machine's parts: the order of disks, what is booted from, the clock, serial
 * ports, sources of random numbers. */

#include "drive.h"
#include "goldfish-rtc.h"
#include "machine.h"
#include "riscv-cpu.h"
#include "rng-backend.h"
#include "scsi.h"
#include "virtio-blk.h"
#include "virtio-net.h"
#include "virtio-scsi.h"
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  char *dir;
  MachineConfig config;
  Machine *machine;
  GPtrArray *drives;
} Fixture;

static void
set_up (Fixture *f, const void *data)
{
  f->dir = g_dir_make_tmp ("vitrine-config-XXXXXX", NULL);
  f->drives = g_ptr_array_new_with_free_func ((GDestroyNotify)drive_free);
  f->config = (MachineConfig){
    .isa = riscv_system_isa (64),
    .board = (char *)"virt",
    .ram_size = 8 << 20,
    .bios = (char *)"none",
    .no_default_devices = true,
  };
}

static void
tear_down (Fixture *f, const void *data)
{
  machine_free (f->machine);
  g_ptr_array_unref (f->drives);
  g_autoptr (GDir) dir = g_dir_open (f->dir, 0, NULL);
  for (const char *name; (name = g_dir_read_name (dir)) != NULL;) {
    g_autofree char *path = g_build_filename (f->dir, name, NULL);
    g_unlink (path);
  }
  g_assert_cmpint (g_rmdir (f->dir), ==, 0);
  g_free (f->dir);
}

/* A disk of that name, and what else -drive says. */
static void
add_drive (Fixture *f, const char *name, const char *settings)
{
  GError *error = NULL;
  g_autofree char *path = g_build_filename (f->dir, name, NULL);
  g_assert_true (g_file_set_contents (path, "0123456789abcdef", -1, NULL));
  g_autofree char *text = g_strdup_printf ("file=%s,format=raw,id=%s%s", path, name, settings);
  Drive *drive = drive_new (text, false, &error);
  g_assert_no_error (error);
  g_ptr_array_add (f->drives, drive);
}

static void
build (Fixture *f)
{
  GError *error = NULL;
  f->machine = machine_new (&f->config, &error);
  g_assert_no_error (error);
}

static void
expect_refused (Fixture *f, const char *part)
{
  GError *error = NULL;
  g_assert_null (machine_new (&f->config, &error));
  g_assert_nonnull (error);
  if (!strstr (error->message, part))
    g_error ("'%s' is not in '%s'", part, error->message);
  g_error_free (error);
}

/* The drives of the machine's disks, in the order the guest sees them. */
static char *
disks (Fixture *f)
{
  GString *text = g_string_new (NULL);
  for (unsigned i = 0; i < f->machine->root->children->len; i++) {
    Device *dev = f->machine->root->children->pdata[i];
    g_autofree char *drive =
        device_prop_find (dev->class, "drive") ? device_get (dev, "drive") : g_strdup (NULL);
    if (drive)
      g_string_append_printf (text, "%s ", drive);
  }
  return g_string_free (text, FALSE);
}

static void
test_order (Fixture *f, const void *data)
{
  add_drive (f, "three", ",index=3");
  add_drive (f, "none", ",if=none,index=0");
  add_drive (f, "first", "");
  add_drive (f, "one", ",index=1");
  add_drive (f, "second", "");
  add_drive (f, "far", ",index=255");
  add_drive (f, "last", "");
  build (f);
  g_autofree char *text = disks (f);
  g_assert_cmpstr (text, ==, "first one second three last far ");
}

static void
test_same_index (Fixture *f, const void *data)
{
  add_drive (f, "a", ",index=1");
  add_drive (f, "b", ",if=virtio,index=1");
  expect_refused (f, "'a' and 'b' have the same index=1");
}

static void
expect_bootorder (Fixture *f, const char *part)
{
  g_autoptr (GBytes) content = fw_cfg_find_file (f->machine->fw_cfg, "bootorder");
  g_assert_nonnull (content);
  const char *text = g_bytes_get_data (content, NULL);
  if (*part ? !strstr (text, part) : *text)
    g_error ("'%s' is not in '%s'", part, text);
}

static void
test_boot_once (Fixture *f, const void *data)
{
  f->config.boot_order = (char *)"c";
  f->config.boot_once = (char *)"n";
  f->config.devices = g_ptr_array_new ();
  g_ptr_array_add (f->config.devices, (char *)"virtio-net-pci");
  add_drive (f, "a", "");
  build (f);
  expect_bootorder (f, "/ethernet@");
  machine_reset (f->machine);
  expect_bootorder (f, "/scsi@");
  machine_reset (f->machine);
  expect_bootorder (f, "/scsi@");
  g_ptr_array_unref (f->config.devices);
}

static void
test_boot_only_once (Fixture *f, const void *data)
{
  f->config.boot_once = (char *)"c";
  add_drive (f, "a", "");
  build (f);
  expect_bootorder (f, "/scsi@");
  machine_reset (f->machine);
  expect_bootorder (f, "");
}

/* Disks and drives behind a controller have places in the order like any. */
static void
test_boot_scsi (Fixture *f, const void *data)
{
  static const char *const devices[] = { "virtio-scsi-pci,id=ctl", "scsi-hd,drive=b,bootindex=3",
                                         "scsi-cd,drive=cd,scsi-id=10,lun=2,bootindex=1",
                                         "virtio-blk-pci,drive=a,bootindex=2" };
  f->config.devices = g_ptr_array_new ();
  for (unsigned i = 0; i < G_N_ELEMENTS (devices); i++)
    g_ptr_array_add (f->config.devices, (char *)devices[i]);
  add_drive (f, "a", ",if=none");
  add_drive (f, "b", ",if=none");
  add_drive (f, "cd", ",if=none,media=cdrom,readonly=on");
  build (f);
  g_autoptr (GBytes) content = fw_cfg_find_file (f->machine->fw_cfg, "bootorder");
  g_assert_nonnull (content);
  g_auto (GStrv) lines = g_strsplit (g_bytes_get_data (content, NULL), "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 3);
  g_assert_true (g_str_has_suffix (lines[0], "/channel@0/disk@a,2"));
  g_assert_true (g_str_has_suffix (lines[1], "/disk@0,0") && !strstr (lines[1], "channel"));
  g_assert_true (g_str_has_suffix (lines[2], "/channel@0/disk@0,0"));
  g_ptr_array_unref (f->config.devices);
}

static GoldfishRtc *
find_rtc (Fixture *f)
{
  for (unsigned i = 0; i < f->machine->root->children->len; i++)
    if (((Device *)f->machine->root->children->pdata[i])->class == &goldfish_rtc_class)
      return f->machine->root->children->pdata[i];
  g_assert_not_reached ();
}

static void
test_clock_stands (Fixture *f, const void *data)
{
  f->config.rtc_vm = true;
  f->config.rtc_offset = -86400;
  build (f);
  GoldfishRtc *rtc = find_rtc (f);
  const int64_t before = (int64_t)goldfish_rtc_now (rtc), host = g_get_real_time () * 1000;
  g_assert_cmpint (ABS (host - before - 86400 * INT64_C (1000000000)), <, 60 * INT64_C (1000000000));
  g_usleep (20000);
  g_assert_cmpint ((int64_t)goldfish_rtc_now (rtc), ==, before);
  clock_start (f->machine->clock);
  g_usleep (20000);
  g_assert_cmpint ((int64_t)goldfish_rtc_now (rtc), >=, before + 20000000);
  clock_stop (f->machine->clock);
}

static void
test_clock_goes_on (Fixture *f, const void *data)
{
  build (f);
  const uint64_t before = goldfish_rtc_now (find_rtc (f));
  g_usleep (20000);
  g_assert_cmpuint (goldfish_rtc_now (find_rtc (f)), >=, before + 20000000);
}

static void
test_serials (Fixture *f, const void *data)
{
  f->config.serials = g_ptr_array_new ();
  g_ptr_array_add (f->config.serials, (char *)"null");
  g_ptr_array_add (f->config.serials, (char *)"none");
  build (f);
  machine_free (g_steal_pointer (&f->machine));
  g_ptr_array_add (f->config.serials, (char *)"null");
  expect_refused (f, "has 1 serial port");
  g_ptr_array_unref (f->config.serials);
}

static void
test_random_sources (Fixture *f, const void *data)
{
  uint8_t bytes[64] = { 0 }, zeros[64] = { 0 };
  GError *error = NULL;
  RngBackend *builtin = rng_backend_new ("b", NULL, &error);
  g_assert_no_error (error);
  g_assert_true (rng_backend_find ("b") == builtin);
  g_assert_null (rng_backend_find ("c"));
  g_assert_cmpuint (rng_backend_read (builtin, bytes, sizeof bytes), ==, sizeof bytes);
  g_assert_cmpint (memcmp (bytes, zeros, sizeof bytes), !=, 0);
  g_assert_cmpuint (rng_backend_read (rng_backend_builtin (), bytes, 5), ==, 5);

  g_autofree char *fifo = g_build_filename (f->dir, "fifo", NULL);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  RngBackend *random = rng_backend_new ("r", fifo, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rng_backend_read (random, bytes, sizeof bytes), ==, 0);
  const int fd = open (fifo, O_WRONLY);
  g_assert_cmpuint (rng_backend_read (random, bytes, sizeof bytes), ==, 0);
  g_assert_cmpint (write (fd, "12345678", 8), ==, 8);
  g_assert_cmpuint (rng_backend_read (random, bytes, 3), ==, 3);
  close (fd);
  g_assert_cmpuint (rng_backend_read (random, bytes + 3, sizeof bytes - 3), ==, 5);
  g_assert_cmpint (memcmp (bytes, "12345678", 8), ==, 0);
  rng_backend_free (random);
  rng_backend_free (builtin);
  g_assert_null (rng_backend_find ("r"));

  g_assert_null (rng_backend_new ("x", f->dir, &error));
  g_assert_nonnull (strstr (error->message, "character device"));
  g_clear_error (&error);
  g_assert_null (rng_backend_new ("x", "/nonexistent", &error));
  g_assert_nonnull (strstr (error->message, "No such file"));
  g_clear_error (&error);
  g_assert_null (rng_backend_find ("x"));
}

static void
test_help (Fixture *f, const void *data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  drive_help (text);
  g_assert_nonnull (strstr (text->str, "  cache=writeback|none|writethrough|directsync|unsafe\n"));
  g_assert_nonnull (strstr (text->str, "  index=<num>\n"));
  g_assert_nonnull (strstr (text->str, "  snapshot=on|off\n"));
  g_assert_nonnull (strstr (text->str, "  file=<str>\n"));
  g_string_truncate (text, 0);
  drive_help_blockdev (text);
  g_assert_nonnull (strstr (text->str, "  node-name=<str>\n"));
  g_autoptr (GPtrArray) drives = drive_list ();
  g_assert_cmpuint (drives->len, ==, 0);
}

int
main (int argc, char **argv)
{
  scsi_register ();
  virtio_blk_register ();
  virtio_net_register ();
  virtio_scsi_register ();
  cpu_settings.interpret = true;
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/config/" name, Fixture, NULL, set_up, fn, tear_down)
  ADD ("order", test_order);
  ADD ("same-index", test_same_index);
  ADD ("boot-once", test_boot_once);
  ADD ("boot-only-once", test_boot_only_once);
  ADD ("boot-scsi", test_boot_scsi);
  ADD ("clock-stands", test_clock_stands);
  ADD ("clock-goes-on", test_clock_goes_on);
  ADD ("serials", test_serials);
  ADD ("random-sources", test_random_sources);
  ADD ("help", test_help);
  return g_test_run ();
}
