#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debugs programs through the gdb stub of user mode.

Usage: test-gdb.py VITRINE GDB SOURCE PROGRAM SCENARIO [tcp|unix]

Each scenario is a list of gdb commands, each with a pattern that its output has to match, and what becomes of the
program.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TIMEOUT = 60
MARK = "=== "


def line_of(source, name):
    for number, line in enumerate(source.read_text().splitlines(), 1):
        if f"at: {name} " in line:
            return number
    raise SystemExit(f"no line of {source} is marked 'at: {name}'")


# What patterns and commands call what differs between guests.
GUESTS = {
    "vitrine-riscv64": {"SAVED": "s1", "STORE": "sw"},
    "vitrine-aarch64": {"SAVED": "x20", "STORE": "str"},
}

# A step is (command, pattern its output must match or None); AT(name) in a command is a marked line.
SCENARIOS = {
    "calls": dict(status=42, steps=[
        ("break add", r"Breakpoint 1 at "),
        ("continue", r"Breakpoint 1, add \(amount=0, p="),
        ("backtrace", r"#0 +add .*\n#1 .* in sum \(n=5\).*\n#2 .* in calls .*\n#3 .* in main "),
        ("print *p", r"= \{x = 1, y = 2\}"),
        ("print counter", r"= 0"),
        ("next", r"p->x \+= amount"),
        ("next", r"return amount"),
        ("print p->x", r"= 1"),
        ("continue", r"Breakpoint 1, add \(amount=1, p="),
        ("finish", r"Value returned is \$\d+ = 3"),
        ("stepi", None),
        ("print $pc != 0", r"= 1"),
        ("print sum (3)", r"Breakpoint 1, add"),
        ("delete", None),
        ("finish", None),
        ("info line", r"Line \d+ of .*debuggee\.c"),
        ("print counter = 100", r"= 100"),
        ("set var $SAVED = 0x1234567890abcdef", None),
        ("print/x $SAVED", r"0x1234567890abcdef"),
        ("info auxv", r"AT_PAGESZ .*4096"),
        ("monitor maps", r"\[stack\]"),
        ("x/4xb 0", r"Cannot access memory"),
        ("info threads", r"\* 1 +Thread "),
    ], kill=True),
    "exit": dict(part="calls", status=42, steps=[
        ("tbreak calls", None),
        ("continue", r"Temporary breakpoint 1, calls"),
        ("continue", r"exited with code 052"),
    ]),
    "symbols": dict(part="calls", status=42, no_file=True, steps=[
        ("break add", r"Breakpoint 1 at .*debuggee\.c"),
        ("continue", r"Breakpoint 1, add \(amount=0"),
        ("delete", None),
        ("continue", r"exited with code 052"),
    ]),
    "hot": dict(status=7, steps=[
        ("break AT(warm)", r"Breakpoint 1"),
        ("continue", r"Breakpoint 1, hot"),
        ("break add", r"Breakpoint 2"),
        ("continue", r"Breakpoint 2, add \(amount=0"),
        ("continue", r"Breakpoint 2, add \(amount=1"),
        ("clear add", None),
        ("watch counter", r"Hardware watchpoint 3"),
        ("continue", r"New value = "),
        ("delete", None),
        ("continue", r"exited with code 07"),
    ]),
    "crash": dict(signal=signal.SIGSEGV, steps=[
        ("continue", r"received signal SIGSEGV.*\n.* in crash \(\).*debuggee\.c:AT(crash)"),
        ("x/i $pc", r"=> .*<crash\+\d+>:\s*STORE"),
        ("print $_siginfo.si_signo", r"= 11"),
        ("print $_siginfo._sifields._sigfault.si_addr", r"0x10"),
        ("continue", r"Program terminated with signal SIGSEGV"),
    ]),
    "signals": dict(status=3, steps=[
        ("continue", r"received signal SIGUSR1"),
        ("break handler", None),
        ("continue", r"Breakpoint 1, handler \(sig=10\)"),
        ("delete", None),
        ("stepi", None),
        ("handle SIGUSR1 stop print pass", None),
        ("continue", r"received signal SIGUSR1"),
        ("signal 0", r"exited with code 03"),
    ]),
    "interrupt": dict(part="spin", status=9, interrupt="spinning", steps=[
        ("continue", r"received signal SIGINT.*\n(.*\n)*.*spin"),
        ("print counter > 0", r"= 1"),
        ("info registers pc", r"<spin\+\d+>"),
        ("set var stop_spinning = 1", None),
        ("continue", r"exited with code 011"),
    ]),
    "detach": dict(part="calls", status=42, output=r"total 20 counter 10", steps=[
        ("break add", None),
        ("continue", r"Breakpoint 1, add"),
        ("watch counter", None),
        ("detach", r"detached"),
    ]),
    "threads": dict(status=5, steps=[
        ("break AT(worker)", None),
        ("continue", r"Thread \d+ .*hit Breakpoint 1, thread_main"),
        ("info threads", r"\* +\d+ +Thread (.*\n)* +1 +Thread|1 +Thread (.*\n)*\* +\d+ +Thread"),
        ("thread apply all -q print $sp != 0", r"(\$\d+ = 1\s*){4}"),
        ("thread 1", r"Switching to thread 1"),
        ("backtrace", r"in threads \(\)|threads \(\)"),
        ("continue", r"hit Breakpoint 1, thread_main"),
        ("next", None),
        ("delete", None),
        ("set scheduler-locking on", None),
        ("stepi", None),
        ("stepi", None),
        ("set scheduler-locking off", None),
        ("continue", r"exited with code 05"),
    ]),
    "children": dict(status=6, steps=[
        ("break add", None),
        ("break AT(children-end)", None),
        ("continue", r"Breakpoint 2, children"),
        ("print failed", r"= 0"),
        ("continue", r"exited with code 06"),
    ]),
    "vectors": dict(part="calls", status=42, steps=[
        ("break add", None),
        ("continue", r"Breakpoint 1, add"),
        ("set var $v3.s.u[1] = 0x40490fdb", None),
        ("print $v3.s.f[1]", r"= 3\.14159"),
        ("set var $d31 = 2.5", None),
        ("print/x $v31.d.u", r"\{0x4004000000000000, 0x0\}"),
        ("set var $v4.d.u[0] = 5", None),
        ("set var $v4.d.u[1] = 0x1122334455667788", None),
        ("print/x $v4.d.u", r"\{0x5, 0x1122334455667788\}"),
        ("set var $fpcr = 0x1c00000", None),
        ("print/x $fpcr", r"= 0x1c00000"),
        ("set var $fpcr = 0", None),
        ("set var $fpsr = 0x8000011", None),
        ("print/x $fpsr", r"= 0x8000011"),
        ("set var $cpsr = 0x60000000", None),
        ("print/x $cpsr", r"= 0x60000000"),
        ("delete", None),
        ("continue", r"exited with code 052"),
    ]),
    "watch": dict(part="watched", status=11, steps=[
        ("break watched", None),
        ("continue", r"Breakpoint 1, watched"),
        ("watch bytes[9]", r"Hardware watchpoint 2"),
        ("continue", r"Hardware watchpoint 2: bytes\[9\]\s+Old value = 0 .*\s+New value = 2 "),
        ("continue", r"Old value = 2 .*\s+New value = 4 "),
        ("delete 2", None),
        ("rwatch bytes[9]", r"Hardware read watchpoint 3"),
        ("continue", r"Hardware read watchpoint 3: bytes\[9\]\s+Value = 4 "),
        ("delete 3", None),
        ("awatch *(unsigned *)(bytes + 8)", r"access \(read/write\) watchpoint 4"),
        ("continue", r"watchpoint 4"),
        ("continue", r"Old value = .*\s+New value = "),
        ("delete 4", None),
        ("continue", r"exited with code 013"),
    ]),
}


def substitute(text, source, guest):
    for name, meaning in guest.items():
        text = text.replace(name, meaning)
    return re.sub(r"AT\(([\w-]+)\)", lambda match: str(line_of(source, match[1])), text)


class Debuggee:
    """The program under the stub, and where it can be reached."""

    def __init__(self, vitrine, program, part, transport, folder):
        where = "0" if transport == "tcp" else str(Path(folder, "gdb.sock"))
        self.process = subprocess.Popen([vitrine, "-g", where, program, part], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.output, self.seen = [], threading.Condition()
        if transport == "tcp":
            match = re.search(r"port (\d+)", self.process.stderr.readline())
            self.address = f"localhost:{match[1]}"
        else:
            self.address = where
            deadline = time.monotonic() + TIMEOUT
            while not os.path.exists(where):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"no socket appeared: {self.process.stderr.read()}")
                time.sleep(0.01)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            with self.seen:
                self.output.append(line)
                self.seen.notify_all()

    def wait_for(self, text):
        with self.seen:
            return self.seen.wait_for(lambda: any(text in line for line in self.output), TIMEOUT)


def interrupt_later(debuggee, text, gdb):
    if debuggee.wait_for(text):
        time.sleep(0.3)
        gdb.send_signal(signal.SIGINT)


def run_gdb(gdb, program, debuggee, scenario):
    """Returns the output of each step."""
    command = [gdb, "-nx", "--batch", "-ex", "set pagination off", "-ex", "set confirm off", "-ex", "set width 0"]
    if not scenario.get("no_file"):
        command += ["-ex", f"file {program}"]
    command += ["-ex", f"target remote {debuggee.address}"]
    for number, (text, _) in enumerate(scenario["steps"]):
        command += ["-ex", f"echo {MARK}{number}\\n", "-ex", text]
    environment = dict(os.environ, DEBUGINFOD_URLS="", LC_ALL="C")
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, errors="replace", env=environment)
    if "interrupt" in scenario:
        threading.Thread(target=interrupt_later, args=(debuggee, scenario["interrupt"], process), daemon=True).start()
    try:
        output = process.communicate(timeout=TIMEOUT)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        raise SystemExit("gdb did not come to an end:\n" + process.communicate()[0])
    return output


def check_steps(output, steps):
    """Yields what is wrong."""
    parts = re.split(rf"^{MARK}(\d+)\n", output, flags=re.MULTILINE)
    answers = {int(number): text for number, text in zip(parts[1::2], parts[2::2])}
    for number, (command, pattern) in enumerate(steps):
        if number not in answers:
            yield f"({command}) was not reached"
        elif pattern and not re.search(pattern, answers[number]):
            yield f"({command}) did not answer /{pattern}/"


def check_end(debuggee, scenario):
    wanted = -scenario["signal"] if "signal" in scenario else scenario["status"]
    if scenario.get("kill"):
        wanted = -signal.SIGKILL
    try:
        status = debuggee.process.wait(TIMEOUT)
    except subprocess.TimeoutExpired:
        debuggee.process.kill()
        yield "the program did not end"
        return
    if status != wanted:
        yield f"the program's status was {status}, not {wanted}: {debuggee.process.stderr.read()}"
    if "output" in scenario and not debuggee.wait_for(scenario["output"]):
        yield f"the program did not print '{scenario['output']}'"


def main():
    vitrine, gdb, source, program, name = sys.argv[1:6]
    transport = sys.argv[6] if len(sys.argv) > 6 else "unix"
    scenario = dict(SCENARIOS[name])
    guest = GUESTS[Path(vitrine).name]
    scenario["steps"] = [(substitute(command, Path(source), guest), pattern and substitute(pattern, Path(source), guest))
                         for command, pattern in scenario["steps"]]
    with tempfile.TemporaryDirectory() as folder:
        debuggee = Debuggee(vitrine, program, scenario.get("part", name), transport, folder)
        try:
            output = run_gdb(gdb, program, debuggee, scenario)
            wrong = list(check_steps(output, scenario["steps"])) + list(check_end(debuggee, scenario))
        finally:
            debuggee.process.kill()
    if wrong:
        print(output)
        print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
