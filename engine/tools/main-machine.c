/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system-options.h"

int
main (int argc, char **argv)
{
  return system_program ("vitrine-machine", true, argc, argv);
}
