/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A serial port of a machine as a terminal, with a bar to search in it. */

#include "machine.h"

#include <gtk/gtk.h>

#define VT_TYPE_TEXT_CONSOLE (vt_text_console_get_type ())
G_DECLARE_FINAL_TYPE (VtTextConsole, vt_text_console, VT, TEXT_CONSOLE, GtkBox)

/* `id`: one of the machine's "consoles". It connects whenever the machine runs and it is not connected. */
GtkWidget *vt_text_console_new (VtMachine *machine, const char *id);
void vt_text_console_connect (VtTextConsole *console);
void vt_text_console_disconnect (VtTextConsole *console);
/* Feeds what comes from a socket to it, and what is typed in it to the socket, which it takes. */
void vt_text_console_give (VtTextConsole *console, int fd);
