#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module of Python's own test suite: test-python.py MODULE LEAST [-m PATTERN]…

At least LEAST tests must have run.  A test that fails is run again by the host's own Python of the same version, from
the same source: one that fails there too says nothing about us, and is listed and left out.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import programs


def run_tests(python, folder, module, patterns, env=None):
    """Starts python's test runner in a fresh directory; returns its output."""
    args = [*python, "-m", "test", "-v", module]
    for pattern in patterns:
        args += ["-m", pattern]
    work = tempfile.mkdtemp(dir=folder)
    environment = {"PATH": "/usr/bin:/bin", "HOME": work, "TMPDIR": work, "LC_ALL": "C.UTF-8",
                   **programs.ENGINE_ENV, **(env or {})}
    done = subprocess.run(args, cwd=work, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.stdout.decode(errors="replace")


def failures(output):
    return sorted(set(re.findall(r"^(?:FAIL|ERROR): .*?\(([\w.]+)\)", output, re.M)))


def count_tests(output):
    """Python 3.12 and later says how many ran in all; before that, each run of unittest does."""
    count = re.search(r"^Total tests: run=([\d,]+)", output, re.M)
    if count:
        return int(count[1].replace(",", ""))
    return sum(map(int, re.findall(r"^Ran (\d+) tests? in ", output, re.M)))


def fails_on_host(folder, module, failed):
    """Those of the failed tests that fail natively too."""
    library = next(programs.SYSROOT.glob("usr/lib/python3.*/test")).parent
    python = shutil.which(library.name)
    if not python:
        return []
    # The sysroot's test package in front of the host's, and nothing else of the sysroot.
    shadow = Path(folder, "control")
    shadow.mkdir()
    (shadow / "test").symlink_to(library / "test")
    output = run_tests([python], folder, module, failed, {"PYTHONPATH": str(shadow)})
    return [name for name in failed if name in failures(output)]


def main():
    module, least = sys.argv[1], int(sys.argv[2])
    patterns = [word for word in sys.argv[3:] if word != "-m"]
    with tempfile.TemporaryDirectory(prefix="vitrine-python-", ignore_cleanup_errors=True) as folder:
        output = run_tests(programs.command("python3"), folder, module, patterns)
        failed = failures(output)
        excused = fails_on_host(folder, module, failed) if failed else []
    for name in excused:
        print(f"fails natively too: {name}")
    ran = count_tests(output)
    success = re.search("result: success", output, re.I) or (
        failed and re.search("result: failure", output, re.I) and failed == excused)
    if success and ran >= least and "vitrine: internal error" not in output:
        print(f"{module}: {ran} tests ran")
        return 0
    print(output[-20000:])
    print(f"{module}: {ran} tests ran, at least {least} should have; failed: {' '.join(failed) or 'none'}")
    return 1


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
