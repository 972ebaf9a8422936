#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The app over the real engine, with real guests: from an ISO image to its screen, and to the trash.

Usage: test-machine.py BUILD-FOLDER

Debian's installers and the demonstration CD are started through the window, used by keyboard and mouse, and recognised by
the pixels that the window shows.
"""

import subprocess
import sys
import time
import unittest
from pathlib import Path

import guest
from desktop import Desktop, run_tests

BUILD = sys.argv.pop(1)
TOP = Path(__file__).resolve().parent.parent.parent
# How long a busy computer may take for one step of a guest, in seconds.
PATIENCE = 240
GREEN = 0x00aa00


def make_iso(maker, *arguments):
    done = subprocess.run([TOP / "tools" / maker, *arguments], check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode == 77:
        raise unittest.SkipTest(f"the packages for {maker} are not to be had")
    if done.returncode:
        raise AssertionError(f"{maker} ended with {done.returncode}")
    return done.stdout.splitlines()[-1]


class Machine(unittest.TestCase):
    name = "Debian 13"

    def prepare(self, maker, *arguments):
        # First, for the desktop has a cache of its own.
        self.iso = make_iso(maker, *arguments)
        self.desktop = Desktop(BUILD, engine="real")
        self.addCleanup(self.desktop.close)
        self.put_downloads()

    def start(self, maker, *arguments):
        self.prepare(maker, *arguments)
        return self.open(self.iso)

    def put_downloads(self):
        """A folder for them, with another disc's image."""
        downloads = self.desktop.folder / "downloads"
        downloads.mkdir()
        (self.desktop.folder / "config").mkdir(exist_ok=True)
        (self.desktop.folder / "config/user-dirs.dirs").write_text('XDG_DOWNLOAD_DIR="$HOME/downloads"\n')
        (downloads / "other.iso").write_bytes(bytes(32768) + Path(self.iso).read_bytes()[32768:1 << 20])

    def open(self, *arguments, **options):
        app = self.desktop.app(*arguments, **options)

        def end():
            self.assertNotRegex(app.quit(), r"(CRITICAL|WARNING) \*\*|-(CRITICAL|WARNING)")
        self.addCleanup(end)
        return app

    def create(self, app):
        """The second of the two actions; the first was to give it the file."""
        button = app.find("Create", "button", wait=60)
        app.find(Path(self.iso).name, "label")
        app.wait_sensitive(button, 60)
        app.press("Create", "button")
        return guest.Guest(app, self.name)

    def folder(self, *parts):
        return self.desktop.folder.joinpath("data", *parts)

    def choose_console(self, app, *keys):
        app.press("Screen 1", "toggle button")
        time.sleep(0.5)
        app.key(*keys)

    def test_installer(self):
        app = self.start("installer-iso")
        app.screenshot("create-installer")
        screen = self.create(app)
        screen.wait("EDK2's logo", guest.shows_firmware, PATIENCE)
        app.screenshot("installer-firmware", 0)
        # GRUB's menu is there for two seconds only: a busy computer may miss it.
        screen.wait("the installer's first question", guest.shows_dialog, PATIENCE)
        self.answer(app, screen)
        self.use_shell(app, screen)
        self.look(app)
        self.power_off_and_delete()

    def answer(self, app, screen):
        """The arrow keys move the chosen line, and Return takes it."""
        before = screen.wait_still()
        app.screenshot("installer-language", 0)
        def chosen(picture):
            return next(iter(picture.lines_of(guest.RED, 0.15)), None)
        line = chosen(before)
        screen.click(*screen.middle(guest.GRAY))
        screen.key("Down", "Down")
        screen.wait("the next lines", lambda picture: (chosen(picture) or line) > line, PATIENCE)
        screen.key("Up", "Up")
        screen.wait("the first line", lambda picture: chosen(picture) == line, PATIENCE)
        screen.key("Return")
        screen.wait("the next question", lambda picture: guest.shows_dialog(picture) and picture.differs(before) > 0.01, PATIENCE)
        app.screenshot("installer-location")

    def use_shell(self, app, screen):
        """Ctrl+Alt+F2 is for the guest, by the menu: on the keyboard Ctrl+Alt gives the keyboard back."""
        app.press("Send Keys", "toggle button")
        time.sleep(0.5)
        app.screenshot("send-keys-menu")
        app.key("f")
        time.sleep(0.5)
        app.key("Down", "Down", "Return")
        screen.wait("the second console", lambda picture: picture.share(0) > 0.6 and picture.share(guest.BLUE) < 0.01, PATIENCE)
        screen.click(100, 300)
        screen.key("Return")
        screen.wait_still()
        screen.enter("uname -m >/dev/ttyS0; printf '\\033[42m\\033[2J'")
        screen.wait("what was typed", lambda picture: picture.share(GREEN) > 0.5, PATIENCE)
        app.screenshot("installer-shell", 0)
        self.read_serial(app)

    def read_serial(self, app, text="riscv64", seconds=30):
        """The serial port is text, in a tab of its own."""
        self.choose_console(app, "Down", "Return")
        terminal = app.find("Text console serial0", wait=20)
        end = time.monotonic() + seconds
        while text not in app.text_of(terminal):
            self.assertLess(time.monotonic(), end, app.text_of(terminal))
            time.sleep(0.2)
        app.screenshot("installer-serial")

    def look(self, app):
        """The same machine in other windows: it outlives the app."""
        app.quit()
        for name, options in {"dark": {"dark": True}, "narrow": {"size": (360, 640)}, "narrow-dark": {"size": (360, 640), "dark": True},
                              "full-hd": {"size": (1920, 1080)}, "right-to-left": {"locale": "ar_EG.UTF-8"}}.items():
            other = self.open("--machine", self.name, **options)
            other.find(self.name, "label", wait=20)
            picture = self.desktop.screen
            end = time.monotonic() + 60
            while picture.take(0, 0, *other.size).share(GREEN) < 0.1:
                self.assertLess(time.monotonic(), end, f"no guest's screen in the window {name}")
                time.sleep(0.2)
            other.screenshot(f"installer-{name}", 1)
            other.quit()

    def power_off_and_delete(self):
        app = self.open("--machine", self.name)
        app.find(f"Screen of {self.name}", wait=20)
        app.press("Machine Menu", "toggle button")
        time.sleep(0.5)
        app.key("o")
        app.find(f"Power Off “{self.name}”?", "label")
        app.screenshot("power-off")
        self.assertEqual(len(self.desktop.machine_processes()), 1)
        app.press("Power Off", "button")
        app.find("Off", "label", wait=30)
        self.assertEqual(self.desktop.machine_processes(), [])
        self.assertTrue(self.folder("vitrine/machines", self.name, "machine.conf").exists())
        app.key("ctrl+Delete")
        app.press("Move to Trash", "button")
        app.wait_gone(self.name, "list item", 30)
        self.assertEqual(list(self.folder("vitrine/machines").iterdir()), [])
        trashed = self.folder("Trash/files", self.name)
        self.assertEqual({"machine.conf", "disk0.qcow2", "efi-vars.fd"} - {file.name for file in trashed.iterdir()}, set())
        app.screenshot("trashed")

    # ---- Arm: the graphical installer ----

    def test_graphical_installer(self):
        self.name = "Debian 12"
        self.prepare("installer-iso", "aarch64")
        app = self.open()
        app.find("New Machine", "button", wait=20)
        app.drag(self.iso, (150, 600))
        app.find("Arm (64-bit)", "label", wait=60)
        app.screenshot("create-graphical-installer")
        screen = self.create(app)
        app.end_drag()
        screen.wait("EDK2's logo", guest.shows_firmware, PATIENCE)
        app.screenshot("graphical-firmware", 0)
        screen.wait("GRUB's menu", guest.shows_grub, PATIENCE)
        app.screenshot("graphical-grub", 0)
        screen.wait("the installer's first page", guest.shows_page, 2 * PATIENCE)
        self.choose_language(app, screen)
        self.read_serial(app, "Select a language", PATIENCE)
        app.quit()
        self.power_off_and_delete()

    def choose_language(self, app, screen):
        """By the keyboard, then by the mouse, which presses the button that goes on, too."""
        def chosen(picture):
            return next(iter(picture.lines_of(guest.BAR, 0.5)), None)
        first = screen.wait_still()
        app.screenshot("graphical-language", 0)
        line = chosen(first)
        # Distances that are right whether the guest has taken the window's size or is scaled down to it.
        x, y, width, height = first.box(guest.PAGE)
        # Onto the page, where nothing is to be pressed, so that the screen has the keyboard.
        screen.click(x + width // 2, y + height - 8)
        screen.key("Down", "Down")
        screen.wait("a line below", lambda picture: (chosen(picture) or line) > line, PATIENCE)
        screen.key("Up", "Up")
        screen.wait("the first line", lambda picture: chosen(picture) == line, PATIENCE)
        screen.click(x + width // 4, line - 70)
        screen.wait("a line above", lambda picture: (chosen(picture) or line) < line - 40, PATIENCE)
        app.screenshot("graphical-chosen")
        screen.click(x + width - 44, y + height - 18)
        screen.wait("the next page", lambda picture: guest.shows_page(picture) and picture.differs(first) > 0.02
                    and chosen(picture) != line, PATIENCE)
        screen.wait_still()
        app.screenshot("graphical-location", 0)

    # ---- The demonstration ----

    def test_demonstration(self):
        app, _ = self.start_demonstration("riscv64")
        self.change_disc(app)
        self.shut_down(app)

    def test_demonstration_on_arm(self):
        app, screen = self.start_demonstration("aarch64")
        screen.click(*screen.middle(guest.TERMINAL))
        screen.enter("uname -m >/dev/ttyAMA0")
        self.read_serial(app, "aarch64\n")
        self.shut_down(app)

    def start_demonstration(self, architecture):
        app = self.start("demo-iso", architecture)
        screen = self.create(app)
        screen.wait("the graphical session", guest.shows_session, PATIENCE)
        app.screenshot(f"demo-session-{architecture}")
        self.pull(screen)
        return app, screen

    def shut_down(self, app):
        app.press("Shut Down", "button")
        app.find("Off", "label", wait=60)
        app.screenshot("demo-off")

    def pull(self, screen):
        """A window is drawn by its title: it goes where the pointer goes."""
        def top(picture):
            return next(iter(picture.lines_of(guest.TERMINAL, 0.3)), None)
        x, y = screen.middle(guest.TERMINAL)[0], top(screen.picture())
        screen.press(x, y - 8)
        screen.release(x - 20, y + 52)
        screen.wait("the terminal in another place", lambda picture: top(picture) == y + 60, PATIENCE)
        screen.app.screenshot("demo-pulled")

    def change_disc(self, app):
        """Another one is chosen as a person would, among the downloads."""
        app.press("Details", "page tab")
        app.screenshot("details")
        app.press("Storage", "page tab")
        app.find(Path(self.iso).name, "label", wait=20)
        app.screenshot("details-storage")
        app.press("Eject", "button")
        app.wait_gone(Path(self.iso).name, "label", 20)
        app.press("Insert an Image…", "button")
        app.find("Insert an Image", wait=20)
        listed = app.find("other.iso", wait=20)
        app.screenshot("details-choose-disc")
        app.click(listed)
        app.press("Insert", "button")
        app.find("other.iso", "label", wait=20)
        app.screenshot("details-other-disc")
        app.press("Screen", "page tab")


if __name__ == "__main__":
    sys.exit(run_tests(BUILD, 900))
