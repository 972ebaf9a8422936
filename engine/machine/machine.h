/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A whole machine: memory, vCPUs, board, devices, and its run state. One per process. All functions are for
 * the main thread unless said otherwise. */

#include "chardev.h"
#include "device.h"
#include "drive.h"
#include "fw-cfg.h"
#include "net.h"
#include "pci.h"
#include "semihosting.h"
#include "softmmu.h"

typedef struct Machine Machine;
typedef struct Board Board;

typedef enum {
  MACHINE_PRELAUNCH, /* -S: never started */
  MACHINE_RUNNING,
  MACHINE_PAUSED,
  MACHINE_IO_ERROR, /* paused by werror=stop */
  MACHINE_DEBUG,    /* stopped by a debugger */
  MACHINE_SHUTDOWN, /* the guest has powered off (-no-shutdown) */
  MACHINE_SAVED,
  MACHINE_RESTORING,
} MachineState;
const char *machine_state_name (MachineState state); /* QMP's: "running", "io-error", … */

/* What the command line says, checked for syntax only. Owned by the caller until machine_free(). */
typedef struct {
  const GuestIsa *isa;
  char *board;               /* -machine type */
  GHashTable *board_options; /* -machine key=value: char* -> char* */
  char *cpu_model;
  unsigned cpus, max_cpus, sockets, cores, threads; /* 0: not said */
  uint64_t ram_size;                                /* bytes, 0: the board's default */
  char *bios, *kernel, *initrd, *append, *dtb, *dumpdtb;
  GPtrArray *devices;                         /* char*: -device texts, in order */
  GPtrArray *serials;                         /* char*: -serial texts, in order */
  bool no_default_devices, no_default_serial; /* -nodefaults */
  char *name, *uuid;
  char *boot_order; /* -boot order= */
  char *boot_once;  /* instead of it, up to the first reset */
  bool boot_menu, boot_strict;
  bool no_reboot, no_shutdown, start_paused, snapshot;
  bool rtc_localtime;
  bool rtc_vm;        /* the guest's clock stands when the machine does (-rtc clock=vm) */
  int64_t rtc_offset; /* seconds to add to UTC */
  char *incoming;     /* "file:PATH" */
  GPtrArray *fw_cfg;  /* char*: -fw_cfg texts */
  GPtrArray *smbios;
  GPtrArray *nics; /* char*: ids of net back ends that want a default NIC (-nic, -net) and their model:
                      "model,netdev=id,mac=…" */
  bool no_default_net;
  bool semihosting, semihosting_user;
  char *semihosting_chardev;
  GPtrArray *semihosting_args; /* char*: the program's command line, in words */
} MachineConfig;

/* One of -machine NAME,… */
typedef struct {
  const char *name, *values, *help; /* "gic-version", "2|3|max", "which GIC" */
} BoardOption;
/* A kind of machine. */
struct Board {
  const char *name, *help, *isa; /* "virt", "RISC-V VirtIO board", "riscv64" */
  const char *default_cpu;
  uint64_t default_ram;
  unsigned max_cpus;
  const BoardOption *options;  /* ended by name NULL */
  const char *block_interface; /* what if= unsaid means: "virtio" */
  const char *default_nic;
  size_t size;
  bool (*build) (Machine *machine, GError **error);
  /* After machine_reset(): loads kernel, tables, and sets the vCPUs' start state. */
  void (*reset) (Machine *machine);
  void (*power_button) (Machine *machine); /* NULL: there is none */
  void (*free) (Machine *machine); /* what board_data holds, also of a machine half built; may be NULL */
};
const Board *board_find (const char *isa, const char *name);
const Board *const *board_list (void);

struct Machine {
  const Board *board;
  const MachineConfig *config;
  MemoryMap *memory;
  RamBlock *ram;
  Clock *clock;
  GPtrArray *vcpus; /* Vcpu */
  Device *root;     /* all devices, in the order they were realized */
  PciBus *pci;      /* where -device puts PCI devices, or NULL */
  FwCfg *fw_cfg;    /* the board's, or NULL */
  void *board_data;
  MachineState state;
  struct MachinePrivate *priv;
};

/* Builds, does not start; with config->dumpdtb the device tree is written there too, and the program should
 * end. Errors name cause and remedy. */
Machine *machine_new (const MachineConfig *config, GError **error);
void machine_free (Machine *machine);
/* -device's syntax, also device_add: "virtio-net-pci,netdev=net0,addr=3". */
Device *machine_add_device (Machine *machine, const char *text, GError **error);
bool machine_remove_device (Machine *machine, const char *id, GError **error);
/* For boards: realizes and registers a device (reset, saved state, info qtree). Takes it over; on failure it
 * is freed. */
bool machine_realize (Machine *machine, Device *dev, GError **error);

/* Run state. */
void machine_start (Machine *machine); /* run or cont */
void machine_stop (Machine *machine,
                   MachineState why); /* all vCPUs stand, the clock stands, I/O is drained */
/* Any thread: take effect on the main thread soon. */
void machine_request_reset (Machine *machine);
void machine_request_shutdown (Machine *machine, int exit_code);
void machine_request_stop (Machine *machine, MachineState why);
/* Ends machine_run() whatever -no-shutdown says: the user's quit, a signal. Any thread. */
void machine_request_quit (Machine *machine, int exit_code);
void machine_reset (Machine *machine);
/* Called on the main thread when a vCPU has hit a breakpoint or finished a step, and the machine has stopped
 * (MACHINE_DEBUG). One at a time; NULL: none. */
void machine_set_debug_hook (Machine *machine, void (*hit) (void *opaque, Vcpu *vcpu), void *opaque);
typedef struct {
  void (*state) (void *opaque, MachineState state); /* after each change */
  void (*reset) (void *opaque);
  void (*shutdown) (void *opaque, int exit_code, bool guest);       /* the program is to end */
  void (*device) (void *opaque, const char *event, const char *id); /* QMP events by name */
  void *opaque;
} MachineListener;
void machine_add_listener (Machine *machine, const MachineListener *listener);
/* Runs the default GMainContext until the machine shuts down; returns the exit code. */
int machine_run (Machine *machine);

/* Save to a file and restore from it: "file:PATH" or a path. Saving stops the machine (state SAVED); progress
 * through `progress` (may be NULL; false cancels). The file is complete or absent. */
bool machine_save (Machine *machine, const char *uri, const BlockProgress *progress, GError **error);
/* The same into a descriptor, which is taken over; what becomes of an incomplete file is the caller's affair.
 */
bool machine_save_fd (Machine *machine, int fd, const BlockProgress *progress, GError **error);
bool machine_restore (Machine *machine, const char *uri, GError **error);
/* A machine that has not been started runs only once it is restored. */
void machine_await_restore (Machine *machine);

/* Texts of the monitor. */
void machine_info_qtree (Machine *machine, GString *out);
