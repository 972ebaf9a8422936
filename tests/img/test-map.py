#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""map and compare."""

import os

import images
from images import G, K, M


class Map(images.ImageTest):
    def both(self, *args):
        self.same("map", *args)
        return self.same("map", "--output=json", *args)

    def normal(self, program, *args):
        """Without the place of what holds nothing, which is no news to anybody."""
        result = []
        for extent in self.json(program, "map", "--output=json", *args):
            if not extent["data"]:
                extent.pop("offset", None)
                last = result[-1] if result else {}
                if {**extent, "start": 0, "length": 0} == {**last, "start": 0, "length": 0}:
                    last["length"] += extent["length"]
                    continue
            result.append(extent)
        return result

    def test_raw(self):
        self.raw("r", 20 * M)
        self.both("-f", "raw", "r")
        self.both("-f", "raw", "-s", "1M", "-l", "3M", "r")
        self.both("-f", "raw", "--start-offset=1M", "--max-length=100k", "r")
        self.assertIn('"length": 0', self.both("-f", "raw", "-s", "100M", "r"))

    def test_qcow2(self):
        self.raw("r", 9 * M)
        for options in images.QCOW2_OPTIONS:
            # qemu-img tells clusters in holes of the file from others, which are data to us.
            if options == "preallocation=metadata":
                continue
            with self.subTest(options=options):
                self.qemu("convert", "-f", "raw", "-O", "qcow2", *(["-o", options] if options else []), "r", "x")
                self.io("x", "write -z 1M 300k", "write -zu 3M 1M", "write -P 5 2000k 10k", "discard 5M 1M")
                if "extended_l2" in options:
                    self.assertEqual(self.normal(images.IMG, "x"), self.normal(images.QEMU_IMG, "x"))
                    continue
                self.both("x")
                self.both("-s", "1000k", "-l", "5000k", "x")

    def test_compressed(self):
        self.raw("r", 3 * M)
        self.img("convert", "-c", "-f", "raw", "-O", "qcow2", "r", "x")
        self.assertIn('"compressed": true', self.same("map", "--output=json", "x"))
        self.assertIn("File contains external, encrypted or compressed clusters.", self.img_error("map", "x"))
        self.qemu("map", "x", status=1)

    def test_chain(self):
        self.raw("base", 5 * M + 512)
        self.img("create", "-q", "-f", "qcow2", "-b", "base", "-F", "raw", "mid", "6M")
        self.img("create", "-q", "-f", "qcow2", "-o", "extended_l2=on", "-b", "mid", "-F", "qcow2", "top", "8M")
        self.io("mid", "write -P 5 100k 1M", "write -z 3M 300k", "write -P 6 5M 64k")
        self.io("top", "write -P 8 1M 70k", "write -z 64k 128k", "write -P 9 7M 64k")
        for image in ["mid", "top"]:
            self.both(image)
            self.both("-s", "1234k", "-l", "4321k", image)

    def test_large(self):
        self.img("create", "-q", "-f", "qcow2", "x", "1T")
        self.io("x", f"write -P 1 {900 * G} 64k")
        self.both("x")


class Compare(images.ImageTest):
    def both(self, *args, status):
        return self.same("compare", *args, status=status)

    def test_content(self):
        self.raw("r", 9 * M)
        self.qemu("convert", "-f", "raw", "-O", "qcow2", "r", "x")
        self.both("-f", "raw", "r", "x", status=0)
        self.assertEqual(self.both("-q", "-f", "raw", "r", "x", status=0), "")
        for offset in [9 * M - 1, 8 * M, 5 * M + 12345, 700 * K, 1]:
            byte = self.read("r", offset, 1)[0] ^ 0x5a
            self.patch("r", offset, bytes([byte]))
            text = self.both("-f", "raw", "r", "x", status=1)
            self.assertEqual(text, f"Content mismatch at offset {offset // 512 * 512}!\n")
            self.assertEqual(self.both("x", "-F", "raw", "r", status=1), text)
        self.assertEqual(self.both("-q", "-F", "raw", "x", "r", status=1), "")

    def test_sizes(self):
        self.raw("a", 3 * M)
        (self.dir / "b").write_bytes((self.dir / "a").read_bytes() + bytes(M))
        with open(self.dir / "c", "wb") as file:
            file.write((self.dir / "b").read_bytes() + b"x")
        form = ["-f", "raw", "-F", "raw"]
        self.assertEqual(self.both(*form, "a", "b", status=0), "Warning: Image size mismatch!\nImages are identical.\n")
        self.both(*form, "b", "a", status=0)
        self.assertEqual(self.both(*form, "-s", "a", "b", status=1), "Strict mode: Image size mismatch!\n")
        self.both(*form, "a", "c", status=1)
        self.both(*form, "c", "a", status=1)
        self.both(*form, "-q", "c", "a", status=1)

    def test_strict(self):
        self.qemu("create", "-q", "-f", "qcow2", "a", "5M")
        self.qemu("create", "-q", "-f", "qcow2", "b", "5M")
        for image in "ab":
            self.io(image, "write -P 3 1M 100k")
        self.assertEqual(self.both("-s", "a", "b", status=0), "Images are identical.\n")
        self.io("a", "write -P 0 3M 64k")
        self.both("a", "b", status=0)
        self.assertEqual(self.img("compare", "-s", "a", "b", status=1),
                         f"Strict mode: Offset {3 * M} block status mismatch!\n")
        self.qemu("compare", "-s", "a", "b", status=1)

    def test_progress(self):
        self.raw("a", 3 * M)
        shown = self.img("compare", "-p", "-f", "raw", "-F", "raw", "a", "a")
        self.assertTrue(shown.startswith("    (0.00/100%)"))
        self.assertIn("(100.00/100%)", shown)

    def test_shared_backing(self):
        """What two overlays have from the same file need not be read."""
        with open(self.dir / "base", "wb") as file:
            os.posix_fallocate(file.fileno(), 0, 64 * M)
        for image in "ab":
            self.img("create", "-q", "-f", "qcow2", "-b", "base", "-F", "raw", image)
            self.io(image, "write -P 4 10M 1M")
        self.both("a", "b", status=0)
        self.io("b", f"write -P 5 {11 * M - 512} 512")
        self.assertEqual(self.both("a", "b", status=1), f"Content mismatch at offset {11 * M - 512}!\n")

    def test_errors(self):
        self.raw("a", M)
        self.img_error("compare", "a", "nothere", status=2)
        self.qemu("compare", "a", "nothere", status=2)
        self.img_error("compare", "nothere", "a", status=2)
        self.assertIn("Expecting two image file names", self.img_error("compare", "a"))
        self.qemu("create", "-q", "-f", "qcow2", "x", "1M")
        self.patch("x", 3 * 64 * K, (1 << 40).to_bytes(8, "big"))
        done = self.run_any(images.IMG, "compare", "-f", "raw", "a", "x")
        self.assertIn(done.returncode, (2, 3, 4), done.stdout)
        self.assertIn("x", done.stderr)


if __name__ == "__main__":
    images.main()
