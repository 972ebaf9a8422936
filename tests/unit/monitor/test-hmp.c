/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake-machine.h"

#include "display.h"
#include "monitor-private.h"
#include <string.h>

static Machine *machine;
static MonitorContext ctx;

static void
begin (void)
{
  machine = fake_machine_new ();
  ctx = (MonitorContext){ machine, 0 };
}

static void
end (void)
{
  fake_machine_free (machine);
  fake_failure = NULL;
}

/* The line's output must hold `part`, and the machine's calls be `calls`. */
static void
ask (const char *line, const char *part, const char *calls)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_string_truncate (fake_calls, 0);
  hmp_run (&ctx, line, out);
  if (!strstr (out->str, part) || (!*part && out->len))
    g_error ("%s: '%s' is not in '%s'", line, part, out->str);
  g_assert_cmpstr (fake_calls->str, ==, calls);
}

static void
test_words (void)
{
  begin ();
  ask ("", "", "");
  ask ("   \t ", "", "");
  ask ("stopp", "unknown command: 'stopp'; did you mean 'stop'?", "");
  ask ("info regs", "there is no 'info regs'; did you mean 'registers'?", "");
  ask ("info", "info registers [-a] -- ", "");
  ask ("help stop", "stop|s -- stop the machine", "");
  ask ("? info status", "info status -- ", "");
  ask ("help nothing", "unknown command: 'nothing'. 'help' lists them", "");
  ask ("change dev0 \"/a \\\"b\\\\\" raw", "", "change /a \"b\\ raw;");
  ask ("change dev0 \"/a", "closing \"", "");
  ask ("savevm x", "'savevm': snapshots inside an image are not made here; 'migrate file:PATH'", "");
  ask ("frobnicate", "unknown command: 'frobnicate'. 'help' lists them", "");
  ask ("migrate_incoming file:/x", "-incoming defer", "");
  ask ("quit now", "one word too many", "");
  ask ("stop/x", "takes no format", "");
  ask ("eject", "'id' is missing", "");
  ask ("eject -f disk0", "", "eject force;");
  ask ("eject disk0", "", "eject;");
  ask ("eject -x", "Device '-x' not found", "");
  end ();
}

static void
test_actions (void)
{
  begin ();
  ask ("c", "", "start;");
  ask ("info status", "VM status: running\n", "");
  ask ("stop", "", "stop;");
  ask ("info status", "VM status: paused\n", "");
  machine->state = MACHINE_IO_ERROR;
  ask ("info status", "paused (io-error)", "");
  ask ("system_reset", "", "reset;");
  ask ("system_powerdown", "", "power;");
  ask ("q", "", "quit;");
  ask ("device_add virtio-net-pci,id=x", "", "add virtio-net-pci,id=x;");
  ask ("device_add a b", "write one word", "");
  ask ("device_del nic0", "", "remove nic0;");
  ask ("netdev_add user,id=n", "", "net user,id=n;");
  ask ("netdev_del net0", "uses the network", "");
  ask ("hostfwd_add tcp::1-:2", "", "hostfwd add tcp::1-:2;");
  ask ("hostfwd_add net0 tcp::1-:2", "", "hostfwd add tcp::1-:2;");
  ask ("hostfwd_remove net1 tcp::1", "not found", "");
  ask ("hostfwd_remove tcp::1", "", "hostfwd remove tcp::1;");
  ask ("set_link nic0 off", "", "link down;");
  ask ("set_link nic0 perhaps", "neither on nor off", "");
  ask ("balloon 512", "No balloon", "");
  ask ("gdbserver", "no debugger's server", "");
  ask ("migrate file:/x", "", "save file:/x;");
  ask ("info migrate", "completed", "");
  fake_failure = "no room";
  ask ("migrate file:/x", "Error: no room", "save file:/x;");
  ask ("info migrate", "error: no room", "");
  ask ("log nonsense", "no log item 'nonsense'", "");
  ask ("log none", "", "");
  ask ("cpu 0", "", "");
  ask ("cpu 1", "there is no CPU 1", "");
  ask ("sendkey ctrl-x", "no keyboard", "");
  ask ("sendkey crtl-x", "did you mean 'ctrl'", "");
  ask ("mouse_move 1 2", "no mouse", "");
  ask ("mouse_button 1", "no mouse", "");
  end ();
}

static uint64_t balloon_bytes;

static bool
get_balloon (void *opaque, uint64_t *ret_bytes)
{
  *ret_bytes = balloon_bytes;
  return true;
}

static void
set_balloon (void *opaque, uint64_t bytes)
{
  balloon_bytes = bytes;
}

static bool
gdbserver (void *opaque, const char *where, GError **error)
{
  g_string_append_printf (fake_calls, "gdb %s;", where);
  return true;
}

static void
test_hooks (void)
{
  begin ();
  monitor_set_hooks (&(MonitorHooks){ gdbserver, get_balloon, set_balloon, NULL });
  ask ("balloon 512", "", "");
  ask ("info balloon", "balloon: actual=512\n", "");
  ask ("balloon 0", "expects a size", "");
  ask ("balloon 0xffffffffffffffff", "expects a size", "");
  ask ("gdbserver", "Waiting for gdb connection on device 'tcp::1234'", "gdb tcp::1234;");
  ask ("gdbserver none", "Disabled", "gdb none;");
  monitor_set_hooks (&(MonitorHooks){ NULL, NULL, NULL, NULL });
  end ();
}

static void
test_info (void)
{
  static const char *const cases[][2] = {
    { "block", "disk0: nothing in it\n" },
    { "blockstats", "disk0: rd_bytes=0" },
    { "chardev", "" },
    { "cpus", "* CPU #0: thread_id=" },
    { "jit", "-d stats" },
    { "kvm", "kvm support: disabled" },
    { "mice", "No mouse" },
    { "mtree", "\n    0000000000001000-0000000000001fff (prio 0, i/o): regs\n" },
    { "mtree -f", "FlatView" },
    { "mtree -x", "'-x' is not known" },
    { "status now", "one word too many" },
    { "snapshots", ": snapshots inside an image are not made here" },
    { "name", "a, name\n" },
    { "network", "nic0: index=0,type=nic,model=fake-device,macaddr=\n \\ net0: settings\n" },
    { "pci", "no PCI bus" },
    { "qtree", "the tree\n" },
    { "registers", "CPU#0\n pc " },
    { "registers -a", "CPU#0\n pc " },
    { "registers -b", "'-b' is not known" },
    { "usernet", "net0: connections\n" },
    { "uuid", "00000000-0000-0000-0000-000000000000\n" },
    { "version", "(Vitrine)" },
  };
  begin ();
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *line = g_strconcat ("info ", cases[i][0], NULL);
    ask (line, cases[i][1], "");
  }
  end ();
}

static void
test_values (void)
{
  static const char *const cases[][2] = {
    { "p 1 + 2 * 3", "7\n" },
    { "p/x (1 + 2)*0x10 - ~0", "0x31\n" },
    { "print /u -1", "18446744073709551615\n" },
    { "p -1", "-1\n" },
    { "p 7/2%2|4^1", "4\n" },
    { "p 'a'", "97\n" },
    { "p/c 65", "'A'\n" },
    { "p/o 8", "010\n" },
    { "p $pc - $pc", "0\n" },
    { "p 1/0", "division by zero" },
    { "p 1%0", "division by zero" },
    { "p (1", "')' is missing" },
    { "p", "a number or $register is expected" },
    { "p 1 2", "one expression too many" },
    { "p 12x", "a number or $register" },
    { "p 99999999999999999999", "too large" },
    { "p $nope", "no register 'nope'" },
    { "p $", "no register ''" },
    { "p/y 1", "is not a format" },
    { "p/0x 1", "not between 1 and" },
    { "p/99999999999x 1", "not between 1 and" },
  };
  begin ();
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    ask (cases[i][0], cases[i][1], "");
  g_autofree char *deep = g_strnfill (100000, '(');
  g_autofree char *line = g_strconcat ("p ", deep, NULL);
  ask (line, "nested too deep", "");
  memset (deep, '-', 100000);
  g_autofree char *minus = g_strconcat ("p ", deep, NULL);
  ask (minus, "nested too deep", "");
  end ();
}

static void
test_memory (void)
{
  static const uint8_t code[] = { 0x13, 0x05, 0x10, 0x00, 0x01, 0x00, 0x73, 0x00, 0x00, 0x00 };
  begin ();
  g_assert_cmpint (memory_debug_write (machine->memory, FAKE_RAM_BASE, code, sizeof code), ==, MEMORY_OK);
  ask ("xp 0x80000000", "0000000080000000: 0x00100513\n", "");
  ask ("xp/2xg 0x80000000", "0000000080000000: 0x0073000100100513 0x0000000000000000\n", "");
  ask ("x /5xh 0x80000000 + 2", "0000000080000002: 0x0010 0x0001 0x0073 0x0000 0x0000\n", "");
  ask ("xp /2db 0x80000000", "0000000080000000: 19 5\n", "");
  ask ("xp /20xb 0x80000000", "\n0000000080000010: 0x00 0x00 0x00 0x00\n", "");
  ask ("xp/1c 0x80000000", "'\\x13'\n", "");
  ask ("xp/3i 0x80000000", "0x80000000:  addi", "");
  ask ("xp/3i 0x80000000", "\n0x80000006:  ecall", "");
  ask ("xp 0x1000", "0000000000001000: 0x55667788\n", "");
  ask ("xp/1xg 0x1008", "0x1122334455667790\n", "");
  ask ("xp 0x3000", "0000000000003000: 0x8b8a8988\n", "");
  ask ("xp/2xg 0x3008", "cannot access memory at 0x3010", "");
  ask ("xp 0x5000", "cannot access memory at 0x5000", "");
  ask ("x 0x5000", "cannot access memory at 0x5000", "");
  ask ("xp/4xw 0x8000fff8", "cannot access memory at 0x80010000", "");
  ask ("xp/4i 0x8000fffe", "cannot access memory at 0x80010000", "");
  ask ("xp/1i 0xffffffffffffffff", "cannot access memory", "");
  ask ("pmemsave 0x80000000 -1 /x", "at least 1", "");
  end ();
}

static void
test_ringbuf (void)
{
  begin ();
  Chardev *ring = chardev_new ("ringbuf,id=r", NULL);
  chardev_write (ring, (const uint8_t *)"a\r\n\x01", 4);
  ask ("ringbuf_read r 100", "a\n\\x01\n", "");
  ask ("ringbuf_read x 100", "no ring buffer 'x'", "");
  ask ("ringbuf_read r", "how many", "");
  chardev_free (ring);
  end ();
}

/* The editor alone: what it writes, and the lines it gives. */

static GString *shown, *lines;

static void
on_write (void *opaque, const char *text, size_t size)
{
  g_string_append_len (shown, text, (gssize)size);
}

static void
on_line (void *opaque, const char *line)
{
  g_string_append_printf (lines, "%s;", line);
}

static void
test_editor (void)
{
  static const struct {
    const char *keys, *lines;
  } cases[] = {
    { "stop\r", "stop;" },
    { "a\r\nb\n\n", "a;b;;" },
    { "ac\x02"
      "b\r",
      "abc;" },
    { "bc\x01"
      "a\x05"
      "d\n",
      "abcd;" },
    { "abc\x1b[D\x1b[D\x7f\n", "bc;" },
    { "abc\x1b[1~x\x1b[4~y\n", "xabcy;" },
    { "abc\x1b[H\x1b[3~\n", "bc;" },
    { "abc def\x17ghi\n", "abc ghi;" },
    { "abc\x15x\n", "x;" },
    { "abc\x01\x06\x0bz\n", "az;" },
    { "abc\x03x\n", "x;" },
    { "one\ntwo\n\x1b[A\x1b[A\n", "one;two;one;" },
    { "one\ntwo\nx\x10\x10\x0e\x0e\n", "one;two;x;" },
    { "one\n\x1bOA\x1bOB!\n", "one;!;" },
    { "\xc3\xa4\xc3\xb6\x08\n", "\xc3\xa4;" },
    { "sy\tr\t\n", "system_reset ;" },
    { "info regi\t\n", "info registers ;" },
    { "sendkey grave\t\n", "sendkey grave_accent ;" },
    { "a\x1b[99;99;99Zb\n", "ab;" },
    { "\x1b\x1b\x1b[\x01x\n", "x;" },
    { "\x08\x02\x06\x04\x0b\x17\x10\x0e\n", ";" },
  };
  shown = g_string_new (NULL);
  lines = g_string_new (NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    HmpEditor *editor = hmp_editor_new (on_write, on_line, NULL);
    g_string_truncate (lines, 0);
    hmp_editor_feed (editor, (const uint8_t *)cases[i].keys, strlen (cases[i].keys));
    g_assert_cmpstr (lines->str, ==, cases[i].lines);
    hmp_editor_free (editor);
  }
  g_string_truncate (shown, 0);
  g_string_truncate (lines, 0);
  HmpEditor *editor = hmp_editor_new (on_write, on_line, NULL);
  hmp_editor_feed (editor, (const uint8_t *)"s\t", 2);
  g_assert_nonnull (strstr (shown->str, "screendump  sendkey  set_link  set_password  stop  system_"));
  g_assert_true (g_str_has_suffix (shown->str, "\r(vitrine) s\x1b[K"));
  for (unsigned i = 0; i < 10000; i++)
    hmp_editor_feed (editor, (const uint8_t *)"x", 1);
  hmp_editor_feed (editor, (const uint8_t *)"\n", 1);
  g_assert_cmpuint (lines->len, ==, 4096);
  hmp_editor_free (editor);
  g_string_free (shown, TRUE);
  g_string_free (lines, TRUE);
}

static void
test_session (void)
{
  GError *error = NULL;
  begin ();
  Chardev *ring = chardev_new ("ringbuf,id=r,mux=on", &error);
  g_assert_no_error (error);
  Monitor *monitor = monitor_hmp_new (machine, ring, &error);
  g_assert_no_error (error);
  chardev_free (chardev_new_legacy ("chardev:r", NULL));
  monitor_free (monitor);
  chardev_free (ring);
  ring = chardev_new ("ringbuf,id=r", &error);
  monitor = monitor_hmp_new (machine, ring, &error);
  g_assert_null (monitor_hmp_new (machine, ring, &error));
  g_assert_nonnull (strstr (error->message, "in use"));
  g_clear_error (&error);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_true (chardev_ringbuf_send (ring, (const uint8_t *)"info name\r", 10));
  g_autoptr (GBytes) bytes = chardev_ringbuf_read (ring, 10000);
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_assert_true (g_str_has_prefix (text, "Vitrine "));
  g_assert_nonnull (
      strstr (text, "type 'help' for more information\r\n\r(vitrine) \x1b[Kinfo name\r\na, name\r\n"));
  monitor_free (monitor);
  chardev_free (ring);
  end ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hmp/words", test_words);
  g_test_add_func ("/hmp/actions", test_actions);
  g_test_add_func ("/hmp/hooks", test_hooks);
  g_test_add_func ("/hmp/info", test_info);
  g_test_add_func ("/hmp/values", test_values);
  g_test_add_func ("/hmp/memory", test_memory);
  g_test_add_func ("/hmp/ringbuf", test_ringbuf);
  g_test_add_func ("/hmp/editor", test_editor);
  g_test_add_func ("/hmp/session", test_session);
  return g_test_run ();
}
