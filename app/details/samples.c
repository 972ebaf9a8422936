/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "samples.h"

#include <glib/gi18n.h>
#include <math.h>

void
vt_samples_clear (VtSamples *self)
{
  self->first = self->n = 0;
}

const VtSample *
vt_samples_get (const VtSamples *self, guint index)
{
  return &self->samples[(self->first + index) % VT_SAMPLES_MAX];
}

static void
drop_first (VtSamples *self)
{
  self->first = (self->first + 1) % VT_SAMPLES_MAX;
  self->n--;
}

/* One that is older than a minute stays, so that the line begins at the edge. */
void
vt_samples_add (VtSamples *self, gint64 time, double value)
{
  if (self->n > 0 && time <= vt_samples_get (self, self->n - 1)->time)
    vt_samples_clear (self);
  while (self->n > 1 && vt_samples_get (self, 1)->time <= time - VT_SAMPLES_SPAN)
    drop_first (self);
  if (self->n == 1 && vt_samples_get (self, 0)->time <= time - VT_SAMPLES_SPAN)
    drop_first (self);
  if (self->n == VT_SAMPLES_MAX)
    drop_first (self);
  self->samples[(self->first + self->n++) % VT_SAMPLES_MAX] =
      (VtSample){ time, isfinite (value) ? MAX (value, 0) : 0 };
}

double
vt_samples_last (const VtSamples *self)
{
  return self->n ? vt_samples_get (self, self->n - 1)->value : 0;
}

double
vt_samples_max (const VtSamples *self)
{
  double max = 0;
  for (guint i = 0; i < self->n; i++)
    max = MAX (max, vt_samples_get (self, i)->value);
  return max;
}

gboolean
vt_samples_is_flat (const VtSamples *self)
{
  double first = self->n ? vt_samples_get (self, 0)->value : 0;
  for (guint i = 1; i < self->n; i++)
    if (fabs (vt_samples_get (self, i)->value - first) > 0)
      return FALSE;
  return TRUE;
}

double
vt_samples_position (const VtSamples *self, gint64 time)
{
  gint64 end = self->n ? vt_samples_get (self, self->n - 1)->time : time;
  return CLAMP (1 - (double)(end - time) / (double)VT_SAMPLES_SPAN, 0, 1);
}

/* 1, 2, 5 and ten times that; of bytes, powers of two. */
double
vt_axis_end (VtUnit unit, double value, double least)
{
  static const double steps[] = { 1, 2, 5, 10 };
  double wanted = MAX (MAX (value, least), unit == VT_UNIT_CORES ? 0.01 : 1);
  if (unit != VT_UNIT_CORES)
    return pow (2, ceil (log2 (wanted) - 1e-9));
  double decade = pow (10, floor (log10 (wanted) + 1e-9));
  for (size_t i = 0; i < G_N_ELEMENTS (steps); i++)
    if (wanted <= steps[i] * decade * (1 + 1e-9))
      return steps[i] * decade;
  return wanted;
}

char *
vt_unit_text (VtUnit unit, double value)
{
  if (unit == VT_UNIT_CORES) {
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    g_snprintf (number, sizeof number, "%.2f", value);
    /* Translators: how much of the computer’s processors is in use, such as “1.50 cores”. */
    return g_strdup_printf (g_dngettext (NULL, "%s core", "%s cores", fabs (value - 1) < 0.005 ? 1 : 2),
                            number);
  }
  g_autofree char *size = g_format_size_full ((guint64)MAX (value, 0), G_FORMAT_SIZE_IEC_UNITS);
  /* Translators: an amount of data per second, such as “3.4 MiB/s”. */
  return unit == VT_UNIT_RATE ? g_strdup_printf (_ ("%s/s"), size) : g_steal_pointer (&size);
}
