#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether the chaos test can fail: beside the library stands one that breaks a promise (fault.c), and the comparison must say so.

    teeth.py BUILD"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from running import Surroundings, adopt, compare  # noqa: E402
from support.build import Build  # noqa: E402
from support.outcome import Outcome  # noqa: E402

FAULTS = {  # what is broken: how that must be called
    'descriptor': 'descriptors', 'descriptor-high': 'descriptors', 'descriptor-flag': 'descriptors', 'pipe': 'descriptors',
    'mask': 'told', 'disposition': 'told', 'thread': 'told', 'umask': 'told', 'environment': 'told', 'locked': 'told', 'errno': 'told',
    'kill': 'status', 'status': 'status', 'output': 'out', 'error': 'err', 'size': 'size', 'hang': 'hang',
}
HANG = 5  # seconds; what hangs here does so for ever


def check(outcome, at, fault):
    words = ['work=5', 'face', 'fork=1[', 'work=5', ']']
    bare = at.run(words, 'arena', False, 300)
    traced = at.run(words, 'arena', True, HANG if fault == 'hang' else 300, fault)
    kinds = {kind for kind, _ in compare(bare, traced, 'arena')}
    wanted = {FAULTS[fault]} if fault else set()
    outcome.result(fault or 'nothing broken', [] if wanted <= kinds and bool(kinds) == bool(wanted) else
                   ['found %s, should find %s' % (sorted(kinds), sorted(wanted))])
    for path in at.logs():
        os.remove(path)


def check_log(outcome, at, how):
    """A log that is cut, spoilt or not there is told."""
    at.run(['work=5'], 'arena', True, 300)
    logs = at.logs()
    if how == 'cut':
        os.truncate(logs[0], os.path.getsize(logs[0]) // 2)
    elif how == 'spoilt':
        with open(logs[0], 'r+b') as f:
            f.write(b'no log')
    elif how == 'gone':
        os.remove(logs[0])
    said = list(at.refused())
    outcome.result('log %s' % how, [] if bool(said) == (how != 'whole') else ['said: %s' % said])


def main():
    outcome = Outcome()
    build = Build(sys.argv[1])
    adopt()
    at = Surroundings(build, build.path('chaos', 'libchaos_fault.so'))
    try:
        for fault in [None, *FAULTS]:
            check(outcome, at, fault)
        for how in 'whole', 'cut', 'spoilt', 'gone':
            check_log(outcome, at, how)
    finally:
        at.end()
    return outcome.status()


if __name__ == '__main__':
    sys.exit(main())
