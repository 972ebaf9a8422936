# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a machine whose program says on the serial port whether it has passed: run.py [--off] [--seconds N] COMMAND...

The machine ends itself then; with --off that it does is part of the test."""

import argparse
import subprocess
import sys
import threading


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--off", action="store_true")
    parser.add_argument("--seconds", type=float, default=50)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    machine = subprocess.Popen(options.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    timer = threading.Timer(options.seconds, machine.kill)
    timer.start()
    passed = False
    for line in machine.stdout:
        text = line.decode(errors="replace").rstrip()
        print(text, flush=True)
        passed = text == "passed"
        if passed or text.startswith("failed"):
            break
    try:
        status = machine.wait(5)
    except subprocess.TimeoutExpired:
        status = "it did not end"
        machine.kill()
        machine.wait()
    timer.cancel()
    if options.off and status != 0:
        sys.exit(f"status: {status}")
    sys.exit(0 if passed else f"no success; status: {status}")


main()
