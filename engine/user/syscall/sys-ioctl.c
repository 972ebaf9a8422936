/* SPDX-License-Identifier: GPL-3.0-or-later */

/* ioctl, by a table of the requests whose argument is known. */

#include "syscall.h"
#include "sys-ioctl.h"
#include <asm/termbits.h>
#include <errno.h>
#include <linux/blkpg.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/loop.h>
#include <linux/nsfs.h>
#include <linux/random.h>
#include <linux/rtc.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

typedef enum {
  IOC_NONE, /* no argument */
  IOC_INT,  /* a number in place of a pointer */
  IOC_PTR,  /* a pointer to `size` bytes of the same layout for every guest */
  IOC_LONG, /* a pointer to a long that is really an int: the request's number has the guest's word size in it
             */
  IOC_TIME, /* a pointer to a timeval or the old timespec: two longs */
  IOC_IFREQ,  /* struct ifreq: a union whose largest member has longs */
  IOC_IFCONF, /* struct ifconf: a length and a pointer */
  IOC_FIEMAP, /* struct fiemap with as many extents as it says */
  IOC_SIZE_T, /* a pointer to a size_t or unsigned long */
} IoctlArg;

typedef struct {
  uint32_t request;
  uint8_t arg; /* IoctlArg */
  uint16_t size;
  const char *name;
} Ioctl;

#define NONE(name)      { name, IOC_NONE, 0, #name }
#define NUMBER(name)    { name, IOC_INT, 0, #name }
#define PTR(name, type) { name, IOC_PTR, sizeof (type), #name }
#define LONG(name)      { name, IOC_LONG, 8, #name }
#define IFREQ(name)     { name, IOC_IFREQ, 0, #name }
#define WORD(name)      { name, IOC_SIZE_T, 8, #name }

static const Ioctl ioctls[] = {
  /* terminals */
  PTR (TCGETS, struct termios),
  PTR (TCSETS, struct termios),
  PTR (TCSETSW, struct termios),
  PTR (TCSETSF, struct termios),
  PTR (TCGETS2, struct termios2),
  PTR (TCSETS2, struct termios2),
  PTR (TCSETSW2, struct termios2),
  PTR (TCSETSF2, struct termios2),
  PTR (TCGETA, char[18]),
  PTR (TCSETA, char[18]),
  PTR (TCSETAW, char[18]),
  PTR (TCSETAF, char[18]),
  PTR (TIOCGLCKTRMIOS, struct termios),
  PTR (TIOCSLCKTRMIOS, struct termios),
  NUMBER (TCSBRK),
  NUMBER (TCSBRKP),
  NUMBER (TCXONC),
  NUMBER (TCFLSH),
  NONE (TIOCEXCL),
  NONE (TIOCNXCL),
  NUMBER (TIOCSCTTY),
  NONE (TIOCNOTTY),
  PTR (TIOCGPGRP, int),
  PTR (TIOCSPGRP, int),
  PTR (TIOCGSID, int),
  PTR (TIOCOUTQ, int),
  PTR (TIOCSTI, char),
  PTR (TIOCGWINSZ, struct winsize),
  PTR (TIOCSWINSZ, struct winsize),
  PTR (TIOCMGET, int),
  PTR (TIOCMBIS, int),
  PTR (TIOCMBIC, int),
  PTR (TIOCMSET, int),
  PTR (TIOCGSOFTCAR, int),
  PTR (TIOCSSOFTCAR, int),
  NONE (TIOCCONS),
  PTR (TIOCPKT, int),
  PTR (TIOCGPKT, int),
  PTR (TIOCSETD, int),
  PTR (TIOCGETD, int),
  NONE (TIOCSBRK),
  NONE (TIOCCBRK),
  PTR (TIOCGPTN, int),
  PTR (TIOCSPTLCK, int),
  PTR (TIOCGPTLCK, int),
  PTR (TIOCGDEV, int),
  NUMBER (TIOCGPTPEER),
  NUMBER (TIOCSIG),
  NONE (TIOCVHANGUP),
  PTR (TIOCGEXCL, int),
  NUMBER (TIOCMIWAIT),
  PTR (TIOCGICOUNT, char[80]),
  PTR (TIOCGSERIAL, char[72]),
  /* any descriptor */
  PTR (FIONREAD, int),
  PTR (FIONBIO, int),
  PTR (FIOASYNC, int),
  NONE (FIOCLEX),
  NONE (FIONCLEX),
  PTR (FIOQSIZE, int64_t),
  PTR (FIBMAP, int),
  PTR (FIGETBSZ, int),
  /* files and file systems */
  LONG (FS_IOC_GETFLAGS),
  LONG (FS_IOC_SETFLAGS),
  LONG (FS_IOC_GETVERSION),
  LONG (FS_IOC_SETVERSION),
  PTR (FS_IOC_FSGETXATTR, struct fsxattr),
  PTR (FS_IOC_FSSETXATTR, struct fsxattr),
  PTR (FS_IOC_GETFSLABEL, char[FSLABEL_MAX]),
  PTR (FS_IOC_SETFSLABEL, char[FSLABEL_MAX]),
  NUMBER (FICLONE),
  PTR (FICLONERANGE, struct file_clone_range),
  PTR (FITRIM, struct fstrim_range),
  PTR (FIFREEZE, int),
  PTR (FITHAW, int),
  { FS_IOC_FIEMAP, IOC_FIEMAP, 0, "FS_IOC_FIEMAP" },
  /* block devices */
  PTR (BLKROSET, int),
  PTR (BLKROGET, int),
  NONE (BLKRRPART),
  WORD (BLKGETSIZE),
  NONE (BLKFLSBUF),
  NUMBER (BLKRASET),
  WORD (BLKRAGET),
  NUMBER (BLKFRASET),
  WORD (BLKFRAGET),
  PTR (BLKSECTGET, short),
  PTR (BLKSSZGET, int),
  PTR (BLKBSZGET, int),
  PTR (BLKBSZSET, int),
  PTR (BLKGETSIZE64, uint64_t),
  PTR (BLKDISCARD, uint64_t[2]),
  PTR (BLKIOMIN, int),
  PTR (BLKIOOPT, int),
  PTR (BLKALIGNOFF, int),
  PTR (BLKPBSZGET, int),
  PTR (BLKDISCARDZEROES, int),
  PTR (BLKSECDISCARD, uint64_t[2]),
  PTR (BLKROTATIONAL, short),
  PTR (BLKZEROOUT, uint64_t[2]),
  NUMBER (LOOP_SET_FD),
  NONE (LOOP_CLR_FD),
  PTR (LOOP_SET_STATUS64, struct loop_info64),
  PTR (LOOP_GET_STATUS64, struct loop_info64),
  NUMBER (LOOP_CTL_ADD),
  NUMBER (LOOP_CTL_REMOVE),
  NONE (LOOP_CTL_GET_FREE),
  NUMBER (LOOP_CHANGE_FD),
  NONE (LOOP_SET_CAPACITY),
  NUMBER (LOOP_SET_DIRECT_IO),
  NUMBER (LOOP_SET_BLOCK_SIZE),
  PTR (LOOP_CONFIGURE, struct loop_config),
  /* sockets */
  PTR (SIOCATMARK, int),
  PTR (FIOSETOWN, int),
  PTR (SIOCSPGRP, int),
  PTR (FIOGETOWN, int),
  PTR (SIOCGPGRP, int),
  { 0x8906, IOC_TIME, 16, "SIOCGSTAMP" },
  { 0x8907, IOC_TIME, 16, "SIOCGSTAMPNS" },
  PTR (SIOCGSTAMP_NEW, int64_t[2]),
  PTR (SIOCGSTAMPNS_NEW, int64_t[2]),
  PTR (SIOCOUTQNSD, int),
  { SIOCGIFCONF, IOC_IFCONF, 0, "SIOCGIFCONF" },
  IFREQ (SIOCGIFNAME),
  IFREQ (SIOCGIFFLAGS),
  IFREQ (SIOCSIFFLAGS),
  IFREQ (SIOCGIFADDR),
  IFREQ (SIOCSIFADDR),
  IFREQ (SIOCGIFDSTADDR),
  IFREQ (SIOCSIFDSTADDR),
  IFREQ (SIOCGIFBRDADDR),
  IFREQ (SIOCSIFBRDADDR),
  IFREQ (SIOCGIFNETMASK),
  IFREQ (SIOCSIFNETMASK),
  IFREQ (SIOCGIFMETRIC),
  IFREQ (SIOCSIFMETRIC),
  IFREQ (SIOCGIFMTU),
  IFREQ (SIOCSIFMTU),
  IFREQ (SIOCSIFNAME),
  IFREQ (SIOCGIFHWADDR),
  IFREQ (SIOCSIFHWADDR),
  IFREQ (SIOCGIFINDEX),
  IFREQ (SIOCGIFPFLAGS),
  IFREQ (SIOCSIFPFLAGS),
  IFREQ (SIOCADDMULTI),
  IFREQ (SIOCDELMULTI),
  IFREQ (SIOCGIFTXQLEN),
  IFREQ (SIOCSIFTXQLEN),
  IFREQ (TUNSETIFF),
  IFREQ (TUNGETIFF),
  NUMBER (TUNSETPERSIST),
  NUMBER (TUNSETOWNER),
  NUMBER (TUNSETGROUP),
  NUMBER (TUNSETOFFLOAD),
  NUMBER (TUNSETNOCSUM),
  PTR (TUNGETFEATURES, int),
  PTR (TUNGETVNETHDRSZ, int),
  PTR (TUNSETVNETHDRSZ, int),
  /* random numbers, clocks, namespaces, timers */
  PTR (RNDGETENTCNT, int),
  PTR (RNDADDTOENTCNT, int),
  NONE (RNDZAPENTCNT),
  NONE (RNDCLEARPOOL),
  NONE (RNDRESEEDCRNG),
  PTR (RTC_RD_TIME, struct rtc_time),
  PTR (RTC_SET_TIME, struct rtc_time),
  PTR (RTC_ALM_READ, struct rtc_time),
  PTR (RTC_ALM_SET, struct rtc_time),
  PTR (RTC_WKALM_RD, struct rtc_wkalrm),
  PTR (RTC_WKALM_SET, struct rtc_wkalrm),
  NONE (RTC_AIE_ON),
  NONE (RTC_AIE_OFF),
  NONE (RTC_UIE_ON),
  NONE (RTC_UIE_OFF),
  NONE (RTC_PIE_ON),
  NONE (RTC_PIE_OFF),
  WORD (RTC_IRQP_READ),
  NUMBER (RTC_IRQP_SET),
  NONE (NS_GET_USERNS),
  NONE (NS_GET_PARENT),
  NONE (NS_GET_NSTYPE),
  PTR (NS_GET_OWNER_UID, int),
  { _IOW ('T', 0, uint64_t), IOC_PTR, 8, "TFD_IOC_SET_TICKS" },
};

/* The size part of a request's number, which is that of a long for IOC_LONG and IOC_SIZE_T requests. */
static bool
matches (const Ioctl *row, uint32_t request)
{
  if (row->request == request)
    return true;
  if (!user_is_32 () || _IOC_SIZE (row->request) != 8 || (row->arg != IOC_LONG && row->arg != IOC_SIZE_T))
    return false;
  return _IOC (_IOC_DIR (row->request), _IOC_TYPE (row->request), _IOC_NR (row->request), 4) == request;
}

static const Ioctl *
find (uint32_t request)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (ioctls); i++)
    if (matches (&ioctls[i], request))
      return &ioctls[i];
  return NULL;
}

const char *
user_ioctl_name (uint32_t request)
{
  const Ioctl *row = find (request);

  return row != NULL ? row->name : NULL;
}

/* A structure of `guest_size` bytes for the guest and `host_size`, not less, for the host, whose common part
 * has one layout. */
static int64_t
copied (int fd, uint32_t request, uint64_t addr, unsigned guest_size, unsigned host_size)
{
  uint64_t copy[16] = { 0 };
  int64_t ret;

  g_return_val_if_fail (host_size <= sizeof copy, -EINVAL);
  if (user_read (copy, addr, guest_size) < 0)
    return -EFAULT;
  ret = SAFE_CALL (__NR_ioctl, fd, request, copy);
  if (ret >= 0 && user_write (addr, copy, guest_size) < 0)
    ret = -EFAULT;
  return ret;
}

/* Two longs. */
static int64_t
time_ioctl (int fd, uint32_t request, uint64_t addr)
{
  int64_t host[2], ret = SAFE_CALL (__NR_ioctl, fd, request, host);

  return ret < 0 ? ret : user_put (K_TIMEVAL, addr, host) < 0 ? -EFAULT : ret;
}

#define IFREQ_32 32

static int64_t
ifconf_ioctl (int fd, uint64_t addr)
{
  struct {
    int32_t len, pad;
    uint64_t buf;
  } guest = { 0 };
  uint32_t guest32[2];
  unsigned entry = user_is_32 () ? IFREQ_32 : sizeof (struct ifreq);
  struct ifconf host = { 0 };
  int64_t ret;

  if (user_is_32 ()) {
    if (user_read (guest32, addr, sizeof guest32) < 0)
      return -EFAULT;
    guest.len = guest32[0];
    guest.buf = guest32[1];
  } else if (user_read (&guest, addr, sizeof guest) < 0)
    return -EFAULT;
  if (guest.len < 0)
    return -EINVAL;
  if (guest.buf != 0) {
    host.ifc_len = MIN (guest.len / (int)entry, 1024) * (int)sizeof (struct ifreq);
    host.ifc_req = g_malloc0 (host.ifc_len + 1);
  }
  ret = SAFE_CALL (__NR_ioctl, fd, SIOCGIFCONF, &host);
  if (ret >= 0) {
    int n = host.ifc_len / (int)sizeof (struct ifreq);

    for (int i = 0; guest.buf != 0 && i < n && ret >= 0; i++)
      if (user_write (guest.buf + (uint64_t)i * entry, &host.ifc_req[i], entry) < 0)
        ret = -EFAULT;
    guest.len = n * (int)entry;
    if (ret >= 0 && user_write (addr, &guest.len, sizeof guest.len) < 0)
      ret = -EFAULT;
  }
  g_free (host.ifc_req);
  return ret;
}

static int64_t
fiemap_ioctl (int fd, uint64_t addr)
{
  struct fiemap head;
  uint64_t size;

  if (user_read (&head, addr, sizeof head) < 0)
    return -EFAULT;
  size = sizeof head + (uint64_t)head.fm_extent_count * sizeof (struct fiemap_extent);
  return SAFE_CALL (__NR_ioctl, fd, FS_IOC_FIEMAP, user_ptr (addr, size));
}

int64_t
sys_ioctl (UserThread *thread, const uint64_t *a)
{
  int fd = (int)a[0];
  const Ioctl *row = find ((uint32_t)a[1]);

  if (row == NULL) {
    /* A bad descriptor is the first thing the kernel finds. */
    if (HOST_CALL (__NR_fcntl, fd, 1 /* F_GETFD */, 0) == -EBADF)
      return -EBADF;
    user_unimp ("ioctl request 0x%x", (unsigned)a[1]);
    return -ENOTTY;
  }
  switch ((IoctlArg)row->arg) {
    case IOC_NONE: return SAFE_CALL (__NR_ioctl, fd, row->request, 0);
    case IOC_INT: return SAFE_CALL (__NR_ioctl, fd, row->request, a[2]);
    case IOC_TIME: return time_ioctl (fd, row->request, a[2]);
    case IOC_IFREQ:
      return copied (fd, row->request, a[2], user_is_32 () ? IFREQ_32 : sizeof (struct ifreq),
                     sizeof (struct ifreq));
    case IOC_IFCONF: return ifconf_ioctl (fd, a[2]);
    case IOC_FIEMAP: return fiemap_ioctl (fd, a[2]);
    case IOC_SIZE_T:
      if (user_is_32 ())
        return copied (fd, row->request, a[2], 4, 8);
      G_GNUC_FALLTHROUGH;
    case IOC_LONG:
    case IOC_PTR: break;
  }
  return SAFE_CALL (__NR_ioctl, fd, row->request, user_ptr (a[2], row->arg == IOC_LONG ? 4 : row->size));
}
