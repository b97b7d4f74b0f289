#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""memtrace why: what is planted in a program is advised, at its line, and nothing else; and programs without fault hear nothing.

usage: advice.py MEMTRACE CC [unittest arguments]
"""
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from common import Case, line_of, main

PLANTED = r'''
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
struct item {
    struct item *next;
    char *value;
};
static struct item *cache, *small;
static char *wasteful[200000], *text;
static size_t used;
static void nap(void)
{
    struct timespec time = {0, 1500000};
    nanosleep(&time, NULL);
}
static void remember(int i)
{
    struct item *item = malloc(sizeof *item);
    item->value = malloc(16000); /* GROWTH */
    memset(item->value, i, 16000);
    item->next = cache;
    cache = item;
}
static void hurry(void)
{
    char *buffer = malloc(20000); /* TEMPORARY */
    memset(buffer, 1, 20000);
    free(buffer);
}
static void append(void)
{
    text = realloc(text, used += 24); /* REALLOC */
    text[used - 1] = 1;
}
static void scatter(void)
{
    char **blocks = malloc(40000 * sizeof *blocks);
    for (int i = 0; i < 40000; i++) {
        blocks[i] = malloc(4100);
        memset(blocks[i], 1, 4100);
    }
    for (int i = 0; i < 40000; i++)
        if (i % 40)
            free(blocks[i]);
    for (int i = 0; i < 5000000; i++) /* as much slower as the rest where the machine is busy */
        free(malloc(100 + (size_t)i % 2));
    for (int i = 0; i < 40000; i += 40)
        free(blocks[i]);
    free(blocks);
}
/* What programs do that have nothing wrong with them: a start that takes, work that takes and gives back, an end that gives all back. */
static void plain(void)
{
    static void *table[3000], *work[500];
    for (int i = 0; i < 3000; i++)
        table[i] = malloc(2000);
    for (int round = 0; round < 600; round++) {
        for (int i = 0; i < 500; i++)
            work[i] = malloc(1000 + (size_t)i);
        for (int i = 0; i < 500; i++)
            free(work[i]);
        nap();
    }
    char *line = NULL;
    for (size_t bytes = 16; bytes < 1000000; bytes *= 2)
        line = realloc(line, bytes);
    free(line);
    for (int i = 0; i < 3000; i++)
        free(table[i]);
}
/* What grew before is then no trend, however slow the machine is: that was the first quarter of the time at most. */
static void stand(void)
{
    for (int i = 0; i < 1500000; i++)
        free(malloc(100 + (size_t)i % 2));
}
int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strchr(what, 'm'))
        for (int i = 0; i < 200000; i++) {
            struct item *item = malloc(sizeof *item); /* SMALL */
            item->next = small;
            small = item;
        }
    if (strchr(what, 's'))
        for (int i = 0; i < 200000; i++)
            wasteful[i] = calloc(1, 73); /* SLACK */
    if (strchr(what, 'm') || strchr(what, 's'))
        stand();
    if (strchr(what, 'v') && mmap(NULL, (size_t)4 << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED) /* RESERVATION */
        return 2;
    for (int i = 0; i < 1000; i++) {
        if (strchr(what, 'g')) {
            remember(i);
            nap();
        }
        for (int k = 0; strchr(what, 't') && k < 3; k++)
            hurry();
        for (int k = 0; strchr(what, 'r') && k < 5; k++)
            append();
    }
    if (strchr(what, 'k'))
        scatter();
    if (strchr(what, 'p'))
        plain();
    return 0;
}
'''
KINDS = {'g': 'growth', 't': 'temporary', 'r': 'realloc', 'm': 'small', 's': 'slack', 'v': 'reservation', 'k': 'retained'}


class Advice(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(os.path.join(cls.top, 'planted.c'), 'w') as file:
            file.write(PLANTED)
        cls.planted = os.path.join(cls.top, 'planted')
        cls.cc('-g', '-O1', '-fno-builtin', '-D_GNU_SOURCE', os.path.join(cls.top, 'planted.c'), '-o', cls.planted)

    def traced(self, *command, **env):
        log = self.path('why.mt')
        if os.path.exists(log):
            os.unlink(log)
        p = self.memtrace('run', '-o', log, *command, **env)
        self.assertEqual(p.returncode, 0, p)
        return log

    def why(self, log, *options):
        p = self.memtrace('why', '--json', *options, log)
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        return json.loads(p.stdout)

    def found(self, what):
        return {(one['kind'], one.get('line')) for one in self.why(self.traced(self.planted, what))['advice']}

    def expected(self, what):
        return {(KINDS[letter], None if letter == 'k' else line_of(KINDS[letter].upper(), PLANTED)) for letter in what}

    def test_each(self):
        for letter in KINDS:
            with self.subTest(KINDS[letter]):
                self.assertEqual(self.found(letter), self.expected(letter))

    def test_several(self):
        log = self.traced(self.planted, 'trm')
        whole = self.why(log)
        self.assertEqual({(one['kind'], one['line']) for one in whole['advice']}, self.expected('trm'))
        sizes = [one['bytes'] for one in whole['advice']]
        self.assertEqual(sizes, sorted(sizes, reverse=True))
        self.assertEqual(whole['schema'], 'memtrace-why/1')
        self.assertEqual(whole['peak_held']['line'], line_of('SMALL', PLANTED))
        text = self.memtrace('why', log).stdout
        for i, one in enumerate(whole['advice']):
            self.assertIn(' %d. %s\n     %s\n     %s\n' % (i + 1, one['what'], one['at'], one['act']), text)
        self.assertEqual(len(self.why(log, '-n', '1')['advice']), 1)
        self.assertIn('2 more; -n 0 shows all.', self.memtrace('why', '-n', '1', log).stdout)

    def test_figures(self):
        advice = {one['kind']: one for one in self.why(self.traced(self.planted, 'tr'))['advice']}
        self.assertEqual(advice['temporary']['bytes'], 3000 * 20000)
        self.assertIn('3,000 blocks of 19.5 KiB', advice['temporary']['what'])
        self.assertEqual(advice['realloc']['bytes'], sum(24 * i for i in range(1, 5000)))
        self.assertIn('4,999 reallocations, by 24 B each', advice['realloc']['what'])

    def test_python(self):
        """What its end gives back is not the run's."""
        script = os.path.join(self.top, 'grows.py')
        with open(script, 'w') as file:
            file.write('import time\nkept = []\nfor i in range(1500):\n    kept.append(bytes(20000))  # GROWTH\n    time.sleep(0.0015)\n')
        growth, = [one for one in self.why(self.traced('/usr/bin/python3', script))['advice'] if one['kind'] == 'growth']
        self.assertEqual((os.path.basename(growth['file']), growth['line']), ('grows.py', 4))

    def silent(self, log):
        self.assertEqual(self.why(log)['advice'], [])
        self.assertRegex(self.memtrace('why', log).stdout, r'^Peak .*\n(.*\n)*Nothing to advise\.\n$')

    def test_plain(self):
        self.silent(self.traced(self.planted, 'p'))
        self.silent(self.traced(self.planted, ''))

    def test_real(self):
        for command in (['jq', '-n', '[range(100000)]|map({a:., b:"x\\(.)"})|group_by(.a%7)|length'],
                        ['perl', '-e', 'my %h; $h{"k$_"} = [$_, "v$_"] for 1 .. 50000; print scalar(keys %h), "\n"'],
                        ['/usr/bin/python3', '-c', 'import json\nd = [{"a": i, "b": str(i)} for i in range(30000)]\nprint(len(json.dumps(d)))']):
            if shutil.which(command[0]):
                with self.subTest(command[0]):
                    self.silent(self.traced(*command))


if __name__ == '__main__':
    main()
