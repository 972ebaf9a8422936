/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system-option-table.h"

#include <string.h>

const SystemOptionGroup system_option_groups[] = {
  { "General", system_general_options },
  { "The machine", system_machine_options },
  { "What it starts with", system_boot_options },
  { "Devices", system_device_options },
  { "Consoles and monitors", system_console_options },
  { "Running", system_run_options },
  { "Finding out what goes on", system_debug_options },
  { NULL },
};

/* Options of QEMU's that are not here: those for which there is another way, or a reason to give. */
const char *
system_option_why_not (const char *name)
{
  static const char *const missing[][2] = {
    { "enable-kvm", "a guest of this architecture is translated on this host; leave it out" },
    { "vga", "this machine has no VGA; use -device virtio-gpu-pci" },
    { "usb", "this machine has no USB; use -device virtio-keyboard-pci and virtio-tablet-pci" },
    { "usbdevice", "this machine has no USB; use -device virtio-keyboard-pci and virtio-tablet-pci" },
    { "vnc", "screens are shown with -spice" },
    { "full-screen", "this program has no window; -spice shows screens to remote-viewer" },
    { "k", "clients of -spice send keys, not letters; the guest has the layout" },
    { "audio", "this machine has no sound; leave it out" },
    { "audiodev", "this machine has no sound; leave it out" },
    { "fda", "this machine has no floppy drive; use -drive" },
    { "fdb", "this machine has no floppy drive; use -drive" },
    { "sd", "this machine has no SD card; use -drive" },
    { "mtdblock", "this machine has no MTD flash; use -drive, or -pflash" },
    { "parallel", "this machine has no parallel port; leave it out" },
    { "acpitable", "tables of your own are not added to the machine's; leave it out" },
    { "virtfs", "directories of the host are not shared with the guest; use the network" },
    { "fsdev", "directories of the host are not shared with the guest; use the network" },
    { "tpmdev", "this machine has no TPM; leave it out" },
    { "numa", "this machine's memory is one node; leave it out" },
    { "mem-path", "guest memory is always anonymous; leave it out" },
    { "mem-prealloc", "guest memory is given out when it is first used; leave it out" },
    { "icount", "instructions are not counted here; leave it out" },
    { "loadvm", "there are no snapshots inside images; -incoming file:PATH goes on with a saved machine" },
    { "readconfig", "there are no configuration files; write the options here" },
    { "writeconfig", "there are no configuration files" },
    { "global", "give the property to the device itself: -device NAME,PROPERTY=VALUE" },
    { "set", "give the property to the device itself: -device NAME,PROPERTY=VALUE" },
    { "trace", "devices are traced with -d trace:PATTERN" },
    { "dfilter", "the log has no filter of addresses" },
    { "singlestep", "its name is -one-insn-per-tb" },
    { "tb-size", "its name is -accel tcg,tb-size=MIB" },
    { "sandbox", "leave it out; the program is confined from outside" },
    { "runas", "start the program as that user" },
    { "run-with", "start the program as that user and in that directory" },
    { "chroot", "start the program in that directory" },
    { "watchdog", "this machine has no watchdog; leave it out" },
    { "watchdog-action", "this machine has no watchdog; leave it out" },
    { "action", "use -no-reboot, -no-shutdown, or werror= and rerror= of -drive" },
    { "preconfig", "use -S" },
    { "echr", "the escape key is Ctrl-A" },
    { "plugin", "there are no plugins" },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (missing); i++)
    if (strcmp (missing[i][0], name) == 0)
      return missing[i][1];
  return NULL;
}

bool
system_bad (GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
  return false;
}

bool
system_is_help (const char *value)
{
  return strcmp (value, "help") == 0 || strcmp (value, "?") == 0;
}

void
system_replace (char **at, const char *value)
{
  g_free (*at);
  *at = g_strdup (value);
}

bool
system_set_once (char **at, const char *value, GError **error)
{
  if (*at && strcmp (*at, value) != 0)
    return system_bad (error, "'%s' was said before; leave one of them out", *at);
  system_replace (at, value);
  return true;
}

char *
system_escaped (const char *file)
{
  g_auto (GStrv) parts = g_strsplit (file, ",", -1);
  return g_strjoinv (",,", parts);
}
