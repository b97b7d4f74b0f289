#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""memtrace pack: each verb shows the same elsewhere, where neither programs nor sources are; damaged files are refused.

usage: packed.py MEMTRACE CC [unittest arguments]
"""
import os
import random
import re
import shutil
import subprocess
import sys

from common import Case, commands, main

SCRIPT = '''
def build(count):
    return [bytearray(1000) for _ in range(count)]  # BUILD
keep = build(3000)
'''
INLINED = r'''
#include <stdlib.h>
static inline __attribute__((always_inline)) void *inlined(size_t bytes)
{
    return malloc(bytes); /* INLINED */
}
__attribute__((noinline)) static void *outer(size_t bytes)
{
    return inlined(bytes + 1); /* OUTER */
}
int main(void)
{
    void *kept = outer(2097152);
    free(outer(8000000));
    return kept == NULL;
}
'''
VERBS = (['report'], ['report', '--json'], ['report', '--shims'], ['sites'], ['sites', '--json'], ['leaks'], ['leaks', '--json'], ['tree'],
         ['tree', '--all', '--json'], ['timeline'], ['timeline', '--json'], ['lines', '-f', 'outer'], ['lines', '-f', 'build'],
         ['check', '--max-peak', '1K'], ['export', '--format', 'speedscope'], ['export', '--format', 'csv'], ['export', '--format', 'pprof'],
         ['export', '--format', 'collapsed'], ['html', '-o', '-'], ['html', '--source', 'functions', '-o', '-'])
LOGS = 'native.mt', 'script.mt'


def needed_libraries():
    text = subprocess.run(['ldd', commands.memtrace], stdout=subprocess.PIPE, text=True).stdout
    return re.findall(r'(/\S+) \(0x', text)


class Packed(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.environ['MEMTRACE_CACHE'] = '0'
        cls.home, cls.away = os.path.join(cls.top, 'home'), os.path.join(cls.top, 'away')
        os.mkdir(cls.home)
        os.mkdir(cls.away)
        for name, text in ('native.c', INLINED), ('script.py', SCRIPT):
            with open(os.path.join(cls.home, name), 'w') as f:
                f.write(text)
        cls.cc('-g', '-O1', '-Wl,--build-id', os.path.join(cls.home, 'native.c'), '-o', os.path.join(cls.home, 'native'))
        for log, command in zip(LOGS, ([os.path.join(cls.home, 'native')], [shutil.which('python3'), os.path.join(cls.home, 'script.py')])):
            p = cls.at_home('run', '-o', log, *command)
            assert p.returncode == 0, p
        # With a cache, as nearly all have one: without it each of these reads the interpreter's symbols again. What packs has none.
        cached = {**os.environ, 'MEMTRACE_CACHE': '1', 'XDG_CACHE_HOME': os.path.join(cls.top, 'seen')}
        cls.seen = {(log, tuple(verb)): cls.at_home(*verb, log, env=cached) for verb in VERBS for log in LOGS}
        cls.seen['diff'] = cls.at_home('diff', *LOGS, env=cached)
        for log in LOGS:
            for name, more in ((log + 'z', ()), ('bare.' + log, ('--no-source',))):
                p = cls.at_home('pack', log, '-o', name, *more)
                assert p.returncode == 0 and not p.stderr, p
            shutil.copy(os.path.join(cls.home, log + 'z'), os.path.join(cls.away, log))
            shutil.copy(os.path.join(cls.home, 'bare.' + log), cls.away)
            os.remove(os.path.join(cls.home, log))
        shutil.rmtree(cls.home)
        for library in needed_libraries():
            to = cls.away + library
            os.makedirs(os.path.dirname(to), exist_ok=True)
            shutil.copy(library, to)
        shutil.copy(commands.memtrace, cls.away + '/memtrace')
        cls.root = next((way for way in (['chroot', cls.away], ['unshare', '-r', 'chroot', cls.away])
                         if not subprocess.run([*way, '/memtrace', '--version'], stdout=subprocess.DEVNULL,
                                               stderr=subprocess.DEVNULL).returncode), None)

    @classmethod
    def at_home(cls, *args, env=None):
        return subprocess.run([commands.memtrace, *args], cwd=cls.home, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    @classmethod
    def elsewhere(cls, *args):
        command = [*cls.root, '/memtrace'] if cls.root else [commands.memtrace]
        return subprocess.run([*command, *args], cwd=cls.away, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def same(self, one, other):
        self.assertEqual((one.returncode, one.stderr, one.stdout), (other.returncode, other.stderr, other.stdout))

    def test_each_verb_shows_the_same(self):
        for verb in VERBS:
            for log in LOGS:
                with self.subTest(verb=verb, log=log):
                    self.same(self.seen[log, tuple(verb)], self.elsewhere(*verb, log))
        self.same(self.seen['diff'], self.elsewhere('diff', *LOGS))

    def test_names_and_source_are_there(self):
        out = self.elsewhere('report', 'native.mt').stdout
        self.assertIn(b'/* INLINED */', out)
        self.assertIn(b'# BUILD', self.elsewhere('report', 'script.mt').stdout)

    def test_without_source(self):
        out = self.elsewhere('report', '--json', 'bare.native.mt').stdout
        self.assertIn(b'"inlined"', out)
        for log in LOGS:
            p = self.elsewhere('report', 'bare.' + log)
            self.assertEqual(p.returncode, 0)
            self.assertNotIn(b'/* INLINED', p.stdout)
            self.assertNotIn(b'# BUILD', p.stdout)

    def test_packed_twice_is_refused(self):
        p = self.memtrace('pack', os.path.join(self.away, 'native.mt'))
        self.assertEqual(p.returncode, 2)
        self.assertIn('native.mt: is packed already', p.stderr)

    def test_damage_is_refused(self):
        with open(os.path.join(self.away, 'native.mt'), 'rb') as f:
            whole = f.read()
        chance = random.Random(1)
        name = os.path.join(self.top, 'damaged.mtz')
        damaged = [whole[:at] for at in [8, 30, 47, 48, len(whole) - 1] + [chance.randrange(8, len(whole)) for _ in range(40)]]
        for at in list(range(8, 48)) + [chance.randrange(48, len(whole)) for _ in range(150)]:
            damaged.append(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1:])
        damaged.append(whole + b'x')
        for data in damaged:
            with open(name, 'wb') as f:
                f.write(data)
            p = self.memtrace('report', name)
            self.assertEqual((p.returncode, p.stdout), (2, ''), p)
            self.assertRegex(p.stderr, r'^memtrace: %s: offset \d+: .*(packed|unpacked)' % re.escape(name))


class Mapped(Case):
    def test_a_moved_folder(self):
        os.makedirs(self.path('old/lib'))
        source = self.path('old/lib/native.c')
        with open(source, 'w') as f:
            f.write(INLINED)
        self.cc('-g', '-O1', '-Wl,--build-id', source, '-o', self.path('native'))
        log = self.path('native.mt')
        self.assertEqual(self.memtrace('run', '-o', log, self.path('native')).returncode, 0)
        before = self.memtrace('report', log)
        self.assertIn('/* INLINED */', before.stdout)
        os.rename(self.path('old'), self.path('new'))
        os.utime(self.path('new/lib/native.c'))  # as a checkout: newer than the program
        self.assertNotIn('/* INLINED */', self.memtrace('report', log).stdout)
        for old, new in ('old', 'new'), ('old/', 'new'), ('old/lib', 'new/lib'), ('old/lib/native.c', 'new/lib/native.c'):
            p = self.memtrace('report', '--source-map', '%s/%s=%s' % (self.top, old, self.path(new)), log)
            self.assertEqual((p.returncode, p.stdout, p.stderr), (0, before.stdout, ''))
        p = self.memtrace('report', '--source-map', '%s/ol=%s' % (self.top, self.path('new')), log)
        self.assertNotIn('/* INLINED */', p.stdout)
        for text in 'old', '=new', 'old=':
            self.fails(self.memtrace('report', '--source-map', text, log), 2, 'source-map %s: this is not OLD=NEW' % text)

    def test_sysroot(self):
        names = '"inlined"', '"outer"'
        source, program, log = self.path('s.c'), self.path('bin/prog'), self.path('alone/prog.mt')
        os.makedirs(self.path('bin'))
        os.mkdir(self.path('alone'))
        with open(source, 'w') as f:
            f.write(INLINED)
        self.cc('-g', '-O1', '-Wl,--build-id=0x0102030405060708', source, '-o', program)
        # files near the log and the working folder are found without it
        subprocess.run([commands.memtrace, 'run', '-o', log, program], cwd=self.path('alone'), check=True, stderr=subprocess.DEVNULL)
        report = lambda root, **env: self.memtrace('report', '--json', '--sysroot', root, log, MEMTRACE_CACHE='0').stdout  # noqa: E731
        for place in 'whole', 'stripped', 'other':
            os.makedirs(self.path(place) + self.top + '/bin')
        shutil.copy(program, self.path('whole') + program)
        debug = self.path('stripped') + '/usr/lib/debug/.build-id/01/'
        os.makedirs(debug)
        subprocess.run(['objcopy', '--only-keep-debug', program, debug + '02030405060708.debug'], check=True)
        subprocess.run(['objcopy', '--strip-all', program, self.path('stripped') + program], check=True)
        os.remove(program)
        self.cc('-g', '-O1', '-Wl,--build-id=0x0102030405060709', source, '-o', self.path('other') + program)
        self.assertNotIn(names[0], self.memtrace('report', '--json', log, MEMTRACE_CACHE='0').stdout)
        for place, there in ('whole', True), ('stripped', True), ('other', False):
            out = report(self.path(place))
            for name in names:
                (self.assertIn if there else self.assertNotIn)(name, out, place)
        self.fails(self.memtrace('report', '--sysroot', self.path('none'), log), 2, 'sysroot')

    def test_python_must_be_what_ran(self):
        os.mkdir(self.path('was'))
        with open(self.path('was/script.py'), 'w') as f:
            f.write(SCRIPT)
        log = self.path('script.mt')
        self.assertEqual(self.memtrace('run', '-o', log, shutil.which('python3'), self.path('was/script.py')).returncode, 0)
        os.rename(self.path('was'), self.path('is'))
        os.utime(self.path('is/script.py'))
        way = '--source-map', '%s=%s' % (self.path('was'), self.path('is'))
        self.assertIn('# BUILD', self.memtrace('report', *way, log).stdout)
        with open(self.path('is/script.py'), 'a') as f:
            f.write('#')
        p = self.memtrace('report', *way, log)
        self.assertNotIn('# BUILD', p.stdout)
        self.assertIn('has changed since the run', p.stderr)


if __name__ == '__main__':
    main()
