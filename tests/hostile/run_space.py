#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the tracker takes of the program's: address space, its limits, locked memory, descriptors, its system calls under a filter, and
the rights with which it makes its files.

    run_space.py BUILD [WORD...]      (memory, calls, files: only tests with one of the words in their names)
"""
import glob
import itertools
import os
import re
import resource
import stat
import sys

from common import Skip, Tests, accounts, run

t = Tests(sys.argv[1])
space = t.program('space')
MIB = 1 << 20


def as_untraced(command, exact=True, root=False):
    """The report, and what the untraced and the traced run wrote. `exact`: all that the program counts is in the log; libc may allocate
    for threads besides."""
    if root and os.geteuid():
        raise Skip('this takes root')
    log = t.path('x.mt')
    os.chmod(t.folder, 0o755)
    os.chmod(t.current, 0o777)
    bare = t.plain(command)
    if bare.status == 77:
        raise Skip('not here: %s' % bare.err)
    done = t.both(command, log, expect_err=None)
    t.check(done.status == 42, 'status %d: %s', done.status, done.err)
    report = t.sound(log)
    if exact:
        account, heap = accounts(done)[-1], report['classes']['heap']
        said = account['allocated'], account['allocations'] + account['releases']
        found = heap['allocated_bytes'], heap['allocations'] + heap['releases']
        t.check(all(a >= b for a, b in zip(found, said)), 'bytes and events are %s, the program counted %s', found, said)
        t.check(not report['dropped_events'], 'dropped: %s', t.brief(report))
    return report, bare, done


def mapped():
    """Address space, beside an untraced run."""
    command = ['cat', '/proc/self/status']
    sizes = [int(re.search(r'VmSize:\s+(\d+)', done.out)[1]) << 10
             for done in (t.plain(command), run(command, env=t.environment(t.path('%p.mt'))))]
    t.sound(t.one(t.path('*.mt')))
    t.check(sizes[1] - sizes[0] <= 64 * MIB, 'untraced %d bytes, traced %d', *sizes)


def limited(kind, mib):
    """A limit that the program sets for itself."""
    as_untraced([space, 'limit', kind, str(mib)], exact=False)


def grown():
    """Regions outgrow the address space that they began with, by many times, with threads at work: each entry is found again."""
    churn = [t.build.path('hostile', 'work'), '16000', 'close', 'errno', 'fork', 'thread']
    done = t.both(churn, t.path('%p.mt'))
    for account in accounts(done):
        t.exact(t.path('%d.mt' % account['pid']), account)
    t.check(max(os.path.getsize(log) for log in glob.glob(t.path('*.mt'))) > 4 * MIB, 'the logs are too small to tell')


def locking(flags, mib, way='libc'):
    """mlockall, by a user with a limit: what is locked is the program's."""
    _, bare, done = as_untraced([space, 'lock', str(flags), str(mib), way], root=True)
    for without, with_us in zip(bare.err.split(), done.err.split()):
        t.check(int(with_us) - int(without) <= 1024, 'KiB locked without and with: %s, %s', bare.err, done.err)


def boxed(how):
    """Under a filter that kills."""
    report, *_ = as_untraced([space, 'box', how], exact='strict' not in how)
    t.check(any('seccomp' in note for note in report['notes']), 'notes: %s', report['notes'])
    sites = [site for site in t.build.sites(t.path('x.mt')) if site['class'] == 'heap']
    depths = {len(site['stack']) for site in sites if any(frame['function'] == 'deep' for frame in site['stack'])}
    t.check('strict' in how or 'rest' in how or len(depths) > 30, 'stacks are cut: depths %s', sorted(depths))



def one_box():
    """One thread is under a filter: the log grows on by the others."""
    report, *_ = as_untraced([space, 'box', 'usual one'])
    t.check(not report['unattributed_allocations'] and os.path.getsize(t.path('x.mt')) > 3 * MIB, '%s', t.brief(report))


def onward(way, action):
    """A program that starts another one under a filter. Where that would end it for a call of ours, it is not traced."""
    log = t.path('x.mt')
    bare = t.plain([space, 'onward', way, action])
    if bare.status == 77:
        raise Skip('not here')
    done = run([space, 'onward', way, action], env=t.environment(log))
    t.check((bare.status, bare.out) == (done.status, done.out) == (42, 'started\n'), 'without %s, with %s', bare, done)
    report = t.sound(log)
    t.check(report['untraced_programs'] == (0 if action == 'errno' else 1), '%d untraced', report['untraced_programs'])


def nothing_open():
    """After the program has closed all descriptors, nobody reads from, or writes to, what it has opened since."""
    as_untraced([space, 'code'], exact=False)


def closed(*numbers):
    def close():
        for number in numbers:
            os.close(number)
    log = t.path('x.mt')
    bare = t.plain([space, 'descriptors'], preexec_fn=close)
    done = run([space, 'descriptors'], env=t.environment(log), preexec_fn=close)
    t.check((bare.status, bare.out, bare.err) == (done.status, done.out, done.err), 'without %s, with %s', bare, done)
    t.sound(log)


def few(number):
    """All descriptors that the program may have are its own. With too few to make a log there is none, and the line says why."""
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))
    for env in {}, {'MEMTRACE_MIN_PEAK': '1K'}, {'MEMTRACE_MIN_PEAK': '1G'}:
        log = t.path('x.mt')
        done = t.both([space, 'descriptors'], log, preexec_fn=limit, env=env)
        t.check(done.status == 42 and done.out, '%s', done)
        t.check(os.path.exists(log) == (number > 4 and env.get('MEMTRACE_MIN_PEAK') != '1G'), 'a log: %s', os.listdir(t.current))
        if os.path.exists(log):
            t.sound(log)
            os.remove(log)
    said = run([space, 'descriptors'], env=t.environment(log, MEMTRACE_SUMMARY='1'), preexec_fn=limit)
    t.check(number > 4 or 'no descriptor is left' in said.err, 'the line: %r', said.err)


def masked(mask):
    """The log can be read by who made it, and by nobody else."""
    t.both([space, 'descriptors'], t.path('x.mt'), preexec_fn=lambda: os.umask(mask) and None)
    mode = stat.S_IMODE(os.stat(t.path('x.mt')).st_mode)
    t.check(mode == 0o600, 'mode %o', mode)


def as_another(way, peak):
    """A process of root's that is somebody else for a while: its logs are root's, where they should be."""
    if os.geteuid():
        raise Skip('this takes root')
    os.chmod(t.current, 0o777)
    done = t.both([space, 'user', way], t.path('%p.mt'), env={'MEMTRACE_MIN_PEAK': peak})
    logs = glob.glob(t.path('*.mt'))
    t.check(len(logs) == 2, 'logs: %s', logs)
    for account in accounts(done):
        log = t.path('%d.mt' % account['pid'])
        found = os.stat(log)
        t.check((found.st_uid, stat.S_IMODE(found.st_mode)) == (0, 0o600), '%s is user %d\'s, mode %o', log, found.st_uid, found.st_mode)
        t.exact(log, account)


t.test('memory: address space', mapped)
for kind, mib in ('space', 64), ('space', 300), ('space', 2048), ('data', 64), ('data', 300):
    t.test('memory: limit on %s, %d' % (kind, mib), lambda: limited(kind, mib))
t.test('memory: grown regions', grown)
for flags in 1, 2, 3, 5, 7, 4:
    t.test('memory: mlockall %d' % flags, lambda: locking(flags, 8))
t.test('memory: mlockall by syscall', lambda: locking(3, 8, 'syscall'))
for how in ('usual', 'tiny', 'argument', 'strict', 'strict syscall', 'usual syscall', 'tsync', 'usual before', 'tsync before',
            'usual after rest', 'tsync after rest', 'usual second'):
    t.test('calls: box, ' + how, lambda: boxed(how))
t.test('calls: one thread', one_box)
for way in 'fork', 'vfork', 'spawn':
    for action in 'kill', 'trap', 'errno':
        t.test('calls: onward, %s, %s' % (way, action), lambda: onward(way, action))
t.test('files: code that no rule describes', nothing_open)
for count in range(1, 4):
    for numbers in itertools.combinations(range(3), count):
        t.test('files: closed %s' % (numbers,), lambda: closed(*numbers))
for number in 4, 5, 8, 20, 100, 500:
    t.test('files: %d descriptors' % number, lambda: few(number))
for mask in 0o777, 0o277, 0:
    t.test('files: umask %03o' % mask, lambda: masked(mask))
for way, peak in itertools.product(('effective', 'real', 'group', 'effective close', 'real close'), ('0', '1K')):
    t.test('files: user %s, %s' % (way, peak), lambda: as_another(way, peak))
t.end()
