#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run-time systems that reserve address space and make it usable piece by piece: our level of anonymous memory is what their
system calls made usable, to within 2 %.

    run_runtimes.py BUILD NAME        node, java, go or shadow (a program that does as a sanitizer does)

77: that program, or strace, is not here.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import usable

HERE = os.path.dirname(os.path.abspath(__file__))
NODE = '''const keep = [];
for (let i = 0; i < 150; i++) keep.push(new Array(100000).fill(i));
const some = Buffer.alloc(30 << 20, 7);
console.log(keep[17][3] + some[5]);'''


def node(build, folder):
    return shutil.which('node') and [shutil.which('node'), '-e', NODE]


def java(build, folder):
    """Its heap grows to more than it begins with, and all of it is touched."""
    return shutil.which('java') and [shutil.which('java'), '-Xms200m', '-Xmx400m', '-XX:+AlwaysPreTouch', '-version']


def go(build, folder):
    """With cgo: its run-time system calls libc's mmap then. (Without, it is a static program.)"""
    if not shutil.which('go') or not shutil.which('cc'):
        return None
    program = os.path.join(folder, 'grow')
    env = dict(os.environ, CGO_ENABLED='1', GOCACHE=os.path.join(build, 'go-cache'), GOFLAGS='-mod=mod', GO111MODULE='off')
    done = subprocess.run(['go', 'build', '-o', program, os.path.join(HERE, 'grow.go')], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode:
        print('go build: %s' % done.stdout.decode())
        return None
    return [program]


def shadow(build, folder):
    return [os.path.join(build, 'maps', 'shadow')]


WHOSE = {'node': "JavaScript's (V8's)", 'java': "Java's", 'go': "Go's"}


def main():
    build, name = os.path.abspath(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory(prefix='memtrace-maps-') as folder:
        if not usable.strace_works():
            print('strace is not here, or may not trace')
            sys.exit(77)
        command = globals()[name](build, folder)
        if not command:
            print('%s is not here' % name)
            sys.exit(77)
        sys.exit(compare(build, folder, command, WHOSE.get(name)))


def compare(build, folder, command, whose):
    trace, log = os.path.join(folder, 'trace'), os.path.join(folder, 'log.mt')
    usable.run(command, trace, LD_PRELOAD=os.path.join(build, 'libmemtrace.so'), MEMTRACE_OUTPUT=log, MEMTRACE_QUIET='1')
    peak, end = usable.made_usable(trace)
    report = json.loads(subprocess.run([os.path.join(build, 'memtrace'), 'report', '--json', log], check=True,
                                       stdout=subprocess.PIPE).stdout)
    classes = report['classes']
    ours = [sum(classes[c][key] for c in ('anonymous', 'shared')) for key in ('peak_bytes', 'live_bytes')]
    bad = []
    for what, truth, figure in (('at the peak', peak, ours[0]), ('at the end', end, ours[1])):
        print('%s: the system calls made %d bytes usable, memtrace says %d' % (what, truth, figure))
        if abs(truth - figure) > 0.02 * peak:
            bad.append('%s more than 2 %% apart' % what)
    if peak < 100 << 20:
        bad.append('only %d bytes: this tests nothing' % peak)
    said = [note for note in report['notes'] if ' own heap is mapped, ' in note]
    if [note.split(' own heap')[0] for note in said] != [whose] * bool(whose):
        bad.append('whose heap: %s' % said)
    # The level is that and the heap, which were not at their own peaks at the same time.
    if not ours[0] <= report['peak_bytes'] <= ours[0] + classes['heap']['peak_bytes']:
        bad.append('the peak is %d, with %d of the heap' % (report['peak_bytes'], classes['heap']['peak_bytes']))
    done = subprocess.run([sys.executable, os.path.join(os.path.dirname(HERE), 'second_reader'), '--compare',
                           os.path.join(build, 'memtrace'), log], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        bad.append(done.stdout.decode('utf-8', 'replace')[:2000])
    print('\n'.join(bad))
    return bool(bad)


if __name__ == '__main__':
    main()
