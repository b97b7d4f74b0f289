# SPDX-License-Identifier: MIT
"""A log that ran full: each view says what call sites are not known for that, in the same words."""
import json
import os

from common import Case

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

    def test_a_log_that_is_whole(self):
        for view in ['report'], ['report', '--by', 'module'], ['why'], ['top', '--once'], ['diff', self.log]:
            self.assertNotIn('log was full', self.memtrace(*view, self.log).stdout, view)
