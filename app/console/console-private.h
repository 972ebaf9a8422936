/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of VtConsolePage share. */

#include "clipboard.h"
#include "console-page.h"
#include "display.h"

struct _VtConsolePage {
  AdwBin parent_instance;
  AdwToolbarView *view;
  GtkWidget *chooser, *hint, *release_note, *dimmed, *keys_button;
  AdwBanner *typing_banner;
  AdwStatusPage *trouble;
  GtkWidget *trouble_start, *trouble_retry;
  GtkStack *states;  /* "off", "trouble", "wait", "screens" */
  GtkStack *screens; /* a VtDisplay in each, and VtTextConsoles */
  GtkPicture *thumbnail;
  GtkLabel *off_text;
  VtMachine *machine;
  VtSession *session;
  VtClipboard *clipboard;
  GCancellable *cancellable; /* of the machine's calls */
  gboolean fit, resize_guest;
  char *failure;              /* why there is no connection, or NULL */
  guint retry_timer, retries; /* since it was connected last */
  guint n_displays;
  GtkWindow *window; /* the one it is in */
  guint note_timer;
  GCancellable *typing; /* NULL: nothing is being typed */
  gboolean holds_thumbnail;
};

/* The display that is shown; NULL: a text console is, or none. */
VtDisplay *vt_console_page_display (VtConsolePage *page);

/* console-actions.c */
void vt_console_send_keys (GtkWidget *page, const char *name, GVariant *keys);
void vt_console_type_clipboard (GtkWidget *page, const char *name, GVariant *parameter);
void vt_console_stop_typing (VtConsolePage *page);
void vt_console_screenshot (GtkWidget *page, const char *name, GVariant *parameter);
void vt_console_start (GtkWidget *page, const char *name, GVariant *parameter);
void vt_console_resume (GtkWidget *page, const char *name, GVariant *parameter);
void vt_console_show_log (GtkWidget *page, const char *name, GVariant *parameter);
/* Sends files to the guest, if its agent takes any. */
gboolean vt_console_drop_files (VtConsolePage *page, GSList *files);

/* The characters of a text that a US keyboard has not, each once and quoted; NULL: it has all. */
char *vt_untypable (const char *text);
/* The text without them, and with lines ended by one character. */
char *vt_typable (const char *text);
