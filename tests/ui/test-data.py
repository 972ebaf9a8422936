#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The app's strings: po/ is up to date with the sources, translations are whole, and blueprints leave nothing out.

Usage: test-data.py SOURCE-ROOT
"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(sys.argv.pop(1)).resolve()
# Properties whose values people read.
TEXTS = r"(label|title|subtitle|description|tooltip-text|placeholder-text|heading|body|button-label|text)"


def languages():
    return [word for line in (ROOT / "po/LINGUAS").read_text().splitlines() if not line.startswith("#") for word in line.split()]


class Strings(unittest.TestCase):
    def test_template_is_up_to_date(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([ROOT / "po/update", folder], check=True)
            for name in ("POTFILES", "vitrine.pot"):
                self.assertEqual(Path(folder, name).read_text(), (ROOT / "po" / name).read_text(), f"run po/update: {name} is old")

    def test_translations_are_whole(self):
        self.assertGreaterEqual(len(languages()), 2)
        for language in languages():
            place = ROOT / f"po/{language}.po"
            check = subprocess.run(["msgfmt", "--check", "--statistics", "-o", "/dev/null", place], capture_output=True, text=True)
            self.assertEqual(check.returncode, 0, check.stderr)
            merged = subprocess.run(["msgmerge", "--no-fuzzy-matching", "-o", "-", place, ROOT / "po/vitrine.pot"],
                                    capture_output=True, text=True, check=True).stdout
            missing = subprocess.run(["msgattrib", "--untranslated", "--no-wrap"], input=merged, capture_output=True, text=True,
                                     check=True).stdout
            self.assertEqual(missing, "", f"not translated in {language}")

    def test_blueprints_are_translatable(self):
        for place in sorted((ROOT / "app").rglob("*.blp")):
            for number, line in enumerate(place.read_text().splitlines(), 1):
                found = re.match(rf"\s*{TEXTS}: *[\"']([^\"']*)[\"']", line)
                self.assertFalse(found and re.search("[a-z]", found[2], re.IGNORECASE),
                                 f"{place.relative_to(ROOT)}:{number}: not translatable: {line.strip()}")


if __name__ == "__main__":
    unittest.main()
