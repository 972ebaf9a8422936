/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forwards.h"

#include "settings-path.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <unistd.h>

#define MAX_PORT 65535

VtForward *
vt_forward_new (const char *protocol, guint host_port, const char *guest_address, guint guest_port)
{
  VtForward *forward = g_new0 (VtForward, 1);
  *forward = (VtForward){ g_strdup (protocol), host_port, guest_port, g_strdup (guest_address) };
  return forward;
}

void
vt_forward_free (VtForward *forward)
{
  g_free (forward->protocol);
  g_free (forward->guest_address);
  g_free (forward);
}

gboolean
vt_forward_equal (const VtForward *a, const VtForward *b)
{
  return g_str_equal (a->protocol, b->protocol) && a->host_port == b->host_port &&
         a->guest_port == b->guest_port && g_str_equal (a->guest_address, b->guest_address);
}

GPtrArray *
vt_forwards_get (GVariant *settings, const char *nic)
{
  GPtrArray *forwards = g_ptr_array_new_with_free_func ((GDestroyNotify)vt_forward_free);
  g_autofree char *path = g_strdup_printf ("nics/%s/forward", nic);
  g_autoptr (GVariant) value = vt_settings_get (settings, path);
  GVariantIter iter;
  const char *protocol, *address;
  guint16 host, guest;
  if (!value || !g_variant_is_of_type (value, G_VARIANT_TYPE ("a(sqsq)")))
    return forwards;
  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "(&sq&sq)", &protocol, &host, &address, &guest))
    g_ptr_array_add (forwards, vt_forward_new (protocol, host, address, guest));
  return forwards;
}

GVariant *
vt_forwards_to_variant (GPtrArray *forwards)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(sqsq)"));
  for (guint i = 0; i < forwards->len; i++) {
    const VtForward *forward = forwards->pdata[i];
    g_variant_builder_add (&builder, "(sqsq)", forward->protocol, (guint16)forward->host_port,
                           forward->guest_address, (guint16)forward->guest_port);
  }
  return g_variant_builder_end (&builder);
}

guint
vt_port_from_text (const char *text)
{
  guint64 port;
  return g_ascii_string_to_unsigned (text, 10, 1, MAX_PORT, &port, NULL) ? (guint)port : 0;
}

/* The adapter that forwards the port already, or NULL; to be freed. */
static char *
find_taken (GVariant *settings, const char *protocol, guint host_port, const VtForward *replaced)
{
  g_auto (GStrv) nics = vt_settings_ids (settings, "nics");
  for (char **nic = nics; *nic; nic++) {
    g_autoptr (GPtrArray) forwards = vt_forwards_get (settings, *nic);
    for (guint i = 0; i < forwards->len; i++) {
      const VtForward *other = forwards->pdata[i];
      if (other->host_port == host_port && g_str_equal (other->protocol, protocol) &&
          !(replaced && vt_forward_equal (other, replaced)))
        return g_strdup (*nic);
    }
  }
  return NULL;
}

static gboolean
is_address (const char *text)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (text);
  return address && g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV4;
}

static char *
check_host_port (const VtForward *forward, const VtForward *replaced, GVariant *settings, guint first_free)
{
  if (forward->host_port < 1 || forward->host_port > MAX_PORT)
    return g_strdup (_ ("This is not a port. Choose a number from 1 to 65535."));
  if (forward->host_port < first_free)
    return g_strdup_printf (
        _ ("Only the administrator can open ports below %u. Choose a higher one, such as %u."), first_free,
        vt_forward_suggest (settings, forward->protocol, forward->host_port));
  g_autofree char *nic = find_taken (settings, forward->protocol, forward->host_port, replaced);
  /* Translators: %s is a network adapter’s name, such as net0. */
  return nic ? g_strdup_printf (_ ("This port is forwarded already, by adapter %s. Choose another."), nic)
             : NULL;
}

char *
vt_forward_check (const VtForward *forward, const VtForward *replaced, GVariant *settings, guint first_free,
                  VtForwardField *ret_field)
{
  *ret_field = VT_FORWARD_HOST_PORT;
  char *problem = check_host_port (forward, replaced, settings, first_free);
  if (problem)
    return problem;
  *ret_field = VT_FORWARD_GUEST_PORT;
  if (forward->guest_port < 1 || forward->guest_port > MAX_PORT)
    return g_strdup (_ ("This is not a port. Choose a number from 1 to 65535."));
  *ret_field = VT_FORWARD_GUEST_ADDRESS;
  if (*forward->guest_address && !is_address (forward->guest_address))
    return g_strdup (
        _ ("This is not an IPv4 address. Leave it empty for the address that the guest gets by itself."));
  return NULL;
}

guint
vt_forward_suggest (GVariant *settings, const char *protocol, guint guest_port)
{
  /* 22 becomes 2222, and 80 becomes 8080, as people are used to. */
  guint port = guest_port == 22 ? 2222 : guest_port < 1024 ? guest_port + 8000 : guest_port;
  for (guint tried = 0; tried < MAX_PORT; tried++) {
    guint candidate = 1024 + (port - 1024 + tried) % (MAX_PORT - 1024 + 1);
    g_autofree char *taken = find_taken (settings, protocol, candidate, NULL);
    if (!taken)
      return candidate;
  }
  return port;
}

guint
vt_first_free_port (void)
{
  g_autofree char *text = NULL;
  guint64 first = 1024;
  if (geteuid () == 0)
    return 0;
  if (g_file_get_contents ("/proc/sys/net/ipv4/ip_unprivileged_port_start", &text, NULL, NULL))
    g_ascii_string_to_unsigned (g_strstrip (text), 10, 0, MAX_PORT, &first, NULL);
  return (guint)first;
}
