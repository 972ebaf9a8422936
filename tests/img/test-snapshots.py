#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal snapshots made by qemu-img: read as sources, and left alone by all that writes."""

import images
from images import K, M


class Snapshots(images.ImageTest):
    def make(self, *options):
        self.qemu("create", "-q", "-f", "qcow2", *options, "x", "8M")
        self.kept = {}
        for i in range(3):
            self.io("x", f"write -P {i + 1} {i}M 2M", f"write -z {i + 3}M 300k", f"write -P {i + 10} {6 * M + i * 70 * K} 70k")
            self.qemu("snapshot", "-c", f"name {i}", "x")
            self.qemu("convert", "-O", "raw", "x", f"kept{i}")
            self.kept[f"name {i}"] = (self.dir / f"kept{i}").read_bytes()

    def check_kept(self, image="x"):
        self.assertIn("No errors were found", self.qemu("check", image))
        self.assertIn("No errors were found", self.img("check", image))
        for name, content in self.kept.items():
            for program in (images.IMG, images.QEMU_IMG):
                self.expect(0, program, "convert", "-l", name, "-O", "raw", image, "out")
                self.assertTrue((self.dir / "out").read_bytes()[:len(content)] == content, (program, name))

    def test_sources(self):
        self.make()
        for i, content in enumerate(self.kept.values()):
            for which in [f"name {i}", str(i + 1), f"snapshot.name=name {i}", f"snapshot.id={i + 1}"]:
                self.img("convert", "-l", which, "-O", "raw", "x", "out")
                self.assertEqual((self.dir / "out").read_bytes(), content)
            self.img("convert", "-l", str(i + 1), "-c", "-O", "qcow2", "x", "out.qcow2")
            self.assertEqual(self.qemu("compare", "out.qcow2", f"kept{i}"), "Images are identical.\n")
            theirs = self.qemu("measure", "-l", f"snapshot.id={i + 1}", "-O", "qcow2", "x").replace("bitmaps size: 0\n", "")
            self.assertEqual(self.img("measure", "-l", f"snapshot.id={i + 1}", "-O", "qcow2", "x"), theirs)

    def test_writes(self):
        for options in [[], ["-o", "cluster_size=512"], ["-o", "extended_l2=on"], ["-o", "refcount_bits=4,lazy_refcounts=on"]]:
            for cache in ["writeback", "none"]:
                with self.subTest(options=options, cache=cache):
                    self.make(*options)
                    self.img("bench", "-q", "-w", "-t", cache, "--pattern", "200", "-s", "4k", "-S", "13k", "-c", "600", "x")
                    self.check_kept()
                    (self.dir / "new").write_bytes(images.noise(8 * M))
                    self.img("convert", "-n", "-f", "raw", "-O", "qcow2", "-t", cache, "new", "x")
                    self.check_kept()
                    self.assertEqual(self.qemu("compare", "-F", "raw", "x", "new"), "Images are identical.\n")

    def test_resize(self):
        self.make()
        self.img("resize", "x", "+5M")
        self.check_kept()
        self.make("-o", "compat=0.10")
        self.assertIn("snapshot", self.img_error("resize", "x", "+5M"))
        self.check_kept()

    def test_repair(self):
        """Refcounts made anew count the snapshots', too."""
        self.make()
        self.patch("x", 64 * K, bytes(8))
        self.img("check", "-r", "all", "x")
        self.check_kept()

    def test_errors(self):
        self.make()
        self.raw("r", M)
        for args, text in [(["-l", "nothere", "x"], "has no snapshot 'nothere'"), (["-l", "1", "r"], "only qcow2 images have snapshots"),
                           (["-l", "snapshot.foo=1", "x"], "snapshot.foo"), (["-l", "1", "x", "x"], "concatenating")]:
            self.assertIn(text, self.img_error("convert", *args, "out"))
            self.assertFalse((self.dir / "out").exists())


if __name__ == "__main__":
    images.main()
