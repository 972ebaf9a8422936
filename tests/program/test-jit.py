#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that write machine code of their own: LuaJIT and node."""

import hashlib
import json

import programs

LUA = r"""
    local bit, ffi = require ("bit"), require ("ffi")
    local function hash (n) local h = 5381 for i = 1, n do h = bit.bxor (h * 33 % 4294967296, i) end return h % 4294967296 end
    local function sieve (n) local c, count = ffi.new ("uint8_t[?]", n + 1), 0
      for i = 2, n do if c[i] == 0 then count = count + 1 for j = i, n, i do c[j] = 1 end end end return count end
    local function mandel (n) local inside = 0
      for y = 0, n - 1 do for x = 0, n - 1 do
        local cr, ci, zr, zi, k = 2 * x / n - 1.5, 2 * y / n - 1, 0, 0, 0
        while k < 50 and zr * zr + zi * zi < 4 do zr, zi, k = zr * zr - zi * zi + cr, 2 * zr * zi + ci, k + 1 end
        if k == 50 then inside = inside + 1 end end end return inside end
    local words = {} for i = 1, 20000 do words[#words + 1] = string.format ("%x", i * 2654435761 % 65536) end
    table.sort (words)
    ffi.cdef "int abs (int); typedef struct { int a; double b; } pair;"
    local p, total = ffi.new ("pair[100]"), 0
    for i = 0, 99 do p[i].a, p[i].b = -i, i / 4 end for i = 0, 99 do total = total + ffi.C.abs (p[i].a) + p[i].b end
    print (jit.status () and jit.arch, hash (3e6), sieve (2e6), mandel (200), words[1], words[20000], total)
"""

NODE = r"""
    const crypto = require ('crypto'), zlib = require ('zlib'), { Worker, isMainThread } = require ('worker_threads');
    function fib (n) { return n < 2 ? n : fib (n - 1) + fib (n - 2); }
    class Shape { area () { return 0; } }
    class Box extends Shape { constructor (a) { super (); this.a = a; } area () { return this.a * this.a; } }
    class Disc extends Shape { constructor (r) { super (); this.r = r; } area () { return Math.PI * this.r ** 2; } }
    let total = 0, shapes = [];
    for (let i = 0; i < 300000; i++) shapes.push (i % 3 ? new Box (i % 17) : new Disc (i % 13));
    for (let round = 0; round < 10; round++) for (const s of shapes) total += s.area ();
    const data = Buffer.from (Array.from ({ length: 100000 }, (_, i) => (i * i * 7) & 255));
    const unpacked = zlib.inflateSync (zlib.deflateSync (data));
    const big = (3n ** 500n % (2n ** 61n - 1n)).toString ();
    const text = 'the quick brown fox '.repeat (2000).replace (/(\w+) (\w+)/g, '$2 $1');
    // (module (func (export "f") (param i32) (result i32) local.get 0 local.get 0 i32.mul i32.const 1 i32.add))
    const code =
      [0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 12, 1, 10, 0,
       32, 0, 32, 0, 108, 65, 1, 106, 11];
    const square = typeof WebAssembly === 'undefined' ? x => (Math.imul (x, x) + 1) | 0
      : new WebAssembly.Instance (new WebAssembly.Module (new Uint8Array (code))).exports.f;
    let w = 0; for (let i = 0; i < 100000; i++) w = (w + square (i)) | 0;
    const f = new Float32Array (1000).map ((_, i) => Math.fround (i / 3)).reduce ((a, b) => Math.fround (a + b));
    (async () => {
      const worker = new Worker ('require ("worker_threads").parentPort.postMessage (6 * 7)', { eval: true });
      const answer = await new Promise (done => worker.on ('message', done));
      console.log (JSON.stringify ({ arch: process.arch, fib: fib (27), total: total.toFixed (3), same: unpacked.equals (data),
        sha: crypto.createHash ('sha256').update (data).digest ('hex'), big, text: text.slice (0, 39), w, f, answer }));
    }) ();
"""


class Luajit(programs.ProgramTest):
    def test_language(self):
        h = 5381
        for i in range(1, 3000001):
            h = (h * 33 % 2**32) ^ i
        words = sorted(f"{i * 2654435761 % 65536:x}" for i in range(1, 20001))
        out = self.run_guest("luajit", "-e", LUA).split()
        self.assertEqual(out[:3] + out[4:], ["arm64", str(h), "148933", words[0], words[-1], "6187.5"])
        # Doubles are the same everywhere, with or without compiled code.
        self.assertEqual(out, self.run_guest("luajit", "-joff", "-e", LUA.replace("jit.status () and ", "")).split())


class Node(programs.ProgramTest):
    def test_script(self):
        self.write("script.js", NODE)
        data = bytes(i * i * 7 & 255 for i in range(100000))
        found = json.loads(self.run_guest("node", "script.js"))
        self.assertEqual((found["arch"], found["fib"], found["same"], found["answer"]), ("arm64", 196418, True, 42))
        self.assertEqual(found["sha"], hashlib.sha256(data).hexdigest())
        self.assertEqual(found["big"], str(3**500 % (2**61 - 1)))
        self.assertEqual(found["text"], "quick the fox brown quick the fox brown")
        wanted = sum(i * i + 1 for i in range(100000)) & 0xffffffff
        self.assertEqual(found["w"] & 0xffffffff, wanted)
        # The same with nothing compiled, and so without WebAssembly.
        self.assertEqual(found, json.loads(self.run_guest("node", "--jitless", "script.js")))


if __name__ == "__main__":
    programs.main()
