#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""SPICE in front of real guests: what clients show, passwords, descriptors, saving and resetting."""

import array
import contextlib
import json
import os
import signal
import socket
import subprocess
import time

import vm

# Where pictures are kept for people to look at.
KEEP = os.environ.get("VITRINE_SCREENSHOTS")
GRAPHICS = ("-device", "virtio-gpu-pci", "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci")
AGENT = ("-device", "virtio-serial-pci", "-chardev", "spicevmc,id=vdagent,name=vdagent", "-device",
         "virtserialport,chardev=vdagent,name=com.redhat.spice.0")


class SpiceTest(vm.VmTest):
    def start_screen(self, options, *args):
        """A guest whose kernel's messages are on its screen, and a shell on its serial port."""
        machine = self.start_linux(*GRAPHICS, *args, "-spice", options, append="console=tty0 console=ttyS0")
        machine.shell("modprobe virtio_gpu; modprobe virtio_input; modprobe virtio_console; sleep 1", 60)
        return machine

    def spice(self, machine):
        return machine.qmp.run("query-spice")


class Monitor(SpiceTest):
    def test_commands(self):
        path = self.dir / "spice"
        machine = self.start("-S", *GRAPHICS, *AGENT, "-spice", f"unix=on,addr={path}")
        self.assertTrue(path.is_socket())
        state = self.spice(machine)
        self.assertEqual((state["enabled"], state["auth"], state["channels"]), (True, "spice", []))
        self.assertIn("nobody may connect", machine.qmp.hmp("info spice"))
        machine.qmp.run("set_password", protocol="spice", password="x")
        machine.qmp.run("expire_password", protocol="spice", time="+10")
        machine.qmp.run("expire_password", protocol="spice", time="now")
        self.assertIn("expire", machine.qmp.call("expire_password", protocol="spice", time="+10")["error"]["desc"])
        self.assertIn("spice", machine.qmp.call("set_password", protocol="vnc", password="x")["error"]["desc"])
        self.assertIn("error", machine.qmp.call("set_password", protocol="spice", password="x" * 99))
        machine.qmp.run("quit")
        self.assertEqual(machine.wait(), 0)
        self.assertFalse(path.exists())

    def test_descriptors(self):
        machine = self.start("-S", *GRAPHICS, "-spice", "disable-ticketing=on")
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        message = json.dumps({"execute": "getfd", "arguments": {"fdname": "client"}}).encode()
        self.assertIn("SCM_RIGHTS", machine.qmp.call("getfd", fdname="client")["error"]["desc"])
        machine.qmp.socket.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))])
        theirs.close()
        self.assertEqual(machine.qmp.receive(), {"return": {}})
        machine.qmp.run("add_client", protocol="spice", fdname="client", skipauth=True)
        self.assertIn("not found", machine.qmp.call("add_client", protocol="spice", fdname="client")["error"]["desc"])
        machine.qmp.event("SPICE_CONNECTED")
        ours.sendall(b"this is no SPICE client's greeting")
        self.assertTrue(ours.recv(100) is not None)
        machine.qmp.event("SPICE_DISCONNECTED")
        self.assertIn("not found", machine.qmp.call("closefd", fdname="client")["error"]["desc"])
        machine.qmp.run("quit")
        self.assertEqual(machine.wait(), 0)

    def test_errors(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        port = listener.getsockname()[1]
        for options, part in ((f"port={port},addr=127.0.0.1", "choose another port"),
                              ("tls-port=59870,x509-dir=/nowhere", "server-key.pem"),
                              ("unix=on,addr=/etc/passwd", "not a socket"), ("prot=1", "'port'")):
            status, text = self.run_briefly("-S", "-display", "none", "-serial", "none", "-spice", options)
            self.assertEqual(status, 1, text)
            self.assertIn(part, text)


class Viewers(SpiceTest):
    """remote-viewer and spicy, on a display of their own."""

    def setUp(self):
        super().setUp()
        vm.require("Xvfb", "remote-viewer", "spicy", "import", "xdotool")
        reader, writer = os.pipe()
        self.x = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
                                  pass_fds=[writer], stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as file:
            number = file.readline().strip()
        self.addCleanup(self.x.wait)
        self.addCleanup(self.x.kill)
        self.env = {**os.environ, "DISPLAY": f":{number}", "GDK_BACKEND": "x11", "NO_AT_BRIDGE": "1",
                    "HOME": str(self.dir), "LC_ALL": "C.UTF-8"}

    def run_viewer(self, *command):
        viewer = subprocess.Popen(command, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def end():
            with contextlib.suppress(ProcessLookupError):
                viewer.send_signal(signal.SIGTERM)
            viewer.wait()
        self.addCleanup(end)
        return viewer, end

    def picture(self, name):
        """How many different colours the display shows, and how much of it is bright red."""
        path = self.dir / f"{name}.ppm"
        subprocess.run(["import", "-window", "root", "-depth", "8", str(path)], env=self.env, check=True, timeout=30)
        if KEEP:
            subprocess.run(["convert", str(path), f"{KEEP}/{name}.png"], check=True, timeout=30)
        data = path.read_bytes().split(b"\n255\n", 1)[1]
        return sum(1 for i in range(0, len(data), 3) if data[i] > 150 and data[i + 1] < 60 and data[i + 2] < 60)

    def wait_red(self, name, at_least):
        for _ in range(40):
            red = self.picture(name)
            if red > at_least:
                return red
            time.sleep(0.5)
        self.fail(f"{name}: {red} red pixels are on the display")

    def check(self, name, machine, command):
        viewer, end = self.run_viewer(*command)
        machine.qmp.event("SPICE_INITIALIZED")
        # Red letters and blocks on the guest's console.
        machine.shell(r"printf '\033[2J\033[H\033[41m\033[K%60s\n\033[K%60s\n\033[K%60s\n\033[K%60s\n' a b c d > /dev/tty0")
        self.wait_red(name, 10000)
        self.assertIsNone(viewer.poll())
        end()
        machine.qmp.event("SPICE_DISCONNECTED")
        machine.shell(r"printf '\033[0m\033[2J' > /dev/tty0")

    def test_viewers(self):
        path = self.dir / "s"
        machine = self.start_screen(f"unix=on,addr={path},disable-ticketing=on", *AGENT)
        self.check("remote-viewer", machine, ["remote-viewer", f"spice+unix://{path}"])
        self.check("spicy", machine, ["spicy", f"--uri=spice+unix://{path}"])
        # Idle, with somebody looking.
        self.run_viewer("remote-viewer", f"spice+unix://{path}")
        machine.qmp.event("SPICE_INITIALIZED")
        machine.shell(r"printf '\033[?25l' > /dev/tty0; sleep 3")
        before = machine.cpu_seconds()
        time.sleep(5)
        self.assertLess(machine.cpu_seconds() - before, 0.1)
        # What happens to the machine does not disturb them.
        machine.save(self.dir / "saved")
        machine.qmp.run("cont")
        machine.shell("echo here")
        machine.qmp.run("system_reset")
        self.enter_shell(machine)
        self.assertTrue(self.spice(machine)["channels"])


vm.require(vm.KERNEL, vm.INITRD)
vm.main()
