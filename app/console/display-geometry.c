/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display-geometry.h"

#include <math.h>

/* Wayland rounds positions down to 1/256 of a unit, so that a device pixel's left edge may be given as a
 * point of its neighbour. This is more than is ever lost, and less than anybody can point at. */
static const double slack = 1.0 / 64;

static VtFilter
choose_filter (double factor)
{
  if (factor == 1)
    return VT_FILTER_NONE;
  if (factor == floor (factor))
    return VT_FILTER_NEAREST;
  return factor < 0.5 ? VT_FILTER_SMALL : VT_FILTER_LINEAR;
}

gboolean
vt_geometry_compute (VtGeometry *geometry, int guest_width, int guest_height, double width, double height,
                     double scale, double origin_x, double origin_y, gboolean fit)
{
  if (guest_width <= 0 || guest_height <= 0 || width <= 0 || height <= 0 || scale <= 0)
    return FALSE;
  const double device_width = width * scale, device_height = height * scale;
  double factor = 1;
  if (fit) {
    factor = MIN (device_width / guest_width, device_height / guest_height);
    /* Windows are whole units wide, which at 1.25 are not whole device pixels: a picture that is less than
     * one too small for the window is meant to fill it, and sharp only as it is. */
    if (fabs (factor - round (factor)) * MAX (guest_width, guest_height) < 2 && round (factor) >= 1)
      factor = round (factor);
  }
  const double picture_width = MAX (1, round (guest_width * factor));
  const double picture_height = MAX (1, round (guest_height * factor));
  const double left = round (origin_x * scale + (device_width - picture_width) / 2);
  const double top = round (origin_y * scale + (device_height - picture_height) / 2);
  *geometry = (VtGeometry){
    .guest_width = guest_width,
    .guest_height = guest_height,
    .x = left / scale - origin_x,
    .y = top / scale - origin_y,
    .width = picture_width / scale,
    .height = picture_height / scale,
    .factor = factor,
    .scale = scale,
    .filter = choose_filter (factor),
  };
  return TRUE;
}

static gboolean
to_pixel (double position, double length, int pixels, double slack_units, int *ret)
{
  const double pixel = floor ((position + slack_units) * pixels / length);
  *ret = (int)CLAMP (pixel, 0, pixels - 1);
  return pixel >= 0 && pixel < pixels;
}

gboolean
vt_geometry_to_guest (const VtGeometry *geometry, double x, double y, int *ret_x, int *ret_y)
{
  const double units = slack / geometry->scale;
  const gboolean in_x = to_pixel (x - geometry->x, geometry->width, geometry->guest_width, units, ret_x);
  const gboolean in_y = to_pixel (y - geometry->y, geometry->height, geometry->guest_height, units, ret_y);
  return in_x && in_y;
}

void
vt_geometry_from_guest (const VtGeometry *geometry, double x, double y, double *ret_x, double *ret_y)
{
  *ret_x = geometry->x + x * geometry->width / geometry->guest_width;
  *ret_y = geometry->y + y * geometry->height / geometry->guest_height;
}
