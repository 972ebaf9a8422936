# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of no sense, and descriptors of no use: what a caller might send."""

import contextlib
import os
import pty
import random
import socket
import threading

from gi.repository import GLib

NAMES = ["", " ", "Demo", "victim", "precious", "../x", "../../../../tmp/x", "a/b", "/etc/passwd", "/", ".", "..", ".hidden", ".new-x", ".deleted-x",
         "x" * 300, "ä" * 120, "line\nbreak", "tab\t", "\u2400", "%00", "%s%n%x", "🖥️", "\u202egnp.exe", "a\u0300" * 60, "-rf", "--help", "$(id)",
         "`id`", "'; x", "name,file=/etc/passwd", "a=b,c=d", "[end]", "# comment", "fd:fd", "/proc/self/exe", "/dev/zero", "disk0", "disk0.qcow2",
         "machine.conf", "../precious/disk0.qcow2", "../precious/machine.conf", "cdrom0", "net0", "serial0", "serial1", "spice", "\u001b[31m", "con", "nul"]
WORDS = ["riscv64", "x86_64", "efi", "uboot", "none", "virt", "max", "rv64", "rv64,v=true", "max,x=y", "qcow2", "raw", "vmdk", "virtio", "scsi", "user",
         "tablet", "mouse", "ramfb", "unsafe", "directsync", "writeback", "52:54:00:00:00:01", "zz:zz", "tcp", "udp", "ctrl", "alt", "delete", "a", "ret",
         "home", "shift", "q" * 5000, "cdrom", "import", "import-in-place", "org.vitrine.Machine1", "org.vitrine.Engine1", "Name", "Settings", "State"]
NUMBERS = [0, 1, 2, 3, 22, 63, 64, 255, 256, 4096, 65535, 65536, 1 << 20, (1 << 26) - 1, 1 << 26, 1 << 30, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32,
           1 << 40, (1 << 40) + 1, 1 << 46, (1 << 46) + 1, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]
RANGES = {"y": (0, 255), "n": (-(1 << 15), (1 << 15) - 1), "q": (0, (1 << 16) - 1), "i": (-(1 << 31), (1 << 31) - 1), "u": (0, (1 << 32) - 1),
          "x": (-(1 << 63), (1 << 63) - 1), "t": (0, (1 << 64) - 1)}
SIGNATURES = ["s", "b", "u", "t", "x", "d", "y", "as", "a{sv}", "aa{sv}", "v", "a{ss}", "a(sqsq)", "(s)", "ay", "ao", "a{sh}", "h", "aav"]


def split(signature):
    """The complete types in a row of them."""
    while signature:
        end = 1
        while not GLib.VariantType.string_is_valid(signature[:end]):
            end += 1
        yield signature[:end]
        signature = signature[end:]


class Arguments:
    def __init__(self, seed, settings):
        """`settings`: some that are right, from which most of the wrong ones are made."""
        self.random, self.settings = random.Random(seed), settings

    def number(self, low, high):
        value = self.random.choice(NUMBERS) * self.random.choice((1, 1, 1, -1))
        return value if low <= value <= high else self.random.randint(low, high)

    def string(self):
        return self.random.choice(self.random.choice((NAMES, NAMES, WORDS)))

    def value(self, signature, depth=0):
        """What GLib.Variant() makes a value of this type of."""
        kind = signature[0]
        if kind in RANGES:
            return self.number(*RANGES[kind])
        if kind == "s":
            return "A" * 2_000_000 if self.random.random() < 0.002 else self.string()
        if kind == "b":
            return self.random.random() < 0.5
        if kind == "d":
            return self.random.choice((0.0, -1.0, 1e308, float("inf"), float("nan")))
        if kind == "h":
            return self.random.choice((0, 0, 0, 0, 1, 2, 7, 1000, -1, -2, (1 << 31) - 1))
        if kind in "og":
            return "/org/vitrine/Engine" if kind == "o" else "a{sv}"
        if kind == "v":
            chosen = self.random.choice(SIGNATURES[:7] if depth > 3 else SIGNATURES)
            return GLib.Variant(chosen, self.value(chosen, depth + 1))
        return self.container(GLib.VariantType(signature), depth)

    def container(self, kind, depth):
        if kind.is_tuple():
            return tuple(self.value(each, depth + 1) for each in split(kind.dup_string()[1:-1]))
        element = kind.element()
        length = self.random.choice((0, 1, 1, 2, 3, 40)) if depth < 2 else self.random.choice((0, 1, 2))
        if not element.is_dict_entry():
            return [self.value(element.dup_string(), depth + 1) for _ in range(length)]
        if kind.dup_string() == "a{sv}" and self.random.random() < 0.8:
            return self.mutated(depth)
        value = element.value().dup_string()
        return {self.string(): self.value(value, depth + 1) for _ in range(length)}

    def mutated(self, depth):
        """Settings, of which some are given wrong values of the right type, and a few values of any type."""
        chosen = {}
        for key in self.random.sample(list(self.settings), self.random.randint(0, 4)):
            signature = self.settings[key].get_type_string() if self.random.random() < 0.9 else "v"
            value = self.value(signature, depth + 1)
            chosen[key] = value if signature == "v" else GLib.Variant(signature, value)
        if self.random.random() < 0.05:
            chosen[self.string()] = GLib.Variant("s", self.string())
        return chosen

    def arguments(self, signatures):
        """A tuple of these types; sometimes of others."""
        if self.random.random() < 0.1:
            signatures = [self.random.choice(SIGNATURES) for _ in range(self.random.randint(0, 4))]
        signature = "(" + "".join(signatures) + ")"
        return GLib.Variant(signature, tuple(self.value(each) for each in signatures))


class Descriptors:
    """Open things that are no image, or a poor one."""

    def __init__(self, folder):
        self.folder, self.stack, self.open = folder, contextlib.ExitStack(), {}
        self.ended = threading.Event()
        folder.mkdir()
        text = self.file("text.iso", b"This is a text.\n" * 5000)
        truncated = self.file("truncated.iso", self.iso()[:33000])
        iso = self.file("good.iso", self.iso())
        changing = self.file("changing.iso", self.iso())
        empty, gone = self.file("empty.iso", b""), self.file("gone.iso", self.iso())
        sparse = self.file("sparse.img", b"QFI\xfb" + b"\xff" * 508)
        os.truncate(sparse, 15 << 40)
        os.mkfifo(folder / "fifo")
        for name, path, flags in (
                ("text", text, os.O_RDONLY), ("truncated", truncated, os.O_RDONLY), ("iso", iso, os.O_RDONLY), ("changing", changing, os.O_RDONLY),
                ("empty", empty, os.O_RDONLY), ("gone", gone, os.O_RDONLY), ("sparse", sparse, os.O_RDONLY), ("sparse-write", sparse, os.O_RDWR),
                ("write-only", iso, os.O_WRONLY), ("path", iso, os.O_PATH), ("folder", folder, os.O_RDONLY), ("folder-path", folder, os.O_PATH),
                ("fifo", folder / "fifo", os.O_RDONLY | os.O_NONBLOCK), ("zero", "/dev/zero", os.O_RDWR), ("full", "/dev/full", os.O_RDWR),
                ("null", "/dev/null", os.O_RDWR), ("process", "/proc/self/status", os.O_RDONLY), ("memory", "/proc/self/maps", os.O_RDONLY)):
            self.keep(name, os.open(path, flags | os.O_CLOEXEC))
        gone.unlink()
        reader, writer = os.pipe()
        self.keep("pipe", reader)
        self.keep("pipe-write", writer)
        ours, theirs = socket.socketpair()
        self.keep("socket", ours.detach())
        self.keep("socket-other", theirs.detach())
        for name, fd in zip(("terminal", "terminal-other"), pty.openpty()):
            self.keep(name, fd)
        self.keep("eventfd", os.eventfd(0))
        huge = os.memfd_create("huge")
        os.ftruncate(huge, (1 << 63) - 1)
        self.keep("huge", huge)
        self.changer = threading.Thread(target=self.change, args=(changing,), daemon=True)
        self.changer.start()

    @staticmethod
    def iso():
        """The least that an ISO 9660 image has, and then nothing."""
        sector = bytearray(2048)
        sector[0:7] = b"\x01CD001\x01"
        sector[40:72] = b"VOLUME".ljust(32)
        sector[80:88] = (4096).to_bytes(4, "little") + (4096).to_bytes(4, "big")
        sector[156:190] = bytes([34, 0]) + (20).to_bytes(4, "little") + (20).to_bytes(4, "big") + (2048).to_bytes(4, "little") + (2048).to_bytes(4, "big") + bytes(16)
        return bytes(32768) + bytes(sector) + b"\xffCD001\x01" + bytes(200_000)

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def keep(self, name, fd):
        self.open[name] = fd
        self.stack.callback(os.close, fd)

    def change(self, path):
        """Becomes shorter, longer and other, again and again."""
        data, chance = self.iso(), random.Random(0)
        while not self.ended.wait(0.001):
            os.truncate(path, chance.choice((0, 100, 33000, 1 << 20)))
            with path.open("r+b") as file:
                file.write(data[: chance.randint(0, len(data))])

    def close(self):
        self.ended.set()
        self.changer.join()
        self.stack.close()
