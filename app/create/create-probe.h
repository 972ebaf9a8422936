/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the engine says of a file that a person chose, and of the machine that it would make of it. */

#include "engine.h"

/* a{sv} as org.vitrine.Engine1 has them. */
typedef struct {
  GVariant *capabilities, *defaults;
  GVariant *media; /* NULL: without a file */
} VtCreateFacts;

void vt_create_facts_free (VtCreateFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VtCreateFacts, vt_create_facts_free)

/* `file`: NULL: an empty machine. A file that no machine can be made from is an error that says why. */
void vt_create_probe (VtEngine *engine, GFile *file, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer data);
VtCreateFacts *vt_create_probe_finish (GAsyncResult *result, GError **error);
