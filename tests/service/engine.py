# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the engine's service share: a session bus of their own, the engine on it, and calls."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gi.repository import Gio, GLib

NAME, ROOT = "org.vitrine.Vitrine.Engine", "/org/vitrine/Engine"
ENGINE = ROOT + "/Engine"
ENGINE1, MACHINE1, STATISTICS1, JOB1 = (f"org.vitrine.{name}1" for name in ("Engine", "Machine", "Statistics", "Job"))
PROPERTIES, MANAGER = "org.freedesktop.DBus.Properties", "org.freedesktop.DBus.ObjectManager"
# A busy host and sanitizers make everything slower.
PATIENCE = float(os.environ.get("VITRINE_TEST_PATIENCE", "3"))
SMALL = {"firmware": GLib.Variant("s", "none"), "memory": GLib.Variant("t", 64 << 20), "display": GLib.Variant("a{sv}", {"kind": GLib.Variant("s", "none")}),
         "agent": GLib.Variant("b", False), "nics": GLib.Variant("aa{sv}", [])}
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:dir={folder}</listen>
<auth>EXTERNAL</auth><policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"""


def wait_for(condition, what, seconds=30):
    """The condition's value, once it is true."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not in {seconds * PATIENCE:.0f} seconds")
        time.sleep(0.005)


class Failure(Exception):
    """The engine's error: its name without org.vitrine.Error, the cause, and the remedy."""

    def __init__(self, error):
        self.full_name = Gio.DBusError.get_remote_error(error) or ""
        text = error.message.split(f"GDBus.Error:{self.full_name}: ", 1)[-1]
        self.name = self.full_name.removeprefix("org.vitrine.Error.")
        self.cause, _, self.remedy = text.partition("\n")
        super().__init__(f"{self.name or error.message}: {text}")


class Engine:
    """A home, a bus and an engine of a test's own."""

    def __init__(self, build, program="engine/tools/engine/vitrine-engine"):
        self.build, self.program = Path(build), str(Path(build) / program)
        self.home = Path(tempfile.mkdtemp(prefix="vitrine-", dir=os.environ.get("VITRINE_TEST_FOLDER")))
        tools = self.build / "engine/tools"
        self.environment = {
            "PATH": f"{tools}:{tools}/ctl:{tools}/img:{os.environ['PATH']}", "HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home / "run"),
            "XDG_DATA_HOME": str(self.home / "data"), "XDG_CONFIG_HOME": str(self.home / "config"), "XDG_CACHE_HOME": str(self.home / "cache"),
            "VITRINE_PROGRAMS": f"{tools}:{tools}/img:{tools}/media", "GIO_USE_VFS": "local", "LC_ALL": "C.UTF-8", "GSETTINGS_BACKEND": "memory",
            **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")},
        }
        self.machines = self.home / "data/vitrine/machines"
        (self.home / "run").mkdir(mode=0o700)
        self.log = (self.home / "engine.log").open("w+")
        self.process = None
        config = self.home / "bus.conf"
        config.write_text(BUS_CONFIG.format(folder=self.home))
        self.daemon = subprocess.Popen(["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"],
                                       stdout=subprocess.PIPE, env=self.environment)
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = self.daemon.stdout.readline().decode().strip()
        self.bus = self.connect()

    def connect(self):
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        return Gio.DBusConnection.new_for_address_sync(self.environment["DBUS_SESSION_BUS_ADDRESS"], flags, None, None)

    def spawn(self, *arguments, **options):
        """An engine that is not waited for."""
        return subprocess.Popen([self.program, *arguments], env={**self.environment, **options.pop("env", {})}, stdin=subprocess.DEVNULL, **options)

    def start(self, **options):
        self.process = self.spawn(stderr=self.log, stdout=self.log, **options)
        wait_for(lambda: self.process.poll() is not None or self.owner(), "the engine's name")
        assert self.process.poll() is None, self.messages()
        return self

    def messages(self):
        return (self.home / "engine.log").read_text(errors="replace")

    def owner(self):
        """The process that has the engine's name, or 0."""
        try:
            return self.bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixProcessID",
                                      GLib.Variant("(s)", (NAME,)), None, Gio.DBusCallFlags.NONE, 10000).unpack()[0]
        except GLib.Error:
            return 0

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        status = self.process.wait(20 * PATIENCE)
        wait_for(lambda: not self.owner(), "the name's end")
        return status

    def restart(self, number=signal.SIGKILL):
        self.kill(number)
        return self.start()

    def call(self, path, interface, method, signature="", *arguments, fds=(), bus=None, timeout=60):
        """The reply, unpacked: one value, or a tuple."""
        handles = Gio.UnixFDList.new()
        for fd in fds:
            handles.append(fd)
        try:
            reply, _ = (bus or self.bus).call_with_unix_fd_list_sync(
                NAME, path, interface, method, GLib.Variant(f"({signature})", arguments), None, Gio.DBusCallFlags.NO_AUTO_START,
                int(timeout * PATIENCE * 1000), handles)
        except GLib.Error as error:
            raise Failure(error) from None
        values = reply.unpack()
        return values[0] if len(values) == 1 else values

    def get(self, path, interface, name):
        return self.call(path, PROPERTIES, "Get", "ss", interface, name)

    def objects(self):
        return self.call(ROOT, MANAGER, "GetManagedObjects")

    def list(self):
        """The machines' properties by object path."""
        return {path: interfaces[MACHINE1] for path, interfaces in self.objects().items() if MACHINE1 in interfaces}

    def find(self, name):
        return next((path for path, properties in self.list().items() if properties["Name"] == name), None)

    def state(self, path):
        return self.get(path, MACHINE1, "State")

    def machine(self, path, method, signature="", *arguments, **options):
        return self.call(path, MACHINE1, method, signature, *arguments, **options)

    def job(self, path):
        """Waits for a job; its result. A failed one raises its error, as "Name: cause and remedy"."""
        def ended():
            properties = self.call(path, PROPERTIES, "GetAll", "s", JOB1)
            return properties if properties["State"] != "running" else None
        properties = wait_for(ended, "the job", 60)
        if properties["State"] != "done":
            raise RuntimeError(f"{properties['State']} {properties['ErrorName']}: {properties['ErrorMessage']}")
        return properties["Result"]

    def create(self, name, files=None, **settings):
        """A machine, made; `files` are (role, descriptor)."""
        files = files or []
        return self.job(self.begin_create(name, files, **settings))

    def begin_create(self, name, files=(), **settings):
        everything = {**SMALL, "name": GLib.Variant("s", name), **settings}
        return self.call(ENGINE, ENGINE1, "CreateMachine", "a{sv}a{sh}a{ss}", everything, {role: index for index, (role, _) in enumerate(files)},
                         {role: "image" for role, _ in files}, fds=[fd for _, fd in files])

    def close(self):
        """Ends everything; True if the engine ended as it should."""
        try:
            for path, properties in (self.list() if self.process and self.process.poll() is None else {}).items():
                if properties["State"] in ("running", "paused", "stopping", "starting", "saving"):
                    try:
                        self.machine(path, "PowerOff")
                    except Failure as failure:
                        print(failure, file=sys.stderr)
            good = self.process is None or self.kill(signal.SIGTERM) == 0
        finally:
            if self.process and self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.daemon.terminate()
            self.daemon.wait()
            self.log.close()
            shutil.rmtree(self.home, ignore_errors=True)
        return good

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None and self.log:
            print(self.messages()[-4000:], file=sys.stderr)
        assert self.close() or kind is not None, "the engine did not end as it should"


def error_of(function, *arguments, **options):
    """The error of a call that must fail; its message has a cause and a remedy."""
    try:
        function(*arguments, **options)
    except Failure as failure:
        assert failure.cause and failure.remedy, f"no cause or no remedy: {failure}"
        return failure
    raise AssertionError("it should have failed")
