# SPDX-License-Identifier: MIT
"""The truth: what a program of oracle.h recorded, and the rise of each of its lines and functions by the definition.

A run of a line is a maximal sequence of one thread's consecutive events with the line on the stack below the same outer
frames; it rose by the highest level of the thread in it minus the level before it, or by 0. A line's rise is the best of the
runs at its outermost occurrences on a stack. The same for a function: all its lines together.

"The same outer frames": a physical frame is told by the return address of its call. Frames that were inlined into one physical
frame are told by function and line."""
import os
import re
import struct

OUTSIDE = 0  # no frame: what is outside of the first one


class Ambiguous(Exception):
    """The compiler made one call of two lines' calls: no profiler could tell them apart. The program is to be changed."""


class Frame:
    """One logical frame: `outer` stands for all frames outside of it, the same number for the same ones."""
    __slots__ = ("function", "line", "outer", "words", "physical", "site")


def base_name(name):
    """Of a demangled function its own name, with its template's arguments: "void ns::take<int>(int)" -> "take<int>". That it is
    one of a compiler's clones is left out."""
    name = re.sub(r"(\.(constprop|isra|part|cold|lto_priv)(\.\d+)*)+$| \[clone [^]]*\]", "", name)
    if "operator()" in name:
        return "operator()"
    depth, end, start = 0, len(name), 0
    for i, c in enumerate(name):
        if c == "(" and depth == 0 and not name.startswith("(anonymous", i):
            end = i
            break
        depth += (c in "<(") - (c in ">)")
    for i, c in enumerate(name[:end]):
        depth += (c in "<(") - (c in ">)")
        if depth == 0 and (c == " " or name.startswith("::", i)):
            start = i + (1 if c == " " else 2)
    return name[start:end]


def events(path):
    """Each event as (thread, bytes, stack); a stack is a list of Frame, outermost first, and is not to be changed."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:9] != b"oracle 1\n":
        raise ValueError(f"{path}: no recording")
    count, = struct.unpack_from("=Q", data, 9)
    words = struct.unpack_from(f"={count}Q", data, 17)
    texts, at = {0: None}, 17 + 8 * count
    while at < len(data):
        address, length = struct.unpack_from("=QQ", data, at)
        texts[address] = data[at + 16:at + 16 + length].decode()
        at += 16 + length
    return list(_events(words, texts))


def _events(words, texts):
    numbers, callers, stacks, at = {}, {}, {}, 0

    def number(*what):
        return numbers.setdefault(what, len(numbers) + 1)

    while at < len(words):
        thread, kept, more = words[at] & 0xffff, words[at] >> 16 & 0xffff, words[at] >> 32
        change = words[at + 1] - (words[at + 1] >> 63 << 64)
        stack = stacks.get(thread, [])[:kept]
        at += 2
        for _ in range(more):
            stack.append(_frame(words[at:at + 5], stack[-1] if stack else None, texts, number, callers))
            at += 5
        stacks[thread] = stack
        yield thread, change, stack


def _frame(words, outside, texts, number, callers):
    function, file, line, address, site = words
    f = Frame()
    f.function = (texts[function], os.path.basename(texts[file]) if file else None)
    f.line = f.function + (line & 0xffffffff,)
    f.words = words
    if outside is None:
        f.outer = f.physical = OUTSIDE
    elif address == outside.words[3]:  # inlined there
        f.outer = number("inlined", outside.outer, outside.line)
        f.physical = outside.physical
    else:
        f.outer = f.physical = number("call", outside.physical, site)
        place = (outside.outer, outside.line)
        known = callers.setdefault(f.outer, place)
        if known != place:
            raise Ambiguous(f"one call at {site:#x} in two places: {place[1]} and {known[1]}")
    return f


class Runs:
    """The open runs of one kind of key in one thread, and the best rise of each key."""

    def __init__(self, best):
        self.best, self.open = best, {}

    def event(self, present, before, after):
        """`present`: keys on the stack, each with what is outside of it."""
        for run in [r for r in self.open if r not in present]:
            self.close(run)
        for run in present:
            entry = self.open.setdefault(run, [before, before])
            entry[1] = max(entry[1], after)

    def close(self, run):
        begin, highest = self.open.pop(run)
        self.best[run[1]] = max(self.best.get(run[1], 0), highest - begin)

    def end(self):
        for run in list(self.open):
            self.close(run)


def outermost(stack, key_of):
    """(what is outside of it, key) of each key on the stack, where it stands first."""
    first = {}
    for frame in stack:
        first.setdefault(key_of(frame), frame.outer)
    return {(outer, key) for key, outer in first.items()}


def truth(recorded):
    """({line: rise}, {function: rise}) of all that events() gave. A line is (function, file, number), a function (name, file)."""
    lines, functions, threads = {}, {}, {}
    for thread, change, stack in recorded:
        state = threads.setdefault(thread, [0, Runs(lines), Runs(functions)])
        before, state[0] = state[0], state[0] + change
        state[1].event(outermost(stack, lambda f: f.line), before, state[0])
        state[2].event(outermost(stack, lambda f: f.function), before, state[0])
    for _, of_lines, of_functions in threads.values():
        of_lines.end()
        of_functions.end()
    return lines, functions
