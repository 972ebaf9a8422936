#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices behind root ports, as Debian's kernel finds and drives them, with interrupts by pin and by message."""

import vm


class Ports(vm.VmTest):
    def check(self, *args):
        machine = self.start_linux("-smp", "2", "-device", "pcie-root-port,id=rp0,chassis=1,slot=3", "-netdev",
                                   "user,id=n0", "-device", "virtio-net-pci,netdev=n0,bus=rp0,id=nic0", "-device",
                                   "pcie-root-port,id=rp1", *args)
        machine.shell("modprobe virtio_net; ip link set eth0 up")
        devices = machine.shell("ls -l /sys/bus/pci/devices /sys/bus/pci/drivers/pcieport")
        self.assertRegex(devices, r"0000:01:00\.0 -> .*/0000:00:01\.0/0000:01:00\.0")
        self.assertEqual(len(vm.re.findall(r"drivers/pcieport:|0000:00:0[12]\.0 -> \.\./\.\./\.\./\.\./", devices)), 3)
        self.assertEqual(machine.shell("cat /sys/bus/pci/devices/0000:01:00.0/current_link_speed"), "16.0 GT/s PCIe")
        self.assertIn("lease of 10.0.2.15", machine.shell("udhcpc -i eth0 -n -q 2>&1", 60))
        return machine, machine.shell("cat /proc/interrupts")

    def test_pins(self):
        machine, interrupts = self.check()
        self.assertRegex(interrupts, r"(?m)^ *\d+: +[1-9].*PLIC.*virtio0$")
        tree = machine.qmp.hmp("info pci").replace("\r", "")
        self.assertRegex(tree, r"Bus  1, device   0, function 0:\n    Class 0200: PCI device 1af4:1041")
        self.assertRegex(machine.qmp.hmp("info qtree"), r'(?s)pcie-root-port, id "rp0".*bus: rp0.*virtio-net-pci.*id "rp1"')
        ports = [function for function in machine.qmp.run("query-pci")[0]["devices"] if "pci_bridge" in function]
        self.assertEqual([port["pci_bridge"]["bus"]["secondary"] for port in ports], [1, 2])
        self.assertEqual(ports[0]["pci_bridge"]["devices"][0]["qdev_id"], "nic0")

    def test_messages(self):
        _, interrupts = self.check("-machine", "virt,aia=aplic-imsic")
        self.assertRegex(interrupts, r"(?m)^ *\d+: .*PCI-MSI-0000:00:01.0 +0 Edge +PCIe PME$")
        self.assertRegex(interrupts, r"(?m)^ *\d+: .*[1-9].*PCI-MSIX-0000:01:00.0 .*virtio0-input\.0$")

    def test_save(self):
        machine, _ = self.check()
        machine.save(self.dir / "saved")
        machine.end()
        args = ("-m", "512", "-smp", "2", "-kernel", vm.KERNEL, "-initrd", vm.INITRD, "-append",
                "console=ttyS0 quiet rdinit=/bin/sh", "-device", "pcie-root-port,id=rp0,chassis=1,slot=3", "-netdev",
                "user,id=n0", "-device", "virtio-net-pci,netdev=n0,bus=rp0,id=nic0", "-device", "pcie-root-port,id=rp1")
        machine = self.start(*args, "-incoming", f"file:{self.dir / 'saved'}", name="again")
        machine.send("\n")
        self.assertIn("lease of 10.0.2.15", machine.shell("udhcpc -i eth0 -n -q 2>&1", 60))


vm.main()
