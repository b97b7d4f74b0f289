# SPDX-License-Identifier: MIT
"""python -m memtrace [-o LOG] script.py|-m MODULE|-c COMMAND [ARG...]: run a Python program under memtrace.

This process becomes the same interpreter with the user's own arguments, by `memtrace run`. The interpreter starts the program, as it
always does; what is added stands in _begin.py.
"""

import argparse
import os
import shutil
import sys

from . import __version__, _native

_WITH_VALUE = ("-o", "--output", "--precision")


def _split(arguments):
    """Our options, and what is the interpreter's: from the program on."""
    at = 0
    while at < len(arguments) and arguments[at].startswith("-") and arguments[at] != "-" and arguments[at][:2] not in ("-m", "-c"):
        if arguments[at] == "--":
            return arguments[:at], arguments[at + 1:]
        at += 2 if arguments[at] in _WITH_VALUE else 1
    return arguments[:at], arguments[at:]


def _parse(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m memtrace", allow_abbrev=False,
        usage="python [INTERPRETER'S OPTIONS] -m memtrace [-o LOG] [--precision N] [--no-rise] script.py|-m MODULE|-c COMMAND [ARG...]",
        description="Run a Python program under memtrace. Functions marked with @profile get their line tables printed at the "
                    "end, as python -m memory_profiler does; `memtrace report LOG` shows all the rest. Options of the interpreter, "
                    "such as -X, -W or -P, stand before -m memtrace.",
        epilog="example: python -m memtrace -o app.mt app.py --fast")
    parser.add_argument("--version", action="version", version="memtrace " + __version__)
    parser.add_argument("-o", "--output", metavar="LOG", help="name of the log; %%p is the process number")
    parser.add_argument("--precision", type=int, default=3, help="decimals of the tables (3)")
    parser.add_argument("--no-rise", action="store_true", help="memory_profiler's columns only")
    own, program = _split(arguments)
    options = parser.parse_args(own)
    if not program:
        print("A program to run must be provided. Use -h for help")
        sys.exit(1)
    return options, program


def _command_line():
    """The interpreter's, with its own options."""
    if hasattr(sys, "orig_argv"):  # 3.10
        return list(sys.orig_argv)
    try:
        with open("/proc/self/cmdline", "rb") as file:
            return [os.fsdecode(part) for part in file.read().split(b"\0")[:-1]]
    except OSError:
        return []


def _options(head):
    """The interpreter's options of a command line that ends in `-m memtrace`; None: it does not."""
    for name in "memtrace", "memtrace.__main__":
        if head[2:] and head[-1] == name and head[-2].startswith("-") and head[-2].endswith("m"):
            options, last = head[1:-2], head[-2][:-1]
        elif head[1:] and head[-1].startswith("-") and head[-1].endswith("m" + name):
            options, last = head[1:-1], head[-1][:-len("m" + name)]
        else:
            continue
        return options + ([last] if last != "-" else [])
    return None


def _interpreter():
    """The command that started this interpreter, up to `-m memtrace`."""
    line = _command_line()
    mine = len(line) - len(sys.argv[1:])
    options = _options(line[:mine]) if line[mine:] == sys.argv[1:] else None
    if options is None:  # something else executes this module
        import subprocess
        return [sys.executable] + subprocess._args_from_interpreter_flags()
    found = shutil.which(line[0])
    same = found and os.path.samefile(found, sys.executable) and os.path.basename(found) == os.path.basename(sys.executable)
    return [line[0] if same else sys.executable] + options


def main():
    options, program = _parse(sys.argv[1:])
    tool = _native.tool()
    if not tool:
        sys.exit("memtrace: the command memtrace is neither beside libmemtrace.so nor in PATH")
    if not sys.executable:
        sys.exit("memtrace: where this interpreter lies is not known (sys.executable is empty)")
    environment = _native.plain_environment()
    begin = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_begin.py")
    environment["MEMTRACE_PYTHON_BEGIN"] = "%d %d %d %s" % (os.getpid(), options.precision, not options.no_rise, begin)
    command = [tool, "run"] + (["-o", options.output] if options.output else []) + ["--"] + _interpreter() + program
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(tool, command, environment)


if __name__ == "__main__":
    main()
