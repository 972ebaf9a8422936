/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "block-test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *folder;
static pid_t owner;

static void
remove_folder (void)
{
  /* Not what a forked child of a test leaves. */
  if (getpid () != owner)
    return;
  const char *words[] = { "rm", "-rf", folder, NULL };
  test_run (NULL, words);
}

char *
test_path (const char *name)
{
  if (!folder) {
    const char *base = g_getenv ("VITRINE_TEST_DIR");
    folder =
        base ? g_build_filename (base, "vitrine-block-XXXXXX", NULL) : g_strdup ("/tmp/vitrine-block-XXXXXX");
    g_assert_nonnull (g_mkdtemp (folder));
    owner = getpid ();
    atexit (remove_folder);
  }
  return g_build_filename (folder, name, NULL);
}

int
test_run (char **ret_output, const char *const *words)
{
  g_autofree char *out = NULL, *err = NULL;
  g_autoptr (GError) error = NULL;
  int status = -1;
  g_spawn_sync (NULL, (char **)words, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &err, &status, &error);
  g_assert_no_error (error);
  if (ret_output)
    *ret_output = g_strconcat (out, err, NULL);
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128;
}

int
test_command (char **ret_output, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *line = g_strdup_vprintf (format, args);
  va_end (args);
  g_auto (GStrv) words = NULL;
  g_assert_true (g_shell_parse_argv (line, NULL, &words, NULL));
  return test_run (ret_output, (const char *const *)words);
}

bool
test_have_qemu (void)
{
  g_autofree char *img = g_find_program_in_path ("qemu-img"), *io = g_find_program_in_path ("qemu-io");
  if (!img || !io)
    g_test_skip ("qemu-img and qemu-io are not installed");
  return img && io;
}

static void
create (const char *path, BlockCreate *create, const char *options)
{
  g_autoptr (GHashTable) table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_auto (GStrv) parts = g_strsplit (options, ",", -1);
  for (char **part = parts; *part; part++) {
    char *equals = strchr (*part, '=');
    if (equals)
      g_hash_table_insert (table, g_strndup (*part, equals - *part), g_strdup (equals + 1));
  }
  create->options = table;
  g_autoptr (GError) error = NULL;
  block_create (path, create, &error);
  g_assert_no_error (error);
}

void
test_create (const char *path, const char *format, uint64_t size, const char *options)
{
  create (path, &(BlockCreate){ .format = format, .size = size }, options);
}

void
test_create_backed (const char *path, uint64_t size, const char *backing, const char *backing_format,
                    const char *options)
{
  create (path,
          &(BlockCreate){
              .format = "qcow2", .size = size, .backing_file = backing, .backing_format = backing_format },
          options);
}

Block *
test_open (const char *path, const BlockOptions *options)
{
  g_autoptr (GError) error = NULL;
  Block *block = block_open (path, options, &error);
  g_assert_no_error (error);
  g_assert_nonnull (block);
  return block;
}

static void
print_message (void *opaque, const char *text)
{
  g_test_message ("%s", text);
}

void
test_check_clean (const char *path, bool leaks_allowed)
{
  BlockCheck check;
  g_autoptr (GError) error = NULL;
  g_assert_true (block_check (path, &(BlockOptions){ .format = "qcow2" }, 0, NULL,
                              leaks_allowed ? NULL : print_message, NULL, &check, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (check.corruptions, ==, 0);
  g_assert_cmpuint (check.check_errors, ==, 0);
  if (!leaks_allowed)
    g_assert_cmpuint (check.leaks, ==, 0);
  g_autofree char *program = g_find_program_in_path ("qemu-img");
  if (!program)
    return;
  g_autofree char *output = NULL;
  int status = test_command (&output, "qemu-img check -f qcow2 %s", path);
  if (status != 0 && !(status == 3 && leaks_allowed))
    g_error ("%s: qemu-img check: %d: %s", path, status, output);
}

void
test_fill (uint8_t *buffer, size_t size, uint32_t seed)
{
  uint64_t x = seed * UINT64_C (0x9e3779b97f4a7c15) + 1;
  for (size_t i = 0; i < size; i++) {
    x = x * UINT64_C (6364136223846793005) + 1442695040888963407;
    buffer[i] = (uint8_t)(x >> 56);
  }
}

void
test_same (Block *block, const uint8_t *model, uint64_t size)
{
  enum { STEP = 1 << 20 };
  g_autofree uint8_t *buffer = g_malloc (STEP);
  g_assert_cmpuint (block_size (block), ==, size);
  for (uint64_t at = 0; at < size; at += STEP) {
    uint64_t here = MIN (STEP, size - at);
    g_assert_cmpint (block_pread (block, at, buffer, here), ==, (int)here);
    for (uint64_t i = 0; i < here; i++) {
      if (buffer[i] != model[at + i])
        g_error ("%s: byte %" G_GUINT64_FORMAT " is %02x and should be %02x", block_path (block), at + i,
                 buffer[i], model[at + i]);
    }
  }
}
