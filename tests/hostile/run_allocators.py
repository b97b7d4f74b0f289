#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs with jemalloc, tcmalloc or mimalloc, linked or preloaded: every block is counted once, the allocator's mappings are not.

    run_allocators.py BUILD [WORD...]
"""
import glob
import os
import sys

from common import Skip, Tests, accounts, run

t = Tests(sys.argv[1])
LIBRARIES = ('libjemalloc.so.2', 'libtcmalloc.so.4', 'libtcmalloc_minimal.so.4', 'libmimalloc.so.2', 'libmimalloc.so.3')


def linked(name, unknown=0):
    program = t.program(name)
    if not os.path.exists(program):
        raise Skip('the allocator\'s headers are not here')
    done = t.both([program], t.path('x.mt'))
    account = accounts(done)[0]
    check(t.path('x.mt'), dict(account, releases=account['releases'] + unknown), unknown)


def none():
    """Functions that the program finds only when it is traced, and one block that it always allocates."""
    t.both([t.program('own_none')], t.path('x.mt'))
    check(t.path('x.mt'), {'allocated': 1000 + 5000 + 500 + 50000 + 77 + 100, 'allocations': 6, 'releases': 5})


def sanitized(kind):
    """A program with a sanitizer behaves as ever: the sanitizer finds the same errors, and there is no log."""
    program = t.program('sanitized_' + kind)
    if not os.path.exists(program):
        raise Skip('no such sanitizer here')
    t.both([program], t.path('x.mt'), env={'MEMTRACE_SUMMARY': '1'},
           expect_err='memtrace: sanitized_%s: not traced, it is built with a sanitizer\n' % kind)
    bare = t.plain([program, 'wrong'])
    done = run([program, 'wrong'], env=t.environment(t.path('x.mt')))
    finding = {'address': 'heap-use-after-free', 'thread': 'data race'}[kind]
    t.check((bare.status, bare.out) == (done.status, done.out) and bare.status, 'status %d, %d', bare.status, done.status)
    t.check(finding in bare.err and finding in done.err, 'without:\n%s\nwith:\n%s', bare.err, done.err)
    t.check(not glob.glob(t.path('*.mt')), 'there is a log')


def check(log, account, unknown=0):
    report = t.exact(log, account, unknown=unknown, foreign=True)
    anonymous, reserved = (report['classes'][c]['allocated_bytes'] for c in ('anonymous', 'reserved'))
    t.check((anonymous, reserved) == (account.get('anonymous', 12288), 0), 'anonymous %d, reserved %d', anonymous, reserved)


def find(library):
    for folder in glob.glob('/usr/lib/*-linux-gnu') + ['/usr/lib', '/usr/lib64', '/usr/local/lib']:
        if os.path.exists(os.path.join(folder, library)):
            return os.path.join(folder, library)
    raise Skip(library + ' is not here')


def preloaded(library):
    """After memtrace in LD_PRELOAD: it is the program's allocator, and its blocks are counted."""
    library = find(library)
    command = [t.program('work'), '1000', 'fork']
    bare = run(command, env=t.environment(None, library))
    done = run(command, env=t.environment(t.path('%p.mt'), t.tracker + ':' + library))
    t.check(bare.status == done.status == 42 and done.err == bare.err, 'status %d, %d: %s', bare.status, done.status, done.err)
    for account in accounts(done):
        check(t.path('%d.mt' % account['pid']), dict(account, anonymous=0))


def preloaded_python(library):
    library = find(library)
    command = [sys.executable, '-I', '-c', 'import json, threading\n'
               'def f(): print(len(json.dumps([{str(i): [i] * i} for i in range(300)])))\n'
               'ts = [threading.Thread(target=f) for i in range(4)]\nfor x in ts: x.start()\nfor x in ts: x.join()']
    bare = run(command, env=t.environment(None, library))
    done = run(command, env=t.environment(t.path('x.mt'), t.tracker + ':' + library))
    t.check((bare.status, bare.out, bare.err) == (done.status, done.out, done.err), '%d: %s', done.status, done.err)
    report = t.sound(t.path('x.mt'))
    t.check(report['dropped_events'] == 0 and report['unknown_releases'] <= 5, '%s', t.brief(report))


def before_us(library):
    """Before memtrace in LD_PRELOAD: its malloc can't be seen. The program runs, and the report says so."""
    library = find(library)
    command = [t.program('work'), '1000']
    bare = run(command, env=t.environment(None, library))
    done = run(command, env=t.environment(t.path('x.mt'), library + ':' + t.tracker))
    t.check((bare.status, bare.err) == (done.status, done.err), '%d: %s', done.status, done.err)
    report = t.sound(t.path('x.mt'))
    t.check(any(library in note for note in report['notes']), 'notes: %s', report['notes'])


for name in ('own_jemalloc', 'own_tcmalloc', 'own_mimalloc'):
    t.test(name, lambda: linked(name))
# The exception is allocated inside the operator, unseen; its release is counted as unknown.
t.test('own_throw', lambda: linked('own_throw', 100))
t.test('own_none', none)
for kind in ('address', 'thread'):
    t.test('sanitizer: ' + kind, lambda: sanitized(kind))
for library in LIBRARIES:
    t.test('behind us: ' + library, lambda: preloaded(library))
    t.test('python: ' + library, lambda: preloaded_python(library))
    t.test('before us: ' + library, lambda: before_us(library))
t.end()
