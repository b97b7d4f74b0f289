#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of Python stacks with every CPython that this machine has.

Usage: run.py BUILD TEST
  lines    the line-table decoder against the interpreter's own view of its standard library
  stacks   the log's stacks against sys._getframe in 170 situations
  reuse    code objects at addresses of dead ones
  daemon   daemon threads that allocate while the interpreter ends
  deep     recursion deeper than a stack in the log can be
  fork     the logs of fork children, which have code ids of their own
  embed    an interpreter loaded late, for one caller alone, and started three times
  exact    executions of the lines of named functions
  sources  source that is in no file
  traced   the same in a program that has a trace function of its own
  threads  every object of threads that make and drop them at the same time
  objects  every object of known kinds, sizes as sys.getsizeof has them, whatever the interpreter's allocator is
  refused  interpreters that are not supported: native stacks and one note
Exit status: 0 good, 1 not, 77 no interpreter to test with.
"""
import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from check_lines import check_exact, check_lines, check_sources, check_traced  # noqa: E402
from check_objects import check_objects, check_threads  # noqa: E402
from check_processes import check_daemon, check_embed, check_fork  # noqa: E402
from check_stacks import check_deep, check_natives, check_refused, check_reuse, check_stacks  # noqa: E402
from support import pythons  # noqa: E402
from support.build import Build  # noqa: E402
from support.outcome import Outcome  # noqa: E402

CHECKS = {"sources": check_sources, "exact": check_exact, "traced": check_traced, "lines": check_lines, "stacks": check_stacks,
          "reuse": check_reuse, "daemon": check_daemon, "deep": check_deep, "fork": check_fork, "embed": check_embed,
          "refused": check_refused, "natives": check_natives, "objects": check_objects, "threads": check_threads}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pythons.add_choice(parser)
    parser.add_argument("build")
    parser.add_argument("test", choices=sorted(CHECKS))
    options = parser.parse_args()
    build, outcome = Build(options.build), Outcome()
    if options.test == "refused" and not options.python:
        chosen = [it for it in pythons.interpreters() if not it.known]
    else:
        chosen = pythons.chosen(options)
    for it in chosen:
        summary, wrong = CHECKS[options.test](it, build)
        outcome.result("%-16s %s: %s" % (it.name, it.path, summary), wrong, it.name)
    return outcome.status()


if __name__ == "__main__":
    sys.exit(main())
