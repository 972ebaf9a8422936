/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "user.h"

int64_t user_riscv_prctl (UserThread *thread, const uint64_t *a);
