/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The page of a new machine's settings. */

#include "create-probe.h"

#include <adwaita.h>

#define VT_TYPE_CREATE_FORM (vt_create_form_get_type ())
G_DECLARE_FINAL_TYPE (VtCreateForm, vt_create_form, VT, CREATE_FORM, AdwPreferencesPage)

/* Signal "changed": a person has changed something. */

/* A file is being looked at; what stands on the page stays. */
void vt_create_form_look (VtCreateForm *form, const char *title);
/* That file is not used after all. FALSE: there is nothing to go back to. */
gboolean vt_create_form_go_back (VtCreateForm *form);
/* Shows what suits the file; what a person has typed before stays. `facts` is taken. */
void vt_create_form_fill (VtCreateForm *form, const char *title, VtCreateFacts *facts);

/* For CreateMachine() and CheckSettings() (floating). */
GVariant *vt_create_form_collect (VtCreateForm *form);
/* The role of the file ("cdrom", …), or NULL: there is none. */
const char *vt_create_form_get_role (VtCreateForm *form);
const char *vt_create_form_get_name (VtCreateForm *form);
/* Shows what CheckSettings() said, each at its row. */
void vt_create_form_show_remarks (VtCreateForm *form, GVariant *remarks);
/* Settings are shown, and no error stands. */
gboolean vt_create_form_is_good (VtCreateForm *form);
void vt_create_form_focus (VtCreateForm *form);
