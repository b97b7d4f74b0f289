# SPDX-License-Identifier: MIT
"""Figures of a report against those that are right."""
import os

LINE_KEYS = ('allocated', 'released', 'live', 'allocations', 'releases')
RECURSIVE = ('recursion', 'ping', 'pong', 'even', 'odd', 'deep', 'down', 'first', 'second', 'third')  # more than one of their lines is on the stack at a time


def compare(account, report, of_class):
    """What a program says of itself against memtrace's report: what is wrong. of_class(NAME): the report with --class."""
    bad = []
    if account['failures']:
        bad.append('%d checks of the program failed' % account['failures'])
    if report['dropped_events'] or report['truncated']:
        bad.append('events were dropped, or the log is cut')
    if 'unknown' in account and report['unknown_releases'] != account['unknown']:
        bad.append('unknown_releases: %d, should be %d' % (report['unknown_releases'], account['unknown']))
    inherited = [report['inherited_' + key] for key in ('bytes', 'released_bytes', 'releases')]
    if account['exact'] and inherited != account.get('inherited', [0, 0, 0]):
        bad.append('inherited: %s, should be %s' % (inherited, account['inherited']))
    if account['exact'] and account.get('inherited') and report['unknown_releases']:
        bad.append('%d releases of what was never seen' % report['unknown_releases'])
    if account['exact']:
        if report['cut_stacks'] != account['cut']:
            bad.append('%d stacks are cut, should be %d' % (report['cut_stacks'], account['cut']))
        for name, truth in account['classes'].items():
            bad += differences('class %s' % name, truth, report['classes'][name], LINE_KEYS)
        if not account['threads'] and report['peak_bytes'] != account['peak']:
            bad.append('peak: %d, should be %d' % (report['peak_bytes'], account['peak']))
    found = set()
    for truth in account['lines']:
        bad += compare_line(truth, account, report, found)
    if account['exact']:
        files = set(os.path.basename(l['file']) for l in account['lines'])
        for i, line in enumerate(report['lines']):
            if i not in found and line['user'] and os.path.basename(line['file']) in files:
                bad.append('%s:%s %s has figures, and should have none' % (line['file'], line['line'], line['function']))
    bad += sums_of_functions(report, set(l['file'] for l in report['lines'] if l['user']))
    for name in ('file', 'reserved'):
        if any('by_class' in line and line['by_class'][name]['allocations'] for line in account['lines']):
            bad += compare_class(name, account, of_class(name))
    return bad


def compare_class(name, account, report):
    """Lines of one class, when they are asked for."""
    bad = []
    lines = {(os.path.basename(l['file']), l['line'], l['function']): l for l in report['lines'] if l['user'] and l['file']}
    for truth in account['lines']:
        key = os.path.basename(truth['file']), truth['line'], truth['function']
        line, what = lines.pop(key, None), 'class %s: %s:%d %s' % ((name,) + key)
        if line:
            bad += differences(what, truth['by_class'][name], line, LINE_KEYS)
            if line['rise_bytes'] is not None:
                bad.append('%s: rises are of the level, and this is %s' % (what, line['rise_bytes']))
        elif any(truth['by_class'][name].values()):
            bad.append('%s: not there, should have %s' % (what, truth['by_class'][name]))
    if account['exact']:
        bad += ['class %s: %s:%s %s has figures, and should have none' % ((name,) + key) for key in lines]
    return bad


def compare_line(truth, account, report, found):
    what = '%s:%d %s' % (os.path.basename(truth['file']), truth['line'], truth['function'])
    lines = [i for i, line in enumerate(report['lines']) if same_line(line, truth)]
    found.update(lines)
    figures = [truth[k] for k in LINE_KEYS] + [truth.get('discarded', 0)]
    if not lines:
        return ['%s: not there, should have %s' % (what, figures)] if any(figures) else []
    lines = [report['lines'][i] for i in lines]
    if len(lines) > 1 and not truth['file'].endswith(('.cc', '.rs')):
        return ['%s: there %d times' % (what, len(lines))]
    # Instances of one template are functions of their own.
    merged = {k + ('' if k in ('allocations', 'releases') else '_bytes'): 0 for k in LINE_KEYS + ('at_peak',)}
    for key in merged:
        merged[key] = sum(line[key] for line in lines)
    keys = LINE_KEYS
    if 'rise' in truth:
        merged['rise_bytes'] = max(line['rise_bytes'] for line in lines)
        keys += ('rise',)
    if 'discarded' in truth:
        merged['discarded_bytes'] = sum(line['discarded_bytes'] for line in lines)
        keys += ('discarded',)
    if not account['threads'] and 'at_peak' in truth:
        keys += ('at_peak',)
        if 'at_peak_blocks' in truth:  # no mappings
            merged['at_peak_blocks_bytes'] = sum(line['at_peak_blocks'] for line in lines)
            keys += ('at_peak_blocks',)
    if account['exact'] and not account['threads'] and len(lines) == 1 and any(figures):  # else only the resident set was read
        merged['mem_usage_bytes'] = lines[0]['mem_usage_bytes']
        keys += ('mem_usage',)
    return differences(what, truth, merged, keys)


def same_line(line, truth):
    if line['line'] != truth['line'] or not line['file'] or os.path.basename(line['file']) != os.path.basename(truth['file']):
        return False
    if truth['file'].endswith(('.cc', '.rs')):
        return truth['function'] in (line['function'] or '')
    return line['function'] == truth['function']


def differences(what, truth, figures, keys):
    bad = []
    for key in keys:
        value = figures[key if key in ('allocations', 'releases') else key + '_bytes']
        if value != truth[key]:
            bad.append('%s: %s is %s, should be %s' % (what, key, value, truth[key]))
    return bad


def sums_of_functions(report, files):
    """The lines of a function add up to it, unless it calls itself."""
    bad = []
    for function in report['functions']:
        if function['file'] not in files or any(name in function['function'] for name in RECURSIVE):
            continue
        for key in ('allocated_bytes', 'released_bytes', 'live_bytes', 'at_peak_bytes', 'allocations', 'releases'):
            total = sum(l[key] for l in report['lines'] if l['file'] == function['file'] and
                        l['function'] == function['function'] and l['module'] == function['module'])
            if total != function[key]:
                bad.append('%s: its lines have %s %d, the function %d' % (function['function'], key, total, function[key]))
    return bad
