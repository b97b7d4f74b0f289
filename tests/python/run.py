#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of Python stacks with every CPython that this machine has.

Usage: run.py [--library libmemtrace.so] [--decoder python_lines.so] TEST
  lines    the line-table decoder against the interpreter's own view of its standard library
  stacks   the log's stacks against sys._getframe in 170 situations
  reuse    code objects at addresses of dead ones
  daemon   daemon threads that allocate while the interpreter ends
  deep     recursion deeper than a stack in the log can be
  fork     the logs of fork children, which have code ids of their own
  embed    an interpreter loaded late, for one caller alone, and started three times
  exact    executions of the lines of named functions
  sources  source that is in no file
  returns  what frames give back when they are taken down
  traced   the same in a program that has a trace function of its own
  threads  every object of threads that make and drop them at the same time
  objects  every object of known kinds, sizes as sys.getsizeof has them, whatever the interpreter's allocator is
  refused  interpreters that are not supported: native stacks and one note
MEMTRACE_TEST_PYTHONS: further interpreters, by path, separated as in PATH.
Exit status: 0 good, 1 not, 77 no interpreter to test with.
"""
import argparse
import ast
import collections
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import logfile

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
MIB = 1 << 20
PROBE = ("import sys; print('%d %d %s %s %d %s' % (sys.version_info[0], sys.version_info[1], sys.executable or '-', "
         "getattr(getattr(sys, 'implementation', None), 'name', 'cpython'), 'free-threading' in sys.version, "
         "sys.version.split()[0]))")

Interpreter = collections.namedtuple("Interpreter", "path version name known flags free")


def candidates():
    yield from filter(None, os.environ.get("MEMTRACE_TEST_PYTHONS", "").split(os.pathsep))
    roots = [os.environ.get("PYENV_ROOT"), os.path.expanduser("~/.pyenv")]
    folders = os.environ.get("PATH", "").split(os.pathsep) + ["/usr/bin", "/usr/local/bin"]
    for root in roots:
        if root:
            folders += sorted(glob.glob(os.path.join(root, "versions", "*", "bin")))
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, "*"))):
            if re.match(r"(python[0-9.]*[dt]?|pypy[0-9.]*)$", os.path.basename(path)) and os.access(path, os.X_OK):
                yield path


def probe(path):
    try:
        done = subprocess.run([path, "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL, universal_newlines=True)
    except OSError:
        return None
    words = done.stdout.split()
    if done.returncode or len(words) != 6:
        return None  # a version manager's shim, say
    version = (int(words[0]), int(words[1]))
    known = words[3] == "cpython" and (version == (3, 13) if words[4] == "1" else (3, 8) <= version <= (3, 14))
    name = "%s %s%s" % (words[3], words[5], " without GIL" if words[4] == "1" else "")
    return Interpreter(words[2] if words[2] != "-" else path, version, name, known, [], words[4] == "1")


def interpreters():
    found, seen = [], set()
    for path in candidates():
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        it = probe(path)
        if it and (os.path.realpath(it.path) == real or os.path.realpath(it.path) not in seen):
            seen.add(os.path.realpath(it.path))
            found.append(it)
    return sorted(found, key=lambda it: (it.version, it.path))


class Run:
    """A program under the preload, and its log."""

    def __init__(self, it, library, program, *args, report=False, second=True, **environment):
        """`program`: a file of this folder, for the interpreter; or a command, if `it` is None."""
        self.folder = tempfile.mkdtemp(prefix="memtrace-python-")
        self.whole = second and program != "daemon_program.py"
        try:
            env = dict(os.environ, LD_PRELOAD=library, PYTHONDONTWRITEBYTECODE="1", MEMTRACE_QUIET="1",
                       MEMTRACE_OUTPUT=os.path.join(self.folder, "%p.mt"))
            # The objects have a test of their own. Without the GIL nothing is malloc's, so all is theirs.
            env.setdefault("MEMTRACE_PYTHON_OBJECTS", "1" if it and it.free else "0")
            env.update(environment)
            command = [it.path] + it.flags + [os.path.join(HERE, program)] if it else [program]
            started = subprocess.Popen(command + [a.replace("@", self.folder) for a in args], env=env, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, universal_newlines=True)
            self.out, self.err = started.communicate()
            self.status = started.returncode
            self.pid = started.pid
            self.files = {os.path.basename(p): p for p in glob.glob(self.folder + "/*")}
            path = self.files.get("%d.mt" % started.pid)
            self.log = logfile.Log(path) if path else None
            self.logs = {name: logfile.Log(p) for name, p in self.files.items() if name.endswith(".mt")}
            for log in [self.log] * bool(self.log) + list(self.logs.values()):
                log.objects = env["MEMTRACE_PYTHON_OBJECTS"] != "0"
            self.expected = self.read("expected")
            self.report = self.ask_report(os.path.join(os.path.dirname(library), "memtrace"), path) if report else None
            self.second_reader = self.ask_second_reader(os.path.join(os.path.dirname(library), "memtrace"))
        finally:
            shutil.rmtree(self.folder)

    def ask_second_reader(self, memtrace):
        """What the second reader has against any of the logs, and where memtrace says something else."""
        wrong = []
        # Of daemon_program's many threads, some are always stopped in the middle of an event: halves of it are in the log.
        for name in sorted(self.logs) if self.whole else []:
            done = subprocess.run([sys.executable, os.path.join(os.path.dirname(HERE), "second_reader.py"), "--compare",
                                   memtrace, self.files[name]], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            if done.returncode:
                wrong.append("%s: the second reader: %s" % (name, done.stderr.decode()[-500:]))
        return wrong

    def ask_report(self, memtrace, path):
        return json.loads(subprocess.run([memtrace, "report", "--json", path], stdout=subprocess.PIPE, check=True).stdout)

    def read(self, name):
        if name not in self.files:
            return []
        with open(self.files[name]) as f:
            return [json.loads(line) for line in f]

    def wrong(self):
        """What is wrong in any run."""
        if self.status:
            return ["exit status %d: %s" % (self.status, self.err[-2000:])]
        if not self.log:
            return ["no log"]
        return self.second_reader + ["note: " + text for severity, text in self.log.notes if severity] + (
            ["%d events dropped" % self.log.dropped_events] if self.log.dropped_events else [])


def check_lines(it, options):
    done = subprocess.run([it.path, os.path.join(HERE, "decoder_check.py"), options.decoder], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, universal_newlines=True)
    return done.stdout.strip(), [] if done.returncode == 0 else ["exit status %d" % done.returncode]


SLACK = 4 << 20  # for what the interpreter itself allocates at the same place; the blocks have 8 MiB and more


def interpreter_loop(log):
    """(module, begin, end) of the interpreter loop's symbol, None where it is not all of the loop or can't be read."""
    for path in sorted(set(log.modules.values())):
        if not re.search(r"python", os.path.basename(path)) or not shutil.which("nm"):
            continue
        done = subprocess.run(["nm", "-D", "-S", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              universal_newlines=True)
        found = re.search(r"^(\w+) (\w+) T _PyEval_EvalFrameDefault$", done.stdout, re.M)
        if found and int(found.group(2), 16) > 10000:
            return path, int(found.group(1), 16), int(found.group(1), 16) + int(found.group(2), 16)
    return None


def check_native(log, marked):
    """Native frames stand where they belong: no interpreter loop is left beside the Python frames that it runs, and
    qsort stands between its caller and its callback."""
    wrong, sorts = [], 0
    loop = interpreter_loop(log)
    for stack in marked:
        names = [getattr(f, "module", None) or f[2] for f in stack]
        if any(isinstance(f, logfile.Native) and loop and f.module == loop[0] and loop[1] < f.offset <= loop[2]
               for f in stack) and "inside" not in names:  # (a sub-interpreter's caller has a loop of its own)
            wrong.append("a loop is left in %s" % (stack,))
        if not (log.objects or isinstance(stack[0], logfile.Native)) or not isinstance(stack[-1], logfile.Native):
            wrong.append("no native frames around %s" % (stack,))
        at = [i for i, name in enumerate(names) if name.endswith("compare_for_qsort")]
        if at:
            outer = next(i for i, name in enumerate(names) if name == "ctypes_callback")
            between = [os.path.basename(n) for n in names[at[0] + 1:outer]]
            sorts += any(n.startswith("libc") for n in between)
    if not sorts:
        wrong.append("no stack with the frames of qsort")
    return wrong, "loop's symbol known" if loop else "loop's symbol unknown"


def check_stacks(it, options):
    run = Run(it, options.preload, "stacks_program.py", "@/expected")
    wrong = run.wrong()
    if wrong:
        return "", wrong
    want, got, marked = collections.Counter(), collections.Counter(), []
    for size, chain in run.expected:
        want[tuple(map(tuple, chain))] += size
    for stack, size in run.log.allocations():
        chain = logfile.python_only(stack)
        got[chain] += size
        if chain in want and size >= SLACK:
            marked.append(stack)
    for chain, size in want.items():
        if not 0 <= got[chain] - size < SLACK:
            wrong.append("%d bytes instead of %d at %s" % (got[chain], size, chain))
    for chain, size in got.items():
        if size >= 2 * SLACK and chain not in want and (chain or not run.log.objects):
            wrong.append("%d bytes that nobody allocated at %s" % (size, chain))
    if run.log.python_missed:
        wrong.append("%d stacks without their Python frames" % run.log.python_missed)
    if len(run.expected) < 100:
        wrong.append("only %d blocks" % len(run.expected))
    natives, loop = check_native(run.log, marked)
    return "%d blocks in %d stacks, %s %s" % (len(run.expected), len(want), loop, run.out.strip()), wrong + natives


def check_reuse(it, options):
    run = Run(it, options.preload, "reuse_program.py")
    wrong = run.wrong()
    if wrong:
        return "", wrong
    got = collections.Counter()
    for stack, size in run.log.allocations():
        chain = logfile.python_only(stack)
        if chain and chain[0][0].startswith("file_") and (run.log.objects or isinstance(stack[0], logfile.Native)):
            got[chain[0][:2]] += size
    for i in range(400):
        size = got[("file_%d.py" % i, i % 50 + 1)]
        if not 0 <= size - ((i + 1) << 12) < 1 << 12:
            wrong.append("file_%d.py: %d bytes instead of %d" % (i, size, (i + 1) << 12))
    same = [c for c in run.log.codes.values() if run.log.strings[c[0]] == "same.py"]
    if len(same) != 1:
        wrong.append("%d records for the same code" % len(same))
    got = by_line(run.log)
    for i in range(3):
        size, expected = got[("same.py", i + 1, "<module>")], len(range(i, 400, 3)) * 100000
        if not 0 <= size - expected < 50000:
            wrong.append("same.py:%d: %d bytes instead of %d" % (i + 1, size, expected))
    return "400 code objects at %s addresses" % run.out.strip(), wrong


def check_daemon(it, options):
    """Crashes that the interpreter has by itself don't count: 3.10 does."""
    wrong, missed, plain = [], 0, 0
    for _ in range(options.rounds):
        run = Run(it, options.preload, "daemon_program.py", MALLOC_PERTURB_="85")
        if run.status < 0:
            wrong.append("killed by signal %d" % -run.status)
        elif run.wrong():
            wrong += run.wrong()
        else:
            missed += run.log.python_missed
    if wrong and it.version <= (3, 10):
        env = dict(os.environ, MALLOC_PERTURB_="85")
        plain = sum(subprocess.run([it.path, os.path.join(HERE, "daemon_program.py")], env=env,
                                   stderr=subprocess.DEVNULL).returncode < 0 for _ in range(5 * options.rounds))
        if plain:
            return "crashes without us, too (%d of %d)" % (plain, 5 * options.rounds), []
    if not missed:
        wrong.append("no thread allocated while the interpreter ended, or its frames were read")
    return "%d rounds, %d stacks of finalised threads left without Python frames" % (options.rounds, missed), wrong


def check_deep(it, options):
    if it.version < (3, 11):
        return "needs native recursion", []
    run = Run(it, options.preload, "deep_program.py", second=not it.free)  # with objects, a stack for each depth: too much to compare
    wrong = run.wrong()
    if wrong:
        return "", wrong
    deepest = {}
    for stack, size in run.log.allocations(8 << 20):
        chain = logfile.python_only(stack)
        if chain:
            deepest[len(chain)] = stack
    for depth, cut in ((10003, False), (16384, True)):
        stack = deepest.get(depth)
        if not stack:
            wrong.append("no stack of %d Python frames, but %s" % (depth, sorted(deepest)))
        elif any(isinstance(f, logfile.Other) and f.kind == logfile.CUT for f in stack) != cut:
            wrong.append("the cut of %d Python frames is wrong" % depth)
        elif {f[1:] for f in logfile.python_only(stack)[1:5000]} != {(10, "down")}:
            wrong.append("wrong frames")
    if run.log.python_missed:
        wrong.append("%d stacks without their Python frames" % run.log.python_missed)
    return "%s Python frames" % sorted(deepest), wrong


def by_line(log):
    got = collections.Counter()
    for stack, size in log.allocations():
        chain = logfile.python_only(stack)
        # With objects, the interpreter's own frames within the innermost line are left out.
        if chain and (log.objects or isinstance(stack[0], logfile.Native)):
            got[(os.path.basename(chain[0][0]), chain[0][1], chain[0][2].split(".")[-1])] += size
    return got


def check_fork(it, options):
    run = Run(it, options.preload, "fork_program.py")
    wrong = run.wrong()
    if wrong:
        return "", wrong
    processes = [tuple(map(int, line.split())) for line in run.out.splitlines()]
    if sorted(n for _, n in processes) != [0, 1, 2, 3, 4]:
        wrong.append("processes: %s" % processes)
    for pid, n in processes:
        log = run.logs.get("%d.mt" % pid)
        if not log:
            wrong.append("process %d has no log, but there are %s" % (n, sorted(run.logs)))
            continue
        got = by_line(log)
        for place, size in ((("fork_program.py", 10, "met"), (10 + n) << 20),
                            (("late_%d.py" % n, n + 1, "late"), (20 + n) << 20)):
            if not 0 <= got[place] - size < SLACK and not (n == 0 and place[2] == "met" and got[place] > size):
                wrong.append("process %d: %d bytes instead of %d at %s" % (n, got[place], size, place))
        wrong += ["process %d: note: %s" % (n, text) for severity, text in log.notes if severity]
    return "%d processes" % len(processes), wrong


def check_embed(it, options):
    found = subprocess.run([it.path, "-c", "import sysconfig as s; print(s.get_config_var('LIBDIR') + '/' + "
                            "s.get_config_var('INSTSONAME')); print(s.get_config_var('prefix'))"],
                           stdout=subprocess.PIPE, universal_newlines=True).stdout.splitlines()
    if not options.embed or not os.path.isfile(found[0]) or ".so" not in found[0]:
        return "no libpython to load", []
    wrong = []
    for late in ([], ["late"]):
        for objects in "01":
            run = Run(None, options.preload, options.embed, found[0], *late, PYTHONHOME=found[1], MEMTRACE_PYTHON_OBJECTS=objects)
            name = "%s, objects %s: " % ("itself" if late else "child", objects)
            log = run.logs.get(run.out.strip() + ".mt")
            if run.wrong() or not log:
                wrong += [name + text for text in run.wrong() or ["no log, but %s" % sorted(run.logs)]]
                continue
            size = by_line(log)[("<string>", 2, "grow")]
            if not 0 <= size - 3 * (10 << 20) < SLACK:
                wrong.append("%s%d bytes instead of 3 times %d in grow" % (name, size, 10 << 20))
            seen = sum(n for stack, n in log.allocations() if logfile.python_only(stack))
            if (objects == "1") != bool(log.python_arenas_peak) or not seen:
                wrong.append("%s%d bytes of arenas" % (name, log.python_arenas_peak))
    return "three times started and ended, in a child and itself", wrong


def check_objects(it, options):
    """All lines exact with each allocator of the interpreter; tracemalloc allocates on the same lines, so there they are lower
    bounds. Without the objects, what they lie in is seen instead."""
    wrong, total = [], 0
    modes = [("default", [], {}), ("malloc", [], {"PYTHONMALLOC": "malloc"}), ("debug", [], {"PYTHONMALLOC": "debug"}),
             ("malloc_debug", [], {"PYTHONMALLOC": "malloc_debug"}), ("devmode", ["-X", "dev"], {}),
             ("tracemalloc", ["-X", "tracemalloc=3"], {})]
    if it.free:
        modes = [mode for mode in modes if not mode[0].startswith("malloc")]  # there is none but its own
    for name, flags, environment in modes:
        run = Run(it._replace(flags=flags), options.preload, "objects_program.py", "@/expected", report=True, second=name == "default",
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
    off = Run(it, options.preload, "objects_program.py", "@/expected", report=True, second=False, MEMTRACE_PYTHON_OBJECTS="0")
    wrong += off.wrong()
    if not wrong and (off.report["allocations"] * 5 > run.report["allocations"] or off.log.python_arenas_peak):
        wrong.append("without objects there are %d allocations" % off.report["allocations"])
    return "%d objects in %d modes" % (total, len(modes)), wrong


def check_threads(it, options):
    """What a line made and dropped, by all threads together, to the object; and the code that each compiled."""
    run = Run(it, options.preload, "threads_program.py", "@/expected", report=True, MEMTRACE_PYTHON_OBJECTS="1")
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
    got = by_line(run.log)
    for n in range(4):
        for i in range(30):
            size = got[("thread_%d_%d.py" % (n, i), 2, "make")]
            if not 100001 + i <= size < 100001 + i + 200:
                wrong.append("thread_%d_%d.py: %d bytes" % (n, i, size))
    if len(run.expected) != 5 or run.log.python_missed:
        wrong.append("%d lines, %d stacks without their Python frames" % (len(run.expected), run.log.python_missed))
    return "%d objects" % sum(truth.get("allocations", 0) for truth in run.expected), wrong


def check_natives(it, options):
    """Each thread's native frames are its own, also where an earlier one stood in the same place in the same line."""
    run = Run(it, options.preload, "natives_program.py", options.natives)
    wrong = run.wrong()
    if wrong:
        return "", wrong
    with open(os.path.join(HERE, "natives_program.py")) as f:
        lines = {i: text.partition("  # ")[2].strip() for i, text in enumerate(f, 1) if text.lstrip().startswith("path(")}
    got = collections.Counter()
    for stack, size in run.log.allocations():
        chain = logfile.python_only(stack)
        native = [f for f in stack if getattr(f, "module", None) == os.path.realpath(options.natives)]
        if chain and chain[0][1] in lines and native:
            got[lines[chain[0][1]], native[-1].offset] += size
    each = sorted((line, size) for (line, _), size in got.items())
    if each != sorted((line, 200 * size) for line in lines.values() for size in (1000, 3000)) or len(lines) != 3:
        wrong.append("bytes by line: %s" % each)
    return "%d bytes" % sum(got.values()), wrong


def check_refused(it, options):
    run = Run(it, options.preload, "refused_program.py")
    if run.status or not run.log or run.out.strip() != str(12 << 20):
        return "", ["exit status %d, output %r: %s" % (run.status, run.out, run.err[-2000:])]
    wrong = []
    notes = [text for severity, text in run.log.notes if severity == 1 and text.endswith(": no Python frames")]
    if len(notes) != 1:
        wrong.append("notes: %s" % (run.log.notes,))
    if run.log.codes:
        wrong.append("there are code records")
    if not any(size >= 12 << 20 for _, size in run.log.allocations()):
        wrong.append("the block is not in the log")
    return " ".join(notes), wrong


def check_exact(it, options):
    """Counts of lines against a trace function's, in another run; what the program can see; the logs of fork children."""
    names = ["made.py:made", "exact_program.levels", "exact_program.py:recursive", "Thing.method", "Thing.get"] + [
        "__main__." + n for n in ("loops", "generator", "delegating", "coroutine", "agen")] + [
        "handlers", "wrapped", "in_thread", "with_inner", "multi"]
    run = Run(it, options.preload, "exact_program.py", MEMTRACE_LINES=",".join(names))
    wrong = run.wrong()
    if wrong:
        return "", wrong
    plain = Run(it, options.preload, "exact_program.py")
    counted = Run(it, "", "exact_program.py", "--count", "@/expected")
    if plain.out != run.out:
        wrong.append("the program sees %s\n  and without: %s" % (run.out, plain.out))
    bare = it.version < (3, 11)
    want = {(line, name): n for line, name, n in counted.expected}
    got = {k[1:]: v for k, v in run.log.executions().items() if os.path.basename(k[0]) in ("exact_program.py", "made.py")}
    for key in sorted(set(want) | set(got), key=str):
        if want.get(key) != got.get(key, (None, 0))[0]:
            wrong.append("%s: %s executions instead of %s" % (key, got.get(key), want.get(key)))
    if len(want) < 350:
        wrong.append("only %d lines" % len(want))
    at = {line: level for (line, name), (_, level) in got.items() if name == "levels" and line}
    lines = sorted(at)
    steps = [round((at[b] - at[a]) / (64 << 20), 1) for a, b in zip(lines, lines[1:])]
    if steps != [0.0, 1.0, 0.0, -1.0, 0.0]:
        wrong.append("the level's steps in levels(): %s" % steps)
    children = [log.executions() for name, log in run.logs.items() if log is not run.log and log.header_pid != run.pid]
    loops = [n for child in children for (_, line, name), (n, _) in child.items() if name == "loops" and not line]
    if loops != [2]:
        wrong.append("the fork child's calls of loops(): %s" % loops)
    chosen = Run(it, options.preload, "chosen_program.py")
    wrong += chosen.wrong()
    counts = {line: n for (_, line, name), (n, _) in chosen.log.executions().items() if name == "named"}
    if chosen.out.strip() != str([1] * 7) or counts != {0: 3, 10: 3, 11: 18, 12: 15, 13: 3}:
        wrong.append("counted on request: %s, %s" % (chosen.out.strip(), counts))
    return "%d lines, %s" % (len(want), "names without classes" if bare else "names"), wrong


def check_traced(it, options):
    program = os.path.join(HERE, "traced_program.py")
    run = Run(it, options.preload, "traced_program.py", MEMTRACE_LINES="named,sets_it")
    alone = subprocess.run([it.path, program], stdout=subprocess.PIPE, universal_newlines=True).stdout
    wrong = [] if run.status == 0 and run.out == alone else ["exit status %d, it sees %s\nand alone %s\n%s" % (
        run.status, run.out, alone, run.err[-2000:])]
    got = {k[1:]: n for k, (n, _) in run.log.executions().items() if k[0].endswith("traced_program.py")}
    calls = got.get((0, "named"))
    if calls != 5:
        wrong.append("%s calls of named()" % calls)
    notes = [text for severity, text in run.log.notes if severity]
    if len(notes) != (it.version < (3, 12)):
        wrong.append("notes: %s" % notes)
    return "%d lines, notes: %s" % (len(got), notes), wrong


def check_sources(it, options):
    """What is in no file is in the log: registered cells, also of fork children and after a kill, and what -c runs."""
    memtrace = os.path.join(os.path.dirname(options.preload), "memtrace")
    wrong, shown = [], []

    def lines(log, *names):
        done = subprocess.run([memtrace, "lines", "--json", "--all"] + [a for n in names for a in ("-f", n)] + [log],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return {(line["function"], line["line"]): line["source"] for line in json.loads(done.stdout.decode())["lines"]}

    folder = tempfile.mkdtemp(prefix="memtrace-python-")
    try:
        env = dict(os.environ, LD_PRELOAD=options.preload, MEMTRACE_QUIET="1", MEMTRACE_OUTPUT=os.path.join(folder, "%p.mt"))
        done = subprocess.run([it.path, os.path.join(HERE, "sources_program.py")], env=env, stdout=subprocess.PIPE,
                              universal_newlines=True)
        pids = done.stdout.split()  # its own, its child's
        if done.returncode != -9 or len(pids) != 2:
            return "", ["exit status %d, %r" % (done.returncode, done.stdout)]
        for pid in pids:
            found = lines(os.path.join(folder, pid + ".mt"), "cell_function", "named_function", "late_function")
            for key, text in ((("cell_function", 3), "    return len(bytearray(8 << 20))  # \u00e9\u4e16"),
                              (("named_function", 2), "    return len(bytearray(9 << 20))"),
                              (("late_function", 4), "    return len(bytearray(10 << 20))")):
                if key[0] == "named_function" and pid != pids[0] or key[0] == "late_function" and pid == pids[0]:
                    continue
                shown.append(key)
                if found.get(key) != text:
                    wrong.append("process %s: %s is %r" % (pid, key, found.get(key)))
        text = "def of_command(n):\n\n    return len(bytearray(n))\nof_command(8 << 20)\n"
        for arguments in (["-c", text], ["-Bc", text, "-c"], ["-X", "dev", "-Wignore", "-bc" + text]):
            started = subprocess.Popen([it.path] + arguments, env=env)
            started.wait()
            got = lines(os.path.join(folder, "%d.mt" % started.pid), "of_command").get(("of_command", 3))
            shown.append("of_command")
            if got != "    return len(bytearray(n))":
                wrong.append("%s: %r" % (arguments, got))
        found, bad = generated(it, env, folder, memtrace)
        shown += found
        wrong += bad
    finally:
        shutil.rmtree(folder)
    return "%d lines" % len(shown), wrong


def generated(it, env, folder, memtrace):
    """Code that is in no file shows its own source or none: never the text behind -c, nor the template that it was made from."""
    with open(os.path.join(HERE, "generated_program.py"), encoding="utf-8") as file:
        text = file.read()
    page = os.path.join(folder, "page.html")
    started = subprocess.Popen([it.path, "-c", text], env=dict(env, PAGE=page))
    wrong = ["exit status %d" % started.returncode] if started.wait() else []
    log = os.path.join(folder, "%d.mt" % started.pid)
    done = subprocess.run([memtrace, "report", "--json", log], stdout=subprocess.PIPE)
    report = json.loads(done.stdout.decode())
    lines = [line for line in report["lines"] if line["language"] == "Python" and line["file"] in ("<string>", page)]
    shown = []
    for line in lines:
        name = line["function"].rsplit(".", 1)[-1]
        mine = text.splitlines()[line["line"] - 1] if line["line"] and line["line"] <= len(text.splitlines()) else None
        if line["source"] is not None:
            shown.append((name, line["line"]))
            if line["source"] != mine or line["file"] == page:
                wrong.append("%s:%s shows %r" % (name, line["line"], line["source"]))
    texts = {name: [n for n, row in enumerate(text.splitlines(), 1) if row.strip() == start] for name, start in
             (("inner", "return len(bytearray(n))"), ("own", "return inner(n)"), ("<module>", "own(8 << 20)"),
              ("<lambda>", "block: bytearray = dataclasses.field(default_factory=lambda: bytearray(5 << 20))"))}
    for name, numbers in texts.items():
        if (name, numbers[0]) not in shown:
            wrong.append("%s:%s shows nothing" % (name, numbers[0]))
    whole = [(line["function"].rsplit(".", 1)[-1], line["allocated_bytes"] >> 20) for line in lines if line["source"] is None]
    for wanted in (("__init__", 10), ("<module>", 6), ("own", 7), ("root", 11), ("<module>", 11)):
        if not any(name == wanted[0] and count >= wanted[1] for name, count in whole):
            wrong.append("%s of %d MiB has no line of its own, or shows one" % wanted)
    for name in ("__init__", "root"):
        done = subprocess.run([memtrace, "lines", "-f", name, log], stdout=subprocess.PIPE)
        said = done.stdout.decode()
        if "dataclasses" in said or "of the template" in said or "MiB" not in said:
            wrong.append("the table of %s:\n%s" % (name, said))
    return shown, wrong


def check_returns(it, options):
    """What a frame holds when it is taken down is given back by its function, on return; and each function adds up."""
    memtrace, wrong = os.path.join(os.path.dirname(options.preload), "memtrace"), []
    for objects in "01":
        folder = tempfile.mkdtemp(prefix="memtrace-python-")
        try:
            log = os.path.join(folder, "log.mt")
            env = dict(os.environ, LD_PRELOAD=options.preload, MEMTRACE_QUIET="1", MEMTRACE_OUTPUT=log, MEMTRACE_PYTHON_OBJECTS=objects)
            status = subprocess.call([it.path, os.path.join(HERE, "returns_program.py")], env=env)
            report, table = (subprocess.run([memtrace] + verb + [log], stdout=subprocess.PIPE).stdout.decode()
                             for verb in (["report", "--json"], ["lines", "-f", "plain"]))
            second = subprocess.run([sys.executable, os.path.join(HERE, "..", "second_reader.py"), "--compare", memtrace, log],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        finally:
            shutil.rmtree(folder)
        if status or second.returncode:
            wrong.append("exit status %d, the second reader: %s" % (status, second.stderr.decode()[-500:]))
        wrong += returns_of(it, json.loads(report))
        if not re.search(r"^return +[\d.]+ MiB +-9\.000 MiB .*  \(on return\)$", table, re.M):
            wrong.append("the table of plain:\n" + table)
    return "", wrong


def returns_of(it, report):
    """What is wrong with these figures of returns_program.py."""
    with open(os.path.join(HERE, "returns_program.py"), encoding="utf-8") as file:
        tree = ast.parse(file.read())
    takes = {node.name: [int(n) << 20 for n in ast.get_docstring(node).split()] for node in ast.walk(tree)
             if isinstance(node, ast.FunctionDef) and ast.get_docstring(node)}
    named = {kind: collections.defaultdict(list) for kind in ("lines", "functions")}
    for kind, found in named.items():
        for one in report[kind]:
            if (one["file"] or "").endswith("returns_program.py"):
                found[one["function"].rsplit(".", 1)[-1]].append(one)
    near, wrong = MIB // 3, []  # what the interpreter takes for itself meanwhile: frames, up to 3.10
    for name, (took, back) in sorted(takes.items()):
        if name == "called_with" and it.version < (3, 11):
            continue  # an argument is the caller's
        if len(named["functions"][name]) != 1:
            wrong.append("%d functions called %s" % (len(named["functions"][name]), name))
            continue
        lines, function = named["lines"][name], named["functions"][name][0]
        returns = [line for line in lines if line.get("on_return")]
        given = -sum(line["increment_bytes"] for line in returns)
        if name == "raises" and it.version >= (3, 11):
            back = 0  # its frame is the traceback's by then
        if abs(given - back) > near:
            wrong.append("%s gives back %.3f MiB on return, not %d" % (name, given / MIB, back / MIB))
        if sum(line["allocated_bytes"] for line in returns) > near:
            wrong.append("%s allocates on return" % name)
        if name in ("recursive", "deep"):
            continue  # their lines overlap
        if sum(line["increment_bytes"] for line in lines) != function["increment_bytes"]:
            wrong.append("the lines of %s do not add up" % name)
        if name == "caller" and abs(function["increment_bytes"]) > 2 * near:
            wrong.append("caller keeps %d bytes" % function["increment_bytes"])
        if name != "caller" and abs(function["allocated_bytes"] - took) > near:
            wrong.append("%s takes %.3f MiB, not %d" % (name, function["allocated_bytes"] / MIB, took / MIB))
    return wrong


CHECKS = {"returns": check_returns, "sources": check_sources, "exact": check_exact, "traced": check_traced, "lines": check_lines, "stacks": check_stacks, "reuse": check_reuse, "daemon": check_daemon,
          "deep": check_deep, "fork": check_fork, "embed": check_embed, "refused": check_refused, "natives": check_natives, "objects": check_objects, "threads": check_threads}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", dest="preload")
    parser.add_argument("--decoder")
    parser.add_argument("--embed", help="the program embed.c")
    parser.add_argument("--natives", help="the library natives.c")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", help="only this one")
    parser.add_argument("test", choices=sorted(CHECKS))
    options = parser.parse_args()
    ran, failed = 0, 0
    for it in [probe(options.python)] if options.python else interpreters():
        if it.known != (options.test != "refused"):
            print("%-16s %s: skipped" % (it.name, it.path))
            continue
        summary, wrong = CHECKS[options.test](it, options)
        ran += 1
        failed += bool(wrong)
        print("%-16s %s: %s" % (it.name, it.path, summary))
        for text in wrong[:5]:
            print("    WRONG: " + text[:1500])
        if len(wrong) > 5:
            print("    and %d more" % (len(wrong) - 5))
        sys.stdout.flush()
    print("%d run, %d failed" % (ran, failed))
    return 1 if failed else 0 if ran else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
