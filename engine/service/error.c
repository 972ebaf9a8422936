/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "error.h"

#include <string.h>

static const GDBusErrorEntry entries[] = {
  { VT_ERROR_FAILED, "org.vitrine.Error.Failed" },
  { VT_ERROR_NOT_FOUND, "org.vitrine.Error.NotFound" },
  { VT_ERROR_EXISTS, "org.vitrine.Error.Exists" },
  { VT_ERROR_INVALID_ARGUMENT, "org.vitrine.Error.InvalidArgument" },
  { VT_ERROR_INVALID_STATE, "org.vitrine.Error.InvalidState" },
  { VT_ERROR_IN_USE, "org.vitrine.Error.InUse" },
  { VT_ERROR_NO_SPACE, "org.vitrine.Error.NoSpace" },
  { VT_ERROR_NO_MEMORY, "org.vitrine.Error.NoMemory" },
  { VT_ERROR_NOT_SUPPORTED, "org.vitrine.Error.NotSupported" },
  { VT_ERROR_BAD_MEDIA, "org.vitrine.Error.BadMedia" },
  { VT_ERROR_BAD_CONFIG, "org.vitrine.Error.BadConfig" },
  { VT_ERROR_NEWER_VERSION, "org.vitrine.Error.NewerVersion" },
  { VT_ERROR_PERMISSION, "org.vitrine.Error.Permission" },
  { VT_ERROR_CANCELLED, "org.vitrine.Error.Cancelled" },
  { VT_ERROR_CRASHED, "org.vitrine.Error.Crashed" },
  { VT_ERROR_TRAY_LOCKED, "org.vitrine.Error.TrayLocked" },
  { VT_ERROR_PORT_IN_USE, "org.vitrine.Error.PortInUse" },
};

GQuark
vt_error_quark (void)
{
  static gsize quark;
  g_dbus_error_register_error_domain ("vitrine-error-quark", &quark, entries, G_N_ELEMENTS (entries));
  return (GQuark)quark;
}

void
vt_error_set (GError **error, VtError code, const char *cause, const char *remedy)
{
  g_set_error (error, VT_ERROR, code, "%s\n%s", cause, remedy);
}

/* What usually helps. */
static const struct {
  VtError code;
  const char *remedy;
} remedies[] = {
  { VT_ERROR_FAILED, "Try again; if it happens again, the machine's log may say more." },
  { VT_ERROR_NOT_FOUND, "Look whether it was moved or deleted, or choose another." },
  { VT_ERROR_EXISTS, "Choose another name." },
  { VT_ERROR_INVALID_ARGUMENT, "Correct the value." },
  { VT_ERROR_IN_USE, "Close the other program that uses it, or wait until it is done." },
  { VT_ERROR_NO_SPACE, "Free some space on the disk, and try again." },
  { VT_ERROR_NO_MEMORY, "Close other programs or machines, or give this machine less memory." },
  { VT_ERROR_NOT_SUPPORTED, "Choose another." },
  { VT_ERROR_PERMISSION, "Choose a file that you may open, or ask its owner for permission." },
  { VT_ERROR_CANCELLED, "Start it again when you want to." },
  { VT_ERROR_PORT_IN_USE, "Choose another port, or end the program that uses it." },
};

static const char *
remedy_for (VtError code)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (remedies); i++)
    if (remedies[i].code == code)
      return remedies[i].remedy;
  return remedies[0].remedy;
}

static VtError
code_from_io (int code)
{
  switch (code) {
    case G_IO_ERROR_NOT_FOUND: return VT_ERROR_NOT_FOUND;
    case G_IO_ERROR_EXISTS: return VT_ERROR_EXISTS;
    case G_IO_ERROR_NO_SPACE: return VT_ERROR_NO_SPACE;
    case G_IO_ERROR_PERMISSION_DENIED:
    case G_IO_ERROR_READ_ONLY: return VT_ERROR_PERMISSION;
    case G_IO_ERROR_BUSY: return VT_ERROR_IN_USE;
    case G_IO_ERROR_ADDRESS_IN_USE: return VT_ERROR_PORT_IN_USE;
    case G_IO_ERROR_CANCELLED: return VT_ERROR_CANCELLED;
    case G_IO_ERROR_NOT_SUPPORTED: return VT_ERROR_NOT_SUPPORTED;
    case G_IO_ERROR_INVALID_ARGUMENT: return VT_ERROR_INVALID_ARGUMENT;
    case G_IO_ERROR_INVALID_DATA: return VT_ERROR_BAD_MEDIA;
    default: return VT_ERROR_FAILED;
  }
}

static VtError
code_from_file (int code)
{
  switch (code) {
    case G_FILE_ERROR_NOENT:
    case G_FILE_ERROR_NOTDIR: return VT_ERROR_NOT_FOUND;
    case G_FILE_ERROR_EXIST: return VT_ERROR_EXISTS;
    case G_FILE_ERROR_NOSPC: return VT_ERROR_NO_SPACE;
    case G_FILE_ERROR_NOMEM: return VT_ERROR_NO_MEMORY;
    case G_FILE_ERROR_ACCES:
    case G_FILE_ERROR_PERM:
    case G_FILE_ERROR_ROFS: return VT_ERROR_PERMISSION;
    default: return VT_ERROR_FAILED;
  }
}

void
vt_error_adopt (GError **error, const char *what)
{
  if (error == NULL || *error == NULL || (*error)->domain == VT_ERROR)
    return;
  g_autoptr (GError) old = g_steal_pointer (error);
  VtError code = old->domain == G_IO_ERROR     ? code_from_io (old->code)
                 : old->domain == G_FILE_ERROR ? code_from_file (old->code)
                                               : VT_ERROR_FAILED;
  size_t length = strlen (old->message);
  g_autofree char *cause = g_strdup_printf ("%s: %s%s", what, old->message,
                                            g_str_has_suffix (old->message, ".") || !length ? "" : ".");
  for (char *p = cause; *p != '\0'; p++)
    if (*p == '\n')
      *p = ' ';
  vt_error_set (error, code, cause, remedy_for (code));
}
