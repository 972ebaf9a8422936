#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Arm's virt board has that others have not: its interrupt controllers, levels, power button and firmware."""

import gzip
import re
import time
from pathlib import Path

import vm

NET = ("-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0")
CODE, VARS = (Path("/usr/share/AAVMF", name) for name in ("AAVMF_CODE.fd", "AAVMF_VARS.fd"))


class Machine(vm.VmTest):
    def check_interrupts(self, machine_type, *args, messages, controller):
        """Interrupts of the CPUs' own, of the board and of PCI devices come; all CPUs are there."""
        machine = self.start_linux(*NET, *args, command=[vm.VITRINE, "-machine", machine_type])
        cpus = int(machine.shell("grep -c ^processor /proc/cpuinfo"))
        machine.shell("modprobe virtio_net; ip link set eth0 up")
        self.assertIn("lease of 10.0.2.15 obtained", machine.shell("udhcpc -i eth0 -n -q 2>&1", 60))
        interrupts = machine.shell("cat /proc/interrupts")
        timer = re.search(r"^ *\d+:((?: +\d+)+) +(\S+) .*arch_timer", interrupts, re.MULTILINE)
        self.assertEqual(timer[2], controller)
        self.assertTrue(all(int(n) > 0 for n in timer[1].split()), interrupts)
        self.assertEqual(len(timer[1].split()), cpus)
        self.assertRegex(interrupts, rf"{messages}.*virtio")
        machine.send("poweroff -f\n")
        self.assertEqual(machine.wait(), 0)
        return cpus

    def test_gicv2(self):
        self.assertEqual(self.check_interrupts("virt", "-smp", "8", "-cpu", "cortex-a53", messages="MSI", controller="GIC-0"), 8)

    def test_gicv3(self):
        self.assertEqual(self.check_interrupts("virt,gic-version=3", "-smp", "10", "-cpu", "max", messages="ITS-",
                                               controller="GICv3"), 10)

    def test_gicv3_without_its(self):
        self.check_interrupts("virt,gic-version=3,its=off", "-cpu", "neoverse-n1", messages="GICv3", controller="GICv3")

    def test_low_memory(self):
        """Nothing above 4 GiB."""
        self.check_interrupts("virt,highmem=off", "-cpu", "cortex-a72", messages="MSI", controller="GIC-0")

    def test_hypervisor(self):
        """Linux starts at EL2, and offers KVM."""
        for version in "2", "3":
            machine = self.start_linux("-cpu", "max", append="loglevel=7", name=f"vm{version}",
                                       command=[vm.VITRINE, "-machine", f"virt,virtualization=on,gic-version={version}"])
            self.assertRegex(machine.shell("dmesg"), r"CPU: All CPU\(s\) started at EL2")
            self.assertRegex(machine.shell("dmesg"), r"kvm \[1\]: (Hyp|VHE) mode initialized")
            machine.end()

    def test_power_button(self):
        """A key on a pin of the GPIO controller."""
        machine = self.start_linux()
        machine.shell("modprobe gpio_keys; modprobe evdev; true")
        devices = machine.shell("cat /proc/bus/input/devices")
        self.assertIn("KEY=10000000000000 0", devices)  # bit 116, KEY_POWER, alone
        event = re.search(r"gpio-keys.*?Handlers=.*?(event\d+)", devices, re.DOTALL)
        machine.shell(f"(dd if=/dev/input/{event[1]} of=/event bs=24 count=2 2>/dev/null; echo pressed) & true")
        time.sleep(0.5)
        machine.qmp.run("system_powerdown")
        machine.expect("pressed$", 20)
        # Two of struct input_event, for the press.
        self.assertEqual(machine.shell("wc -c </event").strip(), "48")

    def test_clock(self):
        machine = self.start_linux("-rtc", "base=2001-02-03T04:05:06")
        self.assertRegex(machine.shell("dmesg | grep rtc-pl031; date -u"), r"Feb +3 04:05:\d\d .*2001")

    def test_tree_and_compressed_kernel(self):
        """A device tree of the user's, and an Image that gzip has packed."""
        status, text = self.run_briefly("-machine", "virt,dumpdtb=virt.dtb", "-m", "512")
        self.assertEqual((status, text), (0, ""))
        packed = self.dir / "linux.gz"
        packed.write_bytes(gzip.compress(vm.KERNEL.read_bytes(), 1))
        machine = self.start("-m", "512", "-dtb", "virt.dtb", "-kernel", packed, "-initrd", vm.INITRD, "-append",
                             "console=ttyAMA0 quiet rdinit=/bin/sh")
        self.enter_shell(machine)
        self.assertIn("rdinit", machine.shell("cat /proc/cmdline"))


class Options(vm.VmTest):
    def refused(self, message, *args):
        status, text = self.run_briefly("-nographic", "-nodefaults", *args)
        self.assertEqual(status, 1)
        self.assertIn(message, text)

    def test_refused(self):
        self.refused("use -machine virt,gic-version=3", "-smp", "9")
        self.refused("none of 2, 3, max", "-machine", "virt,gic-version=4")
        self.refused("leave highmem=off out", "-machine", "virt,highmem=off", "-m", "4G")
        self.refused("what this CPU can address", "-cpu", "cortex-a53", "-m", "1T")
        self.refused("123 CPUs", "-machine", "virt,gic-version=3,highmem-redists=off", "-smp", "124")
        self.refused("secure state", "-machine", "virt,secure=on", "-kernel", vm.KERNEL)
        self.refused("nothing to start", "-bios", "none")
        self.refused("leave one of them out", "-bios", CODE, "-drive", f"if=pflash,file={CODE},format=raw,readonly=on")
        large = self.image("large.fd", (64 << 20) + 1)
        self.refused("larger than the flash", "-bios", large)
        self.refused("has no option 'gic'", "-machine", "virt,gic=3")

    def test_help(self):
        status, text = self.run_briefly("-machine", "virt,help")
        self.assertEqual(status, 0)
        self.assertIn("gic-version=2|3|max", text)
        status, text = self.run_briefly("-cpu", "help")
        self.assertIn("default of -machine virt: cortex-a57", text)

    def test_device_tree(self):
        tree = self.dir / "virt.dtb"
        status, _ = self.run_briefly("-machine", f"virt,gic-version=3,dumpdtb={tree}", "-smp", "130", "-m", "1G")
        self.assertEqual(status, 0)
        data = tree.read_bytes()
        for word in (b"linux,dummy-virt", b"arm,gic-v3-its", b"arm,psci-1.0", b"gpio-keys", b"arm,cortex-a57"):
            self.assertIn(word, data)


class Efi(vm.VmTest):
    """Debian's EDK2."""

    def shell_prompt(self, machine):
        machine.expect(r"Shell> ", 120)

    def command(self, machine, line, timeout=30):
        start = machine.seen
        machine.send(line + "\r")
        match = machine.expect(r"^.*Shell> ", timeout)
        return machine.text[start:match.start()]

    def test_by_itself(self):
        """What starts when nothing is said: the firmware's own shell, where there is nothing to boot."""
        vm.require(CODE)
        machine = self.start("-m", "256", "-net", "none")
        self.shell_prompt(machine)
        self.assertIn("Not Found", self.command(machine, "map -r"))
        machine.send("reset -s\r")
        self.assertEqual(machine.wait(60), 0)

    def test_variables(self):
        """They outlive the machine, in the second flash bank."""
        vm.require(CODE, VARS)
        variables = self.dir / "vars.fd"
        variables.write_bytes(VARS.read_bytes())
        flash = ("-drive", f"if=pflash,file={CODE},format=raw,readonly=on", "-drive",
                 f"if=pflash,file={variables},format=raw", "-net", "none", "-m", "256")
        machine = self.start(*flash)
        self.shell_prompt(machine)
        self.command(machine, "setvar VitrineTest -guid 12345678-1234-1234-1234-123456789abc -bs -nv =0x2a")
        machine.send("reset -s\r")
        self.assertEqual(machine.wait(60), 0)
        machine = self.start(*flash, name="second")
        self.shell_prompt(machine)
        self.assertIn("2A", self.command(machine, "setvar VitrineTest -guid 12345678-1234-1234-1234-123456789abc"))
        machine.qmp.run("quit")

    def test_saved(self):
        """Flash that no drive has is part of the saved machine."""
        vm.require(CODE)
        args = ("-m", "256", "-net", "none", "-device", "virtio-rng-pci")
        options = {"command": [vm.VITRINE, "-machine", "virt,gic-version=3"]}
        machine = self.start(*args, **options)
        self.shell_prompt(machine)
        machine.save(self.dir / "saved")
        machine.end()
        machine = self.start(*args, "-incoming", f"file:{self.dir}/saved", name="second", **options)
        machine.send("\r")
        self.shell_prompt(machine)
        self.assertIn("UEFI", self.command(machine, "ver"))
        machine.send("reset\r")
        self.shell_prompt(machine)

    def test_kernel(self):
        """A kernel and its arguments that firmware is to start."""
        vm.require(CODE)
        machine = self.start("-m", "1G", "-bios", "default", "-net", "none", "-kernel", vm.KERNEL, "-initrd", vm.INITRD,
                             "-append", "console=ttyAMA0 quiet rdinit=/bin/sh")
        self.enter_shell(machine)
        self.assertIn("rdinit=/bin/sh", machine.shell("cat /proc/cmdline"))
        machine.shell("test -d /sys/firmware/efi")


vm.require(vm.KERNEL, vm.INITRD)
vm.main()
