/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Structures between guest and host layout. */

#include "syscall.h"
#include "sys-layout.h"
#include <errno.h>
#include <linux/openat2.h>
#include <linux/time_types.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/utsname.h>

static void
stat_to_guest (void *guest, const void *host)
{
  const struct stat *h = host;
  GuestStat *g = guest;

  *g = (GuestStat){
    .dev = h->st_dev,
    .ino = h->st_ino,
    .mode = h->st_mode,
    .nlink = h->st_nlink,
    .uid = h->st_uid,
    .gid = h->st_gid,
    .rdev = h->st_rdev,
    .size = h->st_size,
    .blksize = h->st_blksize,
    .blocks = h->st_blocks,
    .atime = h->st_atim.tv_sec,
    .atime_nsec = h->st_atim.tv_nsec,
    .mtime = h->st_mtim.tv_sec,
    .mtime_nsec = h->st_mtim.tv_nsec,
    .ctime = h->st_ctim.tv_sec,
    .ctime_nsec = h->st_ctim.tv_nsec,
  };
}

static void
timespec32_to_host (void *host, const void *guest)
{
  const GuestTimespec32 *g = guest;
  struct timespec *h = host;

  h->tv_sec = g->sec;
  h->tv_nsec = g->nsec;
}

static void
itimerspec32_to_host (void *host, const void *guest)
{
  timespec32_to_host (host, guest);
  timespec32_to_host ((struct timespec *)host + 1, (const GuestTimespec32 *)guest + 1);
}

static void
bytes16_to_guest (void *guest, const void *host)
{
  memcpy (guest, host, 16);
}

static void
bytes32_to_guest (void *guest, const void *host)
{
  memcpy (guest, host, 32);
}

/* Structures of nothing but longs, signed or not. */
static void
longs_to_guest (int32_t *guest, const long *host, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    guest[i] = host[i];
}

static void
longs_to_host (long *host, const int32_t *guest, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    host[i] = guest[i];
}

static void
timeval32_to_host (void *host, const void *guest)
{
  longs_to_host (host, guest, 2);
}

static void
timeval32_to_guest (void *guest, const void *host)
{
  longs_to_guest (guest, host, 2);
}

static void
itimerval32_to_host (void *host, const void *guest)
{
  longs_to_host (host, guest, 4);
}

static void
itimerval32_to_guest (void *guest, const void *host)
{
  longs_to_guest (guest, host, 4);
}

static void
rusage32_to_guest (void *guest, const void *host)
{
  longs_to_guest (guest, host, 18);
}

static void
mq_attr32_to_host (void *host, const void *guest)
{
  longs_to_host (host, guest, 8);
}

static void
mq_attr32_to_guest (void *guest, const void *host)
{
  longs_to_guest (guest, host, 8);
}

/* The kernel's infinite limit is all ones in either size; more than fits is infinite too. */
static void
rlimit32_to_host (void *host, const void *guest)
{
  const GuestRlimit32 *g = guest;
  struct rlimit *h = host;

  h->rlim_cur = g->cur == UINT32_MAX ? RLIM_INFINITY : g->cur;
  h->rlim_max = g->max == UINT32_MAX ? RLIM_INFINITY : g->max;
}

static void
rlimit32_to_guest (void *guest, const void *host)
{
  const struct rlimit *h = host;
  GuestRlimit32 *g = guest;

  g->cur = MIN (h->rlim_cur, UINT32_MAX);
  g->max = MIN (h->rlim_max, UINT32_MAX);
}

/* The kernel counts in bigger units where bytes do not fit the guest's words. */
static void
sysinfo32_to_guest (void *guest, const void *host)
{
  const struct sysinfo *h = host;
  GuestSysinfo32 *g = guest;
  unsigned shift = 0;

  while (((h->totalram | h->totalswap) * h->mem_unit) >> shift > UINT32_MAX)
    shift++;
#define UNITS(member) ((uint32_t)((h->member * h->mem_unit) >> shift))
  *g = (GuestSysinfo32){
    .uptime = h->uptime,
    .loads = { h->loads[0], h->loads[1], h->loads[2] },
    .totalram = UNITS (totalram),
    .freeram = UNITS (freeram),
    .sharedram = UNITS (sharedram),
    .bufferram = UNITS (bufferram),
    .totalswap = UNITS (totalswap),
    .freeswap = UNITS (freeswap),
    .procs = h->procs,
    .totalhigh = UNITS (totalhigh),
    .freehigh = UNITS (freehigh),
    .mem_unit = 1u << shift,
  };
#undef UNITS
}

static void
statfs32_to_guest (void *guest, const void *host)
{
  const struct statfs *h = host;
  GuestStatfs32 *g = guest;

  *g = (GuestStatfs32){
    .type = h->f_type,
    .bsize = h->f_bsize,
    .blocks = h->f_blocks,
    .bfree = h->f_bfree,
    .bavail = h->f_bavail,
    .files = h->f_files,
    .ffree = h->f_ffree,
    .namelen = h->f_namelen,
    .frsize = h->f_frsize,
    .flags = h->f_flags,
  };
  memcpy (g->fsid, &h->f_fsid, sizeof g->fsid);
}

static void
sigevent32_to_host (void *host, const void *guest)
{
  const GuestSigevent32 *g = guest;
  struct {
    uint64_t value;
    int32_t signo, notify, tid, pad[11];
  } *h = host;

  memset (h, 0, sizeof *h);
  h->value = g->value;
  h->signo = g->signo;
  h->notify = g->notify;
  h->tid = g->tid;
}

static void
epoll_event_to_host (void *host, const void *guest)
{
  const GuestEpollEvent *g = guest;
  struct epoll_event *h = host;

  h->events = g->events;
  h->data.u64 = g->data;
}

static void
epoll_event_to_guest (void *guest, const void *host)
{
  const struct epoll_event *h = host;
  GuestEpollEvent *g = guest;

  *g = (GuestEpollEvent){ .events = h->events, .data = h->data.u64 };
}

typedef void (*Convert) (void *to, const void *from);

typedef struct {
  uint16_t host_size, size_64, size_32;
  /* NULL: the same layout. Only what a direction needs is given. */
  Convert to_host_64, to_guest_64, to_host_32, to_guest_32;
} Kind;

#define SAME(type)                      { sizeof (type), sizeof (type), sizeof (type), NULL, NULL, NULL, NULL }
#define LAYOUT_32(type, guest, in, out) { sizeof (type), sizeof (type), sizeof (guest), NULL, NULL, in, out }

static const Kind kinds[K_COUNT] = {
  [K_NONE] = { 1, 1, 1 },
  [K_INT] = SAME (int),
  [K_UINT] = SAME (int),
  [K_SIZE] = { 8, 8, 4 },
  [K_LOFF] = SAME (int64_t),
  [K_INTPAIR] = SAME (int[2]),
  [K_TIMESPEC] = LAYOUT_32 (struct timespec, GuestTimespec32, timespec32_to_host, bytes16_to_guest),
  [K_ITIMERSPEC] = LAYOUT_32 (struct itimerspec, GuestTimespec32[2], itimerspec32_to_host, bytes32_to_guest),
  [K_TIMEVAL] = LAYOUT_32 (struct timeval, GuestTimeval32, timeval32_to_host, timeval32_to_guest),
  [K_ITIMERVAL] = LAYOUT_32 (struct itimerval, GuestItimerval32, itimerval32_to_host, itimerval32_to_guest),
  [K_TIMEZONE] = SAME (struct timezone),
  [K_TIMEX] = SAME (struct timex),
  [K_TMS] = { sizeof (struct tms), sizeof (struct tms), sizeof (GuestTms32) },
  [K_STAT] = { sizeof (struct stat), sizeof (GuestStat), sizeof (GuestStat), NULL, stat_to_guest, NULL,
               stat_to_guest },
  [K_STATX] = { 256, 256, 256 },
  [K_STATFS] = LAYOUT_32 (struct statfs, GuestStatfs32, NULL, statfs32_to_guest),
  [K_RLIMIT] = LAYOUT_32 (struct rlimit, GuestRlimit32, rlimit32_to_host, rlimit32_to_guest),
  [K_RLIMIT64] = SAME (struct rlimit64),
  [K_RUSAGE] = LAYOUT_32 (struct rusage, GuestRusage32, NULL, rusage32_to_guest),
  [K_SYSINFO] = LAYOUT_32 (struct sysinfo, GuestSysinfo32, NULL, sysinfo32_to_guest),
  [K_UTSNAME] = SAME (struct utsname),
  [K_SCHED_PARAM] = SAME (struct sched_param),
  [K_CAP_HEADER] = { 8, 8, 8 },
  [K_MQ_ATTR] = LAYOUT_32 (struct mq_attr, GuestMqAttr32, mq_attr32_to_host, mq_attr32_to_guest),
  [K_SIGEVENT] = LAYOUT_32 (struct sigevent, GuestSigevent32, sigevent32_to_host, NULL),
  [K_SIGINFO] = LAYOUT_32 (siginfo_t, GuestSiginfo32, user_siginfo32_to_host, user_siginfo32_to_guest),
  [K_EPOLL_EVENT] = { sizeof (struct epoll_event), sizeof (GuestEpollEvent), sizeof (GuestEpollEvent),
                      epoll_event_to_host, epoll_event_to_guest, epoll_event_to_host, epoll_event_to_guest },
  [K_ITIMER_ID] = SAME (int),
  [K_SIGSET] = SAME (uint64_t),
  [K_POLLFD] = SAME (struct pollfd),
  [K_SOCKADDR] = { 1, 1, 1 },
  [K_OPEN_HOW] = SAME (struct open_how),
};

unsigned
user_kind_size (UserKind kind)
{
  return user_is_32 () ? kinds[kind].size_32 : kinds[kind].size_64;
}

unsigned
user_kind_host_size (UserKind kind)
{
  return kinds[kind].host_size;
}

static Convert
converter (UserKind kind, bool to_guest)
{
  const Kind *k = &kinds[kind];

  if (user_is_32 ())
    return to_guest ? k->to_guest_32 : k->to_host_32;
  return to_guest ? k->to_guest_64 : k->to_host_64;
}

bool
user_kind_same (UserKind kind, bool out)
{
  /* The padding of a 64-bit time only matters on the way in. */
  if (out && (kind == K_TIMESPEC || kind == K_ITIMERSPEC))
    return true;
  return converter (kind, false) == NULL && converter (kind, true) == NULL;
}

static void
user_kind_to_host (UserKind kind, void *host, const void *guest)
{
  Convert convert = converter (kind, false);

  if (convert != NULL)
    convert (host, guest);
  else
    memcpy (host, guest, kinds[kind].host_size);
}

void
user_kind_to_guest (UserKind kind, void *guest, const void *host)
{
  Convert convert = converter (kind, true);

  if (convert != NULL)
    convert (guest, host);
  else
    memcpy (guest, host, kinds[kind].host_size);
}

int
user_get (UserKind kind, void *host, uint64_t addr)
{
  uint64_t guest[USER_KIND_MAX_SIZE / 8];

  if (user_read (guest, addr, user_kind_size (kind)) < 0)
    return -EFAULT;
  user_kind_to_host (kind, host, guest);
  return 0;
}

int
user_put (UserKind kind, uint64_t addr, const void *host)
{
  uint64_t guest[USER_KIND_MAX_SIZE / 8];

  user_kind_to_guest (kind, guest, host);
  return user_write (addr, guest, user_kind_size (kind));
}
