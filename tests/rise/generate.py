# SPDX-License-Identifier: MIT
"""Random programs of oracle.h, as C source text: functions with lines that have 0 to 10 call sites each, of other functions, of
themselves and of the allocator, with loops, conditions and switches that are decided at run time.

    generate.py FIRST LAST     prints the source of programs FIRST to LAST, which the process's two arguments choose from

The same number makes the same program."""
import random
import sys

ROUNDS, EVENTS = 12, 80  # of one program: enough for turns, few enough for a thousand programs


class Program:
    def __init__(self, number):
        self.rng = random.Random(number)
        self.name = f"p{number}"
        self.functions = self.rng.randint(3, 8)
        # Inlined ones call no function before them, nor themselves.
        self.how = ["NOINLINE"] + [self.rng.choice(("NOINLINE", "NOINLINE", "INLINE", "")) for _ in range(self.functions - 1)]

    def item(self, f):
        """One statement with one call site."""
        rng, r = self.rng, self.rng.random()
        later = list(range(f + 1, self.functions))
        if r < .4 and later:
            return f"CALL({self.name}_{rng.choice(later)}(d - 1));"
        if r < .44 and self.how[f] == "NOINLINE":
            return f"CALL({self.name}_{f}(d - 1));"
        slot = f"oracle_pick({rng.randint(1, 60)})" if rng.random() < .5 else str(rng.randrange(60))
        if r < .75:
            return f"TAKE({slot}, {rng.choice((1, 8, 100, 1000, 5000))}{rng.choice(('', '', ' + d'))});"
        if r < .95:
            return f"FREE({slot});"
        return f"GROW({slot}, {rng.choice((16, 300, 2000))});"

    def line(self, f):
        rng = self.rng
        sites = rng.choice((0, 1, 1, 1, 2, 2, 3, 4, 6, 8, 10))
        items = [self.item(f) for _ in range(sites)]
        kind = rng.random()
        if not items:
            return "oracle_seed(oracle_pick(1000));"
        if kind < .15 and sites > 1:
            cases = " ".join(f"case {i}: {item} break;" for i, item in enumerate(items))
            return f"for (int i = 0; i < {self.bound()}; i++) switch (oracle_pick({sites})) {{ {cases} }}"
        items = [f"if (oracle_pick({rng.randint(2, 4)})) {{ {i} }}" if rng.random() < .2 else i for i in items]
        if kind < .4:
            return f"for (int i = 0; i < {self.bound()}; i++) {{ {' '.join(items)} }}"
        return " ".join(items)

    def bound(self):
        return f"(int)oracle_pick({self.rng.choice((2, 4, 8, 30))})"

    def body(self, f):
        rng, lines, depth = self.rng, [], 1
        for _ in range(rng.randint(2, 7)):
            if depth < 3 and rng.random() < .3:
                lines.append("    " * depth + f"for (int i = 0, n = {self.bound()}; i < n; i++) {{")
                depth += 1
            lines.append("    " * depth + self.line(f))
            if depth > 1 and rng.random() < .4:
                depth -= 1
                lines.append("    " * depth + "}")
        while depth > 1:
            depth -= 1
            lines.append("    " * depth + "}")
        return lines

    def text(self):
        out = []
        for f in reversed(range(self.functions)):
            how = self.how[f]
            out += [f"static {how}{' ' if how else ''}void {self.name}_{f}(int d)", "{", "    FRAME;",
                    "    if (d <= 0 || !oracle_more())", "        return;", *self.body(f), "}", ""]
        out += [f"static NOINLINE void {self.name}(void)", "{", "    FRAME;", f"    oracle_seed({self.rng.randrange(2**31)});",
                f"    for (int i = 0; i < {ROUNDS}; i++) {{", f"        oracle_allow({EVENTS});",
                f"        CALL({self.name}_0({self.rng.choice((2, 3, 5, 8))}));", "    }", "}", ""]
        return "\n".join(out)


def source(first, last):
    out = ['#include "oracle.h"', ""] + [Program(n).text() for n in range(first, last + 1)]
    out += [f"static void (*const programs[])(void) = {{{', '.join(f'p{n}' for n in range(first, last + 1))}}};", "",
            "void program(void)", "{", "    FRAME;",
            "    for (int i = oracle_argument[0]; i <= oracle_argument[1]; i++)", f"        CALL(programs[i - {first}]());", "}"]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    sys.stdout.write(source(int(sys.argv[1]), int(sys.argv[2])))
