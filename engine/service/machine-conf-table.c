/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "conf-field.h"

#include "architecture.h"

/* Every setting of a machine. */

#define KIB(n) (UINT64_C (n) << 10)
#define MIB(n) (UINT64_C (n) << 20)
#define TIB(n) (UINT64_C (n) << 40)

static const char *const boards[] = { "virt", NULL };
static const char *const firmwares[] = { "efi", "uboot", "none", NULL };
static const char *const inputs[] = { "tablet", "mouse", "none", NULL };
static const char *const displays[] = { "virtio", "ramfb", "none", NULL };
static const char *const formats[] = { "qcow2", "raw", NULL };
static const char *const disk_buses[] = { "virtio", "scsi", NULL };
static const char *const drive_buses[] = { "scsi", NULL };
static const char *const caches[] = { "writeback", "none", "writethrough", "directsync", "unsafe", NULL };
static const char *const nic_modes[] = { "user", "none", NULL };
static const char *const nic_models[] = { "virtio", NULL };

#define AT(member) offsetof (VtConf, member)
const ConfField conf_machine_fields[] = {
  { "uuid", CONF_STRING, AT (uuid), .max = 36, .fixed = true, .required = true },
  { "name", CONF_STRING, AT (name), .max = 128, .live = true, .required = true },
  { "group", CONF_STRING, AT (group), .max = 128, .live = true },
  { "notes", CONF_STRING, AT (notes), .max = 65536, .live = true },
  { "created", CONF_TIME, AT (created), .fixed = true },
  { "last-started", CONF_TIME, AT (last_started), .live = true },
  { "os-id", CONF_STRING, AT (os_id), .max = 256, .live = true },
  { "os-name", CONF_STRING, AT (os_name), .max = 256, .live = true },
  { "autostart", CONF_BOOL, AT (autostart), .live = true },
  { "architecture", CONF_CHOICE, AT (architecture), "riscv64", .choices = vt_architecture_names,
    .birth = true },
  { "board", CONF_CHOICE, AT (board), "virt", .choices = boards },
  { "cpu", CONF_STRING, AT (cpu), "max", .max = 256, .required = true },
  { "cpus", CONF_UINT, AT (cpus), "1", 1, 32 },
  { "memory", CONF_BYTES, AT (memory), "1 GiB", MIB (64), TIB (1) },
  { "firmware", CONF_CHOICE, AT (firmware), "efi", .choices = firmwares },
  { "boot-order", CONF_STRINGS, AT (boot_order), .max = 16 },
  { "input", CONF_CHOICE, AT (input), "tablet", .choices = inputs },
  { "serials", CONF_UINT, AT (serials), "1", 0, 1 },
  { "agent", CONF_BOOL, AT (agent), "true" },
  { "rng", CONF_BOOL, AT (rng), "true" },
  { "balloon", CONF_BOOL, AT (balloon), "true" },
  { NULL },
};

const ConfField conf_display_fields[] = {
  { "kind", CONF_CHOICE, AT (display), "virtio", .choices = displays },
  { "width", CONF_UINT, AT (width), "1280", 320, 16384 },
  { "height", CONF_UINT, AT (height), "800", 200, 16384 },
  { "heads", CONF_UINT, AT (heads), "1", 1, 16 },
  { NULL },
};
#undef AT

#define AT(member) offsetof (VtConfDisk, member)
static const ConfField disk_fields[] = {
  { "id", CONF_STRING, AT (id), .max = 32, .required = true },
  { "file", CONF_STRING, AT (file), .max = 4096 },
  { "format", CONF_CHOICE, AT (format), "qcow2", .choices = formats },
  { "backing", CONF_STRINGS, AT (backing), .max = 64 },
  { "size", CONF_BYTES, AT (size), .max = TIB (64) },
  { "bus", CONF_CHOICE, AT (bus), "virtio", .choices = disk_buses },
  { "cache", CONF_CHOICE, AT (cache), "writeback", .choices = caches },
  { "readonly", CONF_BOOL, AT (readonly) },
  { "discard", CONF_BOOL, AT (discard), "true" },
  { NULL },
};
#undef AT

#define AT(member) offsetof (VtConfDrive, member)
static const ConfField drive_fields[] = {
  { "id", CONF_STRING, AT (id), .max = 32, .required = true },
  { "file", CONF_STRING, AT (file), .max = 4096, .live = true },
  { "name", CONF_STRING, AT (name), .max = 256, .live = true },
  { "bus", CONF_CHOICE, AT (bus), "scsi", .choices = drive_buses },
  { NULL },
};
#undef AT

#define AT(member) offsetof (VtConfNic, member)
static const ConfField nic_fields[] = {
  { "id", CONF_STRING, AT (id), .max = 32, .required = true },
  { "mode", CONF_CHOICE, AT (mode), "user", .choices = nic_modes },
  { "model", CONF_CHOICE, AT (model), "virtio", .choices = nic_models },
  { "mac", CONF_STRING, AT (mac), .max = 17 },
  { "restrict", CONF_BOOL, AT (restricted) },
  { "link", CONF_BOOL, AT (link), "true", .live = true },
  { "forward", CONF_FORWARDS, AT (forwards), .max = 64, .live = true },
  { NULL },
};
#undef AT

const ConfList conf_lists[] = {
  { "disks", "disk", disk_fields, offsetof (VtConf, disks), sizeof (VtConfDisk), .max = 24 },
  { "drives", "drive", drive_fields, offsetof (VtConf, drives), sizeof (VtConfDrive), .max = 4 },
  { "nics", "nic", nic_fields, offsetof (VtConf, nics), sizeof (VtConfNic), .max = 8 },
  { NULL },
};
