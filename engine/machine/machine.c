/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Making and unmaking a machine. */

#include "machine-private.h"
#include "keyval.h"
#include "suggest.h"
#include "virt-arm.h"
#include "virt.h"
#include "virtio-blk.h"
#include "virtio-scsi.h"
#include <gio/gio.h>
#include <string.h>

static const Board *const boards[] = { &virt_board_riscv64, &virt_board_aarch64, NULL };

/* Wide enough for what any guest's page tables can name. */
#define MACHINE_ADDRESS_BITS 56

static const DeviceClass root_class = {
  .name = "machine",
  .bus = "none",
  .category = "Misc devices",
  .help = "the machine itself",
  .size = sizeof (Device),
};

const Board *const *
board_list (void)
{
  return boards;
}

const Board *
board_find (const char *isa, const char *name)
{
  for (unsigned i = 0; boards[i]; i++)
    if (strcmp (boards[i]->isa, isa) == 0 && strcmp (boards[i]->name, name) == 0)
      return boards[i];
  return NULL;
}

static const Board *
find_board (const MachineConfig *config, GError **error)
{
  const char *names[G_N_ELEMENTS (boards)] = { NULL };
  unsigned n = 0;
  const Board *board = config->board ? board_find (config->isa->name, config->board) : NULL;

  for (unsigned i = 0; boards[i]; i++)
    if (strcmp (boards[i]->isa, config->isa->name) == 0)
      names[n++] = boards[i]->name;
  if (board == NULL && config->board == NULL && n > 0)
    board = board_find (config->isa->name, names[0]);
  if (board == NULL && n == 0)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "there is no machine for %s",
                 config->isa->name);
  else if (board == NULL) {
    g_autofree char *hint = suggest_hint (config->board, names);
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "there is no machine type '%s'%s -machine help lists them", config->board, hint);
  } else if (config->isa->system == NULL) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "%s has no system mode in this build",
                 config->isa->name);
    return NULL;
  }
  return board;
}

const char *
machine_option (const Machine *machine, const char *name)
{
  return machine->config->board_options ? g_hash_table_lookup (machine->config->board_options, name) : NULL;
}

bool
machine_option_bool (const Machine *machine, const char *name, bool initial, bool *ret, GError **error)
{
  const char *value = machine_option (machine, name);

  *ret = initial;
  if (value == NULL || keyval_parse_bool (value, ret, error))
    return true;
  g_prefix_error (error, "-machine %s: ", name);
  return false;
}

static bool
check_options (const Machine *machine, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GHashTableIter iter;
  void *key;

  if (machine->config->board_options == NULL)
    return true;
  for (const BoardOption *option = machine->board->options; option->name; option++)
    g_ptr_array_add (names, (char *)option->name);
  g_ptr_array_add (names, NULL);
  const char *const *known = (const char *const *)names->pdata;
  g_hash_table_iter_init (&iter, machine->config->board_options);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (!g_strv_contains (known, key)) {
      g_autofree char *hint = suggest_hint (key, known);
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                   "the machine type '%s' has no option '%s'%s -machine %s,help lists them",
                   machine->board->name, (const char *)key, hint, machine->board->name);
      return false;
    }
  return true;
}

/* -smp: what was not said follows from what was. */
static bool
set_cpus (Machine *machine, GError **error)
{
  const MachineConfig *c = machine->config;
  uint64_t product = (uint64_t)MAX (c->sockets, 1) * MAX (c->cores, 1) * MAX (c->threads, 1);
  uint64_t cpus = c->cpus ? c->cpus : c->max_cpus ? c->max_cpus : product;
  uint64_t max = c->max_cpus ? c->max_cpus : MAX (cpus, product);
  bool topology = c->sockets && c->cores && c->threads;

  if (cpus > machine->board->max_cpus || max > machine->board->max_cpus)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "-smp: %" G_GUINT64_FORMAT " CPUs are more than the %u that '%s' can have", MAX (cpus, max),
                 machine->board->max_cpus, machine->board->name);
  else if (cpus > max)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "-smp: %" G_GUINT64_FORMAT " CPUs are more than maxcpus=%" G_GUINT64_FORMAT, cpus, max);
  else if (topology ? product != max : max % product != 0)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "-smp: sockets=%u, cores=%u and threads=%u do not make %" G_GUINT64_FORMAT " CPUs",
                 MAX (c->sockets, 1), MAX (c->cores, 1), MAX (c->threads, 1), max);
  else {
    machine->priv->cpus = (unsigned)cpus;
    return true;
  }
  return false;
}

/* A region that lives as long as the machine. */
static MemoryRegion *
machine_new_region (Machine *machine, const MemoryRegion *init)
{
  MemoryRegion *region = g_memdup2 (init, sizeof *init);

  g_ptr_array_add (machine->priv->regions, region);
  return region;
}

RamBlock *
machine_add_ram (Machine *machine, const char *name, MemoryKind kind, uint64_t base, uint64_t size,
                 GError **error)
{
  RamBlock *block = ram_block_new (name, size, error);
  MachineRam entry = { name, block };

  if (block == NULL)
    return NULL;
  g_array_append_val (machine->priv->ram, entry);
  MemoryRegion region = { .name = name, .kind = kind, .size = block->size, .ram = block };
  memory_region_map (machine->memory, machine_new_region (machine, &region), base);
  return block;
}

void
machine_map (Machine *machine, MemoryRegion *region, uint64_t base)
{
  memory_region_map (machine->memory, region, base);
  g_ptr_array_add (machine->priv->mapped, region);
}

bool
machine_add_cpu (Machine *machine, Cpu *cpu, GError **error)
{
  const VcpuHooks hooks = { machine_vcpu_debug, machine };

  cpu_system_init (cpu, machine->memory);
  if (machine->priv->semihosting)
    cpu_set_semihosting (cpu, semihosting_hooks (machine->priv->semihosting));
  Vcpu *vcpu = vcpu_new (cpu, machine->vcpus->len, &hooks, error);
  if (vcpu == NULL) {
    cpu_system_free (cpu);
    cpu_free (cpu);
    return false;
  }
  g_ptr_array_add (machine->vcpus, vcpu);
  return true;
}

Cpu *
machine_cpu (Machine *machine, unsigned index)
{
  return vcpu_cpu (machine->vcpus->pdata[index]);
}

bool
machine_serial (Machine *machine, unsigned index, Chardev **ret, GError **error)
{
  const GPtrArray *serials = machine->config->serials;
  const char *text = serials && index < serials->len ? serials->pdata[index] : NULL;

  *ret = NULL;
  machine->priv->serials = MAX (machine->priv->serials, index + 1);
  if (text == NULL || strcmp (text, "none") == 0)
    return true;
  *ret = chardev_new_legacy (text, error);
  if (*ret == NULL) {
    g_prefix_error (error, "-serial %s: ", text);
    return false;
  }
  g_ptr_array_add (machine->priv->chardevs, *ret);
  if (chardev_id (*ret) == NULL) {
    g_autofree char *id = g_strdup_printf ("serial%u", index);
    chardev_set_id (*ret, id);
  }
  return true;
}

void
machine_add_mmio (Machine *machine, Device *transport)
{
  g_ptr_array_add (machine->priv->mmio, transport);
}

/* -serial for ports that the board has not. */
static bool
check_serials (const Machine *machine, GError **error)
{
  const GPtrArray *serials = machine->config->serials;

  for (unsigned i = machine->priv->serials; serials && i < serials->len; i++)
    if (strcmp (serials->pdata[i], "none") != 0) {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "-serial %s: the machine '%s' has %u serial port; for more consoles add -device "
                   "virtio-serial-pci and -device virtconsole,chardev=ID",
                   (const char *)serials->pdata[i], machine->board->name, machine->priv->serials);
      return false;
    }
  return true;
}

static void
free_chardev (void *chr)
{
  chardev_free (chr);
}

static bool
build (Machine *machine, GError **error)
{
  if (!device_realize (machine->root, error) || !check_options (machine, error) ||
      !set_cpus (machine, error) || !machine_add_semihosting (machine, error))
    return false;
  virtio_blk_default_queues = virtio_scsi_default_queues = machine->priv->cpus;
  if (!machine->board->build (machine, error) || !check_serials (machine, error))
    return false;
  return machine_add_configured_devices (machine, error);
}

Machine *
machine_new (const MachineConfig *config, GError **error)
{
  const Board *board = find_board (config, error);

  if (board == NULL)
    return NULL;
  Machine *machine = g_new0 (Machine, 1);
  struct MachinePrivate *priv = g_new0 (struct MachinePrivate, 1);
  machine->board = board;
  machine->config = config;
  machine->priv = priv;
  machine->memory = memory_map_new (MACHINE_ADDRESS_BITS);
  machine->clock = clock_new ();
  machine->vcpus = g_ptr_array_new ();
  machine->root = device_new (&root_class, "/");
  machine->board_data = g_malloc0 (MAX (board->size, 1));
  machine->state = MACHINE_PRELAUNCH;
  priv->ram = g_array_new (FALSE, FALSE, sizeof (MachineRam));
  priv->regions = g_ptr_array_new_with_free_func (g_free);
  priv->mapped = g_ptr_array_new ();
  priv->mmio = g_ptr_array_new ();
  priv->chardevs = g_ptr_array_new_with_free_func (free_chardev);
  machine_init_run_state (machine);
  if (!build (machine, error)) {
    machine_free (machine);
    return NULL;
  }
  /* A machine that is about to be restored does not need its memory filled first. */
  if (config->incoming == NULL)
    machine_reset_halted (machine);
  return machine;
}

static void
free_vcpus (Machine *machine)
{
  for (unsigned i = 0; i < machine->vcpus->len; i++) {
    Cpu *cpu = machine_cpu (machine, i);
    vcpu_free (machine->vcpus->pdata[i]);
    cpu_system_free (cpu);
    cpu_free (cpu);
  }
  g_ptr_array_unref (machine->vcpus);
}

void
machine_free (Machine *machine)
{
  if (machine == NULL)
    return;
  struct MachinePrivate *priv = machine->priv;
  machine_halt (machine);
  machine_free_run_state (machine);
  memory_begin (machine->memory);
  for (unsigned i = 0; i < priv->mapped->len; i++)
    memory_region_unmap (priv->mapped->pdata[i]);
  memory_commit (machine->memory);
  g_ptr_array_unref (priv->mapped);
  /* Devices go first: they hold lines into the vCPUs (which stand still), regions in the map, and timers. */
  device_free (machine->root);
  if (machine->board->free)
    machine->board->free (machine);
  free_vcpus (machine);
  semihosting_free (priv->semihosting);
  if (priv->default_net)
    net_backend_free (priv->default_net);
  g_ptr_array_unref (priv->chardevs);
  g_ptr_array_unref (priv->mmio);
  memory_map_free (machine->memory);
  g_ptr_array_unref (priv->regions);
  for (unsigned i = 0; i < priv->ram->len; i++)
    ram_block_free (g_array_index (priv->ram, MachineRam, i).block);
  g_array_unref (priv->ram);
  clock_free (machine->clock);
  g_free (machine->board_data);
  g_free (priv);
  g_free (machine);
}
