# SPDX-License-Identifier: MIT
"""Every way to measure a stretch of one's own process, with what it must say. Prints nothing but what went wrong."""

import asyncio
import io
import json
import os
import re
import sys
import threading

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
for case in (nested, decorated, recursive, generators, coroutines, block, marks, threads, forks):
    case()
try:
    memtrace.stop()
    wrong.append("stop() without start()")
except RuntimeError:
    pass
print("\n".join(wrong))
sys.exit(bool(wrong))
