# SPDX-License-Identifier: MIT
"""Python: the seed example, and variants of it that say what their lines should show."""
import json
import os
import re

from common import PROGRAMS, WRONG, problem
from figures import sums_of_functions
from support import pythons
from support.running import Skip


def with_gil(tests):
    """A Python without the GIL allocates all as objects, which are not traced here."""
    return [it for it in pythons.chosen(tests.options) if not it.free]


def python_of_numpy(tests):
    """An interpreter that has numpy. Asked for once, not for the other Pythons again."""
    if tests.options.pythons == 'others':
        return None
    try:
        return pythons.with_modules('numpy')
    except Skip as why:
        tests.skip('numpy', why)
        return None


def lines_of(report, file):
    return {(l['line'], l['function'].split('.')[-1]): l for l in report['lines']
            if l['language'] == 'Python' and os.path.basename(l['file']) == file}


def python(tests):
    """Variants of the seed example, each of which says what its lines should show."""
    runs = [(it.name, it.path, 'bytearray') for it in with_gil(tests)]
    numpy = python_of_numpy(tests)
    if numpy:
        runs.append((numpy, numpy, 'numpy'))
    for name, path, kind in runs:
        what = 'known_python.py, %s, %s' % (kind, name)
        try:
            output, logs = tests.traced([path, os.path.join(PROGRAMS, 'known_python.py'), kind])
            account = json.loads(output)
            (_, log), = logs
            bad = compare_python(tests, account, tests.build.report(log)) + tests.build.unsound(log)
            tests.result('%s: %d lines' % (what, len(account['lines'])), bad)
        except WRONG as e:
            tests.result(what, problem(e))


def compare_python(tests, account, report):
    """Each line has the figures that the program prints. The interpreter allocates objects beside the arrays: `slack` bytes more or
    less are right."""
    bad = []
    lines = lines_of(report, 'known_python.py')
    slack = account['slack']
    bad += sums_of_functions(report, set(l['file'] for l in report['lines'] if l['user']))
    for truth in account['lines']:
        line = lines.get((truth['line'], truth['function']))
        what = '%s:%d' % (truth['function'], truth['line'])
        if not line:
            bad.append('%s: not there' % what)
            continue
        for key, value in truth.items():
            if key in ('line', 'function'):
                continue
            if not -slack <= line[key] - value <= slack:
                bad.append('%s: %s is %d, should be %d' % (what, key, line[key], value))
    return bad


def seed(tests):
    numpy = python_of_numpy(tests)
    example = os.path.join(PROGRAMS, 'mem_test.py')
    source = open(example).read()
    make = number_of(source, 'return np.ones')
    calls = [i for i, line in enumerate(source.splitlines(), 1) if line == '    make_a_large_array()']
    if len(calls) != 3:
        tests.result('mem_test.py', ['its main has %d calls, not 3' % len(calls)])
        return
    twice = source.rstrip('\n') + '\n    main()\n'
    by_bytes = source.replace('import numpy as np', '').replace('np.ones((1000, 1000))', 'bytearray(8000000 - 1)')
    if numpy:
        seed_run(tests, numpy, 'numpy', source, make, calls, 1)
        seed_run(tests, numpy, 'numpy, main() twice', twice, make, calls, 2)
    for it in with_gil(tests):
        seed_run(tests, it.path, '%s, bytearray' % it.name, by_bytes, make, calls, 1)
        seed_run(tests, it.path, '%s, bytearray, main() twice' % it.name,
                 by_bytes.rstrip('\n') + '\n    main()\n', make, calls, 2)


def number_of(source, text):
    return next(i for i, line in enumerate(source.splitlines(), 1) if text in line)


def seed_run(tests, path, what, source, make, calls, times):
    what = 'seed example, %s' % what
    try:
        script = os.path.join(tests.fresh(), 'mem_test.py')
        with open(script, 'w') as f:
            f.write(source)
        _, logs = tests.traced([path, script])
        (_, log), = logs
        report = tests.build.report(log)
        lines = lines_of(report, 'mem_test.py')
        bad = tests.build.unsound(log)
        for number in calls:
            line = lines[number, 'main']
            bad += expect('main:%d' % number, line, rise_bytes=8000000, increment_bytes=0, allocations=times,
                          allocated_bytes=8000000 * times, released_bytes=8000000 * times)
        bad += expect('make_a_large_array:%d' % make, lines[make, 'make_a_large_array'], rise_bytes=8000000,
                      allocations=3 * times, allocated_bytes=24000000 * times, released_bytes=0)
        bad += mprun(tests, log, make, calls, times)
        tests.result(what, bad)
    except WRONG as e:
        tests.result(what, problem(e))


def expect(what, line, **figures):
    return ['%s: %s is %s, should be %s' % (what, key, line[key], value)
            for key, value in figures.items() if line[key] != value]


def mprun(tests, log, make, calls, times):
    """%mprun's table: Line #, Mem usage, Increment, Occurrences, Line Contents."""
    bad = []
    for function, numbers in (('main', calls), ('make_a_large_array', [make])):
        text = tests.build.view('lines', '--mprun', '-f', function, log)
        if not re.search(r'^Filename: .*mem_test\.py\n\nLine #    Mem usage    Increment  Occurrences   Line Contents\n={61}$',
                         text, re.M):
            bad.append('--mprun -f %s: not the template: %r' % (function, text[:200]))
        rows = {}
        for line in text.splitlines():
            row = re.match(r' *(\d+) +(-?[\d.]+) MiB +(-?[\d.]+) MiB +(\d+)   ', line)
            if row:
                rows[int(row.group(1))] = (float(row.group(3)), int(row.group(4)))
        for number in numbers:
            increment = 0.0 if function == 'main' else 22.9 * times
            expected = (increment, times if function == 'main' else 3 * times)
            if number not in rows or abs(rows[number][0] - expected[0]) > 0.051 or rows[number][1] != expected[1]:
                bad.append('--mprun: line %d shows %s, should be %s' % (number, rows.get(number), expected))
    return bad
