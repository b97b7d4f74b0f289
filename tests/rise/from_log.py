# SPDX-License-Identifier: MIT
"""The rise of each line and function of a program, straight from a log by the rules in interpose/format.h (mt_node, mt_stretch,
mt_run), with names from llvm-symbolizer: nothing is shared with the report. (addr2line of binutils 2.40 takes files of DWARF 5 for
each other, that of elfutils 0.188 does not see what link-time optimisation inlined.)"""
import collections
import os
import re
import struct
import subprocess

from oracle import base_name

NODE, COUNTER, FRAME, RECORD, THREAD, RUN, TIMELINE, STRETCH = range(1, 9)
BYTES = {NODE: 20, FRAME: 16, RECORD: 1, THREAD: 128, RUN: 32, STRETCH: 16}
NATIVE, SET, ALL, LARGE, LOST, HIGH, CUT = 1, 0, 1, 2, 3, 5, 0xffff
SITES = 32        # of a frame that are kept in order
FULL = 65536 / 2 - 416  # bytes of a frame's records from which on small rises may have none


class Log:
    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        magic, version, _, _ = struct.unpack_from("=8sIII", data)
        if magic != b"memtrace" or version != 4:
            raise ValueError(f"{path}: no log of version 4")
        used = struct.unpack_from("=10Q", data, 232)
        extents, = struct.unpack_from("=I", data, 320)
        self.floor, = struct.unpack_from("=Q", data, 368)
        regions = collections.defaultdict(bytes)
        for i in range(extents):
            offset, pages, region = struct.unpack_from("=QII", data, 1024 + 16 * i)
            regions[region] += data[offset:offset + 4096 * pages]
        self.data = {r: regions[r][:used[r] * BYTES[r]] for r in BYTES}
        self.nodes = [[parent, frame & 0xffffff, counters, 0, rise, alone]
                      for parent, frame, counters, rise, alone in struct.iter_unpack("=5I", self.data[NODE])]
        self.frames = list(struct.iter_unpack("=QII", self.data[FRAME]))
        self.stretches = collections.defaultdict(lambda: collections.defaultdict(int))  # of a node: (set, before, after)
        self.all, self.large, self.lost, self.bytes = (collections.defaultdict(int) for _ in range(4))  # of a node
        self.read_modules()
        self.read_stretches()
        for thread in struct.iter_unpack("=iIII16sQqIIII64x", self.data[THREAD]):
            runs = self.data[RUN][32 * thread[7]:32 * (thread[7] + thread[9])] if thread[2] else b""
            self.close([Run(*r) for r in struct.iter_unpack("=qqIIIHH", runs)])

    def read_modules(self):
        data, at, self.modules = self.data[RECORD], 0, {}
        while at < len(data):
            kind, size = struct.unpack_from("=II", data, at)
            if kind == 2:
                number, id_bytes, _, _, _, length = struct.unpack_from("=IIQQQI", data, at + 8)
                self.modules[number] = data[at + 48 + id_bytes:at + 48 + id_bytes + length].decode()
            at += size

    def read_stretches(self):
        data, at = self.data[STRETCH], 16
        while at < len(data):
            node, before, after, count, kind = struct.unpack_from("=IIIBB", data, at)
            width = 4 if kind == SET else 8
            rises = struct.unpack_from(f"={count}{'I' if kind == SET else 'Q'}", data, at + 16)
            sites = struct.unpack_from(f"={count}I", data, at + 16 + width * count) + (before,)
            size = 16 + ((width + 4) * count + 15) // 16 * 16
            kind = SET if kind == HIGH else kind
            at += size
            if kind == 4:
                self.nodes[node][4:] = [high if low == 0xffffffff else low for low, high in zip(self.nodes[node][4:], rises)]
                continue
            if kind == SET:
                self.bytes[node] += size
            for i, rise in enumerate(rises):
                self.stretch(node, kind, frozenset(sites[:i + 1]), sites[i + 1], after, rise)

    def stretch(self, node, kind, sites, before, after, rise):
        if kind == SET:
            known = self.stretches[node]
            known[sites, before, after] = max(known[sites, before, after], rise)
        else:
            known = {ALL: self.all, LARGE: self.large, LOST: self.lost}[kind]
            known[node] = max(known[node], rise)

    def close(self, runs):
        """Open runs and stretches end as they do when the frames close."""
        highest, top = -2**63, None
        for i in reversed(range(len(runs))):
            run = runs[i]
            if not top or top.depth != run.depth:
                top, sites = run, {run.first}
            highest = max(highest, run.max)
            rise, parent, node = max(highest - run.begin, 0), self.nodes[top.first][0], run.node
            for left in range(run.frames if run is top else 0, 0, -1):
                self.nodes[node][4] = max(self.nodes[node][4], rise)
                if left > 1 or not run.before:
                    self.nodes[node][5] = max(self.nodes[node][5], rise)
                node = self.nodes[node][0]
            if run.before or run is not top:
                self.end(parent, sites, run.before, rise, run)
            sites = sites | {run.before} - {0}
            if run.before and runs[i - 1].depth != run.depth:  # the stay began with the frame's own run
                whole = max(highest, runs[i - 1].max)
                self.end(parent, sites, 0, max(whole - runs[i - 1].begin, 0), run)
            if run.frames == CUT:
                self.stretch(parent, LARGE, None, 0, 0, max(highest - run.dropped, 0))

    def end(self, parent, sites, before, rise, run):
        known = before or run.frames != CUT
        self.stretch(parent, SET if known else ALL, frozenset(sites), before, 0, rise)


class Run:
    def __init__(self, begin, highest, node, first, before, depth, frames):
        self.begin, self.max, self.node, self.first, self.before, self.depth, self.frames = (
            begin, highest, node, first, before, depth, frames)
        self.dropped = struct.unpack("=q", struct.pack("=II", node, first))[0]


def natives(log, folder):
    """(frame, module, address) of the frames of modules in `folder`."""
    for i, (value, owner, kind) in enumerate(log.frames):
        if kind == NATIVE and log.modules.get(owner, "").startswith(folder + "/"):
            yield i, log.modules[owner], value - 1


def learn(logs, folder):
    """(module, address) -> (function, file, line) of each call inlined there, outermost first. All logs at once: each start of
    llvm-symbolizer reads what the compiler wrote of the whole program."""
    by_module, result = collections.defaultdict(set), {}
    for log in logs:
        for _, module, address in natives(log, folder):
            by_module[module].add(address)
    for module, addresses in by_module.items():
        addresses = sorted(addresses)
        told = zip(*(symbolize(module, addresses, names) for names in ("linkage", "short")))
        for address, (chain, short) in zip(addresses, told):
            # The outermost linkage name is the symbol's, which link-time optimisation makes up.
            made_up = "." in chain[0][0] and short[0][0] != "??"
            result[module, address] = short[:1] + chain[1:] if made_up else chain
    return result


def chains(log, folder, known):
    """What learn() knows, by frame."""
    result = {i: [("?", None, i)] for i in range(len(log.frames))}
    result.update((i, known[module, address]) for i, module, address in natives(log, folder))
    return result


def symbolize(module, addresses, names):
    said = subprocess.run(["llvm-symbolizer", "--output-style=GNU", f"--functions={names}", "-aiCe", module], check=True,
                          text=True, stdout=subprocess.PIPE, input="".join(f"{a:#x}\n" for a in addresses)).stdout
    for part in re.split(r"^0x\w+\n", said, flags=re.M)[1:]:
        text = part.split("\n")
        yield [place(text[n], text[n + 1]) for n in reversed(range(0, len(text) - 1, 2))]


def place(function, where):
    file, line = where.split(" ")[0].rsplit(":", 1)
    known = file != "??" and line.isdigit()
    return base_name(function), os.path.basename(file) if known else None, int(line) if known else 0


def rises(log, folder, known):
    """({line: (rise, bound)}, {function: (rise, bound)}): the true one is at most the bound; of all code."""
    chain_of, children = chains(log, folder, known), collections.defaultdict(list)
    for i, node in enumerate(log.nodes[1:], 1):
        if node[1]:
            children[node[0]].append(i)
    lines, functions = {}, {}
    on_path = {0: (frozenset(), frozenset())}  # lines, functions
    for parent in sorted(children):
        groups = collections.defaultdict(set)  # (kind, the chain up to it) -> its sites
        for child in children[parent]:
            chain, seen = chain_of[log.nodes[child][1]], on_path[parent]
            for i, line in enumerate(chain):
                if line not in seen[0]:
                    groups[0, tuple(chain[:i]), line].add(child)
                if line[:2] not in seen[1]:
                    groups[1, tuple(chain[:i]), line[:2]].add(child)
                seen = (seen[0] | {line}, seen[1] | {line[:2]})
            on_path[child] = seen
        for (kind, _, key), sites in groups.items():
            rise, bound = of_sites(log, parent, sites, len(children[parent]))
            known = (lines, functions)[kind].get(key, (0, 0))
            (lines, functions)[kind][key] = (max(known[0], rise), max(known[1], bound))
    return lines, functions


def of_sites(log, parent, sites, all_sites):
    if len(sites) == 1:
        return (log.nodes[min(sites)][4],) * 2
    if len(sites) == all_sites and not log.nodes[parent][2]:
        return (log.nodes[parent][4],) * 2  # all its events are theirs, so that its runs are
    rise = max(log.nodes[s][5] for s in sites)
    if len(sites) == all_sites:
        rise = max(rise, log.all[parent])
    for (members, before, after), of in log.stretches[parent].items():
        if of > rise and members <= sites and before not in sites and after not in sites:
            rise = of
    bound = max(rise, log.floor)
    if log.bytes[parent] > FULL:  # else nothing was lost: that it was would be no excuse
        bound = max(bound, log.lost[parent])
    if len(sites) > SITES:
        bound = max(bound, log.large[parent], log.all[parent])
    return rise, bound
