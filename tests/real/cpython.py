# SPDX-License-Identifier: MIT
"""Those of CPython's own tests that are hard for memtrace: the same ones pass with and without the preload.

    cpython.py [--python PATH] BUILD-FOLDER [TEST...]        threading gc ...; --list: all there are

The interpreter is the system's, or, for what it does not have, the newest that is here. Every log must be readable. What fails is
run again by itself: some of these tests expect a machine that is quick. Exit status: 0 all is as it should be; 1 a difference; 77
the tests are not installed (Debian: libpython3-testsuite)."""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

import common  # noqa: F401 (finds support)
from support import pythons
from support.build import Build
from support.outcome import Outcome
from support.running import clean_environment, run

NAMES = ['threading', 'thread', 'threading_local', 'signal', 'threadsignals', 'subprocess', 'fork1', 'wait3', 'wait4', 'popen', 'posix',
         'mmap', 'faulthandler', 'generators', 'gc', 'coroutines', 'asyncgen', 'weakref', 'frame', 'code', 'tracemalloc', 'sys_settrace',
         'sys_setprofile', 'sys', 'exceptions', 'import', 'asyncio', 'monitoring', 'resource', 'multiprocessing_main_handling', 'pty',
         'subprocess-select']
ATTEMPTS = 3
# A class that has all tests of another once more, with select for poll: apart from the file's others.
APART = {'subprocess-select': ('subprocess', 'ProcessTestCaseNoPoll')}
WITHOUT = "import unittest, test.test_%s as tests; vars(tests).pop('%s', None); unittest.main(tests, argv=['unittest'])"
# These may fail under the preload, for a reason.
SEEN = {
    'test_pass_fds_redirected': 'lists all descriptors of a process, that of the log too',
    'test_close_fds_when_max_fd_is_lowered': 'counts all descriptors of a process, that of the log too',
    'test_debugmallocstats': 'sys._debugmallocstats has no part for an allocator with hooks before it',
}


def all_of(name):
    """The options of Python that run these tests."""
    if name in APART:
        return ['-m', 'unittest', 'test.test_%s.%s' % APART[name]]
    apart = [WITHOUT % of for of in APART.values() if of[0] == name]
    return ['-c', apart[0]] if apart else ['-m', 'unittest', 'test.test_' + name]


def tests(python, options, env, folder):
    """How many tests ran, and which did not pass, by the names that unittest takes: the details at the end name them."""
    done = run([python, *options], env, cwd=folder)
    ran = re.search(r'^Ran (\d+) test', done.err, re.M)
    bad = set()
    for method, place in re.findall(r'^(?:FAIL|ERROR): (\w+) \(([\w.]+)\)', done.err, re.M):
        bad.add(place if place.endswith('.' + method) or not method.startswith('test') else place + '.' + method)
    if not ran or (done.status and not bad):
        return 'status %d: %s' % (done.status, done.err[-2000:]), bad
    return int(ran.group(1)), bad


def method_of(test):
    return test.rpartition('.')[2]


def fails(python, test, env, folder):
    """By itself, again and again."""
    return all(tests(python, ['-m', 'unittest', test], env, folder)[1] for _ in range(ATTEMPTS))


def has(python, name, env):
    return not subprocess.run([python, '-c', 'import test.test_' + APART.get(name, [name])[0]], env=env, stderr=subprocess.DEVNULL).returncode


def check(build, python, name, plain):
    """What is wrong, and what is to be said."""
    with tempfile.TemporaryDirectory(prefix='cpython-') as top:
        logs, bare, work = (os.path.join(top, folder) for folder in ('logs', 'bare', 'work'))
        for folder in logs, bare, work:
            os.mkdir(folder)
        traced = dict(plain, LD_PRELOAD=build.tracker, MEMTRACE_OUTPUT=os.path.join(logs, '%e.%p.mt'), MEMTRACE_QUIET='1')
        # Both at once: much of what these tests do is to wait.
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            (ran, before), (with_us, after) = pool.map(lambda env, place: tests(python, all_of(name), env, place), (plain, traced), (bare, work))
        count = len(os.listdir(logs))
        wrong = ['%s tests ran without the preload, %s with it' % (ran, with_us)] if ran != with_us else []
        only_with_us = {test for test in after - before if method_of(test) not in SEEN}
        again = {test for test in only_with_us if not fails(python, test, traced, work)}
        wrong += ['does not pass: ' + test for test in sorted(only_with_us - again)]
        wrong += build.unreadable(logs) if count else ['no log']
    said = ['%s: %s' % (test, SEEN[test]) for test in sorted(map(method_of, after - before)) if test in SEEN]
    said += ['%s passes by itself' % test for test in sorted(again)]
    return wrong, '; '.join(['%s ran, %d logs' % (ran, count)] + said)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--list', action='store_true')
    parser.add_argument('--python')
    parser.add_argument('build', nargs='?')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    if options.list:
        print('\n'.join(NAMES))
        return 0
    build, outcome = Build(options.build), Outcome()
    plain = clean_environment('PYTHON', LC_ALL='C.UTF-8')
    first = options.python or pythons.system().path
    others = [] if options.python else [it.path for it in reversed(pythons.known())]
    for name in options.names or NAMES:
        python = next((path for path in [first] + others if has(path, name, plain)), None)
        if not python:
            outcome.skip(name, 'no interpreter here has it')
            continue
        wrong, said = check(build, python, name, plain)
        outcome.result('%s of %s: %s' % (name, python, said), wrong, name)
    return outcome.status()


if __name__ == '__main__':
    sys.exit(main())
