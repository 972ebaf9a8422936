#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""tar, xz and zstd, with the host's Python as the other side."""

import io
import lzma
import tarfile

import programs


class Archives(programs.ProgramTest):
    def test_xz(self):
        data = programs.noise(1500000)
        self.write("data", data)
        for options in [["-0"], ["-6", "-T2", "--block-size=300KiB"], ["-9e", "--check=sha256"]]:
            self.run_guest("xz", "-k", "-f", *options, "data")
            packed = (self.dir / "data.xz").read_bytes()
            self.assertLess(len(packed), len(data) * 9 // 10)
            self.assertEqual(lzma.decompress(packed), data)
        self.write("host.xz", lzma.compress(data, preset=3))
        self.shell("xz -t host.xz; xz -dc -T0 host.xz | cmp - data; xz --format=lzma -1 -c data | xz -dc | cmp - data")
        damaged = bytearray(packed)
        damaged[len(damaged) // 2] ^= 1
        self.write("damaged.xz", bytes(damaged))
        self.assertIn("Compressed data is corrupt", self.run_guest("xz", "-t", "damaged.xz", status=1, errors=True))

    def test_zstd(self):
        data = programs.noise(2000000, seed=2)
        self.write("data", data)
        self.shell("for level in 1 3 12; do zstd -q -f -$level -T2 data -o data.zst; zstd -t -q data.zst;"
                   "zstd -dc data.zst | cmp - data; done; zstd -q --ultra -20 --long -f data; zstd -dcq data.zst | cmp - data")
        self.assertLess((self.dir / "data.zst").stat().st_size, len(data) * 9 // 10)

    def test_tar(self):
        files = {f"tree/{i % 7}/file-{i}": programs.noise(i * 37, seed=i + 1) for i in range(100)}
        for name, data in files.items():
            self.write(name, data)
        (self.dir / "tree/link").symlink_to("0/file-0")
        for option, suffix in [("", "tar"), ("-J", "tar.xz"), ("--zstd", "tar.zst"), ("-z", "tar.gz")]:
            name = "archive." + suffix
            self.shell(f"tar {option} -cf {name} --sort=name --owner=root:0 --mtime=@1000000000 tree;"
                       f"mkdir out; tar -xf {name} -C out; diff -r --no-dereference tree out/tree; rm -r out")
        with tarfile.open(self.dir / "archive.tar.xz") as archive:
            self.assertEqual({m.name: archive.extractfile(m).read() for m in archive if m.isfile()}, files)
            self.assertEqual({m.mtime for m in archive}, {1000000000})
            self.assertEqual(archive.getmember("tree/link").linkname, "0/file-0")
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            archive.add(self.dir / "tree", "tree")
        self.write("host.tar", out.getvalue())
        self.assertEqual(self.shell("tar -tf host.tar | wc -l"), f"{100 + 7 + 2}\n")


if __name__ == "__main__":
    programs.main()
