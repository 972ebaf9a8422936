/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of the machine's actions share. */

#include "machine-actions.h"

typedef struct {
  VtMachine *machine;
  GListModel *machines;
  GtkWidget *parent;         /* weak */
  GSimpleActionGroup *group; /* its owner */
} VtMachineActions;

/* Calls the method; an error is shown over the window, and `done` (may be NULL) as a toast. */
void vt_machine_run (VtMachineActions *self, const char *method, GVariant *arguments, const char *done);
/* Questions may outlive the widget whose actions these are. */
VtMachineActions *vt_machine_actions_held (VtMachineActions *self);
void vt_machine_actions_unref (gpointer self);

/* The actions; `data` is a VtMachineActions. machine-power.c and machine-folder.c */
void vt_act_start (GSimpleAction *action, GVariant *parameter, gpointer data);
void vt_act_start_afresh (GSimpleAction *action, GVariant *parameter, gpointer data);
void vt_act_pause (GSimpleAction *action, GVariant *parameter, gpointer data);
void vt_act_shutdown (GSimpleAction *action, GVariant *parameter, gpointer data);
void vt_act_save (GSimpleAction *action, GVariant *parameter, gpointer data);
void vt_act_power_off (GSimpleAction *action, GVariant *parameter, gpointer data);
void vt_act_reset (GSimpleAction *action, GVariant *parameter, gpointer data);
void vt_act_rename (GSimpleAction *action, GVariant *parameter, gpointer data);
void vt_act_group (GSimpleAction *action, GVariant *parameter, gpointer data);
void vt_act_duplicate (GSimpleAction *action, GVariant *parameter, gpointer data);
void vt_act_delete (GSimpleAction *action, GVariant *parameter, gpointer data);
void vt_act_show_folder (GSimpleAction *action, GVariant *parameter, gpointer data);
