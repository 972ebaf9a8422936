/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "user.h"

UserProcess user_process = { .exec_fd = -1 };
_Thread_local UserThread *user_self;
