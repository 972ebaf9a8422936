/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A guest's end of a network: frames, and as much TCP/IP as a test needs. */

#include "frames.h"
#include "net.h"

typedef struct {
  NetBackend *net;
  unsigned features;
  GAsyncQueue *frames; /* GBytes, as they came */
  gint refuse;         /* this many frames are refused */
  gint refused, flushes, link_changes, link;
  FrameFlow flow;
  uint32_t acked; /* by the other side */
} Guest;

Guest *guest_new (const char *options, unsigned features);
void guest_free (Guest *guest);
/* A frame, from the back end's thread; `hdr` NULL means none is needed. True if it was taken. */
bool guest_send (Guest *guest, const VnetHdr *hdr, const void *frame, size_t size);
/* The next frame within `ms`, or NULL; its header apart. */
GBytes *guest_receive (Guest *guest, unsigned ms, VnetHdr *ret_hdr);
/* The next TCP frame to the guest's port, with answers to ARP given on the way. Its place is in ret_packet.
 */
GBytes *guest_receive_tcp (Guest *guest, VnetHdr *ret_hdr, VnetPacket *ret_packet);
/* Opens a connection, sends (as one frame, to be segmented where the features allow it), closes. */
void guest_arp (Guest *guest);
void guest_tcp_connect (Guest *guest, uint16_t port, unsigned mss);
/* Waits for a connection to the guest and accepts it. */
void guest_tcp_accept (Guest *guest, unsigned mss);
void guest_tcp_send (Guest *guest, const void *data, size_t size);
/* Receives and acknowledges `size` bytes. Returns the largest frame's size. */
size_t guest_tcp_receive (Guest *guest, uint8_t *data, size_t size);
