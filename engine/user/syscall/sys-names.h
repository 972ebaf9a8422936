/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Names of the bits and values that -strace prints; the rows of the tables refer to them. */

#include "syscall.h"

extern const UserName names_xattr[];
extern const UserName names_eventfd[];
extern const UserName names_epoll_create[];
extern const UserName names_epoll_op[];
extern const UserName names_open[];
extern const UserName names_fcntl[];
extern const UserName names_inotify[];
extern const UserName names_flock[];
extern const UserName names_at[];
extern const UserName names_umount[];
extern const UserName names_mount[];
extern const UserName names_fallocate[];
extern const UserName names_access[];
extern const UserName names_splice[];
extern const UserName names_sync_file_range[];
extern const UserName names_clock[];
extern const UserName names_idtype[];
extern const UserName names_wait[];
extern const UserName names_clone[];
extern const UserName names_itimer[];
extern const UserName names_sched[];
extern const UserName names_sigprocmask[];
extern const UserName names_priority[];
extern const UserName names_prctl[];
extern const UserName names_ipcget[];
extern const UserName names_ipcctl[];
extern const UserName names_ipcop[];
extern const UserName names_shmat[];
extern const UserName names_family[];
extern const UserName names_socktype[];
extern const UserName names_msg[];
extern const UserName names_sol[];
extern const UserName names_shutdown[];
extern const UserName names_mremap[];
extern const UserName names_prot[];
extern const UserName names_mmap[];
extern const UserName names_msync[];
extern const UserName names_mlockall[];
extern const UserName names_madvise[];
extern const UserName names_rename[];
extern const UserName names_getrandom[];
extern const UserName names_memfd[];
extern const UserName names_membarrier[];
extern const UserName names_rwf[];
extern const UserName names_statx[];
extern const UserName names_close_range[];
extern const UserName names_seek[];
extern const UserName names_timer[];
extern const UserName names_rlimit[];
extern const UserName names_fadvise[];
