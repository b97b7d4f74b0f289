# SPDX-License-Identifier: MIT
"""perl's own tests of what is hard for us, without the preload and with it: the same ones pass.

    perl.py BUILD-FOLDER [SOURCE]

SOURCE, or PERL_SOURCE in the environment: the unpacked source of the perl that is installed (Debian: apt-get source perl);
the tests are in no package. The modules that they use are the installed ones. Every log must be readable. Exit status: 0 all
is as it should be; 1 a difference; 77 no source."""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

from cpython import PATIENCE, unreadable

PERL = shutil.which('perl', path='/usr/bin:/usr/local/bin')
TESTS = ['t/op/fork.t', 't/op/alarm.t', 't/op/exec.t', 't/op/kill0.t', 't/op/sigdispatch.t', 't/op/sselect.t', 't/op/threads.t',
         't/op/threads-dirh.t', 't/op/die_exit.t', 't/op/sleep.t', 't/op/time.t', 't/op/waitpid.t', 't/io/pipe.t', 't/io/dup.t', 't/io/fs.t',
         't/io/open.t', 'dist/threads/t/*.t', 'dist/threads-shared/t/*.t', 'dist/Thread-Queue/t/*.t', 'ext/POSIX/t/sigaction.t',
         'ext/POSIX/t/waitpid.t', 'ext/POSIX/t/posix.t', 'ext/IPC-Open3/t/*.t', 'cpan/IPC-SysV/t/*.t']


def include(top):
    """One folder with the installed modules, where the tests look for those that a build would have made."""
    path = subprocess.check_output([PERL, '-e', 'print join "\\n", @INC'], text=True, env={'PATH': '/usr/bin:/bin'})
    for folder in path.splitlines():
        for at, _, names in os.walk(folder):
            inside = os.path.join(top, os.path.relpath(at, folder))
            os.makedirs(inside, exist_ok=True)
            for name in names:
                if not os.path.lexists(os.path.join(inside, name)):
                    os.symlink(os.path.join(at, name), os.path.join(inside, name))


def prepare(source, top):
    """What a test needs of the source, in a tree of its own: they write where they are."""
    for folder in sorted({test.split('/t/')[0] if not test.startswith('t/') else 't' for test in TESTS}):
        shutil.copytree(os.path.join(source, folder), os.path.join(top, folder), symlinks=True)
    include(os.path.join(top, 'lib'))


def run(test, env, top):
    """The status, and the results by number."""
    if test.startswith('t/'):
        folder, command = 't', [PERL, test[2:]]
    else:
        folder = test.split('/t/')[0]
        command = [PERL, '-I' + os.path.join(top, 'lib'), '-I' + os.path.join(top, 't'), test[len(folder) + 1:]]
    done = subprocess.run(command, env=env, cwd=os.path.join(top, folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, timeout=PATIENCE)
    return done.returncode, sorted(re.findall(rb'^(?:not )?ok \d+|^1\.\.\d+', done.stdout, re.M))


def main():
    build, source = os.path.abspath(sys.argv[1]), (sys.argv[2:] or [os.environ.get('PERL_SOURCE', '')])[0]
    if not PERL or not os.path.exists(os.path.join(source, 't', 'op', 'fork.t')):
        print("perl's source is not here")
        sys.exit(77)
    plain = {name: value for name, value in os.environ.items() if not name.startswith(('MEMTRACE_', 'LD_', 'PERL'))}
    plain.update(LC_ALL='C.UTF-8', PERL_CORE='1')
    failed = 0
    with tempfile.TemporaryDirectory(prefix='perl-') as top:
        os.chmod(top, 0o755)
        prepare(source, top)
        tests = sorted(os.path.relpath(file, top) for pattern in TESTS for file in glob.glob(os.path.join(top, pattern)))
        for test in tests:
            logs = tempfile.mkdtemp(dir=top)
            os.chmod(logs, 0o1777)
            traced = dict(plain, LD_PRELOAD=os.path.join(build, 'libmemtrace.so'), MEMTRACE_OUTPUT=os.path.join(logs, '%e.%p.mt'), MEMTRACE_QUIET='1')
            before, after = run(test, plain, top), run(test, traced, top)
            count = len(os.listdir(logs))
            bad = [] if before == after else ['without us %s, with us %s' % (before, after)]
            bad += unreadable(os.path.join(build, 'memtrace'), logs) if count else ['no log']
            failed += bool(bad)
            print('%s %s: status %d, %d results, %d logs' % ('FAIL ' if bad else 'ok   ', test, before[0], len(before[1]), count))
            for line in bad:
                print('      ' + line, flush=True)
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
