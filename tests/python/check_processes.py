# SPDX-License-Identifier: MIT
"""Interpreters that end, fork, and are loaded late."""
import os
import subprocess

from check_stacks import SLACK
from stacks import python_only
from traced_run import HERE, Run

ROUNDS = 5


def check_daemon(it, build):
    """Interpreters up to 3.10 crash here without the preload, too. Such a crash does not count."""
    wrong, missed, plain, natives = [], 0, 0, build.path("libpython_natives.so")
    for _ in range(ROUNDS):
        # The exit stops threads in the middle of an event, so that the log has half of it.
        run = Run(build, it, "daemon_program.py", natives, second=False, MALLOC_PERTURB_="85")
        if run.status < 0:
            wrong.append("killed by signal %d" % -run.status)
        elif run.wrong():
            wrong += run.wrong()
        else:
            missed += run.log.python_missed
    if wrong and it.version <= (3, 10):
        env = dict(os.environ, MALLOC_PERTURB_="85")
        plain = sum(subprocess.run([it.path, os.path.join(HERE, "daemon_program.py"), natives], env=env,
                                   stderr=subprocess.DEVNULL).returncode < 0 for _ in range(5 * ROUNDS))
        if plain:
            return "crashes without us, too (%d of %d)" % (plain, 5 * ROUNDS), []
    if not missed:
        wrong.append("no thread allocated while the interpreter ended, or its frames were read")
    return "%d rounds, %d stacks of finalised threads left without Python frames" % (ROUNDS, missed), wrong


def check_fork(it, build):
    run = Run(build, it, "fork_program.py")
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
        got = log.by_line()
        for place, size in ((("fork_program.py", 10, "met"), (10 + n) << 20),
                            (("late_%d.py" % n, n + 1, "late"), (20 + n) << 20)):
            if not 0 <= got[place] - size < SLACK and not (n == 0 and place[2] == "met" and got[place] > size):
                wrong.append("process %d: %d bytes instead of %d at %s" % (n, got[place], size, place))
        wrong += ["process %d: note: %s" % (n, said) for said in log.warnings()]
    return "%d processes" % len(processes), wrong


def check_embed(it, build):
    found = subprocess.run([it.path, "-c", "import sysconfig as s; print(s.get_config_var('LIBDIR') + '/' + "
                            "s.get_config_var('INSTSONAME')); print(s.get_config_var('prefix'))"],
                           stdout=subprocess.PIPE, universal_newlines=True).stdout.splitlines()
    if not build.path("python_embed") or not os.path.isfile(found[0]) or ".so" not in found[0]:
        return "no libpython to load", []
    wrong = []
    for late in ([], ["late"]):
        for objects in "01":
            run = Run(build, None, build.path("python_embed"), found[0], *late, PYTHONHOME=found[1], MEMTRACE_PYTHON_OBJECTS=objects)
            name = "%s, objects %s: " % ("itself" if late else "child", objects)
            log = run.logs.get(run.out.strip() + ".mt")
            if run.wrong() or not log:
                wrong += [name + text for text in run.wrong() or ["no log, but %s" % sorted(run.logs)]]
                continue
            size = log.by_line()[("<string>", 2, "grow")]
            if not 0 <= size - 3 * (10 << 20) < SLACK:
                wrong.append("%s%d bytes instead of 3 times %d in grow" % (name, size, 10 << 20))
            seen = sum(n for stack, n in log.allocations() if python_only(stack))
            if (objects == "1") != bool(log.python_arenas_peak) or not seen:
                wrong.append("%s%d bytes of arenas" % (name, log.python_arenas_peak))
    return "three times started and ended, in a child and itself", wrong
