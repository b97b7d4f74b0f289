#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A second reader of memtrace's logs, written from interpose/FORMAT.md and sharing nothing with the first (report/).

    second_reader.py LOG...                       check the log, print what is in it as JSON
    second_reader.py --compare MEMTRACE LOG...    check, and compare with what `memtrace report --json` and `memtrace sites
                                                  --json` say; nothing is printed but differences

Exit status: 0 sound (and the same), 1 an invariant is broken or figures differ, 2 not a log, or memtrace failed.
"""
import argparse
import json
import struct
import subprocess
import sys

CLASSES = ('heap', 'anonymous', 'file', 'reserved')
COUNTED = (0, 1)  # classes that make up the level
NODE, COUNTER, FRAME, RECORD, THREAD, RUN, TIMELINE = range(1, 8)
ENTRY_BYTES = {NODE: 32, COUNTER: 32, FRAME: 16, RECORD: 1, THREAD: 128, RUN: 32, TIMELINE: 32}
NATIVE, PYTHON, THREAD_ROOT, CUT, UNKNOWN = range(1, 6)
FLAG_FULL, FLAG_FALLBACK, FLAG_PYTHON, FLAG_THREADS = 1, 2, 4, 8
FIGURES = ('allocated', 'released', 'freed', 'at_peak', 'allocations', 'releases', 'frees', 'resident')
INT64_MIN = -2**63


class NotALog(Exception):
    pass


class Log:
    """The file taken apart. What does not hold is a line in `problems`; what is left is safe to follow."""

    def __init__(self, name):
        self.name = name
        self.problems = []
        with open(name, 'rb') as f:
            self.data = f.read()
        self.read_header()
        self.regions = {r: self.region(r) for r in ENTRY_BYTES}
        self.read_records()
        self.read_frames()
        self.read_threads()
        self.read_nodes()

    def problem(self, text):
        self.problems.append(text)

    # ---- header and regions

    def read_header(self):
        data = self.data
        if len(data) < 8192:
            raise NotALog('%d bytes: no room for a header' % len(data))
        if data[:8] != b'memtrace':
            raise NotALog('magic %r' % data[:8])
        order = {b'\4\3\2\1': '<', b'\1\2\3\4': '>'}.get(data[16:20])
        if not order:
            raise NotALog('byte order %r' % data[16:20])
        self.order = order
        (self.version, self.header_bytes, _, self.machine, self.pointer_bits, self.pid, self.parent_pid, self.start_real,
         self.start_mono, self.start_ticks, self.end, self.exit_status, self.end_time, self.level, self.peak,
         self.peak_time, self.peak_seq, self.at_peak) = self.take('IIIHHiiQQQIiQQQQII', 8)
        if self.version != 1 or self.header_bytes != 8192:
            raise NotALog('version %d, header of %d bytes' % (self.version, self.header_bytes))
        levels = self.take('8Q', 104)
        self.class_level = [(levels[2 * i], levels[2 * i + 1]) for i in range(4)]
        (self.dropped_events, self.dropped_bytes, self.unknown_releases, self.cut_stacks, self.python_missed, self.flags,
         self.tick) = self.take('5QII', 168)
        self.used = self.take('8Q', 216)
        self.file_bytes, self.extents_used, _ = self.take('QII', 280)
        (self.period_level, self.peak_before, self.period, _, self.python_arenas,
         self.python_arenas_peak) = self.take('QQIIQQ', 296)
        self.process_start, self.inherited, self.inherited_released, self.inherited_releases = self.take('4Q', 992)
        if self.inherited_released > self.inherited and not self.flags & FLAG_THREADS:
            self.problem('%d of %d inherited bytes are released' % (self.inherited_released, self.inherited))
        if any(data[336:992]):
            self.problem('reserved bytes of the header are not zero')
        if self.extents_used > 448:
            raise NotALog('%d extents' % self.extents_used)
        self.extents = [self.take('QII', 1024 + 16 * i) for i in range(self.extents_used)]
        end = 8192
        for offset, pages, region in sorted(self.extents):
            if offset < end or not 1 <= region <= 7:
                self.problem('extent at %d of region %d: overlaps or is of no known region' % (offset, region))
            end = max(end, offset + pages * 4096)
        if end != self.file_bytes:
            self.problem('file_bytes is %d, the extents end at %d' % (self.file_bytes, end))
        if end > len(data):
            self.problem('the file has %d bytes of %d' % (len(data), end))

    def take(self, fields, offset, data=None):
        return struct.unpack_from(self.order + fields, self.data if data is None else data, offset)

    def region(self, region):
        pieces = [self.data[offset:offset + pages * 4096] for offset, pages, r in self.extents if r == region]
        data = b''.join(pieces)
        need = self.used[region] * ENTRY_BYTES[region]
        if need > len(data):
            self.problem('region %d uses %d bytes of %d' % (region, need, len(data)))
        return data[:need]

    def entries(self, region, fields):
        form = struct.Struct(self.order + fields)
        data = self.regions[region]
        assert form.size == ENTRY_BYTES[region]
        return list(form.iter_unpack(data[:len(data) // form.size * form.size]))

    # ---- records

    def read_records(self):
        data = self.regions[RECORD]
        self.exe = self.cwd = None
        self.argv = []
        self.modules, self.strings, self.codes, self.notes, self.marks, self.counted = {}, {}, {}, [], [], []
        at = 0
        while at < len(data):
            if len(data) - at < 8:
                self.problem('record at %d is cut' % at)
                return
            kind, size = self.take('II', at, data)
            if size < 8 or size % 8 or size > len(data) - at:
                self.problem('record at %d has %d bytes' % (at, size))
                return
            try:
                self.read_record(kind, data[at:at + size])
            except (struct.error, ValueError) as e:
                self.problem('record at %d of kind %d: %s' % (at, kind, e))
            at += size

    def texts(self, record, at, *lengths):
        result = []
        for n in lengths:
            if at + n > len(record):
                raise ValueError('a text of %d bytes at %d' % (n, at))
            result.append(record[at:at + n])
            at += n
        return result

    def once(self, table, number, value):
        if number != len(table) + 1:
            self.problem('id %d comes %dth' % (number, len(table) + 1))
        table[number] = value

    def read_record(self, kind, record):
        if kind == 1:
            self.exe, self.cwd, argv = self.texts(record, 24, *self.take('III', 8, record))
            self.argv = argv.split(b'\0')[:-1] if argv.endswith(b'\0') else argv.split(b'\0')
        elif kind == 2:
            number, id_bytes, base, start, end, path_bytes = self.take('IIQQQI', 8, record)
            build_id, path = self.texts(record, 48, id_bytes, path_bytes)
            self.once(self.modules, number, dict(path=path, build_id=build_id.hex(), base=base, start=start, end=end))
        elif kind == 3:
            number, length = self.take('II', 8, record)
            self.once(self.strings, number, self.texts(record, 16, length)[0])
        elif kind == 4:
            number, file, name, first = self.take('IIII', 8, record)
            self.once(self.codes, number, (file, name, first))
        elif kind == 8:
            period, length, time, level, peak = self.take('IIQQQ', 8, record)
            name = self.texts(record, 40, length)[0]
            self.marks.append(dict(period=period, time=time, level=level, peak=peak, name=text(name)))
        elif kind == 5:
            severity, length = self.take('II', 8, record)
            self.notes.append((severity, self.texts(record, 16, length)[0]))
        elif kind == 7:
            file, length = self.take('II', 8, record)
            self.texts(record, 16, length)
            if file not in self.strings:
                self.problem('source of string %d, which is not there' % file)
        elif kind == 6:
            code, first, count, period = self.take('IIII', 8, record)
            self.counted += [(period, code, first + i - 1 if i else 0) + self.take('QQQ', 24 + 24 * i, record)
                             for i in range(count)]

    # ---- frames and threads

    def read_frames(self):
        self.frames = []
        for i, (value, owner, kind) in enumerate(self.entries(FRAME, 'QII')):
            if i and kind == NATIVE:
                module = self.modules.get(owner)
                if not module:
                    self.problem('frame %d is in module %d, which is not there' % (i, owner))
                elif not module['start'] <= value + module['base'] <= module['end']:
                    self.problem('frame %d: %#x is outside of its module' % (i, value))
            elif i and kind == PYTHON:
                code = self.codes.get(owner)
                if not code:
                    self.problem('frame %d is of code %d, which is not there' % (i, owner))
                elif code[0] not in self.strings or code[1] not in self.strings:
                    self.problem('code %d is named by strings %d and %d, which are not there' % (owner, code[0], code[1]))
                elif not self.flags & FLAG_PYTHON:
                    self.problem('a Python frame, but not the flag')
            elif i and kind == THREAD_ROOT:
                if not 0 < owner < self.used[THREAD]:
                    self.problem('frame %d is of thread %d of %d' % (i, owner, self.used[THREAD]))
            elif i and kind not in (CUT, UNKNOWN, 0):
                self.problem('frame %d is of kind %d' % (i, kind))
            self.frames.append((kind, owner, value))
        if len(set(self.frames)) != len(self.frames):
            self.problem('a frame is there twice')

    def read_threads(self):
        runs = self.entries(RUN, 'qqQIHH')
        self.threads = []
        for i, t in enumerate(self.entries(THREAD, 'iIII16sQqIIII64x')):
            tid, root, leaf, started, name, events, level, first, cap, open_runs, alive = t
            if open_runs > cap or first + open_runs > len(runs):
                self.problem('thread %d has runs %d + %d of %d' % (i, first, open_runs, len(runs)))
                open_runs = 0
            self.threads.append(dict(tid=tid, root=root, leaf=leaf, started=started, events=events, level=level,
                                     name=name.rstrip(b'\0').decode('utf-8', 'replace'), alive=alive,
                                     runs=runs[first:first + open_runs]))

    # ---- nodes and their counters

    def read_nodes(self):
        self.nodes = self.entries(NODE, 'IIIIIIIi')
        self.parent = [0] * len(self.nodes)
        self.frame_of = [0] * len(self.nodes)  # checked
        self.counters = {}  # (node, class) -> figures
        self.runs = {}      # node -> [begin, length, rise, net]
        self.events = {}    # node -> [(last, level), ...] of heap and anonymous records
        self.level_of_live_peak = 0
        claimed = bytearray(len(self.regions[COUNTER]) // 32)
        for i, (parent, frame, chain, _, begin, length, rise, net) in enumerate(self.nodes):
            if not i:  # events without a node
                self.read_chain(0, chain, claimed)
                if parent or frame or begin or length or rise or net:
                    self.problem('node 0 is filled in')
            if not i or not frame:
                continue
            if parent >= i:
                self.problem('node %d has parent %d' % (i, parent))
                continue
            if frame >= len(self.frames):
                self.problem('node %d has frame %d of %d' % (i, frame, len(self.frames)))
                continue
            if (parent == 0) != (self.frames[frame][0] == THREAD_ROOT):
                self.problem('node %d: a root that is no thread, or a thread that is no root' % i)
            self.parent[i], self.frame_of[i] = parent, frame
            wide = self.read_chain(i, chain, claimed)
            if length & 0x80000000:
                if not wide:
                    self.problem('node %d has no record of its wide run' % i)
                    continue
                rise, net = wide
            if length & 0x7fffffff:
                self.runs[i] = [begin, length & 0x7fffffff, rise, net]

    def read_chain(self, node, unit, claimed):
        data, wide = self.regions[COUNTER], None
        while unit:
            if unit >= len(claimed):
                self.problem('node %d has counters at %d of %d' % (node, unit, len(claimed)))
                break
            link, = self.take('I', unit * 32, data)
            kind = link & 15
            units = 2 if 1 <= kind <= 4 else 1
            if unit + units > len(claimed) or any(claimed[unit:unit + units]):
                self.problem('counters at %d belong to two nodes, or are cut' % unit)
                break
            claimed[unit:unit + units] = b'\1' * units
            if 1 <= kind <= 4:
                self.alloc(node, kind - 1, self.take('IIQQQQQQII', unit * 32, data))
            elif 5 <= kind <= 8:
                _, releases, released, level, last = self.take('IIQQQ', unit * 32, data)
                c = self.figures(node, kind - 5)
                c['released'] += released
                c['releases'] += releases
                self.happened(node, kind - 5, last, level, releases)
            elif kind == 9:
                self.figures(node, 0)['resident'] += self.take('q', unit * 32 + 8, data)[0]
            elif kind == 10:
                wide = self.take('qq', unit * 32 + 8, data)
            elif kind:
                self.problem('node %d has counters of kind %d' % (node, kind))
                break
            unit = link >> 4
        return wide

    def figures(self, node, class_):
        c = self.counters.get((node, class_))
        if c is None:
            c = self.counters[node, class_] = dict.fromkeys(FIGURES, 0)
        return c

    def happened(self, node, class_, last, level, count):
        if count and class_ in COUNTED:
            self.events.setdefault(node, []).append((last, level))

    def alloc(self, node, class_, record):
        _, allocs, allocated, freed, live_peak, saved, level, last, frees, saved_seq = record
        live = allocated - freed
        if live < 0 or live_peak < live or live_peak > allocated:
            self.problem('node %d: allocated %d, freed %d, peak of live %d' % (node, allocated, freed, live_peak))
        held = saved if not self.at_peak and saved_seq == self.peak_seq else live
        c = self.figures(node, class_)
        c['allocated'] += allocated
        c['freed'] += freed
        c['allocations'] += allocs
        c['frees'] += frees
        if class_ in COUNTED:
            c['at_peak'] += held
            self.level_of_live_peak = max(self.level_of_live_peak, live_peak)
        self.happened(node, class_, last, level, allocs)

    # ---- what follows from it

    def totals(self):
        result = {}
        for class_, name in enumerate(CLASSES):
            t = dict.fromkeys(FIGURES, 0)
            for (_, c), figures in self.counters.items():
                if c == class_:
                    for key in FIGURES:
                        t[key] += figures[key]
            t['live'] = t['allocated'] - t['freed']
            t['level'], t['peak'] = self.class_level[class_]
            result[name] = t
        return result

    def lost(self):
        """Allocations, bytes of them, and releases that no node is known of."""
        records = [figures for (node, _), figures in self.counters.items() if not node]
        return tuple(sum(r[key] for r in records) for key in ('allocations', 'allocated', 'releases'))

    def settle(self):
        """By FORMAT.md's section on totals: events that were under way."""
        totals = self.totals()
        for class_, name in enumerate(CLASSES):
            t, own = totals[name], self.figures(0, class_)
            for plus, minus in (('freed', 'released'), ('frees', 'releases')):
                more = t[plus] - t[minus]
                own[minus if more > 0 else plus] += abs(more)
            live = t['allocated'] - t['freed'] - max(0, t['released'] - t['freed'])
            self.class_level[class_] = (live, max(live, self.class_level[class_][1]))
        self.level = sum(self.class_level[c][0] for c in COUNTED)
        self.peak = max(self.peak, self.level)

    def path(self, node):
        """Nodes from the root to `node`."""
        path = []
        while node:
            path.append(node)
            node = self.parent[node]
        return path[::-1]

    def outward(self, node, skip, frames):
        """`frames` nodes from `node` outward, after the first `skip`; fewer if the root comes first."""
        nodes = []
        while node and node < len(self.parent) and len(nodes) < skip + frames:
            nodes.append(node)
            node = self.parent[node]
        return nodes[skip:]

    def frame_text(self, frame):
        kind, owner, value = self.frames[frame]
        name = ''
        if kind == NATIVE:
            name = text(self.modules.get(owner, {}).get('path', b''))
        elif kind == PYTHON:
            name = '%s: %s' % self.code_names(owner)
        elif kind == THREAD_ROOT and owner < len(self.threads):
            name = self.threads[owner]['name']
        return [('none', 'native', 'python', 'thread', 'cut', 'unknown')[kind if kind < 6 else 0], name, value]

    def code_names(self, code):
        file, name, _ = self.codes.get(code, (0, 0, 0))
        return text(self.strings.get(file, b'')), text(self.strings.get(name, b''))

    def closed_runs(self):
        """Best run of each node with the open runs closed."""
        best = {node: list(run) for node, run in self.runs.items()}
        for t in self.threads:
            if not t['leaf']:
                continue
            highest = INT64_MIN
            for begin, max_, begin_event, node, skip, frames in reversed(t['runs']):
                highest = max(highest, max_)
                rise = max(0, highest - begin)
                for node in self.outward(node, skip, frames):
                    if node not in best or rise > best[node][2]:
                        best[node] = [begin_event % 2**32, t['events'] - begin_event, rise, t['level'] - begin]
        return best

    def python_lines(self, period=None):
        """(file, line, function) -> figures, by FORMAT.md's section Lines; of one period or of all."""
        key_of_frame = {}
        for i, (kind, owner, value) in enumerate(self.frames):
            if kind == PYTHON:
                file, name = self.code_names(owner)
                key_of_frame[i] = (file, value or None, name)  # line 0: none
        best = self.closed_runs()
        lines, chains = {}, {}
        above = [frozenset()] * len(self.nodes)  # keys on the path, the node's own included
        by_node = {}
        inside = [True] * len(self.nodes)
        for i in range(1, len(self.nodes)):
            kind, _, value = self.frames[self.frame_of[i]]
            inside[i] = inside[self.parent[i]] if kind != THREAD_ROOT else period is None or value == period
        for (node, class_), figures in self.counters.items():
            if class_ in COUNTED:
                by_node.setdefault(node, []).append(figures)
        for i in range(1, len(self.nodes)):
            if not inside[i]:
                continue
            key = key_of_frame.get(self.frame_of[i])
            outer = above[self.parent[i]]
            above[i] = outer | {key} if key else outer
            if key and key not in outer and i in best:
                chains.setdefault((self.parent[i], key), []).append(best[i])
            for figures in by_node.get(i, ()):
                for k in above[i]:
                    line = lines.setdefault(k, no_line())
                    for f in FIGURES:
                        line[f] += figures[f]
            for when in self.events.get(i, ()):
                for k in above[i]:
                    lines[k]['when'] = max(lines[k]['when'], when)
        for (_, key), runs in chains.items():
            if key in lines:
                lines[key]['rise'] = max(lines[key]['rise'], joined_rise(runs))
        self.add_counted(lines, period)
        return lines

    def add_counted(self, lines, period):
        """By FORMAT.md's section Exact lines. Calls stand at the function's first line, if nothing else does."""
        counted = [entry[1:] for entry in self.counted if period in (None, entry[0])]
        own = {(code, line) for code, line, executions, _, _ in counted if line and executions}
        for code, line, executions, level, last in counted:
            if not executions:
                continue
            file, name = self.code_names(code)
            if not line:
                line = self.codes.get(code, (0, 0, 0))[2]
                if (code, line) in own:
                    continue
            figures = lines.setdefault((file, line or None, name), no_line())
            figures['executions'] = (figures['executions'] or 0) + executions
            if last > figures['when'][0]:
                figures['when'] = (last, level)


def text(data):
    return data.decode('utf-8', 'replace')


def no_line():
    return dict(dict.fromkeys(FIGURES, 0), rise=0, when=(-1, 0), executions=None)


def joined_rise(runs):
    """The highest rise of runs of one line, those that are adjacent taken together."""
    follower = {}
    for run in runs:
        follower.setdefault(run[0], run)
    begun = {(begin + length) % 2**32 for begin, length, _, _ in runs}
    highest = max(run[2] for run in runs)
    for run in runs:
        if run[0] in begun and len(runs) > 1:
            continue  # in the middle of a chain
        net = rise = seen = 0
        while run and seen <= len(runs):
            rise = max(rise, net + run[2])
            net += run[3]
            run = follower.get((run[0] + run[1]) % 2**32)
            seen += 1
        highest = max(highest, rise)
    return highest


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
            equal('%s: frees and releases' % name, t['frees'], t['releases'], 0 if settled else 64)
    live = sum(totals[CLASSES[c]]['live'] for c in COUNTED)
    equal('level and live', log.level, live, slack)
    equal('level and levels of its classes', log.level, sum(log.class_level[c][0] for c in COUNTED), slack)
    if log.level > log.peak:
        log.problem('level %d above the peak %d' % (log.level, log.peak))
    if not log.flags & FLAG_THREADS:
        held = sum(totals[CLASSES[c]]['at_peak'] for c in COUNTED)
        equal('held at the peak and the peak', held, log.peak, slack)
        if listed:
            equal('level and the thread\'s level', log.level, sum(t['level'] for t in log.threads), slack)
    elif listed and log.end == 1:
        equal('level and the threads\' levels', log.level, sum(t['level'] for t in log.threads), slack)
    check_periods(log)
    check_threads(log)
    check_timeline(log)
    for node, (begin, length, rise, net) in log.runs.items():
        if rise < 0 or net > rise:
            log.problem('node %d: a run with rise %d and net %d' % (node, rise, net))


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
            events_of[owner] += figures['allocations'] + figures['releases']
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
        nodes = []
        for run in reversed(t['runs']):
            nodes += log.outward(*run[3:])
        if log.end == 1 and not log.dropped_events and nodes[::-1] != log.path(t['leaf']):
            log.problem('thread %d: its open runs are not those of its last stack' % i)
        for begin, max_, begin_event, node, skip, frames in t['runs']:
            if node >= len(log.nodes) or begin_event > t['events'] or len(log.outward(node, skip, frames)) != frames:
                log.problem('thread %d: an open run of node %d from event %d of %d' % (i, node, begin_event, t['events']))


def check_timeline(log):
    before = 0
    for time, level, level_max, _ in log.entries(TIMELINE, 'QQQQ'):
        if time < before or level > level_max:
            log.problem('timeline: %d after %d, level %d of at most %d' % (time, before, level, level_max))
        if level_max > max(log.peak, log.peak_before) and not log.flags & FLAG_THREADS:
            log.problem('timeline: a level of %d above the peak' % level_max)
        before = time


def line_figures(line):
    return dict(allocated_bytes=line['allocated'], released_bytes=line['released'],
                increment_bytes=line['allocated'] - line['released'], live_bytes=line['allocated'] - line['freed'],
                at_peak_bytes=line['at_peak'], allocations=line['allocations'], releases=line['releases'],
                rise_bytes=line['rise'], mem_usage_bytes=line['when'][1], executions=line['executions'])


def describe(log):
    totals = log.totals()
    sites = []
    for (node, class_), figures in sorted(log.counters.items()):
        stack = [log.frame_text(log.frame_of[n]) for n in reversed(log.path(node))]
        sites.append(dict({k: v for k, v in figures.items()}, **{
            'class': CLASSES[class_], 'stack': stack, 'live': figures['allocated'] - figures['freed']}))
    lines = [dict(line_figures(v), file=k[0], line=k[1], function=k[2])
             for k, v in sorted(log.python_lines().items(), key=str)]
    return dict(log=log.name, program=text(log.exe or b''), argv=[text(a) for a in log.argv], pid=log.pid,
                end=log.end, exit_status=log.exit_status, level=log.level, peak=log.peak, classes=totals,
                dropped_events=log.dropped_events, dropped_bytes=log.dropped_bytes,
                unknown_releases=log.unknown_releases, cut_stacks=log.cut_stacks, python_missed=log.python_missed,
                python_arenas_bytes=log.python_arenas, python_arenas_peak_bytes=log.python_arenas_peak,
                threads=len(log.threads) - 1, notes=[text(n[1]) for n in log.notes], problems=log.problems,
                python_lines=lines, sites=sites)


# ---- the comparison with memtrace

def run_memtrace(memtrace, *args):
    done = subprocess.run([memtrace] + list(args), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        sys.stderr.write('%s %s: status %d\n%s' % (memtrace, ' '.join(args), done.returncode, text(done.stderr)))
        sys.exit(2)
    return json.loads(text(done.stdout))


def compare(log, memtrace):
    differences = []

    def same(what, ours, theirs):
        if ours != theirs:
            differences.append('%s: here %r, memtrace %r' % (what, ours, theirs))

    report = run_memtrace(memtrace, 'report', '--json', log.name)
    lost = log.lost()
    if log.end == 0 or log.flags & FLAG_THREADS:
        log.settle()
    totals = log.totals()
    both = [totals[CLASSES[c]] for c in COUNTED]
    for key, name in (('allocated', 'allocated_bytes'), ('released', 'released_bytes'),
                      ('allocations', 'allocations'), ('releases', 'releases')):
        same(name, sum(t[key] for t in both), report[name])
    same('live_bytes', log.level, report['live_bytes'])  # check() compares it with what the counters say
    same('peak_bytes', max(log.peak, log.peak_before), report['peak_bytes'])
    same('pid', log.pid, report['pid'])
    same('program', text(log.exe) if log.exe else None, report['program'])
    same('argv', [text(a) for a in log.argv], report['argv'])
    same('start', log.process_start or log.start_real, report['start_time_ns'])
    same('log start', log.start_real, report['log_start_time_ns'])
    for key, ours in (('bytes', log.inherited), ('released_bytes', log.inherited_released), ('releases', log.inherited_releases)):
        same('inherited', ours, report['inherited_' + key])
    same('dropped_events', log.dropped_events, report['dropped_events'])
    same('lost events', lost, tuple(report['unattributed_' + key] for key in ('allocations', 'bytes', 'releases')))
    for name, t in totals.items():
        theirs = report['classes'][name]
        for key, ours in (('allocated', 'allocated'), ('released', 'released'), ('live', 'level'), ('peak', 'peak')):
            same('%s %s' % (name, key), t[ours], theirs[key + '_bytes'])
        for key in ('allocations', 'releases'):
            same('%s %s' % (name, key), t[key], theirs[key])
    compare_lines(log, report, same)
    for period in range(max(0, log.period - 2), log.period + 1 if log.period else 0):
        theirs = run_memtrace(memtrace, 'report', '--json', '--period', str(period), log.name)
        compare_lines(log, theirs, lambda what, *both: same('period %d: %s' % (period, what), *both), period)
    compare_sites(log, totals, run_memtrace(memtrace, 'sites', '--json', '-n', '0', log.name), same)
    return differences


def compare_lines(log, report, same, period=None):
    theirs, twice = {}, set()
    for line in report['lines']:
        if line['language'] == 'Python':
            key = (line['file'], line['line'], line['function'])
            if key in theirs:
                twice.add(key)  # functions of the same name that begin at different lines, in texts without a name of their own
            theirs[key] = line
    ours = log.python_lines(period)
    for key in twice:
        ours.pop(key)
        theirs.pop(key)
    same('Python lines', sorted(set(ours) - set(theirs), key=str), sorted(set(theirs) - set(ours), key=str))
    for key in sorted(set(ours) & set(theirs), key=str):
        for name, value in line_figures(ours[key]).items():
            if name == 'mem_usage_bytes' and log.flags & FLAG_THREADS:
                continue  # of two threads' events with one tick nobody knows the later
            same('%s:%s %s: %s' % (key + (name,)), value, theirs[key][name])


def compare_sites(log, totals, sites, same):
    keys = ('allocated', 'released', 'live', 'at_peak', 'allocations', 'releases')
    sums = {}
    for site in sites['sites']:
        t = sums.setdefault(site['class'], dict.fromkeys(keys, 0))
        for key in keys:
            t[key] += site[key if key in ('allocations', 'releases') else key + '_bytes']
    for name, ours in totals.items():
        for key in keys:
            if key == 'at_peak' and name not in ('heap', 'anonymous'):
                continue
            same('sites of class %s: %s' % (name, key), ours[key], sums.get(name, {}).get(key, 0))


def main():
    parser = argparse.ArgumentParser(description='read and check memtrace logs')
    parser.add_argument('--compare', metavar='MEMTRACE')
    parser.add_argument('log', nargs='+')
    args = parser.parse_args()
    status = 0
    for name in args.log:
        try:
            log = Log(name)
        except (NotALog, OSError) as e:
            sys.stderr.write('%s: %s\n' % (name, e))
            status = 2
            continue
        check(log)
        bad = list(log.problems)
        if args.compare:
            bad += compare(log, args.compare)
        else:
            json.dump(describe(log), sys.stdout, indent=1)
            sys.stdout.write('\n')
        for line in bad:
            sys.stderr.write('%s: %s\n' % (name, line))
        if bad:
            status = max(status, 1)
    sys.exit(status)


if __name__ == '__main__':
    main()
