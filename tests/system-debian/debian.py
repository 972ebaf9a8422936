# SPDX-License-Identifier: GPL-3.0-or-later
"""An installed Debian 13 in a machine under test: its disk, its firmware, its login, and what is left on the disk."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "system"))
import vm  # noqa: E402

TOOL = Path(__file__).resolve().parents[2] / "tools/debian-image"
# EDK2 and its variables; the option and the file that start U-Boot; GRUB for CDs, and its name there.
EFI_CODE, EFI_VARS, UBOOT_OPTION, UBOOT, GRUB_CD, EFI_NAME = {
    "riscv64": (Path("/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd"), Path("/usr/share/qemu-efi-riscv64/RISCV_VIRT_VARS.fd"),
                "-kernel", Path("/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin"),
                "usr/lib/grub/riscv64-efi/monolithic/gcdriscv64.efi", "BOOTRISCV64.EFI"),
    "aarch64": (Path("/usr/share/AAVMF/AAVMF_CODE.fd"), Path("/usr/share/AAVMF/AAVMF_VARS.fd"),
                "-bios", Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin"),
                "usr/lib/grub/arm64-efi/monolithic/gcdaa64.efi", "BOOTAA64.EFI"),
}[vm.GUEST]
# Where tools/debian-image puts the root file system.
ROOT_START, ROOT_SIZE = 65 << 20, 4030 << 20


def run(*command, status=(0,)):
    done = subprocess.run([str(word) for word in command], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode not in status:
        raise AssertionError(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout[-3000:]}")
    return done.stdout


def make_image():
    """The disk that tools/debian-image makes; what it says about its progress is part of the test's output."""
    done = subprocess.run([TOOL, vm.DEBIAN], check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode == vm.SKIPPED:
        sys.exit(vm.SKIPPED)
    done.check_returncode()
    return Path(done.stdout.splitlines()[-1])


class DebianTest(vm.VmTest):
    @classmethod
    def setUpClass(cls):
        vm.require("qemu-img", "mke2fs", "apt-get", EFI_CODE, UBOOT)
        cls.image = make_image()

    def setUp(self):
        super().setUp()
        # What is written in the test goes to a disk of its own on top of the image.
        self.disk = self.dir / "disk.qcow2"
        run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", self.image, self.disk)

    def firmware(self, variables="vars.fd"):
        """EDK2 in flash, with variables that can be written."""
        variables = self.dir / variables
        if not variables.exists():
            shutil.copy(EFI_VARS, variables)
        return ("-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={EFI_CODE}",
                "-drive", f"if=pflash,unit=1,format=raw,file={variables}")

    def start_disk(self, *args, devices=("virtio-blk-pci,drive=disk0",), **options):
        devices = [word for device in devices for word in ("-device", device)]
        return self.start("-m", "1024", "-smp", "2", "-drive",
                          f"file={self.disk},format=qcow2,if=none,id=disk0,cache=writeback", *devices, *args, **options)

    def log_in(self, machine, timeout=240):
        """Waits for the login prompt, and leaves a shell whose output is as plain as the tests want it."""
        machine.expect(r"debian login: ", timeout)
        machine.send("root\n")
        machine.expect(r"root@debian:~# ", 60)
        machine.shell("stty cols 500; bind 'set enable-bracketed-paste off'; PS1='# '; dmesg -n 1", 60)

    def start_bare(self, *args, **options):
        """A shell instead of systemd, without firmware and boot loader: much sooner there."""
        if not hasattr(self, "kernel"):
            self.kernel, self.initrd = boot_files(self.image, self.dir)
        machine = self.start_disk("-kernel", self.kernel, "-initrd", self.initrd, "-append",
                                  f"console={vm.CONSOLE} quiet root=/dev/vda2 rw init=/bin/bash", *args, **options)
        machine.expect(r"root@\(none\):/# ", 120)
        machine.shell("stty cols 500; bind 'set enable-bracketed-paste off'; PS1='# '; cd", 60)
        return machine

    def power_off(self, machine):
        machine.send("poweroff\n")
        self.assertEqual(machine.wait(90), 0)

    def check_image(self, leaks=False):
        """The image must be in order; clusters may have been lost to a crash, but nothing else."""
        # Requests that a killed process has left in the kernel may hold the image a moment longer.
        end = time.monotonic() + 10 * vm.PATIENCE
        while "Failed to get" in run("qemu-img", "info", self.disk, status=(0, 1)) and time.monotonic() < end:
            time.sleep(0.05)
        text = run("qemu-img", "check", "--output=json", self.disk, status=(0, 3) if leaks else (0,))
        report = json.loads(text[text.index("{"):])  # each leak is a line of its own before
        self.assertEqual((report.get("corruptions", 0), report["check-errors"]), (0, 0), report)
        if not leaks:
            self.assertEqual(report.get("leaks", 0), 0, report)

    def check_file_system(self, recover=False):
        """On a copy, e2fsck must find nothing to complain of: after it has replayed the journal, if that is wanted."""
        with tempfile.TemporaryDirectory(dir=self.dir) as folder:
            root = copy_root(self.disk, folder)
            if recover:
                run("e2fsck", "-E", "journal_only", "-y", root, status=(0, 1))
            self.assertNotIn("needs_recovery", run("dumpe2fs", "-h", root))
            run("e2fsck", "-fn", root)


def copy_root(image, folder):
    """The root file system of an image, by itself."""
    root = Path(folder) / "root.raw"
    run("qemu-img", "convert", "--image-opts", f"driver=raw,offset={ROOT_START},size={ROOT_SIZE},file.driver=qcow2,"
        f"file.file.driver=file,file.file.filename={image}", "-O", "raw", root)
    return root


def boot_files(image, folder):
    """The kernel and the initial RAM disk of an image, copied out."""
    root = copy_root(image, folder)
    out = []
    for name in ("vmlinu", "initrd"):
        found = re.search(rf"/({name}\S+?)/", run("debugfs", "-R", "ls -p /boot", root))[1]
        out.append(Path(folder) / name)
        run("debugfs", "-R", f"dump /boot/{found} {out[-1]}", root)
    root.unlink()
    return out


def write(machine, path, text):
    """Makes a file of the guest's, typed on its console."""
    data = base64.b64encode(text.encode()).decode()
    machine.shell(f"mkdir -p $(dirname {path}) && echo {data} | base64 -d >{path}")


def read_file(image, path, folder):
    """A file of the root file system of an image, copied out."""
    root, out = copy_root(image, folder), Path(folder) / Path(path).name
    run("debugfs", "-R", f"dump {path} {out}", root)
    root.unlink()
    return out


def main():
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    vm.main()
