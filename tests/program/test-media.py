#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ffmpeg encodes and decodes, and stockfish thinks: vector code whose results are the same on every machine."""

import re
import sys
import unittest

import programs

EXACT = ["-v", "error", "-nostdin", "-bitexact", "-flags", "+bitexact", "-fflags", "+bitexact"]
CLIP = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=25:duration=1"]
PIXELS = {"huffyuv": "yuv422p"}
SCALE = ["-flags", "+bitexact", "-sws_flags", "+accurate_rnd+bitexact", "-dct", "fastint", "-idct", "simple", "-threads", "1"]

# MD5 of the encoded stream and of the pictures decoded from it, as the same release gives them on x86-64.
CODECS = {
    "mpeg4": ("avi", "c447a4af9e70d9dd58a1ca9d1c2812dc", "8a71948dfc4923f1322d16f5ce8b6a31"),
    "mpeg2video": ("mpg", "45f1442fc9b043466578a1d90246af54", "bcd53058d2af0cf4b11837bb918e822f"),
    "ffv1": ("mkv", "01cf40546a42bfd041cebb8d6b2cae93", "d52aec798f3365dd56223ddaa2759cee"),
    "mjpeg": ("avi", "378b4041d55cc57c79a575fe56977ea1", "b71310365e4271bcf802021dbb8b6b5c"),
    "libvpx-vp9": ("webm", "6e4c69378b3fbe3ee4ca5e5264d3df86", "7c4fbe4f43db0f9505bbf68e47b92f07"),
    "huffyuv": ("avi", "e85b2f5172ec5202799b04d6cb872dd0", "b2d446f3b17dfd4afac1bf38f3e7d7e7"),
    "libvpx": ("webm", "7bca5d0994268513229143447fa406f7", "8748078ebc3460ae7f6089a4239538f9"),
}


class Ffmpeg(programs.ProgramTest):
    def md5(self, *args):
        return self.run_guest("ffmpeg", *EXACT, *args, "-f", "md5", "-").strip().removeprefix("MD5=")

    def test_video(self):
        for codec, (container, stream, pictures) in CODECS.items():
            with self.subTest(codec):
                file = f"{codec}.{container}"
                encode = [*CLIP, "-pix_fmt", PIXELS.get(codec, "yuv420p"), "-c:v", codec, *SCALE]
                self.run_guest("ffmpeg", *EXACT, *encode, file)
                self.assertEqual(self.md5("-i", file, "-c", "copy"), stream)
                decode = ["-idct", "simple", "-i", file]
                self.assertEqual(self.md5(*decode, "-f", "rawvideo"), pictures)
                # Without its vector code.
                self.assertEqual(self.md5("-cpuflags", "0", *decode, "-f", "rawvideo"), pictures)

    def test_sound(self):
        sine = ["-f", "lavfi", "-i", "sine=frequency=440:duration=1"]
        self.assertEqual(self.md5(*sine, "-c:a", "flac"), "6049856fb35d1c5c7aecdc098f7e1861")


class Stockfish(programs.ProgramTest):
    """The nodes of a search with one thread are known for each release."""

    def nodes(self, *args):
        out = self.run_guest(programs.SYSROOT / "usr/games/stockfish", "bench", *args, errors=True, timeout=900)
        return int(re.search(r"^Nodes searched +: (\d+)$", out, re.M)[1])

    def test_short(self):
        self.assertEqual(self.nodes("16", "1", "7"), 63011)

    @unittest.skipUnless("long" in sys.argv, "takes long")
    def test_long(self):
        self.assertEqual(self.nodes(), 2030154)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
