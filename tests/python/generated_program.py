# SPDX-License-Identifier: MIT
"""Given to python -c: code that is made by a program, beside the program's own."""
import collections
import dataclasses
import os

TEMPLATE = "\n\ndef root(n):\n    return len(bytearray(n))\n\n\nroot(11 << 20)\n"


@dataclasses.dataclass
class Data:
    block: bytearray = dataclasses.field(default_factory=lambda: bytearray(5 << 20))


Pair = collections.namedtuple("Pair", "a b")


def own(n):
    def inner(n):
        return len(bytearray(n))
    return inner(n)


data = [Data() for _ in range(2)]
pairs = [Pair(1, 2) for _ in range(50000)]
exec("bytearray(6 << 20)")
exec("def own(n):\n    return len(bytearray(n))\nown(7 << 20)\n", {})
own(8 << 20)
with open(os.environ["PAGE"], "w") as page:
    page.write("".join("line %d of the template\n" % n for n in range(1, 12)))
exec(compile(TEMPLATE, os.environ["PAGE"], "exec"), {})
