#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long signals are held back: for a few system calls at a time, whatever the program does.

BUILD is the build directory. Exit status 77: strace can't be used here.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.build import Build  # noqa: E402
from support.outcome import Outcome  # noqa: E402
from support.running import HANG, clean_environment  # noqa: E402

USUAL = 8    # system calls with signals held back
FIRST = 128  # three times in a process at most: its log and its tables begin, the private allocator starts, the first event


def held(trace):
    """process or thread -> system calls made each time that all signals are held back.

    Who has them held back already may hold them back once more, and goes back to the same mask then. How often one waits for
    another thread depends on the machine, and is not counted.
    """
    stretches, now = {}, {}
    for line in trace:
        fields = re.match(r'(\d+)\s+(.*)', line)
        if not fields or 'resumed>' in fields[2]:
            continue
        task, call = fields[1], fields[2]
        if call.startswith('rt_sigprocmask(SIG_SETMASK, ~[]'):
            now.setdefault(task, 0)
        elif call.startswith('rt_sigprocmask(SIG_SETMASK, [') and task in now:
            stretches.setdefault(task, []).append(now.pop(task))
        elif task in now and not call.startswith(('---', '+++')) and 'FUTEX_WAIT' not in call:
            now[task] += 1
    return stretches


def subject(outcome, build, *command):
    with tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, 'trace')
        done = subprocess.run(['strace', '-f', '-qq', '-o', trace, '-E', 'LD_PRELOAD=' + build.tracker, *command], cwd=folder, timeout=HANG,
                              env=clean_environment(MEMTRACE_OUTPUT=os.path.join(folder, '%p.mt')), stdout=subprocess.DEVNULL)
        with open(trace) as f:
            stretches = held(f)
    bad = []
    if done.returncode:
        bad.append('status %d' % done.returncode)
    if sum(len(of_task) for of_task in stretches.values()) < 100:
        bad.append('signals are held back less often than there is something to see: %r' % stretches)
    for task, calls in stretches.items():
        long = [count for count in calls if count > USUAL]
        if len(long) > 3 or max(calls) > FIRST:
            bad.append('task %s: %r system calls with signals held back' % (task, sorted(long)))
    outcome.result(' '.join(map(os.path.basename, command)), bad)


def main():
    build, outcome = Build(sys.argv[1]), Outcome()
    if not shutil.which('strace') or subprocess.run(['strace', '-qq', '-o', '/dev/null', 'true']).returncode:
        return 77
    subject(outcome, build, build.path('torture', 'waits'), 'join')
    return outcome.status()


if __name__ == '__main__':
    sys.exit(main())
