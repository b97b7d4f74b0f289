# SPDX-License-Identifier: MIT
"""glibc's own tests of malloc, threads, signals, fork, exec and exit: each ends the same with and without the preload.

    glibc.py [--jobs N] BUILD-FOLDER [GROUP [TEST...]]       --list: all groups

The tests are those of Debian's source package (glibc-source), compiled one by one against the installed libc, with as much of
glibc's support library as compiles outside of its tree. A test that needs glibc's own build (private headers, a loader of its own)
is left out, and counted. One that ends differently is run again, both ways, three times: many of them wait for a time.
Exit status: 0 all is as it should be; 1 a difference; 77 the source is not there."""
import argparse
import concurrent.futures
import fcntl
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile

import common  # noqa: F401 (finds support)
from support.build import Build
from support.outcome import SKIPPED, Outcome
from support.running import clean_environment

SOURCES = '/usr/src/glibc/glibc-*.tar.xz'
GROUPS = {
    'malloc': ['malloc/tst-*.c', 'malloc/tst-*.cc'],
    'nptl': ['nptl/tst-*.c'],
    'pthread-a': ['sysdeps/pthread/tst-[a-b]*.c', 'sysdeps/pthread/tst-ca*.c'],
    'pthread-c': ['sysdeps/pthread/tst-c[b-z]*.c', 'sysdeps/pthread/tst-[d-l]*.c'],
    'pthread-m': ['sysdeps/pthread/tst-[m-z]*.c'],
    'signal': ['signal/tst-*.c', 'sysdeps/pthread/tst-signal*.c', 'debug/tst-longjmp*.c', 'setjmp/tst-*.c'],
    'process': ['posix/tst-*fork*.c', 'posix/tst-exec*.c', 'posix/tst-*spawn*.c', 'posix/tst-wait*.c', 'posix/tst-fexecve.c',
                'stdlib/tst-system.c', 'posix/tst-dir*.c', 'posix/tst-pause.c'],
    'exit': ['stdlib/test-*exit*.c', 'stdlib/tst-*exit*.c', 'stdlib/tst-*context*.c', 'stdlib/tst-empty-env.c', 'dlfcn/tst-*.c'],
}
# These end differently under the preload, for a reason.
KNOWN = {
    'tst-key1': 'makes all keys that there are: 1,024, and 1,023 under the preload, which needs one',
    'tst-key4': 'makes all keys that there are: 1,024, and 1,023 under the preload, which needs one',
}
LEFT_OUT = ('tst-support', 'test-')  # of support/
LIMIT = 300  # seconds: ends what hangs; glibc's own limit is shorter
ATTEMPTS = 3
PATHS = {'OBJDIR': '/nowhere', 'SRCDIR': '/nowhere', 'INSTDIR': '/', 'LIBDIR': '/usr/lib', 'BINDIR': '/usr/bin', 'SBINDIR': '/usr/sbin',
         'SLIBDIR': '/lib',
         'ROOTSBINDIR': '/sbin', 'COMPLOCALEDIR': '/usr/lib/locale', 'SYSCONFDIR': '/etc', 'OBJDIR_ELF_LDSO': '/nowhere'}
EXTRA = {'malloc/tst-interpose-nothread.c': 'malloc/tst-interpose-aux-nothread.c',  # further files that a test is linked with
         'malloc/tst-interpose-thread.c': 'malloc/tst-interpose-aux-thread.c'}
HELPERS = ('-aux', '-aux-thread', '-aux-nothread', '-skeleton', 'mod', '-lib', '-common')  # parts of tests
# What glibc's own build would have given.
SHIM = '''#define _GNU_SOURCE 1
#define attribute_hidden
#define libc_hidden_proto(name)
#define libc_hidden_def(name)
#define TIMEOUTFACTOR 3
#define MODULE_NAME testsuite
#define IS_IN(module) 0
#include <features.h>
#include <limits.h>
#define __rtld_malloc malloc
#define allocate_once(place, make, drop, data) \\
    (*(place) ? *(place) : (*(place) = (make) (data)))
#define _ALLOCATE_ONCE_H
'''
HEADERS = ('array_length', 'libc-diag', 'intprops', 'libc-pointer-arith', 'verify', 'file_change_detection', 'scratch_buffer',
           'libc-internal', 'stap-probe', 'atomic', 'list_t', 'futex-internal')
EMPTY = ('allocate_once', 'config', 'sysdep', 'socket-constants-time64', 'shlib-compat', 'libc-symbols')


class Tree:
    """The tests, unpacked and compiled into a folder."""

    def __init__(self, folder, tarball):
        self.folder, self.tarball = folder, tarball

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def make(self):
        """Unpack and compile the support library, once."""
        os.makedirs(self.folder, exist_ok=True)
        with open(self.path('lock'), 'w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.path.exists(self.path('libsupport.a')):
                return
            with tarfile.open(self.tarball) as f:
                f.extractall(self.folder, [m for m in f if re.match(
                    r'[^/]+/(support|include|malloc|nptl|sysdeps/(pthread|x86_64|aarch64|generic)|signal|posix|stdlib|dlfcn|setjmp|debug|'
                    r'test-skeleton)\b', m.name)])
            os.rename(glob.glob(self.path('glibc-*'))[0], self.path('source'))
            os.mkdir(self.path('inc'))
            for name in HEADERS:
                found = [p for p in (self.path('source', 'include', name + '.h'), self.path('source', 'nptl', name + '.h'))
                         if os.path.exists(p)]
                if found and name != 'atomic':
                    shutil.copy(found[0], self.path('inc'))
            shutil.copy(self.path('source', 'sysdeps', os.uname().machine, 'stackinfo.h'), self.path('inc'))
            for name in EMPTY:
                open(self.path('inc', name + '.h'), 'w').close()
            with open(self.path('inc', 'shim.h'), 'w') as f:
                f.write(SHIM)
            for name in 'support', 'malloc', 'stdlib', 'posix', 'signal', 'nptl', 'dlfcn', 'setjmp':
                os.symlink(self.path('source', name), self.path('inc', name))
            shutil.copy(self.path('source', 'test-skeleton.c'), self.path('inc'))
            self.make_support()

    def make_support(self):
        objects = []
        sources = [path for part in ('support/*', 'malloc/scratch_buffer_*', 'malloc/dynarray_*')
                   for path in glob.glob(self.path('source', part + '.c'))]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for source, made in pool.map(lambda s: (s, self.compile(s, ['-c'], self.path(os.path.basename(s) + '.o'))), sources):
                if made and not os.path.basename(source).startswith(LEFT_OUT):
                    objects.append(self.path(os.path.basename(source) + '.o'))
        subprocess.run(['ar', 'rcs', self.path('libsupport.a'), *objects], check=True)

    def compile(self, source, options, to, libraries=()):
        compiler = ['g++'] if source.endswith('.cc') else ['gcc', '-std=gnu11']
        done = subprocess.run(
            [*compiler, '-w', '-O1', '-g', '-fno-builtin-malloc', '-include', self.path('inc', 'shim.h'), '-I', self.path('inc'),
             '-I', self.path('inc', 'support'), *['-D%s_PATH="%s"' % item for item in PATHS.items()], *options, source, '-o', to,
             *libraries], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return done.returncode == 0

    def program(self, source):
        """The path of the compiled test; None: it needs glibc's own build."""
        to = self.path('bin', os.path.relpath(source, self.path('source')).replace('/', '-').rpartition('.')[0])
        os.makedirs(os.path.dirname(to), exist_ok=True)
        if os.path.exists(to):
            return to
        extra = [self.path('source', more) for test, more in EXTRA.items() if source.endswith(test)]
        made = self.compile(source, ['-rdynamic', *extra], to, [self.path('libsupport.a'), '-lpthread', '-ldl', '-lrt', '-lm'])
        return to if made else None


def run_one(program, env):
    """How it ended: a status, or 'hang'. In a folder of its own, with what it started."""
    folder = tempfile.mkdtemp(prefix='memtrace-glibc-')
    try:
        started = subprocess.Popen([program], env=dict(env, TMPDIR=folder), cwd=folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            return started.wait(LIMIT)
        except subprocess.TimeoutExpired:
            return 'hang'
        finally:
            try:
                os.killpg(started.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            started.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check(build, tree, source):
    """(name, what is wrong, or why it is left out)"""
    name = os.path.basename(source).rpartition('.')[0]
    program = tree.program(source)
    if not program:
        return name, None, None
    logs = tempfile.mkdtemp(prefix='memtrace-glibc-logs-')
    os.chmod(logs, 0o777)
    plain, traced = clean_environment(LC_ALL='C'), build.traced(os.path.join(logs, '%p.mt'), LC_ALL='C')
    try:
        one, other = {run_one(program, plain)}, {run_one(program, traced)}
        refused = list(build.unreadable(logs))
        for _ in range(ATTEMPTS):
            if one & other:
                break
            one.add(run_one(program, plain))
            other.add(run_one(program, traced))
    finally:
        shutil.rmtree(logs, ignore_errors=True)
    wrong = [] if one & other else ['ends with %s, with the preload %s' % (sorted(map(str, one)), sorted(map(str, other)))]
    return name, wrong + refused, one


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--list', action='store_true')
    parser.add_argument('--jobs', type=int, default=4, help='so many at a time: most of them wait')
    parser.add_argument('build', nargs='?')
    parser.add_argument('group', nargs='?')
    parser.add_argument('tests', nargs='*')
    options = parser.parse_args()
    if options.list:
        print('\n'.join(GROUPS))
        return 0
    tarballs = sorted(glob.glob(os.environ.get('MEMTRACE_GLIBC_SOURCE', SOURCES)))
    if not tarballs:
        print('glibc\'s source is not here (Debian: glibc-source): skipped')
        return SKIPPED
    outcome, build = Outcome(), Build(options.build)
    tree = Tree(build.path('glibc-tests'), tarballs[-1])
    tree.make()
    sources = [path for group in ([options.group] if options.group else GROUPS) for pattern in GROUPS[group]
               for path in sorted(glob.glob(tree.path('source', pattern)))
               if not os.path.basename(path).rpartition('.')[0].endswith(HELPERS) and '-interpose-static' not in path]
    if options.tests:
        sources = [s for s in sources if os.path.basename(s).rpartition('.')[0] in options.tests]
    left_out, ends = [], {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, wrong, plain in pool.map(lambda source: check(build, tree, source), sources):
            if wrong is None:
                left_out.append(name)
                continue
            for status in plain:
                ends[status] = ends.get(status, 0) + 1
            if wrong and name in KNOWN:
                outcome.skip(name, KNOWN[name] + ': ' + '; '.join(wrong))
            else:
                outcome.result(name, wrong)
            sys.stdout.flush()
    print('%d need glibc\'s own build: %s' % (len(left_out), ' '.join(left_out)))
    print('how they end without the preload: ' + ', '.join('%s: %d' % item for item in sorted(ends.items(), key=str)))
    return outcome.status()


if __name__ == '__main__':
    sys.exit(main())
