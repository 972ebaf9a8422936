/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Tells AddressSanitizer when a host thread goes on on another stack; nothing without it. */

#include <stddef.h>

#if defined __has_feature
#if __has_feature(address_sanitizer)
#define HOST_STACK_CHECKED 1
#endif
#endif
#if defined __SANITIZE_ADDRESS__
#define HOST_STACK_CHECKED 1
#endif

typedef struct {
  void *fake;
  const void *bottom;
  size_t size;
} HostStack;

#ifdef HOST_STACK_CHECKED
#include <sanitizer/common_interface_defs.h>

/* The last thing before the switch to a stack of `size` bytes above `bottom`. */
static inline void
host_stack_leave (HostStack *old, const void *bottom, size_t size)
{
  __sanitizer_start_switch_fiber (&old->fake, bottom, size);
}

/* The first thing after it, on the new stack: notes where the old one was. */
static inline void
host_stack_enter (HostStack *old)
{
  __sanitizer_finish_switch_fiber (NULL, &old->bottom, &old->size);
}

/* Back on the old stack, whether or not the new one was entered. */
static inline void
host_stack_return (HostStack *old)
{
  void *fake = NULL;
  if (!old->size)
    host_stack_enter (old);
  __sanitizer_start_switch_fiber (&fake, old->bottom, old->size);
  __sanitizer_finish_switch_fiber (old->fake, NULL, NULL);
}
#else
static inline void
host_stack_leave (HostStack *old, const void *bottom, size_t size)
{
}

static inline void
host_stack_enter (HostStack *old)
{
}

static inline void
host_stack_return (HostStack *old)
{
}
#endif
