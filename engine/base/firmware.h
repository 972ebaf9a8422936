/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Where distributions put firmware. */

#include <glib.h>

/* The path of the firmware file `name` (free it): a path as it is; a bare name from $VITRINE_FIRMWARE, the
 * current directory, the user's and the system's data directories (vitrine/firmware, qemu, …), or a package's
 * own place for it. NULL and an error that says where it was looked for and which package has it. */
char *firmware_find (const char *name, GError **error);
/* The same without the current directory, for programs that nobody starts for what lies there. */
char *firmware_find_installed (const char *name, GError **error);
