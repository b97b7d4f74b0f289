# SPDX-License-Identifier: MIT
"""A fleet: 1,000 logs of five services, on 50 hosts, of two builds, merged, exported and asked by the README's queries in DuckDB.

What the answers are the programs say themselves. Memory does not grow with the number of logs."""
import collections
import json
import os
import re
import shutil
import subprocess
import time

import logs as known
from logs import check, run, same
from support.npm import packages

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SERVICES, LOGS, FEW, HOSTS = ('cart', 'mail', 'search', 'user', 'pay'), 1000, 100, 50
DAY = 86400 * 10**9
TABLES = ('logs', 'sites', 'lines')


def queries():
    """The three of the README's section "A fleet"."""
    with open(os.path.join(ROOT, 'README.md'), encoding='utf-8') as file:
        section = file.read().split('\n### A fleet\n')[1].split('\n### ')[0]
    found = re.findall(r'^```sql\n(.*?)^```$', section, re.M | re.S)
    same(len(found), 3, 'queries in the README')
    return found


def compile_builds(logs):
    """A folder for each build, in which each service is a copy of the program."""
    for build, flags in ('yesterday', []), ('today', ['-DTODAY']):
        folder = os.path.join(logs.folder, 'builds', build)
        os.makedirs(folder)
        program = os.path.join(folder, SERVICES[0])
        done = run(['cc', '-g', '-O1', '-fno-optimize-sibling-calls', '-o', program, os.path.join(HERE, 'service.c'), *flags])
        check(not done.status, 'cc', done.err)
        for service in SERVICES[1:]:
            shutil.copy(program, os.path.join(folder, service))


def compile_resident(logs):
    done = run(['cc', '-o', os.path.join(logs.folder, 'resident'), os.path.join(HERE, 'resident.c')])
    check(not done.status, 'cc', done.err)


def set_header(path, host, earlier):
    """As if the log came from another host, and from so many ns ago."""
    with open(path, 'r+b') as file:
        for offset in 32, 992:  # start_real, process_start
            file.seek(offset)
            value = int.from_bytes(file.read(8), 'little')
            file.seek(offset)
            file.write((value - earlier).to_bytes(8, 'little'))
        file.seek(656)
        file.write(host.encode().ljust(64, b'\0'))


class Run:
    """A process: its service, host and build, and what it said that it took, as (function, line, bytes)."""

    def __init__(self, logs, number):
        self.service, self.host = SERVICES[number % len(SERVICES)], 'web%02d' % (number // len(SERVICES) % HOSTS)
        self.build = 'yesterday' if number % 2 else 'today'
        self.log = os.path.join(logs.folder, 'logs', '%s.%d.mt' % (self.service, number))
        done = subprocess.run([os.path.join(logs.folder, 'builds', self.build, self.service), str(number)], env=logs.build.traced(self.log),
                              capture_output=True, text=True, check=True)
        self.took = [(function, int(line), int(size)) for function, line, size in (row.split() for row in done.stdout.splitlines())]
        set_header(self.log, self.host, DAY if self.build == 'yesterday' else 0)


def work(logs, count):
    """Merges and exports the first `count` logs: {what: (seconds, peak of the resident set in kB)}"""
    folder, figures = os.path.join(logs.folder, 'of%d' % count), {}
    os.makedirs(os.path.join(folder, 'logs'))
    for name in sorted(os.listdir(os.path.join(logs.folder, 'logs')), key=lambda name: int(name.split('.')[1]))[:count]:
        os.link(os.path.join(logs.folder, 'logs', name), os.path.join(folder, 'logs', name))
    commands = {table: ['export', '--format', 'ndjson', '--table', table, '-o', table + '.ndjson', 'logs'] for table in TABLES}
    commands['merge'] = ['merge', '-o', 'all.mt', 'logs']
    for what, command in commands.items():
        begin = time.monotonic()
        done = run([os.path.join(logs.folder, 'resident'), logs.build.memtrace, *command], cwd=folder)
        check(not done.status, what, done.status, done.err[-1000:])
        figures[what] = time.monotonic() - begin, int(done.out)
    return figures


def ask(logs, modules, count):
    files = []
    for number, query in enumerate(queries(), 1):
        files.append(os.path.join(logs.folder, '%d.sql' % number))
        with open(files[-1], 'w') as file:
            file.write(query)
    done = run(['node', os.path.join(HERE, 'queries.mjs'), modules, os.path.join(logs.folder, 'of%d' % count), *files])
    check(not done.status, 'DuckDB', done.err[-3000:])
    return json.loads(done.out)


def top_lines(runs, rows):
    """The lines that hold most, over all hosts."""
    held, hosts = collections.Counter(), collections.defaultdict(set)
    for one in runs:
        for function, line, size in one.took:
            held[function, line] += size
            hosts[function, line].add(one.host)
    own = {(row['function'], int(row['line'])): row for row in rows if (row['file'] or '').endswith('service.c')}
    same({key: (int(row['peak_bytes']), int(row['hosts'])) for key, row in own.items()}, {key: (size, len(hosts[key])) for key, size in held.items()}, 'lines over all hosts')
    same([(row['function'], int(row['line'])) for row in rows][:len(held)], [key for key, _ in held.most_common()], 'the most first')


def new_lines(runs, rows):
    """What today's build has and yesterday's had not: not what only moved."""
    new = [one for one in runs if any(function == 'prefetch' for function, _, _ in one.took)]
    wanted = {(one.service, 'prefetch', line) for one in new for function, line, _ in one.took if function == 'prefetch'}
    same({(row['program'], row['leaf_function'], int(row['leaf_line'])) for row in rows}, wanted, 'new lines')
    row, = rows
    same((int(row['peak_bytes']), int(row['processes'])), (sum(size for one in new for function, _, size in one.took if function == 'prefetch'), len(new)), 'its figures')


def per_service(runs, rows):
    for row in rows:
        mine = [one for one in runs if one.service == row['program']]
        peaks = [sum(size for _, _, size in one.took) for one in mine]
        same((int(row['processes']), int(row['hosts']), int(row['largest_peak']), int(row['all_peaks']), int(row['left_bytes'])),
             (len(mine), len({one.host for one in mine}), max(peaks), sum(peaks), sum(one.took[0][2] for one in mine)), row['program'])
    same([row['program'] for row in rows], sorted(SERVICES, key=lambda service: -sum(size for one in runs if one.service == service for _, _, size in one.took)), 'services')


def merged(logs, runs, count):
    """The merged log has the sums of all."""
    path = os.path.join(logs.folder, 'of%d' % count, 'all.mt')
    report = logs.build.report(path)
    total = sum(size for one in runs for _, _, size in one.took)
    same((report['peak_bytes'], report['leaked_bytes']), (total, sum(one.took[0][2] for one in runs)), 'the merged log')
    check(any('merged out of the logs of {:,} processes'.format(count) in note for note in report['notes']), 'its note', report['notes'])


def queried(logs):
    modules = packages(os.path.dirname(known.__file__), logs.build.path('export-tests'))
    os.makedirs(os.path.join(logs.folder, 'logs'))
    os.environ['XDG_CACHE_HOME'] = os.path.join(logs.folder, 'cache')  # of symbols
    compile_builds(logs)
    compile_resident(logs)
    begin = time.monotonic()
    runs = [Run(logs, number) for number in range(LOGS)]
    print('%d runs: %.1f s' % (LOGS, time.monotonic() - begin))
    print('their logs: %.1f MB' % (sum(os.stat(one.log).st_blocks for one in runs) * 512 / 1e6))
    figures = {}
    logs.build.view('export', '--format', 'ndjson', runs[0].log, runs[1].log)  # from here on the symbols of both builds are in the cache
    for count in FEW, LOGS:
        figures[count] = work(logs, count)
        merged(logs, runs[:count], count)
        answers = ask(logs, modules, count)
        for rows, check_rows in zip(answers['rows'], (top_lines, new_lines, per_service)):
            check_rows(runs[:count], rows)
        sizes = {table: os.path.getsize(os.path.join(logs.folder, 'of%d' % count, table + '.ndjson')) for table in TABLES}
        print('%d logs:' % count, ', '.join('%s %.2f s %.1f MB' % (what, seconds, kb / 1000) for what, (seconds, kb) in figures[count].items()),
              '| tables', {table: '%.1f MB' % (size / 1e6) for table, size in sizes.items()},
              '| queries', ['%.2f s' % one for one in answers['seconds']], '%.0f MB' % (answers['resident'] / 1000), flush=True)
    for what, (_, kb) in figures[LOGS].items():
        few = figures[FEW][what][1]
        check(kb <= few + few / 10 + 1000, 'memory does not grow with the number of logs: kB for %s' % what, few, kb)
