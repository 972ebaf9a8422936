#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""perl, sqlite3 and lua."""

import hashlib
import sqlite3

import programs


class Perl(programs.ProgramTest):
    def test_language(self):
        script = r"""
            use strict; use warnings; use List::Util qw(sum reduce); use Digest::SHA qw(sha256_hex); use POSIX qw(floor);
            my %h = map { $_ => $_ ** 2 } 1 .. 20;
            print join(",", sort { $h{$b} <=> $h{$a} } grep { $_ % 3 == 0 } keys %h), "\n";
            my $text = "The quick brown fox"; (my $x = $text) =~ s/(\w+)/length($1) . $1/ge;
            print "$x ", scalar reverse("abc"), " ", sprintf("%.3e %b", 12345.678, 10), "\n";
            print sha256_hex("vitrine"), " ", sum(1 .. 100), " ", floor(-2.5), " ", unpack("H*", pack("d>", 1.5)), "\n";
            print join("|", "a1b22c333" =~ /(\d+)/g), " ", ucfirst(lc "HELLO"), "\n";
            local $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; select undef, undef, undef, 5; }; print $@;
            pipe my $r, my $w; if (!fork) { close $r; print $w "child $$\n"; exit 3 } close $w;
            my $line = <$r>; wait; print $line =~ /^child \d+$/ ? "pipe " : "?", $? >> 8, " ", `echo sub`;
        """
        wanted = ("18,15,12,9,6,3\n3The 5quick 5brown 3fox cba 1.235e+04 1010\n"
                  f"{hashlib.sha256(b'vitrine').hexdigest()} 5050 -3 3ff8000000000000\n1|22|333 Hello\nalarm\npipe 3 sub\n")
        self.assertEqual(self.run_guest("perl", "-e", script), wanted)

    def test_bigint(self):
        self.assertEqual(self.run_guest("perl", "-Mbigint", "-e", "print 2**200 % 1000000007, ' ', 7**50"),
                         f"{2**200 % 1000000007} {7**50}")


class Sqlite(programs.ProgramTest):
    QUERIES = """
        CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, v REAL);
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
          INSERT INTO t SELECT i, 'name' || (i * 7919 % 1000), i * 0.37 FROM n;
        CREATE INDEX byname ON t (name);
        SELECT count(*), sum(id), round(avg(v), 6), max(name) FROM t WHERE name LIKE 'name1%';
        SELECT name, count(*) AS c, group_concat(id) FROM t WHERE id < 3000 GROUP BY name ORDER BY c DESC, name LIMIT 3;
        SELECT a.id, b.id FROM t a JOIN t b ON a.name = b.name AND a.id < b.id ORDER BY a.v + b.v DESC LIMIT 2;
        SELECT id, sum(v) OVER (ORDER BY id ROWS 3 PRECEDING) FROM t LIMIT 2 OFFSET 100;
        SELECT json_extract('{"a":[1,2,{"b":"x"}]}', '$.a[2].b'), hex(zeroblob(3)), printf('%.4f', exp(1.0));
        UPDATE t SET v = v * 2 WHERE id % 2 = 0; DELETE FROM t WHERE id % 5 = 0;
        SELECT count(*), round(sum(v), 4) FROM t;
    """

    def test_queries(self):
        # The host's Python has a sqlite of its own.
        database = sqlite3.connect(":memory:")
        wanted = []
        for query in self.QUERIES.split(";"):
            wanted += ["|".join(map(str, row)) for row in database.execute(query)]
        self.assertEqual(len(wanted), 1 + 3 + 2 + 2 + 1 + 1)
        out = self.run_guest("sqlite3", "file.db", data=self.QUERIES)
        self.assertEqual(out.splitlines(), wanted)
        database = sqlite3.connect(self.dir / "file.db")
        self.assertEqual(list(database.execute("PRAGMA integrity_check")), [("ok",)])

    def test_concurrent_writers(self):
        self.run_guest("sqlite3", "wal.db", "PRAGMA journal_mode=WAL; CREATE TABLE c (n INTEGER)")
        add = 'for ((i = 0; i < 20; i++)); do sqlite3 -cmd ".timeout 20000" wal.db "INSERT INTO c VALUES ($i)"; done'
        self.shell(f"for p in 1 2 3; do ({add}) & done; wait")
        self.assertEqual(self.run_guest("sqlite3", "wal.db", "SELECT count(*), sum(n) FROM c"), f"60|{3 * 190}\n")


class Lua(programs.ProgramTest):
    def test_language(self):
        script = r"""
            local function sieve(n) local c, p = {}, {}
              for i = 2, n do if not c[i] then p[#p + 1] = i; for j = i * i, n, i do c[j] = true end end end return p end
            local p = sieve(10000); print(#p, p[#p], 7 // 2, -7 // 2, -7 % 3, 7 / 2, 1 << 40, math.maxinteger + 1 == math.mininteger)
            local co = coroutine.wrap(function(a) for i = 1, 3 do a = a + coroutine.yield(a * i) end return "done" end)
            print(co(1), co(10), co(100), co(1))
            print(("key=value; x=y"):gsub("(%w+)=(%w+)", "%2=%1"), string.format("%5.2f|%q|%x", math.pi, "a\nb", 255))
            local t = setmetatable({}, {__index = function(_, k) return k * 2 end, __call = function(_, x) return x + 1 end})
            print(t[21], t(41), select("#", table.unpack({1, 2, nil, 4}, 1, 4)), pcall(error, {code = 1}))
            local s = {} for i = 1, 1000 do s[i] = (i * 7919) % 1009 end table.sort(s) local ok = true
            for i = 2, #s do ok = ok and s[i - 1] <= s[i] end print(ok, s[1], s[1000], utf8.len("äöü"), string.pack(">i4", 258):byte(1, -1))
        """
        lines = self.run_guest("lua5.4", "-e", script).splitlines()
        self.assertRegex(lines.pop(4), r"^42\t42\t4\tfalse\ttable: 0x[0-9a-f]+$")
        self.assertEqual("\n".join(lines), "1229\t9973\t3\t-4\t2\t3.5\t1099511627776\ttrue\n1\t22\t333\tdone\n"
                         "value=key; y=x\t 3.14|\"a\\\nb\"|ff\ntrue\t1\t1008\t3\t0\t0\t1\t2")


if __name__ == "__main__":
    programs.main()
