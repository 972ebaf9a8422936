/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The command lines of typical machines. */

#include "machine-process.h"

#include <fcntl.h>
#include <glib/gstdio.h>
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
  g_autofree char *program = g_strconcat ("vitrine-machine-", conf->architecture, NULL);
  g_autoptr (GError) error = NULL;
  VtMachineCommand *command = vt_machine_command_new (conf, "/m", options, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (command->argv[0], ==, program);
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

static void
make_file (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
}

/* No firmware runs before it, and both banks of flash are its own. */
static void
test_arm (void)
{
  unsigned files;
  g_autofree char *folder = g_dir_make_tmp ("vitrine-firmware-XXXXXX", NULL);
  g_setenv ("VITRINE_FIRMWARE", folder, TRUE);
  make_file (folder, "AAVMF_CODE.fd");
  g_autoptr (VtConf) conf = parse (
      "{'name': <'arm'>, 'architecture': <'aarch64'>, 'cpu': <'cortex-a72'>, 'cpus': <uint32 4>, 'memory': "
      "<uint64 1073741824>, 'disks': <@aa{sv} []>, 'drives': <@aa{sv} []>, 'nics': <@aa{sv} []>, 'agent': "
      "<false>, 'rng': <false>, 'balloon': <false>}");
  g_autofree char *text = command_of (conf, &(VtProcessOptions){ NULL }, &files);
  g_autofree char *wanted = g_strdup_printf (
      "-nodefaults -machine virt,gic-version=3 -cpu cortex-a72 -smp 4 -m 1048576K -display none "
      "-drive if=pflash,unit=0,id=efi-code,format=raw,readonly=on,file=%s/AAVMF_CODE.fd "
      "-drive if=pflash,unit=1,id=efi-vars,format=raw,file=/m/efi-vars.fd "
      "-device virtio-gpu-pci,id=display,max_outputs=1,xres=1280,yres=800 "
      "-device virtio-keyboard-pci,id=keyboard -device virtio-tablet-pci,id=pointer -spice "
      "disable-ticketing=on "
      "-chardev hub,id=serial0,size=64K -serial chardev:serial0",
      folder);
  g_assert_cmpstr (text, ==, wanted);
  g_assert_cmpuint (files, ==, 2);
  g_autofree char *code = g_build_filename (folder, "AAVMF_CODE.fd", NULL);
  g_unlink (code);
  g_rmdir (folder);
  g_unsetenv ("VITRINE_FIRMWARE");
}

/* It takes the firmware's place; where it is missing, the package that has it is named. */
static void
test_uboot (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VtConf) conf = parse ("{'architecture': <'aarch64'>, 'firmware': <'uboot'>}");
  VtMachineCommand *command = vt_machine_command_new (conf, "/m", &(VtProcessOptions){ NULL }, &error);
  if (command != NULL) {
    g_assert_true (g_strv_contains ((const char *const *)command->argv, "-bios"));
    g_assert_false (g_strv_contains ((const char *const *)command->argv, "-kernel"));
    vt_machine_command_free (command);
  } else {
    g_assert_nonnull (strstr (error->message, "u-boot-qemu"));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/command/bare", test_bare);
  g_test_add_func ("/command/typical", test_typical);
  g_test_add_func ("/command/arm", test_arm);
  g_test_add_func ("/command/arm/uboot", test_uboot);
  return g_test_run ();
}
