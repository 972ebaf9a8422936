/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake-machine.h"

#include "display.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static Machine *machine;
static Chardev *chr;
static Monitor *monitor;

static void
type (const char *text)
{
  g_assert_true (chardev_ringbuf_send (chr, (const uint8_t *)text, strlen (text)));
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

/* All that was answered since the last call. */
static char *
answers (void)
{
  settle ();
  g_autoptr (GBytes) bytes = chardev_ringbuf_read (chr, G_MAXINT);
  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static void
open_session (bool negotiated)
{
  GError *error = NULL;
  machine = fake_machine_new ();
  chr = chardev_new ("ringbuf,id=q,size=1M", &error);
  g_assert_no_error (error);
  monitor = monitor_qmp_new (machine, chr, false, &error);
  g_assert_no_error (error);
  g_autofree char *greeting = answers ();
  g_assert_true (g_str_has_prefix (greeting, "{\"QMP\":{\"version\":{\"qemu\":{\"major\":"));
  if (negotiated) {
    type ("{\"execute\":\"qmp_capabilities\"}");
    g_autofree char *done = answers ();
    g_assert_cmpstr (done, ==, "{\"return\":{}}\r\n");
  }
}

static void
close_session (void)
{
  monitor_free (monitor);
  chardev_free (chr);
  fake_machine_free (machine);
  fake_failure = NULL;
}

/* Sends it; the answer must hold `part`, and the machine's calls be `calls`. */
static void
ask (const char *request, const char *part, const char *calls)
{
  g_string_truncate (fake_calls, 0);
  type (request);
  g_autofree char *text = answers ();
  if (!strstr (text, part))
    g_error ("%s: '%s' is not in '%s'", request, part, text);
  g_assert_cmpstr (fake_calls->str, ==, calls);
}

static void
test_negotiation (void)
{
  open_session (false);
  ask ("{\"execute\":\"stop\"}", "\"class\":\"CommandNotFound\",\"desc\":\"Expecting capabilities", "");
  ask ("{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}}", "not available", "");
  ask ("{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[]},\"id\":7}",
       "{\"return\":{},\"id\":7}", "");
  ask ("{\"execute\":\"qmp_capabilities\"}", "already complete", "");
  close_session ();
}

static void
test_malformed (void)
{
  static const char *const cases[][2] = {
    { "[1,2]", "must be a JSON object" },
    { "{}", "lacks member 'execute'" },
    { "{\"execute\":1}", "must be a string" },
    { "{\"execute\":\"stop\",\"arguments\":[]}", "must be an object" },
    { "{\"execute\":\"stop\",\"argument\":{}}", "'argument' is unexpected" },
    { "{\"execute\":\"stopp\"}", "did you mean 'stop'?" },
    { "{\"execute\":\"stop\",\"arguments\":{\"x\":1}}", "Parameter 'x' is unexpected" },
    { "{\"execute\":\"eject\",\"arguments\":{\"id\":1}}", "expected: string" },
    { "{\"execute\":\"eject\",\"arguments\":{}}", "Parameter 'id' is missing" },
    { "{\"execute\":\"set_link\",\"arguments\":{\"name\":\"net0\"}}", "Parameter 'up' is missing" },
    { "{\"execute\":\"set_link\",\"arguments\":{\"name\":\"net0\",\"up\":1}}", "expected: boolean" },
    { "{\"execute\" \"stop\"}", "JSON parse error" },
    { "{\"execute\":\"st\xff\"}", "UTF-8" },
    { "{\"a\":\"\x01", "control character" },
    { "hello\n", "an object is expected" },
    { "\n}}}}\n", "an object is expected" },
  };
  open_session (true);
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    ask (cases[i][0], cases[i][1], "");
    ask ("\n{\"execute\":\"query-status\",\"id\":\"x\"}", "\"status\":\"paused\"},\"id\":\"x\"}", "");
  }
  /* One complaint for a whole line of nonsense. */
  type ("x y z w\n");
  g_autofree char *text = answers ();
  g_assert_null (strstr (strstr (text, "\"error\"") + 1, "\"error\""));
  close_session ();
}

static void
test_pieces (void)
{
  open_session (true);
  const char *const text =
      "  {\"execute\": \"query-name\", \"id\": \"a}\\\"{\"}\n{\"execute\":\"query-uuid\"}";
  for (const char *p = text; *p; p++) {
    g_assert_true (chardev_ringbuf_send (chr, (const uint8_t *)p, 1));
  }
  g_autofree char *got = answers ();
  g_assert_cmpstr (got, ==,
                   "{\"return\":{\"name\":\"a, name\"},\"id\":\"a}\\\"{\"}\r\n"
                   "{\"return\":{\"UUID\":\"00000000-0000-0000-0000-000000000000\"}}\r\n");
  close_session ();
}

static void
test_limits (void)
{
  open_session (true);
  for (int i = 0; i < 1025; i++)
    type ("[");
  g_autofree char *deep = answers ();
  g_assert_nonnull (strstr (deep, "deeper than 1024"));
  g_autofree char *much = g_strnfill (4000, ' ');
  type ("\n{\"x\":\"");
  for (unsigned i = 0; i < (64 << 20) / 4000 + 1; i++)
    type (much);
  g_autofree char *large = answers ();
  g_assert_nonnull (strstr (large, "larger than 64 MiB"));
  ask ("\n{\"execute\":\"query-status\"}", "paused", "");
  close_session ();
}

static void
test_run_state (void)
{
  open_session (true);
  ask ("{\"execute\":\"cont\"}", "\"event\":\"RESUME\"", "start;");
  ask ("{\"execute\":\"cont\"}", "{\"return\":{}}", "");
  ask ("{\"execute\":\"query-status\"}", "{\"running\":true,\"status\":\"running\"}", "");
  ask ("{\"execute\":\"stop\"}", "\"event\":\"STOP\"", "stop;");
  ask ("{\"execute\":\"system_reset\"}", "{\"return\":{}}", "reset;");
  ask ("{\"execute\":\"system_powerdown\"}", "\"event\":\"POWERDOWN\"", "power;");
  fake_state (machine, MACHINE_SHUTDOWN);
  ask ("{\"execute\":\"cont\"}", "system_reset", "");
  ask ("{\"execute\":\"quit\"}", "{\"return\":{}}", "quit;");
  close_session ();
}

static void
stop_by_error (Drive *drive, bool write, int error)
{
  g_string_append (fake_calls, "io-stop;");
}

static void
test_events (void)
{
  drive_stop_machine = stop_by_error;
  open_session (true);
  fake_reset (machine);
  g_autofree char *reset = answers ();
  g_assert_nonnull (strstr (reset, "\"timestamp\":{\"seconds\":"));
  g_assert_nonnull (
      strstr (reset, "\"event\":\"RESET\",\"data\":{\"guest\":true,\"reason\":\"guest-reset\"}"));
  ask ("{\"execute\":\"system_reset\"}", "{\"return\":{}}", "reset;");
  fake_reset (machine);
  fake_shutdown (machine, true);
  fake_device_event (machine, "DEVICE_DELETED", "nic0");
  drive_stop_machine (fake_drive (), true, -ENOSPC);
  g_autofree char *rest = answers ();
  g_assert_nonnull (strstr (rest, "\"guest\":false,\"reason\":\"host-qmp-system-reset\""));
  g_assert_nonnull (strstr (rest, "\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true"));
  g_assert_nonnull (strstr (rest, "\"data\":{\"device\":\"nic0\",\"path\":\"/machine/peripheral/nic0\"}"));
  g_assert_nonnull (strstr (rest, "\"event\":\"BLOCK_IO_ERROR\""));
  g_assert_nonnull (strstr (rest, "\"nospace\":true"));
  g_assert_cmpstr (fake_calls->str, ==, "reset;io-stop;");
  close_session ();
  drive_stop_machine = NULL;

  open_session (false);
  fake_reset (machine);
  g_autofree char *none = answers ();
  g_assert_cmpstr (none, ==, "");
  close_session ();
}

static void
test_devices (void)
{
  open_session (true);
  ask ("{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"e1000\",\"id\":\"a,b\",\"n\":3,\"on\":true}}",
       "{\"return\":{}}", "add e1000,id=a,,b,n=3,on=on;");
  ask ("{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"e1000\",\"x\":{}}}", "a simple value", "");
  ask ("{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"e1000\",\"x=y\":1}}", "not a name", "");
  ask ("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"nic0\"}}", "{\"return\":{}}", "remove nic0;");
  ask ("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"nobody\"}}", "\"class\":\"DeviceNotFound\"", "");
  ask ("{\"execute\":\"netdev_add\",\"arguments\":{\"type\":\"user\",\"id\":\"n\",\"hostfwd\":[{\"str\":"
       "\"tcp::1-:2\"},"
       "{\"str\":\"udp::1-:2\"}]}}",
       "{\"return\":{}}", "net user,id=n,hostfwd=tcp::1-:2,hostfwd=udp::1-:2;");
  ask ("{\"execute\":\"netdev_del\",\"arguments\":{\"id\":\"net0\"}}", "'nic0' uses the network", "");
  ask ("{\"execute\":\"set_link\",\"arguments\":{\"name\":\"nic0\",\"up\":false}}", "{\"return\":{}}",
       "link down;");
  ask ("{\"execute\":\"hostfwd-add\",\"arguments\":{\"id\":\"net0\",\"rule\":\"tcp::1-:2\"}}",
       "{\"return\":{}}", "hostfwd add tcp::1-:2;");
  ask ("{\"execute\":\"hostfwd-remove\",\"arguments\":{\"id\":\"nic0\",\"rule\":\"tcp::1\"}}",
       "{\"return\":{}}", "hostfwd remove tcp::1;");
  ask ("{\"execute\":\"hostfwd-add\",\"arguments\":{\"id\":\"x\",\"rule\":\"tcp::1-:2\"}}", "DeviceNotFound",
       "");
  ask ("{\"execute\":\"eject\",\"arguments\":{\"device\":\"disk0\",\"force\":true}}", "{\"return\":{}}",
       "eject force;");
  ask ("{\"execute\":\"blockdev-change-medium\",\"arguments\":{\"id\":\"dev0\",\"filename\":\"/x\"}}",
       "{\"return\":{}}", "change /x -;");
  ask ("{\"execute\":\"eject\",\"arguments\":{\"id\":\"nic0\"}}", "DeviceNotFound", "");
  ask ("{\"execute\":\"balloon\",\"arguments\":{\"value\":1}}", "DeviceNotActive", "");
  fake_failure = "it \"broke\" \xff";
  ask ("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"nic0\"}}",
       "\"GenericError\",\"desc\":\"it \\\"broke\\\"", "remove nic0;");
  close_session ();
}

static void
test_queries (void)
{
  static const char *const cases[][2] = {
    { "query-version", "\"package\":\"Vitrine " },
    { "query-commands", "[{\"name\":\"qmp_capabilities\"}" },
    { "query-commands", "{\"name\":\"human-monitor-command\"}" },
    { "query-cpus-fast", "\"cpu-index\":0,\"qom-path\":\"/machine/unattached/cpu[0]\",\"thread-id\":" },
    { "query-block", "\"device\":\"disk0\",\"qdev\":\"dev0\",\"type\":\"unknown\",\"removable\":true,"
                     "\"locked\":false,\"tray_open\":true}" },
    { "query-target", "\"arch\":\"riscv64\"" },
    { "query-memory-size-summary", "\"base-memory\":65536" },
    { "query-chardev-backends", "{\"name\":\"socket\"}" },
    { "query-blockstats", "\"rd_bytes\":0" },
    { "query-chardev", "\"label\":\"q\",\"filename\":\"ringbuf\",\"frontend-open\":true" },
    { "query-pci", "\"return\":[]" },
    { "query-kvm", "\"enabled\":false,\"present\":false" },
    { "query-machines", "\"is-default\":true" },
    { "query-mice", "\"return\":[]" },
    { "query-balloon", "DeviceNotActive" },
    { "query-migrate", "\"return\":{}" },
  };
  open_session (true);
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *request = g_strdup_printf ("{\"execute\":\"%s\"}", cases[i][0]);
    ask (request, cases[i][1], "");
  }
  close_session ();
}

static void
note (void *opaque, uint16_t type, uint16_t code, int32_t value)
{
  g_string_append_printf (fake_calls, "%u/%u=%d;", type, code, value);
}

static void
test_input (void)
{
  static const InputSink sink = { note, NULL };
  int keyboard, tablet;
  open_session (true);
  ask ("{\"execute\":\"send-key\",\"arguments\":{\"keys\":[{\"type\":\"qcode\",\"data\":\"a\"}]}}",
       "no keyboard", "");
  input_sink_add (INPUT_KEYBOARD, &sink, &keyboard);
  input_sink_add (INPUT_POINTER_ABS, &sink, &tablet);
  ask ("{\"execute\":\"send-key\",\"arguments\":{\"keys\":[{\"type\":\"qcode\",\"data\":\"ctrl\"},"
       "{\"type\":\"number\",\"data\":28}],\"hold-time\":60000}}",
       "{\"return\":{}}", "1/29=1;1/28=1;0/0=0;");
  ask ("{\"execute\":\"send-key\",\"arguments\":{\"keys\":[{\"type\":\"qcode\",\"data\":\"crtl\"}]}}",
       "'ctrl'", "");
  ask ("{\"execute\":\"send-key\",\"arguments\":{\"keys\":[7]}}", "A key is", "");
  ask ("{\"execute\":\"send-key\",\"arguments\":{\"keys\":{}}}", "expects a list", "");
  ask ("{\"execute\":\"input-send-event\",\"arguments\":{\"events\":["
       "{\"type\":\"abs\",\"data\":{\"axis\":\"y\",\"value\":99999}},"
       "{\"type\":\"btn\",\"data\":{\"down\":true,\"button\":\"left\"}},"
       "{\"type\":\"key\",\"data\":{\"down\":false,\"key\":{\"type\":\"qcode\",\"data\":\"a\"}}}]}}",
       "{\"return\":{}}", "3/1=32767;1/272=1;1/30=0;0/0=0;0/0=0;");
  ask ("{\"execute\":\"input-send-event\",\"arguments\":{\"events\":[{\"type\":\"abs\",\"data\":{\"axis\":"
       "\"y\"}}]}}",
       "lacks a member", "");
  ask ("{\"execute\":\"input-send-event\",\"arguments\":{\"events\":[{\"type\":\"btn\",\"data\":{\"down\":"
       "true,"
       "\"button\":\"up\"}}]}}",
       "no button 'up'", "");
  ask ("{\"execute\":\"query-mice\"}", "\"absolute\":true", "");
  input_sink_remove (&keyboard);
  input_sink_remove (&tablet);
  ask ("{\"execute\":\"screendump\",\"arguments\":{\"filename\":\"/x\"}}", "no console", "");
  ask ("{\"execute\":\"screendump\",\"arguments\":{\"filename\":\"/x\",\"format\":\"gif\"}}", "ppm or png",
       "");
  close_session ();
}

static void
test_memory (void)
{
  g_autofree char *folder = g_dir_make_tmp ("test-qmp-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "m", NULL);
  g_autofree char *good = g_strdup_printf (
      "{\"execute\":\"pmemsave\",\"arguments\":{\"val\":2147483650,\"size\":5000,\"filename\":\"%s\"}}",
      path);
  g_autofree char *bad = g_strdup_printf (
      "{\"execute\":\"pmemsave\",\"arguments\":{\"val\":2147483650,\"size\":500000,\"filename\":\"%s\"}}",
      path);
  g_autofree char *none = g_strdup_printf (
      "{\"execute\":\"memsave\",\"arguments\":{\"val\":0,\"size\":5,\"filename\":\"%s\",\"cpu-index\":9}}",
      path);
  open_session (true);
  g_assert_cmpint (memory_debug_write (machine->memory, FAKE_RAM_BASE, "abcdef", 6), ==, MEMORY_OK);
  ask (good, "{\"return\":{}}", "");
  g_autofree char *data = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  g_assert_cmpuint (size, ==, 5000);
  g_assert_cmpmem (data, 4, "cdef", 4);
  ask (bad, "there is no memory", "");
  ask (none, "There is no CPU 9", "");
  ask ("{\"execute\":\"pmemsave\",\"arguments\":{\"val\":0,\"size\":-5,\"filename\":\"/x\"}}", "at least 1",
       "");
  ask ("{\"execute\":\"pmemsave\",\"arguments\":{\"val\":0,\"size\":5,\"filename\":\"/nonexistent/x\"}}",
       "Could not open", "");
  ask ("{\"execute\":\"memsave\",\"arguments\":{\"val\":-2147483648,\"size\":5,\"filename\":\"/dev/"
       "null\"}}",
       "Invalid addr 0xffffffff80000000", "");
  ask ("{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"xp /6xb 0x80000000\"}}",
       "{\"return\":\"0000000080000000: 0x61 0x62 0x63 0x64 0x65 0x66\\r\\n\"}", "");
  g_unlink (path);
  g_rmdir (folder);
  close_session ();
}

static void
test_migrate (void)
{
  open_session (true);
  ask ("{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"tcp:x\"}}", "write file:PATH", "");
  g_string_truncate (fake_calls, 0);
  type ("{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"file:/x\"}}");
  type ("{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"file:/y\"}}");
  g_autofree char *text = answers ();
  g_assert_nonnull (strstr (text, "{\"status\":\"setup\"}"));
  g_assert_nonnull (strstr (text, "{\"status\":\"active\"}"));
  g_assert_nonnull (strstr (text, "{\"status\":\"completed\"}"));
  g_assert_nonnull (strstr (text, "migration process in progress"));
  g_assert_cmpstr (fake_calls->str, ==, "save file:/x;");
  ask ("{\"execute\":\"query-migrate\"}", "\"status\":\"completed\",\"total-time\":", "");
  fake_failure = "the disk is full";
  ask ("{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"file:/x\"}}", "{\"status\":\"failed\"}",
       "save file:/x;");
  ask ("{\"execute\":\"query-migrate\"}", "\"error-desc\":\"the disk is full\"", "");
  close_session ();
}

static void
test_incoming (void)
{
  const char *const request = "{\"execute\":\"migrate-incoming\",\"arguments\":{\"uri\":\"file:/x\"}}";
  open_session (true);
  ask (request, "-incoming defer", "");
  machine->state = MACHINE_RESTORING;
  ask ("{\"execute\":\"cont\"}", "migrate_incoming", "");
  fake_failure = "no such file";
  ask (request, "no such file", "restore file:/x;");
  fake_failure = NULL;
  ask (request, "{\"return\":{}}", "restore file:/x;start;");
  close_session ();
}

static void
test_pretty (void)
{
  open_session (true);
  monitor_free (monitor);
  monitor = monitor_qmp_new (machine, chr, true, NULL);
  g_autofree char *greeting = answers ();
  g_assert_true (g_str_has_prefix (greeting, "{\n  \"QMP\" : {\n"));
  close_session ();
}

/* A client that asks and does not read is not answered without end. */
static void
test_no_reader (void)
{
  int fds[2];
  GError *error = NULL;
  machine = fake_machine_new ();
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), ==, 0);
  g_autofree char *text = g_strdup_printf ("socket,id=s,fd=%d", fds[0]);
  chr = chardev_new (text, &error);
  g_assert_no_error (error);
  monitor = monitor_qmp_new (machine, chr, false, &error);
  const char *const request = "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"query-commands\"}";
  size_t sent = 0;
  for (int idle = 0; idle < 100;) {
    const ssize_t n = write (fds[1], request, strlen (request));
    settle ();
    idle = n > 0 ? 0 : idle + 1;
    sent += n > 0 ? (size_t)n : 0;
    g_assert_cmpuint (sent, <, 32 << 20);
  }
  close (fds[1]);
  settle ();
  close_session ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/qmp/negotiation", test_negotiation);
  g_test_add_func ("/qmp/malformed", test_malformed);
  g_test_add_func ("/qmp/pieces", test_pieces);
  g_test_add_func ("/qmp/limits", test_limits);
  g_test_add_func ("/qmp/run-state", test_run_state);
  g_test_add_func ("/qmp/events", test_events);
  g_test_add_func ("/qmp/devices", test_devices);
  g_test_add_func ("/qmp/queries", test_queries);
  g_test_add_func ("/qmp/input", test_input);
  g_test_add_func ("/qmp/memory", test_memory);
  g_test_add_func ("/qmp/migrate", test_migrate);
  g_test_add_func ("/qmp/incoming", test_incoming);
  g_test_add_func ("/qmp/pretty", test_pretty);
  g_test_add_func ("/qmp/no-reader", test_no_reader);
  return g_test_run ();
}
