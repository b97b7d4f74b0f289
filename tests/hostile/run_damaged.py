#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Libraries whose unwind tables are damaged: truncated, pointing anywhere, endless. Each child that allocates through one of them ends as
it does without us, and its log can be read.

    run_damaged.py BUILD [WORD...]

A copy that makes the loader itself fail would tell nothing: only .eh_frame_hdr and .eh_frame are changed.
"""
import os
import random
import struct
import sys

from common import Tests

t = Tests(sys.argv[1])
COPIES = 150


def sections(data):
    """Offset and size of each section of a 64-bit ELF file."""
    at, = struct.unpack_from('<Q', data, 0x28)
    size, count, names = struct.unpack_from('<HHH', data, 0x3a)
    heads = [struct.unpack_from('<IIQQQQ', data, at + i * size) for i in range(count)]
    table = heads[names][4]
    found = {}
    for name, _, _, _, offset, length in heads:
        begin = table + name
        found[data[begin:data.index(b'\0', begin)].decode()] = (offset, length)
    return found


def entries(data, frame):
    """Where the CIEs and FDEs begin."""
    at, end = frame[0], frame[0] + frame[1]
    while at + 4 <= end:
        length, = struct.unpack_from('<I', data, at)
        if not length:
            return
        yield at, length
        at += 4 + length


def damage(data, header, frame, places, chance):
    """One kind of damage, at a place made at random."""
    kind = chance.randrange(9)
    at, length = chance.choice(places)
    far = chance.choice((0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0, 0x10000000, 0x00100000, 0xf0000000, 1, 0))
    if kind == 0:  # the length of an entry
        struct.pack_into('<I', data, at, far)
    elif kind == 1:  # which CIE an FDE has
        struct.pack_into('<I', data, at + 4, far)
    elif kind == 2:  # how many entries the header has
        struct.pack_into('<I', data, header[0] + 8, chance.choice((0xffffffff, 0x7fffffff, 100000, 0)))
    elif kind == 3:  # where the header's entries point
        for i in range(header[0] + 12, header[0] + header[1] - 7, 8):
            struct.pack_into('<I', data, i + 4, (far + i) & 0xffffffff)
    elif kind == 4:  # encodings
        data[header[0] + chance.randrange(4)] = chance.randrange(256)
    elif kind == 5:  # instructions: numbers without an end
        begin = at + 4 + chance.randrange(min(5, length), length)
        data[begin:at + 4 + length] = b'\xff' * (at + 4 + length - begin)
    elif kind == 6:  # the whole of both, or what follows some place: zeros or ones
        begin = frame[0] + chance.randrange(frame[1])
        data[begin:frame[0] + frame[1]] = bytes([chance.choice((0, 255))]) * (frame[0] + frame[1] - begin)
    elif kind == 7:  # single bytes of the entries
        for _ in range(chance.choice((1, 5, 50))):
            data[frame[0] + chance.randrange(frame[1])] = chance.randrange(256)
    else:  # single bytes of the header
        for _ in range(chance.choice((1, 5, 50))):
            data[header[0] + chance.randrange(header[1])] = chance.randrange(256)


def copies(count):
    """Paths of damaged copies."""
    with open(t.program('libdamaged_library.so'), 'rb') as f:
        whole = f.read()
    found = sections(whole)
    places = list(entries(whole, found['.eh_frame']))
    for i in range(count):
        data = bytearray(whole)
        chance = random.Random(i)
        for _ in range(chance.choice((1, 1, 2, 4))):
            damage(data, found['.eh_frame_hdr'], found['.eh_frame'], places, chance)
        assert len(data) == len(whole)
        path = t.path(f'copy{i}.so')
        with open(path, 'wb') as f:
            f.write(data)
        yield path


def tables():
    paths = [t.program('libdamaged_library.so'), *copies(COPIES)]
    done = t.both([t.program('damaged'), *paths], t.path('%p.mt'))
    ends = done.out.split('\n')[:-1]
    t.check(ends == [f'{i + 1} status 0' for i in range(len(paths))], 'not all ended well: %s',
            [end for end in ends if not end.endswith('status 0')])
    logs = [name for name in os.listdir(t.path('')) if name.endswith('.mt')]
    t.check(len(logs) == len(paths) + 1, '%d logs', len(logs))
    for name in logs[::10]:
        t.sound(t.path(name))


t.test('tables', tables)
t.end()
