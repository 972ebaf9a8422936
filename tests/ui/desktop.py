# SPDX-License-Identifier: GPL-3.0-or-later
"""A desktop for one test: an X server, a session bus and an accessibility bus of its own, on which the app runs.

A test makes a Desktop, starts the app with Desktop.app(), finds things in its accessible tree and looks at screenshots,
which are kept in VITRINE_SCREENSHOTS (default: a folder in the test's output).
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from screen import Screen

HERE = Path(__file__).resolve().parent
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:dir={folder}</listen><servicedir>{folder}/services</servicedir>
<auth>EXTERNAL</auth><policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"""


class Desktop:
    """`engine` is the command of the engine's service: the fake one unless given. "real" is the build's own, whose machines
    end with the desktop. `log` is a name in its folder for what its programs complain of, who else do it on ours. What differs
    in the environment is given by name."""

    def __init__(self, build, engine=None, machines=3, size="1920x1080", log=None, **environment):
        self.build, self.processes, self.screenshots = Path(build), [], Path(os.environ.get("VITRINE_SCREENSHOTS", "screenshots"))
        self.folder = Path(tempfile.mkdtemp(prefix="vitrine-ui-"))
        self.screenshots.mkdir(parents=True, exist_ok=True)
        self.log = (self.folder / log).open("w") if log else None
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "XDG_DATA_HOME": str(self.folder / "data"), "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_CACHE_HOME": str(self.folder / "cache"), "GSETTINGS_SCHEMA_DIR": str(self.build / "data"),
            "GSETTINGS_BACKEND": "keyfile", "GDK_BACKEND": "x11", "GSK_RENDERER": "cairo", "NO_AT_BRIDGE": "0",
            "GTK_A11Y": "atspi", "LC_ALL": "C.UTF-8", "VITRINE_LOCALEDIR": str(self.build / "po"), "ADW_DISABLE_PORTAL": "1",
            "VITRINE_FAKE_MACHINES": str(machines), "GTK_USE_PORTAL": "0", "GIO_USE_VFS": "local",
        }
        if engine == "real":
            tools = self.build / "engine/tools"
            engine = [str(tools / "engine/vitrine-engine")]
            self.environment["VITRINE_PROGRAMS"] = f"{tools}:{tools}/img:{tools}/media"
        self.environment.update(environment)
        (self.folder / "run").mkdir(mode=0o700)
        self.make_locales("de_DE", "es_ES", "ar_EG")
        (self.folder / "services").mkdir()
        self.start_x(size)
        self.start_bus(engine or [sys.executable, str(HERE / "fake-engine.py"), str(HERE.parent.parent / "data/dbus")])
        os.environ.update(self.environment)

    def make_locales(self, *names):
        """Locales that are the C locale but for their names, which decide on language and direction; none need be installed."""
        source = next((place for place in (Path("/usr/lib/locale/C.utf8"), Path("/usr/lib/locale/C.UTF-8")) if place.exists()), None)
        for name in names if source else ():
            shutil.copytree(source, self.folder / "locales" / f"{name}.utf8")
        self.environment["LOCPATH"] = str(self.folder / "locales")

    def start_x(self, size):
        read, write = os.pipe()
        self.spawn(["Xvfb", "-displayfd", str(write), "-screen", "0", size + "x24", "-nolisten", "tcp", "-noreset",
                    "-fbdir", str(self.folder)], pass_fds=[write])
        os.close(write)
        with os.fdopen(read) as pipe:
            self.environment["DISPLAY"] = ":" + pipe.readline().strip()
        self.screen = Screen(self.folder)

    def start_bus(self, engine):
        services = self.folder / "services"
        (services / "engine.service").write_text(
            f"[D-BUS Service]\nName=org.vitrine.Vitrine.Engine\nExec={' '.join(engine)}\n")
        for name in ("org.a11y.Bus.service", "org.a11y.atspi.Registry.service"):
            for place in ("/usr/share/dbus-1/services", "/usr/share/dbus-1/accessibility-services"):
                if Path(place, name).exists():
                    shutil.copy(Path(place, name), services)
        (self.folder / "bus.conf").write_text(BUS_CONFIG.format(folder=self.folder))
        bus = self.spawn(["dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork", "--print-address=1"],
                         stdout=subprocess.PIPE)
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().decode().strip()

    def spawn(self, command, **options):
        process = subprocess.Popen(command, env=self.environment, start_new_session=True, **{"stderr": self.log, **options})
        self.processes.append(process)
        return process

    def setting(self, **values):
        """The app's settings before it starts, as GVariant texts."""
        place = self.folder / "config/glib-2.0/settings/keyfile"
        place.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{key.replace('_', '-')}={value}" for key, value in values.items()]
        place.write_text("[org/vitrine/Vitrine]\n" + "\n".join(lines) + "\n")

    def app(self, *arguments, size=(1280, 800), dark=False, locale="C.UTF-8", **environment):
        self.setting(window_size=size)
        self.environment["LC_ALL"] = locale
        self.environment.update({"ADW_DEBUG_COLOR_SCHEME": "prefer-dark" if dark else "prefer-light", **environment})
        return App(self, arguments, size)

    def fake(self, method, signature="", *arguments):
        """Calls a method of the fake engine's own interface."""
        from gi.repository import Gio, GLib
        bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        return bus.call_sync("org.vitrine.Vitrine.Engine", "/org/vitrine/Fake", "org.vitrine.Fake", method,
                             GLib.Variant(f"({signature})", arguments) if signature else None, None, 0, 10000, None)

    def screenshot(self, name, size=None):
        return self.screen.take(0, 0, *(size or ())).save(self.screenshots / f"{name}.png")

    def control(self, *arguments, check=True):
        """What vitrinectl prints."""
        return subprocess.run([str(self.build / "engine/tools/ctl/vitrinectl"), *arguments], env=self.environment, check=check, timeout=120,
                              stdout=subprocess.PIPE, text=True).stdout

    def machine_processes(self):
        """Of the machines of this desktop's engine, by the folder in their environment."""
        mark = f"XDG_DATA_HOME={self.environment['XDG_DATA_HOME']}".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if b"vitrine-machine" in (entry / "cmdline").read_bytes().split(b"\0")[0] and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def close(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        for process in self.machine_processes():
            os.kill(process, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def names_of(suite):
    for item in suite:
        yield from names_of(item) if isinstance(item, unittest.TestSuite) else [item.id().removeprefix("__main__.")]


def run_tests(build, seconds=180):
    """libatspi knows one accessibility bus for as long as its process lives: each test has a process, and a desktop, of its own."""
    if len(sys.argv) > 1:
        unittest.main(verbosity=2)
    failed = []
    main = sys.modules["__main__"]
    for name in names_of(unittest.defaultTestLoader.loadTestsFromModule(main)):
        test = subprocess.run([sys.executable, "-W", "ignore", main.__file__, build, name], capture_output=True, text=True, timeout=seconds)
        print(f"{name}: {'failed' if test.returncode else 'ok'}", flush=True)
        print("\n".join(line for line in test.stderr.splitlines() if test.returncode or line.startswith("start to")), flush=True)
        failed += [name] if test.returncode else []
    return 1 if failed else 0


class App:
    """The running program, by its accessible tree."""

    def __init__(self, desktop, arguments, size):
        import gi
        gi.require_version("Atspi", "2.0")
        from gi.repository import Atspi
        self.atspi, self.desktop, self.size = Atspi, desktop, size
        self.log = (desktop.folder / "app.log").open("w+")
        self.started, self.source = time.monotonic(), None
        self.process = desktop.spawn([str(desktop.build / "app/vitrine"), *arguments], stderr=self.log)

    def root(self):
        screen = self.atspi.get_desktop(0)
        for index in range(screen.get_child_count()):
            child = screen.get_child_at_index(index)
            if child and child.get_process_id() == self.process.pid:
                return child
        return None

    def walk(self, node=None):
        """All that is showing, parents first."""
        node = node or self.root()
        if not node:
            return
        node.clear_cache_single()
        yield node
        for index in range(node.get_child_count()):
            child = node.get_child_at_index(index)
            if child and child.get_state_set().contains(self.atspi.StateType.VISIBLE):
                yield from self.walk(child)

    def find(self, name=None, role=None, wait=10):
        """The first thing with this name and role (of Atspi.Role, in small letters with spaces)."""
        end = time.monotonic() + wait
        while True:
            try:
                for node in self.walk():
                    if (name is None or node.get_name() == name) and (role is None or node.get_role_name() == role):
                        return node
            except Exception as error:  # The tree changes while it is walked.
                if time.monotonic() > end:
                    raise AssertionError(f"the accessible tree cannot be read: {error}")
            if time.monotonic() > end:
                raise AssertionError(f"no {role or 'thing'} named “{name}”:\n{self.dump()}")
            time.sleep(0.05)

    def has(self, name, role=None):
        return any(node.get_name() == name and role in (None, node.get_role_name()) for node in self.walk())

    def wait_gone(self, name, role=None, wait=5):
        end = time.monotonic() + wait
        while self.has(name, role):
            if time.monotonic() > end:
                raise AssertionError(f"“{name}” is still there")
            time.sleep(0.05)

    def focus(self):
        """What has the keyboard."""
        focused = self.atspi.StateType.FOCUSED
        return next((node for node in self.walk() if node.get_state_set().contains(focused)), None)

    def names(self, role):
        return [node.get_name() for node in self.walk() if node.get_role_name() == role]

    def wait_sensitive(self, node, wait=10):
        """Until it can be pressed."""
        end = time.monotonic() + wait
        while not node.get_state_set().contains(self.atspi.StateType.SENSITIVE):
            if time.monotonic() > end:
                raise AssertionError(f"“{node.get_name()}” cannot be pressed:\n{self.dump()}")
            time.sleep(0.05)
            node.clear_cache_single()

    def text_of(self, node):
        """What stands in a text or a terminal."""
        return self.atspi.Text.get_text(node, 0, self.atspi.Text.get_character_count(node))

    def press(self, name, role=None):
        node = self.find(name, role)
        if not (node.get_action_iface() and node.get_action_iface().get_n_actions() and node.get_action_iface().do_action(0)):
            self.click(node)

    def click(self, node, button=1):
        box = node.get_component_iface().get_extents(self.atspi.CoordType.WINDOW)
        where = [str(box.x + box.width // 2), str(box.y + box.height // 2)]
        self.xdotool("mousemove", *where, "click", str(button))

    def key(self, *keys):
        self.xdotool("key", "--clearmodifiers", *keys)

    def type(self, text):
        self.xdotool("type", text)

    def xdotool(self, *arguments):
        subprocess.run(["xdotool", *arguments], env=self.desktop.environment, check=True, timeout=20)

    def drag(self, place, to):
        """Drags a file out of another window, and drops it here. What it is dragged out of stays until end_drag(): what is dropped
        is asked for after the button is up."""
        self.end_drag()
        self.source = self.desktop.spawn([sys.executable, str(HERE / "drag-source.py"), place])
        window = subprocess.run(["xdotool", "search", "--sync", "--name", "^Drag Source$"], env=self.desktop.environment,
                                capture_output=True, text=True, check=True, timeout=20).stdout.split()[0]
        self.xdotool("windowmove", "--sync", window, "1500", "300")
        self.xdotool("mousemove", "1600", "400", "mousedown", "1")
        for x, y in ((1580, 400), (1400, 400), (to[0] + 40, to[1]), to, to):
            self.xdotool("mousemove", str(x), str(y))
            time.sleep(0.3)
        self.screenshot("drag")
        self.xdotool("mouseup", "1")

    def end_drag(self):
        if self.source:
            self.source.terminate()
            self.source.wait(5)
            self.source = None

    def screenshot(self, name, settle=0.6):
        time.sleep(settle)
        return self.desktop.screenshot(name, self.size)

    def dump(self):
        return "\n".join(f"{node.get_role_name()}: {node.get_name()}" for node in self.walk())

    def quit(self):
        """Ends it, and returns what it complained about."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
        self.log.seek(0)
        return self.log.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.quit()
