/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A picture in somebody else's memory, for GTK's renderer on the processor. That one would convert and copy a
 * texture as a whole for each frame; here it draws from the memory itself, and only tiles in which something
 * has changed. */

#include "display-geometry.h"

#include <gtk/gtk.h>

typedef struct VtTiles VtTiles;

/* Pixels of 32 bits, xRGB. They have to stay until vt_tiles_free(); nodes may outlive both, and are then
 * empty. */
VtTiles *vt_tiles_new (const guint8 *pixels, int width, int height, int stride);
void vt_tiles_free (VtTiles *tiles);
/* Draws what `damage` (of the picture's pixels) names anew, and the rest as it was. */
void vt_tiles_snapshot (VtTiles *tiles, GtkSnapshot *snapshot, const VtGeometry *geometry,
                        const cairo_region_t *damage);
