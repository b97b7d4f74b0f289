# SPDX-License-Identifier: MIT
"""The session that started it all, typed into IPython; the same where it was not started under memtrace."""

import os
import re

from common import folder_with, holds, matches, near, same, table_rows
from support.pythons import with_modules

SESSION = """\
%load_ext memtrace
import mem_test
%mprun -f mem_test.main mem_test.main()
%mprun -f mem_test.main mem_test.main()
%memit mem_test.make_a_large_array()
%memit mem_test.make_a_large_array()
%memit mem_test.make_a_large_array()
%memit X = mem_test.make_a_large_array()
print('X' in globals())
%memit -i X = mem_test.make_a_large_array()
del X
%memit -i Y = mem_test.make_a_large_array()
%memit -i Z = mem_test.make_a_large_array()
print(Y is not Z, Y.nbytes + Z.nbytes)
%memit -r 2 mem_test.crash()
print('still here')
%mprun -m -f mem_test.main -T table.txt mem_test.main()
%mprun -f missing 1
%memit -t 1 import time; time.sleep(1000)
%memit 1/0
r = %memit -q -o -r 2 mem_test.make_a_large_array()
print(r.repeat, len(r.mem_usage), round(max(r.mem_usage) - r.baseline, 1), r.held[0][1]['function'])
from IPython import get_ipython
get_ipython().run_cell('def cell(n):\\n    a = bytearray(n)\\n    return [bytearray(n) for _ in range(2)]\\n')
import gc; gc.collect(); gc.disable()  # else what the lines before have left may be given back in a line of cell
%mprun -f cell cell(5 * 1048576)
%memit cell(5 * 1048576)
get_ipython().run_cell_magic('memit', 'size = 3 * 1048576', 'block = bytearray(size)\\ndel block\\n')
get_ipython().run_cell_magic('mprun', '-f mem_test.main', 'mem_test.main()\\nmem_test.main()\\n')
%memit -i0.1 bytearray(1048576)
print('the end')
"""
ARRAY = r"peak memory: \d+\.\d\d MiB, increment: 7\.63 MiB\nmaximum of %d: 7\.63 MiB held at mem_test\.py:6 in make_a_large_array: " \
        r"return np\.ones\(\(1000, 1000\)\)"


def check(build):
    python = with_modules("IPython", "numpy")
    for method in ("fork", "spawn"):
        session(build, python, method)
    untraced(build, python)
    return python


def answers(build, python, folder, text, traced, **more):
    """{typed line: [what it printed, ...]}"""
    command = [python, "-m", "IPython", "--simple-prompt", "--colors=NoColor", "--no-banner", "--no-confirm-exit",
               "--InteractiveShell.cache_size=0"]
    more["IPYTHONDIR"] = os.path.join(folder, "ipython")
    run = build.traced if traced else build.run
    out = run(command, folder, text=text, merge=True, **more)[0]
    pieces = re.split(r"^In \[\d+\]: ", out, flags=re.M)[1:]
    typed = text.splitlines()
    if len(pieces) < len(typed):
        raise AssertionError("%d answers to %d lines:\n%s" % (len(pieces), len(typed), out))
    found = {}
    for line, piece in zip(typed, pieces):
        found.setdefault(line, []).append(piece.rstrip("\n"))
    return found


def session(build, python, method):
    with folder_with("mem_test.py") as folder:
        said = answers(build, python, folder, SESSION, True, MEMTRACE_MEMIT=method)
        # All three lines do the same thing, in each run.
        for answer in said["%mprun -f mem_test.main mem_test.main()"]:
            rows = table_rows(answer, "main")
            same([rows[n][1:] for n in (10, 11, 12)], [("0.0 MiB", "7.6 MiB", "1")] * 3, "%mprun\n" + answer)
            same(rows[9][1:], ("0.0 MiB", "0.0 MiB", "1"), "the line of def")
        for line in ("%memit mem_test.make_a_large_array()", "%memit X = mem_test.make_a_large_array()",
                     "%memit -i X = mem_test.make_a_large_array()", "%memit -i Y = mem_test.make_a_large_array()",
                     "%memit -i Z = mem_test.make_a_large_array()"):
            for answer in said[line]:
                matches(answer, r"\A" + ARRAY % 1, line)
        same(len(said["%memit mem_test.make_a_large_array()"]), 3, "three times")
        one(said, "print('X' in globals())", "False")
        one(said, "print(Y is not Z, Y.nbytes + Z.nbytes)", "True 16000000")
        crash = "Subprocess was killed by SIGSEGV (Segmentation fault) at mem_test.py:18 in crash: ctypes.string_at(0)\n"
        one(said, "%memit -r 2 mem_test.crash()",
            crash * 2 + "ERROR: all subprocesses exited unsuccessfully. Try again with the `-i` option.")
        one(said, "print('still here')", "still here")
        table = said["%mprun -m -f mem_test.main -T table.txt mem_test.main()"][0]
        matches(table, r"\AFilename: .*/mem_test\.py\n\nLine #    Mem usage    Increment  Occurrences   Line Contents\n={61}\n"
                       r"     9 +\d+\.\d MiB      0\.0 MiB           1   def main\(\):\n"
                       r"    10 +\d+\.\d MiB      0\.0 MiB           1       make_a_large_array\(\)\n", "memory_profiler's columns")
        holds(table, "\n\n*** Profile printout saved to text file table.txt. ", "%mprun -T")
        with open(os.path.join(folder, "table.txt")) as file:
            holds(table, file.read(), "the file of %mprun -T")
        holds(said["%mprun -f missing 1"][0], "UsageError: Could not find function 'missing'.\nNameError: name 'missing' is not defined")
        holds(said["%memit -t 1 import time; time.sleep(1000)"][0], "Subprocess timed out.\nERROR: all subprocesses")
        holds(said["%memit 1/0"][0], "ZeroDivisionError: division by zero\nERROR: all subprocesses")
        one(said, "r = %memit -q -o -r 2 mem_test.make_a_large_array()", "")
        one(said, "print(r.repeat, len(r.mem_usage), round(max(r.mem_usage) - r.baseline, 1), r.held[0][1]['function'])",
            "2 2 7.6 make_a_large_array")
        rows = table_rows(said["%mprun -f cell cell(5 * 1048576)"][0], "cell")
        same([rows[2][1:3], rows[3][1:3]], [("5.0 MiB", "5.0 MiB"), ("10.0 MiB", "10.0 MiB")], "a function of the session")
        matches(said["%memit cell(5 * 1048576)"][0], r"increment: 15\.00 MiB\nmaximum of 1: 10\.0 MiB held at .* in cell")
        lines = SESSION.splitlines()
        cell = next(line for line in lines if "run_cell_magic('memit'" in line)
        matches(said[cell][0], r"increment: 3\.00 MiB\nmaximum of 1: 3\.00 MiB held at block = bytearray\(size\)")
        cell = next(line for line in lines if "run_cell_magic('mprun'" in line)
        rows = table_rows(said[cell][0], "main")
        same([rows[n][1:] for n in (10, 11, 12)], [("0.0 MiB", "7.6 MiB", "2")] * 3, "%%mprun")
        holds(said["%memit -i0.1 bytearray(1048576)"][0], "increment: 1.00 MiB")
        one(said, "print('the end')", "the end")
        same(sorted(os.listdir(folder)), ["ipython", "log.mt", "mem_test.py", "table.txt"], "files left behind")


def one(said, line, answer):
    same(said[line], [answer], line)


def untraced(build, python):
    """%memit works all the same; %mprun says how to start."""
    with folder_with("mem_test.py") as folder:
        text = ("%load_ext memtrace\nimport mem_test\n%memit mem_test.make_a_large_array()\n"
                "%mprun -f mem_test.main mem_test.main()\n%memit -i mem_test.main()\n%memit mem_test.crash()\nprint('the end')\n")
        said = answers(build, python, folder, text, False)
        matches(said["%memit mem_test.make_a_large_array()"][0], r"\A" + ARRAY % 1, "untraced")
        for line in ("%mprun -f mem_test.main mem_test.main()", "%memit -i mem_test.main()"):
            holds(said[line][0], "    python -m memtrace -m IPython\n    memtrace run python -m IPython", line)
        holds(said["%memit mem_test.crash()"][0], "at mem_test.py:18 in crash: ctypes.string_at(0)\n")
        one(said, "print('the end')", "the end")
        same(sorted(os.listdir(folder)), ["ipython", "mem_test.py"], "files left behind")
