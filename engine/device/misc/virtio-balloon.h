/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The virtio memory balloon (virtio 1.3, §5.5): "virtio-balloon-device" and "virtio-balloon-pci". Pages the
 * guest puts into it, or reports as free, go back to the host and read as zeroes after. */

#include "device.h"

/* Registers the classes. Once. */
void virtio_balloon_register (void);
/* Whether the device is a balloon, or wraps one: what the functions below are for. */
bool virtio_balloon_is (Device *dev);

/* "balloon N": asks the guest to leave itself `bytes` of the machine's `ram_size`. Any thread. */
void virtio_balloon_set_target (Device *dev, uint64_t ram_size, uint64_t bytes);
/* What the guest has left itself, by its own account. */
uint64_t virtio_balloon_actual (Device *dev, uint64_t ram_size);

/* Statistics by tag (§5.5.6.4): swap in, swap out, major faults, minor faults, free, total, available, disk
 * caches, … */
#define VIRTIO_BALLOON_STATS 16
typedef struct {
  uint64_t value[VIRTIO_BALLOON_STATS];
  uint32_t known;  /* bit n: value[n] was given */
  int64_t updated; /* g_get_real_time(); 0: never */
} VirtioBalloonStats;
void virtio_balloon_stats (Device *dev, VirtioBalloonStats *ret_stats);
/* Asks for statistics every so many seconds; 0: no more. Main thread. */
void virtio_balloon_poll_stats (Device *dev, unsigned seconds);
