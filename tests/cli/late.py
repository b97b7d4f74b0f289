#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is read long after the run: sources and programs that are not what they were, and files that are elsewhere by then.

usage: late.py MEMTRACE CC [unittest arguments]
"""
import json
import os
import shutil
import subprocess

from common import Case, commands, line_of, main

SCRIPT = 'def f():\n    a = bytearray(4000000)\n    return a\nx = f()\n'
PYTHON = '/usr/bin/python3'  # a shim of pyenv would be traced in its place
SAYS = 'has changed since the run'


class Late(Case):
    def setUp(self):
        self.folder = self.path(self.id().rpartition('.')[2])
        os.mkdir(self.folder)

    def at(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        with open(self.at(name), 'w') as f:
            f.write(text)
        return self.at(name)

    def traced(self, *command, folder=None):
        """The log of a run in the test's folder."""
        log = self.at('log.mt')
        library = os.path.join(os.path.dirname(commands.memtrace), 'libmemtrace.so')
        env = {**os.environ, 'MEMTRACE_QUIET': '1', 'MEMTRACE_OUTPUT': log, 'LD_PRELOAD': library}
        subprocess.run(command, env=env, cwd=folder or self.folder, check=True)
        return log

    def view(self, *args, status=0, **env):
        p = self.memtrace(*args, MEMTRACE_CACHE='0', **env)
        self.assertEqual(p.returncode, status, p)
        return p

    def report(self, log, *args, **env):
        return json.loads(self.view('report', '--json', *args, log, **env).stdout)

    def build(self, name, text, *flags):
        self.write(name + '.c', text)
        self.cc('-g', '-O0', *flags, self.at(name + '.c'), '-o', self.at(name))
        return self.at(name)

    @staticmethod
    def function(report, name):
        return next(f for f in report['functions'] if f['function'] == name)

    @staticmethod
    def files(report):
        return {os.path.basename(line['file']) for line in report['lines'] if line['file']}


class Changed(Late):
    def python(self):
        if not os.path.exists(PYTHON):
            self.skipTest('no ' + PYTHON)
        script = self.write('edited.py', SCRIPT)
        return script, self.traced(PYTHON, script)

    def expect_text(self, log, shown):
        lines = self.view('lines', '-f', 'f', log)
        self.assertEqual('bytearray(4000000)' in lines.stdout, shown, lines)
        self.assertEqual(SAYS in lines.stderr, not shown, lines)
        self.assertEqual('(changed since the run' in lines.stdout, not shown, lines)
        report = self.report(log)
        self.assertEqual(self.function(report, 'f')['source_changed'], not shown)
        self.assertEqual(any('changed since the run' in note for note in report['notes']), not shown)
        line = next(line for line in report['lines'] if line['function'] == 'f' and line['line'] == 2)
        self.assertEqual(line['source'], '    a = bytearray(4000000)' if shown else None)
        self.assertGreaterEqual(line['rise_bytes'], 4000000)  # the figures are true all the same
        self.assertEqual(SAYS in self.view('sites', log).stderr, not shown)

    def test_python_source_that_was_edited(self):
        script, log = self.python()
        self.expect_text(log, True)
        with open(script, 'w') as f:
            f.write('# a licence\n' + SCRIPT)
        self.expect_text(log, False)
        mprun = self.view('lines', '--mprun', '-f', 'f', log)
        self.assertNotIn('bytearray', mprun.stdout)
        self.assertIn(SAYS, mprun.stderr)

    def test_python_source_of_the_same_size_and_time(self):
        script, log = self.python()
        was = os.stat(script)
        with open(script, 'w') as f:
            f.write(SCRIPT.replace('return a', 'return b'))
        os.utime(script, ns=(was.st_atime_ns, was.st_mtime_ns))
        self.expect_text(log, False)

    def test_python_source_that_was_only_touched(self):
        script, log = self.python()
        os.utime(script, (1, 1))
        self.expect_text(log, True)

    def test_program_without_build_id_that_was_built_again(self):
        text = '#include <stdlib.h>\nint main(void) { char *p = malloc(5000000);\n    return p == 0; }\n'
        program = self.build('again', text, '-Wl,--build-id=none')
        log = self.traced(program)
        self.assertIn('again.c', self.files(self.report(log)))
        was = os.stat(program)
        os.utime(program, ns=(was.st_atime_ns, was.st_mtime_ns + 1))
        p = self.view('sites', log)
        self.assertIn(SAYS, p.stderr)
        self.assertNotIn('again.c', p.stdout)
        self.assertNotIn('again.c', self.files(self.report(log)))
        os.utime(program, ns=(was.st_atime_ns, was.st_mtime_ns))
        self.assertIn('again.c', self.view('sites', log).stdout)

    def test_source_that_is_newer_than_the_program(self):
        program = self.build('newer', '#include <stdlib.h>\nint main(void)\n{\n    return !malloc(5000000);\n}\n')
        log = self.traced(program)
        report = self.report(log)
        self.assertFalse(self.function(report, 'main')['source_changed'])
        self.assertIn('malloc(5000000)', self.view('report', log).stdout)
        built = os.stat(program).st_mtime_ns
        os.utime(self.at('newer.c'), ns=(built, built + 1))
        p = self.view('report', log)
        self.assertNotIn('malloc(5000000)', p.stdout)
        self.assertIn(SAYS, p.stderr)
        self.assertTrue(self.function(self.report(log), 'main')['source_changed'])


if __name__ == '__main__':
    main()
