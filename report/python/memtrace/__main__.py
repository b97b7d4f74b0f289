# SPDX-License-Identifier: MIT
"""python -m memtrace [-o LOG] script.py|-m MODULE|-c COMMAND [ARG...]: run a Python program under memtrace."""

import argparse
import builtins
import os
import runpy
import sys
import types

from . import __version__, _native, _period, _tables, _text

_MARK = "MEMTRACE_PYTHON_MAIN"  # set for the process that is started again, so that it is not once more


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m memtrace", usage="python -m memtrace [-o LOG] [--precision N] script.py|-m MODULE|-c COMMAND [ARG...]",
        description="Run a Python program under memtrace. Functions marked with @profile get their line tables printed at the "
                    "end, as python -m memory_profiler does; `memtrace report LOG` shows all the rest.")
    parser.add_argument("--version", action="version", version="memtrace " + __version__)
    parser.add_argument("-o", "--output", metavar="LOG", help="name of the log; %%p is the process number")
    parser.add_argument("--precision", type=int, default=3, help="decimals of the tables (3)")
    parser.add_argument("--no-rise", action="store_true", help="memory_profiler's columns only")
    parser.add_argument("-m", dest="module", metavar="MODULE", nargs=argparse.REMAINDER, help="run a module")
    parser.add_argument("-c", dest="command", metavar="COMMAND", nargs=argparse.REMAINDER, help="run a command")
    parser.add_argument("script", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    options.program = options.module or options.command or options.script
    if not options.program:
        print("A program to run must be provided. Use -h for help")
        sys.exit(1)
    return options


def start_again(options):
    """This process becomes a traced one."""
    try:
        environment = _native.traced_environment()
    except OSError as problem:
        sys.exit("memtrace: %s" % problem)
    if options.output:
        environment["MEMTRACE_OUTPUT"] = os.path.join(os.getcwd().replace("%", "%%"), options.output)
        if "%" not in options.output:
            _make_way(options.output)
    environment.setdefault("MEMTRACE_SUMMARY", "1")
    environment[_MARK] = "1"
    import subprocess
    flags = subprocess._args_from_interpreter_flags()
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable] + flags + ["-m", "memtrace"] + sys.argv[1:], environment)


def _make_way(name):
    """An old log of that name goes; anything else stays, and the new log gets a number."""
    try:
        with open(name, "rb") as file:
            old = file.read(8) == b"memtrace"
        if old:
            os.unlink(name)
    except OSError:
        pass


def run_as_main(code, **names):
    module = types.ModuleType("__main__")
    module.__dict__.update(names)
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    exec(code, module.__dict__)


def run(options):
    if options.module:
        sys.argv = list(options.program)
        sys.path[0] = os.getcwd()
        runpy.run_module(options.program[0], run_name="__main__", alter_sys=True)
    elif options.command:
        sys.argv = ["-c"] + options.program[1:]
        sys.path[0] = ""
        run_as_main(compile(options.program[0], "<string>", "exec"), __name__="__main__")
    else:
        path = options.program[0]
        try:
            with open(path, "rb") as file:
                text = file.read()
        except OSError:
            print("Could not find script %s" % path, file=sys.stderr)
            sys.exit(1)
        sys.argv = list(options.program)
        sys.path[0] = os.path.dirname(os.path.realpath(path))
        run_as_main(compile(text, path, "exec"), __name__="__main__", __file__=path)


def print_tables(options):
    codes = _period.collecting
    if codes and os.getpid() == process:
        report = _tables.ask("report", _native.log_path())
        for code, profile in codes.items():
            _text.write(sys.stdout, profile.table_of(report, code, options.precision, not options.no_rise))


process = os.getpid()


def main():
    options = parse(sys.argv[1:])
    if not _native.traced():
        if os.environ.pop(_MARK, None):
            sys.exit("memtrace: this program could not be traced")
        start_again(options)
    os.environ.pop(_MARK, None)
    _period.collecting = {}
    builtins.profile = _period.profile
    try:
        run(options)
    finally:
        print_tables(options)


if __name__ == "__main__":
    main()
