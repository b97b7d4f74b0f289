# SPDX-License-Identifier: MIT
"""Stretches of this process's time, measured for themselves.

A stretch begins a period of the log (memtrace.h), and so does what comes after it, so that its tables hold nothing else.
Stretches may be nested: the outer one is then the sum of several periods, in which a rise goes no further than to the border
of an inner one.
"""

import builtins
import os
import sys
import tempfile
import threading
import warnings
import weakref

from . import _calls, _log_copy, _native, _tables, _text


class NotTraced(RuntimeError):
    """This process was not started under memtrace."""


class NotTracedWarning(UserWarning):
    pass


def _remove(path, process):
    if os.getpid() == process:  # not in the child of a fork
        try:
            os.unlink(path)
        except OSError:
            pass


def _copy_log():
    """The log as it is now: reading takes a while, and the next period has a peak of its own."""
    handle, path = tempfile.mkstemp(prefix="memtrace.", suffix=".mt")
    with open(_native.log_path(), "rb", buffering=0) as log, os.fdopen(handle, "wb", buffering=0) as copy:
        _log_copy.write(log.fileno(), copy.fileno())
    return path


class Result:
    """What a stretch took. Bytes; the tables are made when they are asked for."""

    def __init__(self, name, first, last, begin, end, peak, copy, under=None):
        self.name = name
        self.first_period, self.last_period = first, last
        self.begin_bytes = begin  #: live when it began
        self.end_bytes = end  #: live when it ended
        self.peak_bytes = peak  #: the most that was live in between
        self._copy = copy
        self._under = ("--under", under) if under else ()  # the frame of the call that this is about, not of all that ran then
        self._report = None
        if copy:
            weakref.finalize(self, _remove, copy, os.getpid())

    @property
    def increment_bytes(self):
        """How far the peak stood above the beginning."""
        return self.peak_bytes - self.begin_bytes

    @property
    def report(self):
        """The members of `memtrace report --json` (report/SCHEMA.md) for this stretch."""
        if self._report is None:
            self._report = _tables.ask("report", *self.selection(), self._copy)
        return self._report

    @property
    def log(self):
        """The log as it was at the end; it goes with this object."""
        return self._copy

    def selection(self):
        """The options of a view that shows this stretch alone."""
        return (*self._periods(), *self._under)

    def _periods(self):
        return "--period", "%d-%d" % (self.first_period, self.last_period)

    def held(self):
        """[(bytes, line)] of what was live at the peak, most first, each by the innermost line of the user's own code."""
        if self.first_period != self.last_period:
            return []  # of the peaks of several periods only the last is known in full
        return _tables.held_lines(self._copy, *self._periods())

    def leaks(self):
        """[(bytes, line)] of what was allocated and not released when it ended, most first."""
        lines = [(line["live_bytes"], line) for line in self.report["lines"]
                 if line["live_bytes"] > 0 and _tables.is_users(line)]
        return sorted(lines, key=lambda pair: -pair[0])

    def table(self, function, precision=1, rise=True):
        """The line table of a function."""
        code = _tables.code_of(function)
        return _tables.format_function(self.report, code, precision, rise) if code else ""

    def print(self, stream=None):
        stream = stream or sys.stdout
        _text.write(stream, "%s\n\n%s" % (self, _tables.format_top(self.report)))

    def __str__(self):
        return "%speak memory: %s, increment: %s" % (
            self.name + ": " if self.name else "", _text.size(self.peak_bytes), _text.size(self.increment_bytes))

    def __repr__(self):
        return "<memtrace.Result %s>" % self

    def _repr_html_(self):
        from . import _notebook
        return "<p>%s</p>%s" % (_notebook.escaped(self), _notebook.top_html(self))


_lock = threading.RLock()
_open = []  # stretches, outermost first


class Stretch:
    def __init__(self, name=None):
        self.name = name
        self.first = 0
        self.begin = self.highest = 0
        self.process = os.getpid()

    def start(self):
        if not _native.traced():
            raise NotTraced(_native.how_to_start())
        with _lock:
            _forget_parents()
            if _open:
                peak = _native.peak_bytes()
                for outer in _open:
                    outer.highest = max(outer.highest, peak)
            _open.append(self)
            self.first = _native.period(self.name)
            self.begin = _native.period_bytes()
        return self

    def stop(self, copy=True, under=None):
        end, peak = _native.live_bytes(), _native.peak_bytes()
        with _lock:
            _forget_parents()
            if self not in _open:
                raise RuntimeError("this measurement has been stopped before, or belongs to the parent process")
            path = _copy_log() if copy else None
            last = _native.period() - 1
            _open.remove(self)
            for outer in _open:
                outer.highest = max(outer.highest, peak)
        return Result(self.name, self.first, last, self.begin, end, max(peak, self.highest), path, under)


def _forget_parents():
    """In the child of a fork, which has a log of its own."""
    process = os.getpid()
    _open[:] = [stretch for stretch in _open if stretch.process == process]


_started = []


def start(name=None):
    """Begin to measure; stop() gives the result. May be nested."""
    _started.append(Stretch(name).start())


def stop():
    """End the measurement that was started last. Its Result."""
    if not _started:
        raise RuntimeError("memtrace.stop() without memtrace.start()")
    return _started.pop().stop()


# ---- profile

_warned = False
# python -m memtrace: {code: its Profile} of the functions to be shown at the end, instead of at each call; else None
collecting = getattr(getattr(builtins, "profile", None), "collecting", None)


def _measurable():
    """False: this process is not traced, which is said once."""
    global _warned
    if _native.traced():
        return True
    if not _warned:
        _warned = True
        warnings.warn(_native.how_to_start(), NotTracedWarning, stacklevel=4)
    return False


class Profile:
    """What profile() returns: a decorator and a context manager."""

    def __init__(self, name=None, stream=None, precision=None, rise=None):
        self.name = name
        self.stream = stream
        self.precision = precision
        self.rise = rise
        self.result = None  #: of the last stretch measured
        self._stretches = []  # (frame of the with statement, stretch): it may be entered again meanwhile, by another thread, too

    def __enter__(self):
        if _measurable():
            self._stretches.append((sys._getframe(1), Stretch(self.name).start()))
        return self

    def __exit__(self, *exception):
        if not self._stretches:
            return
        frame = sys._getframe(1)
        mine = [entered for entered in self._stretches if entered[0] is frame] or self._stretches
        entered = mine[-1]
        self._stretches.remove(entered)
        self.result = entered[1].stop()
        self.result.print(self.stream)

    def __call__(self, function):
        code = _tables.code_of(function)
        if code is None:
            raise TypeError("%r has no Python code to be profiled" % (function,))
        if collecting is not None and self.stream is None:
            if code not in collecting:
                collecting[code] = self
                _native.count_lines(_tables.codes_of(code), True)
            return function
        return _calls.wrap(function, lambda: self._begin(code), lambda call: self._end(code, call))

    def _begin(self, code):
        if not _measurable() or _calls.is_inside(code):
            return None  # a recursive call is a part of the outer one
        call = _calls.Call(code)
        _native.count_lines(_tables.codes_of(code), True)
        try:
            call.stretch = Stretch(code.co_name).start()
        except BaseException:
            self._give_up(code, call)
            raise
        return call

    @staticmethod
    def _give_up(code, call):
        _native.count_lines(_tables.codes_of(code), False)
        call.end()

    def _end(self, code, call):
        if call is None:
            return
        try:
            # What all calls executed is known, not what each did.
            result = self.result = call.stretch.stop(under=None if call.alone else call.frame())
        finally:
            self._give_up(code, call)
        stream = self.stream or sys.stdout
        _text.write(stream, self.table_of(result.report, code))

    def table_of(self, report, code, precision=1, rise=True):
        """With what this profile says, or else these."""
        return _tables.format_function(report, code, precision if self.precision is None else self.precision,
                                       rise if self.rise is None else self.rise)


def profile(function=None, stream=None, precision=None, rise=None, backend=None, name=None):
    """Measure a function or a block.

        @memtrace.profile                       its line table after each call, in memory_profiler's manner
        @memtrace.profile(precision=3, stream=file, rise=False)
        with memtrace.profile("load"):          peak, and the lines that rose most, at its end

    Under `python -m memtrace`, functions without a stream get their tables at the end, of all calls. `precision`: decimals (1;
    there 3). `rise=False` leaves out the column that memory_profiler does not have. `backend` is memory_profiler's and means
    nothing here.
    """
    if isinstance(function, str):
        function, name = None, function
    made = Profile(name, stream, precision, rise)
    return made(function) if function is not None else made
