#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command memtrace as its users meet it: usage, messages, exit statuses, tables, JSON.

usage: run.py MEMTRACE CC [unittest arguments]; libmemtrace.so stands beside MEMTRACE.
"""
import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

MEMTRACE = CC = None

PROGRAM = r'''
#include <stdlib.h>
static void *kept;
__attribute__((noinline)) static void *take(size_t bytes)
{
    return malloc(bytes); /* TAKE */
}
int main(int argc, char **argv)
{
    void *gone = take(8000000); /* GONE */
    free(gone);                 /* FREE */
    kept = take(2097152);       /* KEPT */
    return argc > 1 ? atoi(argv[1]) : 0;
}
'''

INLINED = r'''
#include <stdlib.h>
static void *volatile kept;
static inline __attribute__((always_inline)) void inner(void)
{
    kept = malloc(4096); /* INNER */
}
static inline __attribute__((always_inline)) void middle(void)
{
    if (!kept)
        inner(); /* MIDDLE */
}
int main(void)
{
    middle(); /* MAIN */
    return 0;
}
'''


def line_of(mark, program=PROGRAM):
    return next(i + 1 for i, line in enumerate(program.splitlines()) if '/* %s */' % mark in line)


class Case(unittest.TestCase):
    """Each test in a directory of its own, with the program and its log."""

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix='memtrace-cli-')
        os.chmod(cls.top, 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.top)
        cls.source = os.path.join(cls.top, 'program.c')
        with open(cls.source, 'w') as f:
            f.write(PROGRAM)
        cls.program = os.path.join(cls.top, 'program')
        cls.cc('-g', '-O1', '-Wl,--build-id', cls.source, '-o', cls.program)
        cls.log = os.path.join(cls.top, 'program.mt')
        p = cls.memtrace('run', '-o', cls.log, cls.program)
        assert p.returncode == 0, p

    @classmethod
    def cc(cls, *args):
        subprocess.run([CC, *args], check=True, cwd=cls.top)

    @classmethod
    def memtrace(cls, *args, **env):
        env = {**os.environ, 'MEMTRACE_QUIET': '1', 'XDG_CACHE_HOME': os.path.join(cls.top, 'cache'), **env}
        for name in ('MEMTRACE_LIBRARY', 'MEMTRACE_OUTPUT', 'LD_PRELOAD'):
            env.setdefault(name, '')
            if not env[name]:
                del env[name]
        return subprocess.run([MEMTRACE, *args], cwd=cls.top, env=env, capture_output=True, text=True,
                              errors='surrogateescape', stdin=subprocess.DEVNULL)

    def fails(self, p, status, *words):
        self.assertEqual(p.returncode, status, p)
        for word in words:
            self.assertIn(word, p.stderr)
        self.assertTrue(p.stderr.startswith('memtrace: '), p)

    @staticmethod
    def read(path):
        with open(path, 'rb') as f:
            return f.read()

    def path(self, name):
        return os.path.join(self.top, name)

    def write(self, name, data, mode=0o644):
        with open(self.path(name), 'wb') as f:
            f.write(data)
        os.chmod(self.path(name), mode)
        return self.path(name)


class Usage(Case):
    def test_help(self):
        p = self.memtrace('--help')
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        for verb in 'run', 'report', 'lines', 'sites':
            self.assertIn('  %s ' % verb, p.stdout)
            p2 = self.memtrace(verb, '--help')
            self.assertEqual((p2.returncode, p2.stderr), (0, ''))
            self.assertIn('usage: memtrace %s' % verb, p2.stdout)
            self.assertIn('example:', p2.stdout)

    def test_version(self):
        p = self.memtrace('--version')
        self.assertEqual(p.returncode, 0)
        self.assertRegex(p.stdout, r'\Amemtrace \d+\.\d+\.\d+\n\Z')

    def test_wrong(self):
        self.assertEqual(self.memtrace().returncode, 2)
        self.fails(self.memtrace('frobnicate'), 2, "no verb 'frobnicate'")
        for verb in 'run', 'report', 'lines', 'sites':
            self.fails(self.memtrace(verb), 2, 'which')
            self.assertEqual(self.memtrace(verb, '--frobnicate').returncode, 2)
        self.fails(self.memtrace('report', '-n', 'x', self.log), 2, "not 'x'")
        self.fails(self.memtrace('sites', '--sort', 'colour', self.log), 2, 'colour')
        self.fails(self.memtrace('lines', self.log, self.log), 2, 'one log')

    def test_help_of_the_program_is_the_programs(self):
        p = self.memtrace('run', '-o', self.path('echo.mt'), 'echo', '--help me')
        self.assertEqual((p.returncode, p.stdout), (0, '--help me\n'))

    def test_a_closed_output_is_an_error(self):
        with open('/dev/full', 'w') as full:
            p = subprocess.run([MEMTRACE, 'report', self.log], stdout=full, stderr=subprocess.PIPE, text=True)
        self.fails(p, 2, 'standard output')


class Run(Case):
    def test_status(self):
        self.assertEqual(self.memtrace('run', '-o', 's.mt', self.program, '7').returncode, 7)
        self.assertEqual(json.loads(self.memtrace('report', '--json', 's.mt').stdout)['exit'], {'status': 7})
        p = self.memtrace('run', '-o', 's.mt', 'sh', '-c', 'kill -9 $$')
        self.assertEqual(p.returncode, -9)
        self.assertIsNone(json.loads(self.memtrace('report', '--json', 's.mt').stdout)['exit'])

    def test_still_running(self):
        with subprocess.Popen([MEMTRACE, 'run', '-o', self.path('live.mt'), 'sh', '-c', 'echo up; read x; :'],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
            self.assertEqual(p.stdout.readline(), b'up\n')
            self.assertTrue(json.loads(self.memtrace('report', '--json', 'live.mt').stdout)['running'])
            self.assertIn('running', self.memtrace('report', 'live.mt').stdout)
            p.communicate(b'\n')
        self.assertFalse(json.loads(self.memtrace('report', '--json', 'live.mt').stdout)['running'])

    def test_default_name(self):
        folder = self.path('folder')
        os.mkdir(folder)
        subprocess.run([MEMTRACE, 'run', self.program], cwd=folder, check=True, stderr=subprocess.DEVNULL)
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
        shutil.copy(os.path.join(os.path.dirname(MEMTRACE), 'libmemtrace.so'), blank)
        self.fails(self.memtrace('run', self.program, MEMTRACE_LIBRARY=blank), 2, 'blank')

    def test_other_preloads_stay(self):
        self.cc('-shared', '-fPIC', '-x', 'c', '/dev/null', '-o', 'other.so')
        p = self.memtrace('run', '-o', 'o.mt', 'sh', '-c', 'echo "$LD_PRELOAD"', LD_PRELOAD=self.path('other.so'),
                          ASAN_OPTIONS='verify_asan_link_order=0')  # where memtrace itself has ASan
        self.assertRegex(p.stdout, r'\A/.*/libmemtrace\.so:%s\n\Z' % re.escape(self.path('other.so')))


FAMILY = r'''
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static void *volatile kept;
static void child(size_t bytes, void (*then)(char **), char **argv)
{
    pid_t pid = fork();
    if (!pid) {
        kept = malloc(bytes);
        if (then)
            then(argv);
        exit(0);
    }
    waitpid(pid, NULL, 0);
}
static void replaced(char **argv)
{
    argv[1] = "after";
    execv(argv[0], argv);
}
static void grandchild(char **argv)
{
    child(1000, NULL, argv);
}
int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "after")) {
        kept = malloc(100);
        return 0;
    }
    kept = malloc(1000000);
    child(100000, grandchild, argv);
    child(10000, replaced, argv);
    child(10, NULL, argv);
    return 0;
}
'''


# 10 starts 100 and 1000 before it allocates itself; 1000 does so when its parent has ended. 10 is replaced then by 10000, which
# starts 100000.
LATE = r'''
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void *volatile kept;
static void child(size_t bytes, int until)
{
    char c;
    if (fork())
        return;
    if (until >= 0 && read(until, &c, 1) < 0)
        _exit(1);
    kept = malloc(bytes);
    _exit(0);
}
int main(int argc, char **argv)
{
    int ended[2], all[2];
    char c;
    if (argc > 1) {
        kept = malloc(10000);
        child(100000, -1);
        wait(NULL);
        return 0;
    }
    if (pipe(ended) || pipe(all))
        return 1;
    kept = malloc(1);
    if (!fork()) {
        close(all[0]);
        child(100, -1);
        wait(NULL);
        if (!fork()) {
            close(ended[1]);
            child(1000, ended[0]);
            _exit(0);
        }
        kept = malloc(10);
        wait(NULL);
        close(all[1]);
        execl(argv[0], argv[0], "again", (char *)NULL);
        _exit(1);
    }
    close(all[1]);
    wait(NULL);
    close(ended[1]);
    return read(all[0], &c, 1) != 0;
}
'''


class LateFamily(Case):
    """Logs that begin after those of their children, and children whose parents have ended."""

    def test_tree(self):
        source, folder = os.path.join(self.top, 'late.c'), os.path.join(self.top, 'late_logs')
        with open(source, 'w') as f:
            f.write(LATE)
        self.cc('-g', '-O1', source, '-o', os.path.join(self.top, 'late'))
        os.mkdir(folder)
        p = self.memtrace('run', '-o', os.path.join(folder, '%e.%p.mt'), os.path.join(self.top, 'late'))
        self.assertEqual(p.returncode, 0, p)
        logs = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
        for order in logs, logs[::-1]:
            reports = json.loads(self.memtrace('report', '--json', *order).stdout)
            own = {r['log']: r['allocated_bytes'] for r in reports}
            parent = {r['allocated_bytes']: own.get(r['family']['parent_log']) for r in reports}
            # The one between 10 and 1000 allocates nothing, and has no log.
            self.assertEqual(parent, {1: None, 10: 1, 100: 10, 1000: None, 10000: 10, 100000: 10000})
            started = {r['allocated_bytes']: r['start_time_ns'] for r in reports}
            begun = {r['allocated_bytes']: r['log_start_time_ns'] for r in reports}
            self.assertLess(begun[100], begun[10])
            self.assertLess(started[10], started[100])
            self.assertLess(started[10000], begun[10])  # one process


class Family(Case):
    """Processes that allocate powers of ten, so that a sum tells who is in it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        source = os.path.join(cls.top, 'family.c')
        with open(source, 'w') as f:
            f.write(FAMILY)
        cls.cc('-g', '-O1', source, '-o', os.path.join(cls.top, 'family'))
        os.mkdir(os.path.join(cls.top, 'logs'))
        p = cls.memtrace('run', '-o', os.path.join(cls.top, 'logs', '%e.%p.mt'), os.path.join(cls.top, 'family'), 'x')
        assert p.returncode == 0, p
        folder = os.path.join(cls.top, 'logs')
        cls.logs = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]

    def reports(self, logs):
        p = self.memtrace('report', '--json', *logs)
        self.assertEqual(p.returncode, 0, p)
        return json.loads(p.stdout)

    def test_sums(self):
        self.assertEqual(len(self.logs), 6, self.logs)
        for logs in self.logs, self.logs[::-1]:
            reports = self.reports(logs)
            self.assertEqual([r['log'] for r in reports], logs)
            own = {r['log']: r['allocated_bytes'] for r in reports}
            by_own = {r['allocated_bytes']: r for r in reports}
            all_of = {bytes: r['family']['allocated_bytes'] for bytes, r in by_own.items()}
            self.assertEqual(all_of, {1000000: 1111110, 100000: 101000, 1000: 1000, 10000: 10100, 100: 100, 10: 10})
            parent = {bytes: own.get(r['family']['parent_log']) for bytes, r in by_own.items()}
            self.assertEqual(parent, {1000000: None, 100000: 1000000, 1000: 100000, 10000: 1000000, 100: 10000, 10: 1000000})
            self.assertEqual({bytes for bytes, r in by_own.items() if r['family']['exec']}, {100})
            self.assertEqual([by_own[b]['family']['logs'] for b in (1000000, 100000, 10000, 10)], [6, 2, 2, 1])
            self.assertEqual(by_own[1000000]['family']['live_bytes'], sum(r['live_bytes'] for r in reports))
            self.assertEqual(by_own[1000000]['family']['peak_sum_bytes'], sum(r['peak_bytes'] for r in reports))

    def test_one_log_is_no_family(self):
        self.assertNotIn('family', json.loads(self.memtrace('report', '--json', self.logs[0]).stdout))
        self.assertNotIn('Processes', self.memtrace('report', self.logs[0]).stdout)

    def test_tree(self):
        reports = self.reports(self.logs)
        pid = {r['allocated_bytes']: r['pid'] for r in reports}
        text = self.memtrace('report', *self.logs).stdout
        self.assertTrue(text.startswith('Processes\n'))
        tree = [re.search(r' (\d+(?: exec)?) \S*/family (x|after)$', line) for line in text.splitlines()]
        tree = [(m.start(1), m[1], m[2]) for m in tree if m]
        self.assertEqual([(pid_text, word) for _, pid_text, word in tree],
                         [('%d' % pid[1000000], 'x'), ('%d' % pid[100000], 'x'), ('%d' % pid[1000], 'x'), ('%d' % pid[10000], 'x'),
                          ('%d exec' % pid[100], 'after'), ('%d' % pid[10], 'x')])
        least = tree[0][0]
        self.assertEqual([blanks - least for blanks, _, _ in tree], [0, 2, 4, 2, 4, 2])
        self.assertIn('sum of 6', text)

    def test_some_can_not_be_read(self):
        p = self.memtrace('report', '--json', self.write('none.mt', b'x'), *self.logs)
        self.assertEqual(p.returncode, 2)
        self.assertEqual(p.stderr.count('none.mt'), 1)
        reports = json.loads(p.stdout)
        self.assertEqual(max(r['family']['logs'] for r in reports), 6)


class Unreadable(Case):
    def bad(self, path, offset, reason):
        for verb in ['report'], ['report', '--json'], ['lines'], ['sites']:
            p = self.memtrace(*verb, path)
            self.fails(p, 2, '%s: offset %d: ' % (path, offset), reason)
            self.assertEqual(p.stdout, '')

    def test_not_a_log(self):
        self.bad(self.write('empty.mt', b''), 0, 'not a memtrace log')
        self.bad(self.source, 0, 'not a memtrace log (magic')
        self.bad(self.path('nowhere.mt'), 0, 'No such file')
        self.bad(self.top, 0, 'not a regular file')
        fifo = self.path('fifo')
        os.mkfifo(fifo)
        self.bad(fifo, 0, 'not a regular file')
        self.bad('/dev/zero', 0, 'not a regular file')

    def test_another_version(self):
        data = bytearray(self.read(self.log))
        data[8] = 99
        self.bad(self.write('v99.mt', data), 8, 'version 99')

    def test_cut_short_shows_what_is_there(self):
        data = self.read(self.log)
        shown = 0
        for length in range(8192, len(data), 4096):
            cut = self.write('cut.mt', data[:length])
            p = self.memtrace('report', '--json', cut)
            self.fails(p, 2, '%s: offset %d: ' % (cut, length), 'cut short')
            report = json.loads(p.stdout)
            self.assertTrue(report['truncated'])
            self.assertEqual(report['peak_bytes'], 8000000)
            shown = max(shown, len(report['lines']))
        self.assertGreater(shown, 3)
        p = self.memtrace('report', cut)
        self.assertIn('cut short', p.stdout)
        self.assertIn('program.c: main', p.stdout)

    def test_one_of_two_is_bad(self):
        p = self.memtrace('report', '--json', self.log, self.source)
        self.fails(p, 2, self.source)
        self.assertEqual([r['log'] for r in json.loads(p.stdout)], [self.log])


class Tables(Case):
    def test_report(self):
        p = self.memtrace('report', self.log)
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        self.assertRegex(p.stdout, r'peak +7\.629 MiB')
        self.assertRegex(p.stdout, r'with exit status 0')
        source = PROGRAM.splitlines()[line_of('GONE') - 1]
        row = next(l for l in p.stdout.splitlines() if l.endswith(source))
        self.assertEqual(row.split()[:7], [str(line_of('GONE')), '7.629', 'MiB', '7.629', 'MiB', '7.629', 'MiB'])
        self.assertNotIn('\033', p.stdout)
        self.assertEqual([l for l in p.stdout.splitlines() if l.endswith(' ')], [])

    def test_lines_of_a_function_add_up(self):
        report = json.loads(self.memtrace('report', '--json', self.log).stdout)
        self.assertEqual(report['schema'], 'memtrace-report/1')
        self.assertEqual(report['allocated_bytes'] - report['released_bytes'], report['live_bytes'])
        seen = 0
        for f in report['functions']:
            lines = [l for l in report['lines'] if (l['file'], l['function']) == (f['file'], f['function'])
                     and (f['file'] or l['module'] == f['module'])]
            for key in 'allocated_bytes', 'released_bytes', 'increment_bytes', 'live_bytes', 'at_peak_bytes', 'allocations':
                self.assertEqual(sum(l[key] for l in lines), f[key], (f['function'], key))
            seen += 1
        self.assertGreaterEqual(seen, 2)

    def test_figures(self):
        report = json.loads(self.memtrace('report', '--json', self.log).stdout)
        ours = {l['line']: l for l in report['lines'] if l['file'] == self.source}
        want = {  # allocated, released, rise, live, at peak, allocations, releases, mem usage
            'GONE': (8000000, 0, 8000000, 0, 8000000, 1, 0, 8000000),
            'FREE': (0, 8000000, 0, 0, 0, 0, 1, 0),
            'KEPT': (2097152, 0, 2097152, 2097152, 0, 1, 0, 2097152),
            'TAKE': (10097152, 0, 8000000, 2097152, 8000000, 2, 0, 2097152),
        }
        for mark, figures in want.items():
            l = ours[line_of(mark)]
            self.assertEqual(figures, tuple(l[k] for k in (
                'allocated_bytes', 'released_bytes', 'rise_bytes', 'live_bytes', 'at_peak_bytes', 'allocations',
                'releases', 'mem_usage_bytes')), mark)
            self.assertEqual(l['increment_bytes'], figures[0] - figures[1])
            self.assertEqual(l['function'], 'take' if mark == 'TAKE' else 'main')
            self.assertEqual((l['language'], l['user'], l['module']), ('C', True, self.program))
            self.assertIn(mark, l['source'])

    def test_mprun(self):
        p = self.memtrace('lines', '-f', 'main', '--mprun', '--precision', '3', self.log)
        out = p.stdout.splitlines()
        self.assertEqual(out[:4], ['Filename: ' + self.source, '',
                                   'Line #    Mem usage    Increment  Occurrences   Line Contents', '=' * 61])
        rows = {int(l[:6]): l for l in out[4:] if l.strip()}
        text = PROGRAM.splitlines()
        n = line_of('KEPT')
        self.assertEqual(rows[n], '%6d    2.000 MiB    2.000 MiB           1   %s' % (n, text[n - 1]))
        n = line_of('FREE')
        self.assertEqual(rows[n], '%6d    0.000 MiB   -7.629 MiB           0   %s' % (n, text[n - 1]))
        n = line_of('KEPT') - 4
        self.assertEqual(rows[n], '%6d%41s%s' % (n, '', text[n - 1]))
        self.assertTrue(p.stdout.endswith('\n\n\n'))
        p = self.memtrace('lines', '-f', 'take', '--mprun', self.log)
        n = line_of('TAKE')
        self.assertIn('\n%6d      2.0 MiB      9.6 MiB           2   %s\n' % (n, text[n - 1]), p.stdout)

    def test_lines_of(self):
        self.assertEqual(self.memtrace('lines', '-f', 'nobody', self.log).returncode, 1)
        for name in 'take', 'program.c:take', self.source + ':take':
            p = self.memtrace('lines', '--json', '-f', name, self.log)
            self.assertEqual(p.returncode, 0)
            self.assertEqual([f['function'] for f in json.loads(p.stdout)['functions']], ['take'])
        p = self.memtrace('lines', '--json', '-f', 'program.c', self.log)
        self.assertEqual({f['function'] for f in json.loads(p.stdout)['functions']}, {'take', 'main'})

    def test_sites(self):
        sites = json.loads(self.memtrace('sites', '--json', '-n', '0', self.log).stdout)
        self.assertEqual(sites['schema'], 'memtrace-sites/1')
        first = sites['sites'][0]
        self.assertEqual((first['at_peak_bytes'], first['live_bytes'], first['freed_bytes'], first['class']),
                         (8000000, 0, 8000000, 'heap'))
        self.assertEqual([(f['function'], f['line']) for f in first['stack'][:2]],
                         [('take', line_of('TAKE')), ('main', line_of('GONE'))])
        for site in sites['sites']:
            self.assertEqual(site['allocated_bytes'] - site['freed_bytes'], site['live_bytes'])
        p = self.memtrace('sites', '-n', '1', '--sort', 'live', self.log)
        self.assertIn('program.c:%d  main' % line_of('KEPT'), p.stdout)
        self.assertNotIn('program.c:%d  main' % line_of('GONE'), p.stdout)

    def test_missing_source(self):
        os.rename(self.source, self.source + '.away')
        self.addCleanup(os.rename, self.source + '.away', self.source)
        p = self.memtrace('report', self.log)
        self.assertEqual(p.returncode, 0)
        self.assertRegex(p.stdout, r'(?m)^ +%d +7\.629 MiB' % line_of('GONE'))

    def test_nothing_steers_the_terminal(self):
        evil = '\033]0;title\007\033[2J\x9b31m'
        copy = self.path('evil')
        shutil.copy(self.program, copy)
        self.memtrace('run', '-o', 'evil.mt', copy, evil)
        for verb in 'report', 'lines', 'sites':
            p = self.memtrace(verb, 'evil.mt')
            self.assertIsNone(re.search('[\x00-\x09\x0b-\x1f\x7f-\x9f]', p.stdout + p.stderr), verb)
        self.assertIn(evil[:10], json.loads(self.memtrace('report', '--json', 'evil.mt').stdout)['argv'][1])


class Symbols(Case):
    def lines(self, log):
        p = self.memtrace('report', '--json', log)
        return p, {(l['function'], l['line']) for l in json.loads(p.stdout)['lines']}

    def test_flavours_of_debug_information(self):
        for flags in ['-gdwarf-4'], ['-gdwarf-5'], ['-g', '-gz'], ['-g', '-gsplit-dwarf'], ['-g', '-O0'], ['-g', '-static-libgcc', '-no-pie']:
            copy = self.path('flavour')
            self.cc('-O1', *flags, self.source, '-o', copy)
            self.memtrace('run', '-o', 'flavour.mt', copy)
            _, lines = self.lines('flavour.mt')
            self.assertLessEqual({('take', line_of('TAKE')), ('main', line_of('KEPT'))}, lines, flags)

    def test_inlined_calls(self):
        source = self.write('inlined.c', INLINED.encode())
        for level in '-O0', '-O1', '-O2':
            self.cc('-g', level, source, '-o', 'inlined')
            self.memtrace('run', '-o', 'inlined.mt', self.path('inlined'))
            sites = json.loads(self.memtrace('sites', '--json', 'inlined.mt').stdout)['sites']
            self.assertEqual([(f['function'], f['file'], f['line']) for f in sites[0]['stack'][:3]],
                             [(mark.lower(), source, line_of(mark, INLINED)) for mark in ('INNER', 'MIDDLE', 'MAIN')], level)

    def test_separate_debug_information(self):
        copy = self.path('separate')
        shutil.copy(self.program, copy)
        for args in (['--only-keep-debug', copy, copy + '.debug'], ['--strip-all', copy],
                     ['--add-gnu-debuglink=' + copy + '.debug', copy]):
            subprocess.run(['objcopy', *args], check=True)
        self.assertEqual(self.memtrace('run', '-o', 'separate.mt', copy).returncode, 0)
        p, lines = self.lines('separate.mt')
        self.assertIn(('take', line_of('TAKE')), lines)
        os.unlink(copy + '.debug')
        p, lines = self.lines('separate.mt')
        self.assertEqual(p.returncode, 0)
        self.assertNotIn('take', {f for f, _ in lines})
        report = json.loads(p.stdout)
        stripped = [l for l in report['lines'] if l['module'] == copy]
        self.assertTrue(stripped)
        for l in stripped:
            self.assertEqual((l['file'], l['line'], l['language']), (None, None, 'native'))
        self.assertIn('separate+0x', self.memtrace('report', 'separate.mt').stdout)

    def test_function_names_without_debug_information(self):
        copy = self.path('names')
        shutil.copy(self.program, copy)
        subprocess.run(['objcopy', '--strip-debug', copy], check=True)
        self.memtrace('run', '-o', 'names.mt', copy)
        _, lines = self.lines('names.mt')
        self.assertLessEqual({('take', None), ('main', None)}, lines)
        p = self.memtrace('lines', '-f', 'take', 'names.mt')
        self.assertIn('names: take', p.stdout)

    def test_another_build_is_not_believed(self):
        copy = self.path('rebuilt')
        shutil.copy(self.program, copy)
        self.memtrace('run', '-o', 'rebuilt.mt', copy)
        self.cc('-g', '-O0', '-DOTHER', '-Wl,--build-id', self.source, '-o', copy + '.new')
        os.replace(copy + '.new', copy)
        p, lines = self.lines('rebuilt.mt')
        self.assertNotIn('take', {f for f, _ in lines})
        self.assertEqual(p.stderr.count('build-id'), 1)
        self.assertIn(copy, p.stderr)


class Terminal(Case):
    def on_a_terminal(self, *args, columns=100, **env):
        pid, fd = pty.fork()
        if not pid:
            os.chdir(self.top)
            os.execve(MEMTRACE, [MEMTRACE, *args], {'TERM': 'xterm', 'MEMTRACE_CACHE': '0', **env})
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
        out = b''
        while True:
            try:
                part = os.read(fd, 65536)
            except OSError:
                break
            if not part:
                break
            out += part
        os.close(fd)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        return out.decode().replace('\r\n', '\n')

    def test_colours(self):
        self.assertIn('\033[1m', self.on_a_terminal('report', self.log))
        self.assertNotIn('\033', self.on_a_terminal('report', self.log, NO_COLOR='1'))
        self.assertNotIn('\033', self.on_a_terminal('report', self.log, TERM='dumb'))


if __name__ == '__main__':
    MEMTRACE, CC = os.path.abspath(sys.argv[1]), sys.argv[2]
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
