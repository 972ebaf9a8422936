#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the seeds of fuzz-virtio: well-behaved drivers, each form of ring. Usage: make-corpus.py DIRECTORY"""

import struct
import sys
from pathlib import Path

RAM = 0x80000000


def ram(offset, data):
    return bytes([2]) + struct.pack("<HB", offset, len(data)) + data


def desc(addr, length, flags, last):
    return struct.pack("<QIHH", addr, length, flags, last)


def begin(form, queue):
    return bytes([7, form, 6, queue]) + struct.pack("<H", 16) + bytes([8])


def split(queue, indirect):
    base = queue * 0x1000
    chain = [desc(RAM + 0x3800, 64, 1, 1), desc(RAM + 0x3900, 64, 2, 0)]
    if indirect:
        text = ram(0x3c00, b"".join(chain)) + ram(base, desc(RAM + 0x3c00, 32, 4, 0))
    else:
        text = ram(base, b"".join(chain))
    return text + ram(base + 0x800, struct.pack("<HHH", 0, 1, 0))


def packed(queue, indirect):
    base = queue * 0x1000
    if indirect:
        table = desc(RAM + 0x3800, 64, 0, 0) + desc(RAM + 0x3900, 64, 0, 2)
        return ram(0x3c00, table) + ram(base, desc(RAM + 0x3c00, 32, 5, 0x84))
    return ram(base, desc(RAM + 0x3800, 64, 5, 0x81) + desc(RAM + 0x3900, 64, 5, 0x82))


def main():
    directory = Path(sys.argv[1])
    for transport, name, forms in (0, "mmio", range(8)), (1, "pci", [3, 6]), (2, "intx", [5]):
        for form in forms:
            text = bytes([transport])
            for queue in range(3):
                ring = (packed if form & 1 else split)(queue, bool(form & 4))
                text += begin(form, queue) + ring + bytes([3, queue, 12, 4, 5, 8, 10, 12, 11, queue])
            (directory / f"{name}-{form}").write_bytes(text)


main()
