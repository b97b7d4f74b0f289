# SPDX-License-Identifier: MIT
"""What the tests of the Python module share."""

import contextlib
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
MIB = 1 << 20


class Skip(Exception):
    pass


class Build:
    """The build folder's programs."""

    def __init__(self, folder):
        self.folder = folder = os.path.abspath(folder)
        self.tool = os.path.join(folder, "memtrace")
        self.tracker = os.path.join(folder, "libmemtrace.so")
        self.module = os.path.join(folder, "python")
        self.reader = os.path.join(HERE, "..", "..", "second_reader.py")

    def environment(self, **more):
        keep = {k: v for k, v in os.environ.items() if (not k.startswith("MEMTRACE") or k == "MEMTRACE_PYTHON_OBJECTS") and k not in ("LD_PRELOAD", "PYTHONPATH")}
        keep.update(PYTHONPATH=self.module, PYTHONDONTWRITEBYTECODE="1", MEMTRACE_QUIET="1", NO_COLOR="1", **more)
        return keep

    def run(self, command, folder, text=None, status=0, merge=False, **more):
        """Output and errors (merge: both as output) of a command, which must exit so."""
        done = subprocess.run(command, cwd=folder, env=self.environment(**more), input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT if merge else subprocess.PIPE, universal_newlines=True,
                              **({} if text is not None else {"stdin": subprocess.DEVNULL}))
        if status is not None:
            same(done.returncode, status, "exit status of %s\n%s%s" % (" ".join(command), done.stdout, done.stderr or ""))
        return done.stdout, done.stderr

    def traced(self, command, folder, log="log.mt", **more):
        """The same under memtrace."""
        return self.run([self.tool, "run", "-o", log] + command, folder, **more)

    def check_log(self, path):
        """The log is sound, and memtrace and the second reader agree on it."""
        self.run([sys.executable, self.reader, "--compare", self.tool, path], os.path.dirname(path))


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
            shutil.copy(os.path.join(HERE, file), folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def interpreters(every=False):
    """The CPythons from 3.8 on that are here, one of each version or all."""
    found = {}
    roots = [os.environ.get("PYENV_ROOT"), os.path.expanduser("~/.pyenv")]
    paths = [sys.executable, "/usr/bin/python3"]
    for root in roots:
        if root:
            paths += sorted(glob.glob(os.path.join(root, "versions", "3.*", "bin", "python3")))
    for path in paths:
        try:
            done = subprocess.run([path, "-c", "import sys, sysconfig\nprint(sys.version_info[:2], sys.implementation.name, "
                                               "sysconfig.get_config_var('Py_GIL_DISABLED') or 0)"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True)
        except OSError:
            continue
        version = re.match(r"\((\d+), (\d+)\) cpython 0$", done.stdout.strip())
        if version and (3, 8) <= (int(version.group(1)), int(version.group(2))) <= (3, 14):
            found.setdefault(path if every else version.group(0), path)
    return list(found.values())


def interpreter_with(*modules):
    """A CPython that has these modules."""
    for path in interpreters(every=True):
        done = subprocess.run([path, "-c", "import " + ", ".join(modules)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if done.returncode == 0:
            return path
    raise Skip("no CPython here has " + ", ".join(modules))


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
