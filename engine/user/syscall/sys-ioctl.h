/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/* Name of an ioctl request that has a row, or NULL. */
const char *user_ioctl_name (uint32_t request);
