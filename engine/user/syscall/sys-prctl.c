/* SPDX-License-Identifier: GPL-3.0-or-later */

/* prctl, by a table of the options the guest may have. Those about the processor, the address space or the
 * system call table of the host are refused as by a kernel without them. */

#include "syscall.h"
#include "user-abi.h"
#include <errno.h>
#include <linux/prctl.h>
#include <sys/syscall.h>

typedef enum {
  PRCTL_REFUSED,
  PRCTL_NUMBERS, /* no pointers */
  PRCTL_POINTER, /* the second argument points to `size` bytes */
} PrctlKind;

typedef struct {
  uint8_t kind, size;
} Prctl;

/* Options 0 to 79. */
static const Prctl options[80] = {
  [PR_SET_PDEATHSIG] = { PRCTL_NUMBERS },
  [PR_GET_PDEATHSIG] = { PRCTL_POINTER, 4 },
  [PR_GET_DUMPABLE] = { PRCTL_NUMBERS },
  [PR_SET_DUMPABLE] = { PRCTL_NUMBERS },
  [PR_GET_KEEPCAPS] = { PRCTL_NUMBERS },
  [PR_SET_KEEPCAPS] = { PRCTL_NUMBERS },
  [PR_GET_TIMING] = { PRCTL_NUMBERS },
  [PR_SET_TIMING] = { PRCTL_NUMBERS },
  [PR_SET_NAME] = { PRCTL_POINTER, 1 },
  [PR_GET_NAME] = { PRCTL_POINTER, 16 },
  [PR_CAPBSET_READ] = { PRCTL_NUMBERS },
  [PR_CAPBSET_DROP] = { PRCTL_NUMBERS },
  [PR_GET_SECUREBITS] = { PRCTL_NUMBERS },
  [PR_SET_SECUREBITS] = { PRCTL_NUMBERS },
  [PR_SET_TIMERSLACK] = { PRCTL_NUMBERS },
  [PR_GET_TIMERSLACK] = { PRCTL_NUMBERS },
  [PR_TASK_PERF_EVENTS_DISABLE] = { PRCTL_NUMBERS },
  [PR_TASK_PERF_EVENTS_ENABLE] = { PRCTL_NUMBERS },
  [PR_MCE_KILL] = { PRCTL_NUMBERS },
  [PR_MCE_KILL_GET] = { PRCTL_NUMBERS },
  [PR_SET_CHILD_SUBREAPER] = { PRCTL_NUMBERS },
  [PR_GET_CHILD_SUBREAPER] = { PRCTL_POINTER, 4 },
  [PR_SET_NO_NEW_PRIVS] = { PRCTL_NUMBERS },
  [PR_GET_NO_NEW_PRIVS] = { PRCTL_NUMBERS },
  [PR_SET_THP_DISABLE] = { PRCTL_NUMBERS },
  [PR_GET_THP_DISABLE] = { PRCTL_NUMBERS },
  [PR_CAP_AMBIENT] = { PRCTL_NUMBERS },
  [PR_GET_SPECULATION_CTRL] = { PRCTL_NUMBERS },
  [PR_SET_SPECULATION_CTRL] = { PRCTL_NUMBERS },
  [PR_SET_IO_FLUSHER] = { PRCTL_NUMBERS },
  [PR_GET_IO_FLUSHER] = { PRCTL_NUMBERS },
  [PR_SET_MEMORY_MERGE] = { PRCTL_NUMBERS },
  [PR_GET_MEMORY_MERGE] = { PRCTL_NUMBERS },
};

static int64_t
get_tid_address (const UserThread *thread, uint64_t addr)
{
  return user_write (addr, &thread->clear_child_tid, user_is_32 () ? 4 : 8);
}

/* The auxiliary vector the program was started with. */
static int64_t
get_auxv (uint64_t addr, uint64_t room, uint64_t must_be_zero)
{
  uint64_t size = user_process.auxv_end - user_process.auxv_start, n = MIN (size, room);
  g_autofree uint8_t *auxv = g_malloc (size + 1);

  if (must_be_zero != 0)
    return -EINVAL;
  if (user_read (auxv, user_process.auxv_start, size) < 0 || user_write (addr, auxv, n) < 0)
    return -EFAULT;
  return size;
}

/* Names of anonymous mappings: (PR_SET_VMA_ANON_NAME, address, length, name). */
static int64_t
set_vma_name (const uint64_t *a)
{
  if (a[1] != PR_SET_VMA_ANON_NAME)
    return -EINVAL;
  return HOST_CALL (__NR_prctl, a[0], a[1], user_ptr (a[2], a[3]), a[3], user_ptr (a[4], 1));
}

int64_t
sys_prctl (UserThread *thread, const uint64_t *a)
{
  unsigned option = (unsigned)a[0];
  const Prctl *row = option < G_N_ELEMENTS (options) ? &options[option] : NULL;
  int64_t (*port) (UserThread *, const uint64_t *) = user_process.abi->syscalls->prctl;
  uint64_t second = a[1];
  int64_t ret;

  if (port != NULL && (ret = port (thread, a)) != -ENOSYS)
    return ret;
  if (option == PR_SET_PTRACER)
    return HOST_CALL (__NR_prctl, option, user_is_32 () ? (uint64_t)(int32_t)a[1] : a[1], a[2], a[3], a[4]);
  if (option == PR_GET_AUXV)
    return get_auxv (a[1], a[2], a[3] | a[4]);
  if (option == PR_SET_VMA)
    return set_vma_name (a);
  if (option == PR_GET_TID_ADDRESS)
    return get_tid_address (thread, a[1]);
  if (row == NULL || row->kind == PRCTL_REFUSED) {
    user_unimp ("prctl option %u", option);
    return -EINVAL;
  }
  if (row->kind == PRCTL_POINTER)
    second = (uintptr_t)user_ptr (a[1], row->size);
  return HOST_CALL (__NR_prctl, option, second, a[2], a[3], a[4]);
}
