#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines of each architecture: offered where their program is installed, and nowhere else.

Usage: test-architecture.py BUILD
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from gi.repository import GLib

from engine import ENGINE, ENGINE1, MACHINE1, PATIENCE, Engine, error_of, wait_for

TOOLS = Path(sys.argv[1]) / "engine/tools"
AARCH64 = GLib.Variant("s", "aarch64")
ARM = {"architecture": AARCH64, "firmware": GLib.Variant("s", "uboot")}
# Stands in for the program: it says what it was started with.
FAKE = """#!/bin/sh
echo "started with: $0 $*"
exec sleep 1000
"""


class Architecture(unittest.TestCase):
    def setUp(self):
        self.engine = Engine(sys.argv[1])
        self.addCleanup(self.engine.__exit__, None, None, None)
        self.programs = self.engine.home / "programs"
        self.programs.mkdir()
        self.engine.environment["VITRINE_PROGRAMS"] = f"{self.programs}:{TOOLS}/img:{TOOLS}/media"

    def install(self, *names):
        for name in names:
            program = self.programs / f"vitrine-machine-{name}"
            program.write_text(FAKE)
            program.chmod(0o755)

    def remove(self, name):
        (self.programs / f"vitrine-machine-{name}").unlink()

    def media(self, *names):
        """What a kernel of each architecture is said to be."""
        heads = {"aarch64": b"ARM\x64", "riscv64": b"RSC\x05"}
        for name in names:
            with tempfile.TemporaryFile() as file:
                file.write(bytes(0x38) + heads[name] + bytes(65536))
                yield self.engine.call(ENGINE, ENGINE1, "DetectMedia", "hs", 0, "image", fds=[file.fileno()])

    def capabilities(self):
        return self.engine.call(ENGINE, ENGINE1, "GetCapabilities")["architectures"]

    def test_what_is_installed_is_offered(self):
        self.install("riscv64")
        self.engine.start()
        self.assertEqual(list(self.capabilities()), ["riscv64"])
        arm, riscv = self.media("aarch64", "riscv64")
        self.assertEqual(arm["architectures"], ["aarch64"])
        self.assertNotIn("architecture", arm["settings"])
        self.assertEqual(arm["remarks"], ["It starts on aarch64, and the machines here are riscv64: choose another image."])
        self.assertEqual((riscv["settings"]["architecture"], riscv["remarks"]), ("riscv64", []))
        self.check_refused()
        # An engine need not be started anew for what is installed later.
        self.install("aarch64")
        self.assertEqual(set(self.capabilities()), {"riscv64", "aarch64"})
        arm = next(self.media("aarch64"))
        self.assertEqual((arm["settings"]["architecture"], arm["settings"]["firmware"], arm["remarks"]), ("aarch64", "efi", []))

    def check_refused(self):
        failure = error_of(self.engine.begin_create, "arm", **ARM)
        self.assertEqual(failure.name, "NotSupported")
        self.assertIn("vitrine-machine-aarch64 is not installed", failure.cause)
        self.assertIn("riscv64", failure.remedy)
        remarks = self.engine.call(ENGINE, ENGINE1, "CheckSettings", "a{sv}", {"architecture": AARCH64})
        self.assertEqual([remark[:2] for remark in remarks if remark[0] == "architecture"], [("architecture", "error")])

    def test_defaults(self):
        self.install("riscv64", "aarch64")
        self.engine.start()
        offered = self.capabilities()
        for name, board in (("riscv64", "virt"), ("aarch64", "virt")):
            defaults = self.engine.call(ENGINE, ENGINE1, "GetDefaults", "a{sv}", {"architecture": GLib.Variant("s", name)})
            self.assertEqual([defaults[key] for key in ("architecture", "board", "firmware")], [name, board, "efi"])
            for key, choices in (("board", "boards"), ("firmware", "firmware"), ("cpu", "cpus")):
                self.assertIn(defaults[key], offered[name][choices])
            self.assertGreaterEqual(offered[name]["max-cpus"], defaults["cpus"])
        self.assertEqual(self.engine.call(ENGINE, ENGINE1, "GetDefaults", "a{sv}", {})["architecture"], "riscv64")
        self.remove("riscv64")
        self.assertEqual(self.engine.call(ENGINE, ENGINE1, "GetDefaults", "a{sv}", {})["architecture"], "aarch64")

    def test_it_never_changes(self):
        self.install("riscv64", "aarch64")
        self.engine.start()
        path = self.engine.create("arm", **ARM)
        self.assertEqual(self.engine.get(path, MACHINE1, "Architecture"), "aarch64")
        failure = error_of(self.engine.machine, path, "Change", "a{sv}", {"architecture": GLib.Variant("s", "riscv64")})
        self.assertEqual(failure.name, "InvalidArgument")
        self.engine.machine(path, "Change", "a{sv}", {"architecture": AARCH64, "cpu": GLib.Variant("s", "cortex-a53")})
        self.assertEqual(self.engine.get(path, MACHINE1, "Settings")["cpu"], "cortex-a53")

    def test_the_program_is_gone(self):
        """The machine is shown, and says why it does not start; it can be deleted."""
        self.install("riscv64", "aarch64")
        self.engine.start()
        path = self.engine.create("arm", **ARM)
        self.remove("aarch64")
        self.engine.restart()
        self.assertEqual((self.engine.state(path), self.engine.get(path, MACHINE1, "Architecture")), ("off", "aarch64"))
        failure = error_of(self.engine.machine, path, "Start", "a{sv}", {})
        self.assertEqual(failure.name, "NotSupported")
        self.assertIn("vitrine-machine-aarch64 is not installed", failure.cause)
        self.assertEqual(self.engine.state(path), "off")
        self.engine.job(self.engine.machine(path, "Delete", "b", True))
        self.assertEqual(self.engine.list(), {})

    def test_its_program_is_started(self):
        self.install("riscv64", "aarch64")
        firmware = self.engine.home / "firmware"
        firmware.mkdir()
        for name, content in (("AAVMF_CODE.fd", b"code"), ("AAVMF_VARS.fd", b"variables")):
            (firmware / name).write_bytes(content)
        self.engine.environment["VITRINE_FIRMWARE"] = str(firmware)
        self.engine.start()
        path = self.engine.create("arm", architecture=AARCH64, firmware=GLib.Variant("s", "efi"))
        variables = self.engine.machines / "arm/efi-vars.fd"
        self.assertEqual((variables.stat().st_size, variables.read_bytes()[:10]), (64 << 20, b"variables\0"))
        self.assertLess(variables.stat().st_blocks * 512, 1 << 20)
        log = self.engine.machines / "arm/machine.log"
        bus = self.engine.connect()
        bus.call("org.vitrine.Vitrine.Engine", path, MACHINE1, "Start", GLib.Variant("(a{sv})", ({},)), None, 0, -1, None, None)
        wait_for(lambda: log.exists() and "started with" in log.read_text(), "the program")
        words = log.read_text()
        self.assertIn("vitrine-machine-aarch64 ", words)
        self.assertIn("-machine virt,gic-version=3 ", words)
        self.assertIn(f"readonly=on,file={firmware}/AAVMF_CODE.fd", words)
        self.assertNotIn("-bios", words)
        self.engine.machine(path, "PowerOff")


class Program(unittest.TestCase):
    """What the service says of the programs is true of them."""

    def test_models(self):
        with Engine(sys.argv[1]).start() as engine:
            for name, offered in engine.call(ENGINE, ENGINE1, "GetCapabilities")["architectures"].items():
                program = TOOLS / f"vitrine-system-{name}"
                known = subprocess.run([program, "-cpu", "help"], capture_output=True, text=True, timeout=60, check=True).stdout.split()
                self.assertEqual([model for model in offered["cpus"] if model not in known], [], f"{name} knows {known}")
                boards = subprocess.run([program, "-machine", "help"], capture_output=True, text=True, timeout=60, check=True).stdout.split()
                self.assertEqual([board for board in offered["boards"] if board not in boards], [])

    def test_it_runs(self):
        """Its own program with each firmware, without running a guest: it can be paused and ended."""
        with Engine(sys.argv[1]).start() as engine:
            for name, offered in engine.call(ENGINE, ENGINE1, "GetCapabilities")["architectures"].items():
                for firmware in offered["firmware"]:
                    path = engine.create(f"{name} {firmware}", architecture=GLib.Variant("s", name), firmware=GLib.Variant("s", firmware))
                    engine.machine(path, "Start", "a{sv}", {"paused": GLib.Variant("b", True)})
                    self.assertEqual(engine.state(path), "paused")
                    engine.machine(path, "PowerOff")
                    wait_for(lambda path=path: engine.state(path) == "off", "its end")

    def test_it_goes_on(self):
        """Its own firmware comes to a prompt; the machine is saved there, and goes on."""
        with Engine(sys.argv[1]).start() as engine:
            for name in engine.call(ENGINE, ENGINE1, "GetCapabilities")["architectures"]:
                path = engine.create(name, architecture=GLib.Variant("s", name), firmware=GLib.Variant("s", "uboot"),
                                     memory=GLib.Variant("t", 256 << 20))
                engine.machine(path, "Start", "a{sv}", {})
                subprocess.run([TOOLS / "ctl/vitrinectl", "wait-for-text", "--timeout", str(int(60 * PATIENCE)), name, "=>"],
                               env=engine.environment, check=True, timeout=100 * PATIENCE)
                engine.job(engine.machine(path, "Save"))
                self.assertEqual(engine.state(path), "saved")
                engine.machine(path, "Start", "a{sv}", {})
                self.assertEqual(engine.state(path), "running")
                engine.machine(path, "PowerOff")


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
