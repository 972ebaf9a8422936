/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* machine.conf: all that is known of a machine that does not run. A GKeyFile for people to read and to edit:
 *
 *   [machine] version=1 uuid= name= group= notes= created= last-started= architecture= board= cpu= cpus=
 * memory=2048 MiB firmware= os-id= os-name= autostart= agent= rng= balloon= serials= input= boot-order= [disk
 * NAME] file= format= backing=base.qcow2;… bus= readonly= cache= discard= [drive NAME] file= name= bus= [nic
 * NAME] mode= model= mac= restrict= link= forward=tcp:2222::22;… [display] kind= width= height= heads= [end]
 * complete=true, so that a file that was cut off is known
 *
 * The table in machine-conf-table.c is the only place that knows the keys: their names here and on D-Bus,
 * their types, ranges, defaults, and whether a change takes effect while the machine runs. Unknown keys and
 * groups are kept when the file is written; a higher version is refused. */

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

#define VT_CONF_VERSION 1
#define VT_CONF_FILE    "machine.conf"

typedef struct {
  char *id, *file, *format, *bus, *cache;
  char **backing; /* what the images are called that lie below a layered one, the next first */
  uint64_t size;  /* of a disk that is to be made; 0 once it is there */
  bool readonly, discard;
} VtConfDisk;

typedef struct {
  char *id, *file, *name, *bus; /* no medium: file is empty */
} VtConfDrive;

typedef struct {
  char *protocol; /* "tcp", "udp" */
  uint16_t host_port, guest_port;
  char *guest_address; /* may be empty */
} VtConfForward;

typedef struct {
  char *id, *mode, *model, *mac;
  bool restricted, link;
  GPtrArray *forwards; /* VtConfForward */
} VtConfNic;

typedef struct {
  char *uuid, *name, *group, *notes, *architecture, *board, *cpu, *firmware, *os_id, *os_name, *input;
  unsigned cpus, serials;
  uint64_t memory; /* bytes */
  int64_t created, last_started;
  bool autostart, agent, rng, balloon;
  char **boot_order;
  GPtrArray *disks, *drives, *nics; /* of the structs above */
  char *display;                    /* "virtio", "ramfb", "none" */
  unsigned width, height, heads;
  GKeyFile *source; /* as read: what is not known is written back */
} VtConf;

/* A machine with the settings given (a{sv}, D-Bus names; may be NULL), the rest by default, scaled to the
 * host. */
VtConf *vt_conf_new (GVariant *settings, GError **error);
VtConf *vt_conf_copy (const VtConf *conf);
void vt_conf_free (VtConf *conf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VtConf, vt_conf_free)
/* Errors are VT_ERROR_*: cut in half, a newer version, a value out of range (names the line's group and key).
 */
VtConf *vt_conf_load (const char *path, GError **error);
/* Atomically and durably: the old file or the new one is there, whole, whatever happens. */
bool vt_conf_save (VtConf *conf, const char *path, GError **error);
/* All settings, as org.vitrine.Machine1:Settings has them (floating). */
GVariant *vt_conf_to_variant (const VtConf *conf);
/* Changes what `settings` names, all or nothing; unknown keys name the nearest. `ret_later` (may be NULL, to
 * be freed by g_strfreev) gets the keys that a running machine takes up only at its next start. */
bool vt_conf_change (VtConf *conf, GVariant *settings, char ***ret_later, GError **error);
/* Takes over from `from` what takes effect at once, of the parts that both have. */
void vt_conf_take_live (VtConf *conf, const VtConf *from);
/* Keys in which `now` differs from `running` so that a running machine takes them up only at its next start;
 * to be freed by g_strfreev. */
char **vt_conf_pending (const VtConf *running, const VtConf *now);
/* Every value in itself and against the others: ids used twice, a boot order that names nothing, … */
bool vt_conf_check (const VtConf *conf, GError **error);
