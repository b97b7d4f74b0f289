#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What was live when the program finished, and what was left after all destructors. Usage: finished.py BUILD CXX"""
import json
import os
import subprocess
import sys
import tempfile

CXX = r'''
#include <cstdlib>
#include <vector>
static std::vector<char *> cache;
static char *kept;
struct Holder {
    char *p;
    Holder() : p(new char[5000]) {}
    ~Holder() { delete[] p; }
};
static Holder holder;
int main(int argc, char **)
{
    cache.reserve(1000);
    for (int i = 0; i < 100; i++)
        cache.push_back(static_cast<char *>(malloc(1000)));  // cache: released by an exit handler
    kept = static_cast<char *>(malloc(700));                 // kept
    atexit([] {
        for (char *p : cache)
            free(p);
    });
    if (argc > 1)
        exit(0);
    return 0;
}
'''
PYTHON = '''
import functools
@functools.lru_cache(maxsize=None)
def f(i):
    return bytearray(100000)
for i in range(10):
    f(i)
'''


def trace(build, command, folder):
    log = os.path.join(folder, 'log.mt')
    env = dict(os.environ, LD_PRELOAD=os.path.join(build, 'libmemtrace.so'), MEMTRACE_OUTPUT=log, MEMTRACE_QUIET='1')
    subprocess.run(command, env=env, check=True)
    report = json.loads(subprocess.check_output([os.path.join(build, 'memtrace'), 'report', '--json', log]))
    os.unlink(log)
    return report


def line_of(report, text):
    found = [l for l in report['lines'] if text in (l['source'] or '')]
    return found[0] if found else sys.exit('no line with %r' % text)


def expect(what, got, wanted):
    if got != wanted:
        sys.exit('%s: %r, should be %r' % (what, got, wanted))


def main():
    build, cxx = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix='memtrace-finished-') as folder:
        source, program = os.path.join(folder, 'finished.cc'), os.path.join(folder, 'finished')
        with open(source, 'w') as f:
            f.write(CXX)
        subprocess.run([cxx, '-g', '-O0', source, '-o', program], check=True)
        for arguments in ([], ['exit']):
            report = trace(build, [program] + arguments, folder)
            how = ' '.join(['finished'] + arguments)
            cache, kept, holder = line_of(report, '// cache'), line_of(report, '// kept'), line_of(report, 'Holder() : p')
            expect(how + ': cache', (cache['live_bytes'], cache['leaked_bytes']), (100000, 0))
            expect(how + ': kept', (kept['live_bytes'], kept['leaked_bytes']), (700, 700))
            expect(how + ': holder', (holder['live_bytes'], holder['leaked_bytes']), (5000, 0))
            expect(how + ': allocated - released', report['allocated_bytes'] - report['released_bytes'], report['leaked_bytes'])
            expect(how + ': live', report['live_bytes'] - report['leaked_bytes'] >= 105000, True)
        script = os.path.join(folder, 'cache.py')
        with open(script, 'w') as f:
            f.write(PYTHON)
        line = line_of(trace(build, ['/usr/bin/python3', script], folder), 'return bytearray')
        expect('lru_cache', 1000000 <= line['live_bytes'] < 1100000 and line['leaked_bytes'] < 100000, True)
    print('ok')


main()
