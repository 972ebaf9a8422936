#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the corpora of fuzz-savefile and fuzz-image: whole files and such with lies in them."""
import gzip
import pathlib
import struct
import sys

CHUNK = struct.Struct('<IIQQII')


def chunk(kind, content, offset=0, block=0, size=None):
    return CHUNK.pack(kind, 0, len(content) if size is None else size, offset, block, 0) + content


def saved(*chunks, magic=b'VitrineMachine\r\n', version=1):
    return magic + struct.pack('<II', version, 0) + b''.join(chunks)


# a{sv} with "a": <true>, as GVariant lays it out.
DICT = b'a\0\0\0\0\0\0\0\x01\0b\x02\x0c'
END = struct.pack('<Q', 2)

saves = {
    'empty': b'',
    'head': saved(),
    'whole': saved(chunk(1, b''), chunk(2, DICT), chunk(4, END)),
    'no-chunks': saved(chunk(4, bytes(8))),
    'huge-size': saved(chunk(1, b'', size=2**64 - 1)),
    'large-dictionary': saved(chunk(1, bytes(4096)), chunk(2, bytes(4096))),
    'ram': saved(chunk(1, b''), chunk(2, b''), chunk(3, b'\x01' + bytes(31) + b'\x28\xb5\x2f\xfd\x20\x00\x01\0\0', 4096)),
    'ram-bomb': saved(chunk(1, b''), chunk(2, b''),
                      chunk(3, b'\xff' * 32 + b'\x28\xb5\x2f\xfd\xc0' + b'\xff' * 16, 0xfffff000, 7)),
    'unknown': saved(chunk(1, b''), chunk(2, b''), chunk(9, b'abc')),
    'version': saved(version=2),
}


def elf(machine=243, phnum=1, offset=120, filesz=4, memsz=8, paddr=0x80000000, phoff=64, data=1):
    head = b'\x7fELF\x02' + bytes([data]) + b'\x01' + bytes(9)
    head += struct.pack('<HHIQQQIHHHHHH', 2, machine, 1, 0x80000000, phoff, 0, 0, 64, 56, phnum, 0, 0, 0)
    return head + struct.pack('<IIQQQQQQ', 1, 7, offset, paddr, paddr, filesz, memsz, 0) + b'code'


linux = bytes(0x10) + struct.pack('<Q', 0x10000) + bytes(0x18) + b'RISCV\0\0\0RSC\x05\0\0\0\0'
arm = bytes(8) + struct.pack('<QQ', 0x80000, 0x10000) + bytes(0x20) + b'ARM\x64\0\0\0\0'


def zboot(method, packed, size=None):
    head = b'MZ\0\0zimg' + struct.pack('<II', 64, len(packed) if size is None else size) + bytes(8)
    return head + method.ljust(32, b'\0') + bytes(8) + packed


fdt = struct.pack('>10I', 0xd00dfeed, 72, 56, 72, 40, 17, 16, 0, 0, 16) + bytes(16) + struct.pack('>IIII', 1, 0, 2, 9)
images = {
    'raw': b'raw bytes',
    'elf': elf(),
    'elf-far': elf(paddr=2**64 - 4),
    'elf-memsz': elf(memsz=2**64 - 1),
    'elf-filesz': elf(filesz=2**63),
    'elf-offset': elf(offset=2**64 - 2),
    'elf-phnum': elf(phnum=0xffff),
    'elf-phoff': elf(phoff=2**64 - 8),
    'elf-big-endian': elf(data=2),
    'elf-short': elf()[:50],
    'linux': linux,
    'linux-huge': linux[:0x10] + b'\xff' * 8 + linux[0x18:],
    'gzip': gzip.compress(elf(), mtime=0),
    'gzip-cut': gzip.compress(elf(), mtime=0)[:30],
    'gzip-bomb': gzip.compress(bytes(2 << 20), mtime=0),
    'arm': arm,
    'arm-offset': arm[:8] + b'\xff' * 8 + arm[16:],
    'arm-elf': elf(machine=183),
    'zboot': zboot(b'gzip', gzip.compress(arm, mtime=0)),
    'zboot-size': zboot(b'gzip', gzip.compress(arm, mtime=0), 2**32 - 1),
    'zboot-zstd': zboot(b'zstd22', b'\x28\xb5\x2f\xfd\x20\x00\x01\0\0'),
    'zboot-method': zboot(b'x' * 32, b''),
    'fdt': fdt,
    'fdt-lies': fdt[:4] + b'\xff' * 4 + fdt[8:],
}

top = pathlib.Path(sys.argv[1])
for name, files in ('savefile', saves), ('image', images):
    (top / name).mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        (top / name / file).write_bytes(content)
