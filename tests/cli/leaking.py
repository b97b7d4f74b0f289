# SPDX-License-Identifier: MIT
"""memtrace leaks: planted leaks and growing caches with known answers; silence where nothing leaked; suppressions."""
import json
import os
import shutil
import subprocess
import sys

from common import Case, commands, line_of
from support.build import with_stacks

PLANTED = r'''
#include <stdlib.h>
#include <stdio.h>
static void *volatile *cache;
static int used;
__attribute__((noinline)) static void *init_pool(void)
{
    void *pool = malloc(20000); /* POOL */
    return pool;
}
__attribute__((noinline)) static void grow(void)
{
    cache[used++] = malloc(100); /* GROW */
}
__attribute__((noinline)) static void lose(void)
{
    void *volatile lost = malloc(777); /* LOSE */
    lost = NULL;
}
int main(void)
{
    cache = malloc(8000); /* TABLE */
    void *volatile pool = init_pool();
    for (int i = 0; i < 1000; i++) {
        grow();
        void *volatile gone = malloc(50);
        free(gone);
        if (i == 500)
            lose();
    }
    return pool == NULL;
}
'''

CLEAN = r'''
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static __thread char local[10000];
static void *run(void *argument)
{
    local[5] = 1;
    void *volatile block = malloc(10);
    free(block);
    return argument;
}
int main(void)
{
    pthread_t thread;
    struct tm tm;
    time_t now = time(NULL);
    setlocale(LC_ALL, "");
    pthread_create(&thread, NULL, run, NULL);
    pthread_join(thread, NULL);
    localtime_r(&now, &tm);
    FILE *file = fopen("/dev/null", "w");
    fprintf(file, "x");
    fclose(file);
    puts("done");
    return 0;
}
'''

CACHE_CXX = r'''
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>
static auto *cache = new std::map<int, std::string>; /* MAP */
struct Node {
    std::shared_ptr<Node> other;
};
__attribute__((noinline)) void remember(int i)
{
    (*cache)[i] = std::string(100, 'x'); /* CACHE */
}
__attribute__((noinline)) void cycle()
{
    auto a = std::make_shared<Node>(); /* CYCLE */
    a->other = a;
}
int main()
{
    for (int i = 0; i < 200; i++) {
        remember(i);
        std::vector<int> gone(10);
    }
    cycle();
    try {
        throw 1;
    } catch (int) {
    }
    std::cout << cache->size() << "\n";
}
'''

CACHE_RUST = r'''
use std::collections::HashMap;
#[inline(never)]
fn remember(cache: &mut HashMap<u32, Vec<u8>>, i: u32) {
    cache.insert(i, vec![1u8; 100]); /* CACHE */
}
fn main() {
    let mut cache = HashMap::new();
    for i in 0..300 {
        remember(&mut cache, i);
    }
    println!("{}", cache.len());
    std::mem::forget(cache);
    println!("{}", std::thread::spawn(|| vec![0u8; 1000].len()).join().unwrap());
}
'''
CLEAN_RUST = CACHE_RUST.replace('std::mem::forget', 'drop')

CACHE_PYTHON = '''
cache = {}


def remember(i):
    cache[i] = bytearray(1000)  # CACHE


def work():
    for i in range(500):  # KEYS
        remember(i)
    return sum(len(str(i)) for i in range(1000))

if __name__ == "__main__":
    work()
'''

CLEAN_PYTHON = '''
import collections
import json
import re


class A:
    LIMIT = [1, 2, 3]

    def __init__(self, n):
        self.n = [float(i) for i in range(n)]

    def run(self):
        return sum(self.n)


TABLE = {i: str(i) for i in range(20)}


def work():
    d = collections.defaultdict(list)
    for i in range(2000):
        d[i % 7].append((i, str(i), float(i)))
    s = json.dumps({k: v for k, v in d.items()})
    re.compile(r"(a|b)+c").match(s)
    return len(s) + A(500).run()


def main():
    work()
    try:
        raise ValueError("x")
    except ValueError:
        pass


if __name__ == "__main__":
    main()
'''

ENDS = r'''
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
void *volatile kept;
int main(int argc, char **argv)
{
    (void)argc;
    kept = malloc(5000);
    if (argv[1][0] == 'k')
        raise(SIGKILL);
    if (argv[1][0] == 'a')
        abort();
    if (argv[1][0] == '_')
        _exit(0);
    execl("/bin/true", "true", (char *)NULL);
    return 1;
}
'''


class Leaks(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.build('planted', PLANTED)
        cls.traced('planted')

    @classmethod
    def build(cls, name, text, suffix='.c', compiler=None, *flags):
        source = os.path.join(cls.top, name + suffix)
        with open(source, 'w') as f:
            f.write(text)
        command = [compiler or commands.cc, '-g', '-O1', *flags] if suffix != '.rs' else [compiler, '-g', '-Copt-level=1']
        subprocess.run([*command, source, '-o', os.path.join(cls.top, name)], check=True, cwd=cls.top, stderr=subprocess.DEVNULL)

    @classmethod
    def traced(cls, name, *command):
        cls.memtrace('run', '-o', os.path.join(cls.top, name + '.mt'), *(command or [os.path.join(cls.top, name)]))

    def leaks(self, name, *options):
        p = self.memtrace('leaks', '--json', *options, name + '.mt')
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        leaks = json.loads(p.stdout)
        self.assertEqual(leaks['schema'], 'memtrace-leaks/1')
        parts = [leaks['total'], leaks['libraries'], leaks['unknown'], *leaks['residents'], *leaks['suppressions']]
        self.assertEqual(sum(part['bytes'] for part in parts), leaks['all']['bytes'])
        self.assertEqual(sum(site['bytes'] for site in leaks['sites']), leaks['total']['bytes'])
        report = json.loads(self.memtrace('report', '--json', name + '.mt').stdout)
        self.assertEqual(leaks['all']['bytes'], report['%s_bytes' % leaks['metric']])
        return leaks

    def found(self, leaks, file):
        """{line of the innermost frame in the file: bytes, blocks or allocations, bytes that grew}"""
        found = {}
        for site in with_stacks(leaks):
            line = next(f['line'] for f in site['stack'] if f['file'] and os.path.basename(f['file']) == file)
            old = found.get(line, (0, 0, 0))
            count = site['allocations'] if site['blocks'] is None else site['blocks']
            found[line] = (old[0] + site['bytes'], old[1] + count, old[2] + site['grown_bytes'])
        return found

    def silent(self, name):
        self.assertEqual([[(f['function'], f['line']) for f in site['stack']] for site in with_stacks(self.leaks(name))], [])
        p = self.memtrace('leaks', '--fail', name + '.mt')
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        self.assertTrue(p.stdout.startswith('No leak; '), p.stdout)

    def test_full(self):
        """A log without room for call sites: what they left is not known, which is no reason for a gate to pass."""
        self.memtrace('run', '-o', os.path.join(self.top, 'full.mt'), os.path.join(self.top, 'planted'), MEMTRACE_MAX_LOG='1')
        p = self.memtrace('leaks', '--fail', 'full.mt')
        self.assertEqual((p.returncode, p.stderr), (1, ''))
        self.assertTrue(p.stdout.startswith('No leak that is known; '), p.stdout)
        self.assertIn('Not known', p.stdout)
        self.assertNotIn('there to stay', p.stdout)
        self.assertEqual(self.memtrace('check', '--max-leaked', '1K', 'full.mt').returncode, 1)
        self.assertEqual(self.memtrace('check', '--max-leaked', '1G', 'full.mt').returncode, 0)

    def test_no_end_by_exit(self):
        """Destructors have not run: nothing says so."""
        self.build('ends', ENDS)
        killed = 'live when it was killed, or ended by _exit'
        for how, words in ('kill', killed), ('abort', killed), ('_exit', killed), ('exec', 'live at its exec of another program'):
            with self.subTest(how):
                self.memtrace('run', '--min-peak', '0', '-o', self.path('ends-%s.%%p.mt' % how), self.path('ends'), how)
                log = next(name for name in os.listdir(self.top) if name.startswith('ends-%s.' % how) and
                           json.loads(self.memtrace('report', '--json', name).stdout)['live_bytes'] >= 5000)
                for view, line in ('leaks', 0), ('report', None):
                    out = self.memtrace(view, log).stdout
                    self.assertNotIn('destructors', out)
                    self.assertIn(words, out.splitlines()[line] if line is not None else out)
                self.assertNotIn('destructors', self.memtrace('leaks', '--metric', 'live', log).stdout)
                self.assertNotIn('program finished', self.memtrace('leaks', '--metric', 'live', log).stdout)
        killed = next(name for name in os.listdir(self.top) if name.startswith('ends-kill.'))
        out = self.memtrace('leaks', 'planted.mt', killed).stdout
        self.assertIn('left after all destructors, or live when one was killed, or ended by _exit or exec', out)
        self.assertIn('; 126 KiB was left after all destructors.', self.memtrace('leaks', 'planted.mt').stdout)

    def test_nothing_asked(self):
        for logs in ('planted.mt',), ('planted.mt', 'planted.mt'):
            for verb in (['leaks', '--fail'], ['sites'], ['tree'], ['sites', '--histogram'], ['report', '--by', 'line'], ['report', '--own'],
                         ['leaks', '--each'], ['html', '--force', '-o', 'none.html'], ['export', '--format', 'csv']):
                for filter in ('--function', 'nosuch*'), ('--module', 'nosuch*'), ('--thread', 'nosuch*'):
                    with self.subTest((verb, filter)):
                        p = self.memtrace(*verb, *filter, *logs)
                        self.assertEqual(p.returncode, 1, p)
                        self.assertEqual(p.stderr.count('no stack is what'), 1)
        for verb in ['diff'], ['html', '--force', '-o', 'none.html', '--diff']:
            self.fails(self.memtrace(*verb, '--function', 'nosuch*', 'planted.mt', 'planted.mt'), 1, 'no stack is what')
        self.fails(self.memtrace('lines', '--module', 'nosuch*', 'planted.mt'), 1, 'no stack is what')
        for verb in 'leaks', 'sites', 'tree', 'report':
            p = self.memtrace(verb, '--function', 'main', 'planted.mt')
            self.assertEqual((p.returncode, p.stderr), (0, ''))
        # one of two that has some is enough
        self.assertEqual(self.memtrace('diff', '--function', 'grow', 'planted.mt', self.log).returncode, 0)

    def test_planted(self):
        leaks = self.leaks('planted')
        self.assertEqual((leaks['metric'], leaks['start']), ('leaked', 'events'))
        line = {mark: line_of(mark, PLANTED) for mark in ('POOL', 'GROW', 'LOSE', 'TABLE')}
        self.assertEqual(self.found(leaks, 'planted.c'), {line['GROW']: (100000, 1000, 100000), line['LOSE']: (777, 1, 777),
                                                          line['POOL']: (20000, 1, 0), line['TABLE']: (8000, 1, 0)})
        self.assertEqual([site['bytes'] for site in leaks['sites']], [100000, 20000, 8000, 777])

    def test_text(self):
        p = self.memtrace('leaks', 'planted.mt')
        grown, start = p.stdout.split('There since the start')
        self.assertTrue(p.stdout.startswith('126 KiB in 1,003 blocks never given back, at 4 call sites; '))
        for text, marks in (grown, ('GROW', 'LOSE')), (start, ('POOL', 'TABLE')):
            for mark in 'POOL', 'GROW', 'LOSE', 'TABLE':
                self.assertEqual('planted.c:%d  ' % line_of(mark, PLANTED) in text, mark in marks, mark)
        self.assertIn('  1. 97.7 KiB in 1,000 blocks (77.7 %)\n', grown)

    def test_statuses(self):
        self.assertEqual(self.memtrace('leaks', 'planted.mt').returncode, 0)
        self.assertEqual(self.memtrace('leaks', '--fail', 'planted.mt').returncode, 1)
        self.fails(self.memtrace('leaks', '--fail', 'nowhere.mt'), 2, 'No such file')
        self.fails(self.memtrace('leaks', '--metric', 'rise', 'planted.mt'), 2, "not 'rise'")
        self.fails(self.memtrace('leaks', '--suppress', 'nowhere.supp', 'planted.mt'), 2, 'nowhere.supp: No such file')

    def test_suppressions(self):
        everything = 128777
        for text, left in (('leak:grow', 28777), ('leak:^grow$', 28777), ('leak:gro*$', 28777), ('leak:^row', everything), ('leak:gro$', everything),
                           ('leak:planted.c', 0), ('leak:*lan*ted*', 0), ('leak:^planted.c$', everything), ('leak:in*po?l', everything),
                           ('# all\n\n  leak:init_pool \nleak:lose\r\n', 108000), ('leak:main', 0), ('leak:gr*w', 28777), ('leak:g*r*o*w*x', everything)):
            self.write('lsan.supp', text.encode())
            self.assertEqual(self.leaks('planted', '--suppress', 'lsan.supp')['total']['bytes'], left, text)
        self.write('one.supp', b'leak:grow\nleak:old_parser\n')
        self.write('two.supp', b'leak:lose')
        p = self.memtrace('leaks', '--suppress', 'one.supp', '--suppress', 'two.supp', '--fail', 'planted.mt')
        self.assertEqual(p.returncode, 1)
        self.assertIn('97.7 KiB in 1,000 blocks  leak:grow\n', p.stdout)
        self.assertIn('Unused suppression: leak:old_parser  (one.supp:2)\n', p.stdout)
        self.assertNotIn('Unused suppression: leak:lose', p.stdout)
        self.write('all.supp', b'leak:main')
        self.assertEqual(self.memtrace('leaks', '--suppress', 'all.supp', '--fail', 'planted.mt').returncode, 0)
        self.write('bad.supp', b'leak:a\nrace:b\n')
        self.fails(self.memtrace('leaks', '--suppress', 'bad.supp', 'planted.mt'), 2, "bad.supp: line 2: not leak:PATTERN: 'race:b'")

    def test_all_shows_residents(self):
        self.build('clean', CLEAN, '.c', None, '-pthread')
        self.traced('clean')
        self.silent('clean')
        names = {rest['name'] for rest in self.leaks('clean')['residents']}
        self.assertIn("stdio's buffers", names)
        self.assertTrue(any(name.startswith('the loader') or name == 'thread-local storage' for name in names), names)
        everything = self.leaks('clean', '--all')
        self.assertEqual((everything['total'], everything['residents']), (everything['all'], []))
        self.assertGreater(len(everything['sites']), 0)
        self.assertIn("stdio's buffers\n        function _IO_file_doallocate in libc.*\n", self.memtrace('--rules').stdout)

    def test_cxx(self):
        compiler = shutil.which('g++') or shutil.which('clang++')
        if not compiler:
            self.skipTest('no C++ compiler')
        self.build('caching', CACHE_CXX, '.cc', compiler)
        self.traced('caching')
        found = self.found(self.leaks('caching'), 'caching.cc')
        self.assertEqual(set(found), {line_of(mark, CACHE_CXX) for mark in ('CACHE', 'CYCLE', 'MAP')})
        size, blocks, grown = found[line_of('CACHE', CACHE_CXX)]
        self.assertEqual((blocks, grown), (400, size))  # a node of the tree and a string each
        self.assertEqual(found[line_of('CYCLE', CACHE_CXX)][1], 1)

    def test_rust(self):
        rustc = shutil.which('rustc')
        if not rustc:
            self.skipTest('no rustc')
        self.build('rusty', CACHE_RUST, '.rs', rustc)
        self.build('clean_rust', CLEAN_RUST, '.rs', rustc)
        for name in 'rusty', 'clean_rust':
            self.traced(name)
        self.silent('clean_rust')
        found = self.found(self.leaks('rusty'), 'rusty.rs')
        self.assertEqual({line: figures[1] for line, figures in found.items()}, {line_of('CACHE', CACHE_RUST): 301})

    def test_python(self):
        python = os.path.realpath(sys.executable)
        for name, text in ('grows', CACHE_PYTHON), ('clean_python', CLEAN_PYTHON):
            self.write(name + '.py', text.encode())
            self.traced(name, python, self.path(name + '.py'))
        self.silent('clean_python')
        leaks = self.leaks('grows')
        self.assertEqual((leaks['metric'], leaks['total']['blocks']), ('live', None))
        line, keys = (next(i + 1 for i, text in enumerate(CACHE_PYTHON.splitlines()) if text.endswith(mark)) for mark in ('# CACHE', '# KEYS'))
        found = self.found(leaks, 'grows.py')
        self.assertEqual(set(found), {line, keys})  # numbers from 257 on are objects
        self.assertGreaterEqual(found[line][0], 500 * 1000)
        self.assertEqual(self.memtrace('leaks', '--fail', 'grows.mt').returncode, 1)

    def test_silent_programs(self):
        python = os.path.realpath(sys.executable)
        repository = self.path('repository')
        programs = [('true', 'true'), ('pass', python, '-c', 'pass')]
        if shutil.which('git'):
            os.mkdir(repository)
            subprocess.run(['git', 'init', '-q', repository], check=True)
            self.write('repository/file', b'text\n')
            programs.append(('git', 'git', '-C', repository, 'status'))
        if shutil.which('jq'):
            programs.append(('jq', 'jq', '-n', '[range(100)] | map(. * 2) | add'))
        for name, *command in programs:
            with self.subTest(name):
                self.traced(name, *command)
                self.silent(name)
