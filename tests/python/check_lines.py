# SPDX-License-Identifier: MIT
"""Lines: the decoder of line tables, executions, and the source."""
import json
import os
import shutil
import subprocess
import tempfile

from traced_run import HERE, Run


def check_lines(it, build):
    done = subprocess.run([it.path, os.path.join(HERE, "decoder_check.py"), build.path("libpython_lines.so")], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, universal_newlines=True)
    return done.stdout.strip(), [] if done.returncode == 0 else ["exit status %d" % done.returncode]


def check_exact(it, build):
    """Executions of lines are those that a trace function counts in another run; the program sees no difference; fork children count
    for themselves."""
    names = ["made.py:made", "exact_program.levels", "exact_program.py:recursive", "Thing.method", "Thing.get"] + [
        "__main__." + n for n in ("loops", "generator", "delegating", "coroutine", "agen")] + [
        "handlers", "wrapped", "in_thread", "with_inner", "multi"]
    run = Run(build, it, "exact_program.py", MEMTRACE_LINES=",".join(names))
    wrong = run.wrong()
    if wrong:
        return "", wrong
    plain = Run(build, it, "exact_program.py")
    counted = Run(build, it, "exact_program.py", "--count", "@/expected", preload=False)
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
    children = [log.executions() for name, log in run.logs.items() if log is not run.log and log.pid != run.pid]
    loops = [n for child in children for (_, line, name), (n, _) in child.items() if name == "loops" and not line]
    if loops != [2]:
        wrong.append("the fork child's calls of loops(): %s" % loops)
    chosen = Run(build, it, "chosen_program.py")
    wrong += chosen.wrong()
    counts = {line: n for (_, line, name), (n, _) in chosen.log.executions().items() if name == "named"}
    if chosen.out.strip() != str([1] * 7) or counts != {0: 3, 10: 3, 11: 18, 12: 15, 13: 3}:
        wrong.append("counted on request: %s, %s" % (chosen.out.strip(), counts))
    return "%d lines, %s" % (len(want), "names without classes" if bare else "names"), wrong


def check_traced(it, build):
    program = os.path.join(HERE, "traced_program.py")
    run = Run(build, it, "traced_program.py", MEMTRACE_LINES="named,sets_it")
    alone = subprocess.run([it.path, program], stdout=subprocess.PIPE, universal_newlines=True).stdout
    wrong = [] if run.status == 0 and run.out == alone else ["exit status %d, it sees %s\nand alone %s\n%s" % (
        run.status, run.out, alone, run.err[-2000:])]
    got = {k[1:]: n for k, (n, _) in run.log.executions().items() if k[0].endswith("traced_program.py")}
    calls = got.get((0, "named"))
    if calls != 5:
        wrong.append("%s calls of named()" % calls)
    notes = run.log.warnings()
    if len(notes) != (it.version < (3, 12)):
        wrong.append("notes: %s" % notes)
    return "%d lines, notes: %s" % (len(got), notes), wrong


def check_sources(it, build):
    """The log has source that is in no file: registered cells, also of fork children and after a kill, and the text of -c."""
    memtrace = build.memtrace
    wrong, shown = [], []

    def lines(log, *names):
        done = subprocess.run([memtrace, "lines", "--json", "--all"] + [a for n in names for a in ("-f", n)] + [log],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return {(line["function"], line["line"]): line["source"] for line in json.loads(done.stdout.decode())["lines"]}

    folder = tempfile.mkdtemp(prefix="memtrace-python-")
    try:
        env = build.traced(os.path.join(folder, "%p.mt"), MEMTRACE_QUIET="1")
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
    finally:
        shutil.rmtree(folder)
    return "%d lines" % len(shown), wrong
