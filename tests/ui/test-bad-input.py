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
from pathlib import Path

from desktop import Desktop, run_tests

BUILD = sys.argv.pop(1)


class BadInput(unittest.TestCase):
    # What GTK says of libadwaita 1.7's own dialog when its heading has more than one line.
    NOISE = "Trying to measure GtkLabel"

    def setUp(self):
        self.desktop = Desktop(BUILD, engine="real")
        self.addCleanup(self.desktop.close)
        self.files = self.desktop.folder / "files"
        self.files.mkdir()

    def open(self, *arguments, **options):
        app = self.desktop.app(*map(str, arguments), **options)

        def end():
            log = "\n".join(line for line in app.quit().splitlines() if self.NOISE not in line)
            self.assertNotRegex(log, r"(CRITICAL|WARNING) \*\*|-(CRITICAL|WARNING)")
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
        self.assertFalse(app.has("Create", "button"))
        app.find("Choose File…", "button")
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

    def start_machine(self, name):
        self.make(name)
        app = self.open("--machine", name)
        app.find("Start", "button", wait=20)
        app.press("Start", "button")
        app.find(f"Screen of {name}", wait=60)
        return app

    def test_truncated_iso(self):
        app = self.open(self.write_iso("short.iso", 100, 5000))
        self.find_text(app, "The file is cut short")
        self.find_text(app, "Download it again.")
        app.screenshot("bad-truncated")
        self.assertEqual(self.machines(), [])

    def test_text_file(self):
        place = self.files / "text.iso"
        place.write_text("Buy milk.\n" * 100)
        app = self.open(place)
        self.find_text(app, "No machine can be made from “text.iso”")
        self.find_text(app, "This is a text, not a disk image. Choose another file.")
        app.screenshot("bad-text")
        self.assert_refused(app)

    def test_directory(self):
        app = self.open(self.files)
        self.find_text(app, "“files” is a folder")
        app.screenshot("bad-directory")
        self.assert_refused(app)

    def test_missing_file(self):
        app = self.open(self.files / "nothing.iso")
        self.find_text(app, "“nothing.iso” cannot be opened: No such file or directory")
        self.assert_refused(app)

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_unreadable_file(self):
        place = self.write_iso("secret.iso", 100, 100)
        place.chmod(0)
        app = self.open(place)
        self.find_text(app, "“secret.iso” cannot be opened: Permission denied")
        self.assert_refused(app)

    def test_image_in_use(self):
        image = self.files / "shared.img"
        image.write_bytes(bytes(1 << 20))
        self.desktop.control("import", "--in-place", "--start", str(image), "Owner")
        self.desktop.control("import", "--in-place", str(image), "Guest", check=False)
        self.assertEqual(self.machines(), ["Guest", "Owner"], "two machines may share an image, not at the same time")
        app = self.open("--machine", "Guest")
        app.find("Start", "button", wait=20)
        app.press("Start", "button")
        self.find_text(app, "“shared.img” is in use by another process")
        app.screenshot("bad-image-in-use")
        self.assertEqual(len(self.desktop.machine_processes()), 1)

    def test_no_disk_space(self):
        data = self.desktop.folder / "data"
        data.mkdir(exist_ok=True)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(data)], check=False, stderr=subprocess.DEVNULL).returncode:
            self.skipTest("only root can mount a small disk")
        self.addCleanup(subprocess.run, ["umount", "-l", str(data)], check=True)
        app = self.open(self.write_iso("disc.iso", 100, 100))
        self.find_text(app, "disc.iso")
        self.find_text(app, "Only 8")
        app.screenshot("bad-no-space")
        button = app.find("Create", "button")
        end = time.monotonic() + 20
        while button.get_state_set().contains(app.atspi.StateType.SENSITIVE):
            self.assertLess(time.monotonic(), end, "the machine could be created without room")
            time.sleep(0.1)
            button.clear_cache_single()
        self.assertEqual(self.machines(), [])

    def test_second_instance(self):
        self.make("First")
        self.make("Second")
        app = self.open("--machine", "First")
        app.find("First", "label", wait=20)
        second = subprocess.run([str(self.desktop.build / "app/vitrine"), "--machine", "Second"], env=self.desktop.environment, timeout=30,
                                check=False)
        self.assertEqual(second.returncode, 0)
        end = time.monotonic() + 20
        while not app.find("Second", "list item").get_state_set().contains(app.atspi.StateType.SELECTED):
            self.assertLess(time.monotonic(), end, "the first instance did not show the second's machine")
            time.sleep(0.1)
        self.assertEqual(len(app.names("frame")), 1)

    def test_killed_machine(self):
        app = self.start_machine("Fragile")
        process, = self.desktop.machine_processes()
        os.kill(process, signal.SIGKILL)
        self.find_text(app, "The Machine Has Crashed")
        self.find_text(app, "killed by signal 9")
        app.screenshot("bad-killed-machine")
        app.press("Show Log", "button")
        log = app.find("Log of the machine", "text")
        end = time.monotonic() + 20
        while "started" not in app.text_of(log):
            self.assertLess(time.monotonic(), end, "the log does not say what has happened")
            time.sleep(0.1)
        app.screenshot("bad-killed-machine-log")

    def engine_process(self):
        mark = f"XDG_DATA_HOME={self.desktop.environment['XDG_DATA_HOME']}".encode()
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if (entry / "comm").read_text().strip() == "vitrine-engine" and mark in (entry / "environ").read_bytes().split(b"\0"):
                    return int(entry.name)
            except OSError:
                continue
        return 0

    def test_killed_engine(self):
        app = self.start_machine("Sturdy")
        before = self.desktop.machine_processes()
        for _ in range(3):
            engine = self.engine_process()
            os.kill(engine, signal.SIGKILL)
            end = time.monotonic() + 30
            while self.engine_process() in (0, engine):
                self.assertLess(time.monotonic(), end, "the app did not start the engine again")
                time.sleep(0.1)
        app.find("Pause", "button", wait=30)
        app.press("Pause", "button")
        app.find("Paused", "label", wait=30)
        self.assertEqual(self.desktop.machine_processes(), before)


if __name__ == "__main__":
    sys.exit(run_tests(BUILD, 300))
