# SPDX-License-Identifier: MIT
"""Stacks: the log's against the interpreter's own view."""
import collections
import os
import re
import shutil
import subprocess

from second_reader.log import text
from stacks import Native, is_cut, python_only
from traced_run import HERE, Run

SLACK = 4 << 20  # for what the interpreter itself allocates at the same place; the blocks have 8 MiB and more


def interpreter_loop(log):
    """(module, begin, end) of the interpreter loop's symbol, None where it is not all of the loop or can't be read."""
    for path in sorted({text(m["path"]) for m in log.modules.values()}):
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
        if any(isinstance(f, Native) and loop and f.module == loop[0] and loop[1] < f.offset <= loop[2]
               for f in stack) and "inside" not in names:  # (a sub-interpreter's caller has a loop of its own)
            wrong.append("a loop is left in %s" % (stack,))
        if not (log.objects or isinstance(stack[0], Native)) or not isinstance(stack[-1], Native):
            wrong.append("no native frames around %s" % (stack,))
        at = [i for i, name in enumerate(names) if name.endswith("compare_for_qsort")]
        if at:
            outer = next(i for i, name in enumerate(names) if name == "ctypes_callback")
            between = [os.path.basename(n) for n in names[at[0] + 1:outer]]
            sorts += any(n.startswith("libc") for n in between)
    if not sorts:
        wrong.append("no stack with the frames of qsort")
    return wrong, "loop's symbol known" if loop else "loop's symbol unknown"


def check_stacks(it, build):
    run = Run(build, it, "stacks_program.py", "@/expected")
    wrong = run.wrong()
    if wrong:
        return "", wrong
    want, got, marked = collections.Counter(), collections.Counter(), []
    for size, chain in run.expected:
        want[tuple(map(tuple, chain))] += size
    for stack, size in run.log.allocations():
        chain = python_only(stack)
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


def check_reuse(it, build):
    run = Run(build, it, "reuse_program.py")
    wrong = run.wrong()
    if wrong:
        return "", wrong
    got = collections.Counter()
    for stack, size in run.log.allocations():
        chain = python_only(stack)
        if chain and chain[0][0].startswith("file_") and (run.log.objects or isinstance(stack[0], Native)):
            got[chain[0][:2]] += size
    for i in range(400):
        size = got[("file_%d.py" % i, i % 50 + 1)]
        if not 0 <= size - ((i + 1) << 12) < 1 << 12:
            wrong.append("file_%d.py: %d bytes instead of %d" % (i, size, (i + 1) << 12))
    same = [c for c in run.log.codes.values() if run.log.strings[c[0]] == b"same.py"]
    if len(same) != 1:
        wrong.append("%d records for the same code" % len(same))
    got = run.log.by_line()
    for i in range(3):
        size, expected = got[("same.py", i + 1, "<module>")], len(range(i, 400, 3)) * 100000
        if not 0 <= size - expected < 50000:
            wrong.append("same.py:%d: %d bytes instead of %d" % (i + 1, size, expected))
    return "400 code objects at %s addresses" % run.out.strip(), wrong


def check_deep(it, build):
    if it.version < (3, 11):
        return "needs native recursion", []
    run = Run(build, it, "deep_program.py", second=not it.free)  # with objects, a stack for each depth: too much to compare
    wrong = run.wrong()
    if wrong:
        return "", wrong
    deepest = {}
    for stack, size in run.log.allocations(8 << 20):
        chain = python_only(stack)
        if chain:
            deepest[len(chain)] = stack
    for depth, cut in ((10003, False), (16384, True)):
        stack = deepest.get(depth)
        if not stack:
            wrong.append("no stack of %d Python frames, but %s" % (depth, sorted(deepest)))
        elif is_cut(stack) != cut:
            wrong.append("the cut of %d Python frames is wrong" % depth)
        elif {f[1:] for f in python_only(stack)[1:5000]} != {(10, "down")}:
            wrong.append("wrong frames")
    if run.log.python_missed:
        wrong.append("%d stacks without their Python frames" % run.log.python_missed)
    return "%s Python frames" % sorted(deepest), wrong


def check_natives(it, build):
    """Each thread's native frames are its own, also where an earlier one stood in the same place in the same line."""
    run = Run(build, it, "natives_program.py", build.path("libpython_natives.so"))
    wrong = run.wrong()
    if wrong:
        return "", wrong
    with open(os.path.join(HERE, "natives_program.py")) as f:
        lines = {i: text.partition("  # ")[2].strip() for i, text in enumerate(f, 1) if text.lstrip().startswith("path(")}
    got = collections.Counter()
    for stack, size in run.log.allocations():
        chain = python_only(stack)
        native = [f for f in stack if getattr(f, "module", None) == os.path.realpath(build.path("libpython_natives.so"))]
        if chain and chain[0][1] in lines and native:
            got[lines[chain[0][1]], native[-1].offset] += size
    each = sorted((line, size) for (line, _), size in got.items())
    if each != sorted((line, 200 * size) for line in lines.values() for size in (1000, 3000)) or len(lines) != 3:
        wrong.append("bytes by line: %s" % each)
    return "%d bytes" % sum(got.values()), wrong


def check_refused(it, build):
    run = Run(build, it, "refused_program.py")
    if run.status or not run.log or run.out.strip() != str(12 << 20):
        return "", ["exit status %d, output %r: %s" % (run.status, run.out, run.err[-2000:])]
    wrong = []
    notes = [said for said in run.log.warnings() if said.endswith(": no Python frames")]
    if len(notes) != 1:
        wrong.append("notes: %s" % run.log.warnings())
    if run.log.codes:
        wrong.append("there are code records")
    if not any(size >= 12 << 20 for _, size in run.log.allocations()):
        wrong.append("the block is not in the log")
    return " ".join(notes), wrong
