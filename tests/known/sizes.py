# SPDX-License-Identifier: MIT
"""How large the blocks of a call site were, and which ones were temporary: as the program counts them itself."""
import json
import re

from common import WRONG, problem
from support.running import Failed, run

BEGIN = 3  # sizes below 2^3 are one number


def by_site(account):
    """As memtrace has it: the smallest powers together."""
    for figures in account.values():
        powers = {}
        for power, count in figures.pop('powers').items():
            at = max(BEGIN - 1, int(power))
            powers[at] = powers.get(at, 0) + count
        figures['powers'] = powers
    return account


def reported(document, names):
    """The same of `memtrace sites --histogram --json`: by the function that the call site is in."""
    sums = {name: {'temporary': 0, 'temporary_bytes': 0, 'powers': {}} for name in names}
    for site in document['sites']:
        name = site['node'] is not None and document['frames'][document['tree'][site['node']][1]]['function']
        if name not in sums:
            continue
        for key in ('temporary', 'temporary_bytes'):
            sums[name][key] += site[key]
        for size in site['sizes']:
            power = size['to_bytes'].bit_length() - 1
            if size['from_bytes'] != (0 if power < BEGIN else 1 << power) or size['to_bytes'] != (2 << power) - 1:
                raise ValueError('a range of %r' % size)
            sums[name]['powers'][power] = sums[name]['powers'].get(power, 0) + size['allocations']
        if sum(size['allocations'] for size in site['sizes']) != site['allocations']:
            raise ValueError('sizes of %d allocations: %r' % (site['allocations'], site['sizes']))
    return sums


def differences(account, got):
    bad = []
    for name, truth in account.items():
        for key, value in truth.items():
            if got[name][key] != value:
                bad.append('%s: %s is %s, should be %s' % (name, key, got[name][key], value))
    return bad


def text_of_bars(tests, log, document):
    """The numbers beside the bars, call site by call site."""
    done = run([tests.build.path('memtrace'), 'sites', '--histogram', '-n', '0', '--all', log])
    if done.status or done.err:
        raise Failed('sites --histogram: status %d: %s' % (done.status, done.err))
    shown = [int(n.replace(',', '')) for n in re.findall(r'^ {5} +\d[^\n]*? (?:B|[KMGT]iB|more) +([\d,]+)  ', done.out, re.M)]
    right = sum(size['allocations'] for site in document['sites'] for size in site['sizes'])
    return [] if sum(shown) == right else ['bars of %d allocations, should be %d' % (sum(shown), right)]


def metric(tests, log, document):
    """Every view that ranks by it has the same sum."""
    whole = sum(site['temporary'] for site in document['sites'])
    bad = []
    done = run([tests.build.path('memtrace'), 'tree', '--json', '--metric', 'temporary', log])
    tree = json.loads(done.out)
    if tree['nodes'][0]['total'] != whole:
        bad.append('tree --metric temporary: %r, should be %d' % (tree['nodes'][0]['total'], whole))
    done = run([tests.build.path('memtrace'), 'report', '--metric', 'temporary', '--by', 'thread', '--json', log])
    rows = json.loads(done.out)['table']['rows']
    if sum(row['temporary'] for row in rows) != whole:
        bad.append('report by thread: %d, should be %d' % (sum(row['temporary'] for row in rows), whole))
    return bad


def sizes_run(tests, command):
    try:
        output, logs = tests.traced(command)
        account = by_site(json.loads(output))
        log = logs[0][1]
        done = run([tests.build.path('memtrace'), 'sites', '--json', '--histogram', '-n', '0', log])
        if done.status:
            raise Failed('sites --json: status %d: %s' % (done.status, done.err))
        document = json.loads(done.out)
        bad = differences(account, reported(document, account))
        bad += text_of_bars(tests, log, document) + metric(tests, log, document)
        bad += tests.build.unsound(log)
        if not any(figures['temporary'] for figures in account.values()):
            bad.append('the program had no temporary blocks: nothing was tested')
    except WRONG as e:
        bad = problem(e)
    return bad


def sizes(tests):
    for level in ('O0', 'O2'):
        for threads in (1, 2, 4):
            for seed in range(1, 4):
                command = [tests.program('sizes-' + level), str(threads), str(seed)]
                tests.result('sizes-%s, %d threads, seed %d' % (level, threads, seed), sizes_run(tests, command))
