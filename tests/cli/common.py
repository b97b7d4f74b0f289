# SPDX-License-Identifier: MIT
"""A folder with a program and its log, for each group of tests, and the command."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.running import run_on_terminal  # noqa: E402


class commands:
    """The command line's: MEMTRACE CC [unittest arguments]; libmemtrace.so stands beside MEMTRACE."""
    memtrace = cc = None


PROGRAM = r'''
#include <stdlib.h>
static void *kept;
__attribute__((noinline)) static void *take(size_t bytes)
{
    return malloc(bytes); /* TAKE */
}
int main(int argc, char **argv)
{
    void *gone = take(8000000); /* GONE */
    free(gone);                 /* FREE */
    kept = take(2097152);       /* KEPT */
    return argc > 1 ? atoi(argv[1]) : 0;
}
'''


def line_of(mark, program=PROGRAM):
    return next(i + 1 for i, line in enumerate(program.splitlines()) if '/* %s */' % mark in line)


class Case(unittest.TestCase):
    """Each test in a directory of its own, with the program and its log."""

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix='memtrace-cli-')
        os.chmod(cls.top, 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.top)
        cls.source = os.path.join(cls.top, 'program.c')
        with open(cls.source, 'w') as f:
            f.write(PROGRAM)
        cls.program = os.path.join(cls.top, 'program')
        cls.cc('-g', '-O1', '-Wl,--build-id', cls.source, '-o', cls.program)
        cls.log = os.path.join(cls.top, 'program.mt')
        p = cls.memtrace('run', '-o', cls.log, cls.program)
        assert p.returncode == 0, p

    @classmethod
    def on_a_terminal(cls, *args, columns=100, **env):
        """What it prints on a terminal of that width."""
        status, out = run_on_terminal([commands.memtrace, *args], columns, {'TERM': 'xterm', 'MEMTRACE_CACHE': '0', **env}, cls.top)
        assert status == 0, (args, status)
        return out

    @classmethod
    def cc(cls, *args):
        subprocess.run([commands.cc, *args], check=True, cwd=cls.top)

    @classmethod
    def memtrace(cls, *args, **env):
        env = {**os.environ, 'MEMTRACE_QUIET': '1', 'XDG_CACHE_HOME': os.path.join(cls.top, 'cache'), **env}
        for name in ('MEMTRACE_LIBRARY', 'MEMTRACE_OUTPUT', 'LD_PRELOAD'):
            env.setdefault(name, '')
            if not env[name]:
                del env[name]
        return subprocess.run([commands.memtrace, *args], cwd=cls.top, env=env, capture_output=True, text=True,
                              errors='surrogateescape', stdin=subprocess.DEVNULL)

    def fails(self, p, status, *words):
        self.assertEqual(p.returncode, status, p)
        for word in words:
            self.assertIn(word, p.stderr)
        self.assertTrue(p.stderr.startswith('memtrace: '), p)

    @staticmethod
    def read(path):
        with open(path, 'rb') as f:
            return f.read()

    def path(self, name):
        return os.path.join(self.top, name)

    def write(self, name, data, mode=0o644):
        with open(self.path(name), 'wb') as f:
            f.write(data)
        os.chmod(self.path(name), mode)
        return self.path(name)


def main():
    commands.memtrace, commands.cc = os.path.abspath(sys.argv[1]), sys.argv[2]
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
