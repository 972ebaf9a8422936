/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The options of vitrine-user as a table, and what their handlers work on. */

#include "user-options.h"

typedef struct {
  UserCommand *command;
  const GuestIsa *isa;
  const char *program; /* our name in messages */
  char *why;           /* a handler's complaint */
  bool done;           /* nothing more to do: help was printed */
} Parse;

/* Takes an option's value; false with p->why set if it is not valid. */
typedef bool (*OptionHandler) (Parse *p, const char *value);

enum {
  OPTION_PASS_ON = 1, /* programs the guest executes get it too */
  OPTION_HIDDEN = 2,  /* internal */
  OPTION_PATH = 4,    /* its argument is a file name */
};

typedef struct {
  const char *name, *argument; /* NULL: takes none */
  const char *variable;        /* of the environment */
  const char *help;
  OptionHandler handler;
  unsigned flags;
} Option;

extern const Option user_options[];
extern const unsigned user_n_options;
