# SPDX-License-Identifier: MIT
"""The formats of valgrind's tools and of heaptrack, by their own readers."""
import json
import os
import re
import shutil

from logs import HERE, FIGURES, Skip, check, line_of, run, same


def needs(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip('%s is not here' % program)


def read_by(*command, **more):
    done = run(list(command), **more)
    check(not done.status, 'the reader', command, done.out[-500:], done.err[-500:])
    return done.out


def numbers(line):
    """The figures of a line of callgrind_annotate, whose shares are in brackets."""
    return [int(text.replace(',', '')) for text in re.sub(r'\([^)]*\)', '', line).split() if re.fullmatch('[0-9,]+', text)]


def callgrind(logs):
    needs('callgrind_annotate')
    for name in 'plain', 'inlined', 'threads', 'python', 'small', 'family':
        wanted = [logs.figures(name)[figure] for figure in FIGURES]
        path = logs.export('callgrind', name)
        out = read_by('callgrind_annotate', '--inclusive=yes', '--tree=both', '--threshold=100', path)
        total = next(line for line in out.splitlines() if 'PROGRAM TOTALS' in line)
        same(numbers(total.replace('PROGRAM TOTALS', ''))[:5], wanted, 'totals of %s' % name)
        for line in out.splitlines():  # recursion must not count twice
            shares = [float(share) for share in re.findall(r'\( *([0-9.]+)%\)', line)]
            inner = re.search(r"'2( \(|$| \[)", line)  # another occurrence of a function that is on the stack already
            check(inner or all(share <= 100 for share in shares), 'no share over 100 %', name, line)
        own = read_by('callgrind_annotate', '--threshold=100', '--auto=no', path)
        rows = [line for line in own.split('file:function\n')[1].splitlines() if re.match(r' *[0-9]', line)]
        same(sum(int(line.split()[0].replace(',', '')) for line in rows), wanted[0], 'own figures add up')
    out = read_by('callgrind_annotate', '--inclusive=yes', '--tree=both', '--threshold=100', logs.export('callgrind', 'plain'))
    calls = {re.search(r"plain.c:([\w']+) \((\d[\d,]*)x\)", line)[1]: int(re.search(r'\((\d[\d,]*)x\)', line)[1].replace(',', ''))
             for line in out.splitlines() if ')  >  ' in line and 'plain.c:' in line}
    same((calls['keep'], calls['give_back'], calls['temporaries']), (2, 1, 10000), 'calls')
    lines = read_by('callgrind_annotate', '--threshold=100', logs.export('callgrind', 'plain'))
    check(re.search(r'^2,000,000 .*kept\[i\] = malloc\(1000000\); /\* KEEP \*/$', lines, re.M), 'the source, annotated', lines[-2000:])


def massif(logs):
    needs('ms_print')
    for name in 'plain', 'inlined', 'threads', 'python', 'small', 'deep':
        wanted = logs.figures(name)
        path = logs.export('massif', name)
        with open(path, encoding='utf-8') as file:
            text = file.read()
        check('#' not in re.sub(r'^#-----------$', '', text, flags=re.M), 'no character that ms_print cuts lines at', name)
        snapshots = re.findall(r'^time=(\d+)\nmem_heap_B=(\d+)\nmem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=(\w+)(?:\nn(\d+): (\d+) )?', text, re.M)
        same(len(snapshots), text.count('snapshot='), 'snapshots')
        times = [int(one[0]) for one in snapshots]
        check(times == sorted(times), 'times never fall', times)
        peak = [one for one in snapshots if one[2] == 'peak']
        same([(int(one[1]), int(one[4])) for one in peak], [(wanted['peak_bytes'],) * 2], 'the one peak of %s' % name)
        same((snapshots[-1][2], int(snapshots[-1][1])), ('detailed', wanted['leaked_bytes']), 'the end of %s' % name)
        out = read_by('ms_print', '--threshold=0', path)
        check('Deep recursion' not in run(['ms_print', path]).err, 'no deeper than ms_print likes it', name)
        check('100.00%% (%sB) (heap allocation' % format(wanted['peak_bytes'], ',') in out, 'ms_print has the peak', name, out[-1500:])
        tree(text)
    out = read_by('ms_print', logs.export('massif', 'plain'))
    check(re.search(r'->66.67%% \(2,000,000B\) 0x[0-9A-F]+: keep \(\S+plain.c:%d\)' % line_of('plain.c', 'KEEP'), out), 'keep() in the tree', out)
    check(re.search(r'->33.33% \(1,000,000B\) 0x[0-9A-F]+: give_back', out), 'give_back() in the tree', out)
    for mark in 'ONE', 'TWO', 'BACK':  # its callers, out to the first one
        check(re.search(r'->33.33%% .*: main \(\S+plain.c:%d\)(\n.*){1,3}: __libc_start_main' % line_of('plain.c', mark), out), 'callers', mark, out)
    check('places, all below' in open(logs.export('massif', 'python', '--min-share', '3'), encoding='utf-8').read(), 'small ones are one line')
    some = open(logs.export('massif', 'plain', '--function', 'keep')).read()
    same((some.count('snapshot='), re.findall(r'heap_tree=peak\nn1: (\d+)', some)), (2, ['2000000']), 'with a filter')


def tree(text):
    """Of each line of the trees: it has as many below it as it says, and they come to what it has, or less where a stack ends in it."""
    for part in re.split(r'^heap_tree=\w+\n', text, flags=re.M)[1:]:
        open_lines = []
        for line in part.splitlines():
            found = re.match(r'( *)n(\d+): (\d+) ', line)
            if not found:
                break
            depth, count, size = len(found[1]), int(found[2]), int(found[3])
            del open_lines[depth:]
            if depth:
                open_lines[-1][0] -= 1
                open_lines[-1][1] -= size
                check(open_lines[-1][0] >= 0 and open_lines[-1][1] >= 0, 'lines below a line', line)
            open_lines.append([count, size])


def heaptrack(logs):
    needs('heaptrack_print')
    kinds = {'allocations': 'allocations', 'peak': 'peak_bytes', 'leaked': 'leaked_bytes'}
    for name in 'plain', 'inlined', 'threads', 'python', 'small':
        wanted, path = logs.figures(name), logs.export('heaptrack', name)
        out = read_by('heaptrack_print', '--disable-builtin-suppressions', path)
        same(int(re.search(r'^calls to allocation functions: (\d+)', out, re.M)[1]), wanted['allocations'], 'calls of %s' % name)
        same(int(re.search(r'^temporary memory allocations: (\d+)', out, re.M)[1]), 0, 'temporary ones, which the log does not know, of %s' % name)
        for kind, figure in kinds.items():
            folded = os.path.join(logs.folder, 'folded')
            read_by('heaptrack_print', '--disable-builtin-suppressions', '-F', folded, '--flamegraph-cost-type', kind, path)
            with open(folded, encoding='utf-8') as file:
                stacks = [line.rstrip('\n').rsplit(' ', 1) for line in file if line.strip()]
            same(sum(int(value) for _, value in stacks), wanted[figure], '%s of %s' % (kind, name))
            if name == 'plain' and kind == 'peak':
                same(sum(int(value) for stack, value in stacks if ';keep' in stack), 2000000, 'keep() at the peak')
            if name == 'plain' and kind == 'leaked':
                same(sum(int(value) for stack, value in stacks if ';recurse' in stack), 5000, 'what is left by recurse()')
    packed = os.path.join(logs.folder, 'plain.gz')  # the reader goes by the name
    check(not run([logs.build.memtrace, 'export', '--format', 'heaptrack', '-o', packed, logs.log('plain')]).status, 'packed')
    check('calls to allocation functions: 10004 ' in read_by('heaptrack_print', packed), 'a packed file')
    out = read_by('heaptrack_print', logs.export('heaptrack', 'inlined'))
    check(re.search(r'^ *take<.*>\n +at \S+inlined.cc:%d\n' % line_of('inlined.cc', 'INLINED'), out, re.M), 'an inlined frame with its line', out[:3000])


def dhat(logs):
    viewer = next((path for path in ('/usr/libexec/valgrind/dh_view.js', '/usr/lib/valgrind/dh_view.js') if os.path.exists(path)), None)
    if not viewer or not shutil.which('node'):
        raise Skip("valgrind's dh_view.js or node is not here")
    for name in 'plain', 'inlined', 'threads', 'python', 'small', 'family':
        wanted = logs.figures(name)
        seen = json.loads(read_by('node', os.path.join(HERE, 'dhat.mjs'), viewer, logs.export('dhat', name)))
        same({key: seen[key] for key in ('totalBytes', 'totalBlocks', 'peakBytes', 'endBytes')},
             {'totalBytes': wanted['allocated_bytes'], 'totalBlocks': wanted['allocations'], 'peakBytes': wanted['peak_bytes'], 'endBytes': wanted['leaked_bytes']},
             'what dh_view makes of %s' % name)
        check(seen['shown'] > 3 and not seen['bad'], 'it is shown, without NaN', name, seen)
    plain = json.load(open(logs.export('dhat', 'plain')))
    same(sum(point['gbk'] for point in plain['pps']), 3, 'blocks at the peak')
    same(sorted((point['mb'], point['mbk']) for point in plain['pps']), [(100, 1), (5000, 1), (1000000, 1), (1000000, 1), (1000000, 1)], "blocks at each stack's top")
    keep = [frame for frame in plain['ftbl'] if ': keep (' in frame]
    check(len(keep) == 1 and keep[0].endswith('plain.c:%d)' % line_of('plain.c', 'KEEP')), 'a frame', keep)
