# SPDX-License-Identifier: MIT
"""The views: figures, tables, JSON, and where the names come from."""
import json
import os
import re
import shutil
import subprocess

from common import PROGRAM, Case, commands, line_of
from support.build import with_stacks

INLINED = r'''
#include <stdlib.h>
static void *volatile kept;
static inline __attribute__((always_inline)) void inner(void)
{
    kept = malloc(4096); /* INNER */
}
static inline __attribute__((always_inline)) void middle(void)
{
    if (!kept)
        inner(); /* MIDDLE */
}
int main(void)
{
    middle(); /* MAIN */
    return 0;
}
'''


class Tables(Case):
    def test_report(self):
        p = self.memtrace('report', self.log)
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        self.assertRegex(p.stdout, r'peak +7\.629 MiB')
        self.assertRegex(p.stdout, r'with exit status 0')
        source = PROGRAM.splitlines()[line_of('GONE') - 1]
        row = next(l for l in p.stdout.splitlines() if l.endswith(source))
        figures = ['7.63', 'MiB'] * 3 + ['0', 'B', '7.63', 'MiB']  # mem usage, increment, rise, live, at peak
        self.assertEqual(row.split()[:11], [str(line_of('GONE'))] + figures)
        self.assertNotIn('\033', p.stdout)
        self.assertEqual([l for l in p.stdout.splitlines() if l.endswith(' ')], [])

    def test_lines_of_a_function_add_up(self):
        report = json.loads(self.memtrace('report', '--json', self.log).stdout)
        self.assertEqual(report['schema'], 'memtrace-report/1')
        self.assertEqual(report['allocated_bytes'] - report['released_bytes'], report['live_bytes'])
        seen = 0
        for f in report['functions']:
            lines = [l for l in report['lines'] if (l['file'], l['function']) == (f['file'], f['function'])
                     and (f['file'] or l['module'] == f['module'])]
            for key in 'allocated_bytes', 'released_bytes', 'increment_bytes', 'live_bytes', 'at_peak_bytes', 'allocations':
                self.assertEqual(sum(l[key] for l in lines), f[key], (f['function'], key))
            seen += 1
        self.assertGreaterEqual(seen, 2)

    def test_figures(self):
        report = json.loads(self.memtrace('report', '--json', self.log).stdout)
        ours = {l['line']: l for l in report['lines'] if l['file'] == self.source}
        want = {  # allocated, released, rise, live, at peak, allocations, releases, mem usage
            'GONE': (8000000, 0, 8000000, 0, 8000000, 1, 0, 8000000),
            'FREE': (0, 8000000, 0, 0, 0, 0, 1, 0),
            'KEPT': (2097152, 0, 2097152, 2097152, 0, 1, 0, 2097152),
            'TAKE': (10097152, 0, 8000000, 2097152, 8000000, 2, 0, 2097152),
        }
        for mark, figures in want.items():
            l = ours[line_of(mark)]
            self.assertEqual(figures, tuple(l[k] for k in (
                'allocated_bytes', 'released_bytes', 'rise_bytes', 'live_bytes', 'at_peak_bytes', 'allocations',
                'releases', 'mem_usage_bytes')), mark)
            self.assertEqual(l['increment_bytes'], figures[0] - figures[1])
            self.assertEqual(l['function'], 'take' if mark == 'TAKE' else 'main')
            self.assertEqual((l['language'], l['user'], l['module']), ('C', True, self.program))
            self.assertIn(mark, l['source'])

    def test_under(self):
        whole, under = (json.loads(self.memtrace('report', '--json', *more, self.log).stdout) for more in ((), ('--under', 'take')))
        take, = (f for f in whole['functions'] if f['function'] == 'take')
        mine = {(l['file'], l['function']) for l in under['lines'] if l['allocated_bytes'] and l['user']}
        self.assertEqual(mine, {(self.source, 'take')})
        for figure in ('allocated_bytes', 'released_bytes', 'rise_bytes', 'allocations'):
            self.assertEqual([f[figure] for f in under['functions'] if f['function'] == 'take'], [take[figure]])
        self.assertNotIn('the header', self.memtrace('report', '--under', 'take', self.log).stdout)

    def test_what_is_not_there(self):
        """A function or period that the log does not have is an error, and no empty table."""
        for verb, *option in ('report', '--under', 'nowhere'), ('lines', '--under', 'nowhere'), ('report', '--json', '--under', 'nowhere'):
            p = self.memtrace(verb, *option, self.log)
            self.fails(p, 1, "no function in the log is called 'nowhere'")
            self.assertEqual(p.stdout, '')
        for verb in 'report', 'lines', 'sites':
            p = self.memtrace(verb, '--period', '5', self.log)
            self.fails(p, 2, 'there is no period 5: the last one is 0')
            self.assertEqual(p.stdout, '')
            self.assertEqual(self.memtrace(verb, '--period', '0-5', self.log).returncode, 0)

    def test_mprun(self):
        p = self.memtrace('lines', '-f', 'main', '--mprun', '--precision', '3', self.log)
        out = p.stdout.splitlines()
        self.assertEqual(out[:4], ['Filename: ' + self.source, '',
                                   'Line #    Mem usage    Increment  Occurrences   Line Contents', '=' * 61])
        rows = {int(l[:6]): l for l in out[4:-1] if l.strip()}
        text = PROGRAM.splitlines()
        n = line_of('KEPT')
        self.assertEqual(rows[n], '%6d    2.000 MiB    2.000 MiB           1   %s' % (n, text[n - 1]))
        n = line_of('FREE')
        self.assertEqual(rows[n], '%6d    0.000 MiB   -7.629 MiB               %s' % (n, text[n - 1]))
        n = line_of('KEPT') - 4
        self.assertEqual(rows[n], '%6d%41s%s' % (n, '', text[n - 1]))
        note = 'Occurrences are allocations here, not executions: memtrace run --lines NAME counts those of Python functions.\n'
        self.assertTrue(p.stdout.endswith('\n\n\n' + note), p.stdout)
        p = self.memtrace('lines', '-f', 'take', '--mprun', self.log)
        n = line_of('TAKE')
        self.assertIn('\n%6d      2.0 MiB      9.6 MiB           2   %s\n' % (n, text[n - 1]), p.stdout)

    def test_what_rows_are_ranked_by_is_a_column(self):
        """And where it is one of the usual ones, there is no other."""
        title, usual = {'temporary': 'Temporary', 'slack': 'Slack', 'released': 'Released', 'releases': 'Releases', 'usage': 'Mem usage',
                        'discarded': 'Discarded', 'resident': 'Resident', 'executions': 'Count', 'leaked': 'Left', 'allocated': 'Allocated',
                        'peak': 'At peak', 'rise': 'Rise'}, ('leaked', 'allocated', 'peak', 'rise')
        for metric, name in title.items():
            out = self.memtrace('report', '--metric', metric, self.log).stdout.splitlines()
            at = next(i for i, line in enumerate(out) if line.startswith('Lines by '))
            self.assertEqual(out[at + 1].count(name), 1, out[at:])
            self.assertEqual(out[at + 1].split()[0] == name.split()[0], metric not in usual or metric == 'rise', out[at + 1])
        known = {'released': ('7.63 MiB', 'FREE'), 'releases': ('1', 'FREE'), 'temporary': ('1', 'GONE'), 'leaked': ('2.00 MiB', 'KEPT'),
                 'allocated': ('7.63 MiB', 'GONE')}
        for metric, (figure, mark) in known.items():
            for out in (self.memtrace('report', '--metric', metric, self.log).stdout.splitlines(),
                        self.memtrace('lines', '-f', 'main', '--metric', metric, self.log).stdout.splitlines()):
                at = next(i for i, line in enumerate(out) if title[metric] in line)
                end = out[at].index(title[metric]) + len(title[metric])
                row = next(line for line in out[at:] if ':%d ' % line_of(mark) in line or line.startswith('%6d ' % line_of(mark)))
                self.assertTrue(row[:end].endswith(' ' + figure), out)

    def test_the_filter_that_takes_nothing_is_named(self):
        for options, words in ((['--thread', 'nosuch'], '--thread nosuch asks'), (['--module', 'x', '--thread', 'pro*'], '--module x and --thread pro* ask'),
                               (['--module', 'x', '--file', 'y'], '--file y and --module x ask')):
            p = self.memtrace('lines', *options, self.log)
            self.fails(p, 1, 'memtrace: no stack is what %s for\n' % words)
            self.assertEqual(p.stdout.splitlines()[0], 'No allocation or release in the log is what %s for.' % words)
            self.assertIn(words, self.memtrace('sites', *options, self.log).stderr)
        # No thread is called so, whatever the others take.
        p = self.memtrace('report', '--function', 'main', '--thread', 'nosuch', self.log)
        self.fails(p, 1, 'memtrace: no stack is what --thread nosuch asks for\n')
        p = self.memtrace('lines', '--class', 'shared', self.log)
        self.assertEqual((p.returncode, p.stdout, p.stderr), (0, 'No allocation or release in the log is what --class asks for.\n', ''))
        self.assertEqual(self.memtrace('lines', '--min-share', '100', '--metric', 'slack', self.log).stdout.count('No allocation'), 0)

    def test_one_is_one(self):
        """Where there is one of each: no "1 allocations"."""
        self.write('single.c', b"""#include <stdlib.h>
#include <sys/mman.h>
void *volatile kept;
int main(void)
{
    kept = malloc(1000000);
    char *area = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    area[0] = area[5000] = 1;
    madvise(area, 1 << 20, MADV_DONTNEED);
    free(kept);
    return 0;
}
""")
        self.cc('-g', '-O0', 'single.c', '-o', 'single')
        logs = [self.path('single-1.mt'), self.path('single-2.mt')]
        for log in logs:
            self.memtrace('run', '-o', log, self.path('single'))
        views = [['report'], ['leaks'], ['leaks', '--all'], ['why'], ['timeline'], ['sites', '--histogram']]
        for metric in 'peak', 'live', 'allocated', 'allocations', 'released', 'releases', 'temporary', 'slack':
            views += [[verb, '--metric', metric, *more] for verb, *more in (['report'], ['sites'], ['tree'], ['lines', '--min-share', '100'],
                                                                           ['sites', '-n', '1', '--all'], ['diff', logs[1]])]
        wrong, seen = [], 0
        for view in views:
            p = self.memtrace(*view, logs[0])
            self.assertLess(p.returncode, 2, p)
            seen += len(re.findall(r'\b1 (?:allocation|release|call)\b', p.stdout))
            wrong += [(view, found) for found in re.findall(r'(?<![\d.,:])1 (?!lines )[a-z]+s\b.*', p.stdout)]
        self.assertEqual(wrong, [])
        self.assertGreater(seen, 10)

    def test_mprun_says_what_occurrences_are(self):
        script = self.write('twice.py', b'def f(n):\n    return bytearray(n)\ndef g(n):\n    return bytearray(n)\nk = f(2000000), g(2000000)\n')
        log = self.path('twice.mt')
        self.assertEqual(self.memtrace('run', '-o', log, '--lines', 'f', 'python3', script).returncode, 0)
        says = ' allocations here, not executions: memtrace run --lines NAME'
        for names, words in (['f'], None), (['f', 'g'], 'Occurrences of 1 function are' + says), (['g'], 'Occurrences are' + says):
            out = self.memtrace('lines', '--mprun', *('--function=' + name for name in names), log).stdout
            self.assertEqual(out.count('Filename: '), len(names))
            self.assertEqual(out.count('not executions'), words is not None)
            self.assertIn(words or '', out)

    def test_lines_of(self):
        self.assertEqual(self.memtrace('lines', '-f', 'nobody', self.log).returncode, 1)
        for name in 'take', 'program.c:take', self.source + ':take':
            p = self.memtrace('lines', '--json', '-f', name, self.log)
            self.assertEqual(p.returncode, 0)
            self.assertEqual([f['function'] for f in json.loads(p.stdout)['functions']], ['take'])
        p = self.memtrace('lines', '--json', '-f', 'program.c', self.log)
        self.assertEqual({f['function'] for f in json.loads(p.stdout)['functions']}, {'take', 'main'})

    def test_sites(self):
        sites = json.loads(self.memtrace('sites', '--json', '-n', '0', self.log).stdout)
        self.assertEqual(sites['schema'], 'memtrace-sites/2')
        first = with_stacks(sites)[0]
        self.assertEqual((first['at_peak_bytes'], first['at_peak_blocks'], first['live_bytes'], first['gone_bytes'], first['class']),
                         (8000000, 1, 0, 8000000, 'heap'))
        self.assertEqual([(f['function'], f['line']) for f in first['stack'][:2]],
                         [('take', line_of('TAKE')), ('main', line_of('GONE'))])
        for site in sites['sites']:
            self.assertEqual(site['allocated_bytes'] - site['gone_bytes'], site['live_bytes'])
        p = self.memtrace('sites', '-n', '1', '--sort', 'live', self.log)
        self.assertIn('program.c:%d  main' % line_of('KEPT'), p.stdout)
        self.assertNotIn('program.c:%d  main' % line_of('GONE'), p.stdout)

    def test_stacks_are_written_once(self):
        """What a row leads to in the tree is the stack that the text shows; the tree has these stacks and nothing twice."""
        for top in '0', '1':
            view = json.loads(self.memtrace('sites', '--json', '-n', top, self.log).stdout)
            tree, frames = view['tree'], view['frames']
            self.assertTrue(all(parent is None or parent < i for i, (parent, _) in enumerate(tree)))
            self.assertEqual(len({(parent, frame) for parent, frame in tree}), len(tree))
            self.assertEqual(len({json.dumps(frame) for frame in frames}), len(frames))
            self.assertEqual({frame for _, frame in tree}, set(range(len(frames))))
            used = {site['node'] for site in view['sites']} | {parent for parent, _ in tree}
            self.assertEqual(used - {None}, set(range(len(tree))))
            blocks = self.memtrace('sites', '--all', '-n', top, self.log).stdout.split('\n\n')
            shown = [[line.strip() for line in block.splitlines() if line.startswith(' ' * 7)] for block in blocks[:len(view['sites'])]]
            sites = with_stacks(view)
            self.assertEqual([len(site['stack']) for site in sites], [len(stack) for stack in shown])
            for site, lines in zip(sites, shown):
                for frame, line in zip(site['stack'], lines):
                    known = frame['file'] and frame['line']
                    where = '%s:%d  %s' % (os.path.basename(frame['file']), frame['line'], frame['function']) if known else None
                    self.assertEqual(where or line, line)
        self.assertEqual(len(tree), len(shown[0]))

    def test_missing_source(self):
        os.rename(self.source, self.source + '.away')
        self.addCleanup(os.rename, self.source + '.away', self.source)
        p = self.memtrace('report', self.log)
        self.assertEqual(p.returncode, 0)
        self.assertRegex(p.stdout, r'(?m)^ +%d +7\.63 MiB' % line_of('GONE'))
        self.assertNotRegex(p.stdout, r'(?m)^ +%d$' % (line_of('GONE') - 1))
        self.assertEqual(p.stdout.count('no source here: only lines with events are shown.'), 1)

    def test_nothing_steers_the_terminal(self):
        evil = '\033]0;title\007\033[2J\x9b31m'
        copy = self.path('evil')
        shutil.copy(self.program, copy)
        self.memtrace('run', '-o', 'evil.mt', copy, evil)
        for verb in ['report'], ['lines'], ['sites'], ['tree'], ['leaks'], ['timeline'], ['timeline', '--csv'], ['report', '--by', 'module']:
            p = self.memtrace(*verb, 'evil.mt')
            self.assertEqual(p.returncode, 0)
            self.assertIsNone(re.search('[\x00-\x09\x0b-\x1f\x7f-\x9f]', p.stdout + p.stderr), verb)
        self.assertIn(evil[:10], json.loads(self.memtrace('report', '--json', 'evil.mt').stdout)['argv'][1])


class Symbols(Case):
    def lines(self, log):
        p = self.memtrace('report', '--json', log)
        return p, {(l['function'], l['line']) for l in json.loads(p.stdout)['lines']}

    def test_flavours_of_debug_information(self):
        for flags in ['-gdwarf-4'], ['-gdwarf-5'], ['-g', '-gz'], ['-g', '-gsplit-dwarf'], ['-g', '-O0'], ['-g', '-static-libgcc', '-no-pie']:
            copy = self.path('flavour')
            self.cc('-O1', *flags, self.source, '-o', copy)
            self.memtrace('run', '-o', 'flavour.mt', copy)
            _, lines = self.lines('flavour.mt')
            self.assertLessEqual({('take', line_of('TAKE')), ('main', line_of('KEPT'))}, lines, flags)

    def test_inlined_calls(self):
        source = self.write('inlined.c', INLINED.encode())
        for level in '-O0', '-O1', '-O2':
            self.cc('-g', level, source, '-o', 'inlined')
            self.memtrace('run', '-o', 'inlined.mt', self.path('inlined'))
            sites = with_stacks(json.loads(self.memtrace('sites', '--json', 'inlined.mt').stdout))
            self.assertEqual([(f['function'], f['file'], f['line']) for f in sites[0]['stack'][:3]],
                             [(mark.lower(), source, line_of(mark, INLINED)) for mark in ('INNER', 'MIDDLE', 'MAIN')], level)

    def test_separate_debug_information(self):
        copy = self.path('separate')
        shutil.copy(self.program, copy)
        for args in (['--only-keep-debug', copy, copy + '.debug'], ['--strip-all', copy],
                     ['--add-gnu-debuglink=' + copy + '.debug', copy]):
            subprocess.run(['objcopy', *args], check=True)
        self.assertEqual(self.memtrace('run', '-o', 'separate.mt', copy).returncode, 0)
        p, lines = self.lines('separate.mt')
        self.assertIn(('take', line_of('TAKE')), lines)
        os.unlink(copy + '.debug')
        p, lines = self.lines('separate.mt')
        self.assertEqual(p.returncode, 0)
        self.assertNotIn('take', {f for f, _ in lines})
        report = json.loads(p.stdout)
        stripped = [l for l in report['lines'] if l['module'] == copy]
        self.assertTrue(stripped)
        for l in stripped:
            self.assertEqual((l['file'], l['line'], l['language']), (None, None, 'native'))
        self.assertIn('separate+0x', self.memtrace('report', 'separate.mt').stdout)

    def test_function_names_without_debug_information(self):
        copy = self.path('names')
        shutil.copy(self.program, copy)
        subprocess.run(['objcopy', '--strip-debug', copy], check=True)
        self.memtrace('run', '-o', 'names.mt', copy)
        _, lines = self.lines('names.mt')
        self.assertLessEqual({('take', None), ('main', None)}, lines)
        p = self.memtrace('lines', '-f', 'take', 'names.mt')
        self.assertIn('names: take', p.stdout)

    def test_another_build_is_not_believed(self):
        copy = self.path('rebuilt')
        shutil.copy(self.program, copy)
        self.memtrace('run', '-o', 'rebuilt.mt', copy)
        self.cc('-g', '-O0', '-DOTHER', '-Wl,--build-id', self.source, '-o', copy + '.new')
        os.replace(copy + '.new', copy)
        p, lines = self.lines('rebuilt.mt')
        self.assertNotIn('take', {f for f, _ in lines})
        self.assertEqual(p.stderr.count('build-id'), 1)
        self.assertIn(copy, p.stderr)


class Terminal(Case):
    def test_colours(self):
        self.assertIn('\033[1m', self.on_a_terminal('report', self.log))
        self.assertNotIn('\033', self.on_a_terminal('report', self.log, NO_COLOR='1'))
        self.assertNotIn('\033', self.on_a_terminal('report', self.log, TERM='dumb'))
