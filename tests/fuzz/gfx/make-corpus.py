#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the seeds of fuzz-gpu: well-behaved drivers. Usage: make-corpus.py DIRECTORY"""

import struct
import sys
from pathlib import Path

RAM = 0x80100000
SAVE, RESIZE, LOOK, RESET = 1, 2, 3, 4


def step(command, queue=0, room=0, then=0):
    return bytes([queue | room << 1 | then << 3, len(command)]) + command


def header(kind, flags=0, fence=0):
    return struct.pack("<IIQII", kind, flags, fence, 0, 0)


def create(number, form, width, height):
    return header(0x101) + struct.pack("<IIII", number, form, width, height)


def unref(number):
    return header(0x102) + struct.pack("<II", number, 0)


def scanout(index, number, *rect):
    return header(0x103) + struct.pack("<IIIIII", *rect, index, number)


def flush(number, *rect):
    return header(0x104) + struct.pack("<IIIIII", *rect, number, 0)


def transfer(number, offset, *rect):
    return header(0x105, 1, 77) + struct.pack("<IIIIQII", *rect, offset, number, 0)


def attach(number, *entries):
    return (header(0x106) + struct.pack("<II", number, len(entries))
            + b"".join(struct.pack("<QII", addr, size, 0) for addr, size in entries))


def detach(number):
    return header(0x107) + struct.pack("<II", number, 0)


def cursor(kind, index, number):
    return header(kind) + struct.pack("<IIIIIIII", index, 10, 20, 0, number, 1, 2, 0)


def frame(form):
    return (step(create(1, form, 64, 48)) + step(attach(1, (RAM, 8000), (RAM + 9001, 4288)))
            + step(scanout(0, 1, 0, 0, 64, 48)) + step(transfer(1, 0, 0, 0, 64, 48), then=LOOK)
            + step(flush(1, 0, 0, 64, 48)))


def main():
    directory = Path(sys.argv[1])
    seeds = {
        "information": step(header(0x100), room=2) + step(header(0x10a) + struct.pack("<II", 1, 0), room=2, then=RESIZE),
        "cursor": step(create(2, 1, 64, 64)) + step(cursor(0x300, 0, 2), 1) + step(cursor(0x301, 1, 2), 1, 1)
        + step(cursor(0x300, 0, 0), 1, then=SAVE),
        "parts": frame(2) + step(transfer(1, 4 * 64 * 5 + 8, 3, 7, 20, 10)) + step(scanout(1, 1, 8, 8, 16, 16), then=LOOK)
        + step(flush(1, 4, 4, 30, 30)) + step(detach(1)) + step(transfer(1, 0, 0, 0, 1, 1)),
        "save": frame(67) + step(scanout(1, 1, 1, 1, 10, 10), then=SAVE) + step(transfer(1, 0, 0, 0, 64, 48), then=LOOK)
        + step(unref(1), then=LOOK),
        "reset": frame(121) + step(unref(9), then=RESET) + frame(134) + step(scanout(0, 0, 0, 0, 0, 0), then=LOOK),
        "odd": step(header(0x200)) + step(b"") + step(header(0x105)) + step(create(3, 2, 0xFFFFFFFF, 0xFFFFFFFF))
        + step(create(3, 3, 1000, 1000)) + step(create(4, 4, 1000, 1000)) + step(attach(3, (1 << 63, 0xFFFFFFFF))),
    }
    for form in (1, 3, 4, 68):
        seeds[f"frame-{form}"] = frame(form)
    for name, text in seeds.items():
        (directory / name).write_bytes(text)


main()
