#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The column Resident against what the kernel says that an untraced run grew by, line by line: run_resident.py BUILD"""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from second_reader.log import Log  # noqa: E402

# The kernel's own figure is made of counters of each processor and task: 64 pages, and pages of the steps themselves. And the
# resident set is read when the level has changed by a MiB: as much may count for a neighbour.
SLACK = 3 << 19


def full_log(build, program, truth, folder):
    """In a log that has no room for any stack, what grows is at no call site. What is wrong."""
    path = os.path.join(folder, 'full.mt')
    env = dict(os.environ, LD_PRELOAD=os.path.join(build, 'libmemtrace.so'), MEMTRACE_OUTPUT=path, MEMTRACE_QUIET='1', MEMTRACE_MAX_LOG='1')
    subprocess.run([program], check=True, env=env, stdout=subprocess.DEVNULL)
    log, bad, total = Log(path), [], sum(truth.values())
    if len(log.nodes) > 1:
        bad.append('the log is not full: it has %d nodes' % len(log.nodes))
    lost = sum(figures['resident'] for (node, _), figures in log.counters.items() if not node)
    print('full log: the process grew by %d, no call site by %d' % (total, lost))
    if abs(lost - total) > SLACK + total // 50:
        bad.append('full log: off by %d' % (lost - total))
    return bad


def main():
    build = os.path.abspath(sys.argv[1])
    program = os.path.join(build, 'maps', 'touched')
    truth = {int(line): int(grown) for line, grown in
             (row.split() for row in subprocess.run([program], check=True, stdout=subprocess.PIPE).stdout.decode().splitlines())}
    with tempfile.TemporaryDirectory(prefix='memtrace-maps-') as folder:
        log = os.path.join(folder, 'log.mt')
        env = dict(os.environ, LD_PRELOAD=os.path.join(build, 'libmemtrace.so'), MEMTRACE_OUTPUT=log, MEMTRACE_QUIET='1')
        subprocess.run([program], check=True, env=env, stdout=subprocess.DEVNULL)
        report = json.loads(subprocess.run([os.path.join(build, 'memtrace'), 'report', '--json', log], check=True,
                                           stdout=subprocess.PIPE).stdout)
        bad = full_log(build, program, truth, folder)
    steps = open(os.path.join(HERE, 'touched.c'), encoding='utf-8').read().splitlines()
    main_lines, in_thread = {}, 0
    for line in report['lines']:
        if os.path.basename(line['file'] or '') == 'touched.c' and line['function'] == 'main':
            main_lines[line['line']] = line['resident_bytes']
        elif os.path.basename(line['file'] or '') == 'touched.c' and line['function'] == 'thread':
            in_thread += line['resident_bytes']
    for at, grown in sorted(truth.items()):
        figure = main_lines.get(at, 0)
        if 'in_thread' in steps[at - 1]:
            figure += in_thread  # a thread's stack does not begin in main
        if at == max(truth):
            figure += sum(main_lines.get(n, 0) for n in (at - 2, at - 1))  # a step of three lines
        print('line %d: the process grew by %d, Resident is %d' % (at, grown, figure))
        if abs(figure - grown) > SLACK + grown // 50:
            bad.append('line %d: off by %d' % (at, figure - grown))
    if sum(grown > 8 << 20 for grown in truth.values()) < 5:
        bad.append('the program did not grow as it should: this tests nothing')
    print('\n'.join(bad))
    sys.exit(bool(bad))


if __name__ == '__main__':
    main()
