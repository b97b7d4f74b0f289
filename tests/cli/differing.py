# SPDX-License-Identifier: MIT
"""memtrace diff: planted changes with known answers, also where the code moved; silence where nothing changed."""
import json
import os
import shutil

from common import Case, line_of
from one_file import Page
from times import HEADER

OLD = r'''
#include <stdlib.h>
void *volatile kept[8];
__attribute__((noinline)) static void take(int i, size_t bytes)
{
    kept[i] = malloc(bytes); /* TAKE */
    kept[i + 1] = malloc(100000); /* SAME */
}
__attribute__((noinline)) static void goes(void)
{
    kept[5] = malloc(300000); /* GOES */
}
int main(void)
{
    take(0, 2000000);
    goes();
    return 0;
}
'''
MOVED = '\n' * 3 + ''.join('static int unused%d __attribute__((unused));\n' % i for i in range(17))


def moved(program):
    """Everything is 20 lines further down, the function has another name and another length, and takes twice as much."""
    program = program.replace('__attribute__((noinline)) static void take', MOVED + '__attribute__((noinline)) static void take', 1)
    return program.replace('take(', 'acquire(').replace('acquire(0, 2000000)', 'acquire(0, 4000000)')


def comes(program):
    """goes() is no more, and another function, elsewhere and unlike it, is new."""
    begin = program.index('__attribute__((noinline)) static void goes')
    end = program.index('int main')
    program = program[:begin] + program[end:]
    new = 'int comes(char **text)\n{\n    *text = calloc(7, 100000); /* COMES */\n    return *text != NULL;\n}\n'
    program = program.replace('#include <stdlib.h>\n', '#include <stdlib.h>\n' + new + '\n')
    return program.replace('    goes();\n', '    char *volatile text;\n    comes((char **)&text);\n')


PYTHON = '''
import sys


class Cache:
    def __init__(self):
        self.blocks = []

    def fill(self, count):
        for i in range(count):
            self.blocks.append(bytearray(100000))
        self.index = bytearray(50000)


cache = Cache()
cache.fill(20)
more = [bytes(1000) for i in range(100)]
'''


# What a page has.
FIGURES = 'peak', 'live', 'leaked', 'allocated', 'allocations', 'released', 'temporary', 'slack'


def rounded(total, runs):
    """The mean of several runs, as diff rounds it."""
    return (total + runs // 2) // runs if total >= 0 else -((-total + runs // 2) // runs)


class Differ(Case):
    def make(self, name, program, *options):
        folder = self.path(name)
        os.makedirs(folder, exist_ok=True)
        source, log = os.path.join(folder, 'program.c'), self.path(name + '.mt')
        with open(source, 'w') as f:
            f.write(program)
        self.cc('-g', '-O1', '-Wl,--build-id', *options, source, '-o', os.path.join(folder, 'program'))
        if os.path.exists(log):
            os.unlink(log)
        self.assertEqual(self.memtrace('run', '-o', log, os.path.join(folder, 'program')).returncode, 0)
        return log

    def python(self, name, source, *args, file=None, **env):
        log, file = self.path(name), file or self.path('script.py')
        if source:
            with open(file, 'w') as f:
                f.write(source)
        p = self.memtrace('run', '-o', log, '/usr/bin/python3', file, *args, **env)
        self.assertEqual(p.returncode, 0, p)
        return log

    def diff(self, *args, status=0, **env):
        """Rows by (kind, old line, new line), and the whole answer. What it says as text adds up to the same."""
        p = self.memtrace('diff', '--json', *args, **env)
        self.assertEqual(p.returncode, status, p)
        found = json.loads(p.stdout)
        if found['adds_up'] and not found['other_count']:
            self.assertEqual(sum(row['change'] for row in found['rows']), found['total']['change'])
            self.assertEqual(sum(row['new']['mean'] for row in found['rows']), found['total']['new']['mean'])
        if status == 0 and found['by'] == 'line' and found['metric'] in FIGURES and set(arg for arg in args if arg.startswith('--')) <= {'--', '--metric', '--module', '--function'}:
            self.page(found, *args, **env)
        return found

    def page(self, found, *args, **env):
        """The page of the same runs has the same total and rows, whichever way they were matched."""
        p = self.memtrace('html', '--diff', '-o', '-', *args, **env)
        if 'without the page' in p.stderr:
            return
        self.assertEqual(p.returncode, 0, p)
        page, metric = Page(p.stdout), found['metric']
        figure = next(m for m in page.facts['metrics'] if m['name'] == metric)
        old, new = (side['runs'] for side in page.facts['diff']['sides'])
        self.assertEqual(page.facts['metric'], metric)
        self.assertEqual((old, new), (found['old_runs'], found['new_runs']))
        self.assertEqual([rounded(figure['old_total'], old), rounded(figure['total'], new)], [found['total'][side]['mean'] for side in ('old', 'new')])
        for side in 'old.', '':
            self.assertEqual(sum(page.numbers(side + 'tree.' + metric, True)) + figure[side.replace('.', '_') + 'own'], figure[side.replace('.', '_') + 'total'])
        before, now = page.numbers('old.own.' + metric, True), page.numbers('own.' + metric, True)
        rest = figure['old_total'] - sum(before), figure['total'] - sum(now)
        margins = page.numbers('margin.own.' + metric, True) + [figure['rest_margin']] if old + new > 2 else [0] * (len(now) + 1)
        rows = [(rounded(a, old), rounded(b, new), margin) for a, b, margin in zip(before + [rest[0]], now + [rest[1]], margins)]
        wanted = sorted((row['old']['mean'], row['new']['mean']) for row in found['rows'])
        beyond = sorted((a, b) for a, b, margin in rows if abs(b - a) > margin)
        self.assertEqual([row for row in wanted if row not in beyond], [])
        if len(wanted) < 20: # diff's usual number of rows, of at least 0.05 % of the whole
            least = max(figure['old_total'] / old, figure['total'] / new) / 2000
            self.assertEqual([(a, b) for a, b in beyond if (a, b) not in wanted and abs(b - a) >= least], [])

    @staticmethod
    def lines(found):
        return {(row['kind'], row['old_at'] and row['old_at']['line'], row['new_at'] and row['new_at']['line']):
                (row['old']['mean'], row['new']['mean'], row['matched_by']) for row in found['rows'] if not row['not_yours']}


class Diff(Differ):
    def setUp(self):
        self.old = self.make('old', OLD)

    def test_identical_runs_are_one_sentence(self):
        again = self.make('again', OLD)
        for new in self.old, again:
            for by in 'line', 'function', 'site', 'module':
                p = self.memtrace('diff', '--by', by, self.old, new, '--fail-above', '0%')
                self.assertEqual((p.returncode, p.stdout, p.stderr), (0, 'Nothing changed: 2.289 MiB held at the peak.\n', ''), by)
        p = self.memtrace('diff', '--metric', 'allocations', self.old, again)
        self.assertEqual(p.stdout, 'Nothing changed: 3 allocations.\n')

    def test_a_moved_and_renamed_regression(self):
        program = moved(OLD)
        new = self.make('moved', program)
        take = line_of('TAKE', OLD)
        self.assertEqual(line_of('TAKE', program), take + 20)
        self.assertEqual(self.lines(self.diff(self.old, new)), {('grew', take, take + 20): (2000000, 4000000, 'text')})
        found = self.diff('--by', 'function', self.old, new)
        self.assertEqual([(r['kind'], r['old_at']['function'], r['new_at']['function'], r['change']) for r in found['rows']],
                         [('grew', 'take', 'acquire', 2000000)])
        found = self.diff('--by', 'site', self.old, new)
        self.assertEqual([(r['kind'], [f['line'] for f in r['old_at']['stack']], len(r['new_at']['stack']), r['change']) for r in found['rows']],
                         [('grew', [take, OLD[:OLD.index('take(0')].count('\n') + 1], 2, 2000000)])
        p = self.memtrace('diff', self.old, new)
        self.assertIn('was program.c:%d  take' % take, p.stdout)
        self.assertRegex(p.stdout, r'\+1\.91 MiB +1\.91 MiB +3\.81 MiB +\+100\.0 %% +grew  program\.c:%d  acquire' % (take + 20))
        self.assertRegex(p.stdout, r'\A2\.289 MiB -> 4\.196 MiB held at the peak: \+1\.91 MiB \(\+83\.3 %\)\n')

    def test_without_the_old_text(self):
        """The same from the distances of lines in a function, and it is said."""
        program = moved(OLD)
        new = self.make('moved', program)
        take = line_of('TAKE', OLD)
        os.unlink(os.path.join(self.path('old'), 'program.c'))
        self.assertEqual(self.lines(self.diff(self.old, new)), {('grew', take, take + 20): (2000000, 4000000, 'place')})
        self.assertIn('note: 1 row is known by its place in its function, as the source of one side is not known\n',
                      self.memtrace('diff', self.old, new).stdout)
        # A line before it in the function, not only before that.
        program = OLD.replace('    kept[i] = malloc(bytes)', '    if (!bytes)\n        return;\n    kept[i] = malloc(2 * bytes)')
        longer = self.make('longer', program)
        self.assertEqual(self.lines(self.diff(self.old, longer)), {('grew', take, take + 2): (2000000, 4000000, 'place')})
        # And one that is alone in its function.
        program = OLD.replace('    kept[5] = malloc(300000)', '    if (kept[5])\n        return;\n    kept[5] = malloc(600000)')
        goes = line_of('GOES', OLD)
        alone = self.make('alone', program)
        self.assertEqual(self.lines(self.diff(self.old, alone)), {('grew', goes, goes + 2): (300000, 600000, 'function')})
        self.assertIn('known by its function alone', self.memtrace('diff', self.old, alone).stdout)

    def test_an_edited_line(self):
        program = moved(OLD).replace('malloc(bytes)', 'malloc(3 * bytes)')
        take = line_of('TAKE', OLD)
        self.assertEqual(self.lines(self.diff(self.old, self.make('edited', program))),
                         {('grew', take, take + 20): (2000000, 12000000, 'edited')})

    def test_new_and_gone(self):
        program = comes(moved(OLD))
        new = self.make('comes', program)
        take, goes = line_of('TAKE', OLD), line_of('GOES', OLD)
        self.assertEqual(self.lines(self.diff(self.old, new)),
                         {('grew', take, line_of('TAKE', program)): (2000000, 4000000, 'text'),
                          ('gone', goes, None): (300000, 0, None),
                          ('new', None, line_of('COMES', program)): (0, 700000, None)})
        self.assertEqual(self.lines(self.diff(new, self.old)),
                         {('shrank', line_of('TAKE', program), take): (4000000, 2000000, 'text'),
                          ('new', None, goes): (0, 300000, None),
                          ('gone', line_of('COMES', program), None): (700000, 0, None)})
        p = self.memtrace('diff', self.old, new)
        self.assertRegex(p.stdout, r'\n +\+684 KiB +684 KiB +new  program\.c:\d+  comes\n')
        self.assertRegex(p.stdout, r'\n +-293 KiB +293 KiB +gone  program\.c:%d  goes\n' % goes)
        found = self.diff('--metric', 'allocations', '--by', 'module', self.old, new)
        self.assertEqual(found['total']['change'], 0)
        found = self.diff('--metric', 'rise', self.old, new)
        self.assertFalse(found['adds_up'])
        self.assertIn(('grew', take, line_of('TAKE', program)), self.lines(found))

    def test_modules_and_filters(self):
        new = self.make('moved', moved(OLD))
        found = self.diff('--by', 'module', self.old, new)
        self.assertEqual([(os.path.basename(os.path.dirname(r['new_at']['module'])), r['change'], r['matched_by']) for r in found['rows']],
                         [('moved', 2000000, 'name')])
        self.assertEqual(self.diff('--function', 'goes', self.old, new)['rows'], [])
        self.assertEqual(self.diff('--under', 'goes', self.old, new)['total']['new']['mean'], 300000)
        self.assertEqual(self.diff('--class', 'anonymous', self.old, new)['total']['new']['mean'], 0)
        self.assertEqual(len(self.diff('--all', '--top', '1', self.old, new)['rows']), 1)

    def test_fail_above(self):
        new = self.make('moved', moved(OLD))
        name = 'program.c:%d  acquire' % (line_of('TAKE', OLD) + 20)
        for limit in '5%', '83%', '1M', '1.9 MiB', '1999999':
            p = self.memtrace('diff', '--fail-above', limit, self.old, new)
            self.fails(p, 1, 'diff: grown by more than %s: 2.29 MiB -> 4.20 MiB held at the peak, 1.91 MiB more; most at %s (1.91 MiB more)\n'
                       % (limit, name))
            self.assertIn('grew', p.stdout)
        for limit in '84%', '2M', '2000000':
            self.assertEqual(self.memtrace('diff', '--fail-above', limit, self.old, new).returncode, 0, limit)
        self.assertEqual(self.memtrace('diff', '--fail-above', '0%', new, self.old).returncode, 0)
        self.fails(self.memtrace('diff', '--metric', 'rise', '--fail-above', '5%', self.old, new), 1, 'most at ')

    def test_spread(self):
        """Runs that differ by chance among themselves differ by nothing; what is beyond that is found."""
        program = r'''
#include <stdlib.h>
void *volatile kept[4];
int main(int argc, char **argv)
{
    kept[0] = malloc(1000000 + atoi(argv[1])); /* NOISE */
    kept[1] = malloc(atoi(argv[2])); /* PLANTED */
    return argc == 0;
}
'''
        self.make('noisy', program.replace('argv[1]', '"0"').replace('argv[2]', '"0"'))
        with open(self.path('noisy/program.c'), 'w') as f:
            f.write(program)
        self.cc('-g', '-O1', self.path('noisy/program.c'), '-o', self.path('noisy/program'))

        def runs(name, planted, noises):
            logs = []
            for noise in noises:
                logs.append(self.path('%s.%d.mt' % (name, noise)))
                p = self.memtrace('run', '-o', logs[-1], self.path('noisy/program'), str(noise), str(planted))
                self.assertEqual(p.returncode, 0, p)
            return logs
        old, same, grown = runs('old', 500000, (0, 30000, 70000)), runs('same', 500000, (20000, 60000, 90000)), \
            runs('grown', 600000, (10000, 50000, 80000))
        self.assertEqual(len(self.diff(old[0], same[2])['rows']), 1)  # one run of each: nobody can tell
        found = self.diff(*old, '--', *same)
        self.assertEqual((found['rows'], found['old_runs'], found['new_runs']), ([], 3, 3))
        self.assertEqual(found['total']['old'], {'mean': 1533333, 'least': 1500000, 'most': 1570000})
        p = self.memtrace('diff', '--fail-above', '0%', *old, '--', *same)
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        self.assertTrue(p.stdout.startswith('Nothing changed by more than the runs of one side differ: '), p.stdout)
        found = self.diff(*old, '--', *grown)
        line = line_of('PLANTED', program)
        self.assertEqual(self.lines(found), {('grew', line, line): (500000, 600000, 'name')})
        self.assertEqual([r['kind'] for r in self.diff('--all', *old, '--', *same)['rows'] if r['change']], ['grew'])
        # Few runs say little about how they differ: 10,000 apart within a side is no news of 45,000 between the sides.
        self.assertEqual(self.diff(old[0], runs('x', 500000, (10000,))[0], '--', *runs('y', 500000, (55000, 60000)))['rows'], [])

    def test_chunks_of_a_pool(self):
        """Which lines take the chunks is a matter of chance: a line with none in two runs and one in the other two is no news."""
        lines = ''.join('        if (i == %d) kept[n++] = malloc(1000000);\n' % i for i in range(40))
        program = '#include <stdlib.h>\nvoid *volatile kept[50];\nint main(int argc, char **argv)\n{\n    int n = 0;\n' \
            '    for (int i = 0; i < 40; i++) {\n        if (argv[1][i] == \'0\') continue;\n%s    }\n' \
            '    kept[n++] = malloc(atoi(argv[2])); /* PLANTED */\n    return argc == 0;\n}\n' % lines
        self.make('pool', program.replace('argv[1][i]', '"1"[i % 1]').replace('argv[2]', '"1"'))
        self.write('pool/program.c', program.encode())
        self.cc('-g', '-O1', self.path('pool/program.c'), '-o', self.path('pool/program'))

        def run(name, chosen, planted=500000):
            log = self.path(name + '.mt')
            which = ''.join('1' if i in chosen else '0' for i in range(40))
            self.assertEqual(self.memtrace('run', '-o', log, self.path('pool/program'), which, str(planted)).returncode, 0)
            return log
        old = run('pool1', range(0, 10)), run('pool2', range(5, 15))
        new = run('pool3', [*range(15, 24), 30]), run('pool4', [*range(10, 19), 30])
        self.assertEqual(self.diff(*old, '--', *new)['rows'], [])  # 30 is in both new ones, 15 to 18 too; 5 to 9 in both old ones
        grown = run('pool5', [*range(15, 24), 30], 9000000), run('pool6', [*range(10, 19), 30], 9000000)
        line = line_of('PLANTED', program)
        self.assertEqual(self.lines(self.diff(*old, '--', *grown)), {('grew', line, line): (500000, 9000000, 'name')})

    def test_families(self):
        program = r'''
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
void *volatile kept;
int main(void)
{
    for (int i = 0; i < PROCESSES; i++)
        if (!fork()) {
            kept = malloc(3000000); /* CHILD */
            exit(0);
        }
    while (wait(NULL) > 0)
        ;
    kept = malloc(1000000);
    return 0;
}
'''
        folders = []
        for processes in 2, 3:
            folder = self.path('family%d' % processes)
            os.makedirs(folder)
            with open(self.path('family.c'), 'w') as f:
                f.write(program)
            self.cc('-g', '-O1', '-DPROCESSES=%d' % processes, self.path('family.c'), '-o', self.path('family%d.out' % processes))
            p = self.memtrace('run', '-o', os.path.join(folder, 'f.%p.mt'), '--min-peak', '0', self.path('family%d.out' % processes))
            self.assertEqual((p.returncode, len(os.listdir(folder))), (0, processes + 1), p)
            folders.append(folder)
        line = line_of('CHILD', program)
        found = self.diff(*folders)
        self.assertEqual(self.lines(found), {('grew', line, line): (6000000, 9000000, 'name')})
        self.assertEqual(found['total']['old']['mean'], 7000000)
        p = self.memtrace('diff', folders[0], folders[0])
        self.assertTrue(p.stdout.startswith('Nothing changed: '), p)

    def test_periods(self):
        program = r'''
#include <stdlib.h>
#include "memtrace.h"
void *volatile kept;
int main(void)
{
    for (int i = 1; i < 4; i++) {
        if (memtrace_period)
            memtrace_period(i == 2 ? "the second" : "other");
        kept = malloc(i * 1000000); /* PERIOD */
        free(kept);
    }
    return 0;
}
'''
        log, line = self.make('periods', program, '-I', HEADER), line_of('PERIOD', program)
        want = {('grew', line, line): (1000000, 2000000, 'name')}
        for old, new in ('1', '2'), ('1', 'the second'):
            self.assertEqual(self.lines(self.diff('%s@%s' % (log, old), '%s@%s' % (log, new))), want)
        self.assertEqual(self.diff(log + '@1-2', log + '@3')['total']['change'], 0)
        self.fails(self.memtrace('diff', log + '@7', log), 2, 'period')
        self.fails(self.memtrace('diff', '--metric', 'peak', log + '@1', log + '@3'), 1, 'is known of the last period alone, 3')
        self.assertEqual(self.diff('--metric', 'peak', log + '@3', log)['total']['old']['mean'], 3000000)
        self.fails(self.memtrace('diff', log + '@nothing', log), 2, "program.mt has no period 'nothing'".replace('program', 'periods'))
        at = self.path('at@1.mt')
        shutil.copy(log, at)
        self.assertEqual(self.diff(at, log)['rows'], [])

    def test_wrong_page(self):
        out = self.path('page.html')
        page = lambda *args: self.memtrace('html', '--diff', '-o', out, *args)
        if 'without the page' in page(self.old, self.old).stderr:
            self.skipTest('memtrace was built without the page')
        self.assertIn(b'memtrace page', self.read(out)[:60])
        os.unlink(out)
        self.fails(page(self.old), 2, 'html: --diff takes two logs')
        self.fails(page(self.old, '--'), 2, 'html: --diff takes two logs')
        self.fails(page('--', self.old, self.old), 2, 'html: --diff takes two logs')
        self.fails(page(self.old, self.old, self.old), 2, 'which of these are old?')
        self.fails(page('--each', self.old, self.old), 2, '--process and --each are not for --diff')
        self.fails(page('--process', '7', self.old, self.old), 2, '--process and --each are not for --diff')
        self.fails(page(self.old, self.source), 2, 'not a memtrace log')
        self.fails(page(self.old, self.path('nowhere.mt')), 2, 'nowhere.mt: cannot be opened: No such file')
        self.fails(page(self.old + '@7', self.old), 2, 'period')
        self.fails(page('--metric', 'rise', self.old, self.old), 2, '--metric takes')
        self.assertFalse(os.path.exists(out))

    def test_redacted_page(self):
        p = self.memtrace('html', '--diff', '--redact', '-o', '-', self.old, self.make('other', comes(OLD)))
        if 'without the page' in p.stderr:
            self.skipTest('memtrace was built without the page')
        page = Page(p.stdout)
        self.assertEqual([side['argv'] for side in page.facts['diff']['sides']], [[], []])
        self.assertEqual((page.texts('source.text'), page.texts('gone.text')), ([], []))

    def test_gone_page(self):
        """What is gone is there with its old line and text; what stays has its new line, and the old one where that was another."""
        p = self.memtrace('html', '--diff', '-o', '-', self.old, self.make('other', comes(OLD)))
        if 'without the page' in p.stderr:
            self.skipTest('memtrace was built without the page')
        page = Page(p.stdout)
        line, gone, was = (page.numbers('frame.' + name) for name in ('line', 'gone', 'was'))
        at = page.numbers('gone.frame')
        self.assertEqual([(line[frame] - 1, text.strip()) for frame, text in zip(at, page.texts('gone.text')) if 'GOES' in text],
                         [(line_of('GOES', OLD), 'kept[5] = malloc(300000); /* GOES */')])
        self.assertTrue(all(gone[frame] for frame in at))
        new = comes(OLD)
        self.assertIn((line_of('TAKE', new), line_of('TAKE', OLD), 0), [(number - 1, before, flag) for number, before, flag in zip(line, was, gone)])

    def test_wrong(self):
        self.fails(self.memtrace('diff'), 2, 'which log?')
        self.fails(self.memtrace('diff', self.old), 2, 'two logs are needed')
        self.fails(self.memtrace('diff', self.old, '--'), 2, 'two logs are needed')
        self.fails(self.memtrace('diff', '--', self.old, self.old), 2, 'two logs are needed')
        self.fails(self.memtrace('diff', self.old, self.old, self.old), 2, 'which of these are old?')
        self.fails(self.memtrace('diff', self.old, self.source), 2, 'not a memtrace log')
        self.fails(self.memtrace('diff', self.old, self.path('nowhere.mt')), 2, 'nowhere.mt: cannot be opened: No such file')
        for limit in '5', 'x', '-1%', '5%%', '1X', '':
            if limit != '5':
                self.fails(self.memtrace('diff', '--fail-above', limit, self.old, self.old), 2, "not '%s'" % limit)
        self.fails(self.memtrace('diff', '--by', 'thread', self.old, self.old), 2, 'line, function, site or module')
        self.fails(self.memtrace('diff', '--metric', 'usage', self.old, self.old), 2, 'usage')


class DiffPython(Differ):
    def test_moved(self):
        """The file is edited between the runs, so that the text of the old one is not there: lines are known by where they stand in
        their functions."""
        old = self.python('old.mt', PYTHON)
        later = PYTHON.replace('import sys\n', 'import sys\n' + 'x = 1\n' * 20).replace('bytearray(100000)', 'bytearray(200000)')
        new = self.python('new.mt', later)
        line = next(i for i, text in enumerate(PYTHON.splitlines(), 1) if 'bytearray(100000)' in text)
        found = self.diff(old, new)
        rows = {key: value for key, value in self.lines(found).items() if value[1] > 1000000}
        self.assertEqual({key: value[2] for key, value in rows.items()}, {('grew', line, line + 20): 'place'})
        change = next(r['change'] for r in found['rows'] if r['change'] > 1000000)
        self.assertTrue(2000000 <= change <= 2001000, change)
        self.assertEqual(self.memtrace('diff', old, old).stdout.split(':')[0], 'Nothing changed')
        for by in 'line', 'site', 'module':  # what no line of one's own did is a row, too
            found = self.diff('--by', by, old, new)
            for side, log in ('old', old), ('new', new):
                self.assertEqual(found['total'][side]['mean'], json.loads(self.memtrace('report', '--json', log).stdout)['peak_bytes'], by)


    def test_functions_in_another_order(self):
        """With both texts: functions that moved past a longer one, and were renamed, or had a line edited, or both."""
        def function(name, *lines):
            return 'def %s():\n%s\n' % (name, ''.join('    keep.append(%s)\n' % line for line in lines))
        same = 'bytearray(200000)'
        anchor = function('anchor', *('bytes(%d)' % (1000 + i) for i in range(10)))
        old = 'keep = []\nsize = 200000\n' + function('alpha', 'bytearray(size)', 'bytearray(size)') + function('beta', same, 'bytearray(340000)', same) + \
            function('gamma', 'bytes(71000)', 'bytearray(430000)', 'bytes(72000)') + anchor + 'alpha(); beta(); gamma(); anchor()\n'
        new = 'keep = []\nsize = 400000\n' + anchor + function('beta', same, 'bytearray(940000)', same) + function('alpha_renamed', 'bytearray(size)', 'bytearray(size)') + \
            function('other', 'bytes(71000)', 'bytearray(830000)', 'bytes(72000)') + 'alpha_renamed(); beta(); other(); anchor()\n'
        for folder in 'order.old', 'order.new':
            os.makedirs(self.path(folder))
        logs = [self.python(name + '.mt', text, file=self.path(name + '/order.py')) for name, text in (('order.old', old), ('order.new', new))]

        def line(text, words):
            return text[:text.index(words)].count('\n') + 1
        found = self.diff(*logs)
        rows = {key: value[2] for key, value in self.lines(found).items() if abs(value[1] - value[0]) > 20000}
        self.assertEqual(rows, {('grew', line(old, '340000'), line(new, '940000')): 'edited', ('grew', line(old, '430000'), line(new, '830000')): 'edited',
                                **{('grew', line(old, '(size)') + i, line(new, '(size)') + i): 'text' for i in range(2)}})
        self.assertEqual({(row['old_at']['function'], row['new_at']['function']) for row in self.diff('--by', 'function', *logs)['rows']
                          if not row['not_yours'] and row['change'] > 20000}, {('alpha', 'alpha_renamed'), ('beta', 'beta'), ('gamma', 'other')})

    def test_a_line_between(self):
        """Of lines that moved by different distances their figures tell which they are."""
        text = 'keep = []\n\ndef fill():\n    keep.append(bytearray(100000))\n    keep.append(bytearray(200000))\n\nfill()\n'
        for more, number in (('    keep.append(bytearray(777000))\n    keep.append(bytearray(200000))\n', 5),
                             ('    keep.append(bytearray(200000))\n    keep.append(bytearray(777000))\n', 6)):
            old = self.python('between.old.mt', text, file=self.path('between.py'))
            new = self.python('between.new.mt', text.replace('    keep.append(bytearray(200000))\n', more), file=self.path('between.py'))
            rows = [row for row in self.diff(old, new)['rows'] if not row['not_yours'] and abs(row['change']) > 50000]
            self.assertEqual([(r['kind'], r['new_at']['line'], r['old_at']) for r in rows], [('new', number, None)])

    def test_other_sources_on_a_side(self):
        """Runs of one side whose sources differ: a line's number is not the same line in both, and that is said."""
        text = 'keep = []\n\ndef fill():\n    keep.append(bytearray(100000))\n\nfill()\n'
        packed = []
        for name, source in ('one', text), ('two', text), ('other', '# longer\n' + text):
            log = self.python('sides.%s.mt' % name, source, file=self.path('sides.py'))
            self.assertEqual(self.memtrace('pack', log).returncode, 0)
            packed.append(log + 'z')
        one, two, other = packed
        said = 'sides.py is not what it was in a log before it of the same side'
        self.assertNotIn(said, self.memtrace('diff', one, two, '--', other).stderr)
        p = self.memtrace('diff', one, other, '--', two)
        self.assertEqual((p.returncode, p.stderr.count(said)), (0, 1), p)
        self.assertIn('%s: %s' % (os.path.basename(other), said), p.stderr)

    def test_a_long_module(self):
        """More lines than are tried each with each, 20 further down; one of them takes more."""
        text = 'keep = []\n' + ''.join('keep.append(bytearray(%d))\n' % (20000 + i % 3) for i in range(300))
        old = self.python('long.old.mt', text, file=self.path('long.py'))
        new = self.python('long.new.mt', 'x = 0\n' * 20 + text.replace('20000', '520000', 1), file=self.path('long.py'))
        rows = [row for row in self.diff(old, new)['rows'] if not row['not_yours'] and abs(row['change']) > 15000]
        self.assertEqual([(r['kind'], r['old_at']['line'], r['new_at']['line'], r['matched_by']) for r in rows], [('grew', 2, 22, 'place')])


class Silent(Differ):
    """Runs that differ by hash randomisation, addresses and process ids alone."""
    HASHES = '''
words = [('w%d' % i) * 3 for i in range(20000)]
groups = {}
for w in words:
    groups.setdefault(w[:3], set()).add(w)
table = {w: len(w) for w in set(words)}
print(len(groups), len({str(x): [x] for x in set(words)}), next(iter(set(words))))
'''
    PERL = 'my %h; $h{"k$_"}{"z".($_%7)}=[$_,"v$_"] for 1..20000; my @k=sort keys %h; my $s=join(",",keys %h); print substr $s,0,20;'
    JQ = 'map({a:.,b:"x\\(.)"})|group_by(.a%100)|length'

    def silent(self, logs):
        for old, new in zip(logs, logs[1:]):
            p = self.memtrace('diff', '--fail-above', '0.5%', old, new)
            self.assertEqual((p.returncode, p.stderr, p.stdout.count('\n')), (0, '', 1), p)
            self.assertTrue(p.stdout.startswith('Nothing changed'), p)
        for metric in 'peak', 'allocated', 'allocations', 'live':
            p = self.memtrace('diff', '--fail-above', '1%', '--metric', metric, *logs[:3], '--', *logs[3:])
            self.assertEqual((p.returncode, p.stdout.count('\n')), (0, 1), p)

    def test_python(self):
        logs = [self.python('p%d.mt' % seed, self.HASHES, file=self.path('hashes.py'), PYTHONHASHSEED=str(seed)) for seed in range(1, 7)]
        self.silent(logs)

    def of_program(self, name, *command):
        if not shutil.which(command[0]):
            self.skipTest('no ' + command[0])
        logs = [self.path('%s%d.mt' % (name, i)) for i in range(6)]
        for log in logs:
            self.assertEqual(self.memtrace('run', '-o', log, *command).returncode, 0)
        self.silent(logs)

    def test_perl(self):
        self.of_program('perl', 'perl', '-e', self.PERL)

    def test_jq(self):
        data = self.write('numbers.json', '\n'.join(map(str, range(20000))).encode())
        self.of_program('jq', 'jq', '-s', self.JQ, data)
