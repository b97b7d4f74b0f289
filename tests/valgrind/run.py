#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs under memcheck, without and with the preload: same output, same status, and the same errors.

    run.py BUILD

Two ways: as valgrind does it, with its own malloc in the place of the hooks; and with the hooks left in their places
(--soname-synonyms=somalloc=nouserintercepts), where memcheck sees every access that the tracker makes, but for what
memtrace.supp names. Of that way it is also checked that the tracker did record, and that memcheck does see it: without
memtrace.supp there are errors in some program.
"""
import collections
import glob
import os
import re
import shutil
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.build import Build  # noqa: E402
from support.outcome import Outcome  # noqa: E402
from support.running import clean_environment, run  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SUPPRESSIONS = os.path.join(HERE, 'memtrace.supp')
HOOKS = '--soname-synonyms=somalloc=nouserintercepts'
OURS = ('libmemtrace.so',)


class Run:
    """One run under memcheck: output, status, errors as (kind, innermost functions of the program's own)."""

    def __init__(self, command, options=(), preload=None):
        self.folder = tempfile.mkdtemp(prefix='memtrace-valgrind-')
        env = clean_environment(MEMTRACE_OUTPUT=os.path.join(self.folder, '%e.%p.mt'), MEMTRACE_QUIET='1', LC_ALL='C',
                                **({'LD_PRELOAD': preload} if preload else {}))
        xml = os.path.join(self.folder, '%p.xml')
        done = run(['valgrind', '--leak-check=full', '--show-leak-kinds=definite', '--xml=yes', '--xml-file=' + xml, *options, *command], env)
        self.output, self.status = re.sub(r'"pid": \d+', '', done.out), done.status
        self.errors = collections.Counter()
        self.ours = []
        for file in sorted(glob.glob(os.path.join(self.folder, '*.xml'))):
            for error in self.parsed(file).iter('error'):
                self.add(error)

    @staticmethod
    def parsed(file):
        try:
            return ElementTree.parse(file)
        except ElementTree.ParseError:  # a child that is killed leaves half a file
            return ElementTree.ElementTree(ElementTree.Element('empty'))

    def add(self, error):
        kind = error.findtext('kind')
        frames = [(frame.findtext('obj') or '', frame.findtext('fn') or '?') for frame in error.find('stack')]
        program = [fn for obj, fn in frames if not obj.endswith(OURS) and 'vgpreload' not in obj]
        self.errors[kind, tuple(program[:2])] += 1
        if frames[0][0].endswith(OURS):
            self.ours.append('%s in %s' % (kind, ' < '.join(fn for _, fn in frames[:4])))

    def allocations(self, build, program):
        """As the logs of the program's own processes have it."""
        logs = glob.glob(os.path.join(glob.escape(self.folder), os.path.basename(program) + '.*.mt'))
        return sum(build.report(log)['allocations'] for log in logs)

    def close(self):
        shutil.rmtree(self.folder)


def compare(name, plain, traced):
    bad = []
    if (plain.output, plain.status) != (traced.output, traced.status):
        bad.append('%s: output or status differ: %r %r' % (name, (plain.output, plain.status), (traced.output, traced.status)))
    for error, count in sorted((traced.errors - plain.errors).items()):
        bad.append('%s: only with the preload, %d times: %s' % (name, count, error))
    for error, count in sorted((plain.errors - traced.errors).items()):
        bad.append('%s: only without the preload, %d times: %s' % (name, count, error))
    return bad


def check(build, outcome, command, expected=None):
    runs = {'plain': Run(command), 'replaced': Run(command, preload=build.tracker),
            'hooks': Run(command, ['--suppressions=' + SUPPRESSIONS, HOOKS], build.tracker), 'seen': Run(command, [HOOKS], build.tracker)}
    plain, name = runs['plain'], os.path.basename(command[0])
    bad = compare(name + ' (hooks replaced)', plain, runs['replaced']) + compare(name + ' (hooks watched)', plain, runs['hooks'])
    bad += ['%s: an error of ours: %s' % (name, text) for run in ('replaced', 'hooks') for text in runs[run].ours]
    allocations = runs['hooks'].allocations(build, command[0])
    if not allocations:
        bad.append('%s: nothing is recorded' % name)
    if expected is not None and sorted(kind for kind, _ in plain.errors) != sorted(expected):
        bad.append('%s: its own errors are %s' % (name, sorted(plain.errors)))
    outcome.result('%s: status %d, %d kinds of errors of its own, %d allocations recorded' %
                   (name, plain.status, len(plain.errors), allocations), bad, name)
    for each in runs.values():
        each.close()
    return bool(runs['seen'].ours)


def main():
    build, outcome = Build(sys.argv[1]), Outcome()
    if not shutil.which('valgrind'):
        outcome.skip('memcheck', 'valgrind is not here')
        sys.exit(outcome.status())
    programs = [([build.path('valgrind_errors')], ['InvalidRead', 'InvalidWrite', 'Leak_DefinitelyLost', 'UninitCondition']),
                ([build.path('known', 'known_containers-O2')], None)]
    if shutil.which('jq'):
        programs.append((['jq', '-n', '-c', '[range(300) | {a: ., b: tostring}] | group_by(.a % 7) | map(length)'], None))
    if shutil.which('sqlite3'):
        programs.append((['sqlite3', ':memory:', 'create table t(a, b); insert into t values (1, 2), (3, 4); select sum(a * b) from t;'], None))
    seen = [check(build, outcome, command, expected) for command, expected in programs]  # a small program may give no cause
    outcome.result('memcheck sees the tracker in %d of %d programs' % (sum(seen), len(seen)), [] if any(seen) else ['in none'], 'seen')
    sys.exit(outcome.status())


if __name__ == '__main__':
    main()
