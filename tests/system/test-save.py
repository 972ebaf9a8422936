#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that is saved, ends, and goes on in another process."""

import hashlib
import re
import time

import vm

# Busy in between, so that lines come slowly; this shell's sleep knows whole seconds only.
LAST = 250
COUNT = (f"i=0; while [ $i -lt {LAST} ]; do i=$((i+1)); echo count $i; "
         "j=0; while [ $j -lt 3000 ]; do j=$((j+1)); done; done")


class SaveTest(vm.VmTest):
    def linux(self, *args, **options):
        image = self.dir / "disk.img"
        if not image.exists():
            self.image("disk.img", 4 << 20)
        return self.start_linux("-smp", "2", "-drive", f"file={image},format=raw,if=virtio", "-netdev", "user,id=n0",
                                "-device", "virtio-net-pci,netdev=n0", *args, **options)


class Save(SaveTest):
    def numbers(self, machine):
        return [int(n) for n in re.findall(r"count (\d+)$", machine.text, re.MULTILINE)]

    def test_goes_on(self):
        """A guest that counts goes on with the next number, three times over."""
        saved = self.dir / "saved"
        machine = self.linux()
        machine.send(COUNT + "\n")
        machine.expect(r"^count 10$")
        counted = 0
        for generation in range(3):
            machine.save(saved)
            machine.pump(0.2)
            numbers = self.numbers(machine)
            counted = max([counted, *numbers])
            machine.end()  # kill -9
            machine = self.linux("-incoming", f"file:{saved}", wait=False, name=f"vm{generation}")
            machine.expect(rf"^count {counted + 5}$", 60)
            numbers = self.numbers(machine)
            self.assertLessEqual(numbers[0], counted + 1)
            self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
            counted = numbers[-1]
        machine.expect(rf"^count {LAST}$", 60)
        self.assertEqual(machine.shell("echo end"), "end")
        machine.shell("modprobe virtio_net; ip link set eth0 up")
        self.assertIn("lease of 10.0.2.15 obtained", machine.shell("udhcpc -i eth0 -n -q 2>&1", 60))

    def test_network_goes_on(self):
        machine = self.linux()
        machine.shell("modprobe virtio_net; ip link set eth0 up")
        machine.shell("udhcpc -i eth0 -n -q 2>&1", 60)
        machine.save(self.dir / "saved")
        machine.end()
        served = self.dir / "www"
        served.mkdir()
        (served / "file").write_text("still here\n")
        server = vm.WebServer(served)
        self.addCleanup(server.close)
        machine = self.linux("-incoming", f"file:{self.dir}/saved", wait=False, name="second")
        machine.send("\n")
        self.assertEqual(machine.shell(f"wget -q -O - http://10.0.2.2:{server.port}/file", 60), "still here")

    def test_clocks(self):
        """Time does not pass for the guest between the two processes, and never goes back; only the board's clock
        has gone on."""
        machine = self.linux()
        begun = time.monotonic()
        before = float(machine.shell("cut -d' ' -f1 /proc/uptime"))
        machine.save(self.dir / "saved")
        ran = time.monotonic() - begun
        machine.end()
        time.sleep(5)
        begun = time.monotonic()
        machine = self.linux("-incoming", f"file:{self.dir}/saved", wait=False, name="second")
        machine.send("\n")
        after = float(machine.shell("cut -d' ' -f1 /proc/uptime"))
        ran += time.monotonic() - begun
        self.assertGreaterEqual(after, before)
        self.assertLessEqual(after, before + ran + 0.1)
        self.assertLess(int(machine.shell("date +%s")), time.time() - 3)
        now = time.time()
        clock = int(machine.shell("cat /sys/class/rtc/rtc0/since_epoch"))
        self.assertTrue(now - 2 < clock < time.time() + 1, clock - now)
        now = time.time()
        date = int(machine.shell("hwclock -s -u && date +%s"))
        self.assertTrue(now - 2 < date < time.time() + 1, date - now)

    def test_computation(self):
        """Both processors compute, one of them with floating point, and what comes out is right."""
        machine = self.linux()
        machine.send("echo be''gun; dd if=/dev/zero bs=64k count=2000 2>/dev/null | sha256sum & "
                     "awk 'BEGIN { for (i = 0; i < 1500000; i++) x = x * 0.999 + i / 7; printf \"%.9f\\n\", x }' & wait; echo done\n")
        machine.expect("^begun$")
        for generation in range(3):
            machine.pump(0.3)
            machine.save(self.dir / "saved")
            self.assertNotRegex(machine.text, "(?m)^done$")
            machine.end()
            machine = self.linux("-incoming", f"file:{self.dir}/saved", wait=False, name=f"vm{generation}")
        machine.expect("^done$", 90)
        self.assertIn(hashlib.sha256(bytes(2000 << 16)).hexdigest(), machine.text)
        number = 0.0
        for i in range(1500000):
            number = number * 0.999 + i / 7
        self.assertIn(f"{number:.9f}", machine.text)


class File(SaveTest):
    def test_source_goes_on(self):
        """After saving, the machine may go on where it is."""
        machine = self.linux()
        machine.save(self.dir / "saved")
        self.assertEqual(machine.qmp.run("query-status")["status"], "postmigrate")
        machine.qmp.run("cont")
        self.assertEqual(machine.shell("echo on"), "on")

    def test_refusals(self):
        """A file that is damaged, or of another machine, is named as that, and nothing crashes."""
        saved = self.dir / "saved"
        machine = self.linux()
        machine.save(saved)
        machine.end()
        quiet = ("-display", "none", "-monitor", "none", "-serial", "none", "-incoming", f"file:{saved}")
        for args in (["-m", "256"], ["-m", "512"], ["-m", "512", "-smp", "3"], ["-m", "512", "-smp", "2"]):
            status, text = self.run_briefly(*quiet, *args)
            self.assertEqual(status, 1, f"{args}: {text}")
            self.assertTrue(text.strip())
        data = saved.read_bytes()
        for damage in (data[:len(data) // 2], data[:100], b"", data[:5000] + bytes(64) + data[5064:]):
            saved.write_bytes(damage)
            status, text = self.run_briefly(*quiet, "-m", "512", "-smp", "2", "-kernel", vm.KERNEL)
            self.assertEqual(status, 1, text)
            self.assertTrue(text.strip())

    def test_nowhere(self):
        machine = self.start("-m", "64")
        answer = machine.qmp.call("migrate", uri="file:/nonexistent/x")
        status = {"status": "failed"} if "error" in answer else {}
        end = time.monotonic() + 10 * vm.PATIENCE
        while status.get("status") not in ("failed", "completed") and time.monotonic() < end:
            status = machine.qmp.run("query-migrate")
        self.assertEqual(status.get("status"), "failed")
        self.assertEqual(machine.qmp.run("query-status")["running"], True)


class Peers(vm.VmTest):
    """Two machines on one wire, of which one or the other goes on in another process."""

    SIZE = 64 << 20

    def linux(self, name, netdev, *args, **options):
        return self.start_linux("-smp", "2", "-netdev", f"{netdev},id=n0", "-device",
                                f"virtio-net-pci,netdev=n0,mac=52:54:00:00:00:0{name}", *args, name=f"vm{name}",
                                **options)

    def wait_for_bytes(self, machine, count):
        end = time.monotonic() + 60 * vm.PATIENCE
        while machine.received() < count:
            self.assertLess(time.monotonic(), end, "the download stands still")
            time.sleep(0.002)

    def move(self, machine, *args):
        """Saves a machine, kills it, and restores it in another process."""
        saved = self.dir / "saved"
        machine.save(saved)
        received = machine.received()
        machine.end()
        return self.linux(*args, "-incoming", f"file:{saved}", wait=False), received

    def check_download(self, serving, fetching):
        """Neither end of a TCP connection notices that the machine of the other, or its own, has moved."""
        server = self.linux("1", serving)
        server.shell("modprobe virtio_net; ip addr add 10.9.9.1/24 dev eth0; ip link set eth0 up")
        client = self.linux("2", fetching)
        client.shell("modprobe virtio_net; ip addr add 10.9.9.2/24 dev eth0; ip link set eth0 up")
        server.shell(f"dd if=/dev/urandom of=/file bs=1M count={self.SIZE >> 20}", 60)
        digest = server.shell("sha256sum </file", 60).split()[0]
        server.send("nc -l -p 80 </file; echo served $?\n")
        client.send("until nc 10.9.9.1 80 >/file; do sleep 1; done; echo fetched $(sha256sum </file)\n")
        self.wait_for_bytes(client, self.SIZE // 8)
        client, before = self.move(client, "2", fetching)
        self.wait_for_bytes(client, self.SIZE // 8)
        server, _ = self.move(server, "1", serving)
        self.assertLess(before + client.received(), self.SIZE)
        client.expect(rf"^fetched {digest} ", 120)
        server.expect(r"^served 0$", 10)

    def test_stream(self):
        wire = f"addr.type=unix,addr.path={self.dir}/wire"
        self.check_download(f"stream,server=on,{wire}", f"stream,{wire},reconnect-ms=100")

    def test_dgram(self):
        one, other = (f"{{0}}.type=unix,{{0}}.path={self.dir}/{name}" for name in ("one", "other"))
        self.check_download(f"dgram,{one.format('local')},{other.format('remote')}",
                            f"dgram,{other.format('local')},{one.format('remote')}")


vm.require(vm.KERNEL, vm.INITRD)
vm.main()
