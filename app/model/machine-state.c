/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-private.h"

#include <glib/gi18n.h>

static const struct {
  GEnumValue value; /* the nick is the name on the bus */
  const char *text;
} states[] = {
  { { VT_MACHINE_OFF, "VT_MACHINE_OFF", "off" }, N_ ("Off") },
  { { VT_MACHINE_STARTING, "VT_MACHINE_STARTING", "starting" }, N_ ("Starting") },
  { { VT_MACHINE_RUNNING, "VT_MACHINE_RUNNING", "running" }, N_ ("Running") },
  { { VT_MACHINE_PAUSED, "VT_MACHINE_PAUSED", "paused" }, N_ ("Paused") },
  { { VT_MACHINE_STOPPING, "VT_MACHINE_STOPPING", "stopping" }, N_ ("Shutting down") },
  { { VT_MACHINE_SAVING, "VT_MACHINE_SAVING", "saving" }, N_ ("Saving") },
  { { VT_MACHINE_SAVED, "VT_MACHINE_SAVED", "saved" }, N_ ("Saved") },
  { { VT_MACHINE_CRASHED, "VT_MACHINE_CRASHED", "crashed" }, N_ ("Crashed") },
  { { VT_MACHINE_BROKEN, "VT_MACHINE_BROKEN", "broken" }, N_ ("Not usable") },
};

GType
vt_machine_state_get_type (void)
{
  static GType type = 0;
  if (g_once_init_enter_pointer (&type)) {
    static GEnumValue values[G_N_ELEMENTS (states) + 1];
    for (size_t i = 0; i < G_N_ELEMENTS (states); i++)
      values[i] = states[i].value;
    g_once_init_leave_pointer (&type, g_enum_register_static ("VtMachineState", values));
  }
  return type;
}

/* A newer engine may know states that we do not: nothing can be done with such a machine but look at it. */
VtMachineState
vt_machine_state_from_name (const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS (states); i++)
    if (g_str_equal (states[i].value.value_nick, name))
      return states[i].value.value;
  return VT_MACHINE_BROKEN;
}

const char *
vt_machine_state_text (VtMachineState state)
{
  return _ (states[state].text);
}
