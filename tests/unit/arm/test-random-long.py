#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs random A64 instructions on our processor and on QEMU's until there were so many.

usage: test-random-long.py RANDOM-CASES FP-CASES QEMU PEER MILLIONS [FIRST-SEED]

Compiled regions are compared; interpreted and cold code are in every tenth round. What the manual leaves open is not made:
see random-cases.c and fp-cases.c. Prints the instructions run by each processor.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

INTEGER = """adc* sbc* add add_imm add_ext adds* sub sub_imm sub_ext subs* and* orr* orn eor eor_imm eon bic* asrv lslv lsrv rorv bfm
sbfm ubfm extr ccm* csel csin? csneg cls clz rbit rev* m?dd msub mov? smaddl umaddl smsubl umsubl smulh umulh sdiv udiv crc32* rmif
setf* cfinv axflag xaflag""".split()
VECTOR = ["v_*", "s_*"]
NUMBERS = """f* ?cvtf* csel v_f* s_f* v_?cvtf* s_?cvtf* v_?recpe v_?rsqrte""".split()
CONDITIONS = "csel csin? csneg ccm* fcsel fc*cmp* fcmp* subs adds ands bics".split()
CRYPTO = "aes* sha* sm?* eor3 bcax xar rax1 crc32*".split()
CASE_INSNS = 4.5  # in the mean: every other case has one instruction, the others eight


def run(command, source, out):
    with source.open("rb") as stdin, out.open("wb") as stdout:
        subprocess.run(command, stdin=stdin, stdout=stdout, check=True)


def main():
    tool, fp_tool, qemu, peer, millions, *first = sys.argv[1:]
    seed, done, failed = int(first[0]) if first else 1, 0, False
    groups = [(tool, INTEGER, 400), (tool, VECTOR, 100), (fp_tool, NUMBERS, 300), (tool, CONDITIONS, 600), (tool, CRYPTO, 100)]
    with tempfile.TemporaryDirectory() as folder:
        cases, theirs, ours = (Path(folder) / name for name in ("cases", "theirs", "ours"))
        while done < float(millions) * 1e6:
            for maker, patterns, count in groups:
                with cases.open("wb") as out:
                    subprocess.run([maker, "make", str(seed), str(count), *patterns], stdout=out, check=True)
                run([qemu, "-cpu", "max", peer], cases, theirs)
                for options in [["hot"]] if seed % 10 else [["hot"], [], ["interpret"]]:
                    run([tool, "run", "max", *options], cases, ours)
                    result = subprocess.run([tool, "compare", cases, ours, theirs], stdout=subprocess.PIPE, text=True, check=False)
                    if result.returncode:
                        failed = True
                        print(f"# seed {seed}, {' '.join(patterns)}, {options}")
                        print(result.stdout, end="", flush=True)
                done += cases.stat().st_size // case_size(tool) * CASE_INSNS
            seed += 1
    print(f"1..1\n{'not ok' if failed else 'ok'} 1 - {done / 1e6:.1f} million instructions, seeds below {seed}")


def case_size(tool, known=[]):
    if not known:
        known.append(len(subprocess.run([tool, "make", "1", "1", "csel"], stdout=subprocess.PIPE, check=True).stdout))
    return known[0]


if __name__ == "__main__":
    main()
