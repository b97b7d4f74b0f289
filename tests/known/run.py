#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that know their own figures: memtrace must report the same, to the byte.

    run.py BUILD [PART...]

BUILD is the build directory (libmemtrace.so, memtrace, known/). Parts: native, python, seed, kill, step, early, damaged, sizes, slack; all by default.
Every log is also checked and compared by the second reader.
"""
import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import damaged  # noqa: E402
import killing  # noqa: E402
import native  # noqa: E402
import scripts  # noqa: E402
import sizes  # noqa: E402
import slack  # noqa: E402
from common import Tests  # noqa: E402
from support import pythons  # noqa: E402

PARTS = dict(native=native.native, python=scripts.python, seed=scripts.seed, kill=killing.kill, early=killing.early,
             step=killing.step, damaged=damaged.damaged, sizes=sizes.sizes, slack=slack.slack)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pythons.add_choice(parser)
    parser.add_argument('build')
    parser.add_argument('part', nargs='*', choices=[[]] + sorted(PARTS))
    parser.add_argument('--keep', action='store_true', help='keep the logs')
    options = parser.parse_args()
    tests = Tests(options)
    for part in options.part or PARTS:
        PARTS[part](tests)
    tests.close()
    sys.exit(tests.status())


if __name__ == '__main__':
    main()
