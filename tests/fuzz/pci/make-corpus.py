#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the seeds of fuzz-pci: guests that do one thing well. Usage: make-corpus.py DIRECTORY"""

import struct
import sys
from pathlib import Path

PORT, DEVICE = 0, 5  # the device's bus number after ENUMERATE
ENUMERATE, SAVE, RESET = bytes([7]), bytes([9]), bytes([8, 0])
DOORBELL = 0x28000000
# Where the capabilities are: of the port Express and MSI, of the device Express, MSI and MSI-X.
PORT_EXPRESS, PORT_MSI, DEVICE_MSI, DEVICE_MSIX = 0x40, 0x7c, 0x7c, 0x94


def write(function, reg, size, value):
    log2 = size.bit_length() - 1
    return bytes([0, function]) + struct.pack("<H", log2 << 14 | reg) + value.to_bytes(size, "little")


def bar(which, offset, size, value):
    log2 = size.bit_length() - 1
    return bytes([2, which]) + struct.pack("<H", log2 << 14 | offset) + value.to_bytes(size, "little")


seeds = {
    # Windows move, close, cover everything; the bus is reset; the link is disabled.
    "windows": ENUMERATE + write(PORT, 0x20, 4, 0x50f05000) + write(PORT, 0x24, 4, 0) + write(PORT, 0x1c, 2, 0xf0)
    + write(PORT, 0x2c, 4, 0xffffffff) + SAVE + write(PORT, 4, 2, 0),
    "buses": write(PORT, 0x18, 4, 0xff0100) + bytes([1, 1, 0, 0x80]) + write(PORT, 0x18, 4, 0xff0500) + ENUMERATE
    + bytes([1, DEVICE, 0, 0x80]) + SAVE,
    "reset": ENUMERATE + bytes([4, 1]) + write(PORT, 0x3e, 2, 0x40) + SAVE + bytes([1, DEVICE, 0, 0x80])
    + write(PORT, 0x3e, 2, 0) + ENUMERATE + RESET,
    "link": ENUMERATE + write(PORT, PORT_MSI + 4, 4, DOORBELL) + write(PORT, PORT_MSI + 2, 2, 1)
    + write(PORT, PORT_EXPRESS + 0x30, 2, 2) + write(PORT, PORT_EXPRESS + 0x10, 2, 0x420)
    + write(PORT, PORT_EXPRESS + 0x12, 2, 0x4000) + SAVE + write(PORT, PORT_EXPRESS + 0x10, 2, 0x10) + SAVE
    + write(PORT, PORT_EXPRESS + 0x10, 2, 0),
    "msi": ENUMERATE + write(DEVICE, DEVICE_MSI + 4, 4, DOORBELL) + write(DEVICE, DEVICE_MSI + 12, 2, 0x18)
    + write(DEVICE, DEVICE_MSI + 2, 2, 0x31) + bytes([6, 3]) + write(DEVICE, DEVICE_MSI + 16, 4, 8) + bytes([6, 3])
    + SAVE + write(DEVICE, DEVICE_MSI + 2, 2, 0x71) + write(DEVICE, DEVICE_MSI + 16, 4, 0),
    "msix": ENUMERATE + write(DEVICE, DEVICE_MSIX + 2, 2, 0x8000) + bar(0, 0x1000, 8, DOORBELL)
    + bar(0, 0x1008, 8, 7) + bytes([5, 0]) + write(PORT, 4, 2, 3) + bytes([5, 0]) + SAVE + write(PORT, 4, 2, 7),
    "intx": ENUMERATE + bytes([4, 1]) + write(DEVICE, 4, 2, 0x407) + SAVE + write(DEVICE, 4, 2, 7) + bytes([4, 0]),
}
for name, data in seeds.items():
    (Path(sys.argv[1]) / name).write_bytes(data)
