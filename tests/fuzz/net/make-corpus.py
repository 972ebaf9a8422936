#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the corpus of fuzz-vnet: make-corpus.py DIRECTORY"""

import struct
import sys

ETHERNET = bytes(6) + b'\x52\x54\0\x12\x34\x56'


def csum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f'>{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip(version, protocol, payload, tag=b''):
    if version == 4:
        source, target = bytes([10, 0, 2, 15]), bytes([10, 0, 2, 2])
        pseudo = source + target + struct.pack('>HH', protocol, len(payload))
        header = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(payload), 1, 0x4000, 64, protocol, 0) + source + target
        header = header[:10] + struct.pack('>H', csum(header)) + header[12:]
    else:
        source, target = b'\xfe\xc0' + bytes(13) + b'\x15', b'\xfe\xc0' + bytes(13) + b'\x02'
        pseudo = source + target + struct.pack('>II', len(payload), protocol)
        header = struct.pack('>IHBB', 6 << 28, len(payload), protocol, 64) + source + target
    at = 16 if protocol == 6 else 6
    payload = payload[:at] + struct.pack('>H', csum(pseudo + payload)) + payload[at + 2:]
    return ETHERNET + tag + (b'\x08\0' if version == 4 else b'\x86\xdd') + header + payload


def tcp(seq, flags, data, options=b''):
    return struct.pack('>HHIIBBHHH', 1000, 80, seq, 7, (20 + len(options)) * 4, flags, 64000, 0, 0) + options + data


def record(frame, flags=0, gso=0, gso_size=0, start=34, offset=16):
    header = struct.pack('<BBHHHHH', flags, gso, 54, gso_size, start, offset, 0)
    return header + struct.pack('<H', len(frame)) + frame


def write(name, *records):
    with open(f'{sys.argv[1]}/{name}', 'wb') as file:
        file.write(b''.join(records))


mss = b'\x02\x04\x05\xb4'
for version, gso in (4, 1), (6, 4):
    write(f'syn{version}', record(ip(version, 6, tcp(1, 2, b'', mss))))
    write(f'syn-odd{version}', record(ip(version, 6, tcp(1, 2, b'', b'\x01' + mss + b'\x01\x01\x00'))))
    write(f'gso{version}', record(ip(version, 6, tcp(1, 0x99, bytes(300))), 1, gso, 100))
    write(f'udp{version}', record(ip(version, 17, struct.pack('>HHHH', 53, 53, 208, 0) + bytes(200)), gso_size=100))
    write(f'merge{version}', *(record(ip(version, 6, tcp(1 + 64 * n, 0x10, bytes(64)))) for n in range(6)))
    write(f'vlan{version}', record(ip(version, 6, tcp(1, 0x18, bytes(40)), b'\x81\0\0\x05'), 1, gso, 8))
