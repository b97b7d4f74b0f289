# SPDX-License-Identifier: MIT
"""The pytest plugin in use: reasons in the FAILED lines, leaks by stack, a baseline, and workers of pytest-xdist."""

import json
import os
import re
import subprocess

from common import folder_with, holds, matches, same
from support.pythons import with_modules

TESTS = '''
import os
import pytest

TIMES = int(os.environ["TIMES"])
KEPT = []


def keep(size):
    KEPT.append(bytearray(size))


def here():
    keep(300000 * TIMES)


def there():
    keep(200000 * TIMES)


def test_peak():
    bytearray(1000000 * TIMES)


def test_leak():
    bytearray(3000000)
    here()
    there()


def test_same():
    bytearray(123456)


class TestClass:
    def test_held(self):
        self.held = bytearray(400000)
'''

LIMITS = '''
import pytest

KEPT = []


def keep(size):
    KEPT.append(bytearray(size))


@pytest.mark.memtrace("1 MiB")
def test_peak():
    bytearray(4 << 20)


@pytest.mark.memtrace(leaks="1 MiB")
def test_leak():
    keep(2 << 20)
    keep(3 << 20)


@pytest.mark.memtrace(leaks="1 MiB")
class TestClass:
    def test_leak(self):
        self.own = bytearray(7 << 20)
        keep(4 << 20)


@pytest.mark.memtrace(limit="1 XB")
def test_mistake():
    pass
'''


def summary(out):
    """What stands behind the tests' names in pytest's last lines."""
    return dict(re.findall(r"^(?:FAILED|ERROR) test_it\.py::(\S+) - (.*)$", out, re.M))


def write(folder, text):
    with open(os.path.join(folder, "test_it.py"), "w") as file:
        file.write(text)


def reasons(build, command, folder, more):
    write(folder, LIMITS)
    xml = os.path.join(folder, "out.xml")
    out = build.run(command + ["--memtrace", "--junitxml", xml], folder, status=1, **more)[0]
    same(summary(out), {"test_peak": "peak 4.00 MiB > 1.00 MiB at test_it.py:13",
                        "test_leak": "left 5.00 MiB > 1.00 MiB at test_it.py:8",
                        "TestClass::test_leak": "left 4.00 MiB > 1.00 MiB at test_it.py:8",
                        "test_mistake": "memtrace: '1 XB' is no amount of memory; try '100 MiB'"}, "reasons\n" + out)
    matches(out, r"^memtrace: 5\.00 MiB were left behind, the limit is 1\.00 MiB\n"
                 r" +3\.00 MiB left behind, in \d+ allocations?\n"
                 r" +at test_it\.py:8 in keep: .*\n"
                 r" +at test_it\.py:19 in test_leak: keep\(3 << 20\)\n"
                 r" +2\.00 MiB left behind, in \d+ allocations?\n"
                 r" +at test_it\.py:8 in keep: .*\n"
                 r" +at test_it\.py:18 in test_leak: keep\(2 << 20\)$", "leaks by stack\n" + out)
    with open(xml) as file:
        holds(file.read(), 'message="peak 4.00 MiB &gt; 1.00 MiB at test_it.py:13"')


def read(path):
    with open(path) as file:
        return json.load(file)["tests"]


def close(figures, expected, what):
    """At most 64 KiB above: what pytest itself takes meanwhile."""
    if not expected <= figures < expected + (64 << 10):
        raise AssertionError("%s: %d, not %d" % (what, figures, expected))


def baseline(build, command, folder, more, workers=()):
    write(folder, TESTS)
    path = os.path.join(folder, "base%d.json" % len(workers))
    command = [*command, *workers]
    out = build.run(command + ["--memtrace-save", path], folder, TIMES="1", **more)[0]
    holds(out, "memtrace: what 4 tests took is saved in " + path)
    saved = read(path)
    same(sorted(saved), ["test_it.py::TestClass::test_held", "test_it.py::test_leak", "test_it.py::test_peak", "test_it.py::test_same"], "tests saved")
    for name, peak, leaked in (("test_peak", 1000000, 0), ("test_leak", 3000000, 500000), ("test_same", 123456, 0), ("TestClass::test_held", 400000, 0)):
        close(saved["test_it.py::" + name]["peak_bytes"], peak, name + ": peak saved")
        close(saved["test_it.py::" + name]["leaked_bytes"], leaked, name + ": leaks saved")
    build.run(command + ["--memtrace-baseline", path], folder, TIMES="1", **more)
    out = build.run(command + ["--memtrace-baseline", path, "--memtrace-growth", "5%"], folder, status=1, TIMES="2", **more)[0]
    found = summary(out)
    same(sorted(found), ["test_leak", "test_peak"], "tests that took more\n" + out)
    matches(found["test_peak"], r"^peak 1\.9\d MiB > baseline 9\d\d KiB at test_it\.py:22$", "the peak's reason")
    matches(found["test_leak"], r"^left 9\d\d KiB > baseline 4\d\d KiB at test_it\.py:10$", "the leak's reason")
    matches(out, r"^memtrace: the peak stood 1\.9\d MiB above the test's start, 9\d\d KiB in the baseline, which allows 1\.0\d MiB$", "the peak's words")
    if workers:  # they only bring the figures
        return
    build.run(command + ["--memtrace-baseline", path, "--memtrace-growth", "150%"], folder, TIMES="2", **more)
    # Saved again by a part of the tests: the others stay. A test that failed is not saved.
    build.run(command + ["--memtrace-save", path, "-k", "peak"], folder, TIMES="2", **more)
    again = read(path)
    close(again["test_it.py::test_peak"]["peak_bytes"], 2000000, "saved again")
    same(again["test_it.py::test_leak"], saved["test_it.py::test_leak"], "not run, not saved")
    build.run(command + ["--memtrace-save", path, "--memtrace-limit", "1 MiB", "-k", "peak"], folder, status=1, TIMES="3", **more)
    same(read(path), again, "what failed is not saved")
    with open(os.path.join(folder, "test_it.py"), "a") as file:
        file.write("\ndef test_new():\n    bytearray(9000000)\n")
    out = build.run(command + ["--memtrace-baseline", path], folder, TIMES="1", **more)[0]
    holds(out, "memtrace: 1 test is not in the baseline %s, such as test_it.py::test_new" % path)


def mistakes(build, command, folder, more):
    more = dict(more, MEMTRACE_PYTHON_OBJECTS="0")  # nothing is measured here, and pytest starts in half the time
    for name, text, words in (("none.json", None, "No such file or directory"), ("cut.json", '{"schema', "line 1 column"),
                              ("other.json", "{}", 'it has no "schema": "memtrace-pytest/1"'),
                              ("odd.json", '{"schema": "memtrace-pytest/1", "tests": {"a": {"peak_bytes": "x"}}}', 'the test a has no "peak_bytes"')):
        path = os.path.join(folder, name)
        if text is not None:
            with open(path, "w") as file:
                file.write(text)
        for option in ("--memtrace-baseline", "--memtrace-save")[:1 if text is None else 2]:
            errors = build.run(command + [option, path], folder, status=4, TIMES="1", **more)[1]
            matches(errors, "%s: %s: .*%s" % (option, re.escape(path), words), "an unfit file")
            same(text is None or open(path).read() == text, True, "the file is left alone")
    errors = build.run(command + ["--memtrace", "--memtrace-growth", "5"], folder, status=4, TIMES="1", **more)[1]
    holds(errors, "--memtrace-growth: '5' is no share; try '5%'")
    # An untraced run checks nothing, and says so.
    out = build.run(command + ["-o", "addopts=--memtrace-baseline=" + os.path.join(folder, "base0.json")], folder, TIMES="9", **more)[0]
    holds(out, "4 tests have limits that were not checked: pytest was not started with --memtrace")


def check(build):
    python = with_modules("pytest")
    workers = subprocess.run([python, "-c", "import xdist"], stderr=subprocess.DEVNULL).returncode == 0
    with folder_with() as folder:
        more = {"TMPDIR": os.path.join(folder, "t"), "COLUMNS": "200"}
        os.mkdir(more["TMPDIR"])
        command = [python, "-m", "pytest", "-p", "no:cacheprovider"]
        reasons(build, command, folder, more)
        baseline(build, command, folder, more)
        if workers:
            baseline(build, command, folder, more, ["-n", "2"])
        else:
            print("pytest-xdist is not installed: not tried")
        mistakes(build, command, folder, more)
        same([name for name in os.listdir(more["TMPDIR"]) if not name.startswith("pytest-of")], [], "files left behind")
    return python
