#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs random A64 instructions on our processor, interpreted and compiled, and on QEMU's.

usage: test-random.py RANDOM-CASES QEMU PEER MODEL MAKER ARGUMENT...

MAKER, with its arguments, writes the cases: random-cases or fp-cases.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

MODES = {"interpreted": ["interpret"], "compiled": [], "regions": ["hot"]}


def main():
    tool, qemu, peer, model, *maker = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        cases, theirs, ours = (Path(folder) / name for name in ("cases", "theirs", "ours"))
        with cases.open("wb") as out:
            subprocess.run(maker, stdout=out, check=True)
        with cases.open("rb") as source, theirs.open("wb") as out:
            subprocess.run([qemu, "-cpu", model, peer], stdin=source, stdout=out, check=True)
        print(f"1..{len(MODES)}")
        for number, (mode, options) in enumerate(MODES.items(), 1):
            with cases.open("rb") as source, ours.open("wb") as out:
                subprocess.run([tool, "run", model, *options], stdin=source, stdout=out, check=True)
            result = subprocess.run([tool, "compare", cases, ours, theirs], stdout=subprocess.PIPE, text=True, check=False)
            print(result.stdout, end="")
            print(f"{'ok' if result.returncode == 0 else 'not ok'} {number} - {mode}")


main()
