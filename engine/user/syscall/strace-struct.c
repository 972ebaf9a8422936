/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Structures in words, for -strace. */

#include "syscall.h"
#include "sys-layout.h"
#include "user-signal.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/utsname.h>

typedef void (*Print) (GString *out, const void *host);

static void
print_int (GString *out, const void *host)
{
  g_string_append_printf (out, "[%d]", *(const int *)host);
}

static void
print_pair (GString *out, const void *host)
{
  const int *pair = host;

  g_string_append_printf (out, "[%d, %d]", pair[0], pair[1]);
}

static void
print_offset (GString *out, const void *host)
{
  g_string_append_printf (out, "[%" PRId64 "]", *(const int64_t *)host);
}

static void
print_timespec (GString *out, const void *host)
{
  const struct timespec *t = host;

  g_string_append_printf (out, "{tv_sec=%" PRId64 ", tv_nsec=%ld}", (int64_t)t->tv_sec, t->tv_nsec);
}

static void
print_itimerspec (GString *out, const void *host)
{
  const struct itimerspec *t = host;

  g_string_append (out, "{it_interval=");
  print_timespec (out, &t->it_interval);
  g_string_append (out, ", it_value=");
  print_timespec (out, &t->it_value);
  g_string_append_c (out, '}');
}

static void
print_timeval (GString *out, const void *host)
{
  const struct timeval *t = host;

  g_string_append_printf (out, "{tv_sec=%" PRId64 ", tv_usec=%ld}", (int64_t)t->tv_sec, (long)t->tv_usec);
}

static void
print_itimerval (GString *out, const void *host)
{
  const struct itimerval *t = host;

  g_string_append (out, "{it_interval=");
  print_timeval (out, &t->it_interval);
  g_string_append (out, ", it_value=");
  print_timeval (out, &t->it_value);
  g_string_append_c (out, '}');
}

static const char *
file_type (unsigned mode)
{
  switch (mode & S_IFMT) {
    case S_IFREG: return "S_IFREG";
    case S_IFDIR: return "S_IFDIR";
    case S_IFLNK: return "S_IFLNK";
    case S_IFCHR: return "S_IFCHR";
    case S_IFBLK: return "S_IFBLK";
    case S_IFIFO: return "S_IFIFO";
    case S_IFSOCK: return "S_IFSOCK";
    default: return "0";
  }
}

/* In the guest's layout: user_get() converts no structures that calls only fill. */
static void
print_stat (GString *out, const void *guest)
{
  const GuestStat *s = guest;

  g_string_append_printf (out, "{st_mode=%s|%#o, st_size=%" PRId64 ", ...}", file_type (s->mode),
                          s->mode & 07777, s->size);
}

static void
print_statx (GString *out, const void *host)
{
  const struct statx *s = host;

  g_string_append_printf (out, "{stx_mask=%#x, stx_mode=%s|%#o, stx_size=%" PRIu64 ", ...}", s->stx_mask,
                          file_type (s->stx_mode), s->stx_mode & 07777u, (uint64_t)s->stx_size);
}

static void
append_limit (GString *out, uint64_t limit)
{
  if (limit == RLIM_INFINITY)
    g_string_append (out, "RLIM64_INFINITY");
  else if (limit >= 1024 && limit % 1024 == 0)
    g_string_append_printf (out, "%" PRIu64 "*1024", limit / 1024);
  else
    g_string_append_printf (out, "%" PRIu64, limit);
}

static void
print_rlimit (GString *out, const void *host)
{
  const struct rlimit64 *r = host;

  g_string_append (out, "{rlim_cur=");
  append_limit (out, r->rlim_cur);
  g_string_append (out, ", rlim_max=");
  append_limit (out, r->rlim_max);
  g_string_append_c (out, '}');
}

static void
print_utsname (GString *out, const void *host)
{
  const struct utsname *u = host;

  g_string_append_printf (out, "{sysname=\"%s\", nodename=\"%s\", release=\"%s\", machine=\"%s\", ...}",
                          u->sysname, u->nodename, u->release, u->machine);
}

static void
print_mq_attr (GString *out, const void *host)
{
  const struct mq_attr *m = host;

  g_string_append_printf (out, "{mq_flags=%#lx, mq_maxmsg=%ld, mq_msgsize=%ld, mq_curmsgs=%ld}",
                          (long)m->mq_flags, (long)m->mq_maxmsg, (long)m->mq_msgsize, (long)m->mq_curmsgs);
}

static void
print_sigevent (GString *out, const void *host)
{
  const struct sigevent *e = host;

  g_string_append_printf (out, "{sigev_value=%p, sigev_signo=%s, sigev_notify=%d}", e->sigev_value.sival_ptr,
                          user_signal_name (e->sigev_signo), e->sigev_notify);
}

static const UserName poll_bits[] = {
  { POLLIN, "POLLIN" },   { POLLPRI, "POLLPRI" },   { POLLOUT, "POLLOUT" },     { POLLERR, "POLLERR" },
  { POLLHUP, "POLLHUP" }, { POLLNVAL, "POLLNVAL" }, { POLLRDHUP, "POLLRDHUP" }, { 0, NULL },
};

static const UserName epoll_bits[] = {
  { EPOLLIN, "EPOLLIN" },
  { EPOLLPRI, "EPOLLPRI" },
  { EPOLLOUT, "EPOLLOUT" },
  { EPOLLERR, "EPOLLERR" },
  { EPOLLHUP, "EPOLLHUP" },
  { EPOLLRDHUP, "EPOLLRDHUP" },
  { EPOLLONESHOT, "EPOLLONESHOT" },
  { EPOLLET, "EPOLLET" },
  { EPOLLEXCLUSIVE, "EPOLLEXCLUSIVE" },
  { EPOLLWAKEUP, "EPOLLWAKEUP" },
  { 0, NULL },
};

static void
print_pollfd (GString *out, const void *host)
{
  const struct pollfd *p = host;

  g_string_append_printf (out, "{fd=%d, events=", p->fd);
  user_trace_names (out, poll_bits, (uint16_t)p->events, true);
  if (p->revents != 0) {
    g_string_append (out, ", revents=");
    user_trace_names (out, poll_bits, (uint16_t)p->revents, true);
  }
  g_string_append_c (out, '}');
}

static void
print_epoll_event (GString *out, const void *host)
{
  const struct epoll_event *e = host;

  g_string_append (out, "{events=");
  user_trace_names (out, epoll_bits, e->events, true);
  g_string_append_printf (out, ", data=%#" PRIx64 "}", (uint64_t)e->data.u64);
}

/* A mask with more than half of the signals is shown by those it lacks. */
static void
print_sigset (GString *out, const void *host)
{
  uint64_t set = *(const uint64_t *)host;
  bool inverse = __builtin_popcountll (set) > 32;
  const char *space = "";

  g_string_append (out, inverse ? "~[" : "[");
  for (int sig = 1; sig <= USER_NSIG; sig++)
    if (((set >> (sig - 1) & 1) != 0) != inverse) {
      const char *name = user_signal_name (sig);

      g_string_append_printf (out, "%s%s", space, g_str_has_prefix (name, "SIG") ? name + 3 : name);
      space = " ";
    }
  g_string_append_c (out, ']');
}

static const Print printers[K_COUNT] = {
  [K_INT] = print_int,
  [K_UINT] = print_int,
  [K_ITIMER_ID] = print_int,
  [K_INTPAIR] = print_pair,
  [K_LOFF] = print_offset,
  [K_TIMESPEC] = print_timespec,
  [K_ITIMERSPEC] = print_itimerspec,
  [K_TIMEVAL] = print_timeval,
  [K_ITIMERVAL] = print_itimerval,
  [K_STAT] = print_stat,
  [K_STATX] = print_statx,
  [K_RLIMIT] = print_rlimit,
  [K_RLIMIT64] = print_rlimit,
  [K_UTSNAME] = print_utsname,
  [K_MQ_ATTR] = print_mq_attr,
  [K_SIGEVENT] = print_sigevent,
  [K_POLLFD] = print_pollfd,
  [K_EPOLL_EVENT] = print_epoll_event,
  [K_SIGSET] = print_sigset,
};

static void
print_address (GString *out, const struct sockaddr_storage *address, size_t size)
{
  const struct sockaddr_in *in = (const struct sockaddr_in *)address;
  const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
  const struct sockaddr_un *un = (const struct sockaddr_un *)address;
  char text[INET6_ADDRSTRLEN];

  switch (address->ss_family) {
    case AF_INET:
      inet_ntop (AF_INET, &in->sin_addr, text, sizeof text);
      g_string_append_printf (out, "{sa_family=AF_INET, sin_port=htons(%u), sin_addr=inet_addr(\"%s\")}",
                              ntohs (in->sin_port), text);
      break;
    case AF_INET6:
      inet_ntop (AF_INET6, &in6->sin6_addr, text, sizeof text);
      g_string_append_printf (out, "{sa_family=AF_INET6, sin6_port=htons(%u), sin6_addr=\"%s\"}",
                              ntohs (in6->sin6_port), text);
      break;
    case AF_UNIX:
      if (size > 2 && un->sun_path[0] == 0)
        g_string_append_printf (out, "{sa_family=AF_UNIX, sun_path=@\"%.*s\"}", (int)size - 3,
                                un->sun_path + 1);
      else
        g_string_append_printf (out, "{sa_family=AF_UNIX, sun_path=\"%.*s\"}", (int)MAX (size, 2) - 2,
                                un->sun_path);
      break;
    default: g_string_append_printf (out, "{sa_family=%u, ...}", address->ss_family); break;
  }
}

/* The length is a number for bind() and a pointer to one for accept(): a small value cannot be a pointer. */
static void
socket_address (GString *out, uint64_t addr, uint64_t len)
{
  struct sockaddr_storage address = { 0 };
  int size = (int)len;

  if (len > 4096 && user_read (&size, len, sizeof size) < 0)
    size = 0;
  size = CLAMP (size, 0, (int)sizeof address);
  if (size < 2 || user_read (&address, addr, size) < 0)
    g_string_append_printf (out, "%#" PRIx64, addr);
  else
    print_address (out, &address, size);
}

void
user_trace_struct (GString *out, UserKind kind, uint64_t addr, uint64_t size)
{
  uint64_t copy[USER_KIND_MAX_SIZE / 8] = { 0 };
  bool as_guest = kind == K_STAT;

  if (addr != 0 && kind == K_SOCKADDR) {
    socket_address (out, addr, size);
    return;
  }
  if (addr == 0) {
    g_string_append (out, "NULL");
    return;
  }
  if (printers[kind] == NULL ||
      (as_guest ? user_read (copy, addr, sizeof (GuestStat)) : user_get (kind, copy, addr)) < 0)
    g_string_append_printf (out, "%#" PRIx64, addr);
  else
    printers[kind](out, copy);
}
