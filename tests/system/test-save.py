#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that is saved, ends, and goes on in another process."""

import re
import time

import vm

# Busy in between, so that lines come slowly; this shell's sleep knows whole seconds only.
LAST = 250
COUNT = (f"i=0; while [ $i -lt {LAST} ]; do i=$((i+1)); echo count $i; "
         "j=0; while [ $j -lt 3000 ]; do j=$((j+1)); done; done")


class Save(vm.VmTest):
    def numbers(self, machine):
        return [int(n) for n in re.findall(r"count (\d+)$", machine.text, re.MULTILINE)]

    def linux(self, *args, **options):
        image = self.dir / "disk.img"
        if not image.exists():
            self.image("disk.img", 4 << 20)
        return self.start_linux("-smp", "2", "-drive", f"file={image},format=raw,if=virtio", "-netdev", "user,id=n0",
                                "-device", "virtio-net-pci,netdev=n0", *args, **options)

    def save(self, machine, path):
        machine.qmp.run("migrate", uri=f"file:{path}")
        end = time.monotonic() + 60 * vm.PATIENCE
        while machine.qmp.run("query-migrate").get("status") not in ("completed", "failed"):
            self.assertLess(time.monotonic(), end, "saving takes too long")
            time.sleep(0.05)
        self.assertEqual(machine.qmp.run("query-migrate")["status"], "completed")

    def test_goes_on(self):
        """A guest that counts goes on with the next number, three times over."""
        saved = self.dir / "saved"
        machine = self.linux()
        machine.send(COUNT + "\n")
        machine.expect(r"^count 10$")
        counted = 0
        for generation in range(3):
            self.save(machine, saved)
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
        self.save(machine, self.dir / "saved")
        machine.end()
        served = self.dir / "www"
        served.mkdir()
        (served / "file").write_text("still here\n")
        server = vm.WebServer(served)
        self.addCleanup(server.close)
        machine = self.linux("-incoming", f"file:{self.dir}/saved", wait=False, name="second")
        machine.send("\n")
        self.assertEqual(machine.shell(f"wget -q -O - http://10.0.2.2:{server.port}/file", 60), "still here")

    def test_source_goes_on(self):
        """After saving, the machine may go on where it is."""
        machine = self.linux()
        self.save(machine, self.dir / "saved")
        self.assertEqual(machine.qmp.run("query-status")["status"], "postmigrate")
        machine.qmp.run("cont")
        self.assertEqual(machine.shell("echo on"), "on")

    def test_refusals(self):
        """A file that is damaged, or of another machine, is named as that, and nothing crashes."""
        saved = self.dir / "saved"
        machine = self.linux()
        self.save(machine, saved)
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


vm.require(vm.KERNEL, vm.INITRD)
vm.main()
