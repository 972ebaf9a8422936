# SPDX-License-Identifier: GPL-3.0-or-later
"""What the figures were measured on."""

import platform
import subprocess


def processor():
    try:
        with open('/proc/cpuinfo') as file:
            return next(line.split(':', 1)[1].strip() for line in file if line.startswith('model name'))
    except (OSError, StopIteration):
        return platform.machine()


def first_line(command):
    return subprocess.run(command, capture_output=True, text=True).stdout.partition('\n')[0]
