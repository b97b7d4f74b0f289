# SPDX-License-Identifier: MIT
"""memtrace bench: known figures, a known spread, time beside them."""
import json
import math
import os

from common import Case

# The n-th traced run (libmemtrace.so is there) takes n * 1,000,000 bytes in 10 allocations; runs without it count for themselves.
PROGRAM = r'''
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
void *volatile kept[10];
int main(int argc, char **argv)
{
    long size;
    char name[4096], path[4200];
    const char *preload = getenv("LD_PRELOAD");
    snprintf(name, sizeof name, "%s.%s", argv[1], preload ? "traced" : "plain");
    for (size = 1;; size++) { /* the first number that is free */
        snprintf(path, sizeof path, "%s.%ld", name, size);
        if (access(path, F_OK))
            break;
    }
    if (link(argv[0], path))
        return 9;
    for (int i = 0; i < 10; i++)
        kept[i] = malloc(size * 100000);
    if (write(1, "seen\n", 5) != 5)
        return 8;
    return argc > 2 ? atoi(argv[2]) : 0;
}
'''


class Bench(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.taker = os.path.join(cls.top, 'taker')
        with open(cls.taker + '.c', 'w') as f:
            f.write(PROGRAM)
        cls.cc('-g', '-O1', cls.taker + '.c', '-o', cls.taker)

    def bench(self, *args, status=0):
        p = self.memtrace('bench', '--json', *args)
        self.assertEqual(p.returncode, status, p)
        return json.loads(p.stdout)

    def test_known_spread(self):
        found = self.bench('-r', '4', '--', self.taker, self.path('four'))
        self.assertEqual([run['peak_bytes'] for run in found['runs']], [1000000, 2000000, 3000000, 4000000])
        self.assertEqual([run['allocations'] for run in found['runs']], [10] * 4)
        deviation = round(math.sqrt(sum((n - 2.5) ** 2 for n in range(1, 5)) / 3) * 1000000)
        for figure in 'peak_bytes', 'allocated_bytes':
            self.assertEqual(found[figure], {'mean': 2500000, 'deviation': deviation, 'least': 1000000, 'most': 4000000})
        self.assertEqual(found['allocations'], {'mean': 10, 'deviation': 0, 'least': 10, 'most': 10})
        for figure in 'time_ns', 'cpu_ns', 'traced_time_ns':
            values = [run[figure] for run in found['runs']]
            self.assertEqual((found[figure]['least'], found[figure]['most']), (min(values), max(values)))
            self.assertGreater(min(values), 0)
        # As many without memtrace.
        for kind in 'traced', 'plain':
            self.assertEqual([os.path.exists(self.path('four.%s.%d' % (kind, n))) for n in range(1, 6)], [True] * 4 + [False])

    def test_text(self):
        p = self.memtrace('bench', '-r', '3', '--', self.taker, self.path('three'))
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        lines = p.stdout.splitlines()
        self.assertEqual(lines[0], '3 runs of %s, and as many without memtrace' % self.taker)
        self.assertEqual(lines[2:5], ['  1.91 MiB    977 KiB     977 KiB    2.86 MiB  peak', '  1.91 MiB    977 KiB     977 KiB    2.86 MiB  allocated',
                                      '        10          0          10          10  allocations'])
        self.assertEqual([line.split('  ')[-1] for line in lines[5:]], ['time', 'processor time', 'time under memtrace'])
        p = self.memtrace('bench', '-r', '2', '--show-output', '--', self.taker, self.path('shown'))
        self.assertEqual(p.stdout.count('seen\n'), 4)

    def test_failures(self):
        p = self.memtrace('bench', '-r', '2', '--json', '--', self.taker, self.path('fails'), '3')
        found = json.loads(p.stdout)
        self.assertEqual((p.returncode, [run['exit_status'] for run in found['runs']]), (3, [3, 3]))
        self.assertEqual(found['peak_bytes']['most'], 2000000)
        self.assertIn('exit status 3; --show-output shows what it says', p.stderr)
        p = self.memtrace('bench', '-r', '2', '--json', 'sh', '-c', 'kill -9 $$')
        found = json.loads(p.stdout)
        self.assertEqual((p.returncode, found['time_ns'], [run['time_ns'] for run in found['runs']]), (137, None, [None, None]))
        self.fails(self.memtrace('bench', '/nowhere/program'), 127, '/nowhere/program: No such file')
        self.fails(self.memtrace('bench', '-r', '0', 'true'), 2, "--repeat takes a number from 1, not '0'")
        self.fails(self.memtrace('bench'), 2, 'which program?')
        p = self.memtrace('bench', '-r', '3', '-t', '1', 'sleep', '100')
        self.assertEqual(p.returncode, 137)
        self.assertIn('sleep: timed out', p.stderr)

    def test_children(self):
        both = [self.bench('-r', '1', *option, '--', 'sh', '-c', '%s %s; true' % (self.taker, self.path('child%d' % len(option))))
                for option in ((), ('-c',))]
        self.assertLess(both[0]['peak_bytes']['most'], 100000)
        self.assertEqual(both[1]['peak_bytes']['most'] - both[0]['peak_bytes']['most'], 1000000)
        self.assertEqual(both[1]['allocations']['most'] - both[0]['allocations']['most'], 10)

    def test_memit_says_what_its_children_take(self):
        """The lines are the program's own."""
        for option, words in ((), 'peak memory: [0-9.]+ (B|KiB)\n'), (('-c',), r'peak memory: 9\d\d KiB, 977 KiB of it in children\n'):
            out = self.memtrace('memit', *option, '--', 'sh', '-c', '%s %s; true' % (self.taker, self.path('memit%d' % len(option)))).stdout
            self.assertRegex(out, words)
