# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fake engine knows of a machine's parts, as far as the details page changes them."""

import time

from gi.repository import GLib

GIB = 1 << 30
LISTS = ("disks", "drives", "nics")
# What takes effect while it runs.
LIVE = ("name", "group", "notes", "autostart", "file", "link", "forward")
TYPES = {"id": "s", "file": "s", "format": "s", "size": "t", "bus": "s", "cache": "s", "readonly": "b", "discard": "b", "name": "s",
         "mode": "s", "model": "s", "mac": "s", "restrict": "b", "link": "b", "forward": "a(sqsq)", "kind": "s", "width": "u",
         "height": "u", "heads": "u"}
TOP = {"name": "s", "group": "s", "notes": "s", "autostart": "b", "architecture": "s", "board": "s", "cpu": "s", "firmware": "s",
       "cpus": "u", "memory": "t", "boot-order": "as", "input": "s", "serials": "u", "agent": "b", "rng": "b", "balloon": "b"}
DISK = {"id": "", "file": "", "format": "qcow2", "size": 0, "bus": "virtio", "cache": "writeback", "readonly": False, "discard": True}
DRIVE = {"id": "", "file": "", "name": "", "bus": "scsi"}
NIC = {"id": "", "mode": "user", "model": "virtio", "mac": "52:54:00:12:34:56", "restrict": False, "link": True, "forward": []}
PARTS = {"disks": DISK, "drives": DRIVE, "nics": NIC}


def new_settings(name, group):
    """Plain values; to_variant() makes what travels."""
    return {"name": name, "group": group, "notes": "", "autostart": False, "architecture": "riscv64", "board": "virt", "cpu": "max",
            "firmware": "efi", "cpus": 2, "memory": 2 * GIB, "boot-order": ["disk0", "cdrom0"], "input": "tablet", "serials": 1,
            "agent": True, "rng": True, "balloon": True,
            "disks": [{**DISK, "id": "disk0", "file": "disk0.qcow2", "size": 20 * GIB}],
            "drives": [{**DRIVE, "id": "cdrom0", "file": "/tmp/debian-13.iso", "name": "debian-13.iso"}],
            "nics": [{**NIC, "id": "net0", "forward": [("tcp", 2222, "", 22)]}],
            "display": {"kind": "virtio", "width": 1280, "height": 800, "heads": 1}}


def part_to_variant(part):
    return {key: GLib.Variant(TYPES[key], value) for key, value in part.items()}


def to_variant(settings):
    values = {key: GLib.Variant(kind, settings[key]) for key, kind in TOP.items()}
    for key in LISTS:
        values[key] = GLib.Variant("aa{sv}", [part_to_variant(part) for part in settings[key]])
    values["display"] = GLib.Variant("a{sv}", part_to_variant(settings["display"]))
    return GLib.Variant("a{sv}", values)


class Details:
    """Part of the fake engine: its machines' settings by object path, in self.settings."""

    def tell(self, machine, pending):
        settings, values = self.settings[machine.path], {}
        values["Settings"] = to_variant(settings)
        values["Name"], values["Group"] = GLib.Variant("s", settings["name"]), GLib.Variant("s", settings["group"])
        values["Autostart"] = GLib.Variant("b", settings["autostart"])
        values["Media"] = GLib.Variant("a{ss}", {drive["id"]: drive["name"] for drive in settings["drives"]})
        values["PendingSettings"] = GLib.Variant("as", pending)
        machine.set("org.vitrine.Machine1", **values)

    def pending_of(self, machine):
        return machine.properties["org.vitrine.Machine1"]["PendingSettings"].unpack()

    def is_running(self, machine):
        return machine.properties["org.vitrine.Machine1"]["State"].unpack() in ("running", "paused", "stopping")

    def add_pending(self, machine, *keys):
        return sorted({*self.pending_of(machine), *(keys if self.is_running(machine) else ())})

    def machine1_Change(self, machine, changes):
        settings, later = self.settings[machine.path], []
        for key, value in changes.items():
            if key in LISTS:
                old = {part["id"]: part for part in settings[key]}
                value = [{**PARTS[key], **old.get(part["id"], {}), **part} for part in value]
                ids = [part["id"] for part in value]
                if ids != list(old) or any(part[name] != old[part["id"]][name] for part in value for name in part if name not in LIVE):
                    later.append(key)
            elif key == "display":
                value = {**settings[key], **value}
            if key not in LISTS and key not in LIVE:
                later.append(key)
            settings[key] = value
        self.tell(machine, self.add_pending(machine, *later))
        return GLib.Variant("(as)", (self.pending_of(machine),))

    def machine1_AddDisk(self, machine, size, options):
        disks = self.settings[machine.path]["disks"]
        identity = f"disk{len(disks)}"
        disks.append({**DISK, **options, "id": identity, "file": f"{identity}.qcow2", "size": size})
        self.tell(machine, self.add_pending(machine, "disks"))
        return GLib.Variant("(s)", (identity,))

    def machine1_RemoveDisk(self, machine, identity, delete_file):
        settings = self.settings[machine.path]
        settings["disks"] = [disk for disk in settings["disks"] if disk["id"] != identity]
        settings["boot-order"] = [name for name in settings["boot-order"] if name != identity]
        self.calls.append(f"RemoveDisk {identity} {delete_file}")
        self.tell(machine, self.add_pending(machine, "disks"))

    def machine1_EjectMedium(self, machine, identity, force):
        self.calls.append(f"EjectMedium {identity} {force}")
        self.set_medium(machine, identity, "")

    def machine1_InsertMedium(self, machine, identity, handle, name):
        self.set_medium(machine, identity, name)

    def set_medium(self, machine, identity, name):
        for drive in self.settings[machine.path]["drives"]:
            if drive["id"] == identity:
                drive.update(file=name and f"/tmp/{name}", name=name)
        self.tell(machine, self.pending_of(machine))

    def engine1_GetCapabilities(self, engine):
        text = lambda *names: GLib.Variant("as", names)

        def architecture(name, most, *models):
            return GLib.Variant("a{sv}", {
                "name": GLib.Variant("s", name), "boards": text("virt"), "firmware": text("efi", "uboot", "none"), "cpus": text(*models),
                "max-cpus": GLib.Variant("u", most), "kvm": GLib.Variant("b", False)})
        return GLib.Variant("(a{sv})", ({
            "host-memory": GLib.Variant("t", 16 * GIB), "free-memory": GLib.Variant("t", 8 * GIB),
            "free-disk": GLib.Variant("t", 100 * GIB), "cpus": GLib.Variant("u", 8),
            "architectures": GLib.Variant("a{sv}", {"riscv64": architecture("RISC-V (64-bit)", 32, "max", "rv64"),
                                                    "aarch64": architecture("Arm (64-bit)", 8, "max", "cortex-a72", "cortex-a53")})},))

    # ---- Statistics: a sample for each of the test's wishes ----

    def statistics1_Watch(self, machine):
        self.watched.append(machine.path)

    def statistics1_Unwatch(self, machine):
        self.watched.remove(machine.path)

    def sample(self, number):
        """A minute of them, if nothing was sent before: times go on from one to the next."""
        for path in self.watched:
            start = int(time.monotonic() * 1e6)
            for second in range(number):
                wave = (second * 37) % 50 / 50
                values = (start + second * 1000000, 0.2 + 1.5 * wave, int((0.4 + 0.01 * second) * GIB), int(wave * 9e6),
                          int(max(0, wave - 0.5) * 2e7), int(wave * 4e5), int((1 - wave) * 1e5))
                self.bus.emit_signal(None, path, "org.vitrine.Statistics1", "Sample", GLib.Variant("(xdttttt)", values))
