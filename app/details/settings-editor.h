/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A machine's settings while a person changes them: what the engine has, and what is on its way there. */

#include "machine.h"
#include "settings-path.h"

#define VT_TYPE_SETTINGS_EDITOR (vt_settings_editor_get_type ())
G_DECLARE_FINAL_TYPE (VtSettingsEditor, vt_settings_editor, VT, SETTINGS_EDITOR, GObject)

/* Signals: "changed" (the settings, what waits for the next start, the machine's state, media, or the machine
 * itself); "flush" (the machine is about to be left: what still waits to be sent must be sent now, or be
 * forgotten). */
VtSettingsEditor *vt_settings_editor_new (void);
void vt_settings_editor_set_machine (VtSettingsEditor *editor, VtMachine *machine);
VtMachine *vt_settings_editor_get_machine (VtSettingsEditor *editor); /* may be NULL */
/* Changes with each machine: what was typed for another one is known by it. */
guint vt_settings_editor_get_epoch (VtSettingsEditor *editor);
/* Sends what waits. */
void vt_settings_editor_flush (VtSettingsEditor *editor);
/* The editor's; empty without a machine. */
GVariant *vt_settings_editor_get_settings (VtSettingsEditor *editor);
/* What the engine can do (a{sv}, as GetCapabilities() tells); NULL until it has answered. */
GVariant *vt_settings_editor_get_capabilities (VtSettingsEditor *editor);
/* Whether a change of this path has been made that waits for the next start. */
gboolean vt_settings_editor_is_pending (VtSettingsEditor *editor, const char *path);
/* Whether it can be changed now: a saved machine goes on only with the hardware that it was saved with. */
gboolean vt_settings_editor_may_change (VtSettingsEditor *editor, const char *path);

/* Shown as done until the engine refuses. `patch` may be floating. */
void vt_settings_editor_change (VtSettingsEditor *editor, GVariant *patch, GAsyncReadyCallback callback,
                                gpointer data);
gboolean vt_settings_editor_change_finish (VtSettingsEditor *editor, GAsyncResult *result, GError **error);
