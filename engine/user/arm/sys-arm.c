/* SPDX-License-Identifier: GPL-3.0-or-later */

/* System calls and options that only 64-bit Arm has. */

#include "sys-arm.h"

#include "arm-cpu.h"
#include <errno.h>
#include <linux/prctl.h>

#ifndef PR_PAC_SET_ENABLED_KEYS
#define PR_PAC_SET_ENABLED_KEYS 60
#define PR_PAC_GET_ENABLED_KEYS 61
#endif

/* PR_PAC_RESET_KEYS (set of keys, 0, 0, 0): no keys means all. */
static int64_t
reset_keys (ArmCpu *arm, const uint64_t *a)
{
  const uint64_t all = PR_PAC_APIAKEY | PR_PAC_APIBKEY | PR_PAC_APDAKEY | PR_PAC_APDBKEY | PR_PAC_APGAKEY;
  G_STATIC_ASSERT (PR_PAC_APIAKEY == 1 << ARM_KEY_IA && PR_PAC_APGAKEY == 1 << ARM_KEY_GA);
  if (!arm_has (arm, ARM_EXT_PAUTH) || (a[1] & ~all) || a[2] || a[3] || a[4])
    return -EINVAL;
  arm_cpu_reset_keys (arm, (unsigned)(a[1] ? a[1] : all));
  return 0;
}

#define ADDRESS_KEYS (PR_PAC_APIAKEY | PR_PAC_APIBKEY | PR_PAC_APDAKEY | PR_PAC_APDBKEY)

/* PR_PAC_SET_ENABLED_KEYS (set of keys, which of them to enable, 0, 0). */
static int64_t
enable_keys (ArmCpu *arm, const uint64_t *a)
{
  if (!arm_has (arm, ARM_EXT_PAUTH) || (a[1] & ~(uint64_t)ADDRESS_KEYS) || (a[2] & ~a[1]) || a[3] || a[4])
    return -EINVAL;
  const uint32_t keys = (uint32_t)a[1] << ARM_MODE_NO_KEY_SHIFT,
                 enabled = (uint32_t)a[2] << ARM_MODE_NO_KEY_SHIFT;
  arm->cpu.state.mode = (arm->cpu.state.mode & ~keys) | (keys & ~enabled);
  return 0;
}

static int64_t
get_enabled_keys (const ArmCpu *arm, const uint64_t *a)
{
  if (!arm_has (arm, ARM_EXT_PAUTH) || a[1] || a[2] || a[3] || a[4])
    return -EINVAL;
  return ~(arm->cpu.state.mode >> ARM_MODE_NO_KEY_SHIFT) & ADDRESS_KEYS;
}

/* The tagged address ABI: only whether it is on; there are no tags in memory to check. */
static int64_t
set_tagged_addresses (UserThread *thread, const uint64_t *a)
{
  if ((a[1] & ~(uint64_t)PR_TAGGED_ADDR_ENABLE) || a[2] || a[3] || a[4])
    return -EINVAL;
  thread->tagged_pointers = a[1] != 0;
  return 0;
}

static int64_t
get_tagged_addresses (const UserThread *thread, const uint64_t *a)
{
  if (a[1] || a[2] || a[3] || a[4])
    return -EINVAL;
  return thread->tagged_pointers ? PR_TAGGED_ADDR_ENABLE : 0;
}

int64_t
user_arm_prctl (UserThread *thread, const uint64_t *a)
{
  ArmCpu *arm = (ArmCpu *)thread->cpu;
  switch ((int)a[0]) {
    case PR_PAC_RESET_KEYS: return reset_keys (arm, a);
    case PR_SET_TAGGED_ADDR_CTRL: return set_tagged_addresses (thread, a);
    case PR_GET_TAGGED_ADDR_CTRL: return get_tagged_addresses (thread, a);
    case PR_PAC_SET_ENABLED_KEYS: return enable_keys (arm, a);
    case PR_PAC_GET_ENABLED_KEYS: return get_enabled_keys (arm, a);
    /* There are no scalable vectors. */
    case PR_SVE_SET_VL:
    case PR_SVE_GET_VL: return -EINVAL;
    default: return -ENOSYS;
  }
}
