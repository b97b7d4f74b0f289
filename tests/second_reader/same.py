# SPDX-License-Identifier: MIT
"""Two logs of the same run of a program, made by two libraries or in two versions: what is in them, record by record."""
from second_reader.log import NATIVE, THREAD_ROOT

SUMS = ('allocations', 'allocated', 'gone', 'gone_count', 'releases', 'released', 'temporary', 'temporary_bytes', 'discards', 'discarded')


def keys_of(log, counts):
    """Of each node: its path. With `counts` all threads are one. The tracker's own frames are those of different files."""
    own = [i for i, m in log.modules.items() if m['path'].endswith(b'/libmemtrace.so')]
    keys = [0] * len(log.parent)
    for i in range(1, len(log.parent)):
        kind, owner, value = log.frames[log.frame_of[i]]
        keys[i] = hash((keys[log.parent[i]], kind, 0 if counts and kind == THREAD_ROOT else owner, 0 if kind == NATIVE and owner in own else value))
    return keys


def records_of(log, counts):
    """(path, class) -> all that is known of it, and path -> its rises; with `counts` only what does not depend on the order of threads."""
    keys, records, rises = keys_of(log, counts), {}, {}
    for (node, class_), figures in log.counters.items():
        key = keys[node], class_
        if not counts:
            records[key] = (dict(figures, slack=0, resident=0), log.sizes.get((node, class_)), log.live_peak.get((node, class_)),
                            max(log.events.get(node, ()), default=None))
            continue
        sizes = log.sizes.get((node, class_), [0] * 45)
        known = records.setdefault(key, ({name: 0 for name in SUMS}, [0] * 45))
        for name in SUMS:
            known[0][name] += figures[name]
        known[1][:] = [a + b for a, b in zip(known[1], sizes)]
    for node in range(1, len(log.parent)):
        if not counts:
            rises[keys[node]] = log.rise[node], log.alone[node]
    return records, rises


def same(one, other, counts=False):
    """What differs, in lines, and how many records and rises were compared."""
    (a, rises_a), (b, rises_b) = records_of(one, counts), records_of(other, counts)
    lines = []
    for what, x, y in (('record', a, b), ('rise', rises_a, rises_b)):
        for key in sorted(set(x) | set(y), key=str):
            if x.get(key) != y.get(key):
                lines.append('%s %r: %r, %r' % (what, key, x.get(key), y.get(key)))
    return lines, len(a), len(rises_a)
