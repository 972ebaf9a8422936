/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Where a guest's picture stands in a widget, and which of its pixels is under the pointer. Device pixels are
 * those of the monitor: at a scale of 1.25, a widget that is 100 wide has 125 of them. */

#include <glib.h>

typedef enum {
  VT_FILTER_NONE,    /* pixel for pixel */
  VT_FILTER_NEAREST, /* each pixel becomes a square of whole device pixels */
  VT_FILTER_LINEAR,
  VT_FILTER_SMALL, /* less than half the size */
} VtFilter;

typedef struct {
  int guest_width, guest_height; /* pixels */
  double x, y, width,
      height;    /* the picture in the widget's coordinates; it begins and ends with a device pixel */
  double factor; /* device pixels for each of the guest's */
  double scale;  /* device pixels for each unit of the widget */
  VtFilter filter;
} VtGeometry;

/* `origin_x`, `origin_y`: where the widget begins in its window, from whose corner device pixels are counted.
 * With `fit` the picture is as large as the widget allows, otherwise it is pixel for pixel; it stands in the
 * middle. False: there is nothing to see. */
gboolean vt_geometry_compute (VtGeometry *geometry, int guest_width, int guest_height, double width,
                              double height, double scale, double origin_x, double origin_y, gboolean fit);
/* The guest's pixel at a point of the widget; what is beside the picture is moved to its edge. True: it was
 * inside. */
gboolean vt_geometry_to_guest (const VtGeometry *geometry, double x, double y, int *ret_x, int *ret_y);
/* The corner of a guest's pixel in the widget. */
void vt_geometry_from_guest (const VtGeometry *geometry, double x, double y, double *ret_x, double *ret_y);
