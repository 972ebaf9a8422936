/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The system call table: one row describes a call's number, arguments and result. Argument conversion, the
 * calls that need nothing else, and -strace all work from the row.
 *
 * A handler is `int64_t sys_NAME (UserThread *thread, const uint64_t *a)`: a[0] to a[5] are the guest's
 * arguments by the row's types: ints sign-extended, everything else zero-extended, 64-bit values of 32-bit
 * guests joined. Pointers are guest addresses. It returns the result, -errno, or one of the -USER_ERESTART
 * codes of safe-syscall.h. */

#include "user.h"
#include "safe-syscall.h"
#include "syscall-abi.h"
#include <sys/uio.h>

typedef int64_t (*UserSyscallFn) (UserThread *thread, const uint64_t *a);

/* How an argument is read, converted and printed. */
typedef enum {
  ARG_NONE,
  /* plain numbers */
  ARG_INT,  /* 32-bit signed */
  ARG_UINT, /* 32-bit unsigned */
  ARG_LONG, /* guest word, signed */
  ARG_SIZE, /* guest word, unsigned */
  ARG_HEX,  /* guest word, printed in hexadecimal */
  ARG_OFF,  /* 64 bits: two registers for a 32-bit guest */
  ARG_FD,
  ARG_DIRFD, /* may be AT_FDCWD */
  ARG_PID,
  ARG_ID,   /* user or group id; -1 means unchanged */
  ARG_MODE, /* octal */
  ARG_DEV,
  ARG_SIG,
  ARG_FLAGS, /* names of bits from .names */
  ARG_OPEN,  /* the same, of open(): handlers get the host's bits */
  ARG_ENUM,  /* one name from .names */
  ARG_ADDR,  /* a guest address that is not followed: mmap's, clone's stack */
  ARG_CMD,   /* an ioctl request */
  /* pointers: everything from here on is a guest address that the kernel follows */
  ARG_PATH,   /* symbolic links are followed */
  ARG_LPATH,  /* the last component is not followed */
  ARG_STR,    /* a string that is no path */
  ARG_IN,     /* bytes the call reads, counted by argument .len */
  ARG_OUT,    /* bytes the call fills; the result says how many where it is not negative */
  ARG_PTR,    /* .size bytes of no printed structure */
  ARG_SIN,    /* a structure of .kind the call reads */
  ARG_SOUT,   /* fills */
  ARG_SINOUT, /* reads and fills */
  ARG_IOV,    /* array of iovec counted by argument .len, of data the call reads */
  ARG_IOVOUT, /* the same, filled */
  ARG_SIGSET, /* sigset_t of 8 bytes the call reads */
  ARG_ARRAY,  /* array of structures of .kind counted by argument .len */
  ARG_ARGV,   /* NULL-terminated vector of strings */
} UserArgType;
#define ARG_FIRST_POINTER ARG_PATH

/* Structures that the kernel and the guest exchange. The comment says what differs from the host's. */
typedef enum {
  K_NONE,
  K_INT,
  K_UINT,
  K_SIZE,
  K_LOFF,
  K_INTPAIR,
  K_TIMESPEC, /* 64-bit times; a 32-bit guest's upper half of tv_nsec is padding */
  K_ITIMERSPEC,
  K_TIMEVAL,   /* longs */
  K_ITIMERVAL, /* longs */
  K_TIMEZONE,
  K_TIMEX,
  K_TMS,  /* longs */
  K_STAT, /* generic order of members */
  K_STATX,
  K_STATFS, /* longs */
  K_RLIMIT, /* longs */
  K_RLIMIT64,
  K_RUSAGE,  /* longs */
  K_SYSINFO, /* longs */
  K_UTSNAME,
  K_SCHED_PARAM,
  K_CAP_HEADER,
  K_MQ_ATTR,     /* longs */
  K_SIGEVENT,    /* pointer-sized value */
  K_SIGINFO,     /* union's alignment */
  K_EPOLL_EVENT, /* not packed */
  K_ITIMER_ID,
  K_SIGSET,
  K_POLLFD,
  K_SOCKADDR,
  K_OPEN_HOW,
  K_COUNT,
} UserKind;

typedef struct {
  uint64_t value;
  const char *name;
} UserName;

typedef struct {
  UserArgType type;
  uint8_t kind;          /* UserKind */
  uint8_t len;           /* index of the argument that counts this one */
  uint16_t size;         /* bytes, or bytes per element of `len` when both are given */
  const UserName *names; /* of ARG_FLAGS, ARG_OPEN and ARG_ENUM; ends with a NULL name */
} UserArg;

/* How the result is printed. */
typedef enum { RET_INT, RET_HEX, RET_OCT, RET_VOID } UserRet;

/* What an interruption by a signal means, and how the host call is made. */
enum {
  SYS_FAST = 0,     /* cannot block: plain host call */
  SYS_RESTART = 1,  /* may block; the host kernel restarts it under SA_RESTART */
  SYS_NOHAND = 2,   /* may block; a handler always ends it with EINTR */
  SYS_NORETURN = 8, /* -strace prints it before it runs */
  SYS_PLACE = 4,    /* its addresses may not be tagged */
  SYS_KEEP = 16,    /* the handler sets the result register and pc itself */
};

typedef struct {
  const char *name;
  UserSyscallFn fn; /* NULL: passed to the host as `host` after conversion of the arguments */
  int16_t number;   /* the guest's */
  int16_t host;     /* the host's, or minus the errno that a deliberately absent call gives */
  uint8_t n_args;
  uint8_t flags; /* SYS_* */
  uint8_t ret;   /* UserRet */
  bool absent;
  UserArg arg[6];
} UserSyscall;

#define USER_SYSCALL_MAX 512
/* The rows of a table in the order of the definition files; *ret_n: how many. */
const UserSyscall *user_syscall_rows (UserSyscallTable table, unsigned *ret_n);
const UserSyscall *user_syscall_row (UserSyscallTable table, uint64_t number);

/* Every handler the tables name. */
#define NONE(number, name, ...)
#define PASS(number, name, ...)
#define HPASS(number, name, ...)
#define CALL(number, name, ...)           int64_t sys_##name (UserThread *thread, const uint64_t *a);
#define HCALL(number, name, handler, ...) int64_t sys_##handler (UserThread *thread, const uint64_t *a);
#include "syscalls.def"
#include "syscalls-64.def"
#include "syscalls-32.def"
#include "riscv/syscalls-riscv.def"
#include "arm/syscalls-arm.def"
#undef NONE
#undef PASS
#undef HPASS
#undef CALL
#undef HCALL

/* ---- used by handlers ---- */

/* Host address of `size` bytes of guest memory for the kernel to follow. NULL stays NULL; what does not lie
 * inside the guest's address space becomes an address that no process can map, so that the kernel gives
 * EFAULT in the order of checks it has. */
#define USER_BAD_ADDR UINT64_C (0x8000000000000000)
static inline void *
user_ptr (uint64_t addr, uint64_t size)
{
  if (addr == 0)
    return NULL;
  if (G_UNLIKELY (addr >= guest_space_size))
    addr = user_untag (addr);
  if (size > guest_space_size || addr > guest_space_size - size)
    return (void *)(uintptr_t)(USER_BAD_ADDR | (addr & 0xfff));
  return g2h (addr);
}

/* Bits of a guest word. */
static inline bool
user_is_32 (void)
{
  return user_process.isa->bits == 32;
}

/* Flags of open() between the guest's bits and the host's, both ways. */
uint64_t user_open_flags_to_host (uint64_t flags);
uint64_t user_open_flags_to_guest (uint64_t flags);

/* Runs a host call that cannot block: -errno or the result. */
int64_t user_host_call (long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
#define HOST_CALL(nr, ...) HOST_CALL_N (nr, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define HOST_CALL_N(nr, a, b, c, d, e, f, ...)                                                               \
  user_host_call (nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e),             \
                  (uint64_t)(f))
/* One that may block: also -EINTR, or -USER_ERESTARTSYS when a signal came first. */
#define SAFE_CALL(nr, ...) SAFE_CALL_N (nr, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SAFE_CALL_N(nr, a, b, c, d, e, f, ...)                                                               \
  user_safe_syscall6 (nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* The one-off log of -d unimp: says once per distinct text that something is not supported. */
void user_unimp (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* ---- descriptors of our own that the guest must not touch: user-fd.c ---- */

/* Moves `fd` to a high number, closed on exec, and hides it from the guest's calls. Returns the new
 * descriptor; the old one is closed. Negative errno when no number is free. */
int user_fd_hide (int fd);
void user_fd_unhide (int fd);
/* Lowest number that may be hidden: cheap test before user_fd_hidden(). */
extern int user_fd_floor;
bool user_fd_hidden (int fd);

/* ---- paths: sys-path.c ---- */

/* A path argument for the host kernel: a pointer valid while *buf is (free it with g_free), with -L and the
 * /proc files that name the guest program applied. Bad addresses yield bad pointers. */
const char *user_path_arg (uint64_t addr, bool follow, char **ret_buf);
/* Path of an own /proc file ("/proc/self/NAME" in any spelling): NAME, or NULL. */
const char *user_proc_self (const char *path);
/* Opens the guest's view of /proc/self/NAME. -ENOSYS when the host's own file is right. */
int user_proc_open (const char *name, int flags);

/* ---- vectors: sys-iov.c ---- */

typedef struct {
  struct iovec *vec;
  unsigned n;
  struct iovec small[16];
} UserIov;
/* Copies and converts a guest iovec array. 0 or -errno; user_iov_free() in either case. */
int user_iov_read (UserIov *iov, uint64_t addr, uint64_t n);
void user_iov_free (UserIov *iov);

/* ---- structures: sys-struct.c ---- */

/* Size of a kind in the guest and on the host. */
unsigned user_kind_size (UserKind kind);
unsigned user_kind_host_size (UserKind kind);
/* TRUE when what the call reads (or fills, with `out`) has the same layout for guest and host. */
bool user_kind_same (UserKind kind, bool out);
void user_kind_to_guest (UserKind kind, void *guest, const void *host);
#define USER_KIND_MAX_SIZE 512
/* Reads or writes one structure in guest memory: 0 or -EFAULT. */
int user_get (UserKind kind, void *host, uint64_t addr);
int user_put (UserKind kind, uint64_t addr, const void *host);

/* ---- -strace: strace.c, strace-struct.c ---- */

typedef struct UserTrace UserTrace;
UserTrace *user_trace_enter (const UserSyscall *row, const uint64_t *a);
void user_trace_leave (UserTrace *trace, int64_t result);
void user_trace_unknown (uint64_t number, const uint64_t *a);
/* Appends the text of a structure in guest memory; its address if it cannot be read. `size` is the length of
 * an address of a socket, and of no meaning otherwise. */
void user_trace_struct (GString *out, UserKind kind, uint64_t addr, uint64_t size);
void user_trace_names (GString *out, const UserName *names, uint64_t value, bool flags);
