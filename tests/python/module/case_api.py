# SPDX-License-Identifier: MIT
"""memtrace.profile, start, stop and mark; python -m memtrace; what is said where nothing is traced."""

import os
import re

from common import folder_with, holds, matches, same, table_rows


STREAMS = """import sys
from memtrace import profile


@profile(stream=sys.stdout, precision=6)
def at_once(n):
    return bytearray(n)


@profile(precision=5)
def later(n):
    for _ in range(2):
        kept.append(bytearray(n))


kept = []
at_once(999999)
print("at the end")
later(999999)
"""


def check(build):
    pythons = build.interpreters
    for python in pythons:
        api(build, python, python in (pythons[0], pythons[-1]))
    for python in {pythons[0], pythons[-1]}:
        main(build, python)
    return "%d interpreters" % len(pythons)


def api(build, python, thorough):
    with folder_with("api_program.py", "untraced_program.py") as folder:
        out, err = build.traced([python, "api_program.py"], folder)
        same(out + err, "\n", "what went wrong with " + python)
        if thorough:
            build.check_log(os.path.join(folder, "log.mt"))
        same(build.run([python, "untraced_program.py"], folder), ("", ""), "output without memtrace, " + python)
        same(sorted(os.listdir(folder)), ["api_program.py", "log.mt", "untraced_program.py"], "files left behind")


def main(build, python):
    with folder_with("nested_program.py") as folder:
        with open(os.path.join(folder, "says.py"), "w") as file:
            file.write("import sys\nprint(sys.argv, __name__, __file__, sys.path[0] == %r)\nsys.exit(5)\n" % folder)
        run = [python, "-m", "memtrace", "-o", "log.mt"]
        holds(build.run(run + ["says.py", "a", "-x", "--help"], folder, status=5)[0], "['says.py', 'a', '-x', '--help'] __main__ ", "a script")
        same(build.run(run + ["-c", "import sys; print(sys.argv, __name__)", "-o"], folder)[0], "['-c', '-o'] __main__\n", "-c")
        out = build.run(run + ["-m", "says", "a"], folder, status=5)[0]
        holds(out, "/says.py', 'a'] __main__ ", "-m")
        same(build.run([python, "-m", "memtrace"], folder, status=1)[0], "A program to run must be provided. Use -h for help\n",
             "no program")
        out = build.run(run + ["-c", "raise KeyError('mine')"], folder, status=1)[1]
        holds(out, "KeyError: 'mine'", "an exception")
        with open(os.path.join(folder, "streams.py"), "w") as file:
            file.write(STREAMS)
        out = build.run(run + ["streams.py"], folder)[0]
        at_once, later = out.split("at the end\n")
        matches(at_once, r"^     7 +[\d.]+ MiB +0\.953674 MiB +0\.953674 MiB +1       return bytearray\(n\)$", "a stream and a precision of its own")
        matches(later, r"^    13 +[\d.]+ MiB +1\.90735 MiB +1\.90735 MiB +2           kept\.append", "a precision of its own, all calls")
        columns = {tuple(m.start() for m in re.finditer("MiB", line)) for line in at_once.splitlines() if "MiB" in line}
        same(len(columns), 1, "columns of a table with six decimals")
        out = build.run(run + ["--precision", "2", "nested_program.py"], folder)[0]
        outer, inner, reused = (table_rows(out, name) for name in ("outer", "inner", "reused"))
        # In all, two arrays of 8,000,000 bytes (7.63 MiB) came and stayed.
        same([outer[n][1:3] for n in (7, 8)], [("7.63 MiB", "7.63 MiB")] * 2, "outer's lines")
        same(inner[14][1], "15.26 MiB", "inner's line, in two calls")
        same([reused[n][1:3] for n in (21, 22)], [("2.29 MiB", "0.76 MiB"), ("-2.29 MiB", "0.00 MiB")], "reused's lines, in three rounds")
        same([outer[n][3] for n in (5, 6, 7, 8, 9)] + [inner[14][3], reused[20][3], reused[22][3]],
             ["1", "", "1", "1", "1", "2", "4", "3"], "occurrences")
