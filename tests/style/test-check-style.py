#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the style checker a tree with one breach of each rule, and one without any."""

import importlib.util
import tempfile
import unittest
from pathlib import Path

spec = importlib.util.spec_from_file_location("check_style", Path(__file__).with_name("check-style.py"))
style = importlib.util.module_from_spec(spec)
spec.loader.exec_module(style)

SPDX = "/* SPDX-License-Identifier: GPL-3.0-or-later */\n"


def function(name, lines):
    return f"static int\n{name} (int a)\n{{\n" + "  a++;\n" * lines + "}\n"


class CheckStyle(unittest.TestCase):
    def breaches(self, files):
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return [f"{path}:{number}: {breach}" for path, number, breach in style.check_tree(Path(root))]

    def assert_one(self, files, expected):
        found = self.breaches(files)
        self.assertEqual(len(found), 1, found)
        self.assertIn(expected, found[0])

    def test_clean(self):
        self.assertEqual(self.breaches({
            "engine/ir/ir.h": SPDX,
            "engine/cpu/cpu.c": SPDX + '#include "ir.h"\n' + function("cpu_run", 100) + "/* for RISC-V */\n",
            "engine/jit/emit-x86_64.c": SPDX + "/* x86-64's own rules */\n",
            "engine/jit/emit.c": SPDX + '#ifdef __x86_64__\n#include "emit-x86_64.h"\n#endif\n',
            "engine/ir/charm.c": SPDX + "/* no harm, no alarm */\n",
        }), [])

    def test_spdx(self):
        self.assert_one({"engine/ir/ir.c": "int a;\n"}, "engine/ir/ir.c:1: no SPDX")

    def test_script_without_suffix(self):
        self.assert_one({"tool": "#!/bin/sh\ntrue\n"}, "tool:1: no SPDX")

    def test_long_function(self):
        self.assert_one({"engine/ir/ir.c": SPDX + function("f", 5) + function("too_long", 101)}, "too_long has 101 lines")

    def test_allowed_long_function(self):
        self.assertEqual(self.breaches({
            "engine/ir/ir.c": SPDX + function("f", 101),
            "tests/style/long-functions.txt": "engine/ir/ir.c:f  # one switch over all ops\n",
        }), [])

    def test_long_file(self):
        self.assert_one({"engine/ir/ir.c": SPDX + "int a;\n" * 1200}, "1201 lines")

    def test_space(self):
        self.assert_one({"engine/ir/ir.c": SPDX + "int a; \n"}, "ir.c:2: space at the end")

    def test_tab(self):
        self.assert_one({"engine/ir/ir.c": SPDX + "\tint a;\n"}, "ir.c:2: tab")

    def test_higher_room(self):
        self.assert_one({"engine/cpu/cpu.h": SPDX, "engine/ir/ir.c": SPDX + '#include "cpu.h"\n'},
                        "engine/ir must not include cpu.h of engine/cpu")

    def test_guests(self):
        for word in ["RISC-V", "riscv", "rv64", "RV32I", "AArch64", "x86", "MIPS"]:
            self.assert_one({"engine/ir/ir.c": SPDX + f"/* as on {word} */\n"}, "a guest is named")
        self.assert_one({"engine/jit/emit-x86_64.c": SPDX + "/* a riscv register */\n"}, "a guest is named")


if __name__ == "__main__":
    unittest.main()
