# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a program once and says what it took; and the statistics over such runs."""

import math
import os
import signal
import time
from dataclasses import dataclass

# A run sees these and nothing else of the environment, so that no variable of QEMU's or ours slips in.
PASSED_ON = ('PATH', 'HOME', 'TMPDIR')


@dataclass
class Run:
    """One run: seconds of wall time and of processor time (user and system), and what came out."""
    wall: float
    cpu: float
    status: int
    output: bytes
    errors: str

    def failure(self):
        """None, or a line that says how the run failed."""
        if self.status == 0:
            return None
        last = self.errors.strip().splitlines()[-1:] or ['nothing on stderr']
        if self.status < 0:
            return f'died of {signal.Signals(-self.status).name} ({last[0]})'
        return f'ended with status {self.status} ({last[0]})'


class TimedOut(Exception):
    pass


def _on_alarm(_signal, _frame):
    raise TimedOut


def _wait(pid, timeout):
    """Waits for a child; kills it when the time is up or the user interrupts."""
    before = signal.signal(signal.SIGALRM, _on_alarm)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        return os.wait4(pid, 0)
    except BaseException:
        signal.setitimer(signal.ITIMER_REAL, 0)
        os.kill(pid, signal.SIGKILL)
        os.wait4(pid, 0)
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _contents(fd):
    with os.fdopen(fd, 'rb') as file:
        file.seek(0)
        return file.read()


def run_once(command, timeout=120.0):
    """Runs `command` (a list, the program's path first). A run that takes too long counts as killed."""
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment['LC_ALL'] = 'C'
    # Memory files cost the child nothing that a pipe would not, and need no reader while it runs.
    output, errors = os.memfd_create('stdout'), os.memfd_create('stderr')
    actions = [(os.POSIX_SPAWN_OPEN, 0, '/dev/null', os.O_RDONLY, 0),
               (os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, errors, 2)]
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, environment, file_actions=actions)
    try:
        _, status, usage = _wait(pid, timeout)
        wall = time.perf_counter() - start
        code, cpu = os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
        note = ''
    except TimedOut:
        code, cpu, wall, note = -signal.SIGKILL, timeout, timeout, f'killed after {timeout:.0f} s'
    out = _contents(output)
    return Run(wall, cpu, code, out, note + _contents(errors).decode(errors='replace'))


def geometric_mean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None
