/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The service's errors, on the bus as org.vitrine.Error.*. Messages have two lines: the cause, and what to
 * do. */

#include <gio/gio.h>
#include <stdbool.h>

typedef enum {
  VT_ERROR_FAILED,           /* Failed: anything else */
  VT_ERROR_NOT_FOUND,        /* NotFound */
  VT_ERROR_EXISTS,           /* Exists: the name is taken */
  VT_ERROR_INVALID_ARGUMENT, /* InvalidArgument: of the caller's */
  VT_ERROR_INVALID_STATE,    /* InvalidState: not while the machine runs, or only then */
  VT_ERROR_IN_USE,           /* InUse: by another process */
  VT_ERROR_NO_SPACE,         /* NoSpace: on the disk */
  VT_ERROR_NO_MEMORY,        /* NoMemory: for guests */
  VT_ERROR_NOT_SUPPORTED,    /* NotSupported: an architecture, a format */
  VT_ERROR_BAD_MEDIA,        /* BadMedia: a file that is not what it should be */
  VT_ERROR_BAD_CONFIG,       /* BadConfig: machine.conf */
  VT_ERROR_NEWER_VERSION,    /* NewerVersion: of machine.conf */
  VT_ERROR_PERMISSION,       /* Permission */
  VT_ERROR_CANCELLED,        /* Cancelled */
  VT_ERROR_CRASHED,          /* Crashed: the machine's process has ended */
  VT_ERROR_TRAY_LOCKED,      /* TrayLocked: by the guest; only force takes the medium out */
  VT_ERROR_PORT_IN_USE,      /* PortInUse: of the host, by another program */
} VtError;

#define VT_ERROR (vt_error_quark ())
GQuark vt_error_quark (void); /* registers the names on D-Bus */

/* Sets an error with cause and remedy; both are formats' results of the caller's (g_strdup_printf) or
 * literals. */
void vt_error_set (GError **error, VtError code, const char *cause, const char *remedy);
/* Makes an error of the service's of any other (GIO's, a file's, a process's): the code that fits, `what` in
 * front of the cause ("The disk could not be made: …"), and the usual remedy for it. An error of the
 * service's stays as it is. */
void vt_error_adopt (GError **error, const char *what);
