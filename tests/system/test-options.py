#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: what is refused and how, what is printed, and options that do something by themselves."""

import os
import signal
import struct
import time
from pathlib import Path

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
                (["-machine", "virt,acclin=on"], ["'acclin'", "did you mean 'aclint'"]),
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
                (["-object", "iothraed,id=i"], ["iothraed", "'iothread'"])):
            with self.subTest(args=args):
                self.check_refused(*args, says=says)

    def test_nonsense_is_like_nothing(self):
        for args in (["-frobnicate"], ["-machine", "pc"], ["-machine", "virt,xyzzy=1"], ["-device", "e1000"],
                     ["-device", "virtio-rng-pci,xyzzy=1"], ["-netdev", "bridge,id=n"], ["-serial", "udp:1"],
                     ["-drive", "file=x,xyzzy=1"], ["-object", "secret,id=s"], ["-drive", "file=x,format=vmdk"]):
            with self.subTest(args=args):
                status, text = self.run_briefly(*QUIET, *args)
                self.assertEqual(status, 1, text)
                self.assertNotIn("did you mean", text)
                self.assertNotIn("null)", text)

    def test_options_of_qemu_that_are_not_here(self):
        for args, says in ((["-vga", "std"], "virtio-gpu-pci"), (["-usb"], "no USB"), (["-enable-kvm"], "translated"),
                           (["-loadvm", "x"], "-incoming"), (["-global", "a.b=c"], "-device"),
                           (["-net", "user"], "-nic"), (["-serial", "telnet:localhost:1"], "socat"),
                           (["-rtc", "driftfix=slew"], "driftfix"), (["-incoming", "exec:cat x"], "file:PATH")):
            with self.subTest(args=args):
                self.check_refused(*args, says=says)

    def test_contradictions(self):
        a, b = self.image("a", 1 << 20), self.image("b", 1 << 20)
        fifo = self.dir / "fifo"
        os.mkfifo(fifo)
        for args, says in (
                (["-kernel", a, "-kernel", b], "was said before"),
                (["-machine", f"virt,kernel={a}", "-kernel", b], "was said before"),
                (["-m", "64", "-m", "128"], "said before"),
                (["-s", "-gdb", "tcp::1"], "was said before"),
                (["-drive", f"file={a},format=raw,if=none,id=x"], ["'x'", "-device virtio-blk-pci,drive=x"]),
                (["-drive", f"file={a},format=raw,id=x", "-drive", f"file={b},format=raw,id=x"], "two drives 'x'"),
                (["-drive", f"file={a},format=raw", "-drive", f"file={a},format=raw"], "in use"),
                (["-drive", f"file={a},format=raw,index=1", "-drive", f"file={b},format=raw,index=1"], "index=1"),
                (["-drive", f"file={a},format=raw,if=none,id=x", "-device", "virtio-blk-pci,drive=x", "-device",
                  "virtio-blk-pci,drive=x"], ["'x'", "in use"]),
                (["-drive", f"file={self.dir},format=raw"], [f"-drive file={self.dir}", "directory"]),
                (["-drive", f"file={a},format=raw,if=ide"], "if=virtio"),
                (["-kernel", self.dir], "not a regular file"),
                (["-netdev", "user,id=n", "-netdev", "user,id=n"], "'n'"),
                (["-netdev", "user"], "id"),
                (["-nic", "user,model=e1000"], "model=e1000"),
                (["-chardev", "null,id=c", "-chardev", "null,id=c"], "'c' already"),
                (["-serial", "null", "-serial", "null"], "1 serial port"),
                (["-serial", "stdio", "-chardev", "stdio,id=c"], "standard input is in use"),
                (["-object", "rng-builtin,id=o", "-object", "iothread,id=o"], "id 'o'"),
                (["-object", f"rng-random,id=o,filename={a}"], "character device"),
                (["-object", "rng-random"], "id"),
                (["-device", "virtio-rng-pci,rng=o"], "-object"),
                (["-device", "virtio-rng-pci,id=o", "-device", "virtio-rng-pci,id=o"], "'o'"),
                (["-smp", "0"], "at least one"),
                (["-smp", "600"], "512"),
                (["-smp", "4,maxcpus=2"], "maxcpus"),
                (["-smp", "3,cores=2"], "cores=2"),
                (["-m", "0"], "-m 2048"),
                (["-cpu", ""], "says nothing"),
                (["-daemonize", "-serial", "stdio"], "-daemonize"),
                (["-pidfile", "/nonexistent/pid"], "-pidfile /nonexistent/pid"),
                (["-d", "strace"], "'strace'"),
                (["-d", "trace:"], "pattern"),
                (["-boot", "order=cc"], "once"),
                (["-boot", "once=x"], "once=x"),
                (["-semihosting-config", "chardev=c"], ["'c'", "-chardev"]),
                (["-semihosting-config", "target=gdb"], "native"),
                (["-device", "loader"], ["file=", "addr="]),
                (["-device", f"loader,file={a},force-raw=on"], "addr="),
                (["-device", f"loader,file={a},addr=0x81000000,cpu-num=1"], "1 CPUs"),
                (["-device", f"loader,file={a},addr=0x70000000"], "RAM"),
                (["-device", f"loader,file={a},adr=1"], "'addr'"),
                (["-device", "loader,file=/nonexistent,addr=0x81000000"], "/nonexistent"),
                (["-device", f"loader,file={a},addr=0x81000000", "-device", f"loader,file={b},addr=0x81000800"],
                 "overlaps")):
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
        self.check_prints("-device", "loader,help", has=["cpu-num=", "force-raw="])
        self.check_prints("-accel", "help", has=["tcg"])
        self.check_prints("-d", "help", has=["in_asm", "trace:"])
        self.assertNotIn("strace", self.run_briefly("-d", "help")[1])
        self.check_prints("-device", "virtio-rng,help", has=["virtio-rng-pci options", "rng=", "-object"])
        self.check_prints("-machine", "virt,help", has=["aia=", "dumpdtb=", "pflash0="])
        self.check_prints("-netdev", "help", has=["user\n", "tap\n", "stream\n"])
        self.check_prints("-nic", "help", has=["user\n"])
        self.check_prints("-chardev", "help", has=["stdio\n", "socket\n", "ringbuf\n"])
        self.check_prints("-serial", "help", has=["stdio\n"])
        self.check_prints("-object", "help", has=["iothread,", "rng-random,", "rng-builtin,"])
        self.check_prints("-drive", "help", has=["cache=writeback|none|", "if=virtio|", "werror=report|", "index=<num>"])
        self.check_prints("-blockdev", "help", has=["node-name=", "file.filename=", "cache.direct=on|off"])
        self.check_prints("-display", "help", has=["none"])
        self.check_prints("-h", has=["-daemonize", "Consoles"])

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

    def test_daemonize(self):
        """The command ends when QMP can be talked to."""
        path = self.dir / "d.qmp"
        status, text = self.run_briefly(*QUIET, "-m", "64", "-serial", "file:out.txt", "-daemonize", "-pidfile", "pid",
                                        "-name", "guest=fridolin,process=vmproc", "-qmp",
                                        f"unix:{path},server=on,wait=off")
        self.assertEqual((status, text), (0, ""))
        pid = int((self.dir / "pid").read_text())
        self.assertEqual(Path(f"/proc/{pid}/comm").read_text(), "vmproc\n")
        qmp = vm.Qmp(path)
        self.addCleanup(qmp.close)
        self.assertEqual(qmp.run("query-name"), {"name": "fridolin"})
        qmp.run("quit")
        end = time.monotonic() + 20 * vm.PATIENCE
        while (self.dir / "pid").exists():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        status, text = self.run_briefly(*QUIET, "-daemonize", "-serial", "none", "-kernel", "/nonexistent")
        self.assertEqual(status, 1)
        self.assertIn("/nonexistent", text)

    def test_clock_of_the_machine(self):
        machine = self.start_linux("-rtc", "base=2001-02-03T04:05:06,clock=vm")
        date = "cat /sys/class/rtc/rtc0/since_epoch"
        before = int(machine.shell(date))
        self.assertLess(abs(before - 981173106), 60)
        machine.qmp.run("stop")
        time.sleep(4)
        machine.qmp.run("cont")
        self.assertLess(int(machine.shell(date)) - before, 3)

    def test_random_numbers_from_a_fifo(self):
        fifo = self.dir / "fifo"
        os.mkfifo(fifo)
        machine = self.start_linux("-object", f"rng-random,id=r,filename={fifo}", "-device", "virtio-rng-pci,rng=r")
        machine.shell("modprobe virtio-rng")
        machine.send("dd if=/dev/hwrng bs=16 count=1 2>/dev/null; echo ' end'\n")
        time.sleep(1)
        machine.pump(0)
        self.assertNotIn("ZZZZ", machine.text)
        with open(fifo, "wb") as source:
            source.write(b"Z" * 4096)
        machine.expect("^Z{16} end$")

    def test_used_once_and_later(self):
        image = self.image("a", 1 << 20)
        machine = self.idle_machine("-blockdev", f"driver=raw,node-name=n,file.filename={image}", "-netdev", "user,id=m")
        machine.expect("OpenSBI v")
        self.assertIn("'n'", machine.complaints())
        self.assertIn("'m'", machine.complaints())

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
