#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""gcc, its assembler and linker, make, and git: programs that start many others."""

import hashlib

import programs

PROGRAM = r"""
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined __riscv
#define BITS __riscv_xlen
#elif defined __ARM_64BIT_STATE
#define BITS (64 * __ARM_64BIT_STATE)
#endif

static void *twice (void *data) { *(long *) data *= 2; return NULL; }
static int compare (const void *a, const void *b) { return strcmp (*(char **) a, *(char **) b); }

int
main (int argc, char **argv)
{
  long value = 21;
  pthread_t thread;
  pthread_create (&thread, NULL, twice, &value);
  pthread_join (thread, NULL);
  qsort (argv + 1, argc - 1, sizeof *argv, compare);
  printf ("%s %ld %.12f %s %d\n", argv[1], value, cos (1.0), sizeof (void *) == 8 ? "lp64" : "other", BITS);
#ifdef PLUGIN
  int (*plugin) (int) = (int (*) (int)) dlsym (dlopen ("./plugin.so", RTLD_NOW), "plugin");
  printf ("plugin %d\n", plugin (6));
#endif
  return 7;
}
"""

MAKEFILE = """
.RECIPEPREFIX = >
NUMBERS := $(shell seq 1 12)
OBJECTS := $(NUMBERS:%=part%.o)
check: program
> ./program > output
program: main.o $(OBJECTS)
> gcc -o $@ $^
part%.c:
> @echo "int part$* (void) { return $* * $*; }" > $@
main.c: Makefile
> { for i in $(NUMBERS); do echo "int part$$i (void);"; done; \\
>   echo '#include <stdio.h>'; echo 'int main (void) { printf ("%d", 0'; \\
>   for i in $(NUMBERS); do echo "+ part$$i ()"; done; echo '); }'; } > $@
.PRECIOUS: part%.c
"""


class Gcc(programs.ProgramTest):
    FIRST = "alpha 42 0.540302305868 lp64 64\n"

    def test_program(self):
        self.write("program.c", PROGRAM)
        self.write("plugin.c", "int plugin (int x) { return x * 7; }\n")
        self.run_guest("gcc", "-O2", "-shared", "-fPIC", "plugin.c", "-o", "plugin.so")
        self.run_guest("gcc", "-O2", "-Wall", "-DPLUGIN", "-pthread", "program.c", "-o", "program", "-lm")
        self.assertEqual(self.run_guest("./program", "beta", "alpha", status=7), self.FIRST + "plugin 42\n")
        self.run_guest("gcc", "-O0", "-g", "-static", "-pthread", "program.c", "-o", "static", "-lm")
        self.assertEqual(self.run_guest("./static", "beta", "alpha", status=7), self.FIRST)
        self.assertIn("main", self.shell("nm static | grep ' T '; objdump -d --no-show-raw-insn program | grep -c ret"))

    def test_error(self):
        self.write("wrong.c", "int main (void) { return undeclared; }\n")
        self.assertIn("wrong.c:1:26: error: 'undeclared' undeclared",
                      self.run_guest("gcc", "wrong.c", status=1, errors=True).replace("‘", "'").replace("’", "'"))
        self.write("unlinked.c", "int missing (void); int main (void) { return missing (); }\n")
        self.assertIn("undefined reference to `missing'",
                      self.run_guest("gcc", "unlinked.c", status=1, errors=True))

    def test_same_code(self):
        self.write("program.c", PROGRAM)
        out = self.shell("for i in 1 2 3; do gcc -O3 -S program.c -o - | sha256sum; done | sort -u | wc -l;"
                         "gcc -O2 -c program.c -o one.o; gcc -O2 -save-temps -c program.c -o two.o; cmp one.o two.o && echo same")
        self.assertEqual(out, "1\nsame\n")


class Make(programs.ProgramTest):
    def test_parallel(self):
        self.write("Makefile", MAKEFILE)
        out = self.run_guest("make", "-j4")
        self.assertEqual(out.count("cc    -c -o part"), 12)
        self.assertEqual((self.dir / "output").read_text(), f"{sum(i * i for i in range(1, 13))}")
        self.assertEqual(self.run_guest("make", "-j4", "program"), "make: 'program' is up to date.\n")
        self.shell("touch part3.c -d 'now + 1 minute'")
        self.assertEqual(self.run_guest("make", "-n", "program").count("\n"), 2)

    def test_failure(self):
        self.write("Makefile", "all: a b\na:\n\tkill -SEGV $$$$\nb:\n\texit 3\n")
        out = self.run_guest("make", "-k", status=2, errors=True)
        self.assertIn("Makefile:3: a] Segmentation fault", out)
        self.assertIn("Makefile:5: b] Error 3", out)


class Git(programs.ProgramTest):
    def setUp(self):
        super().setUp()
        self.env |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_DATE": "1000000000 +0000", "GIT_AUTHOR_NAME": "A",
                     "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_DATE": "1000000000 +0000",
                     "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org"}

    @staticmethod
    def object_id(kind, data):
        return hashlib.sha1(f"{kind} {len(data)}\0".encode() + data).hexdigest()

    def test_commits(self):
        content = programs.noise(70000)
        self.write("work/file", content)
        self.shell("git init -q -b main work; cd work; git add file; git commit -q -m first")
        blob = self.object_id("blob", content)
        tree = self.object_id("tree", b"100644 file\0" + bytes.fromhex(blob))
        who = "A <a@example.org> 1000000000 +0000"
        commit = self.object_id("commit", f"tree {tree}\nauthor {who}\ncommitter {who}\n\nfirst\n".encode())
        self.assertEqual(self.shell("cd work; git rev-parse HEAD HEAD^{tree} HEAD:file"), f"{commit}\n{tree}\n{blob}\n")
        self.shell("cd work; seq 300 > lines; git add .; git commit -qm second; git checkout -qb side HEAD~;"
                   "echo side > other; git add .; git commit -qm side; git checkout -q main; git merge -q -m merge side")
        self.assertEqual(self.shell("cd work; git log --first-parent --format=%s; git diff --shortstat HEAD~1 HEAD; git status --short"),
                         "merge\nsecond\nfirst\n 1 file changed, 1 insertion(+)\n")
        self.shell("git clone -q work plain; git clone -q file://$PWD/work packed; git -C packed gc -q; "
                   "git -C packed fsck --strict --no-progress; diff -r -x .git work packed; diff -r -x .git plain packed")

    def test_many_files(self):
        self.write("work/seed", "x")
        self.shell("cd work; for ((i = 0; i < 200; i++)); do seq $i $((i * 3)) > file$i; done; git init -q; git add -A;"
                   "git commit -qm all; git repack -adq --window=20; git gc -q --prune=now; git fsck --full --no-progress")
        self.assertEqual(self.shell("cd work; git ls-files | wc -l; git count-objects -v | grep -E '^(count|in-pack|packs)';"
                                    "git grep -c '^7$' | sed -n 1,2p; git archive HEAD | tar -tf - | wc -l"),
                         "201\ncount: 0\nin-pack: 203\npacks: 1\nfile3:1\nfile4:1\n201\n")


if __name__ == "__main__":
    programs.main()
