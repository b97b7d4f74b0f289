# SPDX-License-Identifier: MIT
"""The example project's workflow: what it runs, step by step, as GitHub would; then with a planted regression, which it must find."""
import os
import re
import shutil
import subprocess

from common import Case, commands

PROJECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'project')


def steps():
    """(name, command, whether it runs after a failure) of each step that runs a command. A command is one line here."""
    with open(os.path.join(PROJECT, '.github', 'workflows', 'memory.yml'), encoding='utf-8') as file:
        text = file.read()
    try:
        import yaml
        job, = yaml.safe_load(text)['jobs'].values()
        return [(s['name'], s['run'], s.get('if') == 'always()') for s in job['steps'] if 'run' in s]
    except ImportError:
        return [(name, command, 'if: always()' in before)
                for name, before, command in re.findall(r'- name: (.*)\n((?: {8}if: .*\n)?) {8}run: (.*)\n', text)]


class Workflow(Case):
    def play(self, folder):
        """(status, output by step)"""
        os.makedirs(self.path('bin'), exist_ok=True)
        if not os.path.exists(self.path('bin/memtrace')):
            os.symlink(commands.memtrace, self.path('bin/memtrace'))
        env = {**os.environ, 'PATH': self.path('bin') + ':' + os.environ['PATH'], 'MEMTRACE_QUIET': '1', 'XDG_CACHE_HOME': self.path('cache')}
        status, outputs = 0, {}
        for name, command, always in steps():
            if status and not always:
                continue
            p = subprocess.run(['bash', '-e', '-c', command], cwd=folder, env=env, stdout=subprocess.PIPE, universal_newlines=True, check=False)
            outputs[name] = p.stdout
            status = status or p.returncode
        return status, outputs

    def test_it(self):
        self.assertEqual([name for name, *_ in steps()], ['build', 'run', 'budgets', 'report'])
        folder = self.path('project')
        shutil.copytree(PROJECT, folder)
        self.assertEqual(self.play(folder), (0, {'build': '', 'run': 'word 0\n', 'budgets': '', 'report': ''}))
        with open(os.path.join(folder, 'words.c'), encoding='utf-8') as file:
            text = file.read()
        # Words of 100 bytes each, and one of them is lost.
        planted = text.replace('strdup(text)', 'strcpy(malloc(100), text)').replace('for (size_t i = 0; i < count; i++)\n        free', 'for (size_t i = 1; i < count; i++)\n        free')
        self.assertNotEqual(text, planted)
        with open(os.path.join(folder, 'words.c'), 'w', encoding='utf-8') as file:
            file.write(planted)
        status, outputs = self.play(folder)
        self.assertEqual(status, 1)
        line = planted[:planted.index('strcpy')].count('\n') + 1
        found = re.findall(r'^::error file=(.*),line=(\d+),title=memtrace%3A (\w+) of words::(.*)$', outputs['budgets'], re.M)
        self.assertEqual(len(found), outputs['budgets'].count('\n'))
        self.assertEqual({(file, int(number)) for file, number, *_ in found}, {('words.c', line)})
        self.assertEqual(sorted(name for _, _, name, _ in found), ['leaked', 'peak', 'peak'])
        self.assertIn('leaked: 100 B, 100 B above the budget of 0 B', outputs['budgets'])
        with open(os.path.join(folder, 'report.txt'), encoding='utf-8') as file:
            self.assertIn('words.c:%d  read_words' % line, file.read())
