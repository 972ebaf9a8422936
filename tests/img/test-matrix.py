#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images made by qemu-img with all options of qcow2 that we claim, any two values of which occur together: we read them
as qemu-img does, and what we write into them leaves everything else as it was."""

import itertools
import random

import images
from images import K, M

CHOICES = {
    "cluster_size": ["512", "4k", "16k", "64k", "2M"],
    "refcount_bits": ["1", "2", "4", "8", "16", "32", "64"],
    "compat": ["0.10", "1.1"],
    "lazy_refcounts": ["off", "on"],
    "extended_l2": ["off", "on"],
    "compression_type": ["zlib", "zstd"],
    "preallocation": ["off", "metadata", "falloc", "full"],
    "backing": ["", "raw", "qcow2"],
}
SIZES = {"512": 1 * M, "2M": 20 * M}
SNAPSHOTS = 2


def is_possible(chosen):
    """What qemu-img refuses, too. Values that are not chosen yet agree with everything."""
    get = chosen.get
    if get("compat") == "0.10" and (get("refcount_bits", "16") != "16" or get("lazy_refcounts") == "on" or
                                    get("extended_l2") == "on" or get("compression_type") == "zstd"):
        return False
    if get("extended_l2") == "on" and get("cluster_size") in ("512", "1k", "4k"):
        return False
    return not (get("backing") and get("preallocation", "off") != "off")


def pairs(chosen):
    return {frozenset(pair) for pair in itertools.combinations(sorted(chosen.items()), 2)}


def complete(chosen, missing, r):
    """Adds the values of the other options one by one, those first that make the most pairs new."""
    names = [name for name in CHOICES if name not in chosen]
    r.shuffle(names)
    for name in names:
        fitting = [value for value in CHOICES[name] if is_possible({**chosen, name: value})]
        r.shuffle(fitting)
        chosen[name] = max(fitting, key=lambda value: len(pairs({**chosen, name: value}) & missing))
    return chosen


def combinations():
    """Sets of options in which each possible pair of values occurs."""
    r = random.Random(1)
    missing = set()
    for a, b in itertools.combinations(sorted(CHOICES), 2):
        missing |= {frozenset([(a, x), (b, y)]) for x in CHOICES[a] for y in CHOICES[b] if is_possible({a: x, b: y})}
    result = []
    while missing:
        chosen = complete(dict(min(missing, key=sorted)), missing, r)
        found = pairs(chosen) & missing
        assert found
        missing -= found
        result.append(chosen)
    return result


def without_place(value):
    """What depends on the moment or on the file system is left out."""
    if isinstance(value, dict):
        return {key: without_place(item) for key, item in value.items()
                if key not in ("actual-size", "children", "icount", "filename")}
    return [without_place(item) for item in value] if isinstance(value, list) else value


class Matrix(images.ImageTest):
    def make(self, chosen):
        """An image with data of all kinds in it, snapshots and a bitmap."""
        size = SIZES.get(chosen["cluster_size"], 6 * M)
        for name in ("x", "base"):
            (self.dir / name).unlink(missing_ok=True)
        backing = []
        if chosen["backing"]:
            # It is shorter than what lies on it.
            self.raw("base.raw", size - 700 * K, seed=9)
            self.qemu("convert", "-f", "raw", "-O", chosen["backing"], "base.raw", "base")
            backing = ["-b", "base", "-F", chosen["backing"]]
        options = ",".join(f"{name}={value}" for name, value in chosen.items() if name != "backing")
        self.qemu("create", "-q", "-f", "qcow2", "-o", options, *backing, "x", str(size))
        part = size // 16
        self.io("x", f"write -P 1 {part} {part // 2}", f"write -P 2 {3 * part + 512} 1536", f"write -z {5 * part} {part}",
                f"write -zu {7 * part + 4096} {part}", f"discard {part + 8192} {part // 4}", "write -P 3 0 512",
                f"write -P 4 {size - 512} 512")
        if chosen["refcount_bits"] != "1":
            for i in range(SNAPSHOTS):
                self.qemu("snapshot", "-c", f"snapshot {i}", "x")
                self.io("x", f"write -P {20 + i} {2 * part + i * 3000} {part}")
        # qemu-img compresses only to clusters that do not exist.
        if chosen["preallocation"] == "off":
            unit = 2 * M if size == SIZES["2M"] else 256 * K if size > M else 64 * K
            self.io("x", f"write -c -P 5 {(10 * part + unit - 1) // unit * unit} {unit}")
        if chosen["compat"] == "1.1":
            self.qemu("bitmap", "--add", "-g", "64k", "x", "bitmap")
        return size

    def content(self, program, *args):
        (self.dir / "out").unlink(missing_ok=True)
        self.expect(0, program, "convert", "-O", "raw", *args, "out")
        return (self.dir / "out").read_bytes()

    def same_content(self, *args):
        """Of a snapshot qemu-img shows as much as the disk has now, and we what it had then."""
        ours, theirs = (self.content(program, *args) for program in (images.IMG, images.QEMU_IMG))
        self.assertTrue(ours == theirs[:len(ours)], f"{args} differ")
        self.assertTrue(len(ours) == len(theirs) or "-l" in args)
        return ours

    def all_content(self):
        snapshots = self.json(images.QEMU_IMG, "info", "--output=json", "x").get("snapshots", [])
        return [self.same_content("-l", snapshot["name"], "x") for snapshot in snapshots]

    def check_description(self):
        info = [without_place(self.json(program, "info", "--output=json", "--backing-chain", "x"))
                for program in (images.IMG, images.QEMU_IMG)]
        self.assertEqual(*info)
        checks = [self.json(program, "check", "--output=json", "x") for program in (images.IMG, images.QEMU_IMG)]
        self.assertEqual(*checks)

    def check_writes(self, size, disk, snapshots):
        """What is written in place of this: odd pieces, all of it compressed, and a larger disk."""
        expected = bytearray(disk)
        for offset, length in [(1536, 700), (size // 2 - 300 * K, 310 * K), (size - 5000, 5000)]:
            self.img("bench", "-q", "-w", "--pattern", "77", "-c", "1", "-o", str(offset), "-s", str(length), "x")
            expected[offset:offset + length] = bytes([77]) * length
        self.assertTrue(self.same_content("x") == expected, "the disk is not what was written")
        # Version 2 does not note how large the disk was when a snapshot was taken.
        if snapshots and self.json(images.IMG, "info", "--output=json", "x")["format-specific"]["data"]["compat"] == "0.10":
            self.assertIn("snapshot", self.img_error("resize", "x", "+3M"))
        else:
            self.img("resize", "-q", "x", "+3M")
            expected += bytes(3 * M)
        self.assertTrue(self.same_content("x") == expected, "the resized disk is another")
        (self.dir / "new.raw").write_bytes(bytes(reversed(expected)))
        self.img("convert", "-n", "-f", "raw", "-O", "qcow2", "new.raw", "x")
        self.assertTrue(self.same_content("x") == bytes(reversed(expected)), "the disk is not what was copied")
        self.assertEqual(self.all_content(), snapshots)
        for program in (images.IMG, images.QEMU_IMG):
            for bitmap in self.json(program, "info", "--output=json", "x")["format-specific"]["data"].get("bitmaps", []):
                self.assertIn("in-use", bitmap["flags"])
        self.assertIn("No errors were found", self.qemu("check", "x"))
        self.assertIn("No errors were found", self.img("check", "x"))

    def check_all(self, chosen):
        size = self.make(chosen)
        self.check_description()
        disk, snapshots = self.same_content("x"), self.all_content()
        self.assertEqual(len(disk), size)
        self.assertEqual(len(snapshots), 0 if chosen["refcount_bits"] == "1" else SNAPSHOTS)
        self.check_writes(size, disk, snapshots)


def add_tests():
    """A test for each set, so that each is named when it fails."""
    for i, chosen in enumerate(combinations()):
        name = "_".join(value or "none" for value in chosen.values())

        def test(self, chosen=chosen):
            self.check_all(chosen)
        setattr(Matrix, f"test_{i:02}_{name}", test)


add_tests()
if __name__ == "__main__":
    images.main()
