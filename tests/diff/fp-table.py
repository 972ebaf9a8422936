#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the floating-point table in Vitrine's modes and in QEMU, and shows the cases that differ.

usage: fp-table.py VITRINE QEMU PROGRAM      (QEMU may be empty)
"""

import subprocess
import sys

# Where QEMU 10.0 does not do what the manual says: (instruction, why).
QEMU_DIFFERS = {}
MODES = {"interpreter": ["-test", "interpret"], "translator": ["-test", "hot=4"],
         "one-insn-per-tb": ["-one-insn-per-tb"], "interrupted": ["-test", "hot=2,interrupt-every=3"]}
SHOWN = 6


def output(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def show(name, reference, other):
    """The first cases of an instruction in which two executors differ."""
    cases = [(a, b) for a, b in zip(output(reference + [name]), output(other + [name])) if a != b]
    for a, b in cases[:SHOWN]:
        print(f"#   {a}  but  {b.split('=')[1].strip()}")
    if len(cases) > SHOWN:
        print(f"#   and {len(cases) - SHOWN} more")


def main():
    vitrine, qemu, program = sys.argv[1:]
    commands = {mode: [vitrine, *options, program] for mode, options in MODES.items()}
    if qemu:
        commands["qemu"] = [qemu, "-cpu", "max", program]
    reference = commands["interpreter"]
    expected = output(reference)
    failures = 0
    others = [mode for mode in commands if mode != "interpreter"]
    print(f"1..{len(others)}")
    for number, mode in enumerate(others, 1):
        lines = output(commands[mode])
        differ = sorted({a.split()[0] for a, b in zip(expected, lines) if a != b})
        known = [name for name in differ if mode == "qemu" and name in QEMU_DIFFERS]
        bad = [name for name in differ if name not in known]
        for name in bad:
            print(f"# {name}: the interpreter's result, but {mode}'s")
            show(name, reference, commands[mode])
        for name in known:
            print(f"# {name}: QEMU differs, as known: {QEMU_DIFFERS[name]}")
        good = not bad and len(lines) == len(expected) and len(lines) > 1000
        print(f"{'ok' if good else 'not ok'} {number} - {len(lines)} hashes as the interpreter's: {mode}")
        failures += not good
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
