#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ACPI and SMBIOS of Arm's virt board: EDK2 installs the tables, and Linux has nothing else to go by."""

import re
import time

import vm

CODE = "/usr/share/AAVMF/AAVMF_CODE.fd"
NET = ("-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0")


class Acpi(vm.VmTest):
    def boot(self, machine_type, *args, append="", name="vm"):
        machine = self.start("-m", "1G", "-bios", "default", "-kernel", vm.KERNEL, "-initrd", vm.INITRD, "-append",
                             f"console=ttyAMA0 quiet rdinit=/bin/sh {append}", *args, name=name,
                             command=[vm.VITRINE, "-machine", machine_type])
        self.enter_shell(machine)
        return machine

    def check(self, machine, interrupt):
        """Devices, an interrupt of one on PCI, the button, the end."""
        log = machine.shell("dmesg")
        self.assertIn("psci: probing for conduit method from ACPI", log)
        self.assertNotRegex(log, r"ACPI (BIOS )?(Error|Warning)|AE_[A-Z]|WARNING")
        machine.shell("modprobe virtio_net; modprobe button; modprobe evdev; ip link set eth0 up")
        self.assertIn("lease of 10.0.2.15 obtained", machine.shell("udhcpc -i eth0 -n -q 2>&1", 60))
        self.assertRegex(machine.shell("cat /proc/interrupts"), interrupt)
        devices = machine.shell("cat /proc/bus/input/devices")
        event = re.search(r"PNP0C0C.*?Handlers=.*?(event\d+)", devices, re.DOTALL)
        machine.shell(f"(dd if=/dev/input/{event[1]} of=/event bs=24 count=1 2>/dev/null; echo pressed) & true")
        time.sleep(0.5)
        for press in 1, 2:
            machine.qmp.run("system_powerdown")
            if press == 1:
                machine.expect("pressed$", 20)
            time.sleep(0.5)
            self.assertRegex(machine.shell("grep Ged /proc/interrupts"), rf": +{press} ")
        machine.send("poweroff -f\n")
        self.assertEqual(machine.wait(), 0)

    def test_gicv2(self):
        machine = self.boot("virt", "-smp", "4,sockets=2,cores=1,threads=2", *NET)
        siblings = machine.shell("cat /sys/devices/system/cpu/cpu[03]/topology/core_cpus_list")
        self.assertEqual(siblings.split(), ["0-1", "2-3"])
        self.check(machine, r"GICv2m-PCI-MSIX.*virtio0-input")

    def test_gicv3(self):
        self.check(self.boot("virt,gic-version=3", "-smp", "2", *NET), r"ITS-PCI-MSIX.*virtio0-input")

    def test_interrupt_pins(self):
        machine = self.boot("virt,gic-version=3,its=off", *NET, append="pci=nomsi")
        self.check(machine, r"[1-9]\d* +GICv3 +3[5-8] Level +virtio0")

    def test_hypervisor(self):
        for version in "2", "3":
            machine = self.boot(f"virt,virtualization=on,gic-version={version}", append="loglevel=7", name=f"vm{version}")
            self.assertRegex(machine.shell("dmesg"), r"kvm \[1\]: vgic interrupt")
            machine.end()

    def test_off(self):
        machine = self.boot("virt,acpi=off")
        self.assertIn("psci: probing for conduit method from DT", machine.shell("dmesg"))
        self.assertEqual(machine.shell("ls /sys/firmware/acpi 2>/dev/null; true"), "")

    def test_smbios(self):
        machine = self.boot("virt", "-uuid", "33db4d5b-1ff7-401c-9657-7441c03dd766", "-smbios", "type=1,serial=S 1,sku=a,,b",
                            "-smbios", "type=3,asset=tag")
        facts = machine.shell("cd /sys/class/dmi/id; cat sys_vendor product_uuid product_serial product_sku chassis_asset_tag")
        self.assertEqual(facts.splitlines(), ["Vitrine", "33db4d5b-1ff7-401c-9657-7441c03dd766", "S 1", "a,b", "tag"])
        status, text = self.run_briefly("-nodefaults", "-smbios", "type=1,seral=1")
        self.assertEqual(status, 1)
        self.assertIn("serial", text)


vm.require(vm.KERNEL, vm.INITRD, CODE)
vm.main()
