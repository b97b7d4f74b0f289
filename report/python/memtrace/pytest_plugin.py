# SPDX-License-Identifier: MIT
"""pytest: what each test takes at its peak and leaves behind, and limits for both.

    pytest --memtrace                                            peak and leak of each test, with their lines
    @pytest.mark.memtrace(limit="100 MiB")                       fails when the peak stands higher above the test's start
    @pytest.mark.memtrace(leaks="1 MiB")                         fails when more is left after the test

pytest is started again under memtrace when --memtrace is given and it was not. Limits of an untraced run are not checked,
which is said.
"""

import gc
import os
import re
import sys
import types
import unittest

import pytest

from . import _native, _period, _tables, _text

_WORTH_LINES = 1 << 16  # bytes of a test's peak
_STARTED = "MEMTRACE_PYTEST"  # set for the pytest that is started again

_units = {"": 1, "b": 1, "kb": 1000, "mb": 1000 ** 2, "gb": 1000 ** 3, "tb": 1000 ** 4,
          "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40,
          "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}


def parse_size(text):
    """Bytes of "100 MiB", "1.5 GB", "20k", 4096."""
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        return int(text)
    found = re.match(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-zA-Z]*)\s*$", str(text))
    if not found or found.group(2).lower() not in _units:
        raise ValueError("%r is no amount of memory; try '100 MiB'" % (text,))
    return int(float(found.group(1)) * _units[found.group(2).lower()])


def pytest_addoption(parser):
    group = parser.getgroup("memtrace", "memory of each test, by memtrace")
    group.addoption("--memtrace", action="store_true", default=False, help="show the peak of each test and what it leaves behind")
    group.addoption("--memtrace-top", type=int, default=10, metavar="N", help="show the N tests with the highest peaks (10; 0: all)")
    group.addoption("--memtrace-limit", metavar="SIZE", help="limit for every test without one of its own, such as '100 MiB'")
    group.addoption("--memtrace-leaks", metavar="SIZE", help="the same for what a test leaves behind")
    parser.addini("memtrace", "show the memory of each test", type="bool", default=False)


def _start_again():
    """Become a pytest under memtrace. By the command line only: pytest.main() within a program is told how to start instead."""
    arguments = getattr(sys, "orig_argv", None)
    if arguments is None:
        first = sys.argv[0]
        arguments = [sys.executable] + (["-m", "pytest"] if os.path.basename(first) == "__main__.py" else [first]) + sys.argv[1:]
    environment = _native.traced_environment()
    environment[_STARTED] = "1"
    environment.setdefault("MEMTRACE_QUIET", "1")
    if "MEMTRACE_OUTPUT" not in environment:
        import tempfile
        environment["MEMTRACE_OUTPUT"] = os.path.join(tempfile.gettempdir().replace("%", "%%"), "memtrace.pytest.%p.mt")
        environment[_STARTED] = "remove"
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable] + list(arguments[1:]), environment)


def _wanted_on_command_line():
    program = os.path.basename(sys.argv[0] if sys.argv else "")
    return "--memtrace" in sys.argv[1:] and (program in ("pytest", "py.test", "pytest-3", "__main__.py"))


if _wanted_on_command_line() and not _native.preloaded() and _STARTED not in os.environ:
    _start_again()  # before pytest takes hold of the standard streams


def pytest_configure(config):
    config.addinivalue_line("markers", "memtrace(limit=None, leaks=None): limits for the test's peak above its start, and for what "
                                       "it leaves behind, such as '100 MiB'")
    wanted = config.getoption("--memtrace") or config.getini("memtrace")
    if wanted and not _native.traced():
        raise pytest.UsageError("--memtrace: " + _native.how_to_start())
    started = os.environ.pop(_STARTED, None)
    config.pluginmanager.register(Plugin(config, wanted, started == "remove"), "memtrace-plugin")
    for option in "--memtrace-limit", "--memtrace-leaks":
        size = config.getoption(option)
        try:
            if size is not None:
                parse_size(size)
        except ValueError as error:
            raise pytest.UsageError("%s: %s" % (option, error)) from None


class Limits:
    def __init__(self, item, config):
        self.limit = config.getoption("--memtrace-limit")
        self.leaks = config.getoption("--memtrace-leaks")
        self.marked = False
        for mark in reversed(list(item.iter_markers("memtrace"))):  # the closest one last
            self.marked = True
            unknown = set(mark.kwargs) - {"limit", "leaks"}
            if unknown or len(mark.args) > 1:
                raise ValueError("memtrace(limit=, leaks=) has no %s" % (", ".join(sorted(unknown)) or "second argument"))
            self.limit = mark.kwargs.get("limit", mark.args[0] if mark.args else self.limit)
            self.leaks = mark.kwargs.get("leaks", self.leaks)
        self.limit = None if self.limit is None else parse_size(self.limit)
        self.leaks = None if self.leaks is None else parse_size(self.leaks)

    def any(self):
        return self.limit is not None or self.leaks is not None


class Called:
    """A test's call, until its teardown."""

    def __init__(self, periods, left, failed, leaks):
        self.periods = periods
        self.left = left
        self.failed = failed
        self.leaks = leaks  # the limit that is still to be checked


_CALL = pytest.StashKey()


_UNITTESTS = frozenset(vars(unittest.TestCase()))  # attributes that every test case object has


def _held_names(case):
    return [name for name in getattr(case, "__dict__", ()) if name not in _UNITTESTS]


def _held_text(case):
    """What the test case object has, the largest first, as far as its objects tell their own sizes."""
    sizes = []
    for name in _held_names(case):
        try:
            sizes.append((-sys.getsizeof(case.__dict__[name]), "self." + name))
        except Exception:  # whatever a __sizeof__ may raise
            sizes.append((0, "self." + name))
    return "the test case object" + (": " + ", ".join(name for _, name in sorted(sizes)[:3]) if sizes else "")


def _forget_in_fixtures(case):
    """pytest up to 7 keeps the first test case object of a unittest class as the self of the fixtures that it makes of setUpClass
    and its like, which never look at it again. What the test has put there goes as it does with the other test cases."""
    if isinstance(case, unittest.TestCase):
        holders = [one for one in gc.get_referrers(case) if not isinstance(one, types.FrameType)]
        codes = [one.gi_code if isinstance(one, types.GeneratorType) else getattr(getattr(one, "__func__", None), "__code__", None)
                 for one in holders]
        files = {code.co_filename for code in codes if code} - {_drop_traceback.__code__.co_filename}  # ours is still at it
        if None not in codes and len(files) == 1 and files.pop().endswith(os.path.join("_pytest", "unittest.py")):
            for name in _held_names(case):
                delattr(case, name)


def _drop_traceback():
    """The last failure's, with all that its frames hold, which pytest keeps for a debugger up to the next test."""
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        if hasattr(sys, name):
            delattr(sys, name)


def _dropped(before):
    gc.collect()
    return before - _native.live_bytes()


class Plugin:
    def __init__(self, config, wanted, remove):
        self.config = config
        self.wanted = wanted
        self.remove = remove
        self.measured = []  # (peak above the start, left, nodeid, periods, log, [(bytes, what holds them)])
        self.unchecked = 0

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item):
        problem = None
        try:
            limits = Limits(item, self.config)
        except ValueError as error:
            problem = str(error)
        if problem:
            pytest.fail("memtrace: %s" % problem, pytrace=False)
        if not _native.traced():
            self.unchecked += limits.any()
        if not _native.traced() or not (self.wanted or limits.any()):
            yield
            return
        _drop_traceback()  # of a test before this one, as pytest does now
        gc.collect()
        stretch = _period.Stretch(item.nodeid).start()
        outcome = yield
        # What the test still holds in its own frame is gone by now, but for cycles.
        over = limits.limit is not None and max(_native.peak_bytes(), stretch.highest) - stretch.begin > limits.limit
        if not over:
            gc.collect()
        result = stretch.stop(copy=over or limits.leaks is not None)
        left = result.end_bytes - result.begin_bytes
        item.user_properties += [("memtrace_peak_bytes", result.increment_bytes),
                                 ("memtrace_left_bytes", left),
                                 ("memtrace_log", _native.log_path()),
                                 ("memtrace_periods", "%d-%d" % (result.first_period, result.last_period))]
        failed = outcome.excinfo is not None
        item.stash[_CALL] = Called(result._periods(), left, failed, None if failed or over else limits.leaks)
        if failed:
            return  # the test has failed by itself
        if over:
            self._fail(outcome, "the peak stood %s above the test's start, the limit is %s" % (
                _text.size(result.increment_bytes), _text.size(limits.limit)), "held at the peak", result.held())
        elif limits.leaks is not None and not _held_names(getattr(item, "instance", None)):
            item.stash[_CALL].leaks = None
            self._check_leaks(outcome, limits.leaks, _left_lines(result._periods(), result._copy))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item):
        """What the test case object or the traceback of a failure still hold is no leak of the test: it is known when they go."""
        called = item.stash.get(_CALL, None)
        case = getattr(item, "instance", None) if called else None
        text = _held_text(case)
        outcome = yield
        if called is None or os.getpid() != self._process:
            return
        held = []
        if case is not None:
            gc.collect()
            before = _native.live_bytes()
            if "_obj" in vars(item):  # pytest makes another one when asked; it keeps the test cases of classes to the end
                item._obj = None
            if "_instance" in vars(item):
                item._instance = None
            _forget_in_fixtures(case)
            del case
            held.append((_dropped(before), text))
        if called.failed and not (sys.flags.interactive or os.environ.get("PYTHONINSPECT")):
            before = _native.live_bytes()
            _drop_traceback()
            held.append((_dropped(before), "the traceback of the failure"))
        held = [(count, what) for count, what in held if count >= _WORTH_LINES]
        if held or called.left >= _WORTH_LINES:
            item.user_properties[:] = [pair for pair in item.user_properties if pair[0] not in ("memtrace_left_bytes", "memtrace_held")]
            item.user_properties += [("memtrace_left_bytes", _left_bytes(called.periods, _native.log_path())),
                                     ("memtrace_held", held)]
        if called.leaks is not None and outcome.excinfo is None:
            self._check_leaks(outcome, called.leaks, _left_lines(called.periods, _native.log_path()))

    def _check_leaks(self, outcome, limit, leaks):
        total = sum(count for count, _ in leaks)
        if total > limit:
            self._fail(outcome, "%s were left behind, the limit is %s" % (_text.size(total), _text.size(limit)), "left behind", leaks)

    def pytest_runtest_logreport(self, report):
        """Of this process's tests, and of those of the workers that it may have."""
        figures = dict(report.user_properties)
        if report.when == "teardown" and "memtrace_periods" in figures:
            self.measured.append((figures["memtrace_peak_bytes"], figures["memtrace_left_bytes"], report.nodeid,
                                  figures["memtrace_periods"], figures["memtrace_log"], figures.get("memtrace_held", ())))

    @staticmethod
    def _fail(outcome, words, title, lines):
        text = ["memtrace: " + words]
        text += ["    %10s %s at %s" % (_text.size(count), title, _tables.place_text(line)) for count, line in lines[:10]]
        try:
            pytest.fail("\n".join(text), pytrace=False)
        except BaseException:
            _force(outcome, sys.exc_info())

    def pytest_terminal_summary(self, terminalreporter):
        if self.unchecked:
            terminalreporter.write_sep("=", "memtrace")
            terminalreporter.write_line("%d test%s limits that %s not checked: pytest was not started with --memtrace" % (
                self.unchecked, *((" has", "were") if self.unchecked == 1 else ("s have", "were"))))
        if self.wanted and self.measured:
            self._print(terminalreporter)

    def _print(self, out):
        out.write_sep("=", "memtrace: peak of each test above its start, and what it left behind")
        tests = sorted(self.measured, key=lambda test: (-test[0], test[2]))
        top = self.config.getoption("--memtrace-top")
        out.write_line("%12s %12s  %s" % ("Peak", "Left", "Test"))
        for increment, left, nodeid, periods, log, held in tests[:top or None]:
            out.write_line("%12s %12s  %s" % (_text.size(increment), _text.size(left), nodeid))
            for count, what in held:
                out.write_line("%26s %10s  not left: held by %s" % ("", _text.size(count), what))
            if increment >= _WORTH_LINES and os.path.exists(log):
                for line in _risen_lines(log, periods, increment):
                    out.write_line("%26s %10s  %s" % ("", _text.size(line["rise_bytes"]), _tables.place_text(line)))
        if top and len(tests) > top:
            out.write_line("%d more; --memtrace-top 0 shows all" % (len(tests) - top))

    def pytest_unconfigure(self, config):
        if self.remove and _native.traced() and os.getpid() == self._process:
            try:
                os.unlink(_native.log_path())
            except OSError:
                pass

    _process = os.getpid()


def _force(outcome, info):
    """Make the hook's outcome this exception, in all versions of pluggy."""
    if hasattr(outcome, "force_exception"):
        outcome.force_exception(info[1])
    else:
        outcome._excinfo = info


def _left_sites(view):
    return [site for site in view["sites"] if site["live_bytes"] > 0 and site["class"] in ("heap", "anonymous", "shared")]


def _all_sites(periods, log):
    return _tables.ask("sites", "-n", "0", "--sort", "live", *periods, log)


def _left_bytes(periods, log):
    return sum(site["live_bytes"] for site in _left_sites(_all_sites(periods, log)))


def _left_lines(periods, log):
    """What the test allocated and is still live, by the innermost line of the user's own code."""
    sums, lines = {}, {}
    view = _all_sites(periods, log)
    for site in _left_sites(view):
        for frame in _tables.stack_of(view, site):
            if _tables.is_users(frame):
                key = (frame["file"], frame["line"])
                lines.setdefault(key, frame)
                sums[key] = sums.get(key, 0) + site["live_bytes"]
                break
    return sorted(((count, lines[key]) for key, count in sums.items()), key=lambda pair: -pair[0])


def _risen_lines(log, periods, increment):
    """The three lines of the user's own that rose most in a test, by a tenth of its peak at least. Of lines that rise alike,
    calling each other, the one with the fewest allocations comes first."""
    lines = [line for line in _tables.ask("report", "--period", periods, log)["lines"]
             if _tables.is_users(line) and line["rise_bytes"] >= increment / 10 and line["file"] != sys.argv[0]]
    lines.sort(key=lambda line: (-line["rise_bytes"], line["allocations"], line["file"], line["line"]))
    return lines[:3]
