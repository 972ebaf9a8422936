/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Linux user mode: one guest process, its threads, and what the files of this folder share. */

#include "cpu.h"
#include "guest-mem.h"
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct UserAbi UserAbi; /* what a guest ISA's Linux port adds: user-abi.h */
typedef struct UserThread UserThread;
typedef struct UserProcess UserProcess;

/* A guest signal's action, in the guest's terms. */
typedef struct {
  uint64_t handler, flags, restorer;
  uint64_t mask; /* bit n-1 = signal n */
} UserSigaction;

#define USER_NSIG 64

/* The latest exception of a thread's code, for what its signal frame tells of it; signo 0: none so far. */
typedef struct {
  uint64_t addr;
  int signo, si_code;
  bool write, fetch;
  bool cache; /* by an instruction that maintains caches */
  bool stack; /* the stack pointer was misaligned, whatever the access */
} UserFault;

typedef struct {
  UserSigaction action[USER_NSIG + 1];
  /* protects action */
  GMutex lock;
} UserSighand;

/* Command line, see user-main.c. */
typedef struct {
  const char *sysroot;   /* -L, or NULL */
  const char *argv0;     /* -0, or NULL */
  const char *cpu_model; /* -cpu */
  const char *gdb;       /* -g PORT or PATH */
  uint64_t stack_size;   /* -s, bytes */
  bool strace;           /* -strace */
  bool move_guest;       /* -test guest-base: guest addresses are never the host's */
} UserOptions;

struct UserProcess {
  const GuestIsa *isa;
  const UserAbi *abi;
  UserOptions options;
  char **guest_env; /* environment the program starts with (after -E and -U) */
  char *exe_path;   /* absolute host path of the guest program: /proc/self/exe */
  UserSighand *sighand;
  uint64_t brk_start, brk;
  uint64_t stack_start, stack_top; /* of the main thread */
  uint64_t arg_start, arg_end, env_start, env_end, auxv_start, auxv_end;
  uint64_t vdso, vdso_sigreturn; /* guest addresses */
  uint64_t entry, load_bias, phdr, interp_base;
  int exec_fd; /* of the guest program, for binfmt_misc's O flag; or -1 */
  /* protects threads and n_threads */
  GMutex lock;
  GList *threads; /* of UserThread */
  unsigned n_threads;
  bool exiting;
};
extern UserProcess user_process;

struct UserThread {
  Cpu *cpu;
  pid_t tid; /* host thread id = guest thread id */
  uint64_t clear_child_tid, robust_list, robust_list_len;
  uint64_t sigmask;       /* the guest's blocked signals */
  uint64_t saved_sigmask; /* during sigsuspend, ppoll, pselect, epoll_pwait */
  bool restore_sigmask;
  uint64_t altstack_sp, altstack_size;
  uint32_t altstack_flags;
  uint64_t pending; /* written by the host handler: bit n-1 = signal n has info in `queue` */
  struct UserSignalQueue *queue;
  uint32_t attention; /* non-zero: user_signal_deliver() has work; no interruptible host call starts */
  bool host_blocked;  /* the host thread's mask is not the one that belongs to sigmask */
  UserFault fault;
  int restart; /* 0 or the USER_ERESTART code of the system call the pc still stands at */
  UserSighand
      *sighand; /* user_process.sighand, but for a process that shares our memory and not our handlers */
  bool tagged_pointers; /* system calls ignore the top byte of pointers */
  bool vm_process;      /* a process of its own in its parent's memory (vfork) */
  bool resting;         /* protected by user_process.lock: see user_stop_others() */
  bool held;            /* protected by user_process.lock: see user_thread_hold() */
  sigjmp_buf *leave;    /* of the host thread's start; NULL: the process's first thread */
  int exit_status;
  bool exited;
};

/* The calling thread. */
extern _Thread_local UserThread *user_self;

/* A pointer that the thread gives to system calls, without the tag it may have where the tagged address ABI
 * is on. */
static inline uint64_t
user_untag (uint64_t addr)
{
  return user_self != NULL && user_self->tagged_pointers ? addr & guest_untag (addr) : addr;
}

/* user-mem.c: reading and writing guest memory from syscalls. Each returns 0 or -EFAULT (never a signal); a
 * partial copy may have happened. */
int user_read (void *host, uint64_t guest, size_t size);
int user_write (uint64_t guest, const void *host, size_t size);
/* A NUL-terminated guest string, newly allocated: NULL and -EFAULT or -ENAMETOOLONG in *ret_error. */
char *user_read_string (uint64_t guest, size_t max, int *ret_error);

/* user-mmap.c: the guest's own view of its address space. Protections are guest PROT_* bits; a page's host
 * mapping never has PROT_EXEC. All return a guest address or negative errno. */
void user_mmap_init (unsigned space_bits);
int64_t user_mmap (uint64_t addr, uint64_t size, int prot, int flags, int fd, uint64_t offset);
int64_t user_munmap (uint64_t addr, uint64_t size);
int64_t user_mprotect (uint64_t addr, uint64_t size, int prot);
int64_t user_mremap (uint64_t old, uint64_t old_size, uint64_t new_size, int flags, uint64_t new_addr);
int64_t user_brk (uint64_t addr);
/* PROT_* of the page at addr, or -1 where nothing is mapped. */
int user_page_prot (uint64_t addr);
/* CpuFetch for user mode: honours PROT_EXEC. */
size_t user_fetch (Cpu *cpu, uint64_t pc, uint8_t *out, size_t want, IrFault *ret_fault);
/* The text of /proc/self/maps as the guest must see it. */
char *user_proc_maps (void);

/* elf-load.c: loads the program (and its interpreter) and fills user_process and cpu's pc and stack. FALSE
 * and an error (code: the exit status a shell expects, 126 or 127 or 1) on failure. */
bool user_load_program (const char *path, char **argv, char **envp, Cpu *cpu, GError **error);

/* syscall.c: performs the system call the cpu stands at and advances it. */
void user_syscall (UserThread *thread);

/* signal.c */
void user_signal_init (void);
void user_signal_thread_init (UserThread *thread);
/* Delivers what is pending and unblocked: builds guest frames, or dies as the guest would. Before each
 * cpu_run(). */
void user_signal_deliver (UserThread *thread);
/* A synchronous signal (fault, illegal instruction, breakpoint) of this thread; info's addresses are guest's.
 */
void user_signal_force (UserThread *thread, const siginfo_t *info);

/* user-loop.c: runs guest code on this thread until it ends. */
G_NORETURN void user_loop (UserThread *thread);
