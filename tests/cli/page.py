# SPDX-License-Identifier: MIT
"""The first page, notes, and which lines of a function are shown."""
import json
import os
import re
import struct
import subprocess
import sys

from common import Case, line_of

LINES = r'''
#include <stdlib.h>
void *kept[4];
int main(void)
{
    int sum = 0;
    sum += 1; /* BEFORE */

    kept[0] = malloc(1000); /* FIRST */

    sum += 2; /* AFTER */
    sum += 3; /* GAP */
    sum += 4;
    sum += 5;
    kept[1] = malloc(2000); /* SECOND */
    sum += 6;
    sum += 7;
    sum += 8; /* FAR */
    return sum == 0;
}
'''
WIDE = sum(range(16, 1316))
DEEP = r'''
#include <stdlib.h>
void *volatile kept;
int deep(int left)
{
    if (!left)
        kept = malloc(12345);
    else
        deep(left - 1);
    return left + (kept != NULL);
}
int main(void)
{
    kept = malloc(37655);
    return deep(17000) == 0;
}
'''


class Page(Case):
    def traced(self, name, text, *options):
        source = self.write(name + '.c', text.encode())
        self.cc('-g', '-O0', *options, source, '-o', name)
        self.assertEqual(self.memtrace('run', '-o', name + '.mt', self.path(name)).returncode, 0)
        return source

    def shown(self, *arguments):
        """The lines of the one table that is printed, None for a gap."""
        p = self.memtrace(*arguments)
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        table = p.stdout[p.stdout.rindex('  Line '):].splitlines()[1:]
        found = [re.match(r' +(\d+|…)', row) for row in table]
        return [None if row.group(1) == '…' else int(row.group(1)) for row in found if row]

    def test_lines_with_events_and_two_around_them(self):
        source = self.traced('gaps', LINES)
        first, second, end = (line_of(mark, LINES) for mark in ('FIRST', 'SECOND', 'FAR'))
        short = [None, *range(first - 2, first + 3), None, *range(second - 2, second + 3), None]
        for view in ['report'], ['lines'], ['lines', '-f', 'main']:
            self.assertEqual(self.shown(*view, 'gaps.mt'), short, view)
            whole = self.shown(*view, '--all', 'gaps.mt') if view[0] == 'lines' else None
            if view == ['lines', '-f', 'main']:
                self.assertEqual(whole, list(range(4, end + 3)))
        self.assertEqual(self.memtrace('lines', '-f', 'main', '--mprun', 'gaps.mt').stdout.count('sum +='), 8)
        self.write('gaps.c', b'')
        subprocess.run(['rm', source], check=True)
        self.assertEqual(self.shown('lines', 'gaps.mt'), [first, second])

    def test_what_site_executes_is_not_yours(self):
        """A line of a .pth file is in all answers what no code of the user's own did; what `python -c` is given is the user's."""
        base = self.path('base')
        version = 'python%d.%d' % sys.version_info[:2]
        folder = os.path.join(base, 'lib', version, 'site-packages')
        os.makedirs(folder)
        with open(os.path.join(folder, 'x.pth'), 'w') as f:
            f.write('import builtins; builtins.kept = bytearray(3000000)\n')
        python = os.path.realpath(sys.executable)
        self.write('script.py', b'also = bytearray(2000000)\n')
        self.memtrace('run', '-o', 'site.mt', python, self.path('script.py'), PYTHONUSERBASE=base)
        self.memtrace('run', '-o', 'none.mt', python, '-c', 'pass')
        report = json.loads(self.memtrace('report', '--json', 'site.mt').stdout)
        if report['peak_bytes'] < 5000000:
            self.skipTest('this Python has no folder of the user\'s own packages')
        for metric in 'peak', 'live':
            rows = json.loads(self.memtrace('diff', '--json', '--metric', metric, 'none.mt', 'site.mt').stdout)['rows']
            named = [(row['new_at']['file'], row['new_at']['line']) for row in rows if row['new_at']]
            self.assertEqual([name for name in named if name[0] == '<string>'], [], rows)
            self.assertTrue(any(os.path.basename(file) == 'script.py' for file, _ in named), rows)
            self.assertGreater(next(row['change'] for row in rows if row['not_yours']), 2900000)
        table = json.loads(self.memtrace('report', '--json', '--by', 'line', 'site.mt').stdout)['table']
        self.assertEqual([row['own'] for row in table['rows'] if row['file'] == '<string>' and row['own']['allocated_bytes']], [])
        self.assertGreater(table['rest_own']['at_peak_bytes'], 2900000)
        top = self.memtrace('top', '--once', 'site.mt').stdout
        self.assertNotIn('<string>', top)
        self.memtrace('run', '-o', 'command.mt', python, '-c', 'also = bytearray(2000000)')
        self.assertIn('<string>:1', self.memtrace('diff', 'none.mt', 'command.mt').stdout)

    def test_three_questions(self):
        p = self.memtrace('report', self.log)
        titles = [l for l in p.stdout.splitlines() if l.startswith('What ')]
        self.assertEqual(titles, ['What holds the peak', 'What jumped', 'What was never given back'])
        questions = json.loads(self.memtrace('report', '--json', self.log).stdout)['questions']
        for name, size, by in ('peak', 8000000, 'GONE'), ('never_given_back', 2097152, 'KEPT'):
            answer = questions[name]
            self.assertEqual([(l['line'], l['bytes'], l['allocations']) for l in answer['lines']], [(line_of('TAKE'), size, 2)])
            self.assertEqual([w['line'] for w in answer['lines'][0]['by_way_of']], [line_of(by)])
            self.assertEqual(answer['total']['bytes'], size)
        jumped = questions['jumped']
        self.assertEqual([(l['line'], l['bytes'], l['allocated_bytes']) for l in jumped['lines']], [(line_of('TAKE'), 8000000, 10097152)])
        self.assertEqual(jumped['total'], {'allocated_bytes': 10097152, 'allocations': 2})

    def test_how_many(self):
        self.traced('many', LINES)
        for top, listed, others in ('1', 1, 1), ('0', 2, 0), ('2', 2, 0):
            answer = json.loads(self.memtrace('report', '--json', '-n', top, 'many.mt').stdout)['questions']['peak']
            self.assertEqual((len(answer['lines']), answer['others']['lines']), (listed, others))

    def test_sort(self):
        for key, mark in ('rise', 'TAKE'), ('live', 'TAKE'), ('usage', 'GONE'), ('releases', 'FREE'), ('mem-usage', 'GONE'):
            p = self.memtrace('report', '--sort', key, '-n', '1', self.log)
            self.assertEqual(p.returncode, 0)
            row = p.stdout.split('  Line\n')[1].splitlines()[0]
            self.assertIn('program.c:%d  ' % line_of(mark), row, key)
        lines = json.loads(self.memtrace('lines', '--json', '--sort', 'releases', self.log).stdout)['lines']
        self.assertEqual(lines[0]['line'], line_of('FREE'))
        titles = [l for l in self.memtrace('lines', '--sort', 'allocated', self.log).stdout.splitlines() if l.startswith('/')]
        self.assertEqual([t.split()[-1] for t in titles], ['take', 'main'])
        sites = json.loads(self.memtrace('sites', '--json', '--sort', 'leaked', self.log).stdout)['sites']
        self.assertEqual(sites[0]['leaked_bytes'], 2097152)
        for verb in 'report', 'lines', 'sites':
            p = self.memtrace(verb, '--sort', 'size', self.log)
            self.assertEqual((p.returncode, p.stdout), (2, ''))
            self.assertIn("not 'size'", p.stderr)

    def test_sites_sorts_by_what_its_help_lists(self):
        words = self.memtrace('sites', '--help').stdout.split('--metric METRIC', 1)[1].split('--sort')[0]
        for key in 'usage', 'mem-usage', 'executions', 'count', 'discarded':
            p = self.memtrace('sites', '--sort', key, self.log)
            self.assertEqual((p.returncode, p.stdout), (2, ''), key)
            self.assertIn("resident, not '%s'" % key, p.stderr)
        for key in ('peak', 'live', 'leaked', 'allocated', 'rise', 'allocations', 'released', 'releases', 'increment', 'resident'):
            self.assertIn(key, words)
            self.assertEqual(self.memtrace('sites', '--sort', key, self.log).returncode, 0)

    def test_numbers_have_separators(self):
        """In notes and lists as in tables."""
        lines = ''.join('    kept = malloc(%d);\n' % (16 + number) for number in range(1300))
        self.traced('wide', '#include <stdlib.h>\nvoid *volatile kept;\nint main(void)\n{\n%s    return 0;\n}\n' % lines)
        self.assertIn(' 1,295 other lines\n', self.memtrace('report', 'wide.mt').stdout[:1000])
        data = bytearray(self.read(self.path('wide.mt')))
        at = data.find(struct.pack('<QQ', WIDE, WIDE))
        self.assertGreater(at, 0)
        data[at:at + 16] = struct.pack('<QQ', WIDE - 1, WIDE)
        self.write('wide.mt', data)
        self.assertIn('and the header 865,149: ', self.memtrace('report', 'wide.mt').stdout)

    def test_notes_in_every_view(self):
        self.traced('deep', DEEP)
        note = 'stacks that are cut: 1 (12.1 KiB, 24.7 % of all allocations)'
        for view in ['report'], ['lines'], ['sites'], ['lines', '-f', 'deep']:
            out = self.memtrace(*view, 'deep.mt').stdout
            self.assertEqual(out.count('note: ' + note), 1, view)
            notes = json.loads(self.memtrace(*view, '--json', 'deep.mt').stdout)['notes']
            self.assertEqual(len([n for n in notes if n.startswith(note)]), 1, view)
        p = self.memtrace('lines', '--mprun', 'deep.mt')
        self.assertEqual(p.stderr, '')
        self.assertIn('note: ' + note, p.stdout.split('\n\n\n')[-1])
        self.assertIn('note: ' + note, self.memtrace('memit', '-r', '1', self.path('deep')).stdout)
        lines = self.on_a_terminal('memit', self.path('deep'), columns=60).splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith('note: stacks that are cut'))
        self.assertTrue(lines[at + 1].startswith('      '), lines)
        self.assertLessEqual(max(map(len, lines[at:])), 60, lines)
        memit = json.loads(self.memtrace('memit', '-r', '1', '--json', self.path('deep')).stdout)
        self.assertTrue(any(n.startswith(note) for n in memit['notes']))

    def test_what_has_no_name_is_a_note(self):
        copy = self.path('nameless')
        subprocess.run(['objcopy', '--strip-all', self.program, copy], check=True)
        self.memtrace('run', '-o', 'nameless.mt', copy)
        self.assertIn('note: not resolved: the code that made 9.63 MiB of allocations (100.0 % of all) has no name',
                      self.memtrace('report', 'nameless.mt').stdout)
        self.assertNotIn('not resolved', self.memtrace('report', self.log).stdout)

    def test_narrow_terminals(self):
        self.traced('narrow', DEEP)
        for width, left_out in (80, ': Mem usage, Resident, Allocs.'), (120, None):
            for log in self.log, 'narrow.mt':
                out = self.on_a_terminal('report', log, columns=width, NO_COLOR='1').splitlines()
                self.assertEqual([l for l in out if len(l) > width], [])
                said = [l for l in out if l.startswith('Left out')]
                self.assertEqual(len(said), left_out is not None)
                if left_out:
                    self.assertTrue(said[0].endswith(left_out), said)


class Keys(Case):
    """Tables by other keys."""

    def table(self, *options):
        p = self.memtrace('report', '--json', *options, self.log)
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        return json.loads(p.stdout)['table']

    def test_they_add_up(self):
        for key in 'line', 'function', 'file', 'module', 'thread', 'class':
            for metric in 'peak', 'live', 'allocated', 'allocations', 'released', 'increment':
                for more in (), ('--all',), ('-n', '1'), ('--min-share', '50'), ('--function', 'take'):
                    table = self.table('--by', key, '--metric', metric, *more)
                    self.assertEqual((table['by'], table['metric']), (key, metric))
                    for figure in 'at_peak_bytes', 'live_bytes', 'allocated_bytes', 'allocations', 'released_bytes', 'increment_bytes':
                        own = [row['own'][figure] for row in table['rows']] + [table['others_own'][figure], table['rest_own'][figure]]
                        self.assertEqual(sum(own), table['total'][figure], (key, metric, more, figure))

    def test_threads_that_had_one_place(self):
        """One after the other: their row is called by the last one, and says that there were others."""
        self.write('turns.c', b"""#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
void *kept[4];
static void *take(void *at)
{
    pthread_setname_np(pthread_self(), (char[]){'t', (char)('0' + ((void **)at - kept)), 0});
    *(void **)at = malloc(1000000);
    return NULL;
}
int main(void)
{
    pthread_t thread;
    for (int i = 0; i < 4; i++) {
        pthread_create(&thread, NULL, take, &kept[i]);
        pthread_join(thread, NULL);
    }
    return 0;
}
""")
        self.cc('-g', '-O0', '-pthread', 'turns.c', '-o', 'turns')
        log = self.path('turns.mt')
        self.assertEqual(self.memtrace('run', '-o', log, self.path('turns')).returncode, 0)
        rows = {row['thread']: row for row in json.loads(self.memtrace('report', '--json', '--by', 'thread', log).stdout)['table']['rows']}
        self.assertEqual({name: row['earlier_threads'] for name, row in rows.items()}, {'t3': 3, 'turns': 0})
        self.assertGreaterEqual(rows['t3']['live_bytes'], 4000000)
        out = self.memtrace('report', '--by', 'thread', '--min-share', '0', log).stdout
        self.assertIn('  t3 (and 3 before it)\n', out)
        self.assertIn('  turns\n', out)
        out = self.memtrace('top', '--once', '--view', 'threads', log, COLUMNS='100').stdout
        self.assertRegex(out, r'  t3  \(tid \d+, and 3 before it\)')
        self.assertRegex(out, r'  turns  \(tid \d+\)')

    def test_threads_of_one_name(self):
        """Their numbers tell them apart."""
        self.write('pair.c', b"""#include <pthread.h>
#include <stdlib.h>
static void *volatile kept[3];
static pthread_barrier_t both;
static void *take(void *to)
{
    *(void *volatile *)to = malloc(1000000 * (size_t)(1 + ((void *volatile *)to - kept)));
    pthread_barrier_wait(&both);
    return NULL;
}
int main(void)
{
    pthread_t threads[2];
    pthread_barrier_init(&both, NULL, 2);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, take, (void *)&kept[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
""")
        self.cc('-g', '-O0', '-pthread', 'pair.c', '-o', 'pair')
        log = self.path('pair.mt')
        self.assertEqual(self.memtrace('run', '-o', log, self.path('pair')).returncode, 0)
        rows = json.loads(self.memtrace('report', '--json', '--by', 'thread', log).stdout)['table']['rows']
        tids = {row['live_bytes']: row['tid'] for row in rows}
        self.assertNotEqual(tids[1000000], tids[2000000])
        out = self.memtrace('report', '--by', 'thread', log).stdout
        for bytes_, figure in (1000000, '977 KiB'), (2000000, '1.91 MiB'):
            self.assertRegex(out, r'(?m)^ *%s .*  pair \(tid %d\)$' % (figure, tids[bytes_]))

    def test_figures(self):
        for key, name in ('function', 'take'), ('file', self.source), ('module', self.program), ('thread', 'program'), ('class', 'heap'):
            row = self.table('--by', key)['rows'][0]
            self.assertEqual((row['at_peak_bytes'], row['own']['at_peak_bytes']), (8000000, 8000000))
            self.assertEqual(row[key], name)
        rows = {row['function']: row for row in self.table('--by', 'function', '--metric', 'allocated')['rows']}
        self.assertEqual([(rows[f]['allocated_bytes'], rows[f]['own']['allocated_bytes']) for f in ('main', 'take')],
                         [(10097152, 0), (10097152, 10097152)])

    def test_text(self):
        out = self.memtrace('report', '--own', '--by', 'function', self.log).stdout
        self.assertRegex(out, r'(?m)^ +7\.63 MiB +100\.0 %% +7\.63 MiB +100\.0 %% +2 +%s: take$' % re.escape(self.source))
        self.assertRegex(out, r'(?m)^ +7\.63 MiB +100\.0 % +7\.63 MiB +100\.0 % +2 +total$')

    def test_a_log_alone(self):
        self.assertEqual(self.memtrace(self.log).stdout, self.memtrace('report', self.log).stdout)
        self.assertEqual(self.memtrace(self.log, '--json').stdout, self.memtrace('report', '--json', self.log).stdout)

    def test_what_was_meant(self):
        for words, meant in (('reprot', self.log), 'report'), (('lins', self.log), 'lines'), (('report', '--metrc', 'peak', self.log), '--metric'), \
                (('sites', '--tpo', '3', self.log), '--top'), (('report', '--metric', 'pek', self.log), 'peak'), (('run', '--ouptut', 'x', 'true'), '--output'):
            self.fails(self.memtrace(*words), 2, "did you mean '%s'?" % meant)
        for words in ('frobnicate', self.log), ('report', '--frobnicate', self.log), ('report', '--metric', 'colour', self.log):
            p = self.memtrace(*words)
            self.fails(p, 2)
            self.assertNotIn('did you mean', p.stderr)
        self.fails(self.memtrace('report', self.log, '--metric'), 2, '--metric needs an argument')
        self.fails(self.memtrace('report', '--json=yes', self.log), 2, '--json takes no argument')

    def test_small_rows(self):
        """What shows nothing is not shown, and summed up."""
        sites = self.memtrace('sites', self.log).stdout
        self.assertIn('held at the peak (100.0 %)', sites)
        self.assertRegex(sites, r'(?m)^2 more sites: 0 B held at the peak \(0\.0 %\); ')
        self.assertNotIn('more site', self.memtrace('sites', '--all', self.log).stdout)

    def test_filters(self):
        """Of all views alike: what does not match counts nowhere, and the answers still add up."""
        for option, allocated in ((), 10097152), (('--function', 'take'), 10097152), (('--function', 'ta*'), 10097152), (('--function', 'x*'), 0), \
                (('--file', 'program.c'), 10097152), (('--file', 'x.c'), 0), (('--module', 'program'), 10097152), (('--module', 'libx*'), 0), \
                (('--thread', 'prog*'), 10097152), (('--thread', 'x'), 0):
            p = self.memtrace('report', '--json', *option, self.log)
            self.assertEqual((p.returncode, 'no stack is what' in p.stderr), (0, False) if allocated else (1, True), option)
            report = json.loads(p.stdout)
            for name, answer in report['questions'].items():
                parts = [answer[part] for part in ('others', 'runtimes', 'unknown')] + answer['lines']
                self.assertEqual(sum(part['allocated_bytes'] for part in parts), answer['total']['allocated_bytes'], (option, name))
                self.assertEqual(answer['total']['allocated_bytes'], allocated, (option, name))
            self.assertEqual(max([line['allocated_bytes'] for line in report['lines']], default=0), allocated, option)
            sites = json.loads(self.memtrace('sites', '--json', '-n', '0', *option, self.log).stdout)['sites']
            self.assertEqual(sum(site['allocated_bytes'] for site in sites), allocated, option)
            if '--function' not in option:  # there it says whose tables
                lines = json.loads(self.memtrace('lines', '--json', *option, self.log).stdout)['lines']
                self.assertEqual(max([line['allocated_bytes'] for line in lines], default=0), allocated, option)
