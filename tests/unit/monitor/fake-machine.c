/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake-machine.h"

#include "riscv-cpu.h"
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

GString *fake_calls;
const char *fake_failure;

static GArray *listeners; /* MachineListener */
static RamBlock *ram;
static MemoryRegion ram_region, mmio_region, byte_region;
static MachineConfig config;
static Device *root, *nic;
static Board board = { .name = "fake", .isa = "riscv64", .default_cpu = "max", .max_cpus = 8 };

static bool did (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Notes the call; false when it is to fail. */
static bool
did (GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_string_append_vprintf (fake_calls, format, args);
  va_end (args);
  g_string_append_c (fake_calls, ';');
  if (!fake_failure || !error)
    return true;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, fake_failure);
  return false;
}

static uint64_t
mmio_read (void *opaque, uint64_t offset, unsigned size)
{
  return 0x1122334455667788 + offset;
}

static void
mmio_write (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
}

static void
power_button (Machine *machine)
{
  did (NULL, "power");
}

typedef struct {
  Device dev;
  char *drive, *netdev;
} FakeDevice;

static const DeviceProp props[] = { { "drive", DEVICE_PROP_BACKEND, offsetof (FakeDevice, drive) },
                                    { "netdev", DEVICE_PROP_BACKEND, offsetof (FakeDevice, netdev) },
                                    { NULL } };
static const DeviceClass fake_class = {
  .name = "fake-device", .bus = "system", .size = sizeof (FakeDevice), .props = props
};

static Device *
add_device (const char *path, const char *id, const char *drive, const char *netdev)
{
  Device *dev = device_new (&fake_class, path);
  dev->id = g_strdup (id);
  if (drive)
    g_assert_true (device_set (dev, "drive", drive, NULL));
  if (netdev)
    g_assert_true (device_set (dev, "netdev", netdev, NULL));
  if (root)
    device_add_child (root, dev);
  return dev;
}

Machine *
fake_machine_new (void)
{
  static const MmioOps ops = { mmio_read, mmio_write, 1, 8, true };
  static const MmioOps byte_ops = { mmio_read, mmio_write, 1, 1, true };
  Machine *machine = g_new0 (Machine, 1);
  GError *error = NULL;
  fake_calls = g_string_new (NULL);
  listeners = g_array_new (FALSE, FALSE, sizeof (MachineListener));
  board.power_button = power_button;
  config = (MachineConfig){ .isa = riscv_system_isa (64), .name = (char *)"a, name", .uuid = NULL };
  machine->board = &board;
  machine->config = &config;
  machine->memory = memory_map_new (56);
  ram = ram_block_new ("ram", 0x10000, &error);
  g_assert_no_error (error);
  ram_region = (MemoryRegion){ .name = "ram", .kind = MEMORY_RAM, .size = 0x10000, .ram = ram };
  mmio_region = (MemoryRegion){ .name = "regs", .kind = MEMORY_MMIO, .size = 0x1000, .ops = &ops };
  memory_region_map (machine->memory, &ram_region, FAKE_RAM_BASE);
  byte_region = (MemoryRegion){ .name = "bytes", .kind = MEMORY_MMIO, .size = 0x10, .ops = &byte_ops };
  memory_region_map (machine->memory, &mmio_region, 0x1000);
  memory_region_map (machine->memory, &byte_region, 0x3000);
  Cpu *cpu = cpu_new (config.isa, NULL, &error);
  g_assert_no_error (error);
  cpu_system_init (cpu, machine->memory);
  cpu->isa->system->reset (cpu);
  machine->vcpus = g_ptr_array_new ();
  g_ptr_array_add (machine->vcpus, vcpu_new (cpu, 0, NULL, &error));
  g_assert_no_error (error);
  root = machine->root = add_device ("/", NULL, NULL, NULL);
  add_device ("/dev0", "dev0", "disk0", NULL);
  nic = add_device ("/nic0", "nic0", NULL, "net0");
  machine->state = MACHINE_PAUSED;
  machine->ram = ram;
  return machine;
}

void
fake_machine_free (Machine *machine)
{
  Vcpu *vcpu = machine->vcpus->pdata[0];
  Cpu *cpu = vcpu_cpu (vcpu);
  vcpu_free (vcpu);
  memory_region_unmap (&ram_region);
  memory_region_unmap (&mmio_region);
  memory_region_unmap (&byte_region);
  cpu_system_free (cpu);
  cpu_free (cpu);
  memory_map_free (machine->memory);
  ram_block_free (ram);
  device_free (g_steal_pointer (&root));
  g_ptr_array_unref (machine->vcpus);
  g_array_unref (listeners);
  g_string_free (fake_calls, TRUE);
  g_free (machine);
}

void
fake_state (Machine *machine, MachineState state)
{
  machine->state = state;
  for (unsigned i = 0; i < listeners->len; i++)
    g_array_index (listeners, MachineListener, i)
        .state (g_array_index (listeners, MachineListener, i).opaque, state);
}

void
fake_reset (Machine *machine)
{
  for (unsigned i = 0; i < listeners->len; i++)
    g_array_index (listeners, MachineListener, i)
        .reset (g_array_index (listeners, MachineListener, i).opaque);
}

void
fake_shutdown (Machine *machine, bool guest)
{
  for (unsigned i = 0; i < listeners->len; i++)
    g_array_index (listeners, MachineListener, i)
        .shutdown (g_array_index (listeners, MachineListener, i).opaque, 0, guest);
}

void
fake_device_event (Machine *machine, const char *event, const char *id)
{
  for (unsigned i = 0; i < listeners->len; i++)
    g_array_index (listeners, MachineListener, i)
        .device (g_array_index (listeners, MachineListener, i).opaque, event, id);
}

/* machine.h */

void
machine_add_listener (Machine *machine, const MachineListener *listener)
{
  g_array_append_val (listeners, *listener);
}

const char *
machine_state_name (MachineState state)
{
  return state == MACHINE_RUNNING    ? "running"
         : state == MACHINE_SHUTDOWN ? "shutdown"
         : state == MACHINE_IO_ERROR ? "io-error"
         : state == MACHINE_SAVED    ? "postmigrate"
                                     : "paused";
}

void
machine_start (Machine *machine)
{
  did (NULL, "start");
  fake_state (machine, MACHINE_RUNNING);
}

void
machine_stop (Machine *machine, MachineState why)
{
  did (NULL, "stop");
  fake_state (machine, why);
}

void
machine_request_reset (Machine *machine)
{
  did (NULL, "reset");
}

void
machine_request_quit (Machine *machine, int exit_code)
{
  did (NULL, "quit");
}

Device *
machine_add_device (Machine *machine, const char *text, GError **error)
{
  return did (error, "add %s", text) ? nic : NULL;
}

bool
machine_remove_device (Machine *machine, const char *id, GError **error)
{
  return did (error, "remove %s", id);
}

bool
machine_save (Machine *machine, const char *uri, const BlockProgress *progress, GError **error)
{
  if (!did (error ? error : &(GError *){ NULL }, "save %s", uri))
    return false;
  fake_state (machine, MACHINE_SAVED);
  return true;
}

bool
machine_save_fd (Machine *machine, int fd, const BlockProgress *progress, GError **error)
{
  close (fd);
  return machine_save (machine, "a descriptor", progress, error);
}

bool
machine_restore (Machine *machine, const char *uri, GError **error)
{
  if (!did (error, "restore %s", uri))
    return false;
  fake_state (machine, MACHINE_PAUSED);
  return true;
}

void
machine_info_qtree (Machine *machine, GString *out)
{
  g_string_append (out, "the tree\n");
}

const Board *const *
board_list (void)
{
  static const Board *const boards[] = { &board, NULL };
  return boards;
}

/* drive.h: one drive. */

static int the_drive;
G_DEFINE_QUARK (drive - locked, drive_locked)

void (*drive_stop_machine) (Drive *drive, bool write, int error);

Drive *
fake_drive (void)
{
  return (Drive *)&the_drive;
}

Drive *
drive_find (const char *id)
{
  return strcmp (id, "disk0") ? NULL : fake_drive ();
}

GPtrArray *
drive_list (void)
{
  GPtrArray *list = g_ptr_array_new ();
  g_ptr_array_add (list, fake_drive ());
  return list;
}

const char *
drive_id (const Drive *drive)
{
  return "disk0";
}

bool
drive_is_removable (const Drive *drive)
{
  return true;
}

bool
drive_is_locked (const Drive *drive)
{
  return false;
}

Block *
drive_block (const Drive *drive)
{
  return NULL;
}

bool
drive_eject (Drive *drive, bool force, GError **error)
{
  return did (error, "eject%s", force ? " force" : "");
}

bool
drive_change (Drive *drive, const char *path, const char *format, GError **error)
{
  return did (error, "change %s %s", path, format ? format : "-");
}

void
drive_describe (Drive *drive, GString *out)
{
  g_string_append (out, "disk0: nothing in it");
}

/* net.h: one network, "net0". */

static int the_net;

NetBackend *
net_backend_new (const char *options, GError **error)
{
  return did (error, "net %s", options) ? (NetBackend *)&the_net : NULL;
}

void
net_backend_free (NetBackend *net)
{
  did (NULL, "net-free");
}

NetBackend *
net_backend_find (const char *id)
{
  return strcmp (id, "net0") ? NULL : (NetBackend *)&the_net;
}

const char *
net_backend_id (const NetBackend *net)
{
  return "net0";
}

GPtrArray *
net_backend_list (void)
{
  GPtrArray *list = g_ptr_array_new ();
  g_ptr_array_add (list, &the_net);
  return list;
}

void
net_backend_set_link (NetBackend *net, bool up)
{
  did (NULL, "link %s", up ? "up" : "down");
}

bool
net_backend_hostfwd (NetBackend *net, const char *rule, bool add, GError **error)
{
  return did (error, "hostfwd %s %s", add ? "add" : "remove", rule);
}

void
net_backend_describe (NetBackend *net, GString *out, bool connections)
{
  g_string_append_printf (out, "net0: %s", connections ? "connections" : "settings");
}

/* block.h: no drive has a medium. */

void
block_stats (Block *block, BlockStats *ret_stats)
{
  g_assert_not_reached ();
}

uint64_t
block_size (Block *block)
{
  g_assert_not_reached ();
}

bool
block_read_only (Block *block)
{
  g_assert_not_reached ();
}

const char *
block_path (Block *block)
{
  g_assert_not_reached ();
}

const char *
block_format (Block *block)
{
  g_assert_not_reached ();
}

void
net_backend_stats (const NetBackend *net, NetStats *ret_stats)
{
  *ret_stats = (NetStats){ 1, 60, 2, 120 };
}
