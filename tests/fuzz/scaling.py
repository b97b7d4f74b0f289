#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Logs that are hard work for the reader: the cost of a view must not grow faster than the log.

    scaling.py MEMTRACE [SHAPE...]

Each shape is made in one size and in four times that size; the instructions that valgrind counts, the memory and the output must grow by no
more than a little over four, and stay below what belongs to a log of that size.
"""
import os
import re
import resource
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.outcome import Outcome  # noqa: E402

PAGE = 4096
VERSION = 2
NODE, COUNTER, FRAME, RECORD, THREAD, RUN = 1, 2, 3, 4, 5, 6
ENTRY = {NODE: 32, COUNTER: 32, FRAME: 16, RECORD: 1, THREAD: 128, RUN: 32}
NATIVE, PYTHON, THREAD_ROOT = 1, 2, 3
GROWTH = 5.0  # of what costs 4: a sort takes a little more
MEMORY_PER_BYTE, OUTPUT_PER_BYTE = 100, 1000
MEMORY_OWN = OUTPUT_OWN = 64 << 20


class Log:
    def __init__(self):
        self.parts = {r: [b'\0' * ENTRY[r]] if r != RECORD else [] for r in ENTRY}
        self.strings = self.codes = self.modules = 0

    def add(self, region, entry):
        self.parts[region].append(entry)
        return len(self.parts[region]) - 1

    def record(self, kind, fixed, text=b''):
        body = fixed + text
        body += b'\0' * (-len(body) % 8)
        self.add(RECORD, struct.pack('=II', kind, len(body) + 8) + body)

    def string(self, text):
        self.strings += 1
        self.record(3, struct.pack('=II', self.strings, len(text)), text)
        return self.strings

    def code(self, file, name, first_line=1):
        self.codes += 1
        self.record(4, struct.pack('=IIII', self.codes, file, name, first_line))
        return self.codes

    def module(self, path):
        self.modules += 1
        self.record(2, struct.pack('=IIQQQII', self.modules, 0, 0, 0, 1 << 30, len(path), 0), path)
        return self.modules

    def frame(self, kind, owner, value):
        return self.add(FRAME, struct.pack('=QII', value, owner, kind))

    def node(self, parent, frame, size=100):
        """With one allocation, of its own size."""
        unit = len(self.parts[COUNTER])
        alloc = struct.pack('=IIQQQQQQII', 1, 1, size, 0, size, 0, size, 1, 0, 0)
        self.add(COUNTER, alloc[:32])
        self.add(COUNTER, alloc[32:])
        return self.add(NODE, struct.pack('=IIIIQQ', parent, frame, unit, 0, size, size))

    def thread(self, root=0, leaf=0, runs=0, runs_used=0):
        return self.add(THREAD, struct.pack('=iIII16sQqIIII64x', 1, root, leaf, 1, b't', 10, 0, runs, runs_used, runs_used, 1))

    def run(self, node, first, frames):
        return self.add(RUN, struct.pack('=qqIIIHH', 0, 100, node, first, 0, 1, frames))

    def write(self, path):
        header = bytearray(8192)
        struct.pack_into('=8sIIIHHi', header, 0, b'memtrace', VERSION, 8192, 0x01020304, 62, 64, 1)
        at, body = 8192, []
        for slot, (region, parts) in enumerate(self.parts.items()):
            data = b''.join(parts)
            used = len(data) if region == RECORD else len(parts)
            data += b'\0' * (-len(data) % PAGE)
            struct.pack_into('=Q', header, 232 + 8 * region, used)
            struct.pack_into('=QII', header, 1024 + 16 * slot, at, len(data) // PAGE, region)
            at += len(data)
            body.append(data)
        struct.pack_into('=QI', header, 312, at, len(self.parts))
        with open(path, 'wb') as f:
            f.write(bytes(header) + b''.join(body))
        return at


def lines_of(log, codes, root=None):
    for i, code in enumerate(codes):
        log.node(root or 0, log.frame(PYTHON, code, i + 1), 100 + i % 97)


def many_files(log, n):
    lines_of(log, [log.code(log.string(b'/gone/%d.py' % i), log.string(b'f%d' % i)) for i in range(n)])


def colliding(log, n):
    """Names that have one hash if it is a plain multiply-and-shift without a secret: each pair of words has two forms."""
    bits = n.bit_length() - 1
    forms = [struct.pack('=QQ', 0x4141414141414141 + i, 0x4242424242424242) for i in range(bits)]
    other = [struct.pack('=QQ', 0x4141414141414141 + i ^ 1 << 63, 0x4242424242424242 ^ (1 << 63 | 1 << 31)) for i in range(bits)]
    file = log.string(b'/gone/a.py')
    lines_of(log, [log.code(file, log.string(b''.join((other if i >> k & 1 else forms)[k] for k in range(bits)))) for i in range(n)])


def shared_runs(log, n):
    """Every thread claims all open runs, of one long stack."""
    code = log.code(log.string(b'/gone/a.py'), log.string(b'f'))
    node = top = 0
    for i in range(n):
        node = log.node(node, log.frame(PYTHON, code, i % 50 + 1))
        top = top or node
    first = len(log.parts[RUN])
    for i in range(n):
        log.run(node, top, 60000)
    for i in range(n):
        log.thread(1, node, first, n)


def gaps(log, n):
    """Lines of one function, far from each other."""
    code = log.code(log.string(b'/gone/a.py'), log.string(b'f'))
    for i in range(n):
        log.node(0, log.frame(PYTHON, code, 1 + i * 49000))


def long_functions(log, n):
    """Functions that end far from where they begin."""
    file = log.string(b'/gone/a.py')
    for i in range(n):
        code = log.code(file, log.string(b'f%d' % i))
        for line in 1, 49000:
            log.node(0, log.frame(PYTHON, code, line))


def long_names(log, n):
    """As much name as there are lines that it stands at: more of each is the square of what is to be written."""
    file, name = log.string(b'/gone/' + b'x' * 200 * n), log.string(b'y' * 200 * n)
    lines_of(log, [log.code(file, name)] * n)


def deep(log, n):
    code = log.code(log.string(b'/gone/a.py'), log.string(b'f'))
    node = 0
    for i in range(n):
        node = log.node(node, log.frame(PYTHON, code, i % 50 + 1))


def deep_sites(log, n):
    """A call site at each depth: their stacks are written once."""
    deep(log, n)


def deep_tree(log, n):
    """The lines of the tree must not take the square of its depth."""
    deep(log, n)


def deep_inverted(log, n):
    """The callers of a call site at each depth are as many as the square of the depth."""
    deep(log, n)


def wrong_nodes(log, n):
    frame = log.frame(9, 0, 0)
    for i in range(n):
        log.node(1 << 31, frame)


def line_records(log, n):
    """Executions of lines, of many functions in many records."""
    file = log.string(b'/gone/a.py')
    codes = [log.code(file, log.string(b'f%d' % (i % 50)), i) for i in range(n)]
    for i, code in enumerate(codes):
        log.record(6, struct.pack('=IIII', code, 1 + i * 7, 3, 0), struct.pack('=9Q', *range(1, 10)))
        log.record(8, struct.pack('=IIQQQ', 0, 4, i, i, i), b'mark')


def many_modules(log, n):
    for i in range(n):
        log.node(0, log.frame(NATIVE, log.module(b'/gone/%d.so' % i), 100))


# Name: size, view
SHAPES = {
    many_files: (1000, ['lines', '--all']),
    colliding: (1024, ['report', '-n', '0']),
    shared_runs: (1500, ['report']),
    gaps: (1000, ['lines', '--mprun', '--all']),
    long_functions: (500, ['lines', '--all']),
    long_names: (125, ['report', '-n', '0', '--json']),
    deep: (2000, ['sites']),
    deep_sites: (2000, ['sites', '-n', '0', '--json']),
    deep_tree: (2000, ['tree', '--all', '--min-share', '0', '--metric', 'allocated']),
    deep_inverted: (1000, ['tree', '-i', '--all', '--min-share', '0', '--json', '--metric', 'allocated']),
    wrong_nodes: (3000, ['sites', '-n', '0', '--json']),
    line_records: (500, ['lines', '--all']),
    many_modules: (500, ['report', '-n', '0']),
}


class Measured:
    def __init__(self, memtrace, shape, n, folder):
        log, path = Log(), os.path.join(folder, 'log')
        shape(log, n)
        self.size = log.write(path)
        view = [memtrace, *SHAPES[shape][1], path]
        # Of valgrind's tools that count, the one that takes the least time.
        counted = self.run(['valgrind', '--tool=cachegrind', '--cache-sim=no', '--cachegrind-out-file=/dev/null', *view], folder)
        self.instructions = int(re.search(r'I +refs: +([\d,]+)', counted.stderr.decode(errors='replace')).group(1).replace(',', ''))
        with open(os.path.join(folder, 'out'), 'wb') as out:
            process = subprocess.Popen(view, stdout=out, stderr=subprocess.DEVNULL, env=self.environment(folder))
            _, status, usage = os.wait4(process.pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        self.output = os.path.getsize(os.path.join(folder, 'out'))
        self.memory = usage.ru_maxrss * 1024

    @staticmethod
    def environment(folder):
        return {**os.environ, 'MEMTRACE_THREADS': '1', 'MEMTRACE_CACHE': '0', 'HOME': folder}

    def run(self, args, folder):
        return subprocess.run(args, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.environment(folder))

    def __str__(self):
        return '%d bytes: %d instructions, %d of memory, %d of output' % (self.size, self.instructions, self.memory, self.output)


def check(outcome, memtrace, shape, folder):
    n = SHAPES[shape][0]
    small, large = (Measured(memtrace, shape, size, folder) for size in (n, 4 * n))
    wrong = []
    if large.status not in (0, 2):
        wrong.append('status %d' % large.status)
    if not large.output:
        wrong.append('refused: nothing was read, so nothing was measured')
    if large.instructions > GROWTH * max(small.instructions, 20_000_000):
        wrong.append('instructions grow by %.1f' % (large.instructions / small.instructions))
    if large.memory > MEMORY_OWN + MEMORY_PER_BYTE * large.size:
        wrong.append('too much memory')
    if large.output > OUTPUT_OWN + OUTPUT_PER_BYTE * large.size:
        wrong.append('too much output')
    outcome.result('%s\n      %s\n      %s' % (shape.__name__, small, large), wrong, shape.__name__)


def main():
    outcome = Outcome()
    if not shutil.which('valgrind'):
        outcome.skip('scaling', 'valgrind is not here')
        sys.exit(outcome.status())
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 30, 4 << 30))
    memtrace = os.path.abspath(sys.argv[1])
    folder = tempfile.mkdtemp(prefix='memtrace-scaling-')
    try:
        for shape in SHAPES:
            if len(sys.argv) < 3 or shape.__name__ in sys.argv[2:]:
                check(outcome, memtrace, shape, folder)
    finally:
        shutil.rmtree(folder)
    sys.exit(outcome.status())


if __name__ == '__main__':
    main()
