/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The command line of a machine: its settings in the syntax of vitrine-machine. Drives, networks and consoles
 * have the ids of the settings; the devices that have them add "-device". */

#include "machine-process.h"

#include "architecture.h"
#include "error.h"
#include "firmware.h"
#include "service.h"

#include <fcntl.h>
#include <string.h>

typedef struct {
  const VtConf *conf;
  const char *folder;
  GPtrArray *argv, *files;
  GPtrArray *order; /* ids to start from, the first first; not owned */
} Builder;

static void
free_file (void *data)
{
  VtMachineFile *file = data;
  g_free (file->path);
  g_free (file);
}

static void
add_word (Builder *b, const char *word)
{
  g_ptr_array_add (b->argv, g_strdup (word));
}

static void add (Builder *b, const char *option, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
add (Builder *b, const char *option, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  add_word (b, option);
  g_ptr_array_add (b->argv, g_strdup_vprintf (format, args));
  va_end (args);
}

static char *
add_file (Builder *b, const char *name, int flags)
{
  VtMachineFile *file = g_new (VtMachineFile, 1);
  char *path = g_path_is_absolute (name) ? g_strdup (name) : g_build_filename (b->folder, name, NULL);
  *file = (VtMachineFile){ path, flags };
  g_ptr_array_add (b->files, file);
  return vt_escape_commas (path);
}

/* ---- What it starts from ---- */

static void
add_to_order (Builder *b, const char *id)
{
  if (id && !g_ptr_array_find_with_equal_func (b->order, id, g_str_equal, NULL))
    g_ptr_array_add (b->order, (char *)id);
}

/* What the settings do not name comes last: a machine whose disk is still empty starts from its drive. */
static void
make_order (Builder *b, const char *first)
{
  const VtConf *conf = b->conf;
  add_to_order (b, first);
  for (unsigned i = 0; conf->boot_order && conf->boot_order[i]; i++)
    add_to_order (b, conf->boot_order[i]);
  for (unsigned i = 0; i < conf->disks->len; i++)
    add_to_order (b, ((VtConfDisk *)conf->disks->pdata[i])->id);
  for (unsigned i = 0; i < conf->drives->len; i++)
    add_to_order (b, ((VtConfDrive *)conf->drives->pdata[i])->id);
}

/* ",bootindex=N" of what is in the order, else nothing. */
static char *
boot_index (const Builder *b, const char *id)
{
  unsigned index;
  return g_ptr_array_find_with_equal_func (b->order, id, g_str_equal, &index)
             ? g_strdup_printf (",bootindex=%u", index + 1)
             : g_strdup ("");
}

static bool
find_firmware (const char *name, char **ret, GError **error)
{
  g_autoptr (GError) problem = NULL;
  *ret = firmware_find_installed (name, &problem);
  if (*ret == NULL) {
    g_autofree char *cause = g_strdup_printf ("Firmware for this machine is not installed: %s.", name);
    vt_error_set (error, VT_ERROR_NOT_FOUND, cause, problem->message);
  }
  return *ret != NULL;
}

static bool
add_firmware_file (Builder *b, const char *option, const char *name, GError **error)
{
  g_autofree char *path = NULL;
  if (!find_firmware (name, &path, error))
    return false;
  g_free (add_file (b, path, O_RDONLY));
  add (b, option, "%s", path);
  return true;
}

static bool
add_firmware (Builder *b, const VtArchitecture *architecture, GError **error)
{
  g_autofree char *code = NULL;
  if (architecture->bios && !add_firmware_file (b, "-bios", architecture->bios, error))
    return false;
  if (g_str_equal (b->conf->firmware, "uboot"))
    return add_firmware_file (b, architecture->uboot_option, architecture->uboot, error);
  if (g_str_equal (b->conf->firmware, "efi")) {
    if (!find_firmware (architecture->efi_code, &code, error))
      return false;
    g_autofree char *flash = add_file (b, code, O_RDONLY), *variables = add_file (b, "efi-vars.fd", O_RDWR);
    add (b, "-drive", "if=pflash,unit=0,id=efi-code,format=raw,readonly=on,file=%s", flash);
    add (b, "-drive", "if=pflash,unit=1,id=efi-vars,format=raw,file=%s", variables);
  }
  return true;
}

/* ---- Devices ---- */

static void
add_disk (Builder *b, const VtConfDisk *disk)
{
  const bool scsi = g_str_equal (disk->bus, "scsi");
  g_autofree char *path = add_file (b, disk->file, disk->readonly ? O_RDONLY : O_RDWR);
  g_autofree char *boot = boot_index (b, disk->id), *serial = g_strndup (disk->id, 20);
  add (b, "-drive", "if=none,id=%s,format=%s,cache=%s,discard=%s,readonly=%s,file=%s", disk->id, disk->format,
       disk->cache, disk->discard ? "unmap" : "ignore", disk->readonly ? "on" : "off", path);
  add (b, "-device", "%s,id=%s-device,drive=%s,serial=%s%s", scsi ? "scsi-hd" : "virtio-blk-pci", disk->id,
       disk->id, serial, boot);
}

static void
add_drive (Builder *b, const VtConfDrive *drive)
{
  g_autofree char *boot = boot_index (b, drive->id);
  if (drive->file && *drive->file) {
    g_autofree char *path = add_file (b, drive->file, O_RDONLY);
    add (b, "-drive", "if=none,id=%s,media=cdrom,readonly=on,format=raw,file=%s", drive->id, path);
  } else {
    add (b, "-drive", "if=none,id=%s,media=cdrom,readonly=on", drive->id);
  }
  add (b, "-device", "scsi-cd,id=%s-device,drive=%s%s", drive->id, drive->id, boot);
}

static void
add_storage (Builder *b)
{
  const VtConf *conf = b->conf;
  bool scsi = conf->drives->len > 0;
  for (unsigned i = 0; i < conf->disks->len; i++)
    scsi = scsi || g_str_equal (((VtConfDisk *)conf->disks->pdata[i])->bus, "scsi");
  if (scsi)
    add (b, "-device", "virtio-scsi-pci,id=scsi-controller");
  for (unsigned i = 0; i < conf->disks->len; i++)
    add_disk (b, conf->disks->pdata[i]);
  for (unsigned i = 0; i < conf->drives->len; i++)
    add_drive (b, conf->drives->pdata[i]);
}

/* Only this host's own programs reach the port: a machine is nobody else's business unless somebody says so.
 */
char *
vt_machine_forward_rule (const VtConfForward *forward, bool to_guest)
{
  const char *address = forward->guest_address;
  const bool wide = strchr (address, ':') != NULL;
  return to_guest ? g_strdup_printf ("%s:127.0.0.1:%u-%s%s%s:%u", forward->protocol, forward->host_port,
                                     wide ? "[" : "", address, wide ? "]" : "", forward->guest_port)
                  : g_strdup_printf ("%s:127.0.0.1:%u", forward->protocol, forward->host_port);
}

static void
add_nic (Builder *b, const VtConfNic *nic)
{
  g_autoptr (GString) net = g_string_new (NULL);
  g_autofree char *boot = boot_index (b, nic->id);
  g_autofree char *mac = nic->mac && *nic->mac ? g_strconcat (",mac=", nic->mac, NULL) : g_strdup ("");
  if (!g_str_equal (nic->mode, "user"))
    return;
  g_string_append_printf (net, "user,id=%s,restrict=%s", nic->id, nic->restricted ? "on" : "off");
  for (unsigned i = 0; i < nic->forwards->len; i++) {
    const VtConfForward *f = nic->forwards->pdata[i];
    g_autofree char *rule = vt_machine_forward_rule (f, true);
    g_string_append_printf (net, ",hostfwd=%s", rule);
  }
  add (b, "-netdev", "%s", net->str);
  add (b, "-device", "virtio-net-pci,id=%s-device,netdev=%s%s%s", nic->id, nic->id, mac, boot);
}

static void
add_display (Builder *b)
{
  const VtConf *conf = b->conf;
  if (g_str_equal (conf->display, "virtio"))
    add (b, "-device", "virtio-gpu-pci,id=display,max_outputs=%u,xres=%u,yres=%u", conf->heads, conf->width,
         conf->height);
  else if (g_str_equal (conf->display, "ramfb"))
    add (b, "-device", "ramfb,id=display");
  /* Without a screen too: its power button is a key. */
  add (b, "-device", "virtio-keyboard-pci,id=keyboard");
  if (!g_str_equal (conf->input, "none"))
    add (b, "-device", "virtio-%s-pci,id=pointer", conf->input);
  add (b, "-spice", "disable-ticketing=on");
}

static void
add_helpers (Builder *b)
{
  const VtConf *conf = b->conf;
  for (unsigned i = 0; i < conf->serials; i++) {
    add (b, "-chardev", "hub,id=serial%u,size=64K", i);
    add (b, "-serial", "chardev:serial%u", i);
  }
  if (conf->serials == 0)
    add (b, "-serial", "none");
  if (conf->agent) {
    add (b, "-chardev", "spicevmc,id=agent,name=vdagent");
    add (b, "-device", "virtio-serial-pci,id=ports");
    add (b, "-device", "virtserialport,id=agent-port,chardev=agent,name=com.redhat.spice.0");
  }
  if (conf->rng)
    add (b, "-device", "virtio-rng-pci,id=rng");
  if (conf->balloon)
    add (b, "-device", "virtio-balloon-pci,id=balloon,free-page-reporting=on");
}

static void
add_machine (Builder *b, const VtArchitecture *architecture)
{
  const VtConf *conf = b->conf;
  g_autofree char *program = g_strconcat ("vitrine-machine-", conf->architecture, NULL);
  g_autofree char *name = vt_escape_commas (conf->name);
  add_word (b, program);
  add (b, "-name", "%s", name);
  add (b, "-uuid", "%s", conf->uuid);
  add_word (b, "-nodefaults");
  add (b, "-machine", "%s%s", conf->board, architecture->board_options);
  add (b, "-cpu", "%s", conf->cpu);
  add (b, "-smp", "%u", conf->cpus);
  add (b, "-m", "%" G_GUINT64_FORMAT "K", conf->memory >> 10);
  add (b, "-display", "none");
}

VtMachineCommand *
vt_machine_command_new (const VtConf *conf, const char *folder, const VtProcessOptions *options,
                        GError **error)
{
  VtMachineCommand *command = g_new0 (VtMachineCommand, 1);
  g_autoptr (GPtrArray) order = g_ptr_array_new ();
  Builder b = { conf, folder, g_ptr_array_new_with_free_func (g_free),
                g_ptr_array_new_with_free_func (free_file), order };
  const VtArchitecture *architecture = vt_architecture_find (conf->architecture);
  make_order (&b, options->boot_drive);
  add_machine (&b, architecture);
  const bool ok = add_firmware (&b, architecture, error);
  if (ok) {
    add_storage (&b);
    for (unsigned i = 0; i < conf->nics->len; i++)
      add_nic (&b, conf->nics->pdata[i]);
    add_display (&b);
    add_helpers (&b);
    if (options->paused)
      add_word (&b, "-S");
    if (options->restore) {
      g_free (add_file (&b, options->restore, O_RDONLY));
      add (&b, "-incoming", "file:%s", ((VtMachineFile *)b.files->pdata[b.files->len - 1])->path);
    }
  }
  g_ptr_array_add (b.argv, NULL);
  command->argv = (GStrv)g_ptr_array_free (b.argv, FALSE);
  command->files = b.files;
  if (!ok)
    g_clear_pointer (&command, vt_machine_command_free);
  return command;
}

void
vt_machine_command_free (VtMachineCommand *command)
{
  g_strfreev (command->argv);
  g_ptr_array_unref (command->files);
  g_free (command);
}
