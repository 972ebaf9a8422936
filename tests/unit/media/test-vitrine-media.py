#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""vitrine-media on files as other tools make them: xorriso, mtools, qemu-img, Debian's installer."""

import ast
import gzip
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

PROGRAM = os.environ["VITRINE_MEDIA"]
NETBOOT = Path("/usr/lib/debian-installer/images/13/riscv64/text/debian-installer/riscv64")
FIRMWARE = Path("/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd")
AAVMF = Path("/usr/share/AAVMF/AAVMF_CODE.fd")
OSINFO = Path("/usr/share/osinfo/os/debian.org/debian-13.xml")
GIB = 1 << 30
M = 1 << 20


STRING = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""


def parse(text):
    """GVariant's text format, as far as it is used here: Python's own, but for types, variants, true and false."""
    words = {"true": "True", "false": "False"}
    return ast.literal_eval(re.sub(STRING + r"|\buint(?:32|64) |@[a-z{}]+ |[<>]|\b(true|false)\b",
                                   lambda match: match[1] or words.get(match[2], ""), text))


class MediaTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="vitrine-media-")
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)

    def require(self, *names):
        for name in names:
            if not (name.exists() if isinstance(name, Path) else shutil.which(name)):
                self.skipTest(f"there is no {name}")

    def run_tool(self, *command):
        done = subprocess.run([str(word) for word in command], cwd=self.dir, check=False, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}")

    def run_media(self, path, *args):
        fd = os.open(path, os.O_RDONLY)
        try:
            return subprocess.run([PROGRAM, *args], stdin=fd, capture_output=True, text=True, timeout=60, check=False)
        finally:
            os.close(fd)

    def probe(self, path, name=None):
        done = self.run_media(path, name or Path(path).name)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.count("\n"), 1)
        return parse(done.stdout)

    def fails(self, path):
        done = self.run_media(path, "name")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        return done.stderr

    def make_esp(self, path, size, loader, name, *options):
        path.write_bytes(b"")
        os.truncate(path, size)
        self.run_tool("mformat", *options, "-i", path, "::")
        self.run_tool("mmd", "-i", path, "::/EFI", "::/EFI/BOOT")
        self.run_tool("mcopy", "-i", path, loader, f"::/EFI/BOOT/{name}")

    def make_installer(self, volume, *options, info="Debian GNU/Linux\n"):
        """As Debian's own are made: an EFI system partition as El Torito image, a kernel, a description."""
        self.require(NETBOOT)
        with open(NETBOOT / "linux", "rb") as kernel:
            return self.make_cd(volume, *options, info=info, kernel=kernel.read(M), loader=NETBOOT / "bootnetriscv64.efi",
                                name="BOOTRISCV64.EFI")

    def make_arm_installer(self, volume, *options, info="Debian GNU/Linux\n", packed=False):
        """The same for Arm's processors, with programs that are nothing but their headers."""
        loader, kernel = self.dir / "loader", bytearray(M)
        loader.write_bytes(b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0\x64\xaa" + bytes(4000))
        kernel[:4], kernel[0x38:0x3c] = b"\x1f\x20\x03\xd5", b"ARM\x64"
        return self.make_cd(volume, *options, info=info, kernel=gzip.compress(kernel) if packed else kernel, loader=loader,
                            name="BOOTAA64.EFI")

    def make_cd(self, volume, *options, info, kernel, loader, name):
        self.require("xorriso", "mformat")
        tree = self.dir / "cd"
        for folder in ["boot/grub", "install", ".disk"]:
            (tree / folder).mkdir(parents=True, exist_ok=True)
        (tree / ".disk/info").write_text(info)
        (tree / "boot/grub/grub.cfg").write_text("menuentry x {\n  linux /install/vmlinuz\n}\n")
        (tree / "install/vmlinuz").write_bytes(kernel)
        self.make_esp(tree / "boot/grub/efi.img", 4 * M, loader, name)
        iso = self.dir / "cd.iso"
        self.run_tool("xorriso", "-as", "mkisofs", "-quiet", *options, "-V", volume, "-o", iso, "-e",
                      "boot/grub/efi.img", "-no-emul-boot", tree)
        return iso


class Isos(MediaTest):
    def check_installer(self, media):
        self.assertEqual(media["kind"], "optical")
        self.assertEqual(media["format"], "iso9660")
        self.assertEqual(media["architectures"], ["riscv64"])
        self.assertEqual(media["boot"], ["efi"])

    def test_installer(self):
        iso = self.make_installer("DEBIAN", "-r", "-J")
        media = self.probe(iso)
        self.check_installer(media)
        self.assertEqual(media["volume"], "DEBIAN")
        self.assertEqual(media["remarks"], [])
        self.assertEqual(media["size"], iso.stat().st_size)
        self.assertFalse(media["hybrid"])
        self.assertNotIn("os-id", media)

    def test_names(self):
        for options in [[], ["-r"], ["-J"], ["-iso-level", "3"]]:
            self.check_installer(self.probe(self.make_installer("X", *options)))

    def test_hybrid(self):
        iso = self.make_installer("X", "-r", "-partition_offset", "16", "-append_partition", "2", "0xef",
                                  self.dir / "cd/boot/grub/grub.cfg", "-appended_part_as_gpt")
        media = self.probe(iso)
        self.check_installer(media)
        self.assertTrue(media["hybrid"])

    def test_osinfo(self):
        self.require(OSINFO)
        # A volume's name that the data base has a pattern for, and one that it has not yet.
        for volume in ["Debian trixie-DI-rc1 riscv64 n", "Debian 13.1.0 riscv64 n"]:
            media = self.probe(self.make_installer(volume, "-r"))
            self.check_installer(media)
            self.assertEqual(media["os-id"], "http://debian.org/debian/13")
            self.assertEqual(media["os-name"], "Debian 13")
            self.assertTrue(media["installer"])
            self.assertFalse(media["live"])
            self.assertGreaterEqual(media["recommended"]["memory"], GIB)
            self.assertGreaterEqual(media["recommended"]["disk"], 10 * GIB)

    def test_osinfo_by_words(self):
        self.require(OSINFO)
        info = 'Ubuntu-Server 24.04.1 LTS "Noble Numbat" - Release riscv64 (20240827)\n'
        for volume, text, name, expected in [
                ("X", info, "x.iso", "http://ubuntu.com/ubuntu/24.04"),
                ("X", "nothing", "Fedora-Server-netinst-riscv64-41-1.4.iso", "http://fedoraproject.org/fedora/41"),
                ("X", "nothing", "alpine-standard-3.20.3-riscv64.iso", "http://alpinelinux.org/alpinelinux/3.20"),
                ("X", "unknown", "unknown.iso", None)]:
            media = self.probe(self.make_installer(volume, "-r", info=text), name)
            self.assertEqual(media.get("os-id"), expected)

    def test_arm(self):
        for packed in (False, True):
            media = self.probe(self.make_arm_installer("X", "-r", packed=packed))
            self.assertEqual((media["kind"], media["architectures"], media["boot"], media["remarks"]), ("optical", ["aarch64"], ["efi"], []))

    def test_osinfo_arm(self):
        self.require(OSINFO)
        ubuntu = 'Ubuntu-Server 24.04.1 LTS "Noble Numbat" - Release arm64 (20240827)\n'
        for volume, info, name, expected in [
                ("Debian 12.11.0 arm64 n", "x", "x.iso", "http://debian.org/debian/12"),
                ("Debian 13.1.0 arm64 n", "x", "x.iso", "http://debian.org/debian/13"),
                ("X", ubuntu, "x.iso", "http://ubuntu.com/ubuntu/24.04"),
                ("X", "x", "Fedora-Server-netinst-aarch64-41-1.4.iso", "http://fedoraproject.org/fedora/41"),
                ("X", "x", "alpine-virt-3.20.3-aarch64.iso", "http://alpinelinux.org/alpinelinux/3.20")]:
            media = self.probe(self.make_arm_installer(volume, "-r", info=info), name)
            self.assertEqual((media["architectures"], media.get("os-id")), (["aarch64"], expected))
            self.assertTrue(media["installer"])
            self.assertGreaterEqual(media["recommended"]["disk"], GIB, expected)

    def test_osinfo_for_pc(self):
        """A boot record of a PC's says no more than that."""
        self.require("xorriso", OSINFO)
        (self.dir / "cd").mkdir()
        (self.dir / "cd/x").write_text("x")
        iso = self.dir / "cd.iso"
        self.run_tool("xorriso", "-as", "mkisofs", "-quiet", "-V", "FreeBSD_Install", "-o", iso, "-b", "x",
                      "-no-emul-boot", self.dir / "cd")
        media = self.probe(iso, "FreeBSD-14.1-RELEASE-amd64-disc1.iso")
        self.assertEqual(media["architectures"], ["x86_64", "i386"])
        self.assertEqual(media["boot"], ["bios"])
        self.assertEqual(media["os-id"], "http://freebsd.org/freebsd/14.1")

    def test_truncated(self):
        iso = self.make_installer("Debian 13.1.0 riscv64 n", "-r")
        size = iso.stat().st_size
        os.truncate(iso, size // 2)
        media = self.probe(iso)
        self.assertIn("cut short", media["remarks"][0])
        self.assertIn(f"({size} bytes)", media["remarks"][0])
        self.assertIn(f"({size // 2} bytes)", media["remarks"][0])

    def test_time(self):
        """A large file costs no more than a small one; what takes the time is the data base."""
        iso = self.make_installer("X", "-r")
        times = []
        for size in [iso.stat().st_size, 4 * GIB]:
            os.truncate(iso, size)
            begin = time.monotonic()
            self.check_installer(self.probe(iso))
            times.append(time.monotonic() - begin)
        self.assertLess(times[1], 10)


class Disks(MediaTest):
    def make_disk(self):
        """An MBR with an EFI system partition at 1 MiB."""
        self.require("mformat", NETBOOT)
        esp, disk = self.dir / "esp", self.dir / "disk.img"
        self.make_esp(esp, 40 * M, NETBOOT / "bootnetriscv64.efi", "BOOTRISCV64.EFI", "-F")
        mbr = bytearray(512)
        mbr[446 + 4] = 0xef
        mbr[446 + 8:446 + 16] = (2048).to_bytes(4, "little") + (40 * M // 512).to_bytes(4, "little")
        mbr[510:] = b"\x55\xaa"
        disk.write_bytes(mbr + bytes(M - 512) + esp.read_bytes())
        return disk

    def check_disk(self, media, kind):
        self.assertEqual(media["kind"], "disk")
        self.assertEqual(media["format"], kind)
        self.assertEqual(media["architectures"], ["riscv64"])
        self.assertEqual(media["boot"], ["efi"])
        self.assertEqual(media["disk-size"], 41 * M)
        self.assertEqual(media["remarks"], [])

    def test_raw(self):
        self.check_disk(self.probe(self.make_disk()), "raw")

    def test_fat(self):
        self.require("mformat", NETBOOT)
        for size, options in [(2 * M, []), (16 * M, []), (40 * M, ["-F"])]:
            self.make_esp(self.dir / "esp", size, NETBOOT / "bootnetriscv64.efi", "BOOTRISCV64.EFI", *options)
            media = self.probe(self.dir / "esp")
            self.assertEqual((media["kind"], media["architectures"], media["boot"]), ("disk", ["riscv64"], ["efi"]))

    def test_qcow2(self):
        self.require("qemu-img")
        disk = self.make_disk()
        for options in [["-o", "cluster_size=4k"], ["-c"], ["-o", "compat=0.10"],
                        ["-c", "-o", "compression_type=zstd"]]:
            image = self.dir / "disk.qcow2"
            self.run_tool("qemu-img", "convert", "-f", "raw", "-O", "qcow2", *options, disk, image)
            self.check_disk(self.probe(image), "qcow2")

    def test_qcow2_backing(self):
        """The backing file is never opened: whoever chose the file did not choose that one."""
        self.require("qemu-img")
        self.run_tool("qemu-img", "create", "-f", "qcow2", "-u", "-b", "/etc/passwd", "-F", "raw", "x.qcow2", "1M")
        media = self.probe(self.dir / "x.qcow2")
        self.assertEqual((media["kind"], media["disk-size"]), ("disk", M))
        self.assertIn("backing file", media["remarks"][0])

    def test_qcow2_damaged(self):
        self.require("qemu-img")
        self.run_tool("qemu-img", "create", "-f", "qcow2", "x.qcow2", "1M")
        with open(self.dir / "x.qcow2", "r+b") as file:
            file.seek(20)
            file.write(b"\0\0\0\xff")
        media = self.probe(self.dir / "x.qcow2")
        self.assertEqual((media["kind"], media["format"]), ("disk", "qcow2"))
        self.assertIn("cannot be looked into", media["remarks"][0])

    def test_qcow2_unreadable(self):
        """Its header is sound, and the first compressed cluster is not."""
        self.require("qemu-img")
        image = self.dir / "x.qcow2"
        self.run_tool("qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", self.make_disk(), image)
        data = bytearray(image.read_bytes())
        l2 = int.from_bytes(data[int.from_bytes(data[40:48], "big"):][:8], "big") & (1 << 56) - 1
        place = int.from_bytes(data[l2:l2 + 8], "big") & (1 << 54) - 1
        data[place:place + 16] = bytes(255 for _ in range(16))
        image.write_bytes(data)
        media = self.probe(image)
        self.assertEqual((media["kind"], media["disk-size"], media["architectures"]), ("disk", 41 * M, []))
        self.assertIn("The image is damaged", media["remarks"][0])

    def test_others(self):
        self.require("qemu-img")
        disk = self.make_disk()
        for kind, name in [("vmdk", "vmdk"), ("vdi", "vdi"), ("vpc", "vhd"), ("vhdx", "vhdx"), ("qed", "qed"),
                           ("qcow", "qcow")]:
            self.run_tool("qemu-img", "convert", "-f", "raw", "-O", kind, disk, "x")
            media = self.probe(self.dir / "x")
            self.assertEqual((media["kind"], media["format"]), ("disk", name))
            self.assertIn("qemu-img convert", media["remarks"][0])
            if kind != "vhdx":
                self.assertAlmostEqual(media["disk-size"], 41 * M, delta=M)

    def test_image_by_name(self):
        self.require(OSINFO)
        media = self.probe(self.make_disk(), "debian-13-nocloud-riscv64.raw")
        self.assertEqual(media["os-id"], "http://debian.org/debian/13")
        self.assertFalse(media["installer"])


class Files(MediaTest):
    def test_kernel(self):
        self.require(NETBOOT, "gzip")
        media = self.probe(NETBOOT / "linux")
        self.assertEqual((media["kind"], media["format"]), ("kernel", "Image"))
        self.assertEqual((media["architectures"], media["boot"]), (["riscv64"], ["kernel"]))
        shutil.copy(NETBOOT / "linux", self.dir / "linux")
        self.run_tool("gzip", "-1", self.dir / "linux")
        media = self.probe(self.dir / "linux.gz")
        self.assertEqual((media["kind"], media["format"]), ("kernel", "Image.gz"))
        self.assertEqual(media["architectures"], ["riscv64"])

    def test_initrd(self):
        self.require(NETBOOT)
        media = self.probe(NETBOOT / "initrd.gz")
        self.assertEqual((media["kind"], media["format"]), ("archive", "gzip"))
        self.assertIn("Choose the kernel", media["remarks"][0])

    def test_firmware(self):
        self.require(FIRMWARE)
        media = self.probe(FIRMWARE)
        self.assertEqual((media["kind"], media["architectures"]), ("firmware", ["riscv64"]))
        media = self.probe(FIRMWARE.with_name("RISCV_VIRT_VARS.fd"))
        self.assertEqual((media["kind"], media["format"], media["architectures"]), ("firmware", "uefi-vars", []))

    def test_firmware_arm(self):
        self.require(AAVMF)
        self.assertEqual(self.probe(AAVMF)["kind"], "firmware")
        self.assertEqual(self.probe(AAVMF)["architectures"], ["aarch64"])
        self.assertEqual(self.probe(AAVMF.with_name("AAVMF_VARS.fd"))["format"], "uefi-vars")

    def test_archives(self):
        self.require("tar", "gzip")
        (self.dir / "a").write_bytes(bytes(range(256)) * 10)
        self.run_tool("tar", "-cf", "a.tar", "a")
        self.run_tool("gzip", "-k", "a")
        for name, kind in [("a.tar", "tar"), ("a.gz", "gzip")]:
            media = self.probe(self.dir / name)
            self.assertEqual((media["kind"], media["format"]), ("archive", kind))

    def test_mistakes(self):
        page = self.dir / "page.iso"
        page.write_text("<!DOCTYPE html>\n<html><body>404 'not' \\ found</body></html>")
        media = self.probe(page)
        self.assertEqual((media["kind"], media["format"]), ("unknown", "html"))
        self.assertIn("web page, not a disk image", media["remarks"][0])
        self.assertIn("a folder", self.fails(self.dir))
        self.assertIn("neither a regular file nor", self.fails("/dev/null"))

    def test_names(self):
        """A name is only a name, whatever is in it."""
        file = self.dir / "x"
        file.write_bytes(b"\1\2\3")
        for name in ["-v", "", "a\nb", "'", "\udcff", "x" * 10000]:
            self.assertEqual(self.run_media(file, name.encode(errors="surrogateescape")).returncode, 0)
        self.assertEqual(self.run_media(file, "a", "b").returncode, 2)
        self.assertEqual(self.run_media(file).returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
