#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Libraries that are loaded and unloaded, look past the preload, audit it, or stand between it and the loader.

    run_loading.py BUILD [WORD...]
"""
import os
import sys

from common import Skip, Tests, accounts, run

t = Tests(sys.argv[1])


def of(log, function):
    """Bytes, allocations and bytes still live of the heap sites with a frame of that function."""
    sites = [s for s in t.build.sites(log) if s['class'] == 'heap' and any(f['function'] == function for f in s['stack'])]
    return tuple(sum(s[key] for s in sites) for key in ('allocated_bytes', 'allocations', 'live_bytes'))


def built(name):
    if not os.path.exists(t.program(name)):
        raise Skip('what it is built with is not here')
    return t.program(name)


def plugins():
    done = t.both([built('loading'), 'plugins', t.programs], t.path('x.mt'))
    t.check('often' in done.out, 'the libraries do not follow each other: %s', done.out)
    t.sound(t.path('x.mt'))
    wanted = {'a_make': (25000, 250, 0), 'b_make': (25250, 250, 0), 'a_begin': (25000, 25, 0), 'b_begin': (25000, 25, 0)}
    found = {name: of(t.path('x.mt'), name) for name in wanted}
    t.check(found == wanted, '%s, not %s', found, wanted)


def converter():
    """libc unloads by itself what it has loaded by itself: who comes to lie there is told from what was there."""
    done = t.both([built('loading'), 'converter', t.programs], t.path('x.mt'))
    if 'yes' not in done.out:
        raise Skip('no converter here, or nothing came to lie in its place')
    t.sound(t.path('x.mt'))
    found = {name: of(t.path('x.mt'), name)[:2] for name in ('a_make', 'b_make')}
    t.check(found == {'a_make': (100000, 1), 'b_make': (100000, 1)}, '%s', found)


def deepbind():
    """Calls that go past the preload are not seen; the others are counted right."""
    t.both([built('loading'), 'deepbind', t.programs], t.path('x.mt'))
    report = t.sound(t.path('x.mt'))
    t.check(report['unknown_releases'] == 100, 'unknown releases: %s', t.brief(report))
    found = of(t.path('x.mt'), 'by_main')
    t.check(found == (200 * 5000, 200, 0), '%s', found)


def own():
    built('libloaded_own.so')
    t.both([built('loading'), 'own', t.programs], t.path('x.mt'))
    report = t.sound(t.path('x.mt'))
    sizes = [2 ** i for i in range(1, 17)]
    found = of(t.path('x.mt'), 'own_make')
    t.check(found == (3 * sum(s + s // 2 for s in sizes), 3 * 2 * len(sizes), 0), '%s', found)
    mapped = report['classes']['anonymous']['allocated_bytes'], report['classes']['reserved']['allocated_bytes']
    t.check(report['unknown_releases'] == 0 and mapped[1] == 0, 'mapped: %s; %s', mapped, t.brief(report))


def early():
    done = t.both([built('early')], t.path('x.mt'))
    account = accounts(done)[0]
    t.check(account['allocations'] == 800, '%s', account)
    t.sound(t.path('x.mt'))
    found = of(t.path('x.mt'), 'early_event')
    t.check(found[:2] == (account['allocated'], account['allocations']), '%s, the program says %s', found, account)


def audit():
    """Started by memtrace run, which makes the loader keep enough thread-local storage."""
    command, library = [t.program('work'), '1000', 'fork', 'errno'], t.program('libaudit.so')
    bare = run(command, env=dict(t.environment(None, ' '), LD_AUDIT=library))
    env = dict(t.environment(t.path('%p.mt'), ' ', MEMTRACE_QUIET='1', MEMTRACE_MIN_PEAK='0'), LD_AUDIT=library)
    done = run([t.memtrace, 'run'] + command, env=env)
    t.check((bare.status, bare.err) == (done.status, done.err) and bare.status == 42, '%d, %d: %s', bare.status, done.status, done.err)
    for account in accounts(done):
        t.exact(t.path('%d.mt' % account['pid']), account, foreign=True)


def dlsym(before):
    """`before`: in front of memtrace, where RTLD_NEXT finds memtrace's own functions."""
    command, library = [t.program('work'), '1000', 'fork', 'errno'], t.program('libdlsym.so')
    bare = run(command, env=t.environment(None, library))
    done = run(command, env=t.environment(t.path('%p.mt'), ':'.join([library, t.tracker] if before else [t.tracker, library])))
    t.check((bare.status, bare.err) == (done.status, done.err) and bare.status == 42, '%d, %d: %s', bare.status, done.status, done.err)
    for account in accounts(done):
        t.exact(t.path('%d.mt' % account['pid']), account)


def unwinder():
    done = t.both([built('other_unwinder')], t.path('x.mt'))
    account = accounts(done)[0]
    t.sound(t.path('x.mt'))
    own, its = of(t.path('x.mt'), 'deep'), of(t.path('x.mt'), 'walk')  # libunwind's dl_iterate_phdr allocates
    t.check((own[0] - its[0], own[1] - its[1]) == (account['allocated'], account['allocations']), '%s, %s: %s', own, its, account)


for test in (plugins, converter, deepbind, own, early, audit, unwinder):
    t.test(test.__name__, test)
t.test('dlsym behind', lambda: dlsym(False))
t.test('dlsym before', lambda: dlsym(True))
t.end()
