#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian is saved at work, its process killed, and goes on in another: downloads from the host, writes to the disk."""

import contextlib
import email.utils
import hashlib
import http.server
import posixpath
import random
import re
import threading
import time

import debian

CHUNK = 64 << 10


class Handler(http.server.BaseHTTPRequestHandler):
    """As servers of packages do: a part of a file for those who have the rest."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.path = posixpath.normpath(self.path)
        data = self.server.files.get(self.path)
        if data is None:
            self.send_error(404)
            return
        part = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(part[1]) if part else 0
        self.server.requests.append((self.path, start))
        self.send_response(206 if part else 200)
        if part:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Last-Modified", email.utils.formatdate(0, usegmt=True))
        self.end_headers()
        with contextlib.suppress(OSError):  # the guest's machine is killed
            self.send(data, start)

    def send(self, data, start):
        half = len(data) // 2
        slowly = self.path == self.server.slow and start < half
        for at in range(start, len(data), CHUNK):
            self.wfile.write(data[at:at + CHUNK])
            if slowly and at < half:
                time.sleep(0.01)
            elif slowly and not self.server.half_sent.is_set():
                self.server.half_sent.set()
                if self.server.stalling:
                    self.server.going_on.wait()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Sends the file that `slow` names slowly up to its half, and where it stalls nothing then until it may go on."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.requests, self.slow, self.stalling = {}, [], None, False
        self.half_sent, self.going_on = threading.Event(), threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def slow_down(self, path, stalling):
        self.requests.clear()
        self.slow, self.stalling = path, stalling
        self.half_sent.clear()
        self.going_on.clear()

    def close(self):
        self.going_on.set()
        self.shutdown()
        self.server_close()


class Save(debian.DebianTest):
    def setUp(self):
        super().setUp()
        self.generation = 0
        self.server = Server()
        self.addCleanup(self.server.close)

    def start_system(self, *args):
        self.generation += 1
        return self.start_disk(*self.firmware(), "-netdev", "user,id=net0", "-device",
                               "virtio-net-pci,netdev=net0,id=card0", *args, name=f"vm{self.generation}")

    def move(self, machine):
        """The machine saved, killed, and restored in another process."""
        saved = self.dir / "saved"
        machine.save(saved)
        machine.end()
        return self.start_system("-incoming", f"file:{saved}")

    def move_in_download(self, machine, path, stalling, command):
        """The guest goes on with a download by itself, soon, from where it was."""
        self.server.slow_down(path, stalling)
        machine.send(f"{command}; echo fetched $?\n")
        self.assertTrue(self.server.half_sent.wait(120), "the download does not begin")
        machine = self.move(machine)
        self.server.going_on.set()
        machine.expect(r"^fetched 0$", 60)
        parts = [start for name, start in self.server.requests if name == path]
        self.assertGreater(len(parts), 1)
        self.assertGreater(parts[-1], 0, "the download began anew")
        return machine

    def check_wget(self, machine):
        """Where the server sends nothing for a while, the guest learns only from us that the connection is gone."""
        data = self.server.files["/file"] = random.Random(1).randbytes(12_345_678)
        for stalling in (True, False):
            machine = self.move_in_download(machine, "/file", stalling,
                                            f"wget -q -O /root/file http://10.0.2.2:{self.server.server_port}/file")
            self.assertEqual(machine.shell("sha256sum </root/file", 60).split()[0], hashlib.sha256(data).hexdigest())
        return machine

    def check_apt(self, machine):
        tree = self.dir / "pkg"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text("Package: vitrine-big\nVersion: 1.0\nArchitecture: all\n"
                                             "Maintainer: Nobody <nobody@localhost>\nDescription: test\n")
        content = random.Random(2).randbytes(8_000_000)
        (tree / "vitrine-big").write_bytes(content)
        package = self.dir / "big.deb"
        debian.run("dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, package)
        data = self.server.files["/repo/big.deb"] = package.read_bytes()
        index = debian.run("dpkg-deb", "-f", package) + (f"Filename: ./big.deb\nSize: {len(data)}\n"
                                                         f"SHA256: {hashlib.sha256(data).hexdigest()}\n\n")
        self.server.files["/repo/Packages"] = index.encode()
        machine.shell(f"echo 'deb [trusted=yes] http://10.0.2.2:{self.server.server_port}/repo ./' "
                      ">/etc/apt/sources.list; apt-get update -q", 120)
        machine = self.move_in_download(machine, "/repo/big.deb", True,
                                        "apt-get -q -y -o Acquire::Retries=3 install vitrine-big")
        self.assertEqual(machine.shell("sha256sum </vitrine-big").split()[0], hashlib.sha256(content).hexdigest())
        return machine

    def check_disk(self, machine):
        """What the guest has not flushed, and what it writes at that moment, is neither lost nor written twice."""
        machine.shell("for i in 1 2 3; do dd if=/dev/urandom of=/root/data$i bs=1M count=20 status=none; done; "
                      "sha256sum /root/data* >/root/sums", 120)
        machine.send("for i in $(seq 400); do echo $i; echo $i >&2; done >/root/lines 2>/root/copy; "
                     "for i in 1 2 3 4; do dd if=/root/data1 of=/root/direct$i bs=256k oflag=direct status=none; done & "
                     "cp /root/data2 /root/synced & sync & echo be''gun; wait; echo en''ded\n")
        machine.expect("^begun$")
        machine = self.move(machine)
        machine.expect("^ended$", 60)
        machine.shell("sync; echo 3 >/proc/sys/vm/drop_caches; sha256sum -c --quiet /root/sums", 120)
        machine.shell("cmp /root/lines /root/copy && cmp /root/data2 /root/synced && "
                      "for i in 1 2 3 4; do cmp /root/data1 /root/direct$i || exit; done", 120)
        return machine

    def test_work(self):
        machine = self.start_system()
        self.log_in(machine)
        self.assertEqual(machine.shell("systemctl is-system-running --wait", 240), "running")
        begun = machine.shell("systemctl show -p ActiveEnterTimestampMonotonic systemd-networkd")
        machine = self.check_disk(self.check_apt(self.check_wget(machine)))
        self.assertEqual(machine.shell("systemctl --failed --no-legend"), "")
        self.assertEqual(machine.shell("systemctl show -p ActiveEnterTimestampMonotonic systemd-networkd"), begun)
        self.assertEqual(machine.shell("dmesg --level=emerg,alert,crit,err"), "")
        self.power_off(machine)
        self.check_image()
        self.check_file_system()


if __name__ == "__main__":
    debian.main()
