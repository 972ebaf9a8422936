#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random encodings of every instruction must mean to binutils what they mean to us.

usage: test-objdump.py LIST-RANDOM TOOL-PREFIX 32|64
"""

import re
import subprocess
import sys
import tempfile

EXTENSIONS = ("g c zicntr zimop zcmop zihintpause zihintntl zicbom zicboz zicbop zawrs zacas zabha zfh zfa "
              "zba zbb zbs zbc zbkb zcb zicond svinval").split()
JUMPS = ("jal", "c.j", "c.jal", "beq", "bne", "blt", "bge", "bltu", "bgeu", "c.beqz", "c.bnez")


def normal(text):
    """Without what is a matter of taste: comments, symbols, number bases, spellings of one thing."""
    text = re.sub(r"\s*(#.*|<.*>)$", "", text.strip())
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"-?\b0x[0-9a-f]+\b(?!p)", lambda m: str(int(m[0], 16)), text)
    return text


def same(word, name, ours, theirs):
    if ours == theirs:
        return True
    # To hardware, reserved fields of a fence mean nothing; objdump refuses them.
    if name.startswith("fence") and theirs.startswith(".insn"):
        return int(word, 16) & 0xf00f8f80 != 0
    if name == "c.nop":
        return theirs.startswith(("c.nop", "c.addi zero,"))
    if name.startswith("csr"):  # we name only the registers that exist here
        return ours.split(",")[0::2] == theirs.split(",")[0::2] and ours.split()[0] == theirs.split()[0]
    if name in ("c.slli", "c.srli", "c.srai") and ours.endswith(",0"):  # a hint objdump calls c.slli64
        return theirs.startswith(name)
    if name in JUMPS:
        return ours.replace(",", " ").split()[:-1] == theirs.replace(",", " ").split()[:-1] and \
            int(ours.replace(",", " ").split()[-1], 16) == int(theirs.replace(",", " ").split()[-1], 16)
    # objdump knows conversions that are always exact with one rounding mode only.
    if re.search(r",(rtz|rdn|rup|rmm|dyn)$", ours) and theirs.startswith(".insn"):
        return name in ("fcvt.d.w", "fcvt.d.wu", "fcvt.d.s", "fcvt.s.h", "fcvt.d.h")
    return False


def main():
    lister, prefix, bits = sys.argv[1], sys.argv[2], sys.argv[3]
    rows = [line.rstrip("\n").split("\t", 3)
            for line in subprocess.run([lister, bits, "40"], capture_output=True, text=True, check=True).stdout.splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/all.s", "w", encoding="utf-8") as out:
            for size, word, _, _ in rows:
                out.write(f".insn {size}, 0x{word}\n")
        march = f"rv{bits}g" + "_".join(EXTENSIONS[1:])
        subprocess.run([prefix + "as", "-march=" + march, "-mabi=" + {"32": "ilp32d", "64": "lp64d"}[bits],
                        "-o", f"{folder}/all.o", f"{folder}/all.s"], check=True)
        dump = subprocess.run([prefix + "objdump", "-d", "-M", "no-aliases", f"{folder}/all.o"], capture_output=True,
                              text=True, check=True).stdout
    lines = [m for m in (re.match(r"\s*([0-9a-f]+):\s+([0-9a-f]+)\s+(.*)", line) for line in dump.splitlines()) if m]
    wrong, names = [], set()
    if len(lines) != len(rows):
        print(f"Bail out! objdump shows {len(lines)} instructions, not {len(rows)}")
        return 1
    for (size, word, name, text), line in zip(rows, lines):
        names.add(name)
        ours, theirs = normal(text), normal(line[3])
        if name in JUMPS:  # a target is hexadecimal without 0x
            ours = re.sub(r"\s+", " ", text.strip())
        if not same(word, name, ours, theirs):
            wrong.append(f"{word}: ours '{ours}', objdump '{theirs}'")
    for text in wrong[:200]:
        print("# " + text)
    print(f"{'not ' if wrong else ''}ok 1 - {len(rows)} encodings of {len(names)} instructions, {len(wrong)} differ\n1..1")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
