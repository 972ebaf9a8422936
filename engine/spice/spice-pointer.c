/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The pointer: motion for a mouse, positions for a tablet. Clients give positions when they are offered. */

#include "spice-private.h"

#include <linux/input-event-codes.h>

enum { AXIS_MAX = 0x7fff };

/* Bits of the buttons as the library has them for devices. */
static const struct {
  uint32_t bit;
  uint16_t code;
} buttons[] = {
  { 1, BTN_LEFT }, { 2, BTN_RIGHT }, { 4, BTN_MIDDLE }, { 0x40, BTN_SIDE }, { 0x80, BTN_EXTRA }
};

static InputKind
button_kind (const SpicePointer *pointer)
{
  return input_has (INPUT_POINTER_ABS) ? INPUT_POINTER_ABS : INPUT_POINTER_REL;
}

static void
set_buttons (SpicePointer *pointer, InputKind kind, uint32_t state)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (buttons); i++)
    if ((state ^ pointer->buttons) & buttons[i].bit)
      input_send (kind, EV_KEY, buttons[i].code, (state & buttons[i].bit) != 0);
  pointer->buttons = state;
  pointer->buttons_kind = kind;
}

/* The library counts notches towards the user. */
static void
set_wheel (InputKind kind, int notches)
{
  if (notches)
    input_send (kind, EV_REL, REL_WHEEL, -CLAMP (notches, -AXIS_MAX, AXIS_MAX));
}

static void
end (InputKind kind)
{
  input_send (kind, EV_SYN, SYN_REPORT, 0);
}

/* ---- The mouse ---- */

static void
mouse_motion (SpiceMouseInstance *instance, int dx, int dy, int dz, uint32_t state)
{
  SpicePointer *pointer = (SpicePointer *)instance;
  const InputKind kind = button_kind (pointer);
  if (dx)
    input_send (INPUT_POINTER_REL, EV_REL, REL_X, CLAMP (dx, -AXIS_MAX, AXIS_MAX));
  if (dy)
    input_send (INPUT_POINTER_REL, EV_REL, REL_Y, CLAMP (dy, -AXIS_MAX, AXIS_MAX));
  set_wheel (kind, dz);
  set_buttons (pointer, kind, state);
  end (INPUT_POINTER_REL);
  if (kind != INPUT_POINTER_REL)
    end (kind);
}

static void
mouse_buttons (SpiceMouseInstance *instance, uint32_t state)
{
  mouse_motion (instance, 0, 0, 0, state);
}

static const SpiceMouseInterface mouse = {
  .base = { SPICE_INTERFACE_MOUSE, "mouse", SPICE_INTERFACE_MOUSE_MAJOR, SPICE_INTERFACE_MOUSE_MINOR },
  .motion = mouse_motion,
  .buttons = mouse_buttons,
};

/* ---- The tablet ---- */

static SpicePointer *
of_tablet (SpiceTabletInstance *instance)
{
  return (SpicePointer *)((char *)instance - G_STRUCT_OFFSET (SpicePointer, tablet));
}

/* The screen's size, which positions count in. */
static void
tablet_size (SpiceTabletInstance *instance, int width, int height)
{
  of_tablet (instance)->width = width;
  of_tablet (instance)->height = height;
}

static int32_t
axis (int value, int size)
{
  return size > 1 ? (int32_t)((int64_t)CLAMP (value, 0, size - 1) * AXIS_MAX / (size - 1)) : 0;
}

static void
tablet_position (SpiceTabletInstance *instance, int x, int y, uint32_t state)
{
  SpicePointer *pointer = of_tablet (instance);
  input_send (INPUT_POINTER_ABS, EV_ABS, ABS_X, axis (x, pointer->width));
  input_send (INPUT_POINTER_ABS, EV_ABS, ABS_Y, axis (y, pointer->height));
  set_buttons (pointer, INPUT_POINTER_ABS, state);
  end (INPUT_POINTER_ABS);
}

static void
tablet_wheel (SpiceTabletInstance *instance, int notches, uint32_t state)
{
  set_wheel (INPUT_POINTER_ABS, notches);
  set_buttons (of_tablet (instance), INPUT_POINTER_ABS, state);
  end (INPUT_POINTER_ABS);
}

static void
tablet_buttons (SpiceTabletInstance *instance, uint32_t state)
{
  tablet_wheel (instance, 0, state);
}

static const SpiceTabletInterface tablet = {
  .base = { SPICE_INTERFACE_TABLET, "tablet", SPICE_INTERFACE_TABLET_MAJOR, SPICE_INTERFACE_TABLET_MINOR },
  .set_logical_size = tablet_size,
  .position = tablet_position,
  .wheel = tablet_wheel,
  .buttons = tablet_buttons,
};

/* ---- Life ---- */

void
spice_pointer_update (SpicePointer *pointer)
{
  const bool wanted = input_has (INPUT_POINTER_ABS);
  if (wanted == pointer->has_tablet)
    return;
  pointer->has_tablet = wanted;
  if (wanted)
    spice_server_add_interface (pointer->server, &pointer->tablet.base);
  else
    spice_server_remove_interface (&pointer->tablet.base);
}

void
spice_pointer_open (SpicePointer *pointer, SpiceServer *server)
{
  pointer->server = server;
  pointer->mouse.base.sif = &mouse.base;
  pointer->tablet.base.sif = &tablet.base;
  spice_server_add_interface (server, &pointer->mouse.base);
  spice_pointer_update (pointer);
}

void
spice_pointer_release (SpicePointer *pointer)
{
  if (!pointer->buttons)
    return;
  set_buttons (pointer, pointer->buttons_kind, 0);
  end (pointer->buttons_kind);
}

void
spice_pointer_close (SpicePointer *pointer)
{
  spice_pointer_release (pointer);
}
