/* SPDX-License-Identifier: GPL-3.0-or-later */

/* -semihosting: what the machine tells a program that asks the host. */

#include "machine-private.h"
#include <gio/gio.h>

static void
guest_exit (void *opaque, int status)
{
  machine_request_shutdown (opaque, status);
}

static void
free_ram (void *opaque, uint64_t *ret_start, uint64_t *ret_end)
{
  const struct MachinePrivate *priv = ((const Machine *)opaque)->priv;

  *ret_start = priv->free_ram_start;
  *ret_end = priv->free_ram_end;
}

static void
on_reset (void *opaque)
{
  semihosting_reset (((Machine *)opaque)->priv->semihosting);
}

/* arg=, one behind the other, or what a boot loader would make of -kernel and -append. */
static char *
command_line (const MachineConfig *config)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  const GPtrArray *args = config->semihosting_args;

  for (unsigned i = 0; args && i < args->len; i++)
    g_ptr_array_add (words, args->pdata[i]);
  if (words->len == 0 && config->kernel)
    g_ptr_array_add (words, config->kernel);
  if (words->len == 1 && words->pdata[0] == config->kernel && config->append)
    g_ptr_array_add (words, config->append);
  g_ptr_array_add (words, NULL);
  return g_strjoinv (" ", (char **)words->pdata);
}

bool
machine_add_semihosting (Machine *machine, GError **error)
{
  const MachineConfig *config = machine->config;
  const char *id = config->semihosting_chardev;
  Chardev *console = id ? chardev_find (id) : NULL;

  if (!config->semihosting)
    return true;
  if (id && console == NULL) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "-semihosting-config: there is no character device '%s'; add -chardev stdio,id=%s", id, id);
    return false;
  }
  g_autofree char *line = command_line (config);
  machine->priv->semihosting = semihosting_new (&(SemihostingConfig){ .user = config->semihosting_user,
                                                                      .console = console,
                                                                      .command_line = line,
                                                                      .clock = machine->clock,
                                                                      .exit = guest_exit,
                                                                      .free_ram = free_ram,
                                                                      .opaque = machine },
                                                error);
  if (machine->priv->semihosting == NULL) {
    g_prefix_error (error, "-semihosting-config chardev=%s: ", id);
    return false;
  }
  machine_add_listener (machine, &(MachineListener){ .reset = on_reset, .opaque = machine });
  return true;
}
