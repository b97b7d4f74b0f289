# SPDX-License-Identifier: MIT
"""memtrace run of wrappers: whose log has the name, what else there is, what was not traced."""
import json
import os
import subprocess
import sys

from common import Case


class Wrapped(Case):
    """A wrapper ends in exec of the program that is meant."""

    def setUp(self):
        self.folder = self.path('wrapped-' + self.id().rsplit('.', 1)[-1])
        os.mkdir(self.folder)
        self.log = os.path.join(self.folder, 'app.mt')
        self.said = 'memtrace report ' + os.path.relpath(self.log, self.top)

    def logs(self):
        return sorted(os.listdir(self.folder))

    def report(self, name='app.mt'):
        return json.loads(self.memtrace('report', '--json', os.path.join(self.folder, name)).stdout)

    def beside(self, name='app.mt'):
        return [(it['relation'], os.path.basename(it['log'])) for it in self.report(name)['beside']]

    def wrapper(self, text):
        return self.write('wrapper', b'#!/usr/bin/env bash\n' + text, 0o755)

    def test_the_name_is_for_the_program_that_is_meant(self):
        wrappers = [[self.wrapper(b'true; x=$(echo 1 | cat); exec "$@"\n')], ['env', 'A=1'], ['nice', 'env'], ['sh', '-c', 'exec "$0" "$@"'],
                    [sys.executable, '-S', '-c', 'import os, sys; os.execv(sys.argv[1], sys.argv[1:])']]
        for wrapper in wrappers:
            p = self.memtrace('run', '-o', self.log, *wrapper, self.program, '7', MEMTRACE_QUIET='0')
            self.assertEqual(p.returncode, 7, wrapper)
            report = self.report()
            self.assertEqual((report['program'], report['exit'], report['allocated_bytes'] >= 10097152), (self.program, {'status': 7}, True), wrapper)
            self.assertEqual(p.stderr.count(self.said), 1, p.stderr)
            self.assertEqual(len(p.stderr.splitlines()), 1, p.stderr)
            if wrapper[0] != sys.executable:
                self.assertEqual(self.logs(), ['app.mt'], wrapper)

    def test_a_log_before_with_something_in_it_stays_and_is_shown(self):
        code = 'import os, sys; x = bytearray(9000000); os.execv(sys.argv[1], sys.argv[1:])'
        self.write(os.path.join(self.folder, 'app.2.mt'), b'not mine')
        self.memtrace('run', '-o', self.log, sys.executable, '-S', '-c', code, self.program)
        self.assertEqual(self.logs(), ['app.2.mt', 'app.3.mt', 'app.mt'])
        self.assertEqual(self.beside(), [('before_exec', 'app.3.mt')])
        self.assertEqual(self.beside('app.3.mt'), [('after_exec', 'app.mt')])
        self.assertGreater(self.report('app.3.mt')['peak_bytes'], 9000000)
        self.assertIn('  became     by its exec: %s (peak 7.6' % self.log, self.memtrace('report', os.path.join(self.folder, 'app.3.mt')).stdout)
        self.assertIn('  before     its exec: %s (peak' % os.path.join(self.folder, 'app.3.mt'), self.memtrace('report', self.log).stdout)
        self.assertEqual(self.read(os.path.join(self.folder, 'app.2.mt')), b'not mine')

    def test_another_process_keeps_its_name(self):
        script = '%s; %s & wait; exec %s' % ((self.program,) * 3)
        self.memtrace('run', '-o', self.log, 'sh', '-c', script)
        self.assertEqual(self.logs(), ['app.2.mt', 'app.3.mt', 'app.mt'])
        self.assertEqual(self.beside(), [('child', 'app.2.mt'), ('child', 'app.3.mt')])
        self.assertEqual(self.beside('app.2.mt'), [('parent', 'app.mt')])
        self.assertIn('  children   2 logs: ', self.memtrace('report', self.log).stdout)

    def test_children_with_little_in_them(self):
        script = 'cat /dev/null; %s; (cat /dev/null); echo' % self.program
        # 7: three children have a log before their exec, too
        for options, count in ([], 2), (['--min-peak', '0'], 7), (['--min-peak', '100M'], 0):
            for name in self.logs():
                os.unlink(os.path.join(self.folder, name))
            self.memtrace('run', *options, '-o', self.log, 'bash', '-c', script)
            self.assertEqual(len(self.logs()), count, options)

    def test_many_children_have_all_numbers(self):
        """Beyond the first names they are looked for in ever longer steps, by several processes at the same time."""
        script = 'for i in $(seq 30); do true & cat /dev/null & cat /dev/null; done; wait; :'
        for foreign in (), ('app.20.mt', 'app.37.mt'):
            for name in self.logs():
                os.unlink(os.path.join(self.folder, name))
            for name in foreign:
                self.write(os.path.join(self.folder, name), b'not mine')
            self.memtrace('run', '--min-peak', '0', '-o', self.log, 'bash', '-c', script)
            names = self.logs()
            self.assertGreater(len(names), 60)
            numbers = {int(name.split('.')[1]) for name in names if name != 'app.mt'}
            missing = set(range(2, max(numbers))) - numbers
            self.assertLessEqual(len(missing), len(foreign), missing)  # who comes upon such a name may pass the one before it by
            self.assertEqual([self.read(os.path.join(self.folder, name)) for name in foreign], [b'not mine'] * len(foreign))

    def test_another_time_is_no_family(self):
        script = '%s; :' % self.program
        for name in 'app.mt', 'other.mt':
            self.memtrace('run', '-o', os.path.join(self.folder, name), 'bash', '-c', script)
        self.assertEqual(self.beside(), [('child', 'app.2.mt')])

    def test_the_children_of_an_earlier_run_are_told_from_those_of_this_one(self):
        self.memtrace('run', '-o', self.log, 'bash', '-c', '%s; %s; :' % (self.program, self.program))
        self.memtrace('run', '-o', self.log, 'bash', '-c', '%s; :' % self.program)
        self.assertEqual(self.logs(), ['app.2.mt', 'app.3.mt', 'app.4.mt', 'app.mt'])
        logs = [os.path.join(self.folder, name) for name in self.logs()]
        for view in 'report', 'sites', 'leaks', 'timeline':
            out = self.memtrace(view, *logs).stdout
            self.assertIn('note: %s, %s are of an earlier run, whose first log was written over' % tuple(logs[:2]), out, view)
        p = self.memtrace('check', '--max-peak', '100M', *logs)
        self.assertEqual(p.stderr.splitlines()[0], 'note: %s, %s are of an earlier run, whose first log was written over: they count here, too, until they are removed' % tuple(logs[:2]))
        note = p.stderr.splitlines()[0]
        runs = self.path('old run'), self.path('new run')
        for run in runs:
            os.mkdir(run)
            for log in logs:
                os.symlink(log, os.path.join(run, os.path.basename(log)))
        out = self.path('out')
        for verb in ['html', '-o', out], ['export', '--format', 'pprof', '-o', out], ['export', '--format', 'massif', '-o', out + '.%p'], ['merge', '-o', out + '.mt']:
            self.assertEqual(self.memtrace(*verb, *logs).stderr.splitlines()[0], note, verb)
            self.assertNotIn('earlier run', self.memtrace(*verb, *logs[2:]).stderr)
        p = self.memtrace('diff', *runs)
        self.assertEqual([line[:90] for line in p.stderr.splitlines()], [note.replace(self.folder, run)[:90] for run in runs])
        self.assertNotIn('earlier run', self.memtrace('diff', logs[0], logs[3]).stderr)
        p = self.memtrace('check', '--baseline', runs[0], runs[1])
        self.assertEqual((p.returncode, p.stderr.count('earlier run')), (0, 2), p)
        self.assertEqual([it['family']['earlier_run'] for it in json.loads(self.memtrace('report', '--json', *logs).stdout)], [True, True, False, False])
        for right in [logs[3], logs[2]], [logs[0], logs[1]]:  # without it; without the name that was taken again
            self.assertNotIn('earlier run', self.memtrace('report', *right).stdout)
        p = self.memtrace('report', logs[0], logs[2], logs[3])
        self.assertIn('note: %s is of an earlier run' % logs[0], p.stdout)

    def test_check_says_which_children_it_does_not_look_at(self):
        self.memtrace('run', '-o', self.log, 'bash', '-c', '%s; %s; :' % (self.program, self.program))
        children = [os.path.join(self.folder, 'app.%d.mt' % number) for number in (2, 3)]
        p = self.memtrace('check', '--max-peak', '7M', self.log)
        self.assertEqual(p.returncode, 0)
        self.assertEqual(p.stderr, "memtrace: check: %s: its children's logs are beside it, and are not looked at: %s, %s; %s*.mt takes them in\n"
                         % (self.log, *children, self.log[:-3]))
        p = self.memtrace('check', '--max-peak', '7M', self.log, children[0])
        self.assertIn('not looked at: %s; ' % children[1], p.stderr)
        for logs in [self.log, *children], [self.folder], [children[0]], [self.log, *('%s/./%s' % os.path.split(child) for child in children)]:
            p = self.memtrace('check', '--max-peak', '7M', *logs)
            self.assertEqual((p.returncode, p.stderr), (1, ''))

    def test_what_is_not_traced_is_said(self):
        p = self.memtrace('run', '-o', self.log, 'env', '-i', '/bin/echo', 'done', MEMTRACE_QUIET='0')
        self.assertEqual((p.returncode, p.stdout), (0, 'done\n'))
        self.assertEqual(p.stderr, 'memtrace: env goes on as /bin/echo, which is not traced: the library is not in its LD_PRELOAD; '
                                   'what was before: %s\n' % self.said)
        self.assertIn('  became     a program of which no log is here', self.memtrace('report', self.log).stdout)
        # sudo starts it as its child
        code = 'import os; pid = os.fork(); pid or os.execve("/bin/true", ["true"], {}); os.waitpid(pid, 0)'
        p = self.memtrace('run', '-o', self.log, sys.executable, '-S', '-c', code, MEMTRACE_QUIET='0')
        self.assertIn('; not traced: /bin/true; to read it: ', p.stderr)
        self.assertEqual(self.report()['untraced_programs'], 1)

    def test_what_is_said_can_be_copied_into_a_shell(self):
        names = {name: name for name in ('plain.mt', "it's a log.mt", '$HOME;*.mt', 'a\nline.mt')}
        for name, said in dict(names, **{'-o.mt': './-o.mt'}).items():
            p = self.memtrace('run', '-o', os.path.join(self.top, name), self.program, MEMTRACE_QUIET='0')
            command = p.stderr.partition('; to read it: memtrace ')[2]
            told = subprocess.run(['sh', '-c', 'printf "%s|" ' + command], capture_output=True, text=True).stdout
            self.assertEqual(told, 'report|%s|' % said)

    def test_what_can_not_be_executed_is_not_said(self):
        code = 'import os\ntry:\n    os.execve("/bin/missing", ["true"], {})\nexcept OSError:\n    pass'
        p = self.memtrace('run', '-o', self.log, sys.executable, '-S', '-c', code, MEMTRACE_QUIET='0')
        self.assertNotIn('not traced', p.stderr)
        self.assertEqual(self.report()['untraced_programs'], 0)

