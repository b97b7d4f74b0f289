# SPDX-License-Identifier: MIT
"""How high the level rose: FORMAT.md's section Rise."""
import struct

from second_reader.log import STRETCH

SITES = 32
SET, ALL, LARGE, LOST, NODE, HIGH = range(6)
CUT = 0xffff
INT64_MIN = -2**63


class Rises:
    """Of each node: `rise`, `alone`, and `stretches`: (kind, sites, before, after, rises), with what was open closed."""

    def __init__(self, log):
        self.log = log
        self.rise, self.alone = list(log.rise), list(log.alone)
        self.stretches, self.children = {}, {}
        for node in range(1, len(log.parent)):
            self.children.setdefault(log.parent[node], []).append(node)
        self.read_records()
        for thread in log.threads:
            if thread['leaf']:
                self.close(thread)

    def add(self, parent, kind, sites, before, after, rises):
        self.stretches.setdefault(parent, []).append((kind, sites, before, after, rises))

    def read_records(self):
        log, data = self.log, self.log.regions[STRETCH]
        unit, end = 1, len(data) // 16
        while unit < end:
            parent, before, after, count, kind = log.take('IIIBBxx', unit * 16, data)
            low = kind == SET and log.version > 2  # rises of 32 bits
            units = log.stretch_units(kind, count)
            if parent and kind == NODE and log.version > 2:
                pass  # a node's own, see log.py
            elif parent:
                whole = unit + units <= end
                rises = log.take('%d%s' % (count, 'I' if low else 'Q'), unit * 16 + 16, data) if whole else ()
                sites = log.take('%dI' % count, unit * 16 + 16 + (4 if low else 8) * count, data) if whole else ()
                kind = SET if kind == HIGH and log.version > 2 else kind
                if not rises or kind > LOST or count > SITES + 1 or (kind != SET and count != 1):
                    log.problem('the stretch at unit %d is none' % unit)
                elif any(s >= len(log.parent) or log.parent[s] != parent for s in (before, after) + sites if s):
                    log.problem('the stretch at unit %d has sites of other frames' % unit)
                else:
                    self.add(parent, kind, sites, before, after, rises)
            unit += units

    def close(self, thread):
        log, entries = self.log, []
        for begin, max_, raw, before, depth, frames in thread['runs']:
            node, first = struct.unpack(log.order + 'II', raw)
            entries.append(dict(begin=begin, max=max_, node=node, first=first, before=before, depth=depth, frames=frames,
                                dropped=struct.unpack(log.order + 'q', raw)[0]))
        highest = INT64_MIN
        while entries:
            depth, chain = entries[-1]['depth'], []
            while entries and entries[-1]['depth'] == depth:
                chain.append(entries.pop())
            first, frames = chain[0]['first'], chain[0]['frames']
            nodes = log.outward(chain[0]['node'], frames)
            if len(nodes) == frames and nodes and nodes[-1] == first:
                highest = self.close_depth(chain, nodes, entries[-1] if entries else None, highest)
            elif log.end == 1:
                log.problem('an open run of nodes that are not above each other')

    def close_depth(self, chain, nodes, outer, highest):
        """The entries of one depth, the last one first, and its nodes; `outer`: the entry in front of them."""
        log, first = self.log, chain[0]['first']
        parent, sites, rises = log.parent[first], [first], []
        for e in chain:
            highest = max(highest, e['max'])
            rise = max(0, highest - e['begin'])
            cut = e is not chain[0] and e['frames'] == CUT
            if e is chain[0]:
                for node in nodes:
                    self.rise[node] = max(self.rise[node], rise)
                    if node != first or not e['before']:
                        self.alone[node] = max(self.alone[node], rise)
            if cut:
                self.add(parent, LARGE, (), 0, 0, (max(0, highest - e['dropped']),))
            if cut and not e['before']:
                self.add(parent, ALL, (), 0, 0, (rise,))
                continue
            rises.append(rise)
            if e['before']:
                sites.append(e['before'])
                if e is chain[-1] and outer:
                    rise = max(0, max(highest, outer['max']) - outer['begin'])
                    if cut:
                        self.add(parent, ALL, (), 0, 0, (rise,))
                    else:
                        rises.append(rise)
        if len(rises) > 1 or len(sites) > 1:
            before = sites[len(rises)] if len(sites) > len(rises) else 0
            self.add(parent, SET, tuple(sites[:len(rises)]), before, 0, tuple(rises))
        return highest

    def of(self, parent, sites):
        """(rise, most) of what the nodes `sites`, children of `parent`, stand for: below this node."""
        sites = set(sites)
        if len(sites) == 1:
            rise = self.rise[next(iter(sites))]
            return rise, rise
        rise, most = max(self.alone[s] for s in sites), self.log.rise_floor
        for kind, used, before, after, heights in self.stretches.get(parent, ()):
            if kind == SET and after not in sites:
                n = 0
                while n < len(used) and used[n] in sites:
                    n += 1
                if n and (n < len(used) or before not in sites):
                    rise = max(rise, heights[n - 1])
            elif kind == ALL and len(sites) == len(self.children[parent]):
                rise = max(rise, heights[0])
            elif kind == LOST or (kind in (LARGE, ALL) and len(sites) > SITES):  # ALL: perhaps of these sites alone
                most = max(most, heights[0])
        return rise, max(rise, most)
