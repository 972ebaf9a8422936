/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Devices: declarations in const tables from which creation, properties, reset, save, restore, tracing and
 * the generic register test follow.
 *
 * A device is one struct whose first member is Device, allocated zeroed with DeviceClass.size.  Life:
 * device_new(), properties set, edges wired by the board (IrqLine, back ends, Clock: plain members of the
 * struct), device_realize(), then device_reset() at each machine reset, device_free().
 *
 * Locking: Device.lock guards the device's state.  Register hooks, reset, save and load run with it held;
 * timer and back-end callbacks take it themselves.  A device may call irq_set(), memory_dma_*() and back ends
 * with its lock held, and never takes another device's lock. */

#include "clock.h"
#include "irq.h"
#include "memory.h"

typedef struct Device Device;
typedef struct DeviceClass DeviceClass;
typedef struct RegisterBank RegisterBank;

typedef enum {
  DEVICE_PROP_BOOL,
  DEVICE_PROP_UINT32,
  DEVICE_PROP_UINT64,
  DEVICE_PROP_SIZE,    /* uint64_t; 4k, 2M, 1G */
  DEVICE_PROP_STRING,  /* char *, freed with the device */
  DEVICE_PROP_MAC,     /* uint8_t[6] */
  DEVICE_PROP_BACKEND, /* char *: the id of a drive, netdev, chardev, which `realize` looks up */
} DevicePropKind;

typedef struct {
  const char *name; /* as in -device NAME,prop=value */
  DevicePropKind kind;
  size_t offset;    /* of the member */
  uint64_t initial; /* default of numbers and bools */
  uint64_t max;     /* largest number; 0: no limit but the type's */
  const char *help;
} DeviceProp;

/* A member of the struct that is part of the saved state (registers and properties are not listed). */
typedef enum {
  DEVICE_SAVE_BOOL,
  DEVICE_SAVE_U8,
  DEVICE_SAVE_U16,
  DEVICE_SAVE_U32,
  DEVICE_SAVE_U64,
  DEVICE_SAVE_TIMER
} DeviceSaveKind;
typedef struct {
  const char *name;
  DeviceSaveKind kind;
  size_t offset;
  unsigned count; /* of an array; 0 is 1 */
  uint64_t max;   /* a larger value is refused at restore (indices!); 0: any */
} DeviceSave;

struct DeviceClass {
  const char *name;     /* "virtio-blk-pci", "ns16550a": as -device and traces know it */
  const char *bus;      /* "PCI", "virtio-bus", "system": what it plugs into */
  const char *category; /* "Storage devices", …: groups -device help */
  const char *help;
  size_t size;
  const DeviceProp *props; /* ended by name NULL; may be NULL */
  const DeviceSave *saved; /* ended by name NULL; may be NULL */
  bool user_creatable;     /* -device may name it */
  const DeviceClass
      *base; /* a more general class: its props, saved members and hooks come first; may be NULL */
  void (*init) (Device *dev); /* before properties; may be NULL, as may the others */
  bool (*realize) (Device *dev, GError **error);
  void (*unrealize) (Device *dev); /* after realize only */
  void (*reset) (Device *dev);     /* registers have been reset by their tables already */
  /* State beyond tables: members of an a{sv} dictionary. load returns false and an error for what cannot be.
   */
  void (*save) (Device *dev, GVariantBuilder *state);
  bool (*load) (Device *dev, GVariant *state, GError **error);
  /* After all of the device's state was loaded: derive the rest (IRQ levels, timers). */
  bool (*loaded) (Device *dev, GError **error);
  /* Before saving and on machine stop: complete or abandon what is in flight on other threads. */
  void (*quiesce) (Device *dev);
  void (*resume) (Device *dev);
};

struct Device {
  const DeviceClass *class;
  char *id;   /* given by the user, or NULL */
  char *path; /* unique name for traces, saved state and errors: "/uart0" */
  GRecMutex lock;
  bool realized;
  GPtrArray *banks;    /* RegisterBank, in the order they were added */
  GPtrArray *children; /* Device; freed, reset, saved with their parent */
  Device *parent;
};

/* All classes of the build, for -device help and look-up. Rooms register theirs once at start. */
void device_class_register (const DeviceClass *class);
const DeviceClass *device_class_find (const char *name);
/* Sorted by category and name; free the array only. */
GPtrArray *device_classes (void);

/* Never fails: properties have their defaults. `path` is copied; the paths of one parent's children differ.
 */
Device *device_new (const DeviceClass *class, const char *path);
bool device_set (Device *dev, const char *prop, const char *value, GError **error);
/* The value as text (free it), or NULL for an unknown property. */
char *device_get (Device *dev, const char *prop);
const DeviceProp *device_prop_find (const DeviceClass *class, const char *prop);
void device_add_child (Device *parent, Device *child); /* takes ownership */
/* The hooks, then the children that they have not realized themselves. What was realized is undone on
 * failure. */
bool device_realize (Device *dev, GError **error);
/* The device, then its children. */
void device_reset (Device *dev);
/* Children first, resume in the other order; the hooks run without the lock, since they wait for other
 * threads. */
void device_quiesce (Device *dev);
void device_resume (Device *dev);
/* Unrealizes where needed (children first) and leaves the parent. Banks leave the memory map before, and no
 * access is inside them any more when `unrealize` runs. */
void device_free (Device *dev);

/* The state as a dictionary a{sv}: registers ("BANK.REGISTER"), DeviceSave members, what class->save adds,
 * children by path. Not floating: to be unreferenced. The device is to be quiet (device_quiesce). */
GVariant *device_save (Device *dev);
/* FALSE and an error naming device and member when it does not fit; the device is then to be reset. */
bool device_load (Device *dev, GVariant *state, GError **error);

/* Tracing: -d trace:PATTERN shows events of devices whose class name or path matches the glob pattern. */
void device_trace_enable (const char *pattern);
bool device_traced (const Device *dev);
#define device_trace(dev, ...)                                                                               \
  do {                                                                                                       \
    if (G_UNLIKELY (device_traced ((const Device *)(dev))))                                                  \
      device_trace_print ((const Device *)(dev), __VA_ARGS__);                                               \
  } while (0)
void device_trace_print (const Device *dev, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* The guest did what the specification forbids: logged once -d guest_errors has switched it on. */
void device_log_guest_errors (bool on);
void device_guest_error (const Device *dev, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* The items of -d that are about devices, "guest_errors" and "trace:PATTERN"; false: `item` is another. */
bool device_log_item (const char *item);
/* None of them any more. */
void device_log_none (void);
/* What they are, in the form of vlog_help(). */
extern const char device_log_help[];
