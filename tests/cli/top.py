#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""memtrace top at a terminal, which is tmux: a program that allocates a piece at each line it is told, and the keys.

usage: top.py MEMTRACE CC [unittest arguments]; exit status 77: there is no tmux
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from common import Case, commands, line_of, main

GROW = r'''
#include <stdio.h>
#include <stdlib.h>
void *kept[1000];
static int count;
__attribute__((noinline)) static void *take(size_t bytes)
{
    return malloc(bytes); /* TAKE */
}
__attribute__((noinline)) static void once(void)
{
    kept[count++] = malloc(524288); /* ONCE */
}
int main(void)
{
    char line[64];
    once();
    setvbuf(stdin, NULL, _IONBF, 0);
    setvbuf(stdout, NULL, _IONBF, 0);
    do {
        if (line[0] != 'e')
            kept[count++] = take(1048576);
        puts("ready");
    } while (fgets(line, sizeof line, stdin) && line[0] != 'x');
    return 3;
}
'''.replace('char line[64];', 'char line[64] = "";')
PATIENCE = 120  # seconds until something that must come is missed; a busy machine takes a part of it


class Screen:
    """A terminal with a command in it."""

    def __init__(self, folder, *command, columns=100, rows=30, **env):
        self.tmux = ['tmux', '-S', tempfile.mktemp('.tmux', dir=folder), '-f', '/dev/null']
        env = {'MEMTRACE_CACHE': '0', 'LC_ALL': 'C.UTF-8', **env}
        words = ' '.join("%s='%s'" % item for item in env.items())
        typed = ' '.join("'%s'" % word for word in command)
        self.call('new-session', '-d', '-x', str(columns), '-y', str(rows),
                  "env -u NO_COLOR %s %s; echo STATUS $?; sleep 1000" % (words, typed), LC_ALL='C.UTF-8')

    def call(self, *args, **env):
        return subprocess.run([*self.tmux, *args], check=True, capture_output=True, text=True, env={**os.environ, **env}).stdout

    def shown(self, *options):
        return self.call('capture-pane', '-p', *options)

    def wait(self, wanted, *options):
        """The screen, once it has what is wanted, a regular expression or a function."""
        wants = wanted if callable(wanted) else re.compile(wanted, re.M).search
        for _ in range(PATIENCE * 10):
            shown = self.shown(*options)
            if wants(shown):
                return shown
            time.sleep(0.1)
        raise AssertionError('not on the screen: %r\n%s' % (wanted, shown))

    def keys(self, *keys):
        self.call('send-keys', *keys)

    def size(self, columns, rows):
        self.call('resize-window', '-x', str(columns), '-y', str(rows))

    def end(self):
        subprocess.run([*self.tmux, 'kill-server'], capture_output=True)


class Top(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(os.path.join(cls.top, 'grow.c'), 'w') as f:
            f.write(GROW)
        cls.cc('-g', '-O1', 'grow.c', '-o', 'grow')

    def grow(self):
        """The program, which has allocated 1 MiB at TAKE and half a MiB at ONCE."""
        self.grown = self.path('grow.mt')
        if os.path.exists(self.grown):
            os.remove(self.grown)
        library = os.path.join(os.path.dirname(commands.memtrace), 'libmemtrace.so')
        program = subprocess.Popen([self.path('grow')], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=self.top,
                                   env={**os.environ, 'MEMTRACE_QUIET': '1', 'MEMTRACE_OUTPUT': self.grown, 'LD_PRELOAD': library})

        def end():
            program.kill()
            program.communicate()
        self.addCleanup(end)
        self.assertEqual(program.stdout.readline(), 'ready\n')
        return program

    def tell(self, program, word):
        program.stdin.write(word + '\n')
        program.stdin.flush()
        if word != 'x':
            self.assertEqual(program.stdout.readline(), 'ready\n')

    def screen(self, *args, **more):
        screen = Screen(self.top, commands.memtrace, 'top', *args, **more)
        self.addCleanup(screen.end)
        return screen

    TAKE = r'%s +%s .*grow\.c:%d  take'

    def test_follows_a_process(self):
        program = self.grow()
        screen = self.screen(str(program.pid))
        line = line_of('TAKE', GROW)
        shown = screen.wait(self.TAKE % ('1.00', 'MiB', line))
        self.assertIn('grow %d  runs' % program.pid, shown)
        self.assertRegex(shown, r'512 KiB .*grow\.c:%d  once' % line_of('ONCE', GROW))
        self.assertIn('kept[count++] = malloc(524288);', shown)
        self.tell(program, 'more')
        self.tell(program, 'more')
        screen.wait(self.TAKE % ('3.00', r'MiB +\d\d\.\d +\+2\.00 MiB', line))
        self.tell(program, 'x')
        self.assertEqual(program.wait(), 3)
        screen.wait(r'ended, status 3')
        screen.keys('q')
        screen.wait('^STATUS 0$')

    def test_browses_a_log(self):
        screen = self.screen(self.log)
        kept = line_of('KEPT')
        screen.wait(r'program\.c:%d  take' % line_of('TAKE'))
        screen.keys('m')  # held at the peak
        screen.wait(r'\*peak .*\n>? *7\.63 MiB')
        screen.keys('m', 'm', 'm', 'm', 'm', 'o')  # live again, with what lines call
        screen.wait(r'with all they call(.*\n)*.*2\.00 MiB.*program\.c:%d  main' % kept)
        screen.keys('/', 'KEPT', 'Escape')
        screen.keys('&', 'c:%d' % kept, 'Enter')
        screen.wait(lambda shown: 'filter: c:%d' % kept in shown and '  take ' not in shown)
        screen.keys('Enter')
        screen.wait(r'^> +%d +kept = take\(2097152\);' % kept)
        screen.keys('Escape', '&', 'Enter', '6')
        main = r'2\.00 MiB +100\.0 .*%s program\.c:%d  main'
        screen.wait(main % (r'\+', kept))
        screen.keys('j', 'j', '+')
        screen.wait(main % ('-', kept) + r'.*\n *2\.00 MiB.*program\.c:%d  take' % line_of('TAKE'))
        screen.keys('-')
        screen.wait(main % (r'\+', kept))
        screen.keys('?')
        screen.wait('^Keys')

    def test_the_editor_gets_a_file_that_is_here(self):
        moved, edited = self.path('moved'), self.path('edited')
        os.makedirs(moved)
        shutil.copy(self.source, moved)
        self.write('editor', b'printf "%%s " "$@" > %s.new\nmv %s.new %s\n' % ((edited.encode(),) * 3))
        for now, file in (None, self.source), (moved, os.path.join(moved, 'program.c')), (self.path('none'), None):
            screen = self.screen(*(['--source-map', '%s=%s' % (self.top, now)] if now else []), self.log, EDITOR='sh ' + self.path('editor'))
            screen.wait(r'program\.c:%d  take' % line_of('TAKE'))
            screen.keys('e')
            if file:
                screen.wait(lambda _: os.path.exists(edited))
                with open(edited) as f:
                    self.assertEqual(f.read().split(), ['+%d' % line_of('TAKE'), file])
                os.remove(edited)
            else:
                screen.wait('no source file of this row is here')
                self.assertFalse(os.path.exists(edited))
            screen.keys('q')
            screen.wait('^STATUS 0$')

    def test_any_size(self):
        screen = self.screen(self.log, columns=100, rows=30)
        screen.wait(r'program\.c')
        for columns, rows in (40, 12), (20, 6), (300, 80), (40, 5):
            screen.size(columns, rows)
            shown = screen.wait(lambda text: len(text.splitlines()) <= rows and '2.00 MiB' in text)
            self.assertLessEqual(max(map(len, shown.splitlines())), columns)
        screen.size(40, 12)
        screen.wait(r'2\.00 MiB  program\.c:%d' % line_of('TAKE'))

    def test_a_log_that_goes(self):
        program = self.grow()
        screen = self.screen(self.grown)
        screen.wait(r'runs(.*\n)+.*take')
        os.remove(self.grown)
        screen.wait(r'the log is gone(.*\n)+.*take')
        self.tell(program, 'more')  # the program goes on
        screen.keys('q')
        screen.wait('^STATUS 0$')

    def test_colours(self):
        coloured = re.compile('\x1b\\[[0-9;]*3[0-7]').search
        screen = self.screen(self.log)
        screen.wait(coloured, '-e')
        screen.end()
        screen = self.screen(self.log, NO_COLOR='1')
        self.assertFalse(coloured(screen.wait(r'program\.c', '-e')))

    def test_one_screen_as_text(self):
        p = self.memtrace('top', '--once', self.log, COLUMNS='120', LINES='30')
        self.assertEqual((p.returncode, p.stderr), (0, ''), p)
        self.assertRegex(p.stdout, r'2\.00 MiB +100\.0 .*program\.c:%d  take   return malloc\(bytes\);' % line_of('TAKE'))
        for view in 'lines', 'functions', 'sites', 'threads', 'modules', 'tree':
            p = self.memtrace('top', '--once', '--view', view, self.log)
            self.assertEqual(p.returncode, 0, p)
            self.assertRegex(p.stdout, r'2\.00 MiB +100\.0 ', view)

    def test_what_is_no_terminal_has_whole_names(self):
        name = 'f' * 150
        self.write('long.c', b'#include <stdlib.h>\nvoid *kept;\nvoid %s(void)\n{\n    kept = malloc(300000);\n}\nint main(void)\n{\n    %s();\n}\n'
                   % (name.encode(), name.encode()))
        self.cc('-g', '-O0', 'long.c', '-o', 'long')
        self.memtrace('run', '-o', 'long.mt', self.path('long'))
        if 'COLUMNS' in os.environ:
            self.skipTest('COLUMNS is set')
        out = self.memtrace('top', '--once', 'long.mt').stdout
        self.assertIn('long.c:5  %s   kept = malloc(300000);\n' % name, out)
        self.assertLess(max(len(line) for line in out.splitlines() if 'long.c' not in line), 81)
        self.assertNotIn(name, self.memtrace('top', '--once', 'long.mt', COLUMNS='100').stdout)

    def test_own_figures_add_up(self):
        whole = json.loads(self.memtrace('report', '--json', self.log).stdout)
        for view in 'lines', 'functions', 'sites', 'modules', 'threads':
            p = self.memtrace('top', '--once', '--all', '--metric', 'allocations', '--view', view, self.log, LINES='2000', COLUMNS='200')
            rows = [int(row.split()[0].replace(',', '')) for row in p.stdout.splitlines() if re.match(r' +[\d,]+ +\d+\.\d ', row)]
            self.assertEqual(sum(rows), whole['allocations'], (view, p.stdout))

    def test_wrong_usage(self):
        self.fails(self.memtrace('top'), 2, 'which log?')
        self.fails(self.memtrace('top', self.log), 2, '--once prints one screen')
        self.fails(self.memtrace('top', '--once', str(os.getpid())), 2, 'writes no log')
        self.fails(self.memtrace('top', '--once', '--view', 'colour', self.log), 2, 'colour')
        self.fails(self.memtrace('top', '--once', '-d', '0', self.log), 2, '-d')
        self.fails(self.memtrace('top', '--once', self.path('nothing.mt')), 2, 'nothing.mt')
        child = subprocess.Popen(['true'])
        child.wait()
        if not os.path.exists('/proc/%d' % child.pid):
            self.fails(self.memtrace('top', '--once', str(child.pid)), 2, 'no such process')


if not shutil.which('tmux'):
    print('no tmux')
    sys.exit(77)
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
main()
