# SPDX-License-Identifier: MIT
"""pytest: what each test takes at its peak and leaves behind, and limits for both.

    pytest --memtrace                                            peak and leak of each test, with their lines
    @pytest.mark.memtrace(limit="100 MiB")                       fails when the peak stands higher above the test's start
    @pytest.mark.memtrace(leaks="1 MiB")                         fails when more is left after the test
    pytest --memtrace-save FILE, --memtrace-baseline FILE        fails when a test takes more than when the file was saved

pytest is started again under memtrace when --memtrace is given and it was not. Limits of an untraced run are not checked,
which is said.
"""

import atexit
import contextlib
import gc
import os
import shutil
import sys
import types
import unittest

import pytest

from . import _native, _period, _pytest_limits, _pytest_reason, _tables, _text

_WORTH_LINES = 1 << 16  # bytes of a test's peak
_STARTED = "MEMTRACE_PYTEST"  # set for the pytest that is started again

def pytest_addoption(parser):
    group = parser.getgroup("memtrace", "memory of each test, by memtrace")
    group.addoption("--memtrace", action="store_true", default=False, help="show the peak of each test and what it leaves behind")
    group.addoption("--memtrace-top", type=int, default=10, metavar="N", help="show the N tests with the highest peaks (10; 0: all)")
    group.addoption("--memtrace-limit", metavar="SIZE", help="limit for every test without one of its own, such as '100 MiB'")
    group.addoption("--memtrace-leaks", metavar="SIZE", help="the same for what a test leaves behind")
    group.addoption("--memtrace-save", metavar="FILE", help="save what each test took, as a baseline")
    group.addoption("--memtrace-baseline", metavar="FILE", help="a test that takes more than in FILE fails")
    group.addoption("--memtrace-growth", metavar="SHARE", default="0%", help="how much more than the baseline is allowed, such as "
                                                                            "5%% (0%%); 64 KiB are, in any case")
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
        folder = tempfile.mkdtemp(prefix="memtrace.pytest.")  # of the tests' children and of workers, too
        environment["MEMTRACE_OUTPUT"] = os.path.join(folder.replace("%", "%%"), "memtrace.%p.mt")
        environment[_STARTED] = "remove"
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable] + list(arguments[1:]), environment)


def _wanted_on_command_line():
    program = os.path.basename(sys.argv[0] if sys.argv else "")
    options = "--memtrace", "--memtrace-save", "--memtrace-baseline"
    return any(word.split("=")[0] in options for word in sys.argv[1:]) and (program in ("pytest", "py.test", "pytest-3", "__main__.py"))


if _wanted_on_command_line() and not _native.preloaded() and _STARTED not in os.environ:
    _start_again()  # before pytest takes hold of the standard streams


def _remove(folder, process):
    if os.getpid() == process:  # not in the child of a fork
        shutil.rmtree(folder, ignore_errors=True)


if os.environ.pop(_STARTED, None) == "remove" and _native.traced():
    atexit.register(_remove, os.path.dirname(_native.log_path()), os.getpid())


def pytest_configure(config):
    config.addinivalue_line("markers", "memtrace(limit=None, leaks=None): limits for the test's peak above its start, and for what "
                                       "it leaves behind, such as '100 MiB'")
    wanted = config.getoption("--memtrace") or config.getini("memtrace")
    for option in "--memtrace", "--memtrace-save":
        if (wanted if option == "--memtrace" else config.getoption(option)) and not _native.traced():
            raise pytest.UsageError("%s: %s" % (option, _native.how_to_start()))
    config.pluginmanager.register(Plugin(config, wanted, _baseline(config)), "memtrace-plugin")


def _baseline(config):
    """The file that --memtrace-baseline names, or None; and a look at the other options, before a test runs."""
    for option in "--memtrace-limit", "--memtrace-leaks":
        with _blaming(option):
            if config.getoption(option) is not None:
                _pytest_limits.parse_size(config.getoption(option))
    with _blaming("--memtrace-growth"):
        growth = _pytest_limits.parse_share(config.getoption("--memtrace-growth"))
    for name in "memtrace_save", "memtrace_baseline":  # workers may be elsewhere
        if getattr(config.option, name):
            setattr(config.option, name, os.path.abspath(getattr(config.option, name)))
    save, path = config.option.memtrace_save, config.option.memtrace_baseline
    with _blaming("--memtrace-save"):
        if save and os.path.exists(save):
            _pytest_limits.read(save)
        elif save and not os.path.isdir(os.path.dirname(save)):
            raise ValueError("%s: there is no such folder" % os.path.dirname(save))
    with _blaming("--memtrace-baseline"):
        return _pytest_limits.Baseline(path, growth) if path else None


@contextlib.contextmanager
def _blaming(option):
    try:
        yield
    except ValueError as error:
        raise pytest.UsageError("%s: %s" % (option, error)) from None


class Called:
    """A test's call, until its teardown."""

    def __init__(self, periods, left, failed, leaks, count):
        self.periods = periods
        self.left = left
        self.failed = failed
        self.leaks = leaks  # the limit that is still to be checked
        self.count = count  # whether what leaks is still to be told


_CALL = pytest.StashKey()


_UNITTESTS = frozenset(vars(unittest.TestCase()))  # attributes that every test case object has


def _held_names(case):
    return [name for name in getattr(case, "__dict__", ()) if name not in _UNITTESTS]


def _case_text(case):
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
    def __init__(self, config, wanted, baseline):
        self.config = config
        self.wanted = wanted
        self.baseline = baseline
        self.saving = config.getoption("--memtrace-save")
        self.took = {}  # for the file that is saved: test -> figures
        self.failed = set()
        self.new = []  # tests that the baseline does not have
        self.measured = []  # (peak above the start, left, nodeid, periods, log, [(bytes, what holds them)])
        self.unchecked = 0

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item):
        problem = None
        try:
            limits = _pytest_limits.Limits(item, self.config, self.baseline, _text.size)
        except ValueError as error:
            problem = str(error)
        if problem:
            _pytest_reason.stop("memtrace: %s" % problem)
        if not _native.traced():
            self.unchecked += limits.any()
        if not _native.traced() or not (self.wanted or self.saving or limits.any()):
            yield
            return
        _drop_traceback()  # of a test before this one, as pytest does now
        gc.collect()
        stretch = _period.Stretch(item.nodeid).start()
        outcome = yield
        # What the test still holds in its own frame is gone by now, but for cycles.
        over = limits.peak is not None and max(_native.peak_bytes(), stretch.highest) - stretch.begin > limits.peak.bytes
        if not over:
            gc.collect()
        result = stretch.stop(copy=over or limits.leaks is not None)
        left = result.end_bytes - result.begin_bytes
        item.user_properties += [("memtrace_peak_bytes", result.increment_bytes),
                                 ("memtrace_left_bytes", left),
                                 ("memtrace_log", _native.log_path()),
                                 ("memtrace_periods", "%d-%d" % (result.first_period, result.last_period))]
        failed = outcome.excinfo is not None
        called = Called(result._periods(), left, failed, None if failed or over else limits.leaks, bool(self.saving) and not over)
        item.stash[_CALL] = called
        if failed:
            return  # the test has failed by itself
        if over:
            words = "the peak stood %s above the test's start, %s" % (_text.size(result.increment_bytes), limits.peak.words)
            brief = "peak %s > %s" % (_text.size(result.increment_bytes), limits.peak.brief)
            self._fail(outcome, words, brief, _held_text(result.held()))
        elif called.leaks is not None and not _held_names(getattr(item, "instance", None)):
            self._check_leaks(item, outcome, called, result._copy)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item):
        """What the test case object or the traceback of a failure still hold is no leak of the test: it is known when they go."""
        called = item.stash.get(_CALL, None)
        case = getattr(item, "instance", None) if called else None
        text = _case_text(case)
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
        if (called.leaks is not None or called.count) and outcome.excinfo is None:
            self._check_leaks(item, outcome, called, _native.log_path())

    def _check_leaks(self, item, outcome, called, log):
        limit, called.leaks, called.count = called.leaks, None, False
        leaks = _leaks(called.periods, log) if limit is not None or called.left >= _WORTH_LINES else []
        total = sum(count for count, _, _ in leaks)
        item.user_properties.append(("memtrace_leaked_bytes", total))
        if limit is not None and total > limit.bytes:
            words = "%s were left behind, %s" % (_text.size(total), limit.words)
            self._fail(outcome, words, "left %s > %s" % (_text.size(total), limit.brief), _leaks_text(leaks))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        outcome = yield
        _pytest_reason.represent(outcome.get_result(), call)

    def pytest_runtest_logreport(self, report):
        """Of this process's tests, and of those of the workers that it may have."""
        figures = dict(report.user_properties)
        if report.failed:
            self.failed.add(report.nodeid)
        if report.when == "call" and self.baseline and report.nodeid not in self.baseline.tests:
            self.new.append(report.nodeid)
        if report.when == "teardown" and "memtrace_periods" in figures:
            self.measured.append((figures["memtrace_peak_bytes"], figures["memtrace_left_bytes"], report.nodeid,
                                  figures["memtrace_periods"], figures["memtrace_log"], figures.get("memtrace_held", ())))
            if report.nodeid not in self.failed:
                self.took[report.nodeid] = {"peak_bytes": max(0, figures["memtrace_peak_bytes"]),
                                            "leaked_bytes": max(0, figures.get("memtrace_leaked_bytes", 0))}

    def _fail(self, outcome, words, brief, lines):
        """`lines`: [(text, frame or None)]; the first frame is to blame."""
        blamed = next((frame for _, frame in lines if frame), None)
        if blamed:
            brief += " at %s:%d" % (os.path.basename(blamed["file"]), blamed["line"])
        _pytest_reason.fail(outcome, "\n".join(["memtrace: " + words, *(text for text, _ in lines)]), brief,
                            (blamed["file"], blamed["line"]) if blamed else None)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self):
        if self.saving and self.took and not hasattr(self.config, "workerinput"):
            _pytest_limits.save(self.saving, self.took)

    def pytest_terminal_summary(self, terminalreporter):
        if self.unchecked:
            terminalreporter.write_sep("=", "memtrace")
            terminalreporter.write_line("%d test%s limits that %s not checked: pytest was not started with --memtrace" % (
                self.unchecked, *((" has", "were") if self.unchecked == 1 else ("s have", "were"))))
        if self.wanted and self.measured:
            self._print(terminalreporter)
        new = self.new
        if new:
            terminalreporter.write_line("memtrace: %d test%s not in the baseline %s, such as %s" % (
                len(new), " is" if len(new) == 1 else "s are", self.config.option.memtrace_baseline, new[0]))
        if self.saving:
            terminalreporter.write_line("memtrace: what %d test%s took is saved in %s" % (
                len(self.took), _text.s(len(self.took)), self.saving))

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

    _process = os.getpid()


def _left_sites(view):
    return [site for site in view["sites"] if site["live_bytes"] > 0 and site["class"] in ("heap", "anonymous", "shared")]


def _all_sites(periods, log):
    return _tables.ask("sites", "-n", "0", "--sort", "live", *periods, log)


def _left_bytes(periods, log):
    return sum(site["live_bytes"] for site in _left_sites(_all_sites(periods, log)))


def _leaks(periods, log):
    """What `memtrace leaks` lists, by call site, most first: [(bytes, allocations, the user's own frames, innermost first)]."""
    view = _tables.ask("leaks", "--metric", "live", "-n", "0", *periods, log)
    return [(site["bytes"], site["allocations"], [frame for frame in _tables.stack_of(view, site) if _is_tests(frame)])
            for site in view["sites"]]


def _leaks_text(leaks):
    lines = []
    for count, allocations, frames in leaks[:10]:
        lines.append(("    %10s left behind, in %d allocation%s" % (_text.size(count), allocations, _text.s(allocations)), None))
        lines += [("%14s at %s" % ("", _tables.place_text(frame)), frame) for frame in frames]
    if len(leaks) > 10:
        rest = sum(count for count, _, _ in leaks[10:])
        lines.append(("    %10s left behind at %d more call site%s" % (_text.size(rest), len(leaks) - 10, _text.s(len(leaks) - 10)), None))
    return lines


def _held_text(held):
    return [("    %10s held at the peak at %s" % (_text.size(count), _tables.place_text(line)), line)
            for count, line in held if _is_tests(line)][:10]


def _is_tests(line, worker=None):
    """The user's own line. A worker of pytest-xdist is started by a text of execnet's, which is in no file."""
    if worker is None:
        worker = "PYTEST_XDIST_WORKER" in os.environ
    return _tables.is_users(line) and not (worker and line["file"] == "<string>")


def _risen_lines(log, periods, increment):
    """The three lines of the user's own that rose most in a test, by a tenth of its peak at least. Of lines that rise alike,
    calling each other, the one with the fewest allocations comes first."""
    lines = [line for line in _tables.ask("report", "--period", periods, log)["lines"]
             if _is_tests(line, log != _native.log_path()) and line["rise_bytes"] >= increment / 10 and line["file"] != sys.argv[0]]
    lines.sort(key=lambda line: (-line["rise_bytes"], line["allocations"], line["file"], line["line"]))
    return lines[:3]
