# SPDX-License-Identifier: MIT
"""C, C++ and Rust: each program at -O0 and at -O2."""
import json
import os

from common import WRONG, problem
from figures import compare
from support.running import Failed, run


def accounts_in(output):
    """Each process prints one."""
    decoder, accounts, output = json.JSONDecoder(), [], output.strip()
    while output:
        account, end = decoder.raw_decode(output)
        accounts.append(account)
        output = output[end:].strip()
    return accounts


def call_sites(tests, name, log):
    """The call site is the caller of malloc or new: no allocator's frame stands inside of it."""
    if name.startswith(('known_rust', 'known_threads')):
        return []  # their runtimes allocate, too
    bad = []
    for site in tests.build.sites(log):
        inner = site['stack'][0]
        if site['allocations'] and any(frame['function'] == 'main' for frame in site['stack']) and \
                os.path.basename(inner['module'] or '') != name and '__cxa' not in (inner['function'] or ''):
            bad.append('a call site in %s: %s' % (inner['module'], inner['function']))
    return bad


def native(tests):
    folder = tests.build.path('known')
    programs = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    programs = [p for p in programs if p.startswith('known_') and os.access(os.path.join(folder, p), os.X_OK) and
                not os.path.isdir(os.path.join(folder, p)) and not p.startswith(('known_kill', 'known_step'))]
    if not programs:
        tests.result('programs in %s' % folder, ['there are none: were they built?'])
    if not any(p.startswith('known_rust') for p in programs):
        tests.skip('Rust', 'the programs were built without rustc')
    for name in programs:
        for seed in (range(1, 7) if name.startswith('known_random') else ['']):
            native_run(tests, name, [os.path.join(folder, name)] + ([str(seed)] if seed else []))


def native_run(tests, name, command):
    what = ' '.join([name] + command[1:])
    try:
        plain = run(command)
        if plain.status:
            raise Failed('not traced: status %d: %s' % (plain.status, plain.err))
        output, logs = tests.traced(command)
        accounts = accounts_in(output)
        bad = []
        if sorted(pid for pid, _ in logs) != sorted(a['pid'] for a in accounts):
            bad.append('logs of %s, accounts of %s' % ([pid for pid, _ in logs], [a['pid'] for a in accounts]))
        # A process that became another program has two, in this order.
        first = sorted(logs, key=lambda log: log[0])
        for account, (_, log) in zip(sorted(accounts, key=lambda a: a['pid']), first):
            bad += compare(account, tests.build.report(log), lambda name, log=log: tests.build.report(log, '--class', name))
        for _, log in logs:
            bad += tests.build.unsound(log)
            bad += call_sites(tests, name, log)
        lines = sum(len(a['lines']) for a in accounts)
        tests.result('%s: %d lines, %d processes' % (what, lines, len(accounts)), bad)
    except WRONG as e:
        tests.result(what, problem(e))
