#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs what docs/dbus.md shows, on the real engine, and compares what comes with what the page says.

Usage: test-docs.py BUILD DOCUMENT
"""

import re
import subprocess
import sys
from pathlib import Path

from engine import Engine

END = "----end----"


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def steps(text):
    """(command, expected output) of all console blocks."""
    for block in blocks(text, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def fits(expected, output):
    """An ellipsis stands for anything, any white space for any other."""
    pattern = ".*".join(re.escape(" ".join(part.split())) for part in expected.split("…"))
    return re.fullmatch(pattern, " ".join(output.split()))


def run_console(engine, text):
    shell = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=engine.environment)
    n = 0
    for command, expected in steps(text):
        shell.stdin.write(f"{command}\necho {END}\n")
        shell.stdin.flush()
        output = ""
        for line in shell.stdout:
            if line.strip() == END:
                break
            output += line
        assert fits(expected, output), f"$ {command}\n--- the page says\n{expected}\n--- it printed\n{output}"
        n += 1
    shell.stdin.close()
    shell.wait(20)
    return n


def run_python(engine, text):
    image = engine.home / "empty.iso"
    image.write_bytes(b"no image at all\n" * 100)
    for program in blocks(text, "python"):
        output = subprocess.run([sys.executable, "-c", program, str(image)], env=engine.environment, check=True, capture_output=True, text=True).stdout
        assert "unknown for no machine" in output, output


def main():
    text = Path(sys.argv[2]).read_text(encoding="utf-8")
    with Engine(sys.argv[1]) as engine:
        engine.start()
        n = run_console(engine, text)
        run_python(engine, text)
        print(f"{n} commands and {len(blocks(text, 'python'))} program do what the page says")
        assert n > 15


if __name__ == "__main__":
    main()
