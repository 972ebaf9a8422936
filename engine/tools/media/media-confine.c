/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media-confine.h"

#include <errno.h>
#include <glib.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* libosinfo's data base takes 200 MB of addresses and half a second on a slow machine. */
enum { SECONDS_MAX = 20 };
#define ADDRESSES_MAX ((rlim_t)1 << 30)
#define OUTPUT_MAX    ((rlim_t)1 << 20)

#if defined(__x86_64__)
#define AUDIT_ARCH_HOST AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define AUDIT_ARCH_HOST AUDIT_ARCH_AARCH64
#endif

static void
limit (int resource, rlim_t most)
{
  struct rlimit limits;
  if (getrlimit (resource, &limits) < 0)
    return;
  limits.rlim_cur = limits.rlim_max = MIN (limits.rlim_max, most);
  setrlimit (resource, &limits);
}

/* No file can be changed, made or executed. Reading stays allowed: the data base and GIO's modules lie in
 * several places. */
static void
deny_writing (void)
{
  struct landlock_ruleset_attr rules = {
    .handled_access_fs =
        LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
        LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
        LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
        LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM,
  };
  int fd = (int)syscall (SYS_landlock_create_ruleset, &rules, sizeof rules.handled_access_fs, 0);
  if (fd < 0)
    return;
  syscall (SYS_landlock_restrict_self, fd, 0);
  close (fd);
}

#ifdef AUDIT_ARCH_HOST
/* These fail with EPERM, which GLib and libxml2 take as any other failure. */
static void
deny_calls (void)
{
  static const unsigned calls[] = {
    SYS_socket,
    SYS_connect,
    SYS_execve,
    SYS_execveat,
    SYS_process_vm_writev,
    SYS_process_vm_readv,
    SYS_pidfd_getfd,
    SYS_kill,
    SYS_bpf,
    SYS_mount,
    SYS_unshare,
    SYS_setns,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_add_key,
    SYS_keyctl,
    SYS_io_uring_setup,
    SYS_open_by_handle_at,
#ifndef __SANITIZE_ADDRESS__ /* which looks for leaks by it */
    SYS_ptrace,
#endif
#ifdef SYS_fork
    SYS_fork,
    SYS_vfork,
#endif
  };
  struct sock_filter filter[G_N_ELEMENTS (calls) + 7];
  unsigned n = 0, last = G_N_ELEMENTS (calls);
  filter[n++] = (struct sock_filter)BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, arch));
  filter[n++] = (struct sock_filter)BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_HOST, 1, 0);
  filter[n++] = (struct sock_filter)BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  filter[n++] = (struct sock_filter)BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr));
  /* x32's numbers would be another way to the same calls. */
  filter[n++] = (struct sock_filter)BPF_JUMP (BPF_JMP | BPF_JGE | BPF_K, 0x40000000, (uint8_t)(last + 1), 0);
  for (unsigned i = 0; i < last; i++)
    filter[n++] = (struct sock_filter)BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, calls[i], (uint8_t)(last - i), 0);
  filter[n++] = (struct sock_filter)BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  filter[n++] = (struct sock_filter)BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  struct sock_fprog program = { .len = (unsigned short)n, .filter = filter };
  prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
#else
static void
deny_calls (void)
{
}
#endif

void
media_confine (void)
{
  limit (RLIMIT_CORE, 0);
  limit (RLIMIT_FSIZE, OUTPUT_MAX);
  limit (RLIMIT_CPU, SECONDS_MAX);
#ifndef __SANITIZE_ADDRESS__ /* whose shadow memory takes terabytes of addresses */
  limit (RLIMIT_AS, ADDRESSES_MAX);
#endif
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return;
  deny_writing ();
  deny_calls ();
}
