/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-item.h"

#include "error.h"

#include <string.h>

/* Keys and text for a guest. */

#define TEXT_MAX   65536 /* characters; half an hour's typing */
#define HOLD_MS    10
#define BETWEEN_MS 25 /* firmware and text installers lose keys that come faster */
#define KEYS_MAX   16

static GVariant *
keys_arguments (const char *const *keys, int hold)
{
  GVariantBuilder list = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  for (unsigned i = 0; keys[i] != NULL; i++) {
    GVariantBuilder key = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&key, "{sv}", "type", g_variant_new_string ("qcode"));
    g_variant_builder_add (&key, "{sv}", "data", g_variant_new_string (keys[i]));
    g_variant_builder_add_value (&list, g_variant_builder_end (&key));
  }
  g_variant_dict_insert_value (&dict, "keys", g_variant_builder_end (&list));
  if (hold > 0)
    g_variant_dict_insert (&dict, "hold-time", "x", (gint64)hold);
  return g_variant_dict_end (&dict);
}

/* ---- SendKeys() ---- */

static void
on_keys_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  GDBusMethodInvocation *invocation = data;
  GError *error = NULL;
  g_autoptr (GVariant) reply = vt_process_command_finish (VT_PROCESS (source), result, &error);
  if (error != NULL) {
    vt_error_adopt (&error, "The keys could not be sent");
    g_dbus_method_invocation_take_error (invocation, error);
  } else
    g_dbus_method_invocation_return_value (invocation, NULL);
}

static gboolean
on_send_keys (VtMachine1 *api, GDBusMethodInvocation *invocation, const char *const *keys,
              VtMachineItem *item)
{
  GError *error = NULL;
  unsigned n = g_strv_length ((char **)keys);
  if (vt_machine_item_check_running (item, &error) && (n == 0 || n > KEYS_MAX))
    vt_error_set (&error, VT_ERROR_INVALID_ARGUMENT, "Between one key and sixteen can be pressed together.",
                  "Name the keys, such as ctrl, alt and delete.");
  if (error != NULL)
    g_dbus_method_invocation_take_error (invocation, error);
  else
    vt_process_command (item->process, "send-key", keys_arguments (keys, 0), -1, NULL, on_keys_sent,
                        invocation);
  return TRUE;
}

/* ---- TypeText() ---- */

typedef struct {
  VtMachineItem *item;
  VtJob *job;
  VtProcess *process;
  char *text;
  const char *next;
  size_t length;
} Typing;

static void
typing_end (Typing *typing, GError *error)
{
  if (error != NULL) {
    vt_error_adopt (&error, "The text could not be typed");
    vt_job_fail (typing->job, error);
  } else
    vt_job_done (typing->job, NULL);
  vt_service_release (typing->item->service);
  vt_machine_item_unref (typing->item);
  g_object_unref (typing->job);
  g_object_unref (typing->process);
  g_free (typing->text);
  g_free (typing);
}

static gboolean type_next (gpointer data);

static void
on_typed (GObject *source, GAsyncResult *result, gpointer data)
{
  Typing *typing = data;
  GError *error = NULL;
  g_autoptr (GVariant) reply = vt_process_command_finish (VT_PROCESS (source), result, &error);
  if (error != NULL)
    typing_end (typing, error);
  else
    g_timeout_add (BETWEEN_MS, type_next, typing);
}

static gboolean
type_next (gpointer data)
{
  Typing *typing = data;
  GError *error = NULL;
  bool shift;
  if (g_cancellable_set_error_if_cancelled (vt_job_cancellable (typing->job), &error) ||
      *typing->next == '\0') {
    typing_end (typing, error);
    return G_SOURCE_REMOVE;
  }
  if (typing->item->process != typing->process) {
    vt_error_set (&error, VT_ERROR_INVALID_STATE, "The machine has stopped.",
                  "Start it, and type the rest again.");
    typing_end (typing, error);
    return G_SOURCE_REMOVE;
  }
  const char *key = vt_key_of_character (g_utf8_get_char (typing->next), &shift);
  const char *const keys[] = { shift ? "shift" : key, shift ? key : NULL, NULL };
  typing->next = g_utf8_next_char (typing->next);
  vt_job_progress (typing->job, (double)(typing->next - typing->text) / (double)typing->length, NULL);
  vt_process_command (typing->process, "send-key", keys_arguments (keys, HOLD_MS), -1, NULL, on_typed,
                      typing);
  return G_SOURCE_REMOVE;
}

static bool
check_text (const char *text, GError **error)
{
  bool shift;
  if (g_utf8_strlen (text, -1) > TEXT_MAX) {
    g_autofree char *cause = g_strdup_printf ("The text has more than %u characters.", TEXT_MAX);
    vt_error_set (error, VT_ERROR_INVALID_ARGUMENT, cause,
                  "Give it in parts, or put it onto a disk for the guest.");
    return false;
  }
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    if (vt_key_of_character (c, &shift) != NULL)
      continue;
    g_autofree char *cause =
        g_unichar_isprint (c)
            ? g_strdup_printf ("A US keyboard has no key for “%.*s”.", (int)(g_utf8_next_char (p) - p), p)
            : g_strdup_printf ("A US keyboard has no key for the character U+%04X.", c);
    vt_error_set (error, VT_ERROR_INVALID_ARGUMENT, cause, "Leave such characters out; nothing was typed.");
    return false;
  }
  return true;
}

static gboolean
on_type_text (VtMachine1 *api, GDBusMethodInvocation *invocation, const char *text, VtMachineItem *item)
{
  GError *error = NULL;
  if (!vt_machine_item_check_running (item, &error) || !check_text (text, &error)) {
    g_dbus_method_invocation_take_error (invocation, error);
    return TRUE;
  }
  Typing *typing = g_new0 (Typing, 1);
  *typing = (Typing){ vt_machine_item_ref (item),
                      vt_job_new (vt_service_manager (item->service), "type", vt_machine_item_path (item)),
                      g_object_ref (item->process),
                      g_strdup (text),
                      NULL,
                      strlen (text) };
  typing->next = typing->text;
  vt_service_hold (item->service);
  vt_job_progress (typing->job, 0, "Typing");
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", vt_job_path (typing->job)));
  type_next (typing);
  return TRUE;
}

void
vt_machine_keys_connect (VtMachineItem *item)
{
  g_signal_connect (item->api, "handle-send-keys", G_CALLBACK (on_send_keys), item);
  g_signal_connect (item->api, "handle-type-text", G_CALLBACK (on_type_text), item);
}
