/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The app's model against an engine that is a queue of calls (libglib-testing): what arrives, and what the
 * model makes of replies that are errors, of the wrong type, late, or never come. */

#include "engine.h"
#include "vitrine-dbus.h"

#include <libglib-testing/dbus-queue.h>
#include <stdbool.h>

#define NAME    "org.vitrine.Vitrine.Engine"
#define ROOT    "/org/vitrine/Engine"
#define MACHINE ROOT "/machines/0123"
#define JOB     ROOT "/jobs/1"

static const char manager_xml[] =
    "<node><interface name='org.freedesktop.DBus.ObjectManager'><method name='GetManagedObjects'>"
    "<arg type='a{oa{sa{sv}}}' direction='out'/></method></interface></node>";

typedef struct {
  GtDBusQueue *queue;
  GDBusNodeInfo *manager;
  VtEngine *engine;
  VtMachine *machine;
  guint name;
} Fixture;

/* How a call of the model's has ended. */
typedef struct {
  bool done;
  GVariant *value;
  GError *error;
} Ending;

static void
on_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  Ending *ending = data;
  ending->value = vt_machine_call_finish (VT_MACHINE (source), result, &ending->error);
  ending->done = true;
}

static void
ending_clear (Ending *ending)
{
  g_clear_pointer (&ending->value, g_variant_unref);
  g_clear_error (&ending->error);
  ending->done = false;
}

static void
wait_until (bool *condition)
{
  while (!*condition)
    g_main_context_iteration (NULL, TRUE);
}

/* The next call, which must be this one. (The library's own check wants it of its own connection, and the
 * model has another.) */
static GDBusMethodInvocation *
pop (Fixture *f, const char *path, const char *interface, const char *method, const char *parameters)
{
  GDBusMethodInvocation *call = NULL;
  g_assert_true (gt_dbus_queue_pop_message (f->queue, &call));
  g_autofree char *text = g_variant_print (g_dbus_method_invocation_get_parameters (call), FALSE);
  g_assert_cmpstr (g_dbus_method_invocation_get_object_path (call), ==, path);
  g_assert_cmpstr (g_dbus_method_invocation_get_interface_name (call), ==, interface);
  g_assert_cmpstr (g_dbus_method_invocation_get_method_name (call), ==, method);
  g_assert_cmpstr (text, ==, parameters);
  return call;
}

static GDBusMethodInvocation *
pop_machine (Fixture *f, const char *method, const char *parameters)
{
  return pop (f, MACHINE, "org.vitrine.Machine1", method, parameters);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  f->queue = gt_dbus_queue_new ();
  f->manager = g_dbus_node_info_new_for_xml (manager_xml, NULL);
  gt_dbus_queue_connect (f->queue, &error);
  g_assert_no_error (error);
  gt_dbus_queue_export_object (f->queue, ROOT, f->manager->interfaces[0], &error);
  gt_dbus_queue_export_object (f->queue, ROOT "/Engine", vt_engine1_interface_info (), &error);
  gt_dbus_queue_export_object (f->queue, MACHINE, vt_machine1_interface_info (), &error);
  gt_dbus_queue_export_object (f->queue, JOB, vt_job1_interface_info (), &error);
  g_assert_no_error (error);
  f->name = gt_dbus_queue_own_name (f->queue, NAME);
  f->engine = vt_engine_new ();
  g_autoptr (GDBusMethodInvocation) call =
      pop (f, ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "()");
  g_dbus_method_invocation_return_value (
      g_steal_pointer (&call),
      g_variant_new_parsed ("({objectpath '" ROOT "/Engine': {'org.vitrine.Engine1': {'Version': <'1'>}},"
                            " objectpath '" MACHINE "': {'org.vitrine.Machine1': {'Name': <'Tried'>, "
                            "'State': <'off'>, 'Uuid': <'0123'>}}},)"));
  while ((f->machine = vt_engine_find (f->engine, MACHINE)) == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_object_ref (f->machine);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_unref (f->machine);
  g_object_unref (f->engine);
  if (f->name != 0)
    gt_dbus_queue_unown_name (f->queue, f->name);
  gt_dbus_queue_disconnect (f->queue, TRUE);
  gt_dbus_queue_free (f->queue);
  g_dbus_node_info_unref (f->manager);
}

static void
test_arguments (Fixture *f, gconstpointer data)
{
  Ending ending = { 0 };
  g_assert_cmpstr (vt_machine_get_name (f->machine), ==, "Tried");
  vt_machine_call (f->machine, "Start", g_variant_new_parsed ("({'boot-drive': <'cdrom0'>},)"), NULL,
                   on_ended, &ending);
  g_autoptr (GDBusMethodInvocation) call = pop_machine (f, "Start", "({'boot-drive': <'cdrom0'>},)");
  g_dbus_method_invocation_return_value (g_steal_pointer (&call), NULL);
  wait_until (&ending.done);
  g_assert_no_error (ending.error);
  ending_clear (&ending);
}

static void
test_error (Fixture *f, gconstpointer data)
{
  Ending ending = { 0 };
  vt_machine_call (f->machine, "Pause", NULL, NULL, on_ended, &ending);
  g_autoptr (GDBusMethodInvocation) call = pop_machine (f, "Pause", "()");
  g_dbus_method_invocation_return_dbus_error (g_steal_pointer (&call), "org.vitrine.Error.InvalidState",
                                              "It is off.\nStart it first.");
  wait_until (&ending.done);
  g_autofree char *cause = vt_error_cause (ending.error), *remedy = vt_error_remedy (ending.error);
  g_assert_cmpstr (cause, ==, "It is off.");
  g_assert_cmpstr (remedy, ==, "Start it first.");
  ending_clear (&ending);
}

/* An engine of another version, or none at all: an error, and no more. */
static void
test_wrong_types (Fixture *f, gconstpointer data)
{
  static const char *const methods[] = { "Save", "GetLog", "Pause" };
  for (unsigned i = 0; i < G_N_ELEMENTS (methods); i++) {
    Ending ending = { 0 };
    vt_machine_call (f->machine, methods[i], NULL, NULL, on_ended, &ending);
    g_autoptr (GDBusMethodInvocation) call = pop_machine (f, methods[i], "()");
    /* Past GDBus, which would not let a reply of the wrong type out. */
    g_autoptr (GDBusMessage) reply =
        g_dbus_message_new_method_reply (g_dbus_method_invocation_get_message (call));
    g_dbus_message_set_body (reply, g_variant_new ("(at)", NULL));
    g_dbus_connection_send_message (g_dbus_method_invocation_get_connection (call), reply,
                                    G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
    wait_until (&ending.done);
    g_assert_null (ending.value);
    g_assert_nonnull (ending.error);
    ending_clear (&ending);
  }
}

static void
test_late_reply (Fixture *f, gconstpointer data)
{
  Ending ending = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  vt_machine_call (f->machine, "Start", g_variant_new ("(a{sv})", NULL), cancellable, on_ended, &ending);
  g_autoptr (GDBusMethodInvocation) call = pop_machine (f, "Start", "({},)");
  g_cancellable_cancel (cancellable);
  wait_until (&ending.done);
  g_assert_error (ending.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  ending_clear (&ending);
  g_dbus_method_invocation_return_value (g_steal_pointer (&call), NULL);
  /* The next call and its reply come after the late one. */
  vt_machine_call (f->machine, "Reset", NULL, NULL, on_ended, &ending);
  call = pop_machine (f, "Reset", "()");
  g_dbus_method_invocation_return_value (g_steal_pointer (&call), NULL);
  wait_until (&ending.done);
  g_assert_no_error (ending.error);
  ending_clear (&ending);
}

static void
answer_properties (Fixture *f, const char *state)
{
  g_autoptr (GDBusMethodInvocation) call =
      pop (f, JOB, "org.freedesktop.DBus.Properties", "GetAll", "('org.vitrine.Job1',)");
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&dict, "State", "s", state);
  g_variant_dict_insert (&dict, "ErrorName", "s", "org.vitrine.Error.NoSpace");
  g_variant_dict_insert (&dict, "ErrorMessage", "s", "The disk is full.\nFree some space.");
  g_dbus_method_invocation_return_value (g_steal_pointer (&call),
                                         g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)));
}

static void
test_job_fails (Fixture *f, gconstpointer data)
{
  Ending ending = { 0 };
  vt_machine_call (f->machine, "Save", NULL, NULL, on_ended, &ending);
  g_autoptr (GDBusMethodInvocation) call = pop_machine (f, "Save", "()");
  g_dbus_method_invocation_return_value (g_steal_pointer (&call), g_variant_new ("(o)", JOB));
  answer_properties (f, "failed");
  wait_until (&ending.done);
  g_autofree char *cause = vt_error_cause (ending.error), *remedy = vt_error_remedy (ending.error);
  g_assert_cmpstr (cause, ==, "The disk is full.");
  g_assert_cmpstr (remedy, ==, "Free some space.");
  ending_clear (&ending);
}

/* Cancelled by a person: the job is told, and its end is waited for. */
static void
test_job_cancelled (Fixture *f, gconstpointer data)
{
  Ending ending = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  vt_machine_call (f->machine, "Save", NULL, cancellable, on_ended, &ending);
  g_autoptr (GDBusMethodInvocation) call = pop_machine (f, "Save", "()");
  g_dbus_method_invocation_return_value (g_steal_pointer (&call), g_variant_new ("(o)", JOB));
  answer_properties (f, "running");
  g_cancellable_cancel (cancellable);
  call = pop (f, JOB, "org.vitrine.Job1", "Cancel", "()");
  g_assert_false (ending.done);
  GVariant *changed = g_variant_new_parsed ("('org.vitrine.Job1', {'State': <'cancelled'>}, @as [])");
  g_dbus_connection_emit_signal (g_dbus_method_invocation_get_connection (call), NULL, JOB,
                                 "org.freedesktop.DBus.Properties", "PropertiesChanged", changed, NULL);
  g_dbus_method_invocation_return_value (g_steal_pointer (&call), NULL);
  wait_until (&ending.done);
  g_assert_error (ending.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  ending_clear (&ending);
}

/* The engine is gone: the machine is still known, and calls say what is wrong. */
static void
test_engine_vanishes (Fixture *f, gconstpointer data)
{
  Ending ending = { 0 };
  gt_dbus_queue_unown_name (f->queue, f->name);
  f->name = 0;
  while (vt_engine_get_connected (f->engine))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (vt_machine_get_name (f->machine), ==, "Tried");
  vt_machine_call (f->machine, "Start", g_variant_new ("(a{sv})", NULL), NULL, on_ended, &ending);
  wait_until (&ending.done);
  g_autofree char *cause = vt_error_cause (ending.error), *remedy = vt_error_remedy (ending.error);
  g_assert_cmpstr (cause, !=, "");
  g_assert_cmpstr (remedy, !=, "");
  ending_clear (&ending);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add ("/model-bus/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("arguments", test_arguments);
  ADD ("error", test_error);
  ADD ("wrong-types", test_wrong_types);
  ADD ("late-reply", test_late_reply);
  ADD ("job-fails", test_job_fails);
  ADD ("job-cancelled", test_job_cancelled);
  ADD ("engine-vanishes", test_engine_vanishes);
#undef ADD
  return g_test_run ();
}
