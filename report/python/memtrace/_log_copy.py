# SPDX-License-Identifier: MIT
"""A copy of the log that this process is writing, as it is now: in the order that interpose/FORMAT.md gives for such logs.

Threads go on meanwhile: one that Python has joined still has its native end before it. So a node may get another counter record
during the copy, and its chain begins there from then on.
"""

import os
import struct

_HEADER = 8192
_USED, _GROWTH, _EXTENTS = 232, 312, 1024  # in the header; _GROWTH: the file's end, and how many extents
_NODE, _COUNTER, _FRAME, _RECORD, _THREAD, _RUN, _TIMELINE, _STRETCH, _FINISH = range(1, 10)
_ORDER = _THREAD, _RUN, _TIMELINE, _STRETCH, _FINISH, _NODE, _COUNTER, _FRAME, _RECORD
_PIECE = 65536

# All pieces are small: what this takes counts in what is being measured.


def _send(source, target, at, size):
    os.lseek(target, at, os.SEEK_SET)
    while size:
        try:
            sent = os.sendfile(target, source, at, size)
        except OSError:  # not between these two file systems
            sent = os.write(target, os.pread(source, min(size, _PIECE), at))
        if not sent:
            return
        at, size = at + sent, size - sent


def write(source, target):
    """Descriptors: of the log, and of an empty file."""
    _send(source, target, 0, _HEADER)
    used = bytearray(os.pread(source, _GROWTH - _USED, _USED))
    for region in _ORDER:
        used[8 * region:8 * region + 8] = os.pread(source, 8, _USED + 8 * region)
        growth = os.pread(source, 12, _GROWTH)
        end, count = struct.unpack("=QI", growth)
        extents = os.pread(source, min(16 * count, _HEADER - _EXTENTS), _EXTENTS)
        for offset, pages, of in struct.iter_unpack("=QII", extents):
            if of == region:
                _send(source, target, offset, pages * 4096)
    for at, words in (_USED, used), (_GROWTH, growth), (_EXTENTS, extents):
        os.pwrite(target, words, at)
    os.truncate(target, end)
