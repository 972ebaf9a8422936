#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a manual page tells of all options of its program and of no others, whoever wrote the sentence."""

import argparse
import re
import sys
from pathlib import Path

import page

# An option as it is written: "-cpu", "--iso", but not the "-" in "wait-for-text".
OPTION = re.compile(r"(?<![\w-])(--?[a-zA-Z0-9][\w-]*)")


def told_options(program, flag, commands):
    """What the program's own lists begin their lines with."""
    names = set()
    texts = [page.ask(program, flag)]
    if commands:
        texts += [page.ask(program, name, "--help") for _, name, _ in page.Help(texts[0]).commands()]
    for text in texts:
        for line in text.splitlines():
            if match := re.match(r" {2,6}(-{1,2}[\w-]+(?:, --[\w-]+)*)", line):
                names.update(match[1].split(", "))
    return names


def bold_options(source):
    """Options of its own that a page's sentences name; those in examples too, but for other programs'."""
    return {option for bold in re.findall(r"(?<!\\)\*(-[^*]+)\*", source) for option in OPTION.findall(bold)}


def shown_options(text):
    return {option.replace("\\", "") for line in text.splitlines() if line.startswith("*-")
            for option in OPTION.findall(line.replace("\\", ""))}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("program")
    parser.add_argument("--flag", default="--help")
    given = parser.parse_args()
    source = given.source.read_text()
    text = page.text_of(source, given.program, given.flag)
    told = told_options(given.program, given.flag, "@commands@" in source)
    problems = [f"{option} is missing in the page" for option in sorted(told - shown_options(text) - {"-h", "--help"})]
    # vitrinectl has it for all of its commands, and no list of its own.
    told |= {"--json"} if "--json" in page.ask(given.program, given.flag) else set()
    problems += [f"{option} is named and does not exist" for option in sorted(bold_options(source) - told)]
    problems += [f"there is no {heading}" for heading in ("# NAME", "# SYNOPSIS", "# SEE ALSO") if heading not in text]
    if not told:
        problems.append("the program tells of no options at all")
    for problem in problems:
        print(f"{given.source.name}: {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
