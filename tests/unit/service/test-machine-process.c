/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A machine's process with the real vitrine-machine, and OpenSBI as its guest. */

#include "error.h"
#include "machine-process.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
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

/* One that is busy, as with a large saved state, is alive all the same. */
static void
test_adopt_busy (void)
{
  g_autofree char *folder = g_dir_make_tmp ("vitrine-process-XXXXXX", NULL);
  g_autoptr (VtConf) conf = new_conf ();
  g_autoptr (GError) error = NULL;
  VtProcess *first = start (conf, folder);
  kill (vt_process_pid (first), SIGSTOP);
  vt_process_adopt (conf->uuid, folder, NULL, on_done, NULL);
  g_autoptr (GAsyncResult) result = await ();
  g_autoptr (VtProcess) process = vt_process_adopt_finish (result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (vt_process_pid (process), ==, vt_process_pid (first));
  g_assert_cmpstr (vt_process_state (process), ==, "inmigrate");
  kill (vt_process_pid (process), SIGCONT);
  await_state (process, "running");
  vt_process_kill (process);
  g_autofree char *why = await_end (process);
  g_assert_cmpstr (why, ==, "");
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

/* ---- One that a guest has taken over ---- */

/* Nonsense, a greeting, an answer to the first question, nonsense for the second, and then a line without
 * end. */
static bool
say (int fd, const char *text)
{
  return send (fd, text, strlen (text), MSG_NOSIGNAL) > 0;
}

/* Whether so many lines have come. */
static bool
hear (int fd, unsigned lines)
{
  char more[4096];
  ssize_t n = 1;
  while (lines > 0 && (n = read (fd, more, sizeof more)) > 0)
    for (ssize_t i = 0; i < n; i++)
      lines -= more[i] == '\n' && lines > 0;
  return n > 0;
}

static gpointer
speak (gpointer data)
{
  static char much[4096];
  const int listening = GPOINTER_TO_INT (data);
  int fd;
  /* Who only looks whether somebody listens goes again. */
  while ((fd = accept (listening, NULL, NULL)) >= 0 &&
         !(say (fd, "[]\n{\"event\":5}\n{\"event\":\"STOP\",\"data\":7}\n"
                    "{\"event\":\"BLOCK_IO_ERROR\",\"data\":{\"nospace\":[]}}\n{\"id\":{}}\n"
                    "{\"id\":77,\"error\":{\"desc\":3}}\n\n{\"QMP\":{}}\n") &&
           hear (fd, 3)))
    close (fd);
  bool ok = say (fd, "{\"id\":1,\"error\":[]}\n{\"id\":2,\"return\":{\"status\":\"running\"}}\n") &&
            hear (fd, 1) && say (fd, "{\"id\":3,\"error\":{\"desc\":3}}\n") && hear (fd, 1);
  g_assert_true (ok);
  /* It is cut off before it has sent much. */
  memset (much, 'x', sizeof much - 1);
  for (unsigned i = 0; ok && i < 4096; i++)
    ok = say (fd, much);
  close (fd);
  close (listening);
  return GINT_TO_POINTER (ok);
}

static void
refused (VtProcess *process, VtError code)
{
  g_autoptr (GError) error = NULL;
  vt_process_command (process, "stop", NULL, -1, NULL, on_done, NULL);
  g_autoptr (GAsyncResult) result = await ();
  g_assert_null (vt_process_command_finish (process, result, &error));
  g_assert_error (error, VT_ERROR, code);
}

static void
test_hostile (void)
{
  g_autofree char *uuid = g_uuid_string_random ();
  g_autofree char *folder = g_build_filename (g_get_user_runtime_dir (), "vitrine", NULL);
  g_autofree char *path = g_strdup_printf ("%s/%s.sock", folder, uuid);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autoptr (GError) error = NULL;
  g_mkdir_with_parents (folder, 0700);
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  const int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_no_errno (bind (fd, (struct sockaddr *)&address, sizeof address));
  g_assert_no_errno (listen (fd, 8));
  GThread *speaker = g_thread_new ("speaker", speak, GINT_TO_POINTER (fd));
  vt_process_adopt (uuid, "/nonexistent", NULL, on_done, NULL);
  g_autoptr (GAsyncResult) result = await ();
  g_autoptr (VtProcess) process = vt_process_adopt_finish (result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (vt_process_state (process), ==, "running");
  refused (process, VT_ERROR_FAILED);
  refused (process, VT_ERROR_CRASHED);
  refused (process, VT_ERROR_INVALID_STATE);
  g_assert_false (GPOINTER_TO_INT (g_thread_join (speaker)));
  unlink (path);
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
  g_test_add_func ("/process/adopt-busy", test_adopt_busy);
  g_test_add_func ("/process/crash", test_crash);
  g_test_add_func ("/process/hostile", test_hostile);
  return g_test_run ();
}
