# SPDX-License-Identifier: MIT
"""Damaged, cut, empty and foreign files: memtrace says what is wrong, and exits."""
import json
import os
import re
import sys

from support.running import run

SECOND_READER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'second_reader')


def damaged(tests):
    _, logs = tests.traced([tests.program('known_stack-O0')])
    (_, log), = logs
    with open(log, 'rb') as f:
        good = f.read()
    cases = [
        ('empty', b'', False), ('one byte', b'm', False), ('magic alone', good[:8], False),
        ('half a header', good[:4096], False), ('text', b'Line #    Mem usage\n' * 1000, False),
        ('an ELF file', open(tests.build.tracker, 'rb').read(), False), ('zeros', bytes(len(good)), False),
        ('another version', good[:8] + b'\xff\0\0\0' + good[12:], False),
        ('the other byte order', good[:16] + b'\1\2\3\4' + good[20:], False),
        ('cut in the middle', good[:len(good) // 2], True), ('cut by a page', good[:-4096], True),
        ('the header alone', good[:8192], True),
        ('an extent far away', good[:1024] + b'\xff' * 7 + b'\0' + good[1032:], True),
        ('an unknown region', good[:1036] + b'\x63\0\0\0' + good[1040:], True),
    ]
    for what, data, readable in cases:
        name = os.path.join(tests.fresh(), 'damaged.mt')
        with open(name, 'wb') as f:
            f.write(data)
        tests.result('damaged: %s' % what, damaged_case(tests, name, readable))
    tests.result('damaged: a file that is not there', damaged_case(tests, os.path.join(tests.fresh(), 'none.mt'), False, ''))
    tests.result('damaged: a directory', damaged_case(tests, tests.fresh(), False, ''))
    garbled(tests, good)
    caught(tests, good)


def damaged_case(tests, name, readable, place='offset [0-9]+: '):
    bad = []
    for verb in (['report'], ['report', '--json'], ['lines'], ['sites'], ['sites', '--json']):
        done = run([tests.build.memtrace] + verb + [name])
        if done.status != 2:
            bad.append('%s: status %d, should be 2: %s' % (' '.join(verb), done.status, done.err))
        if not re.match(r'memtrace: %s: %s\S' % (re.escape(name), place), done.err):
            bad.append('%s: says %r' % (' '.join(verb), done.err))
        if done.out.strip() and not readable:
            bad.append('%s: %d bytes of output, should be none' % (' '.join(verb), len(done.out)))
        if readable and not done.out.strip() and (verb == ['report'] or '--json' in verb):
            bad.append('%s: shows nothing of what is readable' % ' '.join(verb))
        if readable and '--json' in verb and done.out:
            json.loads(done.out)
    return bad


def garbled(tests, good):
    """Bytes are changed at random: memtrace may print any figures or message, and exits."""
    state, bad, name = 12345, [], os.path.join(tests.fresh(), 'garbled.mt')
    used = [i for i in range(len(good)) if good[i]]
    for case in range(60):
        data = bytearray(good)
        for _ in range(1 + case % 8):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            data[used[(state >> 33) % len(used)]] = state >> 24 & 255
        with open(name, 'wb') as f:
            f.write(data)
        for verb in (['report', '--json'], ['report'], ['sites']):
            done = run([tests.build.memtrace] + verb + [name])
            # With status 0 there may be a warning of a module that has another name or build-id now.
            if done.status not in (0, 2) or done.status == 2 and not done.err or \
                    re.search('[\0-\10\13-\37\177]', done.out + done.err):
                bad.append('case %d: %s: status %d: %s' % (case, verb, done.status, done.err[-300:]))
            if verb == ['report', '--json'] and done.out:
                json.loads(done.out)
    tests.result('damaged: bytes changed at random', bad)


def caught(tests, good):
    """The second reader finds figures that do not add up."""
    bad, name = [], os.path.join(tests.fresh(), 'wrong.mt')
    node = next(i for i in range(1024, 8192, 16) if good[i + 12] == 1)  # the first extent of NODE
    nodes = int.from_bytes(good[node:node + 8], sys.byteorder)
    for what, at in (('level', 72), ('peak', 80), ('at_peak', 100), ('level of heap', 104), ('peak_seq', 96),
                     ('entries of NODE', 242), ('extents_used', 320), ('parent of node 1', nodes + 20),
                     ('frame of node 2', nodes + 40 + 6)):
        data = bytearray(good)
        data[at] ^= 1
        with open(name, 'wb') as f:
            f.write(data)
        done = run([sys.executable, SECOND_READER, name])
        if done.status not in (1, 2) or 'Traceback' in done.err:
            bad.append('%s is wrong, and the second reader says %d %s' % (what, done.status, done.err[-300:]))
    tests.result('damaged: figures that do not add up, by the second reader', bad)
