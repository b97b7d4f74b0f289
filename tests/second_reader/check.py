# SPDX-License-Identifier: MIT
"""What must hold of any log."""
from second_reader.log import CLASSES, COUNTED, FLAG_FULL, FLAG_THREADS, THREAD_ROOT, TIMELINE


def check(log):
    """What must hold of any log. Problems go to log.problems."""
    totals = log.totals()
    exact = not log.dropped_events
    listed = exact and not any(log.lost())  # else a thread may have had no entry
    settled = log.end == 1 and not log.flags & FLAG_THREADS
    slack = 0 if settled else log.level_of_live_peak  # bytes of an event under way

    def equal(what, a, b, tolerance=0):
        if abs(a - b) > tolerance:
            log.problem('%s: %d and %d' % (what, a, b))

    for class_, name in enumerate(CLASSES):
        t = totals[name]
        tolerance = slack if class_ in COUNTED else 0 if settled else max(t['peak'], t['level'])
        equal('%s: live and level' % name, t['live'], t['level'], tolerance)
        if t['level'] > t['peak'] + slack:
            log.problem('%s: level %d above its peak %d' % (name, t['level'], t['peak']))
        if exact:
            equal('%s: allocated - released and live' % name, t['allocated'] - t['released'], t['live'], tolerance)
            equal('%s: gone_count and releases' % name, t['gone_count'], t['releases'], 0 if settled else 64)
    live = sum(totals[CLASSES[c]]['live'] for c in COUNTED)
    equal('level and live', log.level, live, slack)
    equal('level and levels of its classes', log.level, sum(log.class_level[c][0] for c in COUNTED), slack)
    if log.level > log.peak + slack:  # the one is raised after the other
        log.problem('level %d above the peak %d' % (log.level, log.peak))
    if not log.flags & FLAG_THREADS:
        held = sum(totals[CLASSES[c]]['at_peak'] for c in COUNTED)
        equal('bytes at peak and the peak', held, log.peak, slack)
        if listed:
            equal('level and the thread\'s level', log.level, sum(t['level'] for t in log.threads), slack)
    elif listed and log.end == 1:
        equal('level and the threads\' levels', log.level, sum(t['level'] for t in log.threads), slack)
    check_periods(log)
    check_threads(log)
    check_timeline(log)
    for node in range(1, len(log.nodes)):
        if log.alone[node] > log.rise[node]:
            log.under_way('node %d: rose alone by %d, and at all by %d' % (node, log.alone[node], log.rise[node]))
    if len(log.half_done) > (0 if settled else len(log.threads) - 1):
        log.problems += log.half_done
    if log.finish_time and exact and settled and not log.flags & FLAG_FULL:  # FINISH may have had no space
        late = sum(figures['late'] for (_, c), figures in log.counters.items() if c in COUNTED)
        equal('live when the program finished, by the records, and the level then', live + late, log.finish_level)


def check_periods(log):
    periods = [m for m in log.marks if m['period']]
    if [m['period'] for m in periods] != list(range(1, log.period + 1)):
        log.problem('periods %r of %d' % ([m['period'] for m in periods], log.period))
    elif periods and not log.flags & FLAG_THREADS:
        if log.peak_before != max(m['peak'] for m in periods):
            log.problem('the highest of the earlier periods is %d, not %d' % (max(m['peak'] for m in periods), log.peak_before))
        if log.period_level != periods[-1]['level']:
            log.problem('period %d began at %d and %d' % (log.period, log.period_level, periods[-1]['level']))
    for kind, owner, value in log.frames:
        if kind == THREAD_ROOT and value > log.period:
            log.problem('thread %d has a root in period %d of %d' % (owner, value, log.period))


def check_threads(log):
    events_of = [0] * len(log.threads)
    root_of = [0] * len(log.nodes)
    for i in range(1, len(log.nodes)):
        root_of[i] = root_of[log.parent[i]] or i
    for (node, _), figures in log.counters.items():
        if not node:
            continue  # events without a node
        kind, owner, _ = log.frames[log.frame_of[root_of[node]]]
        if kind == THREAD_ROOT and owner < len(events_of):
            events_of[owner] += figures['allocations'] + figures['releases'] + figures['discards']
    for i, t in enumerate(log.threads):
        if not i:
            continue
        if t['root'] and (t['root'] >= len(log.nodes) or log.frames[log.frame_of[t['root']]][:2] != (THREAD_ROOT, i)):
            log.problem('thread %d has node %d as its root' % (i, t['root']))
        if t['events'] > events_of[i] + (log.end != 1) + log.dropped_events:
            log.problem('thread %d has %d events, its nodes %d' % (i, t['events'], events_of[i]))
        if not t['leaf']:
            continue
        if t['leaf'] >= len(log.nodes):
            log.problem('thread %d has leaf %d' % (i, t['leaf']))
            continue
        nodes, depth = [], None
        for _, _, raw, before, d, frames in reversed(t['runs']):
            if d != depth:
                nodes += log.outward(int.from_bytes(raw[:4], 'little' if log.order == '<' else 'big'), frames)
            depth = d
            if before >= len(log.nodes):
                log.problem('thread %d: an open stretch after node %d' % (i, before))
        if log.end == 1 and not log.dropped_events and nodes[::-1] != log.path(t['leaf']):
            log.problem('thread %d: its open runs are not those of its last stack' % i)


def check_timeline(log):
    before = 0
    for time, level, level_max, _ in log.entries(TIMELINE, 'QQQQ'):
        if time < before or level > level_max:
            log.problem('timeline: %d after %d, level %d of at most %d' % (time, before, level, level_max))
        if level_max > max(log.peak, log.peak_before) and not log.flags & FLAG_THREADS:
            log.problem('timeline: a level of %d above the peak' % level_max)
        before = time
