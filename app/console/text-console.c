/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "text-console.h"
#include "engine.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>
#include <vte/vte.h>

#define PCRE2_CASELESS_FLAG  0x00000008u
#define PCRE2_MULTILINE_FLAG 0x00000400u

enum {
  READ_SIZE = 16384,
  LINES = 10000,       /* that are kept */
  MAX_QUEUE = 4 << 20, /* bytes typed or pasted that the guest has not taken */
};

struct _VtTextConsole {
  GtkBox parent_instance;
  VtMachine *machine;
  char *id;
  VteTerminal *terminal;
  GtkSearchBar *search_bar;
  GtkEditable *search_entry;
  GtkLabel *status;
  GtkScrolledWindow *scrolled_window;
  GMenuModel *text_menu;
  GIOStream *stream;         /* NULL: not connected */
  GCancellable *cancellable; /* of all that is under way */
  gboolean opening;
  GByteArray *queue; /* typed and not sent yet */
  gboolean sending;
};

G_DEFINE_FINAL_TYPE (VtTextConsole, vt_text_console, GTK_TYPE_BOX)

static void
set_status (VtTextConsole *self, const char *text)
{
  gtk_label_set_label (self->status, text ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->status), text != NULL);
}

/* ---- The socket ----
 *
 * What is under way holds no reference, lest a guest that prints nothing keep a console that nobody sees: it
 * is cancelled first, and what is cancelled touches nothing. */

void
vt_text_console_disconnect (VtTextConsole *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->stream);
  self->opening = self->sending = FALSE;
  g_byte_array_set_size (self->queue, 0);
}

static void
on_end (VtTextConsole *self)
{
  vt_text_console_disconnect (self);
  set_status (self, _ ("The text console is not connected."));
}

static void read_more (VtTextConsole *self);

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  VtTextConsole *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (!bytes || g_bytes_get_size (bytes) == 0) {
    on_end (self);
    return;
  }
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);
  vte_terminal_feed (self->terminal, text, (gssize)size);
  read_more (self);
}

/* At a low priority, so that a guest that prints without end does not hold the window up. */
static void
read_more (VtTextConsole *self)
{
  g_input_stream_read_bytes_async (g_io_stream_get_input_stream (self->stream), READ_SIZE, G_PRIORITY_LOW,
                                   self->cancellable, on_read, self);
}

static void send_more (VtTextConsole *self);

static void
on_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  VtTextConsole *self = data;
  g_autoptr (GError) error = NULL;
  const gssize n = g_output_stream_write_bytes_finish (G_OUTPUT_STREAM (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self->sending = FALSE;
  /* Its end is noticed by the reader. */
  if (n < 0)
    return;
  g_byte_array_remove_range (self->queue, 0, (guint)n);
  send_more (self);
}

static void
send_more (VtTextConsole *self)
{
  if (self->sending || !self->queue->len)
    return;
  g_autoptr (GBytes) bytes = g_bytes_new (self->queue->data, MIN (self->queue->len, READ_SIZE));
  self->sending = TRUE;
  g_output_stream_write_bytes_async (g_io_stream_get_output_stream (self->stream), bytes, G_PRIORITY_DEFAULT,
                                     self->cancellable, on_sent, self);
}

static void
on_commit (VteTerminal *terminal, const char *text, guint size, VtTextConsole *self)
{
  if (!self->stream || self->queue->len + (guint64)size > MAX_QUEUE)
    return;
  g_byte_array_append (self->queue, (const guint8 *)text, size);
  send_more (self);
}

void
vt_text_console_give (VtTextConsole *self, int fd)
{
  g_autoptr (GError) error = NULL;
  vt_text_console_disconnect (self);
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);
  if (!socket) {
    close (fd);
    set_status (self, error->message);
    return;
  }
  self->cancellable = g_cancellable_new ();
  self->stream = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  set_status (self, NULL);
  read_more (self);
}

static void
on_open (GObject *source, GAsyncResult *result, gpointer data)
{
  VtTextConsole *self = data;
  g_autoptr (GError) error = NULL;
  const int fd = vt_machine_open_finish (VT_MACHINE (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (fd >= 0) {
    vt_text_console_give (self, fd);
  } else {
    self->opening = FALSE;
    g_autofree char *cause = vt_error_cause (error);
    set_status (self, cause);
  }
}

void
vt_text_console_connect (VtTextConsole *self)
{
  if (self->stream || self->opening || !self->machine || !vt_machine_is_alive (self->machine))
    return;
  self->opening = TRUE;
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  vt_machine_open (self->machine, self->id, self->cancellable, on_open, self);
}

static void
on_alive (VtTextConsole *self)
{
  if (vt_machine_is_alive (self->machine))
    vt_text_console_connect (self);
  else
    on_end (self);
}

/* ---- Searching ---- */

static void
find (VtTextConsole *self, gboolean back)
{
  const char *text = gtk_editable_get_text (self->search_entry);
  if (!*text) {
    vte_terminal_search_set_regex (self->terminal, NULL, 0);
    return;
  }
  g_autofree char *pattern = g_regex_escape_string (text, -1);
  g_autoptr (VteRegex) regex =
      vte_regex_new_for_search (pattern, -1, PCRE2_MULTILINE_FLAG | PCRE2_CASELESS_FLAG, NULL);
  vte_terminal_search_set_regex (self->terminal, regex, 0);
  vte_terminal_search_set_wrap_around (self->terminal, TRUE);
  const gboolean found = back ? vte_terminal_search_find_previous (self->terminal)
                              : vte_terminal_search_find_next (self->terminal);
  if (found)
    gtk_widget_remove_css_class (GTK_WIDGET (self->search_entry), "error");
  else
    gtk_widget_add_css_class (GTK_WIDGET (self->search_entry), "error");
}

static void
on_search (VtTextConsole *self)
{
  find (self, TRUE);
}

static void
on_stop_search (VtTextConsole *self)
{
  gtk_search_bar_set_search_mode (self->search_bar, FALSE);
  gtk_widget_grab_focus (GTK_WIDGET (self->terminal));
}

/* ---- Actions ---- */

static void
act_copy (GtkWidget *widget, const char *name, GVariant *parameter)
{
  vte_terminal_copy_clipboard_format (VT_TEXT_CONSOLE (widget)->terminal, VTE_FORMAT_TEXT);
}

static void
act_paste (GtkWidget *widget, const char *name, GVariant *parameter)
{
  vte_terminal_paste_clipboard (VT_TEXT_CONSOLE (widget)->terminal);
}

static void
act_select_all (GtkWidget *widget, const char *name, GVariant *parameter)
{
  vte_terminal_select_all (VT_TEXT_CONSOLE (widget)->terminal);
}

static void
act_clear (GtkWidget *widget, const char *name, GVariant *parameter)
{
  vte_terminal_reset (VT_TEXT_CONSOLE (widget)->terminal, TRUE, TRUE);
}

static void
act_find (GtkWidget *widget, const char *name, GVariant *parameter)
{
  VtTextConsole *self = VT_TEXT_CONSOLE (widget);
  gtk_search_bar_set_search_mode (self->search_bar, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}

static void
act_find_again (GtkWidget *widget, const char *name, GVariant *parameter)
{
  find (VT_TEXT_CONSOLE (widget), g_str_equal (name, "text.find-previous"));
}

/* ---- The widget ---- */

/* Before the terminal has them, which would send them to the guest. */
static void
add_shortcuts (VtTextConsole *self)
{
  static const struct {
    const char *keys, *action;
  } shortcuts[] = {
    { "<Control><Shift>c", "text.copy" },       { "<Control><Shift>v", "text.paste" },
    { "<Control><Shift>a", "text.select-all" }, { "<Control><Shift>f", "text.find" },
    { "<Control><Shift>g", "text.find-next" },  { "<Control><Shift>h", "text.find-previous" },
  };
  GtkEventController *controller = gtk_shortcut_controller_new ();
  gtk_event_controller_set_propagation_phase (controller, GTK_PHASE_CAPTURE);
  for (guint i = 0; i < G_N_ELEMENTS (shortcuts); i++)
    gtk_shortcut_controller_add_shortcut (
        GTK_SHORTCUT_CONTROLLER (controller),
        gtk_shortcut_new (gtk_shortcut_trigger_parse_string (shortcuts[i].keys),
                          gtk_named_action_new (shortcuts[i].action)));
  gtk_widget_add_controller (GTK_WIDGET (self), controller);
}

static void
set_up_terminal (VtTextConsole *self)
{
  self->terminal = VTE_TERMINAL (vte_terminal_new ());
  vte_terminal_set_scrollback_lines (self->terminal, LINES);
  vte_terminal_set_scroll_on_keystroke (self->terminal, TRUE);
  vte_terminal_set_scroll_on_output (self->terminal, FALSE);
  vte_terminal_set_mouse_autohide (self->terminal, TRUE);
  vte_terminal_set_audible_bell (self->terminal, FALSE);
  vte_terminal_set_allow_hyperlink (self->terminal, FALSE);
  vte_terminal_set_context_menu_model (self->terminal, self->text_menu);
  gtk_scrolled_window_set_child (self->scrolled_window, GTK_WIDGET (self->terminal));
  g_signal_connect (self->terminal, "commit", G_CALLBACK (on_commit), self);
}

static gboolean
grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (VT_TEXT_CONSOLE (widget)->terminal));
}

GtkWidget *
vt_text_console_new (VtMachine *machine, const char *id)
{
  VtTextConsole *self = g_object_new (VT_TYPE_TEXT_CONSOLE, NULL);
  self->id = g_strdup (id);
  g_autofree char *label = g_strdup_printf (_ ("Text console %s"), id);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->terminal), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  if (machine) {
    self->machine = g_object_ref (machine);
    g_signal_connect_object (machine, "notify::alive", G_CALLBACK (on_alive), self, G_CONNECT_SWAPPED);
    vt_text_console_connect (self);
  }
  return GTK_WIDGET (self);
}

static void
dispose (GObject *object)
{
  VtTextConsole *self = VT_TEXT_CONSOLE (object);
  if (self->queue)
    vt_text_console_disconnect (self);
  g_clear_pointer (&self->queue, g_byte_array_unref);
  g_clear_object (&self->machine);
  g_clear_pointer (&self->id, g_free);
  if (self->terminal)
    g_signal_handlers_disconnect_by_data (self->terminal, self);
  self->terminal = NULL;
  gtk_widget_dispose_template (GTK_WIDGET (self), VT_TYPE_TEXT_CONSOLE);
  G_OBJECT_CLASS (vt_text_console_parent_class)->dispose (object);
}

static void
vt_text_console_class_init (VtTextConsoleClass *class)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  widget->grab_focus = grab_focus;
  gtk_widget_class_set_template_from_resource (widget, "/org/vitrine/Vitrine/ui/text-console.ui");
  gtk_widget_class_bind_template_child (widget, VtTextConsole, search_bar);
  gtk_widget_class_bind_template_child (widget, VtTextConsole, search_entry);
  gtk_widget_class_bind_template_child (widget, VtTextConsole, status);
  gtk_widget_class_bind_template_child (widget, VtTextConsole, scrolled_window);
  gtk_widget_class_bind_template_child (widget, VtTextConsole, text_menu);
  gtk_widget_class_install_action (widget, "text.copy", NULL, act_copy);
  gtk_widget_class_install_action (widget, "text.paste", NULL, act_paste);
  gtk_widget_class_install_action (widget, "text.select-all", NULL, act_select_all);
  gtk_widget_class_install_action (widget, "text.clear", NULL, act_clear);
  gtk_widget_class_install_action (widget, "text.find", NULL, act_find);
  gtk_widget_class_install_action (widget, "text.find-next", NULL, act_find_again);
  gtk_widget_class_install_action (widget, "text.find-previous", NULL, act_find_again);
}

static void
vt_text_console_init (VtTextConsole *self)
{
  self->queue = g_byte_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  set_up_terminal (self);
  add_shortcuts (self);
  gtk_search_bar_connect_entry (self->search_bar, self->search_entry);
  g_signal_connect_swapped (self->search_entry, "search-changed", G_CALLBACK (on_search), self);
  g_signal_connect_swapped (self->search_entry, "activate", G_CALLBACK (on_search), self);
  g_signal_connect_swapped (self->search_entry, "stop-search", G_CALLBACK (on_stop_search), self);
}
