# SPDX-License-Identifier: GPL-3.0-or-later
"""Booting a guest made of a kernel, an initial RAM disk and a plan of what to measure in it."""

import gzip
import lzma
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent.parent
INSTALLERS = Path('/usr/lib/debian-installer/images')
# Debian's releases: the root has the installers of its own, and the others are fetched from their suites.
RELEASES = {'13': None, '12': 'bookworm'}
# What a release's kernel has as modules, in the order of loading, before any virtio device works.
VIRTIO = {'13': [], '12': ['virtio_pci_modern_dev', 'virtio_pci_legacy_dev', 'virtio_pci']}
FETCH_SECONDS, STOP_SECONDS = 600, 10
RAM_MIB = 1024
LINE = re.compile(rb'@(\w+)(?: (\S+))?(?: ([^\r\n]*))?\r?\n')


class Unavailable(Exception):
    pass


@dataclass(frozen=True)
class Guest:
    """What differs between the machines that are measured."""
    debian: str         # Debian's name of the architecture
    compiler: str
    program: str        # the last part of the programs' names
    console: str        # the kernel's
    marks: tuple        # what the console shows on the way
    question: bytes     # of the installer
    early: str          # for the kernel: to speak from its first moment on
    bare: str           # the option for a program without an operating system,
    ram: int            # which stands at this address
    ours: tuple = ()    # options
    qemu: tuple = ()
    release: str = '13'

    @property
    def installer(self):
        return self._root / (INSTALLERS / self.release / self.debian / 'text/debian-installer' / self.debian).relative_to('/')

    @cached_property
    def _root(self):
        if not RELEASES[self.release]:
            return Path('/')
        # As tools/installer-iso asks for them, with which they are shared.
        return self.sysroot(f'installer-iso-{self.debian}', f'grub-efi-{self.debian}-bin',
                            f'debian-installer-{self.release}-netboot-{self.debian}')

    def sysroot(self, name, *packages):
        """The folder with these packages of this release, unpacked."""
        suite = RELEASES[self.release]
        command = [TOP / 'tools/sysroot', '-n', name, *(['-s', suite] if suite else []), self.debian, *packages]
        try:
            run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=FETCH_SECONDS)
        except subprocess.TimeoutExpired:
            raise Unavailable(f'fetching {" ".join(packages)} took over {FETCH_SECONDS} s') from None
        if run.returncode != 0:
            raise Unavailable(f'Debian {self.release} for {self.debian} could not be fetched; why is said above')
        return Path(run.stdout.splitlines()[-1])


def _arm(ours, qemu):
    return Guest('arm64', 'aarch64-linux-gnu-gcc', 'aarch64', 'ttyAMA0', (b'Linux version', b'Run /init'), b'Choose the language', 'earlycon', '-kernel', 0x40080000,
                 ('-machine', 'virt,gic-version=3', '-cpu', ours),
                 ('-machine', 'virt,gic-version=3', '-cpu', qemu, '-accel', 'tcg,thread=multi'))


GUESTS = {
    'riscv64': Guest('riscv64', 'riscv64-linux-gnu-gcc', 'riscv64', 'ttyS0', (b'OpenSBI', b'Linux version', b'Run /init'),
                     b'1*installer', 'earlycon=sbi', '-bios', 0x80000000, ('-machine', 'virt'), ('-machine', 'virt')),
    # QEMU computes Arm's own pointer authentication code slowly; its option takes a faster one, as ours is.
    'aarch64': _arm('max', 'max,pauth-impdef=on'),
    'aarch64-a72': _arm('cortex-a72', 'cortex-a72'),
}


def _entry(number, name, data, mode):
    """One file of a cpio archive in the form "newc"."""
    fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = b'070701' + b''.join(b'%08X' % value for value in fields) + name.encode() + b'\0'
    return head + b'\0' * (-len(head) % 4) + data + b'\0' * (-len(data) % 4)


def archive(files):
    """A cpio archive of {name: bytes}, with the directories above them."""
    out, number, made = b'', 1, set()
    for name, data in files.items():
        parts = name.split('/')[:-1]
        for depth in range(1, len(parts) + 1):
            directory = '/'.join(parts[:depth])
            if directory not in made:
                made.add(directory)
                out += _entry(number, directory, b'', 0o040755)
                number += 1
        out += _entry(number, name, data, 0o100755)
        number += 1
    return out + _entry(0, 'TRAILER!!!', b'', 0)


def packaged_kernel(guest, *names):
    """Debian's packaged kernel, which may be newer than the installer's, and modules of it: {archive name: bytes}."""
    name = f'{guest.debian}-kernel' + (f'-{guest.release}' if RELEASES[guest.release] else '')
    directory, found = guest.sysroot(name, f'linux-image-{guest.debian}'), {}
    kernel = max((directory / 'boot').glob('vmlinu[xz]-*'), key=lambda path: path.stat().st_mtime)
    for name in names:
        # Debian 12's packages have a /lib of their own; Debian 13's is a link to /usr/lib.
        path = next((directory / 'lib/modules' / kernel.name.partition('-')[2]).rglob(f'{name}.ko*'))
        data = path.read_bytes()
        found[f'bench/{name}.ko'] = lzma.decompress(data) if path.suffix == '.xz' else data
    return kernel, found


def make_initrd(guest, path, files, with_installer):
    """The kernel takes several archives in a row: the installer's, for its shell and tools, and ours."""
    base = gzip.decompress((guest.installer / 'initrd.gz').read_bytes()) if with_installer else b''
    path.write_bytes(base + b'\0' * (-len(base) % 4) + archive(files))
    return path


@dataclass
class Boot:
    marks: dict = field(default_factory=dict)  # what was seen on the console: seconds from the start
    lines: list = field(default_factory=list)  # (verb, name, rest) of each line @verb name rest
    cpu: float = 0.0                           # processor time of the whole run
    peak_kib: int = 0
    beyond_kib: int = 0  # what is resident at the end, without the guest's RAM
    console: bytes = b''
    problem: str | None = None


def _peak(pid):
    try:
        text = Path(f'/proc/{pid}/status').read_text()
        return int(re.search(r'VmHWM:\s+(\d+)', text)[1])
    except (OSError, TypeError):
        return 0


def _beyond(pid):
    """Shared pages count in parts. The guest's RAM is one mapping, which no other reaches the size of."""
    try:
        maps = re.findall(r'^Size:\s+(\d+) kB\n(?:.*\n)*?Pss:\s+(\d+) kB', Path(f'/proc/{pid}/smaps').read_text(), re.M)
    except OSError:
        return 0
    return sum(int(pss) for size, pss in maps if int(size) < RAM_MIB * 1024)


def _stop(process):
    """Ends the machine, which is killed if it does not do so when asked to; returns what it used."""
    os.killpg(process.pid, signal.SIGTERM)
    patience = threading.Timer(STOP_SECONDS, os.killpg, [process.pid, signal.SIGKILL])
    patience.start()
    _, _, usage = os.wait4(process.pid, 0)
    patience.cancel()
    process.returncode = 0
    return usage


def boot(command, patterns=(b'Linux version', b'Run /', b'@ready'), until=b'@done', timeout=300):
    """Runs the machine until the pattern `until` is on its console, then stops it."""
    start, result = time.monotonic(), Boot()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
    output = bytearray()
    while time.monotonic() - start < timeout:
        ready, _, _ = select.select([process.stdout], [], [], 0.2)
        data = os.read(process.stdout.fileno(), 1 << 16) if ready else None
        if data == b'':
            break
        output += data or b''
        for pattern in patterns:
            if pattern not in result.marks and pattern in output:
                result.marks[pattern] = time.monotonic() - start
        if until in output:
            result.marks[until] = time.monotonic() - start
            break
    result.peak_kib, result.beyond_kib = _peak(process.pid), _beyond(process.pid)
    usage = _stop(process)
    result.cpu = usage.ru_utime + usage.ru_stime
    result.console = bytes(output)
    result.lines = [(m[1].decode(), (m[2] or b'').decode(), (m[3] or b'').decode()) for m in LINE.finditer(output)]
    failed = [f'{name} {rest}' for verb, name, rest in result.lines if verb == 'failed']
    if until not in result.marks:
        result.problem = f'{command[0]}: {until.decode()} never came; the console ends with {bytes(output[-200:])!r}'
    elif failed:
        result.problem = f'{command[0]}: failed in the guest: {", ".join(failed)}'
    return result


class Server:
    """A TCP server that swallows or produces bytes, for the guest's net test."""

    def __init__(self):
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            connection, _ = self.socket.accept()
            threading.Thread(target=self._talk, args=[connection], daemon=True).start()

    @staticmethod
    def _talk(connection):
        with connection:
            words = connection.makefile('rb', buffering=0).readline().split()
            block = bytearray(1 << 20)
            if words[:1] == [b'sink']:
                while connection.recv_into(block):
                    pass
                connection.sendall(b'.')
            elif words[:1] == [b'source']:
                for _ in range(int(words[1])):
                    connection.sendall(block)


def machine(program, own, *options, smp=1):
    """`own`: the options that are the program's for this guest."""
    return [program, *own, '-m', str(RAM_MIB), '-smp', str(smp), '-nographic', '-no-reboot', *options]


def find(name):
    path = shutil.which(name)
    return path and Path(path).resolve() and path
