#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Instructions of libmemtrace.so per event, counted by callgrind and compared with the last recorded figure.

    run.py BUILD COMPILER [--record]

Times scatter on a shared machine, instructions do not. They depend on the compiler, so there is a figure for each; for one
without a figure the count is printed and nothing is compared. More than 5 % above the recorded figure is a failure (of threads 15 %, as
they meet as valgrind's turns have it): make it faster, or record the new figure together with the reason. Exit status 77: no valgrind here.
"""
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.build import Build  # noqa: E402
from support.callgrind import instructions, skip_without  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, 'recorded.json')
WORKLOADS = {
    'churn, 512 stacks': ['churn', '1', '200000'],
    'churn, 4 threads': ['churn', '4', '200000'],
    'churn, full log': ['churn', '1', '200000'],
    'churn, log without room for a thread': ['churn', '1', '200000'],
    'late destructors': ['late', '100000'],
}
ROOM = {'churn, 4 threads': 1.15}  # times the recorded figure; else 1.05
# A log that is full when some of the stacks are in it; that has room for nothing but its totals.
LIMITS = {'churn, full log': '150000', 'churn, log without room for a thread': '1'}


def counted(build, command, folder, limit):
    """Instructions inside the library, and events."""
    env = build.traced(os.path.join(folder, 'log.%e.mt'), MEMTRACE_QUIET='1', MEMTRACE_MAX_LOG=limit)
    count = instructions([build.path(command[0])] + command[1:], env, folder)
    report = build.report(os.path.join(folder, 'log.%s.mt' % command[0]))  # valgrind itself is a script, and leaves logs too
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))
    return count, report['allocations'] + report['releases']


def main():
    skip_without()
    build, compiler, failed = Build(sys.argv[1]), sys.argv[2], False
    with open(RECORDED) as f:
        recorded = json.load(f)
    known = recorded.setdefault(compiler, {})
    with tempfile.TemporaryDirectory(prefix='memtrace-cost-') as folder:
        for name, command in WORKLOADS.items():
            count, events = counted(build, command, folder, LIMITS.get(name, '0'))
            if not count or not events:
                sys.exit('%s: nothing counted: %d instructions, %d events' % (name, count, events))
            now, before = round(count / events, 1), known.get(name)
            print('%s: %.1f instructions per event (%s with %s)' % (name, now, before or 'none recorded', compiler))
            failed = failed or bool(before and now > before * ROOM.get(name, 1.05))
            known[name] = now
    if '--record' in sys.argv:
        with open(RECORDED, 'w') as f:
            json.dump(recorded, f, indent=1, sort_keys=True)
            f.write('\n')
    elif failed:
        sys.exit('more than was recorded')


main()
