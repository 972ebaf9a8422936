#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The app without eyes and without a mouse: every control has a name that a screen reader finds, in every state of the window,
and the Tab key comes to all of them.

Usage: test-accessible.py BUILD-FOLDER
"""

import sys
import time
import unittest

from desktop import Desktop, run_tests

BUILD = sys.argv.pop(1)
# What a person uses; and what a person is told by.
CONTROLS = {"button", "push button", "toggle button", "check box", "radio button", "entry", "text", "combo box", "list item",
            "slider", "spin button", "switch", "progress bar", "menu", "menu item", "check menu item", "radio menu item", "link",
            "page tab", "terminal", "dialog", "alert"}
# A window's own buttons, and what only carries controls.
NOT_REACHED = {"Minimize", "Maximize", "Close", "Back"}
STATES = ["off", "starting", "running", "paused", "stopping", "saving", "saved", "crashed", "broken"]


def variant(text):
    from gi.repository import GLib
    return GLib.Variant("s", text)


class Accessible(unittest.TestCase):
    MACHINES = 12
    MACHINE = "Debian 13 00"

    def setUp(self):
        self.desktop = Desktop(BUILD, machines=self.MACHINES)
        self.addCleanup(self.desktop.close)
        self.app = None

    def start(self, *arguments, **options):
        self.app = self.desktop.app(*arguments, **options)
        self.addCleanup(self.app.quit)
        self.app.find("Main Menu", "toggle button", wait=20)
        if arguments:
            self.app.find(arguments[1], "label", wait=20)
        return self.app

    def open_machine(self, **options):
        return self.start("--machine", self.MACHINE, **options)

    def is_showing(self, node):
        return node.get_state_set().contains(self.app.atspi.StateType.SHOWING)

    def nameless(self):
        return [node for node in self.app.walk() if node.get_role_name() in CONTROLS and self.is_showing(node) and
                not node.get_name().strip()]

    def where(self, node):
        path = []
        while node and len(path) < 8:
            path.append(f"{node.get_role_name()} “{node.get_name()}”")
            node = node.get_parent()
        return " in ".join(path)

    def check(self, what):
        """All have names, as soon as what moves has come to rest."""
        end = time.monotonic() + 10
        while nameless := self.nameless():
            if time.monotonic() > end:
                self.fail(f"{what}: no name: " + "; ".join(self.where(node) for node in nameless))
            time.sleep(0.2)

    # ---- The library ----

    def test_list(self):
        app = self.open_machine()
        self.check("the list")
        app.key("ctrl+f")
        app.find("Search Machines", "entry")
        self.check("search")
        app.type("nothing has this name")
        app.find("No Machine Found", "label")
        self.check("nothing found")

    def test_job(self):
        app = self.open_machine()
        self.desktop.fake("Job", "ds", 0.4, "Copying disks")
        app.find("Copying disks", "label")
        self.check("a job")

    # ---- The machine ----

    def test_states(self):
        app = self.open_machine()
        for state in STATES:
            self.desktop.fake("Set", "ssv", self.MACHINE, "StateReason",
                              variant("It broke\nMend it." if state in ("crashed", "broken") else ""))
            self.desktop.fake("Set", "ssv", self.MACHINE, "State", variant(state))
            if state in ("crashed", "broken"):
                app.find("Show Log", "button")
            time.sleep(0.5)
            self.check(state)

    def test_text_console(self):
        app = self.open_machine()
        app.press("Screen 1", "toggle button")
        app.find("Text Console serial0", "menu item")
        self.check("the menu of consoles")
        app.press("Text Console serial0", "menu item")
        app.find("Text console serial0", "terminal")
        self.check("a text console")
        app.key("ctrl+shift+f")
        app.find("Find in the text", "entry")
        self.check("search in a text console")

    def test_details(self):
        app = self.open_machine()
        if not app.has("Details"):
            self.skipTest("this build has no details")
        app.press("Details", "radio button" if app.has("Details", "radio button") else None)
        time.sleep(1)
        self.check("details")

    # ---- Menus ----

    def open_menu(self, name):
        self.app.press(name, "toggle button")
        self.app.find(None, "menu item")
        time.sleep(0.3)
        self.check(name)

    def test_menus(self):
        app = self.open_machine()
        for name, first in (("Main Menu", "Preferences"), ("Machine Menu", "Pause"), ("Send Keys", "Ctrl+Alt+Del"),
                            ("View", "Copy Screenshot")):
            self.open_menu(name)
            app.find(first, "menu item")
            app.key("Escape")
            app.wait_gone(first, "menu item")

    def test_submenus(self):
        app = self.open_machine()
        for name, submenu, item, role in (("Main Menu", "Sort", "By Name", "menu item"),
                                          ("Send Keys", "Ctrl+Alt+F1 to F12", "Ctrl+Alt+F12", "menu item")):
            app.press(name, "toggle button")
            app.press(submenu, "menu item")
            app.find(item, role)
            time.sleep(0.5)
            self.check(submenu)
            app.key("Escape")
            app.key("Escape")
            app.wait_gone(item, role)

    def test_context_menu_by_key(self):
        app = self.start()
        app.find("FreeBSD 14.2 03", "list item")
        app.key("ctrl+f", "Escape")
        app.key("Tab")
        while app.focus().get_role_name() != "list item":
            app.key("Tab")
            time.sleep(0.1)
        app.key("shift+F10")
        app.find("Rename…", "menu item")
        self.check("a machine's menu")

    # ---- Dialogs ----

    def test_dialogs(self):
        app = self.start("--machine", "FreeBSD 14.2 11")
        for key, found in (("ctrl+comma", "Preferences"), ("ctrl+question", "Keyboard Shortcuts"), ("F2", "Rename Machine"),
                           ("ctrl+Delete", "Delete “FreeBSD 14.2 11”?")):
            app.key(key)
            app.find(found)
            time.sleep(0.5)
            self.check(found)
            app.screenshot(f"dialog-{found.split()[0].lower()}")
            app.key("Escape")
            time.sleep(0.7)

    def test_about(self):
        app = self.open_machine()
        app.press("Main Menu", "toggle button")
        app.press("About Vitrine", "menu item")
        app.find("The Vitrine developers", "label")
        time.sleep(0.5)
        self.check("about")

    def test_error_and_log(self):
        app = self.start("--machine", "FreeBSD 14.2 11")
        self.desktop.fake("Fail", "sss", "Start", "org.vitrine.Error.NoMemory", "There is too little memory\nClose something.")
        app.key("ctrl+Return")
        app.find("There is too little memory", "label")
        self.check("an error")
        app.press("Close", "button")
        self.desktop.fake("Set", "ssv", "FreeBSD 14.2 11", "StateReason", variant("It broke\nMend it."))
        self.desktop.fake("Set", "ssv", "FreeBSD 14.2 11", "State", variant("crashed"))
        app.press("Show Log", "button")
        app.find("Log of the machine")
        time.sleep(0.5)
        self.check("the log")

    def test_create(self):
        app = self.start()
        app.key("ctrl+n")
        app.find("Cancel", "button")
        time.sleep(1)
        self.check("create")

    # ---- The keyboard ----

    def reached(self, most=60):
        """The names of what has the focus, one Tab after the other, until it comes round."""
        names = []
        for _ in range(most):
            node = self.app.focus()
            names.append((node.get_role_name(), node.get_name()) if node else None)
            self.app.key("Tab")
            time.sleep(0.05)
        return names

    def test_tab_comes_to_all(self):
        self.start("--machine", "FreeBSD 14.2 11")
        time.sleep(1)
        reached = [name for entry in self.reached() if entry for name in [entry[1]]]
        wanted, sensitive = set(), self.app.atspi.StateType.SENSITIVE
        for node in self.app.walk():
            states = node.get_state_set()
            inner = node.get_child_at_index(0) if node.get_child_count() else None
            if inner and inner.get_role_name() == "toggle button":
                continue  # A menu button: its toggle has the focus.
            outer = node.get_parent().get_state_set()
            if node.get_role_name() in ("button", "push button", "toggle button", "text", "entry") and self.is_showing(node) and \
                    states.contains(sensitive) and (outer.contains(sensitive) or node.get_role_name() != "toggle button") and node.get_name() not in NOT_REACHED:
                wanted.add(node.get_name())
        self.assertLessEqual(wanted, set(reached))
        self.assertIn("FreeBSD 14.2 11", reached, "the list is entered at the chosen machine")


class Empty(Accessible):
    """No machines; the tests of the list's machines are not repeated."""
    MACHINES = 0

    def test_empty(self):
        app = self.start()
        app.find("No Machines Yet", "label")
        self.check("an empty library")


for inherited in [name for name in dir(Accessible) if name.startswith("test_")]:
    setattr(Empty, inherited, None)


if __name__ == "__main__":
    sys.exit(run_tests(BUILD))
