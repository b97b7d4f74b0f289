# SPDX-License-Identifier: MIT
"""What a pytest test may take: its limits, and what it took when a baseline was saved."""

import json
import os
import re
import tempfile

SCHEMA = "memtrace-pytest/1"
SLACK = 1 << 16  # bytes that a test may take beyond its baseline: a cache that is filled or not, a dict that grew

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


def parse_share(text):
    """0.05 of "5%"."""
    found = re.match(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*%\s*$", str(text))
    if not found:
        raise ValueError("%r is no share; try '5%%'" % (text,))
    return float(found.group(1)) / 100


class Limit:
    """Bytes, and the words that follow "the peak stood 13.0 MiB above the test's start, "."""

    def __init__(self, size, words, brief):
        self.bytes = size
        self.words = words
        self.brief = brief

    @staticmethod
    def least(*limits):
        """The one that allows least; None where there is none."""
        return min((limit for limit in limits if limit is not None), key=lambda limit: limit.bytes, default=None)


def _own(value, text):
    """A limit of a mark or an option; None: there is none."""
    if value is None:
        return None
    size = parse_size(value)
    return Limit(size, "the limit is %s" % text(size), text(size))


class Limits:
    """Those of a test: `peak` above its start, `leaks` that it leaves behind; each a Limit or None."""

    def __init__(self, item, config, baseline, text):
        limit = config.getoption("--memtrace-limit")
        leaks = config.getoption("--memtrace-leaks")
        for mark in reversed(list(item.iter_markers("memtrace"))):  # the closest one last
            unknown = set(mark.kwargs) - {"limit", "leaks"}
            if unknown or len(mark.args) > 1:
                raise ValueError("memtrace(limit=, leaks=) has no %s" % (", ".join(sorted(unknown)) or "second argument"))
            limit = mark.kwargs.get("limit", mark.args[0] if mark.args else limit)
            leaks = mark.kwargs.get("leaks", leaks)
        peak_before, leaks_before = baseline.limits(item.nodeid, text) if baseline else (None, None)
        self.peak = Limit.least(_own(limit, text), peak_before)
        self.leaks = Limit.least(_own(leaks, text), leaks_before)

    def any(self):
        return self.peak is not None or self.leaks is not None


class Baseline:
    """What tests took when the file was saved. ValueError: it is not such a file."""

    def __init__(self, path, growth=0.0):
        self.growth = growth
        self.tests = read(path)

    def limits(self, nodeid, text):
        """The peak and the leaks that this test may have; (None, None): it is not in the file."""
        before = self.tests.get(nodeid)
        return (None, None) if before is None else (self._limit(before["peak_bytes"], text), self._limit(before["leaked_bytes"], text))

    def _limit(self, before, text):
        allowed = int(before * (1 + self.growth)) + SLACK
        words = "%s in the baseline, which allows %s" % (text(before), text(allowed))
        return Limit(allowed, words, "baseline %s" % text(before))


def read(path):
    """{test: {"peak_bytes", "leaked_bytes"}}"""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except OSError as error:
        raise ValueError("%s: %s" % (path, error.strerror)) from None
    except ValueError as error:
        raise ValueError("%s: %s" % (path, error)) from None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise ValueError("%s: it has no \"schema\": \"%s\", so it was not saved by --memtrace-save" % (path, SCHEMA))
    tests = found.get("tests")
    if not isinstance(tests, dict):
        raise ValueError("%s: it has no \"tests\"" % path)
    for nodeid, figures in tests.items():
        for name in "peak_bytes", "leaked_bytes":
            value = figures.get(name) if isinstance(figures, dict) else None
            if isinstance(value, bool) or not isinstance(value, int):
                raise ValueError("%s: the test %s has no \"%s\"" % (path, nodeid, name))
    return tests


def save(path, tests):
    """Write these tests into the file; those that did not run stay as they are there. A file that is there is replaced in one
    step, or left alone."""
    kept = read(path) if os.path.exists(path) else {}
    kept.update(tests)
    folder = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(prefix=os.path.basename(path) + ".", dir=folder)
    try:
        mask = os.umask(0)
        os.umask(mask)
        os.fchmod(handle, 0o666 & ~mask)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"schema": SCHEMA, "tests": dict(sorted(kept.items()))}, file, indent=1)
            file.write("\n")
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
