# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernels: interleaved runs on the host, under Vitrine and under QEMU, with their outputs compared."""

import statistics
from dataclasses import dataclass, field

from .timing import geometric_mean, run_once

# The kernels take their amount of work in percent.
FULL_WORK, QUICK_WORK, COUNTED_WORK = 100, 20, 20
COUNTERS = ('translated_insns', 'translate_ns', 'host_bytes', 'executed_insns', 'executed_host_insns')


@dataclass
class Kernel:
    name: str
    commands: dict                # what it runs on ('native', 'ours', 'qemu'): the command
    runs: dict = field(default_factory=dict)
    counters: dict = field(default_factory=dict)
    problem: str | None = None

    def cpu(self, runner):
        return statistics.median(run.cpu for run in self.runs[runner]) if self.runs.get(runner) else None

    def wall(self, runner):
        return statistics.median(run.wall for run in self.runs[runner]) if self.runs.get(runner) else None

    def ratio(self, runner, to, time='cpu'):
        """How many times as long it takes on `runner` as on `to`."""
        one, other = getattr(self, time)(runner), getattr(self, time)(to)
        return one / other if one is not None and other else None

    def spread(self, runner):
        """The distance of the slowest from the fastest run, relative to the median."""
        times = [run.cpu for run in self.runs[runner]]
        return (max(times) - min(times)) / statistics.median(times)

    def expansion(self):
        """Host instructions executed per guest instruction."""
        guest = self.counters.get('executed_insns')
        return self.counters.get('executed_host_insns', 0) / guest or None if guest else None


def parse_counters(errors):
    """The lines `key value` that -d stats prints."""
    found = {}
    for line in errors.splitlines():
        key, _, value = line.strip().partition(' ')
        if key in COUNTERS and value.strip().isdigit():
            found[key] = int(value)
    return found


def _portable(output):
    """The lines that every instruction set agrees on: see bench.h."""
    return [line for line in output.splitlines() if not line.startswith(b'exact')]


def _compare(kernel, runner, run, reference):
    """Notes a failed run, or one whose output is not what the others printed."""
    failure = run.failure()
    if failure:
        kernel.problem = f'{kernel.name} on {runner}: {failure}'
        return
    for other, output in reference.items():
        same_binary = 'native' not in (runner, other) or runner == other
        a, b = (run.output, output) if same_binary else (_portable(run.output), _portable(output))
        if a != b:
            kernel.problem = f'{kernel.name}: {runner} printed {a!r} and {other} {b!r}'
            return
    reference[runner] = run.output


def measure(kernels, rounds, work, progress):
    """Runs every kernel on everything, `rounds` times, in an order that turns with the round so that whatever the
    machine does meanwhile hits all alike. A kernel that fails is left out from then on."""
    reference = {kernel.name: {} for kernel in kernels}
    for number in range(rounds):
        for kernel in kernels:
            runners = list(kernel.commands)
            turn = number % len(runners)
            for runner in runners[turn:] + runners[:turn]:
                if kernel.problem:
                    break
                progress(f'round {number + 1} of {rounds}: {kernel.name} ({runner})')
                run = run_once([*kernel.commands[runner], str(work)])
                _compare(kernel, runner, run, reference[kernel.name])
                if not kernel.problem:
                    kernel.runs.setdefault(runner, []).append(run)


def count(kernels, ours, programs, progress):
    """`ours`: the command that runs a program. One more run of each under Vitrine with its counters on, which cost time and so are never on in a timed run."""
    for kernel in kernels:
        if kernel.problem:
            continue
        progress(f'counting: {kernel.name}')
        run = run_once([*ours, '-d', 'stats', str(programs[kernel.name]), str(COUNTED_WORK)], timeout=300)
        if run.failure():
            kernel.problem = f'{kernel.name} with -d stats: {run.failure()}'
        kernel.counters = parse_counters(run.errors)


def summarize(kernels):
    """The figures over all kernels that ran; None where something was not measured."""
    sound = [kernel for kernel in kernels if not kernel.problem]

    def mean(runner, to, time='cpu'):
        return geometric_mean(r for r in (k.ratio(runner, to, time) for k in sound) if r)

    def worst(runner, to):
        ratios = {k.name: k.ratio(runner, to) for k in sound if k.ratio(runner, to)}
        name = max(ratios, key=ratios.get, default=None)
        return {'kernel': name, 'ratio': ratios[name]} if name else None

    return {
        'ours_over_native': mean('ours', 'native'),
        'qemu_over_native': mean('qemu', 'native'),
        'qemu_over_ours': mean('qemu', 'ours'),
        'ours_over_native_wall': mean('ours', 'native', 'wall'),
        'qemu_over_native_wall': mean('qemu', 'native', 'wall'),
        'qemu_over_ours_wall': mean('qemu', 'ours', 'wall'),
        'worst_ours_over_native': worst('ours', 'native'),
        'worst_ours_over_qemu': worst('ours', 'qemu'),
        'host_insns_per_guest_insn': geometric_mean(e for e in (k.expansion() for k in sound) if e),
    }
