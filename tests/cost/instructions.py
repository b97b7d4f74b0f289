#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Instructions that real programs take more under memtrace, counted by callgrind and compared with recorded figures.

    instructions.py BUILD [--save] [PROGRAM...]

This is `scripts/bench --instructions`. A program runs without memtrace and with it; the difference, divided by the events that the log
counts, is its figure. Times scatter on a shared machine, instructions do not. But they depend on the compiler, the C library
and the program: each figure is recorded for those it was measured with. With others it is printed and not compared, which is said. More
than 3 % above the recorded figure (15 % for a whole run) is a failure: make it faster, or record the new one (--save) together with the
reason. Exit status 1: a figure is too high; 77: no callgrind here.
"""
import argparse
import glob
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import callgrind, workloads  # noqa: E402
from support.build import Build  # noqa: E402
from support.running import clean_environment  # noqa: E402

RECORDED = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'instructions.json')
MORE = 1.03  # times the recorded figure
MORE_WHOLE = 1.15  # of those of a whole run, which depends on the paths and variables of the machine
BARE = [workloads.PYTHON, '-S']  # what is installed beside it is no part of the figure
SMALL = ('vector', 'string')
# How to make the command, and how its program's version is asked for.
PROGRAMS = {
    'C churn, 1 thread': (workloads.churn(1, 200000), ['cc', '-dumpfullversion']),
    'C++ containers': (workloads.containers(1), ['g++', '-dumpfullversion']),
    'jq': (workloads.jq(1000000), ['jq', '--version']),
    'cc1plus': (workloads.cc1plus(SMALL, 'int main() { return std::string("a").size(); }\n'), ['g++', '-dumpfullversion']),
    'sqlite3': (workloads.sqlite(20000), ['sqlite3', '--version']),
    'perl': (workloads.perl(5000), ['perl', '-e', 'print $^V']),
    'Python objects': (workloads.script(BARE, 'objects.py', workloads.OBJECTS, 1500), [workloads.PYTHON, '--version']),
    'Python recursion': (workloads.script(BARE, 'recursion.py', workloads.RECURSION, 5), [workloads.PYTHON, '--version']),
    'an empty Python script': (workloads.script(BARE, 'empty.py', '', 0), [workloads.PYTHON, '--version']),
    '/bin/true': (lambda folder: ['/bin/true'], ['/bin/true', '--version']),
}
WHOLE = ('an empty Python script', '/bin/true')  # the figure is that of the whole run


def cmake_value(build, name):
    """What CMake found out about the compiler, or None."""
    for path in glob.glob(os.path.join(build, 'CMakeFiles', '*', 'CMakeCCompiler.cmake')):
        with open(path) as file:
            found = re.search(r'^set\(%s "([^"]*)"\)' % name, file.read(), re.M)
        if found:
            return found.group(1)
    return None


def built_with(build):
    """What the library's instructions depend on."""
    with open(os.path.join(build, 'CMakeCache.txt')) as file:
        kind = re.search(r'^CMAKE_BUILD_TYPE:\w+=(\w*)', file.read(), re.M)
    major = (cmake_value(build, 'CMAKE_C_COMPILER_VERSION') or '?').split('.')[0]
    return '%s %s %s, %s, %s' % (cmake_value(build, 'CMAKE_C_COMPILER_ID') or '?', major, platform.machine(), ' '.join(platform.libc_ver()),
                                 kind.group(1) if kind else '?')


def version_of(command):
    """The program's version, in a line; None: it is not here."""
    if not shutil.which(command[0]):
        return None
    text = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    return ' '.join(text.splitlines()[0].split()[:4]) if text else '?'


def environment(**variables):
    """The same for everybody, as what lies on the stack, and in what order hashes are, changes a few instructions."""
    path = clean_environment()['PATH']
    return dict(PATH=path, LC_ALL='C', PYTHONHASHSEED='0', PERL_HASH_SEED='0', PYTHONDONTWRITEBYTECODE='1', **variables)


def events_of(build, folder):
    """Of the largest log: callgrind's own starter is a script, and leaves logs too."""
    events = 0
    for log in glob.glob(os.path.join(folder, 'log.*.mt')):
        report = build.report(log)
        events = max(events, report['allocations'] + report['releases'])
        os.unlink(log)
    return events


def measure(build, folder, command):
    """The instructions of a run without and with memtrace, how many of the latter are the library's, and the events."""
    extra = {}
    while '=' in command[0]:
        name, extra[name] = command[0].split('=')
        command = command[1:]
    plain, _ = callgrind.counts(command, environment(**extra), folder)
    traced = environment(LD_PRELOAD='./libmemtrace.so', MEMTRACE_QUIET='1', MEMTRACE_OUTPUT='./log.%p.mt', **extra)
    whole, inside = callgrind.counts(command, traced, folder)
    return plain, whole, inside, events_of(build, folder)


def verdict(figure, version, known, more):
    """What is said of the figure, and whether it is too high."""
    if not known:
        return 'none recorded', False
    if known['version'] != version:
        return 'not compared: recorded with %s' % known['version'], False
    before = known['instructions']
    if figure > before * more:
        return 'TOO HIGH: recorded %s' % before, True
    return ('recorded %s: --save the lower one' if figure < before / more else 'recorded %s') % before, False


def compare(folder_of_build, chosen, save):
    """Measures the chosen programs, prints a table, and returns those whose figure is too high."""
    build, high = Build(folder_of_build), []
    with open(RECORDED) as file:
        recorded = json.load(file)
    known = recorded.setdefault(built_with(build.folder), {})
    print(built_with(build.folder))
    print('| program (events) | instructions, times | more | an event | of these inside the library | |\n|---|---|---|---|---|---|')
    with tempfile.TemporaryDirectory(prefix='memtrace-instructions-') as folder:
        os.symlink(build.tracker, os.path.join(folder, 'libmemtrace.so'))
        for name in chosen:
            make, ask = PROGRAMS[name]
            version = version_of(ask)
            if not version:
                print('%s: left out, no %s here' % (name, ask[0]), file=sys.stderr)
                continue
            # no name of the folder: it is another one each time, and Python has a hash of each name
            command = [argument.replace(folder, '.') for argument in make(folder)]
            plain, whole, inside, events = measure(build, folder, command)
            by = 1 if name in WHOLE else events
            if not by or not inside:
                sys.exit('%s: nothing counted: %d events, %d instructions in the library' % (name, events, inside))
            figure = round((whole - plain) / by, 1)
            said, bad = verdict(figure, version, known.get(name), MORE_WHOLE if name in WHOLE else MORE)
            print('| %s (%d) | %.2f | %d | %s | %.1f | %s |' % (name, events, whole / plain, whole - plain, figure, inside / by, said))
            sys.stdout.flush()
            high += [name] if bad else []
            known[name] = {'version': version, 'instructions': figure}
    if save:
        with open(RECORDED, 'w') as file:
            json.dump(recorded, file, indent=1, sort_keys=True)
            file.write('\n')
    return high


def run(build, names, save):
    """For main() and scripts/bench. Returns an exit status."""
    if not callgrind.is_here():
        print('no valgrind here: skipped')
        return 77
    high = compare(build, [name for name in PROGRAMS if not names or any(part in name for part in names)], save)
    if high and not save:
        print('more than 3 %% above what was recorded: %s' % '; '.join(high))
        return 1
    return 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('build')
    parser.add_argument('--save', action='store_true')
    parser.add_argument('program', nargs='*')
    args = parser.parse_args()
    sys.exit(run(args.build, args.program, args.save))


if __name__ == '__main__':
    main()
