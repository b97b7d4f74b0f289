# SPDX-License-Identifier: MIT
"""What the tests of the Python module share."""

import contextlib
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
import support.build  # noqa: E402
from support.running import clean_environment, run  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(os.path.dirname(os.path.dirname(HERE)), "programs")
MIB = 1 << 20


class Build(support.build.Build):
    """The build folder's programs; `interpreters`: the paths of those to test with."""

    def __init__(self, folder, interpreters):
        super().__init__(folder)
        self.interpreters = interpreters

    def environment(self, **more):
        keep = {name: os.environ[name] for name in ("MEMTRACE_PYTHON_OBJECTS",) if name in os.environ}
        return clean_environment("PYTHON", **keep, **dict({"PYTHONPATH": self.module, "PYTHONDONTWRITEBYTECODE": "1",
                                                           "MEMTRACE_QUIET": "1", "NO_COLOR": "1"}, **more))

    def run(self, command, folder, text=None, status=0, merge=False, **more):
        """Output and errors (merge: both as output) of a command, which must exit so."""
        done = run(command, self.environment(**more), text, merge, cwd=folder)
        if status is not None:
            same(done.status, status, "exit status of %s\n%s%s" % (" ".join(command), done.out, done.err))
        return done.out, done.err

    def traced(self, command, folder, log="log.mt", **more):
        """The same under memtrace."""
        return self.run([self.memtrace, "run", "-o", log] + command, folder, **more)

    def check_log(self, path):
        """The log is sound, and memtrace and the second reader agree on it."""
        same(self.unsound(path), [], "the log")


def same(found, wanted, what):
    if found != wanted:
        raise AssertionError("%s: %r, not %r" % (what, found, wanted))


def near(found, wanted, slack, what):
    if abs(found - wanted) > slack:
        raise AssertionError("%s: %r is not within %r of %r" % (what, found, slack, wanted))


def holds(text, part, what=""):
    if part not in text:
        raise AssertionError("%s: no %r in\n%s" % (what, part, text))


def matches(text, pattern, what=""):
    found = re.search(pattern, text, re.M)
    if not found:
        raise AssertionError("%s: nothing like %r in\n%s" % (what, pattern, text))
    return found


@contextlib.contextmanager
def folder_with(*files):
    """A folder with copies of these files of ours."""
    folder = os.path.realpath(tempfile.mkdtemp(prefix="memtrace-module-"))
    try:
        for file in files:
            own = os.path.join(HERE, file)
            shutil.copy(own if os.path.exists(own) else os.path.join(PROGRAMS, file), folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def table_rows(text, name):
    """{line number: (mem usage, increment, rise, occurrences)} of the table of function `name`, as texts."""
    for table in text.split("Filename: ")[1:]:
        rows, named = {}, False
        for line in table.splitlines():
            found = re.match(r" {0,5}(\d+) (.{12}) (.{12}) (.{12})  (.{10})   (.*)$", line)
            if found:
                rows[int(found.group(1))] = tuple(cell.strip() for cell in found.groups()[1:5])
                named = named or re.match(r"\s*(async )?def %s\(" % name, found.group(6)) is not None
        if named:
            return rows
    raise AssertionError("no table of %s in\n%s" % (name, text))
