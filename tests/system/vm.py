# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of whole machines share: a machine under test with its console, QMP, and a web server for it."""

import contextlib
import http.server
import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

SKIPPED = 77
VITRINE = os.environ["VITRINE_SYSTEM"]
GUEST = VITRINE.rsplit("-", 1)[-1]
# Debian's name of it, the console of its boards, and what firmware says first that comes before a kernel given with
# -kernel, or None.
DEBIAN, CONSOLE, FIRMWARE = {
    "aarch64": ("arm64", "ttyAMA0", None),
    "riscv64": ("riscv64", "ttyS0", "OpenSBI v"),
}[GUEST]
# Debian's installer, from its package debian-installer-13-netboot-*.
INSTALLER = Path(f"/usr/lib/debian-installer/images/13/{DEBIAN}/text/debian-installer/{DEBIAN}")
KERNEL, INITRD = INSTALLER / "linux", INSTALLER / "initrd.gz"
# Sanitizers, forced modes and a busy host make everything slower: how many times longer a wait may take than where all
# is well.
PATIENCE = float(os.environ.get("VITRINE_TEST_PATIENCE", "3"))
# -test settings for every machine, such as "interpret".
FORCED = os.environ.get("VITRINE_TEST")

ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>78DEHM]|\r")
# What may go on in the next bytes: an escape sequence, a character in UTF-8.
UNFINISHED = re.compile(rb"(\x1b(\[[0-9;?]*|[()])?|[\xc0-\xff][\x80-\xbf]*)$")


def require(*what):
    """Ends the test as skipped where programs or files that it needs are missing."""
    for item in what:
        if not (Path(item).exists() if "/" in str(item) else shutil.which(item)):
            print(f"{item} is not there")
            sys.exit(SKIPPED)


class Console:
    """A two-way stream: what the other side has printed, and waiting for it."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        # Without escape sequences; what was matched ends at `seen`; the bytes of an unfinished sequence.
        self.text, self.seen, self.rest = "", 0, b""
        self.at_end = False

    def send(self, data):
        data = data.encode() if isinstance(data, str) else data
        while data:
            data = data[os.write(self.writer, data):]

    def pump(self, seconds):
        """Takes in what is there, waiting for it that long; False once nothing more can come."""
        if select.select([self.reader], [], [], max(0, seconds))[0]:
            try:
                data = os.read(self.reader, 65536)
            except OSError:  # a terminal whose other side has gone
                data = b""
            self.at_end = not data
            data = self.rest + data
            split = UNFINISHED.search(data[-16:])
            whole = len(data) - len(split[0]) if split else len(data)
            self.text += ESCAPES.sub(b"", data[:whole]).decode(errors="replace")
            self.rest = data[whole:]
        return not self.at_end

    def expect(self, pattern, timeout=30):
        """Waits until what was printed since the last match matches, and returns the match."""
        end = time.monotonic() + timeout * PATIENCE
        while True:
            match = re.compile(pattern, re.MULTILINE).search(self.text, self.seen)
            if match:
                self.seen = match.end()
                return match
            if time.monotonic() > end or not self.pump(end - time.monotonic()):
                why = "it ended" if self.at_end else f"{timeout} s have passed"
                raise AssertionError(f"'{pattern}' was not printed: {why}. The last it printed:\n"
                                     f"{self.text[-3000:]}")


class Qmp:
    """A QMP client."""

    def __init__(self, path, timeout=30, process=None):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout * PATIENCE)
        end = time.monotonic() + timeout * PATIENCE
        while True:
            with contextlib.suppress(OSError):
                self.socket.connect(str(path))
                break
            if time.monotonic() > end or (process and process.poll() is not None):
                self.socket.close()
                raise AssertionError("nobody listens for QMP")
            time.sleep(0.01)
        self.file = self.socket.makefile("r", encoding="utf-8")
        self.events = []
        self.greeting = self.receive()["QMP"]
        self.run("qmp_capabilities")

    def receive(self):
        line = self.file.readline()
        if not line:
            raise EOFError("the machine has closed QMP")
        return json.loads(line)

    def call(self, command, **arguments):
        """The whole answer, be it a result or an error."""
        message = {"execute": command}
        if arguments:
            message["arguments"] = {name.replace("_", "-"): value for name, value in arguments.items()}
        self.socket.sendall(json.dumps(message).encode() + b"\n")
        while True:
            answer = self.receive()
            if "event" not in answer:
                return answer
            self.events.append(answer)

    def run(self, command, **arguments):
        answer = self.call(command, **arguments)
        if "error" in answer:
            raise AssertionError(f"{command}: {answer['error']}")
        return answer["return"]

    def hmp(self, line):
        return self.run("human-monitor-command", command_line=line)

    def event(self, name, timeout=30):
        """Waits for an event that was not asked for before."""
        self.socket.settimeout(timeout * PATIENCE)
        while True:
            for event in self.events:
                if event["event"] == name:
                    self.events.remove(event)
                    return event
            message = self.receive()
            if "event" in message:
                self.events.append(message)

    def close(self):
        self.file.close()
        self.socket.close()


class Machine(Console):
    """A machine under test. Its first serial port is the console; QMP listens if asked for."""

    def __init__(self, folder, *args, qmp=True, console=True, name="vm", command=None):
        self.folder = Path(folder)
        self.qmp_path = self.folder / f"{name}.qmp"
        with contextlib.suppress(FileNotFoundError):
            self.qmp_path.unlink()
        line = list(command or [VITRINE, "-machine", "virt"])
        line += ["-display", "none", "-monitor", "none"]
        line += ["-serial", "stdio"] if console else []
        line += ["-qmp", f"unix:{self.qmp_path},server=on,wait=off"] if qmp else []
        line += ["-test", FORCED] if FORCED and command is None else []
        self.errors = open(self.folder / f"{name}.err", "w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(line + [str(arg) for arg in args], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.errors, cwd=self.folder)
        super().__init__(self.process.stdout.fileno(), self.process.stdin.fileno())
        self.qmp = None
        if qmp:
            try:
                self.qmp = Qmp(self.qmp_path, 20, self.process)
            except (AssertionError, EOFError, OSError) as error:
                self.process.kill()
                raise AssertionError(f"{error}; it said: {self.complaints()}") from error

    def complaints(self):
        """What it printed on standard error."""
        self.errors.seek(0)
        return self.errors.read()

    def shell(self, command, timeout=30):
        """Runs a command in the shell that waits at the console: what it printed, without its last line end.
        Fails unless it succeeds."""
        self.send(f"echo '>''>'; {command}; echo '<'$?'>'\n")
        match = self.expect(r"^>>\n((?:.*\n)*?.*?)<(\d+)>$", timeout)
        if match[2] != "0":
            raise AssertionError(f"{command}: status {match[2]}\n{match[1]}")
        return match[1].rstrip("\n")

    def wait(self, timeout=30):
        """Its exit status, once it has ended by itself."""
        end = time.monotonic() + timeout * PATIENCE
        while time.monotonic() < end:
            if self.at_end or not self.pump(min(0.2, end - time.monotonic())):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return self.process.wait(max(0.1, end - time.monotonic()))
        raise AssertionError(f"it has not ended in {timeout} s; last on its console:\n{self.text[-2000:]}")

    def save(self, path):
        """Saves its state to a file; it stands still after that."""
        self.qmp.run("migrate", uri=f"file:{path}")
        end = time.monotonic() + 60 * PATIENCE
        while (status := self.qmp.run("query-migrate").get("status")) not in ("completed", "failed"):
            if time.monotonic() > end:
                raise AssertionError("saving takes too long")
            time.sleep(0.05)
        if status != "completed":
            raise AssertionError(f"saving has {status}: {self.complaints()}")

    def expect_firmware(self):
        if FIRMWARE:
            self.expect(FIRMWARE, 30)

    def received(self):
        """How many bytes its network has brought the guest."""
        return int(re.search(r"rx=\d+/(\d+)B", self.qmp.hmp("info network"))[1])

    def cpu_seconds(self):
        """Processor time used so far by all its threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        """Whatever its state."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.qmp:
            self.qmp.close()
        self.process.stdin.close()
        self.process.stdout.close()
        self.errors.close()


class VmTest(unittest.TestCase):
    """Each test has an empty directory of its own; machines it starts end with it."""

    maxDiff = None

    def setUp(self):
        # Unix sockets have short names.
        folder = tempfile.TemporaryDirectory(prefix="vitrine-vm-", dir="/tmp")
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)

    def start(self, *args, **options):
        machine = Machine(self.dir, *args, **options)
        self.addCleanup(self.finish, machine)
        return machine

    def finish(self, machine):
        """Ends it. What -test check-copies has found fails any test."""
        said = "" if machine.errors.closed else machine.complaints()
        machine.end()
        self.assertNotIn("is not exact", said)

    def start_linux(self, *args, append="", wait=True, **options):
        """A machine with Debian's kernel, a shell on its console, and the usual file systems."""
        machine = self.start("-m", "512", "-kernel", KERNEL, "-initrd", INITRD, "-append",
                             f"console={CONSOLE} quiet rdinit=/bin/sh {append}", *args, **options)
        if wait:
            self.enter_shell(machine)
        return machine

    def enter_shell(self, machine):
        machine.expect(r"~ # ", 60)
        # Echoes of long lines are broken by the line editor unless the terminal is wide.
        machine.shell("stty cols 500 2>/dev/null; PS1='# '")
        machine.shell("mount -t proc proc /proc && mount -t sysfs sysfs /sys && mount -t devtmpfs dev /dev")

    def run_briefly(self, *args, timeout=30):
        """Runs the program, which is expected to end: its status and all it printed."""
        done = subprocess.run([VITRINE, *map(str, args)], cwd=self.dir, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=timeout * PATIENCE)
        return done.returncode, done.stdout

    def image(self, name, size, content=b""):
        """A raw disk image."""
        path = self.dir / name
        with open(path, "wb") as file:
            file.write(content)
            file.truncate(size)
        return path


class WebServer:
    """Serves a directory on a port of the host's own."""

    def __init__(self, folder):
        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args, **options):
                super().__init__(*args, directory=str(folder), **options)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def main():
    unittest.main(verbosity=2)
