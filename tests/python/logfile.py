# SPDX-License-Identifier: MIT
"""As much of a log as the tests of Python stacks need: whose stacks allocated how many bytes. See interpose/format.h."""
import collections
import struct

NODE, COUNTER, FRAME, RECORD = 1, 2, 3, 4
NATIVE, PYTHON, THREAD, CUT = 1, 2, 3, 4
MODULE, STRING, CODE, NOTE, LINES = 2, 3, 4, 5, 6
ALLOC_HEAP, ALLOC_ANON, ALLOC_SHARED = 1, 2, 3

Native = collections.namedtuple("Native", "module offset")
Other = collections.namedtuple("Other", "kind value")


class Log:
    def __init__(self, path):
        with open(path, "rb") as f:
            data = f.read()
        if data[:8] != b"memtrace" or struct.unpack_from("=II", data, 8) != (2, 8192):
            raise ValueError("%s is no log of version 2" % path)
        self.header_pid, = struct.unpack_from("=i", data, 24)
        self.end, self.exit_status = struct.unpack_from("=Ii", data, 56)
        self.dropped_events, = struct.unpack_from("=Q", data, 184)
        self.cut_stacks, self.python_missed = struct.unpack_from("=2Q", data, 208)
        self.flags, = struct.unpack_from("=I", data, 224)
        self.python_arenas, self.python_arenas_peak = struct.unpack_from("=2Q", data, 336)
        used = struct.unpack_from("=8Q", data, 232)
        regions = [bytearray() for _ in range(8)]
        for i in range(struct.unpack_from("=I", data, 304)[0]):
            offset, pages, region = struct.unpack_from("=QII", data, 1024 + 16 * i)
            regions[region] += data[offset:offset + 4096 * pages]
        self.counter = bytes(regions[COUNTER])
        self.nodes = list(struct.iter_unpack("=8I", bytes(regions[NODE][:32 * used[NODE]])))
        self.frames = list(struct.iter_unpack("=QII", bytes(regions[FRAME][:16 * used[FRAME]])))
        self.strings, self.codes, self.modules, self.notes, self.lines = {}, {}, {}, [], []
        self.read_records(bytes(regions[RECORD][:used[RECORD]]))

    def read_records(self, data):
        at = 0
        while at < len(data):
            kind, size = struct.unpack_from("=II", data, at)
            if size < 8:
                break
            if kind == STRING:
                id_, n = struct.unpack_from("=II", data, at + 8)
                self.strings[id_] = data[at + 16:at + 16 + n].decode("utf-8", "surrogateescape")
            elif kind == CODE:
                id_, file, name, first = struct.unpack_from("=4I", data, at + 8)
                if id_ in self.codes:
                    raise ValueError("code %d stands in the log twice" % id_)
                self.codes[id_] = (file, name, first)
            elif kind == MODULE:
                id_, build = struct.unpack_from("=II", data, at + 8)
                n, = struct.unpack_from("=I", data, at + 40)
                self.modules[id_] = data[at + 48 + build:at + 48 + build + n].decode()
            elif kind == NOTE:
                severity, n = struct.unpack_from("=II", data, at + 8)
                self.notes.append((severity, data[at + 16:at + 16 + n].decode()))
            elif kind == LINES:
                id_, first, count = struct.unpack_from("=3I", data, at + 8)
                self.lines.append((id_, first, [struct.unpack_from("=3Q", data, at + 24 + 24 * i) for i in range(count)]))
            at += size

    def executions(self):
        """(file, line, function) -> (executions, level at the last one); line 0: the calls."""
        found = {}
        for id_, first, lines in self.lines:
            file, name, _ = self.codes[id_]
            for i, (count, level, _) in enumerate(lines):
                if count:
                    key = (self.strings[file], first + i - 1 if i else 0, self.strings[name])
                    before = found.get(key, (0, 0))
                    found[key] = (before[0] + count, level)
        return found

    def frame(self, index):
        value, owner, kind = self.frames[index]
        if kind == PYTHON:
            file, name, _ = self.codes[owner]
            return (self.strings[file], value, self.strings[name])
        if kind == NATIVE:
            return Native(self.modules[owner], value)
        return Other(kind, value)

    def stack(self, node):
        """Innermost frame first, without the thread's root."""
        frames = []
        while node:
            parent, frame = self.nodes[node][:2]
            if parent:
                frames.append(self.frame(frame))
            node = parent
        return frames

    def allocated(self, unit):
        total = 0
        while unit:
            link, _, bytes_ = struct.unpack_from("=IIQ", self.counter, 32 * unit)
            if link & 15 in (ALLOC_HEAP, ALLOC_ANON, ALLOC_SHARED):
                total += bytes_
            unit = link >> 4
        return total

    def allocations(self, least=1):
        """(stack, bytes allocated there) of every call site that has so many."""
        for i, node in enumerate(self.nodes):
            bytes_ = self.allocated(node[2]) if node[1] else 0
            if bytes_ >= least:
                yield self.stack(i), bytes_


def python_only(stack):
    return tuple(f for f in stack if not isinstance(f, (Native, Other)))
