# SPDX-License-Identifier: MIT
"""Allocates blocks of known sizes in every situation that makes Python frames, and writes down where.

Usage: stacks_program.py OUTPUT. A line of OUTPUT is one block: [bytes, [[file, line, name], ...]], innermost frame first, as
sys._getframe has it at the same place. The stack in the log must be the same.
"""
import asyncio
import atexit
import collections
import contextlib
import ctypes
import functools
import gc
import json
import mmap
import os
import re
import signal
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

STEP = 65536
next_size = [8 << 20]
lock = threading.Lock()
output = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def name_of(code):
    return getattr(code, "co_qualname", code.co_name)


def mark(size=0):
    """A size that nothing else has; the chain of frames of whoever asks for it is written down."""
    with lock:
        size = size or next_size[0]
        next_size[0] = max(next_size[0], size) + STEP
    frame = sys._getframe(1)
    chain = []
    while frame:
        chain.append([frame.f_code.co_filename, frame.f_lineno, name_of(frame.f_code)])
        frame = frame.f_back
    os.write(output, (json.dumps([size, chain]) + "\n").encode())
    return size


def plain():
    a = bytearray(mark())
    del a
    for _ in range(3):
        bytearray(mark())


def recursion(depth):
    if depth:
        return recursion(depth - 1)
    return len(bytearray(mark()))


def mutual(depth):
    if depth % 7 == 0:
        bytearray(mark())
    if depth:
        mutual_other(depth - 1)


def mutual_other(depth):
    if depth % 5 == 0:
        bytearray(mark())
    if depth:
        mutual(depth - 1)


def generator(n):
    for _ in range(n):
        yield bytearray(mark())
    yield from inner_generator()


def inner_generator():
    bytearray(mark())
    got = yield 1
    bytearray(mark())
    try:
        yield got
    except KeyError:
        bytearray(mark())
        yield 2
    finally:
        bytearray(mark())


def generators():
    for block in generator(2):
        del block
    g = inner_generator()
    next(g)
    g.send(5)
    g.throw(KeyError("x"))
    g.close()
    sum(len(bytearray(mark())) for _ in range(2))
    left = inner_generator()
    next(left)
    next(left)
    del left  # its finally runs when it is closed


def comprehensions():
    [len(bytearray(mark())) for _ in range(2)]
    {len(bytearray(mark())) for _ in range(2)}
    {i: len(bytearray(mark())) for i in range(2)}
    [[len(bytearray(mark())) for _ in range(1)] for _ in range(2)]


class Meta(type):
    def __call__(cls, *args):
        bytearray(mark())
        return super().__call__(*args)

    def __new__(mcs, name, bases, body):
        bytearray(mark())
        return super().__new__(mcs, name, bases, body)


class Thing(metaclass=Meta):
    block = len(bytearray(mark()))

    def __init__(self):
        bytearray(mark())

    def __del__(self):
        bytearray(mark())

    @property
    def value(self):
        return len(bytearray(mark()))

    @value.setter
    def value(self, _):
        bytearray(mark())

    @classmethod
    def cls(cls):
        bytearray(mark())

    @staticmethod
    def static():
        bytearray(mark())

    def __getattr__(self, name):
        return len(bytearray(mark()))

    def __eq__(self, other):
        bytearray(mark())
        return self is other

    def __hash__(self):
        bytearray(mark())
        return 1

    def __lt__(self, other):
        bytearray(mark())
        return False

    def __format__(self, spec):
        bytearray(mark())
        return spec

    def __iter__(self):
        bytearray(mark())
        return iter(())

    def __enter__(self):
        bytearray(mark())

    def __exit__(self, *args):
        bytearray(mark())


class Defaults(dict):
    def __missing__(self, key):
        return len(bytearray(mark()))


def objects():
    thing = Thing()
    thing.value
    thing.value = 1
    thing.cls()
    thing.static()
    thing.other
    {thing: 1, Thing(): 2}
    sorted([thing, thing])
    format(thing, "x")
    "%s" % ("{:y}".format(thing))
    list(thing)
    with thing:
        bytearray(mark())
    Defaults()["x"]
    weak = weakref.ref(thing, lambda _: bytearray(mark()))
    del thing
    cycle = [Thing()]
    cycle.append(cycle)
    del cycle, weak
    gc.collect()


def decorate(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        bytearray(mark())
        return function(*args, **kwargs)

    return wrapper


@decorate
@decorate
def decorated(n):
    bytearray(mark())
    return n


@contextlib.contextmanager
def manager():
    bytearray(mark())
    yield
    bytearray(mark())


@functools.lru_cache(None)
def cached(_):
    return len(bytearray(mark()))


def calls_from_c():
    list(map(lambda _: bytearray(mark()), [1, 2]))
    list(map(bytearray, [mark()]))
    list(filter(lambda _: bytearray(mark()), [1]))
    sorted([3, 1], key=lambda x: len(bytearray(mark())))
    sorted([3, 1], key=functools.cmp_to_key(lambda a, b: len(bytearray(mark()))))
    functools.reduce(lambda a, b: bytearray(mark()), [1, 2, 3])
    functools.partial(recursion, 3)()
    re.sub("a", lambda m: str(len(bytearray(mark()))), "aa")
    json.loads('{"a": {}}', object_hook=lambda d: bytearray(mark()))
    collections.defaultdict(lambda: bytearray(mark()))["x"]
    decorated(1)
    cached(1)
    with manager():
        bytearray(mark())
    max([1, 2], key=lambda x: len(bytearray(mark())))
    (lambda: (lambda: bytearray(mark()))())()


def ctypes_callback():
    libc = ctypes.CDLL(None)
    compare_type = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))

    def compare_for_qsort(a, b):
        bytearray(mark())
        return a[0] - b[0]

    array = (ctypes.c_int * 3)(3, 1, 2)
    libc.qsort(array, 3, ctypes.sizeof(ctypes.c_int), compare_type(compare_for_qsort))


def executed():
    eval("len(bytearray(mark()))")
    exec("bytearray(mark())\n\nbytearray(mark())\n")
    exec(compile("def f():\n\n    bytearray(mark())\nf()", "/no/such/dir/caf\u00e9_\u4e16_\U0001f600.py", "exec"),
         {"mark": mark})
    exec(compile("\n" * 70000 + "bytearray(mark())", "far_down.py", "exec"))
    exec(compile("class \u00c9t\u00e9:\n  def m\u00e9(self): return bytearray(mark())\n\u00c9t\u00e9().m\u00e9()", "odd\udc80.py", "exec"), {"mark": mark})
    body = "".join("    x%d = %d\n" % (i, i) for i in range(700))
    exec(compile("def long():\n" + body + "    bytearray(mark())\n" + body + "    bytearray(mark())\nlong()", "long.py",
                 "exec"), {"mark": mark})


async def coroutine(n):
    bytearray(mark())
    if n:
        await coroutine(n - 1)
    await asyncio.sleep(0)
    bytearray(mark())


async def async_generator():
    yield bytearray(mark())
    await asyncio.sleep(0)
    yield bytearray(mark())


class AsyncManager:
    async def __aenter__(self):
        bytearray(mark())

    async def __aexit__(self, *args):
        bytearray(mark())


async def asynchronous():
    await asyncio.gather(coroutine(2), coroutine(0))
    async for _ in async_generator():
        bytearray(mark())
    async with AsyncManager():
        bytearray(mark())
    [len(b) async for b in async_generator()]
    asyncio.get_running_loop().call_soon(lambda: bytearray(mark()))
    await asyncio.sleep(0)


def exceptions():
    try:
        bytearray(mark())
        raise ValueError(bytearray(mark()))
    except ValueError:
        bytearray(mark())
    finally:
        bytearray(mark())


def in_thread():
    bytearray(mark())
    recursion(20)
    list(generator(1))


def threads():
    started = [threading.Thread(target=in_thread) for _ in range(4)]
    for t in started:
        t.start()
    for t in started:
        t.join()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(recursion, [1, 2, 3]))


def on_signal(number, frame):
    bytearray(mark())


def signals():
    signal.signal(signal.SIGUSR1, on_signal)
    os.kill(os.getpid(), signal.SIGUSR1)
    for _ in range(100):
        pass


def mappings():
    # 3.13 and later map with the GIL released.
    mmap.mmap(-1, mark()).close()
    mmap.mmap(-1, mark()).close()


def raw_calls():
    # Without the GIL.
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]
    libc.free(libc.malloc(ctypes.c_size_t(mark())))


def traced():
    def tracer(frame, event, arg):
        if frame.f_code is recursion.__code__ and event == "return":
            bytearray(mark())
        return tracer

    sys.settrace(tracer)
    recursion(2)
    sys.settrace(None)
    sys.setprofile(tracer)
    recursion(2)
    sys.setprofile(None)


SUB = """
import sys, os, json
def mark(size):
    frame = sys._getframe(1)
    chain = []
    while frame:
        chain.append([frame.f_code.co_filename, frame.f_lineno, getattr(frame.f_code, "co_qualname", frame.f_code.co_name)])
        frame = frame.f_back
    os.write(%d, (json.dumps([size, chain]) + "\\n").encode())
    return size
def inside(n):
    if n:
        return inside(n - 1)
    bytearray(mark(%d))
inside(3)
list(map(inside, [1]))
"""


def sub_interpreters():
    try:
        import _interpreters as interpreters
    except ImportError:
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            print("no sub-interpreters here")
            return
    sub = interpreters.create()
    with lock:
        size = next_size[0]
        next_size[0] += STEP
    interpreters.run_string(sub, SUB % (output, size))
    interpreters.destroy(sub)


def forked():
    pid = os.fork()
    if pid == 0:
        bytearray(1)  # has a log of its own
        os._exit(0)
    os.waitpid(pid, 0)
    bytearray(mark())


def at_exit():
    bytearray(mark())
    os.close(output)


def main():
    atexit.register(at_exit)
    plain()
    for depth in (0, 1, 5, 50, 400, 399, 3):
        recursion(depth)
    mutual(30)
    generators()
    comprehensions()
    objects()
    calls_from_c()
    ctypes_callback()
    executed()
    asyncio.run(asynchronous())
    exceptions()
    threads()
    signals()
    mappings()
    raw_calls()
    traced()
    sub_interpreters()
    forked()
    for depth in (4, 60, 2):
        recursion(depth)


main()
