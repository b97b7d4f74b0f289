# SPDX-License-Identifier: MIT
"""How high the level rose: FORMAT.md's section Rise."""
import struct

from second_reader.log import STRETCH

SITES = 10
SET, ALL, LARGE, LOST = range(4)
CUT = 0xffff
INT64_MIN = -2**63


class Rises:
    """Of each node: `rise`, `alone`, and `stretches`: (kind, sites, before, after, rise), with what was open closed."""

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

    def add(self, parent, kind, sites, before, after, rise):
        self.stretches.setdefault(parent, []).append((kind, frozenset(sites), before, after, rise))

    def read_records(self):
        log, data = self.log, self.log.regions[STRETCH]
        unit, end = 1, min(len(data) // 32, log.used[STRETCH])
        while unit < end:
            parent, before, after, count, kind, rise = log.take('IIIBBxxQ', unit * 32, data)
            units = 1 if count <= 2 else 1 + (count - 2 + 7) // 8
            if parent:
                sites = log.take('%dI' % count, unit * 32 + 24, data) if unit + units <= end else ()
                known = [s for s in (parent, before, after) + tuple(sites) if s >= len(log.parent)]
                if known or len(sites) != count or kind > LOST or (kind == SET) != bool(count) or count > SITES + 1:
                    log.problem('the stretch at unit %d is none' % unit)
                elif any(log.parent[s] != parent for s in (before, after) + tuple(sites) if s):
                    log.problem('the stretch at unit %d has sites of other frames' % unit)
                else:
                    self.add(parent, kind, sites, before, after, rise)
            unit += units

    def close(self, thread):
        log, entries = self.log, []
        for begin, max_, raw, before, depth, frames in thread['runs']:
            node, first = struct.unpack(log.order + 'II', raw)
            entries.append(dict(begin=begin, max=max_, node=node, first=first, before=before, depth=depth, frames=frames,
                                dropped=struct.unpack(log.order + 'q', raw)[0]))
        highest, depth = INT64_MIN, None
        for i in range(len(entries) - 1, -1, -1):
            e = entries[i]
            highest = max(highest, e['max'])
            rise = max(0, highest - e['begin'])
            last = e['depth'] != depth
            if last:
                depth, first = e['depth'], e['first']
                parent, sites = log.parent[first], [first]
                nodes = log.outward(e['node'], e['frames'])
                if len(nodes) != e['frames'] or nodes[-1] != first:
                    log.problem('an open run of nodes that are not above each other')
                for node in nodes:
                    self.rise[node] = max(self.rise[node], rise)
                    if node != first or not e['before']:
                        self.alone[node] = max(self.alone[node], rise)
            cut = not last and e['frames'] == CUT
            if e['before'] or not last:
                self.close_stretch(parent, sites, e['before'], cut and not e['before'], rise)
            if e['before']:
                sites.append(e['before'])
                if i and entries[i - 1]['depth'] != depth:
                    outer = entries[i - 1]
                    self.close_stretch(parent, sites, 0, cut, max(0, max(highest, outer['max']) - outer['begin']))
            if cut:
                self.add(parent, LARGE, (), 0, 0, max(0, highest - e['dropped']))

    def close_stretch(self, parent, sites, before, cut, rise):
        if cut or len(sites) > SITES:
            self.add(parent, ALL, (), before, 0, rise)
        else:
            self.add(parent, SET, sites, before, 0, rise)

    def of(self, parent, sites):
        """(rise, most) of what the nodes `sites`, children of `parent`, stand for: below this node."""
        sites = set(sites)
        if len(sites) == 1:
            rise = self.rise[next(iter(sites))]
            return rise, rise
        rise, most = max(self.alone[s] for s in sites), self.log.rise_floor
        for kind, used, before, after, height in self.stretches.get(parent, ()):
            if kind == SET and used <= sites and before not in sites and after not in sites:
                rise = max(rise, height)
            elif kind == ALL and len(sites) == len(self.children[parent]):
                rise = max(rise, height)
            elif kind == LOST or (kind == LARGE and len(sites) > SITES):
                most = max(most, height)
        return rise, max(rise, most)
