#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The first page of programs with planted leaks (programs/planted_*): what was never given back is there by its own line, to the byte that
the program counted, and nothing of a runtime is; each list adds up. Usage: first_page.py BUILD CC CXX [RUSTC] | --flask BUILD"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.build import Build
from support.outcome import SKIPPED, Outcome
from support.running import Failed, run

PROGRAMS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'programs')
PYTHON = '/usr/bin/python3'
THREADS, REQUESTS = 4, 100
LOCALS = 64  # bytes: variables of main, of a program that is killed
SLACK = 1024  # bytes: objects of the interpreter that a collection or another thread leaves at a line of a server with threads
QUESTIONS = {'peak': 'What holds the peak', 'jumped': 'What jumped', 'never_given_back': 'What was never given back'}


def source(name):
    return os.path.join(PROGRAMS, name)


def marks_of(*names):
    """(file, line) of each mark."""
    found = {}
    for name in names:
        with open(source(name), encoding='utf-8') as file:
            for number, line in enumerate(file, 1):
                mark = re.search(r'(?:/\*|//|#) PLANTED (\w+)', line)
                if mark:
                    found[mark.group(1)] = (source(name), number)
    return found


def told(text):
    """What a program says that it forgot."""
    return {mark: int(size) for mark, size in re.findall(r'^PLANTED (\w+) (\d+)$', text, re.M)}


def sums(name, answer):
    """What does not add up."""
    parts = [answer[part] for part in ('others', 'runtimes', 'unknown')] + answer['lines']
    for key in ('allocated_bytes', 'allocations') + (('bytes',) if name != 'jumped' else ()):
        total = sum(part[key] for part in parts)
        if total != answer['total'][key]:
            yield '%s: %s of all parts is %d, of the total %d' % (name, key, total, answer['total'][key])


def page_lines(text, question):
    """The places in one list of the printed page, without those of "by way of"."""
    part = text.split(QUESTIONS[question], 1)[1].split('\n\n', 1)[0]
    return [row.split('  ')[-2].strip() for row in part.splitlines() if re.search(r'\S:\d+  \S', row) and 'by way of' not in row]


def check_page(build, log, wanted, marks, python, slack=0):
    """Messages. `wanted`: by mark, bytes. With `python`, lines that define functions and the like are live, too, but only the program's.
    `slack`: bytes that a planted line may have besides."""
    report = build.report(log)
    answer = report['questions']['never_given_back']
    for name in QUESTIONS:
        yield from sums(name, report['questions'][name])
    if answer['total']['bytes'] != report['live_bytes' if answer['figure'] == 'live' else 'leaked_bytes']:
        yield 'the total is not that of the summary'
    rows = {(row['file'], row['line']): row['bytes'] for row in answer['lines']}
    for mark, size in wanted.items():
        if not 0 <= rows.get(marks[mark], -1) - size <= slack:
            yield '%s: %s bytes at %s:%d, the program says %d' % (mark, rows.get(marks[mark]), *marks[mark], size)
    files = {file for file, _ in marks.values()}
    all_lines = build.report(log, '-n', '0')['questions']['never_given_back']['lines']
    for row in all_lines:
        planted = row['file'] in files if python else (row['file'], row['line']) in marks.values()
        if row['bytes'] >= LOCALS and not planted:
            yield 'not planted: %s:%s %s, %d bytes' % (row['file'], row['line'], row['function'], row['bytes'])
    printed = page_lines(build.view('report', log), 'never_given_back')
    for mark in wanted:
        if '%s:%d' % (os.path.basename(marks[mark][0]), marks[mark][1]) not in printed:
            yield '%s is not on the printed page: %s' % (mark, printed)
    if not wanted or set(wanted) != set(marks):
        yield 'the program speaks of %s, its source of %s' % (sorted(wanted), sorted(marks))


class Tests(Outcome):
    def __init__(self, folder):
        super().__init__()
        self.build = Build(folder)
        self.folder = tempfile.mkdtemp(prefix='memtrace-page-')
        self.plugin = os.path.join(self.folder, 'planted_plugin.so')
        self.log = os.path.join(self.folder, 'log.mt')

    def traced(self):
        return self.build.traced(self.log, MEMTRACE_QUIET='1', PYTHONDONTWRITEBYTECODE='1')

    def program(self, what, command, names, status=0, python=False):
        try:
            done = run(command, self.traced(), cwd=self.folder)
            if done.status != status:
                raise Failed('exit status %d: %s' % (done.status, done.err))
            wrong = list(check_page(self.build, self.log, told(done.out), marks_of(*names), python))
        except Failed as problem:
            wrong = [problem]
        self.result(what, wrong)
        if os.path.exists(self.log):
            os.unlink(self.log)

    def compiled(self, compiler, name, *options):
        program = os.path.join(self.folder, name.split('.')[0])
        subprocess.run([*compiler, '-g', *options, source(name), '-o', program], check=True)
        return program

    def native(self, cc, cxx, rustc):
        self.compiled([cc, '-shared', '-fPIC'], 'planted_plugin.c')
        os.rename(self.plugin[:-3], self.plugin)
        for level in '-O0', '-O2':
            for name, compiler in ('planted_c.c', [cc, '-D_GNU_SOURCE', '-pthread']), ('planted_cxx.cc', [cxx, '-pthread']):
                program = self.compiled(compiler, name, level)
                self.program('%s %s' % (name, level), [program, self.plugin], [name, 'planted_plugin.c'])
            if not rustc:
                self.skip('planted_rust.rs ' + level, 'there is no rustc')
                continue
            program = self.compiled([rustc, '--edition', '2021'], 'planted_rust.rs', '-Copt-level=' + level[2])
            names = ['planted_rust.rs', 'planted_plugin.c']
            self.program('planted_rust.rs ' + level, [program, self.plugin], names)
            self.program('planted_rust.rs %s, killed' % level, [program, self.plugin, 'kill'], names, -signal.SIGTERM)

    def python(self):
        if not os.path.exists(PYTHON):
            self.skip('planted_python.py', 'there is no ' + PYTHON)
            return
        command = [PYTHON, source('planted_python.py'), self.plugin]
        names = ['planted_python.py', 'planted_plugin.c']
        self.program('planted_python.py', command, names, python=True)
        self.program('planted_python.py, killed', command + ['kill'], names, -signal.SIGTERM, True)

    def flask(self):
        server = subprocess.Popen([PYTHON, source('planted_flask.py')], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  env=self.traced())
        problems = []
        try:
            address = 'http://127.0.0.1:%d/' % int(server.stdout.readline())

            def load(first):
                try:
                    for i in range(first, first + REQUESTS):
                        with urllib.request.urlopen(address + 'job/%d' % i) as answer:
                            answer.read()
                except OSError as problem:
                    problems.append(problem)

            threads = [threading.Thread(target=load, args=(i * REQUESTS,)) for i in range(THREADS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            with urllib.request.urlopen(address + 'held') as answer:
                held = told(answer.read().decode())
        finally:
            server.terminate()
            server.wait()
        if held.get('request', 0) < 100 * THREADS * REQUESTS:
            problems.append('held: %s' % held)
        self.result('planted_flask.py', problems + list(check_page(self.build, self.log, held, marks_of('planted_flask.py'), True,
                                                                          SLACK)))

    def close(self):
        shutil.rmtree(self.folder)
        return self.status()


def main():
    if sys.argv[1] == '--flask':
        if not os.path.exists(PYTHON) or subprocess.run([PYTHON, '-c', 'import flask'], stderr=subprocess.DEVNULL).returncode:
            print('skipped: %s has no flask' % PYTHON)
            return SKIPPED
        tests = Tests(sys.argv[2])
        tests.flask()
    else:
        tests = Tests(sys.argv[1])
        tests.native(*(sys.argv[2:] + [None])[:3])
        tests.python()
    return tests.close()


if __name__ == '__main__':
    sys.exit(main())
