#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a manual page: a text in scdoc's format, in which the lists of options are what the program itself prints.

Lines of the text that are replaced:
  @usage@     how the program is called
  @options@   its options
  @commands@  its commands, each with its usage and its options
"""

import argparse
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ENTRY = re.compile(r"  (?:    (?=--))?(\S.*)")
CONTINUED = re.compile(r" {6,}(\S.*)")


def ask(program, *arguments):
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run([program, *arguments], capture_output=True, text=True, env=environment, check=False,
                          timeout=60)
    if done.returncode != 0 or not done.stdout:
        sys.exit(f"{program} {' '.join(arguments)}: status {done.returncode}\n{done.stderr}")
    return done.stdout


def escape(text):
    return re.sub(r"[\\*_#\[\]|<>~`+]", r"\\\g<0>", text)


def term(words):
    """The name of an option or command in bold, and what follows it."""
    names = re.match(r"(-{0,2}[\w-]+(?:, -{1,2}[\w-]+)*)(.*)", words)
    bold = ", ".join(f"*{escape(name)}*" for name in names[1].split(", "))
    return bold + escape(names[2])


def text_column(lines):
    """Where most texts begin: the longest names leave a single space before theirs."""
    gaps = (re.search(r".*(?<=\S)\s{2,}(?=\S)", line) for line in lines if ENTRY.fullmatch(line))
    starts = Counter(gap.end() for gap in gaps if gap)
    return starts.most_common(1)[0][0] if starts else 0


def split(line, column):
    """An entry's name, with what it takes, and its text."""
    if column and line[column - 1] == " " and line[column:column + 1].strip():
        words, text = line[:column].strip(), line[column:]
        # A variable stands in a column of its own.
        words, *variable = re.split(r"\s{2,}(?=[A-Z0-9_]+$)", words)
        return words, text + "".join(f" (variable: {name})" for name in variable)
    words, *text = re.split(r"\s{2,}", line.strip(), maxsplit=1)
    if not text and (match := re.fullmatch(r"((?:-\w, )?--\S+ \S+) (.+)", words)):
        return match[1], match[2]
    return words, "".join(text)


class Help:
    """What a program prints: how it is called, and entries with their texts, under titles."""

    def __init__(self, text):
        self.usage, self.entries = [], []
        lines, title = text.splitlines(), ""
        column = text_column(lines)
        for line in lines:
            entry, more = ENTRY.fullmatch(line), CONTINUED.fullmatch(line)
            if match := re.search(r"\bUsage:(?: (.+))?$", line):
                self.usage += [match[1]] if match[1] else []
            elif entry and not self.usage:
                self.usage.append(entry[1])
            elif entry:
                self.entries.append([title, *split(line, column)])
            elif more and self.entries and not self.entries[-1][2]:
                self.entries[-1][2] = more[1]
            elif line.endswith(":"):
                title = line[:-1]

    def options(self):
        return [entry for entry in self.entries if entry[1].startswith("-")]

    def commands(self):
        return [entry for entry in self.entries if not entry[1].startswith("-")]


def definitions(entries):
    """Two titles are GLib's, which tell nothing."""
    lines, title, titles = [], None, len({entry[0] for entry in entries})
    for entry_title, words, text in entries:
        if titles > 2 and entry_title != title:
            lines += [f"## {escape(entry_title)}", ""]
        title = entry_title
        # A hyphen at the start of a line would make a list.
        lines += [term(words), f"\t{re.sub('^-', r'\-', escape(text))}", ""]
    return lines


def commands(program, entries):
    lines = []
    for _, name, text in entries:
        told = Help(ask(program, name, "--help"))
        lines += [f"## {escape(name)}", "", *(f"*{escape(usage)}*" for usage in told.usage), "",
                  escape(text), "", *definitions([entry for entry in told.options() if "--help" not in entry[1]])]
    return lines


def text_of(source, program, flag):
    """The page in scdoc's format."""
    told = Help(ask(program, flag))
    lines = []
    for line in source.splitlines():
        match line:
            case "@usage@":
                lines += [f"*{escape(usage)}*" for usage in told.usage]
            case "@options@":
                lines += definitions(told.options())
            case "@commands@":
                lines += commands(program, told.commands())
            case _ if not line.startswith(";"):
                lines.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines).strip("\n") + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scdoc", required=True, help="the converter")
    parser.add_argument("source", type=Path)
    parser.add_argument("program")
    parser.add_argument("--flag", default="--help", help="what makes it print its options")
    given = parser.parse_args()
    text = text_of(given.source.read_text(), given.program, given.flag)
    done = subprocess.run([given.scdoc], input=text, stdout=subprocess.PIPE, text=True, check=False)
    sys.stdout.write(done.stdout)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
