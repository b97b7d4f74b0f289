# SPDX-License-Identifier: MIT
"""A log, taken apart by FORMAT.md."""
import struct

from second_reader.counters import ALLOC_BYTES, LARGE, LARGE_BYTES, record_at

CLASSES = ('heap', 'anonymous', 'shared', 'file', 'reserved')
COUNTED = (0, 1, 2)  # classes that make up the level
NODE, COUNTER, FRAME, RECORD, THREAD, RUN, TIMELINE, STRETCH, FINISH, HELD = range(1, 11)
NODES = {2: 'IIIIQQ', 4: '5I'}  # by version
RISE_HIGH = 0xffffffff
ENTRY_BYTES = {NODE: 0, COUNTER: 0, FRAME: 16, RECORD: 1, THREAD: 128, RUN: 32, TIMELINE: 32, STRETCH: 16, FINISH: 16, HELD: 4}
NATIVE, PYTHON, THREAD_ROOT, CUT, UNKNOWN = range(1, 6)
ON_RETURN = 4294967295  # in place of a line
FLAG_FULL, FLAG_FALLBACK, FLAG_PYTHON, FLAG_THREADS, FLAG_SIZES, FLAG_SLACK, FLAG_HELD = 1, 2, 4, 8, 32, 64, 128
FIGURES = ('allocated', 'released', 'gone', 'at_peak', 'at_peak_blocks', 'allocations', 'releases', 'gone_count', 'discarded', 'discards', 'resident', 'late', 'temporary', 'temporary_bytes', 'slack')


class NotALog(Exception):
    pass


def source_hash(data):
    """That of a FILE record."""
    h = len(data)
    for i in range(0, len(data), 8):
        h = (h ^ int.from_bytes(data[i:i + 8], 'little')) * 0x9e3779b97f4a7c15 % 2**64
        h ^= h >> 29
    return h


class Log:
    """The file taken apart. What does not hold is a line in `problems`; what is left is safe to follow."""

    def __init__(self, name):
        self.name = name
        self.problems = []
        self.half_done = []  # what an event under way leaves for an instant: in one record for each thread at most
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

    def under_way(self, text):
        self.half_done.append(text)

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
        if self.version not in NODES or self.header_bytes != 8192:
            raise NotALog('version %d, header of %d bytes' % (self.version, self.header_bytes))
        self.unit_bytes = 32 if self.version == 2 else 8
        levels = self.take('10Q', 104)
        self.class_level = [(levels[2 * i], levels[2 * i + 1]) for i in range(5)]
        (self.dropped_events, self.dropped_bytes, self.unknown_releases, self.cut_stacks, self.python_missed, self.flags,
         self.tick) = self.take('5QII', 184)
        self.used = self.take('10Q', 232)
        self.file_bytes, self.extents_used, _ = self.take('QII', 312)
        (self.period_level, self.peak_before, self.period, _, self.python_arenas,
         self.python_arenas_peak) = self.take('QQIIQQ', 328)
        self.rise_floor, self.finish_time, self.finish_level = self.take('QQQ', 368)
        self.finish_class = self.take('8Q', 392)
        self.process_start, self.inherited, self.inherited_released, self.inherited_releases = self.take('4Q', 992)
        if self.inherited_released > self.inherited and not self.flags & FLAG_THREADS:
            self.problem('%d of %d inherited bytes are released' % (self.inherited_released, self.inherited))
        self.untraced = self.take('I', 728)[0]
        self.untraced_first = data[736:992].split(b'\0')[0]
        if data[991] or bool(self.untraced) < bool(self.untraced_first):
            self.problem('path of a program that was not traced: %r' % self.untraced_first)
        self.origin, self.processes = self.take('II', 720)
        if self.origin > 2 or bool(self.processes) != (self.origin == 1):
            self.problem('origin %d of %d processes' % (self.origin, self.processes))
        self.host = data[656:720].split(b'\0')[0]
        if data[719] or any(data[656 + len(self.host):720]) or (self.origin and self.host):
            self.problem('name of the host: %r' % self.host)
        if any(data[456:656]):
            self.problem('reserved bytes of the header are not zero')
        if self.extents_used > 448:
            raise NotALog('%d extents' % self.extents_used)
        self.extents = [self.take('QII', 1024 + 16 * i) for i in range(self.extents_used)]
        end = 8192
        for offset, pages, region in sorted(self.extents):
            if offset < end or region not in ENTRY_BYTES:
                self.problem('extent at %d of region %d: overlaps or is of no known region' % (offset, region))
            end = max(end, offset + pages * 4096)
        if end != self.file_bytes:
            self.problem('file_bytes is %d, the extents end at %d' % (self.file_bytes, end))
        if end > len(data):
            self.problem('the file has %d bytes of %d' % (len(data), end))

    def entry_bytes(self, region):
        return {NODE: struct.calcsize(self.order + NODES[self.version]), COUNTER: self.unit_bytes}.get(region, ENTRY_BYTES[region])

    def take(self, fields, offset, data=None):
        return struct.unpack_from(self.order + fields, self.data if data is None else data, offset)

    def region(self, region):
        pieces = [self.data[offset:offset + pages * 4096] for offset, pages, r in self.extents if r == region]
        data = b''.join(pieces)
        used = self.used[COUNTER] // 2 if region == HELD and self.flags & FLAG_HELD and self.version == 2 else self.used[region] if region != HELD else 0
        need = used * self.entry_bytes(region)
        if need > len(data):
            self.problem('region %d uses %d bytes of %d' % (region, need, len(data)))
        return data[:need]

    def entries(self, region, fields):
        form = struct.Struct(self.order + fields)
        data = self.regions[region]
        assert form.size == self.entry_bytes(region)
        return list(form.iter_unpack(data[:len(data) // form.size * form.size]))

    # ---- records

    def read_records(self):
        data = self.regions[RECORD]
        self.exe = self.cwd = None
        self.argv = []
        self.modules, self.strings, self.codes, self.notes, self.marks, self.counted = {}, {}, {}, [], [], []
        self.files, self.slack = [], {}
        self.programs, self.places = [], set()
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
        elif kind == 10:
            module, file, size, modified, digest, changes = self.take('IIQQQI', 8, record)
            if bool(module) == bool(file):
                self.problem('a file that is of module %d and of string %d' % (module, file))
            self.files.append((module, file, size, modified, digest, changes))
        elif kind == 11:
            for i in range(self.take('I', 8, record)[0]):
                unit, blocks, size = self.take('IIQ', 16 + 16 * i, record)
                if unit in self.slack:
                    self.problem('slack of the record at %d is there twice' % unit)
                self.slack[unit] = (blocks, size)
        elif kind == 12:
            module, function, file, _, value = self.take('IIIIQ', 8, record)
            self.places.add((module, value))
            for what, table, number in (('module', self.modules, module), ('function', self.strings, function), ('file', self.strings, file)):
                if number and number not in table:
                    self.problem('a place of %s %d, which is not there' % (what, number))
        elif kind == 13:
            processes, length, peak, first, last = self.take('IIQQQ', 8, record)
            self.programs.append((self.texts(record, 40, length)[0], processes, peak))
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
                if self.origin and (owner, value) in self.places:
                    pass  # a number, for names that stand in the log
                elif not module:
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
        filled = [frame for frame in self.frames if self.end == 1 or frame[0]]  # else one may be under way
        if len(set(filled)) != len(filled):
            self.problem('a frame is there twice')

    def read_threads(self):
        runs = self.entries(RUN, 'qq8sIHH')
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
        self.nodes = self.entries(NODE, NODES[self.version])
        if self.version > 2:
            high = self.read_high()
            self.nodes = [self.node(i, high, *node) for i, node in enumerate(self.nodes)]
        self.parent = [0] * len(self.nodes)
        self.frame_of = [0] * len(self.nodes)  # checked
        self.sizes = {}     # (node, class) -> numbers of allocations by power of two
        self.counters = {}  # (node, class) -> figures
        self.live_peak = {}  # ... -> the sum of those of its records
        self.rise, self.alone = [0] * len(self.nodes), [0] * len(self.nodes)
        self.finish = {unit: live for unit, _, live in self.entries(FINISH, 'IIQ') if unit}
        self.events = {}    # node -> [(last, level), ...] of records of what is in the level, and of discards
        self.level_of_live_peak = 0
        claimed = bytearray(len(self.regions[COUNTER]) // self.unit_bytes)
        for i, (parent, frame, chain, _, rise, alone) in enumerate(self.nodes):
            if not i:  # events without a node
                self.read_chain(0, chain, claimed)
                if parent or frame or rise or alone:
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
            self.rise[i], self.alone[i] = rise, alone
            self.read_chain(i, chain, claimed)

    def node(self, i, high, parent, frame, chain, rise, alone):
        """As those of version 2 are."""
        if RISE_HIGH in (rise, alone) and i not in high:
            self.problem('node %d has no record of how high it rose' % i)
        rise = high.get(i, (0, 0))[0] if rise == RISE_HIGH else rise
        alone = high.get(i, (0, 0))[1] if alone == RISE_HIGH else alone
        return parent, frame & 0xffffff, chain, 0, rise, alone

    def stretch_units(self, kind, count):
        """Units of a record of STRETCH."""
        return 1 + (count * (8 if kind == 0 and self.version > 2 else 12) + 15) // 16

    def read_high(self):
        """node -> (rise, alone), of those that are too high for the node's entry."""
        data, at, high = self.regions[STRETCH], 16, {}
        while at + 16 <= len(data):
            node, _, _, count, kind = self.take('IIIBB', at, data)
            units = self.stretch_units(kind, count)
            if node and kind == 4 and at + 16 * units <= len(data):
                if count != 2 or node in high:
                    self.problem('rises of node %d: %d of them, or twice' % (node, count))
                else:
                    high[node] = self.take('QQ', at + 16, data)
            at += 16 * units
        return high

    def read_chain(self, node, unit, claimed):
        data, width = self.regions[COUNTER], self.unit_bytes
        before = last = moved = None  # the record before, the last ALLOC record, and the unit of one that has moved, right before
        while unit:
            if unit >= len(claimed):
                self.problem('node %d has counters at %d of %d' % (node, unit, len(claimed)))
                break
            found = record_at(self, unit)
            if not found or any(claimed[unit:unit + found[1] // width]):
                self.problem('counters at %d belong to two nodes, or are cut' % unit)
                break
            kind, size, link, moves, record = found
            units = size // width
            claimed[unit:unit + units] = b'\1' * units
            if moved and (kind != 1 or size != ALLOC_BYTES):
                self.problem('counters at %d have moved to %d, which is none' % (moved, unit))
                break
            if moves:
                if not link >> 4:
                    self.problem('counters at %d have moved to nowhere' % unit)
                moved, unit = unit, link >> 4
                continue
            if 1 <= kind <= 5:
                last = self.alloc(node, kind - 1, unit, moved, record)
                if self.flags & FLAG_SIZES and self.kind_at(link >> 4) != 14:
                    self.one_size(node, last)
                before = 'alloc'
            elif 6 <= kind <= 10:
                releases, released, level, last_ = record
                c = self.figures(node, kind - 6)
                c['released'] += released
                c['releases'] += releases
                self.happened(node, kind - 6, last_, level, releases)
            elif kind == 11:
                discards, discarded, level, last_ = record
                c = self.figures(node, 0)
                c['discarded'] += discarded
                c['discards'] += discards
                self.happened(node, 0, last_, level, discards)
            elif kind == 12:
                self.figures(node, 0)['resident'] += self.take('q', unit * width + 8, data)[0]
            elif kind == 13 and self.flags & FLAG_SIZES and before in ('alloc', 'sizes'):
                self.temporary(node, last, *self.take('IQ', unit * width + 4, data))
                before = 'temporary'
            elif kind == 14 and self.flags & FLAG_SIZES and before == 'alloc':
                self.several_sizes(node, last, unit, claimed)
                before = 'sizes'
            elif kind:
                self.problem('node %d has counters of kind %d' % (node, kind))
                break
            moved = None
            if 6 <= kind <= 12:
                before = None
            unit = link >> 4

    def kind_at(self, unit):
        data = self.regions[COUNTER]
        return self.take('I', unit * self.unit_bytes, data)[0] & 15 if 0 < unit < len(data) // self.unit_bytes else 0

    def temporary(self, node, last, count, size):
        """Of `last`: the (class, allocs, allocated) of a record."""
        class_, allocs = last[:2]
        if count > allocs or class_:
            self.problem('node %d: %d temporary of %d allocations of class %d' % (node, count, allocs, class_))
        if not count:
            self.under_way('node %d: a record of no temporary block' % node)
        c = self.figures(node, class_)
        c['temporary'] += count
        c['temporary_bytes'] += size

    def several_sizes(self, node, last, unit, claimed):
        """The SIZES record right behind an ALLOC record, and its LARGE record."""
        data = self.regions[COUNTER]
        width = self.unit_bytes
        _, large, *counts = self.take('II14I', unit * width, data)
        units = LARGE_BYTES // width
        if large:
            if large + units > len(claimed) or any(claimed[large:large + units]):
                self.problem('large sizes at %d belong to two records, or are cut' % large)
                return
            claimed[large:large + units] = b'\1' * units
            kind, *more = self.take('I31I', large * width, data)
            if kind != LARGE[self.version]:
                self.problem('large sizes at %d have link %d' % (large, kind))
                return
            counts += more
        class_, allocs = last[:2]
        under_way = 0 if self.end == 1 and not self.flags & FLAG_THREADS else 1
        if sum(counts) > allocs + under_way or (sum(counts) < allocs - under_way and not self.flags & FLAG_FULL):
            self.problem('node %d: sizes of %d allocations of %d' % (node, sum(counts), allocs))
        if sum(c > 0 for c in counts) < (1 if under_way or self.flags & FLAG_FULL else 2):
            self.problem('node %d: a record of several sizes has %r' % (node, counts))
        self.count_sizes(node, class_, enumerate(counts))

    def one_size(self, node, last):
        """All are of one power of two."""
        class_, allocs, allocated, several = last
        if not allocs:
            return
        if not several:
            self.count_sizes(node, class_, [(min(max((allocated // allocs).bit_length() - 3, 0), 44), allocs)])
        elif not self.flags & FLAG_FULL:
            self.problem('node %d: its sizes are not there' % node)

    def count_sizes(self, node, class_, counts):
        here = self.sizes.setdefault((node, class_), [0] * 45)
        for i, count in counts:
            here[i] += count

    def figures(self, node, class_):
        c = self.counters.get((node, class_))
        if c is None:
            c = self.counters[node, class_] = dict.fromkeys(FIGURES, 0)
        return c

    def happened(self, node, class_, last, level, count):
        if count and class_ in COUNTED:
            self.events.setdefault(node, []).append((last, level))

    def alloc(self, node, class_, unit, moved, record):
        """`moved`: the unit of the small record that this one took the place of, or None."""
        allocs, allocated, gone, live_peak, saved, level, last, gone_count, saved_seq, held_blocks, temporary, temporary_bytes = record
        several = bool(self.flags & FLAG_SIZES) and allocs >> 31
        if self.flags & FLAG_SIZES:
            allocs &= 0x7fffffff
        live = allocated - gone
        if live < 0 or live_peak > allocated:
            self.problem('node %d: allocated %d, gone %d, peak of live %d' % (node, allocated, gone, live_peak))
        elif live_peak < live:
            self.under_way('node %d: allocated %d, gone %d, peak of live %d' % (node, allocated, gone, live_peak))
        kept = not self.at_peak and (saved_seq ^ self.peak_seq) & 0x7fffffff == 0
        held = saved if kept else live
        blocks_held = max(0, allocs - gone_count)
        if kept and self.flags & FLAG_HELD:
            blocks_held = max(0, held_blocks)
            if blocks_held > allocs:
                self.problem('node %d: %d blocks at the peak of %d' % (node, blocks_held, allocs))
        self.live_peak[node, class_] = self.live_peak.get((node, class_), 0) + live_peak
        c = self.figures(node, class_)
        c['allocated'] += allocated
        c['gone'] += gone
        c['late'] += self.finish.get(moved, self.finish.get(unit, live)) - live
        if self.flags & FLAG_SLACK:
            blocks, size = (a + b for a, b in zip(self.slack.pop(unit, (0, 0)), self.slack.pop(moved, (0, 0))))
            c['slack'] += size
            if blocks > allocs or size > blocks * 65536:
                self.problem('node %d: slack of %d in %d blocks of %d' % (node, size, blocks, allocs))
        c['allocations'] += allocs
        c['gone_count'] += gone_count
        if class_ in COUNTED:
            c['at_peak'] += held
            c['at_peak_blocks'] += blocks_held if self.flags & FLAG_HELD else 0
            self.level_of_live_peak = max(self.level_of_live_peak, live_peak, live)
        self.happened(node, class_, last, level, allocs)
        if temporary:
            self.temporary(node, (class_, allocs), temporary, temporary_bytes)
        return class_, allocs, allocated, several

    # ---- what follows from it

    def totals(self):
        result = {}
        for class_, name in enumerate(CLASSES):
            t = dict.fromkeys(FIGURES, 0)
            for (_, c), figures in self.counters.items():
                if c == class_:
                    for key in FIGURES:
                        t[key] += figures[key]
            t['live'] = t['allocated'] - t['gone']
            t['level'], t['peak'] = self.class_level[class_]
            t['finished'] = self.finish_class[class_] if self.finish_time else t['level']
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
            for plus, minus in (('gone', 'released'), ('gone_count', 'releases')):
                more = t[plus] - t[minus]
                own[minus if more > 0 else plus] += abs(more)
            live = t['allocated'] - t['gone'] - max(0, t['released'] - t['gone'])
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

    def outward(self, node, frames):
        """`frames` nodes from `node` outward; fewer if the root comes first."""
        nodes = []
        while node and node < len(self.parent) and len(nodes) < frames:
            nodes.append(node)
            node = self.parent[node]
        return nodes

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


def text(data):
    return data.decode('utf-8', 'replace')
