#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The app's window over a fake engine: the list, search, groups, states, what is asked and what is told.

Usage: test-window.py BUILD-FOLDER
"""

import re
import subprocess
import sys
import time
import unittest

from desktop import Desktop

BUILD = sys.argv.pop(1)
MACHINES = 50
# Controls that a person uses must have a name that a screen reader can speak.
CONTROLS = {"button", "push button", "toggle button", "check box", "entry", "text", "combo box", "list", "list item", "slider",
            "spin button", "switch", "progress bar"}
# Not "menu item": GTK 4.18 names those by labels that it does not expose.


def cpu_is_busy():
    """Whether others use the processors, so that a time says little."""
    def idle():
        values = [int(word) for word in open("/proc/stat").readline().split()[1:9]]
        return values[3] + values[4], sum(values)
    first = idle()
    time.sleep(0.5)
    last = idle()
    return (last[0] - first[0]) < 0.6 * (last[1] - first[1])


class Window(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.desktop = Desktop(BUILD, machines=MACHINES)
        cls.addClassCleanup(cls.desktop.close)

    # What GIO says of a desktop without a place for notifications.
    NOISE = r"unable to send notifications"

    def is_engine_there(self):
        from gi.repository import Gio, GLib
        bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        return bus.call_sync("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "NameHasOwner",
                             GLib.Variant("(s)", ("org.vitrine.Vitrine.Engine",)), None, 0, 5000, None).unpack()[0]

    def start(self, *arguments, **options):
        """The list shows only what is seen: the first machine there is FreeBSD 14.2 03, unless another is asked for."""
        app = self.desktop.app(*arguments, **options)

        def end():
            log = "\n".join(line for line in app.quit().splitlines() if not re.search(self.NOISE, line))
            self.assertNotRegex(log, r"(CRITICAL|WARNING) \*\*|-(CRITICAL|WARNING)")
        self.addCleanup(end)
        if arguments:
            app.find(arguments[1], "label", wait=20)
        else:
            app.find("FreeBSD 14.2 03", "list item", wait=20)
        return app

    def items(self, app):
        return app.names("list item")

    def test_list_shows_machines_in_groups(self):
        app = self.start()
        labels = app.names("label")
        self.assertIn("Experiments", labels)
        items = self.items(app)
        self.assertGreater(len(items), 10)
        first = [name for name in items if name.startswith("FreeBSD")]
        self.assertEqual(items[:len(first)], sorted(first), "groups stand first, sorted by name")
        app.screenshot("list-wide")

    def test_search(self):
        app = self.start()
        app.key("ctrl+f")
        app.type("fedora 05")
        app.wait_gone("FreeBSD 14.2 03", "list item")
        self.assertEqual(self.items(app), ["Fedora 42 05"])
        app.screenshot("search")
        app.type("nothing has this name")
        app.find("No Machine Found", "label")
        app.key("Escape")
        app.find("FreeBSD 14.2 03", "list item")

    def test_states_are_told(self):
        app = self.start("--machine", "Debian 13 00")
        app.find("Debian 13 00", "label")
        self.desktop.fake("Set", "ssv", "Debian 13 00", "StateReason", self.text("It broke\nMend it."))
        self.desktop.fake("Set", "ssv", "Debian 13 00", "State", self.text("crashed"))
        app.find("The Machine Has Crashed", "label")
        app.screenshot("crashed")

    def text(self, value):
        from gi.repository import GLib
        return GLib.Variant("s", value)

    def test_start_and_pause(self):
        app = self.start("--machine", "FreeBSD 14.2 11")
        app.key("ctrl+Return")
        app.find("Pause", "button")
        app.press("Pause", "button")
        app.find("Go On", "button")
        self.assertEqual([name for name in self.calls() if name in ("Start", "Pause")], ["Start", "Pause"])

    def calls(self):
        return self.desktop.fake("Calls").unpack()[0]

    def test_errors_say_cause_and_remedy(self):
        app = self.start("--machine", "FreeBSD 14.2 11")
        self.desktop.fake("Fail", "sss", "Start", "org.vitrine.Error.NoMemory", "There is too little memory\nClose something.")
        app.key("ctrl+Return")
        app.find("There is too little memory", "label")
        app.find("Close something.", "label")
        app.find("Copy Report", "button")
        app.screenshot("error")

    def test_delete_warns(self):
        app = self.start("--machine", "FreeBSD 14.2 11")
        app.key("ctrl+Delete")
        app.find("Delete “FreeBSD 14.2 11”?", "label")
        app.screenshot("delete")
        app.key("Escape")
        app.wait_gone("Delete for Good", "button")
        self.assertNotIn("Delete", self.calls())
        app.key("ctrl+Delete")
        app.press("Move to Trash", "button")
        app.wait_gone("FreeBSD 14.2 11", "list item")
        app.find("Machine moved to the trash", "label")

    def test_rename(self):
        app = self.start("--machine", "FreeBSD 14.2 11")
        app.key("F2")
        app.find("Rename", "button")
        time.sleep(0.5)
        app.key("ctrl+a")
        app.type("Another")
        app.key("Return")
        app.find("Another", "label")

    def test_power_off_asks(self):
        app = self.start("--machine", "Debian 13 00")
        app.press("Machine Menu", "toggle button")
        app.screenshot("machine-menu")
        app.key("o")
        app.find("Power Off “Debian 13 00”?", "label")
        self.assertNotIn("PowerOff", self.calls())
        app.press("Power Off", "button")
        app.wait_gone("Pause", "button")

    def test_context_menu_by_mouse(self):
        app = self.start()
        app.click(app.find("FreeBSD 14.2 11", "list item"), button=3)
        app.find(None, "menu item")
        app.screenshot("context-menu")

    def test_engine_that_goes_away_comes_back(self):
        app = self.start("--machine", "Debian 13 00")
        before = self.items(app)
        self.desktop.fake("Quit")
        time.sleep(0.3)
        self.assertEqual(self.items(app), before, "machines stay in the list")
        time.sleep(2)
        self.assertTrue(self.is_engine_there(), "the engine was started again")
        app.press("Pause", "button")
        app.find("Go On", "button")

    def test_jobs_can_be_cancelled(self):
        app = self.start()
        self.desktop.fake("Job", "ds", 0.4, "Copying disks")
        app.find("Copying disks", "label")
        app.screenshot("job")
        app.press("Cancel", "button")
        app.wait_gone("Copying disks", "label")

    def test_narrow(self):
        app = self.start(size=(360, 640))
        app.screenshot("narrow-list")
        app.click(app.find("FreeBSD 14.2 15", "list item"))
        app.find("Pause", "button")
        app.screenshot("narrow-machine")
        box = app.find(None, "frame").get_component_iface().get_extents(app.atspi.CoordType.WINDOW)
        self.assertLessEqual(box.width, 360)

    def test_dark(self):
        self.start(dark=True).screenshot("dark")

    def test_full_hd(self):
        self.start(size=(1920, 1080)).screenshot("full-hd")

    def test_preferences_shortcuts_and_about(self):
        app = self.start()
        app.key("ctrl+comma")
        app.find("Confirm Power Off and Reset")
        self.check_names(app)
        app.screenshot("preferences")
        app.key("Escape")
        time.sleep(0.5)
        app.key("ctrl+question")
        time.sleep(1)
        app.screenshot("shortcuts")

    def check_names(self, app):
        for node in app.walk():
            if node.get_role_name() in CONTROLS and node.get_state_set().contains(app.atspi.StateType.SHOWING):
                names = [node.get_name(), node.get_parent().get_name()]
                self.assertTrue(any(names), f"a {node.get_role_name()} has no name:\n{app.dump()}")

    def test_every_control_has_a_name(self):
        app = self.start("--machine", "Debian 13 00")
        self.check_names(app)
        self.assertEqual(app.find("Machines", "list").get_role_name(), "list")

    def test_german(self):
        app = self.start(locale="de_DE.UTF-8")
        app.find("Maschinen", "list")
        app.screenshot("german")

    def test_right_to_left(self):
        app = self.start(locale="ar_EG.UTF-8")
        def left(node):
            return node.get_component_iface().get_extents(app.atspi.CoordType.WINDOW).x
        self.assertGreater(left(app.find("Machines", "list")), left(app.find("Machine Menu", "toggle button")))
        app.screenshot("right-to-left")

    def test_second_instance_shows_in_the_first(self):
        app = self.start()
        second = subprocess.run([str(self.desktop.build / "app/vitrine"), "--machine", "Fedora 42 05"],
                                env=self.desktop.environment, timeout=20)
        self.assertEqual(second.returncode, 0)
        self.assertIsNone(app.process.poll())
        app.find("Fedora 42 05", "label")

    def test_starts_quickly(self):
        times = []
        for _ in range(3):
            app = self.desktop.app()
            app.find("FreeBSD 14.2 03", "list item", wait=20)
            times.append(time.monotonic() - app.started)
            app.quit()
        print(f"start to usable window with {MACHINES} machines: {min(times):.2f} s", file=sys.stderr)
        if min(times) > 0.5 and cpu_is_busy():
            self.skipTest("the machine is busy")
        self.assertLessEqual(min(times), 0.5)


class EmptyWindow(unittest.TestCase):
    def test_empty_state(self):
        with Desktop(BUILD, machines=0) as desktop, desktop.app() as app:
            app.find("No Machines Yet", "label")
            app.screenshot("empty")
            self.assertFalse(app.has("Start", "button"))


class NoEngine(unittest.TestCase):
    def test_it_is_told(self):
        with Desktop(BUILD, engine=["/bin/false"]) as desktop, desktop.app() as app:
            app.find("Vitrine’s engine does not answer", "label", wait=40)
            app.find("Try Again", "button")
            app.screenshot("no-engine")


def names(suite):
    for item in suite:
        yield from names(item) if isinstance(item, unittest.TestSuite) else [item.id().removeprefix("__main__.")]


def main():
    """libatspi knows one accessibility bus for as long as its process lives: each test has a process, and a desktop, of its own."""
    if len(sys.argv) > 1:
        unittest.main(verbosity=2)
    failed = []
    for name in names(unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])):
        test = subprocess.run([sys.executable, "-W", "ignore", __file__, BUILD, name], capture_output=True, text=True, timeout=60)
        print(f"{name}: {'failed' if test.returncode else 'ok'}", flush=True)
        print("\n".join(line for line in test.stderr.splitlines() if test.returncode or line.startswith("start to")), flush=True)
        failed += [name] if test.returncode else []
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
