#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the seed files of corpus/decode: each kind of instruction, jumps into each other, ends in mid-instruction.

usage: make-decode-corpus.py LIST-RANDOM [FOLDER]     (LIST-RANDOM: tests/unit/riscv/list-random, built)
"""

import pathlib
import struct
import subprocess
import sys

PER_FILE = 60


def main():
    folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else pathlib.Path(__file__).parent / "corpus/decode")
    folder.mkdir(parents=True, exist_ok=True)
    for head, bits in ((0, "64"), (1, "32")):
        rows = [line.split("\t") for line in
                subprocess.run([sys.argv[1], bits, "1"], capture_output=True, text=True, check=True).stdout.splitlines()]
        plain = [(int(r[0]), int(r[1], 16)) for r in rows if r[2] not in ("ecall", "ebreak", "c.ebreak", "jal", "jalr", "c.j")]
        for i in range(0, len(plain), PER_FILE):
            body = b"".join(struct.pack("<I", w)[:n] for n, w in plain[i:i + PER_FILE])
            (folder / f"rv{bits}-{i // PER_FILE}").write_bytes(bytes([head]) + body)
    words = {
        "loop": [0xFFF50513, 0xFE051EE3], "self": [0x0000006F], "call-ret": [0x008000EF, 0xFE000CE3, 0x00008067],
        "backwards": [0x00000013, 0xFFDFF06F], "odd-target": [0x00500067, 0x0030006F],
        "illegal": [0x00000000, 0xFFFFFFFF], "branches": [0x00B50463, 0x00C50263, 0xFEB51CE3, 0xFEC506E3] * 20,
    }
    for name, code in words.items():
        data = b"".join(struct.pack("<I", w) for w in code)
        (folder / name).write_bytes(b"\0" + data)
        (folder / (name + "-exact")).write_bytes(b"\2" + data)
    (folder / "cut").write_bytes(b"\0\x13\x05\xf5")
    (folder / "one").write_bytes(b"\0\x13")


if __name__ == "__main__":
    main()
