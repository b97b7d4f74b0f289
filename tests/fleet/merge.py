# SPDX-License-Identifier: MIT
"""memtrace merge: figures are the sums of the logs', at every line, call site and class."""
import json
import os
import re
import shutil

from logs import check, run, same

SUMS = ('peak_bytes', 'live_bytes', 'leaked_bytes', 'allocated_bytes', 'released_bytes', 'discarded_bytes', 'allocations', 'releases', 'temporary',
        'temporary_bytes', 'dropped_events', 'unknown_releases', 'events')
LINE_SUMS = ('allocated_bytes', 'released_bytes', 'increment_bytes', 'live_bytes', 'leaked_bytes', 'at_peak_bytes', 'allocations', 'releases', 'temporary', 'temporary_bytes')
SITE_SUMS = ('allocated_bytes', 'released_bytes', 'live_bytes', 'leaked_bytes', 'at_peak_bytes', 'allocations', 'releases', 'temporary', 'temporary_bytes')


def merged(logs, out, *inputs):
    path = os.path.join(logs.folder, out)
    done = run([logs.build.memtrace, 'merge', '-o', path, *inputs])
    same((done.status, done.out), (0, ''), 'merge: ' + done.err)
    return path


def added(rows, key, figures):
    """Sums by key, without rows in which nothing is."""
    sums = {}
    for row in rows:
        to = sums.setdefault(key(row), dict.fromkeys(figures, 0))
        for figure in figures:
            to[figure] += row[figure] or 0
    return {name: row for name, row in sums.items() if any(row.values())}


def line_key(line):
    return (line['file'], line['line'], line['function'], line['language'], line['module'], line.get('address'), line.get('on_return'))


def site_key(site):
    return (site['class'], tuple((f['file'], f['line'], f['function'], f.get('address')) for f in site['stack']))


def histograms(logs, log):
    view = json.loads(logs.build.view('sites', '--json', '-n', '0', '--histogram', log))
    sums = {}
    for site in view['sites']:
        for bucket in site['sizes'] or []:
            key = (site['class'], bucket['from_bytes'])
            sums[key] = sums.get(key, 0) + bucket['allocations']
    return sums


def compare(logs, all_log, inputs):
    """The merged log against its inputs."""
    same(logs.build.unsound(all_log), [], 'the second reader')
    whole, parts = logs.build.report(all_log), [logs.build.report(log) for log in inputs]
    for figure in SUMS:
        same(whole[figure], sum(part[figure] for part in parts), figure)
    for name, figures in whole['classes'].items():
        for figure, value in figures.items():
            same(value, sum(part['classes'][name][figure] for part in parts), '%s %s' % (name, figure))
    rows = lambda reports: [line for report in reports for line in report['lines']]  # noqa: E731
    same(added(rows([whole]), line_key, LINE_SUMS), added(rows(parts), line_key, LINE_SUMS), 'lines')
    highest = {}
    for line in rows(parts):
        highest[line_key(line)] = max(highest.get(line_key(line), 0), line['rise_bytes'] or 0)
    for line in whole['lines']:
        same(line['mem_usage_bytes'], None, 'mem usage of several processes')
        check((line['rise_bytes'] or 0) >= highest[line_key(line)], 'the highest rise', line, highest[line_key(line)])
    sites = [site for log in inputs for site in logs.build.sites(log)]
    same(added(logs.build.sites(all_log), site_key, SITE_SUMS), added(sites, site_key, SITE_SUMS), 'call sites')
    total = {}
    for log in inputs:
        for key, count in histograms(logs, log).items():
            total[key] = total.get(key, 0) + count
    same(histograms(logs, all_log), total, 'sizes')


def merge(logs):
    inputs = [logs.log(name) for name in ('plain', 'inlined', 'threads', 'python')] + logs.members()
    again = logs.trace([logs.program('plain')], os.path.join(logs.folder, 'again.mt'))  # loaded at other addresses
    all_log = merged(logs, 'all.mt', *inputs, again)
    compare(logs, all_log, inputs + [again])
    whole = logs.build.report(all_log)
    check(any('merged out of the logs of 8 processes' in note and 'the peak is the sum of their peaks' in note for note in whole['notes']), 'the note', whole['notes'])
    text = logs.build.view('report', all_log)
    check(re.match(r'8 processes: 4 threads, 2 plain, 1 (inlined|python\S*), 1 ', text), 'the programs', text[:200])
    # One process twice: no node more than once.
    one, two = merged(logs, 'one.mt', logs.log('plain')), merged(logs, 'two.mt', logs.log('plain'), again)
    nodes = lambda log: len(json.loads(logs.build.view('sites', '--json', '-n', '0', log))['tree'])  # noqa: E731
    same(nodes(two), nodes(one), 'stacks of one program at two addresses')
    # Merged logs can be merged, in any order.
    halves = [merged(logs, 'first.mt', *inputs[:3]), merged(logs, 'second.mt', *inputs[3:], again)]
    compare(logs, merged(logs, 'twice.mt', *halves), inputs + [again])
    # Every verb reads it.
    for verb in (['tree'], ['leaks'], ['lines'], ['diff', all_log], ['check', '--max-peak', '1G'], ['top', '--once']):
        done = run([logs.build.memtrace, *verb, all_log])
        check(done.status == 0 and done.out, 'memtrace ' + verb[0], done.status, done.err)
    done = run([logs.build.memtrace, 'timeline', all_log])
    same((done.status, 'has no curve' in done.err), (1, True), 'timeline: ' + done.err)
    for form in 'speedscope', 'collapsed', 'callgrind', 'dhat', 'massif', 'heaptrack', 'csv', 'ndjson':
        logs.known['all'] = all_log
        logs.export(form, 'all')
    done = run([logs.build.memtrace, 'html', '-o', os.path.join(logs.folder, 'all.html'), all_log])
    check(done.status == 0 or 'built without' in done.err, 'html', done.err)


def refuses(logs):
    plain, folder = logs.log('plain'), os.path.join(logs.folder, 'some')
    os.mkdir(folder)
    shutil.copy(plain, os.path.join(folder, 'a.mt'))
    shutil.copy(plain, os.path.join(folder, 'b.mt'))
    out = os.path.join(folder, 'all.mt')

    def said(status, words, *arguments):
        done = run([logs.build.memtrace, 'merge', *arguments])
        check(done.status == status and re.search(words, done.err) and not done.out, 'merge', arguments, done.status, done.err)

    said(2, r'-o LOG is missing', plain)
    said(2, r'there is no|log', '-o', out)
    said(0, r'2 logs merged into .*all.mt; the sum of their peaks is', '-o', out, folder)
    with open(out, 'rb') as file:
        before = file.read()
    said(2, r'all.mt is among the logs', '-o', out, folder)
    with open(out, 'rb') as file:
        same(file.read() == before, True, 'the log is as it was')
    text = os.path.join(folder, 'text')
    with open(text, 'w') as file:
        file.write('precious')
    said(2, r'is no log: it is not overwritten', '-o', text, plain)
    with open(text) as file:
        same(file.read(), 'precious', 'what is no log')
    # A log that can't be read is said and left out; one that is cut counts with what is left of it.
    said(2, r'text: offset 0: ', '-o', os.path.join(folder, 'rest.mt'), plain, text)
    same(logs.build.report(os.path.join(folder, 'rest.mt'))['peak_bytes'], logs.build.report(plain)['peak_bytes'], 'the one that could be read')
    said(2, r'text: offset 0: ', '-o', os.path.join(folder, 'none.mt'), text)
    check(not os.path.exists(os.path.join(folder, 'none.mt')), 'no log of nothing')
    with open(plain, 'rb') as file:
        whole = file.read()
    cut = os.path.join(folder, 'cut.mt')
    with open(cut, 'wb') as file:
        file.write(whole[:len(whole) // 2])
    said(2, r'cut.mt: offset \d+: the file is cut short', '-o', os.path.join(folder, 'with-cut.mt'), plain, cut)
    done = run([logs.build.memtrace, 'report', os.path.join(folder, 'with-cut.mt')])
    same(done.status, 0, 'the merged log is sound: ' + done.err)
