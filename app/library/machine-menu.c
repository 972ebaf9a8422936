/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How the list and the menus show machines and their actions. */

#include "machine-actions.h"

#include <glib/gi18n.h>

static void
append (GMenu *menu, const char *label, const char *action)
{
  g_autoptr (GMenuItem) item = g_menu_item_new (label, action);
  /* A menu shows what can be done now, not all that could ever be. */
  g_menu_item_set_attribute (item, "hidden-when", "s", "action-disabled");
  g_menu_append_item (menu, item);
}

GMenuModel *
vt_machine_menu_new (void)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenu) run_section = g_menu_new (), folder = g_menu_new (), end = g_menu_new ();
  append (run_section, _ ("_Start"), "machine.start");
  append (run_section, _ ("Start _Afresh"), "machine.start-afresh");
  append (run_section, _ ("_Pause"), "machine.pause");
  append (run_section, _ ("Sa_ve"), "machine.save");
  append (run_section, _ ("Shut _Down"), "machine.shutdown");
  append (run_section, _ ("_Reset"), "machine.reset");
  append (run_section, _ ("Power _Off"), "machine.power-off");
  append (folder, _ ("Re_name…"), "machine.rename");
  append (folder, _ ("D_uplicate…"), "machine.duplicate");
  append (folder, _ ("_Group…"), "machine.group");
  append (folder, _ ("Show _Folder"), "machine.show-folder");
  append (end, _ ("De_lete…"), "machine.delete");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (run_section));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (folder));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (end));
  return G_MENU_MODEL (menu);
}

const char *
vt_machine_state_icon (VtMachineState state)
{
  switch (state) {
    case VT_MACHINE_STARTING: return "content-loading-symbolic";
    case VT_MACHINE_RUNNING: return "media-playback-start-symbolic";
    case VT_MACHINE_PAUSED: return "media-playback-pause-symbolic";
    case VT_MACHINE_STOPPING: return "system-shutdown-symbolic";
    case VT_MACHINE_SAVING:
    case VT_MACHINE_SAVED: return "document-save-symbolic";
    case VT_MACHINE_CRASHED: return "dialog-error-symbolic";
    case VT_MACHINE_BROKEN: return "dialog-warning-symbolic";
    default: return "media-playback-stop-symbolic";
  }
}
