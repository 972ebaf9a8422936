#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ffmpeg encodes and decodes, and stockfish thinks: vector code whose results are the same on every machine."""

import re
import subprocess
import sys
import unittest

import programs

EXACT = ["-v", "error", "-nostdin", "-bitexact", "-flags", "+bitexact", "-fflags", "+bitexact"]
CLIP = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=25:duration=1"]
SCALE = ["-flags", "+bitexact", "-sws_flags", "+accurate_rnd+bitexact", "-dct", "fastint", "-idct", "simple", "-threads", "1"]
# Encoders of H.264 and H.265 that decide the same on every processor and with any number of threads.
OPTIONS = {
    "huffyuv": ["-pix_fmt", "yuv422p"],
    "libx264": ["-x264-params", "cpu-independent=1"],
    "libx265": ["-x265-params", "log-level=none:pools=none:frame-threads=1"],
}

# MD5 of the encoded stream and of the pictures decoded from it, as the same release gives them on x86-64: the long test
# compares with what it gives there.
CODECS = {
    "mpeg4": ("avi", "c447a4af9e70d9dd58a1ca9d1c2812dc", "8a71948dfc4923f1322d16f5ce8b6a31"),
    "mpeg2video": ("mpg", "45f1442fc9b043466578a1d90246af54", "bcd53058d2af0cf4b11837bb918e822f"),
    "ffv1": ("mkv", "01cf40546a42bfd041cebb8d6b2cae93", "d52aec798f3365dd56223ddaa2759cee"),
    "mjpeg": ("avi", "378b4041d55cc57c79a575fe56977ea1", "b71310365e4271bcf802021dbb8b6b5c"),
    "libvpx-vp9": ("webm", "2b410476086da75836636728c4416b9f", "590d93b2a46735e21b052aad2ec8d67f"),
    "huffyuv": ("avi", "e85b2f5172ec5202799b04d6cb872dd0", "b2d446f3b17dfd4afac1bf38f3e7d7e7"),
    "libvpx": ("webm", "7bca5d0994268513229143447fa406f7", "8748078ebc3460ae7f6089a4239538f9"),
    "libx264": ("mkv", "0e3ab8172f59f7cfc45c9503d98e7716", "a5b115849591e4c9b58d17997197d5f3"),
    "libx265": ("mkv", "554021abd17f5abb967c7799f9682129", "76c5d6f1426688b4b93b88edf2005782"),
}


class Ffmpeg(programs.ProgramTest):
    def ffmpeg(self, *args):
        return self.run_guest("ffmpeg", *EXACT, *args)

    def native(self, *args):
        done = subprocess.run(programs.native_command("ffmpeg", *EXACT, *args), cwd=self.dir, check=False, timeout=300,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 0, done.stderr[-4000:])
        return done.stdout

    @staticmethod
    def md5(run, *args):
        return run(*args, "-f", "md5", "-").strip().removeprefix("MD5=")

    @staticmethod
    def encode(run, codec, clip, file):
        run(*clip, "-pix_fmt", "yuv420p", "-c:v", codec, *SCALE, *OPTIONS.get(codec, []), file)

    @staticmethod
    def decode(file):
        return ["-idct", "simple", "-i", file, "-f", "rawvideo"]

    def test_video(self):
        for codec, (container, stream, pictures) in CODECS.items():
            with self.subTest(codec):
                file = f"{codec}.{container}"
                self.encode(self.ffmpeg, codec, CLIP, file)
                self.assertEqual(self.md5(self.ffmpeg, "-i", file, "-c", "copy"), stream)
                self.assertEqual(self.md5(self.ffmpeg, *self.decode(file)), pictures)
                # Without its vector code.
                self.assertEqual(self.md5(self.ffmpeg, "-cpuflags", "0", *self.decode(file)), pictures)

    @unittest.skipUnless("long" in sys.argv, "takes long")
    def test_against_native(self):
        """What both encode is the same to the byte, and what each makes of the other's. The files are not: Matroska's
        have random numbers in them."""
        clip = ["-f", "lavfi", "-i", "mandelbrot=size=640x360:rate=25,noise=all_seed=7:alls=12", "-frames:v", "20"]
        # The clip is computed with floating-point functions of the C library, so it is made once.
        self.native(*clip, "-pix_fmt", "yuv422p", "-c:v", "ffv1", "-threads", "1", "clip.mkv")
        for codec, (container, _, _) in CODECS.items():
            with self.subTest(codec):
                guest, native = f"guest-{codec}.{container}", f"native-{codec}.{container}"
                self.encode(self.ffmpeg, codec, ["-i", "clip.mkv"], guest)
                self.encode(self.native, codec, ["-i", "clip.mkv"], native)
                stream = self.md5(self.native, "-i", native, "-c", "copy")
                self.assertEqual(self.md5(self.native, "-i", guest, "-c", "copy"), stream)
                self.assertEqual(self.md5(self.ffmpeg, *self.decode(native)), self.md5(self.native, *self.decode(guest)))

    @unittest.skipUnless("long" in sys.argv, "takes long")
    def test_native_hashes(self):
        """What the quick test expects is what the native build gives."""
        for codec, (container, stream, pictures) in CODECS.items():
            with self.subTest(codec):
                file = f"{codec}.{container}"
                self.encode(self.native, codec, CLIP, file)
                self.assertEqual(self.md5(self.native, "-i", file, "-c", "copy"), stream)
                self.assertEqual(self.md5(self.native, *self.decode(file)), pictures)

    def test_sound(self):
        sine = ["-f", "lavfi", "-i", "sine=frequency=440:duration=1"]
        self.assertEqual(self.md5(self.ffmpeg, *sine, "-c:a", "flac"), "6049856fb35d1c5c7aecdc098f7e1861")


class Stockfish(programs.ProgramTest):
    """The nodes of a search with one thread are known for each release."""

    def nodes(self, *args):
        out = self.run_guest(programs.SYSROOT / "usr/games/stockfish", "bench", *args, errors=True, timeout=900)
        return int(re.search(r"^Nodes searched +: (\d+)$", out, re.M)[1])

    def test_short(self):
        self.assertEqual(self.nodes("16", "1", "7"), 119751)

    @unittest.skipUnless("long" in sys.argv, "takes long")
    def test_long(self):
        self.assertEqual(self.nodes(), 3467381)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
