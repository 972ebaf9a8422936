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

bool
machine_add_configured_devices (Machine *machine, GError **error)
{
  const GPtrArray *devices = machine->config->devices;
  g_autoptr (GPtrArray) drives = drive_list ();

  if (!add_nics (machine, error))
    return false;
  for (unsigned i = 0; i < drives->len; i++)
    if (!add_disk (machine, drives->pdata[i], error))
      return false;
  for (unsigned i = 0; devices && i < devices->len; i++)
    if (machine_add_device (machine, devices->pdata[i], error) == NULL)
      return false;
  return true;
}
