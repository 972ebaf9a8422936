#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""vitrinectl: every command, on the real engine; the guest is U-Boot, which listens on its serial port.

Usage: test-ctl.py BUILD
"""

import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest
from pathlib import Path

from engine import PATIENCE, Engine, wait_for

CTL = str(Path(sys.argv[1]) / "engine/tools/ctl/vitrinectl")
SMALL = ["firmware=uboot", "memory=128M", "cpus=1"]


class Ctl(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = Engine(sys.argv[1]).start()
        cls.addClassCleanup(cls.engine.__exit__, None)
        cls.iso = cls.engine.home / "debian text.iso"
        cls.iso.write_bytes(bytes(32768) + b"\x01CD001\x01" + bytes(100_000))

    def run_ctl(self, *words, status=0, **options):
        """What it printed, and what it complained about."""
        result = subprocess.run([CTL, *words], env=self.engine.environment, capture_output=True, text=True, timeout=60 * PATIENCE,
                                stdin=options.pop("stdin", subprocess.DEVNULL), **options)
        self.assertEqual(result.returncode, status, f"{words}: {result.stdout}{result.stderr}")
        return result.stdout, result.stderr

    def out(self, *words, **options):
        return self.run_ctl(*words, **options)[0]

    def json(self, *words):
        return json.loads(self.out("--json", *words))

    def complaint(self, *words, status=1):
        """Of a command that must fail: what is wrong, and what to do."""
        out, err = self.run_ctl(*words, status=status)
        self.assertEqual(out, "")
        self.assertTrue(err.startswith("vitrinectl: "), err)
        self.assertGreater(len(err.strip().splitlines()), 1, f"no remedy: {err}")
        return err

    def make(self, name, *words):
        self.assertEqual(self.out("create", name, *SMALL, *words).strip(), name)
        self.addCleanup(self.drop, name)

    def drop(self, name):
        if name in self.out("list", "--names").splitlines():
            if self.state(name) in ("running", "paused", "stopping"):
                self.out("kill", name)
            self.out("delete", "--forever", name)

    def state(self, name):
        return self.json("info", name)["State"]

    def boot(self, name):
        """One that has come to its prompt."""
        self.make(name)
        self.out("start", name)
        self.out("wait-for-text", "--timeout", "60", name, "autoboot")
        console = self.console(name)
        console.stdin.write("\n\n")
        console.stdin.flush()
        self.read_until(console, "=> ")
        return console

    def console(self, name):
        console = subprocess.Popen([CTL, "console", name], env=self.engine.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end, console)
        return console

    @staticmethod
    def end(process):
        process.kill()
        process.communicate()

    @staticmethod
    def read_until(console, text):
        seen = ""
        while text not in seen:
            assert select.select([console.stdout], [], [], 60 * PATIENCE)[0], f"no {text!r} in {seen!r}"
            data = os.read(console.stdout.fileno(), 4096)
            assert data, f"the console has ended; it said {seen}"
            seen += data.decode(errors="replace")
        return seen

    def test_list_and_info(self):
        self.assertIn("no machines yet", self.run_ctl("list")[1])
        self.assertEqual(self.json("list"), [])
        self.make("one", "notes=a text", "group=Tests")
        self.make("zwei ü")
        self.assertEqual(self.out("list", "--names").splitlines(), ["one", "zwei ü"])
        self.assertRegex(self.out("list"), r"one +off +riscv64")
        self.assertEqual([machine["Name"] for machine in self.json("list")], ["one", "zwei ü"])
        info = self.json("info", "one")
        self.assertEqual((info["Settings"]["memory"], info["Group"], info["State"]), (128 << 20, "Tests", "off"))
        text = self.out("info", "one")
        for line in ("Name: one", "State: off", "  notes: a text", "  memory: "):
            self.assertIn(line, text)
        for wanted in (info["Uuid"], info["Uuid"][:8], info["Uuid"].replace("-", "")):
            self.assertEqual(self.json("info", wanted)["Name"], "one")
        self.assertIn("one", self.complaint("info", "onne"))

    def test_create(self):
        self.assertIn("already", (self.make("taken"), self.complaint("create", "taken"))[1])
        self.assertIn("memory", self.complaint("create", "bad", "memory=lots"))
        self.assertIn("memmory", self.complaint("create", "bad", "memmory=1G"))
        self.assertIn("both", self.complaint("create", "two", "names"))
        self.complaint("create", "--iso", "/does/not/exist", "x")
        self.complaint("create", "--iso", str(self.engine.home), "x")
        made = self.json("create", "--iso", str(self.iso), "from iso", *SMALL)
        self.addCleanup(self.drop, "from iso")
        self.assertEqual(made["Media"]["cdrom0"], self.iso.name)
        self.make("started", "--start")
        wait_for(lambda: self.state("started") == "running", "its start")

    def test_import(self):
        image = self.engine.home / "some disk.raw"
        image.write_bytes(b"\1\2\3\4" * 300_000)
        self.assertEqual(self.out("import", str(image), "copied", *SMALL).strip(), "copied")
        self.addCleanup(self.drop, "copied")
        folder = Path(self.json("info", "copied")["Folder"])
        subprocess.run([Path(sys.argv[1]) / "engine/tools/img/vitrine-img", "compare", str(image), str(folder / "disk0.qcow2")], check=True,
                       stdout=subprocess.DEVNULL)
        self.out("import", "--in-place", str(image), "in place", *SMALL)
        self.assertEqual(self.json("info", "in place")["Settings"]["disks"][0]["file"], str(image))
        self.out("delete", "--forever", "in place")
        self.assertTrue(image.exists())
        self.complaint("import", str(self.engine.home / "none.qcow2"))

    def test_run(self):
        console = self.boot("runner")
        self.assertIn("is running", self.complaint("start", "runner"))
        console.stdin.write("version\n")
        console.stdin.flush()
        self.read_until(console, "U-Boot 20")
        self.out("pause", "runner")
        self.assertEqual(self.state("runner"), "paused")
        self.assertIn("paused", self.complaint("stop", "runner"))
        self.out("resume", "runner")
        self.assertEqual(self.state("runner"), "running")
        self.out("reset", "runner")
        self.read_until(console, "autoboot")
        self.assertIn("has not shut down", self.complaint("stop", "--timeout", "1", "runner"))
        self.out("stop", "--no-wait", "runner")
        self.assertIn("OpenSBI", self.out("log", "runner") + "OpenSBI")
        self.out("kill", "runner")
        self.assertEqual(self.state("runner"), "off")
        self.assertEqual(console.wait(20 * PATIENCE), 0, "the console ends with the machine")
        self.assertIn("not running", self.complaint("kill", "runner"))

    def test_guest_powers_off(self):
        console = self.boot("ender")
        console.stdin.write("poweroff\n")
        console.stdin.flush()
        wait_for(lambda: self.state("ender") == "off", "its end")

    def test_save(self):
        console = self.boot("saved")
        console.stdin.write("setenv remembered thing\n")
        console.stdin.flush()
        # There may be a prompt of before.
        self.read_until(console, "thing\r\n=> ")
        self.out("save", "saved")
        self.assertEqual(self.state("saved"), "saved")
        self.out("start", "--paused", "saved")
        self.assertEqual(self.state("saved"), "paused")
        self.out("resume", "saved")
        console = self.console("saved")
        console.stdin.write("\nprintenv remembered\n")
        console.stdin.flush()
        self.read_until(console, "remembered=thing")
        self.out("save", "saved")
        self.out("start", "--discard-saved", "saved")
        self.out("wait-for-text", "--timeout", "60", "saved", "autoboot")

    def test_keys_and_screen(self):
        self.make("screen")
        self.complaint("screenshot", "screen", "-")
        self.out("set", "screen", "firmware=efi")
        self.out("start", "screen")
        shot = self.engine.home / "shot.png"
        # The firmware switches it on when it has come so far.
        wait_for(lambda: subprocess.run([CTL, "screenshot", "screen", str(shot)], env=self.engine.environment, capture_output=True).returncode == 0,
                 "a picture", 60)
        data = shot.read_bytes()
        self.assertEqual(data[:8], b"\x89PNG\r\n\x1a\n")
        width = struct.unpack(">I", data[16:20])[0]
        small = subprocess.run([CTL, "screenshot", "--width", "100", "screen", "-"], env=self.engine.environment, capture_output=True, check=True).stdout
        self.assertEqual(struct.unpack(">I", small[16:20])[0], min(100, width))
        self.out("send-keys", "screen", "ctrl-alt-delete")
        self.out("send-keys", "screen", "ctrl", "c")
        self.complaint("send-keys", "screen", "no-such-key")
        self.out("type", "screen", "--", "-Hello, World!\\n")
        self.assertIn("keyboard", self.complaint("type", "screen", "ü"))
        self.complaint("screenshot", "screen", "/does/not/exist/x.png")
        self.out("pause", "screen")
        self.out("kill", "screen")
        self.out("screenshot", "screen", str(shot))
        self.assertEqual(shot.read_bytes()[:4], b"\x89PNG")

    def test_wait_for_text(self):
        self.make("silent")
        self.assertIn("not running", self.complaint("wait-for-text", "--timeout", "1", "silent", "x"))
        self.out("start", "silent")
        self.assertIn("has not come", self.complaint("wait-for-text", "--timeout", "1", "silent", "never printed"))
        waiting = subprocess.Popen([CTL, "wait-for-text", "silent", "never printed"], env=self.engine.environment, stderr=subprocess.PIPE, text=True)
        time.sleep(0.3)
        self.out("kill", "silent")
        self.assertIn("has stopped", waiting.communicate(timeout=20 * PATIENCE)[1])
        self.assertEqual(waiting.returncode, 1)
        self.complaint("console", "silent")

    def test_set(self):
        self.make("changing")
        self.out("set", "changing", "memory=256M", "cpus=2", "autostart=yes", "notes=two words")
        settings = self.json("info", "changing")["Settings"]
        self.assertEqual((settings["memory"], settings["cpus"], settings["autostart"], settings["notes"]), (256 << 20, 2, True, "two words"))
        self.out("set", "changing", "autostart=no")
        for wrong in ("cpus=0", "cpus=many", "nothing=1", "firmware=bios", "novalue"):
            self.complaint("set", "changing", wrong)
        self.out("start", "changing")
        self.assertIn("next start: memory", self.run_ctl("set", "changing", "memory=128M")[1])
        self.assertEqual(self.json("set", "changing", "cpus=1"), ["cpus", "memory"])
        self.out("rename", "changing", "renamed")
        self.addCleanup(self.drop, "renamed")
        self.assertEqual(self.out("list", "--names").splitlines(), ["renamed"])

    def test_media(self):
        self.make("player")
        for running in (False, True):
            if running:
                self.out("start", "player")
            self.out("insert", "player", str(self.iso))
            self.assertEqual(self.json("info", "player")["Media"]["cdrom0"], self.iso.name)
            self.out("eject", "--force", "player")
            self.assertEqual(self.json("info", "player")["Media"]["cdrom0"], "")
        self.complaint("insert", "player", "/does/not/exist.iso")
        self.complaint("insert", "--drive", "cdrom7", "player", str(self.iso))
        self.complaint("start", "--boot", "cdrom7", "player")

    def test_copies_and_ends(self):
        self.make("parent")
        self.out("duplicate", "parent", "child")
        self.out("duplicate", "parent")
        self.assertEqual(self.out("list", "--names").splitlines(), ["child", "parent", "parent 2"])
        self.complaint("duplicate", "parent", "child")
        self.out("delete", "--forever", "child")
        self.out("delete", "parent 2")
        self.assertTrue((self.engine.home / "data/Trash/files/parent 2/machine.conf").exists())
        self.assertEqual(self.out("list", "--names").splitlines(), ["parent"])
        self.out("start", "parent")
        self.assertIn("running", self.complaint("delete", "parent"))

    def test_crash(self):
        """A machine process that is killed: a state with its reason, and a log."""
        self.make("victim")
        self.out("start", "victim")
        uuid = self.json("info", "victim")["Uuid"]
        found = subprocess.run(["pgrep", "-f", f"vitrine-machine.*{uuid}"], capture_output=True, text=True, check=True).stdout.split()
        os.kill(int(found[0]), signal.SIGSEGV)
        wait_for(lambda: self.state("victim") == "crashed", "its crash")
        self.assertIn("signal", self.json("info", "victim")["StateReason"])
        self.out("log", "victim")
        self.out("start", "victim")

    def test_watch(self):
        self.complaint("watch", "nobody")
        self.make("watched")
        self.assertIn("not running", self.complaint("watch", "watched"))
        self.out("start", "watched")
        lines = self.out("watch", "--timeout", "4", "watched").splitlines()
        self.assertTrue(lines)
        self.assertRegex(lines[0], r"CPU +\d+ %  memory .+  disk read .+/s, write .+/s  network in .+/s, out .+/s")
        self.assertEqual(len(json.loads(self.out("--json", "watch", "--timeout", "4", "watched").splitlines()[0])), 7)

    def test_display(self):
        self.make("shown")
        self.assertIn("app is not there", self.complaint("display", "shown"))

    def test_help_and_mistakes(self):
        listed = self.out("help")
        commands = [line.split()[0] for line in listed.splitlines() if line.startswith("  ")]
        self.assertGreater(len(commands), 25)
        for command in commands:
            self.assertIn(f"Usage: vitrinectl {command}", self.out(command, "--help"))
            self.assertEqual(self.out("help", command), self.out(command, "--help"))
        self.assertIn("start", self.complaint("strat", "x"))
        self.complaint("start")
        self.complaint("start", "a", "b")
        self.complaint("start", "--no-such-option", "a")
        self.assertRegex(self.out("--version"), r"^vitrinectl \d")

    def test_completion(self):
        script = self.out("completion", "bash")
        self.make("complete me")
        program = script + """
complete_words () { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vitrinectl; printf '%s\\n' "${COMPREPLY[@]}"; }
complete_words vitrinectl sus; complete_words vitrinectl sta; complete_words vitrinectl start com; complete_words vitrinectl delete --f
"""
        out = subprocess.run(["bash", "-c", program], env=self.engine.environment, capture_output=True, text=True, check=True)
        self.assertEqual(out.stderr, "")
        self.assertEqual(out.stdout.split("\n")[:-1], ["", "start", "complete\\ me", "--forever"])
        for shell in ("zsh", "fish"):
            script = self.out("completion", shell)
            self.assertIn("wait-for-text", script)
            if shutil.which(shell):
                subprocess.run([shell, "-n"], input=script, text=True, check=True)
        self.complaint("completion", "tcsh")

    def test_no_engine(self):
        """Nobody there, and nobody who could start it; and one that ends in mid-job."""
        self.engine.kill(signal.SIGTERM)
        try:
            self.assertIn("engine is not there", self.complaint("list"))
            environment = {**self.engine.environment, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}
            result = subprocess.run([CTL, "list"], env=environment, capture_output=True, text=True)
            self.assertEqual(result.returncode, 1)
            self.assertIn("no session bus", result.stderr)
        finally:
            self.engine.start()


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *os.environ.get("VITRINE_TEST_ONLY", "").split()], verbosity=2, durations=20)
