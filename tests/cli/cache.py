#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Views are the same to the byte with the cache of symbols, without it, with one thread and with many, and whatever is in the cache.

usage: cache.py MEMTRACE CC [unittest arguments]
"""
import os
import random
import shutil
import struct
import subprocess

from common import Case, main

UNITS, FUNCTIONS = 8, 12
HEAD = struct.Struct('<8s2IQ16s2I64s4Q4Q4I')
HASHED_FROM = 24


def unit(u):
    """Functions that call the next unit's, from two lines each, with an inlined one between."""
    text = ['#include <stdlib.h>', 'extern void *volatile kept[];', 'void step_%d(unsigned path);' % (u + 1)]
    text.append('static inline __attribute__((always_inline)) void inlined_%d(unsigned n) { kept[n & 15] = malloc(n); }' % u)
    for f in range(FUNCTIONS):
        text.append('''static __attribute__((noinline)) void take_%d_%d(unsigned path)
{
    inlined_%d(16 * %d + %d);
    step_%d(path);
    free(malloc(path %% 64 + 1));
}''' % (u, f, u, u, f, u + 1))
    text.append('void step_%d(unsigned path)\n{\n    switch (path %% %d) {' % (u, FUNCTIONS))
    text += ['    case %d: take_%d_%d(path / 3); break;' % (f, u, f) for f in range(FUNCTIONS)]
    return '\n'.join(text + ['    }\n}', ''])


MAIN = '''void *volatile kept[16];
void step_0(unsigned path);
void step_%d(unsigned path) { (void)path; }
int main(void)
{
    for (unsigned i = 0; i < 400; i++)
        step_0(i * 2654435761u);
}
''' % UNITS

VIEWS = ('report', '--json'), ('lines', '--json'), ('sites', '--json', '-n', '0'), ('report', '-a'), ('sites',)


def hash_bytes(data):
    value = 0xcbf29ce484222325 ^ len(data)
    for i in range(0, len(data), 8):
        word = int.from_bytes(data[i:i + 8], 'little')
        value = (value ^ word) * 0xff51afd7ed558ccd & 0xffffffffffffffff
        value ^= value >> 32
    for shift, factor in (31, 0x9e3779b97f4a7c15), (29, 0xbf58476d1ce4e5b9), (32, 1): # map_mix
        value = (value ^ value >> shift) * factor & 0xffffffffffffffff
    return value


def hashed(data):
    """With the hash that belongs to the rest, as if nothing were wrong with it."""
    return data[:16] + struct.pack('<Q', hash_bytes(data[HASHED_FROM:])) + data[HASHED_FROM:]


class Cache(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        sources = []
        for name, text in [('unit%d' % u, unit(u)) for u in range(UNITS)] + [('many', MAIN)]:
            sources.append(os.path.join(cls.top, name + '.c'))
            with open(sources[-1], 'w') as f:
                f.write(text)
        cls.many = os.path.join(cls.top, 'many')
        cls.cc('-g', '-O1', '-Wl,--build-id', *sources, '-o', cls.many)
        cls.many_log = cls.many + '.mt'
        p = cls.memtrace('run', '-o', cls.many_log, cls.many)
        assert p.returncode == 0, p

    def setUp(self):
        self.home = self.path('cache')
        shutil.rmtree(self.home, ignore_errors=True)
        self.folder = os.path.join(self.home, 'memtrace')

    def view(self, *args, log=None, **env):
        p = self.memtrace(*args, log or self.many_log, **{'XDG_CACHE_HOME': self.home, **env})
        self.assertEqual((p.returncode, p.stderr), (0, ''), (args, env))
        return p.stdout

    def plain(self, *args, log=None):
        return self.view(*args, log=log, MEMTRACE_CACHE='0', MEMTRACE_THREADS='1')

    def file_of(self, program):
        """The cache's file for a program, as path."""
        notes = subprocess.run(['readelf', '-n', program], check=True, capture_output=True, text=True).stdout
        return os.path.join(self.folder, notes.split('Build ID:')[1].split()[0] + '.sym')

    def test_threads_and_cache_change_nothing(self):
        for view in VIEWS:
            wanted = self.plain(*view)
            self.assertIn('take_3_4', self.plain('report', '--json'))
            shutil.rmtree(self.home, ignore_errors=True)
            for threads in '1', '2', '7', '64', 'nonsense', '':
                self.assertEqual(self.view(*view, MEMTRACE_CACHE='0', MEMTRACE_THREADS=threads), wanted, (view, threads))
            self.assertFalse(os.path.exists(self.home))
            for _ in 'new', 'known':
                self.assertEqual(self.view(*view, MEMTRACE_THREADS='4'), wanted, view)
                self.assertTrue(os.path.exists(self.file_of(self.many)))

    def rename(self, program, old, new):
        """Put another name of the same length in the cache, so that it can be seen who uses it."""
        path = self.file_of(program)
        data = self.read(path)
        self.assertIn(old, data)
        with open(path, 'wb') as f:
            f.write(hashed(data.replace(old, new)))

    def test_it_is_used(self):
        self.view('report', '--json')
        self.rename(self.many, b'take_3_4\0', b'fake_3_4\0')
        self.assertIn('fake_3_4', self.view('report', '--json'))
        self.assertNotIn('fake_3_4', self.plain('report', '--json'))

    def test_it_grows(self):
        """A second log of the program has other addresses: its new ones are added, the old ones stay."""
        source = self.write('two.c', b'''#include <stdlib.h>
static __attribute__((noinline)) void *one(void) { return malloc(10); }
static __attribute__((noinline)) void *two(void) { return malloc(20); }
int main(int argc, char **argv) { return !(argc > 1 ? two() : one()); }
''')
        program = self.path('two')
        self.cc('-g', '-O1', '-Wl,--build-id', source, '-o', program)
        logs = self.path('one.mt'), self.path('two.mt')
        self.assertEqual(self.memtrace('run', '-o', logs[0], program).returncode, 0)
        self.assertEqual(self.memtrace('run', '-o', logs[1], program, 'x').returncode, 0)
        for log in *logs, *logs:
            self.assertEqual(self.view('report', '--json', log=log), self.plain('report', '--json', log=log))
        data = self.read(self.file_of(program))
        self.assertIn(b'\0one\0', b'\0' + data)
        self.assertIn(b'\0two\0', b'\0' + data)

    def test_other_files_are_not_believed(self):
        program = self.path('touched')
        shutil.copy2(self.many, program)
        log = self.path('touched.mt')
        self.assertEqual(self.memtrace('run', '-o', log, program).returncode, 0)
        wanted = self.plain('report', '--json', log=log)
        self.assertEqual(self.view('report', '--json', log=log), wanted)
        self.rename(program, b'take_3_4\0', b'fake_3_4\0')
        self.assertIn('fake_3_4', self.view('report', '--json', log=log))
        os.utime(program, ns=(1, 1)) # as if it had been installed again
        self.assertEqual(self.view('report', '--json', log=log), wanted)

    def test_debug_information_that_comes_and_goes(self):
        program = self.path('separate')
        shutil.copy(self.many, program)
        debug = program + '.debug'
        for args in (['--only-keep-debug', program, debug], ['--strip-all', program], ['--add-gnu-debuglink=' + debug, program]):
            subprocess.run(['objcopy', *args], check=True)
        log = self.path('separate.mt')
        self.assertEqual(self.memtrace('run', '-o', log, program).returncode, 0)
        for there in True, False, True:
            if there:
                self.assertEqual(os.path.exists(debug) or bool(shutil.move(debug + '.away', debug)), True)
            else:
                shutil.move(debug, debug + '.away')
            for _ in 'new', 'known':
                text = self.view('report', '--json', log=log)
                self.assertEqual(text, self.plain('report', '--json', log=log))
                self.assertEqual('take_3_4' in text, there)
        self.rename(program, b'take_3_4\0', b'fake_3_4\0')
        self.assertIn('fake_3_4', self.view('report', '--json', log=log))

    def test_damage(self):
        wanted = self.view('report', '--json')
        path = self.file_of(self.many)
        good = self.read(path)
        self.assertEqual(hashed(good), good)
        chance = random.Random(1)
        bad = [b'', b'mtsymbol', good[:HEAD.size], good[:-1], good + b'x', good[::-1], bytes(len(good))]
        bad += [good[:at] + bytes([good[at] ^ 1 << chance.randrange(8)]) + good[at + 1:]
                for at in [*range(0, HEAD.size, 16), *(chance.randrange(len(good)) for _ in range(8))]]
        for data in bad:
            with open(path, 'wb') as f:
                f.write(data)
            self.assertEqual(self.view('report', '--json'), wanted)
            self.assertEqual(self.read(path), good) # it is written again

    def test_hostile(self):
        """With a hash that fits, so that it is the checks of every index that must hold."""
        self.view('report', '--json')
        path = self.file_of(self.many)
        good = self.read(path)
        chance = random.Random(2)
        places = [*range(HASHED_FROM, HEAD.size, 4), *range(HEAD.size, HEAD.size + 64, 4)]
        places += [chance.randrange(HEAD.size, len(good) - 4) & ~3 for _ in range(60)]
        for at in places:
            value = chance.choice((0xffffffff, 0x7fffffff, 0x80000000, len(good)))
            with open(path, 'wb') as f:
                f.write(hashed(good[:at] + struct.pack('<I', value) + good[at + 4:]))
            p = self.memtrace('lines', '--json', self.many_log, XDG_CACHE_HOME=self.home)
            self.assertEqual((p.returncode, p.stderr), (0, ''), (at, value))
        texts = HEAD.unpack(good[:HEAD.size])[-1]
        with open(path, 'wb') as f: # no end to the last text
            f.write(hashed(good[:-texts] + b'x' * texts))
        self.assertEqual(self.view('report', '--json'), self.plain('report', '--json'))

    def test_no_place_for_it(self):
        wanted = self.plain('report', '--json')
        a_file = self.write('file', b'x')
        for env in ({'XDG_CACHE_HOME': a_file}, {'XDG_CACHE_HOME': a_file + '/below'}, {'XDG_CACHE_HOME': '/proc/self'},
                    {'XDG_CACHE_HOME': 'relative', 'HOME': ''}, {'XDG_CACHE_HOME': '', 'HOME': 'relative'}, {'XDG_CACHE_HOME': '', 'HOME': '/proc/1/x'}):
            self.assertEqual(self.view('report', '--json', **env), wanted, env)
        self.assertFalse(os.path.exists(self.path('relative')))
        home = self.path('home')
        os.mkdir(home)
        self.assertEqual(self.view('report', '--json', XDG_CACHE_HOME='', HOME=home), wanted)
        self.assertEqual(os.listdir(home), ['.cache'])
        self.assertEqual(os.stat(home + '/.cache/memtrace').st_mode & 0o777, 0o700)

    def test_others_may_not_put_files_there(self):
        wanted = self.view('report', '--json')
        self.rename(self.many, b'take_3_4\0', b'fake_3_4\0')
        path = self.file_of(self.many)
        os.chmod(path, 0o666)
        self.assertEqual(self.view('report', '--json'), wanted)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600) # a new one of our own
        self.rename(self.many, b'take_3_4\0', b'fake_3_4\0')
        os.chmod(self.folder, 0o777)
        self.assertEqual(self.view('report', '--json'), wanted)
        os.chmod(self.folder, 0o700)
        os.rename(self.folder, self.folder + '.real')
        os.symlink(self.folder + '.real', self.folder)
        self.assertEqual(self.view('report', '--json'), wanted)

    def test_it_is_bounded(self):
        os.makedirs(self.folder, 0o700)
        for name, used in ('oldest.sym', 1000), ('older.sym', 2000), ('newer.sym', 3000), ('unrelated', 10), ('.new.1.2.3', 10):
            with open(os.path.join(self.folder, name), 'wb') as f:
                f.truncate(120 << 20)
            os.utime(os.path.join(self.folder, name), (used, used))
        self.view('report', '--json')
        names = set(os.listdir(self.folder))
        self.assertLessEqual({os.path.basename(self.file_of(self.many)), 'newer.sym', 'older.sym', 'unrelated'}, names)
        self.assertFalse({'oldest.sym', '.new.1.2.3'} & names)


if __name__ == '__main__':
    main()
