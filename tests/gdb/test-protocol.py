#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speaks gdb's remote protocol with the stub of user mode: what gdb itself never sends, or not in this way.

Usage: test-protocol.py VITRINE PROGRAM
"""

import contextlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

VITRINE, PROGRAM = sys.argv[1:3]
TIMEOUT = 30


class Riscv64:
    NM, ARCHITECTURE, REGISTERS = "riscv64-linux-gnu-nm", "riscv:rv64", 68
    PC, A0, NUMBER = 32, 10, 17
    ZERO = 0           # reads as 0 whatever is written
    CALL = "73000000"  # ecall
    EXIT_GROUP_3 = "13053000 9308e005" + CALL  # li a0, 3; li a7, 94
    EXIT_0 = "13050000 9308d005" + CALL        # li a0, 0; li a7, 93


class Aarch64:
    NM, ARCHITECTURE, REGISTERS = "aarch64-linux-gnu-nm", "aarch64", 70
    PC, A0, NUMBER = 32, 0, 8
    ZERO = None
    CALL = "010000d4"  # svc #0
    EXIT_GROUP_3 = "600080d2 c80b80d2" + CALL  # mov x0, #3; mov x8, #94
    EXIT_0 = "000080d2 a80b80d2" + CALL        # mov x0, #0; mov x8, #93


GUEST = {"vitrine-riscv64": Riscv64, "vitrine-aarch64": Aarch64}[Path(VITRINE).name]


def symbols():
    table = subprocess.run([GUEST.NM, PROGRAM], check=True, capture_output=True, text=True).stdout
    return {words[2]: int(words[0], 16) for words in map(str.split, table.splitlines()) if len(words) == 3}


def frame(data):
    return b"$" + data + b"#%02x" % (sum(data) & 0xff)


class Session:
    """A program under the stub, and a connection to it."""

    def __init__(self, part):
        self.folder = tempfile.TemporaryDirectory()
        path = str(Path(self.folder.name, "s"))
        self.process = subprocess.Popen([VITRINE, "-g", path, PROGRAM, part], stdout=subprocess.PIPE, text=True)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT)
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.socket.close()
        self.folder.cleanup()

    def byte(self):
        if not self.buffer:
            self.buffer = self.socket.recv(65536)
            if not self.buffer:
                raise EOFError
        first, self.buffer = self.buffer[:1], self.buffer[1:]
        return first

    def packet(self, acknowledge=True):
        while self.byte() != b"$":
            pass
        data = b""
        while (byte := self.byte()) != b"#":
            data += byte
        assert int(self.byte() + self.byte(), 16) == sum(data) & 0xff, "wrong checksum"
        if acknowledge:
            with contextlib.suppress(BrokenPipeError):  # the last answer of all
                self.socket.sendall(b"+")
        return re.sub(rb"}(.)", lambda match: bytes([match[1][0] ^ 0x20]), data, flags=re.DOTALL)

    def ask(self, data):
        self.socket.sendall(frame(data if isinstance(data, bytes) else data.encode()))
        return self.packet().decode("latin-1")

    def register(self, number):
        return struct.unpack("<Q", bytes.fromhex(self.ask(f"p{number:x}")))[0]

    def thread_ids(self):
        found, answer = [], self.ask("qfThreadInfo")
        while answer != "l":
            found += answer[1:].split(",")
            answer = self.ask("qsThreadInfo")
        return found


PC, A0 = GUEST.PC, GUEST.A0
SYMBOLS = symbols()


class Protocol(unittest.TestCase):
    def run_to(self, session, name):
        self.assertEqual(session.ask(f"Z0,{SYMBOLS[name]:x},2"), "OK")
        self.assertRegex(session.ask("vCont;c"), "^T05")
        self.assertEqual(session.register(PC), SYMBOLS[name])
        self.assertEqual(session.ask(f"z0,{SYMBOLS[name]:x},2"), "OK")

    def test_checksums(self):
        with Session("calls") as s:
            s.socket.sendall(b"$?#00")
            self.assertEqual(s.byte(), b"-")
            s.socket.sendall(b"$?#zz")
            self.assertEqual(s.byte(), b"-")
            s.socket.sendall(b"noise$unfinished" + frame(b"?"))
            self.assertEqual(s.byte(), b"+")
            first = s.packet(acknowledge=False)
            s.socket.sendall(b"-")
            self.assertEqual(s.packet(), first)
            self.assertRegex(first, b"^T05thread:")
            self.assertEqual(s.ask("QStartNoAckMode"), "OK")
            s.socket.sendall(frame(b"qAttached"))
            self.assertEqual(s.byte(), b"$")

    def test_hostile(self):
        """Nothing that is sent does more than get an error."""
        with Session("calls") as s:
            self.assertEqual(s.ask(b"m" + b"0" * 20000), "E22")
            for command in ("m", "m,", "mzz,1", "m0", "m0,1", "mffffffffffffffff,8", "m3fffffffff,10", "M0,1:00",
                            "M10000,4:0011", "M10000,1:0", "X10000,5:ab", "M10000,ffffffffffffffff:00", "p", "pffff",
                            "p-1", "P", "P20", "P20=12", "P99=0000000000000000", "G12", "Gxy", "H", "Hg", "Hgp",
                            "Hgzz", "Hx0", "T", "T0", "Tffffffffffffffffff", "Z", "Z0", "Z0,", "Z0,0", "Z2,0,0",
                            "z4,10,4", "vCont;", "vCont;q", "vCont;c:", "vCont;c:p1.1", "vCont;C", "vCont;r1",
                            "vCont;rzz,1:1", "vCont;t", "Cxyz", "C5;zz", "czz", "s5x", "qXfer:features:read:target.xml:",
                            "qXfer:features:read:target.xml:z,1", "qXfer:features:read:other:0,10",
                            "qRcmd,zz", "qRcmd,6", "QPassSignals:xx", "vFile:open:", "vFile:open:2f,0",
                            "vFile:open:2f,1,0", "vFile:pread:1,1,1", "vFile:close:zz", "vFile:fstat:ffffffffff",
                            "vFile:readlink:6", "qThreadExtraInfo,zz"):
                answer = s.ask(command)
                self.assertRegex(answer, "^(E[0-9][0-9]|F-1,.*)$", command)
            for command in ("", "!", "vMustReplyEmpty", "vUnknown;1", "Z9,0,0", "qCRC:0,0", "qXfer:bogus:read::0,1",
                            "qXfer:auxv:write::0,1", "QUnknown", "\x7f", "i", "R00"):
                self.assertEqual(s.ask(command), "", command)
            self.assertEqual(s.ask("vCont;c"), "W2a")
            self.assertEqual(s.process.wait(TIMEOUT), 42)

    def test_memory(self):
        with Session("calls") as s:
            counter, code = SYMBOLS["counter"], SYMBOLS["main"]
            self.assertEqual(s.ask("m0,4"), "E14")
            self.assertEqual(s.ask("m3000000000,4"), "E14")
            self.assertEqual(s.ask(f"M{counter:x},4:78563412"), "OK")
            self.assertEqual(s.ask(b"X%x,4:\x01\x02}\x03}\x5d" % counter), "OK")
            self.assertEqual(s.ask(f"m{counter:x},4"), "0102237d")
            before = s.ask(f"m{code:x},8")
            self.assertEqual(s.ask(f"Z0,{code:x},2"), "OK")
            self.assertEqual(s.ask(f"m{code:x},8"), before, "a breakpoint shows in memory")
            # Less than asked for, up to the end of what is mapped.
            auxv = s.ask("qXfer:auxv:read::0,1000")
            self.assertTrue(auxv.startswith("l"))
            self.assertEqual(len(auxv) % 16, 1)

    def test_code_is_written(self):
        """Code changed by the debugger is what runs, though it has run before."""
        with Session("hot") as s:
            self.run_to(s, "sum")
            self.assertEqual(s.ask(f"Z0,{SYMBOLS['add']:x},2"), "OK")
            for _ in range(3):
                self.assertRegex(s.ask("c"), "^T05")
            self.assertEqual(s.ask(f"z0,{SYMBOLS['add']:x},2"), "OK")
            self.assertEqual(s.ask(f"M{SYMBOLS['add']:x},c:{GUEST.EXIT_GROUP_3}".replace(" ", "")), "OK")
            self.assertEqual(s.ask("c"), "W03")

    def test_registers(self):
        with Session("calls") as s:
            self.run_to(s, "add")
            whole = s.ask("g")
            self.assertEqual(whole[PC * 16:PC * 16 + 16], struct.pack("<Q", SYMBOLS["add"]).hex())
            self.assertEqual(s.ask(f"P{A0:x}=efcdab8967452301"), "OK")
            self.assertEqual(s.register(A0), 0x0123456789abcdef)
            if GUEST.ZERO is not None:
                self.assertEqual(s.ask(f"P{GUEST.ZERO:x}=ffffffffffffffff"), "OK")
                self.assertEqual(s.register(GUEST.ZERO), 0)
            self.assertEqual(s.ask("G" + whole), "OK")
            self.assertEqual(s.register(A0), 0)
            xml, answer = "", "m"
            while answer[0] == "m":
                answer = s.ask(f"qXfer:features:read:target.xml:{len(xml):x},100")
                xml += answer[1:]
            self.assertIn(f"<architecture>{GUEST.ARCHITECTURE}</architecture>", xml)
            self.assertEqual(xml.count("<reg "), GUEST.REGISTERS)
            self.assertTrue(xml.rstrip().endswith("</target>"))

    def test_step(self):
        with Session("calls") as s:
            self.run_to(s, "add")
            here = s.register(PC)
            self.assertRegex(s.ask("s"), "^T05")
            self.assertIn(s.register(PC) - here, (2, 4))
            tid = s.thread_ids()[0]
            end = here + 20
            self.assertRegex(s.ask(f"vCont;r{here:x},{end:x}:{tid}"), "^T05")
            self.assertGreaterEqual(s.register(PC), end)
            self.assertLess(s.register(PC), end + 4)

    def test_step_over_system_call(self):
        """One step is one instruction, of a system call too."""
        with Session("calls") as s:
            self.run_to(s, "_exit")
            for _ in range(40):
                pc = s.register(PC)
                code = s.ask(f"m{pc:x},4")
                if code == GUEST.CALL:
                    break
                self.assertRegex(s.ask("s"), "^T05")
            self.assertEqual(code, GUEST.CALL)
            # getpid() in place of what was to come.
            self.assertEqual(s.ask(f"P{GUEST.NUMBER:x}=ac00000000000000"), "OK")
            self.assertRegex(s.ask("s"), "^T05")
            self.assertEqual(s.register(PC), pc + 4)
            self.assertEqual(s.register(A0), s.process.pid)

    def test_step_into_handler(self):
        with Session("signals") as s:
            self.assertRegex(s.ask("c"), "^T1e")
            self.assertRegex(s.ask("S1e"), "^T05")
            self.assertEqual(s.register(PC), SYMBOLS["handler"])
            self.assertEqual(s.register(A0), signal.SIGUSR1)
            self.assertRegex(s.ask("c"), "^T1e")
            self.assertEqual(s.ask("c"), "W03")

    def test_signals(self):
        with Session("signals") as s:
            self.assertEqual(s.ask("QPassSignals:1e;1f"), "OK")
            self.run_to(s, "handler")
            self.assertEqual(s.ask("QPassSignals:"), "OK")
            self.assertRegex(s.ask("c"), "^T1e")
            self.assertEqual(s.ask("qXfer:siginfo:read::0,80")[1:5], "\x0a\0\0\0")
            # Another signal than the one that came, which kills.
            self.assertRegex(s.ask("C0f"), "^X0f")
            self.assertEqual(s.process.wait(TIMEOUT), -signal.SIGTERM)

    def test_signal_from_debugger(self):
        """A signal for a thread that stopped for something else."""
        with Session("calls") as s:
            self.run_to(s, "add")
            self.assertRegex(s.ask("C0f"), "^X0f")
            self.assertEqual(s.process.wait(TIMEOUT), -signal.SIGTERM)

    def test_interrupt(self):
        with Session("spin") as s:
            s.socket.sendall(frame(b"c"))
            self.assertEqual(s.process.stdout.readline(), "spinning\n")
            stops_in_loop, deadline = 0, time.monotonic() + TIMEOUT
            # The first may come on the way back from the output.
            while stops_in_loop < 20 and time.monotonic() < deadline:
                time.sleep(0.002)
                s.socket.sendall(b"\x03")
                self.assertRegex(s.packet(), b"^T02thread:")
                inside = s.register(PC) - SYMBOLS["spin"] in range(200)
                self.assertTrue(inside or stops_in_loop == 0)
                stops_in_loop += inside
                s.socket.sendall(frame(b"c"))
            self.assertEqual(stops_in_loop, 20)
            # The connection breaks: the program goes on without.
            s.socket.close()
            time.sleep(0.2)
            self.assertIsNone(s.process.poll())

    def test_blocked_call(self):
        with Session("blocked") as s:
            s.socket.sendall(frame(b"c"))
            self.assertEqual(s.process.stdout.readline(), "blocked\n")
            for _ in range(10):
                time.sleep(0.01)
                s.socket.sendall(b"\x03")
                self.assertRegex(s.packet(), b"^T02thread:")
                s.socket.sendall(frame(b"c"))
            s.socket.sendall(b"\x03")
            self.assertRegex(s.packet(), b"^T02thread:")
            self.assertEqual(s.ask(f"M{SYMBOLS['stop_spinning']:x},4:01000000"), "OK")
            self.assertEqual(s.ask("c"), "W0d")

    def test_threads(self):
        with Session("threads") as s:
            start, stopped = SYMBOLS["thread_main"], []
            for _ in range(3):
                self.assertEqual(s.ask(f"Z0,{start:x},2"), "OK")
                stop = s.ask("vCont;c")
                stopped.append(re.search("^T05thread:(.*);", stop)[1])
                # Past the breakpoint, alone, as gdb does it.
                self.assertEqual(s.ask(f"z0,{start:x},2"), "OK")
                self.assertEqual(s.ask(f"vCont;s:{stopped[-1]}"), stop)
            self.assertEqual(len(set(stopped)), 3)
            ids = s.thread_ids()
            self.assertEqual(len(ids), 4)
            for tid in ids:
                self.assertEqual(s.ask(f"T{tid}"), "OK")
                self.assertEqual(s.ask(f"Hg{tid}"), "OK")
            self.assertEqual(s.ask("Tdead"), "E03")
            # Only the stopped thread steps; the others stay where they are.
            mine = stopped[-1]
            others = [tid for tid in ids if tid != mine]

            def places():
                found = []
                for tid in others:
                    s.ask(f"Hg{tid}")
                    found.append(s.register(PC))
                return found
            before = places()
            for _ in range(5):
                self.assertEqual(s.ask(f"vCont;s:{mine}"), f"T05thread:{mine};")
            self.assertEqual(places(), before)
            self.assertEqual(s.ask("vCont;c"), "W05")

    def test_held_threads(self):
        """When the only thread that may run ends, the debugger hears of it."""
        with Session("threads") as s:
            self.run_to(s, "thread_main")
            self.assertIn("no-resumed+", s.ask("qSupported:no-resumed+"))
            mine = s.ask("qC")[2:]
            # For this thread alone.
            pc = s.register(PC)
            self.assertEqual(s.ask(f"M{pc:x},c:{GUEST.EXIT_0}".replace(" ", "")), "OK")
            self.assertEqual(s.ask(f"vCont;c:{mine}"), "N")
            self.assertNotIn(mine, s.thread_ids())
            self.assertEqual(s.ask("vKill;1"), "OK")
            self.assertEqual(s.process.wait(TIMEOUT), -signal.SIGKILL)

    def test_multiprocess(self):
        with Session("calls") as s:
            self.assertIn("multiprocess+", s.ask("qSupported:multiprocess+;swbreak+"))
            pid = s.process.pid
            self.assertEqual(s.thread_ids(), [f"p{pid:x}.{pid:x}"])
            self.assertEqual(s.ask(f"Hgp{pid:x}.-1"), "OK")
            self.assertEqual(s.ask(f"vCont;c:p{pid:x}.-1"), f"W2a;process:{pid:x}")

    def test_detach(self):
        with Session("hot") as s:
            self.run_to(s, "sum")
            self.assertEqual(s.ask(f"Z0,{SYMBOLS['add']:x},2"), "OK")
            self.assertEqual(s.ask(f"Z2,{SYMBOLS['counter']:x},4"), "OK")
            self.assertEqual(s.ask("D"), "OK")
            self.assertEqual(s.process.wait(TIMEOUT), 7)

    def test_kill(self):
        with Session("spin") as s:
            s.socket.sendall(frame(b"k"))
            self.assertEqual(s.process.wait(TIMEOUT), -signal.SIGKILL)

    def test_monitor(self):
        with Session("calls") as s:
            text, answer = "", s.ask("qRcmd," + b"registers".hex())
            while answer != "OK":
                text += bytes.fromhex(answer[1:]).decode()
                answer = s.packet().decode()
            self.assertIn(" pc ", text)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
