# SPDX-License-Identifier: MIT
"""The figures of Python lines, from the counters and runs of nodes: FORMAT.md's sections Lines and Exact lines."""
from second_reader.log import COUNTED, FIGURES, PYTHON, THREAD_ROOT

INT64_MIN = -2**63


def closed_runs(log):
    """Best run of each node with the open runs closed."""
    best = {node: list(run) for node, run in log.runs.items()}
    for t in log.threads:
        if not t['leaf']:
            continue
        highest = INT64_MIN
        for begin, max_, begin_event, node, skip, frames in reversed(t['runs']):
            highest = max(highest, max_)
            rise = max(0, highest - begin)
            for node in log.outward(node, skip, frames):
                if node not in best or rise > best[node][2]:
                    best[node] = [begin_event % 2**32, t['events'] - begin_event, rise, t['level'] - begin]
    return best


def python_lines(log, period=None):
    """(file, line, function) -> figures, by FORMAT.md's section Lines; of one period or of all."""
    key_of_frame = {}
    for i, (kind, owner, value) in enumerate(log.frames):
        if kind == PYTHON:
            file, name = log.code_names(owner)
            key_of_frame[i] = (file, value or None, name)  # line 0: none
    best = closed_runs(log)
    lines, chains = {}, {}
    above = [frozenset()] * len(log.nodes)  # keys on the path, the node's own included
    by_node = {}
    inside = [True] * len(log.nodes)
    for i in range(1, len(log.nodes)):
        kind, _, value = log.frames[log.frame_of[i]]
        inside[i] = inside[log.parent[i]] if kind != THREAD_ROOT else period is None or value == period
    for (node, class_), figures in log.counters.items():
        if class_ in COUNTED:
            by_node.setdefault(node, []).append(figures)
    for i in range(1, len(log.nodes)):
        if not inside[i]:
            continue
        key = key_of_frame.get(log.frame_of[i])
        outer = above[log.parent[i]]
        above[i] = outer | {key} if key else outer
        if key and key not in outer and i in best:
            chains.setdefault((log.parent[i], key), []).append(best[i])
        for figures in by_node.get(i, ()):
            for k in above[i]:
                line = lines.setdefault(k, no_line())
                for f in FIGURES:
                    line[f] += figures[f]
        for when in log.events.get(i, ()):
            for k in above[i]:
                lines[k]['when'] = max(lines[k]['when'], when)
    for (_, key), runs in chains.items():
        if key in lines:
            lines[key]['rise'] = max(lines[key]['rise'], joined_rise(runs))
    add_counted(log, lines, period)
    return lines


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


def line_figures(line):
    return dict(allocated_bytes=line['allocated'], released_bytes=line['released'],
                increment_bytes=line['allocated'] - line['released'], live_bytes=line['allocated'] - line['freed'],
                at_peak_bytes=line['at_peak'], allocations=line['allocations'], releases=line['releases'],
                rise_bytes=line['rise'], mem_usage_bytes=line['when'][1], executions=line['executions'])
