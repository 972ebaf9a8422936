/* SPDX-License-Identifier: GPL-3.0-or-later */

/* System V IPC and POSIX message queues. */

#include "syscall.h"
#include "sys-layout.h"
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>

/* Commands of libc may carry the flag of the new structures, which are the only ones of generic ports. */
#define COMMAND(value) ((int)(value) & ~0x100)

static GuestIpcPerm64
perm_to_64 (const struct ipc_perm *p)
{
  return (GuestIpcPerm64){ p->__key, p->uid, p->gid, p->cuid, p->cgid, p->mode, p->__seq, 0, { 0, 0 } };
}

static GuestIpcPerm32
perm_to_32 (const struct ipc_perm *p)
{
  return (GuestIpcPerm32){ p->__key, p->uid, p->gid, p->cuid, p->cgid, p->mode, p->__seq, 0, { 0, 0 } };
}

/* IPC_SET looks at owner and mode only, which lie at the same place in either size. */
static int
read_perm (struct ipc_perm *ret_perm, uint64_t addr)
{
  GuestIpcPerm32 guest;

  memset (ret_perm, 0, sizeof *ret_perm);
  if (user_read (&guest, addr, sizeof guest) < 0)
    return -EFAULT;
  ret_perm->uid = guest.uid;
  ret_perm->gid = guest.gid;
  ret_perm->mode = guest.mode;
  return 0;
}

/* ---- semaphores ---- */

static int
put_semid (uint64_t addr, const struct semid_ds *h)
{
  GuestSemid64 wide = { perm_to_64 (&h->sem_perm), h->sem_otime, h->sem_ctime, h->sem_nsems, { 0, 0 } };
  GuestSemid32 narrow = {
    perm_to_32 (&h->sem_perm),
    h->sem_otime,
    (uint64_t)h->sem_otime >> 32,
    h->sem_ctime,
    (uint64_t)h->sem_ctime >> 32,
    h->sem_nsems,
    { 0, 0 },
  };

  return user_is_32 () ? user_write (addr, &narrow, sizeof narrow) : user_write (addr, &wide, sizeof wide);
}

/* The array of GETALL and SETALL has as many entries as the set has semaphores. */
static uint64_t
semaphore_array_size (int id)
{
  struct semid_ds host = { 0 };

  return HOST_CALL (__NR_semctl, id, 0, IPC_STAT, &host) < 0 ? 2 : host.sem_nsems * sizeof (uint16_t);
}

int64_t
sys_semctl (UserThread *thread, const uint64_t *a)
{
  int id = (int)a[0], number = (int)a[1], command = COMMAND (a[2]);
  struct semid_ds host;
  int64_t ret;

  switch (command) {
    case IPC_STAT:
    case SEM_STAT:
    case SEM_STAT_ANY:
      ret = HOST_CALL (__NR_semctl, id, number, command, &host);
      return ret < 0 ? ret : put_semid (a[3], &host) < 0 ? -EFAULT : ret;
    case IPC_SET:
      memset (&host, 0, sizeof host);
      if (read_perm (&host.sem_perm, a[3]) < 0)
        return -EFAULT;
      return HOST_CALL (__NR_semctl, id, number, command, &host);
    case IPC_INFO:
    case SEM_INFO:
      return HOST_CALL (__NR_semctl, id, number, command, user_ptr (a[3], sizeof (struct seminfo)));
    case GETALL:
    case SETALL:
      return HOST_CALL (__NR_semctl, id, number, command, user_ptr (a[3], semaphore_array_size (id)));
    default: return HOST_CALL (__NR_semctl, id, number, command, (int64_t)(int)a[3]);
  }
}

static int64_t
semaphore_operation (const uint64_t *a, const struct timespec *timeout)
{
  return SAFE_CALL (__NR_semtimedop, a[0],
                    user_ptr (a[1], MIN ((unsigned)a[2], 500) * sizeof (struct sembuf)), (unsigned)a[2],
                    timeout);
}

int64_t
sys_semop (UserThread *thread, const uint64_t *a)
{
  return semaphore_operation (a, NULL);
}

int64_t
sys_semtimedop (UserThread *thread, const uint64_t *a)
{
  struct timespec timeout;

  if (a[3] != 0 && user_get (K_TIMESPEC, &timeout, a[3]) < 0)
    return -EFAULT;
  return semaphore_operation (a, a[3] != 0 ? &timeout : NULL);
}

/* ---- shared memory ---- */

static int
put_shmid (uint64_t addr, const struct shmid_ds *h)
{
  GuestShmid64 wide = {
    perm_to_64 (&h->shm_perm),
    h->shm_segsz,
    h->shm_atime,
    h->shm_dtime,
    h->shm_ctime,
    h->shm_cpid,
    h->shm_lpid,
    h->shm_nattch,
    { 0, 0 },
  };
  GuestShmid32 narrow = {
    perm_to_32 (&h->shm_perm),
    h->shm_segsz,
    h->shm_atime,
    (uint64_t)h->shm_atime >> 32,
    h->shm_dtime,
    (uint64_t)h->shm_dtime >> 32,
    h->shm_ctime,
    (uint64_t)h->shm_ctime >> 32,
    h->shm_cpid,
    h->shm_lpid,
    h->shm_nattch,
    { 0, 0 },
  };

  return user_is_32 () ? user_write (addr, &narrow, sizeof narrow) : user_write (addr, &wide, sizeof wide);
}

/* IPC_INFO and SHM_INFO: structures of longs, the second with an int in front. */
static int64_t
shm_info (int id, int command, uint64_t addr)
{
  union {
    struct shminfo limits;
    struct shm_info usage;
    long longs[16];
  } host;
  unsigned n = command == IPC_INFO ? sizeof host.limits / sizeof (long) : sizeof host.usage / sizeof (long);
  int32_t narrow[16];
  int64_t ret;

  memset (&host, 0, sizeof host);
  ret = HOST_CALL (__NR_shmctl, id, command, &host);
  if (ret < 0)
    return ret;
  for (unsigned i = 0; i < n; i++)
    narrow[i] = MIN ((unsigned long)host.longs[i], INT32_MAX);
  if (user_is_32 ())
    return user_write (addr, narrow, n * 4) < 0 ? -EFAULT : ret;
  return user_write (addr, &host, n * 8) < 0 ? -EFAULT : ret;
}

int64_t
sys_shmctl (UserThread *thread, const uint64_t *a)
{
  int id = (int)a[0], command = COMMAND (a[1]);
  struct shmid_ds host;
  int64_t ret;

  switch (command) {
    case IPC_STAT:
    case SHM_STAT:
    case SHM_STAT_ANY:
      ret = HOST_CALL (__NR_shmctl, id, command, &host);
      return ret < 0 ? ret : put_shmid (a[2], &host) < 0 ? -EFAULT : ret;
    case IPC_SET:
      memset (&host, 0, sizeof host);
      if (read_perm (&host.shm_perm, a[2]) < 0)
        return -EFAULT;
      return HOST_CALL (__NR_shmctl, id, command, &host);
    case IPC_INFO:
    case SHM_INFO: return shm_info (id, command, a[2]);
    default: return HOST_CALL (__NR_shmctl, id, command, NULL);
  }
}

/* ---- message queues of System V ---- */

static int
put_msqid (uint64_t addr, const struct msqid_ds *h)
{
  GuestMsqid64 wide = {
    perm_to_64 (&h->msg_perm),
    h->msg_stime,
    h->msg_rtime,
    h->msg_ctime,
    h->__msg_cbytes,
    h->msg_qnum,
    h->msg_qbytes,
    h->msg_lspid,
    h->msg_lrpid,
    { 0, 0 },
  };
  GuestMsqid32 narrow = {
    perm_to_32 (&h->msg_perm),
    h->msg_stime,
    (uint64_t)h->msg_stime >> 32,
    h->msg_rtime,
    (uint64_t)h->msg_rtime >> 32,
    h->msg_ctime,
    (uint64_t)h->msg_ctime >> 32,
    h->__msg_cbytes,
    h->msg_qnum,
    h->msg_qbytes,
    h->msg_lspid,
    h->msg_lrpid,
    { 0, 0 },
  };

  return user_is_32 () ? user_write (addr, &narrow, sizeof narrow) : user_write (addr, &wide, sizeof wide);
}

int64_t
sys_msgctl (UserThread *thread, const uint64_t *a)
{
  int id = (int)a[0], command = COMMAND (a[1]);
  struct msqid_ds host;
  int64_t ret;

  switch (command) {
    case IPC_STAT:
    case MSG_STAT:
    case MSG_STAT_ANY:
      ret = HOST_CALL (__NR_msgctl, id, command, &host);
      return ret < 0 ? ret : put_msqid (a[2], &host) < 0 ? -EFAULT : ret;
    case IPC_SET: {
      uint32_t qbytes32;
      uint64_t qbytes;
      unsigned at = user_is_32 () ? offsetof (GuestMsqid32, qbytes) : offsetof (GuestMsqid64, qbytes);

      memset (&host, 0, sizeof host);
      if (read_perm (&host.msg_perm, a[2]) < 0 ||
          (user_is_32 () ? user_read (&qbytes32, a[2] + at, 4) : user_read (&qbytes, a[2] + at, 8)) < 0)
        return -EFAULT;
      host.msg_qbytes = user_is_32 () ? qbytes32 : qbytes;
      return HOST_CALL (__NR_msgctl, id, command, &host);
    }
    case IPC_INFO:
    case MSG_INFO: return HOST_CALL (__NR_msgctl, id, command, user_ptr (a[2], sizeof (struct msginfo)));
    default: return HOST_CALL (__NR_msgctl, id, command, NULL);
  }
}

#define MESSAGE_MAX (16 * 1024 * 1024)

/* A message is a long and the text: a 32-bit guest's is copied behind a wider long. */
int64_t
sys_msgsnd (UserThread *thread, const uint64_t *a)
{
  uint64_t size = a[2];
  int64_t *copy, ret;
  int32_t type;

  if (!user_is_32 ())
    return SAFE_CALL (__NR_msgsnd, a[0], user_ptr (a[1], size < INT64_MAX ? size + 8 : size), size, a[3]);
  if (size > MESSAGE_MAX)
    return -EINVAL;
  copy = g_malloc (size + sizeof *copy);
  ret = user_read (&type, a[1], sizeof type);
  if (ret == 0)
    ret = user_read (copy + 1, a[1] + sizeof type, size);
  copy[0] = type;
  if (ret == 0)
    ret = SAFE_CALL (__NR_msgsnd, a[0], copy, size, a[3]);
  g_free (copy);
  return ret;
}

int64_t
sys_msgrcv (UserThread *thread, const uint64_t *a)
{
  uint64_t size = a[2];
  int64_t *copy, ret;
  int32_t type;

  if (!user_is_32 ())
    return SAFE_CALL (__NR_msgrcv, a[0], user_ptr (a[1], size < INT64_MAX ? size + 8 : size), size, a[3],
                      a[4]);
  if ((int32_t)size < 0)
    return -EINVAL;
  size = MIN (size, MESSAGE_MAX);
  copy = g_malloc (size + sizeof *copy);
  ret = SAFE_CALL (__NR_msgrcv, a[0], copy, size, a[3], a[4]);
  type = copy[0];
  if (ret >= 0 &&
      (user_write (a[1], &type, sizeof type) < 0 || user_write (a[1] + sizeof type, copy + 1, ret) < 0))
    ret = -EFAULT;
  g_free (copy);
  return ret;
}

/* ---- POSIX message queues ---- */

/* Without O_CREAT the attributes are not looked at, not even for a fault. */
int64_t
sys_mq_open (UserThread *thread, const uint64_t *a)
{
  struct mq_attr attr, *host = NULL;

  if (a[3] != 0 && (a[1] & O_CREAT)) {
    if (user_get (K_MQ_ATTR, &attr, a[3]) < 0)
      return -EFAULT;
    host = &attr;
  }
  return HOST_CALL (__NR_mq_open, user_ptr (a[0], 1), a[1], a[2], host);
}

int64_t
sys_mq_notify (UserThread *thread, const uint64_t *a)
{
  struct sigevent event;

  if (a[1] == 0)
    return HOST_CALL (__NR_mq_notify, a[0], NULL);
  if (user_get (K_SIGEVENT, &event, a[1]) < 0)
    return -EFAULT;
  /* SIGEV_THREAD carries the address of a cookie of 32 bytes that the kernel hands back through a socket. */
  if (event.sigev_notify == SIGEV_THREAD)
    event.sigev_value.sival_ptr = user_ptr ((uintptr_t)event.sigev_value.sival_ptr, 32);
  return HOST_CALL (__NR_mq_notify, a[0], &event);
}
