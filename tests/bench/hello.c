/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The smallest useful program: what a run costs before any work is done. */

#include <stdio.h>

int
main (void)
{
  puts ("hello");
  return 0;
}
