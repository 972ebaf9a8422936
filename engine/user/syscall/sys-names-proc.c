/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Names for processes, time, IPC and sockets. */

#include "sys-names.h"
#include <fcntl.h>
#include <linux/membarrier.h>
#include <linux/prctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

#define N(name) { name, #name }

const UserName names_clock[] = {
  N (CLOCK_REALTIME),          N (CLOCK_MONOTONIC),     N (CLOCK_PROCESS_CPUTIME_ID),
  N (CLOCK_THREAD_CPUTIME_ID), N (CLOCK_MONOTONIC_RAW), N (CLOCK_REALTIME_COARSE),
  N (CLOCK_MONOTONIC_COARSE),  N (CLOCK_BOOTTIME),      N (CLOCK_REALTIME_ALARM),
  N (CLOCK_BOOTTIME_ALARM),    N (CLOCK_TAI),           { 0 }
};

const UserName names_idtype[] = { N (P_ALL), N (P_PID), N (P_PGID), N (P_PIDFD), { 0 } };

const UserName names_wait[] = { N (WNOHANG),     N (WUNTRACED), N (WEXITED),  N (WCONTINUED), N (WNOWAIT),
                                N (__WNOTHREAD), N (__WALL),    N (__WCLONE), { 0 } };

const UserName names_clone[] = { N (CLONE_VM),
                                 N (CLONE_FS),
                                 N (CLONE_FILES),
                                 N (CLONE_SIGHAND),
                                 N (CLONE_PIDFD),
                                 N (CLONE_PTRACE),
                                 N (CLONE_VFORK),
                                 N (CLONE_PARENT),
                                 N (CLONE_THREAD),
                                 N (CLONE_NEWNS),
                                 N (CLONE_SYSVSEM),
                                 N (CLONE_SETTLS),
                                 N (CLONE_PARENT_SETTID),
                                 N (CLONE_CHILD_CLEARTID),
                                 N (CLONE_DETACHED),
                                 N (CLONE_UNTRACED),
                                 N (CLONE_CHILD_SETTID),
                                 N (CLONE_NEWCGROUP),
                                 N (CLONE_NEWUTS),
                                 N (CLONE_NEWIPC),
                                 N (CLONE_NEWUSER),
                                 N (CLONE_NEWPID),
                                 N (CLONE_NEWNET),
                                 N (CLONE_IO),
                                 { 0 } };

const UserName names_itimer[] = { N (ITIMER_REAL), N (ITIMER_VIRTUAL), N (ITIMER_PROF), { 0 } };

const UserName names_sched[] = { N (SCHED_OTHER), N (SCHED_FIFO),     N (SCHED_RR), N (SCHED_BATCH),
                                 N (SCHED_IDLE),  N (SCHED_DEADLINE), { 0 } };

const UserName names_sigprocmask[] = { N (SIG_BLOCK), N (SIG_UNBLOCK), N (SIG_SETMASK), { 0 } };

const UserName names_priority[] = { N (PRIO_PROCESS), N (PRIO_PGRP), N (PRIO_USER), { 0 } };

const UserName names_prctl[] = { N (PR_SET_PDEATHSIG),
                                 N (PR_GET_PDEATHSIG),
                                 N (PR_GET_DUMPABLE),
                                 N (PR_SET_DUMPABLE),
                                 N (PR_GET_UNALIGN),
                                 N (PR_SET_UNALIGN),
                                 N (PR_GET_KEEPCAPS),
                                 N (PR_SET_KEEPCAPS),
                                 N (PR_GET_TIMING),
                                 N (PR_SET_TIMING),
                                 N (PR_SET_NAME),
                                 N (PR_GET_NAME),
                                 N (PR_GET_SECCOMP),
                                 N (PR_SET_SECCOMP),
                                 N (PR_CAPBSET_READ),
                                 N (PR_CAPBSET_DROP),
                                 N (PR_GET_TSC),
                                 N (PR_SET_TSC),
                                 N (PR_GET_SECUREBITS),
                                 N (PR_SET_SECUREBITS),
                                 N (PR_SET_TIMERSLACK),
                                 N (PR_GET_TIMERSLACK),
                                 N (PR_MCE_KILL),
                                 N (PR_MCE_KILL_GET),
                                 N (PR_SET_MM),
                                 N (PR_SET_CHILD_SUBREAPER),
                                 N (PR_GET_CHILD_SUBREAPER),
                                 N (PR_SET_NO_NEW_PRIVS),
                                 N (PR_GET_NO_NEW_PRIVS),
                                 N (PR_GET_TID_ADDRESS),
                                 N (PR_SET_THP_DISABLE),
                                 N (PR_GET_THP_DISABLE),
                                 N (PR_CAP_AMBIENT),
                                 N (PR_GET_SPECULATION_CTRL),
                                 N (PR_SET_SPECULATION_CTRL),
                                 N (PR_SET_IO_FLUSHER),
                                 N (PR_GET_IO_FLUSHER),
                                 N (PR_SET_PTRACER),
                                 N (PR_SET_VMA),
                                 N (PR_RISCV_V_SET_CONTROL),
                                 N (PR_RISCV_V_GET_CONTROL),
                                 N (PR_PAC_RESET_KEYS),
                                 N (PR_SET_TAGGED_ADDR_CTRL),
                                 N (PR_GET_TAGGED_ADDR_CTRL),
                                 N (PR_PAC_SET_ENABLED_KEYS),
                                 N (PR_PAC_GET_ENABLED_KEYS),
                                 N (PR_SVE_SET_VL),
                                 N (PR_SVE_GET_VL),
                                 { 0 } };

const UserName names_ipcget[] = { N (IPC_CREAT), N (IPC_EXCL), { 0 } };

const UserName names_ipcctl[] = { N (IPC_RMID), N (IPC_SET), N (IPC_STAT), N (IPC_INFO),
                                  N (GETPID),   N (GETVAL),  N (GETALL),   N (GETNCNT),
                                  N (GETZCNT),  N (SETVAL),  N (SETALL),   { 0 } };

const UserName names_ipcop[] = { N (IPC_NOWAIT), N (MSG_NOERROR), N (MSG_EXCEPT), N (MSG_COPY), { 0 } };

const UserName names_shmat[] = { N (SHM_RDONLY), N (SHM_RND), N (SHM_REMAP), N (SHM_EXEC), { 0 } };

const UserName names_family[] = { N (AF_UNSPEC),  N (AF_UNIX),   N (AF_INET), N (AF_INET6),
                                  N (AF_NETLINK), N (AF_PACKET), N (AF_KEY),  N (AF_BLUETOOTH),
                                  N (AF_ALG),     N (AF_VSOCK),  N (AF_XDP),  { 0 } };

const UserName names_socktype[] = { N (SOCK_NONBLOCK), N (SOCK_CLOEXEC), { 0 } };

const UserName names_msg[] = {
  N (MSG_OOB),          N (MSG_PEEK), N (MSG_DONTROUTE),  N (MSG_CTRUNC),   N (MSG_TRUNC),
  N (MSG_DONTWAIT),     N (MSG_EOR),  N (MSG_WAITALL),    N (MSG_CONFIRM),  N (MSG_ERRQUEUE),
  N (MSG_NOSIGNAL),     N (MSG_MORE), N (MSG_WAITFORONE), N (MSG_ZEROCOPY), N (MSG_FASTOPEN),
  N (MSG_CMSG_CLOEXEC), { 0 }
};

const UserName names_sol[] = { N (SOL_IP),      N (SOL_SOCKET),   N (IPPROTO_TCP),
                               N (IPPROTO_UDP), N (IPPROTO_IPV6), N (IPPROTO_RAW),
                               N (SOL_PACKET),  N (SOL_NETLINK),  { 0 } };

const UserName names_shutdown[] = { N (SHUT_RD), N (SHUT_WR), N (SHUT_RDWR), { 0 } };

const UserName names_getrandom[] = { N (GRND_NONBLOCK), N (GRND_RANDOM), N (GRND_INSECURE), { 0 } };

const UserName names_membarrier[] = { N (MEMBARRIER_CMD_QUERY),
                                      N (MEMBARRIER_CMD_GLOBAL),
                                      N (MEMBARRIER_CMD_GLOBAL_EXPEDITED),
                                      N (MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED),
                                      N (MEMBARRIER_CMD_PRIVATE_EXPEDITED),
                                      N (MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED),
                                      N (MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE),
                                      N (MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE),
                                      { 0 } };

const UserName names_timer[] = { N (TIMER_ABSTIME), N (TFD_TIMER_CANCEL_ON_SET), { 0 } };

const UserName names_rlimit[] = { N (RLIMIT_CPU),
                                  N (RLIMIT_FSIZE),
                                  N (RLIMIT_DATA),
                                  N (RLIMIT_STACK),
                                  N (RLIMIT_CORE),
                                  N (RLIMIT_RSS),
                                  N (RLIMIT_NPROC),
                                  N (RLIMIT_NOFILE),
                                  N (RLIMIT_MEMLOCK),
                                  N (RLIMIT_AS),
                                  N (RLIMIT_LOCKS),
                                  N (RLIMIT_SIGPENDING),
                                  N (RLIMIT_MSGQUEUE),
                                  N (RLIMIT_NICE),
                                  N (RLIMIT_RTPRIO),
                                  N (RLIMIT_RTTIME),
                                  { 0 } };
