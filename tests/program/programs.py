# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program tests share: Debian's packages for the guest in a sysroot, and running them under Vitrine."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
SKIPPED = 77
GUEST = os.environ.get("VITRINE_GUEST", "riscv64")


def fetch_sysroot(whose):
    """The directory of the packages, fetched if need be; ends the test as skipped if they cannot be had."""
    done = subprocess.run([HERE / "sysroot", whose], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        print(f"the packages for {whose} cannot be had: sysroot's message says why")
        sys.exit(SKIPPED)
    return Path(done.stdout.splitlines()[-1])


def native_command(program, *args):
    """What starts the host's own build of the same release, with its own loader and libraries."""
    root = fetch_sysroot("native")
    libraries = root / "usr/lib/x86_64-linux-gnu"
    folders = [libraries, *sorted({path.parent for path in libraries.glob("*/lib*.so*")})]
    return [str(root / "lib64/ld-linux-x86-64.so.2"), "--library-path", ":".join(map(str, folders)),
            str(root / "usr/bin" / program), *map(str, args)]


VITRINE = os.environ["VITRINE"]
# What concerns Vitrine itself: forced modes, and how an instrumented build reports.
ENGINE_ENV = {name: value for name, value in os.environ.items()
              if name == "VITRINE_TEST" or name.endswith("SAN_OPTIONS")}
SYSROOT = Path(os.environ["VITRINE_SYSROOT"]) if "VITRINE_SYSROOT" in os.environ else fetch_sysroot(GUEST)


def command(program, *args):
    """What starts a program of the sysroot, named without directory, or a file."""
    path = program if "/" in str(program) else SYSROOT / "usr/bin" / program
    return [VITRINE, "-L", str(SYSROOT), str(path), *map(str, args)]


class ProgramTest(unittest.TestCase):
    """Each test has an empty directory of its own, which is the programs' working directory and home."""

    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="vitrine-program-")
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        self.env = {"PATH": "/usr/bin:/bin", "HOME": folder.name, "TMPDIR": folder.name, "LC_ALL": "C", **ENGINE_ENV}

    def run_guest(self, program, *args, status=0, data=None, timeout=300, errors=False):
        """Runs a program of the sysroot, expects its exit status, and returns what it printed (with `errors`, also
        on standard error)."""
        if isinstance(data, str):
            data = data.encode()
        # A prompt or a reader of terminals must not wait for somebody.
        feed = {"input": data} if data is not None else {"stdin": subprocess.DEVNULL}
        done = subprocess.run(command(program, *args), cwd=self.dir, env=self.env, timeout=timeout, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, **feed)
        out, err = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
        self.assertEqual(done.returncode, status, f"{program} {args}\n{out[-4000:]}\n{err[-4000:]}")
        self.assertNotIn("vitrine:", err)
        return out + err if errors else out

    def shell(self, script, **options):
        """Runs a script in the sysroot's bash."""
        return self.run_guest("bash", "-c", "set -e; set -o pipefail\n" + script, **options)

    def write(self, name, text):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            path.write_bytes(text)
        else:
            path.write_text(text, encoding="utf-8")
        return path


def noise(size, seed=1):
    """Bytes that look random and are always the same, with repetitions for compressors to find."""
    out, state = bytearray(), seed
    while len(out) < size:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        if state >> 61 == 0 and len(out) > 4096:
            start = (state >> 33) % (len(out) - 600)
            out += out[start:start + (state >> 20) % 600]
        else:
            out += (state >> 24).to_bytes(5, "little")
    return bytes(out[:size])


def main():
    unittest.main(verbosity=2)
