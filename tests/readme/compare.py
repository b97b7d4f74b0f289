# SPDX-License-Identifier: MIT
"""Is what a command printed what the README shows?

A line `...` stands for any lines, or none. All other lines must be the same, but for figures that differ from one machine or
one run to the next. These are masked:

- the columns Mem usage, Resident, Allocs, At peak, Share, Own, Allocated and Left of a table (an empty cell of Resident, too);
- what the whole process took: its peak, live, leaked, allocated and released bytes, the number of its events;
- its number, times of day, durations, per cents, addresses;
- how many frames or sites are left out;
- which of mem_test.py's three equal calls stood at the peak.

Increment, Rise and Live that are less than 1 KiB count as equal. Otherwise they are never masked, nor are Count, Occurrences,
`increment:`, `held`, limits, lines and their texts.
"""

import re

MASKED_COLUMNS = {"Mem usage", "Resident", "Allocs", "At peak", "Share", "Own", "Allocated", "Left"}
KNOWN_COLUMNS = MASKED_COLUMNS | {"Line", "Line #", "Increment", "Rise", "Live", "Count", "Occurrences", "Source", "Line Contents", "Peak",
                                  "Test"}
SIZE = r"[\d.]+ (?:B|bytes|KiB|MiB|GiB)"
CELL = re.compile(r" *-?[\d.,]+( [KMG]iB| B| bytes| %)?$")
SMALL = re.compile(r" *-?\d+ B$")  # objects of the interpreter's own come and go

# (what it is, the figure as group 1); what else the expression names is compared as it stands.
FIGURES = [(what, re.compile(expression)) for what, expression in (
    ("the process's number", r"\(pid (\d+)\)"),
    ("the process's number in a log's name", r"\.(\d+)\.mt\b"),
    ("a time of day", r"started +(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)$"),
    ("a duration", r" (?:after|least) (\d+\.\d{3} s)"),
    ("a duration", r" in (\d+\.\d\ds)\b"),
    ("the process's peak at its end", r"^memtrace: \S+: peak (%s)," % SIZE),
    ("what the process holds at its end", r", (%s) live at the end," % SIZE),
    ("the process's allocations", r" live at the end, ([\d,]+) allocations"),
    ("the process's bytes", r"^  (?:peak|live|leaked|allocated|released)( +%s)  (?:after|at|in|when) " % SIZE),
    ("the process's events", r"^  (?:allocated|released).*  in ([\d,]+) (?:allocations|releases)$"),
    ("the process's arenas", r" took (%s) at most" % SIZE),
    ("the process's peak", r"\bpeak memory: (%s)" % SIZE),
    ("the process's lowest peak", r"\(the lowest: (%s)\)" % SIZE),
    ("a period's instant", r"^ +(?:\d+|mark) +(\d+\.\d{3} s) "),
    ("what the process holds", r"^(%s) held at the peak, in " % SIZE),
    ("the process's allocations", r" held at the peak, in ([\d,]+) allocations$"),
    ("the process's peak", r"^\S+: peak: (%s), " % SIZE),
    ("the process's peak", r"^\S+: peak: %s, (%s) above the budget of " % (SIZE, SIZE)),
    ("what the process holds", r"^Nothing changed: (%s) held at the peak\.$" % SIZE),
    ("what the process holds", r"^No leak; (%s) was live " % SIZE),
    ("a per cent", r"\((\d+\.\d) %\)"),
    ("an address", r"\+(0x[0-9a-f]+)"),
    ("which of three equal calls", r"by way of mem_test\.py:(1[012])  main"),
    ("what is left out", r"^ *\.\.\. (\d+) more of "),
    ("what is left out", r"^([\d,]+) more sites?: "),
)]


def columns(line):
    """[(name, first, end)] of a table's headline; None: it is none. Cells end where their column's name ends."""
    names = list(re.finditer(r"\S+(?: \S+)*", line))
    if len(names) < 3 or any(name.group() not in KNOWN_COLUMNS for name in names):
        return None
    spans, first = [], 0
    for name in names[:-1]:
        spans.append((name.group(), first, name.end()))
        first = name.end()
    return spans


def masked_row(line, spans):
    pieces, at = [], 0
    for name, first, end in spans:
        cell = line[first:end]
        if name in MASKED_COLUMNS and (CELL.match(cell) or name == "Resident" and len(line) > end and not cell.strip()):
            cell = "~".rjust(end - first)
        elif SMALL.match(cell):
            cell = "<1K".rjust(end - first)
        pieces.append(cell)
        at = end
    return "".join(pieces) + line[at:]


def without_figures(line):
    """The line with every figure that FIGURES names as `~`. All are looked for in the line as it came: an expression may name, as
    what stands before its figure, a figure that another one masks."""
    spans = {found.span(1) for _, expression in FIGURES for found in expression.finditer(line)}
    for first, end in sorted(spans, reverse=True):
        line = line[:first] + "~" + line[end:]
    return line


def masked(lines):
    """The lines as they are compared."""
    spans, out = None, []
    for line in lines:
        headline = columns(line)
        if headline:
            spans = headline
        elif not line.strip():
            spans = None
        elif spans and line.startswith(" "):
            line = masked_row(line, spans)
        line = without_figures(line)
        out.append(line.rstrip())
    return out


def difference(wanted, found):
    """None: `found` is what is wanted. Else (index of the first line of `wanted` that is not there, the line found in its place)."""
    wanted, found = masked(wanted), masked(found)
    # Where a line `...` came last, and how far it reached: from there a mismatch is tried again one line further on.
    w = f = 0
    again, furthest = None, (0, 0)
    while True:
        if w < len(wanted) and wanted[w] == "...":
            w += 1
            again = (w, f)
            furthest = max(furthest, again)
        elif w == len(wanted) and f == len(found):
            return None
        elif w < len(wanted) and f < len(found) and wanted[w] == found[f]:
            w, f = w + 1, f + 1
            furthest = max(furthest, (w, f))
        elif again and again[1] < len(found):
            again = (again[0], again[1] + 1)
            w, f = again
        else:
            return furthest
