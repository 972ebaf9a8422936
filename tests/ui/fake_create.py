# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fake engine knows of new machines. What a file is stands in it: "optical", "arm", "truncated", "foreign", "disk",
"arm-disk"; any other is no image. A machine called "Slow" is being made until its job is cancelled, or EndJobs () is called."""

import os

from gi.repository import GLib

from fake_details import DISK, DRIVE, GIB, to_variant, new_settings

DEBIAN = {"os-id": GLib.Variant("s", "http://debian.org/debian/13"), "os-name": GLib.Variant("s", "Debian 13")}


def optical(architecture="riscv64", *remarks):
    return {"kind": GLib.Variant("s", "optical"), "format": GLib.Variant("s", "iso9660"), "boot": GLib.Variant("as", ["efi"]),
            "architectures": GLib.Variant("as", [architecture]), "remarks": GLib.Variant("as", remarks), **DEBIAN}


MEDIA = {
    "optical": optical(),
    "truncated": optical("riscv64", "The file is cut short. Download it again."),
    "arm": optical("aarch64"),
    "foreign": optical("x86_64", "It starts on x86_64, and the machines here are riscv64, aarch64: choose another image."),
    "disk": {"kind": GLib.Variant("s", "disk"), "format": GLib.Variant("s", "qcow2"), "disk-size": GLib.Variant("t", 30 * GIB)},
    "arm-disk": {"kind": GLib.Variant("s", "disk"), "format": GLib.Variant("s", "raw"), "disk-size": GLib.Variant("t", 4 * GIB),
                 "architectures": GLib.Variant("as", ["aarch64"])},
}
UNKNOWN = {"kind": GLib.Variant("s", "unknown"), "format": GLib.Variant("s", "text"),
           "remarks": GLib.Variant("as", ["This is a text, not a disk image. Choose another file."])}


class Create:
    """Part of the fake engine; self.files are the descriptors that came with the call."""

    def engine1_DetectMedia(self, engine, handle, name):
        with os.fdopen(self.files.get(handle), "rb") as file:
            data = file.read(1000)
        media = dict(MEDIA.get(data.decode(errors="replace").strip(), UNKNOWN))
        settings = {"memory": GLib.Variant("t", 4 * GIB), "name": GLib.Variant("s", "Debian 13" if "os-id" in media else name)}
        for name in media.get("architectures", ()):
            if name in ("riscv64", "aarch64"):
                settings["architecture"] = GLib.Variant("s", name)
        media.update(size=GLib.Variant("t", len(data)), settings=GLib.Variant("a{sv}", settings))
        return GLib.Variant("(a{sv})", (media,))

    def engine1_GetDefaults(self, engine, settings):
        usual = new_settings("New machine", "")
        usual.update(disks=[{**DISK, "id": "disk0", "size": 20 * GIB}], drives=[{**DRIVE, "id": "cdrom0"}], **settings)
        return GLib.Variant.new_tuple(to_variant(usual))

    def engine1_CheckSettings(self, engine, settings):
        remarks, names = [], [thing["name"] for thing in self.settings.values()]
        if settings["memory"] > 16 * GIB:
            remarks.append(("memory", "error", "This computer has only 16 GiB."))
        elif settings["memory"] > 8 * GIB:
            remarks.append(("memory", "warning", "Only 8 GiB are free now."))
        if settings["disks"][0]["size"] > 100 * GIB:
            remarks.append(("disks", "warning", "Only 100 GiB are free."))
        if settings["name"] in names or not settings["name"]:
            remarks.append(("name", "error", "Choose another name."))
        if settings.get("display", {}).get("kind") == "none" and settings["serials"] == 0:
            remarks.append(("serials", "error", "It would have neither a screen nor a text console."))
        return GLib.Variant("(a(sss))", (remarks,))

    def engine1_CreateMachine(self, engine, settings, files, names):
        slow = settings["name"] == "Slow"
        self.calls.append("created " + repr({**settings, "files": {role: names[role] for role in files}}))
        job = self.add_job("create", 0.4 if slow else -1, "Copying the disk image" if slow else "Making disks")
        if not slow:
            GLib.timeout_add(100, lambda: (self.make(job, settings), False)[-1])
        return GLib.Variant("(o)", (job.path,))

    def make(self, job, settings):
        machine = self.add_machine(1001 if settings["start"] else 1000, settings["name"])
        machine.set("org.vitrine.Machine1", State=GLib.Variant("s", "running" if settings["start"] else "off"))
        self.finish(job, GLib.Variant("o", machine.path))
