#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How much more of its stack a program uses with us than without, measured on a painted stack. tests/stack_bound.py adds up what it can be.

    run_stacks.py BUILD [WORD...]
"""
import re
import sys

from common import Tests, clean_environment, run

t = Tests(sys.argv[1])
MOST = 1536
highest = []
WAYS = ('heap', 'maps', 'many', 'child', 'library', 'api', 'ends')


def used(command, env):
    done = run(command, env=dict(env, LD_BIND_NOW='1'))
    t.check(done.status == 0, '%s: status %d: %s', command, done.status, done.err[:300])
    return max(int(n) for n in re.findall(r'used (\d+)', done.out)[1:])


def measure(kind, way, **more):
    command = [t.program('stacks'), kind, way, t.program('libdamaged_library.so')]
    plain = used(command, clean_environment())
    traced = used(command, t.environment(t.path('%p.mt'), **more))
    t.check(traced - plain <= MOST, '%d bytes without us, %d with', plain, traced)
    highest.append((traced - plain, kind, way))


for kind in ('thread', 'coroutine'):
    for way in WAYS:
        t.test(f'{kind} {way}', lambda: measure(kind, way))
    t.test(f'{kind} full log', lambda: measure(kind, 'many', MEMTRACE_MAX_LOG='300K'))
    t.test(f'{kind} line at exit', lambda: measure(kind, 'ends', MEMTRACE_SUMMARY='1'))
t.test('signal', lambda: measure('signal', 'heap'))
print('most:', *max(highest))
t.end()
