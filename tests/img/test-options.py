#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of qemu-img's that the other tests do not come by, those we lack among them, and bench."""

import re
import subprocess

import images
from images import K, M

# Of each command of qemu-img's that is ours, too; --object and --image-opts are refused by all alike.
OURS = {
    "bench": ["--aio", "--cache", "--count", "--depth", "--flush-interval", "--force-share", "--format", "--native",
              "--no-drain", "--offset", "--pattern", "--buffer-size", "--step-size", "--write", "--quiet"],
    "check": ["--quiet", "--format", "--cache", "--force-share", "--output", "--repair"],
    "compare": ["--quiet", "--progress", "--a-format", "--b-format", "--strict", "--cache", "--force-share"],
    "convert": ["--quiet", "--progress", "--source-format", "--source-snapshot", "--source-cache", "--target-format",
                "--target-options", "--compress", "--target-cache", "--backing", "--backing-format", "--no-create",
                "--target-is-zero", "--sparse-size", "--force-share", "--rate", "--parallel", "--salvage", "--oob-writes"],
    "create": ["--quiet", "--format", "--options", "--backing", "--backing-format", "--backing-unsafe"],
    "info": ["--format", "--backing-chain", "--force-share", "--output"],
    "map": ["--format", "--start-offset", "--max-length", "--output", "--force-share"],
    "measure": ["--target-format", "--size", "--format", "--snapshot", "--output", "--force-share"],
    "resize": ["--quiet", "--format", "--shrink", "--preallocation"],
    "snapshot": ["--quiet", "--format", "--force-share", "--list"],
}
REFUSED = {
    "convert": ["--bitmaps", "--skip-broken-bitmaps", "--target-image-opts", "--copy-range-offloading"],
    "snapshot": ["--create", "--apply", "--delete"],
}
COMMON = {"--object", "--image-opts", "--help"}


class Options(images.ImageTest):
    def test_all_are_known(self):
        """Each long option that qemu-img's help names is one that we have, or refuse with a reason."""
        for command, names in OURS.items():
            with self.subTest(command=command):
                theirs = set(re.findall(r"(?m)^ +(?:-\w, )?(--[a-z-]+)", self.qemu(command, "--help")))
                self.assertEqual(theirs - COMMON - set(names) - set(REFUSED.get(command, [])), set())
                ours = self.img(command, "--help")
                for name in names:
                    self.assertRegex(ours, rf"(?m)^ +(-\w, )?{name}\b")

    def test_refused(self):
        for command, names in REFUSED.items():
            for name in names:
                value = ["x"] if command == "snapshot" else []
                self.assertIn(f"{command}: {name} is not supported: ", self.img_error(command, name, *value, "x", "y"))
                self.assertNotIn(name, self.img(command, "--help"))
        self.assertIn("--copy-range-offloading is not supported", self.img_error("convert", "-C", "x", "y"))
        self.assertIn("unknown option '-Z'; there are -f, -b, -U, -h", self.img_error("info", "-Z", "x"))

    def test_letters(self):
        """Those of qemu-img's help mean the same."""
        for command in OURS:
            ours, theirs = (dict(re.findall(r"(?m)^ +-(\w), (--[a-z-]+)", run(command, "--help"))) for run in (self.img, self.qemu))
            for letter, name in theirs.items():
                if name not in REFUSED.get(command, []):
                    self.assertEqual(ours.get(letter), name, (command, letter))

    def test_sizes(self):
        for size in ["512", "1b", "1k", "1K", "1.5M", "0x1000", "3G", "1T"]:
            with self.subTest(size=size):
                self.assertEqual(self.img("create", "x", size), self.qemu("create", "y", size).replace("'y'", "'x'"))
                self.assertEqual((self.dir / "x").stat().st_size, (self.dir / "y").stat().st_size)

    def test_check(self):
        self.qemu("create", "-q", "-f", "qcow2", "x", "8M")
        self.io("x", "write -P 1 0 3M")
        for cache in ["none", "writeback", "directsync", "unsafe"]:
            self.same("check", "-T", cache, "x")
        self.assertIn("Invalid source cache option: foo", self.img_error("check", "-T", "foo", "x"))
        self.assertIn("cannot be combined", self.img_error("check", "-U", "-r", "all", "x"))

    def test_force_share(self):
        self.img("create", "-q", "-f", "qcow2", "base", "1M")
        self.img("create", "-q", "-f", "qcow2", "-b", "base", "-F", "qcow2", "x")
        holder = subprocess.Popen([images.QEMU_IO, "x"], cwd=self.dir, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(holder.communicate)
        holder.stdin.write("write 0 64k\n")
        holder.stdin.flush()
        while "ops" not in holder.stdout.readline():
            pass
        for args in [["info", "x"], ["info", "--backing-chain", "x"], ["check", "x"], ["map", "x"], ["convert", "x", "y"],
                     ["measure", "-O", "qcow2", "x"], ["snapshot", "-l", "x"], ["bench", "-c", "1", "x"]]:
            with self.subTest(args=args):
                self.assertIn("in use", self.img_error(*args))
                done = self.run_any(images.IMG, args[0], "-U", *args[1:])
                # What the other program has not written yet may be missing.
                self.assertIn(done.returncode, (0, 2, 3) if args[0] == "check" else (0,), done.stderr)
        self.assertIn("in use", self.img_error("compare", "x", "base", status=2))
        self.img("compare", "-U", "x", "x")

    def test_unsupported_images(self):
        """What qcow2 has and we do not is named, with a remedy, and the file stays as it is."""
        secret = ["--object", "secret,id=s,data=abc"]
        for options, more, text in [
            ("encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10", secret, "encrypted"),
            ("data_file=data", [], "external file"), ("data_file=data,data_file_raw=on", [], "external file"),
        ]:
            with self.subTest(options=options):
                self.qemu("create", "-q", *more, "-f", "qcow2", "-o", options, "x", "1M")
                before = (self.dir / "x").read_bytes()
                for args in [["convert", "x", "y"], ["resize", "x", "2M"], ["info", "x"]]:
                    self.assertIn(text, self.img_error(*args))
                # The keys of an encrypted image lie in clusters that no table refers to.
                if more:
                    self.assertIn("No errors were found", self.img("check", "-r", "all", "x"))
                else:
                    self.assertIn(text, self.img_error("check", "-r", "all", "x"))
                self.assertEqual((self.dir / "x").read_bytes(), before)
                (self.dir / "x").unlink()

    def test_odd_size(self):
        """Half a sector at the end is none."""
        self.qemu("create", "-q", "-f", "qcow2", "x", "1M")
        self.patch("x", 24, (M - 100).to_bytes(8, "big"))
        sizes = [self.json(program, "info", "--output=json", "x")["virtual-size"] for program in (images.IMG, images.QEMU_IMG)]
        self.assertEqual(sizes, [M - 512] * 2)


class Bench(images.ImageTest):
    def both(self, *args, status=0):
        """They announce the same, and say how long it took."""
        ours, theirs = (self.expect(status, program, "bench", *args).stdout for program in (images.IMG, images.QEMU_IMG))
        if status == 0:
            self.assertRegex(ours, r"Run completed in \d+\.\d{3} seconds\.\n$")
        self.assertEqual(ours.splitlines()[:-1], theirs.splitlines()[:-1])

    def test_reads(self):
        self.raw("r", 5 * M)
        self.qemu("convert", "-f", "raw", "-O", "qcow2", "r", "x")
        for args in [[], ["-d", "4", "-s", "64k"], ["-o", "1M", "-S", "3k", "-s", "8k"], ["-s", "511"], ["-t", "none", "-i", "threads"]]:
            with self.subTest(args=args):
                self.both("-f", "qcow2", "-c", "300", *args, "x")
                self.both("-f", "raw", "-c", "300", *args, "r")
        self.assertEqual(self.img("bench", "-q", "-c", "5", "x"), "")

    def test_writes(self):
        """All of the disk, in any order, and nothing else."""
        for options in ["", "cluster_size=512", "extended_l2=on", "cluster_size=2M"]:
            for more in [[], ["-t", "none"], ["-t", "writethrough", "-d", "2"], ["-i", "threads"],
                         ["--flush-interval", "64", "-d", "8"], ["--flush-interval", "64", "--no-drain", "-t", "none"]]:
                with self.subTest(options=options, more=more):
                    self.qemu("create", "-q", "-f", "qcow2", *(["-o", options] if options else []), "x", "4M")
                    self.both("-f", "qcow2", "-w", "--pattern", "9", "-c", "700", "-s", "3k", *more, "x")
                    self.qemu("create", "-q", "-f", "qcow2", *(["-o", options] if options else []), "x", "4M")
                    self.img("bench", "-f", "qcow2", "-w", "--pattern", "9", "-c", "700", "-s", "3k", *more, "x")
                    self.expect(0, images.QEMU_IO, "-r", "-c", "read -P 9 0 2100k", "-c", "read -P 0 2100k 1996k", "x")
                    self.assertIn("No errors", self.qemu("check", "x"))
        # What was reserved ahead is given back.
        self.assertLess((self.dir / "x").stat().st_size, 16 * M)

    def test_errors(self):
        self.img("create", "-q", "-f", "qcow2", "x", "1M")
        for args, text in [
            (["-c", "0"], "Invalid request count"), (["-c", "x"], "Invalid request count"), (["-d", "0"], "Invalid queue depth"),
            (["-s", "0"], "Invalid buffer size"), (["-s", "3G"], "Invalid buffer size"), (["-t", "foo"], "Invalid cache mode"),
            (["-w", "--pattern", "300"], "Invalid pattern byte"), (["-i", "io-uring"], "did you mean 'io_uring'?"),
            (["--flush-interval", "100"], "only available in write tests"),
            (["-w", "--flush-interval", "3", "-d", "8"], "can't be smaller than depth"), (["-o", "2M", "-c", "3"], "Failed request"),
        ]:
            with self.subTest(args=args):
                self.assertIn(text, self.img_error("bench", *args, "x"))
                self.expect(1, images.QEMU_IMG, "bench", *args, "x")
        self.assertIn("1 GiB of memory", self.img_error("bench", "-s", "1G", "-d", "3", "x"))
        self.assertIn("only available in read tests", self.img_error("bench", "-U", "-w", "x"))
        self.assertIn("Could not open 'y'", self.img_error("bench", "y"))
        self.assertEqual(K * K, M)


if __name__ == "__main__":
    images.main()
