# SPDX-License-Identifier: MIT
"""Deeper than the log's stacks may be. Python calls need no native frames here."""
import sys

sys.setrecursionlimit(100000)


def down(n):
    if n:
        return down(n - 1)
    len(bytearray(8 << 20))


for depth in (10000, 30000, 20):
    down(depth)
down(10001)
