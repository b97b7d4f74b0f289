#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The packages that scripts/package makes: what is in them runs where nothing of memtrace's, and no library of others, is at hand.

The tar file is installed below a prefix, used, and removed without a trace; the wheel is installed into a virtual environment by pip;
a C program is built against what find_package and pkg-config find; the .deb is unpacked and used; all binaries do with the glibc that
README.md names. Exit status 77: there is no git, pip or venv.
"""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.outcome import Outcome, SKIPPED  # noqa: E402
from support.running import clean_environment  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PYTHON = '/usr/bin/python3'
PROGRAM = '''
def hold():
    return [0] * 1000000


kept = hold()
'''
LINE = re.compile(r'7\.63 MiB .*return \[0\] \* 1000000$', re.M)
MARK = '''
#include <memtrace.h>
int main(void)
{
    if (memtrace_mark)
        memtrace_mark("here");
    return !memtrace_mark;
}
'''
CMAKE = '''
cmake_minimum_required(VERSION 3.16)
project(user C)
find_package(memtrace 0.1 REQUIRED)
add_executable(user user.c)
target_link_libraries(user PRIVATE memtrace::memtrace)
'''


OLDEST = (2, 17)  # the oldest glibc that will do; on aarch64 there is no older one


class Failed(Exception):
    pass


class Place:
    def __init__(self, folder):
        self.folder = folder
        self.environment = clean_environment()
        for name in 'PYTHONPATH', 'MEMTRACE_LIBRARY':
            self.environment.pop(name, None)

    def run(self, *command, status=0, **more):
        done = subprocess.run(command, cwd=self.folder, env=dict(self.environment, **more), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != status:
            raise Failed('%s: status %d\n%s' % (' '.join(command), done.returncode, done.stdout))
        return done.stdout

    def write(self, name, text):
        with open(os.path.join(self.folder, name), 'w') as file:
            file.write(text)

    def path(self, name):
        return os.path.join(self.folder, name)


def check_binary(path):
    """It names no library but those of every glibc, and nothing of a glibc that is newer than OLDEST."""
    text = subprocess.check_output(['objdump', '-p', path], text=True, env=dict(os.environ, LC_ALL='C'))
    wrong = [name for name in re.findall(r'^ +NEEDED +(\S+)$', text, re.M) if not re.match(r'(libc|libm)\.so\.6$|lib(dl|pthread)\.so\.|ld-linux', name)]
    text = subprocess.check_output(['objdump', '-T', path], text=True, env=dict(os.environ, LC_ALL='C'))
    versions = re.findall(r'\(?GLIBC_([\d.]+)\)? +(\w+)$', text, re.M)
    if len(versions) < 40:
        raise Failed('%s: no versions in\n%s' % (path, text))
    wrong += ['%s of glibc %s (packaging/older_glibc.c, interpose/os/oldest_glibc.h)' % (name, version) for version, name in versions
              if tuple(map(int, version.split('.'))) > OLDEST]
    if wrong:
        raise Failed('%s needs %s' % (path, ', '.join(wrong)))


def use(place, command, python):
    """A Python program's line, by the command and by the module."""
    place.write('program.py', PROGRAM)
    for log in glob.glob(place.path('*.mt')):
        os.unlink(log)
    place.run(command, 'run', '-o', place.path('one.mt'), python, 'program.py')
    table = place.run(command, 'report', 'one.mt')
    if not LINE.search(table):
        raise Failed('the line is not in\n' + table)
    return table


def check_tar(place, packages):
    archive, = glob.glob(os.path.join(packages, 'memtrace-*-linux-*.tar.gz'))
    place.run('tar', 'xzf', archive)
    tree = archive[:-len('.tar.gz')].rsplit('/', 1)[1]
    prefix = place.path('prefix')
    words = place.run(os.path.join(tree, 'install'), prefix)
    command = os.path.join(prefix, 'bin/memtrace')
    if command not in words:
        raise Failed('install does not name %s: %s' % (command, words))
    for binary in command, os.path.join(prefix, 'lib/memtrace/libmemtrace.so'):
        check_binary(binary)
    shutil.move(place.path(tree), place.path('elsewhere'))  # nothing may point to it
    use(place, command, PYTHON)
    use(place, command, PYTHON)
    place.run(PYTHON, '-m', 'memtrace', 'program.py', PYTHONPATH=os.path.join(prefix, 'lib/memtrace/python'))
    for verb in 'tree', 'leaks', 'sites', 'html':
        place.run(command, verb, 'one.mt', *(['-o', place.path('one.html')] if verb == 'html' else []))
    developer(place, prefix)
    place.run(place.path('elsewhere/install'), '--remove', prefix)
    left = [os.path.join(at, name) for at, _, names in os.walk(prefix) for name in names]
    if left or os.path.exists(os.path.join(prefix, 'lib')):
        raise Failed('left behind: %s' % (left or os.listdir(prefix)))


def developer(place, prefix):
    """Programs that use memtrace.h."""
    os.makedirs(place.path('user'))
    place.write('user/user.c', MARK)
    place.write('user/CMakeLists.txt', CMAKE)
    place.run('cmake', '-S', 'user', '-B', 'user/build', '-DCMAKE_PREFIX_PATH=' + prefix)
    place.run('cmake', '--build', 'user/build')
    flags = place.run('pkg-config', '--cflags', 'memtrace', PKG_CONFIG_PATH=os.path.join(prefix, 'lib/pkgconfig')).split()
    place.run('cc', *flags, '-o', 'user/plain', 'user/user.c')
    for program in 'user/build/user', 'user/plain':
        place.run(place.path(program), status=1)
        place.run(os.path.join(prefix, 'bin/memtrace'), 'run', '-o', place.path('mark.mt'), place.path(program))


def check_wheel(place, packages):
    wheel, = glob.glob(os.path.join(packages, 'memtrace-*.whl'))
    if not re.search(r'-py3-none-manylinux_%d_%d_(x86_64|aarch64)\.whl$' % OLDEST, wheel):
        raise Failed('its name: ' + wheel)
    place.run(PYTHON, '-m', 'venv', 'venv')
    place.run('venv/bin/pip', 'install', '--no-index', '--disable-pip-version-check', wheel)
    use(place, place.path('venv/bin/memtrace'), place.path('venv/bin/python'))
    for log in glob.glob(place.path('*.mt')):
        os.unlink(log)
    place.run('venv/bin/python', '-m', 'memtrace', 'program.py')
    log, = glob.glob(place.path('memtrace.python*.mt'))
    if not LINE.search(place.run('venv/bin/memtrace', 'report', log)):
        raise Failed('python -m memtrace in the environment: the line is missing')
    place.run('venv/bin/python', '-c', 'import memtrace, memtrace._native as n; assert n.find_library() and n.tool(), (n.find_library(), n.tool())')
    place.run('venv/bin/pip', 'uninstall', '-y', '--disable-pip-version-check', 'memtrace')
    left = [os.path.join(at, name) for at, folders, names in os.walk(place.path('venv')) for name in names + folders if 'memtrace' in name]
    if left:
        raise Failed('left behind: %s' % left)


def check_deb(place, packages):
    package, = glob.glob(os.path.join(packages, 'memtrace_*.deb'))
    fields = dict(line.split(': ', 1) for line in place.run('dpkg-deb', '-f', package).splitlines() if re.match(r'[\w-]+: ', line))
    if fields['Depends'] != 'libc6 (>= %d.%d)' % OLDEST:
        raise Failed('it depends on ' + fields['Depends'])
    place.run('dpkg-deb', '-x', package, 'root')
    for name in 'usr/bin/memtrace', 'usr/lib/memtrace/libmemtrace.so':
        check_binary(place.path('root/' + name))
    use(place, place.path('root/usr/bin/memtrace'), PYTHON)
    place.run(PYTHON, '-m', 'memtrace', 'program.py', PYTHONPATH=place.path('root/usr/lib/python3/dist-packages'))
    for name in os.listdir(os.path.join(ROOT, 'report/man')):
        if not os.path.exists(place.path('root/usr/share/man/man1/%s' % name)) and not os.path.exists(place.path('root/usr/share/man/man1/%s.gz' % name)):
            raise Failed('it has no page ' + name)


def check_notes(_, packages):
    with open(os.path.join(packages, 'release-notes.md')) as file:
        notes = file.read()
    if not re.match(r'## .+\n\n- ', notes) or notes.count('## ') != 1:
        raise Failed(notes[:200])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('build')
    build = parser.parse_args().build
    if subprocess.run([PYTHON, '-c', 'import venv, ensurepip'], stderr=subprocess.DEVNULL).returncode:
        print('skipped: %s has no venv' % PYTHON)
        return SKIPPED
    outcome = Outcome()
    packages = os.path.join(build, 'test-packages')
    shutil.rmtree(packages, ignore_errors=True)
    kinds = ['tar', 'wheel'] + ['deb'] * bool(shutil.which('dpkg-deb'))
    made = subprocess.run([os.path.join(ROOT, 'scripts/package'), '-o', packages, *kinds], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if not outcome.result('made', [] if made.returncode == 0 else [made.stdout]):
        return outcome.status()
    checks = dict(tar=check_tar, wheel=check_wheel, deb=check_deb)
    for what, check in [(kind, checks[kind]) for kind in kinds] + [('notes', check_notes)]:
        with tempfile.TemporaryDirectory(prefix='memtrace-package-') as folder:
            try:
                check(Place(folder), packages)
                outcome.result(what)
            except Failed as problem:
                outcome.result(what, [problem])
    return outcome.status()


sys.exit(main())
