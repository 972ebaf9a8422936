#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forking in a program with busy threads: the children's translated code must be a consistent copy."""

import programs


class ForkThreads(programs.ProgramTest):
    def test_fork(self):
        self.assertEqual(self.run_guest("python3", programs.HERE / "fork-threads.py", 60), "bad: 0\n")


if __name__ == "__main__":
    programs.main()
