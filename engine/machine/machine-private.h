/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of this room share of a machine. */

#include "machine.h"

/* Bits of MachinePrivate.pending: what other threads have asked for. */
enum {
  MACHINE_REQ_RESET = 1,
  MACHINE_REQ_SHUTDOWN = 2,
  MACHINE_REQ_STOP = 4,
  MACHINE_REQ_QUIT = 8,
};

typedef struct {
  const char *name; /* in the saved file */
  RamBlock *block;
} MachineRam;

struct MachinePrivate {
  GMutex lock; /* of the next five */
  unsigned pending;
  int shutdown_code, quit_code;
  MachineState stop_why;
  GSource *source; /* attached while something is pending */
  Vcpu *debug_vcpu;

  GArray *listeners; /* MachineListener */
  GMainLoop *loop;
  bool ended; /* machine_run() is to return, or has */
  int exit_code;
  bool halted;     /* no vCPU, timer, device or back end moves */
  bool reset_done; /* the state is that of a reset at least */
  void (*debug_hit) (void *opaque, Vcpu *vcpu);
  void *debug_opaque;

  unsigned cpus;       /* after -smp was made whole */
  GArray *ram;         /* MachineRam, the main one first */
  GPtrArray *regions;  /* MemoryRegion of boards, freed last */
  GPtrArray *mapped;   /* MemoryRegion of devices that the board has mapped: unmapped before the devices go */
  GPtrArray *mmio;     /* Device: virtio-mmio transports, in the order -device fills them */
  unsigned mmio_used;  /* bit n: mmio[n] has a device */
  GPtrArray *chardevs; /* Chardev made for -serial */
  unsigned serials;    /* how many serial ports the board has */
  NetBackend *default_net;
  unsigned anonymous;                    /* devices without an id so far */
  unsigned macs;                         /* addresses handed out */
  Semihosting *semihosting;              /* or NULL */
  uint64_t free_ram_start, free_ram_end; /* what the board has loaded nothing to */
};

/* For boards. */

/* RAM or ROM of `size` bytes, mapped at `base` and saved with the machine. */
RamBlock *machine_add_ram (Machine *machine, const char *name, MemoryKind kind, uint64_t base, uint64_t size,
                           GError **error);
/* Maps a region of a device that lives as long as the machine. */
void machine_map (Machine *machine, MemoryRegion *region, uint64_t base);
/* Makes the vCPU of a system-mode Cpu (and takes that over); vCPUs are numbered in the order they are added.
 */
bool machine_add_cpu (Machine *machine, Cpu *cpu, GError **error);
Cpu *machine_cpu (Machine *machine, unsigned index);
/* The character device of -serial number `index`; NULL without an error when there is none. */
bool machine_serial (Machine *machine, unsigned index, Chardev **ret, GError **error);
/* A realized virtio-mmio transport that -device virtio-…-device may use. */
void machine_add_mmio (Machine *machine, Device *transport);
/* -machine NAME=…, or NULL. */
const char *machine_option (const Machine *machine, const char *name);
bool machine_option_bool (const Machine *machine, const char *name, bool initial, bool *ret, GError **error);

/* Between the files. */

/* Before the vCPUs. */
bool machine_add_semihosting (Machine *machine, GError **error);
/* Whether a -device text is one of the board's: "loader,…". */
bool machine_is_loader (const char *text);
/* Default NIC and disks, then -device. */
bool machine_add_configured_devices (Machine *machine, GError **error);
void machine_init_run_state (Machine *machine);
void machine_free_run_state (Machine *machine);
void machine_vcpu_debug (void *opaque, Vcpu *vcpu);
void machine_set_state (Machine *machine, MachineState state);
/* Everything stands still, in whatever state the machine is; and moves again. Nothing to do when it is so
 * already. */
void machine_halt (Machine *machine);
void machine_unhalt (Machine *machine);
/* The reset itself, of a halted machine. */
void machine_reset_halted (Machine *machine);
/* The path of "file:PATH" or a path; NULL and an error for anything else. */
const char *machine_uri_path (const char *uri, GError **error);
/* What a saved state must have in common with the machine it is restored to: isa, board, cpu, cpus, ram,
 * devices. */
GVariant *machine_describe (Machine *machine);
