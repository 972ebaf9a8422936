/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A whole machine: built, run, reset, saved, restored, and asked for what it cannot be. */

#include "machine.h"
#include "riscv-cpu.h"
#include "uart.h"
#include "virtio-net.h"
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

/* auipc t0, 1: an address of RAM that is not the program's. */
#define CODE_RAM   0x00001297
#define CODE_STAY  0x0000006f /* j . */
#define CODE_TEST  0x001003b7 /* lui t2, 0x100: the test device */
#define CODE_STORE 0x0063a023 /* sw t1, 0(t2) */

/* Powers off. */
static const uint32_t power_off[] = { CODE_TEST, 0x00005337, 0x55530313 /* t1 = 0x5555 */, CODE_STORE,
                                      CODE_STAY };
/* Powers off with failure 7. */
static const uint32_t fail[] = { CODE_TEST, 0x00073337, 0x33330313 /* t1 = 0x73333 */, CODE_STORE,
                                 CODE_STAY };
/* Counts in RAM and resets, twice; the third time it powers off. */
static const uint32_t reboot[] = {
  CODE_RAM,
  0x0002a303 /* lw t1, 0(t0) */,
  0x00130313 /* addi t1, t1, 1 */,
  0x0062a023 /* sw t1, 0(t0) */,
  0x00300e13 /* li t3, 3 */,
  CODE_TEST,
  0x01c30a63 /* beq t1, t3, +20 */,
  0x00007337,
  0x77730313 /* t1 = 0x7777 */,
  CODE_STORE,
  CODE_STAY,
  0x00005337,
  0x55530313,
  CODE_STORE,
  CODE_STAY,
};
/* Counts in RAM for ever. */
static const uint32_t count[] = { CODE_RAM, 0x0002a303, 0x00130313, 0x0062a023, 0xff5ff06f /* j -12 */ };
#define COUNTER 0x1000 /* where in RAM both count */

typedef struct {
  char *dir, *kernel, *saved;
  MachineConfig config;
  Machine *machine;
  GString *states;
  unsigned resets;
  int shutdown_code;
  bool shutdown_guest;
} Fixture;

static void
note_state (void *opaque, MachineState state)
{
  g_string_append_printf (((Fixture *)opaque)->states, "%s ", machine_state_name (state));
}

static void
note_reset (void *opaque)
{
  ((Fixture *)opaque)->resets++;
}

static void
note_shutdown (void *opaque, int exit_code, bool guest)
{
  ((Fixture *)opaque)->shutdown_code = exit_code;
  ((Fixture *)opaque)->shutdown_guest = guest;
}

static void
set_up (Fixture *f, const void *data)
{
  f->dir = g_dir_make_tmp ("vitrine-machine-XXXXXX", NULL);
  f->kernel = g_build_filename (f->dir, "kernel", NULL);
  f->saved = g_build_filename (f->dir, "saved", NULL);
  f->states = g_string_new (NULL);
  f->config = (MachineConfig){
    .isa = riscv_system_isa (64),
    .board = (char *)"virt",
    .ram_size = 8 << 20,
    .bios = (char *)"none",
    .no_default_devices = true,
    .board_options = g_hash_table_new (g_str_hash, g_str_equal),
  };
}

static void
tear_down (Fixture *f, const void *data)
{
  if (f->machine)
    machine_free (f->machine);
  g_hash_table_unref (f->config.board_options);
  g_unlink (f->kernel);
  g_unlink (f->saved);
  g_assert_cmpint (g_rmdir (f->dir), ==, 0);
  g_string_free (f->states, TRUE);
  g_free (f->dir);
  g_free (f->kernel);
  g_free (f->saved);
}

static void
build (Fixture *f, const uint32_t *code, gsize size)
{
  const MachineListener listener = {
    .state = note_state, .reset = note_reset, .shutdown = note_shutdown, .opaque = f
  };
  GError *error = NULL;

  g_assert_true (g_file_set_contents (f->kernel, (const char *)code, (gssize)size, NULL));
  f->config.kernel = f->kernel;
  f->machine = machine_new (&f->config, &error);
  g_assert_no_error (error);
  machine_add_listener (f->machine, &listener);
}
#define BUILD(f, code) build (f, code, sizeof code)

static volatile uint32_t *
counter (Fixture *f)
{
  return (volatile uint32_t *)(f->machine->ram->host + COUNTER);
}

static void
wait_for_count (Fixture *f, uint32_t more)
{
  uint32_t start = *counter (f);

  while (*counter (f) - start < more)
    g_usleep (100);
}

static void
test_power_off (Fixture *f, const void *data)
{
  BUILD (f, power_off);
  g_assert_cmpint (f->machine->state, ==, MACHINE_PRELAUNCH);
  machine_start (f->machine);
  g_assert_cmpint (machine_run (f->machine), ==, 0);
  g_assert_cmpstr (f->states->str, ==, "running shutdown ");
  g_assert_true (f->shutdown_guest);
}

static void
test_fail (Fixture *f, const void *data)
{
  BUILD (f, fail);
  machine_start (f->machine);
  g_assert_cmpint (machine_run (f->machine), ==, 7);
  g_assert_cmpint (f->shutdown_code, ==, 7);
}

static void
test_reboot (Fixture *f, const void *data)
{
  BUILD (f, reboot);
  machine_start (f->machine);
  g_assert_cmpint (machine_run (f->machine), ==, 0);
  g_assert_cmpuint (f->resets, ==, 2);
  g_assert_cmpuint (*counter (f), ==, 3);
}

static void
test_no_reboot (Fixture *f, const void *data)
{
  f->config.no_reboot = true;
  BUILD (f, reboot);
  machine_start (f->machine);
  g_assert_cmpint (machine_run (f->machine), ==, 0);
  g_assert_cmpuint (f->resets, ==, 0);
  g_assert_cmpuint (*counter (f), ==, 1);
}

static gboolean
quit_soon (void *opaque)
{
  machine_request_quit (((Fixture *)opaque)->machine, 5);
  return G_SOURCE_REMOVE;
}

/* With -no-shutdown the machine stays; cont does nothing until it is reset. */
static void
test_no_shutdown (Fixture *f, const void *data)
{
  f->config.no_shutdown = true;
  BUILD (f, power_off);
  machine_start (f->machine);
  while (f->machine->state != MACHINE_SHUTDOWN)
    g_main_context_iteration (NULL, TRUE);
  machine_start (f->machine);
  g_assert_cmpint (f->machine->state, ==, MACHINE_SHUTDOWN);
  machine_stop (f->machine, MACHINE_PAUSED);
  g_assert_cmpint (f->machine->state, ==, MACHINE_SHUTDOWN);
  machine_reset (f->machine);
  g_assert_cmpint (f->machine->state, ==, MACHINE_PRELAUNCH);
  g_timeout_add (20, quit_soon, f);
  machine_start (f->machine);
  g_assert_cmpint (machine_run (f->machine), ==, 5);
  g_assert_false (f->shutdown_guest);
}

static void
test_stop (Fixture *f, const void *data)
{
  f->config.cpus = 3;
  BUILD (f, count);
  for (unsigned i = 0; i < 20; i++) {
    machine_start (f->machine);
    wait_for_count (f, 100);
    machine_stop (f->machine, MACHINE_PAUSED);
    uint32_t stands = *counter (f);
    int64_t now = clock_now (f->machine->clock);
    g_usleep (500);
    g_assert_cmpuint (*counter (f), ==, stands);
    g_assert_cmpint (clock_now (f->machine->clock), ==, now);
  }
}

/* Requests from other threads, many at once. */
static void *
request_all (void *opaque)
{
  Machine *machine = opaque;

  for (unsigned i = 0; i < 50; i++) {
    machine_request_reset (machine);
    machine_request_stop (machine, MACHINE_IO_ERROR);
    g_usleep (200);
  }
  return NULL;
}

static void
test_requests (Fixture *f, const void *data)
{
  BUILD (f, count);
  machine_start (f->machine);
  GThread *threads[3];
  for (unsigned i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("requests", request_all, f->machine);
  int64_t end = g_get_monotonic_time () + 200 * 1000;
  while (g_get_monotonic_time () < end) {
    g_main_context_iteration (NULL, FALSE);
    machine_start (f->machine);
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  machine_start (f->machine);
  wait_for_count (f, 10);
  g_assert_cmpuint (f->resets, >, 0);
}

static bool
cancel (void *opaque, uint64_t done, uint64_t total)
{
  g_assert_cmpuint (done, <=, total);
  return ++*(unsigned *)opaque < 2;
}

static void
test_save (Fixture *f, const void *data)
{
  GError *error = NULL;
  unsigned calls = 0;
  const BlockProgress cancelling = { cancel, &calls };

  f->config.cpus = 2;
  BUILD (f, count);
  machine_start (f->machine);
  wait_for_count (f, 1000);
  /* Cancelled: it runs on, and there is no file. */
  g_assert_false (machine_save (f->machine, f->saved, &cancelling, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (g_file_test (f->saved, G_FILE_TEST_EXISTS));
  wait_for_count (f, 1000);
  memset (f->machine->ram->host + 0x300000, 0xa5, 5000);
  machine_save (f->machine, f->saved, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (f->machine->state, ==, MACHINE_SAVED);
  uint32_t counted = *counter (f);
  int64_t now = clock_now (f->machine->clock);
  /* What comes after is undone by the restore. */
  machine_start (f->machine);
  wait_for_count (f, 1000);
  f->machine->ram->host[0x500000] = 1;
  g_autofree char *uri = g_strconcat ("file:", f->saved, NULL);
  machine_restore (f->machine, uri, &error);
  g_assert_no_error (error);
  g_assert_cmpint (f->machine->state, ==, MACHINE_PAUSED);
  g_assert_cmpuint (*counter (f), ==, counted);
  g_assert_cmpint (clock_now (f->machine->clock), ==, now);
  g_assert_cmpuint (f->machine->ram->host[0x500000], ==, 0);
  g_assert_cmpuint (f->machine->ram->host[0x300000 + 4999], ==, 0xa5);
  machine_start (f->machine);
  wait_for_count (f, 1000);
}

/* Into a new machine, as after -incoming. */
static void
test_incoming (Fixture *f, const void *data)
{
  GError *error = NULL;

  BUILD (f, count);
  machine_start (f->machine);
  wait_for_count (f, 1000);
  g_assert_true (machine_save (f->machine, f->saved, NULL, NULL));
  uint32_t counted = *counter (f);
  machine_free (f->machine);
  f->config.incoming = f->saved;
  f->machine = machine_new (&f->config, &error);
  g_assert_no_error (error);
  machine_restore (f->machine, f->config.incoming, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (*counter (f), ==, counted);
  machine_start (f->machine);
  wait_for_count (f, 1000);
}

static void
assert_no_restore (Fixture *f, const char *why)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (machine_restore (f->machine, f->saved, &error));
  g_assert_nonnull (error);
  if (strstr (error->message, why) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, why);
}

static void
test_other_machine (Fixture *f, const void *data)
{
  BUILD (f, count);
  machine_start (f->machine);
  g_assert_true (machine_save (f->machine, f->saved, NULL, NULL));
  machine_free (f->machine);
  f->config.ram_size *= 2;
  BUILD (f, count);
  machine_start (f->machine);
  assert_no_restore (f, "use -m");
  /* It has not been harmed. */
  g_assert_cmpint (f->machine->state, ==, MACHINE_RUNNING);
  wait_for_count (f, 100);
  machine_free (f->machine);
  f->config.ram_size /= 2;
  f->config.cpus = 2;
  BUILD (f, count);
  assert_no_restore (f, "use -smp");
  machine_free (f->machine);
  f->config.cpus = 1;
  f->config.cpu_model = (char *)"max";
  BUILD (f, count);
  assert_no_restore (f, "use -cpu");
  machine_free (f->machine);
  f->config.cpu_model = NULL;
  g_hash_table_insert (f->config.board_options, (void *)"aia", (void *)"aplic");
  BUILD (f, count);
  assert_no_restore (f, "/plic");
}

/* Damage is found, and the machine starts from its reset state afterwards. */
static void
test_damaged (Fixture *f, const void *data)
{
  g_autofree char *content = NULL;
  gsize size;
  GRand *rand = g_rand_new_with_seed (3);

  BUILD (f, count);
  machine_start (f->machine);
  wait_for_count (f, 100);
  g_assert_true (machine_save (f->machine, f->saved, NULL, NULL));
  g_assert_true (g_file_get_contents (f->saved, &content, &size, NULL));
  for (unsigned i = 0; i < 30; i++) {
    gsize at = (gsize)g_rand_int_range (rand, 24, (int)size);
    content[at] ^= 0x40;
    g_assert_true (g_file_set_contents (f->saved, content, (gssize)(i % 2 ? size : at), NULL));
    content[at] ^= 0x40;
    assert_no_restore (f, "");
    machine_start (f->machine);
    wait_for_count (f, 10);
  }
  g_rand_free (rand);
}

static void
test_places (Fixture *f, const void *data)
{
  g_autoptr (GError) error = NULL;

  BUILD (f, count);
  g_assert_false (machine_save (f->machine, "tcp:host:1", NULL, &error));
  g_assert_nonnull (strstr (error->message, "file:PATH"));
  g_clear_error (&error);
  g_assert_false (machine_save (f->machine, "/nowhere/at/all", NULL, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_false (machine_restore (f->machine, "/nowhere/at/all", &error));
  g_assert_nonnull (error);
  g_assert_cmpint (f->machine->state, ==, MACHINE_PRELAUNCH);
}

static void
assert_no_machine (Fixture *f, const char *why)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (machine_new (&f->config, &error));
  g_assert_nonnull (error);
  if (strstr (error->message, why) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, why);
}

static void
test_options (Fixture *f, const void *data)
{
  static const struct {
    const char *key, *value, *why;
  } bad[] = {
    { "aja", "none", "'aia'" },       { "aia", "aplic-imsik", "'aplic-imsic'" },
    { "acpi", "on", "acpi=off" },     { "acpi", "maybe", "acpi" },
    { "aclint", "on", "aclint=off" }, { "pflash0", "nothing", "-blockdev" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_hash_table_remove_all (f->config.board_options);
    g_hash_table_insert (f->config.board_options, (void *)bad[i].key, (void *)bad[i].value);
    assert_no_machine (f, bad[i].why);
  }
  g_hash_table_remove_all (f->config.board_options);
  f->config.board = (char *)"vrit";
  assert_no_machine (f, "'virt'");
  f->config.board = NULL;
  f->config.cpus = 513;
  assert_no_machine (f, "512");
  f->config.cpus = 3;
  f->config.cores = 2;
  assert_no_machine (f, "do not make");
  f->config.cpus = 4;
  f->config.max_cpus = 2;
  assert_no_machine (f, "maxcpus=2");
  f->config.cpus = f->config.max_cpus = f->config.cores = 0;
  f->config.cpu_model = (char *)"z80";
  assert_no_machine (f, "z80");
  f->config.cpu_model = NULL;
  f->config.append = (char *)"quiet";
  assert_no_machine (f, "-kernel");
  f->config.append = NULL;
  f->config.kernel = (char *)"/nowhere/at/all";
  assert_no_machine (f, "/nowhere/at/all");
}

static void
test_devices (Fixture *f, const void *data)
{
  static const struct {
    const char *text, *why;
  } bad[] = {
    { "virtio-nothing-at-all", "no device" },
    { "ns16550a", "part of the machine" },
    { "", "name of a device" },
    { "gpex-pcihost", "" },
  };

  BUILD (f, count);
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (machine_add_device (f->machine, bad[i].text, &error));
    g_assert_nonnull (error);
    if (strstr (error->message, bad[i].why) == NULL)
      g_error ("\"%s\" does not say \"%s\"", error->message, bad[i].why);
  }
  g_autoptr (GError) error = NULL;
  g_assert_false (machine_remove_device (f->machine, "nobody", &error));
  g_assert_nonnull (strstr (error->message, "nobody"));
  g_autoptr (GString) tree = g_string_new (NULL);
  machine_info_qtree (f->machine, tree);
  g_assert_nonnull (strstr (tree->str, "dev: ns16550a"));
  g_assert_nonnull (strstr (tree->str, "bus: pcie.0"));
}

static void
note_device (void *opaque, const char *event, const char *id)
{
  g_string_append_printf (((Fixture *)opaque)->states, "%s:%s ", event, id);
}

static void
refuse_device (Fixture *f, const char *text, const char *why)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (machine_add_device (f->machine, text, &error));
  g_assert_nonnull (error);
  if (strstr (error->message, why) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, why);
}

static Device *
accept_device (Fixture *f, const char *text)
{
  GError *error = NULL;
  Device *dev = machine_add_device (f->machine, text, &error);

  g_assert_no_error (error);
  return dev;
}

/* A port, and what is behind it. */
static void
test_root_port (Fixture *f, const void *data)
{
  static const char *const texts[] = {
    "pcie-root-port,id=rp0,chassis=1,slot=2,port=16",
    "pcie-root-port,id=rp1,addr=4",
    "virtio-net-pci,netdev=n0,id=nic0,bus=rp1",
  };
  g_autoptr (GPtrArray) devices = g_ptr_array_new ();
  NetBackend *net = net_backend_new ("user,id=n0", NULL);
  g_autoptr (GError) error = NULL;

  f->config.no_default_net = true;
  f->config.boot_order = (char *)"n";
  f->config.devices = devices;
  for (unsigned i = 0; i < G_N_ELEMENTS (texts); i++)
    g_ptr_array_add (devices, (char *)texts[i]);
  BUILD (f, count);
  refuse_device (f, "pcie-root-port,chassis=1,slot=2", "slot 2");
  refuse_device (f, "virtio-net-pci,netdev=n0,bus=rp9", "pcie.0, rp0, rp1");
  g_autoptr (GString) tree = g_string_new (NULL);
  machine_info_qtree (f->machine, tree);
  const char *port = strstr (tree->str, "id \"rp1\""), *bus = strstr (tree->str, "bus: rp1"),
             *nic = strstr (tree->str, "id \"nic0\"");
  g_assert_true (port && bus > port && nic > bus);
  machine_start (f->machine);
  wait_for_count (f, 10);
  g_autoptr (GBytes) order = fw_cfg_find_file (f->machine->fw_cfg, "bootorder");
  g_assert_cmpstr (g_bytes_get_data (order, NULL), ==,
                   "/pci@0000000030000000/pci-bridge@4/ethernet@0/ethernet-phy@0");
  refuse_device (f, "virtio-net-pci,netdev=n0,bus=rp0", "hot plug");
  g_assert_false (machine_remove_device (f->machine, "nic0", NULL));
  g_assert_false (machine_remove_device (f->machine, "rp1", NULL));
  g_assert_true (machine_save (f->machine, f->saved, NULL, &error));
  machine_restore (f->machine, f->saved, &error);
  g_assert_no_error (error);
  g_clear_pointer (&f->machine, machine_free);
  net_backend_free (net);
}

/* While the guest runs. */
static void
test_hotplug (Fixture *f, const void *data)
{
  const MachineListener listener = { .device = note_device, .opaque = f };
  NetBackend *net = net_backend_new ("user,id=n0", NULL);
  g_autoptr (GError) error = NULL;

  f->config.no_default_net = true;
  BUILD (f, count);
  machine_add_listener (f->machine, &listener);
  machine_start (f->machine);
  g_string_truncate (f->states, 0);
  refuse_device (f, "virtio-net-pci,netdve=n0", "'netdev'");
  refuse_device (f, "virtio-net-pci,netdev=n0,bus=pcie.1", "pcie.0");
  refuse_device (f, "virtio-net-pci,netdev=n0,addr=0", "0");
  refuse_device (f, "virtio-net-pci,netdev=n0,id=a/b", "name");
  refuse_device (f, "virtio-net-device,netdev=n0,bus=virtio-mmio-bus.8", "virtio-mmio-bus.0");
  for (unsigned i = 0; i < 3; i++) {
    Device *dev = accept_device (f, "virtio-net,netdev=n0,id=nic0");
    g_assert_cmpstr (dev->path, ==, "/peripheral/nic0");
    g_autofree char *mac = device_get (dev, "mac");
    g_assert_true (g_str_has_prefix (mac, "52:54:00:12:34:"));
    refuse_device (f, "virtio-net-pci,id=nic0", "used by another");
    wait_for_count (f, 10);
    machine_remove_device (f->machine, "nic0", &error);
    g_assert_no_error (error);
  }
  g_assert_cmpstr (f->states->str, ==, "DEVICE_DELETED:nic0 DEVICE_DELETED:nic0 DEVICE_DELETED:nic0 ");
  accept_device (f, "virtio-net-device,netdev=n0,id=m0,bus=virtio-mmio-bus.0");
  g_assert_false (machine_remove_device (f->machine, "m0", &error));
  g_assert_nonnull (strstr (error->message, "m0"));
  wait_for_count (f, 10);
  g_assert_cmpint (f->machine->state, ==, MACHINE_RUNNING);
  /* What was plugged is part of the saved state. */
  g_clear_error (&error);
  g_assert_true (machine_save (f->machine, f->saved, NULL, &error));
  machine_restore (f->machine, f->saved, &error);
  g_assert_no_error (error);
  g_clear_pointer (&f->machine, machine_free);
  net_backend_free (net);
}

static void
test_default_nic (Fixture *f, const void *data)
{
  f->config.no_default_devices = false;
  BUILD (f, count);
  g_assert_nonnull (pci_bus_device (f->machine->pci, 1 << 3));
  g_assert_null (pci_bus_device (f->machine->pci, 2 << 3));
  g_clear_pointer (&f->machine, machine_free);
  g_assert_null (net_backend_find ("net-default"));
  f->config.no_default_net = true;
  BUILD (f, count);
  g_assert_null (pci_bus_device (f->machine->pci, 1 << 3));
}

static void
test_dumpdtb (Fixture *f, const void *data)
{
  f->config.dumpdtb = f->saved;
  BUILD (f, count);
  g_autofree char *content = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (f->saved, &content, &size, NULL));
  g_assert_cmpmem (content, 4, "\xd0\x0d\xfe\xed", 4);
}

static void
debug_hit (void *opaque, Vcpu *vcpu)
{
  Fixture *f = opaque;

  g_assert_cmpint (f->machine->state, ==, MACHINE_DEBUG);
  g_assert_cmpuint (vcpu_index (vcpu), ==, 0);
  machine_request_quit (f->machine, 9);
}

static void
test_debug (Fixture *f, const void *data)
{
  BUILD (f, count);
  machine_set_debug_hook (f->machine, debug_hit, f);
  vcpu_cpu (f->machine->vcpus->pdata[0])->single_step = true;
  machine_start (f->machine);
  g_assert_cmpint (machine_run (f->machine), ==, 9);
}

int
main (int argc, char **argv)
{
  device_class_register (&uart_class);
  virtio_net_register ();
  pci_register ();
  /* This is about machines, and short programs need no translation. */
  cpu_settings.interpret = true;
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/machine/" name, Fixture, NULL, set_up, fn, tear_down)
  ADD ("power-off", test_power_off);
  ADD ("fail", test_fail);
  ADD ("reboot", test_reboot);
  ADD ("no-reboot", test_no_reboot);
  ADD ("no-shutdown", test_no_shutdown);
  ADD ("stop", test_stop);
  ADD ("requests", test_requests);
  ADD ("save", test_save);
  ADD ("incoming", test_incoming);
  ADD ("other-machine", test_other_machine);
  ADD ("damaged", test_damaged);
  ADD ("places", test_places);
  ADD ("options", test_options);
  ADD ("devices", test_devices);
  ADD ("root-port", test_root_port);
  ADD ("hotplug", test_hotplug);
  ADD ("default-nic", test_default_nic);
  ADD ("dumpdtb", test_dumpdtb);
  ADD ("debug", test_debug);
  return g_test_run ();
}
