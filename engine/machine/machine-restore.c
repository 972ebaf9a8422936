/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A machine from the file it was saved to. */

#include "machine-private.h"
#include "save-file.h"
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>

static bool
differs (SaveReader *reader, const char *what, const char *saved, const char *here, const char *remedy,
         GError **error)
{
  g_autofree char *text = g_strdup_printf ("was saved from a machine with %s %s, and this one has %s; %s",
                                           what, saved, here, remedy);

  save_reader_fail (reader, text, error);
  return false;
}

static bool
check_string (SaveReader *reader, GVariant *saved, GVariant *here, const char *key, const char *what,
              const char *remedy, GError **error)
{
  const char *a = "", *b = "";

  g_variant_lookup (saved, key, "&s", &a);
  g_variant_lookup (here, key, "&s", &b);
  return strcmp (a, b) == 0 || differs (reader, what, a, b, remedy, error);
}

static bool
check_ram (SaveReader *reader, GVariant *saved, GVariant *here, GError **error)
{
  g_autoptr (GVariant) a = g_variant_lookup_value (saved, "ram", G_VARIANT_TYPE ("a(st)"));
  g_autoptr (GVariant) b = g_variant_lookup_value (here, "ram", G_VARIANT_TYPE ("a(st)"));
  const char *name;
  uint64_t saved_size = 0, here_size = 0;

  if (a && g_variant_equal (a, b))
    return true;
  if (a && g_variant_n_children (a) > 0)
    g_variant_get_child (a, 0, "(&st)", &name, &saved_size);
  g_variant_get_child (b, 0, "(&st)", &name, &here_size);
  if (saved_size == here_size) {
    save_reader_fail (reader, "was saved from a machine with other memory than this one", error);
    return false;
  }
  g_autofree char *x = g_strdup_printf ("%" G_GUINT64_FORMAT " MiB", saved_size >> 20);
  g_autofree char *y = g_strdup_printf ("%" G_GUINT64_FORMAT " MiB", here_size >> 20);
  return differs (reader, "RAM of", x, y, "use -m as it was", error);
}

/* The first device that one of them has and the other has not. */
static bool
check_devices (SaveReader *reader, GVariant *saved, GVariant *here, GError **error)
{
  g_autoptr (GVariant) a = g_variant_lookup_value (saved, "devices", G_VARIANT_TYPE ("a(ss)"));
  g_autoptr (GVariant) b = g_variant_lookup_value (here, "devices", G_VARIANT_TYPE ("a(ss)"));
  gsize n_a = a ? g_variant_n_children (a) : 0, n_b = g_variant_n_children (b);

  for (gsize i = 0; i < MAX (n_a, n_b); i++) {
    const char *path_a = "none", *class_a = "none", *path_b = "none", *class_b = "none";
    if (i < n_a)
      g_variant_get_child (a, i, "(&s&s)", &path_a, &class_a);
    if (i < n_b)
      g_variant_get_child (b, i, "(&s&s)", &path_b, &class_b);
    if (strcmp (path_a, path_b) == 0 && strcmp (class_a, class_b) == 0)
      continue;
    g_autofree char *x = g_strdup_printf ("%s (%s)", class_a, path_a);
    g_autofree char *y = g_strdup_printf ("%s (%s)", class_b, path_b);
    return differs (reader, "the device", x, y,
                    "use the same -device, -drive, -nic and -smp options in the same order", error);
  }
  return true;
}

static bool
check_description (SaveReader *reader, Machine *machine, GError **error)
{
  g_autoptr (GVariant) saved = save_reader_variant (reader, SAVE_DESCRIPTION, error);
  g_autoptr (GVariant) here = NULL;
  uint32_t cpus = 0;

  if (saved == NULL)
    return false;
  here = machine_describe (machine);
  if (!check_string (reader, saved, here, "isa", "the architecture", "use the program for that", error) ||
      !check_string (reader, saved, here, "board", "the type", "use -machine as it was", error) ||
      !check_string (reader, saved, here, "cpu", "the CPU", "use -cpu as it was", error))
    return false;
  g_variant_lookup (saved, "cpus", "u", &cpus);
  if (cpus != machine->vcpus->len) {
    g_autofree char *x = g_strdup_printf ("%u", cpus), *y = g_strdup_printf ("%u", machine->vcpus->len);
    return differs (reader, "a number of CPUs of", x, y, "use -smp as it was", error);
  }
  return check_ram (reader, saved, here, error) && check_devices (reader, saved, here, error);
}

static void
clear_ram (Machine *machine)
{
  for (unsigned i = 0; i < machine->priv->ram->len; i++) {
    const RamBlock *block = g_array_index (machine->priv->ram, MachineRam, i).block;
    if (fallocate (block->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)block->size) < 0)
      memset (block->host, 0, block->size);
  }
}

static bool
read_ram_chunk (SaveReader *reader, Machine *machine, const SaveChunk *chunk, const uint8_t *data,
                GError **error)
{
  const GArray *ram = machine->priv->ram;
  RamBlock *block = chunk->block < ram->len ? g_array_index (ram, MachineRam, chunk->block).block : NULL;

  if (block && chunk->offset % SAVE_RAM_CHUNK == 0 && chunk->offset < block->size &&
      save_ram_unpack (data, chunk->size, block->host + chunk->offset,
                       MIN (SAVE_RAM_CHUNK, block->size - chunk->offset)))
    return true;
  save_reader_fail (reader, "is damaged: a part of its memory has no place; copy it again", error);
  return false;
}

static bool
read_ram (SaveReader *reader, Machine *machine, GError **error)
{
  SaveChunk chunk;
  const uint8_t *data;
  bool ok;

  clear_ram (machine);
  while ((ok = save_reader_next (reader, &chunk, &data, error)) && chunk.type != SAVE_END) {
    if (chunk.type != SAVE_RAM) {
      save_reader_fail (reader, "is damaged: its parts are not what they should be", error);
      ok = false;
    } else
      ok = read_ram_chunk (reader, machine, &chunk, data, error);
    if (!ok)
      break;
  }
  /* Whatever was translated from the old content is void. */
  for (unsigned i = 0; i < machine->priv->ram->len; i++) {
    RamBlock *block = g_array_index (machine->priv->ram, MachineRam, i).block;
    ram_written (block, 0, block->size);
  }
  return ok;
}

static bool
load_vcpus (SaveReader *reader, Machine *machine, GVariant *state, GError **error)
{
  g_autoptr (GVariant) vcpus = g_variant_lookup_value (state, "vcpus", G_VARIANT_TYPE ("aa{sv}"));

  if (vcpus == NULL || g_variant_n_children (vcpus) != machine->vcpus->len) {
    save_reader_fail (reader, "is damaged: it has no state of the CPUs", error);
    return false;
  }
  for (unsigned i = 0; i < machine->vcpus->len; i++) {
    Cpu *cpu = machine_cpu (machine, i);
    g_autoptr (GVariant) one = g_variant_get_child_value (vcpus, i);
    if (!cpu->isa->system->load (cpu, one, error)) {
      g_prefix_error (error, "CPU %u: ", i);
      return false;
    }
    cpu_tlb_flush_remote (cpu);
  }
  return true;
}

static bool
load_nets (GVariant *state, GError **error)
{
  g_autoptr (GVariant) nets = g_variant_lookup_value (state, "nets", G_VARIANT_TYPE_VARDICT);
  GVariantIter iter;
  const char *id;
  GVariant *value;

  if (nets == NULL)
    return true;
  g_variant_iter_init (&iter, nets);
  while (g_variant_iter_next (&iter, "{&sv}", &id, &value)) {
    NetBackend *net = net_backend_find (id);
    /* A network that is not there any more loses its connections, as a cable that is pulled does. */
    bool ok = net == NULL || net_backend_load (net, value, error);
    g_variant_unref (value);
    if (!ok) {
      g_prefix_error (error, "network '%s': ", id);
      return false;
    }
  }
  return true;
}

static bool
load_state (SaveReader *reader, Machine *machine, GVariant *state, GError **error)
{
  g_autoptr (GVariant) devices = g_variant_lookup_value (state, "devices", G_VARIANT_TYPE_VARDICT);
  int64_t now;

  if (devices == NULL || !g_variant_lookup (state, "clock", "x", &now) || now < 0) {
    save_reader_fail (reader, "is damaged: it has no state of the devices", error);
    return false;
  }
  clock_set (machine->clock, now);
  return device_load (machine->root, devices, error) && load_vcpus (reader, machine, state, error) &&
         load_nets (state, error);
}

static bool
read_machine (SaveReader *reader, Machine *machine, GError **error)
{
  g_autoptr (GVariant) state = save_reader_variant (reader, SAVE_STATE, error);

  return state && read_ram (reader, machine, error) && load_state (reader, machine, state, error);
}

void
machine_await_restore (Machine *machine)
{
  if (machine->state == MACHINE_PRELAUNCH)
    machine_set_state (machine, MACHINE_RESTORING);
}

bool
machine_restore (Machine *machine, const char *uri, GError **error)
{
  const char *path = machine_uri_path (uri, error);
  MachineState before = machine->state;
  bool moving = !machine->priv->halted;

  if (path == NULL)
    return false;
  g_autoptr (SaveReader) reader = save_reader_new (path, error);
  if (reader == NULL)
    return false;
  machine_halt (machine);
  machine_set_state (machine, MACHINE_RESTORING);
  if (!check_description (reader, machine, error)) {
    /* Nothing has happened to the machine. */
    machine_set_state (machine, before);
    if (moving)
      machine_unhalt (machine);
    return false;
  }
  /* Devices are loaded from their reset state, and what the board would load is overwritten. */
  device_reset (machine->root);
  bool ok = read_machine (reader, machine, error);
  if (!ok) {
    clear_ram (machine);
    machine_reset_halted (machine);
  }
  machine->priv->reset_done = true;
  machine_set_state (machine, ok ? MACHINE_PAUSED : MACHINE_PRELAUNCH);
  return ok;
}
