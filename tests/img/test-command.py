#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line itself: help, version, and what is said about mistakes in it."""

import subprocess

import images

COMMANDS = ["bench", "check", "compare", "convert", "create", "info", "map", "measure", "resize", "snapshot"]


class Command(images.ImageTest):
    def test_help(self):
        text = self.img("--help")
        self.assertEqual(self.img("-h"), text)
        for command in COMMANDS:
            self.assertIn(f"\n  {command} ", text)
            own = self.img(command, "--help")
            self.assertEqual(self.img(command, "-h"), own)
            self.assertIn(f"vitrine-img {command} ", own)
            self.assertIn("--help", own)

    def test_version(self):
        self.assertRegex(self.img("--version"), r"^vitrine-img version \d+\.\d+")
        self.assertEqual(self.img("-V"), self.img("--version"))

    def test_nearest(self):
        self.assertIn("Not enough arguments", self.img_error())
        self.assertIn("Command not found: crate; did you mean 'create'?", self.img_error("crate"))
        self.assertIn("did you mean '--version'?", self.img_error("--versoin"))
        self.assertIn("unknown option '--ouptut'; did you mean '--output'?", self.img_error("info", "--ouptut=json", "x"))
        self.assertIn("unknown option '-Z'", self.img_error("info", "-Z", "x"))
        self.assertIn("needs a value", self.img_error("info", "-f"))
        self.assertIn("needs a value", self.img_error("info", "--format"))
        self.assertIn("takes no value", self.img_error("info", "--force-share=on", "x"))
        self.assertIn("Expecting one image file name", self.img_error("info"))
        self.assertIn("--image-opts is not supported", self.img_error("info", "--image-opts", "driver=raw"))

    def test_order(self):
        """Options may come after names, be shortened, and be closed with --."""
        self.img("create", "x", "-f", "qcow2", "1M", "-q")
        self.assertIn('"format": "qcow2"', self.img("info", "x", "--outp", "json"))
        self.img("create", "-q", "--", "-odd", "1M")
        self.assertIn("file format: raw", self.img("info", "--", "-odd"))
        self.img("resize", "x", "-512k", "--shrink", status=1)
        self.img("resize", "--shrink", "x", "-512k")

    def test_full_output(self):
        """An answer that could not be given is a failure."""
        self.img("create", "-q", "x", "1M")
        with open("/dev/full", "wb") as full:
            done = subprocess.run([images.IMG, "info", "x"], cwd=self.dir, stdout=full, stderr=subprocess.PIPE, text=True,
                                  check=False, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Standard output cannot be written", done.stderr)

    def test_iso(self):
        (self.dir / "x.iso").write_bytes(bytes(32768) + b"\1CD001\1" + bytes(32768))
        self.assertIn("file format: raw", self.img("info", "x.iso"))


if __name__ == "__main__":
    images.main(needs_qemu=False)
