/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Names for files and memory. */

#include "sys-names.h"
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/fs.h>
#include <sys/mount.h>
#include <linux/stat.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/xattr.h>

#define N(name) { name, #name }

const UserName names_xattr[] = { N (XATTR_CREATE), N (XATTR_REPLACE), { 0 } };

const UserName names_eventfd[] = { N (EFD_SEMAPHORE), N (EFD_NONBLOCK), N (EFD_CLOEXEC), { 0 } };

const UserName names_epoll_create[] = { N (EPOLL_CLOEXEC), { 0 } };

const UserName names_epoll_op[] = { N (EPOLL_CTL_ADD), N (EPOLL_CTL_DEL), N (EPOLL_CTL_MOD), { 0 } };

const UserName names_open[] = { N (O_WRONLY),  N (O_RDWR),      N (O_CREAT),    N (O_EXCL),
                                N (O_NOCTTY),  N (O_TRUNC),     N (O_APPEND),   N (O_NONBLOCK),
                                N (O_TMPFILE), N (O_SYNC),      N (O_DSYNC),    N (O_ASYNC),
                                N (O_DIRECT),  N (O_DIRECTORY), N (O_NOFOLLOW), N (O_NOATIME),
                                N (O_CLOEXEC), N (O_PATH),      { 0 } };

const UserName names_fcntl[] = { N (F_DUPFD),
                                 N (F_GETFD),
                                 N (F_SETFD),
                                 N (F_GETFL),
                                 N (F_SETFL),
                                 N (F_GETLK),
                                 N (F_SETLK),
                                 N (F_SETLKW),
                                 N (F_SETOWN),
                                 N (F_GETOWN),
                                 N (F_SETSIG),
                                 N (F_GETSIG),
                                 N (F_SETOWN_EX),
                                 N (F_GETOWN_EX),
                                 N (F_OFD_GETLK),
                                 N (F_OFD_SETLK),
                                 N (F_OFD_SETLKW),
                                 N (F_SETLEASE),
                                 N (F_GETLEASE),
                                 N (F_NOTIFY),
                                 N (F_DUPFD_CLOEXEC),
                                 N (F_SETPIPE_SZ),
                                 N (F_GETPIPE_SZ),
                                 N (F_ADD_SEALS),
                                 N (F_GET_SEALS),
                                 N (F_GET_RW_HINT),
                                 N (F_SET_RW_HINT),
                                 N (F_GET_FILE_RW_HINT),
                                 N (F_SET_FILE_RW_HINT),
                                 { 0 } };

const UserName names_inotify[] = { N (IN_ACCESS),
                                   N (IN_MODIFY),
                                   N (IN_ATTRIB),
                                   N (IN_CLOSE_WRITE),
                                   N (IN_CLOSE_NOWRITE),
                                   N (IN_OPEN),
                                   N (IN_MOVED_FROM),
                                   N (IN_MOVED_TO),
                                   N (IN_CREATE),
                                   N (IN_DELETE),
                                   N (IN_DELETE_SELF),
                                   N (IN_MOVE_SELF),
                                   N (IN_ONLYDIR),
                                   N (IN_DONT_FOLLOW),
                                   N (IN_EXCL_UNLINK),
                                   N (IN_MASK_CREATE),
                                   N (IN_MASK_ADD),
                                   N (IN_ONESHOT),
                                   { 0 } };

const UserName names_flock[] = { N (LOCK_SH), N (LOCK_EX), N (LOCK_UN), N (LOCK_NB), { 0 } };

const UserName names_at[] = { N (AT_SYMLINK_NOFOLLOW), N (AT_REMOVEDIR),  N (AT_SYMLINK_FOLLOW),
                              N (AT_NO_AUTOMOUNT),     N (AT_EMPTY_PATH), N (AT_STATX_FORCE_SYNC),
                              N (AT_STATX_DONT_SYNC),  N (AT_RECURSIVE),  { 0 } };

const UserName names_umount[] = { N (MNT_FORCE), N (MNT_DETACH), N (MNT_EXPIRE), N (UMOUNT_NOFOLLOW), { 0 } };

const UserName names_mount[] = { N (MS_RDONLY),     N (MS_NOSUID),      N (MS_NODEV),
                                 N (MS_NOEXEC),     N (MS_SYNCHRONOUS), N (MS_REMOUNT),
                                 N (MS_MANDLOCK),   N (MS_DIRSYNC),     N (MS_NOATIME),
                                 N (MS_NODIRATIME), N (MS_BIND),        N (MS_MOVE),
                                 N (MS_REC),        N (MS_SILENT),      N (MS_UNBINDABLE),
                                 N (MS_PRIVATE),    N (MS_SLAVE),       N (MS_SHARED),
                                 N (MS_RELATIME),   N (MS_STRICTATIME), { 0 } };

const UserName names_fallocate[] = { N (FALLOC_FL_KEEP_SIZE),
                                     N (FALLOC_FL_PUNCH_HOLE),
                                     N (FALLOC_FL_COLLAPSE_RANGE),
                                     N (FALLOC_FL_ZERO_RANGE),
                                     N (FALLOC_FL_INSERT_RANGE),
                                     N (FALLOC_FL_UNSHARE_RANGE),
                                     { 0 } };

const UserName names_access[] = { N (R_OK), N (W_OK), N (X_OK), { 0 } };

const UserName names_splice[] = {
  N (SPLICE_F_MOVE), N (SPLICE_F_NONBLOCK), N (SPLICE_F_MORE), N (SPLICE_F_GIFT), { 0 }
};

const UserName names_sync_file_range[] = {
  N (SYNC_FILE_RANGE_WAIT_BEFORE), N (SYNC_FILE_RANGE_WRITE), N (SYNC_FILE_RANGE_WAIT_AFTER), { 0 }
};

const UserName names_rename[] = { N (RENAME_NOREPLACE), N (RENAME_EXCHANGE), N (RENAME_WHITEOUT), { 0 } };

const UserName names_memfd[] = { N (MFD_CLOEXEC), N (MFD_ALLOW_SEALING), N (MFD_HUGETLB), { 0 } };

const UserName names_rwf[] = { N (RWF_HIPRI),  N (RWF_DSYNC),  N (RWF_SYNC),
                               N (RWF_NOWAIT), N (RWF_APPEND), { 0 } };

const UserName names_statx[] = { N (STATX_ALL),   N (STATX_TYPE),   N (STATX_MODE),
                                 N (STATX_NLINK), N (STATX_UID),    N (STATX_GID),
                                 N (STATX_ATIME), N (STATX_MTIME),  N (STATX_CTIME),
                                 N (STATX_INO),   N (STATX_SIZE),   N (STATX_BLOCKS),
                                 N (STATX_BTIME), N (STATX_MNT_ID), { 0 } };

const UserName names_close_range[] = { N (CLOSE_RANGE_UNSHARE), N (CLOSE_RANGE_CLOEXEC), { 0 } };

const UserName names_seek[] = {
  N (SEEK_SET), N (SEEK_CUR), N (SEEK_END), N (SEEK_DATA), N (SEEK_HOLE), { 0 }
};

const UserName names_fadvise[] = { N (POSIX_FADV_NORMAL),
                                   N (POSIX_FADV_RANDOM),
                                   N (POSIX_FADV_SEQUENTIAL),
                                   N (POSIX_FADV_WILLNEED),
                                   N (POSIX_FADV_DONTNEED),
                                   N (POSIX_FADV_NOREUSE),
                                   { 0 } };

const UserName names_mremap[] = { N (MREMAP_MAYMOVE), N (MREMAP_FIXED), N (MREMAP_DONTUNMAP), { 0 } };

const UserName names_prot[] = { N (PROT_READ),      N (PROT_WRITE),   N (PROT_EXEC),
                                N (PROT_GROWSDOWN), N (PROT_GROWSUP), { 0 } };

const UserName names_mmap[] = {
  N (MAP_SHARED),    N (MAP_PRIVATE),   N (MAP_FIXED),           N (MAP_ANONYMOUS),
  N (MAP_GROWSDOWN), N (MAP_DENYWRITE), N (MAP_EXECUTABLE),      N (MAP_LOCKED),
  N (MAP_NORESERVE), N (MAP_POPULATE),  N (MAP_NONBLOCK),        N (MAP_STACK),
  N (MAP_HUGETLB),   N (MAP_SYNC),      N (MAP_FIXED_NOREPLACE), { 0 }
};

const UserName names_msync[] = { N (MS_ASYNC), N (MS_INVALIDATE), N (MS_SYNC), { 0 } };

const UserName names_mlockall[] = { N (MCL_CURRENT), N (MCL_FUTURE), N (MCL_ONFAULT), { 0 } };

const UserName names_madvise[] = { N (MADV_NORMAL),
                                   N (MADV_RANDOM),
                                   N (MADV_SEQUENTIAL),
                                   N (MADV_WILLNEED),
                                   N (MADV_DONTNEED),
                                   N (MADV_FREE),
                                   N (MADV_REMOVE),
                                   N (MADV_DONTFORK),
                                   N (MADV_DOFORK),
                                   N (MADV_MERGEABLE),
                                   N (MADV_UNMERGEABLE),
                                   N (MADV_HUGEPAGE),
                                   N (MADV_NOHUGEPAGE),
                                   N (MADV_DONTDUMP),
                                   N (MADV_DODUMP),
                                   N (MADV_WIPEONFORK),
                                   N (MADV_KEEPONFORK),
                                   N (MADV_COLD),
                                   N (MADV_PAGEOUT),
                                   N (MADV_POPULATE_READ),
                                   N (MADV_POPULATE_WRITE),
                                   N (MADV_COLLAPSE),
                                   { 0 } };
