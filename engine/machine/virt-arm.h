/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Arm's "virt" board, with QEMU's memory map: firmware and kernels built for that run here unmodified. */

#include "machine.h"

extern const Board virt_board_aarch64;
