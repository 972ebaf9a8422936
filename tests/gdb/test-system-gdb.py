#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debugs a whole machine with gdb, and with a bare client of its protocol.

Usage: test-system-gdb.py GDB PROGRAM [unittest arguments]
PROGRAM is tests/guest/system/debuggee.c.
"""

import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "system"))
import vm  # noqa: E402

GDB, PROGRAM = sys.argv[1], str(Path(sys.argv[2]).resolve())
MARK = "=== "


def address_of(name):
    """Of a symbol of the program."""
    out = subprocess.run([GDB, "-nx", "-q", "-batch", "-ex", f"info address {name}", PROGRAM], check=True,
                         capture_output=True, text=True).stdout
    return int(re.search(r"0x[0-9a-f]+", out)[0], 16)


class Gdb:
    """gdb, told one command at a time."""

    def __init__(self, test, where, symbols=True):
        self.test = test
        # As a program rather than typed: no prompt, no echo. Each command's end is marked.
        self.process = subprocess.Popen([GDB, "-nx", "-q"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, bufsize=1)
        test.addCleanup(self.end)
        self.lines, self.changed = [], threading.Condition()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        self.count = 0
        for command in ("set confirm off", "set pagination off", "set width 0", "set architecture riscv:rv64"):
            self.run(command)
        if symbols:
            self.run(f"file {PROGRAM}")
        self.run(f"target remote {where}", r"")

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line)
                self.changed.notify()

    def end(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()

    def start(self, command):
        self.count += 1
        self.process.stdin.write(f"{command}\necho {MARK}{self.count}\\n\n")
        self.process.stdin.flush()

    def finish(self, command, pattern=None, timeout=30):
        mark = f"{MARK}{self.count}"
        end = time.monotonic() + timeout * vm.PATIENCE
        with self.changed:
            while not any(mark in line for line in self.lines):
                left = end - time.monotonic()
                if left <= 0 or not self.changed.wait(left):
                    self.test.fail(f"{command}: no answer in {timeout} s; gdb said:\n{''.join(self.lines)}")
            at = next(i for i, line in enumerate(self.lines) if mark in line)
            text = "".join(self.lines[:at]).replace("(gdb) ", "")
            del self.lines[:at + 1]
        if pattern is not None and not re.search(pattern, text):
            self.test.fail(f"{command}: '{pattern}' is not in:\n{text}")
        return text

    def run(self, command, pattern=None, timeout=30):
        self.start(command)
        return self.finish(command, pattern, timeout)

    def value(self, expression):
        return int(re.search(r"= (-?\d+)", self.run(f"print/d {expression}"))[1])


class SystemGdb(vm.VmTest):
    def start_machine(self, *args):
        return self.start("-m", "64", "-smp", "2", "-bios", PROGRAM, "-gdb", f"unix:{self.dir}/gdb", *args)

    def start_session(self, *args, symbols=True):
        machine = self.start_machine(*args)
        return machine, Gdb(self, f"{self.dir}/gdb", symbols)

    def test_from_the_first_instruction(self):
        """-S: gdb sees the reset vector, steps, and stops at an address without any symbol."""
        work = address_of("work")
        machine, gdb = self.start_session("-S", symbols=False)
        gdb.run("print/x $pc", r"= 0x1000")
        gdb.run("stepi")
        gdb.run("print/x $pc", r"= 0x1004")
        gdb.run("break *0x80000000", r"Breakpoint 1 at 0x80000000")
        gdb.run("continue", r"Breakpoint 1.*0x0*80000000")
        gdb.run("delete")
        gdb.run(f"hbreak *{work:#x}", r"Hardware assisted breakpoint 2")
        gdb.run("continue", r"Breakpoint 2")
        gdb.run("print $a0", r"= 1")
        gdb.run("x/2i $pc", f"=> {work:#x}:")
        # Stopped: nothing moves.
        self.assertEqual(machine.qmp.run("query-status"), {"running": False, "status": "debug"})

    def test_breakpoints_in_running_code(self):
        _, gdb = self.start_session()
        gdb.run("break work", r"Breakpoint 1 at")
        gdb.run("continue", r"Breakpoint 1, .*work")
        before = gdb.value("counter")
        for _ in range(5):
            gdb.run("continue", r"Breakpoint 1, .*work")
        self.assertEqual(gdb.value("counter"), before + 5)
        gdb.run("ignore 1 100")
        gdb.run("continue", r"Breakpoint 1, .*work", 60)
        self.assertEqual(gdb.value("counter"), before + 106)
        gdb.run("delete")
        gdb.run("break in_supervisor_mode", r"Breakpoint 2")
        gdb.run("continue", r"Breakpoint 2, .*in_supervisor_mode")
        gdb.run("print $priv", r"= .*(1|Supervisor)")
        gdb.run("tbreak *run_in_back")
        gdb.run("continue", r"Temporary breakpoint 3")
        self.assertEqual(gdb.value("$a0"), gdb.value("counter"))

    def test_registers_and_memory(self):
        _, gdb = self.start_session()
        gdb.run("break work")
        gdb.run("continue", r"Breakpoint 1")
        gdb.run("set var counter = 1000")
        gdb.run("set var $a0 = 234")
        gdb.run("set var $s5 = 0x123456789abcdef0")
        gdb.run("print/x $s5", r"= 0x123456789abcdef0")
        gdb.run("finish", r"Run till exit")
        self.assertEqual(gdb.value("counter"), 1234)
        self.assertEqual(gdb.value("$a0"), 1234 + 77)
        gdb.run("print/x $satp", r"= 0x8[0-9a-f]{15}")
        gdb.run("print/x $mstatus", r"= 0x")
        gdb.run("info registers mtvec mepc mcause", r"mtvec +0x8[0-9a-f]+")
        gdb.run("p $fs0", r"=")
        # In machine mode addresses are physical, in supervisor mode they are translated.
        gdb.run("x/1xw 0x5000000000", r"Cannot access memory")
        gdb.run("delete")
        gdb.run("break in_supervisor_mode")
        gdb.run("continue", r"Breakpoint")
        gdb.run("print *(unsigned long *) $a0 == counter", r"= 1")
        gdb.run("set var *(unsigned long *) $a0 = 5000")
        self.assertEqual(gdb.value("counter"), 5000)
        gdb.run("maintenance packet qqemu.PhyMemMode", r'received: "0"')
        gdb.run("maintenance packet Qqemu.PhyMemMode:1", r'received: "OK"')
        gdb.run("x/1xg $a0", r"Cannot access memory")
        gdb.run("maintenance packet Qqemu.PhyMemMode:0", r'received: "OK"')
        gdb.run("x/1dg $a0", r"5000")

    def test_changed_code(self):
        """Code that gdb writes is what runs."""
        _, gdb = self.start_session()
        gdb.run("break work")
        gdb.run("continue", r"Breakpoint 1")
        # c.jr ra instead of the function's first instruction.
        gdb.run("set var *(unsigned short *) work = 0x8082")
        before = gdb.value("counter")
        gdb.run("delete")
        gdb.run("break in_supervisor_mode")
        for _ in range(3):
            gdb.run("continue", r"Breakpoint 2")
        self.assertEqual(gdb.value("counter"), before)

    def test_stepping(self):
        _, gdb = self.start_session()
        gdb.run("break work")
        gdb.run("continue", r"Breakpoint 1")
        gdb.run("delete")
        pcs = set()
        for _ in range(30):
            gdb.run("stepi")
            pcs.add(gdb.value("$pc"))
        self.assertGreater(len(pcs), 20)
        # A trap ends at its handler's first instruction.
        gdb.run("break *run_in_back")
        gdb.run("continue", r"Breakpoint 2")
        gdb.run("stepi", r"trap_entry")
        gdb.run("print/d $mcause", r"= 9")
        gdb.run("tbreak work")
        gdb.run("continue", r"Temporary breakpoint")
        gdb.run("next")
        gdb.run("print $pc > (unsigned long) work", r"= 1")

    def test_watchpoints(self):
        _, gdb = self.start_session()
        gdb.run("watch counter", r"Hardware watchpoint 1: counter")
        old = None
        for _ in range(3):
            text = gdb.run("continue", r"Hardware watchpoint 1: counter\s+Old value = \d+\s+New value = \d+")
            values = [int(n) for n in re.findall(r"value = (\d+)", text)]
            self.assertEqual(values[1], values[0] + 1)
            self.assertTrue(old is None or values[0] == old)
            old = values[1]
        gdb.run("delete")
        gdb.run("rwatch read_only", r"Hardware read watchpoint 2")
        gdb.run("continue", r"Hardware read watchpoint 2: read_only\s+Value = 77")
        gdb.run("continue", r"Hardware read watchpoint 2: read_only\s+Value = 77")
        gdb.run("delete")
        gdb.run("awatch other_counter", r"access \(read/write\) watchpoint 3")
        gdb.run("continue", r"Thread 2 .*watchpoint 3: other_counter")
        gdb.run("delete")
        # Through a virtual address, which is one only in supervisor mode. gdb may take a step before it shows a stop.
        gdb.run("tbreak in_supervisor_mode")
        gdb.run("continue", r"Temporary breakpoint 4")
        gdb.run("rwatch -location *(unsigned long *) $a0", r"read watchpoint 5")
        for _ in range(3):
            gdb.run("continue", r"Thread 1 .*read watchpoint 5[\s\S]*(in_supervisor_mode|run_in_back)")
        gdb.run("delete")
        # At full speed again.
        before = gdb.value("counter")
        self.interrupt_after(gdb, 0.5)
        self.assertGreater(gdb.value("counter"), before + 1000)

    def interrupt_after(self, gdb, seconds):
        gdb.start("continue")
        time.sleep(seconds)
        gdb.process.send_signal(2)
        return gdb.finish("continue", r"received signal SIGINT")

    def test_interrupt(self):
        machine, gdb = self.start_session()
        counts = []
        for _ in range(4):
            self.interrupt_after(gdb, 0.3)
            counts.append(gdb.value("counter"))
        self.assertEqual(counts, sorted(set(counts)))
        # Stopped and started by the monitor: gdb hears of the stop.
        gdb.start("continue")
        time.sleep(0.3)
        machine.qmp.run("stop")
        gdb.finish("continue", r"received signal SIGINT")
        self.assertEqual(machine.qmp.run("query-status")["status"], "paused")

    def test_two_harts(self):
        _, gdb = self.start_session()
        self.interrupt_after(gdb, 0.3)
        text = gdb.run("info threads", r"CPU#0[\s\S]*CPU#1")
        self.assertEqual(len(re.findall(r"Thread 1\.\d", text)), 2)
        gdb.run("break other_loop")
        gdb.run("continue", r"Thread 2 .*hit Breakpoint 1")
        gdb.run("print $mhartid", r"= 1")
        gdb.run("delete")
        # One steps while the other stands, then both go on.
        gdb.run("set scheduler-locking on")
        counter, other = gdb.value("counter"), gdb.value("other_counter")
        gdb.run("break other_loop")
        for _ in range(3):
            gdb.run("continue", r"Breakpoint 2")
        self.assertEqual((gdb.value("counter"), gdb.value("other_counter")), (counter, other + 3))
        gdb.run("delete")
        gdb.run("thread 1", r"Switching to thread 1")
        gdb.run("stepi")
        gdb.run("tbreak work")
        gdb.run("continue", r"Temporary breakpoint 3")
        self.assertEqual(gdb.value("other_counter"), other + 3)
        gdb.run("set scheduler-locking off")
        self.interrupt_after(gdb, 0.3)
        self.assertGreater(gdb.value("other_counter"), other + 1000)
        gdb.run("thread apply all print/x $sp", r"Thread 2[\s\S]*= 0x8[\s\S]*Thread 1[\s\S]*= 0x8")

    def test_monitor_commands(self):
        _, gdb = self.start_session()
        gdb.run("monitor info status", r"VM status: paused")
        gdb.run("monitor info registers", r"mstatus")
        text = gdb.run("monitor info mtree", r"plic")
        self.assertIn("uart", text)
        gdb.run("monitor nonsense", r"unknown command")

    def test_detach(self):
        machine, gdb = self.start_session()
        gdb.run("break work")
        gdb.run("watch read_only")
        gdb.run("continue", r"Breakpoint 1")
        gdb.run("detach", r"[Dd]etach")
        self.assertEqual(machine.qmp.run("query-status")["status"], "running")
        # Another comes, finds it moving, and ends the guest.
        second = Gdb(self, f"{self.dir}/gdb")
        before = second.value("counter")
        self.interrupt_after(second, 0.3)
        self.assertGreater(second.value("counter"), before + 100)
        second.run("set var stop = 1")
        second.run("continue", r"exited normally")
        self.assertEqual(machine.wait(), 0)

    def test_lost_connection(self):
        machine, gdb = self.start_session()
        gdb.run("break work")
        gdb.run("continue", r"Breakpoint 1")
        gdb.process.kill()
        end = time.monotonic() + 10 * vm.PATIENCE
        while machine.qmp.run("query-status")["status"] != "running":
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def test_kill(self):
        machine, gdb = self.start_session()
        gdb.run("kill")
        self.assertEqual(machine.wait(), 0)

    def test_reset(self):
        machine, gdb = self.start_session()
        gdb.run("break work")
        gdb.run("continue", r"Breakpoint 1")
        machine.qmp.run("system_reset")
        time.sleep(0.2)
        gdb.run("maintenance flush register-cache")
        gdb.run("print/x $pc", r"= 0x1000")
        gdb.run("continue", r"Breakpoint 1")
        self.assertLessEqual(gdb.value("counter"), 1)

    def test_server_from_the_monitor(self):
        machine = self.start("-m", "64", "-smp", "2", "-bios", PROGRAM)
        where = f"unix:{self.dir}/late"
        self.assertIn("Waiting", machine.qmp.hmp(f"gdbserver {where}"))
        gdb = Gdb(self, f"{self.dir}/late")
        gdb.run("print counter", r"= \d+")
        self.assertIn("Disabled", machine.qmp.hmp("gdbserver none"))
        self.assertEqual(machine.qmp.run("query-status")["status"], "running")

    def test_refusals(self):
        for where in ("tcp::99999", "unix:/nonexistent/x", "nonsense"):
            status, text = self.run_briefly("-display", "none", "-monitor", "none", "-gdb", where)
            self.assertEqual(status, 1, text)
            self.assertIn("-gdb", text)


class Client:
    """Speaks the protocol, well or badly."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20 * vm.PATIENCE)
        self.socket.connect(str(path))

    def send(self, text):
        data = text.encode("latin-1") if isinstance(text, str) else text
        self.socket.sendall(b"$" + data + b"#%02x" % (sum(data) % 256))

    def receive(self):
        data = b""
        while not re.search(rb"\$[^#]*#..", data):
            more = self.socket.recv(65536)
            if not more:
                raise EOFError
            data += more
        self.socket.sendall(b"+")
        return re.search(rb"\$([^#]*)#..", data, re.DOTALL)[1].decode("latin-1")

    def ask(self, text):
        self.send(text)
        return self.receive()


class Protocol(vm.VmTest):
    def setUp(self):
        super().setUp()
        self.machine = self.start("-m", "64", "-smp", "2", "-bios", PROGRAM, "-gdb", f"unix:{self.dir}/gdb")
        self.client = Client(f"{self.dir}/gdb")
        self.addCleanup(self.client.socket.close)

    def test_nonsense(self):
        ask = self.client.ask
        self.assertEqual(ask("qXfer:features:read:nonsense.xml:0,100"), "E02")
        for text in ("m", "mzz,1", "m0,", "M0,4:12", "P", "Pfff=0", "pffffffff", "Z0,", "Z9,0,0", "z1", "Hx", "Hg99",
                     "T99", "vCont;x", "vCont;c:99", "vCont", "X0,5:ab", "G12", "qRcmd,xyz", "Qqemu.PhyMemMode:7",
                     "qXfer:features:read:target.xml:zz", "?x" * 2000, "vKil", "\x80\x81"):
            with self.subTest(text=text[:40]):
                self.assertRegex(ask(text), r"^(E\d\d|T[0-9a-f]{2}.*|)$")
        self.assertEqual(self.machine.qmp.run("query-status")["status"], "debug")

    def test_noise(self):
        """Bytes that are no packets, and packets too long or damaged."""
        self.client.socket.sendall(b"garbage\x03\x00$no#zz$m80000000,4#00")
        self.client.socket.sendall(b"$" + b"x" * 100000 + b"#00")
        time.sleep(0.2)
        self.client.socket.close()
        second = Client(f"{self.dir}/gdb")
        self.addCleanup(second.socket.close)
        self.assertRegex(second.ask("?"), r"^T05")
        self.assertRegex(second.ask("m80000000,4"), r"^[0-9a-f]{8}$")

    def test_server_ends_itself(self):
        """A command of gdb's own that ends the server it came to."""
        self.assertEqual(self.client.ask("Z0,80000000,2"), "OK")
        self.client.send(b"qRcmd," + b"gdbserver none".hex().encode())
        with self.assertRaises((EOFError, ConnectionError)):
            self.client.receive()
        self.assertEqual(self.machine.qmp.run("query-status")["status"], "running")
        self.assertIn("Waiting", self.machine.qmp.hmp(f"gdbserver unix:{self.dir}/again"))
        second = Client(f"{self.dir}/again")
        self.addCleanup(second.socket.close)
        self.assertRegex(second.ask("?"), r"^T05")

    def test_commands_while_running(self):
        """Until the machine stands only an interrupt counts, and after a detach nothing does."""
        self.client.send("c")
        self.client.send("m80000000,4")
        time.sleep(0.2)
        self.assertEqual(self.machine.qmp.run("query-status")["status"], "running")
        self.client.socket.sendall(b"\x03")
        self.assertRegex(self.client.receive(), r"^T02thread:")
        self.assertRegex(self.client.ask("m80000000,4"), r"^[0-9a-f]{8}$")
        self.assertEqual(self.client.ask("D"), "OK")
        self.client.send("s")
        self.client.socket.sendall(b"\x03")
        time.sleep(0.2)
        self.assertEqual(self.machine.qmp.run("query-status")["status"], "running")

    def test_many_points(self):
        for i in range(64):
            self.assertEqual(self.client.ask(f"Z2,{0x80100000 + 8 * i:x},8"), "OK")
        self.assertEqual(self.client.ask("Z2,90000000,8"), "E28")
        self.assertEqual(self.client.ask("z2,90000000,8"), "E02")
        for i in range(64):
            self.assertEqual(self.client.ask(f"z2,{0x80100000 + 8 * i:x},8"), "OK")


vm.require(GDB)
sys.argv[1:] = sys.argv[3:]
vm.main()
