/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Layouts of the generic kernel interface (asm-generic) that differ from the host's: all 32-bit ones, and a
 * few of 64-bit guests. Names ending in 32 belong to 32-bit guests. */

#include <stdint.h>

typedef struct {
  uint64_t dev, ino;
  uint32_t mode, nlink, uid, gid;
  uint64_t rdev, pad1;
  int64_t size;
  int32_t blksize, pad2;
  int64_t blocks, atime;
  uint64_t atime_nsec;
  int64_t mtime;
  uint64_t mtime_nsec;
  int64_t ctime;
  uint64_t ctime_nsec;
  uint32_t unused[2];
} GuestStat;

typedef struct {
  int64_t sec;
  int32_t nsec, padding;
} GuestTimespec32;

typedef struct {
  int32_t sec, usec;
} GuestTimeval32;

typedef struct {
  GuestTimeval32 interval, value;
} GuestItimerval32;

typedef struct {
  int32_t utime, stime, cutime, cstime;
} GuestTms32;

typedef struct {
  GuestTimeval32 utime, stime;
  int32_t counts[14];
} GuestRusage32;

typedef struct {
  uint32_t cur, max;
} GuestRlimit32;

typedef struct {
  int32_t uptime;
  uint32_t loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
  uint16_t procs, pad;
  uint32_t totalhigh, freehigh, mem_unit;
  char padding[8];
} GuestSysinfo32;

/* struct statfs64 as 32-bit guests have it. */
typedef struct {
  uint32_t type, bsize;
  uint64_t blocks, bfree, bavail, files, ffree;
  int32_t fsid[2];
  uint32_t namelen, frsize, flags, spare[4];
} __attribute__ ((aligned (8))) GuestStatfs32;

typedef struct {
  int32_t values[8];
} GuestMqAttr32;

typedef struct {
  uint32_t value;
  int32_t signo, notify, tid;
  int32_t pad[12];
} GuestSigevent32;

/* siginfo_t of a 32-bit guest: the union follows the three words without a gap. */
typedef struct {
  int32_t signo, error, code;
  union {
    struct {
      int32_t pid;
      uint32_t uid, value;
    } sent;
    struct {
      int32_t pid;
      uint32_t uid;
      int32_t status, utime, stime;
    } child;
    struct {
      uint32_t addr;
      int16_t addr_lsb;
    } fault;
    struct {
      int32_t band, fd;
    } poll;
    struct {
      uint32_t call_addr;
      int32_t syscall;
      uint32_t arch;
    } sys;
    uint8_t room[128 - 12];
  };
} GuestSiginfo32;
/* sys-siginfo.c */
void user_siginfo32_to_guest (void *guest, const void *host);
void user_siginfo32_to_host (void *host, const void *guest);

typedef struct {
  uint32_t events, pad;
  uint64_t data;
} GuestEpollEvent;

typedef struct {
  uint32_t name, namelen, iov, iovlen, control, controllen, flags;
} GuestMsghdr32;

typedef struct {
  uint64_t name;
  uint32_t namelen, pad;
  uint64_t iov, iovlen, control, controllen;
  uint32_t flags, pad2;
} GuestMsghdr64;

/* System V IPC. */
typedef struct {
  int32_t key;
  uint32_t uid, gid, cuid, cgid, mode;
  uint16_t seq, pad2;
  uint64_t unused[2];
} GuestIpcPerm64;

typedef struct {
  int32_t key;
  uint32_t uid, gid, cuid, cgid, mode;
  uint16_t seq, pad2;
  uint32_t unused[2];
} GuestIpcPerm32;

typedef struct {
  GuestIpcPerm64 perm;
  int64_t otime, ctime;
  uint64_t nsems, unused[2];
} GuestSemid64;

typedef struct {
  GuestIpcPerm32 perm;
  uint32_t otime, otime_high, ctime, ctime_high, nsems, unused[2];
} GuestSemid32;

typedef struct {
  GuestIpcPerm64 perm;
  uint64_t segsz;
  int64_t atime, dtime, ctime;
  int32_t cpid, lpid;
  uint64_t nattch, unused[2];
} GuestShmid64;

typedef struct {
  GuestIpcPerm32 perm;
  uint32_t segsz, atime, atime_high, dtime, dtime_high, ctime, ctime_high;
  int32_t cpid, lpid;
  uint32_t nattch, unused[2];
} GuestShmid32;

typedef struct {
  GuestIpcPerm64 perm;
  int64_t stime, rtime, ctime;
  uint64_t cbytes, qnum, qbytes;
  int32_t lspid, lrpid;
  uint64_t unused[2];
} GuestMsqid64;

typedef struct {
  GuestIpcPerm32 perm;
  uint32_t stime, stime_high, rtime, rtime_high, ctime, ctime_high, cbytes, qnum, qbytes;
  int32_t lspid, lrpid;
  uint32_t unused[2];
} GuestMsqid32;

/* struct flock of a 32-bit guest's F_GETLK, F_SETLK and F_SETLKW. */
typedef struct {
  int16_t type, whence;
  int32_t start, len, pid;
} GuestFlock32;

_Static_assert (sizeof (GuestStat) == 128, "struct stat");
_Static_assert (sizeof (GuestStatfs32) == 88, "struct statfs64");
_Static_assert (sizeof (GuestSysinfo32) == 64, "struct sysinfo");
_Static_assert (sizeof (GuestSemid64) == 88 && sizeof (GuestShmid64) == 112 && sizeof (GuestMsqid64) == 120,
                "IPC");
_Static_assert (sizeof (GuestMsghdr64) == 56, "struct msghdr");
_Static_assert (sizeof (GuestSiginfo32) == 128, "siginfo_t");
