# SPDX-License-Identifier: MIT
"""run.py BUILD CASE: a test of the Python module. Exit status: 0 good, 1 not, 77 what it needs is not here."""

import importlib
import sys

from common import SKIPPED, Build, Skip


def main():
    build, case = sys.argv[1:]
    try:
        print("%s: %s" % (case, importlib.import_module("case_" + case).check(Build(build))))
    except Skip as reason:
        print("skipped: %s" % reason)
        sys.exit(SKIPPED)
    except AssertionError as problem:
        print("%s: %s" % (case, problem))
        sys.exit(1)


main()
