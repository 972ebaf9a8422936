#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest that waits for its host: the machine can be stopped, started anew and ended meanwhile.

Usage: test-semihosting.py PROGRAM
"""

import socket
import sys
from pathlib import Path

import vm

PROGRAM = Path(sys.argv[1]).resolve()
LOAD = {"aarch64": "-kernel", "riscv64": "-bios"}[vm.GUEST]


class Waiting(vm.VmTest):
    def start_waiting(self):
        """The machine, and the console of the guest."""
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.dir / "console"))
        listener.listen()
        machine = self.start("-m", "128", "-cpu", "max", "-chardev", f"socket,id=c,path={self.dir / 'console'}",
                             "-semihosting-config", "chardev=c,arg=input", LOAD, PROGRAM)
        connection = listener.accept()[0]
        self.addCleanup(connection.close)
        console = vm.Console(connection.fileno(), connection.fileno())
        console.expect("^waiting$")
        return machine, console

    def test_stop_and_go_on(self):
        machine, console = self.start_waiting()
        console.send("12")
        machine.qmp.run("stop")
        self.assertEqual(machine.qmp.run("query-status")["status"], "paused")
        console.send("34")
        machine.qmp.run("cont")
        console.send("5678\n")
        self.assertEqual(machine.wait(), 42, machine.complaints())

    def test_reset(self):
        machine, console = self.start_waiting()
        machine.qmp.run("system_reset")
        console.expect("^waiting$")
        console.send("12345678\n")
        self.assertEqual(machine.wait(), 42, machine.complaints())

    def test_quit(self):
        machine, _ = self.start_waiting()
        machine.qmp.run("quit")
        self.assertEqual(machine.wait(20), 0, machine.complaints())


sys.argv[1:] = []
vm.main()
