# SPDX-License-Identifier: MIT
"""Deeper than the log's stacks may be. Python calls need no native frames here."""
import sys

sys.setrecursionlimit(100000)


def down(n):
    if n:
        return down(n - 1)
    len(bytearray(8 << 20))


def fall(n):
    a = b = c = d = e = n  # noqa: F841 (so that every depth ends a piece of the interpreter's stack of frames somewhere)
    if n:
        fall(n - 1)
    raise KeyError


# An exception pops the frame that a piece of the stack begins with: the piece is unmapped while that frame is still the
# present one.
for depth in range(300):
    try:
        fall(depth)
    except KeyError:
        pass

for depth in (10000, 30000, 20):
    down(depth)
down(10001)
