# SPDX-License-Identifier: MIT
"""Measuring one statement in a fresh process, by fork and by a new interpreter; memtrace memit."""

import json
import os
import re

from common import MIB, folder_with, holds, matches, near, same

PROGRAM = r'''
import json, os, sys, threading
import memtrace
from memtrace import _memit

def helper(n):
    return bytearray(n)

class Holder:
    """carried by its code"""
    def __init__(self, n):
        self.data = helper(n)
    def size(self):
        return len(self.data)

def make(depth):
    def inner(n):
        return inner(n - 1) if n else bytearray(depth * MIB)
    return inner

MIB = 1 << 20
held = [bytearray(3 * MIB)]
holder = Holder(5)
closure = make(4)
generator = (i for i in range(3))
out = []

def measure(statement, **more):
    namespace = dict(globals())
    try:
        run = _memit.run(statement, namespace=namespace, method=method, **more)
    except Exception as problem:
        out.append([statement, "raised", "%s: %s" % (type(problem).__name__, problem)])
        return
    lines = [[count, line["line"], line["function"]] for count, line in run.held]
    out.append([statement, "done" if run.done else "failed", run.peak - run.begin if run.done else _memit.failure(run, statement), lines, run.released])

method = sys.argv[1]
measure("helper(7 * MIB)")
measure("x = helper(2 * MIB)\ny = Holder(4 * MIB).size()")
measure("closure(5)")
measure("holder.size()")
measure("import sys; sys.exit(3)")
measure("raise KeyError('mine')")
measure("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
measure("import ctypes\nctypes.string_at(0)")
measure("import os; os._exit(9)")
measure("import time; time.sleep(1000)", timeout=1)
measure("held.clear()")
measure("next(generator)")
measure("a = bytearray(2 * MIB); del a; b = bytearray(MIB)", setup="c = bytearray(9 * MIB)")
measure("no python")
assert "x" not in globals()
print(json.dumps(out))
'''


def check(build):
    pythons = build.interpreters
    for python in pythons:
        with folder_with() as folder:
            with open(os.path.join(folder, "program.py"), "w") as file:
                file.write(PROGRAM)
            program(build, python, folder, "spawn", traced=True)
            if python in (pythons[0], pythons[-1]):
                program(build, python, folder, "spawn", traced=False)
                program(build, python, folder, "fork", traced=True)
            same(sorted(os.listdir(folder)), ["log.mt", "program.py"], "files left behind by " + python)
    command(build, pythons[0])
    return "%d interpreters" % len(pythons)


def program(build, python, folder, method, traced):
    run = build.traced if traced else build.run
    out = json.loads(run([python, "program.py", method], folder)[0])
    what = "%s, %s: " % (python, method)
    sizes = {"helper(7 * MIB)": 7, "x = helper(2 * MIB)\ny = Holder(4 * MIB).size()": 6, "closure(5)": 4, "holder.size()": 0,
             "import sys; sys.exit(3)": 0, "a = bytearray(2 * MIB); del a; b = bytearray(MIB)": 2}
    found = {entry[0]: entry for entry in out}
    for statement, size in sizes.items():
        same(found[statement][1], "done", what + repr(found[statement]))
        near(found[statement][2], size * MIB, 50000, what + statement)
    same(found["held.clear()"][1], "done", what + repr(found["held.clear()"]))
    near(found["held.clear()"][4], 3 * MIB if method == "fork" else 0, 50000, what + "released of the session's blocks")
    same([line[2] for line in found["helper(7 * MIB)"][3][:1]], ["helper"], what + "the line that held the peak")
    for statement, words in (("raise KeyError('mine')", "KeyError: 'mine'"),
                             ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "Subprocess was killed by SIGKILL"),
                             ("import ctypes\nctypes.string_at(0)", "Subprocess was killed by SIGSEGV (Segmentation fault) at ctypes.string_at(0)"),
                             ("import os; os._exit(9)", "Subprocess exited with code 9."),
                             ("import time; time.sleep(1000)", "Subprocess timed out.")):
        same(found[statement][1], "failed", what + repr(found[statement]))
        holds(found[statement][2], words, what + statement)
    same(found["no python"][1], "raised", what + "a mistake")
    holds(found["no python"][2], "SyntaxError", what + "a mistake")
    if method == "spawn":
        same(found["next(generator)"][1], "raised", what + repr(found["next(generator)"]))
        matches(found["next(generator)"][2], r"CannotCarry: 'generator' cannot be carried to a fresh process \(.*generator",
                what + "what cannot be carried")
    else:
        same(found["next(generator)"][1], "done", what + repr(found["next(generator)"]))


def command(build, python):
    """memtrace memit"""
    memit = [build.memtrace, "memit"]
    with folder_with("mem_test.py") as folder:
        more = {"TMPDIR": os.path.join(folder, "t")}
        os.mkdir(more["TMPDIR"])
        out, err = build.run(memit + ["-r", "3", "--", python, "-c", "x = bytearray(64 * 1048576)"], folder, **more)
        found = matches(out, r"^peak memory: (\d+\.\d) MiB( \(the lowest: .*\))?\nmaximum of 3: 64\.\d MiB held at <string>:1  <module>")
        near(float(found.group(1)), 64 + 4, 6, "peak of an interpreter with 64 MiB")
        same(err, "", "what it says besides")
        out = json.loads(build.run(memit + ["--json", "-r", "2", "sh", "-c", "exit 3"], folder, status=3, **more)[0])
        same([run["exit_status"] for run in out["runs"]], [3, 3], "exit status of the runs")
        err = build.run(memit + [python, "-c", "import os; x = bytearray(5000000); os.abort()"], folder, status=134, **more)[1]
        matches(err, r"killed by signal 6 \(.*\), its last event was at <string>:1 ")
        err = build.run(memit + ["-t", "1", "sleep", "1000"], folder, status=137, **more)[1]
        holds(err, "sleep: timed out")
        err = build.run(memit + ["/nonexistent/program"], folder, status=127, **more)[1]
        holds(err, "No such file or directory")
        one = json.loads(build.run(memit + ["--json", "sh", "-c", python + " -c 'bytearray(32 << 20)'; true"], folder, **more)[0])
        all_ = json.loads(build.run(memit + ["-c", "--json", "sh", "-c", python + " -c 'bytearray(32 << 20)'; true"], folder, **more)[0])
        same((one["peak_bytes"] < MIB, all_["peak_bytes"] > 32 * MIB), (True, True), "children's peaks, without and with -c")
        same(build.run(memit + [python, "-c", "import sys; print(sys.argv)", "-r", "--help"], folder, **more)[0].splitlines()[0],
             "['-c', '-r', '--help']", "the program's own options")
        same(os.listdir(more["TMPDIR"]), [], "files left behind")
        same(os.listdir(folder), ["t", "mem_test.py"] if os.listdir(folder)[0] == "t" else ["mem_test.py", "t"], "files left behind")
