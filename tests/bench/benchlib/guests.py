# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between guests: their compiler, the programs that run them, and Debian's name for them. A guest with
another processor is one of its own."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Guest:
    compiler: str
    ours: str
    qemu: str
    debian: str
    ours_options: tuple = ()
    qemu_options: tuple = ()


GUESTS = {
    'riscv64': Guest('riscv64-linux-gnu-gcc', 'vitrine-riscv64', 'qemu-riscv64', 'riscv64'),
    # QEMU computes Arm's own pointer authentication code slowly; its option takes a faster one, as ours is.
    'aarch64': Guest('aarch64-linux-gnu-gcc', 'vitrine-aarch64', 'qemu-aarch64', 'arm64',
                     qemu_options=('-cpu', 'max,pauth-impdef=on')),
    'aarch64-a72': Guest('aarch64-linux-gnu-gcc', 'vitrine-aarch64', 'qemu-aarch64', 'arm64',
                         ours_options=('-cpu', 'cortex-a72'), qemu_options=('-cpu', 'cortex-a72')),
}
