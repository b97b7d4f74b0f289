# SPDX-License-Identifier: MIT
"""Programs that know their own figures, built for macOS and run under the small loader with libmemtrace.dylib: memtrace reads the same of their logs, to
the byte and to the line. With them processes that start each other, and a thread in every way to allocate."""
import os
import shutil
import sys
import tempfile

from loading import PROGRAMS
from support.running import Failed, clean_environment, run
from symbols import llvm, tool
from zig import HERE

sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'known'))
from common import pid_of  # noqa: E402
from figures import compare  # noqa: E402
from native import accounts_in  # noqa: E402

COMMON = os.path.join(os.path.dirname(HERE), 'programs')
SOURCES = [os.path.join(PROGRAMS, 'known_macos.c')] + [os.path.join(COMMON, 'known_%s.c' % name) for name in
                                                      ('climb', 'deep', 'stack', 'random', 'threads', 'fork')]


class Known:
    def __init__(self, test):
        self.test, self.folder = test, test.folder
        self.dylib, self.dsymutil = test.dylib('x86_64'), llvm()['dsymutil']

    def program(self, source, level):
        """Built with a .dSYM beside it; without its object file, so that nothing else can have the lines."""
        path = os.path.join(self.folder, '%s-%s' % (os.path.basename(source)[:-2], level))
        self.test.zig.cc(path + '.o', '-c', '-g', '-' + level, '-fno-builtin', '-include', os.path.join(HERE, 'lacking.h'), source)
        self.test.zig.cc(path, path + '.o')
        tool(self.dsymutil, path)
        os.remove(path + '.o')
        return path

    def traced(self, program, *arguments, hidden=()):
        """(What it printed, its logs by process; of one that became another program in this order)."""
        logs = tempfile.mkdtemp(dir=self.folder)
        environment = clean_environment('DYLD_', MEMTRACE_OUTPUT=os.path.join(logs, '%p.mt'), DYLD_INSERT_LIBRARIES=self.dylib, KNOWN_TRACED='1')
        options = [word for name in hidden for word in ('--hide', name)]
        done = run([self.test.loader, *options, '--', program, *arguments], environment)
        if done.status or done.err:
            raise Failed('%s: status %d: %s%s' % (program, done.status, done.err[-2000:], done.out[-500:]))
        names = [os.path.join(logs, name) for name in os.listdir(logs)]
        return done.out, sorted(names, key=lambda log: (pid_of(log), self.test.build.report(log)['log_start_time_ns']))

    def check(self, program, *arguments, hidden=()):
        build = self.test.build
        plain = run([self.test.loader, '--', program, *arguments])
        if plain.status:
            raise Failed('%s without the library: status %d: %s%s' % (program, plain.status, plain.err, plain.out[-500:]))
        output, logs = self.traced(program, *arguments, hidden=hidden)
        accounts = sorted(accounts_in(output), key=lambda account: account['pid'])
        pids = [account['pid'] for account in accounts]
        bad = [] if pids == [pid_of(log) for log in logs] else ['logs of %s, accounts of %s' % ([pid_of(log) for log in logs], pids)]
        for account, log in zip(accounts, logs):
            bad += compare(account, build.report(log), lambda name, log=log: build.report(log, '--class', name)) + build.unsound(log)
        print('%-28s %d processes, %3d lines: %s' % (' '.join([os.path.basename(program), *arguments, *(['before macOS 14'] if hidden else [])]), len(accounts),
                                                    sum(len(a['lines']) for a in accounts), '%d wrong' % len(bad) if bad else 'right'))
        return ['%s: %s' % (os.path.basename(program), text) for text in bad]


def checked(runs, program, *arguments, hidden=()):
    try:
        return runs.check(program, *arguments, hidden=hidden)
    except Failed as why:
        return [str(why)]


def elsewhere(runs, program):
    """On another machine the program and its .dSYM are not where they were: they are found by their UUID, below --search and beside the log."""
    _, (log,) = runs.traced(program)
    folder = tempfile.mkdtemp(dir=os.path.dirname(log))
    wanted = {(line['file'], line['line']) for line in runs.test.build.report(log)['lines']}
    for path in program, program + '.dSYM':
        shutil.move(path, folder)
    away = tempfile.mkdtemp(dir=runs.folder)
    copy = shutil.copy(log, away)
    found = [{(line['file'], line['line']) for line in report['lines']} for report in
             (runs.test.build.report(copy, '--search', folder), runs.test.build.report(log))]
    return [] if found == [wanted, wanted] and len(wanted) > 5 else ['elsewhere: %s, should be %s' % (found, wanted)]


def known(test):
    runs, bad = Known(test), []
    for source in SOURCES:
        for level in 'O0', 'O2':
            program = runs.program(source, level)
            for arguments in [['1'], ['2']] if 'random' in source else [[]]:
                bad += checked(runs, program, *arguments)
            if 'known_macos' in source:  # of a macOS before 14
                bad += checked(runs, program, hidden=TYPED)
    bad += elsewhere(runs, os.path.join(runs.folder, 'known_climb-O2'))
    if bad:
        raise Failed('\n'.join(bad[:60]))


TYPED = tuple('_malloc_type_' + name for name in (
    'malloc calloc realloc free valloc aligned_alloc posix_memalign zone_malloc zone_calloc zone_realloc zone_free zone_valloc zone_memalign').split())
