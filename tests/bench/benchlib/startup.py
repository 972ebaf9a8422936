# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run costs before any work is done: start-up times, and the time to translate cold code."""

import statistics
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from .compute import parse_counters
from .timing import run_once

TOP = Path(__file__).resolve().parent.parent.parent.parent


@dataclass
class Start:
    name: str
    commands: dict                # as in Kernel
    rounds: int
    counted: list | None = None   # Vitrine's command with -d stats
    walls: dict = field(default_factory=dict)
    counters: dict = field(default_factory=dict)
    problem: str | None = None

    def wall(self, runner):
        return statistics.median(self.walls[runner]) if self.walls.get(runner) else None


def find_sysroot(guest, note):
    """The directory with the guest's own python3 and perl, made by tools/sysroot; None where that is impossible."""
    tool = TOP / 'tools' / 'sysroot'
    if not tool.exists():
        note(f'{tool} is missing: the start-up of python3 and perl is not measured')
        return None
    result = subprocess.run([tool, guest.debian, 'python3', 'perl'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            text=True)
    lines = result.stdout.strip().splitlines()
    if result.returncode != 0 or not lines:
        note('tools/sysroot failed: the start-up of python3 and perl is not measured')
        return None
    return Path(lines[-1])


def _start(name, rounds, runners, arguments, sysroot=None, native=None):
    prefix = ['-L', str(sysroot)] if sysroot else []
    commands = {'native': native} if native else {}
    commands.update({runner: [*command, *prefix, *arguments] for runner, command in runners.items()})
    start = Start(name, commands, rounds)
    if 'ours' in runners:
        start.counted = [*runners['ours'], '-d', 'stats', *prefix, *arguments]
    return start


def plan(hello, runners, sysroot, quick):
    """The programs to start. `hello`: its programs as 'native' and 'guest'. `runners`: commands as 'ours' and 'qemu'."""
    share = 5 if quick else 1
    starts = [_start('static hello', 200 // share, runners, [str(hello['guest'])], native=[str(hello['native'])])]
    if sysroot:
        programs = {
            "python3 -c 'import json,ssl,decimal'": ('python3', ['-c', 'import json,ssl,decimal'], 20),
            'perl -e 1': ('perl', ['-e', '1'], 60),
        }
        for name, (program, arguments, rounds) in programs.items():
            path = sysroot / 'usr' / 'bin' / program
            starts.append(_start(name, rounds // share, runners, [str(path), *arguments], sysroot))
    return starts


def measure(starts, progress):
    """Interleaved as the kernels are, after a first run of each that fills the caches (python3's too)."""
    for start in starts:
        output = None
        for number in range(start.rounds + 1):
            progress(f'start-up: {start.name} ({number} of {start.rounds})')
            for runner, command in start.commands.items():
                run = run_once(command)
                output = run.output if output is None else output
                if run.failure() or run.output != output:
                    start.problem = f'{start.name} on {runner}: {run.failure() or "another output than before"}'
                    break
                if number > 0:
                    start.walls.setdefault(runner, []).append(run.wall)
            if start.problem:
                break
        if start.counted and not start.problem:
            run = run_once(start.counted)
            start.problem = run.failure() and f'{start.name} with -d stats: {run.failure()}'
            start.counters = parse_counters(run.errors)


def translation_ns(counted):
    """Nanoseconds per guest instruction translated, over Kernels or Starts; None if nothing was counted."""
    insns = sum(c.counters.get('translated_insns', 0) for c in counted)
    return sum(c.counters.get('translate_ns', 0) for c in counted) / insns if insns else None
