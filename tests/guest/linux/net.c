/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Sockets: streams, datagrams, messages with descriptors and credentials, options. */

#include "check.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static void
streams (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) }, peer;
  socklen_t len = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), client, server, value;
  char buf[64];

  CHECK_OK (bind (listener, (struct sockaddr *)&address, sizeof address));
  CHECK_OK (listen (listener, 4));
  CHECK_OK (getsockname (listener, (struct sockaddr *)&address, &len));
  CHECK_EQ (len, sizeof address);
  CHECK (address.sin_port != 0);
  client = socket (AF_INET, SOCK_STREAM, 0);
  CHECK_OK (connect (client, (struct sockaddr *)&address, sizeof address));
  len = sizeof peer;
  server = accept4 (listener, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
  CHECK (server >= 0);
  CHECK_EQ (peer.sin_family, AF_INET);
  CHECK_EQ (fcntl (server, F_GETFD), FD_CLOEXEC);
  CHECK (fcntl (server, F_GETFL) & O_NONBLOCK);
  CHECK_ERRNO (recv (server, buf, sizeof buf, 0), EAGAIN);
  CHECK_EQ (send (client, "hello", 5, MSG_NOSIGNAL), 5);
  CHECK_EQ (poll (&(struct pollfd){ server, POLLIN, 0 }, 1, 1000), 1);
  CHECK_EQ (recv (server, buf, 2, MSG_PEEK), 2);
  CHECK_OK (ioctl (server, FIONREAD, &value));
  CHECK_EQ (value, 5);
  CHECK_EQ (recvfrom (server, buf, sizeof buf, 0, NULL, NULL), 5);
  CHECK (memcmp (buf, "hello", 5) == 0);
  value = 1;
  CHECK_OK (setsockopt (client, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value));
  value = 0;
  len = sizeof value;
  CHECK_OK (getsockopt (client, IPPROTO_TCP, TCP_NODELAY, &value, &len));
  CHECK_EQ (value, 1);
  CHECK_EQ (len, 4);
  CHECK_OK (shutdown (client, SHUT_WR));
  CHECK_EQ (poll (&(struct pollfd){ server, POLLIN, 0 }, 1, 1000), 1);
  CHECK_EQ (recv (server, buf, sizeof buf, 0), 0);
  CHECK_ERRNO (send (client, "x", 1, MSG_NOSIGNAL), EPIPE);
  CHECK_ERRNO (getsockopt (client, 9999, 1, &value, &len), EOPNOTSUPP);
  CHECK_ERRNO (connect (client, (struct sockaddr *)&address, sizeof address), EISCONN);
  CHECK_ERRNO (bind (0, (struct sockaddr *)&address, sizeof address), ENOTSOCK);
  CHECK_ERRNO (socket (AF_INET, 77, 0), EINVAL);
  CHECK_ERRNO (socket (12345, SOCK_STREAM, 0), EAFNOSUPPORT);
  close (client);
  close (server);
  close (listener);
}

static void
options (void)
{
  int s = socket (AF_INET, SOCK_DGRAM, 0), value = 0;
  struct timeval timeout = { 0, 50000 }, got = { 0 };
  struct linger linger = { 1, 7 }, back = { 0 };
  socklen_t len = sizeof value;
  struct ifreq ifr = { .ifr_name = "lo" };
  struct ifconf ifc;
  struct ifreq list[8];
  char buf[8];

  CHECK_OK (getsockopt (s, SOL_SOCKET, SO_TYPE, &value, &len));
  CHECK_EQ (value, SOCK_DGRAM);
  CHECK_OK (setsockopt (s, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout));
  len = sizeof got;
  CHECK_OK (getsockopt (s, SOL_SOCKET, SO_RCVTIMEO, &got, &len));
  CHECK_EQ (len, sizeof got);
  CHECK (got.tv_sec == 0 && got.tv_usec >= 40000 && got.tv_usec <= 60000);
  CHECK_ERRNO (recv (s, buf, sizeof buf, 0), EAGAIN);
  CHECK_OK (setsockopt (s, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
  len = sizeof back;
  CHECK_OK (getsockopt (s, SOL_SOCKET, SO_LINGER, &back, &len));
  CHECK_EQ (back.l_linger, 7);
  CHECK_ERRNO (setsockopt (s, SOL_SOCKET, SO_LINGER, &linger, 1), EINVAL);
  CHECK_ERRNO (setsockopt (s, SOL_SOCKET, 9999, &value, sizeof value), ENOPROTOOPT);
  if (ioctl (s, SIOCGIFINDEX, &ifr) == 0) {
    CHECK (ifr.ifr_ifindex > 0);
    CHECK_OK (ioctl (s, SIOCGIFFLAGS, &ifr));
    CHECK (ifr.ifr_flags & IFF_LOOPBACK);
    ifc.ifc_len = sizeof list;
    ifc.ifc_req = list;
    CHECK_OK (ioctl (s, SIOCGIFCONF, &ifc));
    CHECK_EQ (ifc.ifc_len % sizeof (struct ifreq), 0);
  }
  close (s);
}

static void
descriptor_passing (void)
{
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE (2 * sizeof (int)) + CMSG_SPACE (sizeof (struct ucred))];
  } control;
  int pair[2], pipes[2], got[2], one = 1;
  char data[3] = "abc", in[8];
  struct iovec iov[2] = { { data, 1 }, { data + 1, 2 } };
  struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2, .msg_control = &control };
  struct cmsghdr *c;
  int rights = 0, creds = 0;

  CHECK_OK (socketpair (AF_UNIX, SOCK_STREAM, 0, pair));
  CHECK_OK (setsockopt (pair[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof one));
  CHECK_OK (pipe (pipes));
  msg.msg_controllen = CMSG_SPACE (sizeof pipes);
  c = CMSG_FIRSTHDR (&msg);
  *c = (struct cmsghdr){ .cmsg_len = CMSG_LEN (sizeof pipes),
                         .cmsg_level = SOL_SOCKET,
                         .cmsg_type = SCM_RIGHTS };
  memcpy (CMSG_DATA (c), pipes, sizeof pipes);
  CHECK_EQ (sendmsg (pair[0], &msg, 0), 3);
  memset (&control, 0, sizeof control);
  iov[0] = (struct iovec){ in, sizeof in };
  msg = (struct msghdr){
    .msg_iov = iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  CHECK_EQ (recvmsg (pair[1], &msg, MSG_CMSG_CLOEXEC), 3);
  CHECK (memcmp (in, "abc", 3) == 0);
  for (c = CMSG_FIRSTHDR (&msg); c; c = CMSG_NXTHDR (&msg, c)) {
    CHECK_EQ (c->cmsg_level, SOL_SOCKET);
    if (c->cmsg_type == SCM_RIGHTS) {
      rights++;
      CHECK_EQ (c->cmsg_len, CMSG_LEN (sizeof got));
      memcpy (got, CMSG_DATA (c), sizeof got);
    }
    if (c->cmsg_type == SCM_CREDENTIALS) {
      struct ucred cred;

      creds++;
      memcpy (&cred, CMSG_DATA (c), sizeof cred);
      CHECK_EQ (cred.pid, getpid ());
      CHECK_EQ (cred.uid, getuid ());
    }
  }
  CHECK_EQ (rights, 1);
  CHECK_EQ (creds, 1);
  CHECK_EQ (msg.msg_flags & MSG_CTRUNC, 0);
  CHECK_EQ (fcntl (got[0], F_GETFD), FD_CLOEXEC);
  CHECK_EQ (write (got[1], "z", 1), 1);
  CHECK_EQ (read (pipes[0], in, 1), 1);
  CHECK_EQ (in[0], 'z');
  /* no room for descriptors */
  msg = (struct msghdr){ .msg_iov = iov, .msg_iovlen = 1, .msg_control = &control };
  iov[0] = (struct iovec){ data, 1 };
  msg.msg_controllen = CMSG_SPACE (sizeof (int));
  c = CMSG_FIRSTHDR (&msg);
  *c = (struct cmsghdr){ .cmsg_len = CMSG_LEN (sizeof (int)),
                         .cmsg_level = SOL_SOCKET,
                         .cmsg_type = SCM_RIGHTS };
  memcpy (CMSG_DATA (c), pipes, sizeof (int));
  CHECK_EQ (sendmsg (pair[1], &msg, 0), 1);
  msg.msg_control = NULL;
  msg.msg_controllen = 0;
  iov[0] = (struct iovec){ in, sizeof in };
  CHECK_EQ (recvmsg (pair[0], &msg, 0), 1);
  CHECK (msg.msg_flags & MSG_CTRUNC);
  msg.msg_iovlen = 1025;
  CHECK_ERRNO (sendmsg (pair[0], &msg, 0), EMSGSIZE);
  close (pair[0]);
  close (pair[1]);
}

static void
datagrams (void)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX }, from;
  socklen_t len = sizeof from;
  int a = socket (AF_UNIX, SOCK_DGRAM, 0), b = socket (AF_UNIX, SOCK_DGRAM, 0);
  char in[2][16];
  struct iovec iov[2] = { { "one", 3 }, { "three", 5 } };
  struct mmsghdr many[2] = { { .msg_hdr = { .msg_iov = &iov[0], .msg_iovlen = 1 } },
                             { .msg_hdr = { .msg_iov = &iov[1], .msg_iovlen = 1 } } };
  struct timespec timeout = { 1, 0 };
  int size;

  size = snprintf (address.sun_path + 1, sizeof address.sun_path - 1, "vitrine-net-%d", getpid ());
  CHECK_OK (bind (a, (struct sockaddr *)&address, offsetof (struct sockaddr_un, sun_path) + 1 + size));
  CHECK_OK (connect (b, (struct sockaddr *)&address, offsetof (struct sockaddr_un, sun_path) + 1 + size));
  CHECK_OK (getpeername (b, (struct sockaddr *)&from, &len));
  CHECK_EQ (len, offsetof (struct sockaddr_un, sun_path) + 1 + size);
  CHECK (memcmp (from.sun_path, address.sun_path, size + 1) == 0);
  CHECK_EQ (sendmmsg (b, many, 2, 0), 2);
  CHECK_EQ (many[0].msg_len, 3);
  CHECK_EQ (many[1].msg_len, 5);
  for (int i = 0; i < 2; i++) {
    iov[i] = (struct iovec){ in[i], sizeof in[i] };
    many[i].msg_len = 99;
  }
  CHECK_EQ (recvmmsg (a, many, 2, MSG_WAITFORONE, &timeout), 2);
  CHECK_EQ (many[0].msg_len, 3);
  CHECK_EQ (many[1].msg_len, 5);
  CHECK (memcmp (in[1], "three", 5) == 0);
  CHECK (timeout.tv_sec <= 1);
  CHECK_ERRNO (recvmmsg (a, many, 2, MSG_DONTWAIT, NULL), EAGAIN);
  CHECK_EQ (send (b, "truncated", 9, 0), 9);
  CHECK_EQ (recv (a, in[0], 4, MSG_TRUNC), 9);
  CHECK_ERRNO (sendto (a, "x", 1, 0, (struct sockaddr *)&address, 1), EINVAL);
  close (a);
  close (b);
}

int
main (void)
{
  streams ();
  options ();
  descriptor_passing ();
  datagrams ();
  return check_end ();
}
