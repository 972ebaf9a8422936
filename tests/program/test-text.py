#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""bash, coreutils, findutils, grep, sed and gawk."""

import hashlib
import math
import re

import programs


class Bash(programs.ProgramTest):
    def test_language(self):
        script = """
            declare -A count
            for w in a b a c a b; do count[$w]=$((${count[$w]:-0} + 1)); done
            for w in a b c; do printf '%s=%d ' "$w" "${count[$w]}"; done
            f () { local n=$1; ((n < 2)) && echo "$n" || echo $(($(f $((n - 1))) + $(f $((n - 2))))); }
            f 9
            x=hello.tar.gz; echo "${x%%.*} ${x##*.} ${x^^} ${x/l/L} ${#x}"
            [[ $x =~ ^h(.*)\\.tar ]] && echo "${BASH_REMATCH[1]}"
            printf '%05.2f %x %q\\n' 3.14159 255 "a b"
        """
        self.assertEqual(self.shell(script), "a=3 b=2 c=1 34\nhello gz HELLO.TAR.GZ heLlo.tar.gz 12\nello\n"
                                             "03.14 ff a\\ b\n")

    def test_processes(self):
        script = """
            echo one | { read x; echo "$x two"; } | cat | tr a-z A-Z
            (exit 7) || echo "status $?"
            sleep 0.05 & wait $! && echo waited
            diff <(seq 3) <(seq 3) && echo same
            cat <<< "here $(basename /a/b/c.txt .txt)"
            coproc cat; echo through >&"${COPROC[1]}"; read -r line <&"${COPROC[0]}"; echo "$line"
        """
        self.assertEqual(self.shell(script), "ONE TWO\nstatus 7\nwaited\nsame\nhere c\nthrough\n")

    def test_signals(self):
        script = """
            trap 'echo caught' USR1; kill -USR1 $$
            trap 'echo bye' EXIT
            (kill -TERM $BASHPID) || echo "status $?"
            (ulimit -c 0; kill -SEGV $BASHPID) 2> /dev/null || echo "status $?"
            timeout 0.2 sleep 10 || echo "status $?"
        """
        self.assertEqual(self.shell(script), "caught\nstatus 143\nstatus 139\nstatus 124\nbye\n")

    def test_exit_status(self):
        self.run_guest("bash", "-c", "exit 42", status=42)
        self.run_guest("bash", "-c", "kill -9 $$", status=-9)
        self.run_guest("bash", "-c", "/no/such/program", status=127)

    def test_script_file(self):
        script = self.write("script", "#!/usr/bin/env -S bash -u\necho \"$0|$1|$#\"\n")
        script.chmod(0o755)
        self.assertEqual(self.shell(f"{script} 'a b' c"), f"{script}|a b|2\n")
        self.assertEqual(self.shell("./script x"), "./script|x|1\n")


class Coreutils(programs.ProgramTest):
    def test_checksums(self):
        data = programs.noise(300000)
        self.write("data", data)
        for name in ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]:
            self.assertEqual(self.run_guest(name + "sum", "data"), hashlib.new(name, data).hexdigest() + "  data\n")
        self.assertEqual(self.run_guest("b2sum", "data"), hashlib.blake2b(data).hexdigest() + "  data\n")
        self.assertEqual(self.run_guest("sha256sum", data=b"abc"),
                         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  -\n")
        self.shell("sha256sum data > sums; sha256sum --check --status sums")
        self.assertEqual(self.run_guest("cksum", data=b"123456789"), "930766865 9\n")

    def test_sort(self):
        numbers = [(i * 7919 + 13) % 20011 for i in range(20000)]
        self.write("numbers", "".join(f"{n}\n" for n in numbers))
        self.assertEqual(self.run_guest("sort", "-n", "--parallel=3", "-S", "64K", "numbers"),
                         "".join(f"{n}\n" for n in sorted(numbers)))
        self.assertEqual(self.run_guest("sort", "-r", "numbers"),
                         "".join(f"{n}\n" for n in sorted(map(str, numbers), reverse=True)))
        self.assertEqual(self.run_guest("sort", "-t:", "-k2,2g", data="a:1e3\nb:-2.5\nc:0x10\n"), "b:-2.5\nc:0x10\na:1e3\n")
        self.assertEqual(self.run_guest("sort", "-V", data="f-1.10\nf-1.9\nf-1.9.1\n"), "f-1.9\nf-1.9.1\nf-1.10\n")

    def test_listing(self):
        for name in ["b", "a", "dir/c"]:
            self.write(name, name * 10)
        (self.dir / "a").chmod(0o640)
        (self.dir / "link").symlink_to("a")
        self.assertEqual(self.run_guest("ls", "-1F"), "a\nb\ndir/\nlink@\n")
        line = r"-rw-r----- 1 \d+ \d+ 10 2001-02-03 04:05 a\nlrwxrwxrwx 1 \d+ \d+ +1 .* link -> a\n"
        self.env["TZ"] = "UTC"
        self.shell("touch -d '2001-02-03 04:05:06' a")
        self.assertTrue(re.fullmatch(line, self.shell("ls -ln --time-style=long-iso a link")))
        self.assertEqual(self.shell("stat -c '%n %s %a %Y %F' a dir"),
                         f"a 10 640 981173106 regular file\ndir {(self.dir / 'dir').stat().st_size} 755 "
                         f"{int((self.dir / 'dir').stat().st_mtime)} directory\n")
        self.assertEqual(self.shell("cp -a . ../copy-$$ && rm -r ../copy-$$; du -b --apparent-size a; wc -c < b"),
                         "10\ta\n10\n")

    def test_numbers(self):
        self.assertEqual(self.run_guest("factor", 2**61 - 1, 2**64 + 1, 600851475143),
                         "2305843009213693951: 2305843009213693951\n18446744073709551617: 274177 67280421310721\n"
                         "600851475143: 71 839 1471 6857\n")
        self.assertEqual(self.run_guest("seq", "-f", "%.3g", "1", "0.5", "3"), "1\n1.5\n2\n2.5\n3\n")
        self.assertEqual(self.run_guest("numfmt", "--to=iec", "1048576", "1500"), "1.0M\n1.5K\n")
        self.assertEqual(self.run_guest("printf", "%.30g %a", "0.1", "1"), "0.1 0x1p+0")

    def test_pipeline(self):
        text = "".join(f"{math.isqrt(i * 31)} {chr(97 + i % 26) * (i % 5)}\n" for i in range(3000))
        self.write("text", text)
        words = {}
        for line in text.splitlines():
            words[line.split(" ")[1]] = words.get(line.split(" ")[1], 0) + 1
        wanted = sorted(words.items(), key=lambda item: (-item[1], item[0]))[:5]
        out = self.shell("cut -d' ' -f2 text | sort | uniq -c | sort -k1,1nr -k2 | head -5 || true")
        self.assertEqual([tuple(line.split(" ")) for line in re.sub("^ +", "", out, flags=re.M).splitlines()],
                         [(str(n), word) for word, n in wanted])
        self.assertEqual(self.shell("paste -sd+ <(seq 100) | tr -d '\\n' | wc -c; tac text | rev | rev | tac | cmp - text;"
                                    "split -n l/3 text part; cat part* | cmp - text; base64 text | base64 -d | cmp - text"),
                         f"{len('+'.join(map(str, range(1, 101))))}\n")


class Find(programs.ProgramTest):
    def test_find(self):
        for i in range(60):
            self.write(f"d{i % 6}/e{i % 3}/file{i}.{'txt' if i % 2 else 'c'}", "x" * i * 100)
        self.assertEqual(self.shell("find . -name '*.c' | wc -l; find . -type d | wc -l; find d1 -size +8 -printf '%f\\n' | sort"),
                         "30\n13\n" + "".join(sorted(f"file{i}.txt\n" for i in range(1, 60, 6) if i * 100 > 8 * 512)))
        self.assertEqual(self.shell("find . -type f -print0 | xargs -0 -P3 -n7 wc -c | awk '$2 != \"total\" {s += $1} END {print s}'"),
                         f"{sum(i * 100 for i in range(60))}\n")
        self.assertEqual(self.shell("find . -name 'file1*' -exec basename {} \\; | sort | tr '\\n' ' '; find . -empty -delete;"
                                    "find . -name file0.c"),
                         " ".join(sorted(f"file{i}.{'txt' if i % 2 else 'c'}" for i in [1, *range(10, 20)])) + " ")


class Filters(programs.ProgramTest):
    def setUp(self):
        super().setUp()
        self.lines = [f"{i} {'odd' if i % 2 else 'even'} value={i * i % 1009} end" for i in range(5000)]
        self.write("lines", "\n".join(self.lines) + "\n")

    def test_grep(self):
        for option, pattern in [("-E", r"^[0-9]*7 odd.*=(1|99)[0-9]* "), ("-P", r"(?<=e=)(\d)\d\1\b"), ("-E", r"([0-9])\1\1")]:
            wanted = [line for line in self.lines if re.search(pattern, line)]
            self.assertGreater(len(wanted), 10)
            self.assertEqual(self.run_guest("grep", option, pattern, "lines").splitlines(), wanted)
        self.assertEqual(self.run_guest("grep", "-c", "-v", "odd", "lines"), "2500\n")
        self.assertEqual(self.run_guest("grep", "-o", "-i", "-m1", "-n", "VALUE=9", "lines"), "4:value=9\n")
        self.run_guest("grep", "-q", "absent", "lines", status=1)

    def test_sed(self):
        wanted = [re.sub(r"(\d+) (\w+) value=(\d+)", r"\3:\2:\1", line) for line in self.lines[9:200]]
        self.assertEqual(self.run_guest("sed", "-nE", r"10,200s/([0-9]+) (\w+) value=([0-9]+)/\3:\2:\1/p", "lines").splitlines(),
                         wanted)
        self.assertEqual(self.run_guest("sed", "-n", "$=", "lines"), "5000\n")
        self.assertEqual(self.run_guest("sed", ":a;N;$!ba;s/\\n/,/g;y/abc/ABC/", data="a\nb\nc\n"), "A,B,C\n")
        self.shell("sed -i 's/odd/ODD/' lines")
        self.assertEqual((self.dir / "lines").read_text().count("ODD"), 2500)

    def test_gawk(self):
        program = r"""
            { split($3, part, "="); sum[$2] += part[2]; if (part[2] > top) { top = part[2]; at = $1 } }
            END { n = asorti(sum, key); for (i = 1; i <= n; i++) printf "%s %d\n", key[i], sum[key[i]]
                  print top, at, substr("vitrine", 2, 3), index("abc", "c"), toupper("x"), gensub(/(.)b/, "<\\1>", "g", "abcb")
                  printf "%.15g %.15g %.15g %.15g %s\n", sin(1), exp(1), log(10), atan2(0, -1), 2 ^ 53
                  print strftime("%Y-%m-%d", 86400 * 365, 1), and(12, 10), strtonum("0x1f"), length(sum) }
        """
        values = [(i, i * i % 1009) for i in range(5000)]
        top = max(v for _, v in values)
        wanted = [f"even {sum(v for i, v in values if i % 2 == 0)}", f"odd {sum(v for i, v in values if i % 2)}",
                  f"{top} {next(i for i, v in values if v == top)} itr 3 X <a><c>",
                  f"{math.sin(1):.15g} {math.e:.15g} {math.log(10):.15g} {math.pi:.15g} 9007199254740992",
                  "1971-01-01 8 31 2"]
        self.assertEqual(self.run_guest("gawk", program, "lines").splitlines(), wanted)
        self.assertEqual(self.run_guest("gawk", 'BEGIN { "echo from shell" | getline x; print x; system("exit 3"); exit 5 }',
                                        status=5), "from shell\n")


if __name__ == "__main__":
    programs.main()
