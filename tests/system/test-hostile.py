#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest that abuses every device: the machine goes on, can be asked, saved, reset and quit.

Usage: test-hostile.py PROGRAM SEEDS
"""

import itertools
import subprocess
import sys
import time
from pathlib import Path

import vm

PROGRAM, SEEDS = Path(sys.argv[1]).resolve(), int(sys.argv[2])
MODES = ([], ["-test", "hot=1"], ["-test", "interpret"], ["-one-insn-per-tb"])
# With the default settings of each; what this build has not is left out.
DEVICES = {
    "virtio-blk-pci": "drive=d0", "virtio-net-pci": "netdev=n0", "virtio-rng-pci": "", "virtio-gpu-pci": "",
    "virtio-keyboard-pci": "", "virtio-tablet-pci": "", "virtio-balloon-pci": "", "virtio-scsi-pci": "",
    "virtio-serial-pci": "", "bochs-display": "",
}


class Hostile(vm.VmTest):
    def setUp(self):
        super().setUp()
        status, known = self.run_briefly("-device", "help")
        self.assertEqual(status, 0)
        image = self.image("d.img", 1 << 20)
        self.args = ["-m", "64", "-bios", PROGRAM, "-drive", f"file={image},format=raw,if=none,id=d0",
                     "-netdev", "user,id=n0"]
        for name, settings in DEVICES.items():
            if f'"{name}"' in known:
                self.args += ["-device", f"{name},{settings}".rstrip(",")]

    def run_seed(self, seed, mode):
        machine = self.start(*self.args, "-fw_cfg", f"name=opt/seed,string={seed}", *mode)
        status = machine.wait(60)
        self.assertEqual(status, 42, f"seed {seed} {mode}: status {status}\n{machine.text[-1000:]}\n"
                                     f"{machine.complaints()[-3000:]}")
        machine.end()

    def test_to_the_end(self):
        for seed, mode in itertools.product(range(SEEDS), MODES):
            with self.subTest(seed=seed, mode=mode):
                self.run_seed(seed, mode)

    def test_interference(self):
        """Pauses, questions, resets and at last the end, at any moment."""
        for seed in range(SEEDS):
            machine = self.start(*self.args, "-smp", "2", "-fw_cfg", f"name=opt/seed,string={seed}", "-no-shutdown")
            for n in range(10):
                time.sleep(0.03)
                machine.qmp.run("stop")
                for line in ("info registers -a", "info mtree", "info qtree", "info block", "info network", "info pci"):
                    machine.qmp.hmp(line)
                if n % 4 == 3:
                    machine.qmp.run("system_reset")
                machine.qmp.run("cont")
                machine.pump(0)
            machine.qmp.run("quit")
            self.assertEqual(machine.wait(20), 0, machine.complaints()[-2000:])
            machine.end()

    def test_no_memory_grows(self):
        """Nothing the guest does makes the process grow without end."""
        machine = self.start(*self.args, "-no-shutdown")
        machine.qmp.event("SHUTDOWN", 60)
        lines = subprocess.run(["cat", f"/proc/{machine.process.pid}/status"], capture_output=True, text=True,
                               check=True).stdout
        peak = int(lines.split("VmHWM:")[1].split()[0])
        self.assertLess(peak, 400 * 1024, "kB of memory")


sys.argv[1:] = []
vm.main()
