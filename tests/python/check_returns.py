# SPDX-License-Identifier: MIT
"""What frames release when they are taken down."""
import ast
import collections
import json
import os
import re
import shutil
import subprocess
import tempfile

from traced_run import HERE

MIB = 1 << 20


def check_returns(it, build):
    """What a frame holds when it is taken down is released by its function, on return; and each function adds up."""
    wrong = []
    for objects in "01":
        folder = tempfile.mkdtemp(prefix="memtrace-python-")
        try:
            log = os.path.join(folder, "log.mt")
            env = build.traced(log, MEMTRACE_QUIET="1", MEMTRACE_PYTHON_OBJECTS=objects)
            status = subprocess.call([it.path, os.path.join(HERE, "returns_program.py")], env=env)
            report, table = (subprocess.run([build.memtrace] + verb + [log], stdout=subprocess.PIPE).stdout.decode()
                             for verb in (["report", "--json"], ["lines", "-f", "plain"]))
            wrong += build.unsound(log)
        finally:
            shutil.rmtree(folder)
        if status:
            wrong.append("exit status %d" % status)
        wrong += returns_of(it, json.loads(report))
        if not re.search(r"^return +[\d.]+ MiB +-9\.00 MiB .*  \(on return\)$", table, re.M):
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
