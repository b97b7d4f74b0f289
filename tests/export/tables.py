# SPDX-License-Identifier: MIT
"""csv and ndjson: flat, all columns always there, the same in both, with the report's figures."""
import csv
import json
import os
import re

from logs import check, line_of, run, same

TABLES = ('logs', 'sites', 'lines', 'timeline')


def rows_of(logs, form, name, table):
    path = logs.export(form, name, '--table', table)
    with open(path, newline='', encoding='utf-8') as file:
        if form == 'csv':
            return list(csv.DictReader(file, strict=True))
        return [json.loads(line) for line in file]


def as_csv(value, table, column):
    if isinstance(value, list):
        return (';' if column == 'stack' else ' ').join(one.replace(';', ':') if column == 'stack' else one for one in value)
    return '' if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def tables(logs):
    for name in 'plain', 'python', 'small', 'family':
        for table in TABLES:
            lines, cells = rows_of(logs, 'ndjson', name, table), rows_of(logs, 'csv', name, table)
            if name == 'small' and table == 'timeline':
                continue  # no room for samples
            check(lines and len({tuple(row) for row in lines}) == 1, 'the same columns in each row', name, table)
            same([{column: as_csv(value, table, column) for column, value in row.items()} for row in lines], cells, 'csv and ndjson of %s' % table)
        figures = logs.figures(name)
        rows, sites = rows_of(logs, 'ndjson', name, 'logs'), rows_of(logs, 'ndjson', name, 'sites')
        for column, figure in ('peak_bytes', 'peak_bytes'), ('live_bytes', 'live_bytes'), ('leaked_bytes', 'leaked_bytes'), ('allocs', 'allocations'), \
                ('allocated_bytes', 'allocated_bytes'):
            same(sum(row[column] for row in rows), figures[figure], '%s in logs of %s' % (column, name))
            same(sum(row[column] for row in sites), figures[figure], '%s in sites of %s' % (column, name))
        same(len({row['log_id'] for row in rows}), 3 if name == 'family' else 1, 'ids of logs')
        same({row['log_id'] for row in sites}, {row['log_id'] for row in rows}, 'ids in sites')
        same(sum(row['freed_bytes'] for row in sites), figures['allocated_bytes'] - figures['leaked_bytes'], 'what was released')
    report = logs.build.report(logs.log('plain'))
    row, = rows_of(logs, 'ndjson', 'plain', 'logs')
    same((row['pid'], row['parent_pid'], row['exe'], row['argv'], row['end'], row['exit_status'], row['duration_ns'], row['peak_ns'], row['host'], row['program'], row['log']),
         (report['pid'], report['parent_pid'], report['program'], report['argv'], 'exit', 0, report['duration_ns'], report['peak_time_ns'], os.uname().nodename[:63], 'plain', logs.log('plain')), 'of a log')
    notes = run(['readelf', '-n', logs.program('plain')]).out
    same(row['build_id'], re.search(r'Build ID: ([0-9a-f]+)', notes)[1], 'build-id')
    same([one['program'] for one in rows_of(logs, 'ndjson', 'python', 'logs')], ['script.py'], "a script's name")
    lines = {(row['function'], row['line']): row for row in rows_of(logs, 'ndjson', 'plain', 'lines')}
    keep = lines['keep', line_of('plain.c', 'KEEP')]
    same((keep['increment_bytes'], keep['peak_bytes'], keep['own_peak_bytes'], keep['live_bytes'], keep['allocs']), (2000000, 2000000, 2000000, 1000000, 2), 'keep()')
    temporary = lines['temporaries', line_of('plain.c', 'TEMPORARY')]
    same((temporary['rise_bytes'], temporary['allocs'], temporary['allocated_bytes']), (100, 10000, 1000000), 'temporaries()')
    same(sum(row['own_allocated_bytes'] for row in lines.values()), report['allocated_bytes'], "lines' own figures add up")
    sites = rows_of(logs, 'ndjson', 'plain', 'sites')
    deep = next(row for row in sites if row['leaf_function'] == 'recurse' and row['allocs'])
    same(deep['stack'][-1], 'recurse (plain.c:%d)' % line_of('plain.c', 'DEEP'), 'the innermost frame is the last')
    same(len([row for row in sites if row['leaf_function'] == 'keep']), 2, 'two stacks end in keep()')
    same(sum(row['peak_blocks'] for row in sites), 3, 'blocks at the peak')
    curve = rows_of(logs, 'ndjson', 'python', 'timeline')
    check([row['t_ns'] for row in curve] == sorted(row['t_ns'] for row in curve), 'in the order of time')
    same(max(row['level_max_bytes'] for row in curve), logs.figures('python')['peak_bytes'], 'the peak in the curve')
    check({'first', 'second'} <= {row['thread'] for row in rows_of(logs, 'ndjson', 'threads', 'sites')}, 'threads')
    # A stack keeps its id from run to run, also where its lines moved.
    again = logs.trace([logs.program('plain')], logs.folder + '/again.mt')
    logs.known['again'] = again
    same({row['stack_id'] for row in rows_of(logs, 'ndjson', 'again', 'sites')}, {row['stack_id'] for row in sites}, 'ids of stacks')
