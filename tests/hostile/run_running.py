#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Logs that are read while they are written: every view can be had at any time, and its figures add up.

    run_running.py BUILD [WORD...]
"""
import json
import subprocess
import sys

from common import Tests, run

ROUNDS = 8
COUNTED = 'heap', 'anonymous', 'shared'
t = Tests(sys.argv[1])

PYTHON = '''
import random, signal, time
signal.alarm(120)
def left(n, bits):
    if n == 0:
        return [bytearray(600)]
    return (left if bits & 1 else right)(n - 1, bits >> 1)
def right(n, bits):
    if n == 0:
        return [bytearray(700)]
    return (left if bits & 1 else right)(n - 1, bits >> 1)
kept = []
for i in range(1 << 30):
    kept.append(left(40, i % 64 if i % 20 else random.getrandbits(40)))
    if i % 100 == 99:
        del kept[:90]
    time.sleep(0.0002)
    if i == 200:
        print('begun', flush=True)
'''

# Records that are put behind others, which are read meanwhile: each call site has a temporary block at last, then one of another power of two.
BEHIND = '''
import signal, time
signal.alarm(120)
def left(path, n, size):
    return (left if path[n] else right)(path, n - 1, size) if n else bytearray(size)
def right(path, n, size):
    return (left if path[n] else right)(path, n - 1, size) if n else bytearray(size)
kept, paths = [], [bytes(i >> n & 1 for n in range(15)) for i in range(1 << 15)]
for size in 40, 41, 600:
    for i, path in enumerate(paths):
        block = left(path, 14, size)
        if size == 40:
            kept.append(block)
        elif i % 16 == 0:
            time.sleep(0.001)
        block = None
    if size == 40:
        print('begun', flush=True)
while True:
    left(path, 14, size)
    time.sleep(0.01)
'''


def view(*arguments):
    done = run([t.memtrace, *arguments])
    t.check(done.status == 0 and not done.err, '%s: status %d: %s', arguments[0], done.status, done.err[:300])
    return done.out


def adds_up(report):
    for name, c in report['classes'].items():
        t.check(c['allocated_bytes'] - c['released_bytes'] == c['leaked_bytes'] <= c['peak_bytes'], '%s: %s', name, c)
    for key in ('allocated_bytes', 'released_bytes', 'live_bytes', 'leaked_bytes', 'allocations', 'releases'):
        t.check(report[key] == sum(report['classes'][name][key] for name in COUNTED), '%s: %d: %s', key, report[key], report['classes'])
    t.check(report['running'], 'said not to run')
    t.check(report['live_bytes'] <= report['peak_bytes'], 'live %d, peak %d', report['live_bytes'], report['peak_bytes'])


def sites_add_up(sites):
    for name in COUNTED:
        of = [s for s in sites if s['class'] == name]
        live = sum(s['leaked_bytes'] for s in of)
        t.check(sum(s['allocated_bytes'] - s['released_bytes'] for s in of) == live == sum(s['allocated_bytes'] - s['gone_bytes'] for s in of),
                'sites of class %s: %d live', name, live)


def while_it_runs(command):
    log, before = t.path('x.mt'), 0
    program = subprocess.Popen(command, env=t.environment(log), stdout=subprocess.PIPE)
    try:
        t.check(program.stdout.readline() == b'begun\n', 'it has not begun')
        for i in range(ROUNDS):
            report = json.loads(view('report', '--json', log))
            adds_up(report)
            t.check(report['events'] >= before, 'read at event %d, then at %d', before, report['events'])  # it may have had no turn
            before = report['events']
            if i == 0:
                sites_add_up(json.loads(view('sites', '--json', '-n', '0', log))['sites'])
                view('lines', log)
        t.check('read at event' in view('report', '-n', '1', log), 'it is not said when it was read')
        t.check(program.poll() is None, 'it has ended')
    finally:
        program.kill()
        program.wait()
    report = json.loads(view('report', '--json', log))
    t.check(not report['running'], 'it still runs')
    adds_up(dict(report, running=True))  # killed in the middle, perhaps of several events
    t.sound(log)


t.test('new paths', lambda: while_it_runs([t.program('running'), '1']))
t.test('new paths by four threads', lambda: while_it_runs([t.program('running'), '4']))
t.test('new paths in Python', lambda: while_it_runs([sys.executable, '-c', PYTHON]))
t.test('new records at old paths', lambda: while_it_runs([sys.executable, '-c', BEHIND]))
t.end()
