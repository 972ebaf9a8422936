# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what README.md and HACKING.md name is there: commands of ./dev, programs, files, suites of tests.

Usage: check-docs.py SOURCE BUILD VITRINECTL
"""

import json
import re
import subprocess
import sys
from pathlib import Path

PAGES = ("README.md", "HACKING.md")


def code_of(text):
    """The code of a page: lines that are set in, and what stands between backquotes."""
    blocks = re.findall(r"^ {4}(.*)", text, re.M)
    return blocks + re.findall(r"`([^`\n]+)`", re.sub(r"^ {4}.*", "", text, flags=re.M))


def installed(build):
    """Names of programs and links to them."""
    info = json.loads((build / "meson-info/intro-install_plan.json").read_text())
    paths = [entry["destination"] for kind in ("targets", "install_symlinks") for entry in info.get(kind, {}).values()]
    names = {Path(path).name for path in paths}
    for targets in json.loads((build / "meson-info/intro-targets.json").read_text()):
        if targets["type"] in ("executable", "custom"):
            names |= {Path(name).name for name in targets["filename"]}
    return names


def commands(text):
    """What a help text lists."""
    return set(re.findall(r"^  ([a-z][a-z-]*)\b", text, re.M))


def check(page, pieces, source, programs, known):
    for piece in pieces:
        for command in re.findall(r"\./dev ([a-z]+)", piece):
            if command not in known["dev"]:
                yield f"{page}: ./dev has no command {command}"
        for suite in re.findall(r"--suite ([a-z-]+)", piece):
            if suite not in known["suites"]:
                yield f"{page}: there is no suite {suite}"
        for name in re.findall(r"(?<![\w./-])vitrine(?:ctl|(?:-[a-z0-9]+)+)?(?![\w.-]|/)", piece):
            if name not in programs:
                yield f"{page}: there is no program {name}"
        for command in re.findall(r"\bvitrinectl ([a-z-]+)", piece):
            if command not in known["vitrinectl"]:
                yield f"{page}: vitrinectl has no command {command}"
        for path in re.findall(r"(?<![\w./$~<-])((?:app|data|docs|engine|po|tests|tools)/[\w./-]*\w)(?![\w*<-])",
                               piece):
            if not (source / path).exists() and "NAME" not in path:
                yield f"{page}: there is no {path}"


def main():
    source, build, vitrinectl = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    usage = re.search(r"<<END\n(.*?)\nEND", (source / "dev").read_text(), re.S)[1]
    tests = json.loads((build / "meson-info/intro-tests.json").read_text())
    known = {
        "dev": commands(usage),
        "suites": {suite.split(":")[-1] for test in tests for suite in test["suite"]},
        "vitrinectl": commands(subprocess.check_output([vitrinectl, "--help"], text=True)),
    }
    programs = installed(build)
    assert known["dev"] and known["vitrinectl"] and "vitrine" in programs, "what there is could not be found out"
    problems, pieces = [], 0
    for page in PAGES:
        code = code_of((source / page).read_text())
        pieces += len(code)
        problems += check(page, code, source, programs, known)
    for problem in dict.fromkeys(problems):
        print(problem)
    sys.exit(1 if problems or not pieces else 0)


if __name__ == "__main__":
    main()
