#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long vitrine-img takes, and qemu-img for the same in the same run.

    img.py [--img PROGRAM] [--size MIB] [--runs N] [--json FILE] [--dir FOLDER] [CASE...]

The two take turns; the numbers are medians, and the ratio is qemu-img's time to ours: above 1, ours is faster. Files are
read from and written to the page cache; --dir says where they are."""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MIB = 1 << 20


def make_disk(path, mib):
    """A quarter each of random bytes, text, zeroes and holes, in pieces of a MiB."""
    r = random.Random(1)
    words = [bytes(r.randrange(97, 123) for _ in range(r.randrange(3, 9))) for _ in range(4000)]
    text = b" ".join(r.choices(words, k=400000))
    with open(path, "wb") as file:
        file.truncate(mib * MIB)
        for i in range(mib):
            file.seek(i * MIB)
            if i % 4 == 0:
                file.write(r.randbytes(MIB))
            elif i % 4 == 1:
                at = r.randrange(len(text) - MIB)
                file.write(text[at:at + MIB])
            elif i % 4 == 2:
                file.write(bytes(MIB))


# Name: files to prepare, command. OUT is removed before each run.
CASES = {
    "raw-to-qcow2": ["convert", "-f", "raw", "-O", "qcow2", "r.raw", "OUT"],
    "qcow2-to-raw": ["convert", "-O", "raw", "r.qcow2", "OUT"],
    "qcow2-to-qcow2": ["convert", "-O", "qcow2", "r.qcow2", "OUT"],
    "raw-to-raw": ["convert", "-f", "raw", "-O", "raw", "r.raw", "OUT"],
    "compress-zlib": ["convert", "-f", "raw", "-c", "-O", "qcow2", "part.raw", "OUT"],
    "compress-zstd": ["convert", "-f", "raw", "-c", "-O", "qcow2", "-o", "compression_type=zstd", "part.raw", "OUT"],
    "decompress": ["convert", "-O", "raw", "r.zlib.qcow2", "OUT"],
    "compare": ["compare", "-f", "raw", "r.raw", "r.qcow2"],
    "check": ["check", "-q", "r.qcow2"],
    "create-1T": ["create", "-q", "-f", "qcow2", "OUT", "1T"],
    "convert-1T": ["convert", "-O", "qcow2", "empty.qcow2", "OUT"],
    "map-1T": ["map", "--output=json", "empty.qcow2"],
    "compare-1T": ["compare", "-q", "empty.qcow2", "empty.qcow2"],
}


def prepare(folder, mib, qemu):
    def run(*args):
        subprocess.run([qemu, *args], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    make_disk(folder / "r.raw", mib)
    make_disk(folder / "part.raw", max(mib // 8, 16))
    run("convert", "-f", "raw", "-O", "qcow2", "r.raw", "r.qcow2")
    run("convert", "-f", "raw", "-c", "-O", "qcow2", "-o", "compression_type=zlib", "part.raw", "r.zlib.qcow2")
    run("create", "-q", "-f", "qcow2", "empty.qcow2", "1T")


def measure(program, command, folder):
    out = folder / "out"
    out.unlink(missing_ok=True)
    args = [program] + ["out" if word == "OUT" else word for word in command]
    start = time.perf_counter()
    done = subprocess.run(args, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    spent = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(args)}: {done.stderr.decode(errors='replace')}")
    return spent


def run_case(name, programs, folder, runs):
    """The medians of each program; all but the first round count, which fills the caches."""
    times = [[], []]
    for turn in range(runs + 1):
        # Who is second finds the caches warmer: they take turns.
        for i in (0, 1) if turn % 2 else (1, 0):
            spent = measure(programs[i], CASES[name], folder)
            if turn:
                times[i].append(spent)
    ours, theirs = (statistics.median(each) for each in times)
    return {"ours": ours, "qemu": theirs, "ratio": theirs / ours}


def find_img():
    build = os.environ.get("VITRINE_BUILD")
    return str(Path(build) / "engine/tools/img/vitrine-img") if build else shutil.which("vitrine-img")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--img", default=find_img(), help="vitrine-img; default: that of $VITRINE_BUILD, or of the PATH")
    parser.add_argument("--size", type=int, default=512, metavar="MIB", help="of the disk (default 512)")
    parser.add_argument("--runs", type=int, default=5, help="of each case and program (default 5)")
    parser.add_argument("--json", metavar="FILE", help="also write the numbers to a file, '-' for standard output")
    parser.add_argument("--dir", help="a folder for the files (default: TMPDIR)")
    parser.add_argument("case", nargs="*", help="cases: " + ", ".join(CASES))
    options = parser.parse_args()
    qemu = shutil.which("qemu-img")
    if not qemu or not options.img:
        sys.exit("qemu-img or vitrine-img is missing" + ("" if options.img else " (--img names it)"))
    for name in options.case:
        if name not in CASES:
            parser.error(f"no case {name}; there are {', '.join(CASES)}")
    table = sys.stderr if options.json == "-" else sys.stdout
    results = {}
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-", dir=options.dir) as folder:
        prepare(Path(folder), options.size, qemu)
        print(f"{'case':16}{'ours ms':>10}{'qemu ms':>10}{'ratio':>8}", file=table)
        for name in options.case or CASES:
            r = results[name] = run_case(name, [str(Path(options.img).resolve()), qemu], Path(folder), options.runs)
            print(f"{name:16}{r['ours'] * 1e3:10.1f}{r['qemu'] * 1e3:10.1f}{r['ratio']:8.2f}", file=table, flush=True)
    if options.json:
        text = json.dumps({"size_mib": options.size, "runs": options.runs, "cases": results}, indent=2) + "\n"
        if options.json == "-":
            print(text, end="")
        else:
            Path(options.json).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
