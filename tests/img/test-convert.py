#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""convert: each program reads what the other has made of the same disk."""

import os
import signal
import subprocess
import time

import images
from images import K, M

SIZE = 9 * M + 3 * 512


class Convert(images.ImageTest):
    def check_image(self, name, reference="r"):
        form = "qcow2" if self.read(name, 0, 4) == b"QFI\xfb" else "raw"
        self.assertEqual(self.qemu("compare", "-f", form, "-F", "raw", name, reference), "Images are identical.\n")
        self.assertEqual(self.img("compare", "-f", form, "-F", "raw", name, reference), "Images are identical.\n")
        if form == "qcow2":
            self.assertIn("No errors were found on the image.", self.qemu("check", name))
            self.assertIn("No errors were found on the image.", self.img("check", name))

    def test_to_qcow2(self):
        self.raw("r", SIZE)
        for options in images.QCOW2_OPTIONS:
            for more in [[], ["-c"], ["-S", "0"], ["-S", "64k", "-m", "1"], ["-W", "-t", "none", "-T", "none"]]:
                if "-c" in more and "preallocation" in options:
                    continue
                with self.subTest(options=options, more=more):
                    chosen = ["-o", options] if options else []
                    self.img("convert", "-f", "raw", "-O", "qcow2", *chosen, *more, "r", "x")
                    self.check_image("x")

    def test_from_qcow2(self):
        self.raw("r", SIZE, seed=2)
        for options in images.QCOW2_OPTIONS:
            for more in [[], ["-c"]]:
                if more and "preallocation" in options:
                    continue
                with self.subTest(options=options, more=more):
                    self.qemu("convert", "-f", "raw", "-O", "qcow2", *(["-o", options] if options else []), *more, "r", "q")
                    self.img("convert", "q", "x")
                    self.assertEqual((self.dir / "x").read_bytes(), (self.dir / "r").read_bytes())
                    self.img("convert", "-O", "qcow2", "-c", "-o", "compression_type=zstd", "q", "y")
                    self.check_image("y")

    def test_sparse(self):
        """Holes and zeroes take no space, and with -S 0 all of it."""
        with open(self.dir / "r", "wb") as file:
            file.truncate(64 * M)
            file.seek(20 * M)
            file.write(bytes(8 * M) + images.noise(64 * K))
        self.img("convert", "-f", "raw", "r", "x")
        self.assertLess((self.dir / "x").stat().st_blocks * 512, M)
        self.img("convert", "-f", "raw", "-S", "0", "r", "x")
        self.assertGreaterEqual((self.dir / "x").stat().st_blocks * 512, 64 * M)
        self.img("convert", "-f", "raw", "-O", "qcow2", "r", "x")
        self.assertLess((self.dir / "x").stat().st_size, M)
        self.check_image("x")

    def test_chain(self):
        self.raw("base", 5 * M, seed=3)
        self.img("create", "-q", "-f", "qcow2", "-b", "base", "-F", "raw", "mid", "6M")
        self.img("create", "-q", "-f", "qcow2", "-b", "mid", "-F", "qcow2", "top", "8M")
        self.io("mid", "write -P 5 100k 1M", "write -z 3M 300k", "write -P 6 5M 64k")
        self.io("top", "write -P 8 1M 70k", "write -z 64k 128k", "write -P 9 7M 64k")
        self.qemu("convert", "top", "r")
        self.img("convert", "-O", "qcow2", "top", "flat")
        self.check_image("flat")
        # As an overlay of the same backing file, the copy is no larger than the original.
        self.img("convert", "-O", "qcow2", "-B", "mid", "-F", "qcow2", "top", "copy")
        self.check_image("copy")
        self.assertLess((self.dir / "copy").stat().st_size, M)
        self.assertEqual(self.json(images.IMG, "info", "--output=json", "copy")["backing-filename"], "mid")
        # Of another one that has the same content, too, and a source without any.
        self.img("convert", "-O", "qcow2", "-B", "base", "-F", "raw", "flat", "copy2")
        self.check_image("copy2")
        self.qemu("convert", "-O", "qcow2", "-B", "base", "-F", "raw", "flat", "copy3")
        self.check_image("copy3")

    def test_concatenation(self):
        for i, size in enumerate([3 * M + 512, 1536, 2 * M - 5 * 512]):
            self.raw(f"r{i}", size, seed=i + 4)
        (self.dir / "r").write_bytes(b"".join((self.dir / f"r{i}").read_bytes() for i in range(3)))
        for more in [[], ["-c"], ["-S", "0"], ["-o", "cluster_size=512"]]:
            self.img("convert", "-f", "raw", "-O", "qcow2", *more, "r0", "r1", "r2", "x")
            self.check_image("x")
        self.img("convert", "-f", "raw", "r0", "r1", "r2", "x")
        self.assertEqual((self.dir / "x").read_bytes(), (self.dir / "r").read_bytes())

    def test_existing_target(self):
        self.raw("r", SIZE)
        for form in ["raw", "qcow2"]:
            self.img("create", "-q", "-f", form, "x", str(SIZE + 5 * M))
            self.expect(0, images.QEMU_IO, "-f", form, "-c", f"write -P 255 0 {SIZE + 5 * M}", "x")
            self.img("convert", "-f", "raw", "-n", "-O", form, "r", "x")
            self.img("convert", "-f", form, "x", "y")
            data = (self.dir / "y").read_bytes()
            self.assertEqual(data[:SIZE], (self.dir / "r").read_bytes())
            self.assertEqual(data[SIZE:], b"\xff" * (5 * M))
            self.img("create", "-q", "-f", form, "x", str(SIZE))
            self.img("convert", "-f", "raw", "-n", "--target-is-zero", "-O", form, "r", "x")
            self.check_image("x")
        self.img("create", "-q", "x", "1M")
        self.assertIn("Output file is smaller than input file", self.img_error("convert", "-f", "raw", "-n", "r", "x"))
        self.assertTrue((self.dir / "x").exists())

    def test_same_each_time(self):
        self.raw("r", SIZE)
        for i in range(2):
            self.img("convert", "-f", "raw", "-O", "qcow2", "-m", "1", "-c", "r", f"x{i}")
        self.assertEqual((self.dir / "x0").read_bytes(), (self.dir / "x1").read_bytes())

    def test_odd_size(self):
        (self.dir / "r").write_bytes(images.noise(5000))
        self.img("convert", "-f", "raw", "r", "x")
        self.qemu("convert", "-f", "raw", "r", "y")
        self.assertEqual((self.dir / "x").read_bytes(), (self.dir / "y").read_bytes())
        (self.dir / "empty").write_bytes(b"")
        self.img("convert", "-f", "raw", "-O", "qcow2", "empty", "x")
        self.assertEqual(self.json(images.IMG, "info", "--output=json", "x")["virtual-size"], 0)

    def test_large(self):
        """An empty terabyte costs nothing."""
        start = time.monotonic()
        self.img("create", "-q", "-f", "qcow2", "x", "1T")
        self.img("convert", "-O", "qcow2", "x", "y")
        self.img("convert", "-O", "raw", "x", "z")
        self.img("convert", "-f", "raw", "-c", "-O", "qcow2", "z", "w")
        self.img("check", "y")
        self.img("compare", "y", "z")
        self.img("map", "--output=json", "w")
        self.assertLess(time.monotonic() - start, 10)
        self.img("create", "-q", "-f", "qcow2", "-o", "cluster_size=2M", "v", "1E")
        self.assertIn("too large", self.img_error("convert", "-O", "qcow2", *["v"] * 17, "u"))

    def test_progress(self):
        self.raw("r", SIZE)
        shown = self.img("convert", "-p", "-f", "raw", "-O", "qcow2", "r", "x").replace("\n", "\r").split("\r")
        self.assertEqual(shown[0], "    (0.00/100%)")
        self.assertIn("    (100.00/100%)", shown)
        shares = [float(text.strip(" (").split("/")[0]) for text in shown if text]
        self.assertEqual(shares, sorted(shares))
        self.assertEqual(self.img("convert", "-p", "-q", "-f", "raw", "r", "x"), "")

    def test_errors(self):
        self.raw("r", M)
        for args, text in [
            (["r"], "Must specify"),
            (["nothere", "x"], "Could not open 'nothere': cannot be opened: No such file"),
            (["-c", "r", "x"], "Compression not supported for this file format"),
            (["-S", "3", "r", "x"], "Invalid buffer size for sparse output"),
            (["-m", "0", "r", "x"], "Invalid number of coroutines"),
            (["-m", "17", "r", "x"], "Invalid number of coroutines"),
            (["-t", "foo", "r", "x"], "Invalid cache option: foo"),
            (["-T", "foo", "r", "x"], "Invalid source cache option: foo"),
            (["-n", "r", "x"], "Could not open 'x'"),
            (["-n", "-o", "size=1M", "r", "r"], "-o has no effect"),
            (["-O", "qcow2", "-B", "r", "r", "x"], "requires explicit backing format"),
            (["-O", "qcow2", "-c", "-W", "r", "x"], "mutually exclusive"),
            (["-O", "qcow2", "-c", "-o", "preallocation=full", "r", "x"], "Compression and preallocation"),
            (["--target-is-zero", "r", "x"], "requires use of -n"),
            (["-O", "qcow2", "-o", "size=512k", "r", "x"], "Output file is smaller"),
            (["r", "r"], "in use"),
            (["-O", "qcow2", "r", "nodir/x"], "nodir/x"),
        ]:
            with self.subTest(args=args):
                self.assertIn(text, self.img_error("convert", "-f", "raw", *args))
                self.assertFalse((self.dir / "x").exists())
        self.assertEqual((self.dir / "r").stat().st_size, M)

    def test_full_disk(self):
        """The error is told, and nothing is left behind."""
        self.raw("r", 8 * M)
        done = subprocess.run(["sh", "-c", "ulimit -f 2048; trap '' XFSZ; exec \"$@\"", "sh", images.IMG, "convert", "-f",
                               "raw", "-S", "0", "-O", "qcow2", "r", "x"], cwd=self.dir, capture_output=True, text=True,
                              check=False, timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("error while writing at byte", done.stderr)
        self.assertFalse((self.dir / "x").exists())


class Signals(images.ImageTest):
    def start(self, *args):
        self.raw("r", 40 * M)
        child = subprocess.Popen([images.IMG, "convert", "-f", "raw", "-O", "qcow2", "-S", "0", "-r", "2M", *args, "r", "x"],
                                 cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(child.kill)
        limit = time.monotonic() + 30
        while time.monotonic() < limit:
            if (self.dir / "x").exists() and (self.dir / "x").stat().st_size > 2 * M:
                return child
            time.sleep(0.02)
        self.fail("it does not start")

    def test_stop(self):
        for number in [signal.SIGINT, signal.SIGTERM]:
            child = self.start()
            child.send_signal(number)
            begin = time.monotonic()
            _, errors = child.communicate(timeout=30)
            self.assertEqual(child.returncode, -number, errors)
            self.assertLess(time.monotonic() - begin, 5)
            self.assertFalse((self.dir / "x").exists())

    def test_ask(self):
        child = self.start()
        os.kill(child.pid, signal.SIGUSR1)
        self.assertRegex(child.stderr.readline(), r"^    \(\d+\.\d\d/100%\)\n$")
        child.terminate()
        child.communicate(timeout=30)

    def test_in_use(self):
        """While we write, nobody else may; and the other way round."""
        child = self.start()
        self.assertIn("lock", self.expect(1, images.QEMU_IMG, "resize", "x", "+1M").stderr)
        self.assertIn("in use", self.img_error("resize", "x", "+1M"))
        self.assertIn("in use", self.img_error("info", "x"))
        self.img("info", "-U", "x")
        child.terminate()
        child.communicate(timeout=30)
        self.img("create", "-q", "-f", "qcow2", "y", "1M")
        holder = subprocess.Popen([images.QEMU_IO, "y"], cwd=self.dir, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True)
        self.addCleanup(holder.communicate)
        holder.stdin.write("write 0 64k\n")
        holder.stdin.flush()
        while "ops" not in holder.stdout.readline():
            pass
        for args in [["resize", "y", "+1M"], ["check", "y"], ["convert", "y", "z"], ["convert", "-f", "raw", "r", "y"],
                     ["create", "-f", "qcow2", "y", "1M"]]:
            with self.subTest(args=args):
                self.assertIn("in use", self.img_error(*args))
        self.assertIn("in use", self.img_error("compare", "y", "y", status=2))
        self.img("map", "-U", "y")


if __name__ == "__main__":
    images.main()
