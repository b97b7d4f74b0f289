# SPDX-License-Identifier: MIT
"""memtrace timeline: the curve, marks and periods, CSV and JSON."""
import csv
import json
import os
import re

from common import Case

HEADER = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), 'interpose')
STEPS = r'''
#include <memtrace.h>
#include <stdlib.h>
#include <time.h>
static void pause_for(long ms)
{
    struct timespec time = {0, ms * 1000000};
    nanosleep(&time, NULL);
}
int main(void)
{
    char *volatile blocks[8];
    for (int i = 0; i < 8; i++) {
        blocks[i] = malloc(1000000);
        pause_for(5);
        if (i == 3)
            memtrace_mark("=half\"\033[31m");
        if (i == 5)
            memtrace_period("second, part");
    }
    for (int i = 0; i < 8; i++) {
        free(blocks[i]);
        pause_for(5);
    }
    return 0;
}
'''


EARLY = r'''
#include <memtrace.h>
#include <stdlib.h>
#include <time.h>
static char *volatile block;
static void take(size_t bytes)
{
    struct timespec time = {0, 20000000};
    block = malloc(bytes);
    nanosleep(&time, NULL);
    free(block);
    nanosleep(&time, NULL);
}
int main(void)
{
    take(3000000);
    memtrace_period("later");
    take(1500000);
    return 0;
}
'''


class Times(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(cls.top + '/steps.c', 'w') as f:
            f.write(STEPS)
        cls.cc('-g', '-O1', '-I', HEADER, cls.top + '/steps.c', '-o', cls.top + '/steps')
        cls.memtrace('run', '-o', cls.top + '/steps.mt', cls.top + '/steps')

    def view(self, *options, log='steps.mt', **env):
        p = self.memtrace('timeline', *options, log, **env)
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        return p.stdout

    def test_json(self):
        timeline = json.loads(self.view('--json'))
        report = json.loads(self.memtrace('report', '--json', 'steps.mt').stdout)
        self.assertEqual(timeline['schema'], 'memtrace-timeline/1')
        for key in 'peak_bytes', 'peak_time_ns', 'marks', 'periods', 'pid', 'argv':
            self.assertEqual(timeline[key], report[key], key)
        self.assertEqual(timeline['peak_bytes'], 8000000)
        samples = timeline['samples']
        self.assertGreater(len(samples), 4)
        self.assertEqual(sorted(samples, key=lambda s: s['time_ns']), samples)
        self.assertEqual(max(s['level_max_bytes'] for s in samples), 8000000)
        self.assertGreaterEqual(timeline['duration_ns'], samples[-1]['time_ns'])
        self.assertEqual([(m['name'], m['level_bytes']) for m in timeline['marks']], [('=half"\033[31m', 4000000)])
        self.assertEqual([(p['name'], p['level_bytes'], p['peak_bytes']) for p in timeline['periods']], [('second, part', 6000000, 8000000)])

    def test_time_of_an_earlier_peak(self):
        """3,000,000 before the period, 1,500,000 in it: the peak's time is before the period's."""
        with open(self.path('early.c'), 'w') as f:
            f.write(EARLY)
        self.cc('-g', '-O1', '-I', HEADER, self.path('early.c'), '-o', self.path('early'))
        p = self.memtrace('run', '-o', 'early.mt', self.path('early'))
        self.assertEqual(p.returncode, 0, p)
        report = json.loads(self.memtrace('report', '--json', 'early.mt').stdout)
        period = report['periods'][0]
        self.assertEqual((report['peak_bytes'], period['peak_bytes']), (3000000, 1500000))
        self.assertGreater(report['peak_time_ns'], 0)
        self.assertLessEqual(report['peak_time_ns'], period['time_ns'])
        timeline = json.loads(self.view('--json', log='early.mt'))
        self.assertEqual(timeline['peak_time_ns'], report['peak_time_ns'])
        for periods, known in ('0', False), ('1', True), ('0-1', True):
            said = self.memtrace('report', '--period', periods, 'early.mt').stdout
            self.assertEqual("known of the last period's peak only, 1.43 MiB" in said, not known, said)

    def test_csv(self):
        text, timeline = self.view('--csv'), json.loads(self.view('--json'))
        rows = list(csv.DictReader(text.splitlines()))
        self.assertEqual([int(r['time_ns']) for r in rows], sorted(int(r['time_ns']) for r in rows))
        kinds = [r['kind'] for r in rows]
        self.assertEqual((kinds.count('mark'), kinds.count('period'), kinds.count('peak')), (1, 1, 1))
        samples = [{k: int(r[k]) for k in ('time_ns', 'level_bytes', 'level_max_bytes', 'resident_bytes')} for r in rows if r['kind'] == 'sample']
        self.assertEqual(samples, timeline['samples'])
        self.assertEqual([r['name'] for r in rows if r['name']], ["'=half\"?[31m", 'second, part'])
        self.assertNotIn('\033', text)

    def test_curve(self):
        out = self.view(COLUMNS='80').splitlines()
        self.assertEqual(out[0], 'Level, at most 7.63 MiB')
        rows = [line[12:] for line in out[1:11]]
        self.assertTrue(all(line[11] == '|' for line in out[1:11]))
        heights = [sum(row[column:column + 1] not in ('', ' ') for row in rows) for column in range(67)]
        top = heights.index(10)
        self.assertEqual(heights[:top + 1], sorted(heights[:top + 1]))  # up ...
        self.assertGreater(len(set(heights[:top + 1])), 2)
        self.assertEqual(heights[top:], sorted(heights[top:], reverse=True))  # ... and down
        events = out[13][12:]
        self.assertLess(events.index('|'), events.index('1'))
        self.assertIn('^', events)
        self.assertIn('Resident set, at most', '\n'.join(out))
        self.assertNotIn('\033', '\n'.join(out))
        self.assertRegex('\n'.join(out), r'(?m)^ +mark .* =half"\?\[31m$')
        for columns in 30, 40, 200:
            curves = self.on_a_terminal('timeline', self.top + '/steps.mt', columns=columns).split('^ peak: ')[0]
            for line in re.sub('\033\\[[0-9;]*m', '', curves).splitlines():
                self.assertLessEqual(len(line), columns, line)

    def test_both(self):
        self.fails(self.memtrace('timeline', '--csv', '--json', 'steps.mt'), 2, 'not both')

    def test_nothing(self):
        self.memtrace('run', '-o', 'true.mt', 'true')
        self.assertEqual(self.view(log='true.mt'), 'No allocation or release is in the log.\n')
        self.fails(self.memtrace('timeline', 'nowhere.mt'), 2, 'No such file')
