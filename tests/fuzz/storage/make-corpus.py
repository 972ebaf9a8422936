#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the corpus of fuzz-storage.c: one file of good requests for each topic."""

import os
import struct

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'corpus')


def request(head, out, into, flags=0):
    """A request whose memory begins with `head`; out and into are lists of (place, size)."""
    parts = list(out) + list(into)
    data = bytes([len(out) | len(into) << 2 | flags, len(head)]) + head
    for i, (place, size) in enumerate(parts):
        data += (b'' if i == 0 else bytes([place])) + struct.pack('<H', size)
    return data


def blk(kind, sector, size=0, writes=True, payload=b''):
    head = struct.pack('<IIQ', kind, 0, sector) + payload
    if payload:
        return request(head, [(0, len(head))], [(200, 1)])
    data = [(16, size)] if size else []
    return request(head, [(0, 16)] + ([] if writes else data), (data if writes else []) + [(200, 1)])


def scsi(cdb, out=0, into=0, target=0, payload=b'', flags=0):
    head = bytes([1, target]) + bytes(6) + bytes(8) + bytes(3) + bytes(cdb).ljust(32, b'\0') + payload
    return request(head, [(0, 51 + len(payload))] + ([(8, out)] if out else []),
                   [(64, 108)] + ([(128, into)] if into else []), flags)


def task(function, target=0):
    return request(struct.pack('<II', 0, function) + bytes([1, target]) + bytes(14), [(0, 24)], [(64, 1)], 16)


def write(name, form, *requests):
    path = os.path.join(HERE, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(bytes([form]) + b''.join(requests))


write('virtio-blk/transfer', 0, blk(1, 3, 1024, False), blk(0, 3, 1024), blk(4, 0), blk(8, 0, 20), blk(99, 0, 8))
write('virtio-blk/ranges', 4, blk(13, 0, payload=struct.pack('<QIIQII', 1, 2, 0, 9, 4, 1)),
      blk(11, 0, payload=struct.pack('<QII', 8, 8, 0)))
write('virtio-blk/layout', 3, request(struct.pack('<IIQ', 0, 0, 0), [(0, 3), (0, 13)], [(20, 600), (80, 425)], 32),
      blk(0, 0, 512), request(b'', [(0, 5)], [(9, 1)], 64), blk(0, 1, 512))
write('virtio-scsi/identity', 0, scsi([0]), scsi([0x12, 0, 0, 0, 36], into=36), scsi([0x12, 1, 0x83, 0, 255], into=255),
      scsi([0x1a, 0, 0x3f, 0, 255], into=255), scsi([0xa0] + [0] * 8 + [64], into=64))
write('virtio-scsi/transfer', 2, scsi([3, 0, 0, 0, 18], into=18), scsi([0x2a, 0, 0, 0, 0, 2, 0, 0, 2], out=1024),
      scsi([0x28, 0, 0, 0, 0, 2, 0, 0, 2], into=1024), scsi([0x35]))
write('virtio-scsi/lists', 0, scsi([3, 0, 0, 0, 18], into=18),
      scsi([0x42] + [0] * 7 + [24], payload=struct.pack('>HHIQII', 22, 16, 0, 3, 4, 0)),
      scsi([0x15, 0x10, 0, 0, 24], payload=bytes([0, 0, 0, 0, 8, 18, 4]) + bytes(17)),
      scsi([0x41, 0, 0, 0, 0, 1, 0, 0, 9], out=512))
write('virtio-scsi/disc', 1, scsi([3, 0, 0, 0, 18], into=18, target=1), scsi([0x43] + [0] * 7 + [64], into=64, target=1),
      scsi([0x46] + [0] * 7 + [128], into=128, target=1), scsi([0x4a, 1, 0, 0, 16, 0, 0, 0, 8], into=8, target=1),
      scsi([0x1b, 0, 0, 0, 2], target=1))
write('virtio-scsi/tasks', 0, task(1), scsi([0x28] + [0] * 7 + [1], into=512), task(5), task(4, 1), task(9))
