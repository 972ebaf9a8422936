#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""stress-ng's stressors that check what they do: test-stress.py quick|long."""

import re
import sys

import programs

# Stressor: operations each instance has to do in the quick test, and its options.
STRESSORS = {
    "cpu": (60, ["--cpu-method", "all"]),
    "matrix": (150, ["--matrix-method", "all", "--matrix-size", "64"]),
    "fp": (12, []),
    "vm": (4000, ["--vm-method", "all", "--vm-bytes", "16m"]),
    "futex": (2000, []),
    "atomic": (60, []),
    "pthread": (100, []),
    "switch": (500, []),
    "fork": (60, []),
    "signal": (3000, []),
    "sigq": (2000, []),
    "sigrt": (1000, []),
    "sigfd": (1000, []),
    "sigsegv": (300, []),
    "sigsuspend": (300, []),
    "sigpending": (300, []),
    "sigtrap": (300, []),
    "sigchld": (30, []),
    "sigabrt": (20, []),
}
LONG_SECONDS = 6


class Stress(programs.ProgramTest):
    long = False

    def stress(self, name, instances=2):
        operations, options = STRESSORS[name]
        limit = ["--timeout", LONG_SECONDS] if self.long else [f"--{name}-ops", operations * instances, "--timeout", 60]
        out = self.run_guest("stress-ng", f"--{name}", instances, *options, *limit, "--verify", "--metrics-brief",
                             errors=True)
        # How a failure is said differs by version, and this does not.
        self.assertRegex(out, r"\] successful run completed in ")
        count = re.search(rf"metrc: \[\d+\] {name} +(\d+) ", out)
        self.assertTrue(count, out)
        self.assertGreaterEqual(int(count[1]), 1 if self.long else operations, out)


for stressor in STRESSORS:
    setattr(Stress, "test_" + stressor, lambda self, name=stressor: self.stress(name))

if __name__ == "__main__":
    Stress.long = sys.argv.pop(1) == "long"
    programs.main()
