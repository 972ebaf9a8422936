#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine's details over a fake engine: what is shown, what is changed, what is refused, what comes from elsewhere.

Usage: test-details.py BUILD-FOLDER
"""

import re
import sys
import time
import unittest

from desktop import Desktop, run_tests

BUILD = sys.argv.pop(1)
MACHINE = "Debian 13 00"
PAGES = ["Activity", "System", "Storage", "Network", "Log"]
GIB = 1 << 30
# Not the items of a combo box, which are labels.
CONTROLS = {"button", "push button", "toggle button", "check box", "entry", "text", "combo box", "spin button", "switch"}


def variant(kind, value):
    from gi.repository import GLib
    return GLib.Variant(kind, value)


class Details(unittest.TestCase):
    def setUp(self):
        self.desktop = Desktop(BUILD, machines=6)
        self.addCleanup(self.desktop.close)

    def start(self, page=None, machine=MACHINE, **options):
        self.app = app = self.desktop.app("--machine", machine, **options)

        def end():
            noise = r"unable to send notifications|exceeds VtWindow width"
            log = "\n".join(line for line in app.quit().splitlines() if not re.search(noise, line))
            self.assertNotRegex(log, r"(CRITICAL|WARNING) \*\*|-(CRITICAL|WARNING)")
        self.addCleanup(end)
        app.find(machine, "label", wait=30)
        app.click(app.find("Details", "page tab"))
        if page:
            self.show(page)
        return app

    def tabs(self):
        """Of the details: they come before the window's own."""
        return [node for node in self.app.walk() if node.get_role_name() == "page tab"]

    def show(self, page, settle=0.4):
        self.app.find(page, "page tab")
        self.app.click(next(node for node in self.tabs() if node.get_name() == page))
        time.sleep(settle)

    def buttons(self, name):
        """All of the name; a page of a view stack is found twice, below its tab as well."""
        found = (node for node in self.app.walk() if node.get_name() == name and node.get_role_name() == "button")
        return list({node.path: node for node in found}.values())

    def calls(self):
        return self.desktop.fake("Calls").unpack()[0]

    def settings(self):
        return self.desktop.fake("Settings", "s", MACHINE).unpack()[0]

    def wait(self, what, condition, wait=10):
        end = time.monotonic() + wait
        while not condition():
            self.assertLess(time.monotonic(), end, f"{what}:\n{self.app.dump()}")
            time.sleep(0.1)

    def wait_setting(self, key, value):
        self.wait(f"{key} is not {value}", lambda: self.settings()[key] == value)

    def change(self, **changes):
        """As if somebody else did."""
        self.desktop.fake("Change", "sa{sv}", MACHINE, changes)

    def spin(self, name, value):
        node = self.app.find(name, "spin button")
        self.app.atspi.Value.set_current_value(node.get_value_iface(), value)
        return node

    def value(self, name):
        node = self.app.find(name, "spin button")
        return self.app.atspi.Value.get_current_value(node.get_value_iface())

    def has_text(self, part):
        # Numbers and units stand together by a space that does not break.
        return any(part in node.get_name().replace("\u00a0", " ") for node in self.app.walk() if node.get_role_name() in ("label", "list item"))

    def wait_text(self, part):
        self.wait(f"nothing says “{part}”", lambda: self.has_text(part))

    # ---- What is there ----

    def check_names(self, page):
        """All of one page, by its tab's panel: the whole tree would be walked for minutes."""
        panel = self.app.find(page, "panel")
        self.show(page)
        for node in self.app.walk(panel):
            if node.get_role_name() in CONTROLS and not node.get_name() and not node.get_parent().get_name():
                self.fail(f"{page}: a {node.get_role_name()} has no name")

    def test_names_of_activity_and_storage(self):
        self.start()
        self.check_names("Activity")
        self.check_names("Storage")

    def test_names_of_system(self):
        self.start("System")
        self.check_names("System")

    def test_names_of_network_and_log(self):
        self.start("Network")
        self.check_names("Network")
        self.show("Log")
        self.check_names("Log")

    def test_activity_is_watched_while_it_is_seen(self):
        app = self.start("Activity")
        watched = lambda: len(self.desktop.fake("Watched").unpack()[0])
        self.wait("nobody watches", lambda: watched() == 1)
        self.desktop.fake("Sample", "u", 61)
        self.wait_text("0.80 cores")
        self.assertIn("Read", app.find("Disks", "image").get_description())
        self.show("System")
        self.wait("it is watched unseen", lambda: watched() == 0)
        self.show("Activity")
        self.wait("nobody watches again", lambda: watched() == 1)
        self.desktop.fake("Set", "ssv", MACHINE, "State", variant("s", "off"))
        app.find("Not Running", "label")
        self.assertEqual(watched(), 0)

    def test_log(self):
        app = self.start("Log")
        text = app.find("Log", "text")
        self.assertIn("process was started", app.atspi.Text.get_text(text.get_text_iface(), 0, -1))
        before = self.calls().count("GetLog")
        self.desktop.fake("Set", "ssv", MACHINE, "State", variant("s", "off"))
        self.wait("the log is not read again", lambda: self.calls().count("GetLog") > before)

    def test_saved_machine_keeps_its_hardware(self):
        self.start("System", machine="FreeBSD 14.2 03")
        self.wait_text("It is saved, and goes on with the hardware it has.")
        sensitive = lambda name, role: self.app.find(name, role).get_state_set().contains(self.app.atspi.StateType.SENSITIVE)
        self.assertFalse(sensitive("Memory (MiB)", "list item"))
        self.assertTrue(sensitive("Start Automatically", "check box"))

    def test_broken_machine_says_why(self):
        self.start()
        self.desktop.fake("Set", "ssv", MACHINE, "StateReason", variant("s", "machine.conf was cut off\nRestore it."))
        self.desktop.fake("Set", "ssv", MACHINE, "State", variant("s", "broken"))
        self.app.find("This Machine Cannot Be Used", "label")

    # ---- Changes ----

    def test_memory_waits_for_the_next_start(self):
        app = self.start("System")
        self.spin("Memory (MiB)", 3072)
        self.spin("Memory (MiB)", 4096)
        self.wait_setting("memory", 4 * GIB)
        self.assertEqual(self.calls().count("Change"), 1, "a number is sent when it rests")
        app.find("Takes effect at the next start", "label")
        app.find("Some changes take effect at the next start", "label")
        app.screenshot("details-pending")

    def test_a_refused_change_is_taken_back(self):
        app = self.start("System")
        self.desktop.fake("Fail", "sss", "Change", "org.vitrine.Error.InvalidArgument", "Too little memory\nGive it more.")
        self.spin("Memory (MiB)", 128)
        self.wait_text("Too little memory\nGive it more.")
        self.assertEqual(self.value("Memory (MiB)"), 2048)
        app.screenshot("details-refused")

    def test_what_waits_is_sent_when_the_page_is_left(self):
        app = self.start("System")
        self.spin("Memory (MiB)", 4096)
        app.click(app.find("Fedora 42 01", "list item"))
        self.wait_setting("memory", 4 * GIB)

    def test_changes_from_elsewhere_do_not_disturb_typing(self):
        app = self.start("System")
        app.click(app.find("Name", "text"))
        app.key("End")
        app.type("ish")
        self.change(memory=variant("t", 8 * GIB), group=variant("s", "Elsewhere"), name=variant("s", "Renamed"))
        self.wait("memory is not shown", lambda: self.value("Memory (MiB)") == 8192)
        text = lambda name: app.atspi.Text.get_text(app.find(name, "text").get_text_iface(), 0, -1)
        self.assertEqual(text("Name"), MACHINE + "ish")
        self.assertEqual(text("Group"), "Elsewhere")
        self.assertTrue(app.find("Name", "text").get_state_set().contains(app.atspi.StateType.FOCUSED))

    def test_name(self):
        app = self.start("System")
        app.click(app.find("Name", "text"))
        app.key("ctrl+a")
        app.type("Another")
        app.key("Return")
        app.find("Another", "list item")

    def test_boot_order_by_keyboard(self):
        app = self.start("System")
        up = self.buttons("Move Up")
        self.assertEqual(len(up), 3)
        up[1].get_action_iface().do_action(0)
        self.wait_setting("boot-order", ["cdrom0", "disk0"])
        app.find("Takes effect at the next start", "label")

    # ---- Storage ----

    def test_add_disk(self):
        app = self.start("Storage")
        app.press("Add Disk…", "button")
        app.find("The machine gets it at the next start.", "label")
        self.spin("Size (GiB)", 200)
        self.wait_text("Only 100.0 GiB are free on this computer: the disk cannot be filled.")
        app.screenshot("details-add-disk")
        self.spin("Size (GiB)", 30)
        app.press("Add", "button")
        app.find("Disk 2", "label")
        self.assertEqual(self.settings()["disks"][1]["size"], 30 * GIB)
        app.find("Changes here take effect at the next start", "label")

    def open_disk(self):
        self.app.click(self.app.find("Disk", "label"))
        time.sleep(0.5)

    def test_remove_disk(self):
        app = self.start("Storage")
        self.desktop.fake("Set", "ssv", MACHINE, "State", variant("s", "off"))
        self.open_disk()
        app.screenshot("details-disk")
        app.click(app.find("Remove Disk…", "label"))
        check = app.find("Delete its file and everything on it, for good", "check box")
        for _ in range(6):
            if app.focus() and app.focus().get_name() == check.get_name():
                break
            app.key("Tab")
            time.sleep(0.2)
        app.key("space")
        checked = app.atspi.StateType.CHECKED
        self.wait("it is not checked", lambda: app.find(check.get_name(), "check box").get_state_set().contains(checked))
        app.screenshot("details-remove-disk")
        app.press("Remove", "button")
        app.find("No Disks", "label")
        self.assertIn("RemoveDisk disk0 True", self.calls())

    def test_the_file_of_a_used_disk_stays(self):
        app = self.start("Storage")
        self.open_disk()
        app.click(app.find("Remove Disk…", "label"))
        self.wait_text("Its file stays: to delete it as well, shut the machine down first.")
        self.assertFalse(app.has("Delete its file and everything on it, for good"))

    def test_eject(self):
        app = self.start("Storage")
        app.find("debian-13.iso", "label")
        app.press("Eject", "button")
        app.find("Empty", "label")
        self.assertIn("EjectMedium cdrom0 False", self.calls())
        self.assertFalse(app.has("Eject", "button"))

    def test_a_locked_tray_is_asked_about(self):
        app = self.start("Storage")
        self.desktop.fake("Fail", "sss", "EjectMedium", "org.vitrine.Error.TrayLocked", "The guest says no\nUnmount it.")
        app.press("Eject", "button")
        app.find("Take the Medium Out Anyway?", "label")
        app.screenshot("details-locked")
        app.press("Take Out", "button")
        app.find("Empty", "label")
        self.assertIn("EjectMedium cdrom0 True", self.calls())

    def test_drives_come_and_go(self):
        app = self.start("Storage")
        app.press("Add Optical Drive", "button")
        app.find("Optical Drive 2", "label")
        self.assertEqual([drive["id"] for drive in self.settings()["drives"]], ["cdrom0", "cdrom1"])
        self.buttons("Remove Drive")[1].get_action_iface().do_action(0)
        app.wait_gone("Optical Drive 2", "label")

    # ---- Network ----

    def enter(self, name, text):
        self.app.click(self.app.find(name, "text"))
        self.app.key("ctrl+a")
        self.app.type(text)

    def add_is_sensitive(self):
        return self.app.find("Add", "button").get_state_set().contains(self.app.atspi.StateType.SENSITIVE)

    def open_forward(self):
        self.app.click(self.app.find("Forward a Port…", "label"))
        self.app.find("Port of the Guest", "text")
        time.sleep(0.5)

    def test_forward_a_port(self):
        app = self.start("Network")
        self.open_forward()
        self.enter("Port of the Guest", "80")
        self.wait("no port is suggested", lambda: app.atspi.Text.get_text(
            app.find("Port of This Computer", "text").get_text_iface(), 0, -1) == "8080")
        app.screenshot("details-forward")
        app.press("Add", "button")
        app.find("Port 8080 to guest port 80", "label")
        self.assertEqual(self.settings()["nics"][0]["forward"], [("tcp", 2222, "", 22), ("tcp", 8080, "", 80)])
        app.press("Remove Forwarding of Port 2222", "button")
        app.wait_gone("Port 2222 to guest port 22", "label")
        self.assertEqual(self.settings()["nics"][0]["forward"], [("tcp", 8080, "", 80)])

    def test_forwards_are_checked(self):
        app = self.start("Network")
        self.open_forward()
        for guest, host, address, problem in (("80", "70000", "", "This is not a port."), ("80", "2222", "", "is forwarded already"),
                                              ("0", "8080", "", "This is not a port."), ("80", "8080", "fe80", "not an IPv4 address")):
            self.enter("Port of the Guest", guest)
            self.enter("Port of This Computer", host)
            self.enter("Address of the Guest (Optional)", address or " ")
            self.wait_text(problem)
            self.assertFalse(self.add_is_sensitive())
        self.enter("Address of the Guest (Optional)", "10.0.2.15")
        self.wait("it cannot be added", self.add_is_sensitive)

    def test_the_engine_may_refuse_a_forward(self):
        app = self.start("Network")
        app.press("Edit Forwarding of Port 2222", "button")
        self.enter("Port of This Computer", "2223")
        self.desktop.fake("Fail", "sss", "Change", "org.vitrine.Error.PortInUse", "Port 2223 is taken\nChoose another.")
        app.press("Apply", "button")
        self.wait_text("Another program on this computer uses this port. Choose another port, or end that program.")
        app.screenshot("details-forward-refused")
        self.assertEqual(self.settings()["nics"][0]["forward"], [("tcp", 2222, "", 22)])
        app.key("Escape")
        app.find("Port 2222 to guest port 22", "label")

    def test_link(self):
        app = self.start("Network")
        app.click(app.find("Connected", "check box"))
        self.wait("the link is up", lambda: not self.settings()["nics"][0]["link"])
        self.assertFalse(app.has("Changes here take effect at the next start", "label"))
        app.click(app.find("Isolated", "check box"))
        app.find("Changes here take effect at the next start", "label")

    # ---- How it looks; kept to be looked at ----

    def shoot(self, prefix):
        for index, page in enumerate(PAGES):
            self.app.click(self.tabs()[index])
            time.sleep(0.4)
            if index == 0:
                self.desktop.fake("Sample", "u", 61)
            self.app.screenshot(f"details-{prefix}-{page.lower()}")

    def test_looks(self):
        self.start(size=(1280, 900))
        self.shoot("wide")

    def test_looks_narrow(self):
        self.start(size=(360, 720))
        self.shoot("narrow")

    def test_looks_dark(self):
        self.start(size=(1920, 1080), dark=True)
        self.shoot("dark")

    def test_looks_german(self):
        self.start(size=(1000, 900), locale="de_DE.UTF-8")
        self.shoot("german")

    def test_looks_right_to_left(self):
        self.start(size=(1000, 900), locale="ar_EG.UTF-8")
        self.shoot("right-to-left")


if __name__ == "__main__":
    sys.exit(run_tests(BUILD))
