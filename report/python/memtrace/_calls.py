# SPDX-License-Identifier: MIT
"""Calls of profiled functions, of which several may be under way at a time: in threads, tasks, generators.

Periods of the log are the whole process's. So each call runs below a frame of its own, `<call N>`, by which the log's stacks
tell it from the others; N is used again when the call has ended, in later periods.
"""

import functools
import inspect
import sys
import threading
import types


def _plain(function, args, kwargs):
    return function(*args, **kwargs)


async def _coroutine(function, args, kwargs):
    return await function(*args, **kwargs)


def _generator(function, args, kwargs):
    return (yield from function(*args, **kwargs))


async def _step(awaitable):
    return await awaitable


_lock = threading.Lock()
_under_way = {}  # number: Call
_numbers = {}  # id of a frame's code object: its call's number
_made = {}  # (template, number): function


def _numbered(template, number):
    """`template` under the name of a call."""
    function = _made.get((template, number))
    if function is None:
        name = {"co_name": "<call %d>" % number}
        if hasattr(template.__code__, "co_qualname"):
            name["co_qualname"] = name["co_name"]
        function = types.FunctionType(template.__code__.replace(**name), template.__globals__)
        function = _made.setdefault((template, number), function)
        _numbers[id(function.__code__)] = number
    return function


class Call:
    """One that has begun. `alone`: no other one of its function was under way in the meantime."""

    def __init__(self, code):
        self.code = code
        self.alone = True
        self.stretch = None
        with _lock:
            self.number = 1
            while self.number in _under_way:
                self.number += 1
            for other in _under_way.values():
                if other.code is code:
                    self.alone = other.alone = False
            _under_way[self.number] = self

    def end(self):
        with _lock:
            _under_way.pop(self.number, None)

    def frame(self):
        """What `memtrace report --under` calls the frame."""
        return "memtrace/_calls.py:<call %d>" % self.number


def is_inside(code):
    """The caller runs in a call of this code that has begun: in the same thread, task and generator."""
    frame = sys._getframe(1)
    while frame:
        call = _under_way.get(_numbers.get(id(frame.f_code)))
        if call and call.code is code:
            return True
        frame = frame.f_back
    return False


def _run(template, call, *args):
    return (_numbered(template, call.number) if call else template)(*args)


def _without_hooks(start):
    """start(), a first step of an async generator that its event loop is not to close: we do."""
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        return start()
    finally:
        sys.set_asyncgen_hooks(*hooks)


def wrap(function, begin, end):
    """A function of the same kind, which calls begin() before and end(what that returned) after."""
    if inspect.isasyncgenfunction(function):
        async def wrapper(*args, **kwargs):
            call = begin()
            try:
                generator = function(*args, **kwargs)
                step = _without_hooks(generator.__anext__)
                while True:
                    try:
                        item = await _run(_step, call, step)
                    except StopAsyncIteration:
                        return
                    try:
                        sent = yield item
                    except GeneratorExit:
                        await _run(_step, call, generator.aclose())
                        raise
                    except BaseException as problem:
                        step = generator.athrow(problem)
                    else:
                        step = generator.asend(sent)
            finally:
                end(call)
    elif inspect.iscoroutinefunction(function):
        async def wrapper(*args, **kwargs):
            call = begin()
            try:
                return await _run(_coroutine, call, function, args, kwargs)
            finally:
                end(call)
    elif inspect.isgeneratorfunction(function):
        def wrapper(*args, **kwargs):
            call = begin()
            try:
                return (yield from _run(_generator, call, function, args, kwargs))
            finally:
                end(call)
        if getattr(getattr(function, "__code__", None), "co_flags", 0) & inspect.CO_ITERABLE_COROUTINE:  # types.coroutine()
            wrapper = types.coroutine(wrapper)
    else:
        def wrapper(*args, **kwargs):
            call = begin()
            try:
                return _run(_plain, call, function, args, kwargs)
            finally:
                end(call)
    return functools.wraps(function)(wrapper)
