#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""create, info, measure and resize."""

import images
from images import G, K, M, T

# What depends on where the file system puts a file, or on what qemu-img writes ahead.
PLACE = {"actual-size", "children", "icount"}


def without(value, names):
    if isinstance(value, dict):
        return {key: without(item, names) for key, item in value.items() if key not in names}
    if isinstance(value, list):
        return [without(item, names) for item in value]
    return value


class Create(images.ImageTest):
    def info(self, program, *args):
        return without(self.json(program, "info", "--output=json", *args), PLACE)

    def test_matrix(self):
        for size in ["1M", "10485760", "3.5G", "1T"]:
            for options in images.QCOW2_OPTIONS:
                if "cluster_size=512" in options and size == "1T" or "preallocation" in options and size != "1M":
                    continue
                with self.subTest(size=size, options=options):
                    args = ["create", "-f", "qcow2", *(["-o", options] if options else []), "x.qcow2", size]
                    made = self.img(*args)
                    ours = self.info(images.IMG, "x.qcow2")
                    self.assertEqual(self.qemu("check", "x.qcow2").splitlines()[0], "No errors were found on the image.")
                    self.assertEqual(self.info(images.QEMU_IMG, "x.qcow2"), ours)
                    self.assertEqual(self.qemu(*args), made)
                    self.assertEqual(self.info(images.IMG, "x.qcow2"), ours)
                    self.same("info", "x.qcow2")
                    self.same("check", "x.qcow2")
                    self.assertEqual(self.json(images.IMG, "info", "--output=json", "x.qcow2"),
                                     self.json(images.QEMU_IMG, "info", "--output=json", "x.qcow2"))

    def test_raw(self):
        for args in [["-f", "raw", "x", "5M"], ["x", "12345"], ["-o", "preallocation=full", "x", "1M"],
                     ["-o", "preallocation=falloc", "x", "1M"], ["-o", "size=3M", "x"]]:
            made = self.img("create", *args)
            ours = (self.dir / "x").read_bytes()
            blocks = (self.dir / "x").stat().st_blocks
            self.assertEqual(self.qemu("create", *args), made)
            self.assertEqual((self.dir / "x").read_bytes(), ours)
            if "preallocation" in args[1]:
                self.assertGreaterEqual(blocks * 512, 1 * M)

    def test_quiet(self):
        self.assertEqual(self.img("create", "-q", "-f", "qcow2", "x", "1M"), "")

    def test_backing(self):
        (self.dir / "sub").mkdir()
        self.img("create", "base.raw", "7M")
        self.img("create", "-f", "qcow2", "-b", "../base.raw", "-F", "raw", "sub/mid.qcow2")
        self.img("create", "-f", "qcow2", "-o", "backing_file=mid.qcow2,backing_fmt=qcow2", "sub/top.qcow2", "9M")
        for image in ["sub/mid.qcow2", "sub/top.qcow2", "base.raw"]:
            for chain in [[], ["--backing-chain"]]:
                self.assertEqual(self.info(images.IMG, *chain, image), self.info(images.QEMU_IMG, *chain, image))
        human = self.same("info", "sub/mid.qcow2")
        self.assertIn("backing file: ../base.raw (actual path: sub/../base.raw)", human)
        self.assertIn("virtual size: 7 MiB", human)
        self.same("info", "--backing-chain", "sub/top.qcow2")
        (self.dir / "base.raw").unlink()
        self.assertIn("base.raw", self.img("info", "sub/mid.qcow2"))
        self.assertIn("base.raw: cannot be opened", self.img_error("info", "--backing-chain", "sub/mid.qcow2"))
        self.assertIn("base.raw", self.img_error("create", "-f", "qcow2", "-b", "base.raw", "-F", "raw", "x"))
        self.img("create", "-f", "qcow2", "-u", "-b", "base.raw", "-F", "raw", "x", "1M")
        self.assertFalse((self.dir / "base.raw").exists())

    def test_errors(self):
        for args, text in [
            (["-f", "qcow2", "x"], "Image creation needs a size parameter"),
            (["-f", "qcow2", "-u", "-b", "y", "-F", "raw", "x"], "Image creation needs a size parameter"),
            (["-f", "qcow2", "-b", "y", "x"], "Backing file specified without backing format"),
            (["-f", "qcow2", "-F", "raw", "x", "1M"], "Backing format cannot be used without backing file"),
            (["-f", "raw", "-b", "y", "-F", "raw", "x", "1M"], "no backing file"),
            (["-f", "qcow3", "x", "1M"], "did you mean 'qcow2'?"),
            (["-f", "qcow2", "-o", "clustersize=4k", "x", "1M"], "did you mean 'cluster_size'?"),
            (["-f", "qcow2", "-o", "cluster_size=3k", "x", "1M"], "power of two"),
            (["-f", "qcow2", "-o", "size=1M", "x", "1M"], "must be specified only once"),
            (["-f", "qcow2", "x", "1Q"], "Invalid image size specified: '1Q'"),
            (["-f", "qcow2", "x", "9000P"], ""),
            (["-f", "qcow2", "-o", "compat=0.10,extended_l2=on", "x", "1M"], "compat=1.1"),
            (["x", "1M", "2M"], "Unexpected argument: 2M"),
            ([], "Expecting image file name"),
            (["--object", "secret,id=a", "x", "1M"], "--object is not supported"),
        ]:
            with self.subTest(args=args):
                self.assertIn(text, self.img_error("create", *args))
                self.expect(1, images.QEMU_IMG, "create", *args)
                self.assertFalse((self.dir / "x").exists())

    def test_option_help(self):
        text = self.img("create", "-f", "qcow2", "-o", "help")
        known = [line.split("=")[0] for line in text.splitlines() if line.startswith("  ")]
        self.assertEqual(len(known), 10)
        theirs = self.qemu("create", "-f", "qcow2", "-o", "help")
        for name in known:
            self.assertIn(name + "=", theirs)

    def test_snapshots_and_bitmaps(self):
        self.qemu("create", "-q", "-f", "qcow2", "x", "10M")
        for i in range(5):
            self.io("x", f"write -P {i} {i}M 1M")
            self.qemu("snapshot", "-c", f"snapshot {i}", "x")
            self.qemu("bitmap", "--add", "-g", f"{64 << i}k", *(["--disable"] if i % 2 else []), "x", f"bitmap{i}")
        ours, theirs = (self.info(program, "x") for program in (images.IMG, images.QEMU_IMG))
        self.assertEqual(ours, theirs)
        self.assertEqual(len(ours["snapshots"]), 5)
        self.assertEqual(len(ours["format-specific"]["data"]["bitmaps"]), 5)
        table = [line[:70].rstrip() for line in self.qemu("snapshot", "-l", "x").splitlines()]
        self.assertEqual([line[:70].rstrip() for line in self.img("snapshot", "-l", "x").splitlines()], table)
        self.assertEqual(len(table), 7)
        self.assertEqual(self.img("snapshot", "-l", self.raw("raw", M)), "")


class Resize(images.ImageTest):
    def test_both(self):
        for options in [opt for opt in images.QCOW2_OPTIONS if opt != "cluster_size=512"] + [None]:
            form = ["-f", "qcow2" if options is not None else "raw"]
            for change in ["+1M", "-2M", "20M", "5M", "+0", "1000G", "512", "-4608k"]:
                with self.subTest(options=options, change=change):
                    made = ["create", "-q", *form, *(["-o", options] if options else []), "x", "10M"]
                    if options is None or "preallocation" not in options:
                        made[-1] = "10M"
                    self.qemu(*made)
                    self.expect(0, images.QEMU_IO, *form, "-c", "write -P 7 3M 3M", "-c", "write -P 9 0 64k", "x")
                    self.dir.joinpath("y").write_bytes(self.dir.joinpath("x").read_bytes())
                    args = ["resize", "--shrink", *form]
                    self.assertEqual(self.img(*args, "x", change), self.qemu(*args, "y", change))
                    sizes = [self.json(program, "info", "--output=json", *form, image)["virtual-size"]
                             for program, image in [(images.IMG, "x"), (images.QEMU_IMG, "x"), (images.IMG, "y")]]
                    self.assertEqual(len(set(sizes)), 1)
                    self.qemu("compare", *form, "-F", form[1], "x", "y")
                    if options is not None:
                        self.qemu("check", "-q", "x")

    def test_refusals(self):
        self.img("create", "x", "1M")
        for args, text in [(["x", "-512k"], "Use the --shrink option"), (["x", "1000"], "Use the --shrink option"),
                           (["x", "-1M"], "must be positive"), (["x", "0"], "must be positive"), (["x", "-5M"], "positive"),
                           (["x", "foo"], "Invalid image size"), (["x"], "Expecting image file name and size"),
                           (["y", "2M"], "Could not open 'y'"), (["--preallocation=foo", "x", "2M"], "'foo'"),
                           (["--shrink", "--preallocation=full", "x", "512k"], "growing")]:
            with self.subTest(args=args):
                self.assertIn(text, self.img_error("resize", "-f", "raw", *args))
                self.expect(1, images.QEMU_IMG, "resize", "-f", "raw", *args)
                self.assertEqual((self.dir / "x").stat().st_size, M)
        done = self.expect(0, images.IMG, "resize", "x", "2M")
        self.assertIn("WARNING: Image format was not specified for 'x' and probing guessed raw.", done.stderr)

    def test_preallocation(self):
        for form, mode in [("raw", "falloc"), ("raw", "full"), ("qcow2", "full"), ("raw", "off")]:
            self.img("create", "-q", "-f", form, "x", "1M")
            self.img("resize", "-f", form, "--preallocation=" + mode, "x", "+3M")
            self.assertEqual((self.dir / "x").stat().st_blocks * 512 >= 3 * M, mode != "off")
            self.qemu("compare", "-f", form, "-F", "raw", "x", "/dev/null")


class Measure(images.ImageTest):
    def test_both(self):
        self.raw("r", 13 * M)
        self.qemu("convert", "-O", "qcow2", "r", "q")
        for options in ["", "cluster_size=4k", "cluster_size=2M,refcount_bits=64", "extended_l2=on", "refcount_bits=1"]:
            chosen = ["-o", options] if options else []
            for source in [["--size", "1"], ["--size", "5G"], ["--size", "10T"], ["-f", "raw", "r"]]:
                with self.subTest(options=options, source=source):
                    status = int("4k" in options and "10T" in source)
                    self.same("measure", "-O", "qcow2", *chosen, *source, status=status)
                    if status == 0:
                        self.same("measure", "--output=json", "-O", "qcow2", *chosen, *source)
            theirs = self.qemu("measure", "-O", "qcow2", *chosen, "q").replace("bitmaps size: 0\n", "")
            self.assertEqual(self.img("measure", "-O", "qcow2", *chosen, "q"), theirs)
        self.assertEqual(self.same("measure", "-O", "raw", "-f", "raw", "r").split()[2], str(13 * M))
        self.img("create", "-q", "-f", "qcow2", "big", "1T")
        self.assertLess(int(self.img("measure", "-O", "qcow2", "big").split()[2]), G)
        self.assertGreater(int(self.img("measure", "-O", "qcow2", "big").split()[-1]), T)
        for args, text in [(["--size", "1G", "r"], "--size"), ([], "--size"), (["-O", "foo", "r"], "Unknown file format"),
                           (["-O", "qcow2", "-o", "cluster_size=5", "r"], "power of two")]:
            self.assertIn(text, self.img_error("measure", *args))


if __name__ == "__main__":
    assert K
    images.main()
