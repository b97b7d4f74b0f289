# SPDX-License-Identifier: MIT
"""Functions that leave memory to their frames. Each one's docstring says what it takes and what its frame gives back, in MiB, in
all calls together."""
import sys
import threading

MIB = 1 << 20


def plain():
    """9 9"""
    a = bytearray(MIB)
    b = bytearray(2 * MIB)


def early(n):
    """15 10"""
    a = bytearray(5 * MIB)
    if n == 1:
        del a
        return None
    b = None
    for _ in range(2):
        b = n
    return b


def hands_on():
    """12 0"""
    a = bytearray(4 * MIB)
    return a


def called_by_c(n):
    """18 18"""
    a = bytearray(3 * MIB)
    return n


def recursive(n):
    """12 12"""
    a = bytearray(MIB)
    if n:
        recursive(n - 1)
    b = n


def deep(n):
    """75 75"""
    a = bytearray(MIB // 4)
    return deep(n - 1) + 1 if n else 0


def in_a_cell():
    """9 9"""
    a = bytearray(3 * MIB)

    def inner():
        return len(a)
    return inner()


class Tree:
    def __init__(self):
        """21 0"""
        self.leaves = [bytearray(MIB) for _ in range(7)]


def holds_objects():
    """21 21"""
    tree = Tree()
    other = (tree, [tree])


def called_with(block):
    """0 6"""
    return len(block)


def calls_with():
    """6 0"""
    for _ in range(3):
        called_with(bytearray(2 * MIB))


def raises():
    """6 6"""
    a = bytearray(2 * MIB)
    raise KeyError("mine")


def catches():
    """6 0"""
    for _ in range(3):
        try:
            raises()
        except KeyError:
            pass


def in_threads():
    """30 30"""
    a = bytearray(5 * MIB)
    for _ in range(10):
        b = bytearray(10)


def replaced():
    """16 4"""
    a = None
    for n in range(4):
        a = bytearray(4 * MIB)


def caller():
    """0 0"""
    for n in range(3):
        plain()
        early(n)
        hands_on()
        list(map(called_by_c, (1, 2)))
        recursive(3)
        in_a_cell()
        holds_objects()
    calls_with()
    catches()
    deep(299)
    replaced()
    threads = [threading.Thread(target=in_threads) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


sys.setrecursionlimit(5000)
caller()
