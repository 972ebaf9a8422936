#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""EDK2 starts GRUB from a CD, and GRUB the installer."""

import debian
from debian import vm

CONFIG = f"""set timeout=1
menuentry "Install" {{
  linux /install/vmlinuz console={vm.CONSOLE}
  initrd /install/initrd.gz
}}
"""


class Cdrom(debian.DebianTest):
    def make_iso(self):
        """As Debian's own are made: an EFI system partition as El Torito image, with GRUB that looks for its
        configuration on the CD."""
        tree = self.dir / "cd"
        for name in ["boot/grub", "install"]:
            (tree / name).mkdir(parents=True)
        (tree / "boot/grub/grub.cfg").write_text(CONFIG)
        (tree / "install/vmlinuz").write_bytes(vm.KERNEL.read_bytes())
        (tree / "install/initrd.gz").write_bytes(vm.INITRD.read_bytes())
        (tree / ".disk").mkdir()
        (tree / ".disk/info").write_text("Debian GNU/Linux\n")
        grub = debian.read_file(self.image, debian.GRUB_CD, self.dir)
        esp = tree / "boot/grub/efi.img"
        debian.run("mformat", "-C", "-i", esp, "-T", 16 << 11, "-h", 64, "-s", 32, "::")
        debian.run("mmd", "-i", esp, "::/EFI", "::/EFI/BOOT")
        debian.run("mcopy", "-i", esp, grub, f"::/EFI/BOOT/{debian.EFI_NAME}")
        iso = self.dir / "cd.iso"
        debian.run("xorriso", "-as", "mkisofs", "-quiet", "-r", "-J", "-V", "DEBIAN", "-o", iso, "-e",
                   "boot/grub/efi.img", "-no-emul-boot", tree)
        return iso

    def test_installer(self):
        vm.require("xorriso", "mformat", vm.KERNEL)
        machine = self.start("-m", "1024", "-smp", "2", *self.firmware(), "-cdrom", self.make_iso())
        machine.expect(r"GNU GRUB", 120)
        machine.expect(r"Linux version \d", 60)
        machine.expect(r"Select a language", 180)


if __name__ == "__main__":
    debian.main()
