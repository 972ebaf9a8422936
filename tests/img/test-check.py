#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check: what is wrong, what can be repaired, and the exit status that says so."""

import images
from images import K, M

CLUSTER = 64 * K


class Check(images.ImageTest):
    def make(self):
        """8 clusters of data at 5..12; header, refcount table, refcount block, L1, L2 before them."""
        self.qemu("create", "-q", "-f", "qcow2", "x", "1M")
        self.io("x", "write -P 7 0 512k")

    def copy(self):
        (self.dir / "y").write_bytes((self.dir / "x").read_bytes())

    def both(self, *args, status):
        """Statuses and the numbers in JSON are the same."""
        ours, theirs = (self.json(program, "check", "--output=json", *args, status=status)
                        for program in (images.IMG, images.QEMU_IMG))
        self.assertEqual(ours, theirs)
        return ours

    def test_clean(self):
        self.make()
        self.assertEqual(self.same("check", "x").splitlines()[1],
                         "8/16 = 50.00% allocated, 0.00% fragmented, 0.00% compressed clusters")
        self.both("x", status=0)
        self.assertEqual(self.img("check", "-q", "x"), "")
        self.assertIn("100.00/100%", self.img("check", "-p", "x"))
        self.same("check", "-r", "all", "x")

    def test_leaks(self):
        self.make()
        self.patch("x", 4 * CLUSTER, bytes(16))
        self.assertEqual(self.both("x", status=3)["leaks"], 2)
        self.same("check", "x", status=3)
        self.assertEqual(self.img("check", "-q", "x", status=3), "")
        self.copy()
        repaired = self.img("check", "-r", "leaks", "x")
        self.assertEqual(repaired.splitlines()[2], "    2 leaked clusters")
        self.assertEqual(self.qemu("check", "-r", "leaks", "y"), repaired)
        self.both("x", status=0)
        self.make()
        self.patch("x", 4 * CLUSTER, bytes(16))
        self.copy()
        ours = self.json(images.IMG, "check", "-r", "leaks", "--output=json", "x")
        self.assertEqual(ours["leaks-fixed"], 2)
        self.assertEqual({**self.json(images.QEMU_IMG, "check", "-r", "leaks", "--output=json", "y"), "filename": "x"}, ours)

    def test_refcounts_lost(self):
        self.make()
        for what in ["entries", "block", "table"]:
            with self.subTest(what=what):
                self.make()
                if what == "entries":
                    self.patch("x", 2 * CLUSTER + 10, bytes(4))
                elif what == "block":
                    self.patch("x", 2 * CLUSTER, bytes(CLUSTER))
                else:
                    self.patch("x", 1 * CLUSTER, bytes(8))
                # The number is another matter: a flag that contradicts the refcount may be an error of its own or not.
                for program in (images.IMG, images.QEMU_IMG):
                    self.assertGreater(self.json(program, "check", "--output=json", "x", status=2)["corruptions"], 1)
                self.img("check", "-r", "leaks", "x", status=2)
                self.assertIn("The following inconsistencies were found and repaired:", self.img("check", "-r", "all", "x"))
                self.both("x", status=0)
                self.expect(0, images.QEMU_IO, "-c", "read -P 7 0 512k", "x")

    def test_bad_entries(self):
        """An L2 entry that is shared, beyond the file, or on top of tables: damage that both see."""
        for entry in [6 * CLUSTER | 1 << 63, 999 * CLUSTER | 1 << 63, 3 * CLUSTER | 1 << 63, 5 * CLUSTER + 512 | 1 << 63]:
            with self.subTest(entry=entry):
                self.make()
                self.patch("x", 4 * CLUSTER, entry.to_bytes(8, "big"))
                self.img("check", "x", status=2)
                self.qemu("check", "x", status=2)
                done = self.run_any(images.IMG, "check", "-r", "all", "x")
                self.assertIn(done.returncode, (0, 2, 3))
                again = self.run_any(images.IMG, "check", "x")
                self.assertEqual(again.returncode, done.returncode)
                if done.returncode == 0:
                    self.qemu("check", "x")

    def test_marks(self):
        self.make()
        self.patch("x", 72, (1).to_bytes(8, "big"))
        self.assertIn("cleanly shut down: no", self.same("info", "x"))
        self.assertTrue(self.json(images.IMG, "info", "--output=json", "x")["dirty-flag"])
        self.img("check", "-r", "all", "x")
        self.assertFalse(self.json(images.QEMU_IMG, "info", "--output=json", "x")["dirty-flag"])
        self.patch("x", 72, (2).to_bytes(8, "big"))
        self.assertIn("corrupt: true", self.same("info", "x"))
        self.assertIn("damaged", self.img_error("resize", "x", "+1M"))
        self.img("check", "-r", "all", "x")
        self.img("resize", "x", "+1M")

    def test_not_checkable(self):
        self.raw("r", M)
        self.assertIn("does not support checks", self.img_error("check", "r", status=63))
        self.qemu("check", "r", status=63)
        self.assertIn("Could not open 'nothere'", self.img_error("check", "nothere"))
        self.assertIn("--repair (-r) expects 'leaks' or 'all' not 'foo'", self.img_error("check", "-r", "foo", "r"))
        self.assertIn("--output expects 'human' or 'json' not 'foo'", self.img_error("check", "--output=foo", "r"))
        self.assertIn("qcow3", self.img_error("check", "-f", "qcow3", "r"))

    def test_snapshots(self):
        self.make()
        for i in range(3):
            self.qemu("snapshot", "-c", f"s{i}", "x")
            self.io("x", f"write -P {i} {i * 128}k 200k")
        self.qemu("bitmap", "--add", "x", "b")
        self.both("x", status=0)
        self.same("check", "x")


if __name__ == "__main__":
    images.main()
