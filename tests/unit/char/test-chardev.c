/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chardev.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* A device that notes what happens to it. */
typedef struct {
  size_t room;
  GString *got;
  int connects, disconnects, focused, breaks, ready;
} Fake;

static size_t
fake_can_receive (void *opaque)
{
  return ((Fake *)opaque)->room;
}

static void
fake_receive (void *opaque, const uint8_t *data, size_t size)
{
  Fake *fake = opaque;
  g_assert_cmpuint (size, <=, fake->room);
  fake->room -= size;
  g_string_append_len (fake->got, (const char *)data, (gssize)size);
}

static void
fake_event (void *opaque, bool connected)
{
  Fake *fake = opaque;
  *(connected ? &fake->connects : &fake->disconnects) += 1;
}

static void
fake_focus (void *opaque, bool focused)
{
  ((Fake *)opaque)->focused += focused ? 1 : -1;
}

static void
fake_break (void *opaque)
{
  ((Fake *)opaque)->breaks++;
}

static void
fake_ready (void *opaque)
{
  ((Fake *)opaque)->ready++;
}

static const ChardevFrontend frontend = { fake_can_receive, fake_receive, fake_event, fake_focus,
                                          fake_break };

static Fake *
fake_new (Chardev *chr, size_t room)
{
  Fake *fake = g_new0 (Fake, 1);
  fake->room = room;
  fake->got = g_string_new (NULL);
  GError *error = NULL;
  g_assert_true (chardev_attach (chr, &frontend, fake, &error));
  g_assert_no_error (error);
  return fake;
}

static void
fake_free (Fake *fake)
{
  g_string_free (fake->got, TRUE);
  g_free (fake);
}

static gboolean
wake (void *opaque)
{
  return G_SOURCE_CONTINUE;
}

#define until(condition)                                                                                     \
  do {                                                                                                       \
    const gint64 deadline_ = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;                                  \
    const unsigned waker_ = g_timeout_add (20, wake, NULL);                                                  \
    while (!(condition) && g_get_monotonic_time () < deadline_)                                              \
      g_main_context_iteration (NULL, TRUE);                                                                 \
    g_source_remove (waker_);                                                                                \
    g_assert_true (condition);                                                                               \
  } while (0)

static void
settle (void)
{
  for (int i = 0; i < 5; i++) {
    while (g_main_context_iteration (NULL, FALSE))
      continue;
    g_usleep (2000);
  }
}

static Chardev *
open_ok (const char *text, bool legacy)
{
  GError *error = NULL;
  Chardev *chr = legacy ? chardev_new_legacy (text, &error) : chardev_new (text, &error);
  g_assert_no_error (error);
  g_assert_nonnull (chr);
  return chr;
}

static void
put (Chardev *chr, const char *text)
{
  chardev_write (chr, (const uint8_t *)text, strlen (text));
}

static char *folder;

static char *
place (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static void
test_refused (void)
{
  static const struct {
    const char *text, *why;
    bool legacy;
  } cases[] = {
    { "sdtio,id=x", "did you mean 'stdio'", false },
    { "null", "no id", false },
    { "id=x", "no kind", false },
    { "null,id=x,pth=1", "no setting 'pth'", false },
    { "file,id=x", "needs a path", false },
    { "file,id=x,path=/nonexistent/y", "cannot open '/nonexistent/y'", false },
    { "pipe,id=x,path=/nonexistent/y", "mkfifo", false },
    { "ringbuf,id=x,size=100", "power of two", false },
    { "socket,id=x", "one of path", false },
    { "socket,id=x,path=/a,port=1", "one of path", false },
    { "socket,id=x,host=a,path=/a", "one of path", false },
    { "socket,id=x,port=70000", "65535", false },
    { "socket,id=x,path=/a,telnet=on", "telnet", false },
    { "socket,id=x,path=/a,sever=on", "did you mean 'server'", false },
    { "socket,id=x,path=/a,wait=off", "wait is for server", false },
    { "socket,id=x,path=/a,server=on,reconnect=1", "reconnect is for clients", false },
    { "socket,id=x,path=/nonexistent/a", "cannot connect to unix:/nonexistent/a", false },
    { "serial,id=x,path=/dev/null", "not a serial port", false },
    { "tcp:somewhere", "no port", true },
    { "chardev:nobody", "no character back end 'nobody'", true },
    { "udp:x:1", "no character back end 'udp:x:1'", true },
    { "", "no character back end", true },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (cases[i].legacy ? chardev_new_legacy (cases[i].text, &error)
                                   : chardev_new (cases[i].text, &error));
    g_assert_nonnull (error);
    if (!strstr (error->message, cases[i].why))
      g_error ("%s: %s", cases[i].text, error->message);
  }
  g_autoptr (GPtrArray) left = chardev_list ();
  g_assert_cmpuint (left->len, ==, 0);
}

static void
test_registry (void)
{
  GError *error = NULL;
  Chardev *a = open_ok ("null,id=a", false), *again = open_ok ("chardev:a", true);
  g_assert_true (a == again && chardev_find ("a") == a && !chardev_find ("b"));
  g_assert_null (chardev_new ("null,id=a", &error));
  g_assert_nonnull (strstr (error->message, "already"));
  g_clear_error (&error);
  Fake *fake = fake_new (a, 10);
  g_assert_false (chardev_attach (a, &frontend, NULL, &error));
  g_assert_nonnull (strstr (error->message, "in use"));
  g_clear_error (&error);
  put (a, "into nothing");
  g_assert_true (chardev_writable (a));
  until (fake->connects == 1);
  chardev_free (again);
  g_assert_true (chardev_find ("a") == a);
  chardev_detach (a);
  chardev_free (a);
  g_assert_null (chardev_find ("a"));
  fake_free (fake);
}

static void
test_ringbuf (void)
{
  Chardev *ring = open_ok ("ringbuf,id=r,size=8", false);
  put (ring, "0123456789");
  g_autoptr (GBytes) some = chardev_ringbuf_read (ring, 3);
  g_autoptr (GBytes) rest = chardev_ringbuf_read (ring, 100);
  g_assert_cmpmem (g_bytes_get_data (some, NULL), g_bytes_get_size (some), "234", 3);
  g_assert_cmpmem (g_bytes_get_data (rest, NULL), g_bytes_get_size (rest), "56789", 5);
  g_assert_false (chardev_ringbuf_send (ring, (const uint8_t *)"x", 1));
  Fake *fake = fake_new (ring, 2);
  g_assert_false (chardev_ringbuf_send (ring, (const uint8_t *)"xyz", 3));
  g_assert_true (chardev_ringbuf_send (ring, (const uint8_t *)"xy", 2));
  g_assert_cmpstr (fake->got->str, ==, "xy");
  chardev_free (ring);
  fake_free (fake);
}

static void
test_file (void)
{
  g_autofree char *path = place ("out,put"), *log = place ("log"), *in = place ("in");
  g_autofree char *text = g_strconcat ("file:", path, NULL);
  Chardev *chr = open_ok (text, true);
  put (chr, "one");
  g_assert_cmpstr (chardev_describe (chr), ==, text);
  chardev_free (chr);
  g_assert_true (g_file_set_contents (in, "typed", -1, NULL));
  g_autofree char *more =
      g_strdup_printf ("file,id=f,path=%s/out,,put,append=on,logfile=%s,input-path=%s", folder, log, in);
  chr = open_ok (more, false);
  Fake *fake = fake_new (chr, 3);
  put (chr, "two");
  until (fake->got->len == 3);
  settle ();
  g_assert_cmpstr (fake->got->str, ==, "typ");
  fake->room = 100;
  chardev_accept_input (chr);
  until (fake->got->len == 5);
  chardev_free (chr);
  g_autofree char *content = NULL, *logged = NULL;
  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  g_assert_true (g_file_get_contents (log, &logged, NULL, NULL));
  g_assert_cmpstr (content, ==, "onetwo");
  g_assert_cmpstr (logged, ==, "two");
  fake_free (fake);
}

/* Output that nobody reads is kept up to the limit, and comes whole to whoever reads at last. */
static void
test_pipe_full (void)
{
  g_autofree char *base = place ("fifo"), *in = g_strconcat (base, ".in", NULL),
                  *out = g_strconcat (base, ".out", NULL);
  g_assert_cmpint (mkfifo (in, 0600) | mkfifo (out, 0600), ==, 0);
  g_autofree char *text = g_strconcat ("pipe:", base, NULL);
  Chardev *chr = open_ok (text, true);
  Fake *fake = fake_new (chr, 100);
  const int reader = open (out, O_RDONLY | O_NONBLOCK), writer = open (in, O_WRONLY | O_NONBLOCK);
  size_t sent = 0, received = 0;
  char block[1000], buffer[4096];
  while (chardev_writable (chr)) {
    for (size_t i = 0; i < sizeof block; i++)
      block[i] = (char)((sent + i) % 251);
    chardev_write (chr, (const uint8_t *)block, sizeof block);
    sent += sizeof block;
    g_assert_cmpuint (sent, <, 10 << 20);
  }
  chardev_notify_writable (chr, fake_ready, fake);
  chardev_notify_writable (chr, fake_ready, fake);
  settle ();
  g_assert_cmpint (fake->ready, ==, 0);
  while (received < sent) {
    const ssize_t n = read (reader, buffer, sizeof buffer);
    for (ssize_t i = 0; i < n; i++)
      g_assert_cmpint ((uint8_t)buffer[i], ==, (received + (size_t)i) % 251);
    received += n > 0 ? (size_t)n : 0;
    g_main_context_iteration (NULL, n <= 0);
  }
  until (fake->ready == 1);
  g_assert_true (chardev_writable (chr));
  g_assert_cmpint (write (writer, "hello", 5), ==, 5);
  until (fake->got->len == 5);
  close (reader);
  close (writer);
  put (chr, "to myself");
  settle ();
  chardev_free (chr);
  fake_free (fake);
}

static void
test_unix (void)
{
  g_autofree char *path = place ("sock"), *server_text = g_strdup_printf ("unix:%s,server=on,wait=off", path),
                  *client_text = g_strdup_printf ("socket,id=c,path=%s,reconnect-ms=50", path);
  GError *error = NULL;
  Chardev *client = open_ok (client_text, false);
  Chardev *server = open_ok (server_text, true);
  g_assert_true (g_str_has_prefix (chardev_describe (server), "disconnected:unix:"));
  Fake *s = fake_new (server, 1000), *c = fake_new (client, 1000);
  put (server, "lost");
  until (s->connects >= 1 && c->connects >= 1);
  put (server, "to client");
  put (client, "to server");
  until (!strcmp (s->got->str, "to server") && !strcmp (c->got->str, "to client"));
  g_assert_null (chardev_new_legacy (server_text, &error));
  g_assert_nonnull (strstr (error->message, "another program listens"));
  g_clear_error (&error);

  chardev_free (server);
  until (c->disconnects >= 1);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_true (chardev_writable (client));
  server = open_ok (server_text, true);
  const int before = c->connects;
  until (c->connects > before);
  chardev_free (client);
  g_assert_true (chardev_attach (server, &frontend, s, NULL));
  until (s->disconnects >= 1);
  chardev_free (server);
  fake_free (s);
  fake_free (c);
}

static void
test_tcp (void)
{
  GError *error = NULL;
  Chardev *server = open_ok ("socket,id=t,host=127.0.0.1,port=0,server=on,wait=off", false);
  const char *port = strrchr (chardev_describe (server), ':') + 1;
  g_autofree char *number = g_strndup (port, strcspn (port, ","));
  g_autofree char *text = g_strdup_printf ("tcp:127.0.0.1:%s", number);
  Chardev *client = chardev_new_legacy (text, &error);
  g_assert_no_error (error);
  Fake *s = fake_new (server, 10), *c = fake_new (client, 10);
  until (s->connects && c->connects);
  put (client, "0123456789abcdef");
  until (s->got->len == 10);
  settle ();
  s->room = 100;
  chardev_accept_input (server);
  until (!strcmp (s->got->str, "0123456789abcdef"));
  chardev_free (client);
  until (s->disconnects == 1);
  chardev_free (server);
  fake_free (s);
  fake_free (c);
}

static void
test_stale (void)
{
  g_autofree char *path = place ("stale"), *plain = place ("plain");
  g_autofree char *text = g_strdup_printf ("unix:%s,server,nowait", path),
                  *wrong = g_strdup_printf ("unix:%s,server=on,wait=off", plain);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  const int fd = socket (AF_UNIX, SOCK_STREAM, 0);
  g_assert_cmpint (bind (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  close (fd);
  chardev_free (open_ok (text, true));
  g_assert_true (g_file_set_contents (plain, "precious", -1, NULL));
  g_autoptr (GError) error = NULL;
  g_assert_null (chardev_new_legacy (wrong, &error));
  g_assert_nonnull (strstr (error->message, "not a socket"));
  g_assert_true (g_file_test (plain, G_FILE_TEST_EXISTS));
}

static void
test_pty (void)
{
  Chardev *chr = open_ok ("pty,id=p", false);
  Fake *fake = fake_new (chr, 100);
  put (chr, "nobody there");
  settle ();
  g_assert_cmpint (fake->connects, ==, 0);
  const int fd = open (chardev_describe (chr) + 4, O_RDWR | O_NOCTTY);
  g_assert_cmpint (fd, >=, 0);
  until (fake->connects == 1);
  put (chr, "hello\n");
  char buffer[100];
  ssize_t n = read (fd, buffer, sizeof buffer);
  g_assert_cmpmem (buffer, (size_t)n, "hello\n", 6);
  g_assert_cmpint (write (fd, "\x01\x03x\r", 4), ==, 4);
  until (fake->got->len == 4);
  close (fd);
  until (fake->disconnects == 1);
  chardev_free (chr);
  fake_free (fake);
}

static int quits;

static void
on_quit (void *opaque)
{
  quits++;
}

static void
mux_type (Chardev *ring, const char *text)
{
  chardev_ringbuf_send (ring, (const uint8_t *)text, strlen (text));
}

static void
assert_shown (Chardev *ring, const char *part)
{
  g_autoptr (GBytes) bytes = chardev_ringbuf_read (ring, 10000);
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  if (!strstr (text, part))
    g_error ("'%s' is not in '%s'", part, text);
}

static void
test_mux (void)
{
  Chardev *ring = open_ok ("ringbuf,id=m", false), *mux = chardev_mux_new (ring);
  g_assert_true (chardev_find ("m") == mux && chardev_is_mux (mux));
  Fake *serial = fake_new (mux, 4), *monitor = fake_new (mux, 100);
  chardev_mux_set_quit (mux, on_quit, NULL);
  g_assert_cmpint (serial->focused, ==, 1);
  g_assert_cmpint (monitor->focused, ==, 0);
  mux_type (ring, "abcdef\x01\x01");
  g_assert_cmpstr (serial->got->str, ==, "abcd");
  mux_type (ring, "\x01");
  mux_type (ring, "c");
  g_assert_cmpint (serial->focused, ==, 0);
  g_assert_cmpint (monitor->focused, ==, 1);
  mux_type (ring, "info\x01"
                  "b");
  g_assert_cmpint (monitor->breaks, ==, 1);
  g_assert_cmpstr (monitor->got->str, ==, "info");
  mux_type (ring, "\x01"
                  "C");
  serial->room = 100;
  chardev_accept_input (mux);
  until (!strcmp (serial->got->str, "abcdef\x01"));
  mux_type (ring, "\x01h");
  assert_shown (ring, "end the machine");
  mux_type (ring, "\x01x");
  g_assert_cmpint (quits, ==, 1);
  mux_type (ring, "\x01q\x01t");
  put (mux, "rest of line\nnext");
  assert_shown (ring, "rest of line\n[00:00:0");
  chardev_detach_one (mux, serial);
  g_assert_cmpint (monitor->focused, ==, 1);
  mux_type (ring, "!");
  g_assert_cmpstr (monitor->got->str, ==, "info!");
  chardev_free (mux);
  g_assert_null (chardev_find ("m"));
  fake_free (serial);
  fake_free (monitor);
}

/* A hung device does not take more of the keyboard than the queue holds, and loses nothing of that. */
static void
test_mux_full (void)
{
  Chardev *ring = open_ok ("ringbuf,id=m", false), *mux = chardev_mux_new (ring);
  Fake *fake = fake_new (mux, 0);
  unsigned typed = 0;
  while (chardev_ringbuf_send (ring, (const uint8_t *)"x", 1))
    g_assert_cmpuint (++typed, <=, 100000);
  g_assert_cmpuint (typed, ==, 4096);
  fake->room = 5000;
  chardev_accept_input (mux);
  until (fake->got->len == typed);
  g_assert_true (chardev_ringbuf_send (ring, (const uint8_t *)"x", 1));
  chardev_free (mux);
  fake_free (fake);
}

static bool
is_raw (int fd)
{
  struct termios t;
  g_assert_cmpint (tcgetattr (fd, &t), ==, 0);
  return !(t.c_lflag & ICANON) && !(t.c_lflag & ECHO);
}

/* Becomes a program with a serial port on its terminal. */
static void
stdio_child (void)
{
  Chardev *chr = open_ok ("mon:stdio", true);
  Fake *fake = fake_new (chr, 1000);
  put (chr, "ready\n");
  for (;;) {
    g_main_context_iteration (NULL, TRUE);
    if (strchr (fake->got->str, 'q'))
      exit (0);
    if (fake->got->len) {
      put (chr, fake->got->str);
      g_string_truncate (fake->got, 0);
    }
  }
}

static void
expect (int fd, const char *text)
{
  g_autoptr (GString) got = g_string_new (NULL);
  const gint64 deadline = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
  while (!strstr (got->str, text) && g_get_monotonic_time () < deadline) {
    char buffer[256];
    const ssize_t n = read (fd, buffer, sizeof buffer);
    g_assert_cmpint (n, >, 0);
    g_string_append_len (got, buffer, n);
  }
  g_assert_nonnull (strstr (got->str, text));
}

static void
wait_raw (int fd, bool raw)
{
  const gint64 deadline = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
  while (is_raw (fd) != raw && g_get_monotonic_time () < deadline)
    g_usleep (2000);
  g_assert_true (is_raw (fd) == raw);
}

/* What a shell does: the program is a job of its own, with the terminal; it is stopped, goes on, and ends. */
static void
shell (int orders, bool by_signal)
{
  char order;
  int status;
  signal (SIGTTOU, SIG_IGN);
  const pid_t pid = fork ();
  if (pid == 0) {
    signal (SIGTTOU, SIG_DFL);
    setpgid (0, 0);
    while (tcgetpgrp (STDIN_FILENO) != getpgrp ())
      g_usleep (1000);
    stdio_child ();
  }
  setpgid (pid, pid);
  g_assert_cmpint (tcsetpgrp (STDIN_FILENO, pid), ==, 0);
  g_assert_cmpint (read (orders, &order, 1), ==, 1);
  g_assert_true (is_raw (STDIN_FILENO));
  kill (pid, SIGTSTP);
  g_assert_cmpint (waitpid (pid, &status, WUNTRACED), ==, pid);
  g_assert_true (WIFSTOPPED (status));
  g_assert_false (is_raw (STDIN_FILENO));
  kill (pid, SIGCONT);
  wait_raw (STDIN_FILENO, true);
  g_assert_cmpint (write (STDOUT_FILENO, "resumed", 7), ==, 7);
  if (by_signal)
    kill (pid, SIGTERM);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (by_signal ? WIFSIGNALED (status) && WTERMSIG (status) == SIGTERM
                           : WIFEXITED (status) && WEXITSTATUS (status) == 0);
  g_assert_false (is_raw (STDIN_FILENO));
  _exit (0);
}

static void
run_stdio (bool by_signal)
{
  int master, status, orders[2];
  g_assert_cmpint (pipe (orders), ==, 0);
  const pid_t pid = forkpty (&master, NULL, NULL, NULL);
  if (pid == 0)
    shell (orders[0], by_signal);
  expect (master, "ready");
  g_assert_cmpint (write (master, "a\x03z", 3), ==, 3); /* Ctrl-C is for the guest. */
  expect (master, "a\x03z");
  g_assert_cmpint (write (orders[1], "s", 1), ==, 1);
  expect (master, "resumed");
  if (!by_signal)
    g_assert_cmpint (write (master, "q", 1), ==, 1);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  close (master);
  close (orders[0]);
  close (orders[1]);
}

static void
test_stdio (void)
{
  run_stdio (false);
  run_stdio (true);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_autoptr (GError) error = NULL;
  folder = g_dir_make_tmp ("test-chardev-XXXXXX", &error);
  g_assert_no_error (error);
  g_test_add_func ("/chardev/stdio", test_stdio);
  g_test_add_func ("/chardev/refused", test_refused);
  g_test_add_func ("/chardev/registry", test_registry);
  g_test_add_func ("/chardev/ringbuf", test_ringbuf);
  g_test_add_func ("/chardev/file", test_file);
  g_test_add_func ("/chardev/pipe-full", test_pipe_full);
  g_test_add_func ("/chardev/unix", test_unix);
  g_test_add_func ("/chardev/tcp", test_tcp);
  g_test_add_func ("/chardev/stale", test_stale);
  g_test_add_func ("/chardev/pty", test_pty);
  g_test_add_func ("/chardev/mux", test_mux);
  g_test_add_func ("/chardev/mux-full", test_mux_full);
  const int status = g_test_run ();
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  for (const char *name; dir && (name = g_dir_read_name (dir));) {
    g_autofree char *path = place (name);
    g_unlink (path);
  }
  g_rmdir (folder);
  return status;
}
