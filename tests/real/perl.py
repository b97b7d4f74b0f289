# SPDX-License-Identifier: MIT
"""Those of perl's own tests that are hard for memtrace: the same ones pass with and without the preload.

    perl.py BUILD-FOLDER [GROUP...]        --list: the groups

PERL_SOURCE in the environment: the unpacked source of the perl that is installed (Debian: apt-get source perl); the tests are in no
package. The modules that they use are the installed ones. Every log must be readable. A test that differs is run again:
some expect a machine that is quick. Exit status: 0 all is as it should be; 1 a difference; 77 no source."""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import common  # noqa: F401 (finds support)
from support.build import Build
from support.outcome import Outcome
from support.running import clean_environment, run

PERL = shutil.which('perl', path='/usr/bin:/usr/local/bin')
ATTEMPTS = 3
GROUPS = {
    'op': ['t/op/fork.t', 't/op/alarm.t', 't/op/exec.t', 't/op/kill0.t', 't/op/sigdispatch.t', 't/op/sselect.t', 't/op/die_exit.t',
           't/op/sleep.t', 't/op/time.t', 't/op/waitpid.t'],
    'io': ['t/io/pipe.t', 't/io/dup.t', 't/io/fs.t', 't/io/open.t'],
    'threads': ['t/op/threads.t', 't/op/threads-dirh.t', 'dist/threads/t/*.t', 'dist/threads-shared/t/*.t', 'dist/Thread-Queue/t/*.t'],
    'ext': ['ext/POSIX/t/sigaction.t', 'ext/POSIX/t/waitpid.t', 'ext/POSIX/t/posix.t', 'ext/IPC-Open3/t/*.t', 'cpan/IPC-SysV/t/*.t'],
}


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


def prepare(source, top, patterns):
    """What a test needs of the source, in a tree of its own: they write where they are."""
    for folder in sorted({test.split('/t/')[0] if not test.startswith('t/') else 't' for test in patterns}):
        shutil.copytree(os.path.join(source, folder), os.path.join(top, folder), symlinks=True)
    include(os.path.join(top, 'lib'))


def results(test, env, top):
    """The status, and the results by number."""
    if test.startswith('t/'):
        folder, command = 't', [PERL, test[2:]]
    else:
        folder = test.split('/t/')[0]
        command = [PERL, '-I' + os.path.join(top, 'lib'), '-I' + os.path.join(top, 't'), test[len(folder) + 1:]]
    done = run(command, env, cwd=os.path.join(top, folder))
    return done.status, sorted(re.findall(r'^(?:not )?ok \d+|^1\.\.\d+', done.out, re.M))


def check(build, test, plain, top):
    """What is wrong, and what is to be said."""
    logs = tempfile.mkdtemp(dir=top)
    os.chmod(logs, 0o1777)
    traced = dict(plain, LD_PRELOAD=build.tracker, MEMTRACE_OUTPUT=os.path.join(logs, '%e.%p.mt'), MEMTRACE_QUIET='1')
    for _ in range(ATTEMPTS):
        before, after = results(test, plain, top), results(test, traced, top)
        if before == after:
            break
    count = len(os.listdir(logs))
    wrong = [] if before == after else ['%s without the preload, %s with it' % (before, after)]
    wrong += build.unreadable(logs) if count else ['no log']
    return wrong, 'status %d, %d results, %d logs' % (before[0], len(before[1]), count)


def main():
    if sys.argv[1:] == ['--list']:
        print('\n'.join(GROUPS))
        return 0
    build, outcome, source = Build(sys.argv[1]), Outcome(), os.environ.get('PERL_SOURCE', '')
    plain = clean_environment('PERL', LC_ALL='C.UTF-8', PERL_CORE='1')
    for group in sys.argv[2:] or GROUPS:
        if not PERL or not os.path.exists(os.path.join(source, 't', 'op', 'fork.t')):
            outcome.skip(group, "perl's source is not here")
            continue
        with tempfile.TemporaryDirectory(prefix='perl-') as top:
            os.chmod(top, 0o755)
            prepare(source, top, GROUPS[group])
            for test in sorted(os.path.relpath(file, top) for pattern in GROUPS[group] for file in glob.glob(os.path.join(top, pattern))):
                wrong, said = check(build, test, plain, top)
                outcome.result('%s: %s' % (test, said), wrong, test)
    return outcome.status()


if __name__ == '__main__':
    sys.exit(main())
