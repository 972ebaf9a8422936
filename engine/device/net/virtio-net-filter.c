/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "virtio-net-private.h"

#include <string.h>

/* A driver that cannot or does not say what it wants gets everything. */
void
virtio_net_filter_reset (VirtioNetFilter *filter, const uint8_t *mac)
{
  *filter = (VirtioNetFilter){ .promiscuous = true };
  memcpy (filter->mac, mac, sizeof filter->mac);
}

static bool
in_table (const uint8_t (*table)[6], unsigned n, const uint8_t *mac)
{
  for (unsigned i = 0; i < n; i++)
    if (!memcmp (table[i], mac, 6))
      return true;
  return false;
}

static bool
accepts_vlan (const VirtioNetFilter *filter, const uint8_t *frame, size_t size)
{
  enum { TYPE = 12, TAG = 14, VLAN = 0x8100 };
  if (!filter->filter_vlans || size < TAG + 2 || (frame[TYPE] << 8 | frame[TYPE + 1]) != VLAN)
    return true;
  const unsigned vid = (frame[TAG] << 8 | frame[TAG + 1]) & (VIRTIO_NET_VLANS - 1);
  return filter->vlans[vid / 64] >> vid % 64 & 1;
}

bool
virtio_net_filter_accepts (const VirtioNetFilter *filter, const uint8_t *frame, size_t size)
{
  static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
  if (size < 6)
    return false;
  if (filter->promiscuous)
    return true;
  if (!accepts_vlan (filter, frame, size))
    return false;
  if (!memcmp (frame, broadcast, 6))
    return !filter->no_broadcast;
  if (frame[0] & 1)
    return !filter->no_multicast && (filter->all_multicast || filter->multicast_overflow ||
                                     in_table (filter->multicast, filter->n_multicast, frame));
  return !filter->no_unicast &&
         (filter->all_unicast || filter->unicast_overflow || !memcmp (frame, filter->mac, 6) ||
          in_table (filter->unicast, filter->n_unicast, frame));
}

#define FILTER_TYPE "(ay(bbbbbbbbb)ayayat)"

static GVariant *
bytes (const void *data, size_t size)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, size, 1);
}

GVariant *
virtio_net_filter_save (const VirtioNetFilter *f)
{
  return g_variant_new (
      "(@ay(bbbbbbbbb)@ay@ay@at)", bytes (f->mac, 6), f->promiscuous, f->all_multicast, f->all_unicast,
      f->no_multicast, f->no_unicast, f->no_broadcast, f->filter_vlans, f->unicast_overflow,
      f->multicast_overflow, bytes (f->unicast, 6 * f->n_unicast), bytes (f->multicast, 6 * f->n_multicast),
      g_variant_new_fixed_array (G_VARIANT_TYPE_UINT64, f->vlans, G_N_ELEMENTS (f->vlans), 8));
}

static bool
load_macs (GVariant *state, uint8_t (*macs)[6], unsigned max, unsigned *n)
{
  gsize size;
  const void *data = g_variant_get_fixed_array (state, &size, 1);
  if (size % 6 || size / 6 > max)
    return false;
  if (size)
    memcpy (macs, data, size);
  *n = (unsigned)(size / 6);
  return true;
}

bool
virtio_net_filter_load (VirtioNetFilter *filter, GVariant *state)
{
  if (!g_variant_is_of_type (state, G_VARIANT_TYPE (FILTER_TYPE)))
    return false;
  VirtioNetFilter f = { 0 };
  unsigned one;
  gsize n_vlans;
  gboolean b[9];
  g_autoptr (GVariant) mac = NULL, unicast = NULL, multicast = NULL, vlans = NULL;
  g_variant_get (state, "(@ay(bbbbbbbbb)@ay@ay@at)", &mac, &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &b[6],
                 &b[7], &b[8], &unicast, &multicast, &vlans);
  const void *bits = g_variant_get_fixed_array (vlans, &n_vlans, 8);
  if (!load_macs (mac, &f.mac, 1, &one) || one != 1 || n_vlans != G_N_ELEMENTS (f.vlans) ||
      !load_macs (unicast, f.unicast, VIRTIO_NET_MACS_MAX, &f.n_unicast) ||
      !load_macs (multicast, f.multicast, VIRTIO_NET_MACS_MAX, &f.n_multicast))
    return false;
  f.promiscuous = b[0];
  f.all_multicast = b[1];
  f.all_unicast = b[2];
  f.no_multicast = b[3];
  f.no_unicast = b[4];
  f.no_broadcast = b[5];
  f.filter_vlans = b[6];
  f.unicast_overflow = b[7];
  f.multicast_overflow = b[8];
  memcpy (f.vlans, bits, sizeof f.vlans);
  *filter = f;
  return true;
}
