# SPDX-License-Identifier: MIT
"""Every way to measure a stretch of one's own process, with what it must say. Prints nothing but what went wrong."""

import asyncio
import inspect
import io
import json
import os
import re
import struct
import sys
import tempfile
import threading
import types

import memtrace

MIB = 1 << 20
wrong = []


def near(found, wanted, what, slack=20000):  # what the interpreter itself takes and gives back meanwhile
    if abs(found - wanted) > slack:
        wrong.append("%s: %d, not about %d" % (what, found, wanted))


def equal(found, wanted, what):
    if found != wanted:
        wrong.append("%s: %r, not %r" % (what, found, wanted))


def take(mib):
    return bytearray(mib * MIB)


def simple():
    before = take(50)  # a higher peak than any later one
    del before
    memtrace.start("simple")
    a = take(8)
    b = take(3)
    del a
    c = take(2)
    result = memtrace.stop()
    near(result.increment_bytes, 11 * MIB, "simple: peak")
    near(result.end_bytes - result.begin_bytes, 5 * MIB, "simple: what is left")
    held = {line["line"]: count for count, line in result.held() if count > MIB}
    equal(len(held), 1, "simple: lines that held the peak")
    near(sum(held.values()), 11 * MIB, "simple: held at the peak", 1000)  # the objects themselves
    line = {(x["function"].rsplit(".", 1)[-1], x["line"]): x for x in result.report["lines"] if x["function"]}
    first = simple.__code__.co_firstlineno
    near(line["simple", first + 4]["rise_bytes"], 8 * MIB, "simple: rise of a", 1000)
    near(line["simple", first + 6]["released_bytes"], 8 * MIB, "simple: released by del a", 1000)
    if ("simple", first + 1) in line:
        wrong.append("simple: a line from before it began")
    leaks = sum(count for count, x in result.leaks() if x["function"].endswith("simple"))
    near(leaks, 5 * MIB, "simple: live at the end")
    del b, c


def nested():
    memtrace.start("outer")
    a = take(4)
    memtrace.start("inner")
    b = take(2)
    inner = memtrace.stop()
    del b
    c = take(1)
    outer = memtrace.stop()
    near(inner.increment_bytes, 2 * MIB, "nested: inner peak")
    near(outer.increment_bytes, 6 * MIB, "nested: outer peak")
    near(outer.end_bytes - outer.begin_bytes, 5 * MIB, "nested: left in outer")
    total = sum(line["increment_bytes"] for line in outer.report["lines"]
                if line["function"] and line["function"].endswith("nested") and line["language"] == "Python")
    near(total, 5 * MIB, "nested: increments of the outer's lines")
    del a, c


def rows(text):
    found = {}
    for line in text.splitlines():
        cells = re.match(r" {0,5}(\d+) (.{12}) (.{12}) (.{12})  (.{10})   ", line)
        if cells:
            found[int(cells.group(1))] = [cell.strip() for cell in cells.groups()[1:]]
    return found


def decorated():
    out = io.StringIO()

    @memtrace.profile(stream=out, precision=2)
    def function(n):
        a = take(n)
        b = take(1)
        for i in range(n):
            c = i
        return b

    first = function.__wrapped__.__code__.co_firstlineno
    for n in (3, 5):
        out.seek(0)
        out.truncate()
        function(n)
        table = rows(out.getvalue())
        equal(table[first + 2][1:3], ["%.2f MiB" % n, "%.2f MiB" % n], "decorated: a of %d" % n)
        equal(table[first + 3][1:3], ["1.00 MiB", "1.00 MiB"], "decorated: b")
        equal([table[first + at][3] for at in (0, 1, 2, 3, 4, 5, 6)], ["1", "", "1", "1", str(n + 1), str(n), "1"],
              "decorated: occurrences")
        equal(table[first + 5][1:3], ["0.00 MiB", "0.00 MiB"], "decorated: a line that takes nothing")


def on_return():
    out = io.StringIO()

    @memtrace.profile(stream=out)
    def function():
        a = take(3)
        b = take(2)
        return len(a)

    function()
    found = re.findall(r"^ {7} *(\S+ MiB) +(\S+ MiB) +(\S+ MiB) +\(on return\)$", out.getvalue(), re.M)
    equal([row[1] for row in found], ["-5.0 MiB"], "on return: what the locals held")
    increments = [float(cells[1].split()[0]) for cells in rows(out.getvalue()).values() if cells[1]] + [-5.0]
    equal(sum(increments), 0.0, "on return: the rows add up")
    plain = io.StringIO()
    memtrace.profile(stream=plain, rise=False)(function.__wrapped__)()
    equal("on return" in plain.getvalue(), False, "on return: memory_profiler's template")


def recursive():
    out = io.StringIO()

    @memtrace.profile(stream=out)
    def function(n):
        a = take(1)
        return function(n - 1) if n else a

    function(3)
    first = function.__wrapped__.__code__.co_firstlineno
    equal(out.getvalue().count("Filename:"), 1, "recursive: tables")
    table = rows(out.getvalue())
    equal(table[first + 2][1], "4.0 MiB", "recursive: all calls in one table")


def generators():
    out = io.StringIO()

    @memtrace.profile(stream=out)
    def numbers():
        a = take(2)
        yield 1
        b = take(3)
        yield 2

    equal(list(numbers()), [1, 2], "generator: its values")
    first = numbers.__wrapped__.__code__.co_firstlineno
    table = rows(out.getvalue())
    equal((table[first + 2][2], table[first + 4][2]), ("2.0 MiB", "3.0 MiB"), "generator: rises")


def coroutines():
    out = io.StringIO()

    @memtrace.profile(stream=out)
    async def waits():
        a = take(2)
        await asyncio.sleep(0)
        return len(a)

    equal(asyncio.run(waits()), 2 * MIB, "coroutine: its result")
    first = waits.__wrapped__.__code__.co_firstlineno
    equal(rows(out.getvalue())[first + 2][2], "2.0 MiB", "coroutine: rise")


def tables(out, function):
    """Of each table: {lines below the def: cells}."""
    first = memtrace._tables.code_of(function).co_firstlineno
    return [{number - first: cells for number, cells in rows(text).items()} for text in out.getvalue().split("Filename: ")[1:]]


def each_its_own(out, function, wanted, what):
    """`wanted`: for each call (increment of the line two below the decorator, of that four below), in any order."""
    found = sorted((table[2][1], table[4][1]) for table in tables(out, function))
    equal(found, sorted(wanted), what)
    for table in tables(out, function):
        equal({cells[3] for cells in table.values()}, {""}, what + ": nobody knows which call executed what")


def overlapping_tasks():
    out = io.StringIO()
    mark = memtrace.profile(stream=out)

    @mark
    async def waits(n):
        a = take(n)
        await asyncio.sleep(0.01 * n)
        b = take(2 * n)
        await asyncio.sleep(0)
        return len(a) + len(b)

    async def both():
        return await asyncio.gather(waits(2), waits(6))

    equal(asyncio.run(both()), [6 * MIB, 18 * MIB], "tasks: their results")
    each_its_own(out, waits, [("2.0 MiB", "4.0 MiB"), ("6.0 MiB", "12.0 MiB")], "tasks")
    out.truncate(0)
    asyncio.run(waits(3))
    equal([(table[2][1], table[2][3]) for table in tables(out, waits)], [("3.0 MiB", "1")], "tasks: a later call alone")


def overlapping_threads():
    out = io.StringIO()
    inside, go_on = threading.Barrier(2), threading.Barrier(2)

    @memtrace.profile(stream=out)
    def work(n):
        a = take(n)
        inside.wait()
        b = take(2 * n)
        go_on.wait()

    both = [threading.Thread(target=work, args=(n,)) for n in (1, 5)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    each_its_own(out, work, [("1.0 MiB", "2.0 MiB"), ("5.0 MiB", "10.0 MiB")], "threads of one function")


def overlapping_generators():
    out = io.StringIO()

    @memtrace.profile(stream=out)
    def numbers(n):
        a = take(n)
        yield n
        b = take(2 * n)
        yield 2 * n

    equal(list(zip(numbers(1), numbers(4))), [(1, 4), (2, 8)], "generators: their values")
    each_its_own(out, numbers, [("1.0 MiB", "2.0 MiB"), ("4.0 MiB", "8.0 MiB")], "generators")


def overlapping_blocks():
    out = io.StringIO()
    block = memtrace.profile("block", stream=out)
    inside, go_on = threading.Barrier(2), threading.Barrier(2)

    def work():
        with block:
            inside.wait()
        go_on.wait()

    thread = threading.Thread(target=work)
    thread.start()
    with block:
        inside.wait()
        go_on.wait()
    thread.join()
    equal(out.getvalue().count("block: peak memory: "), 2, "blocks of one profile")


def async_generators():
    out, said = io.StringIO(), []

    @memtrace.profile(stream=out)
    async def numbers(n):
        a = take(n)
        try:
            said.append((yield 1))
        except KeyError as problem:
            b = take(2)
            said.append(problem.args)
        try:
            yield 2
        finally:
            await asyncio.sleep(0)
            said.append("closed")

    async def all_of(n):
        return [value async for value in numbers(n)]

    async def by_hand():
        generator = numbers(3)
        first = await generator.asend(None)
        second = await generator.athrow(KeyError("thrown"))
        await generator.aclose()
        return first, second

    async def left():
        async for value in numbers(1):
            return value

    equal(asyncio.run(all_of(3)), [1, 2], "async generator: its values")
    equal(said, [None, "closed"], "async generator: what it was sent")
    equal([table[2][2] for table in tables(out, numbers)], ["3.0 MiB"], "async generator: rise")
    equal(asyncio.run(by_hand()), (1, 2), "async generator: by hand")
    equal(said[2:], [("thrown",), "closed"], "async generator: what was thrown")
    equal([table[6][1] for table in tables(out, numbers)[1:]], ["2.0 MiB"], "async generator: what it took then")
    equal(asyncio.run(left()), 1, "async generator: one that is left")
    equal(len(tables(out, numbers)), 3, "async generator: tables")


def kinds():
    @memtrace.profile(stream=io.StringIO())
    def plain():
        pass

    @memtrace.profile(stream=io.StringIO())
    def generator():
        yield

    @memtrace.profile(stream=io.StringIO())
    async def coroutine():
        pass

    @memtrace.profile(stream=io.StringIO())
    async def async_generator():
        yield

    @memtrace.profile(stream=io.StringIO())
    @types.coroutine
    def old():
        return (yield from asyncio.sleep(0, "old"))

    async def awaits():
        return await old()

    questions = (inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction)
    for function in (plain, generator, coroutine, async_generator, old):
        equal([question(function) for question in questions], [question(function.__wrapped__) for question in questions],
              "kind of " + function.__name__)
    equal(asyncio.run(awaits()), "old", "a coroutine that is a generator")


def inner_functions():
    out = io.StringIO()

    @memtrace.profile(stream=out)
    def outer(n):
        def inner():
            a = 1

            return take(a)
        return [inner() for _ in range(n)]

    outer(3)
    table, = tables(out, outer)
    equal([table[at][3] for at in (3, 4, 5)], ["3", "", "3"], "inner function: executions")


def block():
    out = io.StringIO()
    with memtrace.profile("a block", stream=out) as measured:
        a = take(6)
    near(measured.result.increment_bytes, 6 * MIB, "block: peak")
    if "a block: peak memory: " not in out.getvalue() or "take(6)" not in out.getvalue():
        wrong.append("block: " + out.getvalue())
    try:
        with memtrace.profile("raises", stream=out):
            raise KeyError("mine")
    except KeyError:
        pass
    else:
        wrong.append("block: an exception was swallowed")
    del a


def threads():
    memtrace.start()
    kept = []

    def work():
        kept.append(take(1))

    many = [threading.Thread(target=work) for _ in range(4)]
    for thread in many:
        thread.start()
    for thread in many:
        thread.join()
    result = memtrace.stop()
    near(result.end_bytes - result.begin_bytes, 4 * MIB, "threads: left", 60000)
    line = [x for x in result.report["lines"] if x["function"] and x["function"].endswith("work") and x["allocated_bytes"]]
    equal([x["allocated_bytes"] // MIB for x in line], [4], "threads: allocated by the workers")


def copies():
    """A node gets a newer counter record while its log is being copied: the copy has the record, or the node as it was before."""
    from memtrace import _log_copy
    send, page, node_at, unit_at = _log_copy._send, 4096, 3 * 4096, 2 * 4096
    header = bytearray(2 * page)
    struct.pack_into("=3Q", header, 232, 0, 2, 4)  # used: nodes, units
    struct.pack_into("=QI", header, 312, 4 * page, 2)
    struct.pack_into("=QIIQII", header, 1024, unit_at, 1, 2, node_at, 1, 1)
    with tempfile.TemporaryFile(buffering=0) as log, tempfile.TemporaryFile(buffering=0) as copy:
        write = lambda at, form, *values: os.pwrite(log.fileno(), struct.pack(form, *values), at)
        write(0, "=8192s", bytes(header))
        write(unit_at, "=4096s", b"")
        write(node_at, "=4096s", b"")
        write(unit_at + 2 * 32, "=I", 1)
        write(node_at + 32, "=III", 0, 1, 2)

        def then_it_changes(*arguments):
            send(*arguments)
            if not arguments[2]:
                return  # the header
            write(unit_at + 4 * 32, "=I", 2 << 4 | 12)
            write(232 + 2 * 8, "=Q", 6)
            write(node_at + 32, "=III", 0, 1, 4)

        _log_copy._send = then_it_changes
        _log_copy.write(log.fileno(), copy.fileno())
        _log_copy._send = send
        copied = os.pread(copy.fileno(), 5 * page, 0)
    chain, = struct.unpack_from("=I", copied, node_at + 32 + 8)
    used, = struct.unpack_from("=Q", copied, 232 + 2 * 8)
    link, = struct.unpack_from("=I", copied, unit_at + chain * 32)
    equal((len(copied), chain < used, link), (4 * page, True, 1 if chain == 2 else 2 << 4 | 12), "copies: chain %d, %d in use" % (chain, used))


def forks():
    memtrace.start("parent")
    parent = memtrace.log_path()
    a = take(2)
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            memtrace.start("child")
            b = take(3)
            result = memtrace.stop()
            os.write(write, json.dumps([result.increment_bytes, memtrace.log_path()]).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read) as pipe:
        increment, path = json.load(pipe)
    equal(os.waitpid(pid, 0)[1], 0, "forks: status of the child")
    near(increment, 3 * MIB, "forks: the child's peak")
    equal(path == parent, False, "forks: one log for both")
    result = memtrace.stop()
    near(result.increment_bytes, 2 * MIB, "forks: the parent's peak")
    os.unlink(path)
    del a


def marks():
    memtrace.mark("here")
    with memtrace.profile("after the mark", stream=io.StringIO()) as measured:
        pass
    report = measured.result.report
    equal([mark["name"] for mark in report["marks"]], ["here"], "marks")
    equal(report["periods"][-1]["name"], "after the mark", "name of the period")


if not memtrace.traced():
    sys.exit("not traced")
simple()  # first: the figures of the others are of a process that has read its own log before
for case in (nested, decorated, on_return, recursive, generators, coroutines, overlapping_tasks, overlapping_threads,
             overlapping_generators, overlapping_blocks, async_generators, kinds, inner_functions, block, marks, threads, copies, forks):
    case()
try:
    memtrace.stop()
    wrong.append("stop() without start()")
except RuntimeError:
    pass
print("\n".join(wrong))
sys.exit(bool(wrong))
