/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ctl.h"

#include <string.h>

/* Help, checks and completion are made of this table. */
const CtlCommand ctl_commands[] = {
  { "list", "", "show the machines", CTL_NOTHING, 0, 0, "--names", ctl_list,
    "  --names  their names only, one a line\n" },
  { "info", "MACHINE", "show all of a machine: its state and its settings", CTL_A_MACHINE, 1, 1, "",
    ctl_info },
  { "create", "[--iso FILE] [--start] [NAME] [KEY=VALUE…]", "make a machine", CTL_NOTHING, 0, -1,
    "--iso --start", ctl_create,
    "  --iso FILE  start from this image; what it is gives the name, architecture, memory, disk and CPUs\n"
    "  --start     start it as soon as it is there\n\n"
    "  vitrinectl create --iso debian-13-arm64.iso --start Debian memory=4G cpus=2\n"
    "  vitrinectl create Server architecture=aarch64 cpu=cortex-a72\n" },
  { "import", "[--in-place] [--start] FILE [NAME] [KEY=VALUE…]", "make a machine of a disk image", CTL_A_FILE,
    1, -1, "--in-place --start", ctl_import,
    "  --in-place  use the image where it is; otherwise it is copied and converted\n"
    "  --start     start it as soon as it is there\n" },
  { "start", "[--paused] [--discard-saved] [--boot DRIVE] MACHINE",
    "start a machine, or go on where it was saved", CTL_A_MACHINE, 1, 1, "--paused --discard-saved --boot",
    ctl_start,
    "  --paused         do not run it yet\n"
    "  --discard-saved  start afresh although it is saved\n"
    "  --boot DRIVE     start from this disk or optical drive this time, as in --boot cdrom0\n" },
  { "stop", "[--no-wait] [--timeout SECONDS] MACHINE", "press the power button, and wait until it is off",
    CTL_A_MACHINE, 1, 1, "--no-wait --timeout", ctl_stop,
    "  --no-wait          return at once\n"
    "  --timeout SECONDS  wait this long; 120 otherwise\n" },
  { "kill", "MACHINE", "power it off at once, as by pulling the plug", CTL_A_MACHINE, 1, 1, "", ctl_kill },
  { "pause", "MACHINE", "let it stand still", CTL_A_MACHINE, 1, 1, "", ctl_pause },
  { "resume", "MACHINE", "let it go on", CTL_A_MACHINE, 1, 1, "", ctl_resume },
  { "reset", "MACHINE", "press the reset button", CTL_A_MACHINE, 1, 1, "", ctl_reset },
  { "save", "MACHINE", "write memory and devices to disk, and end it; start goes on from there",
    CTL_A_MACHINE, 1, 1, "", ctl_save },
  { "delete", "[--forever] MACHINE", "move a machine to the trash", CTL_A_MACHINE, 1, 1, "--forever",
    ctl_delete, "  --forever  delete its folder with all its disks; it cannot be brought back\n" },
  { "rename", "MACHINE NAME", "give it another name", CTL_A_MACHINE, 2, 2, "", ctl_rename },
  { "duplicate", "MACHINE [NAME]", "make another like it", CTL_A_MACHINE, 1, 2, "", ctl_duplicate },
  { "insert", "[--drive DRIVE] MACHINE FILE", "put an ISO image into an optical drive", CTL_MACHINE_AND_FILE,
    2, 2, "--drive", ctl_insert, "  --drive DRIVE  which; the first otherwise\n" },
  { "eject", "[--drive DRIVE] [--force] MACHINE", "take the medium out of an optical drive", CTL_A_MACHINE, 1,
    1, "--drive --force", ctl_eject,
    "  --drive DRIVE  which; the first otherwise\n"
    "  --force        even if the guest has locked it\n" },
  { "set", "MACHINE KEY=VALUE…", "change settings; `info` shows them", CTL_A_MACHINE, 2, -1, "", ctl_set,
    "  vitrinectl set Debian memory=4G cpus=2 autostart=yes boot-order=cdrom0,disk0\n"
    "Lists and dictionaries are written as `info` shows them.\n" },
  { "console", "[--console ID] MACHINE", "a serial port in this terminal; Ctrl-] leaves", CTL_A_MACHINE, 1, 1,
    "--console", ctl_console, "  --console ID  which; serial0 otherwise\n" },
  { "screenshot", "[--width PIXELS] MACHINE FILE",
    "save what its screen shows as PNG (-: to standard output)", CTL_MACHINE_AND_FILE, 2, 2, "--width",
    ctl_screenshot, "  --width PIXELS  scaled down to this width\n" },
  { "send-keys", "MACHINE KEY…", "press keys together, as in ctrl-alt-delete", CTL_A_MACHINE, 2, -1, "",
    ctl_send_keys },
  { "type", "MACHINE TEXT…", "type text on its keyboard (a US one; \\n is Return, \\t is Tab)", CTL_A_MACHINE,
    2, -1, "", ctl_type },
  { "wait-for-text", "[--timeout SECONDS] [--console ID] MACHINE TEXT",
    "wait until a serial port has printed it", CTL_A_MACHINE, 2, 2, "--timeout --console", ctl_wait_for_text,
    "  --timeout SECONDS  give up after this time, with status 1\n"
    "  --console ID       which; serial0 otherwise\n" },
  { "log", "MACHINE", "show what its process printed, and why it ended", CTL_A_MACHINE, 1, 1, "", ctl_log },
  { "watch", "[--timeout SECONDS] MACHINE", "show what it uses, once a second", CTL_A_MACHINE, 1, 1,
    "--timeout", ctl_watch, "  --timeout SECONDS  end after this time\n" },
  { "display", "MACHINE", "show its screen in the app", CTL_A_MACHINE, 1, 1, "", ctl_display },
  { "completion", "bash|zsh|fish", "print a shell's completion for this program", CTL_NOTHING, 1, 1, "",
    ctl_completion },
  { "help", "[COMMAND]", "explain a command", CTL_COMMAND, 0, 1, "", ctl_help },
  { NULL },
};

const CtlCommand *
ctl_find (const char *name)
{
  for (const CtlCommand *command = ctl_commands; command->name != NULL; command++)
    if (strcmp (command->name, name) == 0)
      return command;
  return NULL;
}
