# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as JSON-able data, as Markdown tables, and inside README.md."""

import re
from pathlib import Path

from . import compute, startup

NOISY = 0.15


def as_data(kernels, starts):
    """Everything measured, ready for json.dump."""
    cold = {start.name: startup.translation_ns([start]) for start in starts}
    cold['kernels'] = startup.translation_ns(kernels)
    return {
        'kernels': {k.name: _kernel_data(k) for k in kernels},
        'summary': compute.summarize(kernels),
        'startup': {s.name: {runner: s.wall(runner) for runner in s.commands} | {'counters': s.counters}
                    for s in starts},
        'translation_ns': cold,
        'problems': [x.problem for x in [*kernels, *starts] if x.problem],
    }


def _kernel_data(kernel):
    data = {}
    for runner, runs in kernel.runs.items():
        data[runner] = {'cpu': kernel.cpu(runner), 'wall': kernel.wall(runner),
                        'cpu_samples': [run.cpu for run in runs], 'wall_samples': [run.wall for run in runs]}
    return data | {
        'ours_over_native': kernel.ratio('ours', 'native'),
        'qemu_over_native': kernel.ratio('qemu', 'native'),
        'qemu_over_ours': kernel.ratio('qemu', 'ours'),
        'host_insns_per_guest_insn': kernel.expansion(),
        'counters': kernel.counters,
        'problem': kernel.problem,
    }


def _cell(value, digits=2, unit=''):
    return '–' if value is None else f'{value:.{digits}f}{unit}'


def _table(rows):
    """A Markdown table that also reads well as plain text: the first column left, the others right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rule = ['-' * widths[0], *('-' * (width - 1) + ':' for width in widths[1:])]
    lines = []
    for row in [rows[0], rule, *rows[1:]]:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)


def kernel_table(data):
    rows = [['kernel', 'native', 'Vitrine', 'QEMU', 'QEMU / Vitrine', 'host / guest insns']]
    for name, k in data['kernels'].items():
        native = k.get('native', {}).get('cpu')
        rows.append([name, _cell(native, 3, ' s'), _cell(k['ours_over_native'], unit='×'),
                     _cell(k['qemu_over_native'], unit='×'), _cell(k['qemu_over_ours'], unit='×'),
                     _cell(k['host_insns_per_guest_insn'])])
    mean = data['summary']
    rows.append(['geometric mean', '', _cell(mean['ours_over_native'], unit='×'),
                 _cell(mean['qemu_over_native'], unit='×'), _cell(mean['qemu_over_ours'], unit='×'),
                 _cell(mean['host_insns_per_guest_insn'])])
    rows.append(['the same in wall time', '', _cell(mean['ours_over_native_wall'], unit='×'),
                 _cell(mean['qemu_over_native_wall'], unit='×'), _cell(mean['qemu_over_ours_wall'], unit='×'), ''])
    return _table(rows)


def _milliseconds(seconds):
    return _cell(seconds and seconds * 1e3, 2, ' ms')


def startup_table(data):
    rows = [['start-up', 'native', 'Vitrine', 'QEMU', 'QEMU / Vitrine', 'cold translation']]
    for name, s in data['startup'].items():
        ours, qemu = s.get('ours'), s.get('qemu')
        rows.append([f'`{name}`' if ' -' in name else name, _milliseconds(s.get('native')), _milliseconds(ours),
                     _milliseconds(qemu), _cell(qemu / ours if ours and qemu else None, unit='×'),
                     _cell(data['translation_ns'][name], 0, ' ns/insn')])
    return _table(rows)


def limits_table(rows):
    """What has a limit: each row says what, value, unit, limit, peer and note."""
    def cell(value, unit):
        return '–' if value is None else f'{value:.{0 if value == int(value) else 2}f} {unit}'.rstrip()
    table = [['what', 'value', 'limit', 'peer', 'kept']]
    for row in rows:
        kept = '–' if row.limit is None else 'no' if row.missed else 'yes'
        table.append([row.what, cell(row.value, row.unit), cell(row.limit, row.unit), cell(row.peer, row.unit), kept])
    notes = [f'{row.what}: {row.note}.' for row in rows if row.note]
    return '\n\n'.join([_table(table), *notes])


def worst_lines(data):
    lines = []
    for key, peer in (('worst_ours_over_native', 'native'), ('worst_ours_over_qemu', 'QEMU')):
        worst = data['summary'][key]
        if worst:
            lines.append(f'Worst against {peer}: {worst["kernel"]}, {worst["ratio"]:.2f}× the time.')
    cold = data['translation_ns']['kernels']
    if cold is not None:
        lines.append(f'Cold translation over the kernels: {cold:.0f} ns per guest instruction.')
    return lines


def noise_line(kernels):
    """Names the kernels whose runs differ much among themselves, or None."""
    noisy = [f'{k.name} on {runner}' for k in kernels for runner in k.runs if k.spread(runner) > NOISY]
    return f'Runs differ by more than {NOISY:.0%}: {", ".join(noisy)}.' if noisy else None


def markdown(data, versions):
    """What README.md shows."""
    parts = [kernel_table(data)]
    if data['startup']:
        parts.append(startup_table(data))
    parts.append('  \n'.join(worst_lines(data)))
    parts.append(f'Medians of processor time (start-up: wall time), {versions["rounds"]} interleaved rounds on '
                 f'{versions["cpu"]}; {versions["qemu"]}; {versions["host_compiler"]} for the host, '
                 f'{versions["guest_compiler"]} for the guest, `{versions["flags"]}`.')
    return '\n\n'.join(part for part in parts if part)


def update_readme(path, text, name='bench'):
    """Puts `text` between the markers called `name` of README.md. False if they are not there."""
    markers = re.compile(rf'(<!-- {name} -->\n).*?(<!-- /{name} -->)', re.DOTALL)
    path = Path(path)
    if not path.exists():
        return False
    old = path.read_text()
    new, found = markers.subn(lambda match: f'{match[1]}\n{text}\n\n{match[2]}', old)
    if found != 1:
        return False
    path.write_text(new)
    return True
