# SPDX-License-Identifier: MIT
"""memtrace run."""
import json
import os
import re
import shutil
import struct
import subprocess
import unittest

from common import Case, commands


class Run(Case):
    def test_status(self):
        self.assertEqual(self.memtrace('run', '-o', 's.mt', self.program, '7').returncode, 7)
        self.assertEqual(json.loads(self.memtrace('report', '--json', 's.mt').stdout)['exit'], {'status': 7})
        p = self.memtrace('run', '-o', 's.mt', 'sh', '-c', 'kill -9 $$')
        self.assertEqual(p.returncode, -9)
        self.assertIsNone(json.loads(self.memtrace('report', '--json', 's.mt').stdout)['exit'])

    def test_still_running(self):
        with subprocess.Popen([commands.memtrace, 'run', '-o', self.path('live.mt'), 'sh', '-c', 'echo up; read x; :'],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
            self.assertEqual(p.stdout.readline(), b'up\n')
            self.assertTrue(json.loads(self.memtrace('report', '--json', 'live.mt').stdout)['running'])
            self.assertIn('running', self.memtrace('report', 'live.mt').stdout)
            p.communicate(b'\n')
        self.assertFalse(json.loads(self.memtrace('report', '--json', 'live.mt').stdout)['running'])

    def test_default_name(self):
        folder = self.path('folder')
        os.mkdir(folder)
        subprocess.run([commands.memtrace, 'run', self.program], cwd=folder, check=True, stderr=subprocess.DEVNULL)
        self.assertRegex(' '.join(os.listdir(folder)), r'\Amemtrace\.program\.\d+\.mt\Z')

    def test_summary_is_said(self):
        p = self.memtrace('run', '-o', 'said.mt', self.program, MEMTRACE_QUIET='0')
        self.assertIn('memtrace: program: peak 7.6 MiB', p.stderr)

    def test_an_old_log_makes_way_and_nothing_else_does(self):
        for _ in range(2):
            self.assertEqual(self.memtrace('run', '-o', 'again.mt', self.program).returncode, 0)
        self.assertFalse(os.path.exists(self.path('again.2.mt')))
        other = self.write('precious.txt', b'my novel')
        self.fails(self.memtrace('run', '-o', other, self.program), 2, other)
        self.assertEqual(self.read(other), b'my novel')

    def test_a_folder_that_cannot_take_the_log(self):
        no_folder = self.write('no_folder', b'')
        for folder, why in (self.path('nowhere'), 'No such file or directory'), (no_folder, 'Not a directory'):
            name = os.path.join(folder, 'x.mt')
            p = self.memtrace('run', '-o', name, 'echo', 'ran')
            self.fails(p, 2, name, why)
            self.assertEqual(p.stdout, '')
        self.fails(self.memtrace('run', '-o', os.path.dirname(no_folder), 'echo', 'ran'), 2, 'is a folder')
        if os.getuid():
            locked = self.path('locked')
            os.mkdir(locked, 0o555)
            self.fails(self.memtrace('run', '-o', locked + '/x.mt', 'echo'), 2, locked, 'Permission denied')
        self.assertEqual(self.memtrace('run', '-o', '%e/../x.mt', 'true').returncode, 0)  # a pattern: known later

    def test_the_line_at_exit_says_where_the_log_went_and_why(self):
        name = 'elsewhere.%d.mt' % os.getpid()
        p = self.memtrace('run', self.program, MEMTRACE_OUTPUT=self.path('nowhere/' + name), MEMTRACE_QUIET='0')
        self.addCleanup(os.unlink, '/tmp/' + name)
        self.assertEqual(p.returncode, 0)
        self.assertRegex(p.stderr, r'the log is in /tmp, not where it should be: .*no such folder.*memtrace report /tmp/' + name)

    def test_settings_that_make_no_sense(self):
        for name, value in ('MAX_LOG', 'abc'), ('MAX_LOG', '64X'), ('MAX_LOG', '99999999999999999999'), ('MAX_LOG', '9999999999T'), \
                ('MIN_PEAK', '1,2,3'), ('MIN_PEAK', ' 1M'), ('QUIET', 'no'), ('PYTHON_OBJECTS', 'off'), ('SUMMARY', 'yes'), ('LINES', 'x' * 2048), \
                ('OUTPUT', 'x' * 3072):
            p = self.memtrace('run', 'echo', 'ran', **{'MEMTRACE_' + name: value})
            self.fails(p, 2, "MEMTRACE_%s: '%s' is not " % (name, value[:64]))
            self.assertEqual(p.stdout, '')
        for name, value in ('MAX_LOG', '64m'), ('MAX_LOG', ''), ('MAX_LOG', '0'), ('MIN_PEAK', '1M,4711'), ('MIN_PEAK', '500K'), ('QUIET', '0'), \
                ('SUMMARY', '0'), ('PYTHON', '0'), ('LINES', 'f,g'), ('CACHE', '0'), ('THREADS', '2'), ('UNTRACED', ''):
            p = self.memtrace('run', '-o', 'sense.mt', 'true', **{'MEMTRACE_' + name: value})
            self.assertEqual((p.returncode, p.stderr if name != 'QUIET' else ''), (0, ''), name)
        p = self.memtrace('run', '-o', 'sense.mt', 'true', MEMTRACE_QUIET='0', MEMTRACE_SUMMARY='0', MEMTRACE_MAX_LOGS='1M')
        self.assertEqual((p.returncode, p.stderr),
                         (0, "memtrace: there is no setting MEMTRACE_MAX_LOGS: it does nothing; did you mean 'MEMTRACE_MAX_LOG'?\n"))
        p = self.memtrace('run', '-o', 'sense.mt', 'true', MEMTRACE_QUIET='0', MEMTRACE_SUMMARY='0', MEMTRACE_FOO='1')
        self.assertEqual((p.returncode, p.stderr), (0, 'memtrace: there is no setting MEMTRACE_FOO: it does nothing\n'))
        self.assertEqual(self.memtrace('run', '-o', 'sense.mt', 'true', MEMTRACE_FOO='1').stderr, '')  # quiet
        self.fails(self.memtrace('bench', '-r', '2', 'true', MEMTRACE_MAX_LOG='abc'), 2, 'MEMTRACE_MAX_LOG')

    def test_the_library_says_them_in_its_line(self):
        library = os.path.join(os.path.dirname(commands.memtrace), 'libmemtrace.so')
        def line(**more):
            env = {**os.environ, 'LD_PRELOAD': library, 'MEMTRACE_OUTPUT': self.path('lib.mt'), 'MEMTRACE_SUMMARY': '1', **more}
            return subprocess.run([self.program], env=env, capture_output=True, text=True).stderr
        for name, value in ('MAX_LOG', 'abc'), ('MAX_LOG', '64MB'), ('MAX_LOG', '99999999999999999999'), ('MIN_PEAK', '1K,x'), ('LINES', 'x' * 2048):
            said = line(**{'MEMTRACE_' + name: value})
            self.assertEqual(said.count('MEMTRACE_%s has a value that makes no sense, and was left aside; to read it: ' % name), 1, said)
            self.assertEqual(said.count('\n'), 1)
            self.assertEqual(json.loads(self.memtrace('report', '--json', 'lib.mt').stdout)['unattributed_allocations'], 0)
            os.unlink(self.path('lib.mt'))
        for name, value in ('MAX_LOG', '64M'), ('MAX_LOG', ''), ('MAX_LOG', '0'), ('MIN_PEAK', '1K,1'), ('LINES', ''):
            self.assertNotIn('no sense', line(**{'MEMTRACE_' + name: value}))
        self.assertEqual(line(MEMTRACE_MAX_LOG='abc', MEMTRACE_SUMMARY='0'), '')

    def test_missing(self):
        self.fails(self.memtrace('run', 'no-such-program'), 127, 'no-such-program')
        self.fails(self.memtrace('run', './no-such-program'), 127, 'no-such-program')
        self.fails(self.memtrace('run', ''), 127)

    def test_not_executable(self):
        self.fails(self.memtrace('run', self.source), 126, 'not executable')
        self.fails(self.memtrace('run', self.top), 126, 'is a directory')
        self.fails(self.memtrace('run', self.write('empty', b'', 0o755)), 126, 'is empty')
        script = self.write('script', b'#!/no/such/interpreter\n', 0o755)
        self.fails(self.memtrace('run', script), 126, '/no/such/interpreter')

    def test_static(self):
        static = self.path('static')
        self.cc('-static', self.source, '-o', static)
        self.fails(self.memtrace('run', static), 2, static, 'statically linked')
        self.cc('-static-pie', self.source, '-o', static)
        self.fails(self.memtrace('run', static), 2, static, 'statically linked')
        script = self.write('static-script', b'#! %s -x\necho\n' % static.encode(), 0o755)
        self.fails(self.memtrace('run', script), 2, 'is a script for ' + static, 'statically linked')

    def test_other_architecture(self):
        with open(self.program, 'rb') as f:
            data = bytearray(f.read())
        data[18:20] = struct.pack('<H', 2)  # e_machine: SPARC
        self.fails(self.memtrace('run', self.write('sparc', data, 0o755)), 2, 'another architecture')

    def test_other_library(self):
        """A program's loader tells which C library it is for, by the name that the loader gives itself."""
        program, loader = self.path('foreign'), self.path('ld-linux-foreign.so')
        self.cc('-shared', '-fPIC', '-Wl,-soname,libc.so', self.source, '-o', loader)  # as musl's
        self.cc(self.source, '-o', program, '-Wl,--dynamic-linker=' + loader)
        self.fails(self.memtrace('run', program), 2, program, 'another C library', loader)
        own = self.path('loader')  # glibc's, by another name
        with open(self.program, 'rb') as f:
            os.symlink(re.search(rb'/lib[\w/]*/ld-linux[^\0]*', f.read())[0].decode(), own)
        self.cc(self.source, '-o', program, '-Wl,--dynamic-linker=' + own)
        self.assertEqual(self.memtrace('run', '-o', self.path('own.mt'), program).returncode, 0)
        self.assertTrue(os.path.exists(self.path('own.mt')))
        os.unlink(own)  # the loader is missing: the system says so
        self.assertEqual(self.memtrace('run', program).returncode, 127)

    @unittest.skipUnless(os.geteuid() == 0, 'needs root to give a file away')
    def test_privileged(self):
        for mode, word in (0o4755, 'setuid'), (0o2755, 'setgid'):
            copy = self.path('privileged')
            shutil.copy(self.program, copy)
            os.chown(copy, 65534, 65534)
            os.chmod(copy, mode)
            self.fails(self.memtrace('run', copy), 2, copy, word)

    def test_library(self):
        self.fails(self.memtrace('run', self.program, MEMTRACE_LIBRARY='/no/such.so'), 2, '/no/such.so')
        blank = self.path('a blank.so')
        shutil.copy(os.path.join(os.path.dirname(commands.memtrace), 'libmemtrace.so'), blank)
        self.assertEqual(self.memtrace('run', self.program, MEMTRACE_LIBRARY=blank).returncode, 0)

    def test_other_preloads_stay(self):
        self.cc('-shared', '-fPIC', '-x', 'c', '/dev/null', '-o', 'other.so')
        p = self.memtrace('run', '-o', 'o.mt', 'sh', '-c', 'echo "$LD_PRELOAD"', LD_PRELOAD=self.path('other.so'),
                          ASAN_OPTIONS='verify_asan_link_order=0')  # where memtrace itself has ASan
        self.assertRegex(p.stdout, r'\A/.*/libmemtrace\.so:%s\n\Z' % re.escape(self.path('other.so')))
