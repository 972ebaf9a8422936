/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "service.h"

#include "architecture.h"
#include "error.h"

#include <unistd.h>

static GVariant *
capabilities (VtService *service)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL), architectures = G_VARIANT_DICT_INIT (NULL);
  g_auto (GStrv) names = vt_architecture_installed_names ();
  for (char **name = names; *name != NULL; name++)
    g_variant_dict_insert_value (&architectures, *name,
                                 vt_architecture_to_variant (vt_architecture_find (*name)));
  g_variant_dict_insert (&dict, "host-memory", "t", vt_host_memory ());
  g_variant_dict_insert (&dict, "free-memory", "t", vt_host_free_memory ());
  g_variant_dict_insert (&dict, "free-disk", "t",
                         vt_host_free_disk (vt_library_path (vt_service_library (service))));
  g_variant_dict_insert (&dict, "cpus", "u", g_get_num_processors ());
  g_variant_dict_insert_value (&dict, "architectures", g_variant_dict_end (&architectures));
  return g_variant_dict_end (&dict);
}

static gboolean
on_get_capabilities (VtEngine1 *api, GDBusMethodInvocation *invocation, VtService *service)
{
  vt_engine1_complete_get_capabilities (api, invocation, capabilities (service));
  return TRUE;
}

static gboolean
on_get_defaults (VtEngine1 *api, GDBusMethodInvocation *invocation, GVariant *settings, VtService *service)
{
  GError *error = NULL;
  g_autoptr (VtConf) conf = vt_conf_new (settings, &error);
  if (conf == NULL)
    g_dbus_method_invocation_take_error (invocation, error);
  else
    vt_engine1_complete_get_defaults (api, invocation, vt_conf_to_variant (conf));
  return TRUE;
}

static gboolean
on_check_settings (VtEngine1 *api, GDBusMethodInvocation *invocation, GVariant *settings, VtService *service)
{
  GError *error = NULL;
  GVariant *remarks = vt_check_settings (service, settings, &error);
  if (remarks == NULL)
    g_dbus_method_invocation_take_error (invocation, error);
  else
    vt_engine1_complete_check_settings (api, invocation, remarks);
  return TRUE;
}

static gboolean
on_create_machine (VtEngine1 *api, GDBusMethodInvocation *invocation, GUnixFDList *fds, GVariant *settings,
                   GVariant *files, GVariant *names, VtService *service)
{
  GError *error = NULL;
  VtJob *job = vt_create_machine (service, settings, files, names, fds, &error);
  if (job == NULL)
    g_dbus_method_invocation_take_error (invocation, error);
  else
    vt_engine1_complete_create_machine (api, invocation, NULL, vt_job_path (job));
  return TRUE;
}

static void
on_detected (GObject *source, GAsyncResult *result, gpointer data)
{
  GDBusMethodInvocation *invocation = data;
  GError *error = NULL;
  GVariant *media = vt_detect_media_finish (result, &error);
  if (media == NULL) {
    g_dbus_method_invocation_take_error (invocation, error);
    return;
  }
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(@a{sv})", media));
  g_variant_unref (media);
}

static gboolean
on_detect_media (VtEngine1 *api, GDBusMethodInvocation *invocation, GUnixFDList *fds, GVariant *handle,
                 const char *name, VtService *service)
{
  GError *error = NULL;
  int fd = vt_fd_of_handle (fds, handle, &error);
  if (fd < 0)
    g_dbus_method_invocation_take_error (invocation, error);
  else
    vt_detect_media (service, fd, name, on_detected, invocation);
  return TRUE;
}

VtEngine1 *
vt_engine_object_new (VtService *service, const char *version)
{
  VtEngine1 *api = vt_engine1_skeleton_new ();
  vt_engine1_set_version (api, version);
  vt_engine1_set_machines_folder (api, vt_library_path (vt_service_library (service)));
  g_signal_connect (api, "handle-get-capabilities", G_CALLBACK (on_get_capabilities), service);
  g_signal_connect (api, "handle-get-defaults", G_CALLBACK (on_get_defaults), service);
  g_signal_connect (api, "handle-check-settings", G_CALLBACK (on_check_settings), service);
  g_signal_connect (api, "handle-create-machine", G_CALLBACK (on_create_machine), service);
  g_signal_connect (api, "handle-detect-media", G_CALLBACK (on_detect_media), service);
  return api;
}
