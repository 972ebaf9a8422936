/* SPDX-License-Identifier: GPL-3.0-or-later */

/* VtDisplay and VtClipboard between a real X server and a real SPICE server. Coordinates of the screen are
 * device pixels, so that all holds at any GDK_SCALE. */

#include "clipboard.h"
#include "display.h"
#include "guest.h"
#include "xserver.h"

#include <gdk/x11/gdkx.h>
#include <spice/vd_agent.h>
#include <string.h>

enum { WIDTH = 500, HEIGHT = 400 }; /* of the window, in its own units */

typedef struct {
  GtkWindow *window;
  VtSession *session;
  VtDisplay *display;
  int scale;
  int left, top; /* of the guest's picture on the screen, pixel for pixel */
} Stage;

static void
open_channel (VtSession *session, SpiceChannel *channel, gpointer data)
{
  vt_session_give (session, channel, guest_connect ());
}

static gboolean
has_picture (Stage *stage)
{
  gboolean picture;
  g_object_get (stage->display, "picture", &picture, NULL);
  return picture;
}

G_GNUC_BEGIN_IGNORE_DEPRECATIONS
static gulong
window_id (Stage *stage)
{
  return gdk_x11_surface_get_xid (gtk_native_get_surface (GTK_NATIVE (stage->window)));
}
G_GNUC_END_IGNORE_DEPRECATIONS

static void
open_stage (Stage *stage, int width, int height, gboolean tablet, gboolean fit)
{
  guest_open (width, height, tablet);
  *stage =
      (Stage){ .window = GTK_WINDOW (gtk_window_new ()), .session = vt_session_new (open_channel, stage) };
  stage->display = VT_DISPLAY (vt_display_new (stage->session, 0));
  g_object_set (stage->display, "fit", fit, "resize-guest", FALSE, NULL);
  gtk_window_set_decorated (stage->window, FALSE);
  gtk_window_set_default_size (stage->window, WIDTH, HEIGHT);
  gtk_window_set_child (stage->window, GTK_WIDGET (stage->display));
  xserver_do ("mousemove 0 0");
  gtk_window_present (stage->window);
  vt_session_connect (stage->session);
  g_assert_true (wait_for (vt_session_get_state (stage->session) == VT_SESSION_OPEN, 5000));
  g_assert_true (wait_for (has_picture (stage) && vt_session_get_inputs (stage->session), 5000));
  xserver_do ("windowfocus %lu", window_id (stage));
  run_for (200);
  stage->scale = gtk_widget_get_scale_factor (GTK_WIDGET (stage->display));
  stage->left = (WIDTH * stage->scale - width) / 2;
  stage->top = (HEIGHT * stage->scale - height) / 2;
}

static void
close_stage (Stage *stage)
{
  vt_session_close (stage->session);
  g_object_unref (stage->session);
  gtk_window_destroy (stage->window);
  run_for (50);
  guest_close ();
}

static gboolean
pixel_is (int x, int y, guint32 colour)
{
  int width;
  g_autofree guint32 *pixels = xserver_pixels (&width);
  return pixels[y * width + x] == colour;
}

/* ---- Pixels ---- */

/* A board of single pixels shows every shift and every blur. */
static guint32
board (int x, int y)
{
  return (x ^ y) & 1 ? 0xff0000u | (guint32)(x & 0xff) : 0x00ff00u | (guint32)(y & 0xff);
}

static int
wrong_pixels (Stage *stage, int width, int height)
{
  int screen_width, wrong = 0;
  g_autofree guint32 *pixels = xserver_pixels (&screen_width);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      wrong += pixels[(stage->top + y) * screen_width + stage->left + x] != board (x, y);
  return wrong;
}

static void
test_pixels (void)
{
  Stage stage;
  open_stage (&stage, 120, 80, TRUE, FALSE);
  for (int y = 0; y < 80; y++)
    for (int x = 0; x < 120; x++)
      guest_fill (x, y, 1, 1, board (x, y));
  g_assert_true (wait_for (wrong_pixels (&stage, 120, 80) == 0, 3000));
  guest_fill (0, 0, 120, 80, 0x101010);
  g_assert_true (wait_for (pixel_is (stage.left + 119, stage.top + 79, 0x101010), 3000));
  g_assert_true (pixel_is (stage.left, stage.top, 0x101010));
  g_assert_false (pixel_is (stage.left - 1, stage.top, 0x101010));
  g_assert_false (pixel_is (stage.left + 120, stage.top + 79, 0x101010));
  /* Another size, smaller and larger than the window. */
  guest_resize (200, 100);
  guest_fill (0, 0, 200, 100, 0x00ffff);
  g_assert_true (
      wait_for (pixel_is (WIDTH * stage.scale / 2 - 99, HEIGHT * stage.scale / 2 + 49, 0x00ffff), 3000));
  close_stage (&stage);
}

static void
test_fit (void)
{
  Stage stage;
  open_stage (&stage, 250, 200, TRUE, TRUE);
  const int block = 2 * stage.scale;
  guest_fill (0, 0, 250, 200, 0x0000ff);
  guest_fill (249, 199, 1, 1, 0xff0000);
  guest_fill (10, 20, 1, 1, 0x00ff00);
  g_assert_true (wait_for (pixel_is (10 * block, 20 * block, 0x00ff00), 3000));
  g_assert_true (pixel_is (11 * block - 1, 21 * block - 1, 0x00ff00));
  g_assert_true (pixel_is (11 * block, 20 * block, 0x0000ff));
  g_assert_true (pixel_is (10 * block - 1, 20 * block, 0x0000ff));
  g_assert_true (pixel_is (249 * block, 199 * block, 0xff0000));
  g_assert_true (pixel_is (250 * block - 1, 200 * block - 1, 0xff0000));
  g_assert_true (pixel_is (0, 0, 0x0000ff));
  close_stage (&stage);
}

static void
count_frame (GdkFrameClock *clock, guint *frames)
{
  (*frames)++;
}

/* Nothing is drawn when nothing changes, and one frame shows many changes. */
static void
test_idle (void)
{
  Stage stage;
  guint frames = 0;
  open_stage (&stage, 200, 100, TRUE, TRUE);
  GdkFrameClock *clock = gtk_widget_get_frame_clock (GTK_WIDGET (stage.display));
  run_for (500);
  const gulong handler = g_signal_connect (clock, "paint", G_CALLBACK (count_frame), &frames);
  run_for (500);
  g_assert_cmpuint (frames, ==, 0);
  for (int i = 0; i < 500; i++) {
    guest_fill (i % 200, i % 100, 1, 1, (guint32)i);
    run_for (1);
  }
  run_for (100);
  g_assert_cmpuint (frames, >, 5);
  g_assert_cmpuint (frames, <, 120);
  g_signal_handler_disconnect (clock, handler);
  close_stage (&stage);
}

/* ---- The pointer ---- */

static gboolean
pointer_at (int x, int y)
{
  int now_x, now_y;
  guest_pointer (&now_x, &now_y);
  return now_x == x && now_y == y;
}

static void
test_position (void)
{
  static const int points[][2] = { { 0, 0 }, { 299, 199 }, { 1, 1 }, { 150, 100 }, { 298, 3 }, { 77, 198 } };
  Stage stage;
  open_stage (&stage, 300, 200, TRUE, FALSE);
  g_assert_true (vt_session_takes_positions (stage.session));
  for (guint i = 0; i < G_N_ELEMENTS (points); i++) {
    xserver_do ("mousemove %d %d", stage.left + points[i][0], stage.top + points[i][1]);
    g_assert_true (wait_for (pointer_at (points[i][0], points[i][1]), 2000));
  }
  /* Beside the picture it stays at the edge. */
  xserver_do ("mousemove %d %d", 1, stage.top + 50);
  g_assert_true (wait_for (pointer_at (0, 50), 2000));
  /* Two of the guest's pixels are three of the screen's. */
  g_object_set (stage.display, "fit", TRUE, NULL);
  gtk_window_set_default_size (stage.window, 450 / stage.scale, 300 / stage.scale);
  run_for (300);
  g_assert_cmpint (gtk_widget_get_width (GTK_WIDGET (stage.display)), ==, 450 / stage.scale);
  for (int x = 0; x < 12; x++) {
    xserver_do ("mousemove %d %d", x, 299);
    g_assert_true (wait_for (pointer_at (2 * x / 3, 199), 2000));
  }
  close_stage (&stage);
}

static gboolean
is_text (char *text, const char *expected, GString *all)
{
  if (all->len && *text)
    g_string_append_c (all, ' ');
  g_string_append (all, text);
  g_free (text);
  return g_str_equal (all->str, expected);
}

static void
expect_buttons (const char *expected)
{
  g_autoptr (GString) all = g_string_new (NULL);
  if (!wait_for (is_text (guest_take_buttons (), expected, all), 2000))
    g_assert_cmpstr (all->str, ==, expected);
}

static void
expect_keys (const char *expected)
{
  g_autoptr (GString) all = g_string_new (NULL);
  if (!wait_for (is_text (guest_take_keys (), expected, all), 2000))
    g_assert_cmpstr (all->str, ==, expected);
}

static void
test_buttons (void)
{
  Stage stage;
  int dx, dy, wheel;
  open_stage (&stage, 300, 200, TRUE, FALSE);
  xserver_do ("mousemove %d %d click 1", stage.left + 20, stage.top + 30);
  expect_buttons ("+272 -272");
  g_assert_true (pointer_at (20, 30));
  /* Several at once. */
  xserver_do ("mousedown 1 mousedown 3 mouseup 1 mouseup 3");
  expect_buttons ("+272 +273 -272 -273");
  xserver_do ("click 2");
  expect_buttons ("+274 -274");
  /* A button that is held outside the window is still held. */
  xserver_do ("mousedown 1 mousemove %d %d", WIDTH * stage.scale + 50, stage.top + 60);
  g_assert_true (wait_for (pointer_at (299, 60), 2000));
  expect_buttons ("+272");
  xserver_do ("mouseup 1");
  expect_buttons ("-272");
  xserver_do ("mousemove %d %d click --repeat 3 5", stage.left + 20, stage.top + 30);
  run_for (100);
  guest_take_motion (&dx, &dy, &wheel);
  g_assert_cmpint (wheel, ==, -3);
  xserver_do ("click --repeat 2 4");
  run_for (100);
  guest_take_motion (&dx, &dy, &wheel);
  g_assert_cmpint (wheel, ==, 2);
  close_stage (&stage);
}

static gboolean
is_locked (Stage *stage)
{
  gboolean locked;
  g_object_get (stage->display, "locked", &locked, NULL);
  return locked;
}

static void
test_motion (void)
{
  Stage stage;
  int dx, dy, wheel, all_x = 0, all_y = 0;
  open_stage (&stage, 300, 200, FALSE, FALSE);
  g_assert_false (vt_session_takes_positions (stage.session));
  /* Not before it is taken over, by a click that the guest does not get. */
  xserver_do ("mousemove %d %d", stage.left + 10, stage.top + 10);
  guest_take_motion (&dx, &dy, &wheel);
  g_assert_cmpint (dx, ==, 0);
  xserver_do ("click 1");
  g_assert_true (wait_for (is_locked (&stage), 2000));
  expect_buttons ("");
  xserver_do ("mousemove_relative -- 3 1");
  guest_take_motion (&dx, &dy, &wheel);
  /* Further than the window is wide: it never gets to its edge. */
  for (int i = 0; i < 60; i++) {
    xserver_do ("mousemove_relative -- %d %d", 40 * stage.scale, -10 * stage.scale);
    guest_take_motion (&dx, &dy, &wheel);
    all_x += dx;
    all_y += dy;
  }
  g_assert_cmpint (ABS (all_x - 60 * 40), <=, 60);
  g_assert_cmpint (ABS (all_y + 60 * 10), <=, 60);
  xserver_do ("click 3");
  expect_buttons ("+273 -273");
  xserver_do ("key ctrl+alt");
  g_assert_true (wait_for (!is_locked (&stage), 2000));
  g_assert_false (vt_display_is_captured (stage.display));
  close_stage (&stage);
}

/* ---- Keys ---- */

static void
test_keys (void)
{
  Stage stage;
  open_stage (&stage, 300, 200, TRUE, FALSE);
  gtk_widget_grab_focus (GTK_WIDGET (stage.display));
  g_assert_true (wait_for (vt_display_is_captured (stage.display), 2000));
  g_free (guest_take_keys ());
  xserver_do ("key a");
  expect_keys ("+30 -30");
  xserver_do ("key shift+b");
  expect_keys ("+42 +48 -42 -48");
  /* The window's own keys are the guest's. */
  xserver_do ("key Tab F10 ctrl+q Delete");
  expect_keys ("+15 -15 +68 -68 +29 +16 -29 -16 +111 -111");
  /* Keys that are held are repeated by the guest. */
  xserver_do ("keydown c");
  run_for (900);
  xserver_do ("keyup c");
  expect_keys ("+46 -46");
  /* What is held when the focus goes is released. */
  xserver_do ("keydown d");
  expect_keys ("+32");
  vt_display_release (stage.display);
  expect_keys ("-32");
  xserver_do ("keyup d");
  g_assert_false (vt_display_is_captured (stage.display));
  xserver_do ("key e");
  expect_keys ("");
  /* Enter takes the keyboard; Ctrl+Alt gives it back, but not when they were part of something. */
  xserver_do ("key Return");
  g_assert_true (wait_for (vt_display_is_captured (stage.display), 2000));
  g_free (guest_take_keys ());
  xserver_do ("key ctrl+alt+End");
  g_assert_true (vt_display_is_captured (stage.display));
  expect_keys ("+29 +56 +107 -29 -56 -107");
  xserver_do ("key ctrl+alt");
  g_assert_true (wait_for (!vt_display_is_captured (stage.display), 2000));
  expect_keys ("+29 +56 -29 -56");
  close_stage (&stage);
}

/* ---- The agent: sizes, and the clipboard ---- */

static gboolean
wants (int width, int height)
{
  int now_width, now_height;
  guest_wanted (&now_width, &now_height);
  return now_width == width && now_height == height;
}

/* The machine sees to sizes itself, without the guest's agent. */
static void
test_resize (void)
{
  Stage stage;
  open_stage (&stage, 300, 200, TRUE, TRUE);
  g_assert_true (wait_for (vt_session_has_agent (stage.session), 3000));
  gtk_window_set_default_size (stage.window, 700, 500);
  run_for (500);
  g_assert_false (wants (700 * stage.scale, 500 * stage.scale));
  g_object_set (stage.display, "resize-guest", TRUE, NULL);
  g_assert_true (wait_for (wants (700 * stage.scale, 500 * stage.scale), 3000));
  /* No system draws for less. */
  gtk_window_set_default_size (stage.window, 300, 230);
  g_assert_true (wait_for (wants (640, 480), 3000));
  guest_agent_start ();
  run_for (200);
  gtk_window_set_default_size (stage.window, 660, 490);
  g_assert_true (wait_for (wants (660 * stage.scale, 490 * stage.scale), 3000));
  close_stage (&stage);
}

static gboolean
took (guint32 type, GBytes **ret)
{
  g_clear_pointer (ret, g_bytes_unref);
  *ret = guest_agent_take (type);
  return *ret != NULL;
}

static void
grab_for_guest (guint32 type)
{
  const guint32 grab[] = { VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD, type };
  guest_agent_send (VD_AGENT_CLIPBOARD_GRAB, grab, sizeof grab);
}

static void
request_for_guest (guint32 type)
{
  const guint32 request[] = { VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD, type };
  guest_agent_send (VD_AGENT_CLIPBOARD_REQUEST, request, sizeof request);
}

static void
answer_for_guest (guint32 type, const char *text)
{
  const guint32 head[] = { VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD, type };
  g_autoptr (GByteArray) answer = g_byte_array_new ();
  g_byte_array_append (answer, (const guint8 *)head, sizeof head);
  g_byte_array_append (answer, (const guint8 *)text, (guint)strlen (text));
  guest_agent_send (VD_AGENT_CLIPBOARD, answer->data, answer->len);
}

static void
on_text (GObject *source, GAsyncResult *result, gpointer text)
{
  *(char **)text = gdk_clipboard_read_text_finish (GDK_CLIPBOARD (source), result, NULL);
}

static void
test_clipboard (void)
{
  Stage stage;
  g_autoptr (GBytes) message = NULL;
  g_autofree char *text = NULL;
  gsize size;
  open_stage (&stage, 300, 200, TRUE, TRUE);
  GdkClipboard *gdk = gdk_display_get_clipboard (gdk_display_get_default ());
  VtClipboard *clipboard = vt_clipboard_new (stage.session, gdk);
  guest_agent_start ();
  g_assert_true (wait_for (vt_session_has_agent (stage.session), 3000));
  /* Questions of an agent that has not told what it can are no questions. */
  request_for_guest (VD_AGENT_CLIPBOARD_UTF8_TEXT);
  run_for (100);
  g_assert_false (took (VD_AGENT_CLIPBOARD, &message));
  guest_agent_announce ();
  run_for (200);
  /* From us: nothing before somebody looks at the guest, and the text only when it asks. */
  gdk_clipboard_set_text (gdk, "for the guest: é");
  run_for (200);
  g_assert_false (took (VD_AGENT_CLIPBOARD_GRAB, &message));
  request_for_guest (VD_AGENT_CLIPBOARD_UTF8_TEXT);
  g_assert_true (wait_for (took (VD_AGENT_CLIPBOARD, &message), 3000));
  g_assert_cmpuint (((const guint32 *)g_bytes_get_data (message, &size))[1], ==, VD_AGENT_CLIPBOARD_NONE);
  vt_clipboard_set_active (clipboard, TRUE);
  g_assert_true (wait_for (took (VD_AGENT_CLIPBOARD_GRAB, &message), 3000));
  g_assert_cmpuint (((const guint32 *)g_bytes_get_data (message, &size))[1], ==,
                    VD_AGENT_CLIPBOARD_UTF8_TEXT);
  request_for_guest (VD_AGENT_CLIPBOARD_UTF8_TEXT);
  g_assert_true (wait_for (took (VD_AGENT_CLIPBOARD, &message), 3000));
  const char *data = g_bytes_get_data (message, &size);
  g_assert_cmpmem (data + 8, size - 8, "for the guest: é", strlen ("for the guest: é"));
  /* From the guest: fetched when pasted, and not offered back. */
  grab_for_guest (VD_AGENT_CLIPBOARD_UTF8_TEXT);
  run_for (200);
  g_assert_false (took (VD_AGENT_CLIPBOARD_GRAB, &message));
  g_assert_false (took (VD_AGENT_CLIPBOARD_REQUEST, &message));
  gdk_clipboard_read_text_async (gdk, NULL, on_text, &text);
  g_assert_true (wait_for (took (VD_AGENT_CLIPBOARD_REQUEST, &message), 3000));
  answer_for_guest (VD_AGENT_CLIPBOARD_UTF8_TEXT, "from the guest: ü");
  g_assert_true (wait_for (text != NULL, 3000));
  g_assert_cmpstr (text, ==, "from the guest: ü");
  /* What is no known kind of content empties nothing; a release does. */
  g_assert_false (took (VD_AGENT_CLIPBOARD_GRAB, &message));
  const guint32 release = VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD;
  guest_agent_send (VD_AGENT_CLIPBOARD_RELEASE, &release, sizeof release);
  g_assert_true (wait_for (gdk_clipboard_get_content (gdk) == NULL, 3000));
  /* An image goes as PNG. */
  const guint8 pixel[4] = { 1, 2, 3, 255 };
  g_autoptr (GBytes) bytes = g_bytes_new (pixel, sizeof pixel);
  g_autoptr (GdkTexture) texture = gdk_memory_texture_new (1, 1, GDK_MEMORY_R8G8B8A8, bytes, 4);
  gdk_clipboard_set_texture (gdk, texture);
  g_assert_true (wait_for (took (VD_AGENT_CLIPBOARD_GRAB, &message), 3000));
  request_for_guest (VD_AGENT_CLIPBOARD_IMAGE_PNG);
  g_assert_true (wait_for (took (VD_AGENT_CLIPBOARD, &message), 3000));
  data = g_bytes_get_data (message, &size);
  g_assert_cmpmem (data + 8, 4, "\x89PNG", 4);
  g_object_unref (clipboard);
  close_stage (&stage);
}

int
main (int argc, char **argv)
{
  xserver_start (1400, 1000);
  gtk_test_init (&argc, &argv, NULL);
  /* libspice-server warns of every connection that ends in the middle of something. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_test_add_func ("/console/screen/pixels", test_pixels);
  g_test_add_func ("/console/screen/fit", test_fit);
  g_test_add_func ("/console/screen/idle", test_idle);
  g_test_add_func ("/console/screen/position", test_position);
  g_test_add_func ("/console/screen/buttons", test_buttons);
  g_test_add_func ("/console/screen/motion", test_motion);
  g_test_add_func ("/console/screen/keys", test_keys);
  g_test_add_func ("/console/screen/resize", test_resize);
  g_test_add_func ("/console/screen/clipboard", test_clipboard);
  const int status = g_test_run ();
  xserver_stop ();
  return status;
}
