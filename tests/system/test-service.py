#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine with real machines, confined as they always are: what they are asked to do while they run, how they end,
and what is left of them."""

import contextlib
import http.server
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

from service import DRIVE, SCREEN, Machine, Refused, ServiceTest, disk, nic
from vm import SKIPPED, require

from gi.repository import GLib

TOOLS = Path(os.environ.get("VITRINE_TOOLS", "."))
MIB = 1 << 20
PNG = b"\x89PNG\r\n\x1a\n"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def listeners(port):
    """The addresses on which somebody listens to the TCP port."""
    wanted, addresses = f":{port:04X}", []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            words = line.split()
            if words[1].endswith(wanted) and words[3] == "0A":
                addresses.append(words[1].split(":")[0])
    return addresses


def size_of_png(png):
    return struct.unpack(">II", png[16:24])


class FirmwareTest(ServiceTest):
    """With EDK2's shell as the guest."""

    def setUp(self):
        super().setUp()
        require("/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd", "dbus-daemon")
        self.service = self.start_service()

    def shell(self, machine):
        """The console, once the shell waits there."""
        console = machine.console()
        self.addCleanup(console.close)
        console.expect("ESC in [1-5] seconds to skip", 60)
        console.send("\x1b")
        console.expect("Shell> ", 30)
        return console

    def answers(self, machine):
        console = machine.console()
        console.send("ver\r")
        console.expect("UEFI Interactive Shell")
        console.close()


class Saving(FirmwareTest):
    def test_save_and_restore(self):
        machine = self.service.create("saved", disks=GLib.Variant("aa{sv}", [disk(id="disk0", size=MIB * 64)]),
                                      drives=DRIVE, display=SCREEN, nics=nic("net0"))
        machine.start()
        self.shell(machine)
        # What waits for the next start must not hinder it from going on as what it is.
        self.assertEqual(machine.change(memory=GLib.Variant("t", 512 * MIB)), ["memory"])
        viewer = socket.socket(fileno=machine.call("OpenDisplay", want_fd=True))
        self.addCleanup(viewer.close)
        machine.save().wait()
        self.assertEqual(machine["State"], "saved")
        self.assertEqual(viewer.recv(1), b"")
        self.assertEqual(machine.screenshot()[:8], PNG)
        machine.start()
        self.assertEqual(machine["State"], "running")
        self.assertEqual(machine["PendingSettings"], ["memory"])
        self.assertFalse((machine.folder / "saved-state").exists())
        self.answers(machine)
        again = socket.socket(fileno=machine.call("OpenDisplay", want_fd=True))
        self.addCleanup(again.close)
        # A SPICE client's first words, a link message without capabilities: it is answered.
        again.sendall(b"REDQ" + struct.pack("<IIIIBBIII", 2, 2, 18, 0, 1, 0, 0, 0, 18))
        self.assertEqual(again.recv(4), b"REDQ")
        machine.call("Pause")
        machine.save().wait()
        machine.start(paused=True)
        self.assertEqual(machine["State"], "paused")
        machine.call("Resume")
        machine.settle("running")
        self.answers(machine)

    def test_cancelled(self):
        machine = self.service.create("cancelled")
        machine.start()
        self.shell(machine)
        job = machine.save()
        job.cancel()
        # It may have been too fast.
        if job.ended() == "cancelled":
            machine.settle("running")
            self.assertEqual([path.name for path in machine.folder.glob("*saved*")], [])
            self.answers(machine)

    def test_damaged(self):
        machine = self.service.create("damaged")
        machine.start()
        self.shell(machine)
        machine.save().wait()
        state = machine.folder / "saved-state"
        good = state.read_bytes()
        middle = len(good) // 2
        for bad in (b"", b"nonsense", good[:middle], good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1:]):
            state.write_bytes(bad)
            error = self.refuses("saved", machine.start)
            self.assertIn("afresh", error.message)
            self.assertEqual(machine["State"], "saved")
            self.assertEqual(state.read_bytes(), bad)
        state.write_bytes(good)
        machine.start()
        self.answers(machine)
        machine.save().wait()
        state.write_bytes(b"")
        machine.start(discard_saved=True)
        self.assertEqual(machine["State"], "running")
        self.assertFalse(state.exists())

    def test_full_disk(self):
        data = self.dir / "data"
        data.mkdir(exist_ok=True)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "full", str(data)], stderr=subprocess.DEVNULL,
                          check=False).returncode:
            self.skipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", str(data)], check=True)
        self.addCleanup(self.service.end)
        (data / "vitrine/machines").mkdir(parents=True)
        machine = self.service.create("full")
        machine.start()
        self.shell(machine)
        filler = data / "filler"
        with open(filler, "wb") as file:
            file.write(bytes(shutil.disk_usage(data).free - 4 * MIB))
        job = machine.save()
        self.assertEqual(job.ended(), "failed")
        self.assertEqual(job["ErrorName"], "org.vitrine.Error.NoSpace")
        self.assertRegex(job["ErrorMessage"], r"(?s)No space.*\n.*[Ff]ree")
        machine.settle("running")
        self.answers(machine)
        filler.unlink()
        machine.save().wait()
        machine.start()
        self.answers(machine)


class Ends(FirmwareTest):
    def test_guest_powers_off(self):
        machine = self.service.create("off")
        machine.start()
        self.shell(machine).send("reset -s\r")
        machine.settle("off")
        self.assertEqual(machine["StateReason"], "")
        machine.start()
        console = self.shell(machine)
        console.send("reset\r")
        console.expect("OpenSBI", 60)
        self.assertEqual(machine["State"], "running")
        self.assertEqual(list((self.service.runtime / "vitrine").glob("*.end")),
                         [self.service.runtime / "vitrine" / f"{machine['Uuid']}.end"])

    def test_killed(self):
        machine = self.service.create("killed")
        for number, pattern in ((signal.SIGKILL, r"signal 9 .*\n.*memory"), (signal.SIGSEGV, r"signal 11 .*\n.+"),
                                (signal.SIGSYS, None), (signal.SIGABRT, r"signal 6 .*\n.+")):
            machine.start()
            pid = machine.pid
            os.kill(pid, number)
            if pattern:
                machine.settle("crashed")
                self.assertRegex(machine["StateReason"], pattern)
            else:
                # Whoever sends that can do no harm: it is told of as a refused call.
                self.service.until("it is told of", lambda: "was refused" in machine.call("GetLog"))
                machine.call("PowerOff")
                self.assertEqual(machine["State"], "off")
        machine.start()
        os.kill(machine.pid, signal.SIGTERM)
        machine.settle("off")

    def test_without_engine(self):
        """What a machine did while no engine was there."""
        machine = self.service.create("alone")
        machine.start()
        console, pid = self.shell(machine), machine.pid
        self.service.kill_engine()
        self.service.start_engine()
        machine.settle("running")
        self.assertEqual(machine.pid, pid)
        self.service.kill_engine()
        console.send("reset -s\r")
        self.service.until("it is off", lambda: not Path(f"/proc/{pid}").exists())
        self.service.start_engine()
        self.assertEqual((machine.settle("off", "crashed"), machine["StateReason"]), ("off", ""))
        for later in (False, True):
            machine.start()
            pid = machine.pid
            self.service.kill_engine()
            if later:
                self.service.start_engine()
                machine.settle("running")
            os.kill(pid, signal.SIGKILL)
            if not later:
                self.service.until("it is gone", lambda pid=pid: not Path(f"/proc/{pid}").exists())
                self.service.start_engine()
            machine.settle("crashed")
            self.assertRegex(machine["StateReason"], r"\A.+\n.+\Z")

    def test_refused_start(self):
        port = free_port()
        machine = self.service.create("refused", nics=nic("net0", (port, 22)))
        with socket.create_server(("127.0.0.1", port)):
            error = self.refuses("port.*in use", machine.start)
            self.assertIn("another", error.message.splitlines()[1])
            self.assertEqual(machine["State"], "off")
        machine.start()

    def test_log(self):
        """However much is written there, it stays small, and has the beginning and the end."""
        machine = self.service.create("log")
        machine.start()
        log = machine.folder / "machine.log"
        with open(log, "ab") as file:
            file.write(b"the beginning\n")
            for number in range(40):
                file.write(b"spam %d " % number * 10000 + b"\n")
                file.flush()
                time.sleep(0.01)
            file.write(b"the end\n")
        self.service.until("it is shortened", lambda: log.stat().st_size < MIB)
        text = machine.call("GetLog")
        self.assertLess(len(text), MIB)
        for part in ("[started ", "the beginning\n", "bytes were left out", "the end\n"):
            self.assertIn(part, text)
        os.kill(machine.pid, signal.SIGKILL)
        machine.settle("crashed")
        self.assertIn("the end", machine["StateReason"])
        machine.start()
        os.kill(machine.pid, signal.SIGKILL)
        machine.settle("crashed")
        self.assertNotIn("the end", machine["StateReason"])


class Changes(FirmwareTest):
    def test_media(self):
        """The guest sees a medium that is put in while it runs, and does not see it any more when it is out."""
        if not shutil.which("xorriso"):
            self.skipTest("there is no xorriso")
        tree, iso = self.dir / "tree", self.dir / "medium.iso"
        tree.mkdir()
        # Firmware shows what could start from it, whatever that is.
        (tree / "boot.img").write_bytes(bytes(MIB))
        subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-o", str(iso), "-e", "boot.img", "-no-emul-boot",
                        str(tree)], check=True, stderr=subprocess.DEVNULL)
        machine = self.service.create("media", drives=DRIVE)
        machine.start()
        console = self.shell(machine)

        def sees():
            console.send("map -r\r")
            return "CDROM(" in console.expect(r"(?s)Mapping table.*?Shell> ", 60)[0]
        self.assertFalse(sees())
        machine.insert(iso)
        self.assertEqual(machine["Media"], {"cdrom0": "medium.iso"})
        iso.unlink()
        self.service.until("firmware sees it", sees)
        machine.call("EjectMedium", "(sb)", "cdrom0", False)
        self.assertEqual(machine["Media"], {"cdrom0": ""})
        self.service.until("firmware does not see it any more", lambda: not sees())
        self.refuses("no optical drive", machine.call, "EjectMedium", "(sb)", "cdrom7", True)

    def test_forwards(self):
        """At once, for programs of this host only."""
        ports = free_port(), free_port()
        machine = self.service.create("net", nics=nic("net0", (ports[0], 22)))
        machine.start()
        loopback = ["0100007F"]
        self.assertEqual(listeners(ports[0]), loopback)
        self.assertEqual(machine.change(nics=nic("net0", (ports[0], 22), (ports[1], 80))), [])
        self.assertEqual([listeners(port) for port in ports], [loopback, loopback])
        machine.change(nics=nic("net0", (ports[1], 80), link=False))
        self.assertEqual([listeners(port) for port in ports], [[], loopback])
        with socket.create_server(("127.0.0.1", 0)) as taken:
            used = taken.getsockname()[1]
            self.refuses("in use", machine.change, nics=nic("net0", (used, 80)))
        self.assertEqual(machine["Settings"]["nics"][0]["forward"], [("tcp", ports[1], "", 80)])

    def test_screenshots(self):
        """Each machine's own, also when it is off."""
        first = self.service.create("first", display=SCREEN)
        second = self.service.create("second", display=GLib.Variant("a{sv}", {
            "kind": GLib.Variant("s", "virtio"), "width": GLib.Variant("u", 640), "height": GLib.Variant("u", 480),
            "heads": GLib.Variant("u", 2)}))
        never = self.service.create("never", display=SCREEN)
        for machine in (first, second):
            machine.start()
            self.shell(machine)
        self.assertEqual(second["Displays"], 2)
        pictures = {}
        for machine, width in ((first, 1280), (second, 640)):
            whole, small = machine.screenshot(), machine.screenshot(200)
            self.assertEqual((whole[:8], size_of_png(whole)[0], size_of_png(small)[0]), (PNG, width, 200))
            pictures[machine] = machine.screenshot(512)
        first.call("PowerOff")
        second.call("PowerOff")
        for machine in (first, second):
            self.assertEqual(machine.screenshot(), (machine.folder / "screenshot.png").read_bytes())
            self.assertEqual(size_of_png(machine.screenshot()), size_of_png(pictures[machine]))
        self.assertNotEqual(first.screenshot(), second.screenshot())
        self.refuses("no picture", never.screenshot)

    def test_uboot(self):
        if not Path("/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin").exists():
            self.skipTest("there is no U-Boot")
        machine = self.service.create("uboot", firmware=GLib.Variant("s", "uboot"))
        machine.start()
        console = machine.console()
        self.addCleanup(console.close)
        console.expect("Hit any key to stop autoboot", 60)
        console.send("\n")
        console.expect("=> ")
        console.send("poweroff\n")
        machine.settle("off")

    def test_variables(self):
        """What the firmware was told is there at the next start."""
        machine = self.service.create("variables")
        machine.start()
        console = self.shell(machine)
        console.send("set kept still-there\r")
        console.expect("Shell> ")
        console.send("reset -s\r")
        machine.settle("off")
        machine.start()
        console = self.shell(machine)
        console.send("set kept\r")
        console.expect("kept = still-there")


class Layers(FirmwareTest):
    """Images below images: only those that the settings know of are opened."""

    def image(self, name, *arguments):
        path = self.dir / name
        subprocess.run([str(TOOLS / "img/vitrine-img"), "create", "-q", "-f", "qcow2", *arguments, str(path), "8M"],
                       check=True)
        return path

    def test_layers(self):
        base, secret = self.image("base.qcow2"), self.dir / "secret"
        secret.write_bytes(b"s" * 8 * MIB)
        middle = self.image("middle.qcow2", "-b", "base.qcow2", "-F", "qcow2")
        top = self.image("top.qcow2", "-b", str(middle), "-F", "qcow2")
        machine = self.service.create("layers", files={"import-in-place": top},
                                      disks=GLib.Variant("aa{sv}", [disk(id="disk0")]))
        self.assertEqual(machine["Settings"]["disks"][0]["backing"], [str(middle), "base.qcow2"])
        machine.start()
        files = set()
        for entry in Path(f"/proc/{machine.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                files.add(os.readlink(entry))
        self.assertLess({str(top), str(middle), str(base)}, files)
        machine.call("PowerOff")
        # As a guest could that has broken out: the image names another file.
        data = bytearray(top.read_bytes())
        offset, size = struct.unpack(">QI", data[8:20])
        name = str(secret).encode()
        data[offset:offset + max(size, len(name))] = name.ljust(size, b"\0")
        data[16:20] = struct.pack(">I", len(name))
        top.write_bytes(data)
        error = self.refuses(re.escape(str(secret)), machine.start)
        self.assertIn("backing=", error.message.splitlines()[1])
        self.assertEqual(machine["State"], "off")

    def test_duplicate(self):
        """A copy does not look for a layer beside itself: it is one image."""
        base = self.image("base.qcow2")
        (self.dir / "contents").write_bytes(b"kept" * MIB * 2)
        subprocess.run([str(TOOLS / "img/vitrine-img"), "convert", "-n", "-f", "raw", "-O", "qcow2", str(self.dir / "contents"),
                        str(base)], check=True)
        top = self.image("top, of two.qcow2", "-b", "base.qcow2", "-F", "qcow2")
        machine = self.service.create("layers", files={"import-in-place": top},
                                      disks=GLib.Variant("aa{sv}", [disk(id="disk0")]))
        copy = Machine(self.service, self.service.start_job(machine.path, "org.vitrine.Machine1", "Duplicate", "(s)", "copy").wait())
        settings = copy["Settings"]["disks"][0]
        self.assertEqual((settings["file"], settings.get("backing", [])), ("disk0.qcow2", []))
        subprocess.run([str(TOOLS / "img/vitrine-img"), "compare", str(top), str(copy.folder / "disk0.qcow2")], check=True,
                       stdout=subprocess.DEVNULL)
        machine.start()
        copy.start()

    def test_grown(self):
        """An image that was whole when the machine got it."""
        machine = self.service.create("grown", disks=GLib.Variant("aa{sv}", [disk(id="disk0", size=8 * MIB)]))
        image = machine.folder / machine["Settings"]["disks"][0]["file"]
        (self.dir / "secret").write_bytes(b"s" * MIB)
        image.write_bytes(self.image("evil.qcow2", "-b", str(self.dir / "secret"), "-F", "raw").read_bytes())
        self.refuses("secret", machine.start)
        conf = machine.folder / "machine.conf"
        text = conf.read_text().replace("[disk disk0]\n", f"[disk disk0]\nbacking={self.dir}/secret\n")
        text = re.sub(r"backing=\n", "", text)
        self.service.kill_engine()
        conf.write_text(text)
        self.service.start_engine()
        machine.start()


class Demo(ServiceTest):
    """A Linux guest with a graphical session, from tools/demo-iso."""

    def setUp(self):
        super().setUp()
        iso = os.environ.get("VITRINE_DEMO_ISO")
        if not iso:
            done = subprocess.run([str(Path(__file__).resolve().parent.parent.parent / "tools/demo-iso")], check=False,
                                  stdout=subprocess.PIPE, text=True)
            if done.returncode:
                sys.exit(SKIPPED if done.returncode == SKIPPED else 1)
            iso = done.stdout.splitlines()[-1]
        self.service = self.start_service()
        self.port = free_port()
        self.machine = self.service.create(
            "demo", files={"cdrom": iso}, drives=DRIVE, display=SCREEN, memory=GLib.Variant("t", 1024 * MIB),
            disks=GLib.Variant("aa{sv}", [disk(id="disk0", size=256 * MIB)]), nics=nic("net0", (self.port, 8080)))

    def serve(self):
        """A web server on this host: its port."""
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"from the host\n")

            def log_message(self, *_):
                pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_port

    def check_network(self, console):
        console.shell("for i in 1 2 3 4 5 6 7 8 9; do grep -q name /etc/resolv.conf && break; sleep 1; done")
        self.assertIn("10.0.2.15", console.shell("ip addr show eth0"))
        # Its name server answers, whatever it answers: that is the host's affair.
        self.assertRegex(console.shell("nslookup localhost. 2>&1 || true"), "10.0.2.3")
        self.assertIn("from the host", console.shell(f"wget -q -O - http://10.0.2.2:{self.serve()}/"))
        console.shell("(while true; do echo from the guest | nc -l -p 8080; done) >/dev/null 2>&1 & true")
        time.sleep(1)
        with socket.create_connection(("127.0.0.1", self.port), 30) as guest:
            guest.settimeout(30)
            self.assertEqual(guest.recv(100), b"from the guest\n")

    def test_session(self):
        machine = self.machine
        machine.start()
        console = machine.console()
        console.expect("session has started", 120)
        console.send("\n")
        console.expect("# $")
        self.check_network(console)
        console.shell("echo kept >/dev/vda; sync; echo 3 >/proc/sys/vm/drop_caches")
        machine.change(nics=nic("net0", (self.port, 8080), link=False))
        self.assertEqual(console.shell("sleep 1; cat /sys/class/net/eth0/carrier"), "0")
        machine.change(nics=nic("net0", (self.port, 8080)))
        self.assertEqual(console.shell("sleep 1; cat /sys/class/net/eth0/carrier"), "1")
        boot = console.shell("cat /proc/sys/kernel/random/boot_id")
        console.close()
        machine.save().wait()
        machine.start()
        console = machine.console()
        console.send("\n")
        console.expect("# $")
        self.assertEqual(console.shell("cat /proc/sys/kernel/random/boot_id"), boot)
        self.assertEqual(console.shell("head -c 4 /dev/vda"), "kept")
        self.assertIn("from the host", console.shell(f"wget -q -O - http://10.0.2.2:{self.serve()}/"))
        self.assertEqual(machine.screenshot()[:8], PNG)
        machine.insert(machine["Settings"]["drives"][0]["file"])
        console.send("poweroff -f\n")
        machine.settle("off")
        console.close()

    def test_tray(self):
        """A guest that uses its CD holds it; by force it is taken out all the same. The power button is heard, too."""
        machine, eject = self.machine, ("EjectMedium", "(sb)", "cdrom0")
        machine.start()
        iso = machine["Settings"]["drives"][0]["file"]
        console = machine.console()
        self.addCleanup(console.close)
        console.expect("session has started", 120)
        console.send("\n")
        console.expect("# $")
        for force in (True, False):
            console.shell("mkdir -p /cd; mount -t iso9660 -o ro /dev/sr0 /cd")
            console.shell("cat /cd/demo/vmlinuz >/dev/null")
            for method in ((*eject, False), None):
                error = self.refuses("locked the tray", *((machine.call, *method) if method else (machine.insert, iso)))
                self.assertEqual(error.name, "org.vitrine.Error.TrayLocked")
            self.assertNotEqual(machine["Media"], {"cdrom0": ""})
            if force:
                machine.call(*eject, True)
                console.shell("echo 3 >/proc/sys/vm/drop_caches; ! cat /cd/demo/initrd.gz >/dev/null 2>&1")
            console.shell("umount /cd")
            if not force:
                machine.call(*eject, False)
            self.assertEqual(machine["Media"], {"cdrom0": ""})
            machine.insert(iso)
        machine.call("Shutdown")
        machine.settle("off")


if __name__ == "__main__":
    unittest.main(verbosity=2)
