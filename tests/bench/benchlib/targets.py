# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures that must be reached."""

MAX_OVER_NATIVE = 3.0
MIN_QEMU_OVER_OURS = 3.0
MAX_TRANSLATION_NS = 1000.0


def _judge(name, value, holds, shown):
    """One line of the verdict. What was not measured does not hold."""
    if value is None:
        return name, False, 'not measured'
    return name, holds(value), shown.format(value)


def check(result):
    """Judges one guest's result (as in the JSON): a list of (figure, whether it holds, what was measured)."""
    summary, worst = result['summary'], result['summary']['worst_ours_over_qemu']
    verdict = [
        _judge(f'geometric mean at most {MAX_OVER_NATIVE:g}× native', summary['ours_over_native'],
               lambda v: v <= MAX_OVER_NATIVE, '{:.2f}×'),
        _judge(f'at least {MIN_QEMU_OVER_OURS:g}× as fast as QEMU in the mean', summary['qemu_over_ours'],
               lambda v: v >= MIN_QEMU_OVER_OURS, '{:.2f}×'),
        _judge('no kernel slower than under QEMU', worst and worst['ratio'], lambda v: v <= 1.0,
               f'{worst["kernel"]} takes {{:.2f}}× QEMU\'s time' if worst else ''),
    ]
    starts = result['startup']
    for name in ('static hello', "python3 -c 'import json,ssl,decimal'", 'perl -e 1'):
        ours, qemu = (starts.get(name, {}).get(runner) for runner in ('ours', 'qemu'))
        verdict.append(_judge(f'{name} starts no slower than under QEMU', ours / qemu if ours and qemu else None,
                              lambda v: v <= 1.0, '{:.2f}× QEMU\'s time'))
    cold = result['translation_ns']
    slowest = max((name for name in cold if cold[name]), key=cold.get, default=None)
    verdict.append(_judge(f'cold translation at most {MAX_TRANSLATION_NS:g} ns per guest instruction',
                          slowest and cold[slowest], lambda v: v <= MAX_TRANSLATION_NS, f'{slowest}: {{:.0f}} ns'))
    verdict.append(_judge('all outputs agree', len(result['problems']), lambda v: v == 0, '{} problems'))
    return verdict
