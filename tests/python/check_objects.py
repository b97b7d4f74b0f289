# SPDX-License-Identifier: MIT
"""Every object that is made and dropped."""
import os

from traced_run import Run


def check_objects(it, build):
    """Figures of lines are exact with each of the interpreter's allocators. tracemalloc allocates on the same lines: there they are
    lower bounds. Without objects, the arenas are seen instead."""
    wrong, total = [], 0
    modes = [("default", [], {}), ("malloc", [], {"PYTHONMALLOC": "malloc"}), ("debug", [], {"PYTHONMALLOC": "debug"}),
             ("malloc_debug", [], {"PYTHONMALLOC": "malloc_debug"}), ("devmode", ["-X", "dev"], {}),
             ("tracemalloc", ["-X", "tracemalloc=3"], {})]
    if it.free:
        modes = [mode for mode in modes if not mode[0].startswith("malloc")]  # there is none but its own
    for name, flags, environment in modes:
        run = Run(build, it._replace(flags=flags), "objects_program.py", "@/expected", report=True, second=name == "default",
                  MEMTRACE_PYTHON_OBJECTS="1", **environment)
        if run.wrong():
            return "", ["%s: %s" % (name, text) for text in run.wrong()]
        if len(run.expected) < 11:
            return "", ["%s: the program says nothing" % name]
        lines = {(l["line"], l["function"].split(".")[-1]): l for l in run.report["lines"]
                 if os.path.basename(l["file"] or "") == "objects_program.py"}
        for truth in run.expected:
            line = lines.get((truth.pop("line"), truth["function"]), {})
            for key, value in truth.items():
                if key != "function" and (line.get(key, 0) < value or name != "tracemalloc" and line[key] != value):
                    wrong.append("%s: %s has %s %s instead of %d" % (name, truth["function"], line.get(key), key, value))
            total += truth.get("allocations", 0)
        if it.free:
            continue
        if name == "default" and not run.log.python_arenas_peak > run.log.python_arenas >= 0:
            wrong.append("arenas: %d, at most %d" % (run.log.python_arenas, run.log.python_arenas_peak))
        if name.startswith("malloc") == bool(run.log.python_arenas_peak):
            wrong.append("%s: %d bytes of arenas" % (name, run.log.python_arenas_peak))
    off = Run(build, it, "objects_program.py", "@/expected", report=True, second=False, MEMTRACE_PYTHON_OBJECTS="0")
    wrong += off.wrong()
    if not wrong and (off.report["allocations"] * 5 > run.report["allocations"] or off.log.python_arenas_peak):
        wrong.append("without objects there are %d allocations" % off.report["allocations"])
    return "%d objects in %d modes" % (total, len(modes)), wrong


def check_threads(it, build):
    """Each line has all objects that the threads made and dropped there, and each thread the code that it compiled."""
    run = Run(build, it, "threads_program.py", "@/expected", report=True, MEMTRACE_PYTHON_OBJECTS="1")
    wrong = run.wrong()
    if wrong:
        return "", wrong
    lines = {l["line"]: l for l in run.report["lines"] if os.path.basename(l["file"] or "") == "threads_program.py"}
    for truth in run.expected:
        line = truth.pop("line")
        for key, value in truth.items():
            got = lines.get(line, {}).get(key)
            if got != value:
                wrong.append("line %d has %s %s instead of %d" % (line, got, key, value))
    got = run.log.by_line()
    for n in range(4):
        for i in range(30):
            size = got[("thread_%d_%d.py" % (n, i), 2, "make")]
            if not 100001 + i <= size < 100001 + i + 200:
                wrong.append("thread_%d_%d.py: %d bytes" % (n, i, size))
    if len(run.expected) != 5 or run.log.python_missed:
        wrong.append("%d lines, %d stacks without their Python frames" % (len(run.expected), run.log.python_missed))
    return "%d objects" % sum(truth.get("allocations", 0) for truth in run.expected), wrong
