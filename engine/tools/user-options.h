/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The command line of vitrine-user: QEMU's option names, one dash and a word. */

#include "user.h"

typedef struct {
  UserOptions options;
  char *program;        /* name as given */
  char **argv;          /* of the program, argv[0] included; NULL-terminated */
  GPtrArray *changes;   /* of the environment: "NAME=VALUE" sets, "NAME" unsets */
  GPtrArray *passed_on; /* options for a re-entered program */
  int exec_fd;          /* of the program, inherited, or -1 */
  bool reentry;         /* started by our own execve: the environment is the guest's alone */
  const char *limits;   /* of user_limits_save(), or NULL */
  char *log_file;
} UserCommand;

/* Parses the command line and the environment's VITRINE_ variables. Returns -1 to go on, or an exit status
 * when there is no more to do: after -h and the like (0), or an error that has been printed (1). */
int user_command_parse (UserCommand *command, const GuestIsa *isa, int argc, char **argv);
