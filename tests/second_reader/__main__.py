#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A second reader of memtrace's logs, written from interpose/FORMAT.md and sharing nothing with the first (report/).

    python3 tests/second_reader LOG...                      check the log, print what is in it as JSON
    python3 tests/second_reader --same [--counts] A B       compare two logs of the same run, record by record; --counts: only
                                                            what does not depend on the order of threads
    python3 tests/second_reader --compare MEMTRACE LOG...   check, and compare with what `memtrace report --json` and
                                                            `memtrace sites --json` say; prints differences alone

Exit status: 0 sound (and the same), 1 an invariant is broken or figures differ, 2 not a log, or memtrace failed.
"""
import argparse
import json
import os
import sys

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
from second_reader.check import check  # noqa: E402
from second_reader.compare import Failed, compare  # noqa: E402
from second_reader.lines import line_figures, python_lines  # noqa: E402
from second_reader.log import CLASSES, Log, NotALog, text  # noqa: E402
from second_reader.same import same  # noqa: E402


def describe(log):
    totals = log.totals()
    sites = []
    for (node, class_), figures in sorted(log.counters.items()):
        stack = [log.frame_text(log.frame_of[n]) for n in reversed(log.path(node))]
        sites.append(dict({k: v for k, v in figures.items()}, **{
            'class': CLASSES[class_], 'stack': stack, 'live': figures['allocated'] - figures['gone']}))
    lines = [dict(line_figures(v), file=k[0], line=k[1], function=k[2])
             for k, v in sorted(python_lines(log).items(), key=str)]
    return dict(log=log.name, program=text(log.exe or b''), argv=[text(a) for a in log.argv], pid=log.pid,
                end=log.end, exit_status=log.exit_status, level=log.level, peak=log.peak, classes=totals,
                dropped_events=log.dropped_events, dropped_bytes=log.dropped_bytes,
                unknown_releases=log.unknown_releases, cut_stacks=log.cut_stacks, python_missed=log.python_missed,
                python_arenas_bytes=log.python_arenas, python_arenas_peak_bytes=log.python_arenas_peak,
                threads=len(log.threads) - 1, notes=[text(n[1]) for n in log.notes], problems=log.problems,
                python_lines=lines, sites=sites)


def compare_two(one, other, counts):
    try:
        lines, records, rises = same(Log(one), Log(other), counts)
    except (NotALog, OSError) as e:
        sys.stderr.write('%s\n' % e)
        return 2
    for line in lines[:4]:
        print(line)
    print('%d records and %d rises compared, %d differ' % (records, rises, len(lines)))
    return 1 if lines else 0


def main():
    parser = argparse.ArgumentParser(description='read and check memtrace logs')
    parser.add_argument('--compare', metavar='MEMTRACE')
    parser.add_argument('--same', action='store_true')
    parser.add_argument('--counts', action='store_true')
    parser.add_argument('log', nargs='+')
    args = parser.parse_args()
    if args.same:
        return compare_two(*args.log, args.counts)
    status = 0
    for name in args.log:
        try:
            log = Log(name)
        except (NotALog, OSError) as e:
            sys.stderr.write('%s: %s\n' % (name, e))
            status = 2
            continue
        check(log)
        bad = list(log.problems)
        if args.compare:
            try:
                bad += compare(log, args.compare)
            except Failed as e:
                sys.stderr.write('%s\n' % e)
                sys.exit(2)
        else:
            json.dump(describe(log), sys.stdout, indent=1)
            sys.stdout.write('\n')
        for line in bad:
            sys.stderr.write('%s: %s\n' % (name, line))
        if bad:
            status = max(status, 1)
    sys.exit(status)


if __name__ == '__main__':
    main()
