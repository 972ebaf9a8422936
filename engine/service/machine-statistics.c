/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-item.h"

/* Samples, while somebody watches and the machine runs; nothing otherwise. */

static void
on_sampled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtMachineItem) item = data;
  g_autoptr (GError) error = NULL;
  VtSample sample;
  item->sampling = false;
  if (!vt_process_sample_finish (VT_PROCESS (source), result, &sample, &error) || item->gone ||
      item->sampler == 0)
    return;
  vt_statistics1_emit_sample (item->statistics, sample.time, sample.cpu, sample.memory, sample.disk_read,
                              sample.disk_write, sample.net_receive, sample.net_send);
}

/* A process that is slow to answer is not asked again before it has. */
static gboolean
on_second (gpointer data)
{
  VtMachineItem *item = data;
  if (item->process != NULL && !item->sampling) {
    item->sampling = true;
    vt_process_sample (item->process, on_sampled, vt_machine_item_ref (item));
  }
  return G_SOURCE_CONTINUE;
}

static void
drop_watcher (VtMachineItem *item, const char *name)
{
  unsigned watch = GPOINTER_TO_UINT (g_hash_table_lookup (item->watchers, name));
  if (watch == 0)
    return;
  g_bus_unwatch_name (watch);
  g_hash_table_remove (item->watchers, name);
  if (g_hash_table_size (item->watchers) == 0)
    g_clear_handle_id (&item->sampler, g_source_remove);
}

static void
on_vanished (GDBusConnection *bus, const char *name, gpointer data)
{
  drop_watcher (data, name);
}

static gboolean
on_watch (VtStatistics1 *api, GDBusMethodInvocation *invocation, VtMachineItem *item)
{
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  GError *error = NULL;
  if (!vt_machine_item_check_running (item, &error)) {
    g_dbus_method_invocation_take_error (invocation, error);
    return TRUE;
  }
  if (!g_hash_table_contains (item->watchers, sender)) {
    unsigned watch = g_bus_watch_name_on_connection (
        vt_service_bus (item->service), sender, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, on_vanished, item, NULL);
    g_hash_table_insert (item->watchers, g_strdup (sender), GUINT_TO_POINTER (watch));
  }
  if (item->sampler == 0)
    item->sampler = g_timeout_add_seconds (1, on_second, item);
  vt_statistics1_complete_watch (api, invocation);
  return TRUE;
}

static gboolean
on_unwatch (VtStatistics1 *api, GDBusMethodInvocation *invocation, VtMachineItem *item)
{
  drop_watcher (item, g_dbus_method_invocation_get_sender (invocation));
  vt_statistics1_complete_unwatch (api, invocation);
  return TRUE;
}

void
vt_machine_statistics_connect (VtMachineItem *item)
{
  g_signal_connect (item->statistics, "handle-watch", G_CALLBACK (on_watch), item);
  g_signal_connect (item->statistics, "handle-unwatch", G_CALLBACK (on_unwatch), item);
}

void
vt_machine_statistics_stop (VtMachineItem *item)
{
  GHashTableIter iter;
  gpointer watch;
  g_hash_table_iter_init (&iter, item->watchers);
  while (g_hash_table_iter_next (&iter, NULL, &watch))
    g_bus_unwatch_name (GPOINTER_TO_UINT (watch));
  g_hash_table_remove_all (item->watchers);
  g_clear_handle_id (&item->sampler, g_source_remove);
}
