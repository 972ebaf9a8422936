#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's process is killed while Debian writes: the image stays in order, the journal recovers, and files that
were flushed are there when the system boots again.

The number of kills is the argument, or 20."""

import hashlib
import os
import random
import re
import sys
import time

import debian
from debian import vm

KILLS = int(sys.argv.pop()) if len(sys.argv) > 1 and sys.argv[-1].isdigit() else 20

# Writers of every kind, and files that are flushed one by one: each is named on the console once its fsync is done.
LOAD = r"""#!/bin/bash
# The stream of one file and the small files of another writer, over and over.
mkdir -p /load/small
while :; do dd if=/dev/urandom of=/load/stream bs=64k count=400 status=none; rm /load/stream; done &
while :; do cp -r /etc/. /load/small; rm -rf /load/small/*; done &
while :; do dd if=/dev/zero of=/load/sync bs=4k count=50 oflag=dsync status=none; sync; done &
for ((n = 0; ; n++)); do
  for ((i = 0; i < n % 40; i++)); do echo "round $1 file $n line $i"; done >/flushed/$1-$n
  sync /flushed/$1-$n /flushed
  echo "flushed $1-$n"
done
"""


def digest(round_number, n):
    text = "".join(f"round {round_number} file {n} line {i}\n" for i in range(n % 40))
    return hashlib.sha256(text.encode()).hexdigest()


class Kill(debian.DebianTest):
    def boot(self, number):
        """The whole system, with all that writes there, now and then; a bare one in between takes a fifth of the time."""
        name = f"vm{number}"
        if number % 5 and number != KILLS:
            return self.start_bare(name=name, qmp=False)
        machine = self.start_disk(*self.firmware(), name=name, qmp=False)
        self.log_in(machine)
        return machine

    def check_flushed(self, machine, flushed):
        """Every file that has been flushed so far, whichever kill came after it."""
        there = dict(reversed(line.split()) for line in
                     machine.shell("cd /flushed && sha256sum * && cd", 120).splitlines())
        for round_number, count in flushed.items():
            for n in range(count):
                self.assertEqual(there.get(f"{round_number}-{n}"), digest(round_number, n),
                                 f"/flushed/{round_number}-{n}")

    def write_until_killed(self, machine, number, seconds):
        """How many files the guest has said it has flushed."""
        machine.send(f"bash /root/load {number}\n")
        machine.expect(rf"flushed {number}-0$", 60)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            machine.pump(end - time.monotonic())
        machine.process.kill()
        while machine.pump(10):
            pass
        machine.process.wait()
        # A line that was cut short does not count.
        return 1 + max(int(n) for n in re.findall(rf"flushed {number}-(\d+)\n", machine.text))

    def test_kills(self):
        seed = int(os.environ.get("VITRINE_TEST_SEED", time.time_ns() % 1000000))
        print(f"VITRINE_TEST_SEED={seed}", flush=True)
        rng = random.Random(seed)
        flushed = {}
        for number in range(KILLS + 1):
            machine = self.boot(number)
            if number == 0:
                debian.write(machine, "/root/load", LOAD)
                machine.shell("mkdir /flushed && sync")
            else:
                self.check_flushed(machine, flushed)
            if number == KILLS:
                self.power_off(machine)
                break
            seconds = rng.uniform(0.2, 6)
            flushed[number] = self.write_until_killed(machine, number, seconds)
            print(f"kill {number + 1} after {seconds:.2f} s, with {flushed[number]} files flushed", flush=True)
            machine.end()
            self.check_image(leaks=True)
            self.check_file_system(recover=True)
        self.check_file_system()


if __name__ == "__main__":
    debian.main()
