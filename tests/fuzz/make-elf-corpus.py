#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the seed files of corpus/elf: small ELF programs, good ones and each kind of bad one."""

import pathlib
import struct
import sys

LOAD, DYNAMIC, INTERP, STACK = 1, 2, 3, 0x6474E551


def segment(kind=LOAD, flags=5, offset=0, vaddr=0x10000, filesz=None, memsz=None, align=0x1000):
    return dict(kind=kind, flags=flags, offset=offset, vaddr=vaddr, filesz=filesz, memsz=memsz, align=align)


def elf(bits=64, machine=243, kind=2, segments=(segment(),), entry=0x10100, data=b"", flags=5, order=1, phnum=None,
        phentsize=None, phoff=None, size=0x200):
    head, entry_size = (64, 56) if bits == 64 else (52, 32)
    body = b""
    for s in segments:
        filesz = size if s["filesz"] is None else s["filesz"]
        memsz = filesz if s["memsz"] is None else s["memsz"]
        if bits == 64:
            body += struct.pack("<IIQQQQQQ", s["kind"], s["flags"], s["offset"], s["vaddr"], s["vaddr"], filesz, memsz,
                                s["align"])
        else:
            body += struct.pack("<IIIIIIII", s["kind"], s["offset"], s["vaddr"], s["vaddr"], filesz, memsz, s["flags"],
                                s["align"])
    ident = b"\x7fELF" + bytes([2 if bits == 64 else 1, order, 1]) + bytes(9)
    layout = "<HHIQQQIHHHHHH" if bits == 64 else "<HHIIIIIHHHHHH"
    header = struct.pack(layout, kind, machine, 1, entry, head if phoff is None else phoff, 0, flags, head,
                         entry_size if phentsize is None else phentsize,
                         len(segments) if phnum is None else phnum, 0, 0, 0)
    return (ident + header + body + data).ljust(size, b"\0")


def with_interp(name, bits=64):
    head = 64 + 2 * 56 if bits == 64 else 52 + 2 * 32
    return elf(bits, kind=3, entry=0x100, data=name,
               segments=(segment(INTERP, 4, head, head, len(name)), segment(vaddr=0)))


FILES = {
    "static64": elf(),
    "static32": elf(32),
    "pie64": with_interp(b"/lib/ld-linux-riscv64-lp64d.so.1\0"),
    "pie32": with_interp(b"/lib/ld-linux-riscv32-ilp32d.so.1\0", 32),
    "bss": elf(segments=(segment(flags=6, memsz=0x5000),)),
    "two-segments": elf(segments=(segment(filesz=0x100), segment(flags=6, offset=0x100, vaddr=0x11100, filesz=0x100,
                                                                 memsz=0x900))),
    "shared-page": elf(segments=(segment(filesz=0x100), segment(flags=6, offset=0x100, vaddr=0x10100, filesz=0x100))),
    "exec-stack": elf(segments=(segment(), segment(STACK, 7, 0, 0, 0))),
    "large-align": elf(kind=3, segments=(segment(vaddr=0, align=0x200000),)),
    "odd-align": elf(segments=(segment(align=0x3000),)),
    "x86-64": elf(machine=62),
    "unknown-machine": elf(machine=0x7777),
    "big-endian": elf(order=2),
    "rve": elf(flags=8),
    "object": elf(kind=1),
    "no-segments": elf(segments=()),
    "many-headers": elf(phnum=0xFFFF),
    "odd-header-size": elf(phentsize=57),
    "headers-beyond": elf(phoff=0x1000),
    "headers-wrap": elf(phoff=0xFFFFFFFFFFFFFFF0),
    "segment-beyond": elf(segments=(segment(filesz=0x10000),)),
    "memsz-small": elf(segments=(segment(memsz=0x10),)),
    "vaddr-wrap": elf(segments=(segment(vaddr=0xFFFFFFFFFFFFF000, memsz=0x2000),)),
    "memsz-huge": elf(segments=(segment(memsz=0x7FFFFFFFFFFFFFFF),)),
    "overlap": elf(segments=(segment(memsz=0x2000), segment(vaddr=0x11000))),
    "disorder": elf(segments=(segment(vaddr=0x20000), segment())),
    "unaligned": elf(segments=(segment(vaddr=0x10010),)),
    "interp-unended": with_interp(b"/lib/ld.so"),
    "interp-empty": with_interp(b"\0"),
    "not-elf": b"#!/bin/sh\n",
    "empty": b"",
}


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "corpus/elf")
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in FILES.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
