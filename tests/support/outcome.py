# SPDX-License-Identifier: MIT
"""What a driver prints: a line for each case, below it what was wrong, and at the end how many; and its exit status."""

SKIPPED = 77  # exit status: nothing of what was asked for can be tried here
LINES = 25


class Outcome:
    def __init__(self):
        self.passed, self.skipped, self.failed = [], [], []

    def result(self, what, wrong=(), name=None):
        """Prints a case. `wrong`: a message for each thing that is wrong. Returns whether there is none."""
        wrong = list(wrong)
        (self.failed if wrong else self.passed).append(name or what)
        print('%-5s %s' % ('FAIL' if wrong else 'ok', what))
        for text in wrong[:LINES]:
            print('      ' + str(text)[:3000])
        if len(wrong) > LINES:
            print('      ... and %d more' % (len(wrong) - LINES), flush=True)
        return not wrong

    def skip(self, what, why):
        self.skipped.append(what)
        print('skip  %s: %s' % (what, why), flush=True)

    def status(self):
        print('%d passed, %d failed, %d skipped' % (len(self.passed), len(self.failed), len(self.skipped)), flush=True)
        return 1 if self.failed else 0 if self.passed else SKIPPED
