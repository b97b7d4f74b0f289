# SPDX-License-Identifier: MIT
"""The pytest plugin: limits that hold and that don't, what it prints, and pytest without it."""

import os
import re

from common import folder_with, holds, matches, near, same
from support.pythons import with_modules

TESTS = '''
import unittest
import pytest

KEPT = []


def take(mib):
    return bytearray(mib << 20)


@pytest.mark.memtrace(limit="10 MiB", leaks="100 KiB")
def test_within():
    take(8)
    take(8)


@pytest.mark.memtrace("10 MiB")
def test_over():
    a = take(6)
    b = take(7)
    assert a is not b


@pytest.mark.memtrace(leaks="1 MiB")
def test_leaves():
    KEPT.append(take(3))


def test_unmarked():
    take(20)


@pytest.mark.memtrace(limit="1 XB")
def test_mistake():
    pass


@pytest.mark.memtrace(limit="1 MiB")
def test_fails_itself():
    take(5)
    assert 1 == 2


@pytest.mark.memtrace(limit=4 << 20)
class TestClass:
    def test_of_class(self):
        take(5)

    @pytest.mark.memtrace(limit="6 MiB")
    def test_closer(self):
        take(5)


class TestCase(unittest.TestCase):
    @pytest.mark.memtrace(limit="1 MiB")
    def test_unittest(self):
        take(2)
'''


HELD = '''
import unittest
import pytest

KEPT = []


def take(mib):
    return bytearray(mib << 20)


class TestCase(unittest.TestCase):
    def setUp(self):
        self.block, self.other = take(5), take(2)

    @pytest.mark.memtrace(leaks="1 MiB")
    def test_set_up(self):
        assert len(self.block) == 5 << 20

    @pytest.mark.memtrace(leaks="1 MiB")
    def test_set_up_and_leak(self):
        KEPT.append(take(3))


class TestPlain:
    @pytest.mark.memtrace(leaks="1 MiB")
    def test_own(self):
        self.mine = take(4)

    def test_shared(self):
        self.kept = take(6)
        KEPT.append(self.kept)


def test_fails():
    local = take(9)
    size = len(local)
    assert size == 1


def test_after_a_failure():
    take(1)


def test_fails_last():
    local = take(7)
    size = len(local)
    assert size == 1
'''


def held(build, python):
    """What a test case object or a traceback holds is no leak, and is named."""
    with folder_with() as folder:
        with open(os.path.join(folder, "test_it.py"), "w") as file:
            file.write(HELD)
        out = build.run([python, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--memtrace", "--memtrace-top", "0"], folder, status=1)[0]
        same(outcomes(out), {"TestCase::test_set_up": "PASSED", "TestCase::test_set_up_and_leak": "ERROR", "TestPlain::test_own": "PASSED",
                             "TestPlain::test_shared": "PASSED", "test_fails": "FAILED", "test_after_a_failure": "PASSED",
                             "test_fails_last": "FAILED"}, "outcomes\n" + out)
        matches(out, r"^memtrace: 3\.00 MiB were left behind, the limit is 1\.00 MiB\n +3\.00 MiB left behind, in \d+ allocations?\n +at test_it\.py:9 in take", "the leak alone")
        for test, peak, left, what in (("TestCase::test_set_up", "7.00 MiB", None, r"7\.00 MiB  not left: held by the test case object: self\.block, self\.other"),
                                       ("TestCase::test_set_up_and_leak", "10.0 MiB", "3.00 MiB", r"7\.00 MiB  not left: held by the test case object: self\.block, self\.other"),
                                       ("TestPlain::test_own", "4.00 MiB", None, r"4\.00 MiB  not left: held by the test case object: self\.mine"),
                                       ("TestPlain::test_shared", "6.00 MiB", "6.00 MiB", None),
                                       ("test_fails", "9.00 MiB", None, r"9\.\d\d MiB  not left: held by the traceback of the failure"),
                                       ("test_after_a_failure", "1.00 MiB", None, None),
                                       ("test_fails_last", "7.00 MiB", None, r"7\.\d\d MiB  not left: held by the traceback of the failure")):
            row = matches(out, r"^ +(\S+ \w+) +(\S+ \w+)  test_it\.py::%s$\n(.*)$" % test, test + "\n" + out)
            near(mib(row.group(1)), mib(peak), .05, "peak of " + test)
            if left:
                near(mib(row.group(2)), mib(left), .05, "left by " + test)
            elif not re.match(r"(\d+ B|[\d.]+ KiB)$", row.group(2)):
                raise AssertionError("left by %s: %s\n%s" % (test, row.group(2), out))
            same(bool(what and re.match(" +" + what, row.group(3))), bool(what), "what is held of %s\n%s" % (test, out))
            if not what and "not left" in row.group(3):
                raise AssertionError("%s: %s" % (test, row.group(3)))


def mib(text):
    value, unit = text.split()
    return float(value) / {"B": 1 << 20, "KiB": 1 << 10, "MiB": 1}[unit]


def outcomes(text):
    """{test: outcome} of pytest -v."""
    return dict(re.findall(r"^test_it\.py::(\S+) (PASSED|FAILED|ERROR)", text, re.M))


def check(build):
    python = with_modules("pytest")
    with folder_with() as folder:
        with open(os.path.join(folder, "test_it.py"), "w") as file:
            file.write(TESTS)
        command = [python, "-m", "pytest", "-v", "-p", "no:cacheprovider"]
        passed = {"test_within": "PASSED", "test_over": "PASSED", "test_leaves": "PASSED", "test_unmarked": "PASSED",
                  "test_mistake": "FAILED", "test_fails_itself": "FAILED", "TestClass::test_of_class": "PASSED",
                  "TestClass::test_closer": "PASSED", "TestCase::test_unittest": "PASSED"}
        out = build.run(command, folder, status=1)[0]
        same(outcomes(out), passed, "without --memtrace")
        holds(out, "7 tests have limits that were not checked: pytest was not started with --memtrace")
        more = {"TMPDIR": os.path.join(folder, "t")}
        os.mkdir(more["TMPDIR"])
        limited = dict(passed)
        for name in ("test_over", "test_leaves", "TestClass::test_of_class", "TestCase::test_unittest"):
            limited[name] = "FAILED"
        out = build.run(command + ["--memtrace"], folder, status=1, **more)[0]
        same(outcomes(out), limited, "with --memtrace\n" + out)
        matches(out, r"^memtrace: the peak stood 13\.0 MiB above the test's start, the limit is 10\.0 MiB\n"
                     r" +13\.0 MiB held at the peak at test_it\.py:9 in take: return bytearray\(mib << 20\)$", "a limit")
        matches(out, r"^memtrace: 3\.00 MiB were left behind, the limit is 1\.00 MiB\n +3\.00 MiB left behind, in \d+ allocations?\n +at test_it\.py:9 in take", "a leak")
        matches(out, r"^memtrace: '1 XB' is no amount of memory; try '100 MiB'$", "a mistake")
        matches(out, r"^ +20\.0 MiB +\S+ \w+  test_it\.py::test_unmarked\n +20\.0 MiB  test_it\.py:9 in take: .*\n"
                     r" +20\.0 MiB  test_it\.py:31 in test_unmarked: take\(20\)$", "the list")
        matches(out, r"^ +3\.0\d MiB +3\.0\d MiB  test_it\.py::test_leaves$", "the list")
        out = build.run(command + ["--memtrace", "--memtrace-limit", "15 MiB", "-k", "unmarked"], folder, status=1, **more)[0]
        matches(out, r"the peak stood 20\.0 MiB above the test's start, the limit is 15\.0 MiB", "a limit for all")
        for option in "--memtrace-limit", "--memtrace-leaks":
            out, errors = build.run(command + ["--memtrace", option, "foo"], folder, status=4, **more)[:2]
            holds(errors, "%s: 'foo' is no amount of memory; try '100 MiB'" % option)
            same(outcomes(out), {}, "tests after a wrong option")
        same(os.listdir(more["TMPDIR"]), [], "files left behind")
        # Under memtrace run, limits hold without an option.
        out = build.traced(command, folder, status=1, log="kept.mt")[0]
        same(outcomes(out), limited, "under memtrace run")
        if "Peak" in out:
            raise AssertionError("a list that nobody asked for:\n" + out)
    held(build, python)
    return python
