/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A machine of the library as an object on the bus. */

#include "service.h"

/* In the machine's folder, beside machine.conf and the disks. */
#define VT_SAVED_FILE      "saved-state"
#define VT_SAVED_NEW_FILE  ".saved-state.new"
#define VT_SAVED_CONF_FILE ".saved-machine.conf" /* what the machine was that is saved */
#define VT_SCREENSHOT_FILE "screenshot.png"
#define VT_LOG_FILE        "machine.log"
#define VT_EFI_FILE        "efi-vars.fd"

/* The name under which the process knows a descriptor that goes along with a command. */
#define VT_COMMAND_FD "fd:fd"

/* Machine1.State. */
typedef enum {
  ITEM_OFF,
  ITEM_STARTING,
  ITEM_RUNNING,
  ITEM_PAUSED,
  ITEM_STOPPING,
  ITEM_SAVING,
  ITEM_SAVED,
  ITEM_CRASHED,
  ITEM_BROKEN
} ItemState;

struct VtMachineItem {
  VtService *service;
  bool gone;  /* from the bus; only calls in progress hold it */
  char *uuid; /* without hyphens */
  char *folder;
  VtConf *conf;    /* NULL: broken */
  VtConf *running; /* what the process was started with */
  VtProcess *process;
  GCancellable *starting; /* a start in progress */
  ItemState state;
  bool told_to_end;   /* the end that comes is no crash */
  bool saved;         /* the end that comes leaves a saved state */
  bool half_saved;    /* an engine that is gone was saving it */
  const char *busy;   /* why nothing else may be done: "is being deleted" */
  bool changing;      /* settings; calls that want to do that, too, wait */
  GQueue put_off;     /* those (GDBusMethodInvocation) */
  bool calling_again; /* them */
  GPtrArray *ending;  /* calls (GDBusMethodInvocation) that are answered when the process has ended */
  GBytes *screenshot; /* the last, small */
  VtObjectSkeleton *object;
  VtMachine1 *api;
  VtStatistics1 *statistics;
  GHashTable *watchers; /* bus name -> watch */
  guint sampler;
  bool sampling;
};

/* Reads machine.conf; exported, with a reference of the caller's. `taken` says which UUIDs others have. */
VtMachineItem *vt_machine_item_new (VtService *service, const char *folder,
                                    bool (*taken) (VtService *, const char *uuid));
VtMachineItem *vt_machine_item_ref (VtMachineItem *item);
void vt_machine_item_unref (VtMachineItem *item);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VtMachineItem, vt_machine_item_unref)
const char *vt_machine_item_path (const VtMachineItem *item);
const char *vt_machine_item_name (const VtMachineItem *item);
bool vt_machine_item_alive (const VtMachineItem *item);
void vt_machine_item_unexport (VtMachineItem *item);
/* Whether machine.conf, which somebody else has written, is now that of another machine, or at last of one.
 */
bool vt_machine_item_is_another (VtMachineItem *item);
/* machine.conf was written by somebody else. */
void vt_machine_item_reload (VtMachineItem *item);
/* Looks for its process; `done` is called once. */
void vt_machine_item_adopt (VtMachineItem *item, void (*done) (void *opaque), void *opaque);

/* ---- For the files that make up the item ---- */

void vt_machine_item_set_state (VtMachineItem *item, ItemState state, const char *reason);
/* Puts the settings on the bus. */
void vt_machine_item_refresh (VtMachineItem *item);
char *vt_machine_item_file (const VtMachineItem *item, const char *name);
bool vt_machine_item_save_conf (VtMachineItem *item, GError **error);
/* Whether something may be done now; else an error that says why not. */
bool vt_machine_item_check_conf (VtMachineItem *item, GError **error);
bool vt_machine_item_check_stopped (VtMachineItem *item, GError **error);
bool vt_machine_item_check_running (VtMachineItem *item, GError **error);
/* Starts it; `invocation` may be NULL. */
void vt_machine_item_start (VtMachineItem *item, GVariant *options, GDBusMethodInvocation *invocation);
/* Remembers its screen. */
void vt_machine_item_keep_screen (VtMachineItem *item);

void vt_machine_run_connect (VtMachineItem *item);        /* machine-run.c */
void vt_machine_keep_connect (VtMachineItem *item);       /* machine-keep.c: save, delete, duplicate */
void vt_machine_change_connect (VtMachineItem *item);     /* machine-change.c */
void vt_machine_screen_connect (VtMachineItem *item);     /* machine-screen.c */
void vt_machine_keys_connect (VtMachineItem *item);       /* machine-keys.c */
void vt_machine_statistics_connect (VtMachineItem *item); /* machine-statistics.c */
void vt_machine_statistics_stop (VtMachineItem *item);

/* A dictionary's value if it has the type; false and an error when it has another. */
bool vt_dict_get (GVariant *dict, const char *key, const char *type, void *ret, GError **error);
/* An error when the dictionary has keys that are none of `known`. */
bool vt_dict_check (GVariant *dict, const char *const *known, GError **error);

/* As g_task_run_in_thread(), for work that takes long or runs programs: work.c. Main thread. The thread may
 * be the last to hold the task, so that its data is freed by its callback, not by the task. */
void vt_work_run (GTask *task, GTaskThreadFunc function);

/* ---- Files: copy.c. Any thread. ---- */

typedef struct {
  void (*report) (void *opaque, uint64_t done); /* bytes so far, of this file */
  void *opaque;
  GCancellable *cancellable;
} VtCopyProgress;
/* Shares the blocks where the file system can; keeps holes. The file appears whole or not. */
bool vt_copy_file (const char *from, const char *to, const VtCopyProgress *progress, GError **error);

/* ---- Disk images: disk-image.c. Any thread. ---- */

bool vt_disk_create (const char *path, const char *format, uint64_t size, GError **error);
/* What the image behind `fd` is: its format. Images that need other files are refused unless `in_place`. */
char *vt_disk_probe (int fd, const char *name, bool in_place, GCancellable *cancellable, GError **error);
typedef struct {
  void (*report) (void *opaque, double fraction);
  void *opaque;
  GCancellable *cancellable;
} VtDiskProgress;
/* A new image with what is in the one behind `fd` only, whatever that names. */
bool vt_disk_convert (int fd, const char *format, const char *to, const char *to_format,
                      const VtDiskProgress *progress, GError **error);
/* One image, of the same format, of all that the disk's, whose path is absolute, has below it. */
bool vt_disk_flatten (const VtConfDisk *disk, const char *to, const VtDiskProgress *progress, GError **error);

/* ---- Pictures: picture.c. Any thread. ---- */

/* A PNG made of a PPM (P6), scaled down to `max_width` unless 0. The PPM is not trusted. */
GBytes *vt_picture_from_ppm (const uint8_t *data, size_t size, unsigned max_width, GError **error);

/* ---- Keys: type-keys.c ---- */

/* QEMU's name of the key, and whether shift is held, for a character of a US keyboard. */
const char *vt_key_of_character (gunichar c, bool *ret_shift);
