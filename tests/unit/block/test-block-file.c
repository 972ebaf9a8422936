/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Opening, chains, raw images, resizing, full disks: what does not need other programs. */

#include "block-test.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void
expect_error (const char *path, const BlockOptions *options, const char *text)
{
  g_autoptr (GError) error = NULL;
  Block *block = block_open (path, options, &error);
  g_assert_null (block);
  g_assert_nonnull (error);
  if (!strstr (error->message, text))
    g_error ("'%s' is not in: %s", text, error->message);
}

static void
test_open_errors (void)
{
  g_autofree char *absent = test_path ("absent.img"), *folder = test_path (""), *path = test_path ("ok.img");
  g_autofree char *fifo = test_path ("fifo");
  expect_error (absent, NULL, "vitrine-img create");
  expect_error (folder, &(BlockOptions){ .read_only = true }, "a directory");
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  expect_error (fifo, &(BlockOptions){ .read_only = true }, "neither a file nor a block device");
  test_create (path, "raw", 4096, "");
  expect_error (path, &(BlockOptions){ .format = "qcow" }, "did you mean 'qcow2'");
  expect_error (path, &(BlockOptions){ .format = "qcow2" }, "no qcow2 header");
}

static void
test_read_only (void)
{
  g_autofree char *path = test_path ("ro.img");
  test_create (path, "raw", 4096, "");
  Block *block = test_open (path, &(BlockOptions){ .format = "raw", .read_only = true, .discard = true });
  g_assert_true (block_read_only (block));
  g_assert_false (block_can_discard (block));
  g_assert_cmpint (block_pwrite (block, 0, "x", 1), ==, -EROFS);
  g_assert_cmpint (block_flush (block), ==, 0);
  block_close (block);
  if (geteuid () == 0) /* who may write to anything */
    return;
  g_assert_cmpint (chmod (path, 0400), ==, 0);
  expect_error (path, &(BlockOptions){ .format = "raw" }, "readonly=on");
  block = test_open (path, &(BlockOptions){ .format = "raw", .auto_read_only = true });
  g_assert_true (block_read_only (block));
  block_close (block);
}

static void
test_raw (void)
{
  g_autofree char *path = test_path ("raw.img");
  g_assert_true (g_file_set_contents (path, "0123456789", 10, NULL));
  Block *block = test_open (path, &(BlockOptions){ .format = "raw", .discard = true });
  char data[512];
  g_assert_cmpuint (block_size (block), ==, 512);
  g_assert_cmpint (block_pread (block, 0, data, 512), ==, 512);
  g_assert_cmpmem (data, 11, "0123456789\0", 11);
  g_assert_cmpint (block_pwrite (block, 3, "ab", 2), ==, 2);
  g_assert_cmpint (block_pread (block, 2, data, 4), ==, 4);
  g_assert_cmpmem (data, 4, "2ab5", 4);
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (block_resize (block, 1 << 20, false, &error), ==, 0);
  g_assert_cmpint (block_resize (block, 4096, false, &error), ==, -EINVAL);
  g_assert_nonnull (strstr (error->message, "--shrink"));
  g_clear_error (&error);
  g_assert_cmpint (block_resize (block, 4095, true, &error), ==, -EINVAL);
  g_clear_error (&error);
  g_assert_cmpint (block_pwrite_zeroes (block, 0, 4096, BLOCK_REQ_MAY_UNMAP), ==, 0);
  g_assert_cmpint (block_pread (block, 0, data, 512), ==, 512);
  g_assert_cmpint (data[3], ==, 0);
  g_assert_cmpint (block_discard (block, 0, 1 << 20), ==, 0);
  BlockExtent extent;
  g_assert_cmpint (block_extent (block, 0, 1 << 20, &extent), ==, 0);
  g_assert_cmpuint (extent.flags, ==, BLOCK_ZERO | BLOCK_ALLOCATED | BLOCK_OFFSET_VALID);
  g_assert_cmpuint (extent.size, ==, 1 << 20);
  g_assert_cmpint (block_extent (block, 1 << 20, 1, &extent), ==, -EINVAL);
  g_assert_cmpint (block_pwrite_compressed (block, 0, data, 512), ==, -ENOTSUP);
  block_close (block);
}

/* A guest whose raw disk was found out by guessing must not turn it into an image with a backing file. */
static void
test_guard (void)
{
  g_autofree char *path = test_path ("guard.img");
  test_create (path, "raw", 1 << 20, "");
  Block *block = test_open (path, NULL);
  uint8_t sector[1024] = "QFI\xfb\0\0\0\3";
  g_assert_cmpstr (block_format (block), ==, "raw");
  g_assert_cmpint (block_pwrite (block, 0, sector, 1024), ==, -EPERM);
  g_assert_cmpint (block_pwrite (block, 0, "QFI", 3), ==, 3);
  g_assert_cmpint (block_pwrite (block, 3, "\xfb\0\0\0\3", 5), ==, -EPERM);
  g_assert_cmpint (block_pwrite (block, 512, sector, 512), ==, 512);
  sector[0] = 'q';
  g_assert_cmpint (block_pwrite (block, 0, sector, 1024), ==, 1024);
  block_close (block);
  block = test_open (path, &(BlockOptions){ .format = "raw" });
  sector[0] = 'Q';
  g_assert_cmpint (block_pwrite (block, 0, sector, 1024), ==, 1024);
  block_close (block);
}

static void
test_snapshot (void)
{
  g_autofree char *path = test_path ("base.qcow2");
  g_autofree uint8_t *model = g_malloc (1 << 20), *changed = g_malloc (1 << 20);
  test_fill (model, 1 << 20, 1);
  test_create (path, "qcow2", 1 << 20, "");
  Block *block = test_open (path, NULL);
  g_assert_cmpint (block_pwrite (block, 0, model, 1 << 20), ==, 1 << 20);
  block_close (block);
  g_autoptr (GError) error = NULL;
  block = block_open_snapshot (path, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (block_path (block), ==, path);
  g_assert_false (block_read_only (block));
  memcpy (changed, model, 1 << 20);
  test_fill (changed + 1000, 5000, 9);
  g_assert_cmpint (block_pwrite (block, 1000, changed + 1000, 5000), ==, 5000);
  test_same (block, changed, 1 << 20);
  block_close (block);
  block = test_open (path, NULL);
  test_same (block, model, 1 << 20);
  block_close (block);
}

static void
test_cycle (void)
{
  g_autofree char *a = test_path ("cycle-a.qcow2"), *b = test_path ("cycle-b.qcow2");
  g_autoptr (GError) error = NULL;
  BlockCreate create = { .format = "qcow2",
                         .size = 1 << 20,
                         .backing_file = "cycle-b.qcow2",
                         .backing_format = "qcow2",
                         .unchecked_backing = true };
  g_assert_true (block_create (a, &create, &error));
  create.backing_file = "cycle-a.qcow2";
  g_assert_true (block_create (b, &create, &error));
  expect_error (a, &(BlockOptions){ .read_only = true }, "its own backing file");
  create.backing_file = "cycle-a.qcow2";
  g_assert_true (block_create (a, &create, &error));
  expect_error (a, &(BlockOptions){ .read_only = true }, "its own backing file");
  Block *block = test_open (a, &(BlockOptions){ .no_backing = true });
  block_close (block);
  create.backing_file = "nowhere.qcow2";
  g_assert_true (block_create (a, &create, &error));
  expect_error (a, NULL, "nowhere.qcow2");
  create.unchecked_backing = false;
  g_assert_false (block_create (b, &create, &error));
  g_assert_nonnull (strstr (error->message, "nowhere.qcow2"));
}

static void
expect_create_error (const char *format, uint64_t size, const char *name, const char *value, const char *text)
{
  g_autofree char *path = test_path ("not-created");
  g_autoptr (GHashTable) options = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_insert (options, (char *)name, (char *)value);
  g_autoptr (GError) error = NULL;
  g_assert_false (
      block_create (path, &(BlockCreate){ .format = format, .size = size, .options = options }, &error));
  if (!strstr (error->message, text))
    g_error ("'%s' is not in: %s", text, error->message);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_create_errors (void)
{
  expect_create_error ("qcow2", 1 << 20, "cluster_sise", "4k", "cluster_size");
  expect_create_error ("qcow2", 1 << 20, "cluster_size", "3000", "power of two");
  expect_create_error ("qcow2", 1 << 20, "cluster_size", "4M", "2M");
  expect_create_error ("qcow2", 1 << 20, "refcount_bits", "12", "refcount_bits=12");
  expect_create_error ("qcow2", 1 << 20, "compat", "1.2", "compat=1.2");
  expect_create_error ("qcow2", 1 << 20, "preallocation", "ful", "full");
  expect_create_error ("qcow2", 1 << 20, "backing_fmt", "vmdk", "vmdk");
  expect_create_error ("qcow2", UINT64_C (1) << 42, "cluster_size", "512", "larger clusters");
  expect_create_error ("qcow2", UINT64_MAX, "cluster_size", "64k", "too large");
  expect_create_error ("raw", 1 << 20, "cluster_size", "4k", "no option");
  expect_create_error ("raw", 1 << 20, "preallocation", "metadata", "no metadata");
  expect_create_error ("vdi", 1 << 20, "size", "1M", "Unknown image format");
}

/* A large image takes neither time nor space. */
static void
test_huge (void)
{
  g_autofree char *path = test_path ("huge.qcow2");
  test_create (path, "qcow2", UINT64_C (1) << 40, "");
  struct stat st;
  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_blocks, <, 2048);
  Block *block = test_open (path, &(BlockOptions){ .discard = true });
  g_assert_cmpint (block_pwrite (block, (UINT64_C (1) << 40) - 5, "12345", 5), ==, 5);
  g_assert_cmpint (block_pwrite_zeroes (block, 0, UINT64_C (1) << 39, 0), ==, 0);
  g_assert_cmpint (block_discard (block, 0, UINT64_C (1) << 40), ==, 0);
  char data[5];
  g_assert_cmpint (block_pread (block, (UINT64_C (1) << 40) - 5, data, 5), ==, 5);
  g_assert_cmpint (data[4], ==, 0);
  block_close (block);
  test_check_clean (path, false);
}

/* ---- Full disks ---- */

/* Writes until it fails, and again when there is room. */
static void
fill_up (const char *path, int expected, void (*make_room) (void))
{
  enum { STEP = 48 << 10, MOST = 200 };
  g_autofree uint8_t *data = g_malloc (STEP), *read = g_malloc (STEP);
  Block *block = test_open (path, NULL);
  unsigned n = 0;
  int result = 0;
  for (; n < MOST; n++) {
    test_fill (data, STEP, n);
    result = block_pwrite (block, (uint64_t)n * STEP, data, STEP);
    if (result == STEP && n % 8 == 7)
      result = block_flush (block) < 0 ? -ENOSPC : STEP;
    if (result < 0)
      break;
  }
  g_assert_cmpint (result, ==, expected);
  g_assert_cmpint (block_pwrite (block, (uint64_t)n * STEP, data, STEP), <, 0);
  for (unsigned i = 0; i < n; i++) {
    test_fill (data, STEP, i);
    g_assert_cmpint (block_pread (block, (uint64_t)i * STEP, read, STEP), ==, STEP);
    g_assert_cmpmem (data, STEP, read, STEP);
  }
  make_room ();
  for (; n < MOST; n++) {
    test_fill (data, STEP, n);
    g_assert_cmpint (block_pwrite (block, (uint64_t)n * STEP, data, STEP), ==, STEP);
  }
  g_assert_cmpint (block_flush (block), ==, 0);
  block_close (block);
  test_check_clean (path, false);
}

static struct rlimit unlimited;

static void
lift_limit (void)
{
  setrlimit (RLIMIT_FSIZE, &unlimited);
}

static void
test_file_limit (void)
{
  g_autofree char *path = test_path ("limit.qcow2");
  test_create (path, "qcow2", 64 << 20, "cluster_size=4096");
  signal (SIGXFSZ, SIG_IGN);
  getrlimit (RLIMIT_FSIZE, &unlimited);
  struct rlimit limit = { 2000000, unlimited.rlim_max };
  setrlimit (RLIMIT_FSIZE, &limit);
  fill_up (path, -EFBIG, lift_limit);
}

static char *ballast;

static void
remove_ballast (void)
{
  unlink (ballast);
}

/* In a process of its own, with a file system of its own. */
static void
run_on_small_disk (const char *folder)
{
  if (unshare (CLONE_NEWNS) < 0)
    _exit (77);
  /* The file system must not be seen outside. Where the root is a plain directory, that is so already. */
  if (mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 && errno != EINVAL)
    _exit (77);
  if (mount ("small", folder, "tmpfs", 0, "size=16m") < 0)
    _exit (77);
  g_autofree char *path = g_build_filename (folder, "full.qcow2", NULL);
  ballast = g_build_filename (folder, "ballast", NULL);
  g_autofree char *data = g_malloc0 (14 << 20);
  g_assert_true (g_file_set_contents (ballast, data, 14 << 20, NULL));
  test_create (path, "qcow2", 64 << 20, "");
  fill_up (path, -ENOSPC, remove_ballast);
  umount2 (folder, MNT_DETACH);
  _exit (0);
}

static void
test_no_space (void)
{
  g_autofree char *folder = test_path ("small");
  g_assert_cmpint (mkdir (folder, 0700), ==, 0);
  pid_t pid = fork ();
  if (pid == 0)
    run_on_small_disk (folder);
  int status;
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  if (WIFEXITED (status) && WEXITSTATUS (status) == 77)
    g_test_skip ("no file system can be mounted");
  else
    g_assert_cmpint (status, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/block/file/open-errors", test_open_errors);
  g_test_add_func ("/block/file/read-only", test_read_only);
  g_test_add_func ("/block/file/raw", test_raw);
  g_test_add_func ("/block/file/guard", test_guard);
  g_test_add_func ("/block/file/snapshot", test_snapshot);
  g_test_add_func ("/block/file/cycle", test_cycle);
  g_test_add_func ("/block/file/create-errors", test_create_errors);
  g_test_add_func ("/block/file/huge", test_huge);
  g_test_add_func ("/block/file/no-space", test_no_space);
  g_test_add_func ("/block/file/file-limit", test_file_limit);
  return g_test_run ();
}
