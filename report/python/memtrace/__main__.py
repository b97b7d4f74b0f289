# SPDX-License-Identifier: MIT
"""python -m memtrace [-o LOG] script.py|-m MODULE|-c COMMAND [ARG...]: run a Python program under memtrace.

The same interpreter is started again by `memtrace run`, with its own options and the program's arguments, so that it is the
interpreter that starts the program. libmemtrace.so runs _main.py in it, just before the program begins.
"""

import argparse
import os
import sys

from . import __version__, _native

_MARK = "MEMTRACE_PYTHON_MAIN"  # process, decimals, rise, file: for hooks/python/main.c and _main.py


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m memtrace", usage="python -m memtrace [-o LOG] [--precision N] script.py|-m MODULE|-c COMMAND [ARG...]",
        description="Run a Python program under memtrace. Functions marked with @profile get their line tables printed at the "
                    "end, as python -m memory_profiler does; `memtrace report LOG` shows all the rest. Options of the "
                    "interpreter stand before -m memtrace.")
    parser.add_argument("--version", action="version", version="memtrace " + __version__)
    parser.add_argument("-o", "--output", metavar="LOG", help="name of the log; %%p is the process number")
    parser.add_argument("--precision", type=int, default=3, help="decimals of the tables (3)")
    parser.add_argument("--no-rise", action="store_true", help="memory_profiler's columns only")
    parser.add_argument("-m", dest="module", metavar="MODULE", nargs=argparse.REMAINDER, help="run a module")
    parser.add_argument("-c", dest="command", metavar="COMMAND", nargs=argparse.REMAINDER, help="run a command")
    parser.add_argument("script", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.module:
        options.program = ["-m"] + options.module
    elif options.command:
        options.program = ["-c"] + options.command
    else:
        options.program = options.script
    if not options.program:
        print("A program to run must be provided. Use -h for help")
        sys.exit(1)
    return options


def own_options(command):
    """The interpreter's own options in its command line: what stands before -m memtrace."""
    options = []
    arguments = iter(command[1:])
    for argument in arguments:
        if argument in ("-", "--") or not argument.startswith("-"):
            break
        if argument.startswith("--"):
            options.append(argument)
            if argument == "--check-hash-based-pycs":
                options.append(next(arguments, "default"))
            continue
        for at, letter in enumerate(argument[1:], 1):
            if letter in "mc":  # what comes after it is not an option
                return options + ["-" + argument[1:at]] if at > 1 else options
            if letter in "WX":
                options.append(argument)
                if at + 1 == len(argument):
                    options.append(next(arguments, ""))
                break
        else:
            options.append(argument)
    return options


def command_line():
    try:
        with open("/proc/self/cmdline", "rb") as file:
            return [os.fsdecode(argument) for argument in file.read().split(b"\0")[:-1]]
    except OSError:
        return getattr(sys, "orig_argv", [sys.executable])


def start(options):
    """This process becomes the program."""
    interpreter = sys.executable or os.readlink("/proc/self/exe")
    program = [interpreter] + own_options(command_line()) + options.program
    mark = "%d:%d:%d:%s" % (os.getpid(), options.precision, not options.no_rise,
                            os.path.join(os.path.dirname(os.path.abspath(__file__)), "_main.py"))
    sys.stdout.flush()
    sys.stderr.flush()
    if _native.preloaded():  # `memtrace run python -m memtrace`: one log, which is the outer one's
        environment = dict(os.environ)
        environment[_MARK] = mark
        if options.output:
            environment["MEMTRACE_OUTPUT"] = os.path.join(os.getcwd().replace("%", "%%"), options.output)
        os.execve(interpreter, program, environment)
    tool = _native.tool()
    if not tool:
        sys.exit("memtrace: the command memtrace is neither beside libmemtrace.so nor in PATH")
    environment = dict(os.environ)
    environment[_MARK] = mark
    library = _native.library()
    if library and "MEMTRACE_LIBRARY" not in environment and not _native.finds_itself(tool, library):
        environment["MEMTRACE_LIBRARY"] = library
    output = ["-o", options.output] if options.output else []
    os.execve(tool, [tool, "run"] + output + ["--"] + program, environment)


if __name__ == "__main__":
    start(parse(sys.argv[1:]))
