/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Runs a fuzz target on the files of the directories given, and on each of them cut short and with bytes
 * changed: the part of fuzzing that a test can repeat. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static unsigned runs;

/* From a block of exactly this size, so that a sanitizer sees a read beyond it. */
static void
run (const char *data, size_t size)
{
  uint8_t *copy = g_memdup2 (data, size ? size : 1);
  LLVMFuzzerTestOneInput (copy, size);
  g_free (copy);
  runs++;
}

static void
run_variants (const char *data, size_t size)
{
  static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
  size_t limit = MIN (size, 1024);
  for (size_t n = 0; n < limit; n++)
    run (data, n);
  g_autofree char *changed = g_memdup2 (data, size ? size : 1);
  for (size_t at = 0; at < limit; at++) {
    for (unsigned i = 0; i < G_N_ELEMENTS (values); i++) {
      changed[at] = (char)values[i];
      run (changed, size);
    }
    changed[at] = data[at];
  }
}

static bool
run_directory (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (path, 0, &error);
  const char *name;
  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *file = g_build_filename (path, name, NULL);
    g_autofree char *data = NULL;
    gsize size;
    if (!g_file_get_contents (file, &data, &size, &error))
      break;
    run (data, size);
    run_variants (data, size);
  }
  if (error)
    fprintf (stderr, "%s\n", error->message);
  return !error;
}

int
main (int argc, char **argv)
{
  bool ok = argc > 1;
  for (int i = 1; i < argc; i++)
    ok = run_directory (argv[i]) && ok;
  printf ("%u inputs\n", runs);
  return ok && runs ? 0 : 1;
}
