/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The engine: a library of machines on the bus. Main thread, unless a function says otherwise. */

#include "job.h"
#include "library.h"
#include "machine-process.h"

#define VT_BUS_NAME    "org.vitrine.Vitrine.Engine"
#define VT_OBJECT_ROOT "/org/vitrine/Engine"

typedef struct VtService VtService;
typedef struct VtMachineItem VtMachineItem;

typedef struct {
  const char *folder;          /* of machines; NULL: the user's */
  const char *version;         /* for people */
  void (*idle) (void *opaque); /* for a minute nobody has used it: it may end */
  void *opaque;
} VtServiceOptions;

/* Finds the machines, and the processes of those that run; then owns the name, and `ready` is called: with an
 * error if it could not. */
typedef void (*VtServiceReady) (VtService *service, const GError *error, void *opaque);
VtService *vt_service_new (GDBusConnection *bus, const VtServiceOptions *options, VtServiceReady ready,
                           GError **error);
/* Machines that run go on. */
void vt_service_free (VtService *service);

/* While held, the service is in use. */
void vt_service_hold (VtService *service);
void vt_service_release (VtService *service);
GDBusObjectManagerServer *vt_service_manager (VtService *service);
VtLibrary *vt_service_library (VtService *service);
GDBusConnection *vt_service_bus (VtService *service);
/* The machine of that name other than `but` (may be NULL). */
VtMachineItem *vt_service_find_name (VtService *service, const char *name, const VtMachineItem *but);
/* Whether a machine other than `but` (may be NULL) has the name, or will have it. */
bool vt_service_name_taken (VtService *service, const char *name, const VtMachineItem *but);
/* A machine is being made that will have the name, which is free. */
void vt_service_reserve_name (VtService *service, const char *name);
void vt_service_unreserve_name (VtService *service, const char *name);
/* `name`, or "NAME 2", … if that is taken. */
char *vt_service_free_name (VtService *service, const char *name);
/* The machine of a folder that has just come: its object. */
VtMachineItem *vt_service_add_folder (VtService *service, const char *folder);
/* Its object goes. */
void vt_service_remove_item (VtService *service, VtMachineItem *item);

/* org.vitrine.Engine1 (engine-object.c), and its parts. */
VtEngine1 *vt_engine_object_new (VtService *service, const char *version);
/* A job that ends with the object path of the new machine; NULL and an error when the arguments are wrong.
 * Takes nothing. */
VtJob *vt_create_machine (VtService *service, GVariant *settings, GVariant *files, GVariant *names,
                          GUnixFDList *fds, GError **error);
void vt_detect_media (VtService *service, int fd, const char *name, GAsyncReadyCallback callback,
                      gpointer data);
GVariant *vt_detect_media_finish (GAsyncResult *result, GError **error);
GVariant *vt_check_settings (VtService *service, GVariant *settings, GError **error);

/* Any thread. What this computer has. */
uint64_t vt_host_memory (void);
uint64_t vt_host_free_memory (void);
uint64_t vt_host_free_disk (const char *folder);
/* A program of ours: next to this one, in the build tree ($VITRINE_PROGRAMS is a search path), or where it is
 * installed. */
char *vt_program_find (const char *name);
/* As the value of an option that has several, one after another: commas are doubled. */
char *vt_escape_commas (const char *text);
/* For programs that do a part of our work: they end when the thread that starts them does, however that ends.
 */
void vt_launcher_bind (GSubprocessLauncher *launcher);
/* The path of an open file, if that is still the file. */
char *vt_path_of_fd (int fd, const char *name, GError **error);
/* The descriptor behind a D-Bus handle; -1 and an error. */
int vt_fd_of_handle (GUnixFDList *fds, GVariant *handle, GError **error);
