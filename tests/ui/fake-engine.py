#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine without machines: it speaks data/dbus/*.xml, and does what the tests tell it to.

Usage: fake-engine.py XML-FOLDER. It makes as many machines as VITRINE_FAKE_MACHINES says (default 3), in all states. The
object /org/vitrine/Fake with the interface org.vitrine.Fake moves it into states that are hard to reach:
Set (machine's name, property, value), Fail (method, error name, message: its next call), Job (progress, description), EndJobs (),
Calls (): the methods called so far, Change (machine's name, settings): as if somebody else did, Settings (machine's name), Sample (number): so many samples to
who watches, Watched (): the machines that are watched, Quit ().
"""

import os
import socket
import struct
import sys
import uuid
import zlib
from pathlib import Path

from gi.repository import Gio, GLib

from fake_create import Create
from fake_details import Details, new_settings, to_variant

NAME = "org.vitrine.Vitrine.Engine"
ROOT = "/org/vitrine/Engine"
MANAGER_XML = """<node><interface name="org.freedesktop.DBus.ObjectManager">
<method name="GetManagedObjects"><arg name="objects" type="a{oa{sa{sv}}}" direction="out"/></method>
<signal name="InterfacesAdded"><arg type="o"/><arg type="a{sa{sv}}"/></signal>
<signal name="InterfacesRemoved"><arg type="o"/><arg type="as"/></signal></interface></node>"""
# Where GLib sends notifications when there is no portal.
NOTIFICATIONS_XML = """<node><interface name="org.gtk.Notifications">
<method name="AddNotification"><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="a{sv}" direction="in"/></method>
<method name="RemoveNotification"><arg type="s" direction="in"/><arg type="s" direction="in"/></method></interface></node>"""
FAKE_XML = """<node><interface name="org.vitrine.Fake">
<method name="Set"><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="v" direction="in"/></method>
<method name="Fail"><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/></method>
<method name="Job"><arg type="d" direction="in"/><arg type="s" direction="in"/></method>
<method name="EndJobs"/><method name="Quit"/>
<method name="Change"><arg type="s" direction="in"/><arg type="a{sv}" direction="in"/></method>
<method name="Settings"><arg type="s" direction="in"/><arg type="a{sv}" direction="out"/></method>
<method name="Sample"><arg type="u" direction="in"/></method>
<method name="Watched"><arg type="as" direction="out"/></method>
<method name="Notified"><arg type="as" direction="out"/></method>
<method name="Calls"><arg type="as" direction="out"/></method></interface></node>"""

STATES = ["running", "off", "paused", "saved", "crashed", "stopping", "off", "broken", "starting", "saving"]
REASONS = {
    "crashed": "The machine’s process was ended by signal 11\nStart it again; if it happens again, look at its log.",
    "broken": "machine.conf was written by Vitrine 9.0\nInstall that version or a newer one.",
}
SYSTEMS = [("debian13", "Debian 13"), ("fedora42", "Fedora 42"), ("", ""), ("freebsd14", "FreeBSD 14.2")]
GROUPS = ["", "Servers", "", "Experiments"]


def png(seed, width=320, height=200):
    """A picture of a screen: a gradient with a bar at the top."""
    hue = [(40, 80, 160), (120, 60, 40), (30, 110, 90), (110, 40, 110)][seed % 4]
    rows = b""
    for y in range(height):
        color = (220, 220, 220) if y < 12 else [min(255, part + y // 2) for part in hue]
        rows += b"\0" + bytes(color) * width

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Object:
    """An exported object: one or more interfaces with properties that tell when they change."""

    def __init__(self, engine, path, properties):
        self.engine, self.path, self.properties = engine, path, properties
        self.ids = [engine.bus.register_object(path, engine.infos[name], self.on_call, self.on_get, None)
                    for name in properties]

    def on_call(self, bus, sender, path, interface, method, parameters, invocation):
        self.engine.call(self, interface, method, parameters.unpack(), invocation)

    def on_get(self, bus, sender, path, interface, name):
        return self.properties[interface][name]

    def set(self, interface, **values):
        self.properties[interface].update(values)
        changed = GLib.Variant("(sa{sv}as)", (interface, values, []))
        self.engine.bus.emit_signal(None, self.path, "org.freedesktop.DBus.Properties", "PropertiesChanged", changed)

    def remove(self):
        for identity in self.ids:
            self.engine.bus.unregister_object(identity)


class Engine(Create, Details):
    def __init__(self, folder, count):
        self.settings, self.watched = {}, []
        self.infos, self.objects, self.failures, self.calls = {}, {}, {}, []
        self.jobs, self.notified = 0, {}
        texts = [path.read_text() for path in Path(folder).glob("org.vitrine.*.xml")] + [MANAGER_XML, FAKE_XML, NOTIFICATIONS_XML]
        for text in texts:
            for info in Gio.DBusNodeInfo.new_for_xml(text).interfaces:
                self.infos[info.name] = info
        self.loop = GLib.MainLoop()
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        self.bus.register_object(ROOT, self.infos["org.freedesktop.DBus.ObjectManager"], self.on_manager, None, None)
        self.bus.register_object("/org/vitrine/Fake", self.infos["org.vitrine.Fake"], self.on_fake, None, None)
        self.bus.register_object("/org/gtk/Notifications", self.infos["org.gtk.Notifications"], self.on_notification, None, None)
        Gio.bus_own_name_on_connection(self.bus, "org.gtk.Notifications", Gio.BusNameOwnerFlags.NONE, None, None)
        self.add(ROOT + "/Engine", {"org.vitrine.Engine1": {"Version": GLib.Variant("s", "0"),
                                                            "MachinesFolder": GLib.Variant("s", "/tmp")}})
        for number in range(count):
            self.add_machine(number)
        Gio.bus_own_name_on_connection(self.bus, NAME, Gio.BusNameOwnerFlags.NONE, None, lambda *_: self.loop.quit())

    def add(self, path, properties):
        self.objects[path] = Object(self, path, properties)
        self.emit("InterfacesAdded", GLib.Variant("(oa{sa{sv}})", (path, properties)))
        return self.objects[path]

    def remove(self, path):
        thing = self.objects.pop(path)
        thing.remove()
        self.emit("InterfacesRemoved", GLib.Variant("(oas)", (path, list(thing.properties))))

    def emit(self, name, arguments):
        self.bus.emit_signal(None, ROOT, "org.freedesktop.DBus.ObjectManager", name, arguments)

    def add_machine(self, number, name=None):
        identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{number}{name}")
        state = STATES[number % len(STATES)]
        os_id, os_name = SYSTEMS[number % len(SYSTEMS)]
        name = name or f"{os_name or 'Machine'} {number:02}" + (" with a name that is rather long for a list" if number == 4 else "")
        s, group = lambda text: GLib.Variant("s", text), GROUPS[number % len(GROUPS)]
        self.settings[f"{ROOT}/machines/{identity.hex}"] = settings = new_settings(name, group)
        return self.add(f"{ROOT}/machines/{identity.hex}", {
            "org.vitrine.Machine1": {
                "Uuid": s(str(identity)), "Name": s(name), "State": s(state), "StateReason": s(REASONS.get(state, "")),
                "Architecture": s("riscv64"), "OsId": s(os_id), "OsName": s(os_name), "Group": s(group),
                "Autostart": GLib.Variant("b", False), "Folder": s("/tmp"), "Created": GLib.Variant("x", 1),
                "LastStarted": GLib.Variant("x", number), "Settings": to_variant(settings),
                "PendingSettings": GLib.Variant("as", []), "Media": GLib.Variant("a{ss}", {"cdrom0": "debian-13.iso"}),
                "Displays": GLib.Variant("u", 1), "Consoles": GLib.Variant("as", ["serial0"]),
            },
            "org.vitrine.Statistics1": {},
        })

    def add_job(self, kind, progress, description):
        self.jobs += 1
        return self.add(f"{ROOT}/jobs/{self.jobs}", {"org.vitrine.Job1": {
            "Kind": GLib.Variant("s", kind), "Machine": GLib.Variant("o", "/"), "Description": GLib.Variant("s", description),
            "Progress": GLib.Variant("d", progress), "State": GLib.Variant("s", "running"), "ErrorName": GLib.Variant("s", ""),
            "ErrorMessage": GLib.Variant("s", ""), "Result": GLib.Variant("v", GLib.Variant("s", ""))}})

    def finish(self, job, result):
        job.set("org.vitrine.Job1", State=GLib.Variant("s", "done"), Progress=GLib.Variant("d", 1.0),
                Result=GLib.Variant("v", result))

    def on_manager(self, bus, sender, path, interface, method, parameters, invocation):
        objects = {path: thing.properties for path, thing in self.objects.items()}
        invocation.return_value(GLib.Variant("(a{oa{sa{sv}}})", (objects,)))

    def call(self, thing, interface, method, arguments, invocation):
        self.calls.append(method)
        self.files = invocation.get_message().get_unix_fd_list()
        if method in self.failures:
            invocation.return_dbus_error(*self.failures.pop(method))
            return
        name = f"{interface.split('.')[-1].lower()}_{method}"
        if not hasattr(self, name):
            invocation.return_dbus_error("org.vitrine.Error.NotSupported", f"{method} is not faked\n")
            return
        result = getattr(self, name)(thing, *arguments)
        if isinstance(result, socket.socket):
            files = Gio.UnixFDList.new_from_array([result.detach()])
            invocation.return_value_with_unix_fd_list(GLib.Variant("(h)", (0,)), files)
        else:
            invocation.return_value(result)

    def job1_Cancel(self, job):
        job.set("org.vitrine.Job1", State=GLib.Variant("s", "cancelled"))
        self.remove(job.path)

    def machine1_Screenshot(self, machine, width):
        state = machine.properties["org.vitrine.Machine1"]["State"].unpack()
        return GLib.Variant("(ay)", (b"" if state == "off" else png((state == "running") + int(machine.path[-1], 16)),))

    def machine1_OpenConsole(self, machine, identity):
        """What is typed comes back."""
        ours, theirs = socket.socketpair()
        ours.send(b"Debian GNU/Linux 13 debian ttyS0\r\n\r\ndebian login: ")

        def on_input(fd, condition):
            data = ours.recv(4096)
            if data:
                ours.send(data)
            return bool(data)
        GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, ours.fileno(), GLib.IOCondition.IN, on_input)
        return theirs

    def machine1_GetLog(self, machine):
        return GLib.Variant("(s)", ("The machine's process was started.\nIt ended by signal 11.\n",))

    def machine1_Start(self, machine, options):
        machine.set("org.vitrine.Machine1", State=GLib.Variant("s", "running"), StateReason=GLib.Variant("s", ""))

    machine1_Resume = lambda self, machine: self.machine1_Start(machine, {})

    def machine1_Pause(self, machine):
        machine.set("org.vitrine.Machine1", State=GLib.Variant("s", "paused"))

    def machine1_PowerOff(self, machine):
        machine.set("org.vitrine.Machine1", State=GLib.Variant("s", "off"))

    def machine1_Shutdown(self, machine):
        machine.set("org.vitrine.Machine1", State=GLib.Variant("s", "stopping"))

    def machine1_Delete(self, machine, forever):
        job = self.add_job("delete", -1, "Deleting")
        GLib.timeout_add(300, lambda: (self.remove(machine.path), self.finish(job, GLib.Variant("s", "")), False)[-1])
        return GLib.Variant("(o)", (job.path,))

    def machine1_Duplicate(self, machine, name):
        job = self.add_job("duplicate", 0.5, "Copying disks")
        GLib.timeout_add(300, lambda: (self.finish(job, GLib.Variant("o", self.add_machine(1000, name).path)), False)[-1])
        return GLib.Variant("(o)", (job.path,))

    def on_notification(self, bus, sender, path, interface, method, parameters, invocation):
        _, identity, *content = parameters.unpack()
        if method == "AddNotification":
            self.notified[identity] = content[0]["title"]
        else:
            self.notified.pop(identity, None)
        invocation.return_value(None)

    def on_fake(self, bus, sender, path, interface, method, parameters, invocation):
        arguments, result = parameters.unpack(), None
        if method == "Set":
            for thing in self.objects.values():
                machine = thing.properties.get("org.vitrine.Machine1")
                if machine and machine["Name"].unpack() == arguments[0]:
                    thing.set("org.vitrine.Machine1", **{arguments[1]: parameters.get_child_value(2).get_variant()})
        elif method == "Change":
            for thing in list(self.objects.values()):
                if thing.path in self.settings and self.settings[thing.path]["name"] == arguments[0]:
                    self.machine1_Change(thing, arguments[1])
        elif method == "Settings":
            path = next(path for path, settings in self.settings.items() if settings["name"] == arguments[0])
            result = GLib.Variant.new_tuple(to_variant(self.settings[path]))
        elif method == "Sample":
            self.sample(arguments[0])
        elif method == "Watched":
            result = GLib.Variant("(as)", (self.watched,))
        elif method == "Fail":
            self.failures[arguments[0]] = arguments[1:]
        elif method == "Job":
            self.add_job("create", *arguments)
        elif method == "EndJobs":
            for job in [path for path in self.objects if "/jobs/" in path]:
                self.remove(job)
        elif method == "Calls":
            result = GLib.Variant("(as)", (self.calls,))
        elif method == "Notified":
            result = GLib.Variant("(as)", (list(self.notified.values()),))
        elif method == "Quit":
            self.loop.quit()
        invocation.return_value(result)


if __name__ == "__main__":
    Engine(sys.argv[1], int(os.environ.get("VITRINE_FAKE_MACHINES", "3"))).loop.run()
