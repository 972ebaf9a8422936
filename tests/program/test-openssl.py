#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""openssl: digests, ciphers, keys, speed, and a TLS server and client of its own."""

import hashlib
import hmac
import re
import subprocess
import unittest

import programs


class Openssl(programs.ProgramTest):
    def openssl(self, *args, **options):
        return self.run_guest("openssl", *args, **options)

    def make_certificate(self, *key):
        self.openssl("req", "-x509", "-newkey", *key, "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
                     "-subj", "/CN=vitrine.test", "-days", "2")

    def test_digests(self):
        data = programs.noise(200000)
        self.write("data", data)
        for name in ["sha256", "sha512", "sha3-256", "blake2b512", "sha1", "md5"]:
            want = hashlib.new({"sha3-256": "sha3_256", "blake2b512": "blake2b"}.get(name, name), data).hexdigest()
            self.assertEqual(self.openssl("dgst", "-" + name, "-r", "data"), want + " *data\n")
        self.assertEqual(self.openssl("dgst", "-sha256", "-hmac", "secret", "-r", "data"),
                         hmac.new(b"secret", data, "sha256").hexdigest() + " *data\n")

    @unittest.skipUnless(programs.GUEST == "aarch64", "the variable is Arm's")
    def test_capabilities(self):
        """Each set of instructions its assembly knows: none, vectors, AES, SHA-1, SHA-256, multiplications, SHA-512."""
        data = programs.noise(300001)
        self.write("data", data)
        key = ["-K", "000102030405060708090a0b0c0d0e0f", "-iv", "00" * 16]
        seen = set()
        for capabilities in ["0", "1", "0x5", "0x9", "0x11", "0x25", "0x41", "0x7d", None]:
            self.env.pop("OPENSSL_armcap", None)
            if capabilities:
                self.env["OPENSSL_armcap"] = capabilities
            for name in ["sha1", "sha256", "sha512", "sha3_256"]:
                self.assertEqual(self.openssl("dgst", "-" + name.replace("_", "-"), "-r", "data"),
                                 hashlib.new(name, data).hexdigest() + " *data\n")
            out = b""
            for cipher in ["aes-128-cbc", "aes-128-ctr", "chacha20", "sm4-cbc"]:
                wide = key if cipher != "chacha20" else ["-K", "00" * 32, "-iv", "00" * 16]
                self.openssl("enc", "-" + cipher, *wide, "-in", "data", "-out", "secret")
                out += (self.dir / "secret").read_bytes()
            out += self.openssl("mac", "-cipher", "AES-128-GCM", "-macopt", "hexkey:" + key[1], "-macopt",
                                "hexiv:" + "00" * 12, "-in", "data", "GMAC").encode()
            seen.add(hashlib.sha256(out).hexdigest())
        self.assertEqual(len(seen), 1)

    def test_ciphers(self):
        data = programs.noise(100001)
        self.write("data", data)
        key = ["-K", "000102030405060708090a0b0c0d0e0f", "-iv", "00" * 16]
        # The first block is the example of FIPS 197, appendix C.1.
        self.write("block", bytes.fromhex("00112233445566778899aabbccddeeff"))
        self.openssl("enc", "-aes-128-ecb", "-nopad", *key[:2], "-in", "block", "-out", "out")
        self.assertEqual((self.dir / "out").read_bytes().hex(), "69c4e0d86a7b0430d8cdb78070b4c55a")
        for cipher in ["aes-128-cbc", "aes-128-ctr", "camellia-128-cbc", "sm4-cbc"]:
            self.openssl("enc", "-" + cipher, *key, "-in", "data", "-out", "secret")
            self.assertNotEqual((self.dir / "secret").read_bytes()[:len(data)], data)
            self.openssl("enc", "-d", "-" + cipher, *key, "-in", "secret", "-out", "plain")
            self.assertEqual((self.dir / "plain").read_bytes(), data)
        self.shell("openssl enc -chacha20 -pbkdf2 -pass pass:x -in data | openssl enc -d -chacha20 -pbkdf2 -pass pass:x |"
                   "cmp - data")

    def test_keys(self):
        self.write("data", programs.noise(5000))
        for options in [["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]]:
            self.openssl("genpkey", "-algorithm", *options, "-out", "key.pem")
            self.openssl("pkey", "-in", "key.pem", "-check", "-noout")
            self.openssl("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")
            self.openssl("dgst", "-sha256", "-sign", "key.pem", "-out", "signature", "data")
            verify = ["dgst", "-sha256", "-verify", "public.pem", "-signature", "signature"]
            self.assertEqual(self.openssl(*verify, "data"), "Verified OK\n")
            self.assertEqual(self.openssl(*verify, "key.pem", status=1), "Verification failure\n")

    def test_speed(self):
        options = ["-seconds", "1", "-bytes", "4096"]
        out = self.openssl("speed", *options, "sha256", "ecdsap256", errors=True)
        out += self.openssl("speed", *options, "-evp", "aes-128-gcm", errors=True)
        for name in ["sha256", "AES-128-GCM"]:
            rate = re.search(rf"^{name} +([0-9.]+)k$", out, re.M | re.I)
            self.assertTrue(rate and float(rate[1]) > 100, out)
        signs = re.search(r"256 bits ecdsa \(nistp256\) .* ([0-9.]+) +([0-9.]+)$", out, re.M)
        self.assertTrue(signs and float(signs[1]) > 1 and float(signs[2]) > 1, out)

    def connect(self, *options):
        """One page from a server, over TLS."""
        args = ["s_server", "-accept", "127.0.0.1:0", "-key", "key.pem", "-cert", "cert.pem", "-www"]
        server = subprocess.Popen(programs.command("openssl", *args), cwd=self.dir, env=self.env, text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            for line in server.stdout:
                place = re.match(r"ACCEPT (127\.0\.0\.1:\d+)", line)
                if place:
                    break
            else:
                self.fail("the server has not started")
            return self.openssl("s_client", "-connect", place[1], "-CAfile", "cert.pem", "-servername", "vitrine.test",
                                "-verify_return_error", "-ign_eof", *options, data="GET / HTTP/1.0\r\n\r\n")
        finally:
            server.terminate()
            server.communicate(timeout=60)

    def test_tls(self):
        self.make_certificate("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        page = self.connect()
        for text in ["Verification: OK", "TLSv1.3", "HTTP/1.0 200 ok", "TLS_AES_256_GCM_SHA384"]:
            self.assertIn(text, page)

    def test_tls_rsa(self):
        self.make_certificate("rsa:2048")
        page = self.connect("-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305")
        for text in ["Verification: OK", "TLSv1.2", "HTTP/1.0 200 ok", "ECDHE-RSA-CHACHA20-POLY1305"]:
            self.assertIn(text, page)


if __name__ == "__main__":
    programs.main()
