#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that lie: every command ends in time, with a status of its own and a message that names the image."""

import os
import random

import images
from images import K, M

CLUSTER = 64 * K
NEVER = 1 << 62


class Hostile(images.ImageTest):
    def make(self, *options):
        self.qemu("create", "-q", "-f", "qcow2", *options, "x", "4M")
        self.io("x", "write -P 7 0 512k", "write -P 8 3M 64k")

    @staticmethod
    def tables(data):
        """The clusters of a small image that are not data."""
        refcounts, l1 = (int.from_bytes(data[at:at + 8], "big") for at in (48, 40))
        block, l2 = (int.from_bytes(data[at:at + 8], "big") & NEVER - 1 for at in (refcounts, l1))
        return {at // CLUSTER for at in (0, refcounts, l1, block, l2)}

    def run_all(self, expect_error=False):
        """Every command; none crashes or says nothing."""
        commands = [["info", "x"], ["info", "--output=json", "x"], ["map", "--output=json", "x"], ["map", "x"],
                    ["check", "x"], ["convert", "-O", "raw", "x", "out"], ["convert", "-c", "-O", "qcow2", "x", "out"],
                    ["compare", "x", "x"], ["measure", "-O", "qcow2", "x"], ["snapshot", "-l", "x"],
                    ["resize", "x", "+1M"], ["check", "-r", "leaks", "x"], ["check", "-r", "all", "x"], ["check", "x"]]
        statuses = []
        for command in commands:
            (self.dir / "out").unlink(missing_ok=True)
            done = self.run_any(images.IMG, *command, timeout=30)
            statuses.append(done.returncode)
            self.assertIn(done.returncode, (0, 1, 2, 3, 4, 63), (command, done.stderr))
            if done.returncode == 1 and command[0] != "compare":
                self.assertIn("vitrine-img: ", done.stderr)
            if done.returncode and command[0] == "convert":
                self.assertFalse((self.dir / "out").exists())
        if expect_error:
            self.assertNotIn(0, statuses[5:7])
        return statuses

    def test_truncated(self):
        self.make()
        data = (self.dir / "x").read_bytes()
        for size in [4, 8, 20, 71, 72, 103, 111, 300, CLUSTER, 2 * CLUSTER + 7, 3 * CLUSTER, 4 * CLUSTER + 3]:
            with self.subTest(size=size):
                (self.dir / "x").write_bytes(data[:size])
                self.run_all(expect_error=size < CLUSTER)

    def test_header(self):
        for offset, size, value in [
            (4, 4, 1), (4, 4, 4), (8, 8, NEVER), (8, 8, 100), (16, 4, 5000), (20, 4, 0), (20, 4, 8), (20, 4, 22), (20, 4, 63),
            (20, 4, 2**32 - 1), (24, 8, 2**64 - 1), (24, 8, NEVER), (32, 4, 1), (32, 4, 9), (36, 4, 2**32 - 1),
            (36, 4, 4 << 20), (36, 4, 0), (40, 8, NEVER), (40, 8, 1), (48, 8, NEVER), (48, 8, 0), (48, 8, 77), (56, 4, 0),
            (56, 4, 2**32 - 1), (60, 4, 2**32 - 1), (60, 4, 5), (72, 8, 4), (72, 8, 1 << 63), (72, 8, 8), (72, 8, 16),
            (96, 4, 7), (96, 4, 2**32 - 1), (100, 4, 2**32 - 1), (100, 4, 0), (100, 4, 103), (104, 1, 200),
            (112, 4, 2**32 - 1), (116, 4, 2**32 - 1),
        ]:
            with self.subTest(offset=offset, value=value):
                self.make()
                self.patch("x", offset, value.to_bytes(size, "big"))
                self.run_all()

    def test_tables(self):
        """Tables that are cycles, overlap each other, or lie where nothing is."""
        refcounts, block, l1, l2 = CLUSTER, 2 * CLUSTER, 3 * CLUSTER, 4 * CLUSTER
        for where in [refcounts, l1, l2]:
            for to in [0, refcounts, block, l1, l2, l2 + 512, 100 * CLUSTER, (1 << 56) - CLUSTER, NEVER - 1]:
                for flag in [0, 1 << 63, 1 << 62]:
                    with self.subTest(where=where, to=to, flag=flag):
                        self.make()
                        self.patch("x", where, (to | flag).to_bytes(8, "big"))
                        self.run_all()

    def test_noise(self):
        for seed in range(40):
            with self.subTest(seed=seed):
                r = random.Random(seed)
                self.make(*(["-o", r.choice(images.QCOW2_OPTIONS[1:])] if seed % 2 else []))
                size = (self.dir / "x").stat().st_size
                for _ in range(r.randrange(1, 12)):
                    base = r.choice([0, 0, size // 8, size // 4, size // 2])
                    at = min(base + r.randrange(0, 128), size - 8)
                    self.patch("x", at, r.choice([r.randbytes(1), bytes(8), b"\xff" * 8, r.randbytes(8)]))
                self.run_all()

    def test_compressed(self):
        """What claims to be compressed and is not."""
        self.raw("r", M)
        for kind in ["zlib", "zstd"]:
            self.img("convert", "-f", "raw", "-O", "qcow2", "-c", "-o", "compression_type=" + kind, "r", "x")
            data = bytearray((self.dir / "x").read_bytes())
            for at in range(0, len(data), 512):
                if at // CLUSTER not in self.tables(data):
                    data[at:at + 4] = os.urandom(4)
            (self.dir / "x").write_bytes(data)
            self.assertIn("error while reading at byte", self.img_error("convert", "x", "out"))
            self.assertFalse((self.dir / "out").exists())
            done = self.expect(0, images.IMG, "convert", "--salvage", "x", "out")
            self.assertIn("warning: error while reading offset", done.stderr)
            self.assertEqual((self.dir / "out").stat().st_size, M)

    def test_backing_loop(self):
        for name, backing in [("a", "b"), ("b", "c"), ("c", "a"), ("self", "self")]:
            self.img("create", "-q", "-f", "qcow2", "-u", "-b", backing, "-F", "qcow2", name, "1M")
        for name in ["a", "self"]:
            self.assertIn("its own backing file", self.img_error("convert", name, "out"))
            self.assertIn("its own backing file", self.img_error("info", "--backing-chain", name))
            self.img("info", name)
        self.img("create", "-q", "-f", "qcow2", "-u", "-b", "json:{}", "-F", "raw", "x", "1M")
        self.assertIn("json:{}", self.img_error("map", "x"))
        self.img("create", "-q", "-f", "qcow2", "-u", "-b", "nbd://example.org/", "-F", "raw", "x", "1M")
        self.assertIn("only files are supported", self.img_error("convert", "x", "out"))

    def test_not_images(self):
        (self.dir / "x").mkdir()
        self.assertIn("x", self.img_error("info", "x"))
        self.assertIn("x", self.img_error("create", "x", "1M"))
        os.mkfifo(self.dir / "pipe")
        self.assertIn("pipe", self.img_error("convert", "-f", "qcow2", "pipe", "out"))
        (self.dir / "v").write_bytes(b"KDMV" + bytes(M))
        self.assertIn("VMDK", self.img_error("info", "v"))
        self.img("info", "-f", "raw", "v")
        self.assertIn("qcow2", self.img_error("info", "-f", "qcow2", "v"))


if __name__ == "__main__":
    images.main()
