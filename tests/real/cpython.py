# SPDX-License-Identifier: MIT
"""CPython's own tests of what is hard for us, without the preload and with it: the same ones pass.

    cpython.py [--python PATH] BUILD-FOLDER [TEST...]        test_threading test_gc ...; all below by default

The interpreter is Debian's; for what came later than it, the newest that is here. Every log must be readable. Exit status: 0 all is as it should be; 1 a difference; 77 the tests are not installed (Debian:
libpython3-testsuite)."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

PATIENCE = 900  # seconds: who takes longer is stuck
PYTHON = shutil.which('python3', path='/usr/bin:/usr/local/bin')
NAMES = ['test_threading', 'test_thread', 'test_threading_local', 'test_signal', 'test_threadsignals', 'test_subprocess', 'test_fork1',
         'test_wait3', 'test_wait4', 'test_popen', 'test_posix', 'test_mmap', 'test_faulthandler', 'test_generators', 'test_gc',
         'test_coroutines', 'test_asyncgen', 'test_weakref', 'test_frame', 'test_code', 'test_tracemalloc', 'test_sys_settrace',
         'test_sys_setprofile', 'test_sys', 'test_exceptions', 'test_import', 'test_asyncio', 'test_monitoring']
# These may fail with us, for a reason.
SEEN = {
    'test_pass_fds_redirected': 'lists all descriptors of a process: the log is one of them',
    'test_close_fds_when_max_fd_is_lowered': 'the same',
    'test_debugmallocstats': 'sys._debugmallocstats has no part for an allocator with hooks before it',
}


sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'python'))
import run as pythons  # noqa: E402


def run(python, name, env, folder):
    """How many tests ran, and which did not pass: the details at the end name them."""
    done = subprocess.run([python, '-m', 'unittest', 'test.' + name], env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, timeout=PATIENCE)
    error = done.stderr.decode('utf-8', 'replace')
    ran = re.search(r'^Ran (\d+) test', error, re.M)
    bad = set(re.findall(r'^(?:FAIL|ERROR): (\w+)', error, re.M))
    if not ran or (done.returncode and not bad):
        return 'status %d: %s' % (done.returncode, error[-2000:]), bad
    return int(ran.group(1)), bad


def unreadable(memtrace, folder):
    for name in sorted(os.listdir(folder)):
        done = subprocess.run([memtrace, 'report', '--json', os.path.join(folder, name)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            yield '%s: %s' % (name, done.stderr.decode())
        elif json.loads(done.stdout)['truncated']:
            yield '%s: truncated' % name


def has(python, name, env):
    return python and not subprocess.run([python, '-c', 'import test.' + name], env=env, stderr=subprocess.DEVNULL).returncode


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--python')
    parser.add_argument('build')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    build, names = os.path.abspath(options.build), options.names or NAMES
    plain = dict(os.environ, LC_ALL='C.UTF-8')
    for name in [n for n in plain if n.startswith(('MEMTRACE_', 'LD_', 'PYTHON'))]:
        del plain[name]
    if not has(options.python or PYTHON, 'test_fork1', plain):
        print("CPython's tests are not here")
        sys.exit(77)
    others = [] if options.python else [it.path for it in reversed(pythons.interpreters()) if it.known]
    failed = 0
    for name in names:
        python = next((p for p in [options.python or PYTHON] + others if has(p, name, plain)), None)
        if not python:
            print('%s: no interpreter here has it' % name)
            continue
        with tempfile.TemporaryDirectory(prefix='cpython-') as top:
            logs, work = os.path.join(top, 'logs'), os.path.join(top, 'work')
            os.mkdir(logs)
            os.mkdir(work)
            traced = dict(plain, LD_PRELOAD=os.path.join(build, 'libmemtrace.so'), MEMTRACE_OUTPUT=os.path.join(logs, '%e.%p.mt'), MEMTRACE_QUIET='1')
            (ran, before), (with_us, after) = run(python, name, plain, work), run(python, name, traced, work)
            seen = sorted((after - before) & set(SEEN))
            bad = ['without us %s ran, with us %s' % (ran, with_us)] if ran != with_us else []
            bad += ['does not pass: ' + test for test in sorted(after - before - set(SEEN))]
            count = len(os.listdir(logs))
            bad += unreadable(os.path.join(build, 'memtrace'), logs) if count else ['no log']
        failed += bool(bad)
        print('%s %s%s: %s ran, %d logs%s' % ('FAIL ' if bad else 'ok   ', name, '' if python == PYTHON else ' of ' + python, ran, count,
                                              ''.join('; %s: %s' % (t, SEEN[t]) for t in seen)))
        for line in bad:
            print('      ' + line, flush=True)
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
