# SPDX-License-Identifier: GPL-3.0-or-later
"""The pixels of a desktop, as its X server has them: read without asking it, and so as often as one likes."""

import mmap
import struct
import zlib
from collections import Counter
from functools import cached_property
from pathlib import Path


def is_near(color, wanted):
    """Whether two colours are the same but for what scaling and rounding do."""
    return all(abs((color >> shift & 255) - (wanted >> shift & 255)) <= 6 for shift in (0, 8, 16))


class Picture:
    """A rectangle of pixels, each 4 bytes: blue, green, red, and nothing."""

    def __init__(self, width, height, rows):
        self.width, self.height, self.rows = width, height, rows

    def pixel(self, x, y):
        blue, green, red = self.rows[y][4 * x:4 * x + 3]
        return red, green, blue

    def crop(self, x, y, width, height):
        x, y = max(x, 0), max(y, 0)
        rows = [row[4 * x:4 * (x + width)] for row in self.rows[y:y + height]]
        return Picture(len(rows[0]) // 4 if rows else 0, len(rows), rows)

    @cached_property
    def colors(self):
        """How many pixels have which colour (0xRRGGBB)."""
        counts = Counter()
        for row in self.rows:
            counts.update(memoryview(row).cast("I"))
        colors = Counter()
        for value, count in counts.items():
            colors[value & 0xffffff] += count
        return colors

    def share(self, *wanted):
        """Which part of it has one of these colours, from 0 to 1."""
        return sum(count for color, count in self.colors.items() if any(is_near(color, one) for one in wanted)) / max(self.width * self.height, 1)

    def box(self, wanted):
        """The smallest rectangle (x, y, width, height) with all pixels of this colour, or None."""
        good = {color for color in self.colors if is_near(color, wanted)}
        columns, lines = set(), []
        for y, row in enumerate(self.rows):
            found = [x for x, value in enumerate(memoryview(row).cast("I")) if value & 0xffffff in good]
            if found:
                columns.update((found[0], found[-1]))
                lines.append(y)
        return (min(columns), lines[0], max(columns) - min(columns) + 1, lines[-1] - lines[0] + 1) if lines else None

    def lines_of(self, wanted, share):
        """The lines of which at least this part has this colour."""
        good = {color for color in self.colors if is_near(color, wanted)}
        if sum(self.colors[color] for color in good) < share * self.width:
            return []
        return [y for y, row in enumerate(self.rows)
                if sum(value & 0xffffff in good for value in memoryview(row).cast("I")) >= share * self.width]

    def differs(self, other):
        """Which part of it differs from another picture of the same size."""
        if (self.width, self.height) != (other.width, other.height):
            return 1
        changed = 0
        for row, before in zip(self.rows, other.rows):
            if row != before:
                changed += sum(a != b for a, b in zip(memoryview(row).cast("I"), memoryview(before).cast("I")))
        return changed / max(self.width * self.height, 1)

    def save(self, place):
        """As a PNG file."""
        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        lines = bytearray()
        for row in self.rows:
            line = bytearray(3 * self.width)
            line[0::3], line[1::3], line[2::3] = row[2::4], row[1::4], row[0::4]
            lines += b"\0" + line
        Path(place).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0))
                                + chunk(b"IDAT", zlib.compress(bytes(lines), 6)) + chunk(b"IEND", b""))
        return Path(place)


class Screen:
    """What Xvfb shows, by its -fbdir: a file in the format of xwd, which it draws into."""

    def __init__(self, folder):
        with open(Path(folder) / "Xvfb_screen0", "rb") as file:
            self.memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        header = struct.unpack(">25I", self.memory[:100])
        size, self.width, self.height, order, bits, self.stride, colors = header[0], header[4], header[5], header[7], header[11], header[12], header[19]
        if bits != 32 or order != 0:
            raise AssertionError(f"the X server's pixels have {bits} bits in order {order}")
        self.start = size + colors * 12

    def take(self, x=0, y=0, width=None, height=None):
        width, height = min(width or self.width, self.width - x), min(height or self.height, self.height - y)
        first = self.start + 4 * x
        return Picture(width, height, [self.memory[first + line * self.stride:first + line * self.stride + 4 * width]
                                       for line in range(y, y + height)])
