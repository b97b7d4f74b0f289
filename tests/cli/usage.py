# SPDX-License-Identifier: MIT
"""Usage, messages and exit statuses, also for what can't be read."""
import json
import os
import shutil
import re
import signal
import subprocess

from common import Case, commands


class Usage(Case):
    def test_help(self):
        p = self.memtrace('--help')
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        self.assertEqual([line for line in p.stdout.splitlines() if len(line) > 80], [])
        self.assertEqual([line for line in p.stdout.splitlines() if line in ('record a program', 'look at a log', 'send it to others', 'set up')],
                         ['record a program', 'look at a log', 'send it to others', 'set up'])
        verbs = re.findall(r'^  ([a-z]+)  +\S', p.stdout, re.M)
        self.assertTrue({'run', 'report', 'lines', 'sites', 'memit', 'completions'} <= set(verbs))
        for verb in verbs:
            p2 = self.memtrace(verb, '--help')
            self.assertEqual((p2.returncode, p2.stderr), (0, ''))
            self.assertIn('usage: memtrace %s' % verb, p2.stdout)
            self.assertIn('example:', p2.stdout)
            self.assertEqual(self.memtrace(verb, '-h').stdout, p2.stdout)
            p3 = self.memtrace('help', verb)
            self.assertEqual((p3.returncode, p3.stdout), (0, p2.stdout))
            self.assertEqual([line for line in p2.stdout.splitlines() if len(line) > 80], [], verb)

    def test_version(self):
        p = self.memtrace('--version')
        self.assertEqual(p.returncode, 0)
        self.assertRegex(p.stdout, r'\Amemtrace \d+\.\d+\.\d+\n\Z')
        self.assertEqual(self.memtrace('-V').stdout, p.stdout)
        help_text = self.memtrace('--help').stdout
        self.assertEqual(self.memtrace('-h').stdout, help_text)
        self.assertEqual(re.findall(r'^  (-\w, |    )(--\w+) +[a-z]', help_text, re.M),
                         [('-h, ', '--help'), ('-V, ', '--version'), ('    ', '--rules'), ('    ', '--python')])

    def test_wrong(self):
        self.assertEqual(self.memtrace().returncode, 2)
        self.fails(self.memtrace('frobnicate'), 2, "no verb 'frobnicate'")
        self.fails(self.memtrace('help', 'reprot'), 2, "no verb 'reprot'; did you mean 'report'?")
        for verb in 'run', 'report', 'lines', 'sites':
            self.fails(self.memtrace(verb), 2, 'which')
            self.assertEqual(self.memtrace(verb, '--frobnicate').returncode, 2)
        self.fails(self.memtrace('report', '-n', 'x', self.log), 2, "not 'x'")
        self.fails(self.memtrace('sites', '--sort', 'colour', self.log), 2, 'colour')
        self.fails(self.memtrace('lines', self.log, self.log), 2, 'one log')
        p = self.memtrace('memit', '-r', '0', 'echo', 'ran')
        self.fails(p, 2, "--repeat takes a number from 1, not '0'")
        self.assertEqual(p.stdout, '')

    def test_the_nearest_is_named(self):
        for wrong, right in (['reprot'], 'report'), (['--verison'], '--version'), (['tree', '--invreted'], '--inverted'), \
                (['tree', '--metric', 'peek'], 'peak'), (['leaks', '--metric', 'leeked'], 'leaked'), (['report', '--by', 'functoin'], 'function'), \
                (['run', '--linse', 'f'], '--lines'), (['memit', '--repeta', '3'], '--repeat'), (['completions', 'bsh'], 'bash'):
            self.fails(self.memtrace(*wrong), 2, "did you mean '%s'?" % right)

    def test_an_option_of_other_verbs(self):
        """What getopt would take for the beginning of another one: --by for --bytes."""
        for verb in 'sites', 'top', 'leaks', 'lines', 'timeline', 'why', 'check', 'memit':
            for words in ['--by', 'module'], ['--by=module'], ['--by']:
                p = self.memtrace(verb, *words, self.log)
                self.fails(p, 2, "%s: there is no option '--by'; it is one of report, tree and diff\n" % verb)
                self.assertEqual(p.stdout, '')
        self.fails(self.memtrace('sites', '--fail', self.log), 2, "sites: there is no option '--fail'; it is one of leaks\n")
        self.assertEqual(self.memtrace('sites', '--byte', self.log).stdout, self.memtrace('sites', '--bytes', self.log).stdout)
        self.assertEqual(self.memtrace('report', '--metr', 'live', self.log).stdout, self.memtrace('report', '--metric=live', self.log).stdout)

    def test_whose_option_it_is(self):
        """The verbs that the message names are those that have it in their help."""
        have = {}
        for verb in re.findall(r'^  ([a-z]+)  +\S', self.memtrace('--help').stdout, re.M):
            for option in re.findall(r'^  (?:-\w, |    )--([\w-]+)', self.memtrace(verb, '--help').stdout, re.M):
                have.setdefault(option, set()).add(verb)
        self.assertGreater(len(have), 60)
        for option, verbs in have.items():
            p = self.memtrace('completions', '--' + option)
            self.fails(p, 2, "completions: there is no option '--%s'; it is one of " % option)
            self.assertEqual(set(re.split(', | and ', p.stderr.splitlines()[0].split(' is one of ')[1])), verbs)

    def test_help_of_the_program_is_the_programs(self):
        p = self.memtrace('run', '-o', self.path('echo.mt'), 'echo', '-h')
        self.assertEqual((p.returncode, p.stdout), (0, '-h\n'))
        p = self.memtrace('run', '-o', self.path('echo.mt'), 'echo', '--help me')
        self.assertEqual((p.returncode, p.stdout), (0, '--help me\n'))

    def test_a_reader_that_goes(self):
        """As `head` does: a view ends by SIGPIPE, or, where that is ignored, with what it would have ended with; nothing is said."""
        for verb in ['report'], ['report', '--json'], ['lines', '--all'], ['sites', '-n', '0'], ['tree'], ['leaks'], ['timeline'], ['top', '--once']:
            for ignores in False, True:
                reader, writer = os.pipe()
                os.close(reader)
                p = subprocess.run([commands.memtrace, *verb, self.log], stdout=writer, stderr=subprocess.PIPE, restore_signals=not ignores, check=False)
                os.close(writer)
                self.assertEqual((p.returncode, p.stderr), (0 if ignores else -signal.SIGPIPE, b''), (verb, ignores))

    def test_a_closed_output_is_an_error(self):
        with open('/dev/full', 'w') as full:
            p = subprocess.run([commands.memtrace, 'report', self.log], stdout=full, stderr=subprocess.PIPE, text=True)
        self.fails(p, 2, 'standard output')


class Unreadable(Case):
    def bad(self, path, offset, reason):
        for verb in ['report'], ['report', '--json'], ['lines'], ['sites']:
            p = self.memtrace(*verb, path)
            self.fails(p, 2, '%s: ' % path if offset is None else '%s: offset %d: ' % (path, offset), reason)
            self.assertEqual('offset' in p.stderr, offset is not None)
            self.assertEqual(p.stdout, '')

    def test_not_a_log(self):
        self.bad(self.write('empty.mt', b''), 0, 'not a memtrace log')
        self.bad(self.source, 0, 'not a memtrace log (magic')
        self.bad(self.path('nowhere.mt'), None, 'cannot be opened: No such file')
        fifo = self.path('fifo')
        os.mkfifo(fifo)
        self.bad(fifo, None, 'not a regular file')
        self.bad('/dev/zero', None, 'not a regular file')

    def test_a_folder(self):
        """Its logs, where a verb takes several."""
        folder = self.path('folder')
        os.mkdir(folder)
        for verb in 'report', 'sites', 'tree', 'leaks', 'timeline', 'html', 'lines':
            self.fails(self.memtrace(verb, folder), 2, '%s: no log (*.mt, *.mtz) is in this folder' % folder)
        for name in 'two.mt', 'one.mt', 'three.log':
            shutil.copy(self.log, os.path.join(folder, name))
        for given in folder, folder + '/':
            p = self.memtrace('report', '--json', given)
            self.assertEqual([r['log'] for r in json.loads(p.stdout)], [os.path.join(folder, name) for name in ('one.mt', 'two.mt')])
        self.assertEqual(self.memtrace(folder).stdout, self.memtrace('report', folder).stdout)

    def test_another_version(self):
        data = bytearray(self.read(self.log))
        data[8] = 99
        self.bad(self.write('v99.mt', data), 8, 'version 99')

    def test_cut_short_shows_what_is_there(self):
        data = self.read(self.log)
        shown = 0
        for length in range(8192, len(data), 4096):
            cut = self.write('cut.mt', data[:length])
            p = self.memtrace('report', '--json', cut)
            self.fails(p, 2, '%s: offset %d: ' % (cut, length), 'cut short')
            report = json.loads(p.stdout)
            self.assertTrue(report['truncated'])
            self.assertEqual(report['peak_bytes'], 8000000)
            shown = max(shown, len(report['lines']))
        self.assertGreater(shown, 3)
        p = self.memtrace('report', cut)
        self.assertIn('cut short', p.stdout)
        self.assertIn('program.c: main', p.stdout)

    def test_one_of_two_is_bad(self):
        p = self.memtrace('report', '--json', self.log, self.source)
        self.fails(p, 2, self.source)
        self.assertEqual([r['log'] for r in json.loads(p.stdout)], [self.log])
        for bad in self.source, self.path('nowhere.mt'):
            p = self.memtrace('html', '-o', '-', self.log, bad)
            self.fails(p, 2, bad)
            self.assertTrue(p.stdout.startswith('<!DOCTYPE html>'), p.stdout[:50])
