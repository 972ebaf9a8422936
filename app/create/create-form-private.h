/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "choices.h"
#include "create-form.h"
#include "remark-row.h"

struct _VtCreateForm {
  AdwPreferencesPage parent_instance;
  GtkWidget *source_row, *source_icon, *source_spinner, *change_button;
  GtkWidget *machine_group, *more_group, *more_row;
  GtkWidget *name_row, *memory_row, *cpus_row, *disk_row, *network_row, *start_row, *agent_row, *serial_row;
  VtChoiceRow *architecture_row, *firmware_row, *import_row, *board_row, *cpu_row, *display_row, *input_row;
  VtRemarkRow *source_remark, *name_remark, *architecture_remark, *firmware_remark, *memory_remark,
      *cpus_remark, *disk_remark, *network_remark, *board_remark, *cpu_remark, *display_remark, *input_remark,
      *agent_remark, *serial_remark;
  GtkAdjustment *cpus_adjustment;

  char *title;          /* of what it is made from */
  VtCreateFacts *facts; /* NULL: nothing is known yet */
  gboolean looking;     /* at another file than the one that is shown */
  gboolean filling;     /* what changes now is not a person's doing */
  guint typed;          /* what a person has changed: a set of VtTyped */
};

typedef enum { VT_TYPED_NAME = 1, VT_TYPED_MEMORY = 2, VT_TYPED_CPUS = 4, VT_TYPED_DISK = 8 } VtTyped;

/* create-choices.c: what there is to choose from, and what suits the file. */
void vt_create_form_fill_choices (VtCreateForm *form);
/* What depends on the architecture. */
void vt_create_form_fill_by_architecture (VtCreateForm *form);

/* create-source.c: the row of what it is made from. */
void vt_create_form_show_source (VtCreateForm *form);

/* create-remarks.c: what the app knows without asking the engine. */
void vt_create_form_show_source_remark (VtCreateForm *form);
