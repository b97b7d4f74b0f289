# SPDX-License-Identifier: MIT
"""Functions of every kind whose lines are counted. Usage: exact_program.py [--count OUTPUT]

With --count the program counts its own lines with a trace function and writes them down: [[line, function, executions], ...],
line 0 for the calls. Otherwise it says which modules there are and what it can see of being traced.
"""
import asyncio
import functools
import json
import opcode
import os
import sys
import threading

NAMED = ["Thing.method", "Thing.get", "loops", "generator", "delegating", "coroutine", "agen", "handlers", "recursive", "wrapped",
         "levels", "made", "in_thread", "with_inner", "multi"]


class Thing:
    def method(self, n):
        total = 0
        for i in range(n):
            total += i
            if i % 3 == 0:
                continue
            total -= 1
        return other(total)

    @property
    def get(self):
        return self.method(2)


def other(n):
    """Not named."""
    result = 0
    for i in range(5):
        result += i
    return result + n


def loops(n):
    i = 0
    while i < n:
        i += 1
        if i == 7:
            break
    else:
        i = -1
    for _ in ():
        pass
    return i


def generator(n):
    for i in range(n):
        got = yield i
        if got:
            other(got)
    return n


def delegating(n):
    a = yield from generator(n)
    b = yield from generator(a)
    yield b


async def coroutine(n):
    if n:
        await coroutine(n - 1)
    await asyncio.sleep(0)
    return n


async def agen(n):
    for i in range(n):
        yield i
        await asyncio.sleep(0)


async def asynchronous():
    await asyncio.gather(coroutine(3), coroutine(1))
    async for _ in agen(4):
        pass


def handlers(n):
    for i in range(n):
        try:
            if i % 2:
                raise KeyError(i)
            other(i)
        except KeyError:
            other(0)
        finally:
            other(1)


def recursive(n):
    if n == 0:
        return other(n)
    return recursive(n - 1)


def decorate(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


@decorate
@decorate
def wrapped(n):
    other(n)
    return n


def levels():
    first = 1
    block = bytearray(64 << 20)
    with_block = 2
    del block
    without = 3
    return first + with_block + without


def in_thread(n):
    for i in range(n):
        other(i)


def with_inner(n):
    def inner(x):
        y = x + 1
        return y

    a = inner(n)
    b = inner(a)
    return b


def multi(n):
    return other(
        n +
        other(n)
    )


def main():
    thing = Thing()
    thing.method(20)
    thing.get
    loops(3)
    loops(10)
    list(delegating(3))
    g = generator(5)
    next(g)
    g.send(3)
    g.close()
    asyncio.run(asynchronous())
    handlers(9)
    recursive(30)
    wrapped(1)
    wrapped(2)
    levels()
    for i in range(3):
        space = {"other": other}
        body = "".join("    x%d = %d\n" % (k, k) for k in range(300))
        exec(compile("def made(n):\n" + body + "    return other(n)\n", "made.py", "exec"), space)
        space["made"](i)
    threads = [threading.Thread(target=in_thread, args=(5000 + i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    with_inner(1)
    multi(1)


counts = {}
counting = threading.Lock()


def begins(frame):
    """Not the resumption of a generator."""
    if sys.version_info < (3, 11):
        return frame.f_lasti < 0
    code, at = frame.f_code.co_code, frame.f_lasti
    return code[at] == opcode.opmap["RESUME"] and code[at + 1] & 3 == 0


def name_of(code):
    return getattr(code, "co_qualname", code.co_name)


def tracer(frame, event, arg):
    name = name_of(frame.f_code)
    if os.path.basename(frame.f_code.co_filename) not in ("exact_program.py", "made.py"):
        return None
    if name not in [n if sys.version_info >= (3, 11) else n.split(".")[-1] for n in NAMED]:
        return None
    if event == "line" or event == "call" and begins(frame):
        key = (frame.f_lineno if event == "line" else 0, name)
        with counting:
            counts[key] = counts.get(key, 0) + 1
    return tracer


def events(ask, *arguments):
    """What is being watched, by any tool: nothing of functions that are not named."""
    found = []
    for tool in range(6):
        try:
            found.append(ask(tool, *arguments))
        except ValueError:  # not in use
            found.append(0)
    return found


def watched():
    if not hasattr(sys, "monitoring"):
        return []
    return events(sys.monitoring.get_events) + events(sys.monitoring.get_local_events, other.__code__)


if len(sys.argv) > 2:
    sys.settrace(tracer)
    threading.settrace(tracer)
    main()
    sys.settrace(None)
    with open(sys.argv[2], "w") as f:
        for (line, name), n in counts.items():
            f.write(json.dumps([line, name, n]) + "\n")
else:
    main()
    if os.fork() == 0:
        loops(3)
        loops(3)
        os._exit(0)
    os.wait()
    print(json.dumps([sorted(sys.modules), sys.gettrace(), sys.getprofile(), str(getattr(sys, "monitoring", None)),
                      len(sys.path), sys.flags[:], watched()]))
