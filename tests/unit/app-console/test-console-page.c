/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The console's page in each state of a machine. With VITRINE_SCREENSHOTS it leaves pictures there. */

#include "console-private.h"
#include "fake-vt-machine.h"
#include "guest.h"
#include "text-console.h"
#include "xserver.h"

#include <gdk/x11/gdkx.h>
#include <string.h>
#include <sys/socket.h>

typedef struct {
  GtkWindow *window;
  VtConsolePage *page;
  VtMachine *machine;
} Stage;

static void
keep_picture (const char *name)
{
  const char *folder = g_getenv ("VITRINE_SCREENSHOTS");
  if (!folder)
    return;
  int width;
  run_for (600);
  g_autofree guint32 *pixels = xserver_pixels (&width);
  g_autoptr (GBytes) bytes = g_bytes_new (pixels, 4 * 1000 * (gsize)width);
  g_autoptr (GdkTexture) texture =
      gdk_memory_texture_new (900, 640, GDK_MEMORY_B8G8R8X8, bytes, 4 * (gsize)width);
  g_autofree char *path = g_strdup_printf ("%s/console-%s.png", folder, name);
  gdk_texture_save_to_png (texture, path);
}

G_GNUC_BEGIN_IGNORE_DEPRECATIONS
static void
focus (GtkWindow *window)
{
  xserver_do ("windowfocus %lu", gdk_x11_surface_get_xid (gtk_native_get_surface (GTK_NATIVE (window))));
}
G_GNUC_END_IGNORE_DEPRECATIONS

static void
open_stage (Stage *stage)
{
  guest_open (640, 400, TRUE);
  guest_fill (0, 0, 640, 400, 0x204060);
  guest_fill (100, 100, 200, 100, 0xe0a020);
  stage->machine = fake_vt_machine_new ("Debian 13");
  stage->window = GTK_WINDOW (adw_window_new ());
  stage->page = VT_CONSOLE_PAGE (g_object_ref_sink (vt_console_page_new (stage->machine)));
  gtk_window_set_default_size (stage->window, 900, 640);
  adw_window_set_content (ADW_WINDOW (stage->window), GTK_WIDGET (stage->page));
  gtk_window_present (stage->window);
  focus (stage->window);
  run_for (200);
}

static void
close_stage (Stage *stage)
{
  AdwDialog *dialog = adw_window_get_visible_dialog (ADW_WINDOW (stage->window));
  if (dialog)
    adw_dialog_force_close (dialog);
  run_for (50);
  gtk_window_destroy (stage->window);
  run_for (100);
  g_object_unref (stage->page);
  g_object_unref (stage->machine);
  run_for (50);
  guest_close ();
}

static gboolean
shows (Stage *stage, const char *state)
{
  return g_str_equal (gtk_stack_get_visible_child_name (stage->page->states), state);
}

static gboolean
has_picture (Stage *stage)
{
  gboolean picture = FALSE;
  VtDisplay *display = vt_console_page_display (stage->page);
  if (display)
    g_object_get (display, "picture", &picture, NULL);
  return picture;
}

static void
expect_call (Stage *stage, const char *expected)
{
  g_autofree char *call = NULL;
  g_assert_true (wait_for (call || (call = fake_vt_machine_take_call (stage->machine)), 2000));
  g_assert_cmpstr (call, ==, expected);
}

static void
on_start (GSimpleAction *action, GVariant *parameter, gpointer n)
{
  ++*(int *)n;
}

/* The button does what the window's machine.start does. */
static void
expect_start (Stage *stage, GtkWidget *button)
{
  static const GActionEntry entries[] = { { "start", on_start } };
  g_autoptr (GSimpleActionGroup) group = g_simple_action_group_new ();
  int n = 0;
  g_action_map_add_action_entries (G_ACTION_MAP (group), entries, 1, &n);
  gtk_widget_insert_action_group (GTK_WIDGET (stage->window), "machine", G_ACTION_GROUP (group));
  g_assert_true (gtk_widget_grab_focus (GTK_WIDGET (stage->page)));
  g_assert_true (gtk_window_get_focus (stage->window) == button);
  xserver_do ("key Return");
  g_assert_true (wait_for (n == 1, 2000));
  gtk_widget_insert_action_group (GTK_WIDGET (stage->window), "machine", NULL);
}

static void
test_states (void)
{
  Stage stage;
  open_stage (&stage);
  g_assert_true (shows (&stage, "off"));
  keep_picture ("off");
  expect_start (&stage, stage.page->start_button);
  fake_vt_machine_set_state (stage.machine, VT_MACHINE_RUNNING, "");
  g_assert_true (wait_for (has_picture (&stage), 5000));
  g_assert_true (shows (&stage, "screens"));
  keep_picture ("running");
  gtk_widget_activate_action (GTK_WIDGET (stage.page), "console.send-keys", "s", "ctrl alt delete");
  expect_call (&stage, "SendKeys (['ctrl', 'alt', 'delete'],)");
  fake_vt_machine_set_state (stage.machine, VT_MACHINE_PAUSED, "");
  g_assert_true (gtk_widget_get_mapped (stage.page->dimmed));
  keep_picture ("paused");
  fake_vt_machine_set_state (stage.machine, VT_MACHINE_RUNNING, "");
  g_assert_false (gtk_widget_get_mapped (stage.page->dimmed));
  fake_vt_machine_set_state (stage.machine, VT_MACHINE_CRASHED,
                             "Its process ended.\nSee the log & start it again.");
  g_assert_true (shows (&stage, "trouble"));
  g_assert_cmpint (vt_session_get_state (stage.page->session), ==, VT_SESSION_CLOSED);
  keep_picture ("crashed");
  g_assert_cmpstr (adw_status_page_get_description (stage.page->trouble), ==,
                   "Its process ended.\n\nSee the log &amp; start it again.");
  expect_start (&stage, stage.page->trouble_start);
  gtk_widget_activate_action (GTK_WIDGET (stage.page), "console.show-log", NULL);
  expect_call (&stage, "GetLog");
  keep_picture ("log");
  /* It comes back when the machine does. */
  fake_vt_machine_set_state (stage.machine, VT_MACHINE_RUNNING, "");
  g_assert_true (wait_for (has_picture (&stage), 5000));
  gpointer page = stage.page, machine = stage.machine;
  g_object_add_weak_pointer (G_OBJECT (page), &page);
  g_object_add_weak_pointer (G_OBJECT (machine), &machine);
  close_stage (&stage);
  g_assert_null (page);
  g_assert_null (machine);
}

/* A screen that nobody sees is not connected. */
static void
test_unseen (void)
{
  Stage stage;
  open_stage (&stage);
  fake_vt_machine_set_state (stage.machine, VT_MACHINE_RUNNING, "");
  g_assert_true (wait_for (has_picture (&stage), 5000));
  gtk_widget_set_visible (GTK_WIDGET (stage.page), FALSE);
  g_assert_cmpint (vt_session_get_state (stage.page->session), ==, VT_SESSION_CLOSED);
  gtk_widget_set_visible (GTK_WIDGET (stage.page), TRUE);
  g_assert_true (wait_for (has_picture (&stage), 5000));
  /* Neither is that of a machine that is not chosen any more. */
  vt_console_page_set_machine (stage.page, NULL);
  g_assert_cmpint (vt_session_get_state (stage.page->session), ==, VT_SESSION_CLOSED);
  vt_console_page_set_machine (stage.page, stage.machine);
  g_assert_true (wait_for (has_picture (&stage), 5000));
  close_stage (&stage);
}

static void
test_refused (void)
{
  Stage stage;
  open_stage (&stage);
  fake_vt_machine_refuse (stage.machine, TRUE);
  fake_vt_machine_set_state (stage.machine, VT_MACHINE_RUNNING, "");
  g_assert_true (wait_for (stage.page->failure != NULL, 3000));
  g_assert_cmpstr (stage.page->failure, ==, "It is refused.\nDo not ask.");
  fake_vt_machine_refuse (stage.machine, FALSE);
  gtk_widget_activate_action (GTK_WIDGET (stage.page), "console.retry", NULL);
  g_assert_true (wait_for (has_picture (&stage), 5000));
  close_stage (&stage);
}

static void
test_typing (void)
{
  Stage stage;
  open_stage (&stage);
  fake_vt_machine_set_state (stage.machine, VT_MACHINE_RUNNING, "");
  gdk_clipboard_set_text (gdk_display_get_clipboard (gdk_display_get_default ()), "echo hello\r\n");
  gtk_widget_activate_action (GTK_WIDGET (stage.page), "console.type-clipboard", NULL);
  expect_call (&stage, "TypeText ('echo hello\\n',)");
  g_assert_true (wait_for (!stage.page->typing, 2000));
  gdk_clipboard_set_text (gdk_display_get_clipboard (gdk_display_get_default ()), "über");
  gtk_widget_activate_action (GTK_WIDGET (stage.page), "console.type-clipboard", NULL);
  run_for (300);
  g_assert_null (fake_vt_machine_take_call (stage.machine));
  keep_picture ("untypable");
  close_stage (&stage);
}

static void
test_text_console (void)
{
  Stage stage;
  char typed[16] = "";
  const char *text = "Debian GNU/Linux 13 debian ttyS0\r\n\r\ndebian login: ";
  open_stage (&stage);
  fake_vt_machine_set_state (stage.machine, VT_MACHINE_RUNNING, "");
  g_assert_true (wait_for (has_picture (&stage), 5000));
  g_assert_true (wait_for (fake_vt_machine_serial (stage.machine) >= 0, 3000));
  g_assert_cmpint (send (fake_vt_machine_serial (stage.machine), text, strlen (text), 0), ==,
                   (gssize)strlen (text));
  gtk_widget_activate_action (GTK_WIDGET (stage.page), "console.screen", "s", "serial0");
  g_assert_cmpstr (gtk_stack_get_visible_child_name (stage.page->screens), ==, "serial0");
  g_assert_true (gtk_widget_grab_focus (GTK_WIDGET (stage.page)));
  run_for (300);
  xserver_do ("key r o o t Return");
  g_assert_true (
      wait_for (recv (fake_vt_machine_serial (stage.machine), typed, 5, MSG_DONTWAIT | MSG_PEEK) == 5, 3000));
  g_assert_cmpstr (typed, ==, "root\r");
  xserver_do ("key ctrl+shift+f");
  run_for (300);
  keep_picture ("text");
  close_stage (&stage);
}

/* What is read stays where it is when the screen comes again; and the screen is what one comes to first. */
static void
test_chosen (void)
{
  Stage stage;
  open_stage (&stage);
  fake_vt_machine_set_state (stage.machine, VT_MACHINE_RUNNING, "");
  g_assert_true (wait_for (has_picture (&stage), 5000));
  g_assert_true (gtk_widget_get_visible (GTK_WIDGET (stage.page->chooser)));
  g_assert_cmpstr (gtk_menu_button_get_label (stage.page->chooser), ==, "Screen 1");
  gtk_widget_activate_action (GTK_WIDGET (stage.page), "console.screen", "s", "serial0");
  g_assert_null (vt_console_page_display (stage.page));
  g_assert_cmpstr (gtk_menu_button_get_label (stage.page->chooser), ==, "Text Console serial0");
  vt_session_close (stage.page->session);
  g_assert_cmpuint (stage.page->n_displays, ==, 0);
  g_assert_true (wait_for (stage.page->n_displays == 1, 5000));
  g_assert_cmpstr (gtk_stack_get_visible_child_name (stage.page->screens), ==, "serial0");
  gtk_widget_activate_action (GTK_WIDGET (stage.page), "console.screen", "s", "screen0");
  g_assert_true (wait_for (has_picture (&stage), 5000));
  vt_session_close (stage.page->session);
  g_assert_true (shows (&stage, "wait"));
  g_assert_true (wait_for (has_picture (&stage), 5000));
  /* No such thing: nothing happens. */
  gtk_widget_activate_action (GTK_WIDGET (stage.page), "console.screen", "s", "serial7");
  g_assert_true (has_picture (&stage));
  close_stage (&stage);
}

/* A machine that is opened is typed to as soon as its screen is there, unless one has gone elsewhere since.
 */
static void
test_focus (void)
{
  Stage stage;
  open_stage (&stage);
  fake_vt_machine_set_state (stage.machine, VT_MACHINE_RUNNING, "");
  gtk_widget_grab_focus (GTK_WIDGET (stage.page));
  g_assert_true (wait_for (has_picture (&stage), 5000));
  g_assert_true (vt_display_is_captured (vt_console_page_display (stage.page)));
  vt_session_close (stage.page->session);
  gtk_widget_grab_focus (GTK_WIDGET (stage.page));
  g_assert_true (gtk_widget_grab_focus (stage.page->keys_button));
  g_assert_true (wait_for (has_picture (&stage), 5000));
  run_for (100);
  g_assert_false (vt_display_is_captured (vt_console_page_display (stage.page)));
  close_stage (&stage);
}

/* In a full screen the bar comes when the pointer is at the upper edge, and goes when it leaves. */
static void
test_full_screen (void)
{
  Stage stage;
  open_stage (&stage);
  fake_vt_machine_set_state (stage.machine, VT_MACHINE_RUNNING, "");
  g_assert_true (wait_for (has_picture (&stage), 5000));
  /* Without a window manager only a window that is not shown yet can become one. */
  gtk_widget_set_visible (GTK_WIDGET (stage.window), FALSE);
  gtk_window_fullscreen (stage.window);
  gtk_window_present (stage.window);
  focus (stage.window);
  g_assert_true (wait_for (gtk_window_is_fullscreen (stage.window), 2000));
  g_assert_true (wait_for (has_picture (&stage), 5000));
  g_assert_true (wait_for (!adw_toolbar_view_get_reveal_top_bars (stage.page->view), 2000));
  xserver_do ("mousemove 400 300");
  run_for (300);
  /* The window has a border, since nobody has made it as large as the screen. */
  xserver_do ("mousemove 400 5");
  keep_picture ("full-screen-bar");
  g_assert_true (wait_for (adw_toolbar_view_get_reveal_top_bars (stage.page->view), 2000));
  xserver_do ("mousemove 400 300");
  g_assert_true (wait_for (!adw_toolbar_view_get_reveal_top_bars (stage.page->view), 2000));
  gtk_widget_grab_focus (GTK_WIDGET (stage.page));
  g_assert_true (wait_for (gtk_widget_get_visible (stage.page->release_note), 2000));
  g_assert_nonnull (strstr (gtk_label_get_label (GTK_LABEL (stage.page->release_note)), "F11"));
  close_stage (&stage);
}

static void
count_page (gpointer n, GObject *page)
{
  --*(int *)n;
}

/* Twenty consoles, opened and closed: nothing of them stays. */
static void
test_many (void)
{
  int n = 0;
  for (int i = 0; i < 20; i++) {
    Stage stage;
    open_stage (&stage);
    fake_vt_machine_set_state (stage.machine, VT_MACHINE_RUNNING, "");
    g_assert_true (wait_for (has_picture (&stage), 5000));
    if (i % 2)
      gtk_widget_activate_action (GTK_WIDGET (stage.page), "console.screen", "s", "serial0");
    gpointer alive[] = { stage.page,          stage.machine,
                         stage.page->session, stage.page->clipboard,
                         stage.page->screens, vt_session_get_main (stage.page->session) };
    for (guint j = 0; j < G_N_ELEMENTS (alive); j++, n++)
      g_object_weak_ref (alive[j], count_page, &n);
    close_stage (&stage);
  }
  g_assert_true (wait_for (n == 0, 2000));
}

int
main (int argc, char **argv)
{
  xserver_start (1400, 1000);
  gtk_test_init (&argc, &argv, NULL);
  /* libspice-server warns of every connection that ends in the middle of something. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  adw_init ();
  g_test_add_func ("/console/page/states", test_states);
  g_test_add_func ("/console/page/unseen", test_unseen);
  g_test_add_func ("/console/page/refused", test_refused);
  g_test_add_func ("/console/page/typing", test_typing);
  g_test_add_func ("/console/page/text-console", test_text_console);
  g_test_add_func ("/console/page/chosen", test_chosen);
  g_test_add_func ("/console/page/focus", test_focus);
  g_test_add_func ("/console/page/full-screen", test_full_screen);
  g_test_add_func ("/console/page/many", test_many);
  const int status = g_test_run ();
  xserver_stop ();
  return status;
}
