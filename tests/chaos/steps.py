# SPDX-License-Identifier: MIT
"""Lists of steps for the program of the chaos test: made at random from a seed, written as words, read from words, made shorter."""
import random

LEAVES = {  # name: (how often, the largest number)
    'work': (10, 40), 'grow': (3, 8), 'shrink': (2, 8), 'exhaust': (1, 0), 'trim': (1, 0), 'move': (2, 20), 'brk': (1, 4),
    'plugin': (3, 4), 'stdio': (2, 3),
    'rawfork': (2, 6), 'clonevm': (2, 6), 'noexec': (2, 1), 'system': (2, 3), 'popen': (2, 1), 'unshare': (3, 7), 'session': (1, 0),
    'bg': (5, 6), 'join': (3, 0), 'cancel': (3, 6), 'pool': (2, 6), 'lockfork': (3, 9), 'atfork': (1, 0),
    'timer': (6, 11), 'spin': (5, 60), 'timeroff': (1, 0), 'altstack': (3, 16), 'raise': (2, 1), 'jump': (3, 10), 'mask': (2, 127),
    'ignore': (2, 5), 'fault': (2, 6),
    'limit': (8, 19), 'chroot': (2, 1), 'dumpable': (2, 1), 'lockall': (2, 2), 'umask': (2, 511), 'gone': (2, 0), 'environ': (3, 3),
    'prctl': (2, 4), 'pin': (2, 1),
    'closeall': (4, 15), 'dupover': (3, 1), 'pipes': (3, 6), 'opens': (2, 40), 'closefd': (3, 2), 'broken': (2, 1), 'say': (4, 5),
    'complain': (2, 9), 'atexit': (3, 2), 'face': (2, 0),
}
NESTS = {  # those with steps of their own
    'fork': (9, 3), 'forks': (4, 6), 'vfork': (3, 2), 'spawn': (4, 7), 'daemon': (2, 3), 'ptrace': (2, 7), 'thread': (6, 1),
    'small': (5, 1), 'coroutine': (3, 4), 'user': (4, 4), 'realtime': (3, 14),
}
LAST = {'exec': (6, 3), 'leave': (3, 0), 'seccomp': (5, 15), 'strict': (2, 9), 'end': (10, 14)}  # nothing comes after them
APART = ('fork', 'forks', 'vfork', 'spawn', 'daemon', 'ptrace')  # what is inside is done by another process


class Step:
    def __init__(self, name, number=0, inner=None):
        self.name, self.number, self.inner = name, number, inner

    def words(self):
        word = self.name + ('=%d' % self.number if self.number else '')
        return [word] if self.inner is None else [word + '[', *words_of(self.inner), ']']


def words_of(steps):
    return [word for step in steps for word in step.words()]


def parse(words):
    """The steps that words stand for."""
    return parse_from(list(words))


def parse_from(words):
    steps = []
    while words:
        word = words.pop(0)
        if word == ']':
            break
        name, _, number = word.rstrip('[').partition('=')
        steps.append(Step(name, int(number or 0), parse_from(words) if word.endswith('[') else None))
    return steps


class Maker:
    """One program from one seed."""

    def __init__(self, seed, leave_out):
        self.leave_out = leave_out
        self.random = random.Random(seed)
        self.left = self.random.choice((3, 5, 8, 12, 16))
        self.form = self.random.choice(('arena', 'arena', 'arena', 'arenas', 'reentrant'))
        self.steps = self.list_of(0, True)

    def pick(self, table):
        names = sorted(name for name in table if name not in self.leave_out)
        name = self.random.choices(names, [table[n][0] for n in names])[0]
        return name, self.random.randint(0, table[name][1])

    def list_of(self, depth, process):
        """Steps, for a process's whole life or for a part of it: only a process may end."""
        steps = []
        length = self.random.randint(1, 3) if depth else self.left
        while length > 0 and self.left > 0:
            length -= 1
            self.left -= 1
            if depth < 3 and self.random.random() < 0.35:
                name, number = self.pick(NESTS)
                steps.append(Step(name, number, self.list_of(depth + 1, name in APART)))
            else:
                steps.append(Step(*self.pick(LEAVES)))
        if process and self.random.random() < 0.4:
            name, number = self.pick(LAST)
            if name in ('exec', 'leave'):
                self.left += 2
                steps.append(Step(name, number, self.list_of(depth + 1, name == 'exec')))
            else:
                steps.append(Step(name, number))
        return steps


def sensible(steps, hidden=False):
    """Whether what is told can't hang on chance: a process number space ends with its first process, whoever else is in it."""
    for step in steps:
        if step.name == 'daemon' and hidden:
            return False
        hidden = hidden or step.name == 'unshare' and step.number % 8 == 6
        if step.inner and not sensible(step.inner, hidden):
            return False
    return True


def made(seed, leave_out=()):
    """(steps, how it is run)"""
    maker = Maker(seed, leave_out)
    while not sensible(maker.steps):
        seed = '%s+' % seed
        maker = Maker(seed, leave_out)
    if maker.form == 'reentrant' and any(word.startswith(('limit', 'lockall')) for word in words_of(maker.steps)):
        maker.form = 'arenas'  # that allocator needs a lot of address space
    return maker.steps, maker.form


def shorter(steps):
    """Each list that has one step less, or one step replaced by its inner ones. The boldest first."""
    for i, step in enumerate(steps):
        yield steps[:i] + steps[i + 1:]
    for i, step in enumerate(steps):
        if step.inner:
            yield steps[:i] + step.inner + steps[i + 1:]
    for i, step in enumerate(steps):
        if step.inner:
            for inner in shorter(step.inner):
                yield steps[:i] + [Step(step.name, step.number, inner)] + steps[i + 1:]


def shrink(steps, fails, tries=200):
    """A shortest list that still fails, found by leaving out one step after another."""
    again = True
    while again and tries > 0:
        again = False
        for candidate in shorter(steps):
            tries -= 1
            if tries <= 0:
                break
            if fails(candidate):
                steps, again = candidate, True
                break
    return steps
