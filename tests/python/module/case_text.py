# SPDX-License-Identifier: MIT
"""Tables where standard output lacks characters or is a terminal, of sources with marks, form feeds, cookies, wide characters and long
lines: nothing raises, is lost or wraps, and each figure is beside its own line."""

import os
import re
import subprocess
import unicodedata

from common import folder_with, holds, matches, same
from support.running import run_on_terminal

LONG = "x" * 10000

# name: (head of the file, its encoding)
SOURCES = {
    "plain": ("", "utf-8"),
    "mark": ("", "utf-8-sig"),
    "cookie": ("# -*- coding: latin-1 -*-\n", "latin-1"),
    "japanese": ("#!/usr/bin/env python3\n# vim: set fileencoding=euc_jp :\n", "euc_jp"),
}
WIDE = {"plain": "größe 内存", "mark": "größe 内存", "cookie": "größe ÿ", "japanese": "日本語"}

PROGRAM = """import memtrace
\x0c
def first():
    a = bytearray(3000000)  # {wide}
\x0c
    b = bytearray(2000000)  # {long}
    return a, b
\x0c
first = memtrace.profile(first) if memtrace.__name__ in __import__("sys").argv else profile(first)
kept = first()
with memtrace.profile("block {wide}"):
    more = bytearray(5000000)  # {wide} {long}
"""


def lines_of(text):
    return text.split("\n")


def written(folder, name):
    head, encoding = SOURCES[name]
    text = head + PROGRAM.format(wide=WIDE[name], long=LONG)
    with open(os.path.join(folder, name + ".py"), "wb") as file:
        file.write(text.encode(encoding))
    return lines_of(text)


def output(build, command, folder, **more):
    done = subprocess.run(command, cwd=folder, env=build.environment(**more), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    same(done.returncode, 0, "exit status of %s, %s\n%s" % (command, more, done.stderr.decode("utf-8", "replace")[-2000:]))
    same(done.stderr, b"", "errors of %s, %s" % (command, more))
    return done.stdout


def said(text, encoding):
    return text.encode(encoding, "backslashreplace").decode(encoding)


def tables(out, source, wide, encoding):
    """Each figure is beside its line, and the lines are whole."""
    for size, mark in ((r"2\.(?:9|86\d)", "a = "), (r"1\.(?:9|90\d)", "b = ")):
        number = next(i for i, line in enumerate(source, 1) if line.strip().startswith(mark))
        text = said(source[number - 1], encoding)
        row = next((line for line in out.split("\n") if line.startswith("%6d " % number)), "")
        if not re.match(r" *%d +[\d.]+ MiB +%s MiB +%s MiB +1   %s$" % (number, size, size, re.escape(text)), row):
            raise AssertionError("line %d is not whole, or not where it should be: %r" % (number, row[:200]))
    if "\x0c" in out:
        raise AssertionError("a form feed is printed")
    holds(out, said("block %s: peak memory: " % wide, encoding), "the block")
    # 4.77, and where the interpreter's own allocator takes a new arena on this line (to Python 3.9), 256 KiB more
    row = matches(out.replace(LONG, "(long)"), r"^ +(?:4\.[78]|5\.0)\d MiB +(?:4\.[78]|5\.0)\d MiB   \S+\.py:\d+: more = .*$", "the block's line").group()
    same(len(row) < 160 and row.endswith("..."), True, "a long line beside other things is cut: %r" % row[:200])


def check(build):
    pythons = {build.interpreters[0], build.interpreters[-1]}
    for python in pythons:
        for name in SOURCES:
            with folder_with() as folder:
                source = written(folder, name)
                for encoding in ("ascii", "latin-1", "cp1251", "utf-8") if name == "plain" else ("ascii",):
                    out = output(build, [python, "-m", "memtrace", "-o", "m.mt", name + ".py"], folder, PYTHONIOENCODING=encoding)
                    tables(out.decode(encoding), source, WIDE[name], encoding)
                out = output(build, [build.memtrace, "run", "-o", "a.mt", python, name + ".py", "memtrace"], folder, PYTHONIOENCODING="ascii")
                tables(out.decode("ascii"), source, WIDE[name], "ascii")
                of_the_command(build, folder, source)
        terminal(build, python)
    return "%d interpreters" % len(pythons)


def of_the_command(build, folder, source):
    """The command reads the same text, whatever its encoding."""
    out = output(build, [build.memtrace, "lines", "-f", "first", "a.mt"], folder, LC_ALL="C").decode("utf-8")
    for size, mark in (("2.86 MiB", "a = "), ("1.91 MiB", "b = ")):
        text = next(line for line in source if line.strip().startswith(mark))
        row = next((line for line in out.split("\n") if line.endswith(text)), None)
        same(row is not None and row.count(size) >= 2, True, "the command's row of %r\n%s" % (text[:60], out[:2000]))


def columns(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def terminal(build, python):
    with folder_with() as folder:
        written(folder, "plain")
        status, out = run_on_terminal([build.memtrace, "run", "-o", "t.mt", python, "plain.py", "memtrace"], 80,
                                      build.environment(PYTHONIOENCODING="utf-8"), folder)
        same(status, 0, "exit status on a terminal")
        lines = out.split("\n")
        same([line for line in lines if columns(line) > 80 and not line.startswith("Filename: ")], [], "wider than the terminal")
        holds("\n".join(lines), "a = bytearray", "the table")
