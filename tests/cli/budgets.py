# SPDX-License-Identifier: MIT
"""memtrace check: budgets that hold and budgets that break, with known answers; files of budgets; every format, read by a parser."""
import json
import os
import re
import signal
import subprocess
import time
import urllib.parse
import xml.etree.ElementTree

from common import Case, commands, line_of

# Peak 5,100,000; live 3,100,000; leaked 3,100,000; allocated 5,100,000 in 4.
SPENDER = r'''
#include <stdlib.h>
void *volatile kept[4];
__attribute__((noinline)) static void fill(size_t bytes)
{
    kept[0] = malloc(bytes); /* FILL */
    kept[1] = malloc(100000); /* MORE */
}
int main(int argc, char **argv)
{
    kept[2] = malloc(2000000); /* GOES */
    fill(argc > 2 ? 5000000 : 2500000);
    kept[3] = calloc(5, 100000); /* LAST */
    free(kept[2]);
    return argc > 1 ? atoi(argv[1]) : 0;
}
'''


def end_group(pid):
    """Whoever is left of it holds the test's pipes."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Check(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.spender, cls.spent = os.path.join(cls.top, 'spender'), os.path.join(cls.top, 'spent.mt')
        with open(cls.spender + '.c', 'w') as f:
            f.write(SPENDER)
        cls.cc('-g', '-O1', cls.spender + '.c', '-o', cls.spender)
        for log, *arguments in (cls.spent,), (os.path.join(cls.top, 'more.mt'), '0', 'more'):
            assert cls.memtrace('run', '-o', log, cls.spender, *arguments).returncode == 0

    def check(self, *args, status=0, log=None):
        p = self.memtrace('check', '--format', 'json', *args, log or self.spent)
        self.assertEqual(p.returncode, status, p)
        return json.loads(p.stdout)

    VALUES = {'peak': 5100000, 'live': 3100000, 'leaked': 3100000, 'allocated': 5100000, 'allocations': 4}

    def test_known_values(self):
        """Each budget to the byte: it holds at the value and breaks one below."""
        for name, value in self.VALUES.items():
            found = self.check('--max-' + name, str(value))
            self.assertEqual([(b['name'], b['value'], b['limit'], b['broken']) for b in found['budgets']], [(name, value, value, False)])
            self.assertEqual(found['budgets'][0]['held'], [])
            found = self.check('--max-' + name, str(value - 1), status=1)
            self.assertEqual((found['broken'], [(b['name'], b['value'], b['limit'], b['broken']) for b in found['budgets']]),
                             (1, [(name, value, value - 1, True)]))

    def test_who_holds_it(self):
        lines = {mark: line_of(mark, SPENDER) for mark in ('FILL', 'MORE', 'GOES', 'LAST')}
        for name, held in (('peak', (('FILL', 2500000), ('GOES', 2000000), ('LAST', 500000))),
                           ('live', (('FILL', 2500000), ('LAST', 500000), ('MORE', 100000))),
                           ('leaked', (('FILL', 2500000), ('LAST', 500000), ('MORE', 100000)))):
            budget = self.check('--max-' + name, '0', status=1)['budgets'][0]
            self.assertEqual([(h['line'], h['value']) for h in budget['held']], [(lines[mark], value) for mark, value in held], name)
            self.assertEqual({h['file'] for h in budget['held']}, {self.spender + '.c'})
        p = self.memtrace('check', '--max-peak', '2M', self.spent)
        self.assertEqual((p.returncode, p.stderr), (1, ''))
        self.assertEqual(p.stdout.splitlines()[:2], ['spender: peak: 4.86 MiB, 2.86 MiB above the budget of 2.00 MiB  (%s)' % self.spent,
                                                     '    2.38 MiB  spender.c:%d  fill' % lines['FILL']])
        self.assertEqual(p.stdout.splitlines()[-1], 'The budget is broken.')
        p = self.memtrace('check', '--max-peak', '5M', '--max-live', '1G', '--max-allocations', '1e6', self.spent)
        self.assertEqual((p.returncode, p.stdout, p.stderr), (0, '3 budgets hold.\n', ''))

    FILE = '''
# what the team agreed on
[program.spender]
max-peak = "5 MiB"
max-leaked = 3100000
[program.spender.at."spender.c:fill"]
max-peak = "2.5M"
max-live = 2_000_000
[program.spender.at."spender.c:%d"]
max-allocations = 1
[program."*"]
max-peak = "1K"
max-allocations = 1e6
'''

    def test_file(self):
        text = self.FILE % line_of('LAST', SPENDER)
        path = self.write('budgets.toml', text.encode())

        def at(words):
            return '%s:%d' % (path, text[:text.index(words)].count('\n') + 1)
        found = self.check('--budgets', path, status=1)
        self.assertEqual({(b['at'], b['name']): (b['value'], b['limit'], b['broken'], b['source']) for b in found['budgets']}, {
            (None, 'peak'): (5100000, 5242880, False, at('max-peak = "5 MiB"')),
            (None, 'leaked'): (3100000, 3100000, False, at('max-leaked')),
            ('spender.c:fill', 'peak'): (2600000, 2621440, False, at('max-peak = "2.5M"')),
            ('spender.c:fill', 'live'): (2600000, 2000000, True, at('max-live')),
            ('spender.c:%d' % line_of('LAST', SPENDER), 'allocations'): (1, 1, False, at('max-allocations = 1\n')),
            (None, 'allocations'): (4, 1000000, False, at('max-allocations = 1e6'))})
        self.assertEqual(len(found['budgets']), 6)
        # It is the one that is taken where no budget is given.
        os.rename(path, self.path('memtrace.toml'))
        p = self.memtrace('check', self.spent)
        self.assertEqual(p.returncode, 1)
        self.assertIn('spender: live under spender.c:fill: 2.48 MiB, 586 KiB above the budget of 1.91 MiB  (memtrace.toml:8, ', p.stdout)
        os.unlink(self.path('memtrace.toml'))
        self.fails(self.memtrace('check', self.spent), 2, 'check: which budget?')

    def test_leaks_at_a_function(self):
        path = self.write('leaks.toml', b'[program.spender.at.fill]\nmax-leaked = 0\n[program.spender.at.main]\nmax-leaked = 3100000\n'
                          b'max-peak = 5100000\n')
        found = self.check('--budgets', path, status=1)
        self.assertEqual({(b['at'], b['name']): (b['value'], b['broken'], len(b['held'])) for b in found['budgets']},
                         {('fill', 'leaked'): (2600000, True, 2), ('main', 'leaked'): (3100000, False, 0), ('main', 'peak'): (5100000, False, 0)})

    def test_a_script_goes_by_its_own_name(self):
        script = self.write('script.py', b'x = bytearray(3000000)\n')
        log = self.path('script.mt')
        self.assertEqual(self.memtrace('run', '-o', log, '/usr/bin/python3', '-B', script).returncode, 0)
        for name, status in ('script.py', 1), ('python3', 1), ('scr*', 1), ('other', 2):
            path = self.write('one.toml', ('[program."%s"]\nmax-peak = "1M"\n' % name).encode())
            p = self.memtrace('check', '--budgets', path, log)
            self.assertEqual(p.returncode, status, (name, p))
            if status == 1:
                self.assertIn('script.py:1  <module>', p.stdout)
            else:
                self.assertIn("one.toml:2: none of these logs is of 'other'\nmemtrace: check: no budget is for any of these programs\n", p.stderr)

    def test_no_log_can_be_read(self):
        """That alone is said: the budget is for any program."""
        nowhere = self.path('nowhere.mt')
        p = self.memtrace('check', '--max-peak', '1M', nowhere)
        self.assertEqual((p.returncode, p.stderr), (2, 'memtrace: %s: cannot be opened: No such file or directory\n' % nowhere), p)

    def test_a_name_that_is_nowhere(self):
        """Mistyped, a budget must not hold for ever. In one of several logs is enough."""
        path = self.write('none.toml', b'[program."*".at."spender.c:fil"]\nmax-peak = 1\nmax-live = 1\n[program."*".at.fill]\nmax-peak = "1G"\n')
        missing = "none.toml:2: nothing in these logs is called 'spender.c:fil'"
        p = self.memtrace('check', '--budgets', path, self.spent)
        self.fails(p, 2, missing + ' (--allow-missing lets it pass)\n')
        self.assertEqual(p.stderr.count('\n'), 1)
        shown = ['spender: peak under spender.c:fil: not in this log  (%s:2, %s)' % (path, self.spent),
                 'spender: live under spender.c:fil: not in this log  (%s:3, %s)' % (path, self.spent),
                 '1 budget holds.', '2 budgets are of what is not there.']
        self.assertEqual(sorted(p.stdout.splitlines()), sorted(shown))
        p = self.memtrace('check', '--allow-missing', '--budgets', path, self.spent)
        self.fails(p, 0, missing + '\n')
        self.assertEqual(sorted(p.stdout.splitlines()), sorted(shown))
        p = self.memtrace('run', '--check', '--budgets', path, '-o', self.path('missing.mt'), self.spender)
        self.assertEqual(p.returncode, 2)
        self.fails(self.memtrace('run', '--allow-missing', '-o', self.path('missing.mt'), self.spender), 2, 'need --check')
        found = self.check('--budgets', path, status=2)
        self.assertEqual((found['broken'], found['missing'], sorted((b['at'], b['missing']) for b in found['budgets'])),
                         (0, 2, [('fill', False), ('spender.c:fil', True), ('spender.c:fil', True)]))
        for allowed, kind in ([], 'error'), (['--allow-missing'], 'warning'):
            p = self.memtrace('check', *allowed, '--format', 'github', '--budgets', path, self.spent)
            self.assertIn('::%s file=none.toml,line=2,title=memtrace%%3A peak of spender::peak under spender.c:fil: not in this log\n' % kind, p.stdout)
            p = self.memtrace('check', *allowed, '--format', 'sarif', '--budgets', path, self.spent)
            results = json.loads(p.stdout)['runs'][0]['results']
            self.assertEqual([result['level'] for result in results], [kind] * 2)
            self.assertEqual({result['locations'][0]['physicalLocation']['artifactLocation']['uri'] for result in results}, {'none.toml'})
            p = self.memtrace('check', *allowed, '--format', 'junit', '--budgets', path, self.spent)
            suite = xml.etree.ElementTree.fromstring(p.stdout)[0]
            self.assertEqual([suite.get(name) for name in ('tests', 'failures', 'errors', 'skipped')], ['3', '0', *('02' if allowed else '20')])
            self.assertEqual(len(suite.findall('testcase/' + ('skipped' if allowed else 'error'))), 2)
        # Another log has it.
        other = self.write('other.toml', b'[program."*".at.take]\nmax-peak = "1G"\n')
        p = self.memtrace('check', '--budgets', other, self.spent, self.log)
        self.assertEqual((p.returncode, p.stdout, p.stderr), (0, '2 budgets hold.\n', ''))
        self.assertEqual(self.memtrace('check', '--budgets', other, self.spent).returncode, 2)

    def test_wrong_files(self):
        for text, *words in (
                ('[program.x\nmax-peak = 1\n', 'wrong.toml:1:'),
                ('[program.x]\nmax-peak = 1\nmax-peak = 2\n', 'wrong.toml:3:'),
                ('[program.x]\nmax-paek = 1\n', "wrong.toml:2: there is no key 'max-paek' here; did you mean 'max-peak'?"),
                ('[program.x]\n\nmax-peak = "much"\n', 'wrong.toml:3: max-peak takes a number of bytes, or a size in quotes'),
                ('[program.x]\nmax-peak = -1\n', 'wrong.toml:2: max-peak takes'),
                ('[program.x]\nmax-peak = true\n', 'wrong.toml:2: max-peak takes'),
                ('[program.x]\nmax-peak = [1]\n', 'wrong.toml:2: max-peak takes'),
                ('[program.x]\nmax-allocations = 1.5\n', 'wrong.toml:2: max-allocations takes'),
                ('[program.x]\nmax-allocations = "1K"\n', 'wrong.toml:2: max-allocations takes'),
                ('max-peak = 1\n', "wrong.toml:1: there are tables [program.NAME] here, but no 'max-peak'"),
                ('[programs.x]\nmax-peak = 1\n', "but no 'programs'"),
                ('program = 1\n', 'wrong.toml:1: a table is needed'),
                ('[program]\nx = 1\n', 'wrong.toml:2: a table is needed'),
                ('[program.x]\nat = 1\n', 'wrong.toml:2: a table is needed'),
                ('[program.x.on.y]\nmax-peak = 1\n', "wrong.toml:1: there is no table 'on'"),
                ('[program.x.at.y.z]\nmax-peak = 1\n', "there is no table 'z'"),
                ('', 'no budget is in this file'), ('[program.x]\n', 'no budget is in this file')):
            path = self.write('wrong.toml', text.encode())
            p = self.memtrace('check', '--budgets', path, self.spent)
            self.fails(p, 2, *words)
            self.assertEqual(p.stdout, '')
        self.fails(self.memtrace('check', '--budgets', self.path('nowhere.toml'), self.spent), 2, 'nowhere.toml: No such file')
        self.fails(self.memtrace('check', '--budgets', self.top, self.spent), 2, self.top)
        self.fails(self.memtrace('check', '--budgets', self.write('bytes.toml', b'\xff\xfe\0'), self.spent), 2, 'bytes.toml:1:')

    def test_wrong(self):
        self.fails(self.memtrace('check'), 2, 'which log?')
        self.fails(self.memtrace('check', '--max-peak', 'x', self.spent), 2, "--max-peak takes a size, such as 200M, 1.5 GiB or 4096, not 'x'")
        for wrong in '-1', '', '1 X', '1KK', 'inf', 'nan', '0x10', '1e30':
            self.fails(self.memtrace('check', '--max-peak', wrong, self.spent), 2, "not '%s'" % wrong)
        self.fails(self.memtrace('check', '--max-allocations', '1M', self.spent), 2, "not '1M'")
        self.fails(self.memtrace('check', '--max-peak', '1', '--format', 'xml', self.spent), 2, 'text, github, junit, sarif or json')
        self.fails(self.memtrace('check', '--max-growth', '5', '--max-peak', '1', self.spent), 2, "per cent, such as 5%, not '5'")
        self.fails(self.memtrace('check', '--max-peak', '1', self.source), 2, 'not a memtrace log')
        self.fails(self.memtrace('check', '--max-paek', '1', self.spent), 2, "did you mean '--max-peak'?")

    def test_baseline(self):
        more = self.path('more.mt')
        budget = self.check('--baseline', self.spent, log=more, status=1)['budgets'][0]
        self.assertEqual((budget['name'], budget['old_value'], budget['value'], budget['limit']), ('peak-growth', 5100000, 7600000, 5355000))
        self.assertEqual([(h['line'], h['value']) for h in budget['held']], [(line_of('FILL', SPENDER), 2500000)])
        for growth, status in ('49%', 1), ('50%', 0):
            self.check('--baseline', self.spent, '--max-growth', growth, log=more, status=status)
        self.check('--baseline', more, log=self.spent)
        self.check('--baseline', self.spent, '--metric', 'allocations', '--max-growth', '0%', log=more)
        p = self.memtrace('check', '--baseline', self.spent, more)
        self.assertEqual(p.stdout.splitlines()[0], 'spender: peak: 7.25 MiB, grown from 4.86 MiB, which may grow by 5 %%  (%s)' % more)
        self.assertEqual(p.stdout.splitlines()[1], '   +2.38 MiB  spender.c:%d  fill' % line_of('FILL', SPENDER))
        # Runs whose spread reaches that far have not grown.
        p = self.memtrace('check', '--baseline', self.spent, '--baseline', more, more)
        self.assertEqual((p.returncode, p.stdout), (0, '1 budget holds.\n'), p)
        self.fails(self.memtrace('check', '--baseline', self.path('nowhere.mt'), more), 2, 'nowhere.mt')

    def test_save(self):
        saved, more = self.path('saved.toml'), self.path('more.mt')
        self.assertEqual(self.memtrace('check', '--save', saved, self.spent).returncode, 0)
        self.assertEqual({name: int(value) for name, value in re.findall(r'^max-(\w+) = (\d+)$', self.read(saved).decode(), re.M)},
                         {name: value * 105 // 100 for name, value in self.VALUES.items()})
        p = self.memtrace('check', '--save', saved, '--max-growth', '0%', self.spent)
        self.assertEqual((p.returncode, p.stdout, p.stderr), (0, '', ''))
        text = self.read(saved).decode()
        self.assertEqual({name: int(value) for name, value in re.findall(r'^max-(\w+) = (\d+)$', text, re.M)}, self.VALUES)
        self.assertIn('[program."spender"]', text)
        self.check('--budgets', saved)
        found = self.check('--budgets', saved, log=more, status=1)
        self.assertEqual({b['name'] for b in found['budgets'] if b['broken']}, {'peak', 'live', 'leaked', 'allocated'})
        # Again, with what the highest of several took, and more.
        self.assertEqual(self.memtrace('check', '--save', saved, '--max-growth', '10%', self.spent, more).returncode, 0)
        self.assertIn('max-peak = 8360000\n', self.read(saved).decode())
        self.check('--budgets', saved, log=more)
        by_hand = self.write('hand.toml', b'[program.x]\nmax-peak = 1\n')
        self.fails(self.memtrace('check', '--save', by_hand, self.spent), 2, '--force replaces it')
        self.assertEqual(self.read(by_hand), b'[program.x]\nmax-peak = 1\n')
        self.assertEqual(self.memtrace('check', '--save', by_hand, '--force', self.spent).returncode, 0)
        self.assertIn(b'max-peak = 5355000', self.read(by_hand))
        self.fails(self.memtrace('check', '--save', '/dev/full', '--force', self.spent), 2, 'No space left')

    def test_odd_names(self):
        """A program whose name is TOML, XML, GitHub's syntax and a glob."""
        name = 'odd [*]"\\<&>%41,:\nname'
        program, log = self.path(name), self.path('odd.mt')
        os.link(self.spender, program)
        self.assertEqual(self.memtrace('run', '-o', log, program).returncode, 0)
        saved = self.path('odd.toml')
        self.assertEqual(self.memtrace('check', '--save', saved, log).returncode, 0)
        self.check('--budgets', saved, log=log)
        self.fails(self.memtrace('check', '--budgets', saved, self.spent), 2, 'no budget is for any')
        p = self.memtrace('check', '--format', 'junit', '--max-peak', '1', log)
        self.assertEqual(xml.etree.ElementTree.fromstring(p.stdout).find('.//testcase').get('classname'), name)
        p = self.memtrace('check', '--format', 'github', '--max-peak', '1', log)
        self.assertEqual(p.stdout.count('\n'), 1)
        title = re.match(r'::error file=spender\.c,line=\d+,title=([^,:\n]*)::', p.stdout)[1]
        self.assertEqual(urllib.parse.unquote(title), 'memtrace: peak of ' + name)
        self.assertEqual(self.check('--max-peak', '1', status=1, log=log)['budgets'][0]['program'], name)

    def test_github(self):
        """docs.github.com: ::error file={name},line={line},endLine={endLine},title={title}::{message}"""
        p = self.memtrace('check', '--format', 'github', '--max-peak', '2M', '--max-live', '1G', self.spent)
        self.assertEqual(p.returncode, 1)
        command = re.fullmatch(r'::error file=(.*?),line=(\d+),title=(.*?)::(.*)\n', p.stdout)
        self.assertEqual(command.groups()[:3], ('spender.c', str(line_of('FILL', SPENDER)), 'memtrace%3A peak of spender'))
        message = urllib.parse.unquote(command[4]).split('\n')
        self.assertEqual(message[0], 'peak: 4.86 MiB, 2.86 MiB above the budget of 2.00 MiB')
        self.assertEqual([line.split()[-1] for line in message[1:]], ['fill', 'main', 'main'])
        self.assertEqual(self.memtrace('check', '--format', 'github', '--max-peak', '1G', self.spent).stdout, '')

    def test_junit(self):
        p = self.memtrace('check', '--format', 'junit', '--max-peak', '2M', '--max-live', '1G', self.spent, self.path('more.mt'))
        self.assertEqual(p.returncode, 1)
        root = xml.etree.ElementTree.fromstring(p.stdout)
        self.assertEqual((root.tag, root.get('tests'), root.get('failures')), ('testsuites', '4', '2'))
        self.assertEqual([(s.get('name'), s.get('tests'), s.get('failures')) for s in root], [(log, '2', '1') for log in (self.spent, self.path('more.mt'))])
        cases = {case.get('name'): case for case in root[0]}
        self.assertEqual(set(cases), {'peak', 'live'})
        self.assertEqual(len(cases['live']), 0)
        failure = cases['peak'].find('failure')
        self.assertEqual(failure.get('message'), 'peak: 4.86 MiB, 2.86 MiB above the budget of 2.00 MiB')
        self.assertIn('spender.c:%d  fill' % line_of('FILL', SPENDER), failure.text)
        self.assertEqual((cases['peak'].get('classname'), cases['peak'].get('file'), cases['peak'].get('line')),
                         ('spender', 'spender.c', str(line_of('FILL', SPENDER))))

    def test_sarif(self):
        """The fields that SARIF 2.1.0 demands, and those that GitHub's code scanning reads."""
        p = self.memtrace('check', '--format', 'sarif', '--max-peak', '2M', '--max-live', '1G', self.spent)
        self.assertEqual(p.returncode, 1)
        sarif = json.loads(p.stdout)
        self.assertEqual(sarif['version'], '2.1.0')
        self.assertIn('sarif-2.1.0', sarif['$schema'])
        run, = sarif['runs']
        driver = run['tool']['driver']
        self.assertEqual(driver['name'], 'memtrace')
        rules = {rule['id'] for rule in driver['rules']}
        self.assertEqual(rules, {'peak', 'live'})
        results = {result['ruleId']: result for result in run['results']}
        self.assertEqual(set(results), {'peak'})  # what passes is a rule alone: GitHub refuses a result without a location
        self.assertEqual((results['peak']['level'], results['peak']['kind']), ('error', 'fail'))
        self.assertTrue(results['peak']['message']['text'].startswith('spender: peak: 4.86 MiB'))
        location, = results['peak']['locations']
        place = location['physicalLocation']
        self.assertEqual(place, {'artifactLocation': {'uri': 'spender.c', 'uriBaseId': '%SRCROOT%'},
                                 'region': {'startLine': line_of('FILL', SPENDER)}})
        self.assertEqual(len(results['peak']['relatedLocations']), 2)
        folder = self.path('else where')
        os.makedirs(folder)
        p = subprocess.run([commands.memtrace, 'check', '--format', 'sarif', '--max-peak', '1', self.spent], cwd=folder, stdout=subprocess.PIPE, check=False)
        uri = json.loads(p.stdout)['runs'][0]['results'][0]['locations'][0]['physicalLocation']['artifactLocation']
        self.assertEqual(uri, {'uri': 'file://' + urllib.parse.quote(self.spender + '.c')})

    def test_run(self):
        """memtrace run --check: the program's own end wins."""
        log = self.path('run.mt')
        p = self.memtrace('run', '--check', '--max-peak', '6M', '-o', log, self.spender)
        self.assertEqual((p.returncode, p.stdout), (0, ''), p)
        self.assertTrue(p.stderr.endswith('1 budget holds.\n'), p)
        p = self.memtrace('run', '--check', '--max-peak', '2M', '-o', log, self.spender)
        self.assertEqual(p.returncode, 1)
        self.assertIn('spender: peak: 4.86 MiB, 2.86 MiB above the budget of 2.00 MiB  (%s)\n' % log, p.stderr)
        self.assertEqual(self.memtrace('run', '--check', '--max-peak', '2M', '-o', log, self.spender, '7').returncode, 7)
        # An old log of the folder is none of its; a child's is.
        p = self.memtrace('run', '--check', '--max-peak', '2M', '--min-peak', '0', '-o', self.path('family.%e.%p.mt'),
                          'sh', '-c', self.spender + '; true')
        self.assertEqual(p.returncode, 1)
        self.assertIn('spender: peak: ', p.stderr)
        self.assertIn('1 of 2 budgets is broken.\n', p.stderr)
        p = self.memtrace('run', '--check', '--max-peak', '2M', '-o', log, 'sh', '-c', 'kill -TERM $$')
        self.assertEqual(p.returncode, -signal.SIGTERM, p)
        self.fails(self.memtrace('run', '--max-peak', '2M', '-o', log, self.spender), 2, 'need --check')
        self.fails(self.memtrace('run', '--check', '--max-peak', '2M', '-o', '%p/x.mt', self.spender), 2, 'logs in one folder')
        self.fails(self.memtrace('run', '--check', '-o', log, self.spender), 2, 'which budget?')
        self.assertEqual(self.memtrace('run', '--check', '--max-peak', '2M', '-o', log, '/nowhere/program').returncode, 127)
        p = self.memtrace('run', '--check', '--max-peak', '2M', '--format', 'junit', '-o', log, self.spender)
        self.assertEqual(xml.etree.ElementTree.fromstring(p.stderr).get('failures'), '1')

    def test_run_passes_signals_on(self):
        log, ready = self.path('signal.mt'), self.path('ready')
        p = subprocess.Popen([commands.memtrace, 'run', '--check', '--max-peak', '2M', '-o', log, 'sh', '-c',
                              'trap "exit 9" TERM; : >%s; while :; do sleep 0.05; done' % ready], cwd=self.top, stderr=subprocess.PIPE,
                             start_new_session=True)
        self.addCleanup(end_group, p.pid)
        while not os.path.exists(ready):
            time.sleep(0.01)
        p.terminate()
        self.assertEqual(p.wait(), 9)
        p.stderr.close()
