/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system-option-table.h"

#include "keyval.h"
#include "suggest.h"
#include "device-display.h"
#include "device-input.h"
#include "pci.h"
#include "rng-backend.h"
#include "secret.h"
#include "spice.h"
#include "virtio-balloon.h"
#include "virtio-blk.h"
#include "virtio-console.h"
#include "virtio-net.h"
#include "virtio-rng.h"
#include "virtio-scsi.h"
#include "virtio.h"
#include <stdio.h>
#include <string.h>

void
system_register_devices (void)
{
  virtio_blk_register ();
  virtio_scsi_register ();
  virtio_net_register ();
  virtio_console_register ();
  virtio_rng_register ();
  virtio_balloon_register ();
  device_display_register ();
  device_input_register ();
  pci_register ();
  spice_register_chardevs ();
}

static bool
make_iothread (const char *id, Keyval *kv, GError **error)
{
  if (!keyval_finish (kv, "iothread", error))
    return false;
  iothread_new (id);
  return true;
}

static bool
make_rng_builtin (const char *id, Keyval *kv, GError **error)
{
  return keyval_finish (kv, "rng-builtin", error) && rng_backend_new (id, NULL, error);
}

static bool
make_rng_random (const char *id, Keyval *kv, GError **error)
{
  const char *filename = keyval_get (kv, "filename");
  return keyval_finish (kv, "rng-random", error) &&
         rng_backend_new (id, filename ? filename : "/dev/urandom", error);
}

static bool
make_secret (const char *id, Keyval *kv, GError **error)
{
  return secret_new (id, kv, error);
}

static const struct {
  const char *name, *settings, *help;
  bool (*make) (const char *id, Keyval *kv, GError **error);
} kinds[] = {
  { "iothread", "", "a thread for -device …,iothread=ID", make_iothread },
  { "rng-builtin", "", "the host kernel's random numbers, for -device virtio-rng-pci,rng=ID",
    make_rng_builtin },
  { "secret", ",file=PATH|data=TEXT[,format=raw|base64]", "a password for other options", make_secret },
  { "rng-random", ",filename=/dev/urandom", "random numbers from a device or FIFO", make_rng_random },
};

void
system_print_objects (void)
{
  puts ("List of user creatable objects:");
  for (unsigned i = 0; i < G_N_ELEMENTS (kinds); i++)
    printf ("  %s,id=ID%s - %s\n", kinds[i].name, kinds[i].settings, kinds[i].help);
}

static bool
no_such_kind (const char *kind, GError **error)
{
  const char *names[G_N_ELEMENTS (kinds) + 1] = { NULL };
  if (kind == NULL)
    return system_bad (error, "name its kind first; -object help lists them");
  for (unsigned i = 0; i < G_N_ELEMENTS (kinds); i++)
    names[i] = kinds[i].name;
  g_autofree char *hint = suggest_hint (kind, names);
  return system_bad (error, "there is no kind of object '%s'%s -object help lists them", kind, hint);
}

static bool
make_object (const char *text, GError **error)
{
  g_autoptr (Keyval) kv = keyval_parse (text, "qom-type", error);
  if (kv == NULL)
    return false;
  const char *kind = keyval_get (kv, "qom-type"), *id = keyval_get (kv, "id");
  unsigned i = 0;
  while (kind && i < G_N_ELEMENTS (kinds) && strcmp (kinds[i].name, kind) != 0)
    i++;
  if (kind == NULL || i == G_N_ELEMENTS (kinds))
    return no_such_kind (kind, error);
  if (id == NULL || *id == '\0')
    return system_bad (error, "give it an id: %s,id=%s0", kind, kind);
  if (iothread_find (id) || rng_backend_find (id) || secret_exists (id))
    return system_bad (error, "another object has the id '%s'; choose another", id);
  return kinds[i].make (id, kv, error);
}

bool
system_object_new (const char *text, GError **error)
{
  if (make_object (text, error))
    return true;
  g_prefix_error (error, "-object %s: ", text);
  return false;
}
