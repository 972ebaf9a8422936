/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef __has_feature /* clang's way to say what GCC's macro does */
#if __has_feature(address_sanitizer) && !defined __SANITIZE_ADDRESS__
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

/* Later kernels know more rights than the first. */
#define WRITING                                                                                              \
  (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |              \
   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |             \
   LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |               \
   LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)
#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_SCOPED = 6 };

/* What starts programs, changes the view of the system, or looks into other processes and the kernel; and
 * what Landlock lets pass: changes of owners, modes and attributes. */
static const char *const never[] = {
  "execve",
  "execveat",
  "process_vm_readv",
  "process_vm_writev",
  "process_madvise",
  "pidfd_open",
  "pidfd_getfd",
  "pidfd_send_signal",
  "rt_sigqueueinfo",
  "tkill",
  "kcmp",
  "move_pages",
  "migrate_pages",
  "process_mrelease",
  "bpf",
  "perf_event_open",
  "userfaultfd",
  "fanotify_init",
  "add_key",
  "request_key",
  "keyctl",
  "mount",
  "umount2",
  "pivot_root",
  "chroot",
  "open_tree",
  "move_mount",
  "fsopen",
  "fsconfig",
  "fsmount",
  "fspick",
  "mount_setattr",
  "unshare",
  "setns",
  "open_by_handle_at",
  "name_to_handle_at",
  "init_module",
  "finit_module",
  "delete_module",
  "kexec_load",
  "kexec_file_load",
  "reboot",
  "swapon",
  "swapoff",
  "acct",
  "quotactl",
  "syslog",
  "iopl",
  "ioperm",
  "modify_ldt",
  "personality",
  "setuid",
  "setgid",
  "setreuid",
  "setregid",
  "setresuid",
  "setresgid",
  "setgroups",
  "setfsuid",
  "setfsgid",
  "capset",
  "sethostname",
  "setdomainname",
  "settimeofday",
  "clock_settime",
  "adjtimex",
  "clock_adjtime",
  "truncate",
  "chmod",
  "fchmodat",
  "fchmodat2",
  "chown",
  "lchown",
  "fchownat",
  "setxattr",
  "lsetxattr",
  "setxattrat",
  "removexattr",
  "lremovexattr",
  "removexattrat",
  "file_setattr",
  "utime",
  "utimes",
  "futimesat",
  "utimensat",
  "shmget",
  "msgget",
  "semget",
  "mq_open",
#ifndef __SANITIZE_ADDRESS__ /* which looks for leaks by it */
  "ptrace",
#endif
};

/* ---- Files ---- */

static void
allow_reading (int rules, const char *path)
{
  struct landlock_path_beneath_attr rule = { .allowed_access = READING };
  struct stat st;
  rule.parent_fd = open (path, O_PATH | O_CLOEXEC);
  if (rule.parent_fd < 0)
    return;
  if (fstat (rule.parent_fd, &st) == 0 && !S_ISDIR (st.st_mode))
    rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
  syscall (SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  close (rule.parent_fd);
}

static bool
no_new_privileges (void)
{
  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

char *
confine_files (const ConfineRules *rules)
{
  const long abi = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  struct landlock_ruleset_attr attr = { .handled_access_fs = WRITING | (rules->no_reading ? READING : 0) };
  /* What a kernel does not know, even as zeroes, makes it refuse. */
  size_t size = sizeof attr.handled_access_fs;
  if (abi >= ABI_REFER)
    attr.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= ABI_TRUNCATE)
    attr.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
#ifdef LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
  if (abi >= ABI_SCOPED) {
    attr.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET;
    size = sizeof attr;
  }
#endif
  const int fd = no_new_privileges () ? (int)syscall (SYS_landlock_create_ruleset, &attr, size, 0) : -1;
  if (fd < 0)
    return g_strdup ("this kernel lacks Landlock: files stay reachable");
  for (unsigned i = 0; rules->no_reading && rules->readable && rules->readable[i]; i++)
    allow_reading (fd, rules->readable[i]);
#ifdef __SANITIZE_ADDRESS__ /* which looks there for threads */
  allow_reading (fd, "/proc");
#endif
  const bool ok = syscall (SYS_landlock_restrict_self, fd, 0) == 0;
  close (fd);
  return ok ? NULL : g_strdup ("this kernel refuses Landlock's rules: files stay reachable");
}

/* ---- System calls ---- */

/* A call that was refused: it fails with EPERM, and is told of once. In a signal handler. */
static void
on_refused (int number, siginfo_t *info, void *context)
{
  static uint8_t told[1024];
  const unsigned call = (unsigned)info->si_syscall;
  ucontext_t *state = context;
#if defined(__x86_64__)
  state->uc_mcontext.gregs[REG_RAX] = -EPERM;
#elif defined(__aarch64__)
  state->uc_mcontext.regs[0] = (uint64_t)-EPERM;
#endif
  if (call >= G_N_ELEMENTS (told) || __atomic_exchange_n (&told[call], 1, __ATOMIC_RELAXED))
    return;
  char text[] = "confined: system call 0000 was refused\n";
  char *digit = strchr (text, '0');
  for (unsigned i = 0, n = call; i < 4; i++, n /= 10)
    digit[3 - i] = (char)('0' + n % 10);
  const int saved = errno;
  if (write (STDERR_FILENO, text, sizeof text - 1) < 0)
    errno = saved;
  errno = saved;
}

static bool
watch_refusals (void)
{
  struct sigaction action = { .sa_sigaction = on_refused, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
  sigemptyset (&action.sa_mask);
  return sigaction (SIGSYS, &action, NULL) == 0;
}

static bool
add (scmp_filter_ctx filter, uint32_t action, const char *name)
{
  const int call = seccomp_syscall_resolve_name (name);
  /* A name that the library or this architecture does not know is no call that can be made. */
  return call == __NR_SCMP_ERROR || call < 0 || seccomp_rule_add (filter, action, call, 0) == 0;
}

/* A ring opens files and makes sockets and connects them, and no filter sees it. Those that there are already
 * are their maker's to restrict; who asks for another does without, and nobody need be told. */
static bool
add_rings (scmp_filter_ctx filter)
{
  return add (filter, SCMP_ACT_ERRNO (EPERM), "io_uring_setup");
}

/* New processes. The C library makes them with all signals blocked, when a trap would be the end: they just
 * fail. */
static bool
add_processes (scmp_filter_ctx filter)
{
#ifdef __SANITIZE_ADDRESS__
  return true;
#else
  const uint32_t refuse = SCMP_ACT_ERRNO (EPERM);
  return add (filter, refuse, "fork") && add (filter, refuse, "vfork") &&
         seccomp_rule_add (filter, refuse, SCMP_SYS (clone), 1,
                           SCMP_A0 (SCMP_CMP_MASKED_EQ, 0x00010000 /* CLONE_THREAD */, 0)) == 0 &&
         /* Its flags lie in memory, where a filter cannot look; without it the C library uses clone(). */
         seccomp_rule_add (filter, SCMP_ACT_ERRNO (ENOSYS), SCMP_SYS (clone3), 0) == 0;
#endif
}

/* A call whose second argument is `value`: the kernel looks at 32 bits of it only. */
static bool
add_second (scmp_filter_ctx filter, uint32_t action, int call, uint64_t value)
{
  return seccomp_rule_add (filter, action, call, 1, SCMP_A1 (SCMP_CMP_MASKED_EQ, UINT32_MAX, value)) == 0;
}

/* Signals to others, by name or as a descriptor's owner; their limits; and words typed on a terminal that is
 * somebody else's too. */
static bool
add_others (scmp_filter_ctx filter, uint32_t action)
{
  static const uint64_t terminal[] = { TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP };
  const uint64_t self = (uint64_t)getpid ();
  bool ok =
      seccomp_rule_add (filter, action, SCMP_SYS (kill), 1, SCMP_A0 (SCMP_CMP_NE, self)) == 0 &&
      seccomp_rule_add (filter, action, SCMP_SYS (tgkill), 1, SCMP_A0 (SCMP_CMP_NE, self)) == 0 &&
      seccomp_rule_add (filter, action, SCMP_SYS (rt_tgsigqueueinfo), 1, SCMP_A0 (SCMP_CMP_NE, self)) == 0 &&
      seccomp_rule_add (filter, action, SCMP_SYS (prlimit64), 1, SCMP_A0 (SCMP_CMP_NE, 0)) == 0 &&
      add_second (filter, action, SCMP_SYS (fcntl), F_SETOWN) &&
      add_second (filter, action, SCMP_SYS (fcntl), F_SETOWN_EX);
  for (unsigned i = 0; ok && i < G_N_ELEMENTS (terminal); i++)
    ok = add_second (filter, action, SCMP_SYS (ioctl), terminal[i]);
  return ok;
}

/* Sockets of other kinds lead to programs of the host's that would do what they are told: the session bus,
 * say. */
static bool
add_sockets (scmp_filter_ctx filter, uint32_t action, bool internet)
{
  enum { TYPE_BITS = 0xf };
  if (!internet)
    return add (filter, action, "socket") && add (filter, action, "connect") &&
           add (filter, action, "socketpair");
  /* One of a pair of these can be made to send elsewhere. */
  bool ok = seccomp_rule_add (filter, action, SCMP_SYS (socketpair), 1,
                              SCMP_A1 (SCMP_CMP_MASKED_EQ, TYPE_BITS, SOCK_DGRAM)) == 0 &&
            seccomp_rule_add (filter, action, SCMP_SYS (socketpair), 1,
                              SCMP_A1 (SCMP_CMP_MASKED_EQ, TYPE_BITS, SOCK_RAW)) == 0;
  ok = ok && seccomp_rule_add (filter, action, SCMP_SYS (socket), 1, SCMP_A0 (SCMP_CMP_LT, AF_INET)) == 0 &&
       seccomp_rule_add (filter, action, SCMP_SYS (socket), 1, SCMP_A0 (SCMP_CMP_GT, AF_INET6)) == 0;
  /* A rule compares an argument once only. */
  for (unsigned family = AF_INET + 1; ok && family < AF_INET6; family++)
    ok = seccomp_rule_add (filter, action, SCMP_SYS (socket), 1, SCMP_A0 (SCMP_CMP_EQ, family)) == 0;
  return ok;
}

static bool
load_filter (const ConfineRules *rules)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);
  if (filter == NULL)
    return false;
  const uint32_t action = rules->tell && watch_refusals () ? SCMP_ACT_TRAP : SCMP_ACT_ERRNO (EPERM);
  bool ok = seccomp_attr_set (filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
            seccomp_attr_set (filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0;
  /* Threads that there are already, of libraries, are confined too. */
  ok = ok && seccomp_attr_set (filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0;
  for (unsigned i = 0; ok && i < G_N_ELEMENTS (never); i++)
    ok = add (filter, action, never[i]);
  ok = ok && add_rings (filter) && add_processes (filter) && add_others (filter, action) &&
       add_sockets (filter, action, rules->internet) && seccomp_load (filter) == 0;
  seccomp_release (filter);
  return ok;
}

char *
confine_calls (const ConfineRules *rules)
{
  return no_new_privileges () && load_filter (rules)
             ? NULL
             : g_strdup ("this kernel lacks filters of system calls (seccomp): all of them stay possible");
}
