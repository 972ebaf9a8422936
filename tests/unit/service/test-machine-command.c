/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The command lines of typical machines. */

#include "machine-process.h"

#include <fcntl.h>
#include <string.h>

static VtConf *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) settings = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);
  g_assert_no_error (error);
  VtConf *conf = vt_conf_new (settings, &error);
  g_assert_no_error (error);
  return conf;
}

/* From the words after -uuid's value: what is before differs each time. */
static char *
command_of (const VtConf *conf, const VtProcessOptions *options, unsigned *ret_files)
{
  g_autoptr (GError) error = NULL;
  VtMachineCommand *command = vt_machine_command_new (conf, "/m", options, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (command->argv[0], ==, "vitrine-machine-riscv64");
  g_autoptr (GString) text = g_string_new (NULL);
  for (unsigned i = 5; command->argv[i]; i++)
    if (strcmp (command->argv[i], "-bios") == 0)
      i++; /* where firmware lies differs from host to host */
    else
      g_string_append_printf (text, "%s%s", text->len ? " " : "", command->argv[i]);
  *ret_files = command->files->len;
  vt_machine_command_free (command);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_bare (void)
{
  unsigned files;
  g_autoptr (VtConf) conf =
      parse ("{'name': <'bare'>, 'firmware': <'none'>, 'memory': <uint64 67108864>, 'cpus': <uint32 1>, "
             "'disks': <@aa{sv} []>, 'drives': <@aa{sv} []>, 'nics': <@aa{sv} []>, "
             "'display': <{'kind': <'none'>}>, 'input': <'none'>, 'serials': <uint32 0>, "
             "'agent': <false>, 'rng': <false>, 'balloon': <false>}");
  g_autofree char *text = command_of (conf, &(VtProcessOptions){ .paused = true }, &files);
  g_assert_cmpstr (text, ==,
                   "-nodefaults -machine virt -cpu max -smp 1 -m 65536K -display none "
                   "-device virtio-keyboard-pci,id=keyboard -spice disable-ticketing=on -serial none -S");
  g_assert_cmpuint (files, ==, 1);
}

static void
test_typical (void)
{
  unsigned files;
  g_autoptr (VtConf) conf =
      parse ("{'name': <'typical'>, 'firmware': <'none'>, 'memory': <uint64 2147483648>, 'cpus': <uint32 2>, "
             "'disks': <[{'id': <'root'>, 'file': <'a,b.qcow2'>, 'format': <'qcow2'>}]>, "
             "'drives': <[{'id': <'cd0'>, 'file': <'/x/debian.iso'>}]>, "
             "'nics': <[{'id': <'net0'>, 'mac': <'52:54:00:00:00:01'>, 'forward': <[('tcp', uint16 2222, '', "
             "uint16 22), ('udp', 53, 'fec0::15', 53)]>}]>, "
             "'agent': <true>}");
  g_autofree char *text = command_of (conf, &(VtProcessOptions){ .boot_drive = "cd0" }, &files);
  static const char *const parts[] = {
    "-device virtio-scsi-pci,id=scsi-controller ",
    "-drive if=none,id=root,format=qcow2,cache=writeback,discard=unmap,readonly=off,file=/m/a,,b.qcow2 ",
    "-device virtio-blk-pci,id=root-device,drive=root,serial=root,bootindex=2 ",
    "-drive if=none,id=cd0,media=cdrom,readonly=on,format=raw,file=/x/debian.iso ",
    "-device scsi-cd,id=cd0-device,drive=cd0,bootindex=1 ",
    "-netdev "
    "user,id=net0,restrict=off,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=udp:127.0.0.1:53-[fec0::15]:53 ",
    "-device virtio-net-pci,id=net0-device,netdev=net0,mac=52:54:00:00:00:01",
    "-device virtio-gpu-pci,id=display,max_outputs=1,xres=1280,yres=800 ",
    "-device virtio-tablet-pci,id=pointer ",
    "-chardev hub,id=serial0,size=64K -serial chardev:serial0 ",
    "-chardev spicevmc,id=agent,name=vdagent ",
    "-device virtio-balloon-pci,id=balloon,free-page-reporting=on",
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (parts); i++)
    if (!strstr (text, parts[i]))
      g_error ("'%s' is missing in: %s", parts[i], text);
  g_assert_cmpuint (files, ==, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/command/bare", test_bare);
  g_test_add_func ("/command/typical", test_typical);
  return g_test_run ();
}
