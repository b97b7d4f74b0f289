# SPDX-License-Identifier: MIT
"""memtrace tree: known answers, sums equal to report's, folding."""
import json
import os
import re
import sys

from common import Case, line_of

CALLS = r'''
#include <stdlib.h>
static void *volatile kept[4];
__attribute__((noinline)) static void *leaf(size_t bytes)
{
    return malloc(bytes); /* LEAF */
}
__attribute__((noinline)) static void *one(void)
{
    void *block = leaf(1000000); /* ONE */
    return block;
}
__attribute__((noinline)) static void *deep(int times)
{
    if (times) {
        void *block = deep(times - 1); /* DEEP */
        return block;
    }
    void *block = leaf(3000000); /* BOTTOM */
    return block;
}
int main(void)
{
    kept[0] = one();         /* FIRST */
    kept[1] = deep(5);       /* SECOND */
    kept[2] = malloc(500000); /* OWN */
    kept[3] = malloc(100);   /* SMALL */
    return 0;
}
'''
SUMS = 'at_peak_bytes', 'live_bytes', 'leaked_bytes', 'allocated_bytes', 'allocations', 'released_bytes', 'releases', 'increment_bytes', 'resident_bytes'
METRIC = {'at_peak_bytes': 'peak'}


class Trees(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        source = cls.top + '/calls.c'
        with open(source, 'w') as f:
            f.write(CALLS)
        cls.cc('-g', '-O1', '-fno-optimize-sibling-calls', source, '-o', cls.top + '/calls')
        cls.memtrace('run', '-o', 'calls.mt', cls.top + '/calls')

    def tree(self, *options, log='calls.mt', none=False):
        p = self.memtrace('tree', '--json', *options, log)
        self.assertEqual((p.returncode, 'no stack is what' in p.stderr if none else p.stderr), (1, True) if none else (0, ''))
        tree = json.loads(p.stdout)
        self.assertEqual(tree['schema'], 'memtrace-tree/1')
        return tree

    def adds_up(self, tree):
        """Parent = own + children, others among them; the root is what its children come to."""
        nodes = tree['nodes']
        below = [node['own'] for node in nodes]
        counts = [0] * len(nodes)
        for i, node in enumerate(nodes[1:], 1):
            self.assertLess(node['parent'], i)
            below[node['parent']] += node['total']
            counts[node['parent']] += node['allocations']
        for node, sum_below, count in zip(nodes, below, counts):
            if 'others' not in node:
                self.assertEqual(node['total'], sum_below)
                self.assertGreaterEqual(node['allocations'], count)
        self.assertEqual(nodes[0]['allocations'], counts[0])

    def named(self, tree, node):
        frame = tree['frames'][node['frame']]
        return frame['function'], frame['line']

    def test_known(self):
        tree = self.tree()
        self.adds_up(tree)
        nodes = tree['nodes']
        self.assertEqual(nodes[0]['total'], 4500100)
        shown = [(self.named(tree, n) if n['frame'] is not None else 'others', n['total'], n['own']) for n in nodes[1:]]
        line = {mark: line_of(mark, CALLS) for mark in ('LEAF', 'ONE', 'DEEP', 'BOTTOM', 'FIRST', 'SECOND', 'OWN', 'SMALL')}
        self.assertEqual(shown, [(('main', line['SECOND']), 3000000, 0)] + [(('deep', line['DEEP']), 3000000, 0)] * 5 +
                         [(('deep', line['BOTTOM']), 3000000, 0), (('leaf', line['LEAF']), 3000000, 3000000),
                          (('main', line['FIRST']), 1000000, 0), (('one', line['ONE']), 1000000, 0), (('leaf', line['LEAF']), 1000000, 1000000),
                          (('main', line['OWN']), 500000, 500000), ('others', 100, 0)])
        self.assertEqual(nodes[-1]['others'], 1)

    def test_inverted(self):
        tree = self.tree('--inverted', '--by', 'function')
        self.adds_up(tree)
        first = [(tree['frames'][n['frame']]['function'], n['total']) for n in tree['nodes'] if n['parent'] == 0]
        self.assertEqual(first, [('leaf', 4000000), ('main', 500100)])
        below = [(tree['frames'][n['frame']]['function'], n['total']) for n in tree['nodes'] if n['parent'] == 1]
        self.assertEqual(below, [('deep', 3000000), ('one', 1000000)])

    def test_chains_share_a_row(self):
        out = self.memtrace('tree', 'calls.mt').stdout
        row = next(l for l in out.splitlines() if ':%d  main' % line_of('SECOND', CALLS) in l)
        self.assertRegex(row, r'^ +2\.86 MiB +66\.7 %% +2\.86 MiB +1 .* main > \(5 more\) > calls\.c:\d+  deep > calls\.c:%d  leaf$' % line_of('LEAF', CALLS))
        self.assertIn('1 other\n', out)

    def test_depth_and_top(self):
        tree = self.tree('--depth', '1')
        self.adds_up(tree)
        self.assertEqual({n['parent'] for n in tree['nodes'][1:]}, {0, 1, 2, 3} & {n['parent'] for n in tree['nodes'][1:]})
        tree = self.tree('--top', '1', '--min-share', '0')
        self.adds_up(tree)
        self.assertEqual(sum('others' in n for n in tree['nodes'] if n['parent'] == 0), 1)
        self.assertEqual(next(n for n in tree['nodes'] if n['parent'] == 0 and 'others' in n)['others'], 3)

    def test_sums_are_the_reports(self):
        """What the outermost nodes of each line come to is the line's figure, folded or not, either way round."""
        report = json.loads(self.memtrace('report', '--json', 'calls.mt').stdout)
        for key in SUMS:
            metric = METRIC.get(key, key.replace('_bytes', ''))
            tree = self.tree('--all', '--min-share', '0', '--metric', metric)
            self.adds_up(tree)
            place = [json.dumps([f.get(k) for k in ('file', 'line', 'function', 'module', 'address', 'on_return')]) for f in tree['frames']]
            sums, above = {}, [frozenset()]
            for node in tree['nodes'][1:]:
                outer = above[node['parent']]
                name = place[node['frame']] if node['frame'] is not None else None
                above.append(outer | {name})
                if name and name not in outer:
                    sums[name] = sums.get(name, 0) + node['total']
            for line in report['lines']:
                name = json.dumps([line.get(k) for k in ('file', 'line', 'function', 'module', 'address', 'on_return')])
                self.assertEqual(sums.get(name, 0), line[key], (key, name))
            folded, inverted = self.tree('--metric', metric, '--min-share', '10'), self.tree('--metric', metric, '--inverted')
            self.adds_up(folded)
            self.adds_up(inverted)
            self.assertEqual({t['nodes'][0]['total'] for t in (tree, folded, inverted)}, {tree['nodes'][0]['total']})

    def test_filters(self):
        for option, total in (('--function', 'one'), 1000000), (('--function', 'dee*'), 3000000), (('--file', 'calls.c'), 4500100), \
                (('--thread', 'calls'), 4500100), (('--thread', 'x*'), 0), (('--module', 'calls'), 4500100), (('--class', 'file'), 0):
            tree = self.tree(*option, none=option == ('--thread', 'x*'))
            self.adds_up(tree)
            self.assertEqual(tree['nodes'][0]['total'], total, option)

    def test_libraries(self):
        """Of their frames only those that allocated are shown; what no own frame called is apart."""
        self.write('copies.c', b'#include <string.h>\nchar *volatile kept;\nint main(void)\n{\n    char text[1000];\n'
                   b'    memset(text, 1, 999);\n    text[999] = 0;\n    kept = strdup(text);\n    return 0;\n}\n')
        self.cc('-g', '-O1', '-fno-builtin', 'copies.c', '-o', 'copies')
        self.memtrace('run', '-o', 'copies.mt', self.path('copies'))
        tree = self.tree(log='copies.mt')
        self.adds_up(tree)
        names = [[tree['frames'][n['frame']]['function'].lstrip('_'), n['total'], n['own']] for n in tree['nodes'][1:]]
        self.assertEqual(names, [['main', 1000, 0], ['strdup', 1000, 1000]])
        self.assertGreater(len(self.tree('--all', log='copies.mt')['nodes'][1:]), 2)  # what calls main
        self.memtrace('run', '-o', 'pass.mt', os.path.realpath(sys.executable), '-c', 'kept = [bytearray(100000)]')
        tree = self.tree(log='pass.mt')
        self.adds_up(tree)
        apart, = (n for n in tree['nodes'] if n.get('libraries'))
        self.assertGreater(apart['total'], 100000)
        self.assertIn('not yours: libraries, interpreter, loader\n', self.memtrace('tree', 'pass.mt').stdout)
        self.assertFalse([n for n in self.tree('--all', log='pass.mt')['nodes'] if n.get('libraries')])

    def test_colours_only_on_a_terminal(self):
        self.assertNotIn('\033', self.memtrace('tree', 'calls.mt').stdout)
        out = self.on_a_terminal('tree', 'calls.mt', columns=100)
        self.assertIn('\033[36m', out)
        for line in re.sub('\033\\[[0-9;]*m', '', out).splitlines():
            self.assertLessEqual(len(line), 100)


EVIL = '\033]0;title\007\033[2J\u202e\u200f\x7f'
EVIL_PYTHON = '''
import ctypes
kept = []


def grow(n):
    kept.extend(bytearray(1000) for _ in range(n))


grow.__code__ = grow.__code__.replace(co_name=%(evil)r, co_filename=%(evil)r + "/evil.py")
if hasattr(grow.__code__, "co_qualname"):
    grow.__code__ = grow.__code__.replace(co_qualname=%(evil)r)
mark = ctypes.CDLL(None).memtrace_mark
mark(%(evil)r.encode())
grow(200)
mark(b"\\x9b31m\\xff" + b"x" * 4000)
'''


class Hostile(Case):
    """Names that would steer a terminal, reorder what is read or be a formula."""

    def test_nothing_gets_through(self):
        self.write('evil.py', (EVIL_PYTHON % {'evil': EVIL}).encode())
        python = os.path.realpath(sys.executable)
        self.assertEqual(self.memtrace('run', '-o', 'evil.mt', python, 'evil.py').returncode, 0)
        self.assertIn(EVIL, {f['function'] for f in json.loads(self.memtrace('tree', '--json', '--min-share', '0', 'evil.mt').stdout)['frames']})
        for words in ['tree'], ['tree', '-i', '--by', 'function'], ['leaks'], ['leaks', '--all'], ['timeline'], ['timeline', '--csv'], ['report'], \
                ['report', '--by', 'function'], ['report', '--by', 'file'], ['sites'], ['lines']:
            p = self.memtrace(*words, 'evil.mt')
            self.assertEqual(p.returncode, 0, p.stderr)
            self.assertIsNone(re.search('[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]', p.stdout + p.stderr), words)
            # Standard error is the terminal, too: on a slow machine there is a progress bar.
            on_a_terminal = re.sub('\r[^\r\n]*\033\\[K', '', self.on_a_terminal(*words, os.path.join(self.top, 'evil.mt'), TERM='dumb'))
            self.assertIsNone(re.search('[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]', on_a_terminal), words)
        for words in ['tree', '--json'], ['leaks', '--json'], ['timeline', '--json'], ['report', '--json', '--by', 'function']:
            p = self.memtrace(*words, 'evil.mt')
            self.assertIsNone(re.search('[\x00-\x09\x0b-\x1f\x7f-\x9f]', p.stdout), words)
            json.loads(p.stdout)
