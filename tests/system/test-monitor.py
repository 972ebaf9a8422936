#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The monitors of a running machine, and the keys of a console that is shared with one."""

import os
import pty
import re
import socket
import subprocess
import time

import vm


class Hmp(vm.VmTest):
    def test_questions(self):
        image = self.image("d.img", 3 << 20)
        machine = self.start_linux("-smp", "2", "-drive", f"file={image},format=raw,if=virtio,id=disk0", "-netdev",
                                   "user,id=net7", "-device", "virtio-net-pci,netdev=net7,id=card7,mac=52:54:00:aa:bb:cc")

        def hmp(line):
            return machine.qmp.hmp(line).replace("\r", "")

        registers = hmp("info registers")
        for name in ("pc ", "x2 /sp", "f10/fa0", "mstatus", "satp", "mhartid"):
            self.assertIn(name, registers)
        self.assertIn("CPU#1", hmp("info registers -a"))
        for part in ("address-space: memory", "0000000080000000-", "plic", "uart", "fw"):
            self.assertIn(part, hmp("info mtree").lower())
        self.assertIn("FlatView", hmp("info mtree -f"))
        tree = hmp("info qtree")
        for part in ("ns16550a", "virtio-blk-pci", 'id "card7"', "52:54:00:aa:bb:cc"):
            self.assertIn(part, tree.lower())
        self.assertRegex(hmp("info block"), r"(?m)^disk0: .*d\.img \(raw\)\n    Attached to: .*\n    Cache mode: .*writeback$")
        self.assertRegex(hmp("info network"), r"(?m)^card7: index=0,type=nic,model=virtio-net-pci,macaddr=52:54:00:aa:bb:cc\n"
                                              r" \\ net7: index=0,type=user,net=10\.0\.2\.0")
        self.assertIn("CPU #1", hmp("info cpus"))
        self.assertIn("running", hmp("info status"))
        self.assertIn("1af4:1042", hmp("info pci"))
        self.assertIn("serial0: filename=stdio", hmp("info chardev"))
        self.assertRegex(hmp("info chardev"), r"(?m)^compat_monitor0: filename=unix:")
        self.assertRegex(hmp("help"), r"(?m)^.*migrate")
        self.assertIn("did you mean 'info'", hmp("infro status"))
        self.assertNotIn("did you mean", hmp("xyzzy"))
        self.assertIn("migrate file:PATH", hmp("savevm now"))

    def test_memory(self):
        machine = self.start_linux()
        hmp = machine.qmp.hmp
        machine.qmp.run("stop")
        # OpenSBI's first instructions stand where they were loaded.
        self.assertRegex(hmp("xp/2xw 0x80000000"), r"0000000080000000: 0x[0-9a-f]{8} 0x[0-9a-f]{8}")
        self.assertRegex(hmp("xp/3i 0x80000000"), r"(?m)^0x0*80000000: ")
        pc = int(re.search(r"pc +([0-9a-f]{16})", hmp("info registers"))[1], 16)
        code = hmp("x/4i $pc")
        self.assertIn(f"{pc:x}:", code)
        self.assertEqual(len(code.strip().splitlines()), 4)
        self.assertRegex(hmp("x/2gx $sp"), r"0x[0-9a-f]{16} 0x[0-9a-f]{16}")
        self.assertNotRegex(hmp("x/1xw 0x1234"), r": 0x[0-9a-f]{8}")
        hmp(f"memsave {pc:#x} 64 {self.dir}/code.bin")
        hmp(f"pmemsave 0x80000000 4096 {self.dir}/ram.bin")
        self.assertEqual((self.dir / "code.bin").stat().st_size, 64)
        self.assertEqual((self.dir / "ram.bin").stat().st_size, 4096)

    def test_stop_and_reset(self):
        machine = self.start_linux()
        machine.qmp.hmp("stop")
        self.assertIn("paused", machine.qmp.hmp("info status"))
        before = machine.cpu_seconds()
        machine.send("echo heard\n")
        time.sleep(1)
        machine.pump(0)
        self.assertNotIn("heard", machine.text[machine.seen:])
        self.assertLess(machine.cpu_seconds() - before, 0.1)
        machine.qmp.hmp("cont")
        machine.expect("^heard$")
        # The clock stood too.
        uptime = float(machine.shell("cut -d' ' -f1 /proc/uptime"))
        machine.qmp.hmp("stop")
        time.sleep(3)
        machine.qmp.hmp("cont")
        self.assertLess(float(machine.shell("cut -d' ' -f1 /proc/uptime")) - uptime, 2.5)
        machine.qmp.hmp("system_reset")
        machine.expect("OpenSBI v")
        self.enter_shell(machine)


class Qmp(vm.VmTest):
    def test_protocol(self):
        machine = self.start("-m", "64")
        qmp = machine.qmp
        self.assertIn("version", qmp.greeting)
        self.assertEqual(qmp.call("query-sttus")["error"]["class"], "CommandNotFound")
        self.assertIn("error", qmp.call("human-monitor-command"))
        self.assertIn("error", qmp.call("qmp_capabilities"))
        for garbage in (b"{]\n", b'{"execute": 5}\n', b'[1]\n', b'"text"\n', b'{"execute": "query-status", "x": 1}\n'):
            qmp.socket.sendall(garbage)
            self.assertIn("error", qmp.receive())
        qmp.socket.sendall(b'{"execute":"query-status","id":{"a":[1]}}{"execute":"query-name","id":2}')
        self.assertEqual(qmp.receive()["id"], {"a": [1]})
        self.assertEqual(qmp.receive()["id"], 2)
        qmp.run("stop")
        self.assertEqual(qmp.event("STOP")["event"], "STOP")
        qmp.run("cont")
        qmp.event("RESUME")
        qmp.run("system_reset")
        qmp.event("RESET")
        qmp.run("quit")
        self.assertEqual(machine.wait(), 0)

    def test_queries(self):
        machine = self.start("-m", "64", "-smp", "3", "-name", "fridolin", "-uuid",
                             "550e8400-e29b-41d4-a716-446655440000")
        qmp = machine.qmp
        self.assertEqual(qmp.run("query-name"), {"name": "fridolin"})
        self.assertEqual(qmp.run("query-uuid")["UUID"], "550e8400-e29b-41d4-a716-446655440000")
        self.assertEqual(len(qmp.run("query-cpus-fast")), 3)
        commands = [command["name"] for command in qmp.run("query-commands")]
        for name in ("qmp_capabilities", "query-status", "human-monitor-command", "screendump", "migrate-incoming"):
            self.assertIn(name, commands)
        self.assertEqual(qmp.run("query-target"), {"arch": "riscv64"})
        self.assertEqual(qmp.run("query-memory-size-summary")["base-memory"], 64 << 20)

    def test_incoming_later(self):
        first = self.start("-m", "64", name="a")
        first.expect("OpenSBI v")
        first.save(self.dir / "saved")
        second = self.start("-m", "64", "-incoming", "defer", name="b")
        self.assertEqual(second.qmp.run("query-status"), {"running": False, "status": "inmigrate"})
        self.assertIn("migrate_incoming", second.qmp.call("cont")["error"]["desc"])
        self.assertIn("No such file", second.qmp.call("migrate-incoming", uri=f"file:{self.dir}/none")["error"]["desc"])
        second.qmp.run("migrate-incoming", uri=f"file:{self.dir}/saved")
        self.assertEqual(second.qmp.run("query-status"), {"running": True, "status": "running"})
        self.assertIn("error", second.qmp.call("migrate-incoming", uri=f"file:{self.dir}/saved"))

    def test_pretty(self):
        self.start("-m", "64", "-chardev", "socket,id=p,path=p.sock,server=on,wait=off", "-mon",
                   "chardev=p,mode=control,pretty=on")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20 * vm.PATIENCE)
            client.connect(str(self.dir / "p.sock"))
            self.assertTrue(client.recv(4096).startswith(b'{\n  "QMP" : {\n'))

    def test_screendump(self):
        status, known = self.run_briefly("-device", "help")
        self.assertEqual(status, 0)
        if '"virtio-gpu-pci"' not in known:
            self.skipTest("this build has no virtio-gpu-pci")
        machine = self.start_linux("-device", "virtio-gpu-pci")
        machine.shell("modprobe virtio-gpu; sleep 1; test -e /dev/fb0 && cat /dev/zero | tr '\\0' '\\377' | "
                      "dd of=/dev/fb0 bs=4096 count=300 2>/dev/null; sleep 1", 60)
        machine.qmp.run("screendump", filename=str(self.dir / "screen.ppm"))
        data = (self.dir / "screen.ppm").read_bytes()
        header = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
        self.assertTrue(header, data[:20])
        width, height = int(header[1]), int(header[2])
        self.assertEqual(len(data) - header.end(), 3 * width * height)
        self.assertIn(b"\xff" * 3000, data)

    def test_disconnecting_clients(self):
        machine = self.start("-m", "64")
        for _ in range(5):
            machine.qmp.close()
            machine.qmp = vm.Qmp(machine.qmp_path)
        machine.qmp.run("quit")
        self.assertEqual(machine.wait(), 0)


class Keys(vm.VmTest):
    """-nographic: console and monitor take turns at a terminal."""

    def start_terminal(self, command=(vm.VITRINE, "-machine", "virt", "-m", "64", "-nographic")):
        """A program whose terminal is ours."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, cwd=self.dir,
                                   preexec_fn=lambda: os.login_tty(os.dup(slave)))
        os.close(slave)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, vm.Console(master, master)

    def test_monitor_behind_ctrl_a(self):
        process, terminal = self.start_terminal()
        terminal.expect("OpenSBI v")
        terminal.send(b"\x01h")
        terminal.expect(r"(?i)C-a")
        terminal.send(b"\x01c")
        terminal.expect(r"\) ")
        terminal.send("info status\r")
        terminal.expect("VM status: running")
        terminal.send("stop\r")
        terminal.send("info status\r")
        terminal.expect("VM status: paused")
        terminal.send("quit\r")
        self.assertEqual(process.wait(20), 0)

    def test_exit_key(self):
        process, terminal = self.start_terminal()
        terminal.expect("OpenSBI v")
        terminal.send(b"\x01x")
        self.assertEqual(process.wait(20), 0)

    def test_terminal_is_as_it_was(self):
        script = f"stty -a > before; '{vm.VITRINE}' -m 64 -nographic; stty -a > after"
        process, terminal = self.start_terminal(["sh", "-c", script])
        terminal.expect("OpenSBI v")
        terminal.send(b"\x01x")
        self.assertEqual(process.wait(20), 0)
        self.assertEqual((self.dir / "before").read_text(), (self.dir / "after").read_text())


vm.require(vm.KERNEL, vm.INITRD)
vm.main()
