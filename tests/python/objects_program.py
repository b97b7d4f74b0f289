# SPDX-License-Identifier: MIT
"""Objects whose number and sizes are known: objects_program.py OUT [MODE]. Each marked line makes objects of one kind, or
drops them; OUT gets what a log must say of it, as sys.getsizeof has it.

The interpreter keeps some dead objects to use them again (floats, tuples, lists, dictionaries, and more in later
versions): what comes from there is no allocation. So the same lines, under another file name, first use up what is kept."""
import gc
import json
import sys

WARM = 2500
SOME = 600
FIRST = 300  # smaller numbers are there already
BIG = 1 << 40
# Without the GIL a list's items have a head, which sys.getsizeof does not count.
LIST_HEAD = 8 if "free-threading" in sys.version else 0
PIECE = b"xy"


class Slotted(object):
    __slots__ = ("a", "b", "c")


def ints(keep, index, texts):
    for i in index:
        keep[i] = i | BIG  # @ 1


def floats(keep, index, texts):
    for i in index:
        keep[i] = i * 0.5  # @ 1


def strings(keep, index, texts):
    for i in index:
        keep[i] = texts[i] + "x"  # @ 1


def wide_strings(keep, index, texts):
    for i in index:
        keep[i] = texts[i] + "\u20ac"  # @ 1


def many_bytes(keep, index, texts):
    for i in index:
        keep[i] = PIECE * i  # @ 1


def tuples(keep, index, texts):
    for i in index:
        keep[i] = (i, keep, texts)  # @ 1


def lists(keep, index, texts):
    for i in index:
        keep[i] = [i, keep]  # @ 2


def dicts(keep, index, texts):
    for i in index:
        keep[i] = {"a": i, "b": keep}  # @ 2


def sets(keep, index, texts):
    for i in index:
        keep[i] = {i}  # @ 1


def slotted(keep, index, texts):
    for i in index:
        keep[i] = Slotted()  # @ 1


def drop(keep, index):
    for i in index:
        keep[i] = None  # drops


KINDS = [ints, floats, strings, wide_strings, many_bytes, tuples, lists, dicts, sets, slotted]
# Of which the interpreter keeps none when they die.
DROPPED = [strings, wide_strings, many_bytes, slotted]


def drain(spare, index):
    """What has died since the warm-up is used, too."""
    for i in index:
        spare[i] = ([[], {}, i * 0.5], (i, spare), (spare,))
        if i == FIRST + 150:
            return


def make(count):
    """Every kind of objects; all live on."""
    index, made = list(range(FIRST, FIRST + count)), []
    texts = [""] * FIRST + ["%0*d" % (i % 70 + 1, i) for i in index]
    spares = [[None] * (FIRST + count) for kind in KINDS]
    made = [[None] * (FIRST + count) for kind in KINDS]
    for kind, keep, spare in zip(KINDS, made, spares):
        drain(spare, index)
        kind(keep, index, texts)
    return made, index, spares


def main():
    gc.disable()  # a collection allocates, too
    with open(__file__) as f:
        source = f.read()
    names = {"__name__": "warm-up", "__file__": __file__}
    exec(compile(source, "warm-up", "exec"), names)
    warm = names["make"](WARM)
    made, index, spares = make(SOME)
    expected, dropped = [], [0, 0]
    for kind, keep in zip(KINDS, made):
        fresh = keep[FIRST:]
        line = next(i for i, text in enumerate(source.splitlines(), 1)
                    if i > kind.__code__.co_firstlineno and " # @ " in text)
        each = int(source.splitlines()[line - 1].split(" # @ ")[1])
        size = sum(map(sys.getsizeof, fresh)) + (LIST_HEAD * len(fresh) if kind is lists else 0)
        expected.append({"line": line, "function": kind.__name__, "allocations": each * len(fresh),
                         "allocated_bytes": size})
        if kind in DROPPED:
            dropped[0] += len(fresh)
            dropped[1] += size
    del fresh
    for kind, keep in zip(KINDS, made):
        if kind in DROPPED:
            drop(keep, index)
    line = next(i for i, text in enumerate(source.splitlines(), 1) if text.endswith("  # drops"))
    expected.append({"line": line, "function": "drop", "releases": dropped[0], "released_bytes": dropped[1]})
    with open(sys.argv[1], "w") as f:
        for each in expected:
            f.write(json.dumps(each) + "\n")
    return warm, spares


if __name__ == "__main__":
    main()
