# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the engine's service share: a session bus with the real engine on it, its machines and jobs."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

# Unless the variable is there, vm.py cannot be had.
os.environ.setdefault("VITRINE_SYSTEM", "vitrine-system-riscv64")

import gi
import vm

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib

ENGINE = os.environ.get("VITRINE_ENGINE", "")
NAME = "org.vitrine.Vitrine.Engine"
ROOT = "/org/vitrine/Engine"
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"""


class Refused(Exception):
    """An error of the service: its name, and both lines of its message."""

    def __init__(self, error):
        self.name = Gio.DBusError.get_remote_error(error) or ""
        self.message = error.message.removeprefix(f"GDBus.Error:{self.name}: ")
        super().__init__(f"{self.name}: {self.message}")


class Service:
    """A session bus, and the engine on it, in a folder of its own."""

    def __init__(self, folder, **environment):
        self.folder = Path(folder)
        self.runtime = self.folder / "run"
        self.runtime.mkdir(mode=0o700, exist_ok=True)
        (self.folder / "bus.conf").write_text(BUS_CONFIG.format(folder=self.folder))
        self.environment = {**os.environ, "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder / "data"),
                            "XDG_RUNTIME_DIR": str(self.runtime), "LC_ALL": "C.UTF-8",
                            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.folder}/bus", **environment}
        self.bus_process = subprocess.Popen(["dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork",
                                             "--print-address=1"], stdout=subprocess.PIPE,
                                            stderr=subprocess.DEVNULL, env=self.environment)
        self.bus_process.stdout.readline()
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.bus = Gio.DBusConnection.new_for_address_sync(f"unix:path={self.folder}/bus", flags, None, None)
        self.engine = None
        self.start_engine()

    def start_engine(self, *prefix):
        self.engine = subprocess.Popen([*prefix, ENGINE], env=self.environment)
        self.until("the engine is on the bus", lambda: self.bus.call_sync(
            "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "NameHasOwner", GLib.Variant("(s)", [NAME]), None, 0,
            -1, None).unpack()[0])

    def kill_engine(self):
        """As a crash does; machines go on."""
        self.engine.kill()
        self.engine.wait()

    @staticmethod
    def until(what, condition, timeout=30):
        """Waits until the condition is true, and returns what it is."""
        end = time.monotonic() + timeout * vm.PATIENCE
        while not (result := condition()):
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain until {what}")
            time.sleep(0.02)
        return result

    def call(self, path, interface, method, signature="()", *arguments, fds=(), want_fd=False, timeout=60):
        handles = Gio.UnixFDList.new()
        for fd in fds:
            handles.append(fd)
        try:
            reply, got = self.bus.call_with_unix_fd_list_sync(
                NAME, path, interface, method, GLib.Variant(signature, arguments), None, 0,
                int(timeout * vm.PATIENCE * 1000), handles if fds else None, None)
        except GLib.Error as error:
            raise Refused(error) from None
        if want_fd:
            return got.get(0)
        values = reply.unpack()
        return values[0] if len(values) == 1 else values

    def properties(self, path, interface):
        return self.call(path, "org.freedesktop.DBus.Properties", "GetAll", "(s)", interface)

    def start_job(self, path, interface, method, *arguments, **options):
        return Job(self, self.call(path, interface, method, *arguments, **options))

    def create(self, name, files=None, **settings):
        """A machine with these settings: small, and with nothing that they do not name."""
        small = {"memory": GLib.Variant("t", 256 << 20), "cpus": GLib.Variant("u", 2),
                 "disks": GLib.Variant("aa{sv}", []), "drives": GLib.Variant("aa{sv}", []),
                 "nics": GLib.Variant("aa{sv}", []), "display": GLib.Variant("a{sv}", {"kind": GLib.Variant("s", "none")})}
        settings = {"name": GLib.Variant("s", name), **small,
                    **{key.replace("_", "-"): value for key, value in settings.items()}}
        files = files or {}
        opened = {role: os.open(path, os.O_RDWR if role == "import-in-place" else os.O_RDONLY) for role, path in files.items()}
        try:
            job = self.start_job(f"{ROOT}/Engine", "org.vitrine.Engine1", "CreateMachine", "(a{sv}a{sh}a{ss})", settings,
                                 {role: index for index, role in enumerate(opened)},
                                 {role: Path(path).name for role, path in files.items()}, fds=list(opened.values()))
        finally:
            for fd in opened.values():
                os.close(fd)
        return Machine(self, job.wait())

    def end(self):
        """Ends the engine, the bus, and all machines."""
        with contextlib.suppress(Exception):
            objects = self.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
            for path in objects:
                if "/machines/" in path:
                    with contextlib.suppress(Refused):
                        Machine(self, path).call("PowerOff")
        for process in (self.engine, self.bus_process):
            if process.poll() is None:
                process.terminate()
            process.wait()
        self.bus_process.stdout.close()


class Job:
    def __init__(self, service, path):
        self.service, self.path = service, path

    def __getitem__(self, name):
        return self.service.properties(self.path, "org.vitrine.Job1")[name]

    def cancel(self):
        self.service.call(self.path, "org.vitrine.Job1", "Cancel")

    def ended(self, timeout=60):
        """Its state, once it is no more running."""
        return self.service.until("the job has ended", lambda: (state := self["State"]) != "running" and state, timeout)

    def wait(self, timeout=60):
        if self.ended(timeout) != "done":
            raise AssertionError(f"{self['State']}: {self['ErrorName']}: {self['ErrorMessage']}")
        return self["Result"]


class Machine:
    def __init__(self, service, path):
        self.service, self.path = service, path

    def __getitem__(self, name):
        return self.service.properties(self.path, "org.vitrine.Machine1")[name]

    def call(self, method, signature="()", *arguments, **options):
        return self.service.call(self.path, "org.vitrine.Machine1", method, signature, *arguments, **options)

    def start(self, **options):
        options = {key.replace("_", "-"): GLib.Variant("b" if isinstance(value, bool) else "s", value)
                   for key, value in options.items()}
        self.call("Start", "(a{sv})", options)

    def save(self):
        return self.service.start_job(self.path, "org.vitrine.Machine1", "Save")

    def change(self, **settings):
        return self.call("Change", "(a{sv})", {key.replace("_", "-"): value for key, value in settings.items()})

    def settle(self, *states, timeout=60):
        """Waits until it is in one of these states."""
        return self.service.until(f"the machine is {' or '.join(states)}, not {self['State']} ({self['StateReason']})",
                                  lambda: (state := self["State"]) in states and state, timeout)

    def console(self):
        return Console(self.call("OpenConsole", "(s)", "serial0", want_fd=True))

    def insert(self, path, drive="cdrom0"):
        fd = os.open(path, os.O_RDONLY)
        try:
            self.call("InsertMedium", "(shs)", drive, 0, Path(path).name, fds=[fd])
        finally:
            os.close(fd)

    def screenshot(self, width=0):
        return bytes(self.call("Screenshot", "(u)", width))

    @property
    def folder(self):
        return Path(self["Folder"])

    @property
    def pid(self):
        """Of its process, which holds its socket."""
        path = self.service.runtime / "vitrine" / f"{self['Uuid']}.sock"
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(path))
            return int.from_bytes(probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 4), "little")


class Console(vm.Console):
    """A console of a machine of the service."""

    def __init__(self, fd):
        super().__init__(fd, fd)

    shell = vm.Machine.shell

    def close(self):
        os.close(self.reader)


class ServiceTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="vt-", dir="/tmp")
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)

    def start_service(self, **environment):
        service = Service(self.dir, **environment)
        self.addCleanup(service.end)
        return service

    def refuses(self, pattern, call, *arguments, **options):
        """The call's error, which has the pattern in it, and says in a second line what to do."""
        with self.assertRaisesRegex(Refused, pattern) as caught:
            call(*arguments, **options)
        self.assertRegex(caught.exception.message, r"\A.+\n.+\Z")
        return caught.exception


def disk(**settings):
    types = {"size": "t", "readonly": "b", "discard": "b"}
    return {key: GLib.Variant(types.get(key, "s"), value) for key, value in settings.items()}


def nic(name, *forwards, link=True):
    """A network with forwarded TCP ports: pairs of the host's and the guest's."""
    return GLib.Variant("aa{sv}", [{"id": GLib.Variant("s", name), "link": GLib.Variant("b", link), "forward": GLib.Variant(
        "a(sqsq)", [("tcp", host, "", guest) for host, guest in forwards])}])


DRIVE = GLib.Variant("aa{sv}", [{"id": GLib.Variant("s", "cdrom0")}])
SCREEN = GLib.Variant("a{sv}", {"kind": GLib.Variant("s", "virtio")})


def kill(pid, number=signal.SIGKILL):
    os.kill(pid, number)
