#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs random RISC-V programs in Vitrine, in every mode, and in QEMU; all must write the same state.

A difference is reduced to the fewest instructions that show it, which are printed with the registers that differ.
The programs depend on the seed alone: `--seed N --programs 1` repeats the one that was reported.

Where QEMU 10.0 differs from the manual, the programs do without:

  amocas.* with rd = x0       its constant zero register receives the old value
  fround, froundnx (dead)     dropped as free of side effects, so their flags are lost: the result is always stored
  cbo.clean, .flush, .inval   illegal in user mode; Linux lets programs use the first two
"""

import argparse
import concurrent.futures
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

FORCED = ["hot=3,flush-every=9", "hot=3,interrupt-every=2", "hot=2,cache-size=1M", "one-insn", "hot=1000000000"]
X_NAMES = ("zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6").split()


class Runner:
    def __init__(self, options):
        self.options = options
        self.folder = tempfile.TemporaryDirectory(prefix="vitrine-diff-")

    def path(self, seed):
        return str(Path(self.folder.name, f"program-{self.options.bits}-{seed}"))

    def make(self, seed, iterations, skip=()):
        o = self.options
        command = [o.make_program, str(o.bits), str(seed), str(iterations), str(o.units), self.path(seed)]
        return subprocess.run(command + [str(u) for u in skip], capture_output=True, text=True, check=True).stdout

    def executors(self, seed):
        """Name -> command."""
        o, program = self.options, self.path(seed)
        forced = FORCED[seed % len(FORCED)]
        option = ["-one-insn-per-tb"] if forced == "one-insn" else ["-test", forced]
        commands = {
            "interpreter": [o.vitrine, "-test", "interpret", program],
            "translator": [o.vitrine, "-test", "hot=4", program],
            forced: [o.vitrine, *option, program],
        }
        if o.qemu:
            commands["qemu"] = [o.qemu, "-cpu", "max", program]
        return commands

    def run(self, seed):
        """Name -> what the executor wrote, or how it ended."""
        results = {}
        for name, command in self.executors(seed).items():
            try:
                done = subprocess.run(command, capture_output=True, check=False, timeout=self.options.timeout)
                results[name] = done.stdout if done.returncode == 0 else (done.returncode, done.stderr[-300:])
            except subprocess.TimeoutExpired:
                results[name] = ("no end", b"")
        return results


def differ(results):
    """The names of executors that disagree, or an empty list. A program that fails everywhere in the same way is fine
    for the translator but useless as a test, so that counts as a difference too."""
    outcomes = {name: r if isinstance(r, bytes) else ("end", r[0]) for name, r in results.items()}
    kinds = set(outcomes.values())
    if len(kinds) == 1 and isinstance(next(iter(kinds)), bytes):
        return []
    common = max(kinds, key=lambda k: list(outcomes.values()).count(k))
    odd = [name for name, k in outcomes.items() if k != common]
    return odd if odd and len(odd) < len(outcomes) / 2 else sorted(outcomes)


def fails(runner, seed, iterations, skip):
    runner.make(seed, iterations, skip)
    return bool(differ(runner.run(seed)))


def reduce(runner, seed, iterations):
    """The fewest iterations and units that still differ: delta debugging over the units left out."""
    for fewer in (1, 2, 4, 8, 16, 64, 256, 1024):
        if fewer < iterations and fails(runner, seed, fewer, ()):
            iterations = fewer
            break
    listing = runner.make(seed, iterations)
    units = sorted({int(line.split("\t")[0]) for line in listing.splitlines()})
    # Compound units may hold no instruction of their own; they go with the others.
    units = list(range(units[-1] + 1)) if units else []
    skip, size = set(), max(1, len(units) // 2)
    while True:
        kept = [u for u in units if u not in skip]
        removed = False
        for start in range(0, len(kept), size):
            trial = skip | set(kept[start:start + size])
            if fails(runner, seed, iterations, sorted(trial)):
                skip, removed = trial, True
        if size == 1 and not removed:
            return iterations, sorted(skip)
        size = max(1, size // 2)


def registers(output):
    """Name -> value, of what a program wrote."""
    values = {"hash": struct.unpack_from("<Q", output, 0)[0]}
    for i in range(1, 32):
        values[X_NAMES[i]] = struct.unpack_from("<Q", output, 8 + 8 * i)[0]
        values[f"f{i}"] = struct.unpack_from("<Q", output, 264 + 8 * i)[0]
    values["f0"] = struct.unpack_from("<Q", output, 264)[0]
    return values


def ranges(numbers):
    """A sorted list of numbers as text, with A-B for runs."""
    runs = []
    for n in numbers:
        if runs and runs[-1][1] == n - 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def report(runner, seed, iterations):
    iterations, skip = reduce(runner, seed, iterations)
    listing = runner.make(seed, iterations, skip)
    results = runner.run(seed)
    print(f"# seed {seed}, RV{runner.options.bits}: {', '.join(differ(results))} differ"
          f" ({iterations} iterations, units left out: {ranges(skip)})")
    for line in listing.splitlines():
        print("#   " + line.replace("\t", "  "))
    good = {name: registers(r) for name, r in results.items() if isinstance(r, bytes) and len(r) > 520}
    for name, r in results.items():
        if name not in good:
            print(f"#   {name}: ended with {r[0]!r} {r[1]!r}" if isinstance(r, tuple) else f"#   {name}: short output")
    for register in next(iter(good.values()), {}):
        values = {name: v[register] for name, v in good.items()}
        if register != "hash" and len(set(values.values())) > 1:
            print(f"#   {register}: " + ", ".join(f"{name} {v:016x}" for name, v in values.items()))
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--make-program", required=True)
    parser.add_argument("--vitrine", required=True)
    parser.add_argument("--qemu", default="", help="empty: compare our own modes only")
    parser.add_argument("--bits", type=int, choices=(32, 64), default=64)
    parser.add_argument("--seed", type=int, default=1, help="of the first program; the next has the next number")
    parser.add_argument("--programs", type=int, default=10)
    parser.add_argument("--iterations", type=int, default=1000)
    parser.add_argument("--units", type=int, default=150)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=60, help="seconds a program may take")
    parser.add_argument("--most-reports", type=int, default=3)
    runner = Runner(parser.parse_args())
    o = runner.options

    def check(seed):
        runner.make(seed, o.iterations)
        odd = differ(runner.run(seed))
        if not odd:
            Path(runner.path(seed)).unlink()
        return seed, odd

    seeds = range(o.seed, o.seed + o.programs)
    bad = []
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        for seed, odd in pool.map(check, seeds):
            if odd:
                bad.append(seed)
                print(f"# seed {seed}: {', '.join(odd)}")
                sys.stdout.flush()
    for seed in bad[:o.most_reports]:
        report(runner, seed, o.iterations)
    print(f"{'not ' if bad else ''}ok 1 - {o.programs} random RV{o.bits} programs from seed {o.seed},"
          f" {o.iterations} iterations of {o.units} units: {len(bad)} differ\n1..1")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
