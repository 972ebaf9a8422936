# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads instruction tables (*.decode) and checks them.  decodegen.py describes the language."""

import re


class TableError(Exception):
    """A mistake in a table, with its place."""

    def __init__(self, where, text):
        super().__init__(f"{where}: error: {text}")


class Field:
    """Where an operand's bits lie in an encoding: segments from the most significant one down."""

    def __init__(self, name, signed, segments, shift, add):
        self.name, self.signed, self.segments, self.shift, self.add = name, signed, segments, shift, add
        self.width = sum(hi - lo + 1 for hi, lo in segments)

    def mask(self):
        return sum(((1 << (hi - lo + 1)) - 1) << lo for hi, lo in self.segments)

    def place(self, value, where):
        """The encoding's bits that give this field `value`."""
        raw = (value - self.add) >> self.shift
        low = -(1 << (self.width - 1)) if self.signed else 0
        if not low <= raw < low + (1 << self.width) or (raw << self.shift) + self.add != value:
            raise TableError(where, f"{value} does not fit field {self.name}")
        raw &= (1 << self.width) - 1
        bits, left = 0, self.width
        for hi, lo in self.segments:
            left -= hi - lo + 1
            bits |= (raw >> left & ((1 << (hi - lo + 1)) - 1)) << lo
        return bits

    def value_range(self):
        low = -(1 << (self.width - 1)) if self.signed else 0
        high = low + (1 << self.width) - 1
        return (low << self.shift) + self.add, (high << self.shift) + self.add


class Format:
    """A named set of operands: argument name -> Field or constant, with values that are reserved."""

    def __init__(self, name, args, excluded):
        self.name, self.args, self.excluded = name, args, excluded


class Insn:
    """One encoding of one instruction."""

    def __init__(self, where, name, clauses, modes, bits, fmt, syntax):
        self.where, self.name, self.clauses, self.modes, self.fmt, self.syntax = where, name, clauses, modes, fmt, syntax
        self.size = len(bits)
        self.mask = int("".join("1" if c in "01" else "0" for c in bits), 2)
        self.value = int("".join("1" if c == "1" else "0" for c in bits), 2)
        self.free = int("".join("1" if c == "." else "0" for c in bits), 2)
        self.trans = name.replace(".", "_")
        self.refines = None
        self.excluded = []  # (mask, value) of reserved encodings inside the pattern
        self.id = None

    def may_meet(self, other):
        """True if some encoding in some mode matches both."""
        if self.size != other.size or not set(self.modes) & set(other.modes):
            return False
        if self.mask & other.mask & (self.value ^ other.value):
            return False
        mask, value = self.mask | other.mask, self.value | other.value
        return not any(m & ~mask == 0 and value & m == v for m, v in self.excluded + other.excluded)

    def inside(self, other):
        return other.mask & ~self.mask == 0 and self.value & other.mask == other.value


class Table:
    """All chapters of an ISA."""

    def __init__(self):
        self.modes, self.fields, self.formats, self.insns = [], {}, {}, []

    def read(self, path):
        for number, line in enumerate(open(path, encoding="utf-8"), 1):
            where, line = f"{path}:{number}", line.split("#", 1)[0].strip()
            if line:
                self.statement(where, line)

    def statement(self, where, line):
        word = line.split()[0]
        {"modes": self.add_modes, "field": self.add_field, "format": self.add_format}.get(word, self.add_insn)(where, line)

    def add_modes(self, where, line):
        self.modes += line.split()[1:]

    def add_field(self, where, line):
        words = line.split()
        if len(words) < 4 or words[2] not in "us":
            raise TableError(where, "expected: field NAME u|s HI:LO ... [<<N] [+N]")
        name, segments, shift, add, seen = words[1], [], 0, 0, 0
        if name in self.fields:
            raise TableError(where, f"field {name} is defined twice")
        for word in words[3:]:
            if match := re.fullmatch(r"(\d+)(?::(\d+))?", word):
                hi, lo = int(match[1]), int(match[2] or match[1])
                bits = ((1 << (hi - lo + 1)) - 1) << lo if hi >= lo else 0
                if not bits or seen & bits:
                    raise TableError(where, f"bad or repeated bits {word} in field {name}")
                seen |= bits
                segments.append((hi, lo))
            elif word.startswith("<<") and word[2:].isdigit():
                shift = int(word[2:])
            elif word.startswith("+") and word[1:].isdigit():
                add = int(word[1:])
            else:
                raise TableError(where, f"cannot read {word!r}")
        self.fields[name] = Field(name, words[2] == "s", segments, shift, add)

    def exclusions(self, where, args, words):
        """`where ARG!=N ...` as (mask, value) pairs."""
        result = []
        for word in words:
            match = re.fullmatch(r"(\w+)!=(-?\w+)", word)
            if not match:
                raise TableError(where, f"cannot read condition {word!r}")
            field = args.get(match[1])
            if not isinstance(field, Field):
                raise TableError(where, f"{match[1]} is not a field of this format")
            result.append((field.mask(), field.place(int(match[2], 0), where)))
        return result

    def add_format(self, where, line):
        body, _, conditions = line.partition(" where ")
        name, *words = body.split()[1:]
        if name in self.formats:
            raise TableError(where, f"format {name} is defined twice")
        args = {}
        for word in words:
            arg, _, source = word.partition("=")
            source = source or arg
            if arg in args:
                raise TableError(where, f"{arg} is given twice")
            if re.fullmatch(r"-?\d+", source):
                args[arg] = int(source)
                continue
            if source not in self.fields:
                raise TableError(where, f"unknown field {source}")
            args[arg] = self.fields[source]
        self.formats[name] = Format(name, args, self.exclusions(where, args, conditions.split()))

    def add_insn(self, where, line):
        match = re.fullmatch(r'(\S+)\s+(\S+)\s+((?:[a-z]\w*\s+)*)([01.\s-]+?)\s*@(\w+)\s+"([^"]*)"(.*)', line)
        if not match:
            raise TableError(where, 'expected: NAME EXTENSIONS [MODE] BITS @FORMAT "OPERANDS" [-> NAME] [refines NAME] [where ...]')
        name, ext, modes, bits, fmt, syntax, rest = match.groups()
        bits = "".join(bits.split())
        if len(bits) not in (16, 32):
            raise TableError(where, f"{name} has {len(bits)} bits, not 16 or 32")
        for mode in modes.split():
            if mode not in self.modes:
                raise TableError(where, f"unknown mode {mode}")
        if fmt not in self.formats:
            raise TableError(where, f"unknown format {fmt}")
        clauses = [clause.split("|") for clause in ext.split("+")]
        insn = Insn(where, name, clauses, modes.split() or list(self.modes), bits, self.formats[fmt], syntax)
        rest, _, conditions = (" " + rest).partition(" where ")
        words = rest.split()
        while words:
            if len(words) < 2 or words[0] not in ("->", "refines"):
                raise TableError(where, f"cannot read {' '.join(words)!r}")
            if words[0] == "->":
                insn.trans = words[1].replace(".", "_")
            else:
                insn.refines = words[1]
            words = words[2:]
        insn.excluded = insn.fmt.excluded + self.exclusions(where, insn.fmt.args, conditions.split())
        self.check_bits(insn)
        self.insns.append(insn)

    def check_bits(self, insn):
        """Every free bit belongs to a field, and no field has fixed bits."""
        covered = 0
        for arg, field in insn.fmt.args.items():
            if isinstance(field, Field):
                if field.mask() >> insn.size:
                    raise TableError(insn.where, f"{insn.name}: field {field.name} lies outside the instruction")
                covered |= field.mask()
        if insn.free & ~covered:
            raise TableError(insn.where, f"{insn.name}: bits {insn.free & ~covered:#x} belong to no field")
        for arg, field in insn.fmt.args.items():
            if isinstance(field, Field) and field.mask() & ~insn.free:
                raise TableError(insn.where, f"{insn.name}: field {field.name} covers fixed bits {field.mask() & ~insn.free:#x}")

    def check(self):
        """Rejects overlapping patterns, and names them all uniquely."""
        by_name = {}
        for insn in self.insns:
            by_name.setdefault(insn.name, []).append(insn)
        for name, same in by_name.items():
            for insn in same:
                insn.id = name.replace(".", "_")
                if len(same) > 1:
                    insn.id += "_" + "_".join(insn.modes)
            if len({insn.id for insn in same}) != len(same):
                raise TableError(same[1].where, f"{name} is defined twice")
        for insn in self.insns:
            if insn.refines and insn.refines not in by_name:
                raise TableError(insn.where, f"{insn.name} refines {insn.refines}, which does not exist")
            if insn.refines and not any(insn.inside(base) for base in by_name[insn.refines]):
                raise TableError(insn.where, f"{insn.name} is not a special case of {insn.refines}")
        for i, one in enumerate(self.insns):
            for two in self.insns[:i]:
                if one.may_meet(two) and one.refines != two.name and two.refines != one.name:
                    raise TableError(one.where, f"{one.name} overlaps {two.name} of {two.where}")
