# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between guests: their compiler, the programs that run them, and Debian's name for them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Guest:
    compiler: str
    ours: str
    qemu: str
    debian: str


GUESTS = {
    'riscv64': Guest('riscv64-linux-gnu-gcc', 'vitrine-riscv64', 'qemu-riscv64', 'riscv64'),
}
