/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of VtConsolePage share. */

#include "clipboard.h"
#include "console-page.h"
#include "display.h"

struct _VtConsolePage {
  AdwBin parent_instance;
  AdwToolbarView *view;
  GtkWidget *hint, *release_note, *dimmed, *keys_button;
  AdwBanner *typing_banner;
  AdwStatusPage *trouble;
  GtkWidget *trouble_start, *trouble_retry, *trouble_folder;
  GtkStack *states; /* "off", "trouble", "wait", "screens" */
  GtkPicture *thumbnail;
  GtkWidget *start_button;
  GtkLabel *off_text;
  VtMachine *machine;
  GtkWindow *window; /* the one it is in */
  gboolean fit, resize_guest;
  GBinding *thumbnail_binding; /* to the machine's */
  gboolean holds_thumbnail;
  guint note_timer;
  GCancellable *typing; /* NULL: nothing is being typed */

  /* Screens and text consoles (console-screens.c). */
  GtkStack *screens;      /* a VtDisplay in each, and VtTextConsoles */
  GtkMenuButton *chooser; /* of one of them */
  char *wanted;           /* the one that is to be shown, as soon as it is there */
  guint n_displays;
  guint listed_screens, listed_texts; /* in the menu, which is made anew only when they change */
  gboolean focus_wanted;              /* as soon as there is something to focus, */
  gpointer focus_was;                 /* unless the focus has moved since: only compared, it may be gone */

  /* The connection (console-connection.c). */
  VtSession *session;
  VtClipboard *clipboard;
  GCancellable *cancellable; /* of the machine's calls */
  char *failure;             /* why there is no connection, or NULL */
  guint retry_timer, retries;
  gint64 since; /* when it was connected last, monotonic */
};

/* console-page.c: brings what is shown up to date. */
void vt_console_page_update (VtConsolePage *page);

/* console-screens.c */
/* The display that is shown; NULL: a text console is, or none. */
VtDisplay *vt_console_page_display (VtConsolePage *page);
void vt_console_screens_init (VtConsolePage *page);
/* Displays and text consoles for what the session and the machine have now. */
void vt_console_screens_update (VtConsolePage *page);
void vt_console_screens_clear (VtConsolePage *page);
void vt_console_screens_show (VtConsolePage *page, const char *name);
/* True: what is wanted, or what can be had instead, is shown. */
gboolean vt_console_screens_ready (VtConsolePage *page);
gboolean vt_console_screens_focus (VtConsolePage *page);

/* console-connection.c */
void vt_console_connection_init (VtConsolePage *page);
/* It is connected while it is seen and the machine runs. */
void vt_console_connection_update (VtConsolePage *page);
/* Not any more, to this machine. */
void vt_console_connection_end (VtConsolePage *page);
void vt_console_retry (GtkWidget *page, const char *name, GVariant *parameter);

/* console-capture.c: the bar, and what is shown of the capture */
void vt_console_capture_init (VtConsolePage *page);
void vt_console_capture_update (VtConsolePage *page);
void vt_console_set_window (VtConsolePage *page, GtkWindow *window);

/* console-actions.c */
void vt_console_send_keys (GtkWidget *page, const char *name, GVariant *keys);
void vt_console_type_clipboard (GtkWidget *page, const char *name, GVariant *parameter);
void vt_console_stop_typing (VtConsolePage *page);
/* The guest's agent does. */
gboolean vt_console_takes_files (VtConsolePage *page);
/* Sends them to the guest. */
gboolean vt_console_drop_files (VtConsolePage *page, GSList *files);

/* console-log.c */
void vt_console_show_log (GtkWidget *page, const char *name, GVariant *parameter);

/* console-screenshot.c */
void vt_console_screenshot (GtkWidget *page, const char *name, GVariant *parameter);
void vt_console_copy_screenshot (GtkWidget *page, const char *name, GVariant *parameter);

/* The characters of a text that a US keyboard has not, each once and quoted; NULL: it has all. */
char *vt_untypable (const char *text);
/* The text without them, and with lines ended by one character. */
char *vt_typable (const char *text);
