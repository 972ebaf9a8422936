/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Time: only calls with 64-bit times exist here. Their structures leave four bytes of each nanosecond word to
 * chance, which must not be read. */
#include "runtime.h"

#include <linux/eventpoll.h>
#include <linux/ipc.h>
#include <linux/mqueue.h>
#include <linux/poll.h>
#include <linux/sem.h>
#include <linux/signal.h>
#include <linux/time.h>
#include <linux/timerfd.h>

typedef struct {
  int64_t sec;
  int32_t nsec;
  uint32_t chance;
} Time;
_Static_assert (sizeof (Time) == sizeof (struct __kernel_timespec), "struct __kernel_timespec");

static Time
time_of (int64_t sec, int32_t nsec)
{
  return (Time){ sec, nsec, 0xdeadbeef };
}

static int64_t
microseconds (void)
{
  Time now = { 0 };
  CALL (clock_gettime64, CLOCK_MONOTONIC, &now);
  return now.sec * 1000000 + (int32_t)((uint32_t)now.nsec / 1000);
}

static void
test_clocks (void)
{
  Time now = { 0 }, resolution = { 9, 9, 0 };
  CHECK_OK (CALL (clock_gettime64, CLOCK_REALTIME, &now));
  CHECK (now.sec > 1600000000 && now.nsec < 1000000000);
  CHECK_OK (CALL (clock_getres_time64, CLOCK_MONOTONIC, &resolution));
  CHECK (resolution.sec == 0 && resolution.nsec > 0);
  CHECK_EQ (CALL (clock_gettime64, 999, &now), -EINVAL);
  CHECK_EQ (CALL (clock_gettime64, CLOCK_REALTIME, 8), -EFAULT);
  int64_t before = microseconds ();
  Time pause = time_of (0, 20000000), bad = time_of (0, 1000000000);
  CHECK_OK (CALL (clock_nanosleep_time64, CLOCK_MONOTONIC, 0, &pause, 0));
  CHECK (microseconds () - before >= 20000);
  CHECK_EQ (CALL (clock_nanosleep_time64, CLOCK_MONOTONIC, 0, &bad, 0), -EINVAL);
  CHECK_OK (CALL (clock_gettime64, CLOCK_MONOTONIC, &now));
  now.chance = 77;
  CHECK_OK (CALL (clock_nanosleep_time64, CLOCK_MONOTONIC, TIMER_ABSTIME, &now, 0));
  CHECK_OK (CALL (sched_rr_get_interval_time64, 0, &now));
}

static void
test_timerfd (void)
{
  Time spec[2] = { time_of (0, 0), time_of (0, 5000000) }, old[2];
  uint64_t count = 0;
  long fd = CALL (timerfd_create, CLOCK_MONOTONIC, 0);
  CHECK_OK (CALL (timerfd_settime64, fd, 0, spec, 0));
  CHECK_EQ (CALL (read, fd, &count, 8), 8);
  CHECK (count == 1);
  spec[0] = spec[1] = time_of (0x100000000LL, 5);
  CHECK_OK (CALL (timerfd_settime64, fd, 0, spec, 0));
  CHECK_OK (CALL (timerfd_gettime64, fd, old));
  CHECK (old[0].sec == 0x100000000LL && old[0].nsec == 5 && old[1].sec >= 0xffffff00LL);
  CHECK_OK (CALL (close, fd));
}

static volatile int seen_sig, seen_code, seen_value;

static void
handler (int sig, siginfo_t *info, void *context)
{
  seen_sig = sig;
  seen_code = info->si_code;
  seen_value = info->si_int;
}

static void catch (int sig)
{
  uint32_t action[4] = { (uint32_t)handler, SA_SIGINFO, 0, 0 };
  CHECK_OK (CALL (rt_sigaction, sig, action, 0, 8));
}

static void
test_timers (void)
{
  struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
  Time spec[2] = { time_of (0, 0), time_of (0, 5000000) }, old[2];
  int id = -1;
  _Static_assert (sizeof event == 64, "struct sigevent");
  event.sigev_value.sival_int = 0x1234567;
  catch (SIGUSR1);
  CHECK_OK (CALL (timer_create, CLOCK_MONOTONIC, &event, &id));
  CHECK_OK (CALL (timer_settime64, id, 0, spec, old));
  for (int64_t end = microseconds () + 2000000; !seen_sig && microseconds () < end;)
    ;
  CHECK_EQ (seen_sig, SIGUSR1);
  CHECK_EQ (seen_code, SI_TIMER);
  CHECK_EQ (seen_value, 0x1234567);
  CHECK_OK (CALL (timer_gettime64, id, old));
  CHECK (old[1].sec == 0 && old[1].nsec == 0);
  CHECK_EQ (CALL (timer_getoverrun, id), 0);
  CHECK_OK (CALL (timer_delete, id));
}

static void
test_waiting (void)
{
  Time soon = time_of (0, 5000000);
  struct pollfd poll = { 0, POLLIN, 0 };
  uint32_t set[32] = { 0 }, expected;
  int fds[2];
  CHECK_OK (CALL (pipe2, fds, 0));
  poll.fd = fds[0];
  CHECK_EQ (CALL (ppoll_time64, &poll, 1, &soon, 0, 8), 0);
  soon = time_of (0, 5000000);
  set[fds[0] / 32] = expected = 1u << fds[0] % 32;
  CHECK_EQ (CALL (pselect6_time64, fds[0] + 1, set, 0, 0, &soon, 0), 0);
  CHECK_EQ (set[fds[0] / 32], 0);
  CHECK_EQ (CALL (write, fds[1], "x", 1), 1);
  soon = time_of (5, 0);
  CHECK_EQ (CALL (ppoll_time64, &poll, 1, &soon, 0, 8), 1);
  CHECK_EQ (poll.revents, POLLIN);
  /* The time that is left comes back. */
  CHECK (soon.sec == 4 || under_qemu);
  set[fds[0] / 32] = expected;
  uint64_t mask = 1ULL << (SIGUSR2 - 1);
  struct {
    uint64_t *mask;
    uint32_t size;
  } sigmask = { &mask, 8 };
  soon = time_of (5, 0);
  CHECK_EQ (CALL (pselect6_time64, fds[0] + 1, set, 0, 0, &soon, &sigmask), 1);
  CHECK_EQ (set[fds[0] / 32], expected);

  struct epoll_event event = { EPOLLIN, 0x123456789abcdef0 }, got;
  _Static_assert (sizeof event == 16, "struct epoll_event");
  long epoll = CALL (epoll_create1, 0);
  CHECK_OK (CALL (epoll_ctl, epoll, EPOLL_CTL_ADD, fds[0], &event));
  CHECK_EQ (CALL (epoll_pwait, epoll, &got, 1, 1000, &mask, 8), 1);
  CHECK (got.events == EPOLLIN && got.data == 0x123456789abcdef0);
  soon = time_of (1, 0);
  if (!under_qemu)
    CHECK_EQ (CALL (epoll_pwait2, epoll, &got, 1, &soon, 0, 8), 1);
  CHECK_OK (CALL (close, epoll));
  CHECK_OK (CALL (close, fds[0]));
  CHECK_OK (CALL (close, fds[1]));
}

static void
test_ipc (void)
{
  Time soon = time_of (0, 5000000);
  struct sembuf op = { 0, -1, 0 };
  long id = CALL (semget, IPC_PRIVATE, 2, IPC_CREAT | 0600);
  CHECK_EQ (CALL (semtimedop_time64, id, &op, 1, &soon), -EAGAIN);
  CHECK_OK (CALL (semctl, id, 0, SETVAL, 1));
  CHECK_EQ (CALL (semtimedop_time64, id, &op, 1, &soon), 0);
  struct semid64_ds ds;
  memset (&ds, 0xff, sizeof ds);
  CHECK_OK (CALL (semctl, id, 0, IPC_STAT | IPC_64, &ds));
  if (!under_qemu)
    CHECK (ds.sem_nsems == 2 && ds.sem_otime_high == 0 && ds.sem_otime > 1600000000);
  uint16_t values[2] = { 3, 4 };
  CHECK_OK (CALL (semctl, id, 0, SETALL, values));
  CHECK_EQ (CALL (semctl, id, 1, GETVAL, 0), 4);
  CHECK_OK (CALL (semctl, id, 0, IPC_RMID, 0));

  struct mq_attr attr = { .mq_maxmsg = 3, .mq_msgsize = 16 }, got;
  char text[16];
  uint32_t priority = 0;
  long mq = CALL (mq_open, "rv32-queue", O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
  if (mq == -ENOSYS || mq == -EACCES || under_qemu) /* Not each kernel or container has queues. */
    return;
  CHECK_OK (CALL (mq_unlink, "rv32-queue"));
  CHECK_EQ (CALL (mq_timedreceive_time64, mq, text, 16, 0, &soon), -ETIMEDOUT);
  CHECK_OK (CALL (mq_timedsend_time64, mq, "hello", 5, 7, &soon));
  CHECK_OK (CALL (mq_getsetattr, mq, 0, &got));
  CHECK (got.mq_maxmsg == 3 && got.mq_msgsize == 16 && got.mq_curmsgs == 1);
  CHECK_EQ (CALL (mq_timedreceive_time64, mq, text, 16, &priority, &soon), 5);
  CHECK_EQ (priority, 7);
  CHECK_OK (CALL (close, mq));
}

int
guest_main (int argc, char **argv, char **envp)
{
  test_clocks ();
  test_timerfd ();
  test_timers ();
  test_waiting ();
  test_ipc ();
  return check_end ();
}
