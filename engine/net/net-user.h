/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The user network: a router, DHCP, DNS and TFTP server in libslirp, which speaks to the host by ordinary
 * sockets. */

#include "net-internal.h"
#include <slirp/libslirp.h>

typedef struct {
  SlirpConfig config;
  char **dnssearch;
  char *hostname, *domainname, *tftp, *tftp_server_name, *bootfile;
} UserOptions;

/* Fills options and the back end's MTU from the settings. */
bool user_options_parse (UserOptions *options, NetBackend *net, Keyval *kv, GError **error);
void user_options_clear (UserOptions *options);

typedef struct {
  bool udp;
  struct sockaddr_storage host, guest;
  bool has_guest;
} HostForward;
/* "tcp:127.0.0.1:2222-10.0.2.15:22"; IPv6 addresses stand in brackets. Without `guest_needed` the part from
 * the dash on may be missing. */
bool user_parse_hostfwd (const char *rule, bool guest_needed, HostForward *ret, GError **error);
typedef struct {
  struct in_addr address;
  uint16_t port;
  char *command, *unix_path; /* one of them */
} GuestForward;
/* "tcp:10.0.2.100:80-cmd:netcat host 80", "…-unix:PATH". */
bool user_parse_guestfwd (const char *rule, GuestForward *ret, GError **error);

/* A source that polls libslirp's sockets and keeps its timers. */
typedef struct UserPoll UserPoll;
/* libslirp keeps some of its state in variables of the process. */
extern GMutex user_slirp_lock;
UserPoll *user_poll_new (NetBackend *net);
void user_poll_free (UserPoll *poll);
void user_poll_set_slirp (UserPoll *poll, Slirp *slirp);
void user_poll_start (UserPoll *poll, GMainContext *context);
void user_poll_stop (UserPoll *poll);
/* Frames wait in libslirp for what was just received (an address): to be looked at soon. */
void user_poll_soon (UserPoll *poll);
/* libslirp's callbacks. */
void user_poll_forget_fd (UserPoll *poll, int fd);
void *user_poll_timer_new (UserPoll *poll, SlirpTimerId id, void *opaque);
void user_poll_timer_set (UserPoll *poll, void *timer, int64_t when_ms);
void user_poll_timer_free (UserPoll *poll, void *timer);

/* The guest's TCP connections, which a restored guest must be told it has lost. */
typedef struct UserFlows UserFlows;
UserFlows *user_flows_new (void);
void user_flows_free (UserFlows *flows);
/* Every IP packet to and from the guest. */
void user_flows_see (UserFlows *flows, const uint8_t *frame, const VnetPacket *packet, bool from_guest);
GVariant *user_flows_save (const UserFlows *flows);
/* Sends the guest what makes it notice that the saved connections are no more. False where they are damaged.
 */
bool user_flows_reset_saved (NetBackend *net, GVariant *saved);
