/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "create-dialog.h"
#include "create-form.h"

struct _VtCreateDialog {
  AdwDialog parent_instance;
  VtCreateForm *form;
  GtkStack *stack;
  AdwStatusPage *ask_page, *progress_page;
  GtkWidget *choose_button, *create_button;
  GtkProgressBar *progress_bar;
  GtkDropTarget *drop_target;

  VtEngine *engine;
  GFile *file;               /* what it is made from; NULL: nothing */
  GFile *wanted_file;        /* what is looked at */
  gboolean waiting;          /* for the engine, to look at `wanted_file` */
  GCancellable *cancellable; /* the dialog's */
  GCancellable *probing;     /* NULL: nothing is looked at */
  GCancellable *checking;
  GCancellable *creating; /* NULL: nothing is being made */
  guint check_timer, progress_timer, pulse_timer;
};

/* Which actions can be had now. */
void vt_create_dialog_update (VtCreateDialog *dialog);
/* "ask", "form" or "progress". */
void vt_create_dialog_show_page (VtCreateDialog *dialog, const char *name);
/* A token for an operation; the one before is cancelled. */
GCancellable *vt_create_renew (GCancellable **token);

/* create-make.c: what becomes of the settings. */
void vt_create_dialog_check (VtCreateDialog *dialog);
void vt_create_dialog_check_soon (VtCreateDialog *dialog);
void vt_create_dialog_make (VtCreateDialog *dialog);
void vt_create_dialog_stop (VtCreateDialog *dialog);
