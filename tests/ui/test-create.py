#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making machines in the app's window, over a fake engine: what a file is, what is typed, what goes wrong.

Usage: test-create.py BUILD-FOLDER
"""

import ast
import re
import subprocess
import sys
import time
import unittest
from pathlib import Path

from desktop import Desktop, run_tests

BUILD = sys.argv.pop(1)
GIB = 1 << 30
CONTROLS = {"button", "push button", "toggle button", "check box", "entry", "text", "combo box", "spin button", "switch", "progress bar"}
# What GIO says of a desktop without a place for notifications, and GTK of long headings in libadwaita's alert dialogs.
NOISE = r"unable to send notifications|Trying to measure GtkLabel"


class Create(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.desktop = Desktop(BUILD, machines=3)
        cls.addClassCleanup(cls.desktop.close)

    def file(self, content, name="debian.iso"):
        place = self.desktop.folder / name
        place.write_text(content)
        return str(place)

    def start(self, *arguments, **options):
        app = self.desktop.app(*arguments, **options)

        def end():
            log = "\n".join(line for line in app.quit().splitlines() if not re.search(NOISE, line))
            self.assertNotRegex(log, r"(CRITICAL|WARNING) \*\*|-(CRITICAL|WARNING)")
        self.addCleanup(end)
        if options.get("locale", "C.UTF-8") == "C.UTF-8":
            app.find("New Machine", "button" if arguments in ((), ("--machine", "Debian 13 00")) else "dialog", wait=20)
        return app

    def open(self, content="optical", name="debian.iso", **options):
        app = self.start(self.file(content, name), **options)
        app.find(name, "label")
        return app

    def created(self):
        """What the engine was asked for, in turn."""
        calls = self.desktop.fake("Calls").unpack()[0]
        return [ast.literal_eval(call.removeprefix("created ")) for call in calls if call.startswith("created ")]

    def spin(self, app, title):
        return next(node for node in app.walk() if node.get_role_name() == "spin button" and node.get_name().startswith(title))

    def type_number(self, app, title, number):
        app.click(self.spin(app, title))
        app.key("ctrl+a")
        app.type(str(number))
        app.key("Tab")

    def wait_sensitive(self, app, name, wanted, wait=10):
        end = time.monotonic() + wait
        while app.find(name, "button").get_state_set().contains(app.atspi.StateType.SENSITIVE) != wanted:
            self.assertLess(time.monotonic(), end, f"“{name}” {'cannot' if wanted else 'can'} be pressed:\n{app.dump()}")
            time.sleep(0.05)

    def wait_created(self, number=1):
        end = time.monotonic() + 10
        while len(self.created()) < number:
            self.assertLess(time.monotonic(), end, "nothing was created")
            time.sleep(0.05)
        return self.created()[-1]

    # ---- From a file to a machine ----

    def test_from_file_to_machine_by_one_key(self):
        app = self.open()
        app.find("Debian 13, 7 bytes", "label")
        self.wait_sensitive(app, "Create", True)
        self.assertEqual(app.focus().get_name(), "Name")
        app.screenshot("create")
        app.key("Return")
        app.wait_gone("New Machine", "dialog")
        made = self.wait_created()
        self.assertEqual((made["name"], made["memory"], made["start"], made["files"]),
                         ("Debian 13", 4 * GIB, True, {"cdrom": "debian.iso"}))
        self.assertEqual((made["architecture"], made["board"], made["firmware"]), ("riscv64", "virt", "efi"))
        self.assertEqual(made["disks"], [{"id": "disk0", "size": 20 * GIB}])
        app.find("Debian 13", "list item")
        app.find("Pause", "button")

    def test_plus_and_a_file(self):
        downloads = self.desktop.folder / "downloads"
        downloads.mkdir()
        (self.desktop.folder / "config").mkdir(exist_ok=True)
        (self.desktop.folder / "config/user-dirs.dirs").write_text('XDG_DOWNLOAD_DIR="$HOME/downloads"\n')
        self.file("optical", "downloads/debian.iso")
        app = self.start()
        app.press("New Machine", "button")
        app.find("Start with an Image", "label")
        app.screenshot("create-ask")
        app.key("Return")
        app.find("Choose an ISO or Disk Image", wait=20)
        listed = app.find("debian.iso", wait=20)
        app.screenshot("create-choose")
        app.click(listed)
        app.press("Open", "button")
        app.find("debian.iso", "label")
        self.wait_sensitive(app, "Create", True)
        app.press("Create", "button")
        self.assertEqual(self.wait_created()["files"], {"cdrom": "debian.iso"})

    def test_drop(self):
        app = self.start()
        app.drag(self.file("optical"), (150, 600))
        app.find("debian.iso", "label")
        app.end_drag()
        self.wait_sensitive(app, "Create", True)
        app.key("Return")
        self.assertEqual(self.wait_created()["name"], "Debian 13")

    def test_drop_on_a_running_machine(self):
        app = self.start("--machine", "Debian 13 00")
        app.find("Pause", "button")
        app.drag(self.file("optical"), (800, 30))
        app.find("Use “debian.iso” for What?", "label")
        app.screenshot("create-disc-offer")
        app.press("Insert into Drive", "button")
        app.find("“debian.iso” is in the drive", "label")
        self.assertIn("InsertMedium", self.desktop.fake("Calls").unpack()[0])
        app.drag(self.file("optical"), (800, 30))
        app.find("Use “debian.iso” for What?", "label")
        app.end_drag()
        app.key("alt+n")
        app.find("debian.iso", "label")

    def test_empty_machine(self):
        app = self.start()
        app.key("ctrl+n")
        app.press("Empty Machine", "button")
        app.find("With an empty disk, and nothing in its CD drive yet", "label")
        self.wait_sensitive(app, "Create", True)
        app.screenshot("create-empty")
        app.key("Return")
        made = self.wait_created()
        self.assertEqual((made["name"], made["files"]), ("New Machine", {}))

    def test_disk_image(self):
        app = self.open("disk", "server.qcow2")
        app.find("Disk Image", "combo box")
        self.assertFalse(app.has("Disk Size (GiB)", "label"))
        app.screenshot("create-import")
        self.wait_sensitive(app, "Create", True)
        app.key("Return")
        made = self.wait_created()
        self.assertEqual((made["files"], made["disks"][0]["size"]), ({"import": "server.qcow2"}, 30 * GIB))

    def test_disk_image_in_place(self):
        app = self.open("disk", "server.qcow2")
        app.click(app.find("Disk Image", "combo box"))
        time.sleep(0.7)
        app.key("Down", "Return")
        time.sleep(0.7)
        self.wait_sensitive(app, "Create", True)
        app.press("Create", "button")
        self.assertEqual(self.wait_created()["files"], {"import-in-place": "server.qcow2"})

    # ---- Architectures ----

    def shown(self, app, name):
        """What is chosen in a row."""
        row = app.find(name, "combo box")
        return [node.get_name() for node in app.walk(row) if node.get_role_name() == "label"]

    def choose(self, app, name, *keys):
        app.click(app.find(name, "combo box"))
        time.sleep(0.7)
        app.key(*keys)
        time.sleep(0.7)

    def test_image_for_arm(self):
        app = self.open("arm", "debian-arm64.iso")
        self.wait_sensitive(app, "Create", True)
        self.assertIn("Arm (64-bit)", self.shown(app, "Architecture"))
        app.screenshot("create-arm")
        app.key("Return")
        made = self.wait_created()
        self.assertEqual((made["architecture"], made["board"], made["firmware"], made["cpu"]), ("aarch64", "virt", "efi", "max"))
        self.assertEqual(made["files"], {"cdrom": "debian-arm64.iso"})

    def test_disk_image_for_arm(self):
        app = self.open("arm-disk", "server.img")
        self.wait_sensitive(app, "Create", True)
        app.key("Return")
        made = self.wait_created()
        self.assertEqual((made["architecture"], made["files"]), ("aarch64", {"import": "server.img"}))

    def test_architecture_by_hand(self):
        """What there is to choose from is the architecture's."""
        app = self.open("disk", "server.qcow2")
        self.wait_sensitive(app, "Create", True)
        before = self.shown(app, "Architecture")
        for key in ("Down", "Up"):
            self.choose(app, "Architecture", key, "Return")
            if self.shown(app, "Architecture") != before:
                break
        self.assertIn("Arm (64-bit)", self.shown(app, "Architecture"))
        app.press("Advanced Options")
        app.find("Guest Agent", "check box")
        time.sleep(0.6)
        self.assertIn("Everything there is", self.shown(app, "Processor Model"))
        self.choose(app, "Processor Model", "Down", "Return")
        self.assertIn("Cortex-A72", self.shown(app, "Processor Model"))
        app.screenshot("create-arm-model")
        self.wait_sensitive(app, "Create", True)
        app.press("Create", "button")
        made = self.wait_created()
        self.assertEqual((made["architecture"], made["cpu"]), ("aarch64", "cortex-a72"))

    # ---- What is typed ----

    def test_everything_can_be_changed(self):
        app = self.open()
        self.wait_sensitive(app, "Create", True)
        app.key("ctrl+a")
        app.type("Mine")
        self.type_number(app, "Memory", 2048)
        self.type_number(app, "Processors", 3)
        self.type_number(app, "Disk Size", 7)
        app.click(app.find("Network", "check box"))
        app.press("Advanced Options")
        app.find("Guest Agent", "check box")
        time.sleep(0.6)
        self.check_names(app)
        self.wait_sensitive(app, "Create", True)
        app.press("Create", "button")
        made = self.wait_created()
        self.assertEqual((made["name"], made["memory"], made["cpus"], made["disks"][0]["size"], made["nics"][0]["mode"]),
                         ("Mine", 2 * GIB, 3, 7 * GIB, "none"))

    def test_return_in_a_number_creates(self):
        app = self.open()
        self.wait_sensitive(app, "Create", True)
        app.click(self.spin(app, "Memory"))
        app.key("ctrl+a")
        app.type("3072")
        app.key("Return")
        self.assertEqual(self.wait_created()["memory"], 3 * GIB)

    def test_errors_and_warnings_stand_at_their_rows(self):
        app = self.open()
        self.wait_sensitive(app, "Create", True)
        self.type_number(app, "Memory", 10000)
        app.find("Only 8 GiB are free now.", "label")
        self.wait_sensitive(app, "Create", True)
        self.type_number(app, "Memory", 99999)
        app.find("This computer has only 16 GiB.", "label")
        self.wait_sensitive(app, "Create", False)
        app.screenshot("create-remarks")
        app.click(app.find("Name", "text"))
        app.key("Return")
        time.sleep(0.5)
        self.assertEqual(self.created(), [])
        self.type_number(app, "Memory", 1024)
        app.wait_gone("This computer has only 16 GiB.", "label")
        self.wait_sensitive(app, "Create", True)
        app.click(app.find("Name", "text"))
        app.key("ctrl+a", "BackSpace")
        self.wait_sensitive(app, "Create", False)

    def test_number_that_was_not_checked_yet(self):
        app = self.open()
        self.wait_sensitive(app, "Create", True)
        app.click(self.spin(app, "Memory"))
        app.key("ctrl+a")
        app.type("99999")
        app.key("Return")
        app.find("This computer has only 16 GiB.", "label")
        self.assertEqual(self.created(), [])

    # ---- What goes wrong ----

    def test_text_that_is_called_iso(self):
        app = self.start(self.file("Dear reader", "letter.iso"))
        app.find("No machine can be made from “letter.iso”", "label")
        app.find("This is a text, not a disk image. Choose another file.", "label")
        self.assertFalse(app.has("Create", "button"))
        app.screenshot("create-bad-file")
        self.assertEqual(app.focus().get_name(), "Choose File…")
        app.press("Empty Machine", "button")
        self.wait_sensitive(app, "Create", True)

    def test_folder_and_missing_file(self):
        folder = self.desktop.folder / "folder.iso"
        folder.mkdir()
        app = self.start(str(folder))
        app.find("“folder.iso” is a folder", "label")
        second = subprocess.run([str(self.desktop.build / "app/vitrine"), "/nowhere/missing.iso"], env=self.desktop.environment,
                                timeout=20)
        self.assertEqual(second.returncode, 0)
        app.find("“missing.iso” cannot be opened: No such file or directory", "label")
        app.find("Check that the file is still there, and choose it again.", "label")

    def test_truncated_image_warns(self):
        app = self.open("truncated")
        app.find("The file is cut short. Download it again.", "label")
        self.wait_sensitive(app, "Create", True)

    def test_other_architecture(self):
        app = self.open("foreign")
        app.find("It starts on x86_64, and the machines here are riscv64, aarch64: choose another image.", "label")
        self.wait_sensitive(app, "Create", False)
        app.screenshot("create-foreign")

    def test_wrong_file_costs_nothing(self):
        app = self.open()
        self.wait_sensitive(app, "Create", True)
        app.key("ctrl+a")
        app.type("Mine")
        subprocess.run([str(self.desktop.build / "app/vitrine"), self.file("Dear reader", "letter.iso")],
                       env=self.desktop.environment, timeout=20, check=True)
        app.find("No machine can be made from “letter.iso”", "label")
        app.key("Escape")
        app.wait_gone("No machine can be made from “letter.iso”", "label")
        app.find("debian.iso", "label")
        app.press("Create", "button")
        self.assertEqual((self.wait_created()["name"], self.created()[-1]["files"]), ("Mine", {"cdrom": "debian.iso"}))

    def test_error_comes_back_to_the_page(self):
        app = self.open()
        self.wait_sensitive(app, "Create", True)
        app.key("ctrl+a")
        app.type("Mine")
        self.desktop.fake("Fail", "sss", "CreateMachine", "org.vitrine.Error.NoSpace", "The disk is full.\nFree some space.")
        app.key("Return")
        app.find("The disk is full.", "label")
        app.find("Free some space.", "label")
        app.screenshot("create-error")
        app.key("Escape")
        app.wait_gone("The disk is full.", "label")
        self.assertEqual(self.text_of(app, "Name"), "Mine")
        self.wait_sensitive(app, "Create", True)
        app.press("Create", "button")
        self.assertEqual(self.wait_created()["name"], "Mine")

    def text_of(self, app, name):
        text = app.find(name, "text")
        return app.atspi.Text.get_text(text, 0, app.atspi.Text.get_character_count(text))

    def test_progress_and_cancel(self):
        app = self.open()
        self.wait_sensitive(app, "Create", True)
        app.key("ctrl+a")
        app.type("Slow")
        app.key("Return")
        app.find("Creating “Slow”", "label")
        app.find("Progress", "progress bar")
        app.screenshot("create-progress")
        app.press("Cancel", "button")
        app.find("debian.iso", "label")
        self.wait_sensitive(app, "Create", True)
        self.assertEqual(self.text_of(app, "Name"), "Slow")
        self.assertIn("Cancel", self.desktop.fake("Calls").unpack()[0])
        self.assertFalse(app.has("Slow", "list item"))
        app.key("Escape")
        app.wait_gone("New Machine", "dialog")

    def test_engine_that_goes_away(self):
        app = self.open()
        self.wait_sensitive(app, "Create", True)
        app.key("ctrl+a")
        app.type("Mine")
        self.desktop.fake("Quit")
        time.sleep(2)
        self.wait_sensitive(app, "Create", True)
        app.key("Return")
        self.assertEqual(self.wait_created()["name"], "Mine")

    # ---- How it looks ----

    def test_escape(self):
        app = self.start()
        app.key("ctrl+n")
        app.find("Start with an Image", "label")
        app.key("Escape")
        app.wait_gone("New Machine", "dialog")
        app.key("ctrl+n")
        app.find("Start with an Image", "label")

    def check_names(self, app):
        for node in app.walk(app.find("New Machine", "dialog")):
            if node.get_role_name() in CONTROLS and node.get_state_set().contains(app.atspi.StateType.SHOWING):
                self.assertTrue(node.get_name() or node.get_parent().get_name(), f"a {node.get_role_name()} has no name:\n{app.dump()}")

    def test_names(self):
        app = self.open()
        for title in ("Memory (MiB)", "Processors", "Disk Size (GiB)"):
            self.assertTrue(self.spin(app, title).get_state_set().contains(app.atspi.StateType.FOCUSABLE))
        self.check_names(app)

    def test_narrow_and_dark(self):
        app = self.open(size=(360, 640), dark=True)
        self.wait_sensitive(app, "Create", True)
        app.press("Advanced Options")
        app.screenshot("create-narrow")
        box = app.find("Create", "button").get_component_iface().get_extents(app.atspi.CoordType.WINDOW)
        self.assertLessEqual(box.x + box.width, 360)

    def test_full_hd(self):
        self.open(size=(1920, 1080)).screenshot("create-full-hd")

    def test_right_to_left(self):
        app = self.start(self.file("truncated"), locale="ar_EG.UTF-8")
        app.find("debian.iso", "label")
        self.wait_sensitive(app, "Create", True)
        left = {name: app.find(name, "button").get_component_iface().get_extents(app.atspi.CoordType.WINDOW).x
                for name in ("Create", "Cancel")}
        self.assertLess(left["Create"], left["Cancel"])
        app.screenshot("create-right-to-left")

    def test_german(self):
        app = self.start(self.file("optical"), locale="de_DE.UTF-8")
        app.find("debian.iso", "label")
        app.screenshot("create-german")


class NoEngine(unittest.TestCase):
    def test_it_is_told(self):
        with Desktop(BUILD, engine=["/bin/false"]) as desktop:
            place = desktop.folder / "debian.iso"
            place.write_text("optical")
            with desktop.app(str(place)) as app:
                app.find("Choose File…", "button", wait=40)
                app.find("Vitrine’s engine does not answer", "label")
                app.screenshot("create-no-engine")


if __name__ == "__main__":
    sys.exit(run_tests(BUILD))
