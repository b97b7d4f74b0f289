# SPDX-License-Identifier: MIT
"""Logs of known programs, what memtrace report says of them, and exports of them."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from support.running import Failed, Skip, run  # noqa: E402,F401

FIGURES = ('peak_bytes', 'live_bytes', 'leaked_bytes', 'allocated_bytes', 'allocations')


class Logs:
    """plain, inlined, threads, python: a log each; deep: recursion that allocates at 15,001 levels; small: python's, in which most stacks have no room; family: a folder of three."""

    def __init__(self, build, folder):
        self.build, self.folder, self.known = build, folder, {}

    def program(self, name):
        return self.build.path('export-programs', name)

    def log(self, name):
        if name not in self.known:
            command = [sys.executable, os.path.join(HERE, 'script.py')] if name in ('python', 'small') else [self.program(name)]
            limit = {'MEMTRACE_MAX_LOG': '300K'} if name == 'small' else {}
            command = [self.program('plain'), '15000'] if name == 'deep' else command
            self.known[name] = self.trace(command, os.path.join(self.folder, name + '.mt'), **limit)
        return self.known[name]

    def family(self):
        folder = os.path.join(self.folder, 'family')
        if not os.path.isdir(folder):
            os.mkdir(folder)
            self.trace([self.program('threads'), 'family'], os.path.join(folder, 'log.%p.mt'), MEMTRACE_MIN_PEAK='0')
            check(len(os.listdir(folder)) == 3, 'three logs of a family', os.listdir(folder))
        return folder

    def members(self):
        return [os.path.join(self.family(), name) for name in sorted(os.listdir(self.family()))]

    def trace(self, command, log, **variables):
        done = subprocess.run(command, env=self.build.traced(log, **variables), capture_output=True, text=True)
        if done.returncode:
            raise Failed('%s: status %d: %s' % (command, done.returncode, done.stderr[-2000:]))
        return log

    def figures(self, *names):
        """What the report says of logs by name, or of the family's members: sums."""
        sums = dict.fromkeys(FIGURES, 0)
        for name in names:
            for log in self.members() if name == 'family' else [self.log(name)]:
                report = self.build.report(log)
                for figure in FIGURES:
                    sums[figure] += report[figure]
        return sums

    def export(self, form, name, *options):
        """The file's path."""
        out = os.path.join(self.folder, '%s.%s' % (name, form))
        done = run([self.build.memtrace, 'export', '--format', form, '-o', out, *options, self.family() if name == 'family' else self.log(name)])
        if done.status or done.err:
            if 'built without' in done.err:
                raise Skip(done.err)
            raise Failed('export %s of %s: status %d: %s' % (form, name, done.status, done.err))
        return out


def check(good, what, *seen):
    if not good:
        raise Failed('%s: %s' % (what, ', '.join(repr(one)[:1500] for one in seen)))


def same(seen, wanted, what):
    check(seen == wanted, what, 'seen', seen, 'wanted', wanted)


def line_of(file, mark):
    """The number of the line that ends in a comment with this word."""
    with open(os.path.join(HERE, file)) as source:
        return next(number for number, line in enumerate(source, 1) if re.search(r'(/\*|//|#) %s( \*/)?$' % mark, line.rstrip()))


def text_messages(text):
    """What protoc --decode prints, as (name, value) pairs: value is a list of such pairs, or a text."""
    root, stack = [], []
    stack.append(root)
    for line in text.splitlines():
        line = line.strip()
        if line.endswith(' {'):
            inner = []
            stack[-1].append((line[:-2], inner))
            stack.append(inner)
        elif line == '}':
            stack.pop()
        elif line:
            name, value = line.split(': ', 1)
            stack[-1].append((name, value[1:-1] if value.startswith('"') else value))
    return root


def each(message, *names):
    """The values at a path of names, in a message of text_messages."""
    found = [message]
    for name in names:
        found = [value for one in found for key, value in one if key == name]
    return found


def number(message, name):
    return int((each(message, name) or ['0'])[0])
