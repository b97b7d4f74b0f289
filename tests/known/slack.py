# SPDX-License-Identifier: MIT
"""Slack: what the allocator itself says that the blocks at the end can hold beyond what was asked for; and where it can't be known."""
import json
import os
import re

from common import WRONG, problem
from support.running import Failed, run


def by_function(document):
    sums = {}
    for site in document['sites']:
        name = site['node'] is not None and document['frames'][document['tree'][site['node']][1]]['function']
        sums[name] = sums.get(name, 0) + site['slack_bytes']
    return sums


def view(tests, *arguments, status=0):
    done = run([tests.build.path('memtrace'), *arguments])
    if done.status != status:
        raise Failed('%s: status %d: %s' % (' '.join(arguments), done.status, done.err))
    return done


def known(tests, log, account):
    """What is wrong with the log of a program that told its own slack."""
    sites = json.loads(view(tests, 'sites', '--json', '-n', '0', '--all', log).out)
    got = by_function(sites)
    bad = ['%s: slack is %s, should be %d' % (name, got.get(name), value) for name, value in account.items() if got.get(name) != value]
    if not sites['slack_known']:
        bad.append('slack is said not to be known')
    whole = sum(site['slack_bytes'] for site in sites['sites'])
    tree = json.loads(view(tests, 'tree', '--json', '--metric', 'slack', log).out)
    if tree['nodes'][0]['total'] != whole:
        bad.append('tree --metric slack: %r, should be %d' % (tree['nodes'][0]['total'], whole))
    rows = json.loads(view(tests, 'report', '--metric', 'slack', '--by', 'thread', '--json', log).out)['table']['rows']
    if sum(row['slack_bytes'] for row in rows) != whole:
        bad.append('report by thread: %d, should be %d' % (sum(row['slack_bytes'] for row in rows), whole))
    first = view(tests, 'sites', '--metric', 'slack', log).out
    best = max(account, key=account.get)
    if not re.search(r'^  1\. .* slack \(.*\n(.*\n)*?       slack\.c:\d+  %s$' % best, first, re.M):
        bad.append('the first call site is not of %s:\n%s' % (best, first[:600]))
    return bad


def unknown(tests, log, words):
    done = view(tests, 'sites', '--metric', 'slack', log, status=1)
    bad = [] if words in done.err and not done.out else ['%r instead of words on %s' % (done.out + done.err, words)]
    if json.loads(view(tests, 'sites', '--json', log).out)['slack_known']:
        bad.append('slack is said to be known')
    return bad


def jemalloc():
    """Its library; None: it is not here."""
    found = [path for folder in ('/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib', '/usr/lib64')
             for path in [folder + '/libjemalloc.so.2'] if os.path.exists(path)]
    return found[0] if found else None


def slack_run(tests, level, how, threads):
    try:
        output, logs = tests.traced([tests.program('slack-' + level), how, str(threads)], jemalloc() if how == 'jemalloc' else None)
        log = logs[0][1]
        if how == '_exit':
            return unknown(tests, log, 'it is looked at when a program finishes, which this one did not')
        if how == 'jemalloc':
            return unknown(tests, log, "the program's allocator is not glibc's")
        return known(tests, log, json.loads(output)) + tests.build.unsound(log)
    except WRONG as error:
        return problem(error)


def slack(tests):
    for level in 'O0', 'O2':
        for how, threads in (('return', 1), ('exit', 1), ('exit', 4), ('_exit', 1), ('jemalloc', 1)):
            if how != 'jemalloc' or jemalloc():
                tests.result('slack-%s %s, %d threads' % (level, how, threads), slack_run(tests, level, how, threads))
