#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the house rules that no compiler checks, over all text files of the source tree.

Usage: check-style.py SOURCE-ROOT

Prints one line for each breach and fails if there is any.
"""

import os
import re
import sys
from pathlib import Path

MAX_FUNCTION_LINES = 100
MAX_FILE_LINES = 1200

# Lower rooms first: a room may include its own headers and those of the rooms before it.
ROOMS = ["base", "memory", "device/core", "fp", "ir", "jit", "cpu", "gdb", "user", "char", "block", "net", "display", "media",
         "bus/pci", "bus/virtio", "device/irq", "device/char", "device/misc", "device/firmware", "device/storage",
         "device/net", "device/display", "device/input", "machine", "monitor", "spice", "gdb-machine", "service", "tools"]

# The app's, which know nothing of the engine's: they meet on the bus.
APP_ROOMS = ["app/model", "app/widgets", "app/console", "app/create", "app/details", "app/library", "app/window"]

SOURCE_SUFFIXES = {".blp", ".c", ".h", ".inc", ".def", ".S", ".s", ".py", ".sh", ".build", ".options", ".decode", ".lds"}
C_SUFFIXES = {".c", ".h", ".inc"}
SKIPPED_DIRS = {".git", "__pycache__", "corpus", "golden"}

# The translator's core knows no guest. Hosts are named in preprocessor macros such as __x86_64__, and in the files
# for one host, which have it in their names: emit-x86_64.c, x86-asm.h.
GUEST_NEVER = re.compile(r"risc-?v|\brv(32|64)|mips|sparc|powerpc|\bppc", re.IGNORECASE)
GUEST_UNLESS_HOST = re.compile(r"(?<![\w-])(aarch64|arm|arm64|i386|x86|x86[-_]64)(?![\w-])", re.IGNORECASE)
HOST_FILE = re.compile(r"(^|-)(x86|x86_64|aarch64)[-.]")


def allowed_long_functions(root):
    """The functions named in long-functions.txt, as PATH:FUNCTION; text after # gives the reason."""
    place = root / "tests/style/long-functions.txt"
    lines = place.read_text().splitlines() if place.exists() else []
    return {line.split("#")[0].strip() for line in lines} - {""}


def source_files(root):
    for folder, directories, files in os.walk(root):
        directories[:] = [name for name in directories
                          if name not in SKIPPED_DIRS and not (Path(folder) == root and name.startswith("build"))]
        for name in files:
            path = Path(folder, name)
            if path.suffix in SOURCE_SUFFIXES or is_script(path):
                yield path.relative_to(root)


def is_script(path):
    if path.suffix or path.is_symlink():
        return False
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def check_text(path, lines):
    if len(lines) > MAX_FILE_LINES:
        yield 1, f"the file has {len(lines)} lines; {MAX_FILE_LINES} is the most"
    if not any("SPDX-License-Identifier: GPL-3.0-or-later" in line for line in lines[:2]):
        yield 1, "no SPDX-License-Identifier line at the top"
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield number, "space at the end of the line"
        if "\t" in line and path.suffix not in {".S", ".s"}:
            yield number, "tab character"


def functions(lines):
    """Yields (line, name, length) of each C function: its name and both braces stand in the first column."""
    name, start = None, None
    for number, line in enumerate(lines, 1):
        head = re.match(r"(?:[A-Za-z_][\w\s*]*[\s*])?([A-Za-z_]\w*) ?\(", line)
        if head and not line.startswith("#") and start is None:
            name = head[1]
        if line == "{" and name and start is None:
            start = number
        elif line == "}" and start is not None:
            yield start, name, number - start - 1
            name, start = None, None


def check_functions(path, lines, allowed):
    for number, name, length in functions(lines):
        if length > MAX_FUNCTION_LINES and f"{path.as_posix()}:{name}" not in allowed:
            yield number, f"{name} has {length} lines; {MAX_FUNCTION_LINES} is the most"


def room_of(path):
    if path.parts[0] == "app" and len(path.parts) > 2 and "/".join(path.parts[:2]) in APP_ROOMS:
        return "/".join(path.parts[:2])
    if path.parts[0] == "engine":
        for depth in (2, 1):
            room = "/".join(path.parts[1:1 + depth])
            if len(path.parts) > 1 + depth and room in ROOMS:
                return room
    return None


def check_includes(path, lines, homes):
    room = room_of(path)
    if room is None:
        return
    for number, line in enumerate(lines, 1):
        include = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        for home in homes.get(Path(include[1]).name, ()) if include else ():
            if not may_include(room, home):
                yield number, f"{title(room)} must not include {include[1]} of {title(home)}"


def title(room):
    return room if room in APP_ROOMS else f"engine/{room}"


def may_include(room, home):
    for rooms in (ROOMS, APP_ROOMS):
        if room in rooms and home in rooms:
            return rooms.index(home) <= rooms.index(room)
    return False


def check_guests(path, lines):
    if room_of(path) not in ("ir", "jit"):
        return
    for number, line in enumerate(lines, 1):
        named = GUEST_NEVER.search(line) or (not HOST_FILE.search(path.name) and GUEST_UNLESS_HOST.search(line))
        if named:
            yield number, f"a guest is named ({named[0]}); engine/ir and engine/jit know none"


def check_tree(root):
    """Yields (path, line number, breach) for the tree."""
    files = sorted(source_files(root))
    homes = {}
    for path in files:
        if path.suffix in {".h", ".def", ".inc"} and room_of(path):
            homes.setdefault(path.name, set()).add(room_of(path))
    homes = {name: rooms for name, rooms in homes.items() if len(rooms) == 1}
    allowed = allowed_long_functions(root)
    for path in files:
        lines = (root / path).read_text(encoding="utf-8").split("\n")
        lines = lines[:-1] if lines[-1] == "" else lines
        breaches = list(check_text(path, lines)) + list(check_guests(path, lines))
        if path.suffix in C_SUFFIXES:
            breaches += list(check_functions(path, lines, allowed)) + list(check_includes(path, lines, homes))
        for number, breach in sorted(breaches):
            yield path, number, breach


def main():
    breaches = 0
    for path, number, breach in check_tree(Path(sys.argv[1]).resolve(strict=True)):
        print(f"{path}:{number}: {breach}")
        breaches += 1
    print(f"{breaches} breaches of the house rules")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
