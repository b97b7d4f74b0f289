#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The log's Python stacks against sys._getframe's, in code from other places than a script, in other processes, and under
native code; with every CPython that this machine has. See kinds_program.py.

Usage: run_kinds.py [--pythons system|others|all] [--python PATH] BUILD [CASE...]
Exit status: 0 good, 1 not, 77 no interpreter to test with.
"""
import argparse
import collections
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stacks import StackLog  # noqa: E402
from support import pythons  # noqa: E402
from support.build import Build  # noqa: E402
from support.outcome import Outcome  # noqa: E402
from support.running import run  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SLACK = 4 << 20
PROGRAM = os.path.join(HERE, "kinds_program.py")
TEXT = """import sys
sys.path.insert(0, %r)
from marks import mark
def f(n):
    return f(n - 1) if n else len(bytearray(mark()))
f(3)
[f(0) for _ in range(2)]
exec("f(1)\\n\\nbytearray(mark())")
print(eval("f(2)") > 0)
""" % HERE


class Case:
    """A run under the preload: its folder holds the log of each process, and `marks`."""

    def __init__(self, it, build, command, text=None, prepare=None, **environment):
        self.folder, self.command = tempfile.mkdtemp(prefix="memtrace-kinds-"), command
        self.build = build
        self.skipped = prepare(it, self.folder) if prepare else None
        if self.skipped:
            return
        env = build.traced(self.path("%p.mt"), MEMTRACE_QUIET="1", PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=HERE,
                           MARKS=self.path("marks"), **environment)
        done = run([it.path] + [a.replace("@", self.folder) for a in command], env, text, cwd=HERE)
        self.status, self.err = done.status, done.err

    def path(self, name):
        return os.path.join(self.folder, name)

    def processes(self):
        """pid -> chain -> bytes."""
        found = collections.defaultdict(collections.Counter)
        with open(self.path("marks")) as f:
            for line in f:
                pid, size, chain = json.loads(line)
                found[pid][tuple(map(tuple, chain))] += size
        return found

    def close(self):
        shutil.rmtree(self.folder)


def compare(case):
    """(blocks' number of chains, what is wrong)"""
    wrong, chains = [], 0
    for pid, want in case.processes().items():
        if not os.path.exists(case.path("%d.mt" % pid)):
            wrong.append("process %d has no log" % pid)
            continue
        log = StackLog(case.path("%d.mt" % pid))
        got = log.by_chain()
        chains += len(want)
        for chain, size in want.items():
            if not 0 <= got[chain] - size < SLACK:
                wrong.append("%d bytes instead of %d at %s" % (got[chain], size, chain))
        for chain, size in got.items():
            if size >= 2 * SLACK and chain not in want:
                wrong.append("%d bytes that nobody allocated at %s" % (size, chain))
        # In 3.11 and 3.12 the state cannot be known while greenlet changes stacks.
        if (log.python_missed and "greenlets" not in case.command) or log.dropped_events:
            wrong.append("%d stacks without Python frames, %d events dropped" % (log.python_missed, log.dropped_events))
        wrong += ["note: " + said for said in log.warnings()]
    return chains, wrong


# ---- extensions

def headers(it):
    done = subprocess.run([it.path, "-c", "import sysconfig as s; print(s.get_path('include')); "
                           "print(s.get_config_var('EXT_SUFFIX'))"], stdout=subprocess.PIPE, universal_newlines=True)
    include, suffix = done.stdout.split()
    return (include, suffix) if os.path.exists(os.path.join(include, "Python.h")) else (None, suffix)


def build(it, folder, compiler, source, *options):
    include, suffix = headers(it)
    if not include or not shutil.which(compiler):
        return "no headers or no compiler"
    done = subprocess.run([compiler, "-O1", "-g", "-shared", "-fPIC", "-w", "-fno-builtin", "-I", include, "-o",
                           os.path.join(folder, "spam" + suffix), source] + list(options),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    return "not for this version" if done.returncode else None


def prepare_cython(it, folder):
    cython = shutil.which("cython3") or shutil.which("cython")
    if not cython:
        return "no cython"
    source = shutil.copy(os.path.join(HERE, "spam.pyx"), folder)
    if subprocess.run([cython, "--line-directives", source], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL).returncode:
        return "cython fails"
    return build(it, folder, "gcc", os.path.join(folder, "spam.c"))


def prepare_pybind11(it, folder):
    if not os.path.exists("/usr/include/pybind11/pybind11.h"):
        return "no pybind11"
    return build(it, folder, "g++", os.path.join(HERE, "spam.cc"), "-fvisibility=hidden")


def native_lines(case):
    """The extension's own lines stand between the Python frames that they were called by and that they call."""
    (pid, _), = case.processes().items()
    wrong, between, alone = [], 0, 0
    for site in case.build.sites(case.path("%d.mt" % pid)):
        if site["allocated_bytes"] < 8 << 20:
            continue
        frames = [("python" if f["language"] == "Python" else os.path.basename(f["file"] or "").split(".")[0], f["function"])
                  for f in site["stack"]]
        names = [name.split(".")[-1] if kind == "python" else kind for kind, name in frames if name]
        if "native" not in names:
            continue
        inner = names[:names.index("native")]
        called = [i for i, name in enumerate(inner) if name in ("<lambda>", "recursive")]
        if not called:
            alone += "spam" in inner
        elif "spam" in inner[called[-1]:]:
            between += 1
        else:
            wrong.append("no line of the extension in %s" % (names,))
    if between < 5 or alone < 2:
        wrong.append("%d stacks through the extension, %d from it" % (between, alone))
    return wrong


def run_case(it, build_folder, name):
    script = [PROGRAM, "@"]
    if name in ("cython", "pybind11"):
        case = Case(it, build_folder, script + ["native"], prepare=prepare_cython if name == "cython" else prepare_pybind11)
    elif name == "command":
        case = Case(it, build_folder, ["-c", TEXT])
    elif name == "stdin":
        case = Case(it, build_folder, ["-"], text=TEXT)
    elif name == "module":
        case = Case(it, build_folder, ["-m", "kinds_program", "@", "modules"])
    elif name == "objects":  # every domain by malloc: small objects' stacks come along
        case = Case(it, build_folder, script + ["modules", "hooks"], PYTHONMALLOC="default" if it.free else "malloc")  # it has no other
    else:
        case = Case(it, build_folder, script + [name])
    try:
        if case.skipped or case.status == 77:
            return "%s: skipped, %s" % (name, case.skipped or "none here"), []
        if case.status:
            return name, ["%s: exit status %d: %s" % (name, case.status, case.err[-1500:])]
        chains, wrong = compare(case)
        if name in ("cython", "pybind11"):
            wrong += native_lines(case)
        if not chains:
            wrong.append("no marks")
        return "%s %d" % (name, chains), ["%s: %s" % (name, text) for text in wrong]
    finally:
        case.close()


CASES = ("command", "stdin", "module", "hooks", "objects", "fork", "spawn", "forkserver", "greenlets", "cython",
         "pybind11")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pythons.add_choice(parser)
    parser.add_argument("build")
    parser.add_argument("case", nargs="*")
    options = parser.parse_args()
    build_folder, outcome = Build(options.build), Outcome()
    for it in pythons.chosen(options):
        said, wrong = [], []
        for name in options.case or CASES:
            text, bad = run_case(it, build_folder, name)
            said.append(text)
            wrong += bad
        outcome.result("%-16s %s: stacks by case: %s" % (it.name, it.path, ", ".join(said)), wrong, it.name)
    return outcome.status()


if __name__ == "__main__":
    sys.exit(main())
