/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processes: fork, waiting, execve, limits, names, accounting. */
#include "runtime.h"

#include <linux/auxvec.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/resource.h>
#include <linux/signal.h>
#include <linux/sysinfo.h>
#include <linux/times.h>
#include <linux/utsname.h>
#include <linux/wait.h>

static char **environment;

static void
test_wait (void)
{
  siginfo_t info;
  struct rusage usage;
  long pid = fork_process ();
  if (pid == 0)
    exit_process (77);
  memset (&info, 0, sizeof info);
  memset (&usage, 0xff, sizeof usage);
  _Static_assert (sizeof usage == 72, "struct rusage");
  CHECK_OK (CALL (waitid, P_PID, pid, &info, WEXITED | WNOWAIT, &usage));
  CHECK (info.si_signo == SIGCHLD && info.si_code == CLD_EXITED && info.si_status == 77);
  CHECK_EQ (info.si_pid, pid);
  CHECK (usage.ru_maxrss > 0 && usage.ru_utime.tv_sec == 0 && usage.ru_utime.tv_usec < 1000000);
  CHECK_OK (CALL (waitid, P_ALL, 0, 0, WEXITED, 0));
  CHECK_EQ (CALL (waitid, P_ALL, 0, &info, WEXITED, 0), -ECHILD);
  pid = fork_process ();
  if (pid == 0) {
    CALL (kill, CALL (getpid), SIGKILL);
    exit_process (0);
  }
  CHECK_OK (CALL (waitid, P_PID, pid, &info, WEXITED, 0));
  CHECK (info.si_code == CLD_KILLED && info.si_status == SIGKILL);
  /* wait4 takes a time of 32 bits, so this port does not have it. */
  if (!under_qemu)
    CHECK_EQ (syscall6 (260, -1, 0, 0, 0, 0, 0), -ENOSYS);
  CHECK_EQ (syscall6 (101, 0, 0, 0, 0, 0, 0), -ENOSYS);
}

static const char *
env_value (char **env, const char *name)
{
  for (size_t n = strlen (name); *env; env++)
    if (memcmp (*env, name, n) == 0 && (*env)[n] == '=')
      return *env + n + 1;
  return "";
}

static void
test_exec (void)
{
  char *argv[] = { "renamed", "after-exec", "two words", NULL }, *env[] = { "GREETING=hello", NULL };
  char *argv_last[] = { "x", NULL };
  CHECK_EQ (CALL (execve, "/nowhere", argv_last, env), -ENOENT);
  CHECK_EQ (CALL (execve, "/", argv_last, env), -EACCES);
  CHECK_EQ (CALL (execve, "/nowhere", 8, env), -EFAULT);
  if (under_qemu) /* It leaves that to the host, which may not know how. */
    return;
  long pid = fork_process ();
  if (pid == 0) {
    uint64_t blocked = 1ULL << (SIGUSR1 - 1);
    CALL (rt_sigprocmask, SIG_BLOCK, &blocked, 0, 8);
    CALL (execve, "/proc/self/exe", argv, env);
    exit_process (1);
  }
  CHECK_CHILD (pid);
}

/* What the program sees that test_exec() starts. */
static int
after_exec (int argc, char **argv, char **env)
{
  uint64_t mask = 0;
  CHECK_EQ (argc, 3);
  CHECK (same (argv[0], "renamed") && same (argv[2], "two words"));
  CHECK (same (env_value (env, "GREETING"), "hello"));
  CHECK_OK (CALL (rt_sigprocmask, SIG_BLOCK, 0, &mask, 8));
  CHECK (mask == 1ULL << (SIGUSR1 - 1));
  return check_end ();
}

static void
test_auxv (void)
{
  uint32_t *aux = (uint32_t *)environment, value[64] = { 0 };
  while (*aux++)
    ;
  for (; aux[0]; aux += 2)
    if (aux[0] < 64)
      value[aux[0]] = aux[1];
  CHECK_EQ (value[AT_PAGESZ], 4096);
  CHECK_EQ (value[AT_PHENT], 32);
  CHECK_EQ (value[AT_CLKTCK], 100);
  CHECK_EQ (value[AT_HWCAP] & 0x112d, 0x112d); /* IMAFDC */
  CHECK_EQ (value[AT_UID], CALL (getuid));
  CHECK (value[AT_RANDOM] &&
         same ((char *)value[AT_EXECFN] + strlen ((char *)value[AT_EXECFN]) - 7, "process"));
  if (!under_qemu) {
    CHECK (value[AT_SYSINFO_EHDR] && memcmp ((char *)value[AT_SYSINFO_EHDR], "\177ELF\1", 5) == 0);
    CHECK (value[AT_MINSIGSTKSZ] > 800 && value[AT_MINSIGSTKSZ] < 2048);
  }
}

static void
test_limits (void)
{
  struct rlimit64 limit, wanted;
  CHECK_OK (CALL (prlimit64, 0, RLIMIT_NOFILE, 0, &limit));
  CHECK (limit.rlim_cur > 2 && limit.rlim_cur <= limit.rlim_max);
  wanted = limit;
  wanted.rlim_cur = 100;
  CHECK_OK (CALL (prlimit64, 0, RLIMIT_NOFILE, &wanted, 0));
  CHECK_OK (CALL (prlimit64, 0, RLIMIT_NOFILE, &limit, &wanted));
  CHECK (wanted.rlim_cur == 100);
  wanted.rlim_cur = 2, wanted.rlim_max = 1;
  CHECK_EQ (CALL (prlimit64, 0, RLIMIT_CORE, &wanted, 0), -EINVAL);
  CHECK_OK (CALL (prlimit64, 0, RLIMIT_CORE, 0, &limit));
  CHECK_EQ (CALL (prlimit64, 0, 99, 0, &limit), -EINVAL);
}

static void
test_names (void)
{
  struct new_utsname name;
  struct sysinfo system;
  struct tms times;
  uint32_t cpu = 999, ids[3];
  CHECK_OK (CALL (uname, &name));
  CHECK (same (name.sysname, "Linux") && same (name.machine, "riscv32"));
  memset (&system, 0xff, sizeof system);
  CHECK_OK (CALL (sysinfo, &system));
  CHECK (system.mem_unit >= 1 && system.totalram > 0 && system.procs > 0);
  if (!under_qemu) /* It cuts the numbers off instead of choosing a unit for them. */
    CHECK (system.freeram <= system.totalram);
  CHECK (system.totalhigh <= system.totalram);
  memset (&times, 0xff, sizeof times);
  CHECK_OK (CALL (times, &times));
  CHECK (times.tms_utime < 1000 && times.tms_cutime < 1000);
  CHECK_OK (CALL (getcpu, &cpu, 0, 0));
  CHECK (cpu < 999);
  CHECK_OK (CALL (getresuid, ids, ids + 1, ids + 2));
  CHECK_EQ (ids[1], CALL (geteuid));
  uint32_t set[32] = { 0 };
  CHECK (CALL (sched_getaffinity, 0, sizeof set, set) % 4 == 0 && (set[0] || set[1]));
  CHECK_EQ (CALL (sched_getaffinity, 0, 3, set), -EINVAL);
}

int
guest_main (int argc, char **argv, char **envp)
{
  if (argc > 1 && same (argv[1], "after-exec"))
    return after_exec (argc, argv, envp);
  environment = envp;
  test_wait ();
  test_exec ();
  test_auxv ();
  test_limits ();
  test_names ();
  return check_end ();
}
