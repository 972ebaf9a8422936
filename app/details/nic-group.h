/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A network adapter, and the ports of this computer that lead to it. */

#include "settings-editor.h"

#include <adwaita.h>

#define VT_TYPE_NIC_GROUP (vt_nic_group_get_type ())
G_DECLARE_FINAL_TYPE (VtNicGroup, vt_nic_group, VT, NIC_GROUP, AdwPreferencesGroup)

GtkWidget *vt_nic_group_new (VtSettingsEditor *editor, const char *id);
