#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decoder generator must refuse tables that contradict themselves, and say where.

usage: test-decodegen.py DECODEGEN
"""

import os
import subprocess
import sys
import tempfile

HEAD = """modes a b
field rd u 11:7
field imm s 31:20
format i rd imm
format none
"""
ONE = 'one X  ............ 00000 000 ..... 0000011 @i "{rd},{imm}"\n'

# name, table, what the message must hold (None: the table is right)
CASES = [
    ("good", ONE, None),
    ("disjoint modes", ONE.replace("X", "X a") + ONE.replace("one X", "two X b"), None),
    ("refinement", ONE + 'two X 0000000 00000 00000 000 00000 0000011 @none "" refines one\n', None),
    ("excluded value", ONE.replace('"\n', '" where rd!=0\n') +
     'two X ............ 00000 000 00000 0000011 @i0 "{imm}"\n', None),
    ("overlap", ONE + 'two X 0000000 00000 00000 000 00000 0000011 @none ""\n', "t.decode:8: error: two overlaps one"),
    ("same twice", ONE + ONE, "defined twice"),
    ("not a special case", ONE + 'two X 0000000 00000 00000 001 00000 0000011 @none "" refines one\n', "not a special case"),
    ("refines nothing", 'two X 0000000 00000 00000 001 00000 0000011 @none "" refines x\n', "does not exist"),
    ("length", 'one X 0000 @none ""\n', "has 4 bits"),
    ("free bit without field", 'one X . 0000000 0000 00000 000 00000 0000011 @none ""\n', "belong to no field"),
    ("field on fixed bits", 'one X 000000000000 00000 000 ..... 0000011 @i ""\n', "covers fixed bits"),
    ("unknown format", ONE.replace("@i", "@j"), "unknown format j"),
    ("unknown mode", ONE.replace("X", "X c"), "unknown mode c"),
    ("unknown field", "format z x\n", "unknown field x"),
    ("repeated bits", "field z u 3:1 2\n", "bad or repeated bits"),
    ("reversed bits", "field z u 1:3\n", "bad or repeated bits"),
    ("value too large", "format z rd where rd!=32\n", "does not fit"),
    ("condition on nothing", "format z rd where rs!=1\n", "not a field"),
    ("no sense", "one X\n", "expected: NAME"),
    ("trailing words", ONE.replace('"\n', '" why\n'), "cannot read"),
]


def main():
    failed = 0
    print(f"1..{len(CASES)}")
    for number, (name, table, message) in enumerate(CASES, 1):
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/t.decode", "w", encoding="utf-8") as out:
                out.write(HEAD + "format i0 imm\n" + table)
            result = subprocess.run([sys.executable, sys.argv[1], "--prefix", "t", "--header", "t.h", "--source", "t.c",
                                     "t.decode"], cwd=folder, capture_output=True, text=True)
            made = os.path.exists(f"{folder}/t.c")
        if message is None:
            ok = result.returncode == 0 and made
        else:
            ok = result.returncode == 1 and not made and message in result.stderr and "Traceback" not in result.stderr
        failed += not ok
        print(f"{'ok' if ok else 'not ok'} {number} - {name}")
        if not ok:
            print("# " + result.stderr.strip().replace("\n", "\n# "))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
