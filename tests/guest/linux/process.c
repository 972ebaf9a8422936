/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Processes: identity, limits, prctl, scheduling, System V IPC, message queues. */

#include "check.h"
#include "machine.h"
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>

static void
identity (void)
{
  struct utsname name;
  struct sysinfo info;
  struct rusage usage;
  cpu_set_t set;
  char comm[16];
  int value = -1;

  CHECK_OK (uname (&name));
  CHECK (strcmp (name.sysname, "Linux") == 0);
#if defined(MACHINE_NAME)
  CHECK (strcmp (name.machine, MACHINE_NAME) == 0);
#endif
  CHECK_OK (sysinfo (&info));
  CHECK (info.totalram > 0 && info.mem_unit > 0);
  CHECK_OK (getrusage (RUSAGE_SELF, &usage));
  CHECK_ERRNO (getrusage (77, &usage), EINVAL);
  CHECK_OK (sched_getaffinity (0, sizeof set, &set));
  CHECK (CPU_COUNT (&set) >= 1);
  CHECK_OK (sched_setaffinity (0, sizeof set, &set));
  CHECK_ERRNO (sched_getaffinity (0, 1, &set), EINVAL);
  CHECK_OK (prctl (PR_SET_NAME, "a-new-name-too-long"));
  CHECK_OK (prctl (PR_GET_NAME, comm));
  CHECK (strcmp (comm, "a-new-name-too-") == 0);
  CHECK_OK (prctl (PR_SET_PDEATHSIG, SIGUSR1));
  CHECK_OK (prctl (PR_GET_PDEATHSIG, &value));
  CHECK_EQ (value, SIGUSR1);
  CHECK_ERRNO (prctl (PR_SET_PDEATHSIG, 999), EINVAL);
  CHECK_ERRNO (prctl (123456), EINVAL);
  CHECK_ERRNO (syscall (400), ENOSYS);
  CHECK_ERRNO (syscall (100000), ENOSYS);
  CHECK_EQ (syscall (SYS_gettid), getpid ());
  CHECK_ERRNO (getpriority (99, 0), EINVAL);
}

static void
limits (void)
{
  struct rlimit old, limit;

  CHECK_OK (getrlimit (RLIMIT_AS, &old));
  limit = old;
  limit.rlim_cur = 1 << 30;
  CHECK_OK (setrlimit (RLIMIT_AS, &limit));
  CHECK_OK (getrlimit (RLIMIT_AS, &limit));
  CHECK_EQ (limit.rlim_cur, 1 << 30);
  CHECK_OK (setrlimit (RLIMIT_AS, &old));
  limit.rlim_cur = 2;
  limit.rlim_max = 1;
  CHECK_ERRNO (setrlimit (RLIMIT_STACK, &limit), EINVAL);
  CHECK_ERRNO (getrlimit (99, &limit), EINVAL);
  CHECK_OK (getrlimit (RLIMIT_NOFILE, &old));
  limit = old;
  limit.rlim_cur = 20;
  CHECK_OK (setrlimit (RLIMIT_NOFILE, &limit));
  CHECK_ERRNO (fcntl (0, F_DUPFD, 20), EINVAL);
  CHECK_OK (setrlimit (RLIMIT_NOFILE, &old));
}

static void
memory_of_others (void)
{
  char from[] = "remote", to[8] = "";
  struct iovec local = { to, 6 }, remote = { from, 6 };

  CHECK_EQ (process_vm_readv (getpid (), &local, 1, &remote, 1, 0), 6);
  CHECK (memcmp (to, "remote", 6) == 0);
  CHECK_ERRNO (process_vm_readv (getpid (), &local, 1, &remote, 1, 1), EINVAL);
  for (int i = 0; i < N_BAD; i++) {
    remote.iov_base = bad_address (i);
    remote.iov_len = 4096;
    local.iov_len = 6;
    if (i != 4)
      CHECK_ERRNO (process_vm_readv (getpid (), &local, 1, &remote, 1, 0), EFAULT);
  }
}

static void
semaphores (void)
{
  int id = semget (IPC_PRIVATE, 3, 0600);
  unsigned short values[3] = { 1, 2, 3 }, got[3];
  struct sembuf op = { 1, -5, IPC_NOWAIT };
  struct semid_ds ds;

  CHECK_OK (semctl (id, 0, SETALL, values));
  CHECK_OK (semctl (id, 0, GETALL, got));
  CHECK_EQ (got[2], 3);
  CHECK_OK (semctl (id, 1, SETVAL, 4));
  CHECK_EQ (semctl (id, 1, GETVAL), 4);
  CHECK_ERRNO (semop (id, &op, 1), EAGAIN);
  op.sem_op = -4;
  CHECK_OK (semop (id, &op, 1));
  CHECK_EQ (semctl (id, 1, GETPID), getpid ());
  CHECK_OK (semctl (id, 0, IPC_STAT, &ds));
  CHECK_EQ (ds.sem_nsems, 3);
  CHECK_EQ (ds.sem_perm.mode & 0777, 0600);
  CHECK (ds.sem_otime > 1700000000 && ds.sem_ctime > 1700000000);
  CHECK_OK (semctl (id, 0, IPC_RMID));
  CHECK_ERRNO (semop (id, &op, 1), EINVAL);
}

static void
shared_memory (void)
{
  int id = shmget (IPC_PRIVATE, 8192, 0600), status;
  struct shmid_ds ds;
  char *p = shmat (id, NULL, 0);

  CHECK (p != (char *)-1);
  CHECK_OK (shmctl (id, IPC_STAT, &ds));
  CHECK_EQ (ds.shm_segsz, 8192);
  CHECK_EQ (ds.shm_nattch, 1);
  CHECK_EQ (ds.shm_cpid, getpid ());
  CHECK (ds.shm_ctime > 1700000000);
  if (fork () == 0) {
    p[100] = 42;
    _exit (7);
  }
  CHECK_OK (wait (&status));
  CHECK_EQ (WEXITSTATUS (status), 7);
  CHECK_EQ (p[100], 42);
  CHECK_OK (shmctl (id, IPC_RMID, NULL));
  CHECK_OK (shmdt (p));
  CHECK_ERRNO (shmdt (p), EINVAL);
}

static void
queues (void)
{
  struct {
    long type;
    char text[16];
  } out = { 5, "message" }, in = { 0, "" };
  int id = msgget (IPC_PRIVATE, 0600);
  struct msqid_ds ds;
  struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 32 }, got;
  char name[32], buf[32];
  unsigned priority;
  mqd_t q;

  CHECK_OK (msgsnd (id, &out, 8, 0));
  CHECK_OK (msgctl (id, IPC_STAT, &ds));
  CHECK_EQ (ds.msg_qnum, 1);
  CHECK_EQ (ds.msg_lspid, getpid ());
  CHECK_EQ (msgrcv (id, &in, sizeof in.text, 5, 0), 8);
  CHECK (in.type == 5 && strcmp (in.text, "message") == 0);
  CHECK_ERRNO (msgrcv (id, &in, sizeof in.text, 0, IPC_NOWAIT), ENOMSG);
  CHECK_OK (msgctl (id, IPC_RMID, NULL));
  snprintf (name, sizeof name, "/vitrine-%d", getpid ());
  q = mq_open (name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &attr);
  if (q == (mqd_t)-1)
    return; /* a kernel without them */
  CHECK_OK (mq_getattr (q, &got));
  CHECK_EQ (got.mq_maxmsg, 4);
  CHECK_EQ (got.mq_msgsize, 32);
  CHECK_EQ (got.mq_flags, O_NONBLOCK);
  CHECK_OK (mq_send (q, "low", 4, 1));
  CHECK_OK (mq_send (q, "high", 5, 9));
  CHECK_EQ (mq_receive (q, buf, sizeof buf, &priority), 5);
  CHECK_EQ (priority, 9);
  CHECK_ERRNO (mq_receive (q, buf, 4, &priority), EMSGSIZE);
  CHECK_OK (mq_unlink (name));
  mq_close (q);
}

int
main (void)
{
  identity ();
  limits ();
  memory_of_others ();
  semaphores ();
  shared_memory ();
  queues ();
  return check_end ();
}
