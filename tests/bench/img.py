#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long vitrine-img takes, and qemu-img for the same in the same run.

The commands read from and write to the page cache; --dir says where the files are. The requests of the second table are
kept in flight on an opened image, as a machine's disk has them: what a guest's disk can be at best. The two programs take
turns; the figures are medians, and a ratio above 1 means that ours is faster."""

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from benchlib import host, report  # noqa: E402

MIB = 1 << 20
HERE = Path(__file__).resolve().parent


def make_disk(path, mib):
    """A quarter each of random bytes, text, zeroes and holes, in pieces of a MiB."""
    r = random.Random(1)
    words = [bytes(r.randrange(97, 123) for _ in range(r.randrange(3, 9))) for _ in range(4000)]
    text = b' '.join(r.choices(words, k=400000))
    with open(path, 'wb') as file:
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


@dataclass
class Case:
    """A command line; OUT is removed before each run. With `fresh` OUT is an empty image of 2 GiB instead."""
    text: str
    command: list
    fresh: bool = False
    requests: int = 0  # what `bench` is asked to send; the figure is then the time it states itself
    times: list = field(default_factory=lambda: [[], []])

    def medians(self):
        return [statistics.median(each) for each in self.times]


def queue_case(text, count, size, *options, image='full.qcow2'):
    command = ['bench', '-f', 'qcow2', '-i', 'io_uring', '-d', '32', '-c', str(count), '-s', size, *options, image]
    return Case(text, command, image == 'OUT', count)


COMMANDS = {
    'raw-to-qcow2': Case('convert raw to qcow2', ['convert', '-f', 'raw', '-O', 'qcow2', 'r.raw', 'OUT']),
    'qcow2-to-raw': Case('convert qcow2 to raw', ['convert', '-O', 'raw', 'r.qcow2', 'OUT']),
    'qcow2-to-qcow2': Case('convert qcow2 to qcow2', ['convert', '-O', 'qcow2', 'r.qcow2', 'OUT']),
    'raw-to-raw': Case('convert raw to raw', ['convert', '-f', 'raw', '-O', 'raw', 'r.raw', 'OUT']),
    'direct': Case('convert raw to qcow2, without the page cache',
                   ['convert', '-t', 'none', '-T', 'none', '-W', '-f', 'raw', '-O', 'qcow2', 'r.raw', 'OUT']),
    'compress-zlib': Case('convert to compressed qcow2, zlib', ['convert', '-f', 'raw', '-c', '-O', 'qcow2', 'part.raw', 'OUT']),
    'compress-zstd': Case('the same, zstd', ['convert', '-f', 'raw', '-c', '-O', 'qcow2', '-o', 'compression_type=zstd',
                                             'part.raw', 'OUT']),
    'expand-zlib': Case('convert compressed qcow2 to raw, zlib', ['convert', '-O', 'raw', 'zlib.qcow2', 'OUT']),
    'expand-zstd': Case('the same, zstd', ['convert', '-O', 'raw', 'zstd.qcow2', 'OUT']),
    'compare': Case('compare raw with qcow2', ['compare', '-f', 'raw', 'r.raw', 'r.qcow2']),
    'check': Case('check', ['check', '-q', 'r.qcow2']),
    'create-1T': Case('create 1 TiB', ['create', '-q', '-f', 'qcow2', 'OUT', '1T']),
    'convert-1T': Case('convert an empty 1 TiB', ['convert', '-O', 'qcow2', 'empty.qcow2', 'OUT']),
    'map-1T': Case('map an empty 1 TiB', ['map', '--output=json', 'empty.qcow2']),
    'compare-1T': Case('compare two empty 1 TiB', ['compare', '-q', 'empty.qcow2', 'empty.qcow2']),
}
QUEUE = {
    'read-4k': queue_case('read 4 KiB, scattered', 40000, '4k', '-S', '1028k'),
    'read-64k': queue_case('read 64 KiB in a row', 10000, '64k'),
    'write-4k': queue_case('write 4 KiB, scattered', 40000, '4k', '-S', '1028k', '-w'),
    'write-64k': queue_case('write 64 KiB in a row', 4000, '64k', '-w'),
    'new-4k': queue_case('write 4 KiB to new clusters, in a row', 20000, '4k', '-w', image='OUT'),
    'new-64k': queue_case('write 64 KiB to new clusters, in a row', 4000, '64k', '-w', image='OUT'),
    'direct-read-4k': queue_case('cache=none: read 4 KiB, scattered', 8000, '4k', '-S', '1028k', '-t', 'none'),
    'direct-read-64k': queue_case('cache=none: read 64 KiB in a row', 16000, '64k', '-t', 'none'),
    'direct-write-4k': queue_case('cache=none: write 4 KiB, scattered', 8000, '4k', '-S', '1028k', '-w', '-t', 'none'),
    'direct-new-4k': queue_case('cache=none: write 4 KiB to new clusters, in a row', 20000, '4k', '-w', '-t', 'none', image='OUT'),
    'direct-new-64k': queue_case('cache=none: write 64 KiB to new clusters, in a row', 4000, '64k', '-w', '-t', 'none',
                                 image='OUT'),
    'direct-new-apart': queue_case('cache=none: write 4 KiB to new clusters, scattered', 8000, '4k', '-S', '1028k', '-w', '-t',
                                   'none', image='OUT'),
}
CASES = COMMANDS | QUEUE


class Bench:
    def __init__(self, programs, folder, mib):
        self.programs, self.folder = programs, Path(folder)
        self.prepare(mib)

    def qemu(self, *args):
        subprocess.run([self.programs[1], *args], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def prepare(self, mib):
        make_disk(self.folder / 'r.raw', mib)
        make_disk(self.folder / 'part.raw', max(mib // 4, 16))
        self.qemu('convert', '-f', 'raw', '-O', 'qcow2', 'r.raw', 'r.qcow2')
        for kind in ('zlib', 'zstd'):
            self.qemu('convert', '-f', 'raw', '-c', '-O', 'qcow2', '-o', f'compression_type={kind}', 'part.raw', f'{kind}.qcow2')
        self.qemu('create', '-q', '-f', 'qcow2', 'empty.qcow2', '1T')
        # In place: all of it is there already.
        self.qemu('create', '-q', '-f', 'qcow2', 'full.qcow2', f'{mib}M')
        self.qemu('bench', '-f', 'qcow2', '-w', '-s', '1M', '-c', str(mib), '-d', '4', '--pattern', '7', 'full.qcow2')

    def measure(self, program, case):
        (self.folder / 'out').unlink(missing_ok=True)
        if case.fresh:
            self.qemu('create', '-q', '-f', 'qcow2', 'out', '2G')
        args = [program] + ['out' if word == 'OUT' else word for word in case.command]
        start = time.perf_counter()
        done = subprocess.run(args, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        spent = time.perf_counter() - start
        if done.returncode:
            sys.exit(f'{" ".join(args)}: {done.stderr}')
        if case.requests:
            spent = float(re.search(r'Run completed in ([\d.]+) seconds', done.stdout)[1])
        return spent

    def run(self, case, runs):
        """All but the first round count, which fills the caches."""
        for turn in range(runs + 1):
            # Who is second finds the caches warmer: they take turns.
            for i in (0, 1) if turn % 2 else (1, 0):
                spent = self.measure(self.programs[i], case)
                if turn:
                    case.times[i].append(spent)


def command_table(cases):
    rows = [['vitrine-img', 'Vitrine', 'QEMU', 'QEMU / Vitrine']]
    for case in cases:
        ours, theirs = case.medians()
        rows.append([case.text, f'{ours * 1e3:.1f} ms', f'{theirs * 1e3:.1f} ms', f'{theirs / ours:.2f}×'])
    return report._table(rows)


def queue_table(cases):
    rows = [['32 requests in flight on a qcow2 image', 'Vitrine', 'QEMU', 'Vitrine / QEMU']]
    for case in cases:
        ours, theirs = (case.requests / seconds for seconds in case.medians())
        rows.append([case.text, f'{ours:.0f} /s', f'{theirs:.0f} /s', f'{ours / theirs:.2f}×'])
    return report._table(rows)


def markdown(names, runs, mib, qemu):
    parts = []
    for cases, table in ((COMMANDS, command_table), (QUEUE, queue_table)):
        chosen = [case for name, case in cases.items() if name in names]
        if chosen:
            parts.append(table(chosen))
    parts.append(f'Medians of {runs} interleaved rounds on {host.processor()}, {os.cpu_count()} processors; a disk of {mib} MiB, '
                 f'a quarter each random, text, zeroes and holes; {host.first_line([qemu, "--version"])}.')
    return '\n\n'.join(parts)


def find_img():
    build = os.environ.get('VITRINE_BUILD')
    return str(Path(build) / 'engine/tools/img/vitrine-img') if build else shutil.which('vitrine-img')


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--img', default=find_img(), help='vitrine-img; default: that of $VITRINE_BUILD, or of the PATH')
    parser.add_argument('--size', type=int, default=512, metavar='MIB', help='of the disk (default 512)')
    parser.add_argument('--runs', type=int, default=5, help='of each case and program (default 5)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='also write the figures to a file')
    parser.add_argument('--dir', help='a folder for the files (default: TMPDIR)')
    parser.add_argument('--update-readme', action='store_true', help='put the tables into README.md')
    parser.add_argument('--check', action='store_true', help='fail unless all is at least as fast as with QEMU')
    parser.add_argument('case', nargs='*', help='cases: ' + ', '.join(CASES))
    options = parser.parse_args()
    for name in options.case:
        if name not in CASES:
            parser.error(f'no case {name}; there are {", ".join(CASES)}')
    if options.runs < 1:
        parser.error('--runs must be at least 1')
    if options.update_readme and options.case:
        parser.error('--update-readme takes a full run only')
    return options


def main():
    options = parse_arguments()
    qemu = shutil.which('qemu-img')
    if not qemu or not options.img:
        sys.exit('bench: qemu-img or vitrine-img is missing' + ('' if options.img else ' (--img names it)'))
    names = options.case or list(CASES)
    with tempfile.TemporaryDirectory(prefix='vitrine-bench-', dir=options.dir) as folder:
        bench = Bench([str(Path(options.img).resolve()), qemu], folder, options.size)
        for name in names:
            print(f'bench: {name}', file=sys.stderr)
            bench.run(CASES[name], options.runs)
    text = markdown(names, options.runs, options.size, qemu)
    print(text)
    slower = [name for name in names if CASES[name].medians()[0] > CASES[name].medians()[1]]
    if slower:
        print(f'\nSlower than QEMU: {", ".join(slower)}')
    if options.json:
        results = {name: dict(zip(('ours', 'qemu'), CASES[name].times)) for name in names}
        options.json.write_text(json.dumps({'size_mib': options.size, 'cases': results}, indent=1) + '\n')
    good = not (options.check and slower)
    if options.update_readme:
        good &= report.update_readme(HERE.parent.parent / 'README.md', text, 'img')
    return 0 if good else 1


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
