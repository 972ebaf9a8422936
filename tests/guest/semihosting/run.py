# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a machine whose program asks the host, in a directory of its own with the file hello.txt.

Texts are those of standard input (given once "waiting" was printed), output and error; --end ends the machine then."""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time


def text(argument):
    return argument.encode().decode("unicode_escape").encode()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--status", type=int, default=42)
    parser.add_argument("--input", type=text)
    parser.add_argument("--output", type=text)
    parser.add_argument("--error", type=text)
    parser.add_argument("--has", type=text)
    parser.add_argument("--kept")
    parser.add_argument("--absent")
    parser.add_argument("--late", action="store_true")
    parser.add_argument("--end", action="store_true")
    parser.add_argument("--seconds", type=float, default=50)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    options.command = [os.path.abspath(word) if os.path.exists(word) else word for word in options.command]
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        with open("hello.txt", "w", encoding="utf-8") as file:
            file.write("Hello\nworld\n")
        check(options, *run(options))


def collect(stream, into, waiting):
    while chunk := os.read(stream.fileno(), 65536):
        into.append(chunk)
        if b"waiting\n" in b"".join(into):
            waiting.set()
    waiting.set()


def run(options):
    speaks = options.input is not None or options.end
    machine = subprocess.Popen(options.command, stdin=subprocess.PIPE if speaks else subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    timer = threading.Timer(options.seconds, machine.kill)
    timer.start()
    waiting, out, err = threading.Event(), [], []
    if options.late:
        time.sleep(1)
    readers = [threading.Thread(target=collect, args=[stream, into, waiting])
               for stream, into in ((machine.stdout, out), (machine.stderr, err))]
    for reader in readers:
        reader.start()
    if speaks:
        waiting.wait()
        time.sleep(0.2)
    if options.input:
        middle = len(options.input) // 2
        for part in (options.input[:middle], options.input[middle:]):
            machine.stdin.write(part)
            machine.stdin.flush()
            time.sleep(0.1)
    if options.end:
        before = os.times()
        machine.send_signal(signal.SIGTERM)
        machine.wait(10)
        print("ended after", round(os.times().elapsed - before.elapsed, 2), "s")
    status = machine.wait()
    timer.cancel()
    for reader in readers:
        reader.join()
    return status, b"".join(out), b"".join(err)


def check(options, status, out, err):
    failures = []
    for what, wanted, found in (("output", options.output, out), ("error", options.error, err)):
        if wanted is not None and wanted != found:
            failures.append(f"standard {what} should be {wanted!r}")
    if options.has is not None and options.has not in out + err:
        failures.append(f"{options.has!r} was not said")
    if options.late and len(out) != 300000:
        failures.append(f"{len(out)} bytes came")
    if status != options.status:
        failures.append(f"the status should be {options.status}")
    if options.kept and not os.path.exists("kept.txt"):
        failures.append("kept.txt is not there")
    elif options.kept:
        with open("kept.txt", encoding="utf-8") as file:
            if file.read() != options.kept:
                failures.append("kept.txt is something else")
    if options.absent and os.path.exists(options.absent):
        failures.append(f"{options.absent} is there")
    if failures:
        uart = "uart.txt"
        if os.path.exists(uart):
            with open(uart, encoding="utf-8", errors="replace") as file:
                print("serial port:", file.read())
        print(f"status {status}\nstandard output: {out[-2000:]!r}\nstandard error: {err[-2000:]!r}")
        sys.exit("\n".join(failures))


main()
