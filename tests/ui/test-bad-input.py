#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong, told by the app over the real engine: files that start nothing, computers without room, processes that die.

Usage: test-bad-input.py BUILD-FOLDER
"""

import os
import signal
import subprocess
import sys
import time
import unittest

from desktop import Desktop, run_tests

BUILD = sys.argv.pop(1)


class BadInput(unittest.TestCase):
    def setUp(self):
        self.desktop = Desktop(BUILD, engine="real")
        self.addCleanup(self.desktop.close)
        self.files = self.desktop.folder / "files"
        self.files.mkdir()

    def open(self, *arguments, **options):
        app = self.desktop.app(*map(str, arguments), **options)

        def end():
            self.assertNotRegex(app.quit(), r"(CRITICAL|WARNING) \*\*|-(CRITICAL|WARNING)")
        self.addCleanup(end)
        return app

    def find_text(self, app, pattern, wait=20):
        """A label that says so."""
        end = time.monotonic() + wait
        while True:
            labels = app.names("label")
            found = next((label for label in labels if pattern.lower() in label.lower()), None)
            if found:
                return found
            self.assertLess(time.monotonic(), end, f"nothing says “{pattern}”: {labels}")
            time.sleep(0.1)

    def assert_refused(self, app):
        from gi.repository import Atspi
        self.assertFalse(app.find("Create", "button").get_state_set().contains(Atspi.StateType.SENSITIVE))
        self.assertEqual(self.machines(), [])

    def machines(self):
        return self.desktop.control("list", "--names").split()

    def make(self, name, *options):
        self.desktop.control("create", *options, name)

    def write_iso(self, name, blocks, claimed):
        """An ISO 9660 image of so many blocks of 2 KiB, which claims to have others."""
        volume = bytearray(2048)
        volume[0:7] = b"\x01CD001\x01"
        volume[40:72] = b"A DISC".ljust(32)
        volume[80:88] = claimed.to_bytes(4, "little") + claimed.to_bytes(4, "big")
        volume[128:132] = b"\x00\x08\x08\x00"
        end = b"\xffCD001\x01".ljust(2048, b"\0")
        place = self.files / name
        place.write_bytes((bytes(32768) + volume + end).ljust(2048 * blocks, b"\0"))
        return place

    def test_truncated_iso(self):
        app = self.open(self.write_iso("short.iso", 100, 5000))
        print(app.names("label"), file=sys.stderr)
        time.sleep(2)
        print(app.names("label"), file=sys.stderr)
        app.screenshot("bad-truncated")

    def test_text_file(self):
        place = self.files / "text.iso"
        place.write_text("Buy milk.\n" * 100)
        app = self.open(place)
        time.sleep(2)
        print(app.names("label"), file=sys.stderr)
        app.screenshot("bad-text")

    def test_directory(self):
        app = self.open(self.files)
        time.sleep(2)
        print(app.names("label"), file=sys.stderr)
        app.screenshot("bad-directory")

    def test_missing_file(self):
        app = self.open(self.files / "nothing.iso")
        time.sleep(2)
        print(app.names("label"), file=sys.stderr)
        app.screenshot("bad-missing")

    def test_second_instance(self):
        self.make("First")
        self.make("Second")
        app = self.open("--machine", "First")
        app.find("First", "label", wait=20)
        second = subprocess.run([str(self.desktop.build / "app/vitrine"), "--machine", "Second"], env=self.desktop.environment, timeout=30)
        self.assertEqual(second.returncode, 0)
        time.sleep(2)
        print(app.names("label"), file=sys.stderr)
        self.assertEqual(len(app.names("frame")), 1)

    def test_killed_machine(self):
        self.make("Fragile")
        app = self.open("--machine", "Fragile")
        app.find("Start", "button", wait=20)
        app.press("Start", "button")
        app.find("Screen of Fragile", wait=60)
        process, = self.desktop.machine_processes()
        os.kill(process, signal.SIGKILL)
        self.find_text(app, "crashed")
        time.sleep(1)
        print(app.names("label"), file=sys.stderr)
        app.screenshot("bad-killed-machine")

    def test_killed_engine(self):
        self.make("Sturdy")
        app = self.open("--machine", "Sturdy")
        app.find("Start", "button", wait=20)
        app.press("Start", "button")
        app.find("Screen of Sturdy", wait=60)
        before = self.desktop.machine_processes()
        for _ in range(3):
            engine = int(subprocess.run(["pgrep", "-f", "-x", str(self.desktop.build / "engine/tools/engine/vitrine-engine"), "-s", "0"],
                                        stdout=subprocess.PIPE).stdout.split()[0])
            os.kill(engine, signal.SIGKILL)
        app.find("Pause", "button", wait=20)
        self.assertEqual(self.desktop.machine_processes(), before)


if __name__ == "__main__":
    sys.exit(run_tests(BUILD, 300))
