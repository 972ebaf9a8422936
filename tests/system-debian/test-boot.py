#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian 13 from its disk: firmware, GRUB, systemd, a login, and work inside."""

import debian

HELLO = r"""#include <stdio.h>
#include <math.h>
int main (void) { printf ("%d %.3f\n", 6 * 7, sqrt (2.0)); return 0; }
"""

MODULE = r"""#include <linux/module.h>
#include <linux/moduleparam.h>
static int answer = 1;
module_param (answer, int, 0444);
static int __init test_init (void) { pr_info ("vitrine_test: answer %d\n", answer); return 0; }
static void __exit test_exit (void) { pr_info ("vitrine_test: gone\n"); }
module_init (test_init);
module_exit (test_exit);
MODULE_LICENSE ("GPL");
"""


class Boot(debian.DebianTest):
    def check_system(self, machine):
        """systemd has started everything, both processors and the network are there."""
        self.assertEqual(machine.shell("systemctl is-system-running --wait", 240), "running",
                         machine.shell("systemctl --failed --no-pager"))
        self.assertEqual(machine.shell("nproc"), "2")
        self.assertEqual(machine.shell("findmnt -no FSTYPE /"), "ext4")
        self.assertEqual(machine.shell("findmnt -no FSTYPE /boot/efi"), "vfat")
        machine.shell("test -d /sys/firmware/efi && date && uname -a")
        self.assertEqual(machine.shell("cat /proc/1/comm"), "systemd")
        self.assertEqual(machine.shell("dmesg --level=emerg,alert,crit"), "")

    def check_apt(self, machine):
        """A package made in the guest, in a repository of files there, is installed and removed by apt."""
        machine.shell("apt-get --version")
        machine.shell("apt-get check -qq", 120)
        debian.write(machine, "/tmp/pkg/DEBIAN/control", "Package: vitrine-test\nVersion: 1.0\nArchitecture: all\n"
                   "Maintainer: Nobody <nobody@localhost>\nDepends: libc6, make\nDescription: test\n")
        debian.write(machine, "/tmp/pkg/usr/share/vitrine-test/greeting", "hello\n")
        machine.shell("mkdir /srv/repo && dpkg-deb -b /tmp/pkg /srv/repo/vitrine-test_1.0_all.deb", 60)
        machine.shell("cd /srv/repo && { dpkg-deb -f *.deb; echo Filename: ./vitrine-test_1.0_all.deb; "
                      "echo Size: $(stat -c %s *.deb); echo SHA256: $(sha256sum *.deb | cut -d' ' -f1); } >Packages; cd")
        machine.shell("echo 'deb [trusted=yes] file:/srv/repo ./' >/etc/apt/sources.list")
        machine.shell("apt-get update -q", 180)
        machine.shell("DEBIAN_FRONTEND=noninteractive apt-get install -y vitrine-test", 240)
        self.assertEqual(machine.shell("cat /usr/share/vitrine-test/greeting"), "hello")
        self.assertEqual(machine.shell("dpkg-query -Wf '${Status}' vitrine-test"), "install ok installed")
        machine.shell("apt-get purge -y vitrine-test", 120)
        machine.shell("test ! -e /usr/share/vitrine-test")
        self.assertEqual(machine.shell("dpkg --audit", 60), "")

    def check_gcc(self, machine):
        debian.write(machine, "/root/hello.c", HELLO)
        machine.shell("gcc -O2 -Wall -o hello hello.c -lm", 180)
        self.assertEqual(machine.shell("./hello"), "42 1.414")

    def check_module(self, machine):
        """A module outside the kernel's tree, built in the directory that the kernel's headers provide."""
        debian.write(machine, "/root/module/vitrine_test.c", MODULE)
        debian.write(machine, "/root/module/Makefile", "obj-m := vitrine_test.o\n")
        machine.shell("make -C /lib/modules/$(uname -r)/build M=/root/module modules", 400)
        machine.shell("insmod /root/module/vitrine_test.ko answer=42")
        self.assertEqual(machine.shell("cat /sys/module/vitrine_test/parameters/answer"), "42")
        machine.shell("rmmod vitrine_test")
        self.assertRegex(machine.shell("dmesg | grep vitrine_test: "), r"answer 42\n.*gone")

    def test_edk2(self):
        """All of it, and a disk in good order after the power has gone off."""
        machine = self.start_disk(*self.firmware(), "-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0")
        machine.expect(r"GNU GRUB", 120)
        self.log_in(machine)
        self.check_system(machine)
        self.assertRegex(machine.shell("for i in 1 2 3 4 5 6 7 8 9; do ip -4 -o addr show scope global | grep inet && "
                                       "break; sleep 1; done", 30), r"10\.0\.2\.\d+/24")
        self.check_gcc(machine)
        self.check_module(machine)
        self.check_apt(machine)
        self.power_off(machine)
        self.check_image()
        self.check_file_system()

    def test_uboot(self):
        """U-Boot starts GRUB as EDK2 does, and the system can start itself anew."""
        machine = self.start_disk(debian.UBOOT_OPTION, debian.UBOOT)
        machine.expect(r"U-Boot 20\d\d", 60)
        machine.expect(r"GNU GRUB", 120)
        self.log_in(machine)
        self.check_system(machine)
        machine.send("reboot\n")
        machine.expect(r"U-Boot 20\d\d", 120)
        self.log_in(machine)
        self.power_off(machine)
        self.check_image()
        self.check_file_system()

    def test_disks(self):
        """The same disk behind other adapters, and more processors."""
        for smp, devices in [("4", ["virtio-scsi-pci,id=scsi0", "scsi-hd,drive=disk0,bus=scsi0.0"]),
                             ("1", ["virtio-blk-device,drive=disk0"])]:
            with self.subTest(devices[0]):
                # The firmware remembers its boot options: a disk found behind another adapter comes after its shell.
                machine = self.start_disk(*self.firmware(f"vars{smp}.fd"), "-smp", smp, devices=devices, name=f"vm{smp}")
                self.log_in(machine)
                self.assertEqual(machine.shell("nproc"), smp)
                machine.shell("systemctl is-system-running --wait", 240)
                machine.shell("dd if=/dev/urandom of=/file bs=1M count=20 && cp /file /copy && sync && "
                              "echo 3 >/proc/sys/vm/drop_caches && cmp /file /copy", 120)
                self.power_off(machine)
                self.check_image()
                self.check_file_system()


if __name__ == "__main__":
    debian.main()
