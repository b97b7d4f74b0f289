# SPDX-License-Identifier: MIT
"""A test of the Python module. Exit status: 0 good, 1 not, 77 what it needs is not here."""

import argparse
import importlib
import sys

from common import Build
from support import pythons
from support.outcome import SKIPPED
from support.running import Skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    pythons.add_choice(parser)
    parser.add_argument("build")
    parser.add_argument("case")
    options = parser.parse_args()
    chosen = [it.path for it in pythons.chosen(options) if not it.free]
    if not chosen:
        sys.exit(SKIPPED)
    try:
        print("%s: %s" % (options.case, importlib.import_module("case_" + options.case).check(Build(options.build, chosen))))
    except Skip as reason:
        print("skipped: %s" % reason)
        sys.exit(SKIPPED)
    except AssertionError as problem:
        print("%s: %s" % (options.case, problem))
        sys.exit(1)


main()
