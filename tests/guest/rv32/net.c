/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets: struct msghdr, control messages with 4-byte lengths, options that carry times. */
#include "runtime.h"

#include <linux/socket.h>
#include <linux/uio.h>
#include <asm/socket.h>
#include <linux/un.h>

enum { AF_UNIX = 1, SOCK_STREAM = 1, SOCK_DGRAM = 2, SCM_RIGHTS = 1, SCM_CREDENTIALS = 2 };
enum { MSG_DONTWAIT = 0x40, MSG_CTRUNC = 8, MSG_TRUNC = 0x20, MSG_CMSG_CLOEXEC = 0x40000000 };

typedef struct {
  void *name;
  uint32_t namelen;
  struct iovec *iov;
  uint32_t iovlen;
  void *control;
  uint32_t controllen, flags;
} Msghdr;
_Static_assert (sizeof (Msghdr) == 28, "struct msghdr");

typedef struct {
  uint32_t len;
  int32_t level, type;
  int32_t data[4];
} Cmsg;

static int fds[2];

static void
test_rights (void)
{
  int pipe[2];
  char text[4] = "", byte;
  struct iovec iov = { "hi", 2 };
  Cmsg out = { 12 + 8, SOL_SOCKET, SCM_RIGHTS, { 0 } };
  CHECK_OK (CALL (pipe2, pipe, 0));
  out.data[0] = pipe[0], out.data[1] = pipe[1];
  Msghdr msg = { .iov = &iov, .iovlen = 1, .control = &out, .controllen = out.len };
  CHECK_EQ (CALL (sendmsg, fds[0], &msg, 0), 2);
  Cmsg in[2];
  memset (in, 0xff, sizeof in);
  iov = (struct iovec){ text, 4 };
  msg = (Msghdr){ .iov = &iov, .iovlen = 1, .control = in, .controllen = sizeof in };
  CHECK_EQ (CALL (recvmsg, fds[1], &msg, MSG_CMSG_CLOEXEC), 2);
  CHECK (memcmp (text, "hi", 2) == 0);
  CHECK_EQ (msg.controllen, 20);
  CHECK (in[0].len == 20 && in[0].level == SOL_SOCKET && in[0].type == SCM_RIGHTS);
  CHECK_EQ (CALL (write, in[0].data[1], "z", 1), 1);
  CHECK (CALL (read, pipe[0], &byte, 1) == 1 && byte == 'z');
  CHECK_EQ (CALL (fcntl64, in[0].data[0], F_GETFD), FD_CLOEXEC);
  for (int i = 0; i < 2; i++)
    CALL (close, in[0].data[i]), CALL (close, pipe[i]);
  out.len = 11;
  msg = (Msghdr){ .iov = &iov, .iovlen = 1, .control = &out, .controllen = 12 };
  if (!under_qemu)
    CHECK_EQ (CALL (sendmsg, fds[0], &msg, 0), -EINVAL);
}

static void
test_credentials (void)
{
  int on = 1;
  char text[4];
  struct iovec iov = { text, 4 };
  Cmsg in;
  CHECK_OK (CALL (setsockopt, fds[1], SOL_SOCKET, SO_PASSCRED, &on, 4));
  CHECK_EQ (CALL (sendto, fds[0], "abc", 3, 0, 0, 0), 3);
  Msghdr msg = { .iov = &iov, .iovlen = 1, .control = &in, .controllen = sizeof in };
  CHECK_EQ (CALL (recvmsg, fds[1], &msg, 0), 3);
  CHECK (in.len == 24 && in.type == SCM_CREDENTIALS && in.data[0] == CALL (getpid));
  CHECK_EQ (CALL (sendto, fds[0], "abc", 3, 0, 0, 0), 3);
  msg.controllen = 8; /* Not even a header fits. */
  CHECK_EQ (CALL (recvmsg, fds[1], &msg, 0), 3);
  CHECK (msg.flags & MSG_CTRUNC);
  on = 0;
  CHECK_OK (CALL (setsockopt, fds[1], SOL_SOCKET, SO_PASSCRED, &on, 4));
}

static void
test_many (void)
{
  struct {
    Msghdr hdr;
    uint32_t len;
  } many[2];
  char a[4], b[4];
  struct iovec out[2] = { { "one", 3 }, { "four", 4 } }, in[2] = { { a, 4 }, { b, 4 } };
  struct __kernel_timespec time = { 5, 0 };
  memset (many, 0, sizeof many);
  for (int i = 0; i < 2; i++)
    many[i].hdr.iov = &out[i], many[i].hdr.iovlen = 1;
  CHECK_EQ (CALL (sendmmsg, fds[0], many, 2, 0), 2);
  CHECK (many[0].len == 3 && many[1].len == 4);
  for (int i = 0; i < 2; i++)
    many[i].hdr.iov = &in[i], many[i].len = 99;
  CHECK_EQ (CALL (recvmmsg_time64, fds[1], many, 2, 0, &time), 2);
  CHECK (many[0].len == 3 && many[1].len == 4 && memcmp (b, "four", 4) == 0);
}

static void
test_options (void)
{
  struct {
    int64_t sec, usec;
  } time = { 0, 20000 }, got = { -1, -1 };
  char byte;
  uint32_t size;
  int value = 0;
  size = 4;
  CHECK_OK (CALL (getsockopt, fds[0], SOL_SOCKET, SO_TYPE, &value, &size));
  CHECK_EQ (value, SOCK_DGRAM);
  size = sizeof got;
  if (under_qemu) /* It takes the new structure for the old one. */
    return;
  CHECK_OK (CALL (setsockopt, fds[0], SOL_SOCKET, SO_RCVTIMEO_NEW, &time, sizeof time));
  CHECK_EQ (CALL (recvfrom, fds[0], &byte, 1, 0, 0, 0), -EAGAIN);
  CHECK_OK (CALL (getsockopt, fds[0], SOL_SOCKET, SO_RCVTIMEO_NEW, &got, &size));
  CHECK (size == 16 && got.sec == 0 && got.usec >= 20000 && got.usec < 40000);
  /* The option's old number is one of two 32-bit words. */
  uint32_t old[2] = { 3, 0 }, old_got[4] = { 9, 9, 9, 9 };
  size = 8;
  CHECK_OK (CALL (setsockopt, fds[0], SOL_SOCKET, SO_RCVTIMEO_OLD, old, 8));
  CHECK_OK (CALL (getsockopt, fds[0], SOL_SOCKET, SO_RCVTIMEO_OLD, old_got, &size));
  CHECK (size == 8 && old_got[0] == 3 && old_got[1] == 0 && old_got[2] == 9);
}

static void
test_named (void)
{
  struct sockaddr_un name = { AF_UNIX, "\0rv32-net-test" }, peer;
  uint32_t size = sizeof peer;
  long server = CALL (socket, AF_UNIX, SOCK_STREAM, 0), client = CALL (socket, AF_UNIX, SOCK_STREAM, 0);
  for (uint32_t i = 0, pid = (uint32_t)CALL (getpid); i < 8; i++, pid >>= 4)
    name.sun_path[14 + i] = (char)('a' + pid % 16);
  CHECK_OK (CALL (bind, server, &name, 24));
  CHECK_OK (CALL (listen, server, 1));
  CHECK_OK (CALL (connect, client, &name, 24));
  long accepted = CALL (accept4, server, &peer, &size, 0);
  CHECK_OK (accepted);
  CHECK_EQ (size, 2);
  size = sizeof peer;
  CHECK_OK (CALL (getsockname, accepted, &peer, &size));
  CHECK (size == 24 && memcmp (&peer, &name, 24) == 0);
  CHECK_EQ (CALL (write, client, "q", 1), 1);
  char byte = 0;
  CHECK (CALL (read, accepted, &byte, 1) == 1 && byte == 'q');
  CHECK_OK (CALL (shutdown, client, 1));
  CHECK_EQ (CALL (read, accepted, &byte, 1), 0);
  CALL (close, accepted);
  CALL (close, client);
  CALL (close, server);
}

int
guest_main (int argc, char **argv, char **envp)
{
  CHECK_OK (CALL (socketpair, AF_UNIX, SOCK_DGRAM, 0, fds));
  test_rights ();
  test_credentials ();
  if (!under_qemu) /* It lacks recvmmsg_time64. */
    test_many ();
  test_options ();
  test_named ();
  return check_end ();
}
