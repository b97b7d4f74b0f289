# SPDX-License-Identifier: MIT
"""Threads that make and drop known numbers of objects at the same time: threads_program.py OUT. Of kinds of which the
interpreter keeps none that died, so every one is an allocation; and each thread drops its own, so they go at once."""
import gc
import json
import sys
import threading

THREADS = 4
ROUNDS = 10
FIRST, SOME = 300, 600  # smaller numbers and strings are there already
CODES = 30
PIECE = b"xy"
INDEX = list(range(FIRST, FIRST + SOME))
TEXTS = ["%0*d" % (i % 70 + 2, i) for i in INDEX]


class Slotted(object):
    __slots__ = ("a", "b", "c")


def many_bytes(depth, i):
    if depth:
        return many_bytes(depth - 1, i)
    return PIECE * i  # bytes


def work(number):
    keep = [None] * SOME
    together.wait()
    for _ in range(ROUNDS):
        for i in range(SOME):
            keep[i] = many_bytes(DEPTHS[i], INDEX[i])
        for i in range(SOME):
            keep[i] = None  # bytes go
        for i in range(SOME):
            keep[i] = TEXTS[i] + "x"  # strings
        for i in range(SOME):
            keep[i] = Slotted()  # strings go, slotted
        for i in range(SOME):
            keep[i] = None  # slotted go
    for i in range(CODES):
        name = "thread_%d_%d.py" % (number, i)
        exec(compile("def make():\n    return bytearray(%d)\nmake()\n" % (100000 + i), name, "exec"), {})


DEPTHS = [i % 6 for i in range(SOME)]
together = threading.Barrier(THREADS)


def main():
    gc.disable()  # a collection allocates, and releases elsewhere
    threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    with open(__file__) as f:
        lines = {text.partition("  # ")[2].strip(): i for i, text in enumerate(f, 1) if "  # " in text}
    sizes = {"bytes": sum(sys.getsizeof(PIECE * i) for i in INDEX), "strings": sum(sys.getsizeof(t + "x") for t in TEXTS),
             "slotted": SOME * sys.getsizeof(Slotted())}
    count, times = THREADS * ROUNDS * SOME, THREADS * ROUNDS
    with open(sys.argv[1], "w") as f:
        for mark, made, gone in (("bytes", "bytes", None), ("bytes go", None, "bytes"), ("strings", "strings", None),
                                 ("strings go, slotted", "slotted", "strings"), ("slotted go", None, "slotted")):
            each = {"line": lines[mark]}
            if made:
                each.update(allocations=count, allocated_bytes=times * sizes[made])
            if gone:
                each.update(releases=count, released_bytes=times * sizes[gone])
            f.write(json.dumps(each) + "\n")


if __name__ == "__main__":
    main()
