#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong around the engine: files that are cut off, of others, or gone; disks that are full; folders that cannot be
written. Each gives a cause and a remedy, and nothing is lost.

Usage: test-bad.py BUILD
"""

import fcntl
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path

from gi.repository import GLib

from engine import ENGINE, ENGINE1, MACHINE1, PATIENCE, Engine, error_of, wait_for

TOOLS = Path(sys.argv[1]) / "engine/tools"


def disk(file, **more):
    return GLib.Variant("aa{sv}", [{"id": GLib.Variant("s", "disk0"), "file": GLib.Variant("s", str(file)), "format": GLib.Variant("s", "raw"), **more}])


class Bad(unittest.TestCase):
    def setUp(self):
        self.engine = Engine(sys.argv[1])
        self.addCleanup(self.engine.__exit__, None, None, None)

    def properties(self, path):
        return self.engine.list()[path]

    def text_of(self, name):
        self.engine.start()
        self.engine.create(name)
        conf = self.engine.machines / name / "machine.conf"
        text = conf.read_text()
        self.engine.kill(signal.SIGTERM)
        return text

    def check_broken(self, properties):
        self.assertEqual(properties["State"], "broken", properties["Name"])
        cause, _, remedy = properties["StateReason"].partition("\n")
        self.assertTrue(cause and remedy, properties)
        self.assertIn("machine.conf", cause)

    def test_cut_anywhere(self):
        """machine.conf cut off after each of its bytes: shown, with the reason, and left as it is."""
        text = self.text_of("whole")
        end = text.index("[end]") + len("[end]")
        for length in range(len(text)):
            folder = self.engine.machines / f"cut {length}"
            folder.mkdir()
            (folder / "machine.conf").write_text(text[:length])
        self.engine.start()
        machines = {properties["Name"]: (path, properties) for path, properties in self.engine.list().items()}
        self.assertEqual(len(self.engine.list()), len(text) + 1)
        for length in range(end):
            path, properties = machines[f"cut {length}"]
            self.check_broken(properties)
            if length % 50 == 0:
                for method, signature, *arguments in (("Start", "a{sv}", {}), ("Change", "a{sv}", {"cpus": GLib.Variant("u", 2)}), ("Duplicate", "s", ""),
                                                      ("AddDisk", "ta{sv}", 1 << 30, {}), ("EjectMedium", "sb", "cdrom0", False)):
                    error_of(self.engine.machine, path, method, signature, *arguments)
                self.engine.machine(path, "GetLog")
        self.engine.restart()
        for length in range(len(text)):
            self.assertEqual((self.engine.machines / f"cut {length}/machine.conf").read_text(), text[:length], "it was written to")
        self.engine.job(self.engine.machine(machines["cut 100"][0], "Delete", "b", True))
        self.assertFalse((self.engine.machines / "cut 100").exists())

    def test_settings_that_cannot_be(self):
        text = self.text_of("good")
        for index, (old, new) in enumerate((("version=1", "version=2"), ("version=1", "version=99999999999999999999"), ("architecture=riscv64", "architecture=z80"),
                                            ("board=virt", "board=toaster"), ("memory=64 MiB", "memory=-1"), ("memory=64 MiB", "memory=99999 YiB"),
                                            (r"\[disk disk0\]", "[disk ../disk0]"), ("file=disk0.qcow2", "file=../../other.qcow2"), (r"cpus=\d+", "cpus=0"))):
            self.assertRegex(text, old)
            folder = self.engine.machines / f"bad {index}"
            folder.mkdir()
            (folder / "machine.conf").write_text(re.sub(old, new, text))
        for index, data in enumerate((b"", b"\0" * 1000, b"\xff\xfe\xfd", b"[machine]\nversion=1\n" * 1000, b"[" * 100000, os.urandom(4096))):
            folder = self.engine.machines / f"noise {index}"
            folder.mkdir()
            (folder / "machine.conf").write_bytes(data)
        (self.engine.machines / "folder/machine.conf").mkdir(parents=True)
        (self.engine.machines / "file").write_text("no machine")
        self.engine.start()
        machines = self.engine.list()
        self.assertEqual(len(machines), 1 + 9 + 6)
        for properties in machines.values():
            if properties["Name"] != "good":
                self.check_broken(properties)
        self.assertIn("newer", next(properties["StateReason"] for properties in machines.values() if properties["Name"] == "bad 0"))

    def test_repaired_while_it_runs(self):
        """A file that a person corrects is read again at once; a second machine of the same UUID is refused."""
        text = self.text_of("mended")
        conf = self.engine.machines / "mended/machine.conf"
        conf.write_text(text[:50])
        self.engine.start()
        path = next(iter(self.engine.list()))
        self.check_broken(self.properties(path))
        conf.write_text(text)
        path = wait_for(lambda: next((each for each, properties in self.engine.list().items() if properties["State"] == "off"), None), "its repair")
        self.assertEqual(len(self.engine.list()), 1)
        shutil.copytree(self.engine.machines / "mended", self.engine.machines / "twin")
        twin = wait_for(lambda: next((other for other in self.engine.list() if other != path), None), "the twin")
        self.assertIn("UUID", self.properties(twin)["StateReason"])
        shutil.move(self.engine.machines / "twin", self.engine.home / "away")
        wait_for(lambda: len(self.engine.list()) == 1, "the twin's end")

    def test_files_too_large(self):
        """As a full disk: nothing half is left, and what is there stays whole."""
        limit = 1 << 20
        image = self.engine.home / "image.raw"
        image.write_bytes(os.urandom(3 << 20))

        def small():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

        self.engine.start(preexec_fn=small)
        path = self.engine.create("small")
        conf = self.engine.machines / "small/machine.conf"
        before = conf.read_text()
        with image.open("rb") as file, self.assertRaisesRegex(RuntimeError, r"failed org.vitrine.Error.\w+: .+\n.+"):
            self.engine.create("large", [("import", file.fileno())])
        big = (self.engine.machines / "small/disk0.qcow2").stat().st_size
        with (self.engine.machines / "small/disk0.qcow2").open("r+b") as file:
            file.truncate(4 << 20)
        with self.assertRaisesRegex(RuntimeError, r"failed org.vitrine.Error.\w+: .+\n.+"):
            self.engine.job(self.engine.machine(path, "Duplicate", "s", "copy"))
        with (self.engine.machines / "small/disk0.qcow2").open("r+b") as file:
            file.truncate(big)
        self.assertEqual(sorted(entry.name for entry in self.engine.machines.iterdir()), ["small"])
        self.assertEqual(conf.read_text(), before)
        self.engine.kill(signal.SIGTERM)
        limit = 100
        self.engine.start(preexec_fn=small)
        error = error_of(self.engine.machine, path, "Change", "a{sv}", {"notes": GLib.Variant("s", "more")})
        self.assertIn("could not be written", error.cause)
        self.assertEqual(conf.read_text(), before)
        self.assertEqual(self.properties(path)["Settings"]["notes"], "")
        error_of(self.engine.machine, path, "RemoveDisk", "sb", "disk0", True)
        error_of(self.engine.machine, path, "AddDisk", "ta{sv}", 1 << 20, {})
        self.assertEqual([file.name for file in (self.engine.machines / "small").glob("*disk*")], ["disk0.qcow2"])
        self.assertEqual([each["id"] for each in self.properties(path)["Settings"]["disks"]], ["disk0"])
        self.assertTrue((self.engine.machines / "small/disk0.qcow2").exists(), "its settings still have it")
        self.engine.kill(signal.SIGTERM)

    def test_image_of_images(self):
        """An import takes one file, whatever that names, also if it names it only when it has been looked at."""
        secret, layer, whole = (self.engine.home / name for name in ("secret", "layer.qcow2", "whole.qcow2"))
        secret.write_bytes(b"secret" * (1 << 18))
        image = TOOLS / "img/vitrine-img"
        subprocess.run([image, "create", "-q", "-f", "qcow2", "-b", secret, "-F", "raw", layer], check=True)
        self.engine.start()
        with layer.open("rb") as file, self.assertRaisesRegex(RuntimeError, "NotSupported: .*layer.*\n.+"):
            self.engine.create("layer", [("import", file.fileno())])
        # As the engine runs it, after it has looked.
        with layer.open("rb") as source, whole.open("w+b") as target:
            words = [image]
            for path, file in ((layer, source), (whole, target)):
                words += ["--add-file", f"path={path},fd={file.fileno()}"]
            done = subprocess.run([*words, "convert", "-f", "qcow2", "-O", "raw", layer, whole], check=False, stderr=subprocess.PIPE, text=True,
                                  pass_fds=[source.fileno(), target.fileno()])
        self.assertEqual(done.returncode, 1)
        self.assertIn("secret", done.stderr)
        self.assertNotIn(b"secret", whole.read_bytes())
        done = subprocess.run([*words, "info", secret], check=False, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("descriptor", done.stderr)

    def test_image_of_another(self):
        """In use by another machine, or by another program."""
        image = self.engine.home / "shared.raw"
        image.write_bytes(bytes(2 << 20))
        self.engine.start()
        first, second = (self.engine.create(name, disks=disk(image)) for name in ("first", "second"))
        self.engine.machine(first, "Start", "a{sv}", {})
        error = error_of(self.engine.machine, second, "Start", "a{sv}", {})
        self.assertIn("shared.raw", error.cause)
        self.assertEqual(self.engine.state(second), "off")
        self.engine.machine(first, "PowerOff")
        self.engine.machine(second, "Start", "a{sv}", {})
        self.engine.machine(second, "PowerOff")
        image.unlink()
        error = error_of(self.engine.machine, second, "Start", "a{sv}", {})
        self.assertEqual(error.name, "NotFound", error)
        image.mkdir()
        error = error_of(self.engine.machine, second, "Start", "a{sv}", {})
        self.assertIn("shared.raw", error.cause)

    def test_folder_vanishes(self):
        """While it runs, and while it does not."""
        self.engine.start()
        running, resting = self.engine.create("running"), self.engine.create("resting")
        self.engine.machine(running, "Start", "a{sv}", {})
        for name in ("running", "resting"):
            shutil.move(self.engine.machines / name, self.engine.home / name)
        wait_for(lambda: resting not in self.engine.list(), "the end of what rests")
        self.assertEqual(self.engine.state(running), "running", "its process has its files still")
        for method, signature, *arguments in (("Change", "a{sv}", {"notes": GLib.Variant("s", "x")}), ("AddDisk", "ta{sv}", 1 << 30, {})):
            error_of(self.engine.machine, running, method, signature, *arguments)
        self.engine.machine(running, "Pause")
        self.engine.machine(running, "PowerOff")
        wait_for(lambda: running not in self.engine.list() or self.engine.state(running) in ("off", "broken"), "its end")
        for name in ("running", "resting"):
            shutil.move(self.engine.home / name, self.engine.machines / name)
        wait_for(lambda: {"running", "resting"} == {properties["Name"] for properties in self.engine.list().values()}, "both again")

    def run_alone(self, **environment):
        """An engine that cannot start: its status and its message."""
        process = self.engine.spawn(env=environment, stderr=subprocess.PIPE, text=True)
        try:
            _, message = process.communicate(timeout=30 * PATIENCE)
        finally:
            process.kill()
        return process.returncode, message

    def check_message(self, message):
        self.assertRegex(message, r"^vitrine-engine: .+\n.+\n$")
        self.assertNotIn("CRITICAL", message)

    def test_no_place(self):
        """A data folder that is a file, or where none can be made."""
        file = self.engine.home / "file"
        file.write_text("")
        for place in (str(file), "/proc/no/such/folder"):
            status, message = self.run_alone(XDG_DATA_HOME=place)
            self.assertEqual(status, 1)
            self.check_message(message)
            self.assertIn(place, message)

    def test_two_engines(self):
        self.engine.start()
        status, message = self.run_alone()
        self.assertEqual(status, 1)
        self.check_message(message)
        self.assertIn("another engine runs", message)
        self.assertEqual(self.engine.owner(), self.engine.process.pid)

    def test_no_bus(self):
        status, message = self.run_alone(DBUS_SESSION_BUS_ADDRESS="unix:path=/nowhere")
        self.assertEqual(status, 1)
        self.check_message(message)

    def test_read_only(self):
        """Machines that cannot be written are shown, and can be looked at."""
        self.engine.start()
        path = self.engine.create("fixed")
        # Immutable where permissions do not count, as for root.
        folder = self.engine.machines / "fixed"
        folder.chmod(0o500)
        self.addCleanup(folder.chmod, 0o700)
        if os.geteuid() == 0 and not self.make_immutable(folder):
            self.skipTest("nothing is read-only to root here")
        error = error_of(self.engine.machine, path, "Change", "a{sv}", {"notes": GLib.Variant("s", "x")})
        self.assertEqual(error.name, "Permission", error)
        self.engine.restart(signal.SIGTERM)
        self.assertEqual(self.engine.state(path), "off")

    def make_immutable(self, folder):
        """FS_IMMUTABLE_FL, where the file system has it and we may."""
        get, set_, immutable = 0x80086601, 0x40086602, 0x10
        fd = os.open(folder, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        try:
            flags = bytearray(8)
            fcntl.ioctl(fd, get, flags)
            before = bytes(flags)
            fcntl.ioctl(fd, set_, (int.from_bytes(before, "little") | immutable).to_bytes(8, "little"))
        except OSError:
            return False
        self.addCleanup(fcntl.ioctl, fd, set_, before)
        return True

    def test_no_memory(self):
        """More than there is: a remark beforehand, and an error at the start."""
        self.engine.start()
        all_memory = self.engine.call(ENGINE, ENGINE1, "GetCapabilities")["host-memory"]
        large = GLib.Variant("t", min(1 << 40, all_memory * 4))
        remarks = self.engine.call(ENGINE, ENGINE1, "CheckSettings", "a{sv}", {"memory": large})
        self.assertIn(("memory", "error"), [(key, level) for key, level, _ in remarks])

        def little():
            resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))

        if "address" in os.environ.get("VITRINE_TEST_SANITIZERS", ""):
            self.skipTest("its shadow memory takes terabytes of addresses")
        self.engine.kill(signal.SIGTERM)
        self.engine.start(preexec_fn=little)
        path = self.engine.create("large", memory=GLib.Variant("t", 4 << 30))
        error = error_of(self.engine.machine, path, "Start", "a{sv}", {})
        self.assertRegex(error.cause, "(?i)memory")
        self.assertEqual(self.engine.state(path), "off")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *os.environ.get("VITRINE_TEST_ONLY", "").split()], verbosity=2, durations=20)
