/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A machine's process with the real vitrine-machine, and OpenSBI as its guest. */

#include "error.h"
#include "machine-process.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static GAsyncResult *got;

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  got = g_object_ref (result);
}

static GAsyncResult *
await (void)
{
  while (got == NULL)
    g_main_context_iteration (NULL, TRUE);
  return g_steal_pointer (&got);
}

static VtConf *
new_conf (void)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) settings = NULL;
  g_autoptr (GError) error = NULL;
  g_variant_dict_insert (&dict, "name", "s", "a, machine");
  g_variant_dict_insert (&dict, "firmware", "s", "none");
  g_variant_dict_insert (&dict, "memory", "t", (uint64_t)64 << 20);
  g_variant_dict_insert (&dict, "cpus", "u", 1);
  settings = g_variant_ref_sink (g_variant_dict_end (&dict));
  VtConf *conf = vt_conf_new (settings, &error);
  g_assert_no_error (error);
  if (conf->uuid == NULL || *conf->uuid == '\0') {
    g_free (conf->uuid);
    conf->uuid = g_uuid_string_random ();
  }
  g_ptr_array_set_size (conf->disks, 0);
  return conf;
}

static VtProcess *
start (const VtConf *conf, const char *folder)
{
  const VtProcessOptions options = { 0 };
  g_autoptr (GError) error = NULL;
  vt_process_start (conf, folder, &options, NULL, on_done, NULL);
  g_autoptr (GAsyncResult) result = await ();
  VtProcess *process = vt_process_start_finish (result, &error);
  g_assert_no_error (error);
  return process;
}

static void
command (VtProcess *process, const char *name)
{
  g_autoptr (GError) error = NULL;
  vt_process_command (process, name, NULL, -1, NULL, on_done, NULL);
  g_autoptr (GAsyncResult) result = await ();
  g_autoptr (GVariant) reply = vt_process_command_finish (process, result, &error);
  g_assert_no_error (error);
}

static void
await_state (VtProcess *process, const char *state)
{
  while (strcmp (vt_process_state (process), state) != 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
on_ended (VtProcess *process, const GError *why, gpointer data)
{
  *(char **)data = why ? g_strdup (why->message) : g_strdup ("");
}

static char *
await_end (VtProcess *process)
{
  char *why = NULL;
  g_signal_connect (process, "ended", G_CALLBACK (on_ended), &why);
  while (why == NULL)
    g_main_context_iteration (NULL, TRUE);
  return why;
}

static void
check_confined (VtProcess *process)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", vt_process_pid (process)), *status = NULL;
  g_assert_true (g_file_get_contents (path, &status, NULL, NULL));
  g_assert_nonnull (strstr (status, "NoNewPrivs:\t1"));
  g_assert_nonnull (strstr (status, "Seccomp:\t2"));
}

static void
check_console (VtProcess *process)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  vt_process_open (process, "serial0", NULL, on_done, NULL);
  g_autoptr (GAsyncResult) result = await ();
  const int fd = vt_process_open_finish (process, result, &error);
  g_assert_no_error (error);
  while (strstr (text->str, "OpenSBI") == NULL) {
    struct pollfd p = { fd, POLLIN, 0 };
    char buffer[512];
    g_assert_cmpint (poll (&p, 1, 10000), ==, 1);
    const ssize_t n = read (fd, buffer, sizeof buffer);
    g_assert_cmpint (n, >, 0);
    g_string_append_len (text, buffer, n);
  }
  close (fd);
}

static void
test_life (void)
{
  g_autofree char *folder = g_dir_make_tmp ("vitrine-process-XXXXXX", NULL);
  g_autoptr (VtConf) conf = new_conf ();
  g_autoptr (GError) error = NULL;
  g_autoptr (VtProcess) process = start (conf, folder);
  check_confined (process);
  await_state (process, "running");
  check_console (process);
  command (process, "stop");
  await_state (process, "paused");
  command (process, "cont");
  await_state (process, "running");
  VtSample sample;
  vt_process_sample (process, on_done, NULL);
  g_autoptr (GAsyncResult) sampled = await ();
  g_assert_true (vt_process_sample_finish (process, sampled, &sample, &error));
  g_assert_cmpuint (sample.memory, >, 1 << 20);
  /* What refuses says why. */
  vt_process_command (process, "no-such-command", NULL, -1, NULL, on_done, NULL);
  g_autoptr (GAsyncResult) refused = await ();
  g_assert_null (vt_process_command_finish (process, refused, &error));
  g_assert_nonnull (error);
  vt_process_kill (process);
  g_autofree char *why = await_end (process);
  g_assert_cmpstr (why, ==, "");
}

static void
test_adopt (void)
{
  g_autofree char *folder = g_dir_make_tmp ("vitrine-process-XXXXXX", NULL);
  g_autoptr (VtConf) conf = new_conf ();
  g_autoptr (GError) error = NULL;
  VtProcess *first = start (conf, folder);
  const int pid = vt_process_pid (first);
  vt_process_adopt (conf->uuid, folder, NULL, on_done, NULL);
  g_autoptr (GAsyncResult) result = await ();
  g_autoptr (VtProcess) second = vt_process_adopt_finish (result, &error);
  g_assert_no_error (error);
  g_assert_nonnull (second);
  g_assert_cmpint (vt_process_pid (second), ==, pid);
  await_state (second, "running");
  kill (pid, SIGKILL);
  g_autofree char *why = await_end (second);
  g_assert_nonnull (strstr (why, "ended unexpectedly"));
  g_object_unref (first);
}

static void
test_crash (void)
{
  g_autofree char *folder = g_dir_make_tmp ("vitrine-process-XXXXXX", NULL);
  g_autoptr (VtConf) conf = new_conf ();
  g_autoptr (VtProcess) process = start (conf, folder);
  kill (vt_process_pid (process), SIGSEGV);
  g_autofree char *why = await_end (process);
  g_assert_nonnull (strstr (why, "killed by signal 11"));
}

/* Firmware in flash, a disk, a drive, a network, a screen: all files by descriptors. */
static void
test_everything (void)
{
  g_autofree char *folder = g_dir_make_tmp ("vitrine-process-XXXXXX", NULL);
  g_autofree char *disk = g_build_filename (folder, "disk.raw", NULL),
                  *cd = g_build_filename (folder, "cd.iso", NULL);
  g_autofree char *zeroes = g_malloc0 (1 << 20);
  g_autoptr (GError) error = NULL;
  g_assert_true (g_file_set_contents (disk, zeroes, 1 << 20, NULL) &&
                 g_file_set_contents (cd, zeroes, 1 << 20, NULL));
  g_autoptr (GVariant) settings = g_variant_parse (
      G_VARIANT_TYPE_VARDICT,
      "{'name': <'everything'>, 'memory': <uint64 268435456>, 'cpus': <uint32 2>, "
      "'disks': <[{'id': <'root'>, 'file': <'disk.raw'>, 'format': <'raw'>}]>, "
      "'drives': <[{'id': <'cd0'>, 'file': <'cd.iso'>}]>, 'nics': <[{'id': <'net0'>}]>, 'agent': <true>}",
      NULL, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (VtConf) conf = vt_conf_new (settings, &error);
  g_assert_no_error (error);
  g_autoptr (VtProcess) process = start (conf, folder);
  check_confined (process);
  await_state (process, "running");
  command (process, "system_powerdown");
  vt_process_kill (process);
  g_autofree char *why = await_end (process);
  g_assert_cmpstr (why, ==, "");
}

static void
test_nothing_there (void)
{
  g_autoptr (GError) error = NULL;
  vt_process_adopt ("00000000-0000-0000-0000-000000000000", "/nonexistent", NULL, on_done, NULL);
  g_autoptr (GAsyncResult) result = await ();
  g_assert_null (vt_process_adopt_finish (result, &error));
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_autofree char *runtime = g_dir_make_tmp ("vt-run-XXXXXX", NULL);
  g_setenv ("XDG_RUNTIME_DIR", runtime, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/process/nothing-there", test_nothing_there);
  g_test_add_func ("/process/life", test_life);
  g_test_add_func ("/process/everything", test_everything);
  g_test_add_func ("/process/adopt", test_adopt);
  g_test_add_func ("/process/crash", test_crash);
  return g_test_run ();
}
