/* SPDX-License-Identifier: GPL-3.0-or-later */

/* System calls that only RISC-V has. */

#include "sys-riscv.h"

#include "riscv-cpu.h"
#include "syscall/syscall.h"
#include <errno.h>
#include <linux/prctl.h>
#include <sched.h>
#include <unistd.h>

/* ---- riscv_hwprobe ---- */

#define PROBE_WHICH_CPUS 1
enum { KEY_BASE_BEHAVIOR = 3, KEY_IMA_EXT_0 = 4 };

typedef struct {
  int64_t key;
  uint64_t value;
} ProbePair;

/* The processors asked about, of those there are; -EINVAL for none. Bytes beyond the guest's mask are zero.
 */
static int
read_cpus (cpu_set_t *ret_set, uint64_t size, uint64_t addr)
{
  cpu_set_t online;

  CPU_ZERO (ret_set);
  if (user_read (ret_set, addr, MIN (size, sizeof *ret_set)) < 0)
    return -EFAULT;
  CPU_ZERO (&online);
  for (long i = 0; i < sysconf (_SC_NPROCESSORS_ONLN) && i < CPU_SETSIZE; i++)
    CPU_SET (i, &online);
  CPU_AND (ret_set, ret_set, &online);
  return 0;
}

static bool
probe (const Cpu *cpu, int64_t key, uint64_t *ret_value)
{
  return riscv_cpu_hwprobe ((const RiscvCpu *)cpu, key, ret_value);
}

static int64_t
probe_values (const Cpu *cpu, uint64_t pairs, uint64_t n)
{
  for (uint64_t i = 0; i < n; i++) {
    ProbePair pair;

    if (user_read (&pair, pairs + i * sizeof pair, sizeof pair) < 0)
      return -EFAULT;
    if (!probe (cpu, pair.key, &pair.value))
      pair = (ProbePair){ -1, 0 };
    if (user_write (pairs + i * sizeof pair, &pair, sizeof pair) < 0)
      return -EFAULT;
  }
  return 0;
}

/* All our processors are alike: either all have the values asked for, or none. */
static int64_t
probe_which (const Cpu *cpu, uint64_t pairs, uint64_t n, uint64_t size, uint64_t cpus)
{
  cpu_set_t set;
  bool all = true;

  if (size == 0 || cpus == 0)
    return -EINVAL;
  if (read_cpus (&set, size, cpus) < 0)
    return -EFAULT;
  if (CPU_COUNT (&set) == 0)
    for (long i = 0; i < sysconf (_SC_NPROCESSORS_ONLN) && i < (long)MIN (size, sizeof set) * 8; i++)
      CPU_SET (i, &set);
  for (uint64_t i = 0; i < n; i++) {
    ProbePair pair;
    uint64_t ours;
    bool bits;

    if (user_read (&pair, pairs + i * sizeof pair, sizeof pair) < 0)
      return -EFAULT;
    bits = pair.key == KEY_BASE_BEHAVIOR || pair.key == KEY_IMA_EXT_0;
    if (!probe (cpu, pair.key, &ours)) {
      pair = (ProbePair){ -1, 0 };
      if (user_write (pairs + i * sizeof pair, &pair, sizeof pair) < 0)
        return -EFAULT;
      all = false;
    } else if (bits ? (ours & pair.value) != pair.value : ours != pair.value)
      all = false;
  }
  if (!all)
    CPU_ZERO (&set);
  return user_write (cpus, &set, MIN (size, sizeof set));
}

int64_t
sys_riscv_hwprobe (UserThread *thread, const uint64_t *a)
{
  cpu_set_t set;

  if (a[4] == PROBE_WHICH_CPUS)
    return probe_which (thread->cpu, a[0], a[1], a[2], a[3]);
  if (a[4] != 0)
    return -EINVAL;
  if (a[2] != 0 || a[3] != 0) {
    if (read_cpus (&set, a[2], a[3]) < 0)
      return -EFAULT;
    if (CPU_COUNT (&set) == 0)
      return -EINVAL;
  }
  return probe_values (thread->cpu, a[0], a[1]);
}

/* Linux flushes everything whatever the range is; a sensible range saves us the look at the rest. */
int64_t
sys_riscv_flush_icache (UserThread *thread, const uint64_t *a)
{
  if (a[2] & ~UINT64_C (1))
    return -EINVAL;
  if (a[0] < a[1] && a[1] <= guest_space_size)
    cpu_flush_icache (a[0], a[1] - a[0]);
  else
    cpu_flush_icache (0, guest_space_size);
  return 0;
}

/* ---- prctl ---- */

/* Whether fence.i may be executed by user code directly. It always may, on every processor at once. */
int64_t
user_riscv_prctl (UserThread *thread, const uint64_t *a)
{
  if (a[0] != PR_RISCV_SET_ICACHE_FLUSH_CTX)
    return -ENOSYS;
  return a[1] <= PR_RISCV_CTX_SW_FENCEI_OFF && a[2] <= PR_RISCV_SCOPE_PER_THREAD ? 0 : -EINVAL;
}
