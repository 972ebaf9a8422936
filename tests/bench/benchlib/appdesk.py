# SPDX-License-Identifier: GPL-3.0-or-later
"""A desktop with the real engine, machines whose firmware is tests/bench/guest/screen.c, and what is asked of them."""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

from . import build, xclient

HERE = Path(__file__).resolve().parent.parent
TOP = HERE.parent.parent
sys.path.insert(0, str(TOP / 'tests' / 'ui'))

import desktop  # noqa: E402

NAME, ROOT = 'org.vitrine.Vitrine.Engine', '/org/vitrine/Engine'
FIRMWARE = 'opensbi-riscv64-generic-fw_dynamic.bin'
WIDTH, HEIGHT = 1920, 1080
SERIAL = HERE.parent / 'guest' / 'system'
CONF = """[machine]
version=1
uuid={uuid}
name={name}
group={group}
notes=
created=1
last-started=0
os-id=
os-name=
autostart=false
architecture=riscv64
board=virt
cpu=max
cpus=1
memory={memory} MiB
firmware={firmware}
boot-order=
input={input}
serials=1
agent=false
rng=false
balloon=false

[display]
kind=virtio
width={width}
height={height}
heads=1

[end]
complete=true
"""


class BenchError(Exception):
    pass


def build_guest(path):
    """The program that machines start, in place of firmware."""
    command = ['riscv64-linux-gnu-gcc', '-O2', '-march=rv64gc_zifencei', '-mabi=lp64', '-mcmodel=medany', '-ffreestanding',
               '-fno-pic', '-no-pie', '-nostdlib', '-nostartfiles', '-static', '-fno-stack-protector',
               '-fno-tree-loop-distribute-patterns', '-fno-asynchronous-unwind-tables',
               '-Wl,--no-warn-rwx-segments,--build-id=none', f'-I{SERIAL}', '-T', SERIAL / 'link.ld', SERIAL / 'start.S',
               SERIAL / 'bare.c', HERE / 'guest' / 'screen.c', '-o', path]
    if not shutil.which(command[0]):
        raise build.BuildError(f'{command[0]} is not installed: the guest cannot be built')
    subprocess.run(command, check=True)


def make_machine(folder, name, firmware='none', memory=64, group='', pointer='none', size=(WIDTH, HEIGHT)):
    """A machine as it lies in the library. With firmware 'efi' it gets its variables."""
    place = folder / name
    place.mkdir(parents=True)
    (place / 'machine.conf').write_text(CONF.format(
        uuid=uuid.uuid4(), name=name, group=group, memory=memory, firmware=firmware, input=pointer, width=size[0],
        height=size[1]))
    if firmware == 'efi':
        shutil.copy('/usr/share/qemu-efi-riscv64/RISCV_VIRT_VARS.fd', place / 'efi-vars.fd')


class Desk(desktop.Desktop):
    """`guest` says whether machines start our program; else they start the firmware that is installed."""

    def __init__(self, build_dir, machines, guest=True, renderer='cairo', size=f'{WIDTH}x{HEIGHT}'):
        self.machines, self.guest, self.renderer = machines, guest, renderer
        super().__init__(build_dir, engine=[str(Path(build_dir) / 'engine/tools/engine/vitrine-engine')], size=size)
        self.x = xclient.Client(self.environment['DISPLAY'])
        self.server_pid = self.processes[0].pid

    def start_bus(self, engine):
        tools = self.build / 'engine' / 'tools'
        places = [tools, tools / 'img', tools / 'media', tools / 'ctl', tools / 'engine']
        self.environment.update({
            'VITRINE_PROGRAMS': ':'.join(map(str, places)), 'PATH': ':'.join([*map(str, places), os.environ['PATH']]),
            'GSK_RENDERER': self.renderer, 'GTK_A11Y': 'none', 'G_MESSAGES_DEBUG': 'vitrine'})
        if self.guest:
            (self.folder / 'firmware').mkdir()
            build_guest(self.folder / 'firmware' / FIRMWARE)
            self.environment['VITRINE_FIRMWARE'] = str(self.folder / 'firmware')
        for arguments in self.machines:
            make_machine(self.folder / 'data' / 'vitrine' / 'machines', **arguments)
        super().start_bus(engine)

    # ---- What shows, read from the X server's memory ----

    def pixel(self, x, y):
        at = self.screen.start + y * self.screen.stride + 4 * x
        return int.from_bytes(self.screen.memory[at:at + 3], 'little')

    def area(self, x, y, width, height):
        """A digest of what is there, and how many colours it has (of a sample)."""
        data = b''.join(self.screen.take(x, y, width, height).rows)
        return hashlib.blake2b(data, digest_size=16).digest(), len(set(memoryview(data).cast('I')[::7]))

    # ---- The engine ----

    @property
    def bus(self):
        from gi.repository import Gio
        if not hasattr(self, '_bus'):
            flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
            self._bus = Gio.DBusConnection.new_for_address_sync(self.environment['DBUS_SESSION_BUS_ADDRESS'], flags, None, None)
        return self._bus

    def call(self, path, interface, method, arguments=None):
        return self.bus.call_sync(NAME, path, interface, method, arguments, None, 0, 60000, None)

    def paths(self):
        """The machines the engine knows: {name: object path}."""
        objects = self.call(ROOT, 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects').unpack()[0]
        return {interfaces['org.vitrine.Machine1']['Name']: path for path, interfaces in objects.items()
                if 'org.vitrine.Machine1' in interfaces}

    def start(self, path):
        from gi.repository import GLib
        self.call(path, 'org.vitrine.Machine1', 'Start', GLib.Variant('(a{sv})', ({},)))

    def power_off(self, path):
        self.call(path, 'org.vitrine.Machine1', 'PowerOff')

    def open_display(self, path):
        """One channel of SPICE: a descriptor."""
        reply, fds = self.bus.call_with_unix_fd_list_sync(NAME, path, 'org.vitrine.Machine1', 'OpenDisplay', None, None, 0,
                                                          60000, None, None)
        return fds.get(reply.unpack()[0])

    def engine_pid(self):
        from gi.repository import GLib
        return self.bus.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'GetConnectionUnixProcessID',
                                  GLib.Variant('(s)', (NAME,)), None, 0, 10000, None).unpack()[0]

    def machine_pids(self):
        """The machines' processes. They are not the engine's children once it was started anew, so by their environment."""
        found = []
        for place in Path('/proc').glob('[0-9]*'):
            try:
                if b'-control\0' in (place / 'cmdline').read_bytes() and \
                        str(self.folder).encode() in (place / 'cmdline').read_bytes() + (place / 'environ').read_bytes():
                    found.append(int(place.name))
            except OSError:
                pass
        return found

    # ---- Windows ----

    def spawn_viewer(self, command):
        log = open(self.folder / 'viewer.log', 'w')
        return self.spawn([str(part) for part in command], stderr=log, stdout=log)

    def viewer_said(self, end_of_line):
        """How many such lines it has written."""
        return (self.folder / 'viewer.log').read_text().count(end_of_line)

    def wait_window(self, timeout=20):
        end = time.monotonic() + timeout
        while not (window := self.x.window()):
            if time.monotonic() > end:
                raise BenchError(f'no window came: {(self.folder / "viewer.log").read_text()[-500:]}')
            time.sleep(0.01)
        return window[0]

    def show_console(self, command, border, timeout=20):
        """Starts a viewer, gives it the whole screen and the keyboard, and waits for the guest's picture."""
        process = self.spawn_viewer(command)
        window = self.wait_window(timeout)
        time.sleep(0.5)
        self.x.fill_screen(window, WIDTH, HEIGHT, border)
        end = time.monotonic() + timeout
        while {self.pixel(WIDTH - 8, HEIGHT - 8), self.pixel(8, HEIGHT - 8)} != {0x204060}:
            if time.monotonic() > end:
                self.screenshot('bench-no-picture')
                raise BenchError(f'the guest’s picture did not come: {(self.folder / "viewer.log").read_text()[-500:]}')
            time.sleep(0.02)
        self.x.click(WIDTH // 2, HEIGHT * 3 // 4)
        time.sleep(1.5)  # Hints fade, headers slide away.
        return process, window

    def stop_viewer(self, process):
        process.terminate()
        process.wait(10)
        time.sleep(0.2)

    def close(self):
        for pid in self.machine_pids():  # They outlive the engine.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        super().close()
