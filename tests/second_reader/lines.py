# SPDX-License-Identifier: MIT
"""The figures of Python lines, from the counters and runs of nodes: FORMAT.md's sections Lines and Exact lines."""
from second_reader.log import COUNTED, FIGURES, ON_RETURN, PYTHON, THREAD_ROOT
from second_reader.rises import Rises


def python_lines(log, period=None):
    """(file, line, function) -> figures, by FORMAT.md's section Lines; of one period or of all."""
    rises, keys = once(log)
    lines, inside = {}, inside_of(log, period)
    sites = outermost(log, rises.children, keys, inside)
    of, when = below(log, inside)
    for (_, key), nodes in sites.items():  # outermost ones of a key: what is below them is its own, once
        for i in nodes:
            if of[i]:
                line = lines.get(key) or lines.setdefault(key, no_line())
                for name, figure in zip(FIGURES, of[i]):
                    line[name] += figure
                line['when'] = max(line['when'], when[i])
    for (parent, key), nodes in sites.items():
        if key in lines:
            rise, most = rises.of(parent, nodes)
            lines[key]['rise'] = max(lines[key]['rise'], rise)
            lines[key]['rise_most'] = max(lines[key]['rise_most'], most)
    add_counted(log, lines, period)
    return lines


def once(log):
    """What is the same for every period: the rises, and the key of each node, or None."""
    if not hasattr(log, 'lines_once'):
        key_of_frame = [None] * max(1, len(log.frames))  # node 0 may be all that a full log has
        for i, (kind, owner, value) in enumerate(log.frames):
            if kind == PYTHON:
                file, name = log.code_names(owner)
                key_of_frame[i] = (file, 'on return' if value == ON_RETURN else value or None, name)  # line 0: none
        log.lines_once = Rises(log), [key_of_frame[frame] for frame in log.frame_of]
    return log.lines_once


def inside_of(log, period):
    """Of each node, whether it is of the period."""
    inside = [True] * len(log.nodes)
    for i in range(1, len(log.nodes)) if period is not None else ():
        kind, _, value = log.frames[log.frame_of[i]]
        inside[i] = inside[log.parent[i]] if kind != THREAD_ROOT else value == period
    return inside


def outermost(log, children, keys, inside):
    """(parent, key) -> the nodes of this key with none of it above them."""
    sites, above, ways = {}, set(), [(0, None)]  # the keys on the way to the node at hand; nodes to visit, and keys to leave
    while ways:
        node, left = ways.pop()
        if left:
            above.remove(left)
            continue
        key = keys[node] if node and inside[node] else None
        if key and key not in above:
            sites.setdefault((log.parent[node], key), []).append(node)
            above.add(key)
            ways.append((node, key))
        ways += [(child, None) for child in children.get(node, ())]
    return sites


def below(log, inside):
    """Of each node, with all nodes below it: its figures (None: it has none), and its last event."""
    of, when = [None] * len(log.nodes), [(-1, 0)] * len(log.nodes)
    for (node, class_), figures in log.counters.items():
        if class_ in COUNTED and inside[node]:
            own = [figures[name] for name in FIGURES]
            of[node] = [a + b for a, b in zip(of[node], own)] if of[node] else own
    for i in range(len(log.nodes) - 1, 0, -1):  # a node comes after its parent
        if not inside[i]:
            continue
        when[i] = max([when[i], *log.events.get(i, ())])
        parent = log.parent[i]
        when[parent] = max(when[parent], when[i])
        if of[i]:
            of[parent] = [a + b for a, b in zip(of[parent], of[i])] if of[parent] else of[i]
    return of, when


def add_counted(log, lines, period):
    """By FORMAT.md's section Exact lines. Calls stand at the function's first line, if nothing else does."""
    counted = [entry[1:] for entry in log.counted if period in (None, entry[0])]
    own = {(code, line) for code, line, executions, _, _ in counted if line and executions}
    for code, line, executions, level, last in counted:
        if not executions:
            continue
        file, name = log.code_names(code)
        if not line:
            line = log.codes.get(code, (0, 0, 0))[2]
            if (code, line) in own:
                continue
        figures = lines.setdefault((file, line or None, name), no_line())
        figures['executions'] = (figures['executions'] or 0) + executions
        if last > figures['when'][0]:
            figures['when'] = (last, level)


def no_line():
    return dict(dict.fromkeys(FIGURES, 0), rise=0, rise_most=0, when=(-1, 0), executions=None)


def line_figures(line):
    return dict(allocated_bytes=line['allocated'], released_bytes=line['released'],
                increment_bytes=line['allocated'] - line['released'], discarded_bytes=line['discarded'], live_bytes=line['allocated'] - line['gone'] + line['late'], leaked_bytes=line['allocated'] - line['gone'],
                at_peak_bytes=line['at_peak'], at_peak_blocks=line['at_peak_blocks'], allocations=line['allocations'], releases=line['releases'],
                rise_bytes=line['rise'], rise_most_bytes=max(line['rise'], line['rise_most']), mem_usage_bytes=line['when'][1], executions=line['executions'])
