#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A full log costs a Python program hardly more than one with room: python_full.py BUILD PYTHON

Instructions of libmemtrace.so per event, counted by callgrind, with and without MEMTRACE_MAX_LOG. Exit status 77: no valgrind here.
"""
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.build import Build  # noqa: E402
from support.callgrind import instructions, skip_without  # noqa: E402

# The log is full before the loop begins: nearly all of it happens at lines that are not in the log.
PROGRAM = '''
import json
kept = []
for i in range(20):
    kept.append(json.loads(json.dumps({str(k): [k, k * 2, "x" * k] for k in range(100)})))
'''
LIMIT = '300000'
MOST = 3  # times as many


def per_event(build, python, folder, limit):
    log = os.path.join(folder, 'log-%s.mt' % limit)
    env = build.traced(log, MEMTRACE_QUIET='1', MEMTRACE_MAX_LOG=limit, PYTHONHASHSEED='0')
    count = instructions([python, '-S', '-c', PROGRAM], env, folder)
    logs = [name for name in os.listdir(folder) if name.startswith('log-%s.' % limit)]  # valgrind itself is a script, and leaves logs too
    reports = [build.report(os.path.join(folder, name)) for name in logs]
    report = max(reports, key=lambda report: report['allocations'])
    return count / (report['allocations'] + report['releases']), report


def main():
    skip_without()
    build, python = Build(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory(prefix='memtrace-cost-') as folder:
        room, _ = per_event(build, python, folder, '0')
        full, report = per_event(build, python, folder, LIMIT)
    notes = [note for note in report['notes'] if 'call site is not known' in note]
    print('%.0f instructions per event, %.0f in a full log: %s' % (room, full, notes))
    if not notes:
        sys.exit('the log was not full')
    if report['python_missed']:
        sys.exit('%d stacks are said to lack their Python frames' % report['python_missed'])
    if full > MOST * room:
        sys.exit('more than %d times as many' % MOST)


main()
