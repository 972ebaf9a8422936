/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Resource limits on memory. On the host they would bind the translator and its code cache too, so the
 * guest's values are kept here, shown to it and applied to its own mappings. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* Whether the guest's limit on `resource` is its own: RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK. */
bool user_limit_is_own (unsigned resource);
/* The guest's soft limit of such a resource. */
uint64_t user_limit_soft (unsigned resource);
/* prlimit64() on it: changes it unless `wanted` is NULL. 0 or a negative errno. */
int64_t user_limit_change (unsigned resource, const struct rlimit64 *wanted, struct rlimit64 *ret_old);

/* The limits the guest has changed as text for the program that execve starts, or NULL. */
char *user_limits_save (void);
/* Takes them over; false if the text is not one of user_limits_save(). */
bool user_limits_restore (const char *text);
