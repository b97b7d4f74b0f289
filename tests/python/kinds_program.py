# SPDX-License-Identifier: MIT
"""Marked allocations in code that comes from other places than a script, in other processes, and under native code.

Usage: kinds_program.py FOLDER KIND...
  modules     from zip files, packages, reloaded, replaced, without source, frozen importers on the way
  fork|spawn|forkserver    multiprocessing's ways to start a process
  greenlets   if there are any (exit status 77 if not)
  native      calls out of and back into Python by an extension: FOLDER/spam.*.so
  hooks       import hooks, audit hooks, descriptors, __getattr__ of modules, weakref callbacks, excepthook, breakpointhook, ...
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from marks import mark  # noqa: E402

SOURCE = """
from marks import mark


def grow(n):
%s    if n:
        return grow(n - 1)
    return len(bytearray(mark()))


class Grower:
    def __call__(self):
        return [len(bytearray(mark())) for _ in range(2)]


block = len(bytearray(mark()))
"""


def source(blank_lines):
    return SOURCE % ("    pass\n" * blank_lines)


def write(folder, *path, **kwargs):
    name = os.path.join(folder, *path)
    if not os.path.isdir(os.path.dirname(name)):
        os.makedirs(os.path.dirname(name))
    with open(name, "w") as f:
        f.write(kwargs["text"])
    return name


def modules(folder):
    import importlib
    import py_compile
    import runpy
    import types
    import zipfile
    archive = os.path.join(folder, "archive.zip")
    with zipfile.ZipFile(archive, "w") as z:
        z.writestr("zipped.py", source(1))
        z.writestr("package/__init__.py", "from . import inner\n")
        z.writestr("package/inner.py", source(2))
        z.writestr("__main__.py", source(3))
    sys.path[:0] = [archive, folder]
    import zipped
    import package.inner
    zipped.grow(3)
    zipped.Grower()()
    package.inner.grow(2)
    runpy.run_path(archive)
    write(folder, "changing.py", text=source(0))
    import changing
    changing.grow(1)
    old = changing.grow
    for n in range(1, 4):
        write(folder, "changing.py", text=source(n))
        importlib.invalidate_caches()
        os.utime(os.path.join(folder, "changing.py"), (n * 1000, n * 1000))
        importlib.reload(changing)
        changing.grow(1)
        old(1)
        changing.Grower()()
    name = write(folder, "compiled.py", text=source(4))
    py_compile.compile(name, cfile=os.path.join(folder, "compiled_only.pyc"))
    os.unlink(name)
    import compiled_only
    compiled_only.grow(2)
    made = types.ModuleType("made")
    exec(source(5), made.__dict__)
    made.grow(1)
    runpy.run_module("zipped")
    code = compile(source(6), "<made up>", "exec")
    exec(code, {})
    if sys.version_info >= (3, 8):
        exec(code.replace(co_filename="renamed.py", co_firstlineno=1000), {})


def child(n):
    bytearray(mark())
    return recursive(n)


def recursive(n):
    if n:
        return recursive(n - 1)
    return len(bytearray(mark()))


def processes(method):
    import multiprocessing
    context = multiprocessing.get_context(method)
    bytearray(mark())
    started = [context.Process(target=child, args=(n,)) for n in range(3)]
    for p in started:
        p.start()
    for p in started:
        p.join()
    with context.Pool(2) as pool:
        pool.map(recursive, [1, 5, 9, 2])
        pool.close()
        pool.join()
    bytearray(mark())


def greenlets():
    try:
        import greenlet
    except ImportError:
        sys.exit(77)

    def worker(n):
        bytearray(mark())
        for i in range(3):
            bytearray(mark())
            deep(n, i)
            parent.switch()
        bytearray(mark())

    def deep(n, i):
        if n:
            return deep(n - 1, i)
        bytearray(mark())
        parent.switch()
        bytearray(mark())

    parent = greenlet.getcurrent()
    running = [greenlet.greenlet(worker) for _ in range(4)]
    for n, g in enumerate(running):
        g.switch(5 * n)
        bytearray(mark())
    while any(running):
        for g in running:
            if not g.dead:
                g.switch()
        bytearray(mark())


def native(folder):
    sys.path.insert(0, folder)
    import spam
    spam.allocate(mark())
    spam.call(lambda: bytearray(mark()))
    spam.call(lambda: spam.call(lambda: spam.allocate(mark())))
    spam.Thing().method(recursive, 4)
    list(map(spam.call, [lambda: bytearray(mark())] * 2))
    try:
        spam.call(lambda: len(bytearray(mark())) and 1 / 0)
    except ZeroDivisionError:
        bytearray(mark())
    spam.without_gil(mark())


class Finder:
    def find_spec(self, name, path=None, target=None):
        bytearray(mark())


class Descriptor:
    def __get__(self, instance, owner):
        return len(bytearray(mark()))

    def __set__(self, instance, value):
        bytearray(mark())

    def __set_name__(self, owner, name):
        bytearray(mark())


class Base:
    slot = Descriptor()

    def __init_subclass__(cls):
        bytearray(mark())

    def __class_getitem__(cls, item):
        return len(bytearray(mark()))

    def __enter__(self):
        return self

    def __exit__(self, *args):
        return bool(bytearray(mark()))

    def __reduce__(self):
        bytearray(mark())
        return Base, ()

    def __copy__(self):
        bytearray(mark())
        return self

    def __index__(self):
        bytearray(mark())
        return 1

    def __bool__(self):
        return bool(len(bytearray(mark())))

    def __add__(self, other):
        bytearray(mark())
        return self

    def __contains__(self, item):
        return len(bytearray(mark())) > 0

    def __call__(self, *args):
        bytearray(mark())

    def __next__(self):
        bytearray(mark())
        raise StopIteration

    def __iter__(self):
        return self


def hooks(folder):
    import copy
    import functools
    import gc
    import itertools
    import pickle
    import weakref
    sys.meta_path.insert(0, Finder())
    try:
        import not_there  # noqa: F401
    except ImportError:
        bytearray(mark())
    del sys.meta_path[0]
    base = Base()
    base.slot
    base.slot = 1
    type("Sub", (Base,), {})
    Base[int]
    with base:
        raise KeyError
    pickle.loads(pickle.dumps(base))
    copy.copy(base)
    [0, 1][base]
    not base
    base + 1
    base += 1
    1 in base
    base()
    list(base)
    sum(itertools.chain(base, (len(bytearray(mark())) for _ in "ab")))
    list(itertools.starmap(lambda a, b: bytearray(mark()), [(1, 2)]))
    list(itertools.takewhile(lambda a: bytearray(mark()), [1]))
    functools.singledispatch(lambda a: bytearray(mark()))(1)
    functools.cached_property
    holder = type("Holder", (), {"p": functools.cached_property(lambda self: bytearray(mark()))})()
    holder.p
    thing = type("Collected", (), {})()
    weakref.finalize(thing, lambda: bytearray(mark()))
    del thing
    gc.callbacks.append(lambda phase, info: bytearray(mark()))
    gc.collect()
    gc.callbacks.pop()
    min([3, 1, 2], key=lambda n: len(bytearray(mark())))
    "".join(str(len(bytearray(mark()))) for _ in range(2))
    dict((i, bytearray(mark())) for i in range(2))
    (lambda *a, **k: bytearray(mark()))(*[1], **{"b": 2})
    sys.excepthook, kept = (lambda *a: bytearray(mark())), sys.excepthook
    sys.excepthook(None, None, None)
    sys.excepthook = kept
    if sys.version_info >= (3, 10):
        exec("match bytearray(mark()):\n case bytearray() if bytearray(mark()):\n  bytearray(mark())")
    if sys.version_info >= (3, 11):
        exec("try:\n raise ExceptionGroup('', [KeyError(), OSError()])\nexcept* KeyError:\n bytearray(mark())\n"
             "except* OSError:\n bytearray(mark())")
    if sys.version_info >= (3, 12):
        exec("def f[T](a: T) -> T:\n return bytearray(mark())\nf(1)\ntype X = len(bytearray(mark()))\nX.__value__")


def main():
    folder, kinds = sys.argv[1], sys.argv[2:]
    for kind in kinds:
        if kind in ("modules", "native", "hooks"):
            globals()[kind](folder)
        elif kind == "greenlets":
            greenlets()
        else:
            processes(kind)


if __name__ == "__main__":
    main()
