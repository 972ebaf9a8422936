#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills the engine at random moments of everything that changes its machines, and looks at what the next one finds: no
machine is lost, none is half, nothing lies about, and those that run are found again.

Usage: test-kill.py BUILD KILLS [SEED]     KILLS of each kind; SEED "random": another one each time, which is printed
"""

import os
import random
import subprocess
import sys
import unittest
from pathlib import Path

from gi.repository import GLib

from engine import ENGINE, ENGINE1, MACHINE1, NAME, SMALL, Engine, Failure, wait_for

KILLS, SEED = int(sys.argv[2]), 1
AT_REST = {"off", "saved", "crashed"}


def pid_of(uuid):
    """The process of a machine, or 0."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if uuid.encode() in words and b"vitrine-machine" in words[0]:
                return int(folder.name)
    return 0


class Kill(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = Engine(sys.argv[1]).start()
        cls.addClassCleanup(cls.engine.__exit__, None)
        cls.random = random.Random(SEED)
        cls.image = cls.engine.home / "image.raw"
        cls.image.write_bytes(random.Random(7).randbytes(4096) * 4096)
        cls.engine.create("bystander", disks=cls.disks(16))

    @staticmethod
    def disks(megabytes):
        return GLib.Variant("aa{sv}", [{"id": GLib.Variant("s", "disk0"), "size": GLib.Variant("t", megabytes << 20)}])

    def begin(self, path, method, signature="", *arguments, fds=()):
        """Sends a call whose answer nobody waits for."""
        from gi.repository import Gio
        handles = Gio.UnixFDList.new()
        for fd in fds:
            handles.append(fd)
        interface = ENGINE1 if path == ENGINE else MACHINE1
        self.engine.bus.call_with_unix_fd_list(NAME, path, interface, method, GLib.Variant(f"({signature})", arguments), None, 0, -1, handles, None, None)
        self.engine.bus.flush_sync()

    def kill(self, longest):
        """At a moment within so many seconds, and another engine after it. True if the moment was after all was done."""
        GLib.usleep(int(self.random.uniform(0, longest) * 1e6))
        self.engine.restart()
        self.check_all()

    def check_all(self):
        """What holds whatever was going on."""
        machines = self.engine.machines
        wait_for(lambda: not [path for path in machines.iterdir() if path.name.startswith(".")], "left-overs' end")
        known = self.engine.list()
        self.assertEqual(len(known), len(list(machines.iterdir())), "a folder is no machine")
        self.assertIn("bystander", [properties["Name"] for properties in known.values()])
        for properties in known.values():
            folder = Path(properties["Folder"])
            names = {path.name for path in folder.iterdir()}
            self.assertNotEqual(properties["State"], "broken", properties["StateReason"])
            self.assertIn("disk0.qcow2", names, properties["Name"])
            self.assertFalse({name for name in names if name.startswith(".") or name.count(".") > 1}
                             - {"machine.log.old", ".saved-machine.conf" if "saved-state" in names else ""}, "left-overs")
            alive = pid_of(properties["Uuid"])
            self.assertEqual(bool(alive), properties["State"] not in AT_REST, f"{properties['Name']}: {properties['State']}, process {alive}")
        for name in [properties["Name"] for properties in known.values()]:
            self.assertLess([properties["Name"] for properties in known.values()].count(name), 2, name)

    def check_disk(self, name):
        """All of it is as it was."""
        folder = Path(self.engine.list()[self.engine.find(name)]["Folder"])
        subprocess.run([Path(sys.argv[1]) / "engine/tools/img/vitrine-img", "compare", "-f", "raw", "-F", "qcow2", str(self.image),
                        str(folder / "disk0.qcow2")], check=True, stdout=subprocess.DEVNULL)

    def drop(self, name):
        path = self.engine.find(name)
        if path is None:
            return
        if self.engine.state(path) not in AT_REST:
            self.engine.machine(path, "PowerOff")
        self.engine.job(self.engine.machine(path, "Delete", "b", True))

    def imported(self, name):
        with self.image.open("rb") as file:
            self.engine.create(name, [("import", file.fileno())])
        return self.engine.find(name)

    def test_create(self):
        for index in range(KILLS):
            self.begin(ENGINE, "CreateMachine", "a{sv}a{sh}a{ss}", {**SMALL, "name": GLib.Variant("s", "made"), "start": GLib.Variant("b", index % 2)}, {}, {})
            self.kill(0.15)
            self.drop("made")

    def test_import(self):
        for _ in range(KILLS):
            with self.image.open("rb") as file:
                self.begin(ENGINE, "CreateMachine", "a{sv}a{sh}a{ss}", {**SMALL, "name": GLib.Variant("s", "imported")}, {"import": 0}, {"import": "image"},
                           fds=[file.fileno()])
            self.kill(0.25)
            if self.engine.find("imported"):
                self.check_disk("imported")
            self.drop("imported")

    def test_start(self):
        path = self.engine.create("started")
        for _ in range(KILLS):
            self.begin(path, "Start", "a{sv}", {})
            self.kill(0.25)
            if self.engine.state(path) not in AT_REST:
                self.engine.machine(path, "PowerOff")
            self.engine.machine(path, "Start", "a{sv}", {})
            self.engine.machine(path, "PowerOff")
        self.drop("started")

    def test_save(self):
        path = self.engine.create("kept")
        for _ in range(KILLS):
            if self.engine.state(path) in AT_REST:
                self.engine.machine(path, "Start", "a{sv}", {})
            self.begin(path, "Save")
            self.kill(0.15)
            state = self.engine.state(path)
            self.assertIn(state, ("running", "paused", "saved"), "its memory is lost")
            if state == "paused":
                self.assertIn("\n", self.engine.get(path, MACHINE1, "StateReason"))
                self.engine.machine(path, "Resume")
            elif state == "saved":
                self.engine.machine(path, "Start", "a{sv}", {})
            self.assertEqual(self.engine.state(path), "running")
            self.assertFalse((self.engine.machines / "kept/saved-state").exists())
        self.drop("kept")

    def test_delete(self):
        for index in range(KILLS * 2):
            forever = bool(index % 2)
            name = f"doomed {index}"
            path = self.imported(name)
            self.begin(path, "Delete", "b", forever)
            self.kill(0.06)
            trashed = self.engine.home / "data/Trash/files" / name
            if self.engine.find(name):
                self.check_disk(name)
                self.drop(name)
            elif not forever:
                self.assertTrue((trashed / "disk0.qcow2").exists(), "neither a machine nor in the trash")

    def test_duplicate(self):
        path = self.imported("original")
        for _ in range(KILLS):
            self.begin(path, "Duplicate", "s", "copy")
            self.kill(0.15)
            self.check_disk("original")
            if self.engine.find("copy"):
                self.check_disk("copy")
            self.drop("copy")
        self.drop("original")

    def test_change(self):
        """Settings, and with every second change the name: it is one or the other."""
        path = self.imported("name 0")
        for index in range(KILLS):
            before = self.engine.call(path, "org.freedesktop.DBus.Properties", "GetAll", "s", MACHINE1)
            new = {"notes": GLib.Variant("s", "x" * 60000 + str(index)), "cpus": GLib.Variant("u", 1 + index % 3)}
            if index % 2 == 0:
                new["name"] = GLib.Variant("s", f"name {index + 1}")
            self.begin(path, "Change", "a{sv}", new)
            self.kill(0.06)
            after = self.engine.call(path, "org.freedesktop.DBus.Properties", "GetAll", "s", MACHINE1)
            self.assertIn(after["Name"], (before["Name"], f"name {index + 1}"))
            both = [(settings["Settings"]["notes"], settings["Settings"]["cpus"]) for settings in (before, after)]
            self.assertIn(both[1], (both[0], (new["notes"].get_string(), new["cpus"].get_uint32())), "half a change")
            self.check_disk(after["Name"])
        self.drop(self.engine.get(path, MACHINE1, "Name"))

    def test_machine_killed(self):
        """The other way round: the process of a machine, while an engine watches and while there is none."""
        path = self.engine.create("crashing")
        for index in range(KILLS):
            self.engine.machine(path, "Start", "a{sv}", {})
            pid = pid_of(self.engine.get(path, MACHINE1, "Uuid"))
            if index % 2:
                self.engine.kill()
            os.kill(pid, 9)
            if index % 2:
                self.engine.start()
            wait_for(lambda: self.engine.state(path) == "crashed", "the crash")
            cause, _, remedy = self.engine.get(path, MACHINE1, "StateReason").partition("\n")
            self.assertTrue(cause and remedy)
            self.check_all()
        self.drop("crashing")


if __name__ == "__main__":
    if len(sys.argv) > 3:
        SEED = random.SystemRandom().randrange(1 << 32) if sys.argv[3] == "random" else int(sys.argv[3])
    print(f"seed {SEED}")
    unittest.main(argv=[sys.argv[0], *os.environ.get("VITRINE_TEST_ONLY", "").split()], verbosity=2, durations=9)
