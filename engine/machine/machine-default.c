/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The devices that a machine has without -device: a NIC, and a disk for each drive that says so. */

#include "machine-private.h"
#include <string.h>

static bool
add_nic (Machine *machine, const char *text, GError **error)
{
  g_autofree char *device = NULL;
  const char *model = machine->board->default_nic;

  /* "model,netdev=…"; the model may be missing. */
  if (g_str_has_prefix (text, "netdev="))
    device = g_strconcat (model, ",", text, NULL);
  else
    device = *text == ',' ? g_strconcat (model, text, NULL) : g_strdup (text);
  return machine_add_device (machine, device, error) != NULL;
}

/* What the user gets who says nothing about networking. */
static bool
add_default_nic (Machine *machine, GError **error)
{
  machine->priv->default_net = net_backend_new ("user,id=net-default", error);
  return machine->priv->default_net != NULL && add_nic (machine, "netdev=net-default", error);
}

static bool
add_nics (Machine *machine, GError **error)
{
  const MachineConfig *config = machine->config;

  for (unsigned i = 0; config->nics && i < config->nics->len; i++)
    if (!add_nic (machine, config->nics->pdata[i], error))
      return false;
  /* Who declares a network has a purpose for it. */
  g_autoptr (GPtrArray) nets = net_backend_list ();
  bool wanted =
      nets->len == 0 && !config->no_default_net && !config->no_default_devices && machine->board->default_nic;
  return !wanted || add_default_nic (machine, error);
}

static bool
add_disk (Machine *machine, Drive *drive, GError **error)
{
  const char *interface = drive_interface (drive);

  if (interface == NULL || *interface == '\0')
    interface = machine->board->block_interface;
  if (strcmp (interface, "none") == 0 || strcmp (interface, "pflash") == 0)
    return true;
  if (strcmp (interface, "virtio") != 0) {
    g_set_error (
        error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "-drive if=%s: the machine '%s' has no such interface; use if=virtio, or if=none with -device",
        interface, machine->board->name);
    return false;
  }
  g_autofree char *device = g_strdup_printf ("virtio-blk-pci,drive=%s", drive_id (drive));
  return machine_add_device (machine, device, error) != NULL;
}

static bool
is_default (const Machine *machine, const Drive *drive)
{
  const char *interface = drive_interface (drive);

  return *interface == '\0' || strcmp (interface, machine->board->block_interface) == 0;
}

/* The position of the drive with that index, -1 being those that say none; drives->len: there is none. */
static unsigned
position_of (const GPtrArray *drives, int index)
{
  unsigned i = 0;

  while (i < drives->len && drive_index (drives->pdata[i]) != index)
    i++;
  return i;
}

/* Disks in the order of index=; those that say none fill the gaps. */
static bool
add_in_order (Machine *machine, GPtrArray *drives, GError **error)
{
  for (int index = 0; drives->len > 0; index++) {
    unsigned i = position_of (drives, index);
    if (i == drives->len)
      i = position_of (drives, -1);
    if (i == drives->len)
      continue;
    Drive *drive = g_ptr_array_steal_index (drives, i);
    if (!add_disk (machine, drive, error))
      return false;
    i = position_of (drives, index);
    if (i < drives->len) {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "-drive: '%s' and '%s' have the same index=%d; give each its own, or none",
                   drive_id (drive), drive_id (drives->pdata[i]), index);
      return false;
    }
  }
  return true;
}

static bool
add_disks (Machine *machine, GError **error)
{
  g_autoptr (GPtrArray) drives = drive_list ();

  for (unsigned i = drives->len; i-- > 0;) {
    if (is_default (machine, drives->pdata[i]))
      continue;
    if (!add_disk (machine, drives->pdata[i], error))
      return false;
    g_ptr_array_remove_index (drives, i);
  }
  return add_in_order (machine, drives, error);
}

bool
machine_add_configured_devices (Machine *machine, GError **error)
{
  const GPtrArray *devices = machine->config->devices;

  if (!add_nics (machine, error) || !add_disks (machine, error))
    return false;
  for (unsigned i = 0; devices && i < devices->len; i++)
    if (!machine_is_loader (devices->pdata[i]) &&
        machine_add_device (machine, devices->pdata[i], error) == NULL)
      return false;
  return true;
}
