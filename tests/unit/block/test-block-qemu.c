/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Images made by qemu-img, and what it thinks of ours. */

#include "block-test.h"

#include <json-glib/json-glib.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = (3 << 20) + 1536 };

/* A disk with data, zeroes and text that compresses. */
static uint8_t *
make_raw (const char *path)
{
  uint8_t *model = g_malloc0 (SIZE);
  test_fill (model, 700 << 10, 1);
  memset (model + (1 << 20), 'x', 500 << 10);
  test_fill (model + (2 << 20) + 5000, 3000, 2);
  test_fill (model + SIZE - 700, 700, 3);
  g_assert_true (g_file_set_contents (path, (const char *)model, SIZE, NULL));
  return model;
}

/* Runs a command that has to succeed. Returns what it prints, newly allocated. */
static char *must (const char *format, ...) G_GNUC_PRINTF (1, 2);

static char *
must (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *line = g_strdup_vprintf (format, args);
  va_end (args);
  char *output;
  int status = test_command (&output, "%s", line);
  if (status != 0)
    g_error ("%s: status %d: %s", line, status, output);
  return output;
}

static const char *const options[] = {
  "compat=1.1",
  "compat=0.10",
  "cluster_size=512",
  "cluster_size=4096,refcount_bits=1",
  "cluster_size=2M,refcount_bits=64",
  "lazy_refcounts=on,refcount_bits=8",
  "extended_l2=on",
  "extended_l2=on,cluster_size=16k",
  "compression_type=zstd",
  "preallocation=metadata",
  "preallocation=falloc,cluster_size=4k",
  "preallocation=full",
};

static void
test_reading (void)
{
  if (!test_have_qemu ())
    return;
  g_autofree char *raw = test_path ("reading.raw"), *path = test_path ("reading.qcow2");
  g_autofree uint8_t *model = make_raw (raw);
  for (unsigned i = 0; i < 2 * G_N_ELEMENTS (options); i++) {
    const char *compress = i % 2 ? "-c" : "";
    if (i % 2 && strstr (options[i / 2], "preallocation"))
      continue;
    g_autofree char *output = NULL;
    g_free (output);
    output = must ("qemu-img convert -f raw -O qcow2 %s -o %s %s %s", compress, options[i / 2], raw, path);
    Block *block = test_open (path, &(BlockOptions){ .cache = BLOCK_CACHE_UNSAFE });
    g_assert_cmpstr (block_format (block), ==, "qcow2");
    test_same (block, model, SIZE);
    /* Over all kinds of clusters. */
    g_autofree uint8_t *copy = g_memdup2 (model, SIZE);
    for (unsigned at = 300; at < SIZE / 512; at += 331) {
      test_fill (copy + at * 512, 1024, at);
      g_assert_cmpint (block_pwrite (block, at * 512, copy + at * 512, 1024), ==, 1024);
    }
    test_same (block, copy, SIZE);
    block_close (block);
    test_check_clean (path, false);
    g_assert_true (g_file_set_contents (raw, (const char *)copy, SIZE, NULL));
    g_autofree char *compared = NULL;
    g_free (compared);
    compared = must ("qemu-img compare -f raw -F qcow2 %s %s", raw, path);
    g_assert_true (g_file_set_contents (raw, (const char *)model, SIZE, NULL));
  }
}

/* Our images, as made by block_create() with the same options. */
static void
test_creating (void)
{
  if (!test_have_qemu ())
    return;
  g_autofree char *path = test_path ("created.qcow2");
  for (unsigned i = 0; i < G_N_ELEMENTS (options); i++) {
    test_create (path, "qcow2", SIZE, options[i]);
    test_check_clean (path, false);
    g_autofree char *output = NULL, *info = NULL;
    g_free (output);
    output = must ("qemu-io -f qcow2 -c 'write -P 5 100k 300k' -c 'read -P 5 100k 300k' %s", path);
    g_assert_null (strstr (output, "failed"));
    test_check_clean (path, false);
    g_free (info);
    info = must ("qemu-img info -f qcow2 %s", path);
    g_auto (GStrv) parts = g_strsplit (options[i], ",", -1);
    for (char **part = parts; *part; part++) {
      g_autofree char *line = g_strdup (*part);
      if (g_str_has_prefix (line, "preall") || g_str_has_prefix (line, "cluster_size"))
        continue;
      char *equals = strchr (line, '=');
      *equals = 0;
      const char *value = strcmp (equals + 1, "on") == 0 ? "true" : equals + 1;
      g_autofree char *expected =
          g_strdup_printf ("%s: %s",
                           strcmp (line, "refcount_bits") == 0      ? "refcount bits"
                           : strcmp (line, "lazy_refcounts") == 0   ? "lazy refcounts"
                           : strcmp (line, "extended_l2") == 0      ? "extended l2"
                           : strcmp (line, "compression_type") == 0 ? "compression type"
                                                                    : line,
                           value);
      if (!strstr (info, expected))
        g_error ("no '%s' in %s", expected, info);
    }
  }
}

static void
test_snapshots (void)
{
  if (!test_have_qemu ())
    return;
  static const char *const kinds[] = { "compat=1.1", "compat=0.10,cluster_size=4096", "extended_l2=on",
                                       "refcount_bits=2,cluster_size=512" };
  g_autofree char *raw = test_path ("snap.raw"), *path = test_path ("snap.qcow2"),
                  *out = test_path ("snap.out");
  for (unsigned i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autofree uint8_t *model = make_raw (raw);
    g_autofree char *output = NULL;
    g_free (output);
    output = must ("qemu-img convert -f raw -O qcow2 -o %s %s %s", kinds[i], raw, path);
    g_free (must ("qemu-img snapshot -c first %s", path));
    Block *block = test_open (path, &(BlockOptions){ .format = "qcow2", .discard = true });
    g_autoptr (BlockInfo) info = block_info (block, NULL);
    g_assert_cmpuint (info->snapshots->len, ==, 1);
    g_assert_cmpstr (((BlockSnapshot *)info->snapshots->pdata[0])->name, ==, "first");
    g_assert_cmpuint (((BlockSnapshot *)info->snapshots->pdata[0])->disk_size, ==, SIZE);
    for (unsigned at = 0; at < SIZE - 4096; at += 77 << 10) {
      test_fill (model + at, 4096, at);
      g_assert_cmpint (block_pwrite (block, at, model + at, 4096), ==, 4096);
    }
    memset (model + (1 << 20), 0, 256 << 10);
    g_assert_cmpint (block_pwrite_zeroes (block, 1 << 20, 256 << 10, BLOCK_REQ_MAY_UNMAP), ==, 0);
    memset (model + (128 << 10), 0, 128 << 10);
    g_assert_cmpint (block_discard (block, 128 << 10, 128 << 10), ==, 0);
    test_same (block, model, SIZE);
    block_close (block);
    test_check_clean (path, false);
    block = test_open (path, NULL);
    test_same (block, model, SIZE);
    block_close (block);
    /* The snapshot is as it was. */
    g_free (must ("qemu-img convert -l first -O raw %s %s", path, out));
    g_free (output);
    output = must ("qemu-img compare -f raw -F raw %s %s", raw, out);
  }
}

/* The bitmaps of an image we write to are not kept up, and say so afterwards. */
static void
test_bitmaps (void)
{
  if (!test_have_qemu ())
    return;
  g_autofree char *path = test_path ("bitmap.qcow2"), *output = NULL, *listing = NULL;
  test_create (path, "qcow2", SIZE, "");
  g_free (output);
  output = must ("qemu-img bitmap --add -f qcow2 %s marks", path);
  Block *block = test_open (path, NULL);
  g_autoptr (BlockInfo) info = block_info (block, NULL);
  g_assert_cmpuint (info->bitmaps->len, ==, 1);
  g_assert_cmpstr (((BlockBitmap *)info->bitmaps->pdata[0])->name, ==, "marks");
  block_close (block);
  /* Opening alone changes nothing. */
  test_check_clean (path, false);
  g_free (listing);
  listing = must ("qemu-img info --output=json %s", path);
  g_assert_nonnull (strstr (listing, "marks"));
  block = test_open (path, NULL);
  g_assert_cmpint (block_pwrite (block, 0, "x", 1), ==, 1);
  block_close (block);
  /* They keep their clusters, so nothing is lost. */
  test_check_clean (path, false);
  g_autofree char *after = must ("qemu-img info --output=json %s", path);
  g_assert_nonnull (strstr (after, "in-use"));
  g_assert_nonnull (strstr (after, "marks"));
  g_free (must ("qemu-img bitmap --remove -f qcow2 %s marks", path));
  test_check_clean (path, false);
}

static void
expect_refusal (const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;
  Block *block = block_open (path, NULL, &error);
  g_assert_null (block);
  if (!strstr (error->message, text))
    g_error ("'%s' is not in: %s", text, error->message);
}

static void
test_unsupported (void)
{
  if (!test_have_qemu ())
    return;
  g_autofree char *path = test_path ("odd.qcow2"), *data = test_path ("odd.data"), *output = NULL;
  g_free (output);
  output = must ("qemu-img create -f qcow2 -o data_file=%s %s 1M", data, path);
  expect_refusal (path, "external file");
  g_free (output);
  output = must (
      "qemu-img create -f qcow2 --object secret,id=s,data=abc -o encrypt.format=luks,encrypt.key-secret=s,"
      "encrypt.iter-time=10 %s 1M",
      path);
  expect_refusal (path, "encrypted");
  g_autofree char *vmdk = test_path ("odd.vmdk"), *vdi = test_path ("odd.vdi");
  g_free (output);
  output = must ("qemu-img create -f vmdk %s 1M", vmdk);
  expect_refusal (vmdk, "VMDK");
  g_free (output);
  output = must ("qemu-img create -f vdi %s 1M", vdi);
  expect_refusal (vdi, "VDI");
  g_free (output);
  output = must ("qemu-img create -u -f qcow2 -b nbd://localhost/x -F raw %s 1M", path);
  expect_refusal (path, "only files are supported");
}

/* Our extents against qemu-img map. */
static void
compare_map (const char *path)
{
  g_autofree char *output = NULL;
  g_free (output);
  output = must ("qemu-img map --output=json -f qcow2 %s", path);
  g_autoptr (JsonNode) root = json_from_string (output, NULL);
  JsonArray *array = json_node_get_array (root);
  Block *block = test_open (path, &(BlockOptions){ .read_only = true });
  uint64_t end = 0;
  for (unsigned i = 0; i < json_array_get_length (array); i++) {
    JsonObject *o = json_array_get_object_element (array, i);
    uint64_t start = (uint64_t)json_object_get_int_member (o, "start"),
             size = (uint64_t)json_object_get_int_member (o, "length");
    g_assert_cmpuint (start, ==, end);
    end = start + size;
    for (uint64_t at = start; at < end;) {
      BlockExtent extent;
      g_assert_cmpint (block_extent (block, at, end - at, &extent), ==, 0);
      g_assert_cmpuint (extent.start, ==, at);
      g_assert_cmpuint (extent.size, >, 0);
      g_assert_cmpint ((extent.flags & BLOCK_ZERO) != 0, ==, json_object_get_boolean_member (o, "zero"));
      g_assert_cmpint ((extent.flags & BLOCK_DATA) != 0, ==, json_object_get_boolean_member (o, "data"));
      g_assert_cmpint ((extent.flags & BLOCK_COMPRESSED) != 0, ==,
                       json_object_get_boolean_member (o, "compressed"));
      if (extent.flags & BLOCK_DATA)
        g_assert_cmpuint (extent.depth, ==, json_object_get_int_member (o, "depth"));
      if (json_object_has_member (o, "offset"))
        g_assert_cmpuint (extent.file_offset, ==,
                          (uint64_t)json_object_get_int_member (o, "offset") + at - start);
      at += extent.size;
    }
  }
  g_assert_cmpuint (end, ==, block_size (block));
  block_close (block);
}

static void
test_map (void)
{
  if (!test_have_qemu ())
    return;
  g_autofree char *base = test_path ("map-base.qcow2"), *path = test_path ("map.qcow2"), *output = NULL;
  g_free (output);
  output = must ("qemu-img create -f qcow2 -o cluster_size=4096 %s 2M", base);
  g_free (output);
  output =
      must ("qemu-io -f qcow2 -c 'write 100k 300k' -c 'write -c 600k 64k' -c 'write -z 1M 100k' %s", base);
  g_free (output);
  output = must ("qemu-img create -f qcow2 -b map-base.qcow2 -F qcow2 %s 3M", path);
  g_free (output);
  output = must ("qemu-io -f qcow2 -c 'write 192k 70k' -c 'write -z 320k 64k' -c 'write 2500k 10k' %s", path);
  compare_map (base);
  compare_map (path);
  /* Relative to the image, wherever it is opened from; and with another above it, made by us. */
  g_autofree char *top = test_path ("map-top.qcow2");
  test_create_backed (top, 0, path, NULL, "");
  compare_map (top);
  Block *block = test_open (top, NULL);
  g_assert_cmpuint (block_size (block), ==, 3 << 20);
  g_assert_cmpstr (block_path (block_backing (block_backing (block))), ==, base);
  uint8_t byte = 0;
  g_assert_cmpint (block_pread (block, 110 << 10, &byte, 1), ==, 1);
  g_assert_cmpint (byte, ==, 0xcd);
  block_close (block);
}

/* ---- Locks ---- */

static void
test_locks (void)
{
  if (!test_have_qemu ())
    return;
  g_autofree char *path = test_path ("locked.qcow2"), *output = NULL;
  test_create (path, "qcow2", SIZE, "");
  Block *block = test_open (path, NULL);
  g_assert_cmpint (test_command (&output, "qemu-img check -f qcow2 %s", path), !=, 0);
  g_assert_nonnull (strstr (output, "lock"));
  g_assert_cmpint (test_command (NULL, "qemu-img info -f qcow2 %s", path), !=, 0);
  g_assert_cmpint (test_command (NULL, "qemu-img info -U -f qcow2 %s", path), ==, 0);
  expect_refusal (path, "in use by this process");
  Block *peek = test_open (path, &(BlockOptions){ .force_share = true, .read_only = true });
  block_close (peek);
  block_close (block);
  g_assert_cmpint (test_command (NULL, "qemu-img check -f qcow2 %s", path), ==, 0);
  /* Readers do not disturb each other, but writers. */
  block = test_open (path, &(BlockOptions){ .read_only = true });
  Block *other = test_open (path, &(BlockOptions){ .read_only = true });
  g_assert_cmpint (test_command (NULL, "qemu-img info -f qcow2 %s", path), ==, 0);
  g_autofree char *written = NULL;
  test_command (&written, "qemu-io -f qcow2 -c 'write 0 1k' %s", path);
  g_assert_nonnull (strstr (written, "lock"));
  block_close (other);
  block_close (block);
}

static void
test_locked_by_qemu (void)
{
  if (!test_have_qemu ())
    return;
  g_autofree char *path = test_path ("locked2.qcow2");
  test_create (path, "qcow2", SIZE, "");
  const char *words[] = { "qemu-io", "-f", "qcow2", path, NULL };
  g_autoptr (GSubprocess) process =
      g_subprocess_newv (words, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL);
  g_assert_nonnull (process);
  /* Its answer to a command shows that the image is open. */
  GOutputStream *in = g_subprocess_get_stdin_pipe (process);
  g_assert_true (g_output_stream_write_all (in, "length\n", 7, NULL, NULL, NULL) &&
                 g_output_stream_flush (in, NULL, NULL));
  char answer[16];
  g_assert_cmpint (
      g_input_stream_read (g_subprocess_get_stdout_pipe (process), answer, sizeof answer, NULL, NULL), >, 0);
  g_autofree char *expected =
      g_strdup_printf ("in use by qemu-io (process %s)", g_subprocess_get_identifier (process));
  expect_refusal (path, expected);
  g_autoptr (GError) error = NULL;
  g_assert_false (block_create (path, &(BlockCreate){ .format = "raw", .size = 4096 }, &error));
  g_assert_nonnull (strstr (error->message, "in use"));
  g_output_stream_close (in, NULL, NULL);
  g_subprocess_wait (process, NULL, NULL);
  Block *block = test_open (path, NULL);
  block_close (block);
}

typedef struct {
  int sockets[2];
  gint released;
} Orphan;

static void *
release_soon (void *opaque)
{
  Orphan *orphan = opaque;
  g_usleep (200000);
  g_atomic_int_set (&orphan->released, 1);
  close (orphan->sockets[0]);
  close (orphan->sockets[1]);
  return NULL;
}

/* A lock of a file that no process has open any more, here since it is on its way through a socket, is what a
 * killed process may leave behind for a moment: that is waited for. */
static void
test_locked_by_nobody (void)
{
  g_autofree char *path = test_path ("orphan.qcow2");
  test_create (path, "qcow2", SIZE, "");
  struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 201, .l_len = 1 };
  int fd = open (path, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (fcntl (fd, F_OFD_SETLK, &lock), ==, 0);
  Orphan orphan = { 0 };
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, orphan.sockets), ==, 0);
  union {
    char room[CMSG_SPACE (sizeof (int))];
    struct cmsghdr header;
  } control = { .header = { CMSG_LEN (sizeof fd), SOL_SOCKET, SCM_RIGHTS } };
  memcpy (CMSG_DATA (&control.header), &fd, sizeof fd);
  struct iovec iov = { "x", 1 };
  struct msghdr message = {
    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  g_assert_cmpint (sendmsg (orphan.sockets[0], &message, 0), ==, 1);
  close (fd);
  GThread *thread = g_thread_new ("release", release_soon, &orphan);
  Block *block = test_open (path, NULL);
  g_assert_cmpint (g_atomic_int_get (&orphan.released), ==, 1);
  block_close (block);
  g_thread_join (thread);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/block/qemu/reading", test_reading);
  g_test_add_func ("/block/qemu/creating", test_creating);
  g_test_add_func ("/block/qemu/snapshots", test_snapshots);
  g_test_add_func ("/block/qemu/bitmaps", test_bitmaps);
  g_test_add_func ("/block/qemu/unsupported", test_unsupported);
  g_test_add_func ("/block/qemu/map", test_map);
  g_test_add_func ("/block/qemu/locks", test_locks);
  g_test_add_func ("/block/qemu/locked-by-qemu", test_locked_by_qemu);
  g_test_add_func ("/block/qemu/locked-by-nobody", test_locked_by_nobody);
  return g_test_run ();
}
