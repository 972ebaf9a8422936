# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests/bench/app measures, one function for each part; each returns rows."""

import contextlib
import ctypes
import os
import socket
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from .appdesk import HEIGHT, WIDTH, BenchError, Desk

GRAPHICS = ['-nodefaults', '-display', 'none', '-device', 'virtio-gpu-pci,xres=1920,yres=1080', '-device',
            'virtio-keyboard-pci']
SETTLED = 0.8
MOST_LOST = 0.01  # on the X screen, whose clock and the guest's are not one
ALL_FRAMES = 601  # that the guest draws for a key, the background at the end among them
FRAME_LOGGED = f' to {WIDTH},{HEIGHT}\n'
ADWAITA_BORDER = 5  # of windows where nothing composes them, full screens included


@dataclass
class Row:
    what: str
    value: float
    unit: str
    limit: float | None = None
    peer: float | None = None
    note: str = ''

    @property
    def missed(self):
        return self.limit is not None and self.value > self.limit


def cpu_seconds(pid):
    """Processor time of all threads, to the nanosecond."""
    total = 0
    for task in Path(f'/proc/{pid}/task').iterdir():
        with contextlib.suppress(OSError):
            total += int((task / 'schedstat').read_text().split()[0])
    return total / 1e9


def switches(pid):
    """How often its threads have been put on a processor."""
    total = 0
    for task in Path(f'/proc/{pid}/task').iterdir():
        with contextlib.suppress(OSError):
            total += int((task / 'schedstat').read_text().split()[2])
    return total


def forget_files(pid):
    """Drops from the page cache the files a process has mapped, as far as nobody else has them mapped."""
    with open(f'/proc/{pid}/maps') as file:
        names = {line.split(maxsplit=5)[5].strip() for line in file if '/' in line}
    for name in names:
        with contextlib.suppress(OSError):
            fd = os.open(name, os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)


# ---- Starting the app ----

def start_once(desk):
    """Seconds from the start until the list of machines is drawn and the window listens, until it was mapped, and the
    processor time of the app until then."""
    begun = time.monotonic()
    desk.x.mapped.clear()
    process = desk.spawn_viewer([desk.build / 'app/vitrine'])
    x, shown, last = desk.x, None, None
    while time.monotonic() - begun < 20 and (shown is None or time.monotonic() - shown < SETTLED):
        time.sleep(0.003)
        x.pump()
        window = x.window()
        if not window:
            continue
        digest, colours = desk.area(0, 48, 300, 600)
        if colours > 8 and digest != last:
            last, shown, cpu = digest, time.monotonic(), cpu_seconds(process.pid)
            with contextlib.suppress(TimeoutError):
                shown = max(shown, shown + x.ask(window[0]))
    if shown is None:
        raise BenchError('the list of machines was not shown')
    mapped = min(moment for moment in x.mapped.values() if moment > begun)
    return process, (shown - begun, mapped - begun, cpu)


def measure_start(options):
    machines = [dict(name=f'Machine {n:02}', firmware='efi' if n % 2 else 'none', group=('', 'Servers', 'Trials')[n % 3])
                for n in range(50)]
    runs = []
    with Desk(options.build, machines, guest=False) as desk:
        desk.setting(window_size=(1280, 800))
        for n in range(options.rounds + 1):
            process, times = start_once(desk)
            if n:
                runs.append(times)  # The first has started the engine.
            else:
                first = times
            forget_files(process.pid)
            desk.stop_viewer(process)
        process, _ = start_once(desk)
        engine = desk.engine_pid()
        forget_files(process.pid)
        desk.stop_viewer(process)
        os.kill(engine, 15)
        time.sleep(0.5)
        process, cold = start_once(desk)
        desk.stop_viewer(process)
    warm = [statistics.median(run[i] for run in runs) for i in range(3)]
    return [Row('app start to usable window, 50 machines', warm[0], 's', 0.5,
                note=f'mapped after {warm[1]:.2f} s; {warm[2]:.2f} s of processor time'),
            Row('the same when the engine has to be started too', cold[0], 's', 0.5,
                note=f'the very first: {first[0]:.2f} s; {cold[2]:.2f} s of processor time')]


# ---- The first picture of firmware ----

class FirstPicture:
    """A client of SPICE that waits for a picture that is not one colour."""

    def __init__(self, connect):
        import gi
        gi.require_version('SpiceClientGLib', '2.0')
        from gi.repository import GLib, GObject, SpiceClientGLib
        self.connect, self.loop, self.context, self.object_type = connect, GLib.MainLoop(), GLib, GObject.Object
        self.canvas, self.when = None, None
        self.session = SpiceClientGLib.Session()
        self.session.set_property('enable-audio', False)
        self.object_type.connect(self.session, 'channel-new', self.on_channel)
        self.main_type, self.display_type = SpiceClientGLib.MainChannel, SpiceClientGLib.DisplayChannel

    def on_channel(self, session, channel):
        if not isinstance(channel, (self.main_type, self.display_type)):
            return
        listen = self.object_type.connect  # A channel's own method of this name is another one.
        listen(channel, 'open-fd', lambda channel, tls: channel.open_fd(self.connect()))
        if isinstance(channel, self.display_type):
            listen(channel, 'display-primary-create', self.on_primary)
            listen(channel, 'display-invalidate', self.on_change)
            channel.connect()

    def on_primary(self, channel, form, width, height, stride, shmid, data):
        self.canvas = data, stride * height

    def on_change(self, channel, x, y, width, height):
        if self.canvas and not self.when:
            data = ctypes.string_at(*self.canvas)
            if len(set(memoryview(data).cast('I')[::5])) > 1:
                self.when = time.monotonic()
                self.loop.quit()

    def wait(self, timeout):
        self.session.open_fd(-1)
        self.context.timeout_add_seconds(timeout, self.loop.quit)
        self.loop.run()
        self.session.disconnect()
        if not self.when:
            raise BenchError('no picture came from the firmware')
        return self.when


def firmware_by_engine(desk):
    path = desk.paths()['Firmware']
    begun = time.monotonic()
    desk.start(path)
    took = FirstPicture(lambda: desk.open_display(path)).wait(60) - begun
    desk.power_off(path)
    return took


def firmware_by_hand(desk):
    place, address = desk.folder / 'data/vitrine/machines/Firmware', desk.folder / 'firmware.spice'

    def connect():
        client = socket.socket(socket.AF_UNIX)
        for _ in range(5000):
            with contextlib.suppress(OSError):  # It is there before it listens.
                client.connect(str(address))
                break
            time.sleep(0.001)
        return client.detach()
    address.unlink(missing_ok=True)
    begun = time.monotonic()
    process = desk.spawn([
        'vitrine-system-riscv64', '-machine', 'virt', '-m', '512', '-cpu', 'max', *GRAPHICS, '-serial', 'none', '-drive',
        'if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd', '-drive',
        f'if=pflash,unit=1,format=raw,file={place / "efi-vars.fd"}', '-spice', f'unix=on,addr={address},disable-ticketing=on'])
    while not address.exists():
        if time.monotonic() - begun > 20:
            raise BenchError('vitrine-system-riscv64 does not serve')
        time.sleep(0.001)
    took = FirstPicture(connect).wait(60) - begun
    process.terminate()
    process.wait()
    return took


def measure_firmware(options):
    machine = dict(name='Firmware', firmware='efi', memory=512)
    with Desk(options.build, [machine], guest=False) as desk:
        desk.paths()
        runs = [(firmware_by_engine(desk), firmware_by_hand(desk)) for _ in range(options.rounds)]
    ours, hand = (statistics.median(run[i] for run in runs) for i in range(2))
    return [Row('machine start to first picture of the firmware', ours, 's', hand + 1, hand, 'the peer: vitrine-system-riscv64')]


# ---- Showing ----

def count_frames(desk, window, seconds=7):
    """Makes the guest change all of the screen 60 times a second. Returns the share of pictures that were never seen, how
    many were seen in a second, the seconds that the window's program took to answer, at worst and in the middle, and how
    many of all pictures the window's program said it had."""
    x, seen, answers, had = desk.x, [], [], desk.viewer_said(FRAME_LOGGED)
    x.tap('f')
    time.sleep(1)  # What comes first is not counted.
    begun = time.monotonic()
    serial = None
    while (now := time.monotonic()) - begun < seconds:
        value = desk.pixel(WIDTH - 8, HEIGHT - 8)
        red, green = value >> 16, value >> 8 & 255
        if red + green == 255 and value & 255 == 85 and (not seen or seen[-1] != red):
            seen.append(red)
        x.pump()
        if serial and serial in x.answered:
            answers.append(x.answered[serial] - asked)
            serial = None
        if not serial and now - begun > 0.1 * len(answers):
            serial, asked = x.ping(window)
        time.sleep(0.001)
    if len(seen) < 2:
        raise BenchError('no pictures were seen')
    steps = [(b - a) % 256 for a, b in zip(seen, seen[1:])]
    time.sleep(3)
    return (1 - len(steps) / sum(steps), len(seen) / seconds, max(answers or [seconds]), statistics.median(answers or [seconds]),
            desk.viewer_said(FRAME_LOGGED) - had)


def picture_costs(desk, pids):
    """Processor time in seconds that a full picture takes each process, when there is time enough for all of them."""
    before = [cpu_seconds(pid) for pid in pids]
    desk.x.tap('g')
    time.sleep(6)
    return [(cpu_seconds(pid) - b) / 51 for pid, b in zip(pids, before)]


def echo_times(desk, times):
    """Seconds from a key to the pixel that the guest changes for it."""
    x, found = desk.x, []
    for n in range(times):
        before = desk.pixel(WIDTH // 2, HEIGHT // 2)
        begun = x.key('e')
        while desk.pixel(WIDTH // 2, HEIGHT // 2) == before:
            if time.monotonic() - begun > 2:
                desk.screenshot('bench-no-echo')
                raise BenchError('a key was not answered')
        found.append(time.monotonic() - begun)
        x.release('e')
        time.sleep(0.05 + 0.0137 * (n % 5))
    return sorted(found)


def measure_viewer(desk, options, command, pids, border=0):
    """All that is measured of a viewer: a dictionary."""
    process, window = desk.show_console(command, border)
    pids = [process.pid, *pids]
    found = {}
    if 'frames' in options.parts:
        # What else goes on for a moment is not the viewer's: the best of a few runs counts.
        runs = [count_frames(desk, window)]
        while len(runs) < options.rounds and (runs[-1][0] > MOST_LOST or runs[-1][4] < ALL_FRAMES):
            runs.append(count_frames(desk, window))
        found['lost'], found['rate'], found['worst'], found['answer'], found['reached'] = max(runs, key=lambda run: (run[4], -run[0]))
        found['cost'] = picture_costs(desk, [*pids, desk.server_pid])
    if 'key' in options.parts:
        found['echo'] = echo_times(desk, 100)
    if 'idle' in options.parts:
        time.sleep(1)
        before = [cpu_seconds(pid) for pid in pids]
        time.sleep(10)
        found['blink'] = [(cpu_seconds(pid) - b) / 10 for pid, b in zip(pids, before)]
        desk.x.tap('b')
        time.sleep(1)
        before = [cpu_seconds(pid) for pid in pids]
        time.sleep(5)
        found['still'] = [(cpu_seconds(pid) - b) / 5 for pid, b in zip(pids, before)]
    desk.stop_viewer(process)
    return found


@contextlib.contextmanager
def served(desk):
    """The same guest from a terminal, for a viewer that only knows addresses: its address and process."""
    path = desk.folder / 'peer.spice'
    command = ['vitrine-system-riscv64', '-machine', 'virt', '-m', '64', *GRAPHICS, '-bios',
               str(next((desk.folder / 'firmware').iterdir())), '-spice', f'unix=on,addr={path},disable-ticketing=on']
    process = desk.spawn(command)
    end = time.monotonic() + 10
    while not path.exists():
        if time.monotonic() > end or process.poll() is not None:
            raise BenchError('vitrine-system-riscv64 does not serve')
        time.sleep(0.01)
    yield f'spice+unix://{path}', process.pid
    process.terminate()
    process.wait()


def measure_console(options):
    with Desk(options.build, [dict(name='Screen')], renderer=options.renderer) as desk:
        path = desk.paths()['Screen']
        desk.start(path)
        ours = measure_viewer(desk, options, [desk.build / 'app/vitrine', '--machine', 'Screen'], desk.machine_pids(),
                              ADWAITA_BORDER)
        desk.power_off(path)
        peer = {}
        if options.peer:
            with served(desk) as (address, pid):
                peer = measure_viewer(desk, options, ['remote-viewer', '--full-screen', address], [pid])
    rows = []

    def add(what, unit, limit, of, note=lambda found: ''):
        rows.append(Row(what, of(ours), unit, limit, of(peer) if peer else None, note(ours)))
    if 'frames' in options.parts:
        rows.append(Row('1920×1080 at 60 per second: pictures that did not reach the widget', ALL_FRAMES - ours['reached'], '', 0,
                        note=f'{ours["reached"]} of {ALL_FRAMES} did'))
        add('of them, never seen on the X screen', '%', 100 * MOST_LOST, lambda f: 100 * f['lost'],
            lambda f: f'{f["rate"]:.1f} a second')
        add('processor time for such a picture in the viewer', 'ms', None, lambda f: 1e3 * f['cost'][0],
            lambda f: f'the machine with its guest: {1e3 * f["cost"][1]:.1f} ms, the X server: {1e3 * f["cost"][2]:.1f} ms')
        add('meanwhile, the window answers after, at worst', 'ms', 100, lambda f: 1e3 * f['worst'],
            lambda f: f'median {1e3 * f["answer"]:.1f} ms')
    if 'key' in options.parts:
        add('key press to changed pixel, median', 'ms', 10, lambda f: 1e3 * statistics.median(f['echo']),
            lambda f: f'95 of 100 within {1e3 * f["echo"][94]:.1f} ms')
    if 'idle' in options.parts:
        add('idle console with a blinking cursor', '% CPU', 1, lambda f: 100 * sum(f['blink']),
            lambda f: f'app {100 * f["blink"][0]:.2f}, machine {100 * f["blink"][1]:.2f}')
        add('idle console', '% CPU', 1, lambda f: 100 * sum(f['still']))
    return rows


# ---- Many machines ----

def measure_many(options):
    names = [f'Machine {n:02}' for n in range(20)]
    with Desk(options.build, [dict(name=name, memory=64, size=(640, 480)) for name in names]) as desk:
        paths = desk.paths()
        for name in names:
            desk.start(paths[name])
        time.sleep(3)
        engine = desk.engine_pid()
        status = Path(f'/proc/{engine}/smaps_rollup').read_text()
        memory = {line.split(':')[0]: int(line.split()[1]) / 1024 for line in status.splitlines() if line.endswith('kB')}
        calls, cpu = switches(engine), cpu_seconds(engine)
        time.sleep(10)
        calls, cpu = switches(engine) - calls, cpu_seconds(engine) - cpu
        machines = len(desk.machine_pids())
    if machines != len(names):
        raise BenchError(f'{machines} of {len(names)} machines run')
    return [Row('engine with 20 machines running, memory', memory['Rss'], 'MiB', 30, note=f'{memory["Pss"]:.0f} MiB its own share'),
            Row('engine with 20 machines running, times awake in 10 s', calls, '', 0, note=f'{1e3 * cpu:.1f} ms of processor time')]
