# SPDX-License-Identifier: MIT
"""A log's stacks, with the bytes that each allocated: a Python frame is (file, line, function)."""
import collections
import os

from second_reader.log import COUNTED, CUT, NATIVE, PYTHON, Log, text

Native = collections.namedtuple("Native", "module offset")
Other = collections.namedtuple("Other", "kind value")


class StackLog(Log):
    """`objects`: whether the interpreter's objects were traced one by one."""

    def __init__(self, path, objects=False):
        super().__init__(path)
        self.objects = objects
        self.decoded = {}
        self.bytes_of = collections.Counter()
        for (node, class_), figures in self.counters.items():
            if class_ in COUNTED:
                self.bytes_of[node] += figures["allocated"]

    def warnings(self):
        return [text(said) for severity, said in self.notes if severity]

    def frame(self, index):
        found = self.decoded.get(index)
        if found is None:
            kind, owner, value = self.frames[index]
            if kind == PYTHON:
                file, name, _ = self.codes[owner]
                found = (exactly(self.strings[file]), value, exactly(self.strings[name]))
            elif kind == NATIVE:
                found = Native(text(self.modules[owner]["path"]), value)
            else:
                found = Other(kind, value)
            self.decoded[index] = found
        return found

    def stack(self, node):
        """Innermost frame first, without the thread's root."""
        frames = []
        while self.parent[node]:
            frames.append(self.frame(self.frame_of[node]))
            node = self.parent[node]
        return frames

    def allocations(self, least=1):
        """(stack, bytes allocated there) of every call site that has so many."""
        for node, bytes_ in sorted(self.bytes_of.items()):
            if bytes_ >= least:
                yield self.stack(node), bytes_

    def by_chain(self):
        """Python frames alone, innermost first -> bytes. Each frame is looked at once, not once for every stack that goes through it."""
        numbers, of, got = {}, [0] * len(self.nodes), collections.Counter()
        for node in range(len(self.nodes)):
            if self.parent[node]:
                frame, outer = self.frame(self.frame_of[node]), of[self.parent[node]]
                of[node] = outer if isinstance(frame, (Native, Other)) else numbers.setdefault((outer, frame), len(numbers) + 1)
            if self.bytes_of[node]:
                got[of[node]] += self.bytes_of[node]
        chains = [()]
        for outer, frame in numbers:
            chains.append((frame,) + chains[outer])
        return collections.Counter({chains[number]: size for number, size in got.items()})

    def executions(self):
        """(file, line, function) -> (executions, level at the last one); line 0: the calls."""
        found = {}
        for _, code, line, count, level, _ in self.counted:
            if count:
                file, name = (exactly(self.strings[s]) for s in self.codes[code][:2])
                before = found.get((file, line, name), (0, 0))
                found[file, line, name] = (before[0] + count, level)
        return found

    def by_line(self):
        """(file's base name, line, function's last name) of the innermost Python frame -> bytes."""
        got = collections.Counter()
        for stack, size in self.allocations():
            chain = python_only(stack)
            # With objects, the interpreter's own frames within the innermost line are left out.
            if chain and (self.objects or isinstance(stack[0], Native)):
                got[os.path.basename(chain[0][0]), chain[0][1], chain[0][2].split(".")[-1]] += size
        return got


def exactly(data):
    """As the interpreter has it, which may be no text at all."""
    return data.decode("utf-8", "surrogateescape")


def python_only(stack):
    return tuple(f for f in stack if not isinstance(f, (Native, Other)))


def is_cut(stack):
    return any(isinstance(f, Other) and f.kind == CUT for f in stack)
