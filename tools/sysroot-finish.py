#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does for an unpacked sysroot what the packages' maintainer scripts would have done that programs depend on.

Usage: sysroot-finish.py SYSROOT

The scripts are for the sysroot's own architecture and a running system, so none of them is executed: alternatives are
read out of their text, and the rest is what base-files, base-passwd and python3 set up.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

# Empty directories of base-files. They would hide the real ones from a program run with -L.
HIDING = ["dev", "home", "media", "mnt", "opt", "proc", "root", "run", "srv", "sys", "tmp", "var/tmp"]

# What is copied into place if nothing is there yet.
COPIES = {
    "usr/share/base-passwd/passwd.master": "etc/passwd",
    "usr/share/base-passwd/group.master": "etc/group",
    "usr/share/base-files/profile": "etc/profile",
    "usr/share/base-files/nsswitch.conf": "etc/nsswitch.conf",
    "usr/share/libc-bin/nsswitch.conf": "etc/nsswitch.conf",
}


def link(root, path, target):
    """Makes PATH in the sysroot a link to the absolute TARGET, written so that it stays inside the sysroot."""
    parent = (root / path.lstrip("/")).parent
    parent.mkdir(parents=True, exist_ok=True)
    place = parent.resolve() / Path(path).name
    relative = os.path.relpath(root / target.lstrip("/"), place.parent)
    if place.is_symlink():
        place.unlink()
    if not place.exists():
        place.symlink_to(relative)


def alternatives(script):
    """Yields (priority, [(link, name, path), …]) for each update-alternatives call that is written out literally."""
    text = re.sub(r"\\\n", " ", script)
    for call in re.findall(r"update-alternatives\s+(.*--install\s.*)", text):
        call = re.split(r"\s(?:\|\||&&|\||>|;)|;", call)[0]
        if re.search(r"[$`]", call):
            continue
        words = shlex.split(call)
        at = words.index("--install")
        link_path, name, path, priority = words[at + 1:at + 5]
        group = [(link_path, name, path)]
        for index, word in enumerate(words):
            if word == "--slave":
                group.append(tuple(words[index + 1:index + 4]))
        yield int(priority), group


def make_alternatives(root):
    best = {}
    for script in sorted((root / ".vitrine/postinst").iterdir()):
        for priority, group in alternatives(script.read_text(errors="replace")):
            name = group[0][1]
            if name not in best or best[name][0] < priority:
                best[name] = (priority, group)
    for _, group in best.values():
        for link_path, name, path in group:
            if (root / path.lstrip("/")).exists():
                link(root, f"/etc/alternatives/{name}", path)
                link(root, link_path, f"/etc/alternatives/{name}")


def make_absolute_links_relative(root):
    """An absolute link would lead a program run with -L out of the sysroot, to the host's own file."""
    for folder, directories, files in os.walk(root):
        for name in directories + files:
            place = Path(folder, name)
            if place.is_symlink() and os.readlink(place).startswith("/"):
                target = os.readlink(place)
                if os.path.lexists(root / target.lstrip("/")):
                    link(root, "/" + str(place.relative_to(root)), target)


def compile_python(root):
    """Python packages come without byte code; a first start would otherwise compile half the library."""
    ours = root / f"usr/lib/python3.{sys.version_info.minor}"
    if not ours.is_dir():
        return
    subprocess.run(
        [sys.executable, "-m", "compileall", "-qq", "-j", "0", "-x", "/test/", "-s", str(root), "-p", "/",
         str(ours), str(root / "usr/lib/python3/dist-packages")],
        check=False)


def main():
    root = Path(sys.argv[1]).resolve(strict=True)
    make_alternatives(root)
    make_absolute_links_relative(root)
    for source, target in COPIES.items():
        if (root / source).exists() and not (root / target).exists():
            shutil.copy(root / source, root / target)
    for name in HIDING:
        try:
            (root / name).rmdir()
        except OSError:
            pass
    compile_python(root)


if __name__ == "__main__":
    main()
