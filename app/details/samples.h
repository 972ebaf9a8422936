/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The last minute of a value, and how it is drawn and told. */

#include <glib.h>

#define VT_SAMPLES_SPAN (60 * G_USEC_PER_SEC)
#define VT_SAMPLES_MAX  128 /* twice as many as come in a minute */

typedef struct {
  gint64 time; /* microseconds */
  double value;
} VtSample;

/* A ring, the oldest first. */
typedef struct {
  VtSample samples[VT_SAMPLES_MAX];
  guint first, n;
} VtSamples;

typedef enum { VT_UNIT_CORES, VT_UNIT_BYTES, VT_UNIT_RATE } VtUnit;

/* Drops what is older than a minute before `time`; a time that went back begins anew. */
void vt_samples_add (VtSamples *samples, gint64 time, double value);
void vt_samples_clear (VtSamples *samples);
const VtSample *vt_samples_get (const VtSamples *samples, guint index);
double vt_samples_last (const VtSamples *samples);
double vt_samples_max (const VtSamples *samples);
/* All values are the same: a picture of them does not change as time goes on, if they fill it. */
gboolean vt_samples_is_flat (const VtSamples *samples);
/* Where a time stands in a minute that ends with the last sample: 0 (a minute before) to 1. */
double vt_samples_position (const VtSamples *samples, gint64 time);

/* A round upper end of an axis, at least `value` and `least`. */
double vt_axis_end (VtUnit unit, double value, double least);
/* "1.5 cores", "2.0 GiB", "3.4 MiB/s"; to be freed. */
char *vt_unit_text (VtUnit unit, double value);
