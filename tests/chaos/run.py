#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The chaos test: programs that do to themselves what programs do, in an order made at random, run with and without the library.
Both runs must tell the same: output, status, descriptors, signals, limits, rights; the process may be 64 MiB larger, and every log
can be read.

A program is known by its number, the seed. One that fails is made shorter, as far as it still fails, and shown as a list of steps
(steps.py), which --steps takes."""
import argparse
import concurrent.futures
import multiprocessing
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import steps as programs  # noqa: E402
from running import FORMS, Surroundings, adopt, compare, faces  # noqa: E402
from support.build import Build  # noqa: E402
from support.outcome import Outcome  # noqa: E402

HANG = 300  # seconds: ends what hangs; the longest program takes one or two
BARE = 20  # the same of a run without the library: such a program is left out
DOUBTS = 6  # runs without the library, before a difference is believed


class Unsteady(Exception):
    """The program does not tell the same each time, so nothing can be said of it."""


def symptoms_of(wrong):
    """What a shorter program must have in common: the signal that ends a process, the error, the text without its numbers."""
    found = set()
    for kind, text in wrong:
        died = re.search(r'signal (\d+) with|-(\d+) with|stopped by (\d+) with', text)
        if died:
            found.add('signal %s' % ''.join(filter(None, died.groups())))
        else:
            found.add('hang' if kind == 'hang' else kind + re.sub(r'-?[\d.]+', '', text.partition(' with ')[0]))
    return found


class Subject:
    """A program in its surroundings. `without`: kinds of differences that don't count."""

    def __init__(self, build, hang=HANG, without=()):
        self.at = Surroundings(build)
        self.hang, self.without = hang, without

    def plain(self, words, form):
        return self.at.run(words, form, False, min(self.hang, BARE))

    def unsteady(self, words, form, bare):
        """Where another run without the library differs; None: nowhere."""
        if bare.hang:
            return 'it hangs: ' + bare.hang
        other = self.plain(words, form)
        for _, text in compare(bare, other, form):
            return text
        if faces(bare.told)[1] != faces(other.told)[1]:
            return 'descriptors'
        return None

    def wrong(self, steps, form):
        """What differs: (kind, message) each. Unsteady: the program does not tell the same each time."""
        words = programs.words_of(steps)
        bare = self.plain(words, form)
        traced = self.at.run(words, form, True, self.hang)
        wrong = compare(bare, traced, form)
        if not traced.hang:
            wrong += [('log', text) for text in self.at.refused()]
        for path in self.at.logs():
            os.remove(path)
        wrong = [item for item in wrong if item[0] not in self.without]
        for _ in range(DOUBTS if wrong else 1):
            text = self.unsteady(words, form, bare)
            if text:
                raise Unsteady(text)
        return wrong

    def shortest(self, steps, form, symptoms):
        """The shortest list that still fails in one of these ways; it is tried twice, as some fail seldom."""
        def fails(candidate):
            for _ in range(2):
                try:
                    if symptoms & symptoms_of(self.wrong(candidate, form)):
                        return True
                except Unsteady:
                    break
            return False
        self.hang = min(self.hang, 30)
        return programs.shrink(steps, fails)


def try_one(build, options, seed):
    """(name, the steps, what is wrong, the shortest steps, its form, why it can't be judged)"""
    adopt()
    steps, form = programs.made(seed, options.leave_out)
    subject = Subject(Build(build), options.hang, options.without)
    words = programs.words_of(steps)
    try:
        wrong = subject.wrong(steps, form)
        symptoms = symptoms_of(wrong)
        if wrong and options.again and not any(symptoms & symptoms_of(subject.wrong(steps, form)) for _ in range(options.again)):
            raise Unsteady('once of %d: %s' % (1 + options.again, '; '.join(text for _, text in wrong)))
        if wrong and not options.whole:
            steps = subject.shortest(steps, form, {s for s in symptoms if s[:4] != 'size'} or symptoms)
        return 'seed %s' % seed, words, wrong, programs.words_of(steps), form, None
    except Unsteady as why:
        return 'seed %s' % seed, words, [], words, form, str(why)
    finally:
        subject.at.end()


def tell(outcome, done):
    name, words, wrong, short, form, unsteady = done
    if unsteady:
        outcome.skip(name, 'it does not tell the same each time (%s): %s' % (unsteady, ' '.join(words)))
        return
    text = [message for _, message in wrong]
    if wrong:
        text.append('the shortest that fails: --form %s --steps %s' % (form, ' '.join(short)))
        text.append('made from: ' + ' '.join(words))
        outcome.result(name, text)
        sys.stdout.flush()
    else:
        outcome.passed.append(name)


def seeds(options):
    """The numbers of the programs, as long as there is time."""
    end = time.monotonic() + options.minutes * 60 if options.minutes else None
    seed = options.seed
    while time.monotonic() < end if end else seed < options.seed + options.count:
        yield seed
        seed += 1


def run_all(options, outcome):
    context = multiprocessing.get_context('fork')
    with concurrent.futures.ProcessPoolExecutor(options.jobs, context) as pool:
        waiting = set()
        for seed in seeds(options):
            waiting.add(pool.submit(try_one, options.build, options, seed))
            if len(waiting) >= 2 * options.jobs:
                done, waiting = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
                for future in done:
                    tell(outcome, future.result())
        for future in concurrent.futures.as_completed(waiting):
            tell(outcome, future.result())


def run_steps(options, outcome):
    adopt()
    subject = Subject(Build(options.build), options.hang, options.without)
    try:
        steps = programs.parse(options.steps)
        wrong = subject.wrong(steps, options.form)
        if wrong and not options.whole:
            steps = subject.shortest(steps, options.form, symptoms_of(wrong))
        tell(outcome, ('these steps', options.steps, wrong, programs.words_of(steps), options.form, None))
    except Unsteady as why:
        outcome.skip('these steps', 'they do not tell the same each time (%s)' % why)
    finally:
        subject.at.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build')
    parser.add_argument('--seed', type=int, default=1, help='the first program')
    parser.add_argument('--count', type=int, default=1, help='how many')
    parser.add_argument('--minutes', type=float, help='for so long, instead of a count')
    parser.add_argument('--jobs', type=int, default=1, help='so many at a time')
    parser.add_argument('--hang', type=float, default=HANG, help='seconds after which a program hangs')
    parser.add_argument('--without', action='append', default=[], metavar='KIND',
                        help='leave out: hang status out err told key descriptors size log')
    parser.add_argument('--again', type=int, default=0, metavar='N', help='what differs once, and in none of N further runs, is left out: threads'
                        ' that race tell now this, now that')
    parser.add_argument('--whole', action='store_true', help='do not make the failing ones shorter')
    parser.add_argument('--leave-out', action='append', default=[], metavar='STEP', help='programs without this step')
    parser.add_argument('--form', choices=FORMS, default='arena', help='with --steps: how the program is run')
    parser.add_argument('--steps', nargs=argparse.REMAINDER, help='this program; to be the last option')
    options = parser.parse_args()
    outcome = Outcome()
    if options.steps:
        run_steps(options, outcome)
    else:
        run_all(options, outcome)
    return outcome.status()


if __name__ == '__main__':
    sys.exit(main())
