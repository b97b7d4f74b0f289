#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is read long after the run: sources and programs that are not what they were, and files that are elsewhere by then.

usage: late.py MEMTRACE CC [unittest arguments]
"""
import json
import os
import re
import shutil
import socket
import subprocess
import threading

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


IMAGE = '''#include <stdlib.h>
void *load_image(size_t bytes)
{
    return malloc(bytes); /* LOAD */
}
'''
APP = '''#include <stddef.h>
void *load_image(size_t bytes);
int main(void)
{
    return load_image(3000000) == 0;
}
'''


class Server:
    """Of debug information, or of nothing at all: it takes every request and never answers."""

    def __init__(self, files):
        self.files, self.asked, self.open = files, [], []
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.url = 'http://127.0.0.1:%d' % self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            self.open.append(connection)
            threading.Thread(target=self.answer, args=[connection], daemon=True).start()

    def answer(self, connection):
        words = connection.recv(65536).decode().split()
        if len(words) < 2:
            return
        self.asked.append(words[1])
        if self.files is None:
            return
        data = self.files.get(words[1])
        connection.sendall(b'HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n' % (
            b'404 Not Found' if data is None else b'200 OK', len(data or b'')) + (data or b''))
        connection.close()

    def close(self):
        self.socket.close()
        for connection in self.open:
            connection.close()


class Gone(Late):
    """A program that unpacks itself into a folder, runs from there and removes it."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.at('kept'))
        image, app = self.write('image.c', IMAGE), self.write('app.c', APP)
        self.cc('-g', '-O0', '-fPIC', '-shared', '-Wl,--build-id', image, '-o', self.at('kept', 'libimage.so'))
        self.cc('-g', '-O0', '-Wl,--build-id', app, '-L' + self.at('kept'), '-limage', '-Wl,-rpath,$ORIGIN',
                '-o', self.at('kept', 'app'))
        shutil.copytree(self.at('kept'), self.at('unpacked'))
        os.mkdir(self.at('elsewhere'))

    def run_and_remove(self, folder):
        log = self.traced(self.at('unpacked', 'app'), folder=folder)
        shutil.rmtree(self.at('unpacked'))
        return log

    def places(self, log, *args, **env):
        """Which of the two files' lines are named."""
        p = self.view('sites', *args, log, **env)
        names = {name for name in ('image.c:%d ' % line_of('LOAD', IMAGE), 'app.c:5 ') if name in p.stdout}
        self.assertEqual('is not there' in p.stderr, len(names) < 2, p)
        return {name.partition(':')[0] for name in names}

    def build_id(self, *names):
        notes = subprocess.run(['readelf', '-n', self.at(*names)], capture_output=True, text=True).stdout
        return re.search('Build ID: ([0-9a-f]+)', notes).group(1)

    def test_in_the_folder_of_the_process(self):
        moved = self.at('elsewhere', 'moved.mt')
        os.rename(self.run_and_remove(self.folder), moved)
        self.assertEqual(self.places(moved), {'image.c', 'app.c'})

    def test_in_the_folder_of_the_log(self):
        log = self.at('moved.mt')
        os.rename(self.run_and_remove('/'), log)
        self.assertEqual(self.places(log), {'image.c', 'app.c'})

    def test_another_file_of_the_name_is_not_taken(self):
        log = self.run_and_remove(self.folder)
        self.cc('-g', '-O0', '-fPIC', '-shared', '-Wl,--build-id', '-DOTHER', '-O2', self.at('image.c'), '-o',
                self.at('kept', 'libimage.so'))
        self.assertEqual(self.places(log), {'app.c'})

    def test_search(self):
        shutil.move(self.run_and_remove(self.at('elsewhere')), log := self.at('elsewhere', 'log.mt'))
        deep = self.path('deep-' + os.path.basename(self.folder))
        os.makedirs(os.path.join(deep, 'a', '.b'))
        self.addCleanup(shutil.rmtree, deep)
        os.rename(self.at('kept', 'libimage.so'), os.path.join(deep, 'a', '.b', 'renamed'))
        os.rename(self.at('kept', 'app'), os.path.join(deep, 'application'))
        self.assertEqual(self.places(log), set())
        self.assertEqual(self.places(log, '--search', deep), {'image.c', 'app.c'})
        lines = self.view('lines', '-f', 'load_image', '--search', deep, log)
        self.assertIn('return malloc(bytes); /* LOAD */', lines.stdout)
        self.assertIn('image.c', self.files(self.report(log, '--search', deep)))
        p = self.memtrace('sites', '--search', deep + '/none', log)
        self.fails(p, 2, '--search', 'No such file')
        self.fails(self.memtrace('report', '--search', log, log), 2, '--search', 'Not a directory')

    def test_debug_information_elsewhere(self):
        """The program is there, but stripped."""
        os.mkdir(self.at('symbols'))
        for name in ('app', 'libimage.so'):
            here, there = self.at('unpacked', name), self.at('symbols', self.build_id('unpacked', name))
            subprocess.run(['objcopy', '--only-keep-debug', here, there], check=True)
            subprocess.run(['strip', here], check=True)
        shutil.rmtree(self.at('kept'))
        log = self.traced(self.at('unpacked', 'app'), folder=self.at('elsewhere'))
        p = self.view('sites', log)
        self.assertNotIn('app.c', p.stdout)
        p = self.view('sites', '--search', self.at('symbols'), log)
        self.assertIn('image.c:4 ', p.stdout)
        self.assertIn('app.c:5 ', p.stdout)

    def test_what_the_cache_knows_is_known_without_the_file(self):
        cache = self.at('cache')
        log = self.traced(self.at('unpacked', 'app'), folder=self.at('elsewhere'))
        self.assertIn('image.c:4 ', self.memtrace('sites', log, XDG_CACHE_HOME=cache).stdout)
        shutil.rmtree(self.at('unpacked'))
        shutil.rmtree(self.at('kept'))
        p = self.memtrace('sites', log, XDG_CACHE_HOME=cache)
        self.assertIn('image.c:4 ', p.stdout)
        self.assertEqual(p.stderr, '')
        self.assertEqual(self.places(log), set())

    def debuginfod(self, files):
        server = Server(files)
        self.addCleanup(server.close)
        return server, {'DEBUGINFOD_URLS': server.url, 'DEBUGINFOD_CACHE_PATH': self.at('debuginfod'),
                        'DEBUGINFOD_TIMEOUT': '90'}

    def asked(self, server):
        """What was asked for, of the program's own files."""
        ids = {self.build_id('unpacked', 'app'), self.build_id('unpacked', 'libimage.so')}
        return [path for path in server.asked if path.split('/')[2] in ids]

    def test_debuginfod(self):
        files = {}
        for name in ('app', 'libimage.so'):
            with open(self.at('kept', name), 'rb') as f:
                files['/buildid/%s/debuginfo' % self.build_id('kept', name)] = f.read()
        log = self.traced(self.at('unpacked', 'app'), folder=self.at('elsewhere'))
        shutil.rmtree(self.at('kept'))
        server, env = self.debuginfod(files)
        self.view('sites', log, **env)
        self.assertEqual(self.asked(server), [])  # they are there
        wanted = set(files)
        shutil.rmtree(self.at('unpacked'))
        p = self.view('sites', log, **env)
        if 'debuginfod is not asked' in p.stderr:
            self.skipTest('no libdebuginfod.so.1')
        self.assertIn('image.c:4 ', p.stdout)
        self.assertIn('app.c:5 ', p.stdout)
        self.assertLessEqual(wanted, set(server.asked))

    def test_debuginfod_that_hangs_is_asked_once(self):
        log = self.run_and_remove(self.at('elsewhere'))
        shutil.rmtree(self.at('kept'))
        server, env = self.debuginfod(None)
        p = self.view('sites', log, **env)
        if 'debuginfod is not asked' in p.stderr:
            self.skipTest('no libdebuginfod.so.1')
        self.assertIn('no answer from ' + server.url, p.stderr)
        self.assertEqual(len(server.asked), 1, server.asked)
        self.assertIn('libimage.so+0x', p.stdout)


if __name__ == '__main__':
    main()
