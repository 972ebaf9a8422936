/* SPDX-License-Identifier: GPL-3.0-or-later */

/* sendmsg and recvmsg, one or many, with their ancillary data. Control messages of a 32-bit guest have a
 * smaller header and alignment, so they are laid out anew. */

#include "syscall.h"
#include "sys-layout.h"
#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#define CONTROL_MAX (64 * 1024)

typedef struct {
  struct msghdr host;
  UserIov iov;
  GuestMsghdr64 guest; /* widened for 32-bit guests */
  uint64_t addr;
  void *control; /* of 32-bit guests: our copy */
} Message;

static int
read_header (Message *m, uint64_t addr)
{
  GuestMsghdr32 narrow;

  if (!user_is_32 ())
    return user_read (&m->guest, addr, sizeof m->guest);
  if (user_read (&narrow, addr, sizeof narrow) < 0)
    return -EFAULT;
  m->guest = (GuestMsghdr64){
    .name = narrow.name,
    .namelen = narrow.namelen,
    .iov = narrow.iov,
    .iovlen = narrow.iovlen,
    .control = narrow.control,
    .controllen = narrow.controllen,
    .flags = narrow.flags,
  };
  return 0;
}

static int
write_header (const Message *m)
{
  GuestMsghdr64 wide = m->guest;
  GuestMsghdr32 narrow;

  wide.namelen = m->host.msg_namelen;
  wide.controllen = m->guest.controllen;
  wide.flags = m->host.msg_flags;
  if (!user_is_32 ())
    return user_write (m->addr, &wide, sizeof wide);
  narrow = (GuestMsghdr32){ wide.name,    wide.namelen,    wide.iov,  wide.iovlen,
                            wide.control, wide.controllen, wide.flags };
  return user_write (m->addr, &narrow, sizeof narrow);
}

/* ---- control messages of 32-bit guests ---- */

typedef struct {
  uint32_t len;
  int32_t level, type;
} GuestCmsg32;

#define ALIGN_32(n) (((n) + 3) & ~(size_t)3)

/* Widens the guest's control data. Returns the host's length, or -errno. */
static int64_t
widen_control (Message *m)
{
  size_t size = m->guest.controllen, at = 0, used = 0;
  uint8_t *from = g_malloc (size + sizeof (GuestCmsg32)), *to;

  if (user_read (from, m->guest.control, size) < 0) {
    g_free (from);
    return -EFAULT;
  }
  m->control = to = g_malloc0 (size * 3 + 64);
  while (at + sizeof (GuestCmsg32) <= size) {
    GuestCmsg32 head;
    struct cmsghdr *h = (struct cmsghdr *)(to + used);

    memcpy (&head, from + at, sizeof head);
    if (head.len < sizeof head || head.len > size - at) {
      g_free (from);
      return -EINVAL;
    }
    h->cmsg_len = CMSG_LEN (head.len - sizeof head);
    h->cmsg_level = head.level;
    h->cmsg_type = head.type;
    memcpy (CMSG_DATA (h), from + at + sizeof head, head.len - sizeof head);
    used += CMSG_SPACE (head.len - sizeof head);
    at += ALIGN_32 (head.len);
  }
  g_free (from);
  return used;
}

/* A time in a control message has two longs. Returns the guest's size of the data. */
static size_t
narrow_data (const struct cmsghdr *h, uint8_t *data, size_t size)
{
  const int64_t *from = (const int64_t *)CMSG_DATA (h);
  int32_t *to = (int32_t *)data;

  if (h->cmsg_level == SOL_SOCKET && (h->cmsg_type == SO_TIMESTAMP || h->cmsg_type == SO_TIMESTAMPNS) &&
      size == 16) {
    to[0] = from[0];
    to[1] = from[1];
    return 8;
  }
  memcpy (data, from, size);
  return size;
}

/* Writes received control data for the guest and sets its length. */
static int
narrow_control (Message *m)
{
  size_t room = m->guest.controllen, used = 0;
  uint8_t *to = g_malloc0 (m->host.msg_controllen + 64);
  int ret;

  for (struct cmsghdr *h = CMSG_FIRSTHDR (&m->host); h != NULL; h = CMSG_NXTHDR (&m->host, h)) {
    GuestCmsg32 head = { 0, h->cmsg_level, h->cmsg_type };
    size_t data = narrow_data (h, to + used + sizeof head, h->cmsg_len - CMSG_LEN (0));

    head.len = sizeof head + data;
    if (used + head.len > room) {
      m->host.msg_flags |= MSG_CTRUNC;
      break;
    }
    memcpy (to + used, &head, sizeof head);
    used += MIN (ALIGN_32 (head.len), room - used);
  }
  ret = used > 0 ? user_write (m->guest.control, to, used) : 0;
  m->guest.controllen = used;
  g_free (to);
  return ret;
}

/* ---- one message ---- */

static int64_t
prepare_control (Message *m, bool receive)
{
  int64_t size = m->guest.controllen;

  if (!user_is_32 ()) {
    m->host.msg_control = user_ptr (m->guest.control, m->guest.controllen);
    m->host.msg_controllen = m->guest.controllen;
    return 0;
  }
  if (m->guest.control == 0 || size == 0)
    return 0;
  if (size > CONTROL_MAX)
    return -ENOBUFS;
  if (receive) {
    /* Descriptors must not arrive that the guest's buffer has no room for: its headers are smaller. */
    size = MAX (size - 12, 0) + (size >= 12 ? (int64_t)CMSG_LEN (0) : 0);
    m->control = g_malloc0 (size + 8);
  } else if ((size = widen_control (m)) < 0)
    return size;
  m->host.msg_control = m->control;
  m->host.msg_controllen = size;
  return 0;
}

/* The host's form of the message at `addr`: 0 or -errno. */
static int64_t
message_init (Message *m, uint64_t addr, bool receive)
{
  int64_t ret;

  memset (&m->host, 0, sizeof m->host);
  m->iov.vec = m->iov.small;
  m->control = NULL;
  m->addr = addr;
  if (read_header (m, addr) < 0)
    return -EFAULT;
  if (m->guest.iovlen > IOV_MAX)
    return -EMSGSIZE;
  ret = user_iov_read (&m->iov, m->guest.iov, m->guest.iovlen);
  if (ret < 0)
    return ret;
  m->host.msg_name =
      user_ptr (m->guest.name, CLAMP ((int)m->guest.namelen, 0, (int)sizeof (struct sockaddr_storage)));
  m->host.msg_namelen = m->guest.namelen;
  m->host.msg_iov = m->iov.vec;
  m->host.msg_iovlen = m->iov.n;
  m->host.msg_flags = m->guest.flags;
  return prepare_control (m, receive);
}

static void
message_finish (Message *m)
{
  user_iov_free (&m->iov);
  g_free (m->control);
}

/* After a successful receive: what the kernel wrote to our header goes to the guest's. */
static int
message_received (Message *m)
{
  if (user_is_32 () && m->control != NULL) {
    if (narrow_control (m) < 0)
      return -EFAULT;
  } else
    m->guest.controllen = m->host.msg_controllen;
  return write_header (m);
}

static int64_t
send_one (int fd, uint64_t addr, uint64_t flags)
{
  Message m;
  int64_t ret = message_init (&m, addr, false);

  if (ret == 0)
    ret = SAFE_CALL (__NR_sendmsg, fd, &m.host, flags);
  else if (HOST_CALL (__NR_fcntl, fd, 1 /* F_GETFD */, 0) == -EBADF)
    ret = -EBADF;
  message_finish (&m);
  return ret;
}

static int64_t
receive_one (int fd, uint64_t addr, uint64_t flags)
{
  Message m;
  int64_t ret = message_init (&m, addr, true);

  if (ret == 0)
    ret = SAFE_CALL (__NR_recvmsg, fd, &m.host, flags);
  else if (HOST_CALL (__NR_fcntl, fd, 1 /* F_GETFD */, 0) == -EBADF)
    ret = -EBADF;
  if (ret >= 0 && message_received (&m) < 0)
    ret = -EFAULT;
  message_finish (&m);
  return ret;
}

int64_t
sys_sendmsg (UserThread *thread, const uint64_t *a)
{
  return send_one (a[0], a[1], a[2]);
}

int64_t
sys_recvmsg (UserThread *thread, const uint64_t *a)
{
  return receive_one (a[0], a[1], a[2]);
}

/* ---- many messages ---- */

static unsigned
mmsghdr_size (void)
{
  return user_is_32 () ? sizeof (GuestMsghdr32) + 4 : sizeof (GuestMsghdr64) + 8;
}

static unsigned
mmsghdr_len_offset (void)
{
  return user_is_32 () ? sizeof (GuestMsghdr32) : sizeof (GuestMsghdr64);
}

int64_t
sys_sendmmsg (UserThread *thread, const uint64_t *a)
{
  unsigned n = MIN ((unsigned)a[2], IOV_MAX), done = 0;
  int64_t ret = 0;

  if (HOST_CALL (__NR_fcntl, a[0], 1 /* F_GETFD */, 0) == -EBADF)
    return -EBADF;
  for (; done < n; done++) {
    uint64_t addr = a[1] + (uint64_t)done * mmsghdr_size ();
    uint32_t sent;

    ret = send_one (a[0], addr, a[3]);
    if (ret < 0)
      break;
    sent = ret;
    if ((ret = user_write (addr + mmsghdr_len_offset (), &sent, sizeof sent)) < 0)
      break;
  }
  return done > 0 ? done : ret;
}

/* What is left of the time until `end`, or zero. */
static void
time_left (const struct timespec *end, struct timespec *ret_left)
{
  struct timespec now;
  int64_t ns;

  clock_gettime (CLOCK_MONOTONIC, &now);
  ns = (end->tv_sec - now.tv_sec) * INT64_C (1000000000) + end->tv_nsec - now.tv_nsec;
  ns = MAX (ns, 0);
  *ret_left = (struct timespec){ ns / 1000000000, ns % 1000000000 };
}

static int
read_timeout (uint64_t addr, struct timespec *ret_end)
{
  struct timespec time;

  if (user_get (K_TIMESPEC, &time, addr) < 0)
    return -EFAULT;
  if (time.tv_sec < 0 || time.tv_nsec < 0 || time.tv_nsec >= 1000000000)
    return -EINVAL;
  clock_gettime (CLOCK_MONOTONIC, ret_end);
  ret_end->tv_sec = MIN (time.tv_sec, INT64_C (1) << 40) + ret_end->tv_sec;
  ret_end->tv_nsec += time.tv_nsec;
  if (ret_end->tv_nsec >= 1000000000) {
    ret_end->tv_sec++;
    ret_end->tv_nsec -= 1000000000;
  }
  return 0;
}

/* Like the kernel, looks at the time only after each message. */
static int64_t
receive_many (const uint64_t *a, const struct timespec *end, struct timespec *left)
{
  unsigned n = MIN ((unsigned)a[2], IOV_MAX), done = 0;
  uint64_t flags = a[3];
  int64_t ret = 0;

  while (done < n) {
    uint64_t addr = a[1] + (uint64_t)done * mmsghdr_size ();
    uint32_t received;

    ret = receive_one (a[0], addr, flags & ~(uint64_t)MSG_WAITFORONE);
    if (ret < 0)
      break;
    received = ret;
    if ((ret = user_write (addr + mmsghdr_len_offset (), &received, sizeof received)) < 0)
      break;
    done++;
    if (flags & MSG_WAITFORONE)
      flags |= MSG_DONTWAIT;
    if (end != NULL) {
      time_left (end, left);
      if (left->tv_sec == 0 && left->tv_nsec == 0)
        break;
    }
  }
  return done > 0 ? done : ret;
}

int64_t
sys_recvmmsg (UserThread *thread, const uint64_t *a)
{
  struct timespec end, left;
  int64_t ret = a[4] != 0 ? read_timeout (a[4], &end) : 0;

  if (ret < 0)
    return ret;
  if (HOST_CALL (__NR_fcntl, a[0], 1 /* F_GETFD */, 0) == -EBADF)
    return -EBADF;
  ret = receive_many (a, a[4] != 0 ? &end : NULL, &left);
  if (ret > 0 && a[4] != 0 && user_put (K_TIMESPEC, a[4], &left) < 0)
    return -EFAULT;
  return ret;
}
