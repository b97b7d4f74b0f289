# SPDX-License-Identifier: MIT
"""The same script under memory_profiler and under memtrace: increments that are wrong there and add up here."""

import re

from common import folder_with, same, table_rows
from support.pythons import with_modules


def peers_rows(text, name):
    """{line number: increment in MiB} of memory_profiler's table."""
    for table in text.split("Filename: ")[1:]:
        rows = re.findall(r"^ {0,5}(\d+) +[\d.]+ MiB +(-?[\d.]+) MiB +\d+   (.*)$", table, re.M)
        if re.search(r"def %s\(" % name, table):
            return {int(number): float(increment) for number, increment, _ in rows}
    raise AssertionError("no table of %s in\n%s" % (name, text))


def check(build):
    python = with_modules("memory_profiler")
    with folder_with("nested_program.py") as folder:
        theirs = build.run([python, "-m", "memory_profiler", "nested_program.py"], folder)[0]
        ours = build.run([python, "-m", "memtrace", "-o", "log.mt", "nested_program.py"], folder)[0]
    outer = peers_rows(theirs, "outer")
    # memory_profiler charges a line that calls a profiled function with the whole process.
    for number in (7, 8):
        if outer[number] < 12:
            raise AssertionError("memory_profiler has become right about line %d: %.3f MiB" % (number, outer[number]))
    same([table_rows(ours, "outer")[n][1] for n in (7, 8)], ["7.629 MiB"] * 2, "outer's increments")
    same(table_rows(ours, "inner")[14][1], "15.259 MiB", "inner's increment: both arrays")
    reused = table_rows(ours, "reused")
    increments = [float(reused[n][1].split()[0]) for n in (20, 21, 22) if reused[n][1]]
    same(round(sum(increments), 3), 0.0, "the increments of what gives all back")
    print("%-9s %4s  %21s  %21s" % ("", "line", "memory_profiler", "memtrace"))
    for name in ("outer", "inner", "reused"):
        peer, own = peers_rows(theirs, name), table_rows(ours, name)
        for number in sorted(peer):
            print("%-9s %4d  %17.3f MiB  %21s" % (name, number, peer[number], own[number][1]))
    return python
