# SPDX-License-Identifier: MIT
"""Formats that are lists of stacks: collapsed, as flamegraph.pl folds it, and speedscope."""
import json
import re

from logs import check, line_of, same

METRICS = {'peak': 'peak_bytes', 'live': 'live_bytes', 'leaked': 'leaked_bytes', 'allocated': 'allocated_bytes', 'allocations': 'allocations'}


def fold(path):
    """{stack: value} of a file with collapsed stacks, as its readers take it."""
    folded = {}
    with open(path, encoding='utf-8') as file:
        for line in file:
            found = re.fullmatch(r'(.*) ([1-9][0-9]*)\n', line)
            check(found, 'a stack and a number', line)
            check(';' in found[1] and not line.startswith('#'), 'at least two frames', line)
            check(not re.search(r' [0-9]+$', found[1]), 'a name ends in a number, which is taken for a second figure', line)
            folded[found[1]] = folded.get(found[1], 0) + int(found[2])
    return folded


def through(folded, frame):
    return sum(value for stack, value in folded.items() if frame in stack.split(';'))


def collapsed(logs):
    for name in 'plain', 'inlined', 'threads', 'python', 'small', 'family':
        for metric, figure in METRICS.items():
            folded = fold(logs.export('collapsed', name, '--metric', metric))
            same(sum(folded.values()), logs.figures(name)[figure], '%s of %s' % (metric, name))
    plain = fold(logs.export('collapsed', 'plain'))
    same(through(plain, 'keep (plain.c:%d)' % line_of('plain.c', 'KEEP')), 2000000, 'keep() at the peak')
    same(through(plain, 'give_back (plain.c:%d)' % line_of('plain.c', 'GIVE')), 1000000, 'give_back() at the peak')
    deep = fold(logs.export('collapsed', 'plain', '--metric', 'leaked'))
    stack = next(stack for stack in deep if stack.endswith('recurse (plain.c:%d)' % line_of('plain.c', 'DEEP'))).split(';')
    same(sum(frame.startswith('recurse') for frame in stack), 21, 'frames of the recursion')
    check(stack[0] == 'plain' and any(frame.startswith('main (plain.c:') for frame in stack), 'the program, then main', stack)
    inlined = fold(logs.export('collapsed', 'inlined'))
    for mark, kind, size in ('INT', 'int', 400000), ('DOUBLE', 'double', 800000):
        wanted = 'outer (inlined.cc:%d);take<%s> (inlined.cc:%d)' % (line_of('inlined.cc', mark), kind, line_of('inlined.cc', 'INLINED'))
        same(sum(value for stack, value in inlined.items() if wanted in stack), size, wanted)
    python = fold(logs.export('collapsed', 'python'))
    same(sum(value for stack, value in python.items() if '.take (script.py:' in stack or ';take (script.py:' in stack) // 1000000, 8, 'take() at the peak, MB')
    same(through(python, '<lambda> (script.py:%d)' % line_of('script.py', 'LAMBDA')) // 1000000, 3, 'by the lambda')
    odd = [stack for stack in python if 'odd:name' in stack]
    check(odd and all('odd:name #"12 34 (<a:b"c>:' in stack for stack in odd), 'a name with what is syntax', odd)
    same(sum(value for stack, value in python.items() if stack.split(';')[-2].startswith('_comment_12') or stack.split(';')[-1].startswith('_comment_12')) // 100000, 4,
         'a name that looks like a comment, and ends in a number')
    check(through(fold(logs.export('collapsed', 'small', '--metric', 'allocated')), '(stack not known)'), 'what no stack is known of')
    # Threads and processes have roots of their own.
    threads = fold(logs.export('collapsed', 'threads', '--threads'))
    same((through(threads, 'first'), through(threads, 'second')), (1000000, 2000000), 'by thread')
    roots = {stack.split(';')[0] for stack in fold(logs.export('collapsed', 'family'))}
    check(len(roots) == 3 and all(re.fullmatch(r'threads \(pid \d+\)', root) for root in roots), 'a root for each process', roots)
    same(sum(fold(logs.export('collapsed', 'plain', '--function', 'keep')).values()), 2000000, 'with a filter')
    released = fold(logs.export('collapsed', 'plain', '--metric', 'released'))
    same(sum(released.values()), 3000000, 'what was released, by who did it')


def speedscope(logs):
    names = {'held at the peak': 'peak_bytes', 'allocated': 'allocated_bytes', 'live when the program finished': 'live_bytes',
             'live after all destructors': 'leaked_bytes', 'allocations': 'allocations'}
    for name in 'plain', 'inlined', 'threads', 'python', 'family':
        with open(logs.export('speedscope', name), encoding='utf-8') as file:
            view = json.load(file)
        frames, wanted = view['shared']['frames'], logs.figures(name)
        for profile in view['profiles']:
            same(len(profile['samples']), len(profile['weights']), 'as many weights as samples')
            same(sum(profile['weights']), profile['endValue'], 'the end is the sum')
            check(all(0 <= frame < len(frames) for sample in profile['samples'] for frame in sample), 'frames that are there', name)
            if profile['name'] in names:
                same(profile['endValue'], wanted[names[profile['name']]], '%s of %s' % (profile['name'], name))
        same(set(names) - {profile['name'] for profile in view['profiles']}, set(), 'profiles')
    check({'odd;name #"12 34', '<lambda>'} <= {frame['name'] for frame in json.load(open(logs.export('speedscope', 'python')))['shared']['frames']},
          "Python's names", name)
    with open(logs.export('speedscope', 'plain', '--metric', 'allocated')) as file:
        view = json.load(file)
    same(view['profiles'][view['activeProfileIndex']]['name'], 'allocated', 'the metric that was asked for')
    stack = [view['shared']['frames'][frame] for frame in view['profiles'][0]['samples'][0]]
    same((stack[-1]['name'], stack[-1]['line']), ('keep', line_of('plain.c', 'KEEP')), 'the innermost frame is the last')


def pruned(logs):
    """What is folded keeps the sums, and each folded stack has less than the frame says."""
    whole = fold(logs.export('collapsed', 'python'))
    for options in ['--top', '3'], ['--top', '40'], ['--min-share', '5'], ['--min-share', '0.1'], ['--top', '10', '--min-share', '2']:
        folded = fold(logs.export('collapsed', 'python', *options))
        same(sum(folded.values()), sum(whole.values()), 'the sum with %s' % options)
        below = {stack for stack in folded if '(below ' in stack}
        check(below and len(folded) < len(whole), 'something was folded', options)
        kept = set(folded) - below
        check(all(folded[stack] == whole[stack] for stack in kept), 'what is left is as it was', options)
        limit = {int(re.search(r'\(below (\d+) bytes\)$', stack)[1]) for stack in below}
        check(len(limit) == 1 and all(whole[stack] < min(limit) for stack in set(whole) - kept), 'each is below', options, limit)
        if '--top' in options:
            check(len(kept) <= int(options[1]), 'at most so many', options, len(kept))
        if '--min-share' in options:  # a frame that is left has something of that share below it
            least = float(options[-1]) / 100 * sum(whole.values())
            check(all(sum(value for other, value in whole.items() if other.startswith(stack)) >= least for stack in kept), 'the share', options)
    same(sum(fold(logs.export('collapsed', 'deep', '--top', '50', '--metric', 'allocations')).values()), logs.figures('deep')['allocations'], 'of a deep recursion')
    for form in 'pprof', 'callgrind', 'dhat':  # not less than all that is in them
        check(len(open(logs.export(form, 'python', '--top', '5'), 'rb').read()) < len(open(logs.export(form, 'python'), 'rb').read()) / 2, 'smaller', form)
