#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: what is refused and how, what is printed, and options that do something by themselves."""

import os
import signal
import struct
import time

import vm

QUIET = ("-display", "none", "-monitor", "none")


class Options(vm.VmTest):
    def check_refused(self, *args, says):
        status, text = self.run_briefly(*QUIET, *args)
        self.assertEqual(status, 1, text)
        for part in [says] if isinstance(says, str) else says:
            self.assertIn(part, text)
        # One message, no trace of a crash.
        self.assertLessEqual(len(text.strip().splitlines()), 2, text)

    def test_refusals_name_the_nearest(self):
        for args, says in (
                (["-kernl", "x"], ["'-kernl'", "'-kernel'"]),
                (["-machine", "vrit"], ["'vrit'", "'virt'"]),
                (["-machine", "virt,acclk=on"], ["'acclk'", "did you mean"]),
                (["-cpu", "rv46"], ["'rv46'", "rv64"]),
                (["-cpu", "rv64,zbz=on"], ["'zbz'"]),
                (["-device", "virtio-net-pic"], ["'virtio-net-pic'", "'virtio-net-pci'"]),
                (["-device", "virtio-net-pci,netdv=1"], ["'netdv'", "'netdev'"]),
                (["-device", "virtio-net-pci,netdev=zz"], ["zz", "-netdev"]),
                (["-device", "virtio-blk-pci"], ["drive"]),
                (["-device", "virtio-blk-pci,drive=nothing"], ["nothing"]),
                (["-drive", "file=x,formt=raw"], ["'formt'", "'format'"]),
                (["-drive", "file=/nonexistent,format=raw"], ["/nonexistent", "No such file"]),
                (["-netdev", "usr,id=n"], ["'usr'", "'user'"]),
                (["-serial", "stdoi"], ["'stdoi'", "'stdio'"]),
                (["-chardev", "fiel,id=c,path=x"], ["'fiel'", "'file'"]),
                (["-accel", "kvm"], ["kvm", "tcg"]),
                (["-kernel", "/nonexistent"], ["/nonexistent", "No such file"]),
                (["-initrd", "/nonexistent"], ["nitrd"]),
                (["-bios", "/nonexistent"], ["/nonexistent"]),
                (["-d", "in_ams"], ["in_ams"]),
                (["-object", "iothraed,id=i"], ["iothraed", "iothread"])):
            with self.subTest(args=args):
                self.check_refused(*args, says=says)

    def test_bad_values(self):
        for args, says in (
                (["-smp", "4097"], "4097"),
                (["-smp", "two"], "two"),
                (["-smp", "-1"], "-1"),
                (["-m", "12Q"], "12Q"),
                (["-m", "1"], "memory"),
                (["-m", "99999999T"], "99999999T"),
                (["-uuid", "x"], "form"),
                (["-boot", "order=9"], "9"),
                (["-rtc", "base=tomorrow"], "tomorrow"),
                (["-fw_cfg", "name=opt/x"], "fw_cfg"),
                (["-incoming", "file:/etc/passwd"], "not a saved machine"),
                (["-m"], "-m needs an argument"),
                (["-display", "gtk"], "-nographic")):
            with self.subTest(args=args):
                self.check_refused(*args, says=says)

    def check_prints(self, *args, has):
        status, text = self.run_briefly(*args)
        self.assertEqual(status, 0, text)
        for part in has:
            self.assertIn(part, text)

    def test_help(self):
        self.check_prints("-help", has=["Usage:", "-kernel FILE", "-device", "-netdev"])
        self.check_prints("-version", has=["Vitrine"])
        self.check_prints("-machine", "help", has=["virt "])
        self.check_prints("-cpu", "help", has=["rv64", "max"])
        self.check_prints("-device", "help", has=['"virtio-blk-pci"', '"virtio-net-pci"'])
        self.check_prints("-device", "virtio-net-pci,help", has=["mac", "netdev"])
        self.check_prints("-accel", "help", has=["tcg"])
        self.check_prints("-d", "help", has=["in_asm", "trace:"])

    def test_dumpdtb(self):
        dtb = self.dir / "virt.dtb"
        status, text = self.run_briefly("-machine", f"virt,dumpdtb={dtb}", "-smp", "3", "-m", "96", "-display", "none")
        self.assertEqual((status, text.strip()), (0, ""))
        data = dtb.read_bytes()
        self.assertEqual(struct.unpack(">I", data[:4])[0], 0xd00dfeed)
        for word in (b"riscv-virtio", b"cpu@2", b"plic", b"ns16550a", b"pci-host-ecam-generic", b"sifive,test"):
            self.assertIn(word, data)
        self.assertNotIn(b"cpu@3", data)


class Files(vm.VmTest):
    def idle_machine(self, *args, **options):
        """Firmware alone, which soon waits."""
        return self.start("-m", "64", *args, **options)

    def test_pidfile(self):
        machine = self.idle_machine("-pidfile", "pid")
        self.assertEqual(int((self.dir / "pid").read_text()), machine.process.pid)
        machine.qmp.run("quit")
        self.assertEqual(machine.wait(), 0)
        self.assertFalse((self.dir / "pid").exists())

    def test_signals_end_it(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            machine = self.idle_machine()
            machine.expect("OpenSBI")
            machine.process.send_signal(number)
            self.assertEqual(machine.wait(), 0)

    def test_paused_until_cont(self):
        machine = self.idle_machine("-S")
        self.assertEqual(machine.qmp.run("query-status"), {"running": False, "status": "prelaunch"})
        time.sleep(0.5)
        machine.pump(0)
        self.assertEqual(machine.text, "")
        machine.qmp.run("cont")
        machine.expect("OpenSBI v")
        self.assertEqual(machine.qmp.run("query-status")["status"], "running")

    def test_image_in_use(self):
        image = self.image("disk.img", 1 << 20)
        drive = f"file={image},format=raw,if=virtio"
        first = self.idle_machine("-drive", drive)
        status, text = self.run_briefly(*QUIET, "-drive", drive)
        self.assertEqual(status, 1)
        self.assertIn("in use", text)
        first.qmp.run("quit")
        first.wait()
        second = self.idle_machine("-drive", drive)
        second.expect("OpenSBI v")

    def test_snapshot_leaves_the_image(self):
        vm.require("/usr/lib/u-boot/qemu-riscv64/u-boot.bin")
        image = self.image("disk.img", 1 << 20, b"x" * 512)
        before = image.read_bytes()
        machine = self.start("-m", "128", "-bios", "/usr/lib/u-boot/qemu-riscv64/u-boot.bin", "-snapshot", "-drive",
                             f"file={image},format=raw,if=virtio")
        machine.expect("Hit any key", 60)
        machine.send("\n")
        machine.expect("=> ")
        machine.send("virtio scan; mw.b 84000000 5a 200; virtio write 84000000 0 1; virtio read 84001000 0 1\n")
        machine.expect("1 blocks written: OK")
        machine.expect("1 blocks read: OK")
        machine.send("md.b 84001000 4\n")
        machine.expect("5a 5a 5a 5a")
        machine.qmp.run("quit")
        machine.wait()
        self.assertEqual(image.read_bytes(), before)

    def test_serial_to_file_and_log(self):
        machine = self.idle_machine("-serial", "file:out.txt", "-D", "log.txt", "-d", "in_asm", console=False)
        end = time.monotonic() + 20 * vm.PATIENCE
        while time.monotonic() < end and b"OpenSBI v" not in (self.dir / "out.txt").read_bytes():
            time.sleep(0.05)
        self.assertIn(b"OpenSBI v", (self.dir / "out.txt").read_bytes())
        machine.qmp.run("quit")
        self.assertEqual(machine.wait(), 0)
        self.assertIn("80000000:", (self.dir / "log.txt").read_text().replace("0x", "")[:5000])

    def test_pty(self):
        """A serial port on a pseudo terminal, whose name is printed."""
        machine = self.start("-m", "64", "-serial", "pty", console=False)
        end = time.monotonic() + 10 * vm.PATIENCE
        while "/dev/pts/" not in machine.complaints():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        line = machine.complaints()
        name = "/dev/pts/" + line.split("/dev/pts/")[1].split()[0]
        tty = os.open(name, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, tty)
        terminal = vm.Console(tty, tty)
        time.sleep(1)  # until it is noticed that somebody listens
        machine.qmp.run("system_reset")
        terminal.expect("OpenSBI v", 20)


vm.main()
