#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Shows where C files differ from what clang-format makes of them: check-format.sh SOURCE-ROOT CLANG-FORMAT
#
# To format a file: ./dev root clang-format -i FILE
set -euo pipefail
cd "$1"
# The one header for assembly is not C.
find engine tests \( -name '*.c' -o -name '*.h' \) ! -path tests/guest/riscv/test.h -print0 |
  xargs -0 -P "$(nproc)" -n 16 "$2" --dry-run --Werror
