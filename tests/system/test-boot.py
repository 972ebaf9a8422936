#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's kernel and installer, OpenSBI, U-Boot and EDK2, unmodified, from their packages."""

import contextlib
import hashlib
import random
import re
import time
import unittest
import zlib
from pathlib import Path

import vm

UBOOT = Path("/usr/lib/u-boot", {"aarch64": "qemu_arm64", "riscv64": "qemu-riscv64"}[vm.GUEST], "u-boot.bin")
UBOOT_SMODE = Path("/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf")
NET = ("-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0")


class InstallerTest(vm.VmTest):
    def start_installer(self, append):
        return self.start("-m", "1024", "-smp", "2", "-kernel", vm.KERNEL, "-initrd", vm.INITRD, "-append",
                          f"console={vm.CONSOLE} {append}", *NET)


class Installer(InstallerTest):
    def test_first_question(self):
        """The newt screens, in the terminal multiplexer that the installer starts on a serial line."""
        machine = self.start_installer("")
        machine.expect_firmware()
        machine.expect(r"Linux version \d", 20)
        machine.expect(r"Select a language", 90)
        machine.expect(r"Choose the language|English", 20)
        machine.send(b"\x012")
        machine.expect(r"2\*shell", 20)
        machine.expect(r"BusyBox v", 20)
        self.type_until(machine, "grep -c ^processor /proc/cpuinfo; grep MemTotal /proc/meminfo\n",
                        lambda: machine.expect(r"^2[\s\b]+MemTotal: +9\d{5} kB", 5))  # it moves the cursor back, too
        status = []
        self.type_until(machine, "poweroff\n", lambda: status.append(machine.wait(5)))
        self.assertEqual(status, [0])

    def type_until(self, machine, text, seen):
        """The installer's shell asks its terminal where the cursor is, and loses what is typed before the answer, as
        it does under QEMU: so the line is typed again."""
        for _ in range(6):
            machine.send(text)
            with contextlib.suppress(AssertionError):
                seen()
                return
        self.fail(f"typing {text!r} has no effect:\n{machine.text[-1000:]}")


class Frontend(InstallerTest):
    def test_text_frontend(self):
        """Language, country and keyboard answered in the text front end, until it asks what needs a network."""
        machine = self.start_installer("DEBIAN_FRONTEND=text locale=en_US.UTF-8 keymap=us hostname=vm domain=")
        machine.expect(r"Configuring the network with DHCP", 200)
        machine.expect(r"Debian archive mirror country", 60)


class Linux(vm.VmTest):
    def test_shell(self):
        """Two processors, network by DHCP, and files from and to the host."""
        served = self.dir / "www"
        served.mkdir()
        content = random.Random(1).randbytes(3_000_001)
        (served / "file").write_bytes(content)
        server = vm.WebServer(served)
        self.addCleanup(server.close)
        machine = self.start_linux("-smp", "2", *NET)
        self.assertEqual(machine.shell("grep -c ^processor /proc/cpuinfo"), "2")
        features = {"aarch64": "fp asimd", "riscv64": "rv64imafdc"}
        self.assertIn(features[vm.GUEST], machine.shell("cat /proc/cpuinfo"))
        machine.shell("modprobe virtio_net; ip link set eth0 up")
        self.assertIn("lease of 10.0.2.15 obtained", machine.shell("udhcpc -i eth0 -n -q 2>&1", 60))
        machine.shell(f"wget -q -O /file http://10.0.2.2:{server.port}/file", 60)
        self.assertIn(hashlib.sha256(content).hexdigest(), machine.shell("sha256sum /file", 60))
        self.assertNotIn("BUG", machine.shell("dmesg"))
        machine.send("poweroff -f\n")
        self.assertEqual(machine.wait(), 0)

    def test_load_on_all_processors(self):
        """Computation moves between four processors, and everybody gets the same result."""
        machine = self.start_linux("-smp", "4")
        self.assertEqual(machine.shell("grep -c ^processor /proc/cpuinfo"), "4")
        out = machine.shell("for i in 1 2 3 4 5 6 7 8; do dd if=/dev/zero bs=64k count=64 2>/dev/null | sha256sum & "
                            "done; wait", 90)
        expected = hashlib.sha256(bytes(4 << 20)).hexdigest()
        self.assertEqual(out.count(expected), 8, out)
        interrupts = machine.shell("cat /proc/interrupts")
        timers = re.search(r"^ *\d+:((?: +\d+){4}).*timer", interrupts, re.MULTILINE)
        self.assertTrue(timers and all(int(n) > 0 for n in timers[1].split()), interrupts)

    def test_time(self):
        """A second of the guest's is one of the host's, and the clock of the board shows the date."""
        machine = self.start_linux()
        before = time.time()
        date = int(machine.shell("date +%s"))
        self.assertTrue(before - 3 < date < time.time() + 3, date - before)
        begun = time.monotonic()
        out = machine.shell("cut -d' ' -f1 /proc/uptime; sleep 3; cut -d' ' -f1 /proc/uptime").split("\n")
        took = time.monotonic() - begun
        slept = float(out[-1]) - float(out[-2])
        self.assertGreaterEqual(slept, 2.99)
        self.assertLessEqual(slept, took + 0.1)

    def test_idle(self):
        """A guest that waits for somebody to type needs no processor."""
        machine = self.start_linux("-smp", "2")
        machine.shell("echo ready")
        # The kernel goes on initialising for a while behind the shell, and its few ticks a second have their price
        # where they are interpreted, or compiled again and again.
        limit = 0.5 if vm.FORCED else 0.05
        end = time.monotonic() + 60 * vm.PATIENCE
        while True:
            before = machine.cpu_seconds()
            time.sleep(5)
            used = machine.cpu_seconds() - before
            if used < limit or time.monotonic() > end:
                break
        self.assertLess(used, limit, f"{used:.2f} s of processor time in 5 s of idling")
        self.assertEqual(machine.shell("echo awake"), "awake")


class Power(vm.VmTest):
    def test_reboot(self):
        machine = self.start_linux()
        machine.shell("touch /mark")
        machine.send("reboot -f\n")
        machine.expect_firmware()
        self.enter_shell(machine)
        self.assertEqual(machine.shell("test -e /mark || echo gone"), "gone")
        machine.qmp.event("RESET", 5)
        machine.send("poweroff -f\n")
        self.assertEqual(machine.wait(), 0)

    def test_no_reboot(self):
        machine = self.start_linux("-no-reboot")
        machine.send("reboot -f\n")
        self.assertEqual(machine.wait(), 0)
        self.assertEqual(machine.text.count(vm.FIRMWARE or "~ # "), 1)

    def test_no_shutdown(self):
        machine = self.start_linux("-no-shutdown")
        machine.send("poweroff -f\n")
        machine.qmp.event("SHUTDOWN")
        self.assertEqual(machine.qmp.run("query-status")["status"], "shutdown")
        machine.qmp.run("system_reset")
        machine.qmp.run("cont")
        machine.expect_firmware()
        machine.qmp.run("quit")
        self.assertEqual(machine.wait(), 0)


class UBoot(vm.VmTest):
    def setUp(self):
        super().setUp()
        vm.require(UBOOT)

    def prompt(self, machine):
        machine.expect(r"Hit any key", 60)
        machine.send("\n")
        machine.expect(r"=> ", 30)

    def command(self, machine, line, timeout=30):
        start = machine.seen
        machine.send(line + "\n")
        match = machine.expect(r"^=> ", timeout)
        return machine.text[start:match.start()]

    def check_disk(self, *args):
        """Reads and writes of a virtio disk, at its ends and in the middle."""
        noise = random.Random(2).randbytes(64 * 512)
        image = self.image("disk.img", 33 << 20, noise)
        machine = self.start("-m", "256", *args, "-drive", f"file={image},format=raw,if=virtio")
        self.prompt(machine)
        out = self.command(machine, "virtio scan; virtio info; virtio part")
        self.assertRegex(out, r"Capacity: 33\.0 MB = 0\.0 GB \(67584 x 512\)")
        last = (33 << 20) // 512 - 64
        ram = {"aarch64": "44000000", "riscv64": "84000000"}[vm.GUEST]
        out = self.command(machine, f"virtio read {ram} 0 40; crc32 {ram} 8000; virtio write {ram} {last:x} 40")
        self.assertIn(f"==> {zlib.crc32(noise):08x}", out)
        self.assertIn("64 blocks written: OK", out)
        self.assertIn("ERROR", self.command(machine, f"virtio write {ram} {last + 1:x} 40"))
        machine.qmp.run("quit")
        self.assertEqual(machine.wait(), 0)
        data = image.read_bytes()
        self.assertEqual(len(data), 33 << 20)
        self.assertEqual(data[last * 512:], noise)
        self.assertEqual(data.count(0, 64 * 512, last * 512), (last - 64) * 512)

    def test_disk(self):
        """In machine mode on RISC-V."""
        self.check_disk("-bios", UBOOT)

    @unittest.skipUnless(vm.GUEST == "riscv64", "RISC-V's")
    def test_supervisor_mode(self):
        """Under OpenSBI."""
        vm.require(UBOOT_SMODE)
        self.check_disk("-kernel", UBOOT_SMODE)

    def test_reset(self):
        machine = self.start("-m", "256", "-bios", UBOOT)
        self.prompt(machine)
        machine.send("reset\n")
        self.prompt(machine)
        machine.send("poweroff\n")
        self.assertEqual(machine.wait(), 0)


vm.require(vm.KERNEL, vm.INITRD)
vm.main()
