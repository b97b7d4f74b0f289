#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py BUILD SUBJECT [--programs N] [--seed N]: functions that a tail call took off the stack are named again, and none wrongly.

Exit status 77: what the test needs is not here."""
import argparse
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)
import cases  # noqa: E402
from generate import Program  # noqa: E402
from support.build import Build  # noqa: E402
from support.running import Failed, Skip  # noqa: E402
from support.subjects import run_subject  # noqa: E402
from truth import judge  # noqa: E402


def random_programs(build, folder, asked):
    """`asked.programs` of them, the first made from `asked.seed`."""
    total = dict(programs=0, lost=0, named=0, exact=0, merged=0)
    bad = 0
    for seed in range(asked.seed, asked.seed + asked.programs):
        program = Program(seed)
        if not shutil.which(program.compiler):
            continue
        here = os.path.join(folder, str(seed))
        verdict = judge(build, program, here)
        shutil.rmtree(here)
        total['programs'] += 1
        total['lost'] += verdict.lost
        total['named'] += verdict.named
        total['exact'] += verdict.exact
        total['merged'] += verdict.merged
        for shown, true in verdict.wrong:
            bad += 1
            print('seed %d (%s %s): shown %s, true %s' % (seed, program.compiler, ' '.join(program.options), shown, true))
    print('%(programs)d programs: of %(lost)d frames that tail calls took away %(named)d are named; %(exact)d stacks whole again; '
          'in %(merged)d a line is that of another call which GCC made one with it' % total)
    if not total['programs']:
        raise Skip('there is no compiler here')
    if bad or not total['named']:
        raise Failed('%d stacks are wrong, %d frames named' % (bad, total['named']))


SUBJECTS = {'wrappers': cases.wrappers, 'views': cases.views, 'sizes': cases.sizes, 'random': random_programs}


def main():
    if sys.argv[1] == '--list':
        print('\n'.join(SUBJECTS))
        return 0
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('subject', choices=SUBJECTS)
    parser.add_argument('--programs', type=int, default=20)
    parser.add_argument('--seed', type=int, default=1)
    asked = parser.parse_args()

    def test(folder):
        os.environ['XDG_CACHE_HOME'] = folder
        SUBJECTS[asked.subject](Build(asked.build), folder, asked)

    return run_subject('tails', test)


if __name__ == '__main__':
    sys.exit(main())
