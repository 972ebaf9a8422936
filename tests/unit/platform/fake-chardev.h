/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "chardev.h"

/* A character back end without a host: what is written collects in `out`. */
struct Chardev {
  const ChardevFrontend *frontend;
  void *opaque;
  GString *out;
  GString *in;  /* typed and not yet received */
  bool blocked; /* nothing can be written */
  void (*ready) (void *opaque);
  void *ready_opaque;
  bool threaded; /* devices run on other threads: input comes by fake_chardev_type() only */
};

Chardev *fake_chardev_new (void);
void fake_chardev_free (Chardev *chr);
/* Input comes; what the device does not take stays in `in`. */
void fake_chardev_type (Chardev *chr, const char *text, size_t size);
void fake_chardev_unblock (Chardev *chr);
