# SPDX-License-Identifier: MIT
"""A record of COUNTER, of either version, as one."""
COUNTER, HELD = 2, 10
FLAG_HELD = 128
LARGE = {2: 15, 4: 0xffffffff}  # link of a LARGE record, by version
LARGE_BYTES, ALLOC_BYTES = 128, 80


def bytes_of(log, kind):
    two = 1 <= kind <= 5 or kind == 14
    if log.version == 2:
        return 64 if two else 32
    return {0: 8, 13: 40, 14: 64, 15: 24}.get(kind, ALLOC_BYTES if two else 32)


def small(log, at, data):
    _, gone, allocated, allocs, live_peak, saved, last, level, high, held, seq, temporary, temporary_bytes = log.take('IIHHHHQIHHIHH', at, data)
    return bool(gone >> 31), ((allocs & 0x7fff) | (allocs >> 15) << 31, allocated, gone & 0xffff, live_peak, saved, high << 32 | level, last,
                              gone >> 16 & 0x7fff, seq, held, temporary, temporary_bytes)


def record_at(log, unit):
    """(kind, bytes, link, moved, fields), None if there is no whole one. Small records have the kind of large ones; the fields are of
    ALLOC: allocs, allocated, gone, live_peak, saved, level, last, gone_count, saved_seq, held, temporary, temporary_bytes; of RELEASE and
    DISCARD: number, bytes, level, last."""
    data, at = log.regions[COUNTER], unit * log.unit_bytes
    link, = log.take('I', at, data)
    kind, moved, fields = link & 15, False, None
    size = bytes_of(log, kind)
    if at + size > len(data):
        return None
    if kind == 13 and log.version > 2:
        kind = 1
        moved, fields = small(log, at, data)
    elif kind == 15 and log.version > 2:
        _, releases, high, last, level, released = log.take('IHHQII', at, data)
        kind, fields = 6, (releases, released, high << 32 | level, last)
    elif 1 <= kind <= 5 and log.version > 2:
        allocs, allocated, last, gone, live_peak, saved, level, *rest = log.take('4xIQQQQQQIIiIQ', at, data)
        fields = (allocs, allocated, gone, live_peak, saved, level, last, *rest)
    elif 1 <= kind <= 5:
        held, = log.take('i', unit // 2 * 4, log.regions[HELD]) if log.flags & FLAG_HELD else (0,)
        fields = log.take('4xIQQQQQQII', at, data) + (held, 0, 0)
    elif 6 <= kind <= 11:
        fields = log.take('4xIQQQ', at, data)
    return kind, size, link, moved, fields
