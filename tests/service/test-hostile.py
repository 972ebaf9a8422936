#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callers that send every method of the engine anything at all. Afterwards it answers, nothing outside its folders has
changed, and the machines that nobody called are as they were.

Usage: test-hostile.py BUILD ROUNDS [SEED]     (SEED "random": another one each time, which is printed)
"""

import hashlib
import os
import random
import sys
import unittest
from pathlib import Path

from gi.repository import Gio, GLib

from engine import ENGINE, ENGINE1, JOB1, MACHINE1, MANAGER, NAME, PROPERTIES, ROOT, STATISTICS1, Engine, Failure, error_of, wait_for
from hostile import NAMES, Arguments, Descriptors

ROUNDS, SEED = int(sys.argv[2]), 1
# What comes of these a person would have to wait for.
SLOW_ANSWER = 30
# Of much of a kind a short run takes some.
SOME = min(200, ROUNDS * 3)
# Of an object that an earlier call is just deleting.
GONE = {f"org.freedesktop.DBus.Error.{name}" for name in ("UnknownMethod", "UnknownObject", "UnknownInterface", "InvalidArgs")}


def fingerprint(folder, but=()):
    """All that is below a folder: names, types, contents."""
    digest = hashlib.sha256()
    for path in sorted(Path(folder).rglob("*")):
        if any(path.is_relative_to(other) for other in but):
            continue
        digest.update(f"{path.relative_to(folder)}\0{path.lstat().st_mode}\0".encode())
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 30:
            digest.update(path.read_bytes())
    return digest.hexdigest()


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = Engine(sys.argv[1])
        cls.engine.environment["G_DEBUG"] = "fatal-criticals"
        cls.engine.start()
        cls.addClassCleanup(cls.engine.__exit__, None)
        cls.descriptors = Descriptors(cls.engine.home / "files")
        cls.addClassCleanup(cls.descriptors.close)
        cls.precious = cls.engine.create("precious")
        cls.arguments = Arguments(SEED, cls.settings())
        cls.interfaces = cls.read_interfaces()
        outside = cls.engine.home / "outside"
        outside.mkdir()
        (outside / "treasure").write_text("gold")

    @classmethod
    def settings(cls):
        reply = cls.engine.bus.call_sync(NAME, ENGINE, ENGINE1, "GetDefaults", GLib.Variant("(a{sv})", ({},)), None, 0, 10000)
        defaults = reply.get_child_value(0)
        pairs = (defaults.get_child_value(index) for index in range(defaults.n_children()))
        return {pair.get_child_value(0).get_string(): pair.get_child_value(1).get_variant() for pair in pairs}

    @classmethod
    def read_interfaces(cls):
        """By interface its methods, and what these take, as the engine tells."""
        found = {}
        for path in (ROOT, ENGINE, cls.precious):
            text = cls.engine.call(path, "org.freedesktop.DBus.Introspectable", "Introspect")
            for interface in Gio.DBusNodeInfo.new_for_xml(text).interfaces:
                found[interface.name] = [(method.name, [argument.signature for argument in method.in_args]) for method in interface.methods]
        return found

    def setUp(self):
        self.before = self.outside()
        self.pid = self.engine.owner()

    def outside(self):
        """What is not the engine's to change; a file that changes all the time is left out."""
        home = self.engine.home
        return fingerprint(home, but=(home / "data", home / "run", home / "engine.log", home / "files/changing.iso", home / "cache", self.engine.machines))

    def tearDown(self):
        engine = self.engine
        self.assertEqual(engine.owner(), self.pid, "the engine has ended: " + engine.messages()[-3000:])
        self.assertEqual(self.outside(), self.before, "something outside its folders has changed")
        self.assertEqual(sorted(path.name for path in (engine.home / "data").iterdir() if path.name != "Trash"), ["vitrine"])
        self.assertEqual([path.name for path in (engine.home / "data/vitrine").iterdir()], ["machines"])
        self.assertEqual(engine.get(self.precious, MACHINE1, "Name"), "precious")
        self.assertEqual(engine.state(self.precious), "off")
        self.assertTrue((engine.machines / "precious/disk0.qcow2").exists())
        self.drop_machines()

    def drop_machines(self):
        self.wait_for_jobs()
        for path, properties in self.engine.list().items():
            if path != self.precious:
                try:
                    if properties["State"] in ("running", "paused", "starting", "stopping", "saving"):
                        self.engine.machine(path, "PowerOff")
                    self.engine.job(self.engine.machine(path, "Delete", "b", True))
                except Failure as failure:
                    self.assertTrue(failure.name in ("InvalidState", "NotFound") or failure.full_name in GONE, failure)
        wait_for(lambda: set(path.name for path in self.engine.machines.iterdir()) == {"precious"}, "only the precious machine")

    def wait_for_jobs(self):
        for path in self.jobs():
            wait_for(lambda: self.job_ended(path), "the job's end", 60)

    def job_ended(self, path):
        try:
            return self.engine.get(path, JOB1, "State") != "running"
        except Failure as failure:
            self.assertIn(failure.full_name, GONE)
            return True

    def jobs(self):
        return {path: interfaces[JOB1] for path, interfaces in self.engine.objects().items() if JOB1 in interfaces}

    def send(self, path, interface, method, arguments, fds, bus=None):
        """A call and its reply, or the error, which must be of the engine's or of GDBus's kind."""
        handles = Gio.UnixFDList.new()
        for fd in fds:
            handles.append(fd)
        try:
            return (bus or self.engine.bus).call_with_unix_fd_list_sync(NAME, path, interface, method, arguments, None, 0, SLOW_ANSWER * 3000, handles)
        except GLib.Error as error:
            self.assertTrue(Gio.DBusError.is_remote_error(error), f"{interface}.{method}{arguments}: {error}")
            failure = Failure(error)
            if failure.full_name.startswith("org.vitrine."):
                self.assertTrue(failure.cause and failure.remedy, f"{method}: no cause or no remedy in {failure}")
            else:
                self.assertTrue(failure.full_name.startswith("org.freedesktop.DBus.Error."), f"{method}{arguments}: {failure}")
            return None

    def some_fds(self):
        chance = self.arguments.random
        return chance.choices(list(self.descriptors.open.values()), k=chance.choice((0, 1, 1, 1, 2)))

    def some(self, values):
        values = list(values)
        return self.arguments.random.sample(values, min(SOME, len(values)))

    def call_all(self, path, interface):
        for method, signatures in self.interfaces[interface]:
            self.send(path, interface, method, self.arguments.arguments(signatures), self.some_fds())

    def victim(self, running):
        """One that may be done anything to: it is made again when it has gone."""
        # A deletion that was asked for before may still be going on.
        self.wait_for_jobs()
        path = self.engine.find("victim")
        if path is None:
            path = self.engine.create("victim")
        if running and self.engine.state(path) in ("off", "saved", "crashed"):
            try:
                self.engine.machine(path, "Start", "a{sv}", {})
            except Failure as failure:
                self.assertTrue(failure.full_name.startswith("org.vitrine.Error.") or failure.full_name in GONE, failure)
        return path

    def test_all_methods(self):
        for number in range(ROUNDS):
            for interface in (ENGINE1, PROPERTIES, "org.freedesktop.DBus.Peer", "org.freedesktop.DBus.Introspectable"):
                self.call_all(ENGINE, interface)
            self.call_all(ROOT, MANAGER)
            for running in (False, True):
                path = self.victim(running)
                for interface in (MACHINE1, STATISTICS1, PROPERTIES):
                    self.call_all(path, interface)
            for path in list(self.jobs())[-2:]:
                self.send(path, JOB1, "Cancel", self.arguments.arguments([]), [])
            if number % 4 == 3:
                self.drop_machines()

    def test_descriptors(self):
        """Each of them in each place where one may be."""
        path = self.victim(False)
        for name, fd in self.some(self.descriptors.open.items()):
            self.send(ENGINE, ENGINE1, "DetectMedia", GLib.Variant("(hs)", (0, name)), [fd])
            self.send(path, MACHINE1, "InsertMedium", GLib.Variant("(shs)", ("cdrom0", 0, name)), [fd])
            for role in ("cdrom", "import", "import-in-place"):
                settings = {"name": GLib.Variant("s", f"{role} {name}"), "firmware": GLib.Variant("s", "none")}
                self.send(ENGINE, ENGINE1, "CreateMachine", GLib.Variant("(a{sv}a{sh}a{ss})", (settings, {role: 0}, {role: name})), [fd])

    def test_names(self):
        """A name is no path, wherever it is given."""
        for index, name in enumerate(self.some(NAMES)):
            settings = GLib.Variant("(a{sv}a{sh}a{ss})", ({"name": GLib.Variant("s", name), "firmware": GLib.Variant("s", "none")}, {}, {}))
            self.send(ENGINE, ENGINE1, "CreateMachine", settings, [])
            if index % 8 == 0:
                path = self.victim(False)
                self.send(path, MACHINE1, "Duplicate", GLib.Variant("(s)", (name,)), [])
                self.wait_for_jobs()
                self.send(path, MACHINE1, "Change", GLib.Variant("(a{sv})", ({"name": GLib.Variant("s", name)},)), [])
        self.wait_for_jobs()
        names = [properties["Name"] for properties in self.engine.list().values()]
        self.assertEqual(len(names), len(set(names)), "two machines have one name")

    def test_files_of_others(self):
        """A machine's disk may be a file elsewhere; it is never removed or written with the machine."""
        treasure = self.engine.home / "outside/treasure"
        path = self.victim(False)
        disk = {"id": GLib.Variant("s", "disk1"), "file": GLib.Variant("s", str(treasure)), "format": GLib.Variant("s", "raw")}
        self.engine.machine(path, "Change", "a{sv}", {"disks": GLib.Variant("aa{sv}", [disk])})
        self.engine.machine(path, "RemoveDisk", "sb", "disk1", True)
        for file in ("../precious/disk0.qcow2", "a/../../precious/disk0.qcow2", ".."):
            disk["file"] = GLib.Variant("s", file)
            error_of(self.engine.machine, path, "Change", "a{sv}", {"disks": GLib.Variant("aa{sv}", [disk])})
        self.engine.job(self.engine.machine(path, "Delete", "b", True))
        self.assertEqual(treasure.read_text(), "gold")

    def test_many_jobs(self):
        """Hundreds at once, of which half are cancelled: what is there afterwards is whole, and every name there once."""
        jobs = []
        for index in range(SOME * 4):
            try:
                jobs.append(self.engine.begin_create(f"many {index // 2}"))
            except Failure as failure:
                self.assertEqual(failure.name, "Exists", failure)
        for job in jobs[::2]:
            self.engine.call(job, JOB1, "Cancel")
        self.wait_for_jobs()
        names = [properties["Name"] for properties in self.engine.list().values()]
        self.assertEqual(len(names), len(set(names)), "two machines have one name")
        self.assertTrue(names)
        for properties in self.engine.list().values():
            self.assertTrue((Path(properties["Folder"]) / "disk0.qcow2").exists(), properties["Name"])

    def test_callers_that_leave(self):
        """In mid-call, with descriptors on their way."""
        path = self.victim(True)
        for index in range(12):
            bus, handles = self.engine.connect(), Gio.UnixFDList.new()
            handles.append(self.descriptors.open["iso"])
            calls = ((ENGINE, ENGINE1, "DetectMedia", GLib.Variant("(hs)", (0, "x"))), (path, MACHINE1, "OpenConsole", GLib.Variant("(s)", ("serial0",))),
                     (path, STATISTICS1, "Watch", None), (path, MACHINE1, "Screenshot", GLib.Variant("(u)", (0,))),
                     (ENGINE, ENGINE1, "CreateMachine", GLib.Variant("(a{sv}a{sh}a{ss})", ({"firmware": GLib.Variant("s", "none")}, {"cdrom": 0}, {}))))
            for target, interface, method, arguments in calls:
                bus.call_with_unix_fd_list(NAME, target, interface, method, arguments, None, 0, -1, handles, None, None)
            bus.flush_sync()
            if index % 2:
                os.sched_yield()
            bus.close_sync()
        self.assertGreater(len(self.engine.list()), 1)


if __name__ == "__main__":
    if len(sys.argv) > 3:
        SEED = random.SystemRandom().randrange(1 << 32) if sys.argv[3] == "random" else int(sys.argv[3])
    print(f"seed {SEED}")
    unittest.main(argv=sys.argv[:1], verbosity=2, failfast=True, durations=9)
