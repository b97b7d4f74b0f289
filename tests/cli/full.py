# SPDX-License-Identifier: MIT
"""A log that ran full: each view says what call sites are not known for that, in the same words."""
import json
import os
import subprocess
import sys

from common import Case, commands

PYTHON = 'kept = [bytearray(1000 + i % 2) for i in range(20000)]'
NOT_KNOWN, NOT_YOURS = 'call sites that are not known: the log was full', 'not yours: '


class Full(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.full = os.path.join(cls.top, 'full.mt')
        cls.memtrace('run', '-o', cls.full, cls.program, MEMTRACE_MAX_LOG='1')

    def said(self, *arguments):
        p = self.memtrace(*arguments, MEMTRACE_COLUMNS='200', COLUMNS='200')
        self.assertIn(p.returncode, (0, 1), p)
        lines = [line for line in p.stdout.splitlines() if NOT_KNOWN in line]
        self.assertTrue(lines, p.stdout)
        self.assertNotIn(NOT_YOURS, p.stdout)
        return lines

    def test_every_view_says_it(self):
        for view in (['report'], ['report', '--by', 'line'], ['report', '--by', 'function'], ['report', '--by', 'module'], ['leaks'], ['why'],
                     ['tree'], ['top', '--once']):
            with self.subTest(view):
                self.assertTrue(any('7.63 MiB' in line or '2.00 MiB' in line for line in self.said(*view, self.full)))

        self.said('sites', self.full)

    def test_diff(self):
        for by in 'line', 'function', 'module', 'site':
            with self.subTest(by):
                line, = self.said('diff', '--by', by, self.log, self.full)
                self.assertIn('7.63 MiB', line)
                rows = json.loads(self.memtrace('diff', '--json', '--by', by, self.log, self.full).stdout)['rows']
                unknown, = [row for row in rows if row['unknown']]
                self.assertEqual((unknown['not_yours'], unknown['old_at'], unknown['new_at'], unknown['change']), (False, None, None, 8000000))

    def test_json(self):
        peak = 8000000
        self.assertEqual(json.loads(self.memtrace('why', '--json', self.full).stdout)['unknown_bytes'], peak)
        for by in 'line', 'function', 'file', 'module':
            rows = json.loads(self.memtrace('report', '--json', '--by', by, self.full).stdout)['table']
            self.assertEqual((rows['unknown_own']['at_peak_bytes'], rows['rest_own']['at_peak_bytes']), (peak, peak), by)

    def test_what_was_live_when_the_program_finished(self):
        """Half of it is released after that. In a full log there is no room for what each call site had then, nor for a node of exit."""
        source = self.write('half.c', b"""#include <stdlib.h>
static char *kept[20000];
static void *path(unsigned which, int frames)
{
    void *block = !frames ? malloc(1000) : which & 1 ? path(which >> 1, frames - 1) : path(which >> 1, frames - 1);
    __asm__ volatile("" : "+r"(block));
    return block;
}
static void half(void)
{
    for (int i = 0; i < 10000; i++)
        free(kept[i]);
}
int main(void)
{
    atexit(half);
    for (unsigned i = 0; i < 20000; i++)
        kept[i] = path(i, 14);
}
""")
        subprocess.run([commands.cc, '-O0', '-g', '-o', self.path('half'), source], check=True)
        for command, live, left in ([self.path('half')], 20000000, 10000000), ([sys.executable, '-S', '-c', PYTHON], 20000000, None):
            log = self.path('finished.mt')
            self.memtrace('run', '-o', log, *command, MEMTRACE_MAX_LOG='500K')
            report = json.loads(self.memtrace('report', '--json', log).stdout)
            self.assertTrue(live <= report['live_bytes'] < live * 1.3, (command, report['live_bytes']))
            if left:
                self.assertTrue(left <= report['leaked_bytes'] < left * 1.1, report)
            else:
                self.assertIn('%.1f MiB was live when the program finished' % (report['live_bytes'] / 2**20), self.memtrace('leaks', log).stdout)
                self.assertEqual(self.memtrace('check', '--max-leaked', '10M', log).returncode, 1)

    def test_a_log_that_is_whole(self):
        for view in ['report'], ['report', '--by', 'module'], ['why'], ['top', '--once'], ['diff', self.log]:
            self.assertNotIn('log was full', self.memtrace(*view, self.log).stdout, view)
