# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of vitrine-img share: running it, qemu-img and qemu-io in a directory of its own for each test."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SKIPPED = 77
IMG = os.environ["VITRINE_IMG"]
QEMU_IMG = shutil.which("qemu-img")
QEMU_IO = shutil.which("qemu-io")
K, M, G, T = 1 << 10, 1 << 20, 1 << 30, 1 << 40
# Each is a way of making qcow2 images.
QCOW2_OPTIONS = [
    "",
    "compat=0.10",
    "preallocation=metadata",
    "lazy_refcounts=on",
    "cluster_size=512",
    "cluster_size=4k,refcount_bits=1",
    "cluster_size=2M,refcount_bits=64",
    "refcount_bits=8,compression_type=zstd",
    "extended_l2=on",
    "extended_l2=on,cluster_size=16k,compression_type=zstd,refcount_bits=2",
    "preallocation=falloc,cluster_size=32k",
    "preallocation=full,extended_l2=on",
]


class ImageTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="vitrine-img-")
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)

    def run_any(self, *command, timeout=60):
        return subprocess.run([str(word) for word in command], cwd=self.dir, timeout=timeout, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="replace", env={**os.environ, "LC_ALL": "C", "TZ": "UTC"})

    def expect(self, status, *command, **options):
        """Runs a command, expects its exit status, and returns what it printed on both channels."""
        done = self.run_any(*command, **options)
        self.assertEqual(done.returncode, status, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return done

    def img(self, *args, status=0, **options):
        return self.expect(status, IMG, *args, **options).stdout

    def img_error(self, *args, status=1):
        """Expects a failure and returns its message."""
        done = self.expect(status, IMG, *args)
        self.assertRegex(done.stderr, "(?m)^vitrine-img: ")
        return done.stderr

    def qemu(self, *args, status=0):
        return self.expect(status, QEMU_IMG, *args).stdout

    def io(self, image, *commands):
        """qemu-io's commands on an image."""
        done = self.expect(0, QEMU_IO, *[word for command in commands for word in ("-c", command)], image)
        self.assertNotIn("failed", done.stdout + done.stderr)

    def json(self, program, *args, status=0):
        return json.loads(self.expect(status, program, *args).stdout)

    def same(self, *args, status=0):
        """Both programs end alike and print the same on standard output, which is returned."""
        ours = self.expect(status, IMG, *args).stdout
        self.assertEqual(ours, self.expect(status, QEMU_IMG, *args).stdout)
        return ours

    def patch(self, name, offset, data):
        with open(self.dir / name, "r+b") as file:
            file.seek(offset)
            file.write(data)

    def read(self, name, offset, size):
        with open(self.dir / name, "rb") as file:
            file.seek(offset)
            return file.read(size)

    def raw(self, name, size, seed=1, step=96 * K):
        """A raw disk of data, zeroes and holes, which ends where `size` says."""
        r = random.Random(seed)
        with open(self.dir / name, "wb") as file:
            file.truncate(size)
            at = 0
            while at < size:
                run = min(r.randrange(1, step // 512 + 1) * 512, size - at)
                kind = r.randrange(5)
                file.seek(at)
                if kind == 0:
                    file.write(r.randbytes(run))
                elif kind == 1:
                    file.write((b"text %d " % at * (run // 6 + 1))[:run])
                elif kind == 2:
                    file.write(bytes(run))
                at += run
        return name


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def main(needs_qemu=True):
    if needs_qemu and not (QEMU_IMG and QEMU_IO):
        print("qemu-img and qemu-io are not installed")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
